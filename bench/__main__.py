"""`make bench`: figures with their conditions, each beside a floor measured in the same run.

    python -m bench [--quick] [--only accept,turns,million,start] [--seconds 6]

The server runs on one core, the load (and the stub Graph API) on another. Absolute figures belong
to a machine; ratios travel.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from bench import fill

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0, 0]
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
CONNECTIONS = 192
KEEP = "/hooks/cloud-api/st-keep"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def pinned(core: int, *args: str) -> list[str]:
    return [sys.executable, "-m", "bench.pinned", str(core), *args]


class Server:
    """A server process on its core; its processor time is read at the end."""

    def __init__(self, kind: str, *rest: str) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            pinned(SERVER_CORE, "bench.server", kind, str(self.port), *rest)
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1).read()
                return
            except OSError as error:
                if getattr(error, "code", 0):
                    return  # it answers, if not kindly
                time.sleep(0.05)
        raise SystemExit("the server did not start")

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def load(kind: str, *args: Any) -> dict[str, Any]:
    out = subprocess.run(
        pinned(LOAD_CORE, "bench.load", kind, *map(str, args)),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(out.stdout.strip().splitlines()[-1])
    return result


def show(label: str, figure: str, floor: str, ratio: str, budget: str) -> None:
    print(f"  {label:<44} {figure:<38} {floor:<26} {ratio:<8} {budget}")


def ratio_of(a: float, b: float) -> str:
    return f"{a / b:.2f} ×" if b else "–"


def accept(home: Path, seconds: float) -> None:
    print("\n(a) signed single-message webhooks accepted, durable (synchronous=FULL), whole intake")
    with Server("bare") as bare:
        floor = load("accept", bare.port, seconds, CONNECTIONS, 500, 1, KEEP)
    for events, budget in ((1, "≥ 8,000/s, ≥ 0.22 ×, p99 ≤ 100 ms"), (10, "≥ 18,000 events/s")):
        with Server("dragoman", "1", str(home / f"accept{events}")) as server:
            got = load("accept", server.port, seconds, CONNECTIONS, 500, events, KEEP)
        show(
            f"{events} event{'s' if events > 1 else ''} a POST, {CONNECTIONS} connections",
            f"{got['per_s']:,}/s = {got['events_per_s']:,} events/s, "
            f"p50 {got['p50_ms']} p99 {got['p99_ms']} ms",
            f"bare uvicorn {floor['per_s']:,}/s",
            ratio_of(got["per_s"], floor["per_s"]),
            budget,
        )
        if set(got["statuses"]) != {"200"}:
            print(f"    answers: {got['statuses']}")


def turns(home: Path, seconds: float) -> None:
    print("\n(b) whole turns: webhook → python agent → Graph call, three commits, closed loop")
    for contacts, budget in ((64, "≥ 2,500/s, ≥ 0.32 ×"), (1, "≥ 600/s, or 0.4 × syncs/s ÷ 3")):
        graph = free_port()
        with Server("loop", str(graph)) as bare:
            floor = load("turns", bare.port, seconds, graph, contacts, contacts)
        graph = free_port()
        with Server("dragoman", str(graph), str(home / f"turns{contacts}")) as server:
            got = load("turns", server.port, seconds, graph, contacts, contacts)
        show(
            f"{contacts} contact{'s' if contacts > 1 else ''}",
            f"{got['turns_per_s']:,}/s, p50 {got['p50_ms']} p99 {got['p99_ms']} ms",
            f"loop, no disk {floor['turns_per_s']:,}/s",
            ratio_of(got["turns_per_s"], floor["turns_per_s"]),
            budget,
        )
    print(f"    this disk: {syncs(home):,.0f} synced commits of SQLite a second, one by one")


def million(home: Path, seconds: float, people: int) -> None:
    print(f"\n(c) the same with {people:,} conversations in the database, hit at random")
    folder = home / "million"
    graph = free_port()
    with Server("dragoman", str(graph), str(folder)):
        pass
    began = time.monotonic()
    fill.fill(folder / "dragoman.db", people)
    size = (folder / "dragoman.db").stat().st_size / 1e6
    print(f"    filled in {time.monotonic() - began:.0f} s, {size:,.0f} MB")
    with Server("dragoman", str(graph), str(folder)) as server:
        got = load("accept", server.port, seconds, CONNECTIONS, people, 1, KEEP)
        show("accept", f"{got['per_s']:,}/s, p50 {got['p50_ms']} p99 {got['p99_ms']} ms", "", "",
             "p99 ≤ 100 ms")  # fmt: skip
        got = load("turns", server.port, seconds, graph, 64, people)
        figure = f"{got['turns_per_s']:,}/s, p50 {got['p50_ms']} p99 {got['p99_ms']} ms"
        show("turns, 64 at a time", figure, "", "", "")
        wal = (folder / "dragoman.db-wal").stat().st_size / 1e6
        print(f"    write-ahead log afterwards: {wal:,.0f} MB")


def start(home: Path) -> None:
    print("\n(d) start to ready, idle memory of the main process")
    times, memory = [], 0.0
    for _ in range(5):
        port = free_port()
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "dragoman", "--home", str(home / "start"), "serve",
             "--port", str(port)],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1).read()
                break
            except OSError:
                time.sleep(0.005)
        times.append(time.monotonic() - began)
        time.sleep(1.5)
        memory = _memory(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(15)
    times = sorted(times[1:])  # the first one made the database
    show("dragoman serve, SQLite", f"{times[len(times) // 2]:.2f} s, {memory:.0f} MB", "", "",
         "≤ 1.0 s, ≤ 110 MB")  # fmt: skip


def _memory(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def log(home: Path, count: int) -> None:
    """(e) The log's filters, on both databases."""
    from bench.log import filters
    from tests.postgres import database, running

    print(f"\n(e) the log's filters over {count:,} messages")
    with running() as server, database(server) as postgresql:
        for name, url in (("SQLite", f"sqlite:///{home / 'log.db'}"), ("PostgreSQL", postgresql)):
            took = filters(url, count)
            worst = ", ".join(f"{what} {ms:.0f} ms" for ms, what in took[:3])
            p95 = took[int(len(took) * 0.05)][0]
            show(name, f"p95 {p95:.0f} ms", worst, "", "200 ms")


def syncs(home: Path) -> float:
    """Synced one-row commits a second of SQLite on this disk: the floor under one contact."""
    connection = sqlite3.connect(home / "syncs.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS t(x)")
    began, n = time.perf_counter(), 0
    while time.perf_counter() - began < 1.5:
        connection.execute("INSERT INTO t VALUES(1)")
        n += 1
    connection.close()
    return n / (time.perf_counter() - began)


def main() -> None:
    ask = argparse.ArgumentParser(prog="bench")
    ask.add_argument("--quick", action="store_true", help="short runs, fewer people")
    ask.add_argument("--only", default="accept,turns,million,start,log")
    ask.add_argument("--seconds", type=float, default=0)
    given = ask.parse_args()
    seconds = given.seconds or (2 if given.quick else 6)
    only = given.only.split(",")
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {len(CORES)} cores: "
        f"server on {SERVER_CORE}, load on {LOAD_CORE}; {seconds:g} s a figure; "
        f"load average {os.getloadavg()[0]:.1f} at the start"
    )
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("BENCH_DIR")) as folder:
        home = Path(folder)
        if "accept" in only:
            accept(home, seconds)
        if "turns" in only:
            turns(home, seconds)
        if "million" in only:
            million(home, seconds, 50_000 if given.quick else 1_000_000)
        if "start" in only:
            start(home)
        if "log" in only:
            log(home, 50_000 if given.quick else 1_000_000)


if __name__ == "__main__":
    main()
