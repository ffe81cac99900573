"""Proactive notifications: a request becomes a job that is kept, and tells how it went.

Accepted means durable: job and recipients are one commit, made before the answer. Which number
writes is chosen then: of those that may write first the one that a person wrote to last, else the
channel's first. The messages are made later (`broadcast`), one for each recipient.

Source: the platform's public API documentation, "Proactive notification API, version 2".
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from dragoman.domain.clock import Clock, Ids, id_text
from dragoman.domain.identity import Phone, read_phone
from dragoman.domain.public_ids import ENTRY, JOB, MESSAGE, USER, public_id, read_public_id
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.domain.status import Doubt, Status
from dragoman.sandbox.failures import ScriptFailed
from dragoman.store.drivers import Tx
from dragoman.store.errors import Busy
from dragoman.store.notifications import Accept, Accepted, NewRecipient, Reach
from dragoman.store.queries.notified import End, Job, ends, job, last_written_to
from dragoman.store.store import Store

from .apps import App, Apps, Copy
from .callers import Caller, fingerprint
from .notify_request import BadRequest, Identity, Request
from .standing import error_sentence, sentence
from .wording import say

DAY_MS = 86_400_000
SENT = "Notification has been sent successfully"  # as documented
SCRIPT = "message.value"  # how a script is called in sentences

words(
    {
        "notify_not_live": "The app {app} is not published, so it sends nothing: publish it.",
        "notify_channel_off": "The channel of the app {app} is switched off in the published "
        "copy: enable it and publish.",
        "notify_off": "Proactive notifications are switched off in the published channel of the "
        "app {app}: run `dragoman channel set '{app}' --proactive` and publish.",
        "notify_no_number": "The published channel of the app {app} lists no number to send from: "
        "add one and publish.",
        "notify_numbers_off": "Proactive notifications are switched off for every number of the "
        "published channel of the app {app}: switch them on for an account and publish.",
        "notify_twice": "The same number is in this request before, at identities[{first}]: one "
        "recipient gets one message.",
        "notify_doubt": "Nobody can say whether it arrived. Do not send it again before that is "
        "settled (dragoman why {id}).",
    }
)

_json = msgspec.json.Encoder()


class NotNow(SentenceError):
    """The channel does not send notifications as it stands."""


class Replayed(Exception):
    """The request's token came before with another body."""


class Notifications:
    """check(source, name): what stands in the way of running a script, or None."""

    def __init__(
        self,
        store: Store,
        apps: Apps,
        clock: Clock,
        ids: Ids,
        *,
        check: Callable[[str, str], Awaitable[Sentence | None]],
        most_waiting: int,
    ) -> None:
        self._store = store
        self._apps = apps
        self._clock = clock
        self._ids = ids
        self._check = check
        self._most_waiting = most_waiting

    async def accept(
        self, app: App, caller: Caller, request: Request, body: bytes
    ) -> dict[str, Any]:
        """Keep a request; the job as the caller sees it. body: as it came. Raises NotNow,
        BadRequest, Replayed, or StoreError when nothing was kept."""
        copy = _ready(app)
        if request.message.kind == "script":
            await self._checked(str(request.message.value))
        now = self._clock.now()
        recipients = await self._recipients(app, copy, request.identities)
        if self._store.waiting >= self._most_waiting:
            raise Busy("store_busy", {"waiting": self._store.waiting})
        unit = Accept(
            app_id=app.id,
            id=self._ids.new(),
            at=now,
            client_id=caller.credential.client_id,
            config_version=copy.version,
            kind=request.message.kind,
            body=_json.encode(request.message).decode(),
            expires=now + DAY_MS,
            recipients=recipients,
            token=caller.token,
            fingerprint=fingerprint(body),
        )
        done: Accepted = await self._store.submit(unit)
        if done.replayed:
            raise Replayed
        return _accepted(app, unit, done)

    async def _checked(self, source: str) -> None:
        """Raises BadRequest for a script that cannot be run, Busy when no sandbox was free."""
        try:
            wrong = await self._check(source, SCRIPT)
        except ScriptFailed as failed:
            if failed.again:
                raise Busy(failed.sentence.id, failed.sentence.args) from None
            wrong = failed.sentence
        if wrong is not None:
            raise BadRequest([wrong])

    async def _recipients(
        self, app: App, copy: Copy, identities: Sequence[Identity]
    ) -> tuple[NewRecipient, ...]:
        """Each identity with the number that writes to it. One that nothing can be sent to keeps
        the reason, and the others go on."""
        read = [_read(one.phone_number) for one in identities]
        phones = [p for p in read if isinstance(p, Phone)]
        numbers = await self._numbers(app, copy)
        listed = frozenset(numbers)
        written = await self._store.read(lambda tx: last_written_to(tx, app.id, phones, listed))
        first: dict[str, int] = {}
        out = []
        for n, (identity, phone) in enumerate(zip(identities, read, strict=True)):
            given = _json.encode(identity).decode()
            if isinstance(phone, Sentence):
                out.append(NewRecipient(0, "", given, _text(phone)))
                continue
            before = first.setdefault(phone.digits, n)
            twice = None if before == n else Sentence("notify_twice", {"first": before})
            number_id = written.get(phone.digits, numbers[0])
            error = None if twice is None else _text(twice)
            out.append(NewRecipient(number_id, phone.digits, given, error))
        return tuple(out)

    async def _numbers(self, app: App, copy: Copy) -> list[int]:
        """The rows of the channel's numbers that may write first, in its order. Raises NotNow
        where there is none."""
        talker = copy.partner
        keys = copy.notifying()
        if talker is None or not keys:
            why = "notify_numbers_off" if copy.numbers() else "notify_no_number"
            raise NotNow(Sentence(why, {"app": app.name}))
        out: list[int] = []
        for key in keys:
            found = self._apps.number_id(app.id, talker.NAME, key)
            if found is None:
                found = await self._apps.ensure_number(app.id, talker.NAME, key, "")
            out.append(found)
        return out

    async def status(self, app: App, id: str) -> dict[str, Any] | None:
        """How a job went, as documented; None for an id that is none of the app's jobs."""
        named = read_public_id(id, app.id)
        if named is None or named[0] != JOB:
            return None
        # A thousand entries take a while to write: off the loop.
        return await self._store.read(lambda tx: _look(tx, app, named[1]))


def _ready(app: App) -> Copy:
    """The published copy, where it sends notifications. Raises NotNow."""
    about = {"app": app.name}
    live = app.published
    if live is None:
        raise NotNow(Sentence("notify_not_live", about))
    if not live.config.channel.enabled:
        raise NotNow(Sentence("notify_channel_off", about))
    if not live.config.channel.proactive:
        raise NotNow(Sentence("notify_off", about))
    return live


def _read(text: str) -> Phone | Sentence:
    try:
        return read_phone(text)
    except SentenceError as error:
        return error.sentence


def _text(value: Sentence) -> str:
    return _json.encode(value).decode()


# --- in the documented shapes --------------------------------------------------------------------


def creator(client_id: str) -> str:
    """Who made a job: the credential, as a user."""
    return f"{USER}-{client_id.removeprefix('cs-')}"


def iso(ms: int) -> str:
    at = datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _accepted(app: App, unit: Accept, done: Accepted) -> dict[str, Any]:
    at = iso(done.at)
    return {
        "_id": public_id(JOB, app.id, done.id),
        "streamId": app.stream_id,
        "jobType": "PROACTIVE_NOTIFICATIONS_API",
        "action": "PROACTIVE_NOTIFICATIONS",
        "status": "IN_PROGRESS",
        "statusLogs": [],
        "percentageComplete": 0,
        "store": {"identitiesCount": len(unit.recipients)},
        "createdBy": creator(unit.client_id),
        "lMod": at,
        "countOfDockStatuses": 1,
        "createdOn": at,
        "requestedTime": at,
        "__v": 0,
    }


class Outcome(msgspec.Struct, frozen=True):
    """Of one recipient. why: None for success."""

    status: str
    why: Sentence | None = None


def outcome(end: End) -> Outcome | None:
    """What is known of a recipient; None while it is on its way. A message counts as sent once the
    partner took it; a report that it failed after all changes that."""
    if end.state == Reach.FAILED:
        return Outcome("FAILURE", sentence(end.error))
    if end.state == Reach.WAITING or end.rank is None:
        return None
    if end.rank == Status.FAILED:
        told = error_sentence(end.message_error) if end.message_error else None
        return Outcome("FAILURE", told)
    if end.rank >= Status.ACCEPTED:
        return Outcome("SUCCESS")
    if end.doubt == Doubt.OPEN and end.box is None:
        return Outcome(
            "FAILURE", Sentence("notify_doubt", {"id": f"out-{id_text(end.message_id)}"})
        )
    return None


def job_status(outcomes: Sequence[Outcome | None]) -> str:
    """Of a job, by its recipients."""
    if any(one is None for one in outcomes):
        return "IN_PROGRESS"
    found = {one.status for one in outcomes if one is not None}
    return found.pop() if len(found) == 1 else "PARTIAL_SUCCESS"


def _look(tx: Tx, app: App, id: int) -> dict[str, Any] | None:
    found = job(tx, app.id, id)
    return None if found is None else _told(app, found, ends(tx, app.id, id))


def _told(app: App, found: Job, recipients: Sequence[End]) -> dict[str, Any]:
    outcomes = [outcome(end) for end in recipients]
    logs = [
        _entry(app, found, end, one)
        for end, one in zip(recipients, outcomes, strict=True)
        if one is not None
    ]
    return {
        "statusLogs": logs,
        "count": len(logs),
        "status": job_status(outcomes),
        "streamId": app.stream_id,
    }


def _entry(app: App, found: Job, end: End, one: Outcome) -> dict[str, Any]:
    given = msgspec.json.decode(end.given, type=Identity)
    comments = SENT if one.status == "SUCCESS" else say(one.why) if one.why else "It failed."
    entry: dict[str, Any] = {
        "_id": public_id(ENTRY, app.id, found.id, end.n),
        "streamId": app.stream_id,
    }
    if end.message_id:
        entry["messagestoreId"] = public_id(MESSAGE, app.id, end.message_id)
    entry["comments"] = comments
    if end.contact_id is not None:
        entry["koreId"] = public_id(USER, app.id, end.contact_id)
    return entry | {
        "channelId": end.phone or given.phone_number,
        "channel": "whatsapp",
        "originalId": given.phone_number,
        "requestId": public_id(JOB, app.id, found.id),
        "status": one.status,
        "createdBy": creator(found.client_id),
        "createdOn": iso(end.ended or found.at),
        "__v": 0,
    }
