"""Payments as messages: what came of a bill reaches the agent like an answer of the person.

Some partners hand it over as a message, some as a report; to an agent it is one thing. Where the
conversation's context names an entity that waits for it (`context.awaiting`), the payment's object
becomes that entity's value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dragoman.domain.content import Amount, Inbound, PaymentReceived
from dragoman.domain.events import InboundMessage, PaymentUpdate

_STATUS = {"captured": "success", "success": "success", "failed": "failed", "pending": "pending"}


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
    """Put a payment into the entity that waits for one: `context["awaiting"]` names it, and waits
    no more afterwards."""
    for content in contents:
        name = context.get("awaiting")
        if isinstance(content, PaymentReceived) and isinstance(name, str) and name:
            entities = context.get("entities")
            kept = dict(entities) if isinstance(entities, dict) else {}
            context["entities"] = {**kept, name: content.data}
            del context["awaiting"]


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
