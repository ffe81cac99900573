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
from dragoman.domain.identity import Person
from dragoman.domain.sentences import Sentence
from dragoman.partners._cloud.payments import paid_word
from dragoman.partners._cloud.shape import Malformed, dicts, digest, need, obj, opt, opt_obj

from .parse_content import payment_key
from .shape import ids_of, need_number, time_of

_STOPPED = {"stop": True, "resume": False}


def news(item: dict[str, Any]) -> Event | None:
    """The event of an item; None for news that is not known. Raises Malformed."""
    if item.get("messageTemplateId") is not None:
        return _template(item)
    content = opt_obj(item, "content")
    kind = opt(content, "type") or ""
    if kind == "payment":
        return _payment(item, content)
    if kind == "user_identity_changed":
        return _identity(item, content)
    if "notificationMessagesStatus" in content:
        return _preference(item, content)
    return None


def _person(*ids: str | None) -> Person:
    number, scoped = ids_of(*ids)
    if number is None and scoped is None:
        raise Malformed(Sentence("infobip_nobody"))
    return Person(number, scoped)


def _payment(item: dict[str, Any], content: dict[str, Any]) -> PaymentUpdate:
    """The id that we gave the payment is `paymentId`; `referenceId` is Infobip's.

    NOT CONFIRMED: whether it comes before or after the person's own confirmation; the first of the
    two is the message to the agent.
    """
    number, at = need_number(opt(item, "from")), time_of(item.get("createdAt"))
    id, word = need(content, "paymentId"), need(content, "paymentStatus").lower()
    data = {key: value for key, value in content.items() if key not in ("type", "from")}
    amount = {"value": content.get("totalAmountValue"), "offset": content.get("totalAmountOffset")}
    moved = dicts(content.get("transactions"))
    transaction = opt(moved[-1], "id") if moved else None
    return PaymentUpdate(
        number,
        payment_key(id, paid_word(word), transaction),
        id,
        word,
        at,
        _person(opt(content, "from")),
        data={**data, "amount": amount, **({"transaction": moved[-1]} if moved else {})},
        display=number,
        raw=item,
    )


def _identity(item: dict[str, Any], content: dict[str, Any]) -> InboundMessage:
    number, at = need_number(opt(item, "from")), time_of(item.get("createdAt"))
    who = _person(opt(content, "userNumber"), opt(content, "userId"))
    mark = opt(content, "hash")
    notice = c.SystemNotice(
        "user_identity_changed", opt(content, "description") or "", {"hash": mark} if mark else {}
    )
    return InboundMessage(
        number,
        None,
        "h:" + digest(item),
        Person(who.phone, who.bsuid, identity_hash=mark),
        at,
        notice,
        display=number,
        raw=item,
    )


def _preference(item: dict[str, Any], content: dict[str, Any]) -> Preference | None:
    stopped = _STOPPED.get((opt(content, "notificationMessagesStatus") or "").lower())
    if stopped is None:
        return None
    number, at = need_number(opt(item, "from")), time_of(item.get("createdAt"))
    return Preference(
        number,
        "h:" + digest(item),
        _person(opt(content, "from"), opt(content, "userId")),
        "marketing_messages",
        stopped,
        at,
        number,
        item,
    )


_CHANGES = {
    "TEMPLATE_STATUS_UPDATE": "newStatus",
    "TEMPLATE_CATEGORY_UPDATE": "newCategory",
    "TEMPLATE_QUALITY_UPDATE": "newQualityScore",
}


def _template(item: dict[str, Any]) -> TemplateUpdate:
    change = obj(item, "change")
    field = need(change, "type")
    reason = opt(change, "reason")
    return TemplateUpdate(
        dedupe_key="h:" + digest(item),
        account="",
        template_id=need(item, "messageTemplateId"),
        name=need(item, "messageTemplateName"),
        language=need(item, "messageTemplateLanguage"),
        field=field.lower(),
        change=opt(change, _CHANGES.get(field, "")) or field,
        at=time_of(item.get("timestamp")),
        reason=None if reason == "NONE" else reason,
        raw=item,
    )
