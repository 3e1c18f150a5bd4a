"""Adyen's code against a small Adyen of ours, made from its public API description."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from banyan.kernel import FixedClock, Money
from banyan.payments import Method, WebhookRefused
from banyan.payments.providers import (
    AwaitingPayment,
    Declined,
    Pending,
    RequiresAction,
    Succeeded,
    Unavailable,
    Unknown,
)
from banyan.payments.providers.adyen import Adyen, reading
from banyan.payments.providers.adyen.store import Notice
from banyan.payments.providers.kinds import AdyenSecrets, AdyenSettings
from banyan.runtime import Database
from tests.conftest import START
from tests.payments.providers.conformance import Conformance, Subject
from tests.payments.providers.simulators.adyen import (
    API_KEY,
    HMAC_KEY,
    MERCHANT,
    TRANSFERS_HMAC_KEY,
    FakeAdyen,
)
from tests.payments.providers.simulators.serving import serving

SETTINGS = AdyenSettings(MERCHANT, balance_account="BA0001")
SECRETS = AdyenSecrets(API_KEY, HMAC_KEY, "", TRANSFERS_HMAC_KEY, "report", "report_password")


@asynccontextmanager
async def _opened(
    database: Database, marketplace_id: UUID, url: str, secrets: AdyenSecrets = SECRETS
) -> AsyncIterator[Adyen]:
    provider = Adyen(
        marketplace_id,
        "adyen",
        SETTINGS,
        secrets,
        database,
        livemode=False,
        url=url,
        clock=FixedClock(START),
    )
    yield provider
    await provider.close()


@pytest.fixture
def fake() -> FakeAdyen:
    return FakeAdyen()


@pytest.fixture
async def url(fake: FakeAdyen) -> AsyncIterator[str]:
    async with serving(fake.app) as address:
        yield address


@pytest.fixture
async def subject(
    fake: FakeAdyen, url: str, database: Database, sandbox: UUID
) -> AsyncIterator[Subject]:
    def lose() -> None:
        fake.lose = 1

    async def signed(key: str) -> tuple[dict[str, str], bytes]:
        amount = {"currency": "EUR", "value": 1}
        return fake.notify("AUTHORISATION", "PSP1", f"{key}/pay_1", amount)

    async with (
        _opened(database, sandbox, url) as provider,
        _opened(database, sandbox, "http://127.0.0.1:9") as nowhere,
    ):

        async def settle() -> None:
            """Everything that was told, the last first, and twice."""
            told, fake.told = fake.told, []
            for headers, body in [*reversed(told), *told]:
                await provider.parse_webhook(headers, body)

        yield Subject(
            provider=provider,
            marketplace_id=sandbox,
            good=Method("card", "shopper/visa"),
            declines={
                "shopper/refused_12": False,
                "shopper/refused_6": True,
                "shopper/nobody_knows": False,
            },
            action="shopper/redirect",
            destination="BA1234",
            bad_destination="BACLOSED",
            signed=signed,
            secrets=(API_KEY, HMAC_KEY, TRANSFERS_HMAC_KEY, "report_password"),
            currencies=("EUR", "JPY", "CLP", "ISK", "KWD"),
            lose_answer=lose,
            settle=settle,
            unreachable=nowhere,
        )


class TestAdyen(Conformance):
    """On the fake."""


def _instruction(subject: Subject, operation: Any, reference: str, **more: Any) -> Any:
    return subject.instruction(operation, subject.amount, reference=reference, **more)


async def test_who_pays_later_is_told_how(subject: Subject) -> None:
    amount = Money.of(5_000, "BRL")
    asked = subject.instruction("authorize", amount, method=Method("boleto", "boleto"))
    answer = await subject.do(asked)
    assert isinstance(answer, AwaitingPayment)
    assert answer.instructions["reference"] == "0339.1"


async def test_a_buyer_comes_back_from_authenticating(subject: Subject, fake: FakeAdyen) -> None:
    asked = subject.instruction(
        "authorize", subject.amount, method=Method("card", "shopper/redirect")
    )
    sent = await subject.do(asked)
    assert isinstance(sent, RequiresAction)
    assert sent.url.startswith("https://adyen.example/")
    back = replace(_instruction(subject, "authenticate", sent.reference), payment=asked.payment)
    assert isinstance(await subject.do(back), Pending), "nothing was brought so far"
    provider = subject.provider
    assert isinstance(provider, Adyen)
    other = replace(asked, payment="pay_other", key=subject.instruction("void", asked.amount).key)
    assert isinstance(await subject.do(other), RequiresAction)
    await provider.take_back(asked.payment, {"redirectResult": fake.result_of("pay_other")})
    await provider.take_back(asked.payment, {"redirectResult": "forged"})
    assert isinstance(await subject.do(back), Pending), "only the result of this payment counts"
    await provider.take_back(asked.payment, {"redirectResult": fake.result_of(asked.payment)})
    done = await subject.do(back)
    assert isinstance(done, Succeeded), done
    assert done.reference == sent.reference
    await subject.settle()
    assert isinstance(await subject.find(back), Succeeded)


async def test_a_refund_that_had_succeeded_may_still_fail(
    subject: Subject, fake: FakeAdyen
) -> None:
    captured = await subject.captured(subject.amount)
    refund = subject.follow_up(captured, "refund")
    first = await subject.done(refund)
    assert isinstance(first, Succeeded)
    amount = {"currency": "EUR", "value": 12_300}
    fake.notify("REFUND_FAILED", first.reference, refund.key, amount, reason="Card closed")
    await subject.settle()
    found = await subject.find(refund)
    assert isinstance(found, Declined)
    assert found.code == "refund_failed"


@pytest.mark.parametrize(
    ("events", "state", "stage"),
    [
        (["REQUEST_FOR_INFORMATION"], "open", "inquiry"),
        (["CHARGEBACK", "NOTIFICATION_OF_CHARGEBACK"], "open", "chargeback"),
        (["CHARGEBACK_REVERSED", "CHARGEBACK"], "won", "chargeback"),
        (["SECOND_CHARGEBACK", "CHARGEBACK_REVERSED", "CHARGEBACK"], "lost", "pre_arbitration"),
        (["PREARBITRATION_WON", "CHARGEBACK"], "won", "pre_arbitration"),
        (["INFORMATION_SUPPLIED", "REQUEST_FOR_INFORMATION"], "under_review", "inquiry"),
        (["INFORMATION_SUPPLIED", "NOTIFICATION_OF_CHARGEBACK"], "under_review", "chargeback"),
        (["ISSUER_RESPONSE_TIMEFRAME_EXPIRED", "CHARGEBACK"], "won", "chargeback"),
        (["PREARBITRATION_OPEN", "CHARGEBACK_REVERSED"], "open", "pre_arbitration"),
    ],
)
async def test_disputes_stand_where_they_stand_whatever_came_first(
    subject: Subject, fake: FakeAdyen, events: list[str], state: str, stage: str
) -> None:
    assert await subject.provider.find_dispute(subject.marketplace_id, "DSP") is None
    for event in events:
        headers, body = fake.notify(
            event, "DSP", "att_1/pay_7", {"currency": "EUR", "value": 900}, reason="Not received",
            defensePeriodEndsAt="2018-03-20T00:00:00+01:00", chargebackReasonCode="13.1",
        )  # fmt: skip
        webhook = await subject.provider.parse_webhook(headers, body)
        assert webhook.dispute == "DSP"
    report = await subject.provider.find_dispute(subject.marketplace_id, "DSP")
    assert report is not None
    assert (report.payment, report.state, report.stage) == ("pay_7", state, stage)
    assert (report.amount.minor, report.reason_code) == (900, "13.1")
    assert report.respond_by is not None


@pytest.mark.parametrize(
    ("told", "state", "stage"),
    [
        (
            "NOTIFICATION_OF_CHARGEBACK INFORMATION_SUPPLIED CHARGEBACK",
            "under_review",
            "chargeback",
        ),
        ("REQUEST_FOR_INFORMATION INFORMATION_SUPPLIED CHARGEBACK", "open", "chargeback"),
        ("CHARGEBACK PREARBITRATION_OPEN INFORMATION_SUPPLIED", "under_review", "pre_arbitration"),
        ("CHARGEBACK INFORMATION_SUPPLIED=Lost", "lost", "chargeback"),
        ("REQUEST_FOR_INFORMATION=Expired", "open", "inquiry"),
    ],
)
def test_what_is_told_of_a_dispute_one_after_the_other(told: str, state: str, stage: str) -> None:
    notices = list[Notice]()
    for place, text in enumerate(told.split()):
        event, _, status = text.partition("=")
        details = {"at": f"2018-03-0{place + 1}T00:00:00+01:00", "payment": "pay_7"}
        notice = Notice(
            notice_id=text, key="", reference="DSP", event=event, is_success=True, amount_minor=900,
            currency="EUR", reason="Not received",
            details=details | ({"disputeStatus": status} if status else {}),
        )  # fmt: skip
        notices.append(notice)
    report = reading.dispute_report(notices[::-1])
    assert report is not None
    assert (report.state, report.stage) == (state, stage)


async def test_evidence_is_handed_in_as_a_pdf(subject: Subject, fake: FakeAdyen) -> None:
    provider = subject.provider
    assert isinstance(provider, Adyen)
    evidence = {"delivered_at": "2018-03-02 (left (at) the door) \\ ü ✓", "carrier": "Correios"}
    contested = await provider.contest(_instruction(subject, "contest", "DSP", evidence=evidence))
    assert isinstance(contested, Succeeded), contested
    [paper] = fake.documents
    pdf = base64.b64decode(paper["content"])
    assert (pdf[:5], pdf[-6:]) == (b"%PDF-", b"%%EOF\n")
    assert b"(2018-03-02 \\(left \\(at\\) the door\\) \\\\ \xfc ?)" in pdf
    accepted = await provider.accept(_instruction(subject, "accept", "DSP"))
    assert isinstance(accepted, Succeeded)


async def test_reports_that_were_announced_are_fetched(subject: Subject, fake: FakeAdyen) -> None:
    provider = subject.provider
    assert isinstance(provider, Adyen)
    day = START.date()
    assert await provider.settlement_report(subject.marketplace_id, day) is None
    for number in (1, 2):
        name = f"settlement_detail_report_batch_{number}.csv"
        fake.reports[name] = f"Company Account,Psp Reference\nBanyan,P{number}\n".encode()
        fake.notify("REPORT_AVAILABLE", name, "", None, reason="https://elsewhere.example/report")
    fake.notify("REPORT_AVAILABLE", "settlement_detail_report/../../secrets", "", None)
    await subject.settle()
    report = await provider.settlement_report(subject.marketplace_id, day)
    assert report == b"Company Account,Psp Reference\nBanyan,P1\nBanyan,P2"


async def test_a_seller_pays_back(subject: Subject, fake: FakeAdyen) -> None:
    provider = subject.provider
    assert isinstance(provider, Adyen)
    debit = subject.instruction("debit", subject.amount, destination="BA1234")
    answer = await provider.debit(debit)
    assert isinstance(answer, Pending)
    assert fake.asked[-1]["balanceAccountId"] == "BA1234"
    assert isinstance(await provider.find(debit), Succeeded), "it is in the list"


async def test_webhooks_of_other_accounts_are_refused(
    subject: Subject, fake: FakeAdyen, database: Database, url: str
) -> None:
    headers, body = await subject.signed("att_1")
    for wrong in (
        body.replace(b'"live": "false"', b'"live": "true"'),
        body.replace(MERCHANT.encode(), b"SomebodyElse"),
        body.replace(b'"success": "true"', b'"success": "false"'),
    ):
        with pytest.raises(WebhookRefused):
            await subject.provider.parse_webhook(headers, wrong)
    keyless = AdyenSecrets(API_KEY)
    async with _opened(database, subject.marketplace_id, url, keyless) as provider:
        with pytest.raises(WebhookRefused):
            await provider.parse_webhook(headers, body)
        checks = {check.name: check.works for check in await provider.check()}
    assert checks == {
        "payments": True,
        "payouts": True,
        "webhooks": False,
        "transfer_webhooks": False,
        "reports": False,
    }


async def test_a_wrong_key_has_done_nothing(subject: Subject, database: Database, url: str) -> None:
    wrong = AdyenSecrets("AQE_a_wrong_key")
    asked = subject.instruction("authorize", subject.amount, method=subject.good)
    async with _opened(database, subject.marketplace_id, url, wrong) as provider:
        assert isinstance(await provider.authorize(asked), Unavailable)
        checks = {check.name: check for check in await provider.check()}
    assert not checks["payments"].works
    assert "401" in checks["payments"].detail


async def test_a_server_that_fails_leaves_it_open(subject: Subject, fake: FakeAdyen) -> None:
    fake.lose = 1
    payout = subject.instruction("payout", subject.amount, destination="BA1234")
    assert isinstance(await subject.do(payout), Unknown)
    assert isinstance(await subject.find(payout), Succeeded), "it is in the list"
