"""What becomes of a send once it is taken, whichever API took it.

Template and session messages meet the person's consent and the 24-hour window here; Enterprise
looks at consent before it answers, the other two report it later.
Source: Gupshup, "Error and status messages" (which code says what); Meta, "Messages".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from dragoman.emulators import kit
from dragoman.emulators._cloud import wire as meta
from dragoman.emulators.kit import Answer, Record
from dragoman.emulators.phone.handsets import HandsetContact

from . import wire
from .check_table import CHECKS
from .checks import MetaRefusal, Refusal, passed_on
from .config import Dialect

if TYPE_CHECKING:
    from .emulator import Emulator

Why = Refusal | MetaRefusal
_MB = 1_000_000
LARGEST = {
    "image": 5 * _MB,
    "video": 16 * _MB,
    "audio": 16 * _MB,
    "document": 100 * _MB,
    "sticker": 100_000,
}


class Draft(msgspec.Struct, kw_only=True):
    """A checked send. `shown`: the Cloud-shaped body for the phone; `sent`: what the business
    sent, without its secrets; `session`: free-form. `trouble`: refused already, to be told in a
    report. `text`: what a session text says, which may turn out to be a template's. `extra`: the
    reference that Enterprise and Meta echo, `msgid` that of a choice on the Access API."""

    dialect: Dialect
    contact: HandsetContact
    kind: str
    shown: dict[str, Any]
    sent: dict[str, Any]
    session: bool
    trouble: Why | None = None
    text: str = ""
    extra: str | None = None
    msgid: str = ""
    options: list[str] = []


def opted_in(emulator: Emulator, person: str) -> bool:
    """Whether templates may go to a person. A person's own message counts as consent while the
    rule writing_opts_in is on, which is not confirmed."""
    if not emulator.rules.opt_in_needed:
        return True
    if emulator.consent.get(person) is not None:
        return emulator.consent[person]
    return emulator.rules.writing_opts_in and emulator.spoken_at(emulator.number, person) > 0


def too_many(emulator: Emulator, draft: Draft) -> bool:
    """Whether the number sends too fast, which is refused at once. Too many to one person is for a
    report."""
    over = emulator.over_rate(emulator.number, kit.person_key(draft.contact))
    if over == "pair" and draft.trouble is None:
        refusal = MetaRefusal("rate_pair")
        own: dict[str, Why] = {"v3": refusal, "enterprise": Refusal("ent_pair")}
        draft.trouble = own.get(draft.dialect) or passed_on(refusal)
    return over == "number"


def take(emulator: Emulator, draft: Draft) -> Record:
    """Keep a send under an id in its API's form. Nothing of it happens yet: see `follow`."""
    person = kit.person_key(draft.contact)
    enterprise = draft.dialect == "enterprise"
    older = draft.dialect == "access"
    record: Record = {
        "id": wire.enterprise_id() if enterprise else wire.gupshup_id(),
        "whatsapp_id": wire.whatsapp_id(person, from_business=True)
        if older
        else meta.wamid(person, from_business=True),
        "dialect": draft.dialect,
        "number": emulator.number,
        "contact": draft.contact,
        "kind": draft.kind,
        "session": draft.session,
        "body": draft.sent,
        "shown": draft.shown,
        "text": draft.text,
        "extra": draft.extra,
        "msgid": draft.msgid,
        "options": draft.options,
    }
    return emulator.accept(record)


async def answered(
    emulator: Emulator, draft: Draft, record: Record, reply: dict[str, Any] | str, status: int = 200
) -> Answer:
    """Let the message go its way, and answer the send."""
    if emulator.faults.on("status_first") or not _links(record):
        await follow(emulator, record, draft.trouble)
    else:
        emulator.spawn(follow(emulator, record, draft.trouble))
    if isinstance(reply, str):
        answer = Answer(reply.encode(), status, "text/plain; charset=utf-8")
    else:
        answer = wire.said(reply, status)
    shown = emulator.spoil(answer)
    emulator.wire_out(
        record["number"],
        f"send {draft.kind}",
        shown,
        draft.sent,
        record["id"],
        reply,
        record["contact"]["id"],
    )
    return answer


async def follow(emulator: Emulator, record: Record, trouble: Why | None = None) -> None:
    """It arrives, or fails and is reported as such."""
    why = trouble or _stopped(emulator, record)
    for kind, link in _links(record) if why is None else ():
        why = await _fetched(emulator, record, kind, link)
        if why is not None:
            break
    if why is None:
        await emulator.arrive(record)
    else:
        emulator.fail(record, why)


def in_words(record: Record, code: str, meta_check: str = "", **values: Any) -> Why:
    """A reason to fail, in the words of the record's API: a code of the Access API's table, and
    the same for Meta and for Enterprise, where there is one."""
    dialect = record["dialect"]
    if dialect == "v3" and meta_check:
        return MetaRefusal(meta_check, **values)
    if dialect == "enterprise":
        own = {"470": "ent_window", "1002": "ent_unreachable", "1010": "ent_media"}.get(code)
        check = CHECKS[f"api_{code}"]
        return Refusal(own) if own else Refusal("ent_failing", code=code, reason=check.says)
    return Refusal(f"api_{code}")


def _stopped(emulator: Emulator, record: Record) -> Why | None:
    """Why an accepted message does not arrive, as far as that is known at once."""
    rules, person = emulator.rules, record["person"]
    contact = msgspec.convert(record["contact"], HandsetContact)
    if person in rules.failing and f"api_{rules.failing[person]}" in CHECKS:
        return in_words(record, rules.failing[person])
    if rules.unreachable(contact) or (not contact.phone and contact.id.startswith("wa-")):
        return in_words(record, "1002", "undeliverable")
    if rules.wallet_empty:
        return in_words(record, "1003", "no_payment")
    if emulator.consent.get(person) is False and record["dialect"] == "access":
        return in_words(record, "1012")
    if not record["session"]:
        return in_words(record, "1006") if _unasked(emulator, record) else None
    if emulator.window_open(record["number"], person):
        return None
    return _late(emulator, record)


def _unasked(emulator: Emulator, record: Record) -> bool:
    """Enterprise has refused before, and Meta knows no opt-in of Gupshup's."""
    return record["dialect"] == "access" and not opted_in(emulator, record["person"])


def _late(emulator: Emulator, record: Record) -> Why | None:
    """A free-form message after the window. A text that is an approved template's goes as that, on
    the Access API; what else is said there depends on opt-in."""
    if record["dialect"] != "access":
        return in_words(record, "470", "window_closed")
    if emulator.rules.templates_off:
        return Refusal("api_1004")
    consents = opted_in(emulator, record["person"])
    matched = bool(record["text"]) and emulator.templates.worded(record["text"], "") is not None
    if matched:
        return None if consents else Refusal("api_1006")
    if not record["text"]:
        return Refusal("api_470") if consents else Refusal("api_1008")
    if not emulator.rules.opt_in_needed:
        return Refusal("api_470")
    return Refusal("api_1005") if consents else Refusal("api_1007")


# --- files by link -------------------------------------------------------------------------------


def _links(record: Record) -> list[tuple[str, str]]:
    return kit.links_here(record["shown"].get("rendered", record["shown"]), LARGEST)


async def _fetched(emulator: Emulator, record: Record, kind: str, link: str) -> Why | None:
    """Fetch a link as WhatsApp would."""
    try:
        async with emulator.http.get(link) as answer:
            size, status = len(await answer.read()), answer.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        why = type(error).__name__
        return in_words(record, "1010", "media_download", reason=why)
    if status != 200:
        return in_words(record, "1010", "media_download", reason=f"HTTP {status}")
    if size > LARGEST[kind]:
        return in_words(record, "1011", "media_download", reason=f"{size} bytes")
    return None
