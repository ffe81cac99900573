"""What happens to the messages that somebody looks at: `dragoman log -f` looks into the database
three times a second for what is new, the console's pages with every commit.

Ids rise with time, but a row is committed a little after its id was made, and another process may
be quicker. So each look goes back a few seconds and leaves out what was shown.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import msgspec

from dragoman.domain.clock import Clock
from dragoman.domain.status import Answer, Status
from dragoman.store.drivers import Tx
from dragoman.store.queries import chain, messages
from dragoman.store.queries.messages import Filter, Line, first_id
from dragoman.store.queries.others import Other
from dragoman.store.queries.others import newest as newest_others

BACK_MS = 5_000
WATCHED = 1_000  # messages whose next status is waited for, beside those that a report names
AT_ONCE = 5_000

_ENDED = (Status.READ, Status.PLAYED, Status.FAILED)


class Printer(Protocol):
    def message(self, line: Line) -> None: ...

    def change(self, line: Line, at: int) -> None: ...

    def other(self, other: Other) -> None: ...


class Follower:
    """What was shown, and what is still to be told of it. others: whether what is no message is
    told as well. watched: of how many messages the next status is waited for."""

    def __init__(
        self, tx: Tx, wanted: Filter, printer: Printer, *, others: bool = False,
        watched: int = WATCHED,
    ) -> None:  # fmt: skip
        self._watched = watched
        self._others: set[str] | None = None
        if others:
            self._others = {one.name for one in newest_others(tx, wanted.app_id, 0, 1000)}
        self._tx = tx
        self._wanted = wanted
        self._any_status = msgspec.structs.replace(wanted, status=None)
        self._printer = printer
        self._words: OrderedDict[tuple[int, int], str] = OrderedDict()
        self._from: dict[int, tuple[int, int]] = {}
        self._seen: set[tuple[int, int]] = set()
        self._reports: set[int] = set()
        for app_id in self._apps():
            self._from[app_id] = messages.last_ids(tx, app_id)
            self._seen |= {(app_id, i) for i in self._recent(app_id)}
            top = self._from[app_id][1] - (BACK_MS << 22)
            self._reports |= {r for r, _ in messages.reported(tx, app_id, top, AT_ONCE)}

    def shown(self, lines: Sequence[Line]) -> None:
        """These are on the screen already. Told after the follower was made, so that nothing that
        comes in between is missed."""
        now = Clock().now()
        for line in lines:
            self._seen.add((line.app_id, line.id))
            self._remember(line, now)

    def look(self, tx: Tx, now: int = 0) -> None:
        """Tell what happened since the last look. now: by the business clock, 0 for the machine's
        own."""
        self._tx = tx
        now = now or Clock().now()
        for app_id in self._apps():
            new, changed = self._new(app_id), self._changed(app_id)
            for line in messages.load(self._tx, new):
                if messages.fits(line, self._wanted, now):
                    self._printer.message(line)
                if messages.fits(line, self._any_status, now):
                    self._remember(line, now)
            self._tell_changes(changed - set(new), now)
        self._tell_changes(set(self._words), now)
        self._tell_others(now)

    def _tell_others(self, now: int) -> None:
        if self._others is None:
            return
        since = first_id(now - 60_000)
        for other in newest_others(self._tx, self._wanted.app_id, since, AT_ONCE):
            if other.name not in self._others:
                self._others.add(other.name)
                self._printer.other(other)

    def _apps(self) -> list[int]:
        if self._wanted.app_id is not None:
            return [self._wanted.app_id]
        return [app_id for app_id, _ in messages.apps(self._tx)]

    def _recent(self, app_id: int) -> list[int]:
        top = self._from.setdefault(app_id, (0, 0))[0]
        return messages.since(self._tx, app_id, max(0, top - (BACK_MS << 22)), AT_ONCE)

    def _new(self, app_id: int) -> list[tuple[int, int]]:
        ids = self._recent(app_id)
        new = [(app_id, i) for i in ids if (app_id, i) not in self._seen]
        self._seen |= set(new)
        if ids:
            top = max(self._from[app_id][0], ids[-1])
            self._from[app_id] = (top, self._from[app_id][1])
            if len(self._seen) > 4 * AT_ONCE:
                old = top - 2 * (BACK_MS << 22)
                self._seen = {(a, i) for a, i in self._seen if a != app_id or i > old}
        return new

    def _changed(self, app_id: int) -> set[tuple[int, int]]:
        top = self._from[app_id][1]
        rows = messages.reported(self._tx, app_id, max(0, top - (BACK_MS << 22)), AT_ONCE)
        new = [(r, m) for r, m in rows if r not in self._reports]
        self._reports |= {r for r, _ in new}
        if rows:
            self._from[app_id] = (self._from[app_id][0], max(top, rows[-1][0]))
            if len(self._reports) > 4 * AT_ONCE:
                old = self._from[app_id][1] - 2 * (BACK_MS << 22)
                self._reports = {r for r in self._reports if r > old}
        return {(app_id, m) for _, m in new if m}

    def _remember(self, line: Line, now: int) -> None:
        key = (line.app_id, line.id)
        ended = line.rank in _ENDED if line.direction else line.answer != Answer.WAITING
        if ended and not line.doubt:
            self._words.pop(key, None)
            return
        self._words[key] = messages.word(line, now)
        if len(self._words) > self._watched:
            self._words.popitem(last=False)

    def _tell_changes(self, keys: set[tuple[int, int]], now: int) -> None:
        for line in messages.load(self._tx, keys):
            word = messages.word(line, now)
            known = self._words.get((line.app_id, line.id))
            if word == known:
                continue
            if messages.fits(line, self._wanted, now):
                at = chain.last_change(self._tx, line.app_id, line.id)
                self._printer.change(line, at or now)
            self._remember(line, now)
