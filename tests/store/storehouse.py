"""A store with one app and two numbers, and short words for what the engine does with it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec

from dragoman.domain.clock import Ids
from dragoman.domain.identity import Bsuid, Person, Phone
from dragoman.store.intake import Arrival, Arrived, digest
from dragoman.store.leases import Claim
from dragoman.store.outgoing import ClaimReady, Settle
from dragoman.store.rows import (
    Claimed,
    Lease,
    NewEvent,
    NewMessage,
    NewOutgoing,
    NewRejected,
    NewReport,
)
from dragoman.store.store import Store
from dragoman.store.turns import TurnCommit

APP, OTHER_APP = 7, 8
NUMBER, SECOND, THEIRS = 70, 71, 80
OWNER = 4242
NOW = 1_760_000_000_000
DAY = 86_400_000
ASHA, BEN = "12025550142", "12025550143"
ASHA_ID, BEN_ID = "US.13491208655302741918", "US.13491208655302741919"

_count = itertools.count(1)


def person(phone: str | None = ASHA, bsuid: str | None = None, **more: Any) -> Person:
    return Person(
        phone=Phone(phone) if phone else None, bsuid=Bsuid(bsuid) if bsuid else None, **more
    )


class House:
    """wakes: what the commits told, by kind; `told` takes them away."""

    def __init__(self, url: str, owner: int = OWNER, **options: Any) -> None:
        self.ids = Ids()
        self.owner = owner
        self.url = url
        self.wakes: dict[str, list[Any]] = {}
        self.store = Store(url, owner=owner, wake=self._wake, **options)
        self.now = NOW
        self.found = (0, 0)  # what the start found: leases voided, sends in doubt

    def _wake(self, kind: str, values: list[Any]) -> None:
        self.wakes.setdefault(kind, []).extend(values)

    def told(self, kind: str) -> list[Any]:
        return self.wakes.pop(kind, [])

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[House]:
        self.found = await self.store.open(name="tests", now=self.now, lane_until=self.now + 30_000)
        try:
            await self.store.do(_furnish)
            yield self
        finally:
            await self.store.close()

    # --- in --------------------------------------------------------------------------------------

    def message(self, text: str = "चाय", who: Person | None = None, **more: Any) -> NewMessage:
        """key: its dedupe key, a new one unless given."""
        key = more.pop("key", f"m:{next(_count)}")
        plain: dict[str, Any] = {
            "id": self.ids.new(),
            "key": digest(key),
            "number_id": NUMBER,
            "person": who or person(),
            "kind": "text",
            "content": json.dumps({"kind": "text", "text": text}, ensure_ascii=False),
            "external_id": f"wamid.{key}",
            "at": self.now,
            "window_until": self.now + DAY,
            "window_opener": "message",
        }
        return NewMessage(**{**plain, **more})

    def report(self, external_id: str, status: str = "delivered", **more: Any) -> NewReport:
        ranks = {"accepted": 2, "sent": 3, "failed": 4, "delivered": 5, "read": 6, "played": 7}
        plain: dict[str, Any] = {
            "id": self.ids.new(),
            "key": digest(more.pop("key", f"s:{next(_count)}")),
            "number_id": NUMBER,
            "external_id": external_id,
            "rank": ranks[status],
            "status": status,
            "at": self.now,
            "body": "{}",
            "recipient": Person(),
        }
        return NewReport(**{**plain, **more})

    async def arrive(
        self,
        *items: NewMessage | NewReport | NewEvent | NewRejected,
        app_id: int = APP,
        owner: int | None = None,
        **more: Any,
    ) -> Arrived:
        arrived: Arrived = await self.store.submit(self.arrival(*items, app_id=app_id,
                                                                owner=owner, **more))  # fmt: skip
        return arrived

    def arrival(
        self,
        *items: NewMessage | NewReport | NewEvent | NewRejected,
        app_id: int = APP,
        owner: int | None = None,
        **more: Any,
    ) -> Arrival:
        """One POST. owner: leases at once for this process; 0 leaves the conversations due."""
        plain: dict[str, Any] = {
            "app_id": app_id,
            "hook_id": self.ids.new(),
            "partner": "cloud-api",
            "now": self.now,
            "headers": "{}",
            "note": "",
            "body": b"{}",
            "messages": tuple(i for i in items if isinstance(i, NewMessage)),
            "reports": tuple(i for i in items if isinstance(i, NewReport)),
            "events": tuple(i for i in items if isinstance(i, NewEvent)),
            "rejected": tuple(i for i in items if isinstance(i, NewRejected)),
            "owner": self.owner if owner is None else owner,
        }
        return Arrival(**{**plain, **more})

    async def lease(self, *items: NewMessage) -> Lease:
        """These arrive and are leased in the same commit."""
        await self.arrive(*(items or (self.message(),)))
        (lease,) = self.told("turn")
        assert isinstance(lease, Lease)
        return lease

    async def claim(self, limit: int = 64) -> list[Lease]:
        leases: list[Lease] = await self.store.submit(Claim(self.owner, 30_000, self.now, limit))
        return leases

    # --- out -------------------------------------------------------------------------------------

    def outgoing(self, text: str, number_id: int = NUMBER, **more: Any) -> NewOutgoing:
        plain: dict[str, Any] = {
            "id": self.ids.new(),
            "number_id": number_id,
            "kind": "text",
            "content": json.dumps({"kind": "text", "text": text}, ensure_ascii=False),
            "at": self.now,
            "expires": self.now + DAY,
        }
        return NewOutgoing(**{**plain, **more})

    def end(self, lease: Lease, *said: str | NewOutgoing, **more: Any) -> TurnCommit:
        """The commit of a turn that says these things; claim: numbers sent from at once."""
        out = tuple(self.outgoing(s) if isinstance(s, str) else s for s in said)
        plain: dict[str, Any] = {
            "app_id": lease.app_id,
            "conversation_id": lease.conversation_id,
            "token": lease.token,
            "from_seq": lease.from_seq,
            "to_seq": lease.to_seq,
            "turn_id": self.ids.new(),
            "context": lease.context,
            "session_id": 1,
            "session_last": self.now,
            "config_version": 1,
            "attempt": lease.tries,
            "started": self.now,
            "now": self.now,
            "outcome": "answered",
            "outgoing": out,
            "owner": self.owner,
            "claim": frozenset({NUMBER, SECOND}),
        }
        return TurnCommit(**{**plain, **more})

    async def answer(self, lease: Lease, *said: str | NewOutgoing, **more: Any) -> list[Claimed]:
        """End the turn; gives what may be sent now."""
        assert await self.store.submit(self.end(lease, *said, **more)) is True
        return self.told("send")

    async def settle(self, row: Claimed, outcome: str = "sent", **more: Any) -> list[Claimed]:
        """How a call ended; gives the lane's next row, claimed in the same commit."""
        plain: dict[str, Any] = {
            "row": row,
            "outcome": outcome,
            "now": self.now,
            "call": "{}",
            "answer": "{}",
            "owner": self.owner,
        }
        if outcome == "sent":
            plain["external_id"] = f"wamid.out{row.message_id}"
        await self.store.submit(Settle(**{**plain, **more}))
        return self.told("send")

    async def ready(self, limit: int = 64, number_id: int = NUMBER) -> list[Claimed]:
        rows: list[Claimed] = await self.store.submit(
            ClaimReady(APP, number_id, self.owner, self.now, limit)
        )
        return rows

    async def sending(self, text: str = "hello", who: Person | None = None) -> Claimed:
        """One answer, claimed and on its way."""
        (row,) = await self.answer(await self.lease(self.message(who=who)), text)
        return row

    # --- looking ---------------------------------------------------------------------------------

    async def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        found = await self.store.read(lambda tx: tx.run(sql, params))
        return [tuple(r) for r in found]

    async def one(self, sql: str, *params: Any) -> tuple[Any, ...]:
        (row,) = await self.rows(sql, *params)
        return row

    async def until(self, done: Callable[[], bool], seconds: float = 5.0) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while not done():
            assert asyncio.get_running_loop().time() < end, f"not so within {seconds} s"
            await asyncio.sleep(0.002)


def text_of(row: Claimed) -> str:
    return str(msgspec.json.decode(row.content)["text"])


def texts(rows: Sequence[Claimed]) -> list[str]:
    return [text_of(r) for r in rows]


def _furnish(tx: Any) -> None:
    for app_id, numbers in ((APP, (NUMBER, SECOND)), (OTHER_APP, (THEIRS,))):
        tx.run(
            """INSERT INTO app(id,stream_id,name,created,draft) VALUES (?,?,?,1,'{}')
            ON CONFLICT DO NOTHING""",
            (app_id, f"st-{app_id}", f"app {app_id}"),
        )
        for number in numbers:
            tx.run(
                """INSERT INTO number(id,app_id,partner,key,display) VALUES (?,?,'cloud-api',?,?)
                ON CONFLICT DO NOTHING""",
                (number, app_id, f"1065403522429{number}", f"120255501{number}"),
            )
