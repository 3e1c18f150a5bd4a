from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import IdKind, InvalidId, derived_id, new_id, new_secret, new_token

ORDER = IdKind("ord")
AT = datetime(2018, 3, 1, 12, 0, tzinfo=UTC)


@given(st.uuids())
def test_the_text_leads_back(value: UUID) -> None:
    text = ORDER.text(value)
    assert len(text) == len("ord_") + 26
    assert ORDER.parse(text) == value


@given(st.uuids(), st.uuids())
def test_texts_sort_as_ids_do(one: UUID, other: UUID) -> None:
    assert (ORDER.text(one) < ORDER.text(other)) == (one < other)


@given(st.text())
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(InvalidId):
        ORDER.parse(text)


def test_what_is_almost_an_id_is_refused() -> None:
    good = ORDER.text(new_id(AT))
    body = good.removeprefix("ord_")
    wrong = {
        "another kind": f"pay_{body}",
        "no prefix": body,
        "twice the prefix": f"ord_{good}",
        "upper case": good.upper(),
        "upper case body": f"ord_{body.upper()}",
        "too short": good[:-1],
        "too long": f"{good}0",
        "a letter that is left out": f"ord_{body[:-1]}u",
        "more than 128 bits": f"ord_8{body[1:]}",
        "space behind": f"{good} ",
        "other digits": f"ord_{body[:-1]}٣",
        "a bare UUID": str(new_id(AT)),
    }
    for what, text in wrong.items():
        with pytest.raises(InvalidId) as refused:
            ORDER.parse(text, parameter="order_id")
        fault = refused.value.faults[0]
        assert (fault.code, fault.parameter) == ("invalid_id", "order_id"), what


def test_new_ids_sort_by_time() -> None:
    ids = [new_id(AT + timedelta(milliseconds=n)) for n in range(100)]
    assert ids == sorted(ids)
    assert len({new_id(AT) for _ in range(1000)}) == 1000


@given(st.uuids(), st.text())
def test_every_id_is_a_uuid_of_version_7(parent: UUID, label: str) -> None:
    for made in (new_id(), new_id(AT), derived_id(parent, label.encode("utf-8", "replace").hex())):
        assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_a_new_id_carries_its_time() -> None:
    assert new_id(AT).int >> 80 == int(AT.timestamp() * 1000)
    assert abs((new_id().int >> 80) / 1000 - datetime.now(UTC).timestamp()) < 60


def test_derived_ids_are_the_same_again() -> None:
    parent = UUID("0161e1f0-2c00-7000-8000-000000000001")
    assert derived_id(parent, "capture", 1) == derived_id(parent, "capture", 1)
    assert derived_id(parent, "capture") == UUID("0161e1f0-2c00-745b-a920-48d2319f6a09")


def test_derived_ids_differ_by_parent_and_by_label() -> None:
    parents = [new_id(AT) for _ in range(20)]
    labels: list[tuple[str | int, ...]] = [("capture",), ("refund", 1), ("refund", 2), ("a", "b")]
    made = {derived_id(parent, *label) for parent in parents for label in labels}
    assert len(made) == len(parents) * len(labels)
    assert all(child.int >> 80 == parents[0].int >> 80 for child in made)


def test_secrets_can_be_typed_and_differ() -> None:
    secret = new_secret(32)
    assert len(secret) == 32
    assert set(secret) <= set("0123456789abcdefghjkmnpqrstvwxyz")
    assert len({new_secret() for _ in range(100)} | {new_token() for _ in range(100)}) == 200
