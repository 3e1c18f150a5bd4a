"""What teams are told, by which ways, and what becomes of it."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from banyan.kernel import FixedClock
from banyan.migration import PLAN, advance, announce, hold, informing, release, roll_back
from banyan.migration.informing import NoticeTold
from banyan.operations import list_cases, resolve_case
from banyan.runtime import Database, Settings, Vault
from tests.migration.informing.samples import applied, handlers, mailbox, receiving, worker_of

LOOPBACK = "127.0.0.0/8"


async def _told(
    database: Database, marketplace_id: UUID, *, team: str | None = None, route: str | None = None
) -> list[NoticeTold]:
    async with database.transaction(marketplace_id) as tx:
        page = await informing.list_notices(tx, "shop", team=team, route=route, limit=100)
    return page.data


async def _step(database: Database, marketplace_id: UUID, plan_id: UUID, route: str) -> None:
    async with database.transaction(marketplace_id) as tx:
        await advance(tx, plan_id, route, by="ana", why="It looks good.", is_forced=True)


async def test_owner_and_dependents_are_told_of_each_step_once(
    database: Database, live: UUID, tmp_path: Path
) -> None:
    worker = worker_of(database, handlers(tmp_path))
    plan_id = await applied(database, live)
    await _step(database, live, plan_id, "product")
    await worker.run_due()
    told = await _told(database, live, route="product")
    assert sorted(one.notice.team for one in told) == ["search", "web"]
    assert {one.notice.title for one in told} == {"Product pages is now in shadow"}
    assert "Why: It looks good. By ana." in told[0].notice.lines
    everybody = await _told(database, live)
    assert sorted(one.notice.team for one in everybody if not one.notice.route) == [
        "pay", "search", "web",
    ]  # fmt: skip
    async with database.transaction(live) as tx:
        again = await informing.tell_of_event(
            tx, "migration.route_advanced", PLAN.text(plan_id), 2, told[0].notice.facts
        )
    assert again == 0, "the same event tells nobody twice"


@pytest.mark.parametrize("what", ["announced", "held", "released", "rolled_back"])
async def test_every_turn_is_told(
    database: Database, live: UUID, tmp_path: Path, what: str
) -> None:
    worker = worker_of(database, handlers(tmp_path))
    plan_id = await applied(database, live)
    await _step(database, live, plan_id, "product")
    await worker.run_due()
    async with database.transaction(live) as tx:
        if what == "announced":
            await announce(tx, plan_id, "product", by="judge", expected_change=2)
        elif what == "rolled_back":
            await roll_back(tx, plan_id, "product", by="judge", why="3 of 40 failed")
        else:
            await hold(tx, plan_id, "product", by="ben", why="Let us wait")
            if what == "released":
                await release(tx, plan_id, "product", by="ben", why="Now")
    await worker.run_due()
    expected = {
        "announced": "Product pages will go to canary (1 %) at the earliest at "
        "1 Mar 2018, 13:00 UTC",
        "held": "Product pages is on hold",
        "released": "Product pages goes on",
        "rolled_back": "Product pages went back to legacy",
    }[what]
    told = [one.notice.title for one in await _told(database, live, route="product")]
    assert told.count(expected) == 2, "the owner and who depends on it"


async def test_a_mail_is_sent_once_and_says_the_same_in_both_forms(
    database: Database, live: UUID, tmp_path: Path
) -> None:
    async with mailbox() as mails:
        jobs = handlers(tmp_path, smtp_url=mails.url, mail_from="b@example.com")
        worker = worker_of(database, jobs)
        await applied(database, live)
        await worker.run_due()
    [mail] = mails.got
    assert (mail["To"], mail["From"]) == ("web@example.com", "b@example.com")
    assert mail["Subject"] == "[Shop <of the future>] Shop <of the future> begins"
    [told] = await _told(database, live, team="web")
    assert informing.NOTICE.text(told.notice.notice_id) in mail["Message-ID"]
    plain, html = (part.get_content() for part in mail.iter_parts())
    assert "Version 1, 2 routes." in plain
    assert "Shop &lt;of the future&gt; begins" in html
    assert "<of" not in html
    assert [one.state for one in told.deliveries] == ["delivered"]


async def test_without_a_mail_server_nothing_is_lost(
    database: Database, live: UUID, tmp_path: Path, clock: FixedClock
) -> None:
    worker = worker_of(database, handlers(tmp_path))
    await applied(database, live)
    await worker.run_due()
    [told] = await _told(database, live, team="web")
    assert told.deliveries[0].state == "not_sent"
    assert "no mail server is set" in told.deliveries[0].why
    assert told.attempts == ()
    async with mailbox() as mails:
        later = worker_of(database, handlers(tmp_path, smtp_url=mails.url))
        clock.advance(timedelta(days=1))  # the plan's dates are looked at in the morning
        await later.run_due()
    assert "[Shop <of the future>] Shop <of the future> begins" in [
        mail["Subject"] for mail in mails.got
    ]


async def test_a_webhook_is_signed_as_the_standard_says(
    database: Database, live: UUID, tmp_path: Path
) -> None:
    async with receiving() as receiver:
        worker = worker_of(database, handlers(tmp_path, private_networks=LOOPBACK))
        await applied(database, live, webhook=receiver.url)
        await worker.run_due()
    [got] = receiver.got
    async with database.transaction(live) as tx:
        secret = await informing.reveal_secret(
            tx, Vault(Settings(state_folder=tmp_path)), "shop", "search", by="ana"
        )
    content = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = hmac.new(key, content + got.body, hashlib.sha256).digest()
    assert got.headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
    body = json.loads(got.body)
    assert body["type"] == "migration.plan_applied"
    assert body["data"]["team"] == "search"
    assert body["data"]["notice"] == got.headers["webhook-id"]
    [told] = await _told(database, live, team="search")
    assert told.deliveries[0].state == "delivered"


async def test_after_a_change_both_secrets_sign_for_a_day(
    database: Database, live: UUID, tmp_path: Path, clock: FixedClock
) -> None:
    vault = Vault(Settings(state_folder=tmp_path))
    async with receiving() as receiver:
        worker = worker_of(database, handlers(tmp_path, private_networks=LOOPBACK))
        plan_id = await applied(database, live, webhook=receiver.url)
        async with database.transaction(live) as tx:
            old = await informing.reveal_secret(tx, vault, "shop", "search", by="ana")
            new = await informing.reveal_secret(tx, vault, "shop", "search", rotate=True, by="ana")
        await worker.run_due()
        clock.advance(timedelta(days=1))
        await _step(database, live, plan_id, "product")
        await worker.run_due()
    assert old != new
    counts = [got.headers["webhook-signature"].count("v1,") for got in receiver.got]
    assert counts[0] == 2
    assert counts[-1] == 1


async def test_a_receiver_that_fails_is_tried_again_with_the_same_id_and_body(
    database: Database, live: UUID, tmp_path: Path, clock: FixedClock
) -> None:
    async with receiving(500, 302, 200) as receiver:
        worker = worker_of(database, handlers(tmp_path, private_networks=LOOPBACK))
        await applied(database, live, webhook=receiver.url)
        await worker.run_due()
        assert len(receiver.got) == 1, "the next try waits"
        for wait in (5, 30):
            clock.advance(timedelta(seconds=wait))
            await worker.run_due()
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1
    [told] = await _told(database, live, team="search")
    assert [(one.attempt, one.is_delivered) for one in told.attempts] == [
        (1, False), (2, False), (3, True),
    ]  # fmt: skip
    assert told.attempts[0].answer.startswith("500")
    assert told.deliveries[0].state == "delivered"


async def test_who_is_gone_is_given_up_and_a_person_may_send_again(
    database: Database, live: UUID, tmp_path: Path
) -> None:
    async with receiving(410, 204) as receiver:
        worker = worker_of(database, handlers(tmp_path, private_networks=LOOPBACK))
        await applied(database, live, webhook=receiver.url)
        await worker.run_due()
        async with database.transaction(live) as tx:
            cases = (await list_cases(tx, queue="migration", limit=10)).data
        [case] = [one for one in cases if one.kind == "migration.notice_undelivered"]
        assert case.title.startswith("Search & find could not be told by webhook")
        async with database.transaction(live) as tx:
            await resolve_case(tx, case.case_id, "send_again", note="", actor="ana")
        await worker.run_due()
    [told] = await _told(database, live, team="search")
    assert told.deliveries[0].state == "delivered"
    assert told.deliveries[0].attempts == 2


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::ffff:127.0.0.1]:{port}/"],
)
async def test_a_webhook_never_goes_inside_unless_it_may(
    database: Database, live: UUID, tmp_path: Path, url: str
) -> None:
    async with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        worker = worker_of(database, handlers(tmp_path))
        await applied(database, live, webhook=url.format(port=port))
        await worker.run_due()
    assert receiver.got == []
    [told] = await _told(database, live, team="search")
    assert "BANYAN_PRIVATE_NETWORKS" in told.attempts[0].answer
    assert told.deliveries[0].state == "waiting"


async def test_a_late_milestone_is_told_once(
    database: Database, live: UUID, tmp_path: Path, clock: FixedClock
) -> None:
    worker = worker_of(database, handlers(tmp_path))
    await applied(database, live)
    await worker.run_due()
    for _ in range(30):
        clock.advance(timedelta(days=1))
        await worker.run_due()
    told = [one.notice for one in await _told(database, live, team="web")]
    late = [one for one in told if one.kind == "migration.milestone_late"]
    assert [one.title for one in late] == ["Shop <of the future>: Products <moved> is late"]
    assert late[0].written_at.date().isoformat() == "2018-03-21"
    assert not [
        one
        for one in await _told(database, live, team="pay")
        if one.notice.kind == "migration.milestone_late"
    ], "payments has no part in it"


async def test_a_summary_comes_every_monday(
    database: Database, live: UUID, tmp_path: Path, clock: FixedClock
) -> None:
    worker = worker_of(database, handlers(tmp_path))
    plan_id = await applied(database, live)
    await _step(database, live, plan_id, "product")
    async with database.transaction(live) as tx:
        await tx.execute(
            """
            insert into migration.minutes
              (marketplace_id, plan_id, route, side, phase, minute, requests, errors, fall_backs,
               buckets)
            values
              (%(marketplace_id)s, %(plan_id)s, 'product', 'served', 'shadow', %(now)s, 1200, 3, 7,
               '{}')
            """,
            plan_id=plan_id,
            now=tx.now,
        )
    for _ in range(13):  # 1 March 2018 is a Thursday
        await worker.run_due()
        clock.advance(timedelta(days=1))
    weekly = [
        one.notice
        for one in await _told(database, live, team="search")
        if one.notice.kind == "migration.weekly_summary"
    ]
    assert [one.written_at.date().isoformat() for one in weekly] == ["2018-03-12", "2018-03-05"]
    first = weekly[1].lines
    assert "1 Mar 2018, 12:00 UTC: Product pages is in phase shadow." in first
    assert "Customers: 1,200 requests, 3 failed." in first
    assert "Product pages: 1,200 requests, 3 failed, 7 answered by falling back." in first
    assert not any("Checkout" in line for line in first), "search has nothing to do with it"
    assert "What has changed: nothing this week." in weekly[0].lines


async def test_a_delivery_that_nobody_tries_any_more_can_be_sent_again(
    database: Database, live: UUID, tmp_path: Path, clock: FixedClock
) -> None:
    teller = worker_of(database, handlers(tmp_path)[:1])
    await applied(database, live)
    await teller.run_due()
    [told] = await _told(database, live, team="web")
    async with database.transaction(live) as tx:
        await tx.execute(
            """
            update runtime.jobs
            set is_failed = true
            where marketplace_id = %(marketplace_id)s and kind = 'migration.deliver_notice'
            """
        )
    async with mailbox() as mails:
        worker = worker_of(database, handlers(tmp_path, smtp_url=mails.url))
        for wait, sent in ((timedelta(minutes=5), 0), (timedelta(hours=1), 1)):
            clock.advance(wait)
            async with database.transaction(live) as tx:
                await informing.send_again(tx, "shop", told.notice.notice_id)
                await informing.send_again(tx, "shop", told.notice.notice_id)
            await worker.run_due()
            assert len(mails.got) == sent, "a try that may still come is left alone"
