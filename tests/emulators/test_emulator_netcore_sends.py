"""Sends: every fixture is taken as Netcore takes it; without, with another kind of, or with too
much of what it needs, it is refused. What follows a send, and what a person sees of it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from emulator_rig import ASHA, Callback, callback_server
from netcore_rig import (
    FIXTURES,
    KEY,
    NUMBER,
    OTHER,
    OTHER_KEY,
    SOURCE,
    NetcoreRig,
    config,
    element,
    netcore,
)

from dragoman.emulators import kit
from dragoman.emulators.netcore.config import Rules

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

PHONE = "919900000001"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CALLS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FIXTURES.glob("outbound/*.json"))
    if not path.name.startswith("response_")
}
SENDS = {name: call["json"] for name, call in CALLS.items() if "message" in call["json"]}
FREE = kit.Rates(number_per_second=0, pair_burst=0)
# What a message may leave out; a caption and a name may be of any length elsewhere.
OPTIONAL = {"recipient_type", "source", "x-apiheader", "cta_link_track", "preview_url", "caption",
            "filename", "description", "header", "footer", "user_agent", "ip"}  # fmt: skip
# member → the longest text that is taken
LONGEST = {"content": 4096, "caption": 1024, "name": 512, "payload": 2000, "locale": 20,
           "display_text": 20, "description": 72, "source": 25}  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig() -> AsyncIterator[NetcoreRig]:
    async with callback_server() as callback:
        rules = Rules(bypass_opt_in=True)
        async with netcore(callback, config(callback, rates=FREE, rules=rules)) as made:
            yield made


def path_of(name: str) -> str:
    return str(urlsplit(CALLS[name]["url"]).path)


def mine(rig: NetcoreRig, body: Any) -> Any:
    """Media ids of the fixtures become ids that this account has."""
    own = rig.emulator.media.keep(NUMBER, b"\xff\xd8", "image/jpeg", None)
    return json.loads(json.dumps(body).replace("aa410000-0000-4000-8000-000000000001", own))


async def ask(rig: NetcoreRig, name: str, body: Any) -> tuple[int, Any]:
    headers = CALLS[name]["headers"]
    return await rig.ask("POST", path_of(name), body, key=headers["Authorization"])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SENDS)
async def test_the_fixture_is_accepted(rig: NetcoreRig, name: str) -> None:
    expected = json.loads((FIXTURES / "outbound/response_success.json").read_text())
    await rig.writes(phone=PHONE)
    status, answer = await ask(rig, name, mine(rig, SENDS[name]))
    assert status == 200
    message_id = answer["data"]["id"]
    assert UUID.fullmatch(message_id)
    assert answer == {**expected, "data": {"id": message_id}}
    reports = await rig.reported(message_id, "sent", "delivered")
    sample = json.loads((FIXTURES / "status/sent.json").read_text())["delivery_status"][0]
    sent = SENDS[name]["message"][0]
    for report, status_ in zip(reports, ("sent", "delivered"), strict=True):
        assert list(report)[: len(sample)] == list(sample)
        when = report["received_at"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", when)
        assert report == {
            "ncmessage_id": message_id,
            "recipient": PHONE,
            "status": status_,
            "status_remark": "",
            "received_at": when,
            "source": sent["source"],
            **({"x-apiheader": "corr-77"} if "x-apiheader" in sent else {}),
        }


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: Any = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    return [p for key, v in inner for p in ((*path, key), *spots(v, (*path, key)))]


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The body with another value at a place; without it for `...`."""
    made = copy.deepcopy(body)
    at = made
    for step in path[:-1]:
        at = at[step]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return made


MEMBERS = [
    (name, path)
    for name, call in CALLS.items()
    for path in spots(call["json"])
    if isinstance(path[-1], str)
]


def optional(name: str, path: tuple[Any, ...]) -> bool:
    last = path[-1]
    inside_header = any(step == "header" for step in path[:-1])
    if last == "source" and name == "optin":
        return False
    if last == "button" and "action" not in path:  # of a template
        return True
    if last == "title" and "sections" in path and "rows" not in path:
        return True
    return last in OPTIONAL or (inside_header and last != "type")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "path"), MEMBERS, ids=str)
async def test_without_a_member_it_is_refused_unless_it_may_be_left_out(
    rig: NetcoreRig, name: str, path: tuple[Any, ...]
) -> None:
    await rig.control("reset", {})
    rig.emulator.rules.bypass_opt_in = True
    for value in (..., None):
        body = mine(rig, changed(CALLS[name]["json"], path, value))
        status, answer = await ask(rig, name, body)
        assert status == 200
        if optional(name, path):
            done = answer["status"] == "success"
            assert done or answer["error"]["message"].startswith(
                ("Optin details", "Opt-in already")
            )
            continue
        assert (answer["status"], list(answer)) == ("failure", ["status", "error"])
        code = answer["error"]["code"]
        assert code == ("8006" if name == "optin" and path[-1] != "recipient" else "8001")
        assert answer["error"]["message"].endswith((" is required.", "source cannot be empty."))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "path"), MEMBERS, ids=str)
async def test_of_another_kind_it_is_refused(
    rig: NetcoreRig, name: str, path: tuple[Any, ...]
) -> None:
    if path[-1] in ("user_agent", "ip"):
        return  # whatever they are, they are written down
    for value in (7.5, True, {"a": 1}, ["b"], [7]):
        if path[-1] == "cta_link_track" and value is True:
            continue
        body = mine(rig, changed(CALLS[name]["json"], path, value))
        _, answer = await ask(rig, name, body)
        if path[-1] == "attributes" and value == ["b"] and "template" in name:
            continue  # a list of text: another number of values, which is found later
        assert answer["status"] == "failure", (value, answer)
        assert answer["error"]["code"] in ("8001", "8006")


def longest(name: str, path: tuple[Any, ...]) -> int:
    """How many characters a member may have; 0 for any number."""
    last = path[-1]
    if (last == "source" and name != "optin") or (last == "name" and "buttons" in path):
        return 0
    if last == "title":
        return 24 if "sections" in path else 20
    if last == "id":
        return 200 if "rows" in path else 256
    if last == "body":
        return 4096 if "list" in name else 1024
    if last == "button":
        return 20 if "action" in path else 0
    return LONGEST.get(last, 0)


SIZED = [(name, path, longest(name, path)) for name, path in MEMBERS if longest(name, path)]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "path", "most"), SIZED, ids=str)
@pytest.mark.parametrize("script", ["a", "क", "👨‍👩‍👧", "ש"])
async def test_too_long_it_is_refused_and_one_less_is_taken(
    rig: NetcoreRig, name: str, path: tuple[Any, ...], most: int, script: str
) -> None:
    await rig.control("reset", {})
    rig.emulator.rules.bypass_opt_in = True
    full = (script * most)[: most - 1] + "x"
    assert len(full) == most
    _, answer = await ask(rig, name, mine(rig, changed(CALLS[name]["json"], path, full)))
    assert answer["status"] == "success", answer
    await rig.control("reset", {})
    rig.emulator.rules.bypass_opt_in = True
    _, answer = await ask(rig, name, mine(rig, changed(CALLS[name]["json"], path, full + "x")))
    words = f"{path[-1]} must be at most {most} characters long."
    assert answer == {"status": "failure", "error": {"code": "8006", "message": words}}


# --- where it goes, whose it is ------------------------------------------------------------------


@pytest.fixture
async def shop(callback: Callback) -> AsyncIterator[NetcoreRig]:
    async with netcore(callback) as made:
        yield made


@pytest.mark.parametrize(
    "path", ["nc", "nc/", "nc/priority", "nc/priority/", "nc/message/", "nc/message", ""]
)
async def test_every_address_that_was_seen_takes_messages(shop: NetcoreRig, path: str) -> None:
    await shop.opts_in()
    body = {"message": [element()]}
    for slash in ("/api/v2/message/", "//api/v2//message/"):
        status, answer = await shop.ask("POST", slash + path, body)
        assert (status, answer["status"]) == (200, "success")


async def test_a_key_is_of_one_number(shop: NetcoreRig) -> None:
    await shop.writes()
    await shop.opts_in()
    first = await shop.sent(element(source=NUMBER))
    assert (await shop.send(element(source=OTHER)))[0] == 401
    assert (await shop.send(element(source=NUMBER), key=f"Bearer {OTHER_KEY}"))[0] == 401
    await shop.opts_in(key=f"bearer {OTHER_KEY}")
    await shop.writes(number=OTHER)
    second = await shop.sent(element(source=OTHER), key=f"Bearer {OTHER_KEY}")
    assert (await shop.reported(first, "sent", "delivered"))[0]["source"] == NUMBER
    assert (await shop.reported(second, "sent", "delivered"))[0]["source"] == OTHER
    kept = [(one["number"], one["source"]) for one in (await shop.control("sent"))["sent"]]
    assert kept == [(NUMBER, NUMBER), (OTHER, OTHER)]


async def test_opt_in_is_looked_at_first_and_the_bypass_skips_it(shop: NetcoreRig) -> None:
    await shop.writes()
    lost = await shop.sent(element())
    (report,) = await shop.reported(lost, "failed")
    sample = json.loads((FIXTURES / "status/failed.json").read_text())["delivery_status"][0]
    assert report["status_remark"] == sample["status_remark"]
    await shop.opts_in()
    await shop.reported(await shop.sent(element()), "sent", "delivered")
    # Another number's consent is its own; the person can withdraw it.
    other = await shop.sent(element(), key=f"Bearer {OTHER_KEY}")
    await shop.reported(other, "failed")
    body = {"type": "optout", "recipients": [{"recipient": ASHA, "source": "WEB"}]}
    assert (await shop.ask("POST", "/api/v2/consent/manage/", body))[1] == {
        "status": "success",
        "message": "Optout successfully added.",
    }
    await shop.reported(await shop.sent(element()), "failed")
    await shop.press("optin", "save", bypass=True)
    await shop.reported(await shop.sent(element()), "sent", "delivered")
    await shop.press("optin", "save", bypass=False)
    await shop.control("rules", {"chat_is_opt_in": True})
    await shop.reported(await shop.sent(element()), "sent", "delivered")


async def test_consent_is_recorded_and_found(shop: NetcoreRig) -> None:
    call = CALLS["optin"]
    missing = json.loads((FIXTURES / "outbound/response_consent_missing.json").read_text())
    done = json.loads((FIXTURES / "outbound/response_optin_success.json").read_text())
    ask_ = ("POST", path_of("consent_check"), CALLS["consent_check"]["json"])
    assert await shop.ask(*ask_) == (200, missing)
    assert await shop.ask("POST", path_of("optin"), call["json"]) == (200, done)
    status, found = await shop.ask(*ask_)
    when = found["data"]["created_date"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.0", when)
    assert (status, found) == (
        200,
        {
            "status": "success",
            "data": {
                "ip": "192.0.2.7",
                "phone_number": PHONE,
                "optin_source": "WEB",
                "user_agent": "Mozilla/5.0",
                "created_date": when,
            },
        },
    )
    again = await shop.ask("POST", path_of("optin"), call["json"])
    assert again[1]["error"] == {"code": "8005", "message": "Opt-in already present."}
    two = [{"recipient": "919900000002", "source": "WEB"}, {"recipient": PHONE, "source": "WEB"}]
    body = {"type": "optin", "recipients": two}
    assert (await shop.ask("POST", path_of("optin"), body))[1]["error"]["code"] == "8005"
    assert (await shop.control("state"))["consents"].keys() == {f"{NUMBER}:{PHONE}"}


async def test_the_window_is_the_number_s_own(shop: NetcoreRig) -> None:
    await shop.opts_in()
    (report,) = await shop.reported(await shop.sent(element()), "failed")
    assert "24 hour window" in report["status_remark"]
    template = {
        "message_type": "template",
        "type_template": [
            {
                "name": "order_update",
                "attributes": ["Asha", "42"],
                "language": {"locale": "en", "policy": "deterministic"},
            }
        ],
    }
    told = {"recipient_whatsapp": ASHA, "source": SOURCE, **template}
    await shop.reported(await shop.sent(told), "sent", "delivered")
    await shop.writes(number=OTHER)
    await shop.reported(await shop.sent(element()), "failed")
    await shop.writes()
    await shop.reported(await shop.sent(element()), "sent", "delivered")
    await shop.control("clock", {"move_ms": 24 * 3_600_000})
    await shop.reported(await shop.sent(element()), "failed")


# --- what a person sees --------------------------------------------------------------------------


async def seen(shop: NetcoreRig, told: dict[str, Any]) -> dict[str, Any]:
    """The body on Asha's phone of what is sent."""
    message_id = await shop.sent(told)
    await shop.reported(message_id, "sent", "delivered")
    chats = shop.emulator.handsets.state()["chats"]
    chat = next(c for c in chats if c["contact"] == "asha" and c["line"] == f"netcore:{NUMBER}")
    bubble = next(b for b in chat["bubbles"] if b["id"] == message_id)
    body: dict[str, Any] = bubble["body"]
    return body


async def test_the_phone_shows_what_was_sent(shop: NetcoreRig) -> None:
    await shop.writes()
    await shop.opts_in()
    own = shop.emulator.media.keep(NUMBER, b"RIFF", "image/webp", None)
    sound = shop.emulator.media.keep(NUMBER, b"OggS", "audio/ogg; codecs=opus", None)

    async def fixture(name: str) -> dict[str, Any]:
        return await seen(shop, {**SENDS[name]["message"][0], "recipient_whatsapp": ASHA})

    async def media(**attachment: str) -> dict[str, Any]:
        inside = {"message_type": "media", "type_media": [{"attachments": [attachment]}]}
        return await seen(shop, {"recipient_whatsapp": ASHA, **inside})

    assert await fixture("text") == {
        "type": "text",
        "text": {"body": "Hello", "preview_url": False},
    }
    assert await fixture("media_image_url") == {
        "type": "image",
        "image": {"link": "https://files.example/a.jpg", "caption": "hi"},
    }
    assert await media(attachment_id=own) == {"type": "sticker", "sticker": {"id": own}}
    assert await media(attachment_id=sound) == {"type": "audio", "audio": {"id": sound}}
    url = "https://files.example/a.pdf"
    assert await media(
        attachment_url=url, attachment_type="document", filename="a.pdf", caption="चाय"
    ) == {"type": "document", "document": {"link": url, "caption": "चाय", "filename": "a.pdf"}}
    place = {"latitude": "19.07", "longitude": 72, "name": "Office", "address": "Fort"}
    told = {"recipient_whatsapp": ASHA, "message_type": "location", "type_location": [place]}
    assert await seen(shop, told) == {
        "type": "location",
        "location": {**place, "latitude": 19.07, "longitude": 72.0},
    }


async def test_the_phone_shows_buttons_lists_and_links(shop: NetcoreRig) -> None:
    await shop.writes()
    await shop.opts_in()

    async def fixture(name: str, **more: Any) -> dict[str, Any]:
        told = copy.deepcopy(SENDS[name]["message"][0])
        told["recipient_whatsapp"] = ASHA
        told["type_interactive"][0] |= more
        body = await seen(shop, told)
        assert body["type"] == "interactive"
        inner: dict[str, Any] = body["interactive"]
        return inner

    source = SENDS["interactive_buttons"]["message"][0]["type_interactive"][0]
    header = {"type": "image", "url": "https://files.example/a.jpg"}
    assert await fixture("interactive_buttons", header=header, footer="Tea") == {
        "type": "button",
        "header": {"type": "image", "image": {"link": "https://files.example/a.jpg"}},
        "body": {"text": "Confirm?"},
        "footer": {"text": "Tea"},
        "action": source["action"][0],
    }
    source = SENDS["interactive_list"]["message"][0]["type_interactive"][0]
    assert await fixture("interactive_list", header={"type": "text", "text": "Menu"}) == {
        "type": "list",
        "header": {"type": "text", "text": "Menu"},
        "body": {"text": "How can I help?"},
        "action": source["action"][0],
    }
    assert await fixture("interactive_cta_url") == {
        "type": "cta_url",
        "body": {"text": "20% off"},
        "action": {
            "name": "cta_url",
            "parameters": {"display_text": "Shop now", "url": "https://shop.example/offer"},
        },
    }
    stored = shop.emulator.media.keep(NUMBER, b"%PDF", "application/pdf", "a.pdf")
    header = {"type": "document", "media_id": stored, "filename": "a.pdf"}
    shown = await fixture("interactive_buttons", header=header)
    assert shown["header"]["document"] == {"id": stored, "filename": "a.pdf"}


async def test_the_phone_shows_templates_in_words(shop: NetcoreRig) -> None:
    await shop.opts_in()

    async def template(name: str, *values: str, locale: str = "en", **beside: Any) -> Any:
        language = {"locale": locale, "policy": beside.pop("policy", "deterministic")}
        named = {"name": name, "attributes": list(values), "language": language}
        told: dict[str, Any] = {"recipient_whatsapp": ASHA, "message_type": "template"}
        if beside:
            told |= {"message_type": "media_template", "type_media_template": beside}
        body = await seen(shop, {**told, "type_template": [named]})
        assert body["template"]["name"] == name
        return body["rendered"]

    assert await template("order_update", "مريم", "५६") == {
        "body": "Hi مريم, your order ५६ has shipped.",
        "buttons": [],
    }
    assert await template("order_ready", "Asha", "{{1}}") == {
        "header": {"type": "text", "text": "Good news, Asha"},
        "body": "Your order {{1}} is ready.",
        "buttons": [],
    }
    link = "https://files.example/a.jpg"
    button = [{"index": "0", "payload": "offer/42"}]
    assert await template("offer", "Asha", type="image", url=link, button=button) == {
        "header": {"type": "image", "image": {"link": link}},
        "body": "Hello Asha, our new tea has come in.",
        "buttons": [{"type": "url", "text": "Shop", "url": "https://shop.example/offer/42"}],
    }
    stored = shop.emulator.media.keep(NUMBER, b"%PDF", "application/pdf", None)
    shown = await template("statement", "A", type="document", media_id=stored, filename="s.pdf")
    assert shown["header"]["document"] == {"id": stored, "filename": "s.pdf"}
    assert (await template("login_code", "42", button=[{"index": "0", "payload": "42"}]))[
        "buttons"
    ] == [{"type": "url", "text": "Copy code", "url": "https://shop.example/otp/42"}]
    assert (await template("feedback", "Asha"))["buttons"][0] == {
        "type": "quick_reply",
        "text": "Good",
        "payload": "Good",
    }
    assert (await template("namaste", "Asha", policy="fallback"))["body"][:6] == "नमस्ते"


async def test_media_is_left_fetched_and_deleted(shop: NetcoreRig) -> None:
    import aiohttp

    form = aiohttp.FormData()
    form.add_field("file", b"\x89PNG", filename="a.png", content_type="image/png")
    status, answer = await shop.ask("POST", "/api/v2/media/upload/", data=form)
    sample = json.loads((FIXTURES / "outbound/response_media_upload.json").read_text())
    media_id = answer["data"]["mediaId"]
    assert (status, answer) == (200, {**sample, "data": {"mediaId": media_id}})
    assert UUID.fullmatch(media_id)
    url = f"{shop.base}/api/v2/media/{media_id}"
    async with shop.client.get(url, headers={"Authorization": f"Bearer {KEY}"}) as got:
        assert (got.status, got.content_type, await got.read()) == (200, "image/png", b"\x89PNG")
    other = await shop.ask("GET", f"/api/v2/media/{media_id}", key=f"Bearer {OTHER_KEY}")
    assert other[1]["error"]["code"] == "8008"
    assert (await shop.ask("DELETE", f"/api/v2/media/{media_id}"))[1]["status"] == "success"
    assert (await shop.ask("DELETE", f"/api/v2/media/{media_id}"))[1]["status"] == "failure"
    assert (await shop.ask("GET", f"/api/v2/media/{media_id}"))[1]["error"]["code"] == "8008"


async def test_templates_are_listed_and_made(shop: NetcoreRig) -> None:
    path = "/api/v2/metainfo/template"
    status, listed = await shop.ask("GET", f"{path}/list?limit=2&offset=1&status=Approved")
    assert (status, [one["name"] for one in listed["data"]]) == (
        200,
        ["order_update", "order_ready"],
    )
    everything = (await shop.ask("GET", f"{path}/list", key=KEY))[1]["data"]  # without Bearer
    assert len(everything) == len(shop.emulator.templates.all)
    assert [one["name"] for one in everything if one["status"] != "APPROVED"] == ["winter_sale"]
    hindi = (await shop.ask("GET", f"{path}/list?language=HI"))[1]["data"]
    assert [one["name"] for one in hindi] == ["namaste"]
    assert (await shop.ask("GET", f"{path}/status?templatename=offer"))[1]["data"] == [
        {"name": "offer", "language": "en", "status": "APPROVED"}
    ]
    preview = (await shop.ask("GET", f"{path}/preview?templatename=namaste"))[1]["data"]
    assert preview == hindi
    new = {
        "name": "monsoon",
        "language": "en",
        "category": "MARKETING",
        "components": [{"type": "BODY", "text": "Rain, {{1}}."}],
    }
    status, made = await shop.ask("POST", f"{path}/create", new)
    assert (status, made["data"]["status"]) == (200, "PENDING")

    def approved() -> bool:
        return shop.emulator.templates.find("monsoon", "en") is not None

    await shop.callback.wait(approved)
    assert (await shop.ask("POST", f"{path}/create", new))[1]["status"] == "failure"


async def test_the_account_survives_a_restart(callback: Callback, tmp_path: Path) -> None:
    async with netcore(callback, config(), state_dir=tmp_path) as made:
        await made.opts_in()
        await made.press("incoming", "save", url=callback.url, status=True)
        _, told = await made.press("api", "create", name="Second")
        key = told["shown"]["api_key"]
    async with netcore(callback, config(), state_dir=tmp_path) as made:
        await made.writes()
        message_id = await made.sent(element(), key=f"Bearer {key}")
        assert made.emulator.account.consent(NUMBER, ASHA) is not None
        await made.callback.wait(lambda: len(made.messages()) == 1)
        # The delivery webhook was never set, so nothing is reported.
        await made.callback.wait(lambda: made.emulator.timeline.waiting == 0)
        assert made.reports(message_id) == []
