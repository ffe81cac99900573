"""The phones' state: bubbles, ticks, reactions, what survives a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tea_chat import AT, MENU, TEA, TeaLine, text

from dragoman.domain.clock import FixedClock
from dragoman.domain.sentences import SentenceError, inner, say
from dragoman.emulators.phone import HandsetContact, Handsets, WireLine


def phones(path: Path | None = None) -> tuple[Handsets, TeaLine]:
    handsets, line = Handsets(FixedClock(AT), path), TeaLine()
    handsets.connect(line)
    return handsets, line


def chat(handsets: Handsets, who: str = "asha") -> list[dict[str, Any]]:
    for one in handsets.state()["chats"]:
        if one["contact"] == who:
            return list(one["bubbles"])
    return []


def plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def test_three_people_are_there_at_first() -> None:
    handsets, _ = phones()
    assert handsets.contacts() == [
        HandsetContact("asha", "Asha", "12025550142", "US.10000000000000000142", None, "A"),
        HandsetContact("ravi", "Ravi", "12025550143", None, None, "R"),
        HandsetContact("meera", "Meera", None, "US.10000000000000000144", "@meera.reads", "M"),
    ]
    assert handsets.find(phone="12025550143") == handsets.contacts()[1]
    assert handsets.find(bsuid="US.10000000000000000144") == handsets.contacts()[2]
    assert handsets.find(phone="12025550199") is None
    assert handsets.find() is None


def test_inventing_takes_the_next_number_kept_for_fiction_until_none_is_left() -> None:
    handsets, _ = phones()
    first = handsets.invent("Åsa 👩‍🌾")
    assert first == HandsetContact(
        "p0145", "Åsa 👩‍🌾", "12025550145", "US.10000000000000000145", None, "Å"
    )
    for _ in range(86):
        person = handsets.invent()
        assert person.phone is not None and person.phone.startswith("120255501")
    with pytest.raises(SentenceError, match="numbers kept for invented people"):
        handsets.invent()
    assert len({person.phone for person in handsets.contacts()}) == len(handsets.contacts())


async def test_what_a_person_sends_reaches_the_line_and_becomes_a_bubble() -> None:
    handsets, line = phones()
    sent = await handsets.person_sends(TEA, "asha", text("नमस्ते"))
    assert sent == "wamid.in1"
    assert line.sent == [("asha", text("नमस्ते"), None)]
    assert chat(handsets) == [
        {
            "id": "wamid.in1",
            "seq": 1,
            "mine": True,
            "body": text("नमस्ते"),
            "at": AT,
            "status": "sent",
            "quoted": None,
            "failure": "",
            "seen": True,
            "steps": [("sent", AT)],
            "reactions": {},
        }
    ]
    assert handsets.last_inbound_at(TEA, "asha") == AT
    assert handsets.last_inbound_at(TEA, "ravi") is None


async def test_ticks_only_climb() -> None:
    handsets, _ = phones()
    sent = await handsets.person_sends(TEA, "asha", text("hello"))
    for status in ("read", "delivered", "sent"):
        handsets.set_status(TEA, sent, status, AT + 5)
    assert chat(handsets)[0]["status"] == "read"


class EagerLine(TeaLine):
    """Answers and reports before `send` has returned, as a fast platform does."""

    async def send(self, contact: HandsetContact, body: dict[str, Any], quoted: str | None) -> str:
        assert self.handsets is not None
        self.handsets.set_status(TEA, "wamid.in1", "delivered", AT + 1)
        self.handsets.receive(TEA, contact.id, "wamid.out1", text("Welcome"), AT + 2)
        await asyncio.sleep(0)
        return await super().send(contact, body, quoted)


async def test_an_answer_before_the_send_returns_stands_after_its_question() -> None:
    handsets = Handsets(FixedClock(AT))
    handsets.connect(EagerLine(handsets))
    await handsets.person_sends(TEA, "asha", text("hello"))
    assert [(one["id"], one["status"]) for one in chat(handsets)] == [
        ("wamid.in1", "delivered"),
        ("wamid.out1", ""),
    ]


async def test_a_partner_that_cannot_take_it_leaves_a_failed_bubble_with_the_reason() -> None:
    handsets, line = phones()
    line.broken = ConnectionError("port 8400 is closed")
    with pytest.raises(SentenceError, match="port 8400 is closed"):
        await handsets.person_sends(TEA, "asha", text("hello"))
    (bubble,) = chat(handsets)
    why = inner(bubble["failure"])
    assert why is not None
    assert (bubble["status"], say(why)) == (
        "failed",
        "The emulated partner could not take the message: ConnectionError: port 8400 is closed.",
    )
    assert handsets.last_inbound_at(TEA, "asha") is None


async def test_the_same_message_of_the_business_twice_is_one_bubble() -> None:
    handsets, _ = phones()
    for _ in range(2):
        handsets.receive(TEA, "asha", "wamid.out1", MENU, AT)
    assert [one["id"] for one in chat(handsets)] == ["wamid.out1"]


async def test_looking_reports_each_message_once() -> None:
    handsets, line = phones()
    handsets.receive(TEA, "asha", "wamid.out1", text("one"), AT)
    handsets.receive(TEA, "asha", "wamid.out2", text("two"), AT)
    handsets.receive(TEA, "ravi", "wamid.out3", text("three"), AT)
    assert [await handsets.look(TEA, "asha"), await handsets.look(TEA, "asha")] == [2, 0]
    assert line.looked == [("asha", ["wamid.out1", "wamid.out2"])]


async def test_playing_is_reported() -> None:
    handsets, line = phones()
    voice = {"type": "audio", "audio": {"id": "1", "voice": True}}
    handsets.receive(TEA, "asha", "wamid.out1", voice, AT)
    await handsets.play(TEA, "wamid.out1")
    handsets.set_status(TEA, "wamid.out1", "played", AT)
    await handsets.play(TEA, "wamid.out1")
    assert line.heard == ["wamid.out1"]
    with pytest.raises(SentenceError, match=r"no message 'wamid\.none'"):
        await handsets.play(TEA, "wamid.none")


async def test_a_reaction_sits_on_its_message_and_is_taken_back() -> None:
    handsets, _ = phones()
    handsets.receive(TEA, "asha", "wamid.out1", text("one"), AT)
    react = {"type": "reaction", "reaction": {"message_id": "wamid.out1", "emoji": "👍"}}
    sent = await handsets.person_sends(TEA, "asha", react)
    assert chat(handsets)[0]["reactions"] == {"person": "👍"}
    back = {"type": "reaction", "reaction": {"message_id": "wamid.out1"}}
    await handsets.person_sends(TEA, "asha", back)
    assert chat(handsets)[0]["reactions"] == {}
    theirs = {"type": "reaction", "reaction": {"message_id": sent, "emoji": "🫖"}}
    handsets.receive(TEA, "asha", "wamid.out2", theirs, AT)
    assert chat(handsets)[1]["reactions"] == {"business": "🫖"}


async def test_strangers_and_unknown_lines_are_refused_in_words() -> None:
    handsets, _ = phones()
    with pytest.raises(SentenceError, match="no contact 'nobody'"):
        handsets.receive(TEA, "nobody", "wamid.out1", text("x"), AT)
    with pytest.raises(SentenceError, match="No emulated number '999'"):
        await handsets.person_sends("999", "asha", text("x"))


async def test_chats_people_and_pictures_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "phone.db"
    handsets, line = phones(path)
    handsets.invent("نور")
    handsets.receive(TEA, "asha", "wamid.out1", MENU, AT)
    await handsets.person_sends(TEA, "asha", text("👨‍👩‍👧‍👦"), "wamid.out1")
    handsets.set_status(TEA, "wamid.in1", "read", AT + 9)
    line.files["7"] = (b"picture", "image/png")
    assert await handsets.media(TEA, "7") == (b"picture", "image/png")
    before = handsets.state()
    handsets.close()

    again, _ = phones(path)
    assert plain(again.state()) == plain(before)
    assert await again.media(TEA, "7") == (b"picture", "image/png")
    assert await again.media(TEA, "8") is None
    again.receive(TEA, "asha", "wamid.out2", text("later"), AT)
    assert [one["seq"] for one in chat(again)] == [1, 2, 3]
    again.close()


async def test_a_page_hears_each_change_as_it_happens() -> None:
    handsets, _ = phones()
    heard: list[dict[str, Any]] = []

    async def listen() -> None:
        heard.extend([change async for change in handsets.changes()])

    listener = asyncio.create_task(listen())
    await asyncio.sleep(0)
    handsets.set_typing(TEA, "asha", AT + 3000)
    handsets.receive(TEA, "asha", "wamid.out1", text("hi"), AT)
    handsets.wire(WireLine(AT, "in", "webhook in", "200", {"body": "{}"}, TEA, "asha", "wamid.in1"))
    await asyncio.sleep(0.01)
    handsets.end_streams()
    await listener
    assert [one["event"] for one in heard] == ["hello", "typing", "typing", "bubble", "wire"]
    assert [one.get("ms") for one in heard[1:3]] == [3000, 0]
    assert heard[4]["wire"] == {
        "n": 1,
        "at": AT,
        "direction": "in",
        "title": "webhook in",
        "status": "200",
        "detail": {"body": "{}"},
        "number": TEA,
        "contact": "asha",
        "message_id": "wamid.in1",
    }


async def test_the_state_is_json_whatever_is_in_it() -> None:
    handsets, _ = phones()
    handsets.receive(TEA, "asha", "wamid.out1", {"type": "hologram", "hologram": {"x": 1}}, AT)
    assert plain(plain(handsets.state())) == plain(handsets.state())
