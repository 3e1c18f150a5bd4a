import json
import logging

import pytest
from prometheus_client import REGISTRY, generate_latest

from banyan.runtime import telemetry


@pytest.fixture
def root_logger() -> logging.Logger:
    return logging.getLogger()


@pytest.fixture(autouse=True)
def _as_before(root_logger: logging.Logger) -> object:
    handlers, level = root_logger.handlers[:], root_logger.level
    yield
    root_logger.handlers[:] = handlers
    root_logger.setLevel(level)


def _lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_log_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging("info")
    logging.getLogger("banyan.test").info(
        "order %s\nis late", "ord_1", extra={"request_id": "req_1", "subject": "ord_1"}
    )
    [line] = _lines(capsys.readouterr().err)
    at = str(line.pop("at"))
    assert line == {
        "level": "info",
        "logger": "banyan.test",
        "message": "order ord_1\nis late",
        "request_id": "req_1",
        "subject": "ord_1",
    }
    assert at.endswith("+00:00")


def test_an_exception_is_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging("info")
    try:
        raise ValueError("nothing works")
    except ValueError:
        logging.getLogger("banyan.test").exception("failed", extra={"odd": object()})
    [line] = _lines(capsys.readouterr().err)
    assert "ValueError: nothing works" in str(line["exception"])


def test_less_severe_lines_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure_logging("warning")
    logging.getLogger("banyan.test").info("quiet")
    logging.getLogger("banyan.test").warning("loud")
    assert [line["message"] for line in _lines(capsys.readouterr().err)] == ["loud"]


def test_what_is_observed_is_in_the_metrics() -> None:
    telemetry.observe_request("testOperation", 201, 0.02)
    telemetry.observe_jobs("test.kind", "done", 3, 0.1)
    telemetry.observe_jobs_due(7)
    text = generate_latest().decode()
    assert 'banyan_http_requests_total{operation="testOperation",status="201"} 1.0' in text
    assert 'banyan_http_request_seconds_count{operation="testOperation"} 1.0' in text
    assert 'banyan_jobs_total{kind="test.kind",outcome="done"} 3.0' in text
    assert 'banyan_job_batch_seconds_count{kind="test.kind"} 1.0' in text
    assert "banyan_jobs_due 7.0" in text


def test_every_metric_is_documented() -> None:
    ours = {
        metric.name + ("_total" if metric.type == "counter" else "")
        for metric in REGISTRY.collect()
        if metric.name.startswith("banyan_")
    }
    text = telemetry.__doc__ or ""
    documented = {line.split("``")[1] for line in text.splitlines() if line.startswith("- ``")}
    assert documented == ours
