"""The message log's filters over a million messages: how long each takes."""

from __future__ import annotations

import time

from dragoman.store.queries import chain, messages
from dragoman.store.queries.messages import Filter
from dragoman.store.store import reader

from . import messages as many


def filters(url: str, count: int) -> list[tuple[float, str]]:
    """Milliseconds and name of each question to an empty database that is filled first, three times
    with other people, slowest first."""
    many.fill(url, count)
    tx = reader(url)
    now = many.START_MS + count * 100
    took: list[tuple[float, str]] = []
    for i in range(3):
        own = tuple(chain.conversations_of(tx, f"+1202{i * 331:07d}"))
        wanted = {f"status {s}": Filter(status=s) for s in messages.WORDS}
        wanted |= {"all": Filter(), "in": Filter(direction=0), "out": Filter(direction=1)}
        wanted |= {"one contact": Filter(conversations=own)}
        wanted |= {f"words {w}": Filter(words=w) for w in ("message 999001", "nowhere", "Étage")}
        wanted |= {f"name {n}": Filter(name=n) for n in ("Person 44", "nobody")}
        wanted |= {"number": Filter(numbers=(2,)), "rare": Filter(numbers=(1,), words="zebra")}
        for name, one in wanted.items():
            began = time.perf_counter()
            messages.newest(tx, one, 20, now)
            took.append(((time.perf_counter() - began) * 1000, name))
    tx.close()  # type: ignore[attr-defined]
    return sorted(took, reverse=True)
