"""What every context runs on: settings, the database, events, durable jobs, HTTP, telemetry."""

from banyan.runtime.backlogs import (
    Backlog,
    JobCounts,
    backlog,
    count_due_jobs,
    job_counts,
    retry_job,
)
from banyan.runtime.database import Database, DatabaseUnavailable, Queries, Transaction
from banyan.runtime.events import Cause, Event, Json, StoredEvent
from banyan.runtime.jobs import Answered, BatchJob, Job, JobDraft, JobHandler, OutsideJob
from banyan.runtime.schema import (
    SchemaChange,
    SchemaConflict,
    SchemaInUse,
    apply_schema,
    check_schema,
)
from banyan.runtime.settings import InvalidSetting, Settings, describe
from banyan.runtime.stream import (
    StreamPosition,
    events_after,
    events_of,
    latest_events,
    stream_end,
)
from banyan.runtime.tenancy import (
    MARKETPLACE,
    ClockNotMovable,
    Marketplace,
    MarketplaceNotFound,
    advance_clock,
    create_marketplace,
    list_marketplaces,
    marketplaces_in_use,
)
from banyan.runtime.vault import SecretUnreadable, Vault
from banyan.runtime.worker import Worker

__all__ = [
    "MARKETPLACE",
    "Answered",
    "Backlog",
    "BatchJob",
    "Cause",
    "ClockNotMovable",
    "Database",
    "DatabaseUnavailable",
    "Event",
    "InvalidSetting",
    "Job",
    "JobCounts",
    "JobDraft",
    "JobHandler",
    "Json",
    "Marketplace",
    "MarketplaceNotFound",
    "OutsideJob",
    "Queries",
    "SchemaChange",
    "SchemaConflict",
    "SchemaInUse",
    "SecretUnreadable",
    "Settings",
    "StoredEvent",
    "StreamPosition",
    "Transaction",
    "Vault",
    "Worker",
    "advance_clock",
    "apply_schema",
    "backlog",
    "check_schema",
    "count_due_jobs",
    "create_marketplace",
    "describe",
    "events_after",
    "events_of",
    "job_counts",
    "latest_events",
    "list_marketplaces",
    "marketplaces_in_use",
    "retry_job",
    "stream_end",
]
