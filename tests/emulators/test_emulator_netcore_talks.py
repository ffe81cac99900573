"""Both sides of Netcore's wire talk to each other over real HTTP: what the partner renders is
taken, what the emulator answers and tells is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from emulator_rig import ASHA, Callback
from netcore_rig import KEY, NUMBER, OTHER, OTHER_KEY, SOURCE, NetcoreRig, netcore

from dragoman.domain import content as c
from dragoman.domain.errors import Code, SendError
from dragoman.domain.events import InboundMessage, StatusUpdate
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import say
from dragoman.domain.status import Status
from dragoman.egress import Egress
from dragoman.partners import netcore as partner
from dragoman.partners.contract import Hook, HttpCall, MediaFile, OutboundMessage, Sent

pytestmark = pytest.mark.full  # whole ways, several processes or emulators

PERSON = Phone(ASHA)
PNG = "https://files.example/a.png"


class Talk:
    """A channel on the emulated account, and the one HTTP client of the house."""

    def __init__(self, rig: NetcoreRig, egress: Egress) -> None:
        self.rig, self.egress = rig, egress
        numbers = {NUMBER: partner.Number(KEY, SOURCE), OTHER: partner.Number(OTHER_KEY)}
        self.channel = partner.Settings(numbers=numbers, base_url=rig.base)

    async def asks(self, call: HttpCall | None) -> Any:
        assert call is not None
        return await self.egress.call(call, timeout_s=5)

    async def sends(self, content: c.Outbound, **more: Any) -> Sent | SendError:
        number = more.pop("number", NUMBER)
        message = OutboundMessage(PERSON, number, content, reference="corr-77", **more)
        call = partner.render(message, self.channel)
        assert isinstance(call, HttpCall), call
        return partner.read(call, await self.asks(call))

    async def arrived(self, message_id: str) -> None:
        """Wait until a person's message came."""
        await self.rig.callback.wait(
            lambda: any(told["message_id"] == message_id for told in self.rig.messages())
        )

    def heard(self) -> list[Any]:
        """Every event of every webhook so far."""
        hooks = [Hook("POST", "/", body=body) for _, body in self.rig.callback.posts]
        return [event for hook in hooks for event in partner.parse(hook, self.channel)]


@pytest.fixture
async def talk(callback: Callback) -> AsyncIterator[Talk]:
    async with Egress(["127.0.0.1"]) as egress, netcore(callback) as rig:
        yield Talk(rig, egress)


NATIVE: dict[str, c.Outbound] = {
    "text": c.Text("नमस्ते 👨‍👩‍👧 שלום", preview_url=True),
    "image": c.Image(link=PNG, caption="चाय"),
    "video": c.Video(link="https://files.example/a.mp4"),
    "audio": c.Audio(link="https://files.example/a.ogg", voice=True),
    "document": c.Document(link="https://files.example/a.pdf", filename="a.pdf", caption="x"),
    "sticker": c.Sticker(link="https://files.example/a.webp"),
    "location": c.Location(19.07, "72.87", "Office", "Fort"),
    "buttons": c.Buttons("b", (c.Button("y", "Yes"),), c.Header(image=c.Media(link=PNG)), "foot"),
    "list": c.List("b", "Open", (c.Section((c.Row("r", "Row", "d"),), "S"),), c.Header("h"), "f"),
    "cta_url": c.CtaUrl("b", "Go", "https://example.com", footer="f"),
    "template": c.Template(
        "offer",
        "en",
        header=c.MediaParam("image", link=PNG),
        body=(c.TextParam("Asha"),),
        buttons=(c.UrlButton(0, "offer/42"),),
    ),
    "raw": c.Raw({"type_text": [{"content": "hi"}]}),
}


def test_every_native_kind_is_tried() -> None:
    table = partner.CAPABILITIES[""]
    assert set(NATIVE) == {kind for kind, one in table.items() if one.capability == "native"}


@pytest.mark.parametrize("kind", NATIVE)
async def test_every_native_kind_arrives_and_is_reported(talk: Talk, kind: str) -> None:
    await talk.rig.writes()
    await talk.rig.opts_in()
    sent = await talk.sends(NATIVE[kind])
    assert isinstance(sent, Sent), sent
    await talk.rig.reported(sent.external_id, "sent", "delivered")
    reports = [event for event in talk.heard() if isinstance(event, StatusUpdate)]
    assert [(one.external_id, one.status, one.reference, one.number) for one in reports] == [
        (sent.external_id, Status.SENT, "corr-77", NUMBER),
        (sent.external_id, Status.DELIVERED, "corr-77", NUMBER),
    ]
    now = talk.rig.emulator.clock.now()
    assert all(abs(one.at - now) < 60_000 and one.recipient.phone == PERSON for one in reports)


async def test_a_one_time_code_and_a_template_s_values(talk: Talk) -> None:
    await talk.rig.opts_in()
    for content in (
        c.Template("login_code", "en", code="123456"),
        c.Template("order_ready", "en", header=c.TextParam("Asha"), body=(c.TextParam("42"),)),
    ):
        sent = await talk.sends(content)
        assert isinstance(sent, Sent)
        await talk.rig.reported(sent.external_id, "sent", "delivered")


async def test_opt_in_is_looked_up_recorded_and_then_found(talk: Talk) -> None:
    await talk.rig.writes()
    channel = talk.channel
    look_up = partner.render_opt_in_look_up(NUMBER, PERSON, channel)
    assert partner.read_opt_in_look_up(await talk.asks(look_up)) is False
    sent = await talk.sends(c.Text("hi"))
    assert isinstance(sent, Sent)
    await talk.rig.reported(sent.external_id, "failed")
    (failed,) = [event for event in talk.heard() if isinstance(event, StatusUpdate)]
    assert failed.error is not None and failed.error.code == Code.NOT_OPTED_IN
    for _ in range(2):  # once more is as good
        record = partner.render_opt_in(NUMBER, PERSON, channel)
        assert partner.read_opt_in(await talk.asks(record)) is None
    assert partner.read_opt_in_look_up(await talk.asks(look_up)) is True
    sent = await talk.sends(c.Text("hi"))
    assert isinstance(sent, Sent)
    await talk.rig.reported(sent.external_id, "sent", "delivered")
    out = partner.render_opt_out(NUMBER, PERSON, channel)
    assert partner.read_opt_in(await talk.asks(out)) is None
    assert partner.read_opt_in_look_up(await talk.asks(look_up)) is False


async def test_why_a_message_failed_is_understood(talk: Talk) -> None:
    await talk.rig.opts_in()
    late = await talk.sends(c.Text("hi"))
    await talk.rig.control("rules", {"not_on_whatsapp": [ASHA]})
    away = await talk.sends(c.Template("hello_tea", "en"))
    await talk.rig.callback.wait(lambda: len(talk.rig.reports()) == 2)
    why = {event.external_id: event.error.code for event in talk.heard()}
    assert isinstance(late, Sent) and isinstance(away, Sent)
    assert why == {late.external_id: "window_closed", away.external_id: "not_on_whatsapp"}


async def test_a_wrong_key_is_said_with_its_number(talk: Talk) -> None:
    (first, second) = partner.probes(talk.channel)
    for probe in (first, second):
        assert partner.read_probe(probe, await talk.asks(probe.call)) is None
    swapped = {NUMBER: partner.Number(OTHER_KEY), OTHER: partner.Number("TESTWRONGKEY")}
    talk.channel = msgspec.structs.replace(talk.channel, numbers=swapped)
    (first, second) = partner.probes(talk.channel)
    wrong = partner.read_probe(second, await talk.asks(second.call))
    assert wrong is not None and f"the API Key of +{OTHER}:" in say(wrong)
    # A key of another number is found out by the first message: it says who sends.
    for number in (NUMBER, OTHER):
        error = await talk.sends(c.Text("hi"), number=number)
        assert isinstance(error, SendError) and error.code is Code.TOKEN
        assert f"the API Key of +{number}:" in say(error.sentence)


async def test_faults_are_read_as_what_they_are(talk: Talk) -> None:
    await talk.rig.opts_in()
    await talk.rig.writes()
    for fault, code, retryable, ambiguous in (
        ("error_500", Code.IN_DOUBT, False, True),
        ("error_503", Code.UNAVAILABLE, True, False),
        ("rate_429", Code.RATE, True, False),
        ("torn_body", Code.IN_DOUBT, False, True),
        ("key_denied", Code.TOKEN, False, False),
    ):
        await talk.rig.control("faults", {"name": fault, "count": 1})
        error = await talk.sends(c.Text("hi"))
        assert isinstance(error, SendError), fault
        assert (error.code, error.retryable, error.ambiguous) == (code, retryable, ambiguous), fault


async def test_files_go_both_ways(talk: Talk) -> None:
    await talk.rig.opts_in()
    await talk.rig.writes()
    up = partner.render_upload(NUMBER, MediaFile(b"\x89PNG", "image/png", "a.png"), talk.channel)
    media_id = partner.read_upload(await talk.asks(up))
    assert isinstance(media_id, str)
    assert isinstance(await talk.sends(c.Image(media_id, caption="hi")), Sent)
    assert isinstance(await talk.sends(c.Image("unknown")), SendError)
    line = f"netcore:{NUMBER}"
    handsets = talk.rig.emulator.handsets
    stored = await handsets.upload(line, b"%PDF", "application/pdf", "bill.pdf")
    await handsets.person_sends(line, "asha", {"type": "document", "document": stored})
    await talk.rig.callback.wait(lambda: len(talk.rig.messages()) == 2)
    received = [e for e in talk.heard() if isinstance(e, InboundMessage)][-1].content
    assert isinstance(received, c.DocumentReceived)
    assert received.media.filename == "bill.pdf"
    fetch = partner.render_media(NUMBER, received.media.id, received.media.url, talk.channel)
    assert fetch is not None
    got = partner.read_media(fetch, await talk.asks(fetch), talk.channel)
    assert got == MediaFile(b"%PDF", "application/pdf")
    other = partner.render_media(OTHER, received.media.id, None, talk.channel)
    assert other is not None
    lost = partner.read_media(other, await talk.asks(other), talk.channel)
    assert isinstance(lost, SendError) and lost.code is Code.MEDIA


async def test_what_a_person_does_is_what_the_agent_hears(talk: Talk) -> None:
    await talk.rig.writes()
    await talk.rig.opts_in()
    sent = await talk.sends(NATIVE["buttons"])
    assert isinstance(sent, Sent)
    await talk.rig.reported(sent.external_id, "sent", "delivered")
    line, handsets = f"netcore:{NUMBER}", talk.rig.emulator.handsets
    row = {"id": "r", "title": "Row", "description": "d"}
    told: list[tuple[dict[str, Any], c.Inbound]] = [
        (
            {"type": "interactive", "interactive": {"type": "button_reply",
                                                    "button_reply": {"id": "y", "title": "Yes"}}},
            c.ButtonReply("y", "Yes"),
        ),
        (
            {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": row}},
            c.ListReply("r", "Row", "d"),
        ),
        ({"type": "button", "button": {"payload": "p", "text": "t"}}, c.TemplateReply("p", "t")),
        (
            {"type": "reaction", "reaction": {"message_id": sent.external_id, "emoji": "👍"}},
            c.Reaction(sent.external_id, "👍"),
        ),
        (
            {"type": "location", "location": {"latitude": 1.5, "longitude": -2}},
            c.Location(1.5, -2.0),
        ),
    ]  # fmt: skip
    for body, content in told:
        quoted = None if body["type"] in ("reaction", "location") else sent.external_id
        message_id = await handsets.person_sends(line, "asha", body, quoted)
        await talk.arrived(message_id)
        events = [event for event in talk.heard() if isinstance(event, InboundMessage)]
        event = next(one for one in events if one.external_id == message_id)
        assert event.content == content
        assert (event.sender.phone, event.sender.name) == (PERSON, "Asha")
        assert (event.quoted.id if event.quoted else None) == quoted
