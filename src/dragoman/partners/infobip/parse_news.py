"""News that comes alone: payments, templates, marketing preferences, changed security codes.

Source: Infobip OpenAPI, "Payment notification", "Template update", "Marketing messages update",
"User identity change" (2026).
"""

from __future__ import annotations

from typing import Any

from dragoman.domain import content as c
from dragoman.domain.events import (
    Event,
    InboundMessage,
    PaymentUpdate,
    Preference,
    TemplateUpdate,
)
from dragoman.partners._cloud.payments import paid_word
from dragoman.partners._cloud.shape import dicts, digest, need, obj, opt, opt_obj
from dragoman.partners.mapping import Need, mapped

from .parse_content import payment_key
from .shape import need_number, somebody, time_of

_STOPPED = {"stop": True, "resume": False}


def news(item: dict[str, Any]) -> Event | None:
    """The event of an item; None for news that is not known. Raises Malformed."""
    if item.get("messageTemplateId") is not None:
        return _template(item)
    content = opt_obj(item, "content")
    kind, word = opt(content, "type"), opt(content, "notificationMessagesStatus") or ""
    if kind == "payment":
        return _payment(item, content, *_place(item))
    if kind == "user_identity_changed":
        return _identity(item, content, *_place(item))
    if word.lower() in _STOPPED:
        return _preference(item, content, *_place(item), _STOPPED[word.lower()])
    return None


def _place(item: dict[str, Any]) -> tuple[str, int]:
    """Our number, and when."""
    return need_number(opt(item, "from")), time_of(item.get("createdAt"))


def _payment(item: dict[str, Any], content: dict[str, Any], number: str, at: int) -> Event:
    """The id that we gave the payment is `paymentId`; `referenceId` is Infobip's.

    NOT CONFIRMED: whether it comes before or after the person's own confirmation; the first of the
    two is the message to the agent.
    """
    id, word = need(content, "paymentId"), need(content, "paymentStatus").lower()
    data = {key: value for key, value in content.items() if key not in ("type", "from")}
    data["amount"] = mapped(content, _AMOUNT)
    moved = dicts(content.get("transactions"))
    data |= {"transaction": moved[-1]} if moved else {}
    key = payment_key(id, paid_word(word), opt(moved[-1], "id") if moved else None)
    who = somebody({}, opt(content, "from"))
    return PaymentUpdate(number, key, id, word, at, who, data=data, display=number, raw=item)


_AMOUNT = (Need("value", "totalAmountValue"), Need("offset", "totalAmountOffset"))


def _identity(item: dict[str, Any], content: dict[str, Any], number: str, at: int) -> Event:
    mark, said = opt(content, "hash"), opt(content, "description") or ""
    who = somebody({"identity": content}, opt(content, "userNumber"), opt(content, "userId"))
    notice = c.SystemNotice("user_identity_changed", said, {"hash": mark} if mark else {})
    key = "h:" + digest(item)
    return InboundMessage(number, None, key, who, at, notice, display=number, raw=item)


def _preference(
    item: dict[str, Any], content: dict[str, Any], number: str, at: int, stopped: bool
) -> Event:
    who, key = somebody({}, opt(content, "from"), opt(content, "userId")), "h:" + digest(item)
    return Preference(number, key, who, "marketing_messages", stopped, at, number, item)


_TEMPLATE = ("Id", "Name", "Language")
_CHANGES = {
    "TEMPLATE_STATUS_UPDATE": "newStatus",
    "TEMPLATE_CATEGORY_UPDATE": "newCategory",
    "TEMPLATE_QUALITY_UPDATE": "newQualityScore",
}


def _template(item: dict[str, Any]) -> TemplateUpdate:
    change, key = obj(item, "change"), "h:" + digest(item)
    field, reason = need(change, "type"), opt(change, "reason")
    id, name, language = (need(item, f"messageTemplate{part}") for part in _TEMPLATE)
    word, at = opt(change, _CHANGES.get(field, "")) or field, time_of(item.get("timestamp"))
    reason = None if reason == "NONE" else reason
    return TemplateUpdate(key, "", id, name, language, field.lower(), word, at, reason, item)
