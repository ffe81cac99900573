"""Infobip's portal as a person sets a channel up there, and the calls about the account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from emulator_rig import ASHA, Callback
from infobip_rig import (
    BASIC,
    KEY,
    PASSWORD,
    SENDER,
    SHARED,
    USERNAME,
    InfobipRig,
    config,
    fixture,
    infobip,
    names,
)

from dragoman.domain.clock import FixedClock
from dragoman.domain.sentences import say
from dragoman.emulators import app
from dragoman.emulators.infobip import Config
from dragoman.emulators.infobip.config import Sender
from dragoman.emulators.infobip.template_seeds import seeds
from dragoman.emulators.kit import filled, walked

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

AT = 1_795_166_127_431


@pytest.fixture
def bare() -> Any:
    """An account that nothing was set up for."""
    return config()


async def test_nothing_arrives_until_the_url_is_saved(callback: Callback, bare: Any) -> None:
    async with infobip(callback, bare) as rig:
        await rig.writes("before")
        await rig.quiet()
        status, answer = await rig.press("sender_1", "save", inbound_url=callback.url)
        assert (status, answer["said"]) == (
            200,
            f"Saved: messages to {SENDER} are forwarded to {callback.url}.",
        )
        first = await rig.writes("now")
        await rig.heard(first)
        assert len(callback.posts) == 1
        _, answer = await rig.press("sender_1", "save", inbound_url="")
        assert answer["said"] == f"Saved: messages to {SENDER} are forwarded nowhere."
        await rig.writes("after")
        await rig.quiet()
        assert len(callback.posts) == 1


async def test_the_phone_says_which_word_reaches_the_account(callback: Callback, bare: Any) -> None:
    shared = Sender(number=SHARED, title="Test sender", shared=True)
    bare.senders = [Sender(number=SENDER, title="Tea shop"), shared]
    async with infobip(callback, bare) as rig:

        def hints() -> list[str | None]:
            told = [one["hint"] for one in rig.emulator.handsets.state()["lines"]]
            return [say(one) if one is not None else None for one in told]

        assert hints() == [
            None,
            f"Trial accounts share this sender: only a text that begins with {USERNAME} reaches "
            "the account. Its console has no URL for incoming messages yet, so nothing arrives.",
        ]
        await rig.press("sender_1", "save", keyword="tea", inbound_url=callback.url)
        assert hints()[0] == (
            "This sender has a keyword: only a text that begins with tea reaches the account."
        )


async def test_the_walk_takes_what_the_channel_needs_and_gives_the_url(
    callback: Callback, bare: Any
) -> None:
    async with infobip(callback, bare) as rig:
        walk = rig.emulator.WALK
        known = {"api": rig.base, "webhook_url": callback.url}
        told = await walked(rig.emulator, walk.give, known)
        assert filled(walk.fields, told) == {
            "numbers": ["+" + SENDER],
            "base_url": rig.base,
            "username": USERNAME,
            "password": PASSWORD,
        }
        await walked(rig.emulator, walk.take, told)
        message_id = await rig.writes("hello")
        await rig.heard(message_id)
        _, answer = await rig.send("text", {"text": "hi"})
        await rig.heard(answer["messageId"])
        await rig.emulator.handsets.look(f"infobip:{SENDER}", "asha")
        await rig.heard(answer["messageId"], 2)


async def test_secrets_are_shown_once_and_a_new_key_sends(callback: Callback, bare: Any) -> None:
    async with infobip(callback, bare) as rig:
        shown = await rig.shown()
        assert shown["home"]["base_url"] == rig.base
        assert (shown["home"]["username"], shown["home"]["password"]) == (USERNAME, "")
        assert shown["connect"] == {"number": SENDER, "test_number": SHARED}
        _, answer = await rig.press("home", "show")
        assert answer["shown"] == {"password": PASSWORD}
        status, answer = await rig.press("keys", "create", name=" ")
        assert (status, answer["detail"][:21]) == (400, "An API key needs a na")
        _, answer = await rig.press("keys", "create", name="platform", scopes="message:send, x")
        key = answer["shown"]["api_key"]
        page = await rig.call("GET", "/console", auth="")
        for seen in (repr(await rig.shown()), page[1], str(await rig.control("state"))):
            assert (PASSWORD in seen, KEY in seen, key in seen) == (False, False, False)
        path = "/whatsapp/1/message/text"
        body = {"from": SENDER, "to": ASHA, "content": {"text": "hi"}}
        assert (await rig.call("POST", path, body, auth=f"App {key}"))[0] == 200
        quality = f"/whatsapp/1/senders/quality?senders={SENDER}"
        assert (await rig.call("GET", quality, auth=f"App {key}"))[0] == 403
        await rig.control("expire-keys", {})
        assert (await rig.call("POST", path, body, auth=f"App {key}"))[0] == 401
        assert (await rig.call("POST", path, body, auth=BASIC))[0] == 200


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"inbound_url": "hooks.example.com/x"}, "'hooks.example.com/x' is no address"),
        ({"inbound_url": "http://hooks.example.com/x"}, "is no address"),
        ({"inbound_url": "https://["}, "is no address"),
        ({"delivery_url": "https://a b"}, "is no address"),
        ({"seen_url": "ftp://127.0.0.1/x"}, "is no address"),
        ({"forwarding": "basic", "username": "hook"}, "Basic authentication needs"),
        ({"forwarding": "hmac"}, "HMAC needs a secret key"),
        ({"forwarding": "hmac", "secret": "s", "header": "X Sig"}, "'X Sig' cannot be the name"),
        ({"format": "MO"}, "The field 'format' takes"),
    ],
)
async def test_what_edit_configuration_does_not_take_it_says(
    callback: Callback, bare: Any, values: dict[str, Any], says: str
) -> None:
    async with infobip(callback, bare) as rig:
        status, answer = await rig.press("sender_1", "save", **values)
        assert (status, says in answer["detail"]) == (400, True), answer
        assert rig.emulator.senders.setup(SENDER).forwarding == "none"


async def test_an_empty_secret_keeps_the_one_that_was_saved(callback: Callback, bare: Any) -> None:
    async with infobip(callback, bare) as rig:
        await rig.press("sender_1", "save", forwarding="hmac", secret="s3cret")
        status, _ = await rig.press("sender_1", "save", inbound_url=callback.url)
        assert status == 200
        setup = rig.emulator.senders.setup(SENDER)
        assert (setup.forwarding, setup.secret) == ("hmac", "s3cret")
        assert "s3cret" not in repr(await rig.shown()) + str(await rig.control("state"))


async def test_the_portal_s_subscription(callback: Callback, bare: Any) -> None:
    async with infobip(callback, bare) as rig:
        status, answer = await rig.press("subscription", "save", url=callback.url)
        assert (status, answer["detail"][:21]) == (400, "A subscription needs ")
        events = {"INBOUND_MESSAGE": True, "DELIVERY": True}
        status, answer = await rig.press(
            "subscription", "save", url=callback.url, headers="Authorization token", **events
        )
        assert (status, "is no header" in answer["detail"]) == (400, True)
        _, answer = await rig.press(
            "subscription",
            "save",
            url=callback.url,
            headers="Authorization: Bearer x.y.z\nX-Tea: Assam",
            **events,
        )
        assert answer["said"].startswith("Saved: INBOUND_MESSAGE, DELIVERY go to")
        await rig.heard(await rig.writes())
        headers, _ = callback.posts[-1]
        assert (headers["Authorization"], headers["X-Tea"]) == ("Bearer x.y.z", "Assam")
        pair = {"security": "basic", "username": "hook", "password": "pw"}
        assert (await rig.press("subscription", "save", **pair))[0] == 200
        shown = (await rig.shown())["subscription"]
        assert (shown["username"], shown["password"], shown["SEEN"]) == ("hook", "", False)
        signed = {"security": "hmac", "secret": "s", "header": "X-Sig"}
        await rig.press("subscription", "save", **signed)
        await rig.heard(await rig.writes())
        assert callback.posts[-1][0]["X-Sig"].startswith("SHA256=")
        _, answer = await rig.press("subscription", "save", url="")
        assert answer["said"] == "Saved: there is no subscription."


async def test_the_logs_tell_what_became_of_each_message(callback: Callback, bare: Any) -> None:
    async with infobip(callback, bare) as rig:
        await rig.send("text", {"text": "outside the window"})
        await rig.quiet()
        panels = (await rig.call("GET", "/console/api", auth=""))[1]["panels"]
        (logs,) = [c for p in panels if p["id"] == "logs" for c in p["controls"]]
        assert [line[1:] for line in logs["lines"]] == [
            [ASHA, "text", "UNDELIVERABLE_REJECTED_OPERATOR", "EC_NO_SESSION"]
        ]
        content = fixture("outbound", "template_header_image")["messages"][0]["content"]
        content = {**content, "templateName": "order_late", "language": "en"}
        _, answer = await rig.template(content)
        await rig.quiet()
        message_id = answer["messages"][0]["messageId"]
        status, answer = await rig.call("GET", f"/whatsapp/2/logs?messageId={message_id}")
        (row,) = answer["results"]
        wanted = fixture("status", "logs_whatsapp_2_field_observed")["results"][0]
        own = ("bulkId", "messageId", "destination", "sentAt", "doneAt")
        wanted |= {key: row[key] for key in own}
        wanted["content"] |= {"templateName": "order_late", "language": {"code": "en"}}
        assert (status, row) == (200, wanted)
        assert len((await rig.call("GET", "/whatsapp/2/logs"))[1]["results"]) == 2


async def test_what_was_saved_survives_a_restart(callback: Callback, tmp_path: Path) -> None:
    async with infobip(callback, config(), None, tmp_path) as rig:
        await rig.press("sender_1", "save", inbound_url=callback.url, keyword="TEA")
        _, answer = await rig.press("keys", "create", name="platform")
        key = answer["shown"]["api_key"]
    async with infobip(callback, config(), None, tmp_path) as rig:
        assert rig.emulator.senders.setup(SENDER).keyword == "TEA"
        assert (await rig.call("GET", "/account/1/balance", auth=f"App {key}"))[0] == 200
        await rig.control("reset", {})
        assert rig.emulator.senders.setup(SENDER).keyword == ""
        assert (await rig.call("GET", "/account/1/balance", auth=f"App {key}"))[0] == 401


# --- the calls about the account -----------------------------------------------------------------


async def test_the_credentials_can_be_asked_without_sending(callback: Callback) -> None:
    async with infobip(callback, None, FixedClock(AT)) as rig:
        path = f"/whatsapp/1/senders/quality?senders={SENDER},447700900111"
        status, answer = await rig.call("GET", path, auth=BASIC)
        wanted = fixture("answers", "sender_quality_response")
        wanted["results"][0]["lastUpdated"] = answer["results"][0]["lastUpdated"]
        assert (status, answer) == (200, wanted)
        assert (await rig.call("GET", "/whatsapp/1/senders/quality"))[0] == 400
        assert await rig.call("GET", "/account/1/balance") == (
            200,
            {"balance": 47.79, "currency": "EUR"},
        )
        senders = (await rig.call("GET", "/whatsapp/2/senders"))[1]["senders"]
        assert [one["sender"] for one in senders] == [SENDER, SHARED]
        for auth in ("", "Basic " + KEY, f"App {KEY[:-1]}"):
            assert (await rig.call("GET", path, auth=auth))[0] == 401
        rig.emulator.faults.set("credentials_expired", True)
        assert (await rig.call("GET", path))[0] == 401


async def test_session_and_oauth_tokens_last_an_hour(callback: Callback) -> None:
    clock = FixedClock(AT)
    async with infobip(callback, None, clock) as rig:
        login = {"username": USERNAME, "password": PASSWORD, "unsafe": False}
        status, answer = await rig.call("POST", "/auth/1/session", login, auth="")
        session = f"IBSSO {answer['token']}"
        form = {
            "client_id": USERNAME,
            "client_secret": PASSWORD,
            "grant_type": "client_credentials",
        }
        status, answer = await rig.call("POST", "/auth/1/oauth2/token", auth="", data=form)
        assert (status, answer["expires_in"], answer["token_type"]) == (200, 3600, "Bearer")
        bearer = f"Bearer {answer['access_token']}"
        for auth in (session, bearer):
            assert (await rig.call("GET", "/account/1/balance", auth=auth))[0] == 200
        clock.move(3_600_000)
        for auth in (session, bearer):
            assert (await rig.call("GET", "/account/1/balance", auth=auth))[0] == 401
        answer = (await rig.call("POST", "/auth/1/session", login, auth=""))[1]
        session = f"IBSSO {answer['token']}"
        assert await rig.call("DELETE", "/auth/1/session", auth=session) == (204, "")
        assert (await rig.call("GET", "/account/1/balance", auth=session))[0] == 401
        wrong = fixture("account", "session_create")
        assert (await rig.call("POST", "/auth/1/session", wrong, auth=""))[0] == 401
        bad = {**form, "client_secret": "no"}
        assert (await rig.call("POST", "/auth/1/oauth2/token", auth="", data=bad))[0] == 401
        bad = {**form, "grant_type": "password"}
        assert (await rig.call("POST", "/auth/1/oauth2/token", auth="", data=bad))[0] == 400


async def test_templates_are_listed_made_edited_and_deleted(callback: Callback) -> None:
    async with infobip(callback, None, FixedClock(AT)) as rig:
        path = f"/whatsapp/2/senders/{SENDER}/templates"
        listed = (await rig.call("GET", path))[1]["templates"]
        assert [one["name"] for one in listed] == [one["name"] for one in seeds()]
        like = fixture("account", "template_list_response")["templates"][0]
        assert all(set(like) <= set(one) for one in listed)
        made: dict[str, Any] = {}
        for name in names("account"):
            if not name.startswith("template_create") or name.endswith("response"):
                continue
            body = {**fixture("account", name), "name": f"new_{name}"}
            status, answer = await rig.call("POST", path, body)
            assert (status, answer["status"]) == (201, "PENDING"), answer
            assert set(like) <= set(answer)
            made[name] = answer
        one = made["template_create_marketing_media_buttons"]
        assert one["structure"]["header"] == {"format": "IMAGE"}
        assert one["platform"] == {"entityId": "acme-entity", "applicationId": "acme-app"}
        code = made["template_create_authentication_copy_code"]["structure"]
        assert code["body"]["text"] == "*{{1}}* is your verification code."
        assert code["buttons"][0]["url"].endswith("code=otp{{1}}")
        await rig.quiet()
        where = f"{path}/{one['id']}"
        assert (await rig.call("GET", where))[1]["status"] == "APPROVED"
        status, answer = await rig.call("PATCH", where, fixture("account", "template_edit"))
        assert (status, answer["status"], answer["category"]) == (200, "PENDING", "MARKETING")
        assert await rig.call("DELETE", f"{path}/{one['name']}") == (204, "")
        assert (await rig.call("DELETE", f"{path}/{one['name']}"))[0] == 404
        assert (await rig.call("GET", where))[0] == 404
        filters = "status=DISABLED&status=FIRST_PAUSED"
        page = (await rig.call("GET", f"/whatsapp/1/templates?{filters}&size=1&page=1"))[1]
        assert [one["name"] for one in page["results"]] == ["spam_disabled"]
        paging = fixture("account", "template_account_list_response")["paging"]
        assert set(page["paging"]) == set(paging)
        assert page["paging"] == {"page": 1, "size": 1, "totalPages": 2, "totalResults": 2}
        assert (await rig.call("GET", "/whatsapp/1/templates?size=101"))[0] == 400


WRONG = [
    ({"name": "Order Ready"}, "name"),
    ({"category": "PROMO"}, ""),
    ({"structure": {"footer": {"text": "x"}}}, "structure.body"),
    ({"structure": {"body": {"text": "x"}, "footer": {"text": "x" * 61}}}, "structure.footer.text"),
    ({"structure": {"body": {"text": "x"}, "header": {"format": "PDF"}}}, ""),
    (
        {"structure": {"body": {"text": "x"}, "buttons": [{"type": "QUICK_REPLY", "text": ""}]}},
        "structure.buttons[0].text",
    ),
    ({"category": "AUTHENTICATION", "structure": {"buttons": []}}, "structure.buttons"),
    (
        {
            "category": "AUTHENTICATION",
            "structure": {
                "buttons": [{"otpType": "ONE_TAP", "packageName": "a", "signatureHash": "short"}]
            },
        },
        "structure.buttons[0].signatureHash",
    ),
]


@pytest.mark.parametrize(("change", "path"), WRONG, ids=lambda v: str(v)[:50])
async def test_a_new_template_of_the_wrong_shape(
    callback: Callback, change: dict[str, Any], path: str
) -> None:
    async with infobip(callback) as rig:
        body = {**fixture("account", "template_create_utility"), **change}
        status, answer = await rig.call("POST", f"/whatsapp/2/senders/{SENDER}/templates", body)
        assert status == 400
        errors = answer["requestError"]["serviceException"].get("validationErrors", {})
        assert list(errors) == ([path] if path else [])


async def test_the_other_requests_of_the_account_are_taken(callback: Callback) -> None:
    async with infobip(callback, config()) as rig:
        flows = f"/whatsapp/1/senders/{SENDER}/flows"
        status, flow = await rig.call("POST", flows, fixture("account", "flow_create"))
        assert (status, flow["status"], flow["name"]) == (201, "DRAFT", "Book a visit")
        assert (await rig.call("GET", flows))[1] == {"flows": [flow]}
        for path in ("/whatsapp/1/conversions", "/whatsapp/1/conversions/waba"):
            assert await rig.call("POST", path, fixture("account", "conversions")) == (204, "")
        path = "/resource-management/1/inbound-message-configurations"
        body = fixture("account", "inbound_configuration_http_forward")
        body["forwarding"]["url"] = callback.url
        status, made = await rig.call("POST", path, {**body, "keyword": "TEA"})
        assert (status, made["keyword"]) == (200, "TEA")
        found = (await rig.call("GET", f"{path}?channel=WHATSAPP&number={SENDER}"))[1]
        assert found == {"results": [made]}
        await rig.heard(await rig.writes("TEA please"))
        where = f"{path}/{made['configurationKey']}"
        assert await rig.call("DELETE", where) == (204, "")
        assert (await rig.call("DELETE", where))[0] == 404
        assert (await rig.call("POST", path, {**body, "number": "1"}))[0] == 404
        del body["number"]
        assert (await rig.call("POST", path, body))[0] == 400
        named = fixture("account", "security_oauth")
        assert await rig.call("POST", "/subscriptions/1/security", named) == (201, named)
        valid = "/messages-api/1/messages/validate"
        sends = fixture("outbound", "messages_api_text")
        status, answer = await rig.call("POST", valid, sends)
        assert (status, answer["skippableViolations"]) == (200, [])
        sends["messages"][0]["content"]["body"]["text"] = ""
        status, answer = await rig.call("POST", valid, sends)
        assert (status, set(answer)) == (400, {"description", "action", "violations"})
        assert rig.emulator.counts["accepted"] == 0
        assert (await rig.call("GET", "/whatsapp/1/reports"))[0] == 404


# --- faults --------------------------------------------------------------------------------------


async def test_faults_of_an_accepted_send(callback: Callback) -> None:
    async with infobip(callback) as rig:
        await rig.writes()
        rig.emulator.faults.set("torn_body", True, 1)
        torn = await _raw(rig)
        assert (torn[:4], torn[-1:] == "}") == ('{"to', False)
        rig.emulator.faults.set("status_first", True, 1)
        _, answer = await rig.send("text", {"text": "b"})
        assert len(rig.results(answer["messageId"])) == 1
        rig.emulator.faults.set("timeout_after_accept", True, 1, 20)
        _, answer = await rig.send("text", {"text": "c"})
        await rig.heard(answer["messageId"])
        rig.emulator.faults.set("duplicate", True, 1)
        _, answer = await rig.send("text", {"text": "d"})
        await rig.heard(answer["messageId"], 2)
        rig.emulator.faults.set("reorder", True, None, 200)
        _, answer = await rig.send("text", {"text": "e"})
        message_id = answer["messageId"]
        await rig.callback.wait(lambda: bool(_status(rig, message_id)))
        await rig.emulator.handsets.look(f"infobip:{SENDER}", "asha")
        first, second = await rig.heard(message_id, 2)
        assert ("seenAt" in first, "doneAt" in second) == (True, True)


async def _raw(rig: InfobipRig) -> str:
    body = {"from": SENDER, "to": ASHA, "content": {"text": "a"}}
    url, headers = f"{rig.base}/whatsapp/1/message/text", {"Authorization": BASIC}
    async with rig.client.post(url, json=body, headers=headers) as answer:
        return await answer.text()


def _status(rig: InfobipRig, message_id: str) -> bool:
    """Whether the message is on the phone."""
    chats = rig.emulator.handsets.state()["chats"]
    return any(one["id"] == message_id for c in chats for one in c["bubbles"])


async def test_the_registry_s_demo_account_needs_no_configuration(callback: Callback) -> None:
    assert app.EMULATORS["infobip"] == "dragoman.emulators.infobip"
    made = app.config_of("infobip")
    assert made == Config()
    assert [one for one in Config().senders if isinstance(one, Sender) and one.shared]
    assert made.prefix == "/emulated/infobip"
