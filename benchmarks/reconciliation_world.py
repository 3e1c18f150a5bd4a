"""Books, a provider's report and a bank statement of a made-up marketplace, with known breaks.

``make(seed, payments)`` gives what really happened as three sides tell it. Each side is honest and
untidy: reports come days later and out of order, references are cut off or missing, fees are told
apart, refunds are added up, batches are paid together or in parts, banks shout and drop hyphens,
one provider keeps its money in another currency. Two thirds of the amounts are among ten.

Into that, breaks of every kind are planted. Only one thing is kept from being undecidable: a line
that is planted as missing has no twin of the same amount that comes without a name, for then nobody
could say which of the two is missing.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from banyan.kernel import IdKind
from banyan.reconciliation import (
    BreakKind,
    Line,
    LineType,
    Outcome,
    Rates,
    Side,
    Tolerance,
    ToleranceRule,
)

START = date(2018, 1, 1)
PRICES = (990, 1990, 1999, 2490, 2990, 3990, 4999, 7900, 9900, 14_900)
RATES: Rates = {("USD", "EUR"): Decimal("0.9174"), ("EUR", "USD"): Decimal("1.09")}
TOLERANCES = (
    ToleranceRule(
        comparison="settlements", tolerance=Tolerance(amount_minor=25, days=5, wait_days=5)
    ),
)
KINDS: tuple[BreakKind, ...] = (
    "missing_in_books", "missing_at_provider", "missing_at_bank", "amount_differs", "fee_differs",
    "currency_differs", "duplicate", "unknown_reference",
)  # fmt: skip

Sign = tuple[BreakKind, LineType, str, int]
"""A break by its kind and the line that it is about, which is all that tells twins apart."""

_PAYMENT, _ATTEMPT = IdKind("pay"), IdKind("att")
_MARKS = 10
"""Days at the end in which nothing is planted: there, what is missing may still come."""


def sign(kind: BreakKind, line: Line) -> Sign:
    return kind, line.type, line.currency, line.net_minor


@dataclass
class World:
    """What three sides say, and what is true: which lines are one thing, and which are broken."""

    today: date
    books: list[Line] = field(default_factory=list)
    report: list[tuple[str, Line]] = field(default_factory=list)
    bank: list[Line] = field(default_factory=list)
    truth: dict[UUID, object] = field(default_factory=dict)
    planted: list[Sign] = field(default_factory=list)
    broken: set[UUID] = field(default_factory=set)
    early: set[UUID] = field(default_factory=set)
    twins: dict[UUID, UUID] = field(default_factory=dict)
    """Lines that come twice, and their copy: either may be called the duplicate."""

    @property
    def imported(self) -> list[Line]:
        """The report's lines; one that is delivered again, under its name, is taken once."""
        return list(dict(reversed(self.report)).values())

    @property
    def operations(self) -> tuple[list[Line], list[Line]]:
        return self.books, [line for line in self.imported if line.type != "settlement"]

    @property
    def settlements(self) -> tuple[list[Line], list[Line]]:
        return [line for line in self.imported if line.type == "settlement"], self.bank

    @property
    def clean(self) -> set[UUID]:
        """Lines that must be matched."""
        every = {line.line_id for line in (*self.books, *self.imported, *self.bank)}
        return every - self.broken - self.early


@dataclass(frozen=True)
class Score:
    """How an outcome stands against the truth."""

    clean: int
    matched: int
    wrong: int
    planted: Counter[BreakKind]
    found: Counter[BreakKind]
    invented: list[Sign]

    @property
    def is_perfect(self) -> bool:
        return (
            self.matched == self.clean
            and not self.wrong
            and self.found == self.planted
            and not self.invented
        )


def score(world: World, *outcomes: Outcome) -> Score:
    matched, wrong = set[UUID](), 0
    originals = {copy: line_id for line_id, copy in world.twins.items()}
    for outcome in outcomes:
        for proposal in outcome.proposals:
            ids = {line.line_id for line in proposal.lines}
            matched |= ids | {originals[one] for one in ids if one in originals}
            wrong += not _is_right(world, proposal.left, proposal.right, proposal.rule)
    told = Counter(sign(one.kind, one.line) for outcome in outcomes for one in outcome.breaks)
    planted = Counter(world.planted)
    clean = world.clean
    every = (*world.books, *world.imported, *world.bank)
    missed, taken_early = clean - matched, world.early & matched
    lacking = Counter(_looks(line) for line in every if line.line_id in missed)
    swapped = Counter(_looks(line) for line in every if line.line_id in taken_early)
    return Score(
        clean=len(clean),
        matched=len(clean) - (lacking - swapped).total(),
        wrong=wrong,
        planted=_kinds(planted),
        found=_kinds(planted & told),
        invented=list((told - planted).elements()),
    )


def _looks(line: Line) -> tuple[object, ...]:
    """Twins that look so are as good as one another: the early one may be taken for the other."""
    return line.side, line.type, line.currency, line.gross_minor, line.fee_minor


def _kinds(signs: Counter[Sign]) -> Counter[BreakKind]:
    kinds = Counter[BreakKind]()
    for one, count in signs.items():
        kinds[one[0]] += count
    return kinds


def _is_right(world: World, left: tuple[Line, ...], right: tuple[Line, ...], rule: str) -> bool:
    """Lines of one truth; or twins without names, any of which is as good as the other."""
    one = {world.truth[line.line_id] for line in left}
    other = {world.truth[line.line_id] for line in right}
    return one == other or rule == "amount_and_date"


def make(seed: int, payments: int = 1_000, *, breaks_each: int = 3, days: int = 45) -> World:
    return _Maker(seed, days).make(payments, breaks_each)


class _Maker:
    def __init__(self, seed: int, days: int) -> None:
        self.dice = random.Random(seed)
        self.days = days
        self.world = World(START + timedelta(days=days))
        self.nameless: set[tuple[str, str, int, int]] = set()
        self.count = 0

    def make(self, payments: int, breaks_each: int) -> World:
        for _ in range(payments):
            self._payment()
        self._plant_operations(breaks_each)
        self._settle(breaks_each)
        self._redeliver()
        for lines in (self.world.books, self.world.report, self.world.bank):
            self.dice.shuffle(lines)
        return self.world

    # one payment, as books and report tell it

    def _payment(self) -> None:
        dice = self.dice
        on = START + timedelta(days=dice.randrange(self.days + 1))
        usd = dice.random() < 0.1
        currency = "USD" if usd else "EUR"
        gross = dice.choice(PRICES) if dice.random() < 0.66 else dice.randrange(500, 60_000)
        group = _PAYMENT.text(self._id(on))
        source = "acme" if usd else "sandbox"
        capture = self._book("capture", on, currency, gross, _fee(gross), group, source)
        reference = capture.reference
        left = gross
        refunds: list[Line] = []
        while dice.random() < 0.18 and left > 100:
            part = left if dice.random() < 0.4 else dice.randrange(50, left)
            left -= part
            later = on + timedelta(days=dice.randrange(6))
            line = self._book("refund", later, currency, -part, 0, group, source, reference)
            refunds.append(line)
        self._report_capture(capture)
        span = max((line.on for line in refunds), default=on) - min(
            (line.on for line in refunds), default=on
        )
        if len(refunds) > 1 and span.days < 2 and not usd:
            self._report_sum(refunds)
        else:
            for line in refunds:
                self._report(line)
        if dice.random() < 0.01:
            later = on + timedelta(days=5)
            self._report(self._book("dispute_fee", later, currency, -1500, 0, group, source))
        if dice.random() < 0.05:
            amount = -dice.randrange(1_000, 80_000)
            self._report(self._book("payout", on, currency, amount, 0, "", source))

    def _book(
        self, kind: LineType, on: date, currency: str, gross: int, fee: int, group: str,
        source: str, reference: str = "",
    ) -> Line:  # fmt: skip
        key = _ATTEMPT.text(self._id(on))
        line = self._line(
            "books", source, kind, on, currency, gross, fee,
            key=key, reference=reference or f"psp{self.dice.getrandbits(48):014d}", group=group,
        )  # fmt: skip
        self.world.books.append(line)
        self.world.truth[line.line_id] = key
        return line

    def _report_capture(self, line: Line) -> None:
        dice, roll = self.dice, self.dice.random()
        if line.currency == "USD":
            self._report(line)
        elif roll < 0.03:  # the fee by itself
            self._report(replace(line, fee_minor=0), truths=[line], exact=True)
            fee = self._copy(
                line, type="fee", gross_minor=-line.fee_minor, fee_minor=0, key="", reference=""
            )
            self._add(fee, [line])
        elif roll < 0.05 and line.gross_minor > 100:  # in two parts
            part, fee = dice.randrange(50, line.gross_minor), line.fee_minor // 2
            self._add(self._copy(line, gross_minor=part, fee_minor=fee), [line])
            rest, rest_fee = line.gross_minor - part, line.fee_minor - fee
            self._add(self._copy(line, gross_minor=rest, fee_minor=rest_fee), [line])
        else:
            self._report(line)

    def _report_sum(self, refunds: list[Line]) -> None:
        total = sum(line.gross_minor for line in refunds)
        latest = max(refunds, key=lambda line: line.on)
        truth = ("sum", latest.key)
        for line in refunds:
            self.world.truth[line.line_id] = truth
        self._add(self._copy(latest, gross_minor=total, key="", reference=""), refunds, truth)

    def _report(self, line: Line, *, truths: list[Line] | None = None, exact: bool = False) -> None:
        """A line as the report has it, more or less tidily."""
        dice, roll = self.dice, 1.0 if exact else self.dice.random()
        if roll < 0.05:
            shown = self._copy(line, key=line.key[: dice.randrange(20, 28)], reference="", group="")
        elif roll < 0.10:
            shown = self._copy(line, key="", reference="", group="")
        elif roll < 0.20 and line.type == "capture":
            shown = self._copy(line, key="", group="")
        elif roll < 0.25:
            shown = self._copy(line, key=line.key.upper().replace("_", ""), reference="", group="")
        else:
            shown = self._copy(line)
        if line.currency == "USD":
            shown = self._in_euro(
                replace(shown, key=line.key, reference=line.reference, group=line.group)
            )
        if not shown.key and not shown.reference and not shown.group:
            self.nameless.add((shown.type, shown.currency, shown.gross_minor, shown.fee_minor))
        self._add(shown, truths or [line])

    def _in_euro(self, line: Line) -> Line:
        rate = float(RATES["USD", "EUR"]) * (1 + self.dice.uniform(-0.002, 0.002))
        says_original = self.dice.random() < 0.5
        return replace(
            line,
            currency="EUR",
            gross_minor=round(line.gross_minor * rate),
            fee_minor=round(line.fee_minor * rate),
            original_minor=line.gross_minor if says_original else None,
            original_currency=line.currency if says_original else None,
        )

    def _copy(self, line: Line, **changes: object) -> Line:
        on = line.on + timedelta(days=self.dice.randrange(3))
        return replace(line, line_id=self._id(on), side="provider", on=on, **changes)  # type: ignore[arg-type]

    def _add(self, shown: Line, told: list[Line], truth: object = None) -> None:
        """Put it in the report, unless that day's report is yet to come: then what it tells waits."""
        self.world.truth[shown.line_id] = truth or self.world.truth[told[0].line_id]
        if shown.on > self.world.today:
            truth = self.world.truth[shown.line_id]
            self.world.early |= {line.line_id for line in told}
            self.world.early |= {
                line.line_id
                for _, line in self.world.report
                if self.world.truth[line.line_id] == truth
            }
        else:
            self.world.report.append((f"r{self.count}", shown))
            if told[0].line_id in self.world.early:
                self.world.early.add(shown.line_id)
        self.count += 1

    # what is broken on purpose

    def _plant_operations(self, each: int) -> None:
        world, dice = self.world, self.dice
        shown = {line.line_id: (name, line) for name, line in world.report}
        told = Counter(world.truth[line_id] for line_id in shown)
        by_truth = {world.truth[line_id]: pair for line_id, pair in shown.items()}
        books = [
            line
            for line in world.books
            if line.on <= world.today - timedelta(days=_MARKS)
            and line.currency == "EUR"
            and told[world.truth[line.line_id]] == 1
            and line.line_id not in world.early
            and by_truth[world.truth[line.line_id]][1].key == line.key
            and (line.type, line.currency, line.gross_minor, line.fee_minor) not in self.nameless
            and line.type in ("capture", "refund")
        ]
        dice.shuffle(books)
        chosen = iter(books)
        for _ in range(each):
            self._plant(chosen, by_truth)

    def _plant(self, chosen: Iterator[Line], by_truth: dict[object, tuple[str, Line]]) -> None:
        """One of each kind that is about operations."""
        world = self.world
        line, (name, shown) = self._next(chosen, by_truth)
        world.books.remove(line)
        self._broken("missing_in_books", shown)

        line, pair = self._next(chosen, by_truth)
        world.report.remove(pair)
        self._broken("missing_at_provider", line)

        line, pair = self._next(chosen, by_truth)
        off = self.dice.choice((-1, 1)) * self.dice.randrange(1, 400)
        self._swap(pair, gross_minor=pair[1].gross_minor + off)
        self._broken("amount_differs", self._last(), line)

        while line.type != "capture" or line.line_id in world.broken:
            line, pair = self._next(chosen, by_truth)
        self._swap(pair, fee_minor=pair[1].fee_minor + self.dice.randrange(1, 90))
        self._broken("fee_differs", self._last(), line)

        line, pair = self._next(chosen, by_truth)
        self._swap(pair, currency="GBP")
        self._broken("currency_differs", self._last(), line)

        line, (name, shown) = self._next(chosen, by_truth)
        again = replace(shown, line_id=self._id(shown.on))
        world.report.append((f"{name}-again", again))
        self._again(shown, again)

        line, (name, shown) = self._next(chosen, by_truth)
        foreign = f"SHOP-{self.dice.getrandbits(40)}"
        strange = replace(
            shown,
            line_id=self._id(shown.on),
            key=foreign,
            reference="",
            group="",
            gross_minor=shown.gross_minor + 7,
        )
        world.report.append((foreign, strange))
        world.truth[strange.line_id] = foreign
        self._broken("unknown_reference", strange)

    def _next(
        self, chosen: Iterator[Line], by_truth: dict[object, tuple[str, Line]]
    ) -> tuple[Line, tuple[str, Line]]:
        line = next(chosen)
        return line, by_truth[self.world.truth[line.line_id]]

    def _swap(self, pair: tuple[str, Line], **changes: object) -> None:
        self.world.report.remove(pair)
        self.world.report.append((pair[0], replace(pair[1], **changes)))  # type: ignore[arg-type]

    def _last(self) -> Line:
        return self.world.report[-1][1]

    def _broken(self, kind: BreakKind, *lines: Line) -> None:
        self.world.planted.append(sign(kind, lines[0]))
        self.world.broken |= {line.line_id for line in lines}

    def _again(self, line: Line, again: Line) -> None:
        self.world.truth[again.line_id] = self.world.truth[line.line_id]
        self.world.twins[line.line_id] = again.line_id
        self._broken("duplicate", again)

    # batches, and how the bank tells of them

    def _settle(self, each: int) -> None:
        totals = defaultdict[tuple[date, str], int](int)
        for _, line in self.world.report:
            if line.currency == "EUR":
                totals[line.on, line.source] += line.net_minor
        batches: list[Line] = []
        for (on, source), total in sorted(totals.items()):
            if total > 0:
                batch = f"SET-{on:%Y%m%d}-{source}-{self.dice.getrandbits(20):05x}"
                line = self._line(
                    "provider",
                    source,
                    "settlement",
                    on,
                    "EUR",
                    total,
                    0,
                    batch=batch,
                    reference=batch,
                )
                batches.append(line)
                self.world.report.append((batch, line))
                self.world.truth[line.line_id] = batch
        old = [line for line in batches if line.on <= self.world.today - timedelta(days=_MARKS)]
        lost = self.dice.sample(old, each)
        for line in lost:
            self._broken("missing_at_bank", line)
        self._pay([line for line in batches if line not in lost])
        self._plant_at_bank(each)

    def _pay(self, batches: list[Line]) -> None:
        dice = self.dice
        by_source = defaultdict[str, list[Line]](list)
        for line in batches:
            by_source[line.source].append(line)
        for lines in by_source.values():
            waiting = list(lines)
            while waiting:
                roll, line = dice.random(), waiting.pop(0)
                if roll < 0.06 and waiting and (waiting[0].on - line.on).days < 2:
                    self._pay_together(line, waiting.pop(0), is_named=roll < 0.04)
                elif roll < 0.10:
                    self._pay_in_parts(line)
                else:
                    off = -dice.randrange(1, 16) if roll < 0.14 else 0
                    self._pay_one(line, line.gross_minor + off, is_named=roll >= 0.2 or off != 0)

    def _pay_one(self, line: Line, amount: int, *, is_named: bool) -> None:
        dice = self.dice
        name = line.batch
        roll = dice.random()
        if roll < 0.2:
            name = name.upper().replace("-", "")
        elif roll < 0.3 and amount == line.gross_minor:
            name = name[: dice.randrange(len(name) - 4, len(name))]
        text = f"{line.source.upper()} PAYMENTS BV" + (f" SETTLEMENT {name}" if is_named else "")
        is_key = is_named and roll > 0.6
        self._receive(line.on, amount, [line], key=name if is_key else "", text=text)

    def _pay_together(self, line: Line, next_line: Line, *, is_named: bool) -> None:
        text = f"{line.batch} {next_line.batch}" if is_named else "ACME PAYMENTS BV"
        truth = ("together", line.batch)
        for one in (line, next_line):
            self.world.truth[one.line_id] = truth
        total = line.gross_minor + next_line.gross_minor
        self._receive(next_line.on, total, [line, next_line], text=text)

    def _pay_in_parts(self, line: Line) -> None:
        part = self.dice.randrange(1, line.gross_minor)
        self._receive(line.on, part, [line], text=f"{line.batch} 1/2")
        self._receive(line.on, line.gross_minor - part, [line], text=f"{line.batch} 2/2", days=1)

    def _receive(
        self, on: date, amount: int, paid: list[Line], *, text: str, key: str = "", days: int = 0
    ) -> None:
        on += timedelta(days=days or self.dice.randrange(1, 3))
        line = self._line(
            "bank", "DE89370400440532013000", "settlement", on, "EUR", amount, 0, key=key, text=text
        )
        self.world.truth[line.line_id] = self.world.truth[paid[0].line_id]
        if on > self.world.today:
            self.world.early |= {one.line_id for one in paid}
            self.world.early |= {
                one.line_id
                for one in self.world.bank
                if self.world.truth[one.line_id] == self.world.truth[line.line_id]
            }
        else:
            self.world.bank.append(line)
            if paid[0].line_id in self.world.early:
                self.world.early.add(line.line_id)

    def _plant_at_bank(self, each: int) -> None:
        dice, world = self.dice, self.world
        named = [one for one in world.bank if one.key]
        for line in dice.sample(named, min(each, len(named))):
            again = replace(line, line_id=self._id(line.on))
            world.bank.append(again)
            self._again(line, again)
        for _ in range(each):
            on = START + timedelta(days=dice.randrange(self.days - _MARKS))
            key = f"INV-{dice.getrandbits(32)}"
            line = self._line(
                "bank",
                "DE89370400440532013000",
                "settlement",
                on,
                "EUR",
                dice.randrange(100, 10**5),
                0,
                key=key,
                text="RENT",
            )
            world.bank.append(line)
            world.truth[line.line_id] = key
            self._broken("unknown_reference", line)

    def _redeliver(self) -> None:
        """The provider sends some lines in two reports."""
        again = self.dice.sample(self.world.report, len(self.world.report) // 20)
        self.world.report += again

    def _line(
        self, side: Side, source: str, kind: LineType, on: date, currency: str, gross: int, fee: int,
        **more: str,
    ) -> Line:  # fmt: skip
        return Line(
            line_id=self._id(on), side=side, source=source, type=kind, on=on, currency=currency,
            gross_minor=gross, fee_minor=fee, **more,
        )  # fmt: skip

    def _id(self, on: date) -> UUID:
        """A UUIDv7 of that day, out of the dice."""
        at_ms = (on - date(1970, 1, 1)).days * 86_400_000 + self.dice.randrange(86_400_000)
        value = at_ms << 80 | self.dice.getrandbits(80)
        value = value & ~(0xF << 76) | 7 << 76
        return UUID(int=value & ~(0b11 << 62) | 0b10 << 62)


def _fee(gross: int) -> int:
    return gross * 29 // 1_000 + 30
