"""Every send body of the fixtures is taken by the emulator as Meta takes it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from emulator_rig import ASHA, PNID, Rig, callback_server, config, running, text

from dragoman.emulators._cloud.template_seeds import seed, seeds
from dragoman.emulators.cloud_api.config import Rates

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

FIXTURES = Path(__file__).parents[1] / "fixtures" / "cloud_api" / "outbound"
_OTHER = ("auth_", "mgmt_", "response_", "mark_as_read", "text_to_group")
SENDS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted(FIXTURES.glob("*.json"))
    if not path.name.startswith(_OTHER)
}


def _url(text_: str) -> dict[str, Any]:
    return {"type": "URL", "text": text_, "url": "https://www.example.com/{{1}}"}


def _body(text_: str) -> dict[str, Any]:
    return {"type": "BODY", "text": text_}


def _buttons(*kinds: str) -> dict[str, Any]:
    made = [_url("Open") if k == "URL" else {"type": k, "text": k} for k in kinds]
    return {"type": "BUTTONS", "buttons": made}


def _header(form: str) -> dict[str, Any]:
    return {"type": "HEADER", "format": form}


_PRODUCT_CARD = {"components": [_header("PRODUCT")]}
MORE = [
    seed(
        "seasonal_promo",
        "MARKETING",
        {"type": "HEADER", "format": "TEXT", "text": "Our {{1}}"},
        _body("Dear {{1}}, use {{2}} for {{3}} off."),
    ),
    seed(
        "carousel_template_product_cards_v1",
        "MARKETING",
        _body("For {{1}} today."),
        {"type": "CAROUSEL", "cards": [_PRODUCT_CARD, _PRODUCT_CARD]},
    ),
    seed("intro_catalog_offer", "MARKETING", _body("{{1}} {{2}} {{3}}"), _buttons("CATALOG")),
    seed("coupon_code_fall", "MARKETING", _body("{{1}} {{2}}"), _buttons("URL", "COPY_CODE")),
    seed("payment_due", "UTILITY", _body("{{1}} owes {{2}} by {{3}}.")),
    seed("flow_tpl", "UTILITY", _body("Book."), _buttons("FLOW")),
    seed(
        "store_grand_opening",
        "MARKETING",
        _header("LOCATION"),
        _body("Hi {{customer_name}}."),
        named=True,
    ),
    seed(
        "abandoned_cart",
        "MARKETING",
        {"type": "HEADER", "format": "TEXT", "text": "{{1}}!"},
        _body("Use {{1}}."),
        _buttons("MPM"),
    ),
    seed("order_details_tpl", "UTILITY", _header("IMAGE"), _body("Pay"), _buttons("ORDER_DETAILS")),
    seed(
        "spm_template_named_params",
        "MARKETING",
        _header("PRODUCT"),
        _body("{{code}} {{percent}}"),
        named=True,
    ),
    seed("call_us", "UTILITY", _body("Call us."), _buttons("VOICE_CALL")),
    seed("cobranca_pix", "UTILITY", _body("Pague."), _buttons("PAYMENT_REQUEST"), language="pt_BR"),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig() -> AsyncIterator[Rig]:
    async with callback_server() as callback:
        templates = [*seeds(), *MORE]
        rates = Rates(number_per_second=0, pair_burst=0)
        settings = config(callback_url=callback.url, templates=templates, rates=rates)
        async with running(callback, settings) as made:
            yield made


def _with_media(rig: Rig, body: Any) -> Any:
    """Media ids of the fixtures become ids that this account has."""
    mine = rig.emulator.media.keep(PNID, b"\xff\xd8", "image/jpeg", None)
    raw = json.dumps(body)
    return json.loads(
        re.sub(
            r'"(image|document|video|audio|sticker)": {"id": "\d+"', rf'"\1": {{"id": "{mine}"', raw
        )
    )


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SENDS)
async def test_the_fixture_is_accepted(rig: Rig, name: str) -> None:
    body = _with_media(rig, json.loads(SENDS[name]))
    edge = "messages"
    if name.startswith("marketing_messages"):
        edge = "marketing_messages"
        first = {"type": "header", "parameters": [{"type": "text", "text": "sale"}]}
        words = [{"type": "text", "text": t} for t in ("Asha", "25OFF", "25%")]
        body["template"]["components"] = [first, {"type": "body", "parameters": words}]
    if body["type"] == "reaction":
        sent = await rig.send(text())
        body["reaction"]["message_id"] = sent[1]["messages"][0]["id"]
    if name == "template_coupon_copy_code":
        extra = {"type": "button", "sub_type": "url", "index": 0}
        body["template"]["components"].append(
            {**extra, "parameters": [{"type": "text", "text": "x"}]}
        )
    status, answer = await rig.call("POST", f"{PNID}/{edge}", body)
    assert status == 200, answer
    wamid = answer["messages"][0]["id"]
    who = {"input": body.get("to") or body["recipient"]}
    if "to" in body:
        digits = body["to"].removeprefix("+")
        who["wa_id"] = digits
    else:
        who["user_id"] = body["recipient"]
    message = {"id": wamid}
    if body["type"] == "template":
        message["message_status"] = "accepted"
    assert answer == {"messaging_product": "whatsapp", "contacts": [who], "messages": [message]}


@pytest.mark.asyncio(loop_scope="module")
async def test_a_template_reaches_the_phone_in_words(rig: Rig) -> None:
    words = [
        {"type": "text", "parameter_name": "order_id", "text": "५६६७०१"},
        {"type": "text", "parameter_name": "day", "text": "👨‍👩‍👧"},
    ]
    components = [
        {
            "type": "header",
            "parameters": [{"type": "text", "parameter_name": "customer", "text": "مريم"}],
        },
        {"type": "body", "parameters": words},
    ]
    value = {
        "name": "order_delay_named",
        "language": {"code": "en_US"},
        "components": components,
    }
    body = {**text(), "type": "template", "template": value}
    del body["text"]
    _, answer = await rig.send(body)
    wamid = answer["messages"][0]["id"]
    await rig.callback.wait(lambda: rig.callback.statuses(wamid) == ["sent", "delivered"])
    chats = rig.emulator.handsets.state()["chats"]
    chat = next(c for c in chats if c["contact"] == "asha")
    bubble = next(b for b in chat["bubbles"] if b["id"] == wamid)
    assert bubble["body"] == {
        "type": "template",
        "template": value,
        "rendered": {
            "header": {"type": "text", "text": "News for مريم"},
            "body": "Your order ५६६७०१ is late and now ships on 👨‍👩‍👧, sorry.",
            "buttons": [],
        },
    }
    assert rig.emulator.handsets.contacts()[0].phone == ASHA
