"""One POST of Infobip's webhook, read into events: messages and reports in two formats each, and
news of payments, templates and people, which come alone.

An item is told by its members. One that cannot be read becomes `Rejected`, and its neighbours are
read all the same; one that is not known is kept raw.

NOT CONFIRMED: the payloads of BUSINESS_APP_…, ACCOUNT_…, BILLING and CLICK are not published.

Source: Infobip OpenAPI, "Receive WhatsApp messages", "Delivery and seen reports", "Messages API"
(2026).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.events import Event, InboundMessage, KeptEvent, Referral, Rejected
from dragoman.domain.identity import Person
from dragoman.domain.sentences import Sentence, words
from dragoman.partners import once
from dragoman.partners._cloud.context import quoted, referral
from dragoman.partners._cloud.shape import Malformed, digest, found, missing, obj, opt, opt_obj
from dragoman.partners.contract import Hook, UnreadableBody

from . import parse_news, parse_reports
from .parse_content import payment_key, read_message, read_part
from .settings import Settings
from .shape import ITEMS, digits, need_number, person, snake, time_of

words(
    {
        "infobip_other_body": "The body is not Infobip's ({found}); check whose webhook is set to "
        "this address.",
        "infobip_nobody": "Infobip's item names neither a phone number nor a user id; it is kept "
        "as it came.",
    }
)

# Members by which an item is Infobip's at all.
_ITS_OWN = frozenset(
    {"message", "integrationType", "seenAt", "deletedAt", "status", "event", "channel"}
    | {"content", "createdAt", "messageTemplateId", "bulkId"}
)


def parse(hook: Hook, settings: Settings) -> list[Event | Rejected]:
    """Every event of one POST, in the body's order. Raises UnreadableBody."""
    root = ITEMS.root(hook.body)
    places = once.Places()
    out: list[Event | Rejected] = []
    for path, item in _items(root):
        out += _read(item, path, settings, places)
    return out


def _items(root: Any) -> list[tuple[str, Any]]:
    """The items with their paths. Raises UnreadableBody."""
    if type(root) is list:
        return [(f"[{place}]", item) for place, item in enumerate(root)]
    if type(root) is dict and "results" in root:
        results = root["results"]
        if results is None:
            return []
        if type(results) is list:
            return [(f"results[{place}]", item) for place, item in enumerate(results)]
        return [("results", results)]
    if type(root) is dict and not _ITS_OWN.isdisjoint(root):
        return [("", root)]
    raise UnreadableBody(Sentence("infobip_other_body", {"found": found(root)}))


def _read(
    item: Any, path: str, settings: Settings, places: once.Places
) -> Sequence[Event | Rejected]:
    events = ITEMS.read(item, path, lambda item: _reader(item)(item, settings, places))
    return [events] if isinstance(events, Rejected) else events


_Reader = Callable[[dict[str, Any], Settings, once.Places], Sequence[Event]]


def _reader(item: dict[str, Any]) -> _Reader:
    """Who reads an item. A member that is null is as good as absent."""
    event = (opt(item, "event") or "").upper()
    there = {name for name, value in item.items() if value is not None}
    if event == "MO":
        return _parts
    if "message" in there or ("integrationType" in there and "status" not in there):
        return _message
    if event in ("DELIVERY", "SEEN") or not there.isdisjoint({"seenAt", "deletedAt", "status"}):
        return _report
    if not there.isdisjoint({"messageTemplateId", "content"}):
        return _news
    return _other


def _other(item: dict[str, Any], settings: Settings, places: once.Places) -> Sequence[Event]:
    return [kept(item, opt(item, "event") or "", known=False)]


def kept(item: dict[str, Any], field: str, known: bool) -> KeptEvent:
    """An item without a type of its own, whole."""
    try:
        at = time_of(*(item.get(key) for key in ("receivedAt", "doneAt", "createdAt", "sentAt")))
    except Malformed:
        at = 0
    number = digits(opt(item, "to") if "receivedAt" in item else opt(item, "sender"))
    return KeptEvent("h:" + digest(item), "", field, at, number, number, known, item)


# --- messages ------------------------------------------------------------------------------------


def _message(item: dict[str, Any], settings: Settings, places: once.Places) -> Sequence[Event]:
    """The WhatsApp format: one item, one message."""
    if (opt(item, "integrationType") or "WHATSAPP").upper() != "WHATSAPP":
        return [kept(item, opt(item, "integrationType") or "", known=False)]
    number, at = need_number(opt(item, "to")), time_of(item.get("receivedAt"))
    message = obj(item, "message")
    around = snake({key: message.get(key) for key in ("context", "referral")})
    about = opt(opt_obj(around, "context"), "id")
    content = read_message(message, about or opt(item, "pairedMessageId"), settings)
    sender = _sender(item, opt(item, "from"))
    external_id = opt(item, "messageId") or None
    kind = opt(message, "type") or ""
    if isinstance(content, c.PaymentReceived):
        key = payment_key(content.reference_id, content.status, content.transaction_id)
    elif external_id:
        key = once.with_id(external_id)
    else:
        key = places.key(number, str(sender.recipient), at, kind, about, message)
    return [
        InboundMessage(
            number,
            external_id,
            key,
            sender,
            at,
            content,
            quoted(around),
            _referral(around),
            opt(opt_obj(around, "context"), "group_id"),
            number,
            item,
        )
    ]


def _sender(item: dict[str, Any], *ids: str | None) -> Person:
    sender = person(item, *ids)
    if sender.recipient is None:
        raise Malformed(Sentence("infobip_nobody"))
    return sender


def _referral(around: dict[str, Any]) -> Referral | None:
    """Infobip's words in the spelling of Meta's: the ad's file stands in an object of its own."""
    body = opt_obj(around, "referral")
    media = opt_obj(body, "referral_media")
    kind, source = opt(media, "type"), opt(body, "source_type")
    told = {
        **body,
        "source_type": source.lower() if source else None,
        "media_type": kind.lower() if kind else None,
        "image_url": opt(media, "url"),
    }
    return referral({"referral": told}) if body else None


def _parts(item: dict[str, Any], settings: Settings, places: once.Places) -> Sequence[Event]:
    """The Messages API's format: one item holds a list of contents, each a message of its own."""
    if (opt(item, "channel") or "WHATSAPP").upper() != "WHATSAPP":
        return [kept(item, opt(item, "channel") or "", known=False)]
    number, at = need_number(opt(item, "destination")), time_of(item.get("receivedAt"))
    sender = _sender(item, opt(item, "sender"))
    external_id = opt(item, "messageId") or None
    about = opt(item, "pairedMessageId")
    told = item.get("content")
    parts = told if type(told) is list else [told]
    if not parts or not all(type(part) is dict for part in parts):
        raise missing("content")
    out = []
    for place, part in enumerate(parts):
        content = read_part(part, about, settings)
        if isinstance(content, c.PaymentReceived):
            key = payment_key(content.reference_id, content.status, content.transaction_id)
        elif external_id:
            key = once.with_id(external_id) + (f"#{place}" if place else "")
        else:
            kind = opt(part, "type") or ""
            key = places.key(number, str(sender.recipient), at, kind, about, part)
        out.append(
            InboundMessage(number, external_id, key, sender, at, content, display=number, raw=item)
        )
    return out


# --- what is told by its own module --------------------------------------------------------------


def _report(item: dict[str, Any], settings: Settings, places: once.Places) -> Sequence[Event]:
    return [parse_reports.report(item, settings) or kept(item, "report", known=True)]


def _news(item: dict[str, Any], settings: Settings, places: once.Places) -> Sequence[Event]:
    return [parse_news.news(item) or kept(item, opt(item, "event") or "", known=False)]
