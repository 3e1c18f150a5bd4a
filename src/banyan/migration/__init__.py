"""Migration: a legacy platform taken over route by route, table by table, by a plan.

    read_plan(source) -> ReadPlan                        the plan, or every fault of the file
    compare_plan(tx, source) -> PlanDiff                 what applying it would change
    apply_plan(tx, source, by=…, why=…) -> AppliedPlan
    status_of(tx, plan_id) -> PlanStatus                 where every route stands, and what comes next
    advance, roll_back, hold, release, approve           (tx, plan_id, route, by=…, why=…)
    history(tx, plan_id, route=…, limit=…) -> Page[Change]
    report_of(tx, plan_id) -> Report                     before and after; report_page(report) shows it

Every step is a row of ``migration.changes`` and an event of the plan (``mpl_…``); the process
``banyan gateway`` (``control``) follows these rows and has the judge move routes by itself.

``migration.rehearsal``, ``migration.measuring`` and ``migration.informing`` are entered by themselves:
commands that need none of them start faster.
"""

from banyan.migration.control import (
    Comparer,
    Control,
    ControlFolder,
    Gates,
    LocalRollback,
    Remembered,
    folder_of,
    follow_here,
    remembered_in,
    roll_back_here,
    stop_here,
)
from banyan.migration.errors import (
    DataPlaneLed,
    EvidenceInvalid,
    InvalidPlan,
    NoWayBack,
    PlanMoved,
    PlanNotFound,
    PlanUnsafe,
    RehearsalImpossible,
    RouteMoved,
    RouteNotFound,
    RouteNotReady,
)
from banyan.migration.model.bounds import Bounds
from banyan.migration.model.evidence import ArmWindow, Window
from banyan.migration.model.plan import Criteria, Phase, Plan, RoutePlan, Team
from banyan.migration.model.rehearsal import PHASES as REHEARSED_PHASES
from banyan.migration.model.rehearsal import (
    Cell,
    Evidence,
    RehearsedRoute,
    RouteResult,
    SigningKey,
    StoredRehearsal,
)
from banyan.migration.model.rehearsal import Fault as RehearsalFault
from banyan.migration.model.report import (
    Capacity,
    Comparison,
    Costs,
    Estimate,
    Figures,
    LoadPoint,
    LoadRun,
    Measurement,
    Report,
    RouteReport,
)
from banyan.migration.model.standing import (
    PLAN,
    AppliedPlan,
    Change,
    ControllerBeat,
    MilestoneStanding,
    Minute,
    PlanChange,
    PlanDiff,
    PlanFault,
    PlanStatus,
    PlanVersion,
    Position,
    RouteStanding,
    RouteStatus,
    StoredPlan,
    StoredVerdict,
)
from banyan.migration.rules.criteria import bounds_of
from banyan.migration.rules.phases import (
    describe,
    freeze_of,
    milestones_of,
    next_position,
    path_of,
)
from banyan.migration.rules.plans import ReadPlan, check_plan, plan_schema, read_plan
from banyan.migration.rules.report import report_page
from banyan.migration.rules.specs import spec_of
from banyan.migration.service.plans import apply_plan, compare_plan
from banyan.migration.service.reading import (
    find_change,
    find_plan,
    get_plan,
    history,
    list_plans,
    minutes_of,
    route_status_of,
    status_of,
    unreturned,
    versions_of,
)
from banyan.migration.service.rehearsals import (
    find_evidence,
    list_rehearsals,
    record_rehearsal,
    rehearsal_missing,
    rehearsal_standing,
    sign_evidence,
    signing_key,
    verify_evidence,
)
from banyan.migration.service.reports import report_of, save_measurement
from banyan.migration.service.steps import (
    advance,
    announce,
    approve,
    hold,
    next_phase,
    release,
    roll_back,
)

__all__ = [
    "PLAN",
    "REHEARSED_PHASES",
    "AppliedPlan",
    "ArmWindow",
    "Bounds",
    "Capacity",
    "Cell",
    "Change",
    "Comparer",
    "Comparison",
    "Control",
    "ControlFolder",
    "ControllerBeat",
    "Costs",
    "Criteria",
    "DataPlaneLed",
    "Estimate",
    "Evidence",
    "EvidenceInvalid",
    "Figures",
    "Gates",
    "InvalidPlan",
    "LoadPoint",
    "LoadRun",
    "LocalRollback",
    "Measurement",
    "MilestoneStanding",
    "Minute",
    "NoWayBack",
    "Phase",
    "Plan",
    "PlanChange",
    "PlanDiff",
    "PlanFault",
    "PlanMoved",
    "PlanNotFound",
    "PlanStatus",
    "PlanUnsafe",
    "PlanVersion",
    "Position",
    "ReadPlan",
    "RehearsalFault",
    "RehearsalImpossible",
    "RehearsedRoute",
    "Remembered",
    "Report",
    "RouteMoved",
    "RouteNotFound",
    "RouteNotReady",
    "RoutePlan",
    "RouteReport",
    "RouteResult",
    "RouteStanding",
    "RouteStatus",
    "SigningKey",
    "StoredPlan",
    "StoredRehearsal",
    "StoredVerdict",
    "Team",
    "Window",
    "advance",
    "announce",
    "apply_plan",
    "approve",
    "bounds_of",
    "check_plan",
    "compare_plan",
    "describe",
    "find_change",
    "find_evidence",
    "find_plan",
    "folder_of",
    "follow_here",
    "freeze_of",
    "get_plan",
    "history",
    "hold",
    "list_plans",
    "list_rehearsals",
    "milestones_of",
    "minutes_of",
    "next_phase",
    "next_position",
    "path_of",
    "plan_schema",
    "read_plan",
    "record_rehearsal",
    "rehearsal_missing",
    "rehearsal_standing",
    "release",
    "remembered_in",
    "report_of",
    "report_page",
    "roll_back",
    "roll_back_here",
    "route_status_of",
    "save_measurement",
    "sign_evidence",
    "signing_key",
    "spec_of",
    "status_of",
    "stop_here",
    "unreturned",
    "verify_evidence",
    "versions_of",
]
