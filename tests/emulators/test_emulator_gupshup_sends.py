"""What people see of what was sent, consent and the window, templates, and calls beside sending."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from emulator_rig import ASHA, Callback, callback_server
from gupshup_rig import (
    APP,
    APP_ID,
    FIXTURES,
    HSM,
    KEY,
    NUMBER,
    TOKEN,
    TWO_WAY,
    GupshupRig,
    config,
    gupshup,
)

from dragoman.emulators.gupshup.config import Rates

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

DAY = 24 * 3_600_000
RAVI = "12025550143"
PDF = "https://files.example/s.pdf"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig() -> AsyncIterator[GupshupRig]:
    async with callback_server() as callback:
        rates = Rates(number_per_second=0, pair_burst=0)
        async with gupshup(callback, config(callback_url=callback.url, rates=rates)) as made:
            await made.writes()
            yield made


async def seen(rig: GupshupRig, answer: Any) -> dict[str, Any]:
    """What Asha's phone shows of a send."""
    status, said = answer
    assert status == 200, said
    if "response" in said:
        made = said["response"]["id"]
        await rig.callback.wait(lambda: len(rig.reports(made)) == 2)
    elif "messageId" in said:
        made = said["messageId"]
        await rig.callback.wait(lambda: len(rig.events(made)) == 3)
    else:
        made = said["messages"][0]["id"]
        await rig.callback.wait(lambda: len(rig.statuses(made)) == 3)
    body: dict[str, Any] = rig.bubble(made)["body"]
    return body


def media(kind: str, **fields: str) -> dict[str, str]:
    plain = {"method": "SendMediaMessage", "msg_type": kind, "media_url": PDF, "isHSM": "false"}
    return {**plain, "caption": "", **fields}


DOCUMENTS = [
    ({"msg": "Your statement", "caption": "For March"}, "Your statement\n\nFor March"),
    ({"caption": "For March"}, "For March"),
    ({"msg": "For March ", "caption": "For March"}, "For March "),
    ({"msg": "Your statement"}, "Your statement"),
    ({}, None),
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("texts", "caption"), DOCUMENTS)
async def test_both_texts_of_a_document_are_under_it(
    rig: GupshupRig, texts: dict[str, str], caption: str | None
) -> None:
    body = await seen(rig, await rig.gateway(**media("DOCUMENT", filename="s.pdf", **texts)))
    document = {"link": PDF, "filename": "s.pdf"}
    if caption is not None:
        document["caption"] = caption
    assert body == {"type": "document", "document": document}


BUTTONS = {"buttons": [{"type": "reply", "reply": {"id": "yes_1", "title": "हाँ"}}]}


@pytest.mark.asyncio(loop_scope="module")
async def test_enterprise_s_messages_on_the_phone(rig: GupshupRig) -> None:
    body = await seen(rig, await rig.says("👨‍👩‍👧‍👦 नमस्ते\nשלום"))
    assert body == {"type": "text", "text": {"body": "👨‍👩‍👧‍👦 नमस्ते\nשלום"}}
    body = await seen(rig, await rig.gateway(**media("AUDIO", caption="-")))
    assert body == {"type": "audio", "audio": {"link": PDF}}
    whole = {
        "method": "SendMessage",
        "isTemplate": "true",
        "msg": "Confirm?",
        "interactive_type": "dr_button",
        "action": json.dumps(BUTTONS),
        "header": "Tea",
        "footer": "Tap one",
    }
    interactive: dict[str, Any] = {
        "type": "button",
        "body": {"text": "Confirm?"},
        "action": BUTTONS,
        "header": {"type": "text", "text": "Tea"},
        "footer": {"text": "Tap one"},
    }
    body = await seen(rig, await rig.gateway(**whole))
    assert body == {"type": "interactive", "interactive": interactive}
    filed = {**whole, "method": "SendMediaMessage", "msg_type": "document", "media_url": PDF}
    body = await seen(rig, await rig.gateway(**filed, caption="Confirm?", filename="s.pdf"))
    head = {"type": "document", "document": {"link": PDF, "filename": "s.pdf"}}
    assert body == {"type": "interactive", "interactive": {**interactive, "header": head}}


ACCESS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"type": "image", "originalUrl": PDF, "previewUrl": PDF, "caption": "hi"},
        {"type": "image", "image": {"link": PDF, "caption": "hi"}},
    ),
    (
        {"type": "file", "url": PDF, "filename": "s.pdf"},
        {"type": "document", "document": {"link": PDF, "filename": "s.pdf"}},
    ),
    ({"type": "sticker", "url": PDF}, {"type": "sticker", "sticker": {"link": PDF}}),
    (
        {"type": "location", "longitude": 72.87, "latitude": "19.07", "name": "Office"},
        {
            "type": "location",
            "location": {"longitude": 72.87, "latitude": "19.07", "name": "Office"},
        },
    ),
    (
        {
            "type": "contact",
            "contact": {
                "name": {"formattedName": "Ravi Rao", "firstName": "Ravi"},
                "phones": [{"phone": "+1 202 555 0143", "wa_id": RAVI}],
            },
        },
        {
            "type": "contacts",
            "contacts": [
                {
                    "name": {"formatted_name": "Ravi Rao", "first_name": "Ravi"},
                    "phones": [{"phone": "+1 202 555 0143", "wa_id": RAVI}],
                }
            ],
        },
    ),
    (
        {
            "type": "location_request_message",
            "body": {"type": "text", "text": "Where?"},
            "action": {"name": "send_location"},
        },
        {
            "type": "interactive",
            "interactive": {
                "type": "location_request_message",
                "body": {"text": "Where?"},
                "action": {"name": "send_location"},
            },
        },
    ),
    (
        {
            "type": "quick_reply",
            "content": {"type": "file", "url": PDF, "filename": "s.pdf", "text": "Proceed?"},
            "options": [{"type": "text", "title": "Yes"}],
        },
        {
            "type": "interactive",
            "interactive": {
                "type": "button",
                "body": {"text": "Proceed?"},
                "action": {"buttons": [{"type": "reply", "reply": {"id": "Yes", "title": "Yes"}}]},
                "header": {"type": "document", "document": {"link": PDF, "filename": "s.pdf"}},
            },
        },
    ),
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("message", "body"), ACCESS, ids=[m["type"] for m, _ in ACCESS])
async def test_the_access_api_s_messages_on_the_phone(
    rig: GupshupRig, message: dict[str, Any], body: dict[str, Any]
) -> None:
    assert await seen(rig, await rig.access(message)) == body


@pytest.mark.asyncio(loop_scope="module")
async def test_a_list_of_the_access_api_on_the_phone(rig: GupshupRig) -> None:
    form = json.loads((FIXTURES / "outbound/api_msg_list.json").read_text())["form"]
    body = await seen(rig, await rig.access(form["message"]))
    row = {"id": "row-2", "title": "Balance", "description": "Show balance"}
    assert body["interactive"] == {
        "type": "list",
        "body": {"text": "Choose"},
        "header": {"type": "text", "text": "Menu"},
        "action": {"button": "Options", "sections": [{"title": "Accounts", "rows": [row]}]},
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_too_many_rows_over_all_sections(rig: GupshupRig) -> None:
    def rows(first: int) -> list[dict[str, str]]:
        return [{"id": f"r{n}", "title": f"Row {n}"} for n in range(first, first + 6)]

    sections = [{"title": "A", "rows": rows(0)}, {"title": "B", "rows": rows(6)}]
    action = json.dumps({"button": "Open", "sections": sections})
    fields = {"method": "SendMessage", "msg": "Choose", "interactive_type": "list"}
    _, answer = await rig.gateway(**fields, action=action)
    assert answer["response"]["details"] == "The list has more than 10 rows"
    options = [{"type": "text", "title": one["title"]} for one in rows(0)]
    items = [{"options": options}, {"options": options}]
    message = {"type": "list", "body": "b", "items": items}
    message["globalButtons"] = [{"type": "text", "title": "Open"}]
    status, answer = await rig.access(message)
    assert (status, answer["message"]) == (400, "The list has more than 10 options")
    twice = {"buttons": BUTTONS["buttons"] * 2}
    fields = {**fields, "interactive_type": "dr_button", "action": json.dumps(twice)}
    _, answer = await rig.gateway(**fields)
    assert answer["response"]["details"] == "Two values of action.buttons[].reply.id are alike"


# --- templates -----------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_one_template_by_text_by_id_by_name_and_in_meta_s_form(rig: GupshupRig) -> None:
    rendered = {"body": "Hi आशा, your order 42 has shipped.", "buttons": []}
    template = rig.emulator.templates.named("order_shipped")
    assert template is not None
    values = {"var1": "आशा", "var2": "42"}
    by_text = await rig.notifies("Hi आशा, your order 42 has shipped.")
    by_id = await rig.notifies("", whatsAppTemplateId=template["id"], **values)
    by_name = await rig.notifies("", whatsAppTemplateId="order_shipped", **values)
    access = await rig.by_id({"id": template["gupshup_id"], "params": ["आशा", "42"]})
    words = [{"type": "text", "text": "आशा"}, {"type": "text", "text": "42"}]
    meta = {
        "messaging_product": "whatsapp",
        "to": ASHA,
        "type": "template",
        "template": {
            "name": "order_shipped",
            "language": {"code": "en_US"},
            "components": [{"type": "body", "parameters": words}],
        },
    }
    for answer in (by_text, by_id, by_name, access, await rig.v3(meta)):
        body = await seen(rig, answer)
        assert (body["type"], body["rendered"]) == ("template", rendered)
    portal = await rig.ask(
        "POST",
        f"/partner/app/{APP_ID}/template/msg",
        data={
            "source": NUMBER,
            "destination": ASHA,
            "template": json.dumps({"id": template["gupshup_id"], "params": ["आशा", "42"]}),
        },
        headers={"Authorization": TOKEN},
    )
    assert (await seen(rig, portal))["rendered"] == rendered


@pytest.mark.asyncio(loop_scope="module")
async def test_what_else_makes_a_form_a_template(rig: GupshupRig) -> None:
    """An id, or `isTemplate` where nothing is interactive: it goes by the HSM account alone."""
    by_id = {"isHSM": "-", "msg_type": "-", "msg": "-", "var1": "Asha", "var2": "42"}
    by_id["whatsAppTemplateId"] = "order_shipped"
    by_flag = {"isHSM": "-", "msg_type": "TEXT", "isTemplate": "true", "footer": "-"}
    by_flag |= {"msg": "Your OTP is 123456", "buttonUrlParam": "t/42"}
    for fields in (by_id, by_flag):
        body = await seen(rig, await rig.notifies(**fields))
        assert body["type"] == "template"
        _, answer = await rig.notifies(**{**fields, "userid": TWO_WAY})
        assert answer["response"]["status"] == "error"


@pytest.mark.asyncio(loop_scope="module")
async def test_header_footer_and_button_of_a_template(rig: GupshupRig) -> None:
    fields = {"msg_type": "TEXT", "isTemplate": "true", "buttonUrlParam": "t/42"}
    footer = {"footer": "Expires in 10 minutes"}
    body = await seen(rig, await rig.notifies("Your OTP is 123456", **fields, **footer))
    link = {"type": "url", "text": "Open", "url": "https://www.example.com/t/42"}
    assert body["rendered"] == {
        "body": "Your OTP is 123456",
        "buttons": [link],
        "footer": "Expires in 10 minutes",
    }
    by_id = {"id": "login_code", "params": ["123456", "t/42"]}
    assert (await seen(rig, await rig.by_id(by_id)))["rendered"]["buttons"] == [link]
    fields |= {"method": "SendMediaMessage", "msg_type": "IMAGE", "media_url": PDF, "msg": "-"}
    fields["caption"] = "Hi Asha, see the new offer"
    body = await seen(rig, await rig.notifies(**{**fields, "buttonUrlParam": "-"}))
    assert body["rendered"]["header"] == {"type": "image", "image": {"link": PDF}}
    place = {"longitude": 72.87, "latitude": 19.07}
    message = json.dumps({"type": "location", "location": place})
    answer = await rig.by_id({"id": "shop_here", "params": ["Asha"]}, message=message)
    assert (await seen(rig, answer))["rendered"]["header"]["location"] == place


MISMATCHES: list[tuple[dict[str, str], str]] = [
    ({"msg": "Your OTP is 1", "isTemplate": "true"}, "Button at index 0"),
    (
        {"msg": "Your OTP is 1", "isTemplate": "true", "footer": "Soon", "buttonUrlParam": "x"},
        "its footer is another",
    ),
    ({"msg": "Hi Asha, see the new offer", "isTemplate": "true"}, "header"),
    (
        {
            "method": "SendMediaMessage",
            "msg_type": "VIDEO",
            "media_url": PDF,
            "caption": "Hi Asha, see the new offer",
            "isTemplate": "true",
        },
        "header",
    ),
    (
        {
            "method": "SendMediaMessage",
            "msg_type": "IMAGE",
            "media_url": PDF,
            "caption": "Hello Asha",
        },
        "its header is no file",
    ),
    ({"msg": "", "whatsAppTemplateId": "order_shipped", "var1": "Asha"}, "number of"),
    ({"msg": "Hi A\tB, your order 4 has shipped."}, "does not match any"),
    ({"msg": "", "whatsAppTemplateId": "winter_sale_paused"}, "does not match any"),
    ({"msg": "Hello Asha", "whatsAppTemplateId": "9"}, "does not match any"),
    ({"msg": "-"}, "The parameter msg is missing"),
    (
        {"msg": "Welcome and congratulations!! This message shows that it works.",
         "isTemplate": "true", "header": "Good bye"},
        "its header is another",
    ),
]  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("fields", "said"), MISMATCHES)
async def test_what_is_not_the_template_is_refused(
    rig: GupshupRig, fields: dict[str, str], said: str
) -> None:
    _, answer = await rig.notifies(**{"msg_type": "TEXT", "text": "", **fields})
    assert answer["response"]["status"] == "error"
    assert said in answer["response"]["details"], answer


# --- consent, window, limits ---------------------------------------------------------------------


async def test_templates_go_to_people_who_opted_in(callback: Callback) -> None:
    async with gupshup(callback, config(callback_url=callback.url)) as rig:
        opt = {"channel": "WHATSAPP", "phone_number": RAVI, "send_to": "-", "userid": HSM}

        async def told() -> str:
            return str((await rig.notifies(send_to=RAVI))[1]["response"]["status"])

        assert await told() == "error"
        _, answer = await rig.gateway(method="OPT_IN", **opt)
        assert answer["response"]["status"] == "success"
        assert await told() == "success"
        await rig.gateway(method="opt_out", **opt)
        assert await told() == "error"
        await rig.writes(phone=RAVI)
        assert await told() == "error"  # writing does not undo an opt-out
        await rig.gateway(method="OPT_IN", **opt)
        assert await told() == "success"
        await rig.control("reset", {})
        await rig.control("rules", {"writing_opts_in": False})
        assert await told() == "error"
        await rig.control("rules", {"opt_in_needed": False})
        assert await told() == "success"


async def test_a_text_after_the_window_may_be_a_template(callback: Callback) -> None:
    async with gupshup(callback, config(callback_url=callback.url)) as rig:
        await rig.writes()
        await rig.control("clock", {"move_ms": DAY + 1000})
        text = {"type": "text", "text": "Hello Asha"}
        made = (await rig.access(text))[1]["messageId"]
        await callback.wait(lambda: len(rig.events(made)) == 3)
        assert [e["type"] for e in rig.events(made)] == ["enqueued", "sent", "delivered"]
        await rig.control("consent", {"contact": {"phone": ASHA}, "agreed": True})
        made = (await rig.access({"type": "text", "text": "Good bye"}))[1]["messageId"]
        await callback.wait(lambda: len(rig.events(made)) == 2)
        assert rig.events(made)[-1]["payload"]["code"] == 1005
        await rig.control("rules", {"opt_in_needed": False})
        made = (await rig.access({"type": "text", "text": "Good bye"}))[1]["messageId"]
        await callback.wait(lambda: len(rig.events(made)) == 2)
        assert rig.events(made)[-1]["payload"]["code"] == 470


async def test_a_number_sends_so_fast_and_not_faster(callback: Callback) -> None:
    settings = config(callback_url=callback.url, rates=Rates(number_per_second=2, pair_burst=0))
    async with gupshup(callback, settings) as rig:
        await rig.writes()
        answers = [await rig.says() for _ in range(8)]
        assert {status for status, _ in answers} == {200, 429}
        rig.emulator.number_rate.clear()
        answers = [await rig.access({"type": "text", "text": "x"}) for _ in range(8)]
        assert [s for s, a in answers if a.get("code") == 4001] == [429] * len(
            [s for s, _ in answers if s != 200]
        )


# --- beside sending ------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_consent_and_users_of_the_access_api(rig: GupshupRig) -> None:
    rig.emulator.consent.clear()
    key = {"apikey": KEY}
    for word, status in (("in", "OPT_IN"), ("out", "OPT_OUT"), ("in", "OPT_IN")):
        path = f"/sm/api/v1/app/opt/{word}/{APP}"
        answer = await rig.ask("POST", path, data={"user": ASHA}, headers=key)
        assert answer == (202, {"status": "success"})
        _, users = await rig.ask("GET", f"/sm/api/v1/users/{APP}", headers=key)
        assert users["users"] == [{"phoneCode": ASHA, "optinStatus": status}]
    path = "/sm/api/v1/app/opt/in/Other"
    assert (await rig.ask("POST", path, data={"user": ASHA}, headers=key))[0] == 400
    path = f"/sm/api/v1/app/opt/in/{APP}"
    assert (await rig.ask("POST", path, data={"user": "x"}, headers=key))[0] == 400
    assert (await rig.ask("GET", "/sm/api/v1/users/Other", headers=key))[0] == 400


@pytest.mark.asyncio(loop_scope="module")
async def test_templates_are_listed_and_files_uploaded(rig: GupshupRig) -> None:
    key = {"apikey": KEY}
    _, told = await rig.ask("GET", f"/wa/app/{APP_ID}/template", headers=key)
    one = next(row for row in told["templates"] if row["elementName"] == "order_update")
    assert (one["id"], one["status"]) == ("c6ae0000-0000-4000-8000-000000000001", "APPROVED")
    _, told = await rig.ask("GET", f"/wa/app/{APP_ID}/template/{one['id']}", headers=key)
    assert told["template"] == one
    assert (await rig.ask("GET", f"/wa/app/{APP_ID}/template/x", headers=key))[0] == 404
    assert (await rig.ask("GET", "/wa/app/other/template", headers=key))[0] == 400
    form = aiohttp.FormData()
    form.add_field("file", b"\x89PNG", filename="x.png", content_type="image/png")
    form.add_field("file_type", "image/png")
    _, told = await rig.ask("POST", f"/wa/{APP_ID}/wa/media/", data=form, headers=key)
    body = await seen(rig, await rig.access({"type": "image", "id": told["mediaId"]}))
    assert body == {"type": "image", "image": {"id": told["mediaId"]}}
    assert (await rig.access({"type": "image", "id": "nothing"}))[0] == 400
    nothing = await rig.ask("POST", f"/wa/{APP_ID}/wa/media/", data=b"", headers=key)
    assert nothing[0] == 400


@pytest.mark.asyncio(loop_scope="module")
async def test_the_partner_s_portal(rig: GupshupRig) -> None:
    config_ = rig.emulator.config
    form = {"email": config_.portal_email, "password": config_.portal_secret}
    _, told = await rig.ask("POST", "/partner/account/login", data=form)
    portal = {"token": told["token"]}
    _, told = await rig.ask("GET", "/partner/account/api/partnerApps", headers=portal)
    assert told["partnerAppsList"] == [{"id": APP_ID, "name": APP, "phone": NUMBER}]
    _, told = await rig.ask("GET", f"/partner/app/{APP_ID}/token", headers=portal)
    assert told["token"] == {"token": TOKEN}
    app = {"Authorization": TOKEN}
    status, told = await rig.ask("GET", f"/partner/app/{APP_ID}/waba/info", headers=app)
    assert (status, told["wabaInfo"]["wabaId"]) == (200, config_.waba_id)
    path = f"/partner/app/{APP_ID}/optin"
    assert (await rig.ask("PUT", path, data={"phone": RAVI}, headers=app))[0] == 200
    assert rig.emulator.consent[RAVI] is True
    assert (await rig.ask("PUT", path, data={"phone": "x"}, headers=app))[0] == 400
    _, told = await rig.ask("GET", f"/partner/app/{APP_ID}/templates", headers=app)
    assert len(told["templates"]) == len(rig.emulator.templates.all)
    for path in ("/partner/nothing", f"/partner/app/{APP_ID}/nothing", "/partner/account/x"):
        assert (await rig.ask("GET", path, headers=app))[0] == 404


async def test_a_message_is_marked_as_read(callback: Callback) -> None:
    async with gupshup(callback, config(callback_url=callback.url)) as rig:
        for dialect in ("access", "v3"):
            await rig.press("settings", "set", dialect=dialect)
            made = (await rig.writes())["id"]
            if dialect == "access":
                path = f"/wa/app/{APP_ID}/msg/{made}/read"
                assert (await rig.ask("PUT", path, headers={"apikey": KEY}))[0] == 202
                path = f"/wa/app/{APP_ID}/msg/nothing/read"
                assert (await rig.ask("PUT", path, headers={"apikey": KEY}))[0] == 404
            else:
                body = {"messaging_product": "whatsapp", "status": "read", "message_id": made}
                assert await rig.v3(body) == (200, {"success": True})
                assert (await rig.v3({**body, "message_id": "x"}))[0] == 400
            assert rig.bubble(made)["status"] == "read"
