"""One message to one person: what its answer says, and what becomes of it.

Whatever has the right shape is accepted. All that depends on the account, the person, the window,
the template's state, Meta's limits or fetching a link comes later, as a delivery report.
Source: Infobip, "Response status and error codes", "Message status codes" (2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dragoman.domain.identity import Bsuid
from dragoman.domain.sentences import SentenceError
from dragoman.emulators.kit import Record, links_here, person_key, stranger
from dragoman.emulators.phone.handsets import HandsetContact

from . import media, template_send, wire
from .checks import CHECKS, Refusal
from .templates import Template

if TYPE_CHECKING:
    from .emulator import Emulator

ENROUTE, ACCEPTED = 7, 26


class Draft(msgspec.Struct, kw_only=True):
    """A checked message, whichever API it came by. `kind` is the endpoint's word or the type of
    its body; `body` is the message as it was sent, `shown` what the person sees of it. `data` is a
    template's, in the WhatsApp API's form."""

    sender: str
    to: str
    kind: str
    body: dict[str, Any]
    shown: dict[str, Any]
    message_id: str = ""
    bulk: str = ""
    callback: str | None = None
    notify: dict[str, str] = {}
    platform: dict[str, str] = {}
    campaign: str = ""
    template: Template | None = None
    data: dict[str, Any] = {}
    flow: str = ""
    payment: dict[str, Any] = {}
    sms: dict[str, str] = {}
    sms_reports: bool = False
    intermediate: bool = False
    by_messages_api: bool = False
    in_ms: int = 0


class Taken(msgspec.Struct):
    """The message's id, its status in the answer, and its record; none where it was refused."""

    message_id: str
    status: int
    record: Record | None = None


class Person(msgspec.Struct):
    contact: HandsetContact
    wrong: str = ""


def find_template(emulator: Emulator, name: str, language: str) -> Template:
    """Raises Refusal: a name and language that the registry does not have. UNSURE: that this is
    said at once, and not in a report (7009)."""
    template = emulator.templates.find(name, language)
    if template is None:
        raise Refusal("template_unknown")
    return template


def person(emulator: Emulator, to: str) -> Person:
    """Whom an address means; `wrong` is the status check that it fails."""
    digits = to.strip().removeprefix("+")
    if digits.isascii() and digits.isdigit() and 5 <= len(digits) <= 15:
        return Person(emulator.people.by_phone(digits) or stranger(digits))
    try:
        Bsuid(to.strip())
    except SentenceError:
        return Person(stranger(to), "destination")
    found = emulator.people.by_bsuid(to.strip())
    return Person(found or stranger(None, to.strip()), "" if found else "unknown_user")


def _rendered(draft: Draft) -> tuple[dict[str, Any], str]:
    """The phone's body, and the status check that a template send fails."""
    if draft.template is None:
        return draft.shown, ""
    try:
        filled = template_send.compose(draft.template, draft.data)
    except template_send.Unfit as unfit:
        return draft.shown, unfit.check
    return {**draft.shown, "rendered": filled}, ""


def accept(emulator: Emulator, draft: Draft) -> Taken:
    """Keep a message. Nothing of it happens yet: `follow` does that."""
    usual = ACCEPTED if draft.by_messages_api else ENROUTE
    message_id = draft.message_id or wire.message_id()
    if emulator.books.sent(message_id) is not None:
        return Taken(message_id, CHECKS["duplicate_id"].status)
    who = person(emulator, draft.to)
    body, unfit = _rendered(draft)
    over = emulator.over_rate(draft.sender, person_key(who.contact))
    record = emulator.accept(
        {
            "id": message_id,
            "number": draft.sender,
            "contact": who.contact,
            "to": draft.to,
            "kind": draft.kind,
            "body": draft.body,
            "shown": body,
            "wrong": who.wrong or unfit or ("meta_rate" if over else ""),
            "category": draft.template["category"] if draft.template else "",
            "flow": draft.flow,
            "bulk": draft.bulk,
            "callback": draft.callback,
            "notify": draft.notify,
            "platform": draft.platform,
            "campaign": draft.campaign,
            "sms": draft.sms,
            "sms_reports": draft.sms_reports,
            "intermediate": draft.intermediate or emulator.config.intermediate_reports,
            "by_messages_api": draft.by_messages_api,
            "in_ms": draft.in_ms,
        }
    )
    if draft.payment:
        emulator.payments.open(draft.sender, record["person"], draft.payment, message_id)
    poor = emulator.rules.no_credit
    return Taken(message_id, CHECKS["no_credit"].status if poor else usual, record)


def _account_says(emulator: Emulator, record: Record) -> str:
    """The account's own reasons against a message: a status check, or ""."""
    rules, number = emulator.rules, record["number"]
    if number not in emulator.lines or number in rules.unregistered_senders:
        return "sender_unknown"
    if rules.no_credit:
        return "no_credit"
    names = {record["contact"]["phone"], record["contact"]["bsuid"]}
    if rules.verified_recipients is not None and not names & set(rules.verified_recipients):
        return "not_registered"
    return "tier" if rules.tier_used_up else ""


def _person_says(emulator: Emulator, record: Record) -> str:
    """The person's reasons."""
    rules, contact = emulator.rules, HandsetContact(**record["contact"])
    names = {contact.phone, contact.bsuid} - {None}
    if names & set(rules.blocked_us):
        return "blocked_user"
    if rules.unreachable(contact):
        return "unknown_user"
    known = emulator.identity(contact)
    if known and not known["acknowledged"]:
        return "identity"
    if record["category"] == "MARKETING":
        if names & set(rules.stopped_marketing):
            return "opted_out"
        if names & set(rules.capped_marketing):
            return "capped"
    return ""


def _later(emulator: Emulator, record: Record) -> str:
    """Why an accepted message does not arrive, as far as that is known at once."""
    wrong = _account_says(emulator, record) or record["wrong"] or _person_says(emulator, record)
    if wrong:
        return wrong
    free_form = not record["category"]
    if free_form and not emulator.window_open(record["number"], record["person"]):
        return "no_session"
    if record["flow"] in emulator.rules.bad_flows:
        return "flow_invalid"
    return "expired" if record["person"] in emulator.rules.phones_off else ""


async def follow(emulator: Emulator, record: Record) -> None:
    """What happens to an accepted message: it arrives or fails."""
    wrong = _later(emulator, record)
    for kind, link in links_here(record["shown"], media.KINDS) if not wrong else ():
        wrong = await media.fetch(emulator, kind, link)
        if wrong:
            break
    if wrong:
        emulator.fail(record, wrong, record["in_ms"])
    else:
        await emulator.arrive(record, record["in_ms"])


async def start(emulator: Emulator, taken: list[Taken]) -> None:
    """Let accepted messages happen. Links are fetched beside the answer, but the fault
    status_first puts the report before it."""
    for one in taken:
        if one.record is None:
            continue
        if emulator.faults.on("status_first") or not links_here(one.record["shown"], media.KINDS):
            await follow(emulator, one.record)
        else:
            emulator.spawn(follow(emulator, one.record))
