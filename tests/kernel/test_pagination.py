import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import InvalidCursor, Page, decode_cursor, encode_cursor, new_id

AT = datetime(2018, 3, 1, 12, 0, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def _cursor(plain: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()


@given(
    TEXTS, st.integers(-(2**63) + 1, 2**63 - 1), st.datetimes(timezones=st.just(UTC)), st.uuids()
)
def test_the_cursor_leads_back(text: str, number: int, at: datetime, value: UUID) -> None:
    cursor = encode_cursor(text, number, at, value)
    assert decode_cursor(cursor, (str, int, datetime, UUID)) == (text, number, at, value)
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(st.text())
def test_rubbish_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(cursor, (datetime, UUID))


@pytest.mark.parametrize(
    "plain",
    [
        [], {}, "x", None, 5, [AT.isoformat()], [AT.isoformat(), new_id(AT).hex, 1],
        ["2018-03-01T12:00:00", new_id(AT).hex], [AT.isoformat(), "x"], [5, new_id(AT).hex],
        [None, new_id(AT).hex], [[AT.isoformat()], new_id(AT).hex],
        ["0001-01-01T00:00:00+14:00", new_id(AT).hex],
    ],
)  # fmt: skip
def test_a_cursor_of_another_list_is_refused(plain: object) -> None:
    with pytest.raises(InvalidCursor) as refused:
        decode_cursor(_cursor(plain), (datetime, UUID))
    assert refused.value.faults[0].parameter == "cursor"


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**400, 1.5, True, "5"])
def test_a_number_that_postgresql_has_no_room_for_is_refused(number: object) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(_cursor([number]), (int,))


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_postgresql_can_not_hold_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(_cursor([text]), (str,))


def test_a_cursor_that_nests_without_end_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(base64.urlsafe_b64encode(b"[" * 100_000).decode(), (str,))


def test_an_instant_of_another_zone_comes_back_in_utc() -> None:
    text = "2018-03-01T12:00:00+23:59"
    [at] = decode_cursor(_cursor([text]), (datetime,))
    assert at == AT - timedelta(hours=23, minutes=59)
    assert isinstance(at, datetime)
    assert at.tzinfo is UTC


def test_a_page_has_more_if_it_says_where() -> None:
    assert Page([1], "x").has_more
    assert not Page([1], None).has_more
