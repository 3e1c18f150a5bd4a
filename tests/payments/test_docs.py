"""What users read about payments is true."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

from banyan.payments.model import DisputeCategory, DisputeSettings, Operation
from banyan.payments.providers.sandbox import BANK_TOKENS, TOKENS
from banyan.payments.rules import appraise
from banyan.payments.service.attempts import JOB_OF

DOCS = Path(__file__).parents[2] / "docs" / "payments.md"


def test_every_magic_token_is_documented_as_it_is() -> None:
    rows = dict(
        re.findall(r"^\| `((?:tok|bank)_\w+)` \| (.+?) \|$", DOCS.read_text("utf-8"), re.MULTILINE)
    )
    assert rows == {name: token.about for name, token in {**TOKENS, **BANK_TOKENS}.items()}


def test_every_operation_has_a_job() -> None:
    assert {*JOB_OF, "return", "late"} == {*get_args(Operation)}


def test_the_evidence_that_each_category_needs_is_documented() -> None:
    text = (DOCS.parent / "disputes.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (`.+?) \| (`.+?) \|$", text, re.MULTILINE)
    told = {row[0]: [re.findall(r"`(\w+)`", cell) for cell in row[1:]] for row in rows}
    for category in get_args(DisputeCategory):
        if category == "debit_returned":
            assert category not in told
            continue
        decisive, helpful = told[category]
        assert appraise(category, {}).missing == (*decisive, *helpful)
        assert appraise(category, dict.fromkeys(decisive, "x")).strength == "strong"


def test_every_setting_of_disputes_is_documented() -> None:
    text = (DOCS.parent / "disputes.md").read_text("utf-8")
    names = [field.name for field in fields(DisputeSettings)]
    assert [name for name in [*names, "refund_commission"] if f"| `{name}` |" not in text] == []
