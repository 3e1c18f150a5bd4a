"""Stripe's code against stripe-stateful-mock: keys, declines, failures.

It knows charges only, which is what a debit of a connected account is made of. It is installed with
npm, once, by the hashes of its lock file; where there is no npm these tests are skipped.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from banyan.kernel import Money, new_id
from banyan.payments import ATTEMPT
from banyan.payments.providers import (
    Absent,
    Declined,
    Instruction,
    Succeeded,
    Unavailable,
    Unknown,
)
from banyan.payments.providers.kinds import StripeSecrets, StripeSettings
from banyan.payments.providers.stripe import Stripe
from tests.payments.providers.simulators.serving import free_port, process
from tests.payments.providers.test_stripe import _now

_PINNED = Path(__file__).parent / "simulators" / "stateful_mock"
_CACHE = Path(__file__).parents[3] / "var" / "simulators"
_INSTALL_S = 180


@pytest.fixture(scope="session")
def stateful_mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("stripe-stateful-mock runs on node, which is not here")
    command = [node, "--require", _PINNED / "loopback.js", _installed() / "dist" / "cli.js"]
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "LOG_LEVEL": "error"}
    log = tmp_path_factory.mktemp("stateful_mock") / "log"
    with process(command, port, environment, log) as url:
        yield url


def _installed() -> Path:
    """Where the pinned version is; installed beside the place and moved there in one step."""
    lock = (_PINNED / "package-lock.json").read_bytes()
    place = _CACHE / f"stateful_mock-{sha256(lock).hexdigest()[:12]}"
    package = place / "node_modules" / "stripe-stateful-mock"
    if package.exists():
        return package
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("stripe-stateful-mock is installed with npm, which is not here")
    _CACHE.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=_CACHE))
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_PINNED / name, draft)
    install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(install, cwd=draft, capture_output=True, timeout=_INSTALL_S)
    if done.returncode != 0:
        shutil.rmtree(draft)
        pytest.skip(f"npm could not install stripe-stateful-mock: {done.stderr[-200:]!r}")
    try:
        draft.rename(place)
    except OSError:  # another run was quicker
        shutil.rmtree(draft)
    return package


@pytest.fixture
async def provider(stateful_mock: str) -> AsyncIterator[Stripe]:
    secrets = StripeSecrets("sk_test_keys")
    opened = Stripe(new_id(), "stripe", StripeSettings(), secrets, now=_now, url=stateful_mock)
    yield opened
    await opened.close()


def _debit(source: str) -> Instruction:
    return Instruction(
        marketplace_id=new_id(),
        key=ATTEMPT.text(new_id()),
        operation="debit",
        payment="",
        amount=Money.of(1_000, "USD"),
        destination=source,
    )


async def test_a_key_is_done_once(provider: Stripe) -> None:
    debit = _debit("tok_visa")
    first, second = await provider.debit(debit), await provider.debit(debit)
    assert isinstance(first, Succeeded)
    assert first == second
    assert await provider.find(debit) == first
    other = await provider.debit(replace(debit, key=ATTEMPT.text(new_id())))
    assert isinstance(other, Succeeded)
    assert other.reference != first.reference


async def test_a_key_with_other_content_is_refused_and_left_open(provider: Stripe) -> None:
    debit = _debit("tok_visa")
    await provider.debit(debit)
    other = await provider.debit(replace(debit, amount=Money.of(9_999, "USD")))
    assert isinstance(other, Unknown), "it did something else under this key, which stands"
    found = await provider.find(debit)
    assert isinstance(found, Succeeded)
    assert found.amount_minor == 1_000


@pytest.mark.parametrize(
    ("source", "code", "is_hard"),
    [
        ("tok_chargeDeclined", "generic_decline", False),
        ("tok_chargeDeclinedInsufficientFunds", "insufficient_funds", False),
        ("tok_chargeDeclinedFraudulent", "fraud_suspected", True),
        ("tok_chargeDeclinedIncorrectCvc", "incorrect_details", False),
        ("tok_chargeDeclinedExpiredCard", "expired_card", True),
        ("tok_chargeDeclinedProcessingError", "processing_error", False),
    ],
)
async def test_declines_are_told_apart(
    provider: Stripe, source: str, code: str, *, is_hard: bool
) -> None:
    answer = await provider.debit(_debit(source))
    assert isinstance(answer, Declined)
    assert (answer.code, answer.is_hard) == (code, is_hard)


async def test_a_failure_of_the_server_leaves_it_open(provider: Stripe) -> None:
    """Stripe keeps a failure under its key like any other answer: it is only resolved by looking
    up, or by the day after which nothing found is nothing done."""
    debit = _debit(f"tok_500|tok_visa|{new_id().hex}")
    assert isinstance(await provider.debit(debit), Unknown)
    assert isinstance(await provider.find(debit), Absent)
    assert isinstance(await provider.debit(debit), Unknown), "the same answer again"
    other = await provider.debit(replace(debit, key=ATTEMPT.text(new_id())))
    assert isinstance(other, Succeeded)


async def test_a_call_that_was_turned_away_was_not_done(provider: Stripe) -> None:
    assert isinstance(await provider.debit(_debit("tok_429")), Unavailable)


async def test_an_answer_without_a_record_is_not_found(provider: Stripe) -> None:
    debit = _debit("tok_forget")
    assert isinstance(await provider.debit(debit), Succeeded)
    assert isinstance(await provider.find(debit), Absent)
