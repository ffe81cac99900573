"""Reports: how far a message of ours came, or that a person took one of theirs back.

The WhatsApp API's reports name no number of ours, so an id that we chose holds it (`shape`). An
item that nobody's number can be told for is not of ours and is kept.

NOT CONFIRMED: whether *DELIVERED_TO_OPERATOR* is reported; it would be *sent*. Deletion reports are
known from one old integration. Which id an SMS of the failover reports is not known; it is taken
for the message's own.

Source: Infobip OpenAPI, "Delivery reports", "Seen reports", "Messages API: reports" (2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.events import Event, InboundMessage, SendProblem, StatusUpdate
from dragoman.domain.sentences import Sentence
from dragoman.domain.status import Status
from dragoman.partners._cloud.shape import need, opt, opt_obj

from .error_table import problem
from .settings import Settings
from .shape import digits, need_number, number_of, person, reference_of, time_of

GROUPS: Mapping[str, Status] = {
    "0": Status.ACCEPTED,
    "1": Status.ACCEPTED,
    "2": Status.FAILED,
    "3": Status.DELIVERED,
    "4": Status.FAILED,
    "5": Status.FAILED,
}
GROUP_NAMES: Mapping[str, Status] = {
    "OK": Status.ACCEPTED,
    "ACCEPTED": Status.ACCEPTED,
    "PENDING": Status.ACCEPTED,
    "UNDELIVERABLE": Status.FAILED,
    "DELIVERED": Status.DELIVERED,
    "EXPIRED": Status.FAILED,
    "REJECTED": Status.FAILED,
}
_TO_OPERATOR = "2"


def step_of(status: dict[str, Any]) -> Status | None:
    """The rung of a status object, by its ids first: names are for people."""
    if opt(status, "id") == _TO_OPERATOR:
        return Status.SENT
    group, name = opt(status, "groupId"), (opt(status, "groupName") or "").upper()
    return GROUPS.get(group or "") or GROUP_NAMES.get(name)


def report(item: dict[str, Any], settings: Settings) -> Event | None:
    """The event of a report; None for one that has no meaning here. Raises Malformed."""
    if item.get("seenAt") is not None:
        return _update(item, settings, Status.READ, "seen", "seenAt")
    if item.get("deletedAt") is not None:
        return _deleted(item)
    status = opt_obj(item, "status")
    step, word = step_of(status), opt(status, "name") or opt(status, "groupName") or ""
    if step is None:
        return None
    return _update(item, settings, step, word.lower(), "doneAt", "sentAt")


def _seen(item: dict[str, Any], settings: Settings) -> str | None:
    """NOT CONFIRMED: which of `from` and `to` is the person; what is not our number is."""
    ends = (opt(item, "from"), opt(item, "to"))
    return next((end for end in ends if end and digits(end) not in settings.numbers), None)


def _update(
    item: dict[str, Any], settings: Settings, step: Status, word: str, *times: str
) -> StatusUpdate | None:
    at, end = time_of(*(item.get(key) for key in times)), opt(item, "to")
    theirs = _seen(item, settings) if step is Status.READ else end
    whom, id = person(item, theirs, opt(item, "destination")), need(item, "messageId")
    by_whatsapp = (opt(item, "channel") or "WHATSAPP").upper() == "WHATSAPP"
    sender = opt(item, "sender") if by_whatsapp else None
    number = number_of(id, settings, sender, end, opt(item, "from"))
    if not number:
        return None
    ours, key = reference_of(id), f"s:{id}:{word}:{at}"
    errors, why = _why(item) if step is Status.FAILED else ((), None)
    return StatusUpdate(
        number, id, key, step, at, whom, ours, errors, why, word=word, display=number, raw=item
    )


def _why(item: dict[str, Any]) -> tuple[tuple[c.Problem, ...], SendProblem]:
    """The error where there is one, else the status."""
    told, prefix = opt_obj(item, "error"), ""
    if opt(told, "id") in (None, "", "0"):
        told, prefix = opt_obj(item, "status"), "status/"
    code, text = opt(told, "id") or "", said(told)
    shown = c.Problem(code, opt(told, "name") or "", opt(told, "description") or "")
    known, sentence = problem(prefix + code, "infobip_failed", code, text)
    if shown == c.Problem(""):
        sentence = Sentence("infobip_failed_silently")
    why = SendProblem(known.code.value, sentence, known.concerns.value, code, text)
    return () if shown == c.Problem("") else (shown,), why


def said(told: dict[str, Any]) -> str:
    """The words of an error or a status."""
    return opt(told, "description") or opt(told, "name") or ""


def _deleted(item: dict[str, Any]) -> InboundMessage | None:
    """A person took a message back."""
    who = person(item, opt(item, "from"))
    if who.recipient is None:
        return None
    number, at = need_number(opt(item, "to")), time_of(item.get("deletedAt"))
    id = need(item, "messageId")
    return InboundMessage(number, None, f"d:{id}", who, at, c.Deleted(id), display=number, raw=item)
