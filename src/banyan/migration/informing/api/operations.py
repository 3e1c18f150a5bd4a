"""The operations, and their handlers."""

from dataclasses import asdict, dataclass
from typing import Literal, cast, get_args

import msgspec

from banyan.migration.errors import PlanNotFound, RouteNotFound
from banyan.migration.informing.api.shapes import (
    AttemptView,
    BoxView,
    CreateStatusLink,
    DeliveryView,
    ListNotices,
    MigrationStatusView,
    NoticeView,
    ReadStatus,
    RevealSecret,
    RunbookView,
    StatusLinkView,
    TeamSecretView,
    TickItem,
)
from banyan.migration.informing.errors import (
    ItemNotFound,
    LinkNotFound,
    NoticeNotFound,
    TeamNotFound,
)
from banyan.migration.informing.model import (
    LINK,
    NOTICE,
    Document,
    DocumentName,
    StatusLink,
    StatusPage,
)
from banyan.migration.informing.service import documents, links, notices, reading, secrets
from banyan.migration.informing.service.notices import NoticeTold
from banyan.runtime import SecretUnreadable, Settings, Vault
from banyan.runtime.http import Call, List, Operation

_AT = "/v1/migration_status/{plan}"


def operations(settings: Settings) -> list[Operation]:
    handlers = _Handlers(Vault(settings), settings.url)
    return [*_pages(handlers), *_notices(handlers), *_documents()]


def _pages(handlers: "_Handlers") -> list[Operation]:
    return [
        Operation(
            id="getMigrationStatus",
            method="GET",
            path=_AT,
            summary="Fetch where a migration stands, as its status page shows it",
            handler=get_status,
            scope="migration_status:read",
            query=ReadStatus,
            returns=MigrationStatusView,
            errors=(PlanNotFound, TeamNotFound),
        ),
        Operation(
            id="createStatusLink",
            method="POST",
            path=f"{_AT}/links",
            summary="Make a link to the status page, for readers without an account",
            handler=handlers.create_link,
            scope="migration_status:write",
            body=CreateStatusLink,
            returns=StatusLinkView,
            status=201,
            errors=(PlanNotFound, TeamNotFound),
            example={"title": "Everybody in the company"},
        ),
        Operation(
            id="listStatusLinks",
            method="GET",
            path=f"{_AT}/links",
            summary="List the links of a plan, the newest first, revoked ones too",
            handler=handlers.list_links,
            scope="migration_status:read",
            returns=List[StatusLinkView],
            errors=(PlanNotFound,),
        ),
        Operation(
            id="revokeStatusLink",
            method="POST",
            path=f"{_AT}/links/{{link_id}}/revoke",
            ids={"link_id": LINK},
            summary="Revoke a link: nobody reads by it any more",
            handler=handlers.revoke_link,
            scope="migration_status:write",
            returns=StatusLinkView,
            errors=(PlanNotFound, LinkNotFound),
        ),
    ]


def _notices(handlers: "_Handlers") -> list[Operation]:
    return [
        Operation(
            id="listMigrationNotices",
            method="GET",
            path=f"{_AT}/notices",
            summary="List what teams were told, the newest first, with each try to deliver it",
            handler=list_notices,
            scope="migration_status:read",
            query=ListNotices,
            returns=List[NoticeView],
            errors=(PlanNotFound,),
        ),
        Operation(
            id="sendMigrationNoticeAgain",
            method="POST",
            path=f"{_AT}/notices/{{notice_id}}/send_again",
            ids={"notice_id": NOTICE},
            summary="Try to deliver a notice once more, by each channel that has not",
            handler=send_again,
            scope="migration_status:write",
            returns=NoticeView,
            errors=(PlanNotFound, NoticeNotFound),
        ),
        Operation(
            id="revealWebhookSecret",
            method="POST",
            path=f"{_AT}/teams/{{team}}/secret",
            summary="Show what a team's webhooks are signed with, or make it a new one",
            handler=handlers.reveal_secret,
            scope="migration_status:write",
            body=RevealSecret,
            returns=TeamSecretView,
            errors=(PlanNotFound, TeamNotFound, SecretUnreadable),
            example={"rotate": False},
        ),
    ]


def _documents() -> list[Operation]:
    path = f"{_AT}/routes/{{route}}/documents/{{document}}"
    return [
        Operation(
            id="getMigrationDocument",
            method="GET",
            path=path,
            summary="Fetch the boxes of a route's `runbook` or `rollback`",
            handler=get_document,
            scope="migration_status:read",
            returns=RunbookView,
            errors=(PlanNotFound, RouteNotFound),
        ),
        Operation(
            id="tickMigrationItem",
            method="POST",
            path=f"{path}/ticks",
            summary="Tick a box of a `runbook` or `rollback`, or empty it again",
            handler=tick_item,
            scope="migration_status:write",
            body=TickItem,
            returns=RunbookView,
            errors=(PlanNotFound, RouteNotFound, ItemNotFound),
            example={"item": 0, "text": "Tell the support desk", "is_done": True},
        ),
    ]


async def get_status(call: Call[ReadStatus]) -> MigrationStatusView:
    page = await reading.read_status(call.tx, call.text["plan"], call.query.team)
    return status_view(page)


def status_view(page: StatusPage) -> MigrationStatusView:
    """The page for programs."""
    shown = asdict(page)
    for route in shown["routes"]:
        route["route"] = route.pop("name")
    return msgspec.convert(
        {**shown, "team": page.team or None, "object": "migration_status"}, MigrationStatusView
    )


@dataclass(frozen=True, slots=True)
class _Handlers:
    """The handlers that need more than the call."""

    vault: Vault
    url: str

    async def create_link(self, call: Call, body: CreateStatusLink) -> StatusLinkView:
        link, token = await links.create_link(
            call.tx, call.text["plan"], team=body.team, title=body.title, by=_who(call)
        )
        return _link(call, link, f"{self.url}/status/{token}")

    async def list_links(self, call: Call) -> List[StatusLinkView]:
        found = await links.list_links(call.tx, call.text["plan"])
        return List[StatusLinkView].whole([_link(call, link) for link in found])

    async def revoke_link(self, call: Call) -> StatusLinkView:
        revoked = await links.revoke_link(
            call.tx, call.text["plan"], call.path["link_id"], by=_who(call)
        )
        return _link(call, revoked)

    async def reveal_secret(self, call: Call, body: RevealSecret) -> TeamSecretView:
        team = call.text["team"]
        secret = await secrets.reveal_secret(
            call.tx, self.vault, call.text["plan"], team, rotate=body.rotate, by=_who(call)
        )
        return TeamSecretView(team=team, secret=secret)


async def list_notices(call: Call[ListNotices]) -> List[NoticeView]:
    query = call.query
    page = await notices.list_notices(
        call.tx,
        call.text["plan"],
        team=query.team,
        route=query.route,
        limit=query.limit,
        cursor=query.cursor,
    )
    return List(
        data=[_notice(call, told) for told in page.data],
        has_more=page.has_more,
        next_cursor=page.next_cursor,
    )


async def send_again(call: Call) -> NoticeView:
    told = await notices.send_again(call.tx, call.text["plan"], call.path["notice_id"])
    return _notice(call, told)


async def get_document(call: Call) -> RunbookView:
    name = _document_name(call)
    shown = await documents.read_document(call.tx, call.text["plan"], call.text["route"], name)
    return _runbook(call, shown)


async def tick_item(call: Call, body: TickItem) -> RunbookView:
    shown = await documents.tick_item(
        call.tx,
        call.text["plan"],
        call.text["route"],
        _document_name(call),
        body.item,
        text=body.text,
        is_done=body.is_done,
        by=_who(call),
    )
    return _runbook(call, shown)


def _document_name(call: Call) -> DocumentName:
    given = call.text["document"]
    if given not in get_args(DocumentName):
        raise RouteNotFound("A route has two documents: `runbook` and `rollback`.")
    return cast("Literal['runbook', 'rollback']", given)


def _who(call: Call) -> str:
    return call.key.name or "API key"


def _link(call: Call, link: StatusLink, url: str | None = None) -> StatusLinkView:
    return StatusLinkView(
        id=LINK.text(link.link_id),
        livemode=call.key.livemode,
        team=link.team or None,
        title=link.title,
        url=url,
        created_by=link.created_by,
        created_at=link.created_at,
        revoked_at=link.revoked_at,
    )


def _notice(call: Call, told: NoticeTold) -> NoticeView:
    notice = told.notice
    return NoticeView(
        id=NOTICE.text(notice.notice_id),
        livemode=call.key.livemode,
        team=notice.team,
        kind=notice.kind,
        route=notice.route or None,
        title=notice.title,
        lines=notice.lines,
        facts=notice.facts,
        written_at=notice.written_at,
        deliveries=[
            DeliveryView(
                channel=one.channel,
                address=one.address,
                state=one.state,
                attempts=[
                    AttemptView(
                        attempt=attempt.attempt,
                        is_delivered=attempt.is_delivered,
                        answer=attempt.answer,
                        took_ms=attempt.took_ms,
                        tried_at=attempt.tried_at,
                    )
                    for attempt in told.attempts
                    if attempt.channel == one.channel
                ],
                why=one.why,
                due_at=one.due_at,
                delivered_at=one.delivered_at,
            )
            for one in told.deliveries
        ],
    )


def _runbook(call: Call, shown: Document) -> RunbookView:
    return RunbookView(
        route=call.text["route"],
        document=shown.name,
        items=[
            BoxView(
                item=item.number,
                text=item.text,
                is_done=item.tick is not None,
                by=item.tick.by if item.tick else None,
                at=item.tick.checked_at if item.tick else None,
            )
            for item in shown.items
        ],
    )
