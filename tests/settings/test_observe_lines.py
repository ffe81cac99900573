"""Log lines without secrets, numbers without cost."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import time
from collections.abc import Iterator

import pytest
import structlog

from dragoman.observe import METRICS, Metrics, logger, render_metrics, setup_logs, watched_loop
from dragoman.vault import Redactor

SECRET = "made-up-secret-1"


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def some_lines() -> None:
    log = logger("store")
    structlog.contextvars.bind_contextvars(app="tea")
    log.info(f"opened {SECRET}", path="नमस्ते", token={"a": [SECRET]}, **{SECRET: 1})
    log.debug("not shown")
    logging.getLogger("some.library").warning("it says %s", SECRET, extra={"why": SECRET})
    logging.getLogger("uvicorn.access").info("GET /hooks/x?hub.verify_token=%s", SECRET)
    try:
        raise ValueError(f"שלום {SECRET}")
    except ValueError:
        log.exception("failed")
        logging.getLogger("some.library").exception("failed too")


def test_json_lines() -> None:
    out = io.StringIO()
    setup_logs(Redactor([SECRET]), form="json", stream=out)
    some_lines()
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    for line in lines:
        assert line.pop("timestamp").endswith("Z")
    assert lines[0] == {
        "event": "opened •••",
        "path": "नमस्ते",
        "token": {"a": ["•••"]},
        "•••": 1,
        "app": "tea",
        "level": "info",
    }
    assert lines[1] == {"event": "it says •••", "why": "•••", "level": "warning", "app": "tea"}
    assert [line["event"] for line in lines[2:]] == ["failed", "failed too"]
    assert all(line["exception"].endswith("ValueError: שלום •••") for line in lines[2:])
    assert "नमस्ते" in out.getvalue()


def test_text_lines() -> None:
    out = io.StringIO()
    setup_logs(Redactor([SECRET]), stream=out)
    some_lines()
    text = out.getvalue()
    assert SECRET not in text
    assert "[info     ] opened •••" in text
    assert "Traceback" in text
    assert "not shown" not in text
    assert "verify_token" not in text
    assert "\x1b" not in text


def test_a_level_holds_for_both_kinds_of_logger() -> None:
    out = io.StringIO()
    setup_logs(Redactor(), level="error", stream=out)
    logger("x").warning("no")
    logging.getLogger("x").warning("no")
    logger("x").error("yes")
    assert out.getvalue().count("\n") == 1


def test_metrics() -> None:
    metrics = Metrics()
    for _ in range(3):
        metrics.hooks("cloud_api", "kept")
    metrics.items("cloud_api", "text", by=10)
    metrics.commits()
    metrics.queue_depth.set(7)
    metrics.turn_seconds.observe(0.02)
    metrics.batch_size.observe(10)
    text = metrics.render().decode()
    for line in (
        'dragoman_hooks_total{outcome="kept",partner="cloud_api"} 3.0',
        'dragoman_items_total{kind="text",partner="cloud_api"} 10.0',
        "dragoman_writer_commits_total 1.0",
        "dragoman_writer_queue_depth 7.0",
        'dragoman_turn_seconds_bucket{le="0.025"} 1.0',
        'dragoman_writer_batch_size_bucket{le="16.0"} 1.0',
        "dragoman_in_doubt 0.0",
        "dragoman_parked 0.0",
        "dragoman_outbox_waiting 0.0",
    ):
        assert line in text.replace(
            '{partner="cloud_api",outcome="kept"}', ('{outcome="kept",partner="cloud_api"}')
        ).split("\n"), line
    assert b"dragoman_sends" in render_metrics()
    METRICS.sends("cloud_api", "accepted")
    assert b'outcome="accepted"' in render_metrics()


async def test_the_loops_lag_is_seen() -> None:
    metrics = Metrics()
    async with watched_loop(metrics, every_s=0.01):
        await asyncio.sleep(0.02)
        time.sleep(0.08)  # noqa: ASYNC251 - the very thing to be seen
        await asyncio.sleep(0.03)
    value = metrics.registry.get_sample_value("dragoman_loop_lag_seconds")
    assert value is not None
    assert 0.05 < value < 1
