"""One POST of Infobip's webhook, read into events: messages and reports in two formats each, and
news of payments, templates and people, which come alone.

An item is told by its members. One that cannot be read becomes `Rejected`, and its neighbours are
read all the same; one that is not known is kept raw.

NOT CONFIRMED: the payloads of BUSINESS_APP_…, ACCOUNT_…, BILLING and CLICK are not published.

Source: Infobip OpenAPI, "Receive WhatsApp messages", "Delivery and seen reports", "Messages API"
(2026).
"""

from __future__ import annotations

from typing import Any

from dragoman.domain import content as c
from dragoman.domain.events import Event, InboundMessage, KeptEvent, Referral, Rejected
from dragoman.domain.sentences import Sentence, words
from dragoman.partners import once
from dragoman.partners._cloud.context import quoted, referral
from dragoman.partners._cloud.shape import digest, found, missing, opt, opt_obj
from dragoman.partners.contract import Hook, UnreadableBody
from dragoman.partners.items import listed
from dragoman.partners.mapping import Need, mapped

from . import parse_news, parse_reports
from .parse_content import payment_key, read_message, read_part
from .settings import Settings
from .shape import ITEMS, digits, moment, need_number, snake, somebody, time_of

words(
    {
        "infobip_other_body": "The body is not Infobip's ({found}); check whose webhook is set to "
        "this address.",
    }
)

# Members by which an item is Infobip's at all.
_ITS_OWN = frozenset(
    {"message", "integrationType", "seenAt", "deletedAt", "status", "event", "channel"}
    | {"content", "createdAt", "messageTemplateId", "bulkId"}
)


def parse(hook: Hook, settings: Settings) -> list[Event | Rejected]:
    """Every event of one POST, in the body's order. Raises UnreadableBody."""
    places = once.Places()
    out: list[Event | Rejected] = []
    for path, item in _items(ITEMS.root(hook.body)):
        read = ITEMS.read(item, path, lambda item: _events(item, settings, places))
        out += [read] if isinstance(read, Rejected) else read
    return out


def _items(root: Any) -> list[tuple[str, Any]]:
    """The items with their paths. Raises UnreadableBody."""
    if type(root) is dict and "results" in root:
        return [] if root["results"] is None else listed(root["results"], "results")
    if type(root) is list or (type(root) is dict and not _ITS_OWN.isdisjoint(root)):
        return listed(root)
    raise UnreadableBody(Sentence("infobip_other_body", {"found": found(root)}))


def _events(item: dict[str, Any], settings: Settings, places: once.Places) -> list[Event]:
    """What an item says. A member that is null is as good as absent."""
    event = opt(item, "event") or ""
    there = {name for name, value in item.items() if value is not None}
    if event.upper() == "MO":
        return _messages(item, "content", settings, places)
    if "message" in there or ("integrationType" in there and "status" not in there):
        return _messages(item, "message", settings, places)
    if event.upper() in ("DELIVERY", "SEEN") or there & {"seenAt", "deletedAt", "status"}:
        return [parse_reports.report(item, settings) or kept(item, "report", known=True)]
    return [parse_news.news(item) or kept(item, event, known=False)]


def kept(item: dict[str, Any], field: str, known: bool) -> KeptEvent:
    """An item without a type of its own, whole."""
    times = (item.get(key) for key in ("receivedAt", "doneAt", "createdAt", "sentAt"))
    at = next((at for time in times if (at := moment(time)) is not None), 0)
    number = digits(opt(item, "to") if "receivedAt" in item else opt(item, "sender"))
    return KeptEvent("h:" + digest(item), "", field, at, number, number, known, item)


# --- messages ------------------------------------------------------------------------------------

# Where the WhatsApp format has what a person wrote, and the Messages API's → what is a message of
# another channel there, who wrote to whom, and who reads it.
_FORMATS = {
    "message": ("integrationType", "from", "to", read_message),
    "content": ("channel", "sender", "destination", read_part),
}


def _messages(
    item: dict[str, Any], member: str, settings: Settings, places: once.Places
) -> list[Event]:
    """One item, one message; or in the Messages API's format a list of contents, each a message of
    its own."""
    where, theirs, ours, read = _FORMATS[member]
    channel = opt(item, where) or "WHATSAPP"
    if channel.upper() != "WHATSAPP":
        return [kept(item, channel, known=False)]
    number, at = need_number(opt(item, ours)), time_of(item.get("receivedAt"))
    sender = somebody(item, opt(item, theirs))
    told, paired = item.get(member), opt(item, "pairedMessageId")
    parts = told if type(told) is list and member == "content" else [told]
    if not parts or not all(type(part) is dict for part in parts):
        raise missing(member)
    out: list[Event] = []
    for place, part in enumerate(parts):
        around: dict[str, Any] = {"context": {"id": paired}}
        if member == "message":
            around = snake({key: part.get(key) for key in ("context", "referral")})
        quote = quoted(around) if member == "message" else None
        context = opt_obj(around, "context")
        about = opt(context, "id")
        content = read(part, about or paired, settings)
        external_id = opt(item, "messageId") or None
        if isinstance(content, c.PaymentReceived):
            key = payment_key(content.reference_id, content.status, content.transaction_id)
        elif external_id:
            key = once.with_id(external_id) + (f"#{place}" if place else "")
        else:
            kind = opt(part, "type") or ""
            key = places.key(number, str(sender.recipient), at, kind, about, part)
        beside = quote, _referral(around), opt(context, "group_id"), number, item
        out.append(InboundMessage(number, external_id, key, sender, at, content, *beside))
    return out


def _referral(around: dict[str, Any]) -> Referral | None:
    """Infobip's words in the spelling of Meta's: the ad's file stands in an object of its own."""
    body = opt_obj(around, "referral")
    return referral({"referral": {**body, **mapped(body, _REFERRAL)}}) if body else None


def _lowered(word: Any) -> str | None:
    return str(word).lower() if type(word) in (str, int) and word != "" else None


_REFERRAL = (
    Need("source_type", "source_type", make=_lowered),
    Need("media_type", "referral_media.type", make=_lowered),
    Need("image_url", "referral_media.url"),
)
