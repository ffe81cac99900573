"""Payments as messages: what came of a bill reaches the agent like an answer of the person.

Some partners hand it over as a message, some as a report; to an agent it is one thing. Where the
conversation's context names an entity that waits for it (`context.awaiting`), the payment's object
becomes that entity's value, and a later result of the same payment takes its place there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dragoman.domain.content import Amount, Inbound, PaymentReceived
from dragoman.domain.events import InboundMessage, PaymentUpdate

_STATUS = {"captured": "success", "success": "success", "failed": "failed", "pending": "pending"}
_FINAL = frozenset({"success", "failed"})


def as_message(event: PaymentUpdate) -> InboundMessage:
    """A report of a payment, as the message that it is to an agent."""
    data = event.data
    transaction = data.get("transaction")
    done: dict[str, Any] = transaction if isinstance(transaction, dict) else {}
    content = PaymentReceived(
        reference_id=event.reference_id,
        status=_STATUS.get(event.status.lower(), event.status),
        transaction_id=_text(done.get("id")),
        transaction_type=_text(done.get("type")),
        currency=_text(data.get("currency")),
        total=_amount(data.get("amount")),
        data={"reference_id": event.reference_id, "status": event.status, **data},
    )
    return InboundMessage(
        number=event.number,
        external_id=None,
        dedupe_key=event.dedupe_key,
        sender=event.recipient,
        at=event.at,
        content=content,
        display=event.display,
        raw=event.raw,
    )


def fill_entity(context: dict[str, Any], contents: Iterable[Inbound]) -> None:
    """Put each payment into the entities that hold an earlier result of its reference, else into
    the one that waits for a payment. `context["awaiting"]` names that, and waits until a payment
    in it has succeeded or failed."""
    for content in contents:
        if isinstance(content, PaymentReceived):
            _fill(context, content)


def _fill(context: dict[str, Any], paid: PaymentReceived) -> None:
    given, awaited = context.get("entities"), context.get("awaiting")
    entities: dict[str, Any] = dict(given) if isinstance(given, dict) else {}
    names = [name for name, value in entities.items() if _holds(value, paid)]
    if names and paid.status == "pending":
        # Reports may overtake each other: what is paid is not pending again.
        names = [name for name in names if not _is_paid(entities[name])]
    elif not names and isinstance(awaited, str) and awaited:
        names = [awaited]
    if not names:
        return
    context["entities"] = {**entities, **dict.fromkeys(names, paid.data)}
    if awaited in names and paid.status in _FINAL:
        del context["awaiting"]


def _holds(value: Any, paid: PaymentReceived) -> bool:
    """Whether an entity's value is a result of the same payment. Partners' objects name the
    reference differently: it is looked for where this result has it."""
    if not isinstance(value, dict) or not isinstance(value.get("status"), str):
        return False
    names = {name for name, told in paid.data.items() if told == paid.reference_id}
    return any(value.get(name) == paid.reference_id for name in {"reference_id", *names})


def _is_paid(held: dict[str, Any]) -> bool:
    return _STATUS.get(held["status"].lower()) == "success"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _amount(value: Any) -> Amount | None:
    """Whole numbers only: money is never rounded here."""
    if not isinstance(value, dict):
        return None
    amount, offset = value.get("value"), value.get("offset", 100)
    if type(amount) is not int or type(offset) is not int:
        return None
    return Amount(amount, offset)
