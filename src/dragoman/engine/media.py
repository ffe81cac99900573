"""Files that people send are fetched after the webhook was answered, and kept for a while.

The partner says how (one call, or several that lead to it), egress carries it out behind the guard,
and the bytes are judged before they are kept: no longer than the partner's limit, no other type
than was said, the checksum that was said. What fails in passing is tried again with growing
pauses; what cannot become right is given up at once, with a sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any

import msgspec
import structlog

from dragoman.domain.clock import Clock, id_text
from dragoman.domain.content import MediaReceived, decode_inbound
from dragoman.domain.errors import SendError
from dragoman.domain.filetypes import clean_name, mismatch, settled
from dragoman.domain.retry import HOLDERS, pause
from dragoman.domain.sentences import Sentence, say, words
from dragoman.domain.status import FileState
from dragoman.domain.wire import HttpCall, NoReply, Phase, Reply, TooLong
from dragoman.egress import Egress
from dragoman.partners.contract import MediaFile, Partner
from dragoman.partners.registry import PARTNERS, partner
from dragoman.store import media
from dragoman.store.blobs import Blobs, BlobsAway, app_of, aside_file, blob_key, sweep_aside
from dragoman.store.errors import StoreError
from dragoman.store.media import FileRow, Wanted
from dragoman.store.store import Store

from .apps import Apps
from .files import DAY_MS, MOST, Files
from .incoming import Incoming, checksum_of

log = structlog.get_logger("media")

AT_ONCE = 8  # files fetched side by side
STEPS = 4  # calls that lead to one file, at most
CAP_MS = 300_000  # the longest pause between two tries
CHECKSUM_TRIES = 3
# A blob that was written so lately may belong to a row that is about to be written.
FRESH_MS = 3_600_000
# Partners give their limits in megabytes and mean either kind: the larger one counts.
_LOOSE = 1_048_576 / 1_000_000

_json = msgspec.json.Encoder()

words(
    {
        "media_nothing": "{partner} named neither an id nor an address of this file, so it cannot "
        "be fetched.",
        "media_no_settings": "The published channel has no settings for {partner}, so the file "
        "waits: set the channel up and publish.",
        "media_address": "The file was not fetched: {detail}",
        "media_no_answer": "The file could not be fetched: {detail}.",
        "media_too_big": "The file was not kept: it is larger than the {limit} bytes that "
        "{partner} carries as {kind}.",
        "media_empty": "The file came empty.",
        "media_checksum": "The file came damaged: its checksum is not the one that {partner} said.",
        "media_other": "The file was not kept: it came as {said} and is {found}.",
        "media_steps": "{partner} led from one address to the next and never to the file.",
        "media_broken": "A mistake in Dragoman kept this file from being fetched: {error}. Please "
        "report it with the output of dragoman why.",
        "media_given_up": "The file could not be fetched within {hours} hours and is not tried any "
        "more. Last reason: {reason}",
        "media_over": "The file was kept for {days} days, as media_days says, and is deleted.",
    }
)


class Failed(Exception):
    """A file was not had. state: for good; None when it may be had later."""

    def __init__(
        self, sentence: Sentence, state: FileState | None = None, after_ms: int = 0
    ) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence
        self.state = state
        self.after_ms = after_ms


class Fetching:
    """timeout_s: one call. days: how long a file is kept. give_up_ms: how long one is tried for.
    retry_base_ms: the first pause. count(partner, outcome) feeds the metrics."""

    def __init__(
        self,
        store: Store,
        apps: Apps,
        egress: Egress,
        files: Files,
        clock: Clock,
        *,
        timeout_s: float,
        days: float,
        give_up_ms: int,
        retry_base_ms: int,
        count: Callable[[str, str], None] | None = None,
    ) -> None:
        self._store = store
        self._apps = apps
        self._egress = egress
        self._files = files
        self._blobs: Blobs = files.blobs
        self._clock = clock
        self._timeout_s = timeout_s
        self._days = days
        self._give_up_ms = give_up_ms
        self._retry_base_ms = retry_base_ms
        self._count = count or (lambda partner, outcome: None)
        # Long enough for every step of a fetch: a row is due again when its process has died.
        self._hold_ms = int(timeout_s * 1000) * STEPS * 4 + 60_000
        self._running: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._behind = False
        self._stopping = False

    # --- beginning and ending --------------------------------------------------------------------

    async def start(self) -> None:
        """Find what the last process left half done."""
        await asyncio.to_thread(sweep_aside, self._blobs, before=self._clock.real() - FRESH_MS)
        if self._store.is_sqlite:  # nobody else fetches: what was claimed is nobody's now
            now = self._clock.now()
            if await self._store.read(media.waiting):
                await self._store.do(lambda tx: media.again(tx, now))

    async def stop(self, grace_s: float) -> None:
        """Let what runs end; the rest is due at once for whoever comes next."""
        self._stopping = True
        if self._looking is not None:
            await asyncio.wait([self._looking])
        tasks = list(self._running.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=5)
        await self._blobs.close()

    def look_soon(self) -> None:
        """Files wait (a wake of the store)."""
        if self._stopping:
            return
        if self._looking is not None or len(self._running) >= AT_ONCE:
            self._behind = True
            return
        self._behind = False
        self._looking = asyncio.create_task(self._look_quietly(), name="media-look")

    async def _look_quietly(self) -> None:
        try:
            await self.look()
        except StoreError as error:
            log.warning("media_not_looked_at", why=str(error))
        finally:
            self._looking = None
            if self._behind:
                self.look_soon()

    async def look(self) -> int:
        """Take what is due and there is room for; how many."""
        free = AT_ONCE - len(self._running)
        if self._stopping or free <= 0:
            return 0
        now = self._clock.now()
        rows = await self._store.do(lambda tx: media.claim(tx, now, now + self._hold_ms, free))
        for wanted in rows:
            key = (wanted.app_id, wanted.id)
            self._running[key] = asyncio.create_task(self._guard(wanted), name=f"file-{wanted.id}")
        self._behind = self._behind or len(rows) == free
        return len(rows)

    # --- housekeeping ----------------------------------------------------------------------------

    async def sweep(self, now: int) -> None:
        """What the wakes may have missed, and what time alone ends."""
        due = await self._store.read(lambda tx: media.due(tx, now))
        if FileState.WAITING in due:
            self.look_soon()
        if FileState.KEPT in due:
            await self._expire(now)

    async def _expire(self, now: int) -> None:
        why = _text(Sentence("media_over", {"days": f"{self._days:g}"}))
        ended = await self._store.do(lambda tx: media.expire(tx, now, why))
        try:
            await self._delete(ended)
        except BlobsAway as away:  # no row has them any more: `tidy` finds them
            log.warning("media_not_deleted", why=str(away))

    async def tidy(self, now: int) -> None:
        """Once in a while: what no row has any more. Raises BlobsAway."""
        await self._store.do(lambda tx: media.prune_uploads(tx, now))
        before = self._clock.real() - FRESH_MS
        await asyncio.to_thread(sweep_aside, self._blobs, before=before)
        keys = [key async for key in self._blobs.keys(before=before)]
        for at in range(0, len(keys), 500):
            await self._delete([(app_of(key), key) for key in keys[at : at + 500]])

    async def _delete(self, blobs: list[tuple[int, str]]) -> None:
        """Delete those that no row has. One that was written just now is left to a later round:
        equal bytes may have come in again, and its row is still on its way."""
        living = await self._store.read(lambda tx: media.living(tx, blobs))
        before = self._clock.real() - FRESH_MS
        for _, key in blobs:
            if key not in living:
                await self._blobs.delete(key, before=before)

    # --- one file --------------------------------------------------------------------------------

    async def _guard(self, wanted: Wanted) -> None:
        key = (wanted.app_id, wanted.id)
        try:
            await self._try(wanted)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(wanted))
        except StoreError as error:  # it is due again when its hold ends
            log.warning("media_not_kept", file=id_text(wanted.id), why=str(error))
        finally:
            self._running.pop(key, None)
            self._files.tell(*key)
            if self._behind:
                self.look_soon()

    async def _give_back(self, wanted: Wanted) -> None:
        now = self._clock.now()
        with contextlib.suppress(StoreError):
            await self._store.do(lambda tx: media.again(tx, now, [(wanted.app_id, wanted.id)]))

    async def _try(self, wanted: Wanted) -> None:
        try:
            incoming = Incoming(await asyncio.to_thread(aside_file, self._blobs))
            try:
                row = await self._fetched(wanted, incoming)
            finally:
                await incoming.remove()
        except Failed as failed:
            await self._not_had(wanted, failed)
        except StoreError as away:  # the store of files: the file itself may be had
            await self._not_had(wanted, Failed(away.sentence))
        except OSError as error:
            args = {"place": str(self._blobs.aside), "detail": error.strerror or "unknown"}
            await self._not_had(wanted, Failed(Sentence("blobs_away", args)))
        except Exception as error:
            log.exception("media_broken", file=id_text(wanted.id))
            broken = Sentence("media_broken", {"error": f"{type(error).__name__}: {error}"})
            await self._not_had(wanted, Failed(broken))
        else:
            await self._store.do(lambda tx: media.keep(tx, row))
            self._count(wanted.partner, "kept")

    async def _not_had(self, wanted: Wanted, failed: Failed) -> None:
        now = self._clock.now()
        why, state = failed.sentence, failed.state
        wait = max(
            pause(wanted.tries, self._retry_base_ms, CAP_MS, random.random()), failed.after_ms
        )
        if state is None and now + wait - wanted.at > self._give_up_ms:
            hours = f"{self._give_up_ms / 3_600_000:g}"
            why = Sentence("media_given_up", {"hours": hours, "reason": why})
            state = FileState.GONE
        if state is None:
            self._count(wanted.partner, "retry")
            await self._store.do(lambda tx: media.later(tx, wanted, _text(why), now + wait))
            return
        log.warning("media_not_had", file=id_text(wanted.id), why=say(why))
        self._count(wanted.partner, state.word)
        await self._store.do(lambda tx: media.end(tx, wanted, state, _text(why), now))

    async def _fetched(self, wanted: Wanted, incoming: Incoming) -> FileRow:
        """Fetch a file, judge it, and put it where it is kept. Raises Failed, BlobsAway."""
        said: MediaReceived = getattr(decode_inbound(wanted.content), "media", MediaReceived())
        app = self._apps.by_id.get(wanted.app_id)
        if wanted.partner not in PARTNERS:
            raise Failed(Sentence("media_no_settings", {"partner": wanted.partner}))
        talker = partner(wanted.partner)
        settings = app.sending(wanted.partner) if app is not None else None
        if settings is None:
            raise Failed(Sentence("media_no_settings", {"partner": talker.LABEL}))
        limit = int(talker.MEDIA_LIMITS.get(wanted.kind, MOST) * _LOOSE)
        if said.size is not None and said.size > limit:
            raise _too_big(talker, wanted.kind, limit)
        call = talker.render_media(wanted.number_key, said.id, said.url, settings)
        if call is None:
            raise Failed(Sentence("media_nothing", {"partner": talker.LABEL}), FileState.GONE)
        found = await self._led(talker, call, settings, incoming, wanted.kind, limit)
        head = found.data
        mime = said.mime_type or found.mime
        if incoming.size > limit:
            raise _too_big(talker, wanted.kind, limit)
        _judge(talker, wanted, said, mime, head, incoming)
        now = self._clock.now()
        key = blob_key(wanted.app_id, incoming.sha256)
        await self._blobs.put(key, incoming.file)
        return FileRow(
            wanted.app_id, wanted.id, 0, wanted.at, now + int(self._days * DAY_MS),
            FileState.KEPT, wanted.tries, settled(mime, head),
            clean_name(said.filename or found.filename), incoming.size, incoming.sha256, key,
            None, now,
        )  # fmt: skip

    async def _led(
        self,
        talker: Partner,
        call: HttpCall,
        settings: Any,
        incoming: Incoming,
        kind: str,
        limit: int,
    ) -> MediaFile:
        """Follow the partner's calls to the file; its bytes are in `incoming`."""
        for _ in range(STEPS):
            await incoming.begin()
            reply = await self._egress.download(
                call, incoming.take, timeout_s=self._timeout_s, max_body=limit
            )
            if isinstance(reply, TooLong):
                raise _too_big(talker, kind, limit)
            if isinstance(reply, NoReply) and reply.phase is Phase.REFUSED:
                sentence = Sentence("media_address", {"detail": reply.said})
                raise Failed(sentence, FileState.REFUSED)
            found = talker.read_media(call, reply, settings)
            if isinstance(found, SendError):
                raise _refusal(reply, found)
            if isinstance(found, MediaFile):
                if not isinstance(reply, Reply) or found.data is not reply.body:
                    await incoming.begin()  # the partner had it wrapped in something
                    await incoming.take(found.data)
                return found
            call = found
        raise Failed(Sentence("media_steps", {"partner": talker.LABEL}), FileState.GONE)


def _judge(
    talker: Partner, wanted: Wanted, said: MediaReceived, mime: str, head: bytes, came: Incoming
) -> None:
    """Raises Failed for what is not kept."""
    if not came.size:
        raise Failed(Sentence("media_empty"))
    checksum = checksum_of(said.sha256)
    if checksum is not None and checksum != came.sha256:
        last = wanted.tries >= CHECKSUM_TRIES
        sentence = Sentence("media_checksum", {"partner": talker.LABEL})
        raise Failed(sentence, FileState.REFUSED if last else None)
    other = mismatch(wanted.kind, mime, head)
    if other is not None:
        args = {"said": mime or wanted.kind, "found": other}
        raise Failed(Sentence("media_other", args), FileState.REFUSED)


def _too_big(talker: Partner, kind: str, limit: int) -> Failed:
    args = {"limit": limit, "partner": talker.LABEL, "kind": kind}
    return Failed(Sentence("media_too_big", args), FileState.REFUSED)


def _refusal(reply: Reply | NoReply, error: SendError) -> Failed:
    """A fetch may always be repeated; what the partner will say again is the end of it."""
    if isinstance(reply, NoReply):
        detail = reply.why or reply.detail.rstrip(".")
        return Failed(Sentence("media_no_answer", {"detail": detail}))
    holds = error.retryable or error.ambiguous or error.concerns in HOLDERS
    after = int((error.retry_after or 0) * 1000)
    return Failed(error.sentence, None if holds else FileState.GONE, after)


def _text(sentence: Sentence) -> str:
    return _json.encode(sentence).decode()
