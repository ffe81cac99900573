"""Every message out in both APIs: each fixture from its own neutral input, every kind, every limit,
the native objects, the SMS behind, files, signals, and what must not be seen in a log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from infobip_channel import (
    CHANNELS,
    FIXTURES,
    KEY,
    MESSAGES,
    NUMBER,
    OTHER,
    SECRETS,
    TWO,
    WHATSAPP,
    changed,
    channel_of,
    load,
)
from partner_cases import (
    PNG,
    SCRIPTS,
    buttons,
    check_ability,
    check_size,
    check_table,
    menu,
    samples,
)

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.identity import Bsuid, Group, Phone
from dragoman.domain.sentences import known, say
from dragoman.egress import redacted
from dragoman.partners import infobip
from dragoman.partners.contract import HttpCall, OutboundMessage, Reply, Unsupported
from dragoman.partners.infobip import Settings

NEUTRAL = sorted(FIXTURES.glob("neutral/*.json"))
WHOM = Phone("447700900123")
HOST = "https://k3pz9d.api.infobip.com"


def render(
    content: c.Outbound, channel: Settings = WHATSAPP, whom: Any = WHOM, **more: Any
) -> HttpCall | Unsupported:
    number = more.pop("number", NUMBER)
    return infobip.render(OutboundMessage(whom, number, content, **more), channel)


def call(content: c.Outbound, channel: Settings = WHATSAPP, **more: Any) -> HttpCall:
    rendered = render(content, channel, **more)
    assert isinstance(rendered, HttpCall), rendered
    return rendered


def body(content: c.Outbound, channel: Settings = WHATSAPP, **more: Any) -> dict[str, Any]:
    """The one message of the call, whichever API it goes by."""
    made: dict[str, Any] = call(content, channel, **more).json
    return made["messages"][0] if "messages" in made else made


def refusal(content: c.Outbound, channel: Settings = WHATSAPP, **more: Any) -> Unsupported:
    rendered = render(content, channel, **more)
    assert isinstance(rendered, Unsupported), rendered
    assert rendered.sentence.id in known()
    assert "?" not in say(rendered.sentence)
    return rendered


def raw(**payload: Any) -> c.Raw:
    return c.Raw(payload)


# --- fixtures ------------------------------------------------------------------------------------


def endpoint_of(case: str) -> str:
    """The endpoint that a fixture's name tells."""
    if case.startswith("messages_api"):
        return "/messages-api/1/messages"
    name = case
    for kind in (
        *("buttons", "list", "media_carousel", "location_request", "product", "multi_product"),
        *("order_details", "order_status", "flow", "url_button", "call_permission_request"),
        *("voice_button", "in_thread_authentication_request", "request_contact_info"),
    ):
        if case.startswith(f"interactive_{kind}"):
            name = f"interactive/{kind.replace('_', '-')}"
    return f"/whatsapp/1/message/{'template' if case.startswith('template_') else name}"


@pytest.mark.parametrize("case", NEUTRAL, ids=lambda path: path.stem)
def test_every_fixture_is_rendered_whole(case: Path) -> None:
    message = msgspec.json.decode(case.read_bytes(), type=OutboundMessage)
    expected = load(f"outbound/{case.name}")
    if "messages" in expected:  # one message goes to one person; the sample has two
        expected["messages"] = expected["messages"][:1]
    rendered = infobip.render(message, channel_of(case.stem))
    headers = {"Authorization": f"App {KEY}", "Accept": "application/json"}
    assert rendered == HttpCall(
        "POST", f"{HOST}{endpoint_of(case.stem)}", "send", headers, json=expected
    )


def test_every_message_fixture_has_a_neutral_input() -> None:
    signals = {"event_typing_indicator", "messages_api_typing"}
    messages = {path.stem for path in FIXTURES.glob("outbound/*.json")} - signals
    assert messages == {path.stem for path in NEUTRAL}


@pytest.mark.parametrize("case", NEUTRAL, ids=lambda path: path.stem)
def test_every_fixture_passes_through_as_a_native_object(case: Path) -> None:
    """What the author takes from Infobip's pages, whole, goes where it belongs."""
    given = load(f"outbound/{case.name}")
    if "messages" in given:
        given["messages"] = given["messages"][:1]
    elif not infobip_tells(case.stem):
        given["type"] = endpoint_of(case.stem).removeprefix("/whatsapp/1/message/")
    before = json.dumps(given)
    for channel in CHANNELS.values():
        made = call(c.Raw(given), channel)
        expected = load(f"outbound/{case.name}")
        expected.update({"messages": expected["messages"][:1]} if "messages" in expected else {})
        if "failover" not in str(expected):
            assert made.json == without_foreign_id(expected)
        assert made.url == f"{HOST}{endpoint_of(case.stem)}"
    assert json.dumps(given) == before


def without_foreign_id(expected: dict[str, Any]) -> dict[str, Any]:
    """The person is ours alone: an id inside `destinations` goes with them."""
    one = expected["messages"][0] if "messages" in expected else expected
    for destination in one.get("destinations", ()):
        destination.pop("messageId", None)
    return expected


def infobip_tells(case: str) -> bool:
    """Whether the endpoint follows from the body alone."""
    unclear = ("image", "video", "sticker", "interactive_location_request")
    return not case.startswith(
        (*unclear, "interactive_request", "interactive_in_", "interactive_call")
    )


# --- what each API can say -----------------------------------------------------------------------

SAMPLES = samples(
    {"content": {"text": "hi"}},
    flow=c.Flow("b", "Go", flow_id="1", screen="FIRST"),
    order_details=c.OrderDetails(
        "b",
        "r-1",
        "BRL",
        c.Amount(100),
        payment_configuration="shop",
        order=c.Order((c.OrderItem("Tea", c.Amount(100), 1, "SKU"),), c.Amount(100)),
    ),
)


def test_every_kind_has_a_sample_and_an_ability_in_every_dialect() -> None:
    check_table(infobip, SAMPLES)
    assert list(CHANNELS) == list(infobip.CAPABILITIES)


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("dialect", CHANNELS)
def test_the_table_of_abilities_is_what_the_code_does(dialect: str, kind: str) -> None:
    def said(content: c.Outbound) -> HttpCall | Unsupported:
        return render(content, CHANNELS[dialect])

    made = check_ability(infobip, dialect, SAMPLES[kind], said)
    if made is None:
        return
    by_messages_api = made.url.endswith("/messages-api/1/messages")
    note = infobip.CAPABILITIES[dialect][kind].note
    without_sms = "without an SMS" in note or kind in (
        "raw", "order_status", "call_permission_request"
    )  # fmt: skip
    assert by_messages_api is (dialect == "messages" and not without_sms)


# --- accounts, envelope, reference ---------------------------------------------------------------


def test_a_message_leaves_by_the_account_of_its_number() -> None:
    first, second = call(c.Text("x"), TWO), call(c.Text("x"), TWO, number=OTHER)
    assert first.url == f"{HOST}/whatsapp/1/message/text"
    assert first.headers["Authorization"] == f"App {KEY}"
    assert second.url == "https://north.api.infobip.com/whatsapp/1/message/text"
    assert second.headers["Authorization"] == "Basic YWNtZTpURVNUOlBBU1NXT1JE"
    assert call(c.Text("x"), TWO, number="447700900999").url == first.url


def test_a_channel_says_where() -> None:
    first = msgspec.structs.replace(
        WHATSAPP.accounts[0], base_url="http://127.0.0.1:8400/emulated/infobip"
    )
    url = "http://127.0.0.1:8400/emulated/infobip/whatsapp/1/message/text"
    assert call(c.Text("x"), changed(WHATSAPP, accounts=(first,))).url == url


def test_our_reference_and_our_number_are_the_messages_id() -> None:
    id = f"dragoman:1~{NUMBER}"
    assert body(c.Text("x"), reference="dragoman:1")["messageId"] == id
    assert body(SAMPLES["template"], reference="dragoman:1")["messageId"] == id
    (destination,) = body(c.Text("x"), MESSAGES, reference="dragoman:1")["destinations"]
    assert destination == {"to": WHOM.digits, "messageId": id}
    assert "messageId" not in body(c.Text("x"))
    theirs = {"messageId": "theirs"}
    for channel in CHANNELS.values():
        made = body(c.Text("x"), channel, reference="dragoman:1", extra=theirs)
        assert "theirs" not in str(made)
        assert "theirs" in str(body(c.Text("x"), channel, extra=theirs))


def test_who_is_written_to() -> None:
    scoped = Bsuid("GB.9081726354")
    assert body(c.Text("x"), whom=scoped)["to"] == "GB.9081726354"
    made = body(c.Text("x"), MESSAGES, whom=scoped)
    assert made["destinations"] == [{"to": "GB.9081726354"}]
    for channel in CHANNELS.values():
        refused = refusal(c.Text("x"), channel, whom=Group("g-1"))
        assert (refused.sentence.id, refused.code) == ("infobip_no_group", Code.UNSUPPORTED)


def test_what_is_ours_is_never_the_authors() -> None:
    theirs = {"from": "1", "to": "2", "channel": "SMS", "sender": "3", "destinations": []}
    for name, channel in CHANNELS.items():
        made = body(c.Text("x"), channel, extra=theirs)
        ours = body(c.Text("x"), channel)
        assert {k: made[k] for k in ours} == ours, name
    given = {**theirs, "content": {"text": "x"}}
    assert body(c.Raw(given))["from"] == NUMBER
    assert body(c.Raw(given))["to"] == WHOM.digits
    given = {**theirs, "content": {"body": {"type": "TEXT", "text": "x"}}}
    made = body(c.Raw(given))
    assert (made["channel"], made["sender"]) == ("WHATSAPP", NUMBER)
    assert made["destinations"] == [{"to": WHOM.digits}]


def test_extra_is_merged_last() -> None:
    made = body(c.Text("x"), extra={"content": {"previewUrl": True}, "entityId": "e"})
    assert made["content"] == {"text": "x", "previewUrl": True}
    assert made["entityId"] == "e"
    made = call(SAMPLES["template"], extra={"bulkId": "b"}).json
    assert (made["bulkId"], "bulkId" in made["messages"][0]) == ("b", False)


def test_options_of_the_messages_api_go_where_they_belong() -> None:
    given = {"schedule": {"bulkId": "b"}, "campaignReferenceId": "x"}
    made = call(c.Text("x"), MESSAGES, extra={"options": given}).json
    assert made["options"] == {"schedule": {"bulkId": "b"}}
    assert made["messages"][0]["options"] == {"campaignReferenceId": "x"}
    made = call(c.Text("x"), MESSAGES, extra={"options": {"tracking": {}}}).json
    assert "options" not in made["messages"][0]
    assert given == {"schedule": {"bulkId": "b"}, "campaignReferenceId": "x"}


def test_a_quote_goes_by_the_api_that_can() -> None:
    for channel in CHANNELS.values():
        made = call(c.Text("x"), channel, reply_to="in-1")
        assert made.url.endswith("/whatsapp/1/message/text")
        assert made.json["context"] == {"replyToMessageId": "in-1"}
    refused = refusal(SAMPLES["call_button"], reply_to="in-1")
    assert refused.sentence.id == "infobip_no_place"


def calls_of(channel: Settings) -> list[HttpCall]:
    """A call of every sort that the partner makes."""
    number = infobip.numbers(channel)[-1]
    made = [call(SAMPLES[kind], channel, number=number) for kind in ("text", "image", "template")]
    made.append(call(SAMPLES["order_details"], channel, number=number))
    made += [probe.call for probe in infobip.probes(channel)]
    made += [pull.call for pull in infobip.pulls(changed(channel, pull_reports=True))]
    for typing in (False, True):
        made.append(infobip.render_signal(number, WHOM, "in-1", typing, channel))
    one = infobip.render_media(number, "m-1", None, channel)
    assert one is not None
    made.append(one)
    return made


@pytest.mark.parametrize("channel", [WHATSAPP, MESSAGES, TWO], ids=["app", "messages", "basic"])
def test_no_secret_is_in_the_log(channel: Settings) -> None:
    for one in calls_of(channel):
        basic = one.headers["Authorization"].partition(" ")[2]
        echo = f"no: {' '.join(SECRETS)} {basic}".encode()
        kept = json.dumps(redacted(one, Reply(401, {"content-type": "text/plain"}, echo)))
        secret = KEY if one.headers["Authorization"].startswith("App ") else "TEST:PASSWORD"
        assert secret not in kept, kept
        assert basic not in kept, kept
        assert "Authorization" in one.headers


# --- the SMS behind ------------------------------------------------------------------------------

SMS = changed(MESSAGES, sms_sender="Acme Shop", sms_after=30)


def test_a_text_falls_back_to_an_sms() -> None:
    made = body(c.Text("Ready"), SMS, reference="dragoman:1")
    assert made == {
        "channel": "WHATSAPP",
        "sender": NUMBER,
        "content": {"body": {"text": "Ready", "type": "TEXT"}},
        "options": {"validityPeriod": {"amount": 30, "timeUnit": "MINUTES"}},
        "failover": [
            {
                "channel": "SMS",
                "sender": "Acme Shop",
                "content": {"body": {"text": "Ready", "type": "TEXT"}},
            }
        ],
        "destinations": [
            {
                "messageId": f"dragoman:1~{NUMBER}",
                "byChannel": [
                    {"channel": "WHATSAPP", "to": WHOM.digits},
                    {"channel": "SMS", "to": WHOM.digits},
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (SAMPLES["buttons"], "b"),
        (SAMPLES["list"], "b"),
        (c.Document(link=PNG, caption="Bill"), f"Bill\n{PNG}"),
        (c.Image(link=PNG), PNG),
    ],
)
def test_what_the_sms_says(content: c.Outbound, text: str) -> None:
    (step,) = body(content, SMS)["failover"]
    assert step["content"]["body"]["text"] == text


def test_no_sms_where_there_are_no_words_or_no_phone() -> None:
    for made in (
        body(SAMPLES["template"], SMS),
        body(c.Text("x"), SMS, whom=Bsuid("GB.1")),
        body(c.Text("x"), MESSAGES),
        body(SAMPLES["audio"], SMS),
        body(c.Text("x"), changed(SMS, dialect="whatsapp")),
    ):
        assert "failover" not in made
    own = [{"channel": "SMS", "sender": "X", "content": {"body": {"text": "y", "type": "TEXT"}}}]
    made = body(SAMPLES["template"], SMS, extra={"failover": own})
    assert made["failover"] == own
    assert [way["channel"] for way in made["destinations"][0]["byChannel"]] == ["WHATSAPP", "SMS"]


@pytest.mark.parametrize(
    "content",
    [
        c.Buttons("b", (c.Button("y", "Yes"),), footer="f"),
        c.Buttons("b", (c.Button("y", "Yes"),), c.Header(image=c.Media(link=PNG))),
        c.List("b", "Open", (c.Section((c.Row("r", "Row"),)),), c.Header("h")),
        c.Flow("b", "Go", flow_id="1", screen="A", footer="f"),
        c.Template("t", "en", header=c.MediaParam("document", link=PNG)),
        c.Template("t", "en", header=c.LocationParam(1, 2)),
        c.Template("t", "en", buttons=(c.VoiceCallButton(10),)),
        c.Template("t", "en", order_status=c.OrderStatus("", "r", "shipped")),
    ],
)
def test_what_the_messages_api_would_lose_goes_by_the_other(content: c.Outbound) -> None:
    made = call(content, SMS)
    assert "/whatsapp/1/message/" in made.url
    assert made == call(content, WHATSAPP)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            c.Buttons("b", (c.Button("y", "Yes"),), c.Header("h")),
            {
                "header": {"type": "TEXT", "text": "h"},
                "body": {"text": "b", "type": "TEXT"},
                "buttons": [{"type": "REPLY", "text": "Yes", "postbackData": "y"}],
            },
        ),
        (
            c.Document(link=PNG, filename="a.pdf"),
            {"body": {"url": PNG, "filename": "a.pdf", "type": "DOCUMENT"}},
        ),
        (
            c.Flow("b", "Go", flow_id="1", action="data_exchange", draft=True),
            {
                "body": {
                    "text": "b",
                    "id": "1",
                    "token": "unused",
                    "buttonText": "Go",
                    "mode": "DRAFT",
                    "action": {"type": "DATA_EXCHANGE"},
                    "type": "FLOW",
                }
            },
        ),
        (
            c.Template(
                "t", "en", header=c.TextParam("h"), body=(c.CurrencyParam("3 €", "EUR", 3000),)
            ),
            {"header": {"type": "TEXT", "1": "h"}, "body": {"type": "TEXT", "1": "3 €"}},
        ),
        (
            c.Template("t", "en", code="123456"),
            {
                "body": {"type": "TEXT", "1": "123456"},
                "buttons": [{"type": "OPEN_URL", "suffix": "123456"}],
            },
        ),
        (
            c.Template(
                "t", "en", offer_expires_at=1796083199000,
                buttons=(c.CopyCodeButton(1, "SAVE"), c.QuickReplyButton(0, "p")),
            ),
            {
                "buttons": [
                    {"type": "QUICK_REPLY", "postbackData": "p"},
                    {"type": "COPY_CODE", "code": "SAVE"},
                ],
                "expirationTime": "2026-11-30T23:59:59.000+0000",
            },
        ),
        (
            c.Template("t", "en", buttons=(c.FlowButton(0, "tok", {"a": 1}),)),
            {"buttons": [{"type": "FLOW", "token": "tok", "data": {"a": 1}}]},
        ),
        (
            c.Template("t", "en", buttons=(c.CatalogButton(0, "SKU"),)),
            {"buttons": [{"type": "CATALOG", "productId": "SKU"}]},
        ),
        (
            c.Template(
                "t", "en", buttons=(c.ProductsButton(0, "S", (c.ProductSection(("S",), "T"),)),)
            ),
            {
                "buttons": [
                    {
                        "type": "MULTI_PRODUCT",
                        "productId": "S",
                        "sections": [{"title": "T", "productIds": ["S"]}],
                    }
                ]
            },
        ),
    ],
)  # fmt: skip
def test_words_of_the_messages_api(content: c.Outbound, told: Any) -> None:
    assert body(content, MESSAGES)["content"] == told


def test_a_template_without_values_has_no_content_there() -> None:
    made = body(c.Template("t", "en"), MESSAGES)
    assert made["template"] == {"templateName": "t", "language": "en"}
    assert "content" not in made


# --- words of the WhatsApp outbound API ----------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (c.Text("no address", preview_url=True), {"text": "no address"}),
        (
            c.Location("19.07", 72),
            {"latitude": 19.07, "longitude": 72.0},
        ),
        (
            c.Contacts((c.ContactCard(c.ContactName("Ravi Rao", last_name="Rao", suffix="Jr"),
                                      (c.ContactPhone("+91", type="cell"),)),)),
            {
                "contacts": [
                    {
                        "name": {"formattedName": "Ravi Rao", "firstName": "Ravi Rao",
                                 "lastName": "Rao", "nameSuffix": "Jr"},
                        "phones": [{"phone": "+91", "type": "CELL"}],
                    }
                ]
            },
        ),
        (c.Flow("b", "Go", flow_id="1", screen="A", draft=True, version="4"),
         {"body": {"text": "b"}, "action": {
             "flowId": "1", "flowToken": "unused", "callToActionButton": "Go",
             "flowActionPayload": {"screen": "A"}, "mode": "DRAFT", "flowMessageVersion": 4}}),
        (c.Product("1", "2"), {"action": {"catalogId": "1", "productRetailerId": "2"}}),
    ],
)  # fmt: skip
def test_words_of_the_whatsapp_api(content: c.Outbound, told: Any) -> None:
    assert body(content)["content"] == told


def test_a_documents_header_has_a_name() -> None:
    header = c.MediaParam("document", link="https://files.example/bills/42.pdf?x=1")
    data = body(c.Template("t", "en", header=header))["content"]["templateData"]
    assert data["header"]["filename"] == "42.pdf"


def tpl(**more: Any) -> c.Template:
    return c.Template(more.pop("name", "t"), more.pop("language", "en"), **more)


def urls(count: int) -> tuple[c.UrlButton, ...]:
    return tuple(c.UrlButton(i, "x") for i in range(count))


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (tpl(name="Order Ready"), "meta_bad_pattern"),
        (tpl(name=" "), "meta_empty"),
        (tpl(language=""), "meta_empty"),
        (tpl(body=(c.TextParam(" "),)), "meta_empty"),
        (tpl(body=(c.ProductParam("1", "2"),)), "infobip_no_place"),
        (tpl(header=c.TextParam("a\nb")), "infobip_template_header"),
        (tpl(header=c.TextParam("a     b")), "infobip_template_header"),
        (tpl(header=c.MediaParam("image", id="1")), "infobip_link_only"),
        (tpl(components=({"type": "body"},)), "infobip_no_place"),
        (tpl(marketing=c.Marketing()), "infobip_no_place"),
        (tpl(tap_target_url="https://x"), "infobip_no_place"),
        (tpl(buttons=(c.PaymentRequestButton(0, {}),)), "infobip_no_place"),
        (tpl(buttons=(c.QuickReplyButton(0, "p" * 129),)), "meta_too_long"),
        (tpl(buttons=(c.CopyCodeButton(0, "c" * 16),)), "meta_too_long"),
        (tpl(buttons=urls(3)), "infobip_template_buttons"),
        (tpl(buttons=(c.CatalogButton(0), c.UrlButton(1, "x"))), "infobip_template_alone"),
        (
            tpl(buttons=tuple(c.QuickReplyButton(i, str(i)) for i in range(11))),
            "meta_too_many",
        ),
        (tpl(code="1" * 16), "meta_too_long"),
    ],
)
def test_what_a_template_cannot_say(template: c.Template, sentence: str) -> None:
    for channel in CHANNELS.values():
        assert refusal(template, channel).sentence.id == sentence


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (tpl(header=c.LocationParam(1, 2, "Office")), "infobip_no_place"),
        (tpl(cards=(c.TemplateCard(c.TextParam("x")),)), "meta_choose"),
        (
            tpl(cards=(c.TemplateCard(c.MediaParam("image", link=PNG), (), (
                c.CopyCodeButton(0, "x"),)),)),
            "meta_choose",
        ),
        (tpl(order_status=c.OrderStatus("", "r 1", "shipped")), "meta_bad_pattern"),
    ],
)  # fmt: skip
def test_what_the_rarer_parts_cannot_say(template: c.Template, sentence: str) -> None:
    assert refusal(template).sentence.id == sentence


# --- orders --------------------------------------------------------------------------------------

TEA = c.OrderItem("Tea", c.Amount(100), 1, "SKU")


LINK = {"type": "payment_link", "payment_link": {"uri": "https://pay.example"}}


def bill(**more: Any) -> c.OrderDetails:
    order = more.pop("order", c.Order((TEA,), c.Amount(100)))
    given = {"body": "b", "reference_id": "r-1", "currency": "BRL", "total": c.Amount(100)}
    if "payment_settings" not in more:
        given["payment_configuration"] = "shop"
    return c.OrderDetails(**{**given, **more}, order=order)


def order(**more: Any) -> c.Order:
    return c.Order(**{"items": (TEA,), "subtotal": c.Amount(100), **more})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (bill(total=c.Amount(101)), "infobip_total_wrong"),
        (bill(order=None), "meta_empty"),
        (bill(currency="EUR"), "meta_choose"),
        (bill(currency="INR"), "meta_empty"),
        (bill(reference_id="r 1"), "meta_bad_pattern"),
        (bill(reference_id="r" * 36), "meta_too_long"),
        (bill(total=c.Amount(1005, 1000)), "infobip_amount_offset"),
        (bill(payment_settings=({"type": "offsite_card_pay"},)), "infobip_payment_unknown"),
        (
            bill(payment_settings=({"type": "payment_gateway",
                                    "payment_gateway": {"type": "billdesk"}},)),
            "infobip_payment_unknown",
        ),
        (bill(currency="INR", payment_settings=({"type": "payment_link"},) * 2), "meta_too_many"),
        (bill(payment_settings=({"type": "boleto"},) * 3), "meta_too_many"),
        (bill(order=order(expiration=c.Expiration(1795507200))), "infobip_no_place"),
        (bill(order=order(items=())), "meta_too_few"),
        (
            bill(order=order(items=(c.OrderItem("Tea", c.Amount(100), 1, "S", c.Amount(100)),))),
            "infobip_sale_wrong",
        ),
        (bill(order=order(items=(c.OrderItem("Tea", c.Amount(100), 1),))), "meta_empty"),
        (bill(header=c.Header("x")), "meta_bad_header"),
        (bill(payment_configuration=None), "meta_empty"),
        (bill(payment_configuration="c" * 61), "meta_too_long"),
        (
            bill(payment_settings=(LINK,), payment_configuration="shop"),
            "infobip_no_place",
        ),
        (c.OrderStatus("b", "r-1", "lost"), "meta_choose"),
        (c.OrderStatus("b", "r-1"), "meta_choose"),
        (c.OrderStatus("b", "r-1", "shipped", payment_status="captured"), "infobip_no_place"),
    ],
)  # fmt: skip
def test_bills_that_are_refused(content: c.Outbound, sentence: str) -> None:
    assert refusal(content).sentence.id == sentence


def test_amounts_are_counted_in_hundredths_and_never_rounded() -> None:
    action = body(bill(total=c.Amount(1000, 1000)))["content"]["action"]
    assert (action["totalAmount"], action["order"]["tax"]) == ({"value": 100}, {"value": 0})
    assert body(bill(total=c.Amount(1, 1)))["content"]["action"]["totalAmount"] == {"value": 100}


def test_the_channel_says_how_orders_are_paid() -> None:
    channel = changed(WHATSAPP, order_payment="PG_PAYU")
    told = body(SAMPLES["order_status"], channel)["content"]["action"]
    assert told == {"payment": {"type": "PG_PAYU", "id": "r-1"}, "status": "SHIPPED"}
    spelled = c.OrderStatus("b", "r-1", "partially-shipped")
    assert body(spelled)["content"]["action"]["status"] == "PARTIALLY_SHIPPED"


# --- native objects ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "endpoint"),
    [
        ({"content": {"text": "x"}}, "text"),
        ({"content": {"mediaUrl": PNG, "filename": "a"}}, "document"),
        ({"content": {"mediaUrl": PNG, "voice": True}}, "audio"),
        ({"content": {"templateName": "t", "language": "en"}}, "template"),
        ({"type": "image", "content": {"mediaUrl": PNG}}, "image"),
        ({"content": {"body": {"text": "x"}, "action": {"buttons": []}}}, "interactive/buttons"),
        ({"content": {"action": {"callValidityPeriod": 5}}}, "interactive/voice-button"),
        ({"type": "interactive/call-permission-request"}, "interactive/call-permission-request"),
    ],
)
def test_natives_of_the_whatsapp_api(payload: Any, endpoint: str) -> None:
    for channel in CHANNELS.values():
        made = call(c.Raw(payload), channel)
        assert made.url == f"{HOST}/whatsapp/1/message/{endpoint}"
        assert "type" not in body(c.Raw(payload), channel)
        assert body(c.Raw(payload), channel).get("content") == payload.get("content")


def test_natives_of_the_messages_api() -> None:
    content = {"body": {"type": "RICH_LINK", "url": PNG}}
    for payload in (
        {"content": content},
        {"messages": [{"content": content}], "options": {"a": 1}},
    ):
        made = call(c.Raw(payload)).json
        assert made["messages"][0]["content"] == content
        assert made.get("options") == payload.get("options")
    given = {"template": {"templateName": "t", "language": "en"}}
    assert body(c.Raw(given))["template"] == given["template"]


@pytest.mark.parametrize(
    ("payload", "template"),
    [
        ({"content": {"templateName": "t", "language": "en"}}, True),
        ({"messages": [{"content": {"templateName": "t"}}], "bulkId": "b"}, True),
        ({"type": "template", "content": {"templateName": "t"}}, True),
        ({"template": {"templateName": "t", "language": "en"}}, True),
        ({"messages": [{"template": {"templateName": "t"}}], "options": {"a": 1}}, True),
        ({"content": {"text": "x"}}, False),
        ({"content": {"text": "x"}, "template": "t"}, False),
        ({"content": {"body": {"type": "TEXT", "text": "x"}}}, False),
        ({"messages": [{"content": {"body": {"type": "TEXT", "text": "x"}}}]}, False),
        ({"messages": [{"template": {}}, {"template": {}}]}, False),  # refused
        ({"hello": "world"}, False),
    ],
)
def test_which_native_objects_are_templates(payload: Any, template: bool) -> None:
    for channel in CHANNELS.values():
        assert infobip.is_template(payload, channel) is template


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        ({"hello": "world"}, "infobip_raw_unknown"),
        ({"text": "hi"}, "infobip_raw_unknown"),
        ({"content": "hi"}, "infobip_raw_unknown"),
        ({"content": {"hello": "world"}}, "infobip_raw_unknown"),
        ({"type": "hologram", "content": {}}, "infobip_raw_unknown"),
        ({"type": 7, "content": {}}, "infobip_raw_unknown"),
        ({"type": ["text"], "content": {"text": "x"}}, "infobip_raw_unknown"),
        ({"type": "image"}, "infobip_raw_unknown"),
        ({"messages": {}}, "infobip_raw_unknown"),
        ({"messages": ["x"]}, "infobip_raw_unknown"),
        ({"messages": [{"content": {"text": "x"}}], "bulkId": "b"}, "infobip_raw_unknown"),
        ({"messages": []}, "infobip_raw_many"),
        ({"messages": [{"content": {}}, {"content": {}}]}, "infobip_raw_many"),
        ({"content": {"mediaUrl": PNG}}, "infobip_raw_type"),
        ({"content": {"body": {"text": "x"}}}, "infobip_raw_type"),
    ],
)
def test_an_object_that_is_none_of_the_shapes_is_refused(payload: Any, sentence: str) -> None:
    for channel in CHANNELS.values():
        assert refusal(c.Raw(payload), channel).sentence.id == sentence


# --- limits --------------------------------------------------------------------------------------


def cards(*replies: c.Button, body: str = "x") -> c.Carousel:
    card = c.Card(c.Header(image=c.Media(link=PNG)), body, buttons=replies)
    return c.Carousel("b", (card, card))


SIZED: list[tuple[str, int, Any]] = [
    ("text", 4096, lambda t: c.Text(t)),
    ("caption", 3000, lambda t: c.Image(link=PNG, caption=t)),
    ("caption", 3000, lambda t: c.Document(link=PNG, caption=t)),
    ("file name", 240, lambda t: c.Document(link=PNG, filename=t)),
    ("place's name", 1000, lambda t: c.Location(1, 2, t)),
    ("place's address", 1000, lambda t: c.Location(1, 2, None, t)),
    ("body", 1024, lambda t: buttons(body=t)),
    ("body", 1024, lambda t: menu(body=t)),
    ("footer", 60, lambda t: buttons(footer=t)),
    ("header text", 60, lambda t: buttons(header=c.Header(t))),
    ("button title", 20, lambda t: buttons(t)),
    ("button id", 256, lambda t: buttons(id=t)),
    ("list button", 20, lambda t: menu(button=t)),
    ("row title", 24, lambda t: menu(c.Row("r", t))),
    ("row id", 200, lambda t: menu(c.Row(t, "Row"))),
    ("row description", 72, lambda t: menu(c.Row("r", "Row", t))),
    ("link label", 20, lambda t: c.CtaUrl("b", t, "https://example.com")),
    ("flow label", 20, lambda t: c.Flow("b", t, flow_id="1", screen="A")),
    ("flow token", 3000, lambda t: c.Flow("b", "Go", flow_id="1", screen="A", token=t)),
    ("call label", 20, lambda t: c.CallButton("b", t)),
    ("call payload", 512, lambda t: c.CallButton("b", payload=t)),
    ("card body", 160, lambda t: cards(c.Button("i", "t"), body=t)),
    ("card button id", 20, lambda t: cards(c.Button(t, "t"))),
    ("card button title", 20, lambda t: cards(c.Button("i", t))),
    ("quick reply payload", 128, lambda t: tpl(buttons=(c.QuickReplyButton(0, t),))),
    ("copy code", 15, lambda t: tpl(buttons=(c.CopyCodeButton(0, t),))),
    ("status description", 120, lambda t: c.OrderStatus("b", "r", "shipped", t)),
    ("order item name", 60,
     lambda t: bill(order=order(items=(c.OrderItem(t, c.Amount(100), 1, "S"),)))),
]  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(("field", "limit", "make"), SIZED)
def test_exactly_the_limit_is_sent_and_one_more_is_refused(
    field: str, limit: int, make: Any, script: str
) -> None:
    for channel in CHANNELS.values():

        def said(content: c.Outbound, channel: Settings = channel) -> HttpCall | Unsupported:
            return render(content, channel)

        check_size(field, limit, make, script, said)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (c.Text("  "), "meta_empty"),
        (c.Image("1"), "infobip_link_only"),
        (c.Image(), "infobip_no_link"),
        (c.Image(link="files.example/a.png"), "meta_bad_link"),
        (c.Image(link="https://files.example/" + "a" * 2048), "meta_too_long"),
        (buttons(header=c.Header(image=c.Media("1"))), "infobip_link_only"),
        (buttons(header=c.Header()), "meta_header_parts"),
        (buttons(header=c.Header("a", c.Media(link=PNG))), "meta_header_parts"),
        (menu(header=c.Header(image=c.Media(link=PNG))), "meta_bad_header"),
        (c.Buttons("b", ()), "meta_too_few"),
        (c.Buttons("b", (c.Button("a", "A"), c.Button("b", "A"))), "meta_not_unique"),
        (c.List("b", "Open", (c.Section(tuple(c.Row(str(i), str(i)) for i in range(11))),)),
         "meta_too_many"),
        (c.List("b", "Open", (c.Section((c.Row("a", "A"),)), c.Section((c.Row("b", "B"),)))),
         "meta_empty"),
        (c.Location(91, 0), "meta_out_of_range"),
        (c.Location("north", 0), "meta_bad_pattern"),
        (c.Flow("b", "Go", flow_id="1"), "meta_empty"),
        (c.Flow("b", "Go", flow_name="x", screen="A"), "infobip_no_place"),
        (c.Flow("b", "Go", flow_id="1", action="data_exchange", screen="A"), "meta_choose"),
        (c.CallButton("b", ttl_minutes=0), "meta_out_of_range"),
        (c.Carousel("b", (cards(c.Button("i", "t")).cards[0],)), "meta_too_few"),
        (c.Contacts((c.ContactCard(),)), "meta_empty"),
    ],
)  # fmt: skip
def test_refused_before_any_call(content: c.Outbound, sentence: str) -> None:
    for channel in CHANNELS.values():
        assert refusal(content, channel).sentence.id == sentence


def test_the_version_of_a_flow_is_a_number() -> None:
    for version in ("new", ""):
        flow = c.Flow("b", "Go", flow_id="1", screen="A", version=version)
        assert refusal(flow).sentence.id == "meta_choose"


def test_the_neutral_input_is_left_as_it_is() -> None:
    extra = {"content": {"x": {"y": 1}}, "options": {"schedule": {}, "a": 1}}
    before_extra = json.dumps(extra)
    for channel in (*CHANNELS.values(), SMS):
        for kind, content in SAMPLES.items():
            before = c.encode(content)
            render(content, channel, extra=extra, reference="r")
            assert c.encode(content) == before, kind
            assert json.dumps(extra) == before_extra, kind


# --- signals and files ---------------------------------------------------------------------------


def test_a_message_is_marked_as_read() -> None:
    made = infobip.render_signal(OTHER, WHOM, "wamid.A_b-c=/d", False, TWO)
    assert made.url == (
        "https://north.api.infobip.com/whatsapp/1/senders/447700900101/message/"
        "wamid.A_b-c%3D%2Fd/read"
    )
    assert (made.method, made.json, made.purpose) == ("POST", None, "mark_read")


def test_typing_names_the_person() -> None:
    made = infobip.render_signal(NUMBER, WHOM, "in-1", True, WHATSAPP)
    assert (made.url, made.json) == (
        f"{HOST}/whatsapp/1/events",
        load("outbound/event_typing_indicator.json"),
    )
    read = infobip.render_signal(NUMBER, Group("g-1"), "in-1", True, WHATSAPP)
    assert read.purpose == "mark_read"


FILE = "/whatsapp/1/senders/447700900100/media/6c1f0b52"


@pytest.mark.parametrize(
    ("link", "url", "with_login"),
    [
        (f"https://api.infobip.com{FILE}", f"{HOST}{FILE}", True),
        (f"{HOST}{FILE}", f"{HOST}{FILE}", True),
        (f"http://127.0.0.1:8400/emulated/infobip{FILE}", f"{HOST}{FILE}", True),
        # A made-up address never takes the login anywhere but to our own account's files.
        (f"https://evil.example{FILE}", f"{HOST}{FILE}", True),
        ("https://evil.example/a.png", "https://evil.example/a.png", False),
        (f"https://evil.example{FILE}/../../../account", None, False),
        (f"https://evil.example{FILE}?x=1", None, False),
        ("https://x/whatsapp/1/senders/../media/..", None, False),
    ],
)
def test_files_are_asked_of_our_own_host(link: str, url: str | None, with_login: bool) -> None:
    made = infobip.render_media(NUMBER, None, link, WHATSAPP)
    assert made is not None
    assert (made.method, made.url, made.purpose) == ("GET", url or link, "media_download")
    assert ("Authorization" in made.headers) is with_login


def test_a_file_by_its_id() -> None:
    made = infobip.render_media(NUMBER, "20669_22_1/x", None, WHATSAPP)
    assert made is not None
    assert made.url == f"{HOST}/whatsapp/1/senders/{NUMBER}/media/20669_22_1%2Fx"
    assert infobip.render_media(NUMBER, None, None, WHATSAPP) is None
    assert infobip.render_upload(NUMBER, None, WHATSAPP) is None  # type: ignore[arg-type]
