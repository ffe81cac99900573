"""What became of a message of ours, a payment or a call.

Source: Meta, "Webhooks: status messages", "Payments: webhooks", "Calling: webhooks" (2025–2026).
"""

from __future__ import annotations

from typing import Any

from dragoman.domain.events import CallEvent, Event, PaymentUpdate, Pricing, StatusUpdate
from dragoman.domain.identity import Person
from dragoman.domain.sentences import Sentence
from dragoman.domain.status import Status

from .errors import status_problem
from .people import person
from .place import Place
from .shape import Malformed, need, need_time, obj, opt, opt_obj, problems, seconds

LADDER: dict[str, Status] = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "played": Status.PLAYED,
    "failed": Status.FAILED,
}


def status(place: Place, item: dict[str, Any]) -> Event | None:
    """One element of `statuses[]`; None when its word is none of the ladder's. Raises Malformed."""
    kind = item.get("type")
    if kind == "payment":
        return _payment(place, item)
    if kind == "call":
        return call_status(place, item)
    word = need(item, "status")
    step = LADDER.get(word)
    if step is None:
        return None
    if not place.number:
        raise Malformed(Sentence("meta_no_number"))
    wamid, at = need(item, "id"), need_time(item)
    group, participant, recipient = _recipient(place, item)
    errors = problems(item["errors"]) if "errors" in item else ()
    price = _pricing(item)
    return StatusUpdate(
        place.number,
        wamid,
        f"s:{wamid}:{word}:{participant or ''}:{at}",
        step,
        at,
        recipient,
        opt(item, "biz_opaque_callback_data"),
        errors,
        status_problem(item.get("errors"), errors) if step is Status.FAILED else None,
        price,
        participant,
        group,
        _free_entry_until(item, price),
        word,
        place.display,
        item,
    )


def _recipient(place: Place, item: dict[str, Any]) -> tuple[str | None, str | None, Person]:
    """Group, participant and person. In a group, `recipient_id` is the chat and not a phone."""
    identity = opt(item, "recipient_identity_key_hash")
    if item.get("recipient_type") == "group":
        wa_id = opt(item, "recipient_participant_id")
        user_id = opt(item, "recipient_participant_user_id")
        group = opt(item, "recipient_id")
        if not wa_id and not user_id:  # the message as a whole, such as *sent*
            return group, None, Person()
        whom = person(place.contacts, wa_id, user_id, None, identity)
        return group, wa_id or user_id, whom
    wa_id, user_id = opt(item, "recipient_id"), opt(item, "recipient_user_id")
    if not wa_id and not user_id:  # the message's id says enough
        return None, None, Person(identity_hash=identity)
    parent = opt(item, "recipient_parent_user_id")
    return None, None, person(place.contacts, wa_id, user_id, parent, identity)


def _pricing(item: dict[str, Any]) -> Pricing | None:
    price = item.get("pricing")
    if type(price) is not dict or not price:
        return None
    billable = price.get("billable")
    return Pricing(
        opt(price, "category"),
        opt(price, "type"),
        opt(price, "pricing_model"),
        billable if type(billable) is bool else None,
    )


def _free_entry_until(item: dict[str, Any], price: Pricing | None) -> int | None:
    """The end of a free entry point. Up to v23 every report had a conversation, whose end is not
    that of a free entry point unless its origin says so."""
    talk = opt_obj(item, "conversation")
    free = opt(opt_obj(talk, "origin"), "type") == "referral_conversion" or (
        price is not None and price.type == "free_entry_point"
    )
    return seconds(talk.get("expiration_timestamp")) if free else None


def _payment(place: Place, item: dict[str, Any]) -> PaymentUpdate:
    body = obj(item, "payment")
    data = {key: value for key, value in body.items() if key != "reference_id"}
    return PaymentUpdate(
        number=place.number,
        dedupe_key=place.key(item),
        reference_id=need(body, "reference_id"),
        status=need(item, "status"),
        at=need_time(item),
        recipient=person(place.contacts, opt(item, "recipient_id"), opt(item, "recipient_user_id")),
        external_id=opt(item, "id"),
        data=data,
        display=place.display,
        raw=item,
    )


_CALL_ENVELOPE = frozenset(
    {"id", "type", "timestamp", "event", "session", "from", "from_user_id", "to", "to_user_id"}
    | {"recipient_id", "recipient_user_id", "from_parent_user_id", "to_parent_user_id"}
)


def _call_data(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in _CALL_ENVELOPE}


def call(place: Place, item: dict[str, Any], k: int) -> CallEvent:
    """One element of `calls[]`: a call begins or ends. `session` stays in the raw item only."""
    inbound = item.get("direction") != "BUSINESS_INITIATED"
    side = "from" if inbound else "to"
    return CallEvent(
        number=place.number,
        dedupe_key=place.key(item),
        external_id=need(item, "id"),
        type=need(item, "event").lower(),
        at=need_time(item),
        person=person(
            place.contacts,
            opt(item, side),
            opt(item, f"{side}_user_id"),
            opt(item, f"{side}_parent_user_id"),
        ),
        inbound=inbound,
        data=_call_data(item),
        display=place.display,
        raw=item,
    )


def call_status(place: Place, item: dict[str, Any]) -> CallEvent:
    """An element of `statuses[]` about a call that the business made."""
    return CallEvent(
        number=place.number,
        dedupe_key=place.key(item),
        external_id=need(item, "id"),
        type=need(item, "status").lower(),
        at=need_time(item),
        person=person(place.contacts, opt(item, "recipient_id"), opt(item, "recipient_user_id")),
        inbound=False,
        data=_call_data(item),
        display=place.display,
        raw=item,
    )
