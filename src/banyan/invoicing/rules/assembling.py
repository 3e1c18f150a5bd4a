"""From charges to documents: what is billed now, what is given back of what was billed before.

Charges of one transfer are one line. Whatever is owed goes on the invoice. What is given back of a
payment that an earlier invoice has billed goes on a credit note that refers to that invoice; what is
given back of a payment that is on this invoice, or on none, is taken off this one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from banyan.invoicing.model import Billed, Charge, InvoiceKind, Line, Statement, TaxLine
from banyan.invoicing.rules.rates import rates_of
from banyan.kernel import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class _Movement:
    """What one transfer owes or gives back to one seller."""

    charges: tuple[Charge, ...]
    line: Line

    @property
    def payment_id(self) -> UUID | None:
        return self.line.payment_id

    @property
    def gross_minor(self) -> int:
        return self.line.net_minor + self.line.tax_minor


def assemble(
    charges: Iterable[Charge], billed: Mapping[UUID, Billed], currency: str
) -> tuple[Statement, ...]:
    """The documents that bill these charges of one seller in one currency: invoice first.

    ``billed`` says on which invoice a payment was billed before. Nothing is issued for charges that
    cancel out: they wait for the next document.
    """
    invoice = list[_Movement]()
    notes = defaultdict[UUID | None, list[_Movement]](list)
    for movement in _movements(charges):
        before = None if movement.payment_id is None else billed.get(movement.payment_id)
        if movement.gross_minor < 0 and before is not None:
            notes[before.invoice_id].append(movement)
        else:
            invoice.append(movement)
    if sum(movement.gross_minor for movement in invoice) < 0:
        # Only what somebody has booked by hand can do that: payments give back what they took.
        notes[None] += [one for one in invoice if one.gross_minor < 0]
        invoice = [one for one in invoice if one.gross_minor >= 0]
    invoice = _with_rates(invoice, billed)
    statements = [_statement("invoice", None, invoice, currency)]
    statements += [
        _statement("credit_note", refers_to, _with_rates(movements, billed), currency)
        for refers_to, movements in notes.items()
    ]
    return tuple(one for one in statements if one.net.minor or one.tax.minor)


def _movements(charges: Iterable[Charge]) -> list[_Movement]:
    """By date; fee and tax of a transfer together."""
    together = defaultdict[tuple[UUID, UUID | None], list[Charge]](list)
    for charge in charges:
        together[charge.transfer_id, charge.payment_id].append(charge)
    movements = [_movement(tuple(ones)) for ones in together.values()]
    return sorted(movements, key=lambda one: (one.line.effective_at, one.line.transfer_id))


def _movement(charges: tuple[Charge, ...]) -> _Movement:
    first = min(charges, key=lambda charge: (charge.kind, charge.key))
    line = Line(
        transfer_id=first.transfer_id,
        payment_id=first.payment_id,
        subject=first.subject,
        code=first.code,
        jurisdiction=max(one.jurisdiction for one in charges),  # a fee booked by hand has none
        rate_bp=0,
        net_minor=sum(one.amount_minor for one in charges if one.kind == "fee"),
        tax_minor=sum(one.amount_minor for one in charges if one.kind == "tax"),
        effective_at=first.effective_at,
    )
    return _Movement(charges=charges, line=line)


def _with_rates(
    movements: Sequence[_Movement], billed: Mapping[UUID, Billed]
) -> list[_Movement]:  # fmt: skip
    """Each with the rate that its payment was taxed at, then or now."""
    taken: dict[UUID, Line] = {}
    for movement in movements:
        line = movement.line
        key = line.payment_id or line.transfer_id
        if key not in billed and (key not in taken or line.net_minor > taken[key].net_minor):
            taken[key] = line
    rates: dict[UUID, int] = {}
    for jurisdiction in {line.jurisdiction for line in taken.values()}:
        rates |= rates_of(
            {
                key: (abs(line.net_minor), abs(line.tax_minor))
                for key, line in taken.items()
                if line.jurisdiction == jurisdiction
            }
        )
    rates |= {key: before.rate_bp for key, before in billed.items()}
    return [
        replace(one, line=replace(one.line, rate_bp=rates[one.payment_id or one.line.transfer_id]))
        for one in movements
    ]


def _statement(
    kind: InvoiceKind, refers_to: UUID | None, movements: Sequence[_Movement], currency: str
) -> Statement:
    sign = 1 if kind == "invoice" else -1
    lines = tuple(_signed(movement.line, sign) for movement in movements)
    taxes = _taxes(lines, currency)
    zero = Money.zero(currency)
    return Statement(
        kind=kind,
        refers_to=refers_to,
        charges=tuple(charge for movement in movements for charge in movement.charges),
        lines=lines,
        taxes=taxes,
        net=sum((tax.net for tax in taxes), zero),
        tax=sum((tax.tax for tax in taxes), zero),
    )


def _signed(line: Line, sign: int) -> Line:
    return replace(line, net_minor=sign * line.net_minor, tax_minor=sign * line.tax_minor)


def _taxes(lines: Sequence[Line], currency: str) -> tuple[TaxLine, ...]:
    """By jurisdiction and rate. The tax is what was taken, line by line, never reckoned anew."""
    sums = defaultdict[tuple[str, int], list[int]](lambda: [0, 0])
    for line in lines:
        both = sums[line.jurisdiction, line.rate_bp]
        both[0] += line.net_minor
        both[1] += line.tax_minor
    return tuple(
        TaxLine(
            jurisdiction=jurisdiction,
            rate_bp=rate_bp,
            net=Money.of(net, currency),
            tax=Money.of(tax, currency),
        )
        for (jurisdiction, rate_bp), (net, tax) in sorted(sums.items())
    )
