"""What users read about payments is true."""

import re
from pathlib import Path

from banyan.payments.providers.sandbox import BANK_TOKENS, TOKENS
from banyan.payments.service.attempts import JOB_OF

DOCS = Path(__file__).parents[2] / "docs" / "payments.md"


def test_every_magic_token_is_documented_as_it_is() -> None:
    rows = dict(
        re.findall(r"^\| `((?:tok|bank)_\w+)` \| (.+?) \|$", DOCS.read_text("utf-8"), re.MULTILINE)
    )
    assert rows == {name: token.about for name, token in {**TOKENS, **BANK_TOKENS}.items()}


def test_every_operation_has_a_job() -> None:
    assert set(JOB_OF) == {
        "authorize", "authenticate", "capture", "void", "refund", "payout", "contest", "accept",
    }  # fmt: skip
