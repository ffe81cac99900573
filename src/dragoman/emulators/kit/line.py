"""A business number as the test phone sees it: people write to it, and look at what it wrote."""

from __future__ import annotations

import base64
import hashlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.domain.window import FREE_ENTRY_MS
from dragoman.emulators.phone.handsets import HandsetContact

from .books import Record
from .people import person_key
from .timeline import Update

if TYPE_CHECKING:
    from .partner import PartnerEmulator

READ_AFTER_DELIVERED_MS = 50

words(
    {
        "line_cannot_carry": "{partner} passes on no message of the kind {kind} from people: write "
        "something else, or choose a number of another partner.",
        "line_no_bill": "There is nothing to pay in this message: choose one that asks for money.",
    }
)


class PartnerLine(ABC):
    """Implements the phone's `Line`. `number` is the partner's own name of the number, the one in
    the books; `display` its digits. `key` is unique over all partners."""

    def __init__(self, emulator: PartnerEmulator, number: str, display: str, title: str) -> None:
        self.emulator = emulator
        self.number, self.display, self.title = number, display, title
        self.partner = emulator.partner
        self.key = f"{emulator.name}:{number}"
        self.console = f"{emulator.config.prefix}/console"  # on the phone's own address

    @property
    def hint(self) -> Sentence | None:
        """What a person must know who writes to this number; None for nothing."""
        return None

    @abstractmethod
    def new_id(self, contact: HandsetContact) -> str:
        """A message id in the partner's form."""

    @abstractmethod
    def inbound(
        self,
        contact: HandsetContact,
        body: dict[str, Any],
        quoted: str | None,
        message_id: str,
        at: int,
    ) -> Update:
        """The partner's own words for what a person sent: a Cloud-shaped `body` (`type` and its
        object; media objects are those of `store_media`), the id that it quotes, business time.
        Raises SentenceError (`cannot_carry`)."""

    def cannot_carry(self, kind: str) -> SentenceError:
        values = {"partner": self.partner, "kind": kind}
        return SentenceError(Sentence("line_cannot_carry", values))

    async def send(self, contact: HandsetContact, body: dict[str, Any], quoted: str | None) -> str:
        """A person sends: the webhook goes out, and opens her window. Gives the message's id."""
        message_id = self.say(contact, body, quoted)
        storm = self.emulator.faults.take("storm")
        for count in range(storm.value if storm is not None else 0):
            text = {"type": "text", "text": {"body": f"storm {count + 1}"}}
            self.say(contact, text, None)
        return message_id

    def say(self, contact: HandsetContact, body: dict[str, Any], quoted: str | None) -> str:
        """One message, without the fault storm."""
        emulator = self.emulator
        now = emulator.clock.now()
        message_id = self.new_id(contact)
        update = self.inbound(contact, body, quoted, message_id, now)
        emulator.people.remember(contact)
        free = now + FREE_ENTRY_MS if "referral" in body else 0
        emulator.books.keep_received(message_id, self.number, person_key(contact), now, free)
        emulator.timeline.update(
            update,
            number=self.number,
            lane=f"{self.number}:{person_key(contact)}",
            in_ms=emulator.every_other_late(),
            title=f"message {body.get('type', 'text')}",
            contact=contact.id,
            message=message_id,
        )
        return message_id

    def payment(
        self, contact: HandsetContact, record: Record, outcome: str, at: int
    ) -> Update | None:
        """The partner's words for what became of a bill of the business: `outcome` is paid, failed
        or pending. None for a message that is no bill. Raises SentenceError (`cannot_carry`)."""
        raise self.cannot_carry("payment")

    async def pay(self, contact: HandsetContact, message_id: str, outcome: str) -> None:
        """The person pays, fails to, or leaves it pending. Raises SentenceError."""
        emulator = self.emulator
        record, now = emulator.books.sent(message_id), emulator.clock.now()
        update = None if record is None else self.payment(contact, record, outcome, now)
        if update is None:
            raise SentenceError(Sentence("line_no_bill"))
        emulator.timeline.update(
            update,
            number=self.number,
            lane=f"{self.number}:{person_key(contact)}",
            title=f"payment {outcome}",
            contact=contact.id,
        )

    async def store_media(self, data: bytes, mime: str, filename: str | None) -> dict[str, Any]:
        """Keep a person's file; gives what a message body says of it (digest in base 64)."""
        media_id = self.emulator.media.keep(self.number, data, mime, filename)
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        made: dict[str, Any] = {"id": media_id, "mime_type": mime, "sha256": digest}
        return {**made, "filename": filename} if filename else made

    async def load_media(self, media_id: str) -> tuple[bytes, str] | None:
        found = self.emulator.media.load(media_id, self.number)
        return None if found is None else (found.data, found.mime)

    async def seen(self, contact: HandsetContact, message_ids: list[str]) -> None:
        """The person looked. Read goes out once a message, unless she hides her ticks."""
        if self.emulator.config.read_policy == "auto":
            for message_id in message_ids:
                self._report_once(message_id, "read")

    async def played(self, contact: HandsetContact, message_id: str) -> None:
        self._report_once(message_id, "played")

    def _report_once(self, message_id: str, status: str) -> None:
        emulator = self.emulator
        record = emulator.books.sent(message_id)
        if record is None or record["number"] != self.number:
            return
        done = {entry["status"] for entry in record["reports"]}
        if status in emulator.statuses(record) and not done & {status, "failed"}:
            # Looking is quicker than the network: what she has seen was delivered first.
            delivered = record["at"] + emulator.config.delays.delivered_ms
            wait = delivered + READ_AFTER_DELIVERED_MS - emulator.clock.now()
            emulator.report(record, status, max(0, wait))
