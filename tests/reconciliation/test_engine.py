"""The matching engine, rule by rule, in small."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import IdKind, new_id
from banyan.reconciliation import Line, Outcome, Tolerance, ToleranceRule, Tolerances, compare

TODAY = date(2018, 3, 10)
ATTEMPT = IdKind("att")
ACCOUNT = "BR001"


def book(gross: int = 10_000, fee: int = 320, **more: object) -> Line:
    line = Line(
        line_id=new_id(), side="books", source="sandbox", type="capture", on=date(2018, 3, 1),
        currency="EUR", gross_minor=gross, fee_minor=fee, key=ATTEMPT.text(new_id()),
        reference=f"psp{new_id().hex[:12]}", group=f"pay{new_id().hex[:12]}",
    )  # fmt: skip
    return replace(line, **more)  # type: ignore[arg-type]


def told(line: Line, **more: object) -> Line:
    return replace(line, line_id=new_id(), side="provider", **more)  # type: ignore[arg-type]


def batch(gross: int, name: str, **more: object) -> Line:
    return told(
        book(gross, 0, key="", group=""), type="settlement", reference=name, batch=name, **more
    )


def credit(gross: int, text: str = "", **more: object) -> Line:
    line = told(book(gross, 0, key="", reference="", group=""), type="settlement", text=text)
    return replace(line, side="bank", source=ACCOUNT, **more)  # type: ignore[arg-type]


def operations(
    left: list[Line], right: list[Line], *, tolerance: Tolerance | None = None, **more: object
) -> Outcome:
    rules = [ToleranceRule(comparison="operations", tolerance=tolerance)] if tolerance else []
    return compare("operations", left, right, today=TODAY, tolerances=Tolerances(rules), **more)  # type: ignore[arg-type]


def settlements(left: list[Line], right: list[Line], **more: object) -> Outcome:
    return compare("settlements", left, right, today=TODAY, **more)  # type: ignore[arg-type]


def rules_of(outcome: Outcome) -> list[str]:
    return [proposal.rule for proposal in outcome.proposals]


def kinds_of(outcome: Outcome) -> list[str]:
    return [one.kind for one in outcome.breaks]


def test_a_key_matches_and_says_so() -> None:
    line = book()
    [proposal] = operations([line], [told(line)]).proposals
    assert (proposal.rule, proposal.confidence) == ("reference", 100)
    assert proposal.reason == f"Both name {line.key}: the same amount."


def test_a_difference_within_the_tolerance_is_kept() -> None:
    line = book()
    off = told(line, gross_minor=9_998)
    assert kinds_of(operations([line], [off])) == ["amount_differs"]
    [proposal] = operations([line], [off], tolerance=Tolerance(amount_minor=2)).proposals
    assert (proposal.rule, proposal.difference_minor) == ("within_tolerance", 2)


def test_fees_may_be_told_apart_or_differ() -> None:
    line = book()
    apart = [told(line, fee_minor=0), told(line, type="fee", gross_minor=-320, fee_minor=0, key="")]
    assert rules_of(operations([line], apart)) == ["sum_by_reference"]
    assert kinds_of(operations([line], [told(line, fee_minor=321)])) == ["fee_differs"]


def test_several_refunds_are_one_row_or_one_refund_is_two() -> None:
    one, other = book(-300, 0, type="refund"), book(-200, 0, type="refund")
    other = replace(other, group=one.group)
    total = told(one, gross_minor=-500, key="", reference="")
    assert rules_of(operations([one, other], [total])) == ["sum_by_reference"]
    parts = [told(one, gross_minor=-100), told(one, gross_minor=-200)]
    assert rules_of(operations([one], parts)) == ["sum_by_reference"]


def test_a_cut_off_or_shouted_name() -> None:
    line = book()
    cut = told(line, key=line.key[:20], reference="", group="")
    [proposal] = operations([line, book()], [cut]).proposals
    assert (proposal.rule, proposal.confidence) == ("shortened_reference", 90)
    loud = told(line, key=line.key.upper().replace("_", ""), reference="")
    assert rules_of(operations([line], [loud])) == ["reference"]


def test_a_short_name_or_another_amount_is_no_match() -> None:
    line = book()
    short = told(line, key=line.key[:9], reference="", group="")
    assert operations([line], [short]).proposals == []
    other = told(line, key=line.key[:20], reference="", group="", gross_minor=1)
    assert operations([line], [other]).proposals == []


def test_without_a_name_amounts_pair_in_the_order_of_dates() -> None:
    days = [date(2018, 3, day) for day in (1, 2, 3)]
    left = [book(on=day) for day in days]
    right = [
        told(line, key="", reference="", group="", on=line.on + timedelta(days=2)) for line in left
    ]
    outcome = operations(left, right[::-1])
    assert [(p.left[0], p.right[0]) for p in outcome.proposals] == list(
        zip(left, right, strict=True)
    )
    assert {p.confidence for p in outcome.proposals} == {75}


def test_an_amount_alone_never_takes_a_line_that_names_something() -> None:
    line = book()
    strange = told(line, key="SHOP-1234567", reference="", group="")
    outcome = operations([line], [strange])
    assert outcome.proposals == []
    assert sorted(kinds_of(outcome)) == ["missing_at_provider", "unknown_reference"]


def test_conversions_by_what_was_asked_or_by_a_rate() -> None:
    line = book(currency="USD")
    kept = told(line, currency="EUR", gross_minor=9_200, fee_minor=294)
    assert kinds_of(operations([line], [kept])) == ["currency_differs"]
    rates = {("USD", "EUR"): Decimal("0.92")}
    assert rules_of(operations([line], [kept], rates=rates)) == ["converted"]
    asked = replace(kept, original_minor=10_000, original_currency="USD")
    assert rules_of(operations([line], [asked])) == ["converted"]
    off = {("USD", "EUR"): Decimal("0.90")}
    assert kinds_of(operations([line], [asked], rates=off)) == ["amount_differs"]


def test_conversions_between_currencies_of_other_decimals() -> None:
    line = book(10_000, 0, currency="KWD")
    kept = told(line, currency="JPY", gross_minor=3_500)
    rates = {("KWD", "JPY"): Decimal(350)}
    assert rules_of(operations([line], [kept], rates=rates)) == ["converted"]


def test_what_is_young_waits() -> None:
    young = book(on=TODAY - timedelta(days=3))
    assert operations([young], []).waiting == [young]
    assert kinds_of(operations([replace(young, on=TODAY - timedelta(days=4))], [])) == [
        "missing_at_provider"
    ]
    part = told(young, gross_minor=4_000, fee_minor=0)
    outcome = operations([young], [part])
    assert (outcome.breaks, len(outcome.waiting)) == ([], 2), "the rest may come tomorrow"


def test_a_second_row_of_one_operation_is_a_duplicate() -> None:
    line = book()
    outcome = operations([line], [told(line), told(line)])
    assert (rules_of(outcome), kinds_of(outcome)) == (["reference"], ["duplicate"])
    later = operations([], [told(line)], matched=[line])
    assert kinds_of(later) == ["duplicate"]


def test_an_unknown_operation_of_a_known_payment_takes_nothing_from_its_sisters() -> None:
    known = book(-500, 0, type="refund")
    unknown = told(known, key=ATTEMPT.text(new_id()))
    outcome = operations([known], [unknown])
    assert outcome.proposals == []
    assert sorted(kinds_of(outcome)) == ["missing_at_provider", "missing_in_books"]


def test_one_bank_line_pays_batches_or_several_pay_one() -> None:
    one, other = batch(5_000, "SET-20180301-aaaa"), batch(700, "SET-20180302-bbbb")
    together = credit(5_700, "SET-20180301-aaaa SET-20180302-bbbb")
    assert rules_of(settlements([one, other], [together])) == ["sum_by_reference"]
    silent = credit(5_700, "ACME BV")
    assert rules_of(settlements([one, other], [silent])) == ["sum_of_amounts"]
    parts = [credit(4_999, "SET-20180301-aaaa 1/2"), credit(1, "SET20180301AAAA 2/2")]
    assert rules_of(settlements([one], parts)) == ["sum_by_reference"]


def test_two_ways_to_add_up_are_no_way() -> None:
    batches = [batch(100, f"SET-2018030{day}-x", on=date(2018, 3, day)) for day in (1, 2, 3)]
    outcome = settlements(batches, [credit(200, "ACME BV", on=date(2018, 3, 3))])
    assert outcome.proposals == []


def test_the_bank_lacks_a_batch_or_pays_it_twice() -> None:
    one = batch(5_000, "SET-20180301-aaaa")
    assert kinds_of(settlements([one], [])) == ["missing_at_bank"]
    twice = [credit(5_000, key="SET-20180301-aaaa"), credit(5_000, key="SET-20180301-aaaa")]
    assert kinds_of(settlements([one], twice)) == ["duplicate"]


def test_strangers_at_the_bank() -> None:
    fee = credit(-150, type="bank_fee")
    rent = credit(70_000, key="RENT-MARCH")
    nobody = credit(1_234, "CASH")
    outcome = settlements([], [fee, rent, nobody])
    assert sorted(kinds_of(outcome)) == [
        "missing_at_provider", "missing_in_books", "unknown_reference",
    ]  # fmt: skip


def test_the_most_specific_tolerance_holds() -> None:
    def rule(days: int, source: str | None, line_type: str | None) -> ToleranceRule:
        return ToleranceRule(
            comparison="operations",
            source=source,
            type=line_type,
            tolerance=Tolerance(days=days),  # type: ignore[arg-type]
        )

    every, of_type = rule(1, None, None), rule(2, None, "capture")
    of_source, both = rule(3, "sandbox", None), rule(4, "sandbox", "capture")
    line = book()
    assert Tolerances().of(line).days == 3
    assert Tolerances([every]).of(line).days == 1
    assert Tolerances([every, of_type]).of(line).days == 2
    assert Tolerances([every, of_type, of_source]).of(line).days == 3
    assert Tolerances([every, of_type, of_source, both]).of(line).days == 4
    assert Tolerances([both]).of(replace(line, source="other")).days == 3


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(1, 300), st.integers(0, 9), st.booleans()),
        max_size=25,
    )
)
def test_money_is_conserved_in_every_match(rows: list[tuple[int, int, int, bool]]) -> None:
    """Whatever comes: no line twice, and what a match differs by is what it says."""
    left = [book(gross, 0, on=date(2018, 3, 1) + timedelta(days=day)) for _, gross, day, _ in rows]
    right = [
        told(line, gross_minor=line.gross_minor // part, key=line.key if named else "",
             reference="", group="")
        for line, (part, _, _, named) in zip(left, rows, strict=True)
    ]  # fmt: skip
    outcome = operations(left, right, tolerance=Tolerance(amount_minor=5))
    ids = [line.line_id for proposal in outcome.proposals for line in proposal.lines]
    assert len(ids) == len(set(ids))
    for proposal in outcome.proposals:
        ours = sum(line.net_minor for line in proposal.left)
        theirs = sum(line.net_minor for line in proposal.right)
        assert ours - theirs == proposal.difference_minor
        assert abs(proposal.difference_minor) <= 5
