"""Kill the server again and again under load, then count: `make crash`, `make soak`.

    python -m tests.crash.run --rounds 10 [--seed S] [--database-url postgresql://…]

A round is one kill: at one of the eight aimed points, or at random from outside. Every ten rounds
the system is left in peace, and everything that ever happened in this run is judged. The last line
is the verdict in one sentence; the exit status is 1 when anything was lost, doubled, disordered or
otherwise wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from dragoman.cli.common import change
from dragoman.settings import Settings, load
from dragoman.store.drivers import Tx
from dragoman.store.store import reader

from .aims import AIMS, UNREAD
from .child import Child
from .crash_world import NUMBER, SECRET, STREAM, TOKEN, World, people
from .echo_agent import TWICE
from .judge import Verdict, busy, judge

RANDOM = "at random"
ORDER = (*AIMS, RANDOM, RANDOM)  # ten rounds
AGENT = Path(__file__).with_name("echo_agent.py")

# Times are short so that ten kills take seconds; what they mean is untouched.
SHORT = """
log_level = "warning"
rate_per_number = 0
pair_rate = false
retry_base_ms = 20
retry_cap_ms = 200
sweep_ms = 100
doubt_lane_hold_ms = 400
lease_ttl_ms = 1000
egress_allow = ["127.0.0.1:{port}"]
{database}
"""


def prepare(home: Path, world: World, database_url: str = "") -> Settings:
    """A home with one app that is published and enabled, made as an operator makes it."""
    database = f'database_url = "{database_url}"' if database_url else ""
    text = SHORT.format(port=world.port, database=database)
    (home / "dragoman.toml").write_text(text, "utf-8")
    settings = load(home)
    name = {"who": "test", "name": "crash"}
    values = {
        "numbers": [NUMBER],
        "token": TOKEN,
        "app_secret": SECRET,
        "graph_url": world.graph,
    }
    change(settings, "app.create", {**name, "agent": str(AGENT), "stream_id": STREAM})
    change(settings, "channel.set", {**name, "partner": "cloud-api", "values": values})
    change(settings, "channel.enable", name)
    change(settings, "app.publish", name)
    return settings


class Load:
    """People who write until told to stop. Most wait until their last message was answered 200;
    every fourth writes at her own pace, and her messages may overtake each other on the way."""

    def __init__(self, world: World, persons: list[str], pause_s: float = 0.12) -> None:
        self.world = world
        self._persons = persons
        self._pause_s = pause_s
        self._count: Counter[str] = Counter()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._write(person, i)) for i, person in enumerate(self._persons)
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _write(self, person: str, i: int) -> None:
        pick, mine = self.world.pick, list[str]()
        while True:
            await asyncio.sleep(pick.uniform(0.2, 1.8) * self._pause_s)
            self._count[person] += 1
            mark = TWICE if i % 3 == 0 else ""
            message_id = self.world.say(person, self._count[person], mark)
            mine.append(message_id)
            if i % 4 or len(mine) > 5:  # nobody writes on and on while nobody hears
                await self.world.answered[mine.pop(0)].wait()


class Rounds:
    """The run. `tell` gets each line as it happens."""

    def __init__(self, world: World, home: Path, settings: Settings) -> None:
        self.world = world
        self.home = home
        self.settings = settings
        self.load = Load(world, people(20, 4))
        self.kills: Counter[str] = Counter()
        self.missed: list[str] = []
        self.child: Child | None = None

    async def round(self, number: int, aim: str) -> str:
        """Start, write, kill. Gives the round's line."""
        pick, world = self.world.pick, self.world
        self._trouble(number)
        at_pass = pick.randint(1, 50)
        inside = aim in AIMS and not (aim == UNREAD and number % 2)
        child = self.child = Child(self.home, world.server_port, aim if inside else "", at_pass)
        await child.start()
        ready = await child.ready()
        began = time.perf_counter()
        how = f"pass {at_pass}"
        if ready and aim == RANDOM:
            await child.ended(pick.uniform(0.05, 0.6))
            how = "from outside"
            await child.end(signal.SIGKILL)
        elif ready and not inside:
            how = f"send {at_pass}, by Graph"
            world.kill_at_send = (at_pass, child.pid)
        died = await child.ended(15)
        world.kill_at_send = None
        if not died or (inside and not child.hit):
            self.missed.append(f"round {number}: {aim} was not hit in 15 s")
            await child.end(signal.SIGKILL)
            return f"{number:>5}  {aim:<26} missed"
        self.kills[aim] += 1
        ms = round((time.perf_counter() - began) * 1000)
        after = f"killed after {ms:>5} ms" if ready else "killed while starting"
        up = f"started in {child.ready_ms} ms, " if ready else ""
        return f"{number:>5}  {aim:<26} {up}{after} ({how})"

    def _trouble(self, number: int) -> None:
        """What else goes wrong in a round: the wire doubles, batches, loses and breaks off."""
        self.world.again = 0.1 if number % 2 else 0.0
        self.world.batch(8 if number % 4 == 3 else 1)
        fault = {1: ("torn_body", 1), 2: ("error_503", 2), 3: ("duplicate", 5)}.get(number % 5)
        if fault is not None:
            self.world.fault(*fault)
        if number % 6 == 5:
            self.world.fault("drop_webhook", 4)

    async def settle(self, seconds: float = 30) -> Verdict:
        """A server without an aim, no new messages: wait until all is quiet, and judge."""
        await self.load.stop()
        child = self.child = Child(self.home, self.world.server_port)
        await child.start()
        if not await child.ready():
            raise AssertionError(f"the server does not start:\n{self.log()}")
        tx = reader(self.settings.database_url)
        try:
            still = await self.quiet(tx, seconds)
            verdict = judge(tx, self.world)
        finally:
            tx.close()  # type: ignore[attr-defined]
        if still:
            verdict.accuse("other", f"not quiet after {seconds:g} s: {', '.join(still)}")
        await child.end(signal.SIGTERM)
        return verdict

    async def quiet(self, tx: Tx, seconds: float) -> list[str]:
        """Wait until nothing is left to do; gives what is left when the time is over."""
        end = time.monotonic() + seconds
        calm = 0
        while True:
            still = busy(tx)
            if self.world.unanswered():
                still.append(f"{len(self.world.unanswered())} messages not answered 200")
            if self.world.delivering:
                still.append(f"{self.world.delivering} webhooks to deliver")
            calm = 0 if still else calm + 1
            if calm == 3 or time.monotonic() > end:
                return still
            await asyncio.sleep(0.05)

    async def finish(self) -> None:
        await self.load.stop()
        if self.child is not None and self.child.alive:
            await self.child.end(signal.SIGKILL)

    def log(self) -> str:
        """The end of the servers' log."""
        path = self.home / "server.log"
        return path.read_text("utf-8", "replace")[-4000:] if path.exists() else ""


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextlib.asynccontextmanager
async def stage(seed: int, database_url: str = "") -> AsyncIterator[Rounds]:
    """A world, a home and no server yet. Everything is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="dragoman-crash-"))
    try:
        async with World(random.Random(seed)).open() as world:
            settings = await asyncio.to_thread(prepare, home, world, database_url)
            rounds = Rounds(world, home, settings)
            try:
                yield rounds
            finally:
                await rounds.finish()
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def crash(rounds: int, seed: int, database_url: str = "") -> tuple[Verdict, Rounds]:
    """The whole run, with its lines."""
    verdict = Verdict()
    async with stage(seed, database_url) as run:
        for number in range(1, rounds + 1):
            if number % 10 == 1:
                run.load.start()
            tell(await run.round(number, ORDER[(number - 1) % len(ORDER)]))
            if number % 10 == 0 or number == rounds:
                began = time.perf_counter()
                verdict = await run.settle()
                seconds = time.perf_counter() - began
                tell(f"       quiet and judged in {seconds:.1f} s: {sums(verdict)}")
                if verdict.wrong:
                    break
        if verdict.wrong or run.missed:
            for line in (*verdict.wrong[:40], *run.missed):
                tell(f"  ! {line}")
            tell(run.log())
    return verdict, run


def sums(v: Verdict) -> str:
    return (
        f"{v.answered} messages answered 200, {v.turns} turns, {v.lost} lost, {v.doubled} doubled, "
        f"{v.disordered} disordered, {v.doubt} in doubt (shown by dragoman doubt), "
        f"{v.echoed} doubts settled by Meta's echo"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="How many kills.")
    parser.add_argument("--seed", type=int, help="The same seed makes the same choices.")
    parser.add_argument("--database-url", default="", help="An empty PostgreSQL database.")
    args = parser.parse_args()
    seed = random.randrange(10**6) if args.seed is None else args.seed
    tell(f"{args.rounds} kills, seed {seed}")
    try:
        verdict, run = asyncio.run(crash(args.rounds, seed, args.database_url))
    except KeyboardInterrupt:
        tell("Stopped. Nothing is left running.")
        return 130
    for aim in dict.fromkeys(ORDER):
        tell(f"  {aim:<26} {run.kills[aim]:>4} kills")
    tell(f"{run.kills.total()} kills: {sums(verdict)}.")
    return 1 if verdict.wrong or run.missed else 0


if __name__ == "__main__":
    sys.exit(main())
