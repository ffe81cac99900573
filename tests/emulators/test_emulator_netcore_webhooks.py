"""What Netcore tells the platform: every kind that a person can send, reports, retries, batches,
faults; and the console, without which nothing is told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from emulator_rig import ASHA, Callback
from netcore_rig import (
    FIXTURES,
    KEY,
    NUMBER,
    OTHER,
    PASSWORD,
    SOURCE,
    NetcoreRig,
    config,
    element,
    netcore,
)

from dragoman.domain.clock import Clock
from dragoman.domain.sentences import SentenceError
from dragoman.emulators import app, kit
from dragoman.emulators.netcore import Config, Number, build
from dragoman.emulators.netcore.config import Rules

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

LINE = f"netcore:{NUMBER}"
QUICK = Rules(bypass_opt_in=True)


@pytest.fixture
async def shop(callback: Callback) -> AsyncIterator[NetcoreRig]:
    async with netcore(callback, config(callback, rules=QUICK)) as made:
        yield made


@pytest.fixture
async def bare(callback: Callback) -> AsyncIterator[NetcoreRig]:
    """An account that nothing was set up for."""
    async with netcore(callback, config(rules=QUICK)) as made:
        yield made


def inbound(name: str) -> dict[str, Any]:
    body = json.loads((FIXTURES / f"inbound/{name}.json").read_text())
    item: dict[str, Any] = body["incoming_message"][0]
    return item


# --- messages of people --------------------------------------------------------------------------

REPLY = {"id": "yes_1", "title": "Yes"}
ROW = {"id": "row_2", "title": "Balance", "description": "Show balance"}
PLACE = {"latitude": 19.076, "longitude": 72.8777, "name": "Office", "address": "Fort, Mumbai"}
FILES = {
    "image": ("image", b"\xff\xd8", "image/jpeg", None, {}),
    "video": ("video", b"\x00\x00", "video/mp4", None, {}),
    "audio_voice": ("audio", b"OggS", "audio/ogg; codecs=opus", None, {"voice": True}),
    "document": ("document", b"%PDF", "application/pdf", "statement.pdf", {}),
}


async def person_sends(shop: NetcoreRig, body: dict[str, Any], quoted: str | None = None) -> Any:
    """Asha writes on her phone; gives the item that came to the platform."""
    message_id = await shop.emulator.handsets.person_sends(LINE, "asha", body, quoted)
    assert message_id.startswith("wamid.")
    await shop.callback.wait(lambda: any(m["message_id"] == message_id for m in shop.messages()))
    return next(m for m in shop.messages() if m["message_id"] == message_id)


def like(item: dict[str, Any], name: str, **differs: Any) -> None:
    """The item is the fixture's, member by member and in its order, but for what is of this run."""
    sample = inbound(name)
    ours = {"message_id": item["message_id"], "from": ASHA, "from_name": "Asha", "to": NUMBER}
    expected = {**sample, **ours, "received_at": item["received_at"], **differs}
    assert item == expected
    assert list(item) == list(sample)
    assert item["received_at"].isdigit() and len(item["received_at"]) == 10


async def test_a_text_comes_as_it_was_captured(shop: NetcoreRig) -> None:
    item = await person_sends(shop, {"type": "text", "text": {"body": "नमस्ते 👨‍👩‍👧"}})
    like(item, "text", text_type={"text": "नमस्ते 👨‍👩‍👧"})
    headers, body = shop.callback.posts[-1]
    assert headers["Content-Type"] == "application/json"
    assert "authorization" not in {name.lower() for name in headers}
    assert list(json.loads(body)) == ["incoming_message"]
    assert "नमस्ते" in body.decode()  # not escaped


@pytest.mark.parametrize("name", FILES)
async def test_a_file_comes_with_its_id_and_is_handed_over_for_it(
    shop: NetcoreRig, name: str
) -> None:
    kind, data, mime, filename, more = FILES[name]
    stored = await shop.emulator.handsets.upload(LINE, data, mime, filename)
    assert len(stored["id"]) == 15 and stored["id"].isdigit()
    item = await person_sends(shop, {"type": kind, kind: {**stored, **more}})
    block = f"{kind}_type"
    same = {key: stored[key] for key in ("sha256", "id")}
    like(item, name, **{block: {**inbound(name)[block], **same}})
    url = f"{shop.base}/api/v2/media/{stored['id']}"
    async with shop.client.get(url, headers={"Authorization": f"Bearer {KEY}"}) as got:
        assert (got.status, await got.read()) == (200, data)
        assert got.headers["Content-Type"] == mime


async def test_a_caption_comes_along(shop: NetcoreRig) -> None:
    stored = await shop.emulator.handsets.upload(LINE, b"\xff\xd8", "image/jpeg", "a.jpg")
    item = await person_sends(shop, {"type": "image", "image": {**stored, "caption": "चाय?"}})
    assert item["image_type"]["caption"] == "चाय?"
    assert "filename" not in item["image_type"]
    audio = await shop.emulator.handsets.upload(LINE, b"ID3", "audio/mpeg", None)
    item = await person_sends(shop, {"type": "audio", "audio": audio})
    assert item["audio_type"]["voice"] is False


async def test_a_place_comes_in_texts(shop: NetcoreRig) -> None:
    url = {"url": "https://maps.example/1"}
    item = await person_sends(shop, {"type": "location", "location": {**PLACE, **url}})
    like(item, "location")
    item = await person_sends(
        shop, {"type": "location", "location": {"latitude": 1, "longitude": -2}}
    )
    assert item["location_type"] == {
        "latitude": "1.000000000000",
        "longitude": "-2.000000000000",
        "name": "",
        "url": "",
        "address": "",
    }


async def test_taps_and_reactions_name_what_they_answer(shop: NetcoreRig) -> None:
    await shop.writes()
    sent = await shop.sent(element(**{"x-apiheader": "corr-77"}))
    await shop.reported(sent, "sent", "delivered")
    wamid = (shop.emulator.books.sent(sent) or {})["wamid"]
    context = {"ncmessage_id": sent, "message_id": wamid, "x-apiheader": "corr-77"}
    for name, kind, value in (
        ("interactive_button_reply", "button_reply", REPLY),
        ("interactive_list_reply", "list_reply", ROW),
    ):
        body = {"type": "interactive", "interactive": {"type": kind, kind: value}}
        like(await person_sends(shop, body, sent), name, context=context)
    reaction = {"type": "reaction", "reaction": {"message_id": sent, "emoji": "👍"}}
    like(await person_sends(shop, reaction), "reaction", context=context)
    gone = {"type": "reaction", "reaction": {"message_id": sent}}
    assert (await person_sends(shop, gone))["reaction_type"] == {"emoji": ""}
    body = {"type": "button", "button": {"payload": "more-1", "text": "More"}}
    item = await person_sends(shop, body, sent)
    assert (item["message_type"], item["button_type"]) == (
        "BUTTON",
        {"text": "More", "payload": "more-1"},
    )
    # Her own message has no id of Netcore's.
    mine = shop.messages()[0]["message_id"]
    item = await person_sends(shop, {"type": "text", "text": {"body": "see above"}}, mine)
    assert item["context"] == {"ncmessage_id": "", "message_id": mine}


async def test_text_of_emoji_alone_may_come_without_type_and_content(callback: Callback) -> None:
    async with netcore(callback, config(callback, bare_emoji=True)) as shop:
        item = await person_sends(shop, {"type": "text", "text": {"body": "👍🏽 👨‍👩‍👧"}})
        like(item, "negative_no_message_type")
        item = await person_sends(shop, {"type": "text", "text": {"body": "👍 ok"}})
        assert item["text_type"] == {"text": "👍 ok"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"type": "sticker", "sticker": {"id": "1", "mime_type": "image/webp"}}, "sticker"),
        ({"type": "contacts", "contacts": [{"name": {"formatted_name": "Ravi"}}]}, "contacts"),
        ({"type": "order", "order": {"catalog_id": "1", "product_items": []}}, "order"),
        (
            {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {}}},
            "interactive nfm_reply",
        ),
        (
            {"type": "interactive", "interactive": {"type": "call_permission_reply"}},
            "interactive call_permission_reply",
        ),
        ({"type": "system", "system": {"type": "user_changed_number"}}, "system"),
    ],
)
async def test_what_netcore_does_not_pass_on_is_told_on_the_phone(
    shop: NetcoreRig, body: dict[str, Any], kind: str
) -> None:
    words = f"Netcore passes on no message of the kind {kind} from people"
    with pytest.raises(SentenceError, match=words):
        await shop.emulator.handsets.person_sends(LINE, "asha", body)
    assert shop.emulator.timeline.waiting == 0


async def test_a_person_without_a_phone_is_unknown_to_netcore(shop: NetcoreRig) -> None:
    text = {"type": "text", "text": {"body": "hi"}}
    with pytest.raises(SentenceError, match="knows people by their phone number, and Meera"):
        await shop.emulator.handsets.person_sends(LINE, "meera", text)


# --- reports, retries, batches -------------------------------------------------------------------


async def test_read_comes_when_the_person_looks(shop: NetcoreRig) -> None:
    await shop.writes()
    sent = await shop.sent(element())
    await shop.reported(sent, "sent", "delivered")
    await shop.emulator.handsets.look(LINE, "asha")
    reports = await shop.reported(sent, "sent", "delivered", "read")
    sample = json.loads((FIXTURES / "status/read.json").read_text())["delivery_status"][0]
    assert list(reports[-1]) == list(sample)
    assert "x-apiheader" not in reports[-1]


async def test_reports_may_have_epoch_seconds(callback: Callback) -> None:
    settings = config(callback, rules=QUICK, report_times="epoch")
    async with netcore(callback, settings) as shop:
        await shop.writes()
        sent = await shop.sent(element())
        for report in await shop.reported(sent, "sent", "delivered"):
            assert report["received_at"].isdigit() and len(report["received_at"]) == 10


async def test_reports_share_posts_and_messages_share_others(callback: Callback) -> None:
    batching = kit.Batching(updates=10, within_ms=80)
    async with netcore(callback, config(callback, rules=QUICK, batching=batching)) as shop:
        await shop.writes()
        sent = [await shop.sent(element()) for _ in range(4)]
        await shop.callback.wait(lambda: len(shop.reports()) == 8)
        assert {report["ncmessage_id"] for report in shop.reports()} == set(sent)
        bodies = [body for body in shop.callback.bodies() if "delivery_status" in body]
        assert len(bodies) < 8
        assert all(len(body) == 1 for body in shop.callback.bodies())


async def test_a_webhook_is_repeated_and_then_given_up(callback: Callback) -> None:
    callback.plan = lambda count: 500 if count < 3 else 204
    async with netcore(callback, config(callback, rules=QUICK)) as shop:
        await shop.writes()
        await callback.wait(lambda: shop.emulator.timeline.waiting == 0)
        # Only 200 is taken: after the list of pauses is over it is given up.
        assert len(callback.posts) == 3
        assert len({body for _, body in callback.posts}) == 1
        assert (shop.emulator.timeline.failed, shop.emulator.timeline.expired) == (3, 1)


async def test_faults_are_netcore_s_own(shop: NetcoreRig) -> None:
    await shop.writes()
    await shop.control("faults", {"name": "torn_body", "count": 1})
    status, text = 0, ""
    url, body = f"{shop.base}/api/v2/message/nc", {"message": [element()]}
    async with shop.client.post(url, json=body, headers={"Authorization": f"Bearer {KEY}"}) as got:
        status, text = got.status, await got.text()
    assert (status, text[:10], text[-1] == "}") == (200, '{"status":', False)
    await shop.callback.wait(lambda: len(shop.reports()) == 2)
    await shop.control("faults", {"name": "duplicate", "count": 1})
    twice = await shop.writes()
    await shop.callback.wait(lambda: [m["message_id"] for m in shop.messages()].count(twice) == 2)
    await shop.control("faults", {"name": "status_first", "count": 1})
    sent = await shop.sent(element())
    assert [report["status"] for report in shop.reports(sent)][:1] == ["sent"]
    await shop.control("faults", {"name": "reorder", "count": 1})
    sent = await shop.sent(element())
    await shop.callback.wait(
        lambda: [report["status"] for report in shop.reports(sent)] == ["delivered", "sent"]
    )
    await shop.control("faults", {"name": "key_denied", "count": 1})
    assert (await shop.send(element()))[0] == 401
    assert (await shop.send(element()))[0] == 200


# --- the console ---------------------------------------------------------------------------------


async def test_nothing_arrives_until_the_webhooks_are_on(bare: NetcoreRig) -> None:
    callback = bare.callback
    await bare.writes()
    lost = await bare.sent(element())
    await callback.wait(lambda: bare.emulator.timeline.waiting == 0)
    assert callback.posts == []
    for values, words in (
        ({"url": "callback.example", "status": True}, "'callback.example' is no webhook URL"),
        ({"url": "http://a b", "status": True}, "'http://a b' is no webhook URL"),
        ({"url": "", "status": True}, "The webhook has no URL"),
        ({"url": callback.url, "header": "X-Secret"}, "'X-Secret' is no header"),
        ({"url": callback.url, "header": "X Secret: a"}, "'X Secret: a' is no header"),
    ):
        status, said = await bare.press("incoming", "save", **values)
        assert (status, said["detail"][: len(words)]) == (400, words)
    # With a URL and its switch off nothing comes either.
    _, said = await bare.press("incoming", "save", url=callback.url)
    assert said["said"] == "Saved: the webhook is off, so nothing is sent to it."
    await bare.writes()
    await callback.wait(lambda: bare.emulator.timeline.waiting == 0)
    assert callback.posts == []
    values = {"url": callback.url, "header": "X-Secret: tea: leaves", "status": True}
    assert (await bare.press("incoming", "save", **values))[1][
        "said"
    ] == "Saved: the webhook is on."
    first = await bare.writes()
    sent = await bare.sent(element())
    await callback.wait(lambda: bare.emulator.timeline.waiting == 0)
    # Messages come, reports are a webhook of their own.
    assert [message["message_id"] for message in bare.messages()] == [first]
    assert bare.reports() == []
    assert callback.posts[0][0]["X-Secret"] == "tea: leaves"
    await bare.press("delivery", "save", url=callback.url, status=True)
    second = await bare.sent(element())
    await bare.reported(second, "sent", "delivered")
    assert bare.reports(sent) == bare.reports(lost) == []
    assert "X-Secret" not in callback.posts[-1][0]


async def panel_of(shop: NetcoreRig, panel: str) -> dict[str, Any]:
    async with shop.client.get(f"{shop.base}/console/api") as answer:
        panels = (await answer.json())["panels"]
    found: dict[str, Any] = next(p for p in panels if p["id"] == panel)
    return found


async def test_a_hidden_key_is_shown_to_whoever_knows_the_password(bare: NetcoreRig) -> None:
    page = await (await bare.client.get(f"{bare.base}/console")).text()
    assert KEY not in page and "Integrate API › API" in page and "Webhook Integration" in page
    status, said = await bare.press("api", "show", key="Default", password="coffee")
    assert (status, said["detail"][:22]) == (400, "The password is wrong:")
    status, said = await bare.press("api", "show", key="Default", password=PASSWORD)
    assert (status, said["shown"]) == (200, {"api_key": KEY})
    page = await (await bare.client.get(f"{bare.base}/console")).text()
    assert KEY not in page
    assert KEY not in json.dumps(await bare.control("state"))


async def test_a_new_key_has_a_name_and_a_number_of_its_own(bare: NetcoreRig) -> None:
    for name, words in (
        (" ", "A new key needs a name."),
        ("Default", "There is a key 'Default' a"),
    ):
        status, said = await bare.press("api", "create", name=name)
        assert (status, said["detail"][:26]) == (400, words[:26])
    _, said = await bare.press("api", "create", name="Night", number=OTHER)
    made = said["shown"]["api_key"]
    assert len(made) == 40
    listed = next(c for c in (await panel_of(bare, "api"))["controls"] if c["id"] == "keys")
    assert listed["lines"][-1] == ["Night", f"+{OTHER}", "••••" + made[-4:], "✓ active"]
    status, said = await bare.press("api", "show", key="Night", password=PASSWORD)
    assert (status, "create a new one" in said["detail"]) == (400, True)
    await bare.sent(element(source=OTHER), key=f"Bearer {made}")
    assert (await bare.send(element(source=NUMBER), key=f"Bearer {made}"))[0] == 401
    # The old key goes on: there may be several.
    await bare.sent(element())


def test_a_new_account_has_a_key_for_each_number() -> None:
    numbers = [Number(display=NUMBER, title="Tea"), Number(display=OTHER, title="North")]
    made = build(Config(numbers=numbers), Clock())
    keys = made.account.keys
    assert [key.number for key in keys] == [NUMBER, OTHER]
    assert len({key.key for key in keys}) == len({key.name for key in keys}) == 2
    assert made.config == Config(numbers=numbers)
    made.books.close()
    made.handsets.close()
    assert app.config_of("netcore") == Config()


async def test_a_channel_is_set_up_by_walking_the_console(callback: Callback) -> None:
    async with netcore(callback, Config()) as shop:
        emulator = shop.emulator
        known = {"webhook_url": callback.url, "api": shop.base}
        told = await kit.walked(emulator, emulator.WALK.give, known)
        key = emulator.account.keys[0]
        assert kit.filled(emulator.WALK.fields, told) == {
            "numbers": {f"+{key.number}": {"api_key": key.key}},
            "base_url": shop.base,
        }
        await kit.walked(emulator, emulator.WALK.take, told)
        await shop.opts_in(key=f"Bearer {key.key}")
        await shop.writes(number=key.number)
        sent = await shop.sent(element(), key=f"Bearer {key.key}")
        await shop.callback.wait(lambda: len(shop.reports(sent)) == 2)
        assert len(shop.messages()) == 1
        assert shop.reports(sent)[0]["source"] == SOURCE
