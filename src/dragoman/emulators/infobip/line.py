"""A sender of the account as the test phone sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.domain.sentences import Sentence, together
from dragoman.emulators.kit import PartnerLine, Record, Update, person_key
from dragoman.emulators.phone.handsets import HandsetContact

from . import control, inbound, payments, wire
from .config import Sender
from .senders import keyword_of
from .shown import payment_id

if TYPE_CHECKING:
    from .emulator import Emulator


class InfobipLine(PartnerLine):
    emulator: Emulator

    def __init__(self, emulator: Emulator, sender: Sender) -> None:
        super().__init__(emulator, sender.number, sender.number, sender.title)

    @property
    def hint(self) -> Sentence | None:
        keyword = keyword_of(self.emulator, self.number)
        if not keyword:
            return None
        shared = self.emulator.senders.all[self.number].shared
        id = "phone_keyword_shared" if shared else "phone_keyword"
        told = [Sentence(id, {"keyword": keyword})]
        if not self.emulator.senders.setup(self.number).inbound_url:
            told.append(Sentence("phone_no_inbound_url"))
        return together(told)

    def new_id(self, contact: HandsetContact) -> str:
        return wire.inbound_id(self.emulator.config.inbound_style, person_key(contact))

    def inbound(
        self,
        contact: HandsetContact,
        body: dict[str, Any],
        quoted: str | None,
        message_id: str,
        at: int,
    ) -> Update:
        message = inbound.words_of(body, self._address)
        if message is None or not self._rendered(message):
            raise self.cannot_carry(str(body.get("type")))
        return self._update(contact, body, message, quoted, message_id, at)

    def _update(
        self,
        contact: HandsetContact,
        body: dict[str, Any],
        message: dict[str, Any],
        quoted: str | None,
        message_id: str,
        at: int,
    ) -> Update:
        result = inbound.result_of(
            self.emulator,
            contact,
            body,
            message,
            quoted,
            number=self.number,
            message_id=message_id,
            at=at,
        )
        return Update(result, "inbound")

    def payment(
        self, contact: HandsetContact, record: Record, outcome: str, at: int
    ) -> Update | None:
        """The person's confirmation message; the notification follows it."""
        bill, emulator = payments.bill_of(record), self.emulator
        if bill is None:
            return None
        name = payment_id(bill["payment"])
        status = emulator.payments.settle(self.number, name, outcome, at)
        if status is None:
            return None
        control.payment_event(emulator, self.number, contact, status, at)
        body = payments.confirmation(status)
        message = inbound.words_of(body, self._address)
        assert message is not None
        return self._update(contact, body, message, record["id"], self.new_id(contact), at)

    def _rendered(self, message: dict[str, Any]) -> bool:
        """Whether the renderer that the sender is set to has this kind."""
        if self.emulator.senders.setup(self.number).format != "MO_MESSAGES_API_JSON":
            return True
        keyword = keyword_of(self.emulator, self.number)
        return inbound.api_content(message, keyword) is not None

    def _address(self, media_id: str) -> str:
        base = self.emulator.base_url
        return f"{base}/whatsapp/1/senders/{self.number}/media/{media_id}"
