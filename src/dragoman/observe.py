"""What an operator sees from outside: log lines, metrics, and how late the event loop is.

The message log in the database is the log of messages; these lines are about the program itself,
never one a turn. No line holds a secret: every one goes through the vault's redactor, those of
libraries too.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Iterable
from typing import Any, Literal, TextIO

import structlog
from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.utils import floatToGoString
from structlog.typing import EventDict, Processor, WrappedLogger

from dragoman.vault import Redactor

METRICS_CONTENT_TYPE = CONTENT_TYPE_LATEST
_QUIET = ("uvicorn.access", "uvicorn.error", "watchfiles.main", "aiohttp.access", "alembic")
_BARE_FIELDS = frozenset({"timestamp", "level"})


def setup_logs(
    redactor: Redactor,
    *,
    level: Literal["debug", "info", "warning", "error"] = "info",
    form: Literal["text", "json"] = "text",
    stream: TextIO | None = None,
) -> None:
    """Send structlog's and the standard library's lines to `stream` (stderr), redacted.

    May be called again; the last call counts. Libraries that write a line a request are held to
    warnings.
    """
    out = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,  # a traceback as text, so that it is redacted too
        _redaction(redactor),
    ]
    if form == "json":
        ending.append(structlog.processors.JSONRenderer(ensure_ascii=False, default=str))
    else:
        colors = hasattr(out, "isatty") and out.isatty()
        ending.append(structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0))
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=ending)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        quiet = logging.getLogger(name)
        quiet.handlers.clear()
        quiet.propagate = True
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _redaction(redactor: Redactor) -> Processor:
    def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        clean: EventDict = {}
        for key, value in event.items():
            if key in _BARE_FIELDS:
                clean[key] = value
            else:
                clean[redactor.text(key)] = redactor.json(value)
        return clean

    return redact


def logger(name: str) -> Any:
    """A structlog logger: `logger("store").info("migrated", to=7)`."""
    return structlog.get_logger(name)


_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class _Counts:
    """A counter that costs a dictionary's look-up: the library's own, with a lock for each child,
    was a fiftieth of a whole turn."""

    def __init__(self, name: str, text: str, labels: list[str]) -> None:
        self._about = (name, text, labels)
        self._values: dict[tuple[str, ...], float] = {}

    def __call__(self, *labels: str, by: float = 1) -> None:
        self._values[labels] = self._values.get(labels, 0) + by

    def collect(self) -> Iterable[Metric]:
        name, text, labels = self._about
        family = CounterMetricFamily(name, text, labels=labels)
        for values, count in sorted(self._values.items()):
            family.add_metric(values, count)
        yield family


class _Histogram:
    """A histogram without labels, written by one thread."""

    def __init__(self, name: str, text: str, buckets: tuple[float, ...]) -> None:
        self._about = (name, text)
        self._bounds = buckets
        self._counts = [0] * (len(buckets) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect.bisect_left(self._bounds, value)] += 1
        self._sum += value

    def collect(self) -> Iterable[Metric]:
        total, buckets = 0, []
        names = [*(floatToGoString(b) for b in self._bounds), "+Inf"]  # type: ignore[no-untyped-call]
        for name, count in zip(names, self._counts, strict=True):
            total += count
            buckets.append((name, total))
        yield HistogramMetricFamily(*self._about, buckets=buckets, sum_value=self._sum)


class Metrics:
    """The program's numbers, in a registry of their own. Cheap and safe from any thread.

    Label values come from fixed lists of ours (partners, outcomes, kinds), never from a message, so
    that their number stays small. Counters are called: `metrics.hooks("cloud_api", "kept")`.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, open files, start time
        self._counters()
        self._gauges()
        self._histograms()

    def _counters(self) -> None:
        count = self._count
        self.hooks = count("hooks", "Webhook requests, by partner and outcome", "partner outcome")
        self.items = count(
            "items",
            "Items of webhooks, by partner and kind: a message's kind (`unknown` too), report_…, "
            "event_…, rejected",
            "partner kind",
        )
        self.turns = count("turns", "Turns, by outcome", "outcome")
        self.sends = count(
            "sends", "Calls that send a message, by partner and outcome", "partner outcome"
        )
        self.files = count(
            "files", "Files that people sent, by partner and outcome", "partner outcome"
        )
        self.commits = count("writer_commits", "Commits of the writer")

    def _gauges(self) -> None:
        gauge = self._gauge
        self.queue_depth = gauge("writer_queue_depth", "Units of work waiting for the writer")
        self.outbox_waiting = gauge("outbox_waiting", "Messages waiting to be sent")
        self.in_doubt = gauge("in_doubt", "Messages of which it is unknown whether they arrived")
        self.files_waiting = gauge("files_waiting", "Files still to be fetched from partners")
        self.parked = gauge("parked", "Messages whose turn failed too often")
        self.loop_lag = gauge("loop_lag_seconds", "How late the event loop ran, worst of late")

    def _histograms(self) -> None:
        seconds = self._seconds
        self.intake_seconds = seconds("intake_seconds", "From a webhook's last byte to its commit")
        self.turn_seconds = seconds("turn_seconds", "Length of a turn, its commit included")
        self.send_seconds = seconds("send_seconds", "Length of a call that sends a message")
        self.commit_seconds = seconds("writer_commit_seconds", "Length of one commit")
        self.batch_size = self._histogram("writer_batch_size", "Units in one commit", _SIZES)

    def render(self) -> bytes:
        """The text that Prometheus reads; its type is METRICS_CONTENT_TYPE."""
        return generate_latest(self.registry)

    def _count(self, name: str, text: str, labels: str = "") -> _Counts:
        made = _Counts(f"dragoman_{name}", text, labels.split())
        self.registry.register(made)
        return made

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"dragoman_{name}", text, registry=self.registry)

    def _seconds(self, name: str, text: str) -> _Histogram:
        return self._histogram(name, text, _SECONDS)

    def _histogram(self, name: str, text: str, buckets: Iterable[float]) -> _Histogram:
        made = _Histogram(f"dragoman_{name}", text, tuple(buckets))
        self.registry.register(made)
        return made


METRICS = Metrics()


def render_metrics() -> bytes:
    """The process's metrics as Prometheus reads them."""
    return METRICS.render()


@contextlib.asynccontextmanager
async def watched_loop(metrics: Metrics = METRICS, every_s: float = 0.5) -> AsyncIterator[None]:
    """Keep `loop_lag` while inside: the worst lateness of the last ten checks, in seconds."""
    task = asyncio.get_running_loop().create_task(_watch(metrics, every_s), name="loop-lag")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _watch(metrics: Metrics, every_s: float) -> None:
    loop = asyncio.get_running_loop()
    late: list[float] = []
    while True:
        due = loop.time() + every_s
        await asyncio.sleep(every_s)
        late = [*late[-9:], max(0.0, loop.time() - due)]
        metrics.loop_lag.set(max(late))
