"""When sellers are paid, what is held back, where money may go: decisions without a database."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import Money, derived_id
from banyan.payments.errors import InvalidDestination, InvalidSchedule, InvalidTerms
from banyan.payments.model import (
    BankAccount,
    Cadence,
    Holdback,
    HoldbackKind,
    PaymentSplit,
    PayoutSettings,
    Schedule,
    SellerTerms,
    masked,
)
from banyan.payments.rules import (
    Withholding,
    business_days_after,
    calendar_of,
    check_bank,
    check_schedule,
    check_terms,
    cutoff_of,
    destination_of,
    every_day,
    hold_back,
    is_due,
    is_payout_day,
    local_day,
    next_payout_day,
    next_run,
    on_or_after,
    start_of,
    take_for_debt,
    withholding,
)

SELLER_ID = UUID(int=7)
NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
CALENDARS = st.sampled_from(
    [
        every_day,
        calendar_of("business_days", "EUR", "DE"),
        calendar_of("business_days", "BRL", "BR"),
        calendar_of("business_days", "AED", "AE"),
    ]
)


def _schedule(
    cadence: Cadence = "daily", weekday: int | None = None, month_day: int | None = None
) -> Schedule:
    return Schedule(
        cadence=cadence, weekday=weekday, month_day=month_day, delay_days=0, minimum_minor=1
    )


SCHEDULES = st.one_of(
    st.just(_schedule()),
    st.integers(1, 7).map(lambda day: _schedule("weekly", weekday=day)),
    st.integers(1, 31).map(lambda day: _schedule("monthly", month_day=day)),
)


def _settings(hour: int = 6, zone: str = "UTC") -> PayoutSettings:
    return PayoutSettings(
        schedule=_schedule(),
        cutoff_hour=hour,
        time_zone=zone,
        calendar="every_day",
        change_hold_days=0,
        debit_after_days=None,
        bank=None,
    )


@pytest.mark.parametrize(
    ("day", "currency", "country", "is_open"),
    [
        (date(2026, 4, 3), "EUR", "BR", False),  # Good Friday: TARGET rests
        (date(2026, 4, 6), "EUR", "BR", False),  # Easter Monday
        (date(2026, 10, 3), "EUR", "DE", False),  # a Saturday
        (date(2025, 10, 3), "EUR", "DE", True),  # German Unity: TARGET doesn't rest
        (date(2025, 10, 3), "CHF", "DE", False),
        (date(2026, 4, 21), "BRL", "BR", False),  # Tiradentes
        (date(2026, 4, 22), "BRL", "BR", True),
        (date(2026, 4, 22), "XAF", "ZZ", True),  # no calendar known: only weekends rest
        (date(2026, 4, 25), "XAF", "ZZ", False),
    ],
)
def test_banks_rest_when_they_do(day: date, currency: str, country: str, is_open: bool) -> None:
    assert calendar_of("business_days", currency, country)(day) == is_open


def test_weekends_are_the_countrys() -> None:
    israel = calendar_of("business_days", "ILS", "IL")
    friday, sunday = date(2026, 6, 12), date(2026, 6, 14)
    assert (israel(friday), israel(sunday)) == (False, True)


@given(SCHEDULES, DAYS, CALENDARS)
def test_a_payout_day_is_a_business_day_soon_after_a_named_one(
    schedule: Schedule, day: date, calendar: object
) -> None:
    assert callable(calendar)
    named = next_payout_day(schedule, day, every_day)
    assert named is not None
    paid = on_or_after(named, calendar)
    assert is_payout_day(schedule, paid, calendar)
    assert (paid - named).days <= 10
    following = next_payout_day(schedule, day, calendar)
    assert following is not None
    assert day < following <= paid
    assert calendar(following)


@given(SCHEDULES, DAYS, CALENDARS)
def test_no_day_is_skipped_and_none_comes_twice(
    schedule: Schedule, first: date, calendar: object
) -> None:
    assert callable(calendar)
    days = [first + timedelta(days=n) for n in range(62)]
    paid = [day for day in days if is_payout_day(schedule, day, calendar)]
    walked = list[date]()
    day = next_payout_day(schedule, first - timedelta(days=1), calendar)
    while day is not None and day <= days[-1]:
        walked.append(day)
        day = next_payout_day(schedule, day, calendar)
    assert walked == paid
    if schedule.cadence == "weekly":
        assert 6 <= len(paid) <= 10


@given(SCHEDULES, DAYS, st.integers(0, 40), CALENDARS)
def test_a_late_run_pays_what_the_missed_ones_would_have(
    schedule: Schedule, since: date, days: int, calendar: object
) -> None:
    assert callable(calendar)
    until = since + timedelta(days=days)
    missed = [since + timedelta(days=n) for n in range(days + 1)]
    expected = any(is_payout_day(schedule, day, calendar) for day in missed)
    assert is_due(schedule, since, until, calendar) == expected


def test_who_is_paid_by_hand_is_never_due() -> None:
    assert not is_due(_schedule("manual"), date(2026, 1, 1), date(2026, 2, 20), every_day)
    assert next_payout_day(_schedule("manual"), date(2026, 1, 1), every_day) is None


def test_the_last_day_of_a_month_is_the_31st() -> None:
    monthly = _schedule("monthly", month_day=31)
    assert next_payout_day(monthly, date(2026, 2, 1), every_day) == date(2026, 2, 28)
    assert next_payout_day(monthly, date(2026, 2, 28), every_day) == date(2026, 3, 31)


@given(
    st.integers(1_577_836_800, 2_051_222_400).map(lambda s: datetime.fromtimestamp(s, UTC)),
    st.integers(0, 23),
    st.sampled_from(["UTC", "America/Sao_Paulo", "Europe/Berlin", "Asia/Kolkata"]),
)
def test_the_next_cut_off_is_within_a_day(now: datetime, hour: int, zone: str) -> None:
    settings = _settings(hour, zone)
    cutoff = cutoff_of(next_run(now, settings), settings)
    assert timedelta(0) < cutoff - now <= timedelta(hours=25)
    assert start_of(local_day(now, settings), settings) <= now


@given(DAYS, st.integers(0, 15), CALENDARS)
def test_business_days_are_counted(day: date, count: int, calendar: object) -> None:
    assert callable(calendar)
    end = business_days_after(day, count, calendar)
    open_days = [d for n in range((end - day).days + 1) if calendar(d := day + timedelta(days=n))]
    assert len(open_days) == count + 1
    assert open_days[-1] == end


@pytest.mark.parametrize(
    "schedule",
    [
        _schedule("weekly"),
        _schedule("monthly", weekday=3),
        _schedule("daily", month_day=1),
        _schedule("manual", weekday=1),
    ],
)
def test_the_day_must_fit_the_cadence(schedule: Schedule) -> None:
    with pytest.raises(InvalidSchedule):
        check_schedule(schedule)


def _split(net: int) -> PaymentSplit:
    return PaymentSplit(
        marketplace_id=UUID(int=1),
        payment_id=UUID(int=2),
        seller_id=SELLER_ID,
        currency="EUR",
        gross_minor=net,
        shipping_minor=0,
        commission_minor=0,
        tax_minor=0,
        tax_jurisdiction="DE-VAT",
        reversed_seller_minor=0,
        reversed_commission_minor=0,
        reversed_tax_minor=0,
    )


@given(st.integers(0, 10**12), st.integers(0, 180), st.integers(0, 10_000), st.integers(1, 730))
def test_what_is_held_back_is_part_of_the_sale(
    net: int, delay: int, reserve_bp: int, reserve_days: int
) -> None:
    what = Withholding(delay, reserve_bp, reserve_days)
    parts = hold_back(_split(net), what, NOW.date(), NOW)
    amounts = {part.kind: part.amount_minor for part in parts}
    reserve = amounts.get("reserve", 0)
    assert reserve == Money.of(net, "EUR").portion(reserve_bp).minor
    assert amounts.get("held", 0) == (net - reserve if delay else 0)
    assert all(part.left_minor == part.amount_minor > 0 for part in parts)
    assert all(part.due_on > NOW.date() for part in parts)


def test_terms_add_to_the_schedules_delay() -> None:
    terms = SellerTerms(
        marketplace_id=UUID(int=1),
        seller_id=SELLER_ID,
        valid_from=NOW,
        tier="high",
        delay_days=7,
        reserve_bp=1_000,
        reserve_days=90,
        reason="New, and sells phones.",
        set_by="ann",
        created_at=NOW,
    )
    assert withholding(2, terms) == Withholding(9, 1_000, 90)
    assert withholding(2, None) == Withholding(2)
    check_terms(terms)


def test_a_reserve_has_a_rate_and_a_time() -> None:
    with pytest.raises(InvalidTerms):
        check_terms(
            SellerTerms(
                marketplace_id=UUID(int=1), seller_id=SELLER_ID, valid_from=NOW, tier="custom",
                delay_days=0, reserve_bp=500, reserve_days=0, reason="x", set_by="ann",
                created_at=NOW,
            )
        )  # fmt: skip


HOLDBACKS = st.lists(
    st.tuples(st.integers(1, 10**6), st.sampled_from(["held", "reserve"]), st.integers(0, 90)),
    max_size=8,
).map(
    lambda parts: [
        _holdback(number, left, kind, days)  # type: ignore[arg-type]
        for number, (left, kind, days) in enumerate(parts)
    ]
)


def _holdback(number: int, left: int, kind: HoldbackKind, days: int) -> Holdback:
    return Holdback(
        marketplace_id=UUID(int=1),
        holdback_id=derived_id(UUID(int=3), number),
        seller_id=SELLER_ID,
        payment_id=UUID(int=2),
        kind=kind,
        currency="EUR",
        amount_minor=left,
        left_minor=left,
        version=0,
        due_on=NOW.date() + timedelta(days=days),
        created_at=NOW,
        freed_at=None,
    )


@given(st.integers(1, 10**7), HOLDBACKS)
def test_a_debt_takes_what_it_needs_and_no_more(owed: int, holdbacks: list[Holdback]) -> None:
    taken = take_for_debt(Money.of(owed, "EUR"), holdbacks)
    assert sum(part.minor for _, part in taken) == min(owed, sum(h.left_minor for h in holdbacks))
    assert all(0 < part.minor <= holdback.left_minor for holdback, part in taken)
    assert len({holdback.holdback_id for holdback, _ in taken}) == len(taken)
    places = [(h.kind, h.due_on) for h, _ in taken]
    assert places == sorted(places)


def test_an_iban_is_read_as_people_write_it() -> None:
    where = destination_of("DE89 3704 0044 0532 0130 00", holder=" Ana Souza ")
    assert (where.kind, where.text, where.holder) == ("iban", "DE89370400440532013000", "Ana Souza")
    assert not where.can_be_debited
    assert destination_of("acct_1Nv0FG").kind == "provider_account"
    assert destination_of("BA3227C223222B5CTBLR8BWJB").kind == "provider_account"
    assert destination_of("BA391290079401028494", holder="Ana").kind == "iban"
    assert destination_of("bank_ok").kind == "token"


def test_a_number_is_never_shown_whole() -> None:
    where = destination_of("DE89370400440532013000", holder="Ana Souza")
    assert masked(where.text) == "DE••••3000"
    assert "0532013" not in repr(where)
    assert masked("bank_account_closed") == "bank_account_closed"


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("DE00370400440532013000", {"holder": "Ana"}),
        ("DE893704004405320130", {"holder": "Ana"}),
        ("DE89370400440532013000", {}),
        ("DE89370400440532013000", {"holder": "Ana", "bic": "NOPE"}),
        ("DE89370400440532013000", {"holder": "Ana", "mandate": "M-1"}),
        ("DE89370400440532013000", {
            "holder": "Ana", "mandate": "M_1", "mandate_signed_on": date(2026, 1, 1)}),
        ("bank_ok", {"holder": "Ana"}),
    ],
)  # fmt: skip
def test_accounts_that_cannot_be_are_refused(text: str, more: dict[str, object]) -> None:
    with pytest.raises(InvalidDestination) as refused:
        destination_of(text, **more)  # type: ignore[arg-type]
    assert "0532013" not in str(refused.value)


def test_the_banks_account_is_checked_too() -> None:
    bank = check_bank(
        BankAccount(
            holder="Feira",
            iban="DE89 3704 0044 0532 0130 00",
            bic="COBADEFFXXX",
            creditor_id="DE98ZZZ09999999999",
        )
    )
    assert bank.iban == "DE89370400440532013000"
    with pytest.raises(InvalidDestination):
        check_bank(BankAccount(holder="Feira", iban="DE89370400440532013000", creditor_id="nope"))
