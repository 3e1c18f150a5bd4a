"""The operations, and their handlers."""

from banyan.comparison.api.shapes import (
    DecideDivergence,
    DivergenceReportView,
    DivergenceView,
    ListDivergences,
    ReportDivergences,
)
from banyan.comparison.api.views import divergence_view, report_of, shown_view
from banyan.comparison.errors import DecisionIncomplete, DivergenceNotFound
from banyan.comparison.model import DIVERGENCE, PLAN
from banyan.comparison.service import deciding, reading, reporting
from banyan.runtime import Settings, Vault
from banyan.runtime.http import Call, List, Operation


def operations(settings: Settings | None = None) -> list[Operation]:
    return [*_divergences(), _report(Vault(settings or Settings()))]


def _divergences() -> list[Operation]:
    return [
        Operation(
            id="listDivergences",
            method="GET",
            path="/v1/divergences",
            summary="List what candidate and legacy differ in, by cause, the newest first",
            handler=list_divergences,
            scope="divergences:read",
            query=ListDivergences,
            returns=List[DivergenceView],
        ),
        Operation(
            id="getDivergence",
            method="GET",
            path="/v1/divergences/{divergence_id}",
            ids={"divergence_id": DIVERGENCE},
            summary="Fetch a divergence with examples, decisions, and whether it is more than noise",
            handler=get_divergence,
            scope="divergences:read",
            returns=DivergenceView,
            errors=(DivergenceNotFound,),
        ),
        Operation(
            id="decideDivergence",
            method="POST",
            path="/v1/divergences/{divergence_id}/decide",
            ids={"divergence_id": DIVERGENCE},
            summary="Explain, accept or fix a divergence, or take that back",
            description=(
                "What is accepted stops counting, also backwards. What is said to be fixed opens "
                "again when it is seen after that. Every decision is kept, with who and why."
            ),
            handler=decide_divergence,
            scope="divergences:write",
            body=DecideDivergence,
            returns=DivergenceView,
            errors=(DivergenceNotFound, DecisionIncomplete),
            example={
                "choice": "fix",
                "why": "The new catalogue sends prices as texts.",
                "owner": "catalogue",
            },
        ),
    ]


def _report(vault: Vault) -> Operation:
    async def report_divergences(call: Call, body: ReportDivergences) -> DivergenceReportView:
        plan_id = None if body.plan is None else PLAN.parse(body.plan, pointer="/plan")
        plan_id, recorded = await reporting.report(
            call.tx, vault, plan_id, body.experiment, report_of(body), equal=body.equal
        )
        return DivergenceReportView(
            livemode=call.key.livemode,
            plan=PLAN.text(plan_id),
            compared=recorded.compared,
            diverged=recorded.diverged,
            repeated=recorded.repeated,
        )

    return Operation(
        id="reportDivergences",
        method="POST",
        path="/v1/divergence_reports",
        summary="Report what an experiment within an application saw",
        description=(
            "`banyan.experiment` sends these. Differences join those that the gateway finds, under "
            "the experiment's name as their route. What is personal is masked again before it is "
            "stored."
        ),
        handler=report_divergences,
        scope="divergences:write",
        body=ReportDivergences,
        returns=DivergenceReportView,
        status=201,
        example={
            "experiment": "basket_total",
            "equal": 41,
            "observations": [
                {
                    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
                    "at": "2018-03-01T12:00:00Z",
                    "differences": [
                        {
                            "path": "$.total",
                            "pattern": "$.total",
                            "kind": "changed",
                            "legacy": "19.99",
                            "candidate": "20.00",
                        }
                    ],
                    "control_us": 840,
                    "candidate_us": 410,
                }
            ],
        },
    )


async def list_divergences(call: Call[ListDivergences]) -> List[DivergenceView]:
    query = call.query
    page = await reading.list_divergences(
        call.tx,
        plan_id=None if query.plan is None else PLAN.parse(query.plan, parameter="plan"),
        route=query.route,
        states=None if query.state is None else [query.state],
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[DivergenceView].of(
        page, lambda one: divergence_view(one, livemode=call.key.livemode)
    )


async def get_divergence(call: Call) -> DivergenceView:
    shown = await reading.get_divergence(call.tx, call.path["divergence_id"])
    return shown_view(shown, livemode=call.key.livemode)


async def decide_divergence(call: Call, body: DecideDivergence) -> DivergenceView:
    divergence_id = call.path["divergence_id"]
    await deciding.decide(
        call.tx,
        divergence_id,
        body.choice,
        why=body.why,
        by=call.tx.cause.actor or call.tx.cause.id,
        owner=body.owner,
        fixed_in=body.fixed_in,
    )
    shown = await reading.get_divergence(call.tx, divergence_id)
    return shown_view(shown, livemode=call.key.livemode)
