"""The people's side of the demo: who they are, what their phones show, what they do.

An emulated partner connects one `Line` for each business number, calls `receive` for what the
business sends, `set_status` and `set_typing` for what it does, and `wire` for what passed between
platform and partner. What a person does goes the other way, through `person_sends`, `look` and
`play`. Chats survive a restart.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from dragoman.domain.clock import Clock
from dragoman.domain.sentences import Sentence, SentenceError, words

from .feed import Change, Feed
from .keep import Keep
from .shapes import Bubble, Faults, HandsetContact, Line, WireLine

__all__ = ["Bubble", "HandsetContact", "Handsets", "Line", "WireLine"]

_RANK = {"sending": 0, "sent": 1, "delivered": 2, "read": 3, "played": 4}
_WIRE_KEPT = 400
_SHOWN = 300
_SEED = (
    HandsetContact("asha", "Asha", "12025550142", "US.10000000000000000142", None, "A"),
    HandsetContact("ravi", "Ravi", "12025550143", None, None, "R"),
    HandsetContact("meera", "Meera", None, "US.10000000000000000144", "@meera.reads", "M"),
)
_NAMES = ("Noor", "Liam", "Sofia", "Kenji", "Amara", "Tomás", "Leila", "Ivan", "Priya", "Chidi")
_FREE = [f"120255501{n:02d}" for n in (*range(45, 100), *range(10, 42))]

words(
    {
        "phone_contact_unknown": "The test phone has no contact {contact!r}: choose one from its "
        "list, or invent one.",
        "phone_keyword": "This sender has a keyword: only a text that begins with {keyword} "
        "reaches the account.",
        "phone_keyword_shared": "Trial accounts share this sender: only a text that begins with "
        "{keyword} reaches the account.",
        "phone_no_inbound_url": "Its console has no URL for incoming messages yet, so nothing "
        "arrives.",
        "phone_line_unknown": "No emulated number {line!r} is connected to the test phone: reload "
        "the page, and choose a number that is listed.",
        "phone_message_unknown": "There is no message {message!r} on the test phone: reload the "
        "page.",
        "phone_contacts_full": "All numbers kept for invented people (+1 202 555 0110 to 0199) are "
        "taken: use one of the contacts there are.",
        "phone_send_failed": "The emulated partner could not take the message: {reason}.",
    }
)


class Handsets:
    """All phones, all chats. One object serves every emulated partner in the process.

    `faults` has the switches of each partner (see `shapes.Faults`), by its name as lines give it;
    `controls` may hold `"clock"` (`dragoman.domain.clock`) and `"switch"` (`shapes.Switch`). The
    page hides what is absent.
    """

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self.clock = clock
        self.controls: dict[str, Any] = {}
        self.faults: dict[str, Faults] = {}
        self._keep = Keep(path)
        self._feed = Feed()
        self._lines: dict[str, Line] = {}
        self._chats: dict[tuple[str, str], list[Bubble]] = {}
        self._by_id: dict[tuple[str, str], tuple[str, Bubble]] = {}
        self._early: dict[tuple[str, str], list[tuple[str, int]]] = {}
        self._typing: dict[tuple[str, str], int] = {}
        self._wire: deque[tuple[int, WireLine]] = deque(maxlen=_WIRE_KEPT)
        self._wire_count = 0
        self._seq = 0
        self._people = {person.id: person for person in self._keep.people()}
        if not self._people:
            for person in _SEED:
                self._add(msgspec.structs.replace(person))
        for line, contact, seq, bubble in self._keep.bubbles():
            self._chats.setdefault((line, contact), []).append(bubble)
            self._by_id[(line, bubble.id)] = (contact, bubble)
            self._seq = max(self._seq, seq)

    # --- for the emulator ----------------------------------------------------------------------

    def connect(self, line: Line) -> None:
        """Put a business number on the phones. A second call with the same key replaces it."""
        self._lines[line.key] = line
        self.lines_changed()

    def lines_changed(self) -> None:
        """What lines say of themselves is told anew."""
        self._publish({"event": "lines", "lines": self._line_list()})

    def contacts(self) -> list[HandsetContact]:
        return list(self._people.values())

    def find(self, *, phone: str | None = None, bsuid: str | None = None) -> HandsetContact | None:
        """The person with this phone (digits) or, where that finds nobody, this BSUID."""
        for person in self._people.values():
            if phone is not None and person.phone == phone:
                return person
        for person in self._people.values():
            if bsuid is not None and person.bsuid == bsuid:
                return person
        return None

    def receive(
        self, line_key: str, contact_id: str, message_id: str, body: dict[str, Any], at: int
    ) -> None:
        """The business's message reaches the person. `body` is a Cloud API send body, `type` and
        its object, and `context` for a reply; a template may carry `rendered` (header, body,
        footer, buttons, cards) with its text filled in. The same id twice is one bubble."""
        self._person(contact_id)
        if (line_key, message_id) in self._by_id:
            return
        if self._typing.pop((line_key, contact_id), None) is not None:
            self._publish({"event": "typing", "line": line_key, "contact": contact_id, "ms": 0})
        quoted = (body.get("context") or {}).get("message_id")
        self._put(line_key, contact_id, self._bubble(message_id, False, body, at, quoted))

    def set_status(self, line_key: str, message_id: str, status: str, at: int) -> None:
        """A status was reached: of the business's message (shown in the Wire panel), or of the
        person's (her ticks: delivered, read). It only climbs. One for a message that is still
        being handed over is kept until its id is known."""
        found = self._by_id.get((line_key, message_id))
        if found is None:
            self._early.setdefault((line_key, message_id), []).append((status, at))
            while len(self._early) > 1000:
                self._early.pop(next(iter(self._early)))
            return
        contact, bubble = found
        if status not in {step for step, _ in bubble.steps}:
            bubble.steps.append((status, at))
        if _RANK.get(status, -1) > _RANK.get(bubble.status, -1) or status == "failed":
            bubble.status = status
        self._changed(line_key, contact, bubble)

    def set_typing(self, line_key: str, contact_id: str, until: int) -> None:
        """Show *typing* until that time, or until the next message."""
        self._typing[(line_key, contact_id)] = until
        left = max(0, until - self.clock.now())
        self._publish({"event": "typing", "line": line_key, "contact": contact_id, "ms": left})

    def wire(self, line: WireLine) -> None:
        """Add a line to the Wire panel; the last 400 are kept."""
        self._wire_count += 1
        self._wire.append((self._wire_count, line))
        self._publish({"event": "wire", "wire": _wire_json(self._wire_count, line)})

    def last_inbound_at(self, line_key: str, contact_id: str) -> int | None:
        """When the person last wrote to that number: what the 24-hour window is judged by."""
        for bubble in reversed(self._chats.get((line_key, contact_id), [])):
            if bubble.mine and bubble.status not in ("sending", "failed"):
                return bubble.at
        return None

    # --- what a person does --------------------------------------------------------------------

    async def person_sends(
        self, line_key: str, contact_id: str, body: dict[str, Any], quoted: str | None = None
    ) -> str:
        """The person sends `body`: her bubble appears at once, then the partner takes it.

        Returns the message's id. Raises SentenceError where the partner could not take it; the
        bubble stays, marked as failed.
        """
        line, person = self._line(line_key), self._person(contact_id)
        # The answer may arrive before `send` returns, so the bubble is there first, under a
        # name of its own.
        bubble = self._bubble(f"local-{secrets.token_hex(8)}", True, body, self.clock.now(), quoted)
        bubble.status = "sending"
        self._put(line_key, contact_id, bubble)
        try:
            message_id = await line.send(person, body, quoted)
        except Exception as error:
            sentence = _why(error)
            bubble.status, bubble.failure = "failed", sentence
            self._changed(line_key, contact_id, bubble)
            raise SentenceError(sentence) from error
        self._rename(line_key, contact_id, bubble, message_id)
        return message_id

    async def look(self, line_key: str, contact_id: str) -> int:
        """The person looks at the chat: what she had not seen is read. Returns how many."""
        line, person = self._line(line_key), self._person(contact_id)
        fresh = [
            bubble
            for bubble in self._chats.get((line_key, contact_id), [])
            if not bubble.mine and not bubble.seen
        ]
        for bubble in fresh:
            bubble.seen = True
            self._changed(line_key, contact_id, bubble)
        if fresh:
            await line.seen(person, [bubble.id for bubble in fresh])
        return len(fresh)

    async def play(self, line_key: str, message_id: str) -> None:
        """The person plays a voice note of the business; the first time is reported."""
        found = self._by_id.get((line_key, message_id))
        if found is None:
            raise SentenceError(Sentence("phone_message_unknown", {"message": message_id}))
        contact, bubble = found
        if not bubble.mine and "played" not in {step for step, _ in bubble.steps}:
            await self._line(line_key).played(self._person(contact), message_id)

    async def pay(self, line_key: str, contact_id: str, message_id: str, outcome: str) -> None:
        """The person pays a bill of the business (`paid`), fails to, or leaves it `pending`; the
        partner tells the platform. Raises SentenceError."""
        line, person = self._line(line_key), self._person(contact_id)
        await line.pay(person, message_id, outcome)

    async def upload(
        self, line_key: str, data: bytes, mime: str, filename: str | None
    ) -> dict[str, Any]:
        """Hand a file to the partner; returns the media object for a message body."""
        media = await self._line(line_key).store_media(data, mime, filename)
        self._keep.keep_media(line_key, str(media["id"]), mime, data)
        return media

    async def media(self, line_key: str, media_id: str) -> tuple[bytes, str] | None:
        """The bytes and MIME type of a file in a chat, kept here from the first look on."""
        kept = self._keep.media(line_key, media_id)
        if kept is None and line_key in self._lines:
            kept = await self._lines[line_key].load_media(media_id)
            if kept is not None:
                self._keep.keep_media(line_key, media_id, kept[1], kept[0])
        return kept

    def invent(self, name: str | None = None) -> HandsetContact:
        """A new person with the next free number kept for fiction. Raises SentenceError when none
        is left."""
        taken = {person.phone for person in self._people.values()}
        free = next((phone for phone in _FREE if phone not in taken), None)
        if free is None:
            raise SentenceError(Sentence("phone_contacts_full"))
        used = {person.name for person in self._people.values()}
        called = (name or "").strip()[:60] or next(
            (n for n in _NAMES if n not in used), f"Guest {free[-4:]}"
        )
        person = HandsetContact(
            f"p{free[-4:]}", called, free, f"US.1000000000000000{free[-4:]}", None, called[:1]
        )
        self._add(person)
        self._publish({"event": "contacts", "contacts": msgspec.to_builtins(self.contacts())})
        return person

    # --- for the page --------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything the page shows, as JSON builtins; the last 300 bubbles of each chat."""
        now = self.clock.now()
        return {
            "now": now,
            "lines": self._line_list(),
            "contacts": msgspec.to_builtins(self.contacts()),
            "chats": [
                {"line": line, "contact": contact, "bubbles": msgspec.to_builtins(chat[-_SHOWN:])}
                for (line, contact), chat in self._chats.items()
            ],
            "typing": [
                {"line": line, "contact": contact, "ms": until - now}
                for (line, contact), until in self._typing.items()
                if until > now
            ],
            "wire": [_wire_json(number, line) for number, line in self._wire],
            "controls": self.panel(),
        }

    def panel(self) -> dict[str, Any]:
        """What the Faults and Clock tabs show: switches by partner; None for an absent clock.
        `live`: the partner that the channel is with, where the phone can switch it; `answered`:
        the partners on whose numbers somebody answers; `others`: by partner, the app that has its
        number and is not the phone's to switch."""
        clock, switch = self.controls.get("clock"), self.controls.get("switch")
        return {
            "live": None if switch is None else switch.current,
            "answered": None if switch is None else list(switch.answered),
            "others": {} if switch is None else dict(switch.others),
            "faults": {
                partner: msgspec.to_builtins(faults.describe())
                for partner, faults in self.faults.items()
            },
            "clock": None if clock is None else {"now": clock.now(), "offset": clock.offset_ms},
        }

    def tell_panel(self) -> None:
        """Send the panels to every open page, after a switch or the clock was moved."""
        self._publish({"event": "controls", "now": self.clock.now(), "controls": self.panel()})

    def fault_counted(self) -> None:
        """A fault happened: open pages show its count at once, whatever else comes of it."""
        if self._feed.watched:
            self.tell_panel()

    def changes(self) -> AsyncIterator[Change]:
        """Every change as it happens, for one page."""
        return self._feed.changes()

    def end_streams(self) -> None:
        """Let open pages go; call it when the server begins to stop."""
        self._feed.close()

    def close(self) -> None:
        self._feed.close()
        self._keep.close()

    # --- inside --------------------------------------------------------------------------------

    def _line(self, key: str) -> Line:
        if key not in self._lines:
            raise SentenceError(Sentence("phone_line_unknown", {"line": key}))
        return self._lines[key]

    def _person(self, contact_id: str) -> HandsetContact:
        if contact_id not in self._people:
            raise SentenceError(Sentence("phone_contact_unknown", {"contact": contact_id}))
        return self._people[contact_id]

    def _add(self, person: HandsetContact) -> None:
        self._people[person.id] = person
        self._keep.keep_person(person, len(self._people))

    def _bubble(
        self, message_id: str, mine: bool, body: dict[str, Any], at: int, quoted: str | None
    ) -> Bubble:
        self._seq += 1
        return Bubble(message_id, self._seq, mine, body, at, quoted=quoted, seen=mine)

    def _put(self, line: str, contact: str, bubble: Bubble) -> None:
        self._chats.setdefault((line, contact), []).append(bubble)
        self._by_id[(line, bubble.id)] = (contact, bubble)
        if bubble.body.get("type") == "reaction":
            self._react(line, bubble)
        self._climb_early(line, bubble)
        self._changed(line, contact, bubble)

    def _react(self, line: str, bubble: Bubble) -> None:
        """A reaction sits on the bubble that it refers to; an empty emoji takes it back."""
        reaction = bubble.body.get("reaction") or {}
        found = self._by_id.get((line, str(reaction.get("message_id"))))
        if found is None:
            return
        contact, target = found
        who = "person" if bubble.mine else "business"
        if reaction.get("emoji"):
            target.reactions[who] = str(reaction["emoji"])
        else:
            target.reactions.pop(who, None)
        self._changed(line, contact, target)

    def _rename(self, line: str, contact: str, bubble: Bubble, message_id: str) -> None:
        old = bubble.id
        del self._by_id[(line, old)]
        self._keep.drop_bubble(line, old)
        bubble.id, bubble.status = message_id, "sent"
        bubble.steps.append(("sent", self.clock.now()))
        self._by_id[(line, message_id)] = (contact, bubble)
        self._climb_early(line, bubble)
        self._changed(line, contact, bubble)

    def _climb_early(self, line: str, bubble: Bubble) -> None:
        for status, at in self._early.pop((line, bubble.id), []):
            bubble.steps.append((status, at))
            if _RANK.get(status, -1) > _RANK.get(bubble.status, -1):
                bubble.status = status

    def _changed(self, line: str, contact: str, bubble: Bubble) -> None:
        self._keep.keep_bubble(line, contact, bubble)
        self._publish(
            {
                "event": "bubble",
                "line": line,
                "contact": contact,
                "bubble": msgspec.to_builtins(bubble),
            }
        )

    def _publish(self, change: Change) -> None:
        self._feed.publish(change)

    def _line_list(self) -> list[dict[str, Any]]:
        return [
            {
                "key": one.key,
                "display": one.display,
                "title": one.title,
                "partner": one.partner,
                "console": getattr(one, "console", ""),
                "hint": getattr(one, "hint", None),
            }
            for one in self._lines.values()
        ]


def _wire_json(number: int, line: WireLine) -> dict[str, Any]:
    return {"n": number, **msgspec.to_builtins(line)}


def _why(error: Exception) -> Sentence:
    """The reason, in words; an unexpected error is named by its type and never swallowed."""
    if isinstance(error, SentenceError):
        return error.sentence
    reason = str(error) or type(error).__name__
    return Sentence("phone_send_failed", {"reason": f"{type(error).__name__}: {reason}"})
