"""How a marketplace pays."""

from dataclasses import dataclass

from banyan.payments.model.splits import Terms


@dataclass(frozen=True, slots=True)
class PaymentSettings:
    """How a marketplace pays. Hours are of the marketplace's time, in UTC.

    ``has_own_tax``: the tax on commission was set by hand; otherwise it is that of the country.
    """

    provider: str | None
    commission_bp: int
    commission_tax_bp: int
    tax_jurisdiction: str
    payout_cutoff_hour: int
    payout_minimum_minor: int
    has_own_tax: bool = False

    @property
    def terms(self) -> Terms:
        return Terms(self.commission_bp, self.commission_tax_bp, self.tax_jurisdiction)
