"""A number of the loft as the test phone sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.emulators.kit import PartnerLine, Update
from dragoman.emulators.phone.handsets import HandsetContact

from . import wire

if TYPE_CHECKING:
    from .emulator import Emulator

words(
    {
        "pigeon_loft_nobody": "Pigeons know people by their phone number, and {name} shows none: "
        "write as somebody with a number.",
    }
)


class PigeonLine(PartnerLine):
    """Carries words, perches, pictures and scrolls."""

    emulator: Emulator

    def new_id(self, contact: HandsetContact) -> str:
        return wire.new_pigeon()

    def inbound(
        self,
        contact: HandsetContact,
        body: dict[str, Any],
        quoted: str | None,
        message_id: str,
        at: int,
    ) -> Update:
        if not contact.phone:
            raise SentenceError(Sentence("pigeon_loft_nobody", {"name": contact.name}))
        told = [
            ("what", "note"),
            ("pigeon", message_id),
            ("from", contact.phone),
            ("name", contact.name),
            ("to", self.number),
            ("when", wire.moment(at)),
            ("answers", quoted or ""),
        ]
        return Update(wire.slip([*told, *self._content(body)]))

    def _content(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        """Raises SentenceError for what no bird carries."""
        kind = body["type"]
        value = body.get(kind) or {}
        if kind == "text":
            return [("type", "words"), ("words", value["body"])]
        if kind == "interactive" and value["type"] == "button_reply":
            reply = value["button_reply"]
            return [("type", "perch"), ("perch", f"{reply['id']}|{reply['title']}")]
        if kind in ("image", "document"):
            return [
                ("type", "picture" if kind == "image" else "scroll"),
                ("parcel", value["id"]),
                ("sort", value.get("mime_type", "")),
                ("called", value.get("filename") or ""),
                ("beneath", value.get("caption") or ""),
            ]
        raise self.cannot_carry(value.get("type", kind) if kind == "interactive" else kind)
