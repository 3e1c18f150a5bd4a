"""What experiments within applications report."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from banyan.comparison.model import Finding, Recorded
from banyan.comparison.service.recording import masking_key, record, record_equal
from banyan.difference import Difference, Masker
from banyan.kernel import derived_id
from banyan.runtime import Transaction, Vault


async def report(
    tx: Transaction,
    vault: Vault,
    plan_id: UUID | None,
    experiment: str,
    findings: Sequence[Finding],
    *,
    equal: int,
) -> tuple[UUID, Recorded]:
    """Take a report in; the plan it belongs to (without one, the marketplace's experiments)."""
    plan_id = plan_id or derived_id(tx.marketplace_id, "experiments")
    if findings:
        masker = Masker.of(await masking_key(tx, vault, plan_id))
        findings = [_masked(finding, masker) for finding in findings]
    recorded = await record(tx, plan_id, findings)
    await record_equal(tx, plan_id, experiment, equal)
    return plan_id, replace(recorded, compared=recorded.compared + equal)


def _masked(finding: Finding, masker: Masker) -> Finding:
    """Masked again: what the application masked stays as it is, what it has missed is found."""
    comparison = finding.comparison
    differences = tuple(_of_difference(one, masker) for one in comparison.differences)
    return replace(
        finding,
        request_id=masker.text(finding.request_id, 100),
        comparison=replace(comparison, differences=differences),
        version=masker.text(finding.version),
        context={
            masker.text(name): masker.named(name, value) for name, value in finding.context.items()
        },
    )


def _of_difference(one: Difference, masker: Masker) -> Difference:
    names = one.path.replace("[", ".").replace("]", ".").split(".")
    is_personal = any(masker.is_field(name) for name in names if name)

    def shown(value: str | None) -> str | None:
        if value is None:
            return None
        masked = masker.text(value)
        is_plain = is_personal and masked == value and masked not in ("null", "true", "false", '""')
        return masker.pseudonym("field", value.strip('"')) if is_plain else masked

    return replace(
        one,
        path=masker.text(one.path)[:400],
        pattern=masker.text(one.pattern)[:400],
        legacy=shown(one.legacy),
        candidate=shown(one.candidate),
        legacy_shape=masker.text(one.legacy_shape),
        candidate_shape=masker.text(one.candidate_shape),
        detail=masker.text(one.detail),
    )
