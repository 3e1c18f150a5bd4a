"""Bodies: what is refused, that every fault is told, and that both readers agree."""

import json
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import BanyanError
from banyan.runtime.http.errors import MalformedJson
from banyan.runtime.http.validation import DEPTH_MAX, BodyReader
from tests.runtime.http import shop

JSON = {"Content-Type": "application/json"}
READER = BodyReader(shop.CreateItem)


def faults_of(body: object) -> list[tuple[str | None, str]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(BanyanError) as refused:
        READER.read(raw)
    return sorted((fault.pointer, fault.code) for fault in refused.value.faults)


def test_every_fault_has_its_pointer() -> None:
    body = {
        "price": {"amount": -5, "currency": "ABC", "a/b~c": 1},
        "kind": "stolen",
        "parts": [{"name": ""}, {"count": 0}, {"name": "x", "count": 1001}],
        "weight_kg": "heavy",
        "available_at": "tomorrow",
        "metadata": {"a": 1},
        "seller": "buy_1",
        "extra": 1,
        "other": 2,
    }
    assert sorted(faults_of(body)) == sorted(
        [
            ("/available_at", "wrong_format"),
            ("/extra", "unknown_field"),
            ("/kind", "not_allowed"),
            ("/metadata/a", "wrong_type"),
            ("/name", "missing"),
            ("/other", "unknown_field"),
            ("/parts/0/name", "too_short"),
            ("/parts/1/count", "too_small"),
            ("/parts/1/name", "missing"),
            ("/parts/2/count", "too_large"),
            ("/price/amount", "too_small"),
            ("/price/a~1b~0c", "unknown_field"),
            ("/price/currency", "not_allowed"),
            ("/seller", "wrong_format"),
            ("/weight_kg", "wrong_type"),
        ]
    )


def test_sentences_are_for_people() -> None:
    body = {"name": 1, "price": {"amount": 19.99, "currency": "euro"}, "kind": "x", "parts": {}}
    with pytest.raises(BanyanError) as refused:
        READER.read(json.dumps(body).encode())
    assert {fault.pointer: fault.detail for fault in refused.value.faults} == {
        "/name": "Must be a string.",
        "/price/amount": "Must be a whole number.",
        "/price/currency": "A currency code of ISO 4217, in capitals.",
        "/kind": "Must be one of new, used.",
        "/parts": "Must be a list.",
    }
    assert refused.value.detail == "5 things are wrong with the request."


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b'{"name": "a",}', "line 1, column 14"),
        (b'{\n  "name": NaN\n}', "line 2, column 11"),
        (b'{"name": -Infinity}', "line 1, column 11"),
        (b"", "line 1, column 1"),
        (b'{"name": "a"', "line 1, column 13"),
        (b'{"name": "\xff"}', "not utf-8 at line 1, column 11"),
        (b"\xef\xbb\xbf{}", "line 1, column 1"),
        (b"[" * 20 + b"1", "line 1"),
        (b'{"name": "\\ud800"}', "line 1"),
        (b"name=a", "line 1"),
    ],
)
def test_malformed_json_names_the_place(raw: bytes, place: str) -> None:
    with pytest.raises(MalformedJson, match=place):
        READER.read(raw)


def test_duplicate_names_are_refused_wherever_they_are() -> None:
    price = b'"price": {"amount": 1, "currency": "EUR", "amount": 2}'
    assert faults_of(b'{"name": "a", ' + price + b"}") == [("/price/amount", "duplicate_field")]
    assert faults_of(b'{"name": "a", "name": "a", ' + price + b"}") == [
        ("/name", "duplicate_field"),
        ("/price/amount", "duplicate_field"),
    ]
    escaped = b'{"name": "a\\u0022\\u0022", "\\u006eame": "a", "price": {}}'
    assert faults_of(escaped) == [("/name", "duplicate_field")]


def test_quotes_in_texts_are_no_duplicates() -> None:
    for name in ('say "hi"', "back\\slash", '\\"', "tab\t", "é", "😀", "\\u0022", "\x7f"):
        body = json.dumps({"name": name, "price": {"amount": 1, "currency": "EUR"}}).encode()
        read = READER.read(body)
        assert isinstance(read, shop.CreateItem)
        assert read.name == name


def test_nul_is_refused_with_its_place() -> None:
    price = {"amount": 1, "currency": "EUR"}
    assert faults_of({"name": "a\0", "price": price}) == [("/name", "nul_character")]
    nested = {"name": "a", "price": price, "metadata": {"b": "\0"}}
    assert faults_of(nested) == [("/metadata/b", "nul_character")]
    assert READER.read(json.dumps({"name": "\\u0000", "price": price}).encode())


def test_whole_floats_are_whole_numbers() -> None:
    read = READER.read(b'{"name": "a", "price": {"amount": 5.0, "currency": "EUR"}}')
    assert isinstance(read, shop.CreateItem)
    assert read.price.amount == 5
    assert isinstance(read.price.amount, int)


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"name":' * 100_000, b"[" * 33 + b"]" * 33])
def test_deep_bodies_are_refused(raw: bytes) -> None:
    with pytest.raises(BanyanError, match=str(DEPTH_MAX)):
        READER.read(raw)


def test_many_brackets_are_not_depth() -> None:
    body = {"name": "[" * 60, "price": {"amount": 1, "currency": "EUR"}}
    assert READER.read(json.dumps(body).encode())


@pytest.mark.parametrize("number", [b"1" * 400, b"1" * 5_000, b"1e400", b"1e308", b"-0"])
def test_extreme_numbers_are_refused(number: bytes) -> None:
    raw = b'{"name": "a", "price": {"amount": %b, "currency": "EUR"}}' % number
    assert faults_of(raw)


def test_an_unknown_currency_and_no_decimals_for_yen() -> None:
    assert faults_of({"name": "a", "price": {"amount": 1, "currency": "XXX"}}) == [
        ("/price/currency", "not_allowed")
    ]
    assert faults_of({"name": "a", "price": {"amount": 0.5, "currency": "JPY"}}) == [
        ("/price/amount", "wrong_type")
    ]
    assert faults_of({"name": "a", "price": {"amount": 0, "currency": "JPY"}}) == [
        ("/price/amount", "too_small")
    ]


async def test_other_media_types_are_415(shop_client: httpx.AsyncClient) -> None:
    for media_type in ("text/plain", "application/xml", "application/jsonx", ""):
        answer = await shop_client.post(
            "/v1/items", content=b"{}", headers={"Content-Type": media_type}
        )
        assert answer.status_code == 415, media_type
        assert answer.json()["code"] == "unsupported_media_type"
    good = json.dumps(shop.EXAMPLE)
    answer = await shop_client.post(
        "/v1/items", content=good, headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert answer.status_code == 201


async def test_large_bodies_are_413(shop_client: httpx.AsyncClient) -> None:
    huge = b'{"name": "' + b"a" * 5_000_000 + b'"}'

    async def pieces() -> Any:
        for start in range(0, len(huge), 65_536):
            yield huge[start : start + 65_536]

    for content in (huge, pieces()):
        answer = await shop_client.post("/v1/items", content=content, headers=JSON)
        assert answer.status_code == 413
        assert answer.json()["code"] == "body_too_large"
        assert "1048576" in answer.json()["detail"]


texts = st.text('aé😀"\\/ {}[]:,0', max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["name", "price", "kind", "parts", "weight_kg", "metadata", "seller", "x"])
prices = st.fixed_dictionaries(
    {"amount": st.integers(-5, 10**16), "currency": st.sampled_from(["EUR", "eur", "XXX"])}
)


@given(st.dictionaries(fields, values | prices, max_size=8))
def test_refused_exactly_when_the_schema_refuses(body: dict[str, Any]) -> None:
    """What the OpenAPI document promises is what is taken, and a refusal always says why."""
    from jsonschema_rs import Draft202012Validator

    schema = msgspec.json.schema(shop.CreateItem)
    allowed = Draft202012Validator(schema, validate_formats=True).is_valid(body)
    raw = json.dumps(body).encode()
    if allowed:
        assert READER.read(raw)
    else:
        assert faults_of(raw)
