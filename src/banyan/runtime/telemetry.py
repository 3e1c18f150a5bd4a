"""Logs and metrics.

A log line is one JSON object with the time, level, logger, message, and whatever ``extra`` gave,
such as ``request_id`` and ``subject``. Never log a body, a key or a token.

Every metric, with its name (a test keeps this list and the docs true):

- ``banyan_http_requests_total`` {operation, status}: answered requests
- ``banyan_http_request_seconds`` {operation}: time from the first byte in to the answer
- ``banyan_jobs_total`` {kind, outcome}: jobs done, retried, failed
- ``banyan_job_batch_seconds`` {kind}: time of a batch, or of one job that calls outside
- ``banyan_jobs_due`` {}: jobs whose time has come and that wait
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

_HTTP_REQUESTS = Counter("banyan_http_requests_total", "Answered requests", ["operation", "status"])
_HTTP_SECONDS = Histogram(
    "banyan_http_request_seconds",
    "Seconds from the first byte in to the answer",
    ["operation"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
_JOBS = Counter("banyan_jobs_total", "Jobs done, retried and failed", ["kind", "outcome"])
_JOB_SECONDS = Histogram(
    "banyan_job_batch_seconds",
    "Seconds of a batch of jobs, or of one that calls outside",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)
_JOBS_DUE = Gauge(
    "banyan_jobs_due", "Jobs whose time has come and that wait", multiprocess_mode="mostrecent"
)


def observe_request(operation: str, status: int, seconds: float) -> None:
    _HTTP_REQUESTS.labels(operation, status).inc()
    _HTTP_SECONDS.labels(operation).observe(seconds)


def observe_jobs(kind: str, outcome: str, count: int, seconds: float | None = None) -> None:
    _JOBS.labels(kind, outcome).inc(count)
    if seconds is not None:
        _JOB_SECONDS.labels(kind).observe(seconds)


def observe_jobs_due(count: int) -> None:
    _JOBS_DUE.set(count)


def configure_logging(level: str) -> None:
    """Write log lines of at least ``level`` to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "uvicorn.access", "psycopg.pool", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(
            (name, value)
            for name, value in record.__dict__.items()
            if name not in _STANDARD and not name.startswith("_")
        )
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}
