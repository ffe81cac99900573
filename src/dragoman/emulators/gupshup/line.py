"""The account's number as the test phone sees it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.emulators._cloud import wire as meta
from dragoman.emulators.kit import PartnerLine, Record, Update, person_key
from dragoman.emulators.phone.handsets import HandsetContact

from . import inbound, reports, wire

if TYPE_CHECKING:
    from .emulator import Emulator

words(
    {
        "gupshup_not_live": "Gupshup has issued no number yet: press Create App and Go Live in its "
        "console first.",
        "gupshup_no_phone": "{name} has no phone number, by which Gupshup names people: write as "
        "somebody else, or choose v3 in its console.",
        "gupshup_paid_before": "The bill {reference} is paid already: ask for another.",
    }
)
# What a person does with a bill → Gupshup's word. NOT CONFIRMED but for success.
_OUTCOMES = {"paid": "success", "failed": "failed", "pending": "pending"}
_FORMS = {
    "enterprise": (inbound.enterprise, "message"),
    "access": (inbound.access, "v2"),
    "v3": (inbound.v3, "v3"),
}


class GupshupLine(PartnerLine):
    emulator: Emulator

    def new_id(self, contact: HandsetContact) -> str:
        """Enterprise has none, so it is known on this side only."""
        person, dialect = person_key(contact), self.emulator.account.dialect
        if dialect == "enterprise":
            return f"in-{secrets.token_hex(12)}"
        if dialect == "access":
            return wire.whatsapp_id(person, from_business=False)
        return meta.wamid(person, from_business=False)

    def inbound(
        self,
        contact: HandsetContact,
        body: dict[str, Any],
        quoted: str | None,
        message_id: str,
        at: int,
    ) -> Update:
        dialect = self.emulator.account.dialect
        if not self.emulator.live:
            raise SentenceError(Sentence("gupshup_not_live"))
        if not contact.phone and dialect != "v3":
            raise SentenceError(Sentence("gupshup_no_phone", {"name": contact.name}))
        form, kind = _FORMS[dialect]
        made = form(self.emulator, inbound.Said(contact, body, quoted, message_id, at))
        if made is None:
            raise self.cannot_carry(_kind(body))
        return Update(made, kind)

    def payment(
        self, contact: HandsetContact, record: Record, outcome: str, at: int
    ) -> Update | None:
        """On Enterprise an inbound message of hers, on v3 Meta's report, on the Access API nothing
        that is known."""
        emulator, dialect = self.emulator, self.emulator.account.dialect
        bill = _bill(record["shown"])
        if bill is None:
            return None
        if dialect == "access":
            raise self.cannot_carry("payment")
        reference = str(bill["reference_id"])
        if reference in emulator.settled:
            raise SentenceError(Sentence("gupshup_paid_before", {"reference": reference}))
        if outcome == "paid":
            emulator.settle(reference)
        total = bill["total_amount"]
        payment = {
            "transaction_id": str(31 * 10**9 + secrets.randbelow(10**9)),
            "reference_id": reference,
            "total_amount": {"offset": total["offset"], "value": total["value"]},
            "currency": bill["currency"],
            "transaction_type": "upi",
            "status": _OUTCOMES[outcome],
        }
        if dialect == "v3":
            return Update(reports.paid(emulator, record, payment, at), "v3")
        body = {"type": "interactive", "interactive": {"payment": payment, "type": "payment"}}
        message_id = self.new_id(contact)
        # It is her message, so it opens the window like any other.
        emulator.books.keep_received(message_id, self.number, person_key(contact), at, 0)
        return self.inbound(contact, body, None, message_id, at)


def _kind(body: dict[str, Any]) -> str:
    kind = str(body.get("type", "text"))
    return str(body["interactive"]["type"]) if kind == "interactive" else kind


def _bill(shown: dict[str, Any]) -> dict[str, Any] | None:
    """The parameters of an order's details, in a message or in a template's button."""
    inner = shown.get("interactive", {})
    if inner.get("type") == "order_details":
        found: dict[str, Any] = inner["action"]["parameters"]
        return found
    for button in shown.get("rendered", {}).get("buttons", []):
        details = button.get("action", {}).get("order_details")
        if details is not None:
            return dict(details)
    return None
