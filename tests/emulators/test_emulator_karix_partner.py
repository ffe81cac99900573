"""Both sides of the wire meet: what the partner renders is accepted by the emulator over real HTTP,
and what the emulator answers and sends is read by the partner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio
from emulator_rig import ASHA, callback_server
from karix_rig import FIXTURES, KEY, NUMBER, KarixRig, config, running

from dragoman.domain import content as c
from dragoman.domain.errors import Code, SendError
from dragoman.domain.events import InboundMessage, StatusUpdate
from dragoman.domain.identity import Person, Phone
from dragoman.domain.status import Status
from dragoman.emulators.kit import Rates
from dragoman.partners import karix
from dragoman.partners.contract import (
    Hook,
    HttpCall,
    MediaFile,
    NoReply,
    OutboundMessage,
    Phase,
    Reply,
    Sent,
)

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

NEUTRAL = {
    path.stem: msgspec.json.decode(path.read_bytes(), type=OutboundMessage)
    for path in sorted(FIXTURES.glob("neutral/*.json"))
}
PNG = "https://files.example/a.png"
CARDS = tuple(
    c.Card(c.Header(image=c.Media(link=PNG)), "x", buttons=(c.Button(f"b{n}", "Yes"),))
    for n in range(2)
)
# What is native and stands in no fixture.
MORE: dict[str, c.Outbound] = {
    "image": c.Image(link=PNG, caption="चाय"),
    "video": c.Video(link=PNG),
    "audio": c.Audio(link=PNG),
    "place": c.Location(19.07, 72.87, "Office", "Fort"),
    "buttons": c.Buttons(
        "b", (c.Button("y", "Yes"),), header=c.Header(document=c.Media(link=PNG)), footer="f"
    ),
    "list": c.List(
        "b",
        "Open",
        (c.Section((c.Row("1", "One"),), "A"), c.Section((c.Row("2", "Two", "2nd"),), "B")),
        header=c.Header("h"),
    ),
    "carousel": c.Carousel("b", CARDS),
    "links": c.Carousel(
        "b", (c.Card(c.Header(video=c.Media(link=PNG)), "x", "Go", "https://example.com"),) * 2
    ),
    "product_carousel": c.ProductCarousel("b", (c.ProductCard("1", "2"), c.ProductCard("1", "3"))),
    "flow": c.Flow("b", "Go", flow_id="1"),
    "product": c.Product("1", "2"),
    "products": c.Products("1", c.Header("h"), "b", (c.ProductSection(("2",)),)),
    "catalog": c.Catalog("b"),
    "order_details": c.OrderDetails("b", "r-1", "BRL", c.Amount(1)),
    "order_status": c.OrderStatus("b", "r-1", "shipped"),
    "code": c.Template("login_code", "en", code="123456"),
    "header": c.Template(
        "order_news",
        "en",
        header=c.TextParam("Asha"),
        body=(c.TextParam("42"), c.TextParam("Monday")),
    ),
    "replies": c.Template(
        "promo_buttons",
        "en",
        body=(c.TextParam("Asha"),),
        buttons=(c.QuickReplyButton(0, "STOP"), c.UrlButton(1, "t/4")),
    ),
    "raw": c.Raw({"mediaTemplate": {"autoTemplate": "Namaste"}}),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig() -> AsyncIterator[KarixRig]:
    async with callback_server() as callback:
        rates = Rates(number_per_second=0, pair_burst=0)
        async with running(callback, config(webhook_url=callback.url, rates=rates)) as made:
            yield made


def channel(rig: KarixRig, key: str = KEY) -> karix.Settings:
    settings, complaints = karix.read_settings(
        {"number": f"+{NUMBER}", "account_key": key, "base_url": rig.base}
    )
    assert list(complaints) == []
    return settings


async def carried(rig: KarixRig, call: HttpCall, seconds: float = 10) -> Reply | NoReply:
    """The call as it is made."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with rig.client.request(
            call.method, call.url, headers=call.headers, json=call.json, timeout=timeout
        ) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(answer.status, headers, await answer.read())
    except TimeoutError:
        return NoReply(Phase.SENT, "timed out")


async def say(
    rig: KarixRig, message: OutboundMessage, key: str = KEY, seconds: float = 10
) -> Sent | SendError:
    call = karix.render(message, channel(rig, key))
    assert isinstance(call, HttpCall), call
    return karix.read(call, await carried(rig, call, seconds))


def to_asha(content: c.Outbound, reference: str | None = None) -> OutboundMessage:
    return OutboundMessage(Phone(ASHA), NUMBER, content, reference=reference)


def events(rig: KarixRig) -> list[Any]:
    """Everything that came, as the partner reads it."""
    settings = channel(rig)
    hooks = [Hook("POST", "/", headers=dict(h), body=body) for h, body in rig.callback.posts]
    return [event for hook in hooks for event in karix.parse(hook, settings)]


def reports(rig: KarixRig, sent: Sent | SendError) -> list[StatusUpdate]:
    assert isinstance(sent, Sent), sent
    found = [event for event in events(rig) if isinstance(event, StatusUpdate)]
    return [event for event in found if event.external_id == sent.external_id]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", [*NEUTRAL, *(f"more_{name}" for name in MORE)])
async def test_what_the_partner_can_say_arrives(rig: KarixRig, case: str) -> None:
    more = MORE.get(case.removeprefix("more_"))
    message = NEUTRAL[case] if more is None else to_asha(more, "dragoman:x")
    assert isinstance(message.recipient, Phone)
    await rig.writes(phone=message.recipient.digits)
    sent = await say(rig, message)
    await rig.callback.wait(lambda: len(reports(rig, sent)) == 2)
    told = reports(rig, sent)
    assert [event.status for event in told] == [Status.SENT, Status.DELIVERED]
    assert {event.reference for event in told} == {message.reference}
    assert {event.recipient for event in told} == {Person(message.recipient)}
    assert {event.number for event in told} == {NUMBER}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (c.Template("none", "en"), Code.TEMPLATE_MISSING),
        (c.Template("winter_sale_paused", "en"), Code.TEMPLATE_PAUSED),
        (c.Template("order_update", "en", body=(c.TextParam("a"),)), Code.TEMPLATE_PARAMETERS),
        (c.Text("hi"), Code.WINDOW_CLOSED),
    ],
)
async def test_what_fails_later_is_told_in_our_words(
    rig: KarixRig, content: c.Outbound, code: Code
) -> None:
    sent = await say(rig, OutboundMessage(Phone("12025550177"), NUMBER, content))
    await rig.callback.wait(lambda: len(reports(rig, sent)) == 1)
    (event,) = reports(rig, sent)
    assert (event.status, event.error and event.error.code) == (Status.FAILED, code.value)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("fault", "code", "retryable", "ambiguous"),
    [
        ("error_500", Code.IN_DOUBT, False, True),
        ("error_503", Code.UNAVAILABLE, True, False),
        ("rate_429", Code.RATE, True, False),
        ("torn_body", Code.IN_DOUBT, False, True),
        ("timeout_after_accept", Code.IN_DOUBT, False, True),
    ],
)
async def test_faults_are_read_as_what_they_mean(
    rig: KarixRig, fault: str, code: Code, retryable: bool, ambiguous: bool
) -> None:
    await rig.writes()
    await rig.control("faults", {"name": fault, "count": 1})
    before = len((await rig.control("sent"))["sent"])
    patience = 2.0 if fault == "timeout_after_accept" else 30.0
    error = await say(rig, to_asha(c.Text("hi"), "dragoman:doubt"), seconds=patience)
    assert isinstance(error, SendError)
    assert (error.code, error.retryable, error.ambiguous) == (code, retryable, ambiguous)
    accepted = (await rig.control("sent"))["sent"][before:]
    assert len(accepted) == (fault in ("torn_body", "timeout_after_accept"))
    for record in accepted:
        # The echo of our reference settles the doubt.
        await rig.callback.wait(lambda record=record: len(rig.reports(record["id"])) == 2)
        told = reports(rig, Sent(record["id"]))
        assert {event.reference for event in told} == {"dragoman:doubt"}


@pytest.mark.asyncio(loop_scope="module")
async def test_a_wrong_key_and_a_wrong_number(rig: KarixRig) -> None:
    error = await say(rig, to_asha(c.Text("hi")), key="WRONGKARIXKEY0==")
    assert isinstance(error, SendError)
    assert (error.code, error.partner_text) == (Code.TOKEN, "Invalid authentication key")
    other = msgspec.structs.replace(channel(rig), sender="918811111111")
    call = karix.render(to_asha(c.Text("hi")), other)
    assert isinstance(call, HttpCall)
    error = karix.read(call, await carried(rig, call))
    assert isinstance(error, SendError)
    assert (error.code, error.partner_code) == (Code.PERMISSION, "403")


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_person_sends_is_read_and_its_file_fetched(rig: KarixRig) -> None:
    rig.emulator.learn_address(rig.base.split("/")[2])
    handsets, line = rig.emulator.handsets, f"karix:{NUMBER}"
    media = await handsets.upload(line, b"\x89PNG", "image/png", None)
    body = {"type": "image", "image": {**media, "caption": "चाय"}}
    message_id = await handsets.person_sends(line, "asha", body)
    await rig.callback.wait(lambda: any(m["id"] == message_id for m in rig.messages()))
    found = [event for event in events(rig) if isinstance(event, InboundMessage)]
    (event,) = [one for one in found if one.external_id == message_id]
    assert isinstance(event.content, c.ImageReceived)
    assert (event.number, event.sender, event.content.caption) == (
        NUMBER,
        Person(Phone(ASHA)),
        "चाय",
    )
    call = karix.render_media(NUMBER, None, event.content.media.url, channel(rig))
    assert call is not None
    fetched = karix.read_media(call, await carried(rig, call), channel(rig))
    assert fetched == MediaFile(b"\x89PNG", "image/png")
