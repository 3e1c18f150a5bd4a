"""What users read about payments is true."""

import re
from pathlib import Path

from banyan.payments import model
from banyan.payments.providers.sandbox import BANK_TOKENS, TOKENS
from banyan.payments.service.attempts import JOB_OF

DOCS = Path(__file__).parents[2] / "docs" / "payments.md"


def test_every_magic_token_is_documented_as_it_is() -> None:
    rows = dict(
        re.findall(r"^\| `((?:tok|bank)_\w+)` \| (.+?) \|$", DOCS.read_text("utf-8"), re.MULTILINE)
    )
    assert rows == {name: token.about for name, token in {**TOKENS, **BANK_TOKENS}.items()}


def test_every_event_is_documented() -> None:
    text = DOCS.read_text("utf-8")
    source = Path(model.__file__).parent / "service"
    recorded = {
        f"{noun}.{what}"
        for path in source.glob("*.py")
        for noun, what in re.findall(r'about_(\w+)\(\s*"(\w+)"', path.read_text("utf-8"))
    } | {"dispute.won", "dispute.lost"}
    assert recorded == set(re.findall(r"^\| `(\w+\.\w+)` \|", text, re.MULTILINE))


def test_every_operation_has_a_job() -> None:
    assert set(JOB_OF) == {"authorize", "authenticate", "capture", "void", "refund", "payout"}
