"""The verdict over a quiet system: what people said, what the database holds, what Graph got."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from typing import Any

import msgspec

from dragoman.domain.content import decode_outbound
from dragoman.domain.status import Doubt, Status
from dragoman.store import doubts
from dragoman.store.drivers import Tx

from .crash_world import World
from .echo_agent import answers_to, remember

FAR = 1 << 60


class Verdict(msgspec.Struct):
    """wrong: sentences, one for each thing that must not be; the counts say how many."""

    answered: int = 0
    turns: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    doubt: int = 0
    echoed: int = 0
    other: int = 0
    wrong: list[str] = []

    def accuse(self, count: str, sentence: str) -> None:
        setattr(self, count, getattr(self, count) + 1)
        self.wrong.append(f"{count}: {sentence}")


class Out(msgspec.Struct, frozen=True):
    """One message of ours, as the database has it."""

    id: int
    conversation_id: int
    seq: int
    turn_id: int
    rank: int
    doubt: int
    external_id: str | None


def busy(tx: Tx) -> list[str]:
    """What is still to be done; empty when all is quiet."""
    asked = {
        "outbox rows": "SELECT count(*) FROM outbox",
        "leases": "SELECT count(*) FROM conversation WHERE lease_owner IS NOT NULL",
        "due conversations": "SELECT count(*) FROM conversation WHERE due_at IS NOT NULL",
        "waiting messages": "SELECT count(*) FROM message WHERE direction=0 AND answer=0",
    }
    return [f"{n} {what}" for what, sql in asked.items() if (n := tx.run(sql)[0][0])]


def judge(tx: Tx, world: World) -> Verdict:
    """Compare the three. The world must be quiet."""
    v = Verdict(answered=len(world.said) - len(world.unanswered()))
    arrived = _arrivals(tx, world, v)
    out = _outgoing(tx)
    _answers(world, v, arrived, out)
    _sends(world, v, arrived, out)
    _conversations(tx, v)
    _turns(tx, v, arrived)
    listed = {row[2] for row in doubts.listed(tx, FAR)}
    open_ = {o.id for rows in out.values() for o in rows if o.doubt == Doubt.OPEN}
    if listed != open_:
        v.accuse("other", f"{len(open_ ^ listed)} doubts are open and not listed, or the reverse")
    for left in busy(tx):
        v.accuse("other", f"{left} left in a quiet system")
    return v


def _arrivals(tx: Tx, world: World, v: Verdict) -> dict[str, Any]:
    """message id -> (conversation, seq, answer, turn) of what was said."""
    rows = tx.run(
        """SELECT external_id,conversation_id,seq,answer,turn_id FROM message
        WHERE direction=0"""
    )
    count = Counter(row[0] for row in rows)
    for message_id, said in world.said.items():
        if count[message_id] > 1:
            v.accuse("doubled", f"{said.text!r} is {count[message_id]} messages")
        if not count[message_id]:
            v.accuse("lost", f"{said.text!r} was answered 200 and is not in the database")
    for stranger in count.keys() - world.said.keys():
        v.accuse("other", f"nobody sent {stranger}")
    return {row[0]: row[1:] for row in rows if row[0] in world.said}


def _outgoing(tx: Tx) -> dict[str, list[Out]]:
    found: dict[str, list[Out]] = defaultdict(list)
    for row in tx.run(
        """SELECT id,conversation_id,seq,turn_id,rank,doubt,external_id,content FROM message
        WHERE direction=1"""
    ):
        content = decode_outbound(row[7])
        found[getattr(content, "text", "?")].append(Out(*row[:7]))
    return found


def _answers(world: World, v: Verdict, arrived: dict[str, Any], out: dict[str, list[Out]]) -> None:
    """Each message has exactly its answers, made by the one turn that took it."""
    known = set()
    for message_id, (_, _, answer, turn_id) in arrived.items():
        text = world.said[message_id].text
        if answer != 1:
            v.accuse("lost", f"{text!r} was not answered (answer {answer})")
        for wanted in answers_to(text):
            known.add(wanted)
            rows = out.get(wanted, [])
            if not rows:
                v.accuse("lost", f"{text!r} has no answer {wanted!r}")
            elif len(rows) > 1:
                v.accuse("doubled", f"{wanted!r} was made {len(rows)} times")
            elif rows[0].turn_id != turn_id:
                v.accuse("other", f"{wanted!r} belongs to another turn than its message")
    for text in out.keys() - known:
        v.accuse("other", f"nobody asked for {text!r}")


def _sends(world: World, v: Verdict, arrived: dict[str, Any], out: dict[str, list[Out]]) -> None:
    """What Graph accepted: once, in order, and known to us; what it did not get is in doubt."""
    place = {}
    for message_id, row in arrived.items():
        for i, text in enumerate(answers_to(world.said[message_id].text)):
            place[text] = (row[0], row[1], i)
    accepted = [c for c in world.calls if c.status == 200]
    count = Counter(c.text for c in accepted)
    for text, times in count.items():
        if text not in place:
            v.accuse("other", f"Graph got {text!r}, which answers nothing")
        if times > 1:
            v.accuse("doubled", f"Graph got {text!r} {times} times")
    last: dict[int, tuple[tuple[int, int, int], str]] = {}
    for text in dict.fromkeys(c.text for c in accepted if c.text in place):
        here = place[text]
        before = last.get(here[0])
        if before is not None and here < before[0]:
            v.accuse("disordered", f"Graph got {text!r} after {before[1]!r}")
        last[here[0]] = (here, text)
    for text, rows in out.items():
        for o in rows:
            _one_send(v, text, o, count[text])


def _one_send(v: Verdict, text: str, o: Out, times: int) -> None:
    v.doubt += o.doubt == Doubt.OPEN
    v.echoed += o.doubt in (Doubt.SETTLED_ARRIVED, Doubt.SETTLED_INFERRED)
    if times == 0 and o.doubt != Doubt.OPEN:
        v.accuse("lost", f"{text!r} never reached Graph (rank {o.rank}, doubt {o.doubt})")
    if times and o.doubt == Doubt.OPEN:
        v.accuse("other", f"{text!r} arrived and was reported, and is still in doubt")
    if times and (o.rank != Status.READ or o.external_id is None):
        v.accuse("other", f"{text!r} was read, and stands at rank {o.rank} ({o.external_id})")


def _conversations(tx: Tx, v: Verdict) -> None:
    """Sequences without gaps; a context that heard every message once, in order."""
    heard: dict[int, str] = defaultdict(str)
    for conversation, content in tx.run(
        "SELECT conversation_id,content FROM message WHERE direction=0 ORDER BY conversation_id,seq"
    ):
        text = msgspec.json.decode(content)["text"]
        heard[conversation] = remember(heard[conversation], text)
    counts = {
        (r[0], r[1]): (r[2], r[3])
        for r in tx.run(
            """SELECT conversation_id,direction,count(*),max(seq) FROM message
            GROUP BY conversation_id,direction"""
        )
    }
    for conversation, in_seq, out_seq, done_seq, context in tx.run(
        "SELECT id,in_seq,out_seq,done_seq,context FROM conversation"
    ):
        for direction, drawn in ((0, in_seq), (1, out_seq)):
            n, highest = counts.get((conversation, direction), (0, 0))
            if not n == highest == drawn:
                v.accuse("other", f"direction {direction}: {n} messages, drawn {drawn}")
        if done_seq != in_seq:
            v.accuse("lost", f"a conversation is done up to {done_seq} of {in_seq}")
        if msgspec.json.decode(context).get("heard", "") != heard[conversation]:
            v.accuse("other", "a context did not hear its messages once and in order")


def _turns(tx: Tx, v: Verdict, arrived: dict[str, Any]) -> None:
    """Every message lies in its turn's span, and no two turns' spans meet."""
    turns = {r[0]: r[1:] for r in tx.run("SELECT id,conversation_id,from_seq,to_seq FROM turn")}
    v.turns = len({row[3] for row in arrived.values() if row[3]})
    for conversation, seq, _, turn_id in arrived.values():
        at = turns.get(turn_id)
        if at is None or at[0] != conversation or not at[1] <= seq <= at[2]:
            v.accuse("other", f"message {seq} is not in the span of its turn")
    spans = sorted((where, first, to) for where, first, to in turns.values())
    for (where, _, to), (again, first, _) in itertools.pairwise(spans):
        if where == again and first <= to:
            v.accuse("doubled", f"two turns took message {first}")
