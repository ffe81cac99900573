"""Both sides of Gupshup's wire over real HTTP: what we render is taken and shown, what is refused
is understood, and what Gupshup tells is read."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio
from gupshup_channel import FIXTURES, TEMPLATES, channel_of
from test_partners_gupshup_render import NEUTRAL, SAMPLES

sys.path.append(str(Path(__file__).parents[1] / "emulators"))

from emulator_rig import Callback, callback_server
from gupshup_rig import (
    APP,
    APP_ID,
    HSM,
    KEY,
    NUMBER,
    PASSWORD,
    SECRET,
    TOKEN,
    TWO_WAY,
    GupshupRig,
    config,
)
from gupshup_rig import (
    gupshup as emulated,
)

from dragoman.domain import content as c
from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.events import (
    Event,
    InboundMessage,
    PaymentUpdate,
    Preference,
    Rejected,
    StatusUpdate,
)
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import Sentence
from dragoman.domain.status import Status
from dragoman.emulators.gupshup.config import Rates
from dragoman.engine import keys
from dragoman.partners import gupshup, plain
from dragoman.partners.contract import (
    Capability,
    Hook,
    HttpCall,
    MediaFile,
    NoReply,
    OutboundMessage,
    Phase,
    Reply,
    Sent,
)
from dragoman.partners.gupshup import Settings

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

ASHA = "12025550142"
WHOM = Phone(ASHA)
DIALECTS = ("enterprise", "access", "v3")
SCRIPT = json.loads((FIXTURES / "native/document_both.json").read_text())["payload"]
MESSAGES = {path.stem: path.read_bytes() for path in NEUTRAL}
DAY = 24 * 3_600_000


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig() -> AsyncIterator[GupshupRig]:
    async with callback_server() as callback:
        rates = Rates(number_per_second=0, pair_burst=0)
        async with emulated(callback, config(callback_url=callback.url, rates=rates)) as made:
            await made.writes()
            await made.writes(phone="919900000001", name="Asha Test")
            yield made


def channel(rig: GupshupRig, dialect: Any, **more: Any) -> Settings:
    """The account of the emulator, as a channel has it."""
    return Settings(
        dialect=dialect,
        number=NUMBER,
        waba_id=rig.emulator.config.waba_id,
        user_id=TWO_WAY,
        password=PASSWORD,
        hsm_user_id=HSM,
        hsm_password=PASSWORD,
        api_key=KEY,
        app_name=APP,
        app_id=APP_ID,
        app_token=TOKEN,
        templates=TEMPLATES,
        base_url=rig.base,
    )


def changed(settings: Settings, **values: Any) -> Settings:
    return msgspec.structs.replace(settings, **values)


async def carried_out(rig: GupshupRig, call: HttpCall, seconds: float = 10) -> Reply | NoReply:
    more: dict[str, Any] = {"json": call.json} if call.json is not None else {}
    more |= {"data": dict(call.form)} if call.form else {}
    timeout = aiohttp.ClientTimeout(total=seconds)
    try:
        async with rig.client.request(
            call.method, call.url, headers=call.headers, timeout=timeout, **more
        ) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(answer.status, headers, await answer.read())
    except TimeoutError:
        return NoReply(Phase.SENT, "timeout")


async def send(
    rig: GupshupRig, settings: Settings, content: c.Outbound, whom: Phone = WHOM, **more: Any
) -> Sent | SendError:
    call = gupshup.render(OutboundMessage(whom, NUMBER, content, **more), settings)
    assert isinstance(call, HttpCall), call
    return gupshup.read(call, await carried_out(rig, call))


async def sent(
    rig: GupshupRig, settings: Settings, content: c.Outbound, whom: Phone = WHOM, **more: Any
) -> str:
    """It is taken, and reaches the person. Gives its id."""
    taken = await send(rig, settings, content, whom, **more)
    assert isinstance(taken, Sent), taken
    await rig.callback.wait(lambda: Status.DELIVERED in steps(rig, settings, taken.external_id))
    return taken.external_id


def events(rig: GupshupRig, settings: Settings) -> list[Event | Rejected]:
    """Everything that came, read."""
    return [
        event
        for headers, body in rig.callback.posts
        for event in gupshup.parse(
            Hook(
                "POST",
                "/hooks/gupshup/st-1",
                headers={name.lower(): value for name, value in headers.items()},
                body=body,
            ),
            settings,
        )
    ]


def reports(rig: GupshupRig, settings: Settings, external_id: str) -> list[StatusUpdate]:
    found = events(rig, settings)
    assert not [one for one in found if isinstance(one, Rejected)]
    return [
        one for one in found if isinstance(one, StatusUpdate) and one.external_id == external_id
    ]


def steps(rig: GupshupRig, settings: Settings, external_id: str) -> list[Status]:
    return [one.status for one in reports(rig, settings, external_id)]


# --- out -----------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", MESSAGES)
async def test_every_fixture_reaches_the_emulated_partner(rig: GupshupRig, name: str) -> None:
    message = msgspec.json.decode(MESSAGES[name], type=OutboundMessage)
    settings = changed(channel_of(name), base_url=rig.base)
    if settings.bearer:
        settings = changed(settings, password=SECRET)
    call = gupshup.render(message, settings)
    assert isinstance(call, HttpCall), call
    taken = gupshup.read(call, await carried_out(rig, call))
    assert isinstance(taken, Sent), taken
    await rig.callback.wait(lambda: Status.DELIVERED in steps(rig, settings, taken.external_id))
    if message.reference and settings.dialect == "enterprise":
        told = {one.reference for one in reports(rig, settings, taken.external_id)}
        assert told == {message.reference}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_kind_is_taken_as_the_table_says(
    rig: GupshupRig, dialect: str, kind: str
) -> None:
    ability, settings = gupshup.CAPABILITIES[dialect][kind], channel(rig, dialect)
    content = SAMPLES[kind]
    if ability.capability is Capability.REFUSED:
        return
    contents: tuple[c.Outbound, ...] = (content,)
    if ability.capability is Capability.DEGRADED:
        contents = plain.RULES[ability.rule](content).contents
    for one in contents:
        taken = await send(rig, settings, _real(one))
        assert isinstance(taken, Sent), (taken, say_why(taken))


def say_why(taken: Any) -> str:
    return str(getattr(taken, "partner_text", ""))


def _real(content: c.Outbound) -> c.Outbound:
    """Samples that name something of the account name what is there."""
    if isinstance(content, c.Template):
        words = (c.TextParam("Asha"), c.TextParam("42"))
        return c.Template("order_shipped", "en_US", body=words)
    if isinstance(content, c.Reaction):
        return msgspec.structs.replace(content, message_id="wamid.x")
    if isinstance(content, c.OrderDetails):
        items = (c.OrderItem("Tea", c.Amount(300), 1),)
        order = c.Order(items, c.Amount(300), tax=c.Amount(0))
        total = {"currency": "INR", "total": c.Amount(300), "order": order}
        return msgspec.structs.replace(content, **total)
    return content


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_script_s_document_shows_both_texts_in_one_message(
    rig: GupshupRig, dialect: str
) -> None:
    made = await sent(rig, channel(rig, dialect), c.Raw(SCRIPT))
    document = rig.bubble(made)["body"]["document"]
    assert document == {
        "link": "https://files.example/s.pdf",
        "caption": "Your statement\n\nFor March",
        "filename": "s.pdf",
    }


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_is_shown_is_what_was_meant(rig: GupshupRig, dialect: str) -> None:
    settings = channel(rig, dialect)
    text = "👨‍👩‍👧‍👦 नमस्ते 50% + a=b&c שלום\n*x*"
    body = rig.bubble(await sent(rig, settings, c.Text(text)))["body"]
    assert body["text"]["body"] == text
    content = c.Buttons(
        "Tea?",
        (c.Button("yes_1", "हाँ"), c.Button("no_1", "No")),
        header=c.Header("Tea"),
        footer="Tap one",
    )
    shown = rig.bubble(await sent(rig, settings, content))["body"]["interactive"]
    replies = [{"id": "yes_1", "title": "हाँ"}, {"id": "no_1", "title": "No"}]
    assert [one["reply"] for one in shown["action"]["buttons"]] == replies
    assert (shown["header"]["text"], shown["footer"]["text"]) == ("Tea", "Tap one")
    rows = (c.Row("r1", "Assam", "strong"), c.Row("r2", "Darjeeling"))
    shown = rig.bubble(
        await sent(rig, settings, c.List("Teas", "Open", (c.Section(rows, "Black"),)))
    )
    (section,) = shown["body"]["interactive"]["action"]["sections"]
    assert section == {
        "title": "Black",
        "rows": [
            {"id": "r1", "title": "Assam", "description": "strong"},
            {"id": "r2", "title": "Darjeeling"},
        ],
    }
    words = (c.TextParam("आशा"), c.TextParam("42"))
    template = c.Template("order_shipped", "en_US", body=words)
    shown = rig.bubble(await sent(rig, settings, template))["body"]
    assert shown["rendered"]["body"] == "Hi आशा, your order 42 has shipped."


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_wrong_credentials_hold_sending(rig: GupshupRig, dialect: str) -> None:
    wrong = {"enterprise": "password", "access": "api_key", "v3": "app_token"}
    settings = changed(channel(rig, dialect), **{wrong[dialect]: "guess-guess"})
    error = await send(rig, settings, c.Text("hi"))
    assert isinstance(error, SendError)
    assert (error.code, error.concerns, error.ambiguous) == (Code.TOKEN, Concerns.TOKEN, False)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("fault", "code", "retryable", "ambiguous"),
    [
        ("rate_429", Code.RATE, True, False),
        ("error_503", Code.UNAVAILABLE, True, False),
        ("error_500", Code.IN_DOUBT, False, True),
        ("torn_body", Code.IN_DOUBT, False, True),
        ("timeout_after_accept", Code.IN_DOUBT, False, True),
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_the_service_does_is_understood(
    rig: GupshupRig, dialect: str, fault: str, code: Code, retryable: bool, ambiguous: bool
) -> None:
    settings = channel(rig, dialect)
    call = gupshup.render(OutboundMessage(WHOM, NUMBER, c.Text("hi")), settings)
    assert isinstance(call, HttpCall)
    await rig.control("faults", {"name": fault, "count": 1})
    error = gupshup.read(call, await carried_out(rig, call, 0.5))
    assert isinstance(error, SendError), error
    assert (error.code, error.retryable, error.ambiguous) == (code, retryable, ambiguous), error


LATER: list[tuple[dict[str, Any], int, Code]] = [
    ({"not_on_whatsapp": [ASHA]}, 0, Code.NOT_ON_WHATSAPP),
    ({"wallet_empty": True}, 0, Code.BILLING),
    ({"opt_in_needed": False}, DAY + 60_000, Code.WINDOW_CLOSED),
]


@pytest.mark.parametrize(("rules", "skip_ms", "code"), LATER)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_failure_that_is_reported_has_its_meaning(
    callback: Callback, dialect: str, rules: dict[str, Any], skip_ms: int, code: Code
) -> None:
    async with emulated(callback, config(callback_url=callback.url)) as rig:
        settings = channel(rig, dialect)
        await rig.writes()
        await rig.control("rules", rules)
        if skip_ms:
            await rig.control("clock", {"move_ms": skip_ms})
        taken = await send(rig, settings, c.Text("hi"))
        assert isinstance(taken, Sent), taken
        await callback.wait(lambda: Status.FAILED in steps(rig, settings, taken.external_id))
        report = next(
            one for one in reports(rig, settings, taken.external_id) if one.status is Status.FAILED
        )
        assert report.error is not None and report.error.code == code.value, report.error


@pytest.fixture
async def callback() -> AsyncIterator[Callback]:
    async with callback_server() as made:
        yield made


# --- beside sending ------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_consent_is_recorded_and_taken_back(rig: GupshupRig) -> None:
    for dialect in ("enterprise", "access"):
        settings = channel(rig, dialect)
        for make, agreed in (
            (gupshup.render_opt_out, False),
            (gupshup.render_opt_in, True),
        ):
            call = make(NUMBER, WHOM, settings)
            assert call is not None
            assert gupshup.read_opt_in(await carried_out(rig, call)) is None
            assert rig.emulator.consent[ASHA] is agreed
    wrong = gupshup.render_opt_in(NUMBER, WHOM, changed(settings, app_name="Other"))
    assert wrong is not None
    error = gupshup.read_opt_in(await carried_out(rig, wrong))
    assert error is not None and error.partner_text == "Invalid App Details"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("dialect", ["access", "v3"])
async def test_credentials_are_checked_without_sending(rig: GupshupRig, dialect: str) -> None:
    (probe,) = gupshup.probes(channel(rig, dialect))
    assert gupshup.read_probe(probe, await carried_out(rig, probe.call)) is None
    wrong = changed(channel(rig, dialect), api_key="guess-guess", app_token="guess-guess")
    (probe,) = gupshup.probes(wrong)
    said = gupshup.read_probe(probe, await carried_out(rig, probe.call))
    assert said is not None and said.id == "gupshup_error_http/401"


async def test_the_token_that_gupshup_signs_is_the_associated_app_s(callback: Callback) -> None:
    pair = keys.new_pair("HS256", "")
    credential = keys.Credential(1, 1, "tea", "cs-1", "HS256", pair.kept)
    async with emulated(callback, config(callback_url=callback.url)) as rig:
        await rig.press("security", "save", client_id="cs-1", client_secret=pair.given)
        await rig.writes()
        await callback.wait(lambda: bool(callback.posts))
        token = keys.bearer(callback.posts[0][0]["Authorization"])
        assert keys.judge(token, credential, 0) == {"appId": "cs-1"}
        other = keys.Credential(2, 1, "tea", "cs-1", "HS256", keys.new_pair("HS256", "").kept)
        assert isinstance(keys.judge(token, other, 0), Sentence)


# --- in ------------------------------------------------------------------------------------------

SAID: list[tuple[dict[str, Any], c.Inbound]] = [
    ({"type": "text", "text": {"body": "नमस्ते"}}, c.TextReceived("नमस्ते")),
    (
        {
            "type": "interactive",
            "interactive": {"type": "button_reply", "button_reply": {"id": "y", "title": "Yes"}},
        },
        c.ButtonReply("y", "Yes"),
    ),
    (
        {
            "type": "interactive",
            "interactive": {
                "type": "list_reply",
                "list_reply": {"id": "r", "title": "Row", "description": "d"},
            },
        },
        c.ListReply("r", "Row", "d"),
    ),
]


@pytest.mark.parametrize("body", ["json", "form"])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_people_say_is_read(callback: Callback, dialect: str, body: str) -> None:
    async with emulated(callback, config(callback_url=callback.url)) as rig:
        settings = channel(rig, dialect)
        await rig.press("settings", "set", dialect=dialect, body=body)
        await rig.writes()
        quoted = await sent(rig, settings, c.Text("Tea?"))
        callback.posts.clear()
        who = {"phone": ASHA, "name": "Asha"}
        for said, _ in SAID:
            await rig.control("inbound", {"contact": who, "body": said, "quoted": quoted})
        await callback.wait(lambda: len(callback.posts) == len(SAID))
        found = events(rig, settings)
        assert [one.content for one in found if isinstance(one, InboundMessage)] == [
            content for _, content in SAID
        ]
        for one in found:
            assert isinstance(one, InboundMessage)
            assert (one.number, one.sender.phone, one.sender.name) == (NUMBER, WHOM, "Asha")
            assert one.quoted is not None and one.quoted.id == quoted


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_file_is_fetched(callback: Callback, dialect: str) -> None:
    async with emulated(callback, config(callback_url=callback.url)) as rig:
        settings = channel(rig, dialect)
        await rig.press("settings", "set", dialect=dialect)
        callback.posts.clear()
        media = await rig.emulator.lines[NUMBER].store_media(b"\x89PNG", "image/png", None)
        body = {"type": "image", "image": {**media, "caption": "bill"}}
        who = {"phone": ASHA, "name": "Asha"}
        await rig.control("inbound", {"contact": who, "body": body})
        await callback.wait(lambda: bool(callback.posts))
        (event,) = events(rig, settings)
        assert isinstance(event, InboundMessage)
        assert isinstance(event.content, c.ImageReceived)
        file = event.content.media
        assert (file.mime_type, event.content.caption) == ("image/png", "bill")
        call = gupshup.render_media(NUMBER, file.id, file.url, settings)
        assert call is not None
        fetched = gupshup.read_media(call, await carried_out(rig, call), settings)
        assert fetched == MediaFile(b"\x89PNG", "image/png")


@pytest.mark.parametrize(
    ("outcome", "word"), [("paid", "success"), ("failed", "failed"), ("pending", "pending")]
)
async def test_a_bill_is_paid_and_the_payment_read(
    callback: Callback, outcome: str, word: str
) -> None:
    async with emulated(callback, config(callback_url=callback.url)) as rig:
        settings = channel(rig, "enterprise")
        await rig.writes()
        bill = _real(SAMPLES["order_details"])
        made = await sent(rig, settings, bill)
        callback.posts.clear()
        order = {"contact": {"phone": ASHA}, "message": made, "outcome": outcome}
        assert await rig.control("pay", order) == {"success": True}
        await callback.wait(lambda: bool(callback.posts))
        (event,) = events(rig, settings)
        assert isinstance(event, InboundMessage)
        paid = event.content
        assert isinstance(paid, c.PaymentReceived)
        assert (paid.reference_id, paid.status, paid.total) == ("r-1", word, c.Amount(300, 100))
        if outcome == "paid":
            return
        await rig.press("settings", "set", dialect="v3")
        callback.posts.clear()
        await rig.control("pay", {**order, "outcome": "paid"})
        await callback.wait(lambda: bool(callback.posts))
        (event,) = events(rig, settings)
        assert isinstance(event, PaymentUpdate)
        assert (event.reference_id, event.status) == ("r-1", "captured")


async def test_events_beside_messages_are_read(callback: Callback) -> None:
    async with emulated(callback, config(callback_url=callback.url)) as rig:
        settings = channel(rig, "access")
        await rig.press("settings", "set", dialect="access")
        await rig.control("consent", {"contact": {"phone": ASHA}, "agreed": False})
        await callback.wait(lambda: len(callback.posts) == 2)
        found = events(rig, settings)
        assert not [one for one in found if isinstance(one, Rejected)]
        (wish,) = [one for one in found if isinstance(one, Preference)]
        assert (wish.person.phone, wish.stopped) == (WHOM, True)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_step_is_climbed(callback: Callback, dialect: str) -> None:
    async with emulated(callback, config(callback_url=callback.url)) as rig:
        settings = channel(rig, dialect)
        await rig.writes()
        made = await sent(rig, settings, c.Text("hi"), reference="ref-1")
        await rig.emulator.handsets.look(rig.emulator.key(NUMBER), "asha")
        await callback.wait(lambda: Status.READ in steps(rig, settings, made))
        first = [] if dialect == "enterprise" else [Status.ACCEPTED]
        climbed = [*first, Status.SENT, Status.DELIVERED, Status.READ]
        assert sorted(set(steps(rig, settings, made))) == sorted(climbed)
        told = {one.reference for one in reports(rig, settings, made)} - {None}
        assert told == (set() if dialect == "access" else {"ref-1"})
        assert {one.recipient.phone for one in reports(rig, settings, made)} == {WHOM}
