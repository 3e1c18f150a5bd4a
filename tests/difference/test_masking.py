"""What is personal can't be read from what is stored, and equal values still look equal."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banyan.difference import InvalidRule, Masker, MaskingRule, compare, comparing
from banyan.difference.rules.masking import TOKEN
from tests.difference.answers import html, json_

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
MASKER = Masker.of(b"a key")

PERSONAL = [
    "ann.smith+shop@mail.example.org",
    "ann%40example.org",
    "jürgen@exämple.de",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111111111111111",
    "378282246310005",
    "DE89 3704 0044 0532 0130 00",
    "de89370400440532013000",
    "GB82WEST12345698765432",
    "+49 170 1234567",
    "0049 (170) 12345-67",
    "(030) 1234567",
    "212-555-0123",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "Bearer abcdef0123456789",
    "sk_live_abcdef0123456789",
]


@pytest.mark.parametrize("value", PERSONAL)
@pytest.mark.parametrize("around", ["{}", "see {} there", "<{}>", 'x="{}",y', "12 {} 13", "a:{}."])
def test_personal_data_is_found_wherever_it_stands(value: str, around: str) -> None:
    shown = MASKER.text(around.format(value))
    assert value not in shown
    for part in re.findall(r"\d{4,}|[a-z]{6,}", value.lower()):
        assert part not in TOKEN.sub("", shown).lower().replace("bearer", ""), shown


@pytest.mark.parametrize(
    "value",
    [
        "Order 1234567890123456",
        "2018-03-01T12:00:00Z",
        "1519905600000",
        "19.99 EUR",
        "Tea & Cup @ home",
        "DE89 is a motorway",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "v1.2.3-20180301",
        "/product/1234567/reviews",
    ],
)
def test_what_is_not_personal_stays(value: str) -> None:
    assert MASKER.text(value) == value


def test_equal_values_look_equal_and_can_not_be_tried_without_the_key() -> None:
    one, other = MASKER.text("a@example.org"), MASKER.text("b@example.org")
    assert one == MASKER.text("a@example.org") != other
    assert one != Masker.of(b"another key").text("a@example.org")
    assert TOKEN.fullmatch(one)


TEXTS = st.text(max_size=60) | st.lists(
    st.sampled_from([*PERSONAL, " ", ",", "x", "1", "@", "+", "[email:abcdefgh]", "é", "\0", "\ud800",
                     "password=", '"token": "', '"', "'", "\\", "&", "#", "=", ":", "[", "]", "code="]),
    max_size=6,
).map("".join)  # fmt: skip


@given(TEXTS)
@UNHURRIED
def test_masking_again_changes_nothing(text: str) -> None:
    once = MASKER.text(text)
    assert MASKER.text(once) == once
    once = MASKER.url(text)
    assert MASKER.url(once) == once


@UNHURRIED
@given(st.sampled_from(PERSONAL), st.integers(0, 700), st.sampled_from(["x", " ", "é", "a "]))
def test_nothing_is_cut_in_half_and_left(value: str, before: int, filling: str) -> None:
    """Values are cut at a length; what crosses it is masked whole."""
    shown = MASKER.text(filling * before + " " + value + " end of it")
    plain = TOKEN.sub("", shown)
    for length in range(5, len(value) + 1):
        assert value[:length].lower() not in plain.lower() or value.lower().startswith(
            "bearer"[:length]
        )


def test_fields_are_known_by_their_names() -> None:
    body = {
        "user": {"first_name": "Ann", "E-Mail": "x", "Password": "hunter2", "age": 30},
        "shippingAddress": {"line1": "Main St 1", "city": "X"},
        "name": "Tea",
        "access_token": 12345,
        "cvv": 123,
        "note": None,
    }
    shown = MASKER.json(json.loads(json.dumps(body), parse_int=lambda n: n))
    for hidden in ("Ann", "hunter2", "Main St", "12345", "123"):
        assert hidden not in TOKEN.sub("", shown), hidden
    assert '"name": "Tea"' in shown


def test_rules_of_a_plan_are_added_to_the_defaults() -> None:
    masker = Masker.of(
        b"k",
        [
            MaskingRule(path="$.orders[*].gift"),
            MaskingRule(path="td.customer"),
            MaskingRule(path="header:x-customer"),
            MaskingRule(field="*_nick"),
            MaskingRule(pattern=r"KD-\d{6}"),
        ],
    )
    how = comparing(key=b"k", masking=[MaskingRule(path="$.orders[*].gift")])
    left, right = json_('{"orders": [{"gift": "ring"}]}'), json_('{"orders": [{"gift": "book"}]}')
    [one] = compare(left, right, how=how).differences
    assert TOKEN.search(one.legacy or "")
    assert TOKEN.search(one.candidate or "")
    assert "KD-1" not in masker.text("customer KD-123456 called")
    assert TOKEN.fullmatch(masker.named("my_nick", "bob"))
    assert TOKEN.fullmatch(masker.header("x-customer", "bob"))
    page_how = comparing(key=b"k", masking=[MaskingRule(path="td.customer")])
    one_page, other = html("<td class=customer>Bob</td>"), html("<td class=customer>Jim</td>")
    for found in compare(one_page, other, how=page_how).differences:
        assert "Bob" not in str(found)
        assert "Jim" not in str(found)


@pytest.mark.parametrize(
    "rule", [MaskingRule(), MaskingRule(path="$["), MaskingRule(path="a:b"), MaskingRule(pattern="(")]
)  # fmt: skip
def test_a_rule_that_can_not_be_used_is_refused(rule: MaskingRule) -> None:
    with pytest.raises(InvalidRule):
        Masker.of(b"k", [rule])


def test_addresses_are_masked_by_segment_and_parameter() -> None:
    shown = MASKER.url("/u/ann@example.org/x?email=a%40b.de&page=2&token=abc&q=4111111111111111")
    assert "ann" not in shown
    assert "page=2" in shown
    assert "token=abc" not in shown
    assert "4111" not in shown
    assert shown.startswith("/u/[email:")


def test_pages_hide_what_inputs_and_classes_name() -> None:
    how = comparing(key=b"k")
    left = html(
        '<input name="email" value="ann"><p class="customer-name">Ann</p><a href="/u?sid=5">x</a>'
    )
    right = html("<p>other</p>")
    found = compare(left, right, how=how).differences
    text = TOKEN.sub("", str(found))
    assert "ann" not in text.lower()
    assert "sid=5" not in text


def test_cookies_are_secrets() -> None:
    assert TOKEN.fullmatch(MASKER.cookie("cart", "abcdefgh12345"))
    assert TOKEN.fullmatch(MASKER.cookie("sessionid", "1"))
    assert MASKER.cookie("lang", "de") == "de"


def test_a_name_that_is_personal_makes_no_place_of_its_own() -> None:
    how = comparing(key=b"k")
    left, right = json_('{"ann@example.org": {"n": 1}}'), json_('{"ann@example.org": {"n": 2}}')
    [one] = compare(left, right, how=how).differences
    assert one.pattern == "$['*'].n"
    assert TOKEN.search(one.path)


@pytest.mark.parametrize(
    "text",
    [
        "access_token=hunter2&state=SP",
        "page=2&password=hunter2&x=1",
        "user[password]=hunter2",
        "user%5Bpassword%5D=hunter2",
        "grant_type=authorization_code&code=hunter2",
        '{"csrfToken":"hunter2","password":"hunter2"}',
        "window.state = {user: {password : 'hunter2', \"age\": 30}};",
        'body="{\\"password\\":\\"hunter2\\"}"',
        '{"password":"say \\"hunter2\\" now"}',
        "<b data-user='{&quot;password&quot;:&quot;hunter2&quot;}'>",
        "Authorization: Basic hunter2",
        '"password": "x [email:abcdefgh] hunter2"',
        "[email:abcdefgh]password=hunter2",
        'otp="hunter2',
    ],
)
def test_a_secret_beside_its_name_is_hidden_in_any_text(text: str) -> None:
    shown = MASKER.text(text)
    assert "hunter2" not in shown
    assert TOKEN.search(shown)


@pytest.mark.parametrize(
    "text",
    [
        '{"code":"out_of_stock"}',
        "code: 404",
        "token: null",
        '{"session":true}',
        "page=2&sort=price",
    ],
)
def test_what_stands_beside_other_names_stays(text: str) -> None:
    assert MASKER.text(text) == text


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/cb#access_token=hunter2&page=2",
        "https://shop.example/cb?page=2#access_token=hunter2",
        "/cb?code=hunter2&page=2",
        "/app#/reset/page=2?jwt=hunter2",
    ],
)
def test_parameters_in_a_fragment_are_masked_too(url: str) -> None:
    shown = MASKER.header("location", url)
    assert "hunter2" not in shown
    assert "page=2" in shown


def test_places_are_named_in_full() -> None:
    for place in ("cookie:session_id", "p.address:nth-of-type(2)"):
        assert MASKER.text(place, is_place=True) == place
