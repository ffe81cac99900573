"""Every message out: each fixture from its own neutral input, every limit, raw and extra."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.identity import Bsuid, Group, Phone
from dragoman.domain.sentences import Sentence, known, say, term
from dragoman.partners import cloud_api
from dragoman.partners.contract import NATIVE, HttpCall, OutboundMessage, Unsupported

FIXTURES = Path(__file__).parent.parent / "fixtures" / "cloud_api"
NEUTRAL = sorted(FIXTURES.glob("neutral/*.json"))
NUMBER = "106540352242922"
CHANNEL = cloud_api.Settings(
    numbers=(cloud_api.Number(NUMBER),), token="token-of-the-test", app_secret="0f" * 16
)
WHOM = Phone("12025550142")
FAMILY = "👨‍👩‍👧‍👦"  # seven code points, one character
TEXTS = ("a", "क", FAMILY, "ש", "नमस्ते ")
PNG = "https://www.example.com/a.png"


def call(body: Any, endpoint: str = "messages") -> HttpCall:
    return HttpCall(
        "POST",
        f"https://graph.facebook.com/v26.0/{NUMBER}/{endpoint}",
        "send",
        {"Authorization": "Bearer token-of-the-test"},
        json=body,
    )


def render(content: c.Outbound, whom: Any = WHOM, **more: Any) -> HttpCall | Unsupported:
    return cloud_api.render(OutboundMessage(whom, NUMBER, content, **more), CHANNEL)


def body_of(content: c.Outbound, whom: Any = WHOM, **more: Any) -> Any:
    rendered = render(content, whom, **more)
    assert isinstance(rendered, HttpCall), rendered
    return rendered.json


def refusal(content: c.Outbound, whom: Any = WHOM, **more: Any) -> Unsupported:
    rendered = render(content, whom, **more)
    assert isinstance(rendered, Unsupported), rendered
    assert rendered.sentence.id in known()
    assert "?" not in say(rendered.sentence).replace("?'", "")
    return rendered


@pytest.mark.parametrize("case", NEUTRAL, ids=lambda path: path.stem)
def test_every_fixture_is_rendered_whole(case: Path) -> None:
    message = msgspec.json.decode(case.read_bytes(), type=OutboundMessage)
    expected = json.loads((FIXTURES / "outbound" / case.name).read_text())
    endpoint = "marketing_messages" if case.stem.startswith("marketing") else "messages"
    rendered = cloud_api.render(message, CHANNEL)
    assert rendered == call(expected, endpoint)
    assert isinstance(rendered, HttpCall)
    assert list(rendered.json) == list(expected)  # the envelope in Meta's order


def test_every_message_fixture_has_a_neutral_input_and_every_kind_a_capability() -> None:
    others = ("mgmt_", "auth_", "response_", "mark_as_read")
    messages = {p.stem for p in FIXTURES.glob("outbound/*.json") if not p.stem.startswith(others)}
    assert messages == {path.stem for path in NEUTRAL}
    kinds = {str(kind.__struct_config__.tag) for kind in c.Outbound.__args__}
    assert dict(cloud_api.CAPABILITIES[""]) == dict.fromkeys(kinds, NATIVE)
    seen = {json.loads(path.read_text())["content"]["kind"] for path in NEUTRAL}
    assert kinds - seen == {"raw"}


@pytest.mark.parametrize(
    ("name", "typing"), [("mark_as_read", False), ("mark_as_read_typing", True)]
)
def test_signals(name: str, typing: bool) -> None:
    body = json.loads((FIXTURES / f"outbound/{name}.json").read_text())
    rendered = cloud_api.render_signal(NUMBER, WHOM, body["message_id"], typing, CHANNEL)
    purpose = "typing" if typing else "mark_read"
    assert rendered == msgspec.structs.replace(call(body), purpose=purpose)


def test_a_channel_says_where_and_as_whom() -> None:
    channel = cloud_api.Settings(
        token="t0ken-t0ken",
        app_secret="0" * 32,
        graph_version="v25.0",
        graph_url="http://127.0.0.1:9",
        appsecret_proof=True,
    )
    rendered = cloud_api.render(OutboundMessage(WHOM, "1/2", c.Text("hi")), channel)
    assert isinstance(rendered, HttpCall)
    assert rendered.url == "http://127.0.0.1:9/v25.0/1%2F2/messages"
    ((name, proof),) = rendered.query
    assert (name, len(proof)) == ("appsecret_proof", 64)
    assert rendered.secret_query == {"appsecret_proof"}
    assert rendered.secret_headers == {"authorization"}


# --- limits --------------------------------------------------------------------------------------


def buttons(*titles: str, **more: Any) -> c.Buttons:
    made = tuple(c.Button(f"id-{i}", title) for i, title in enumerate(titles))
    return c.Buttons(more.pop("body", "body"), made, **more)


def rows(count: int, start: int = 0, **first: Any) -> tuple[c.Row, ...]:
    made = [c.Row(f"r{i}", f"Row {i}") for i in range(start, start + count)]
    made[0] = msgspec.structs.replace(made[0], **first)
    return tuple(made)


def menu(**more: Any) -> c.List:
    more.setdefault("sections", (c.Section(rows(1)),))
    return c.List(more.pop("body", "body"), more.pop("button", "Open"), **more)


def card(**more: Any) -> c.Card:
    more.setdefault("header", c.Header(image=c.Media(link=PNG)))
    if "buttons" not in more:
        more.setdefault("label", "Look")
        more.setdefault("url", "https://example.com")
    return c.Card(**more)


def tpl(**more: Any) -> c.Template:
    return c.Template(more.pop("name", "t"), "en_US", **more)


def bill(reference: str, currency: str = "INR") -> c.OrderDetails:
    return c.OrderDetails("b", reference, currency, c.Amount(1))


# name of the limit, the limit, a message with a text of the length
SIZED: list[tuple[str, int, Any]] = [
    ("text", 4096, lambda t: c.Text(t)),
    ("caption", 1024, lambda t: c.Image("1", caption=t)),
    ("caption", 1024, lambda t: c.Video("1", caption=t)),
    ("caption", 1024, lambda t: c.Document("1", caption=t)),
    ("body", 1024, lambda t: buttons("Yes", body=t)),
    ("footer", 60, lambda t: buttons("Yes", footer=t)),
    ("header text", 60, lambda t: buttons("Yes", header=c.Header(t))),
    ("button title", 20, lambda t: buttons(t)),
    ("button id", 256, lambda t: c.Buttons("b", (c.Button(t, "Yes"),))),
    ("list body", 4096, lambda t: menu(body=t)),
    ("list button", 20, lambda t: menu(button=t)),
    ("section title", 24, lambda t: menu(sections=(c.Section(rows(1), t),))),
    ("row title", 24, lambda t: menu(sections=(c.Section(rows(1, title=t)),))),
    ("row id", 200, lambda t: menu(sections=(c.Section(rows(1, id=t)),))),
    ("row description", 72, lambda t: menu(sections=(c.Section(rows(1, description=t)),))),
    ("link label", 20, lambda t: c.CtaUrl("b", t, "https://example.com")),
    ("body", 1024, lambda t: c.CtaUrl(t, "Go", "https://example.com")),
    ("body", 1024, lambda t: c.Product("1", "2", t)),
    ("body", 1024, lambda t: c.Catalog(t)),
    ("body", 1024, lambda t: c.LocationRequest(t)),
    ("body", 1024, lambda t: c.ContactRequest(t)),
    ("body", 1024, lambda t: c.CallPermissionRequest(t)),
    ("body", 1024, lambda t: c.AddressRequest(t)),
    ("body", 1024, lambda t: c.Flow(t, "Go", flow_id="1")),
    ("body", 1024, lambda t: c.OrderDetails(t, "r", "BRL", c.Amount(1))),
    ("body", 1024, lambda t: c.OrderStatus(t, "r", "shipped")),
    ("status description", 120, lambda t: c.OrderStatus("b", "r", "shipped", t)),
    ("call label", 20, lambda t: c.CallButton("b", t)),
    ("call payload", 512, lambda t: c.CallButton("b", payload=t)),
    ("body", 1024, lambda t: c.Carousel(t, (card(), card()))),
    ("card body", 160, lambda t: c.Carousel("b", (card(body=t), card(body=t)))),
    ("link label", 20, lambda t: c.Carousel("b", (card(label=t), card()))),
    ("one-time code", 15, lambda t: tpl(code=t)),
    ("template name", 512, lambda t: tpl(name=t)),
    ("copy code", 20, lambda t: tpl(buttons=(c.CopyCodeButton(0, t),))),
]


@pytest.mark.parametrize("script", TEXTS)
@pytest.mark.parametrize(("field", "limit", "make"), SIZED)
def test_exactly_the_limit_is_sent_and_one_more_is_refused(
    field: str, limit: int, make: Any, script: str
) -> None:
    full = (script * limit)[: limit - 1] + "x"  # never ends in white space
    assert isinstance(render(make(full)), HttpCall)
    args = {"field": term(field), "length": limit + 1, "limit": limit}
    assert refusal(make(full + "x")) == Unsupported(Sentence("meta_too_long", args), Code.TOO_LONG)


def test_the_limits_count_code_points_and_not_bytes_or_characters() -> None:
    assert len("शुभ") == 3 and len("शुभ".encode()) == 9
    assert isinstance(render(buttons("शुभ" * 6)), HttpCall)
    assert refusal(buttons(FAMILY * 3)).sentence.args["length"] == 21


def choose(field: str, rule: str) -> Sentence:
    return Sentence("meta_choose", {"field": field, "rule": rule})


def few(field: str, count: int, limit: int) -> Sentence:
    return Sentence("meta_too_few", {"field": field, "count": count, "limit": limit})


def many(field: str, count: int, limit: int) -> Sentence:
    return Sentence("meta_too_many", {"field": field, "count": count, "limit": limit})


def empty(field: str) -> Sentence:
    return Sentence("meta_empty", {"field": field})


REFUSED: list[tuple[c.Outbound, Sentence]] = [
    (c.Text(""), empty("text")),
    (c.Text(" \n"), empty("text")),
    (buttons(), few("buttons", 0, 1)),
    (buttons("1", "2", "3", "4"), many("buttons", 4, 3)),
    (buttons("A", "A"), Sentence("meta_not_unique", {"field": "button titles", "value": "A"})),
    (buttons("", "A"), empty("button title")),
    (
        c.Buttons("b", (c.Button("x", "A"), c.Button("x", "B"))),
        Sentence("meta_not_unique", {"field": "button ids", "value": "x"}),
    ),
    (
        buttons("A", header=c.Header("t", c.Media("1"))),
        Sentence("meta_header_parts", {"found": "text, image"}),
    ),
    (buttons("A", header=c.Header()), Sentence("meta_header_parts", {"found": "nothing"})),
    (
        menu(header=c.Header(image=c.Media("1"))),
        Sentence("meta_bad_header", {"kind": "list", "found": "image", "allowed": "text"}),
    ),
    (menu(sections=()), few("sections", 0, 1)),
    (menu(sections=(c.Section(rows(11)),)), many("rows", 11, 10)),
    (menu(sections=(c.Section(rows(6), "A"), c.Section(rows(5, 6), "B"))), many("rows", 11, 10)),
    (menu(sections=(c.Section(rows(1), "A"), c.Section(rows(1, 1)))), empty("section title")),
    (menu(sections=(c.Section(rows(1), "A"), c.Section((), "B"))), few("rows", 0, 1)),
    (
        menu(sections=(c.Section(rows(1), "A"), c.Section(rows(1), "B"))),
        Sentence("meta_not_unique", {"field": "row ids", "value": "r0"}),
    ),
    (
        menu(sections=tuple(c.Section(rows(1, i), str(i)) for i in range(11))),
        many("sections", 11, 10),
    ),
    (c.Image(), Sentence("meta_id_or_link", {"field": "image", "found": "neither"})),
    (c.Sticker("1", PNG), Sentence("meta_id_or_link", {"field": "sticker", "found": "both"})),
    (
        c.Audio(link="ftp://a/b"),
        Sentence("meta_bad_link", {"field": "audio link", "value": "ftp://a/b"}),
    ),
    (
        c.CtaUrl("b", "Go", "javascript:alert(1)"),
        Sentence("meta_bad_link", {"field": "link", "value": "javascript:alert(1)"}),
    ),
    (
        c.Location(91, 0),
        Sentence("meta_out_of_range", {"field": "latitude", "value": 91.0, "low": -90, "high": 90}),
    ),
    (
        c.Location("here", "there"),
        Sentence(
            "meta_bad_pattern",
            {
                "field": "latitude",
                "value": "here",
                "rule": "write decimal degrees, like 37.4421",
            },
        ),
    ),
    (c.Contacts(()), few("contacts", 0, 1)),
    (c.Contacts((c.ContactCard(),)), empty("contact's name")),
    (
        c.Contacts(tuple(c.ContactCard(c.ContactName("A B", "A")) for _ in range(258))),
        many("contacts", 258, 257),
    ),
    (
        c.Contacts((c.ContactCard(c.ContactName("A")),)),
        choose(
            "contact's name",
            "beside formatted_name it needs one of first_name, last_name, middle_name, prefix and "
            "suffix",
        ),
    ),
    (c.Reaction("", "😀"), empty("id of the message reacted to")),
    (c.Flow("b", "Go"), choose("flow", "give either flow_id or flow_name")),
    (c.Flow("b", "Go", "1", "n"), choose("flow", "give either flow_id or flow_name")),
    (
        c.Flow("b", "Go", "1", action="data_exchange", screen="S"),
        choose(
            "flow's first screen",
            "screen and data belong to the action navigate; data_exchange asks your endpoint",
        ),
    ),
    (c.Flow("b", "Go", "1", data={"a": 1}), empty("flow's first screen")),
    (
        c.Products("1", c.Header("h"), "b", (c.ProductSection(tuple(map(str, range(31))), "s"),)),
        many("products", 31, 30),
    ),
    (
        c.Products("1", c.Header(video=c.Media("1")), "b", (c.ProductSection(("1",)),)),
        Sentence("meta_bad_header", {"kind": "product_list", "found": "video", "allowed": "text"}),
    ),
    (c.Carousel("b", (card(),)), few("cards", 1, 2)),
    (c.Carousel("b", tuple(card() for _ in range(11))), many("cards", 11, 10)),
    (c.Carousel("b", (card(), card(body="x"))), Sentence("meta_cards_differ", {"index": 2})),
    (
        c.Carousel("b", (card(buttons=(c.Button("1", "A"),)), card())),
        Sentence("meta_cards_differ", {"index": 2}),
    ),
    (
        c.Carousel("b", (card(url=None, label=None), card(url=None, label=None))),
        choose("card 1", "give either a link (label and url) or buttons"),
    ),
    (
        c.Carousel("b", (card(body="1\n2\n3\n4"), card(body="1"))),
        choose("card body", "at most two line breaks"),
    ),
    (
        c.Carousel("b", (card(header=c.Header("t")), card(header=c.Header("t")))),
        Sentence(
            "meta_bad_header", {"kind": "carousel", "found": "text", "allowed": "image, video"}
        ),
    ),
    (
        c.ProductCarousel("b", (c.ProductCard("1", "2"), c.ProductCard("3", "4"))),
        choose("product carousel", "all its products must be of one catalog"),
    ),
    (
        c.CallButton("b", ttl_minutes=0),
        Sentence(
            "meta_out_of_range",
            {
                "field": "life of the call button in minutes",
                "value": 0,
                "low": 1,
                "high": 43_200,
            },
        ),
    ),
    (
        bill("order 1"),
        Sentence(
            "meta_bad_pattern",
            {
                "field": "reference id",
                "value": "order 1",
                "rule": "use letters, digits, _, . and -",
            },
        ),
    ),
    (
        bill("x" * 36),
        Sentence("meta_too_long", {"field": "reference id", "length": 36, "limit": 35}),
    ),
    (
        bill("x" * 61, "BRL"),
        Sentence("meta_too_long", {"field": "reference id", "length": 61, "limit": 60}),
    ),
    (bill("r"), empty("order")),
    (c.OrderStatus("b", "r"), choose("order status", "give status, payment_status or both")),
    (
        c.OrderStatus("b", "r", payment_status="paid"),
        Sentence(
            "meta_bad_pattern",
            {
                "field": "payment status",
                "value": "paid",
                "rule": "WhatsApp knows captured, failed, pending",
            },
        ),
    ),
    (tpl(name=""), empty("template name")),
    (tpl(body=(c.TextParam(""),)), empty("template value")),
    (
        tpl(code="1", body=(c.TextParam("1"),)),
        choose(
            "authentication template",
            "with a code, leave body and buttons out: the code fills both",
        ),
    ),
    (
        tpl(header=c.MediaParam("image")),
        Sentence("meta_id_or_link", {"field": "template image", "found": "neither"}),
    ),
    (tpl(cards=(c.TemplateCard(),)), few("cards", 1, 2)),
    (
        tpl(cards=(c.TemplateCard(), c.TemplateCard(c.MediaParam("image", "1")))),
        Sentence("meta_cards_differ", {"index": 2}),
    ),
    (
        tpl(buttons=(c.QuickReplyButton(10, "x"),)),
        Sentence("meta_out_of_range", {"field": "button index", "value": 10, "low": 0, "high": 9}),
    ),
]


@pytest.mark.parametrize(("content", "sentence"), REFUSED)
def test_what_whatsapp_would_refuse_is_refused_before_any_call(
    content: c.Outbound, sentence: Sentence
) -> None:
    told = refusal(content).sentence
    assert (told.id, say(told)) == (sentence.id, say(sentence))


# --- recipients ----------------------------------------------------------------------------------


def test_a_phone_always_goes_with_its_plus_and_a_bsuid_never_under_to() -> None:
    envelope = {"messaging_product": "whatsapp", "recipient_type": "individual"}
    body = {"type": "text", "text": {"body": "hi"}}
    assert body_of(c.Text("hi")) == {**envelope, "to": "+12025550142", **body}
    assert body_of(c.Text("hi"), Bsuid("US.1")) == {**envelope, "recipient": "US.1", **body}


def test_a_one_time_code_needs_a_phone() -> None:
    refused = refusal(tpl(code="1234"), Bsuid("US.1"))
    assert refused == Unsupported(Sentence("meta_bsuid_code"), Code.UNSUPPORTED)
    assert isinstance(render(tpl(), Bsuid("US.1")), HttpCall)


def test_a_group_takes_text_files_and_templates() -> None:
    group = Group("Y2FwaQ")
    taken: tuple[c.Outbound, ...] = (
        c.Text("hi"),
        c.Image("1"),
        tpl(),
        c.Raw({"text": {"body": "hi"}}),
    )
    for content in taken:
        body = body_of(content, group)
        assert (body["recipient_type"], body["to"]) == ("group", "Y2FwaQ")
    refused: tuple[c.Outbound, ...] = (
        buttons("A"),
        c.Reaction("wamid.A", "😀"),
        c.Location(1, 2),
    )
    for content in refused:
        assert refusal(content, group).code is Code.UNSUPPORTED


def test_reference_quote_and_category() -> None:
    assert refusal(c.Text("hi"), reference="x" * 513).code is Code.TOO_LONG
    assert body_of(c.Text("hi"), reference="x" * 512)["biz_opaque_callback_data"] == "x" * 512
    # A reaction names its message itself.
    assert "context" not in body_of(c.Reaction("wamid.A", "😀"), reply_to="wamid.B")
    assert refusal(c.Image("1"), category="utility").sentence.id == "meta_category_kind"
    assert refusal(c.Text("hi"), category="party").sentence.id == "meta_category_unknown"
    assert body_of(buttons("A"), category="utility")["category"] == "utility"


# --- raw and extra -------------------------------------------------------------------------------


def test_a_native_object_gets_envelope_and_recipient_and_cannot_choose_another() -> None:
    payload = {
        "messaging_product": "sms",
        "recipient_type": "group",
        "to": "+12025550199",
        "recipient": "US.9",
        "type": "text",
        "text": {"body": "hi"},
        "biz_opaque_callback_data": "mine",
    }
    assert body_of(c.Raw(payload), reference="ours", reply_to="wamid.Q") == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+12025550142",
        "context": {"message_id": "wamid.Q"},
        "biz_opaque_callback_data": "ours",
        "type": "text",
        "text": {"body": "hi"},
    }


def test_the_type_of_a_native_object_is_seen_where_it_is_clear() -> None:
    assert body_of(c.Raw({"location": {"latitude": 1, "longitude": 2}}))["type"] == "location"
    known_types = (
        "text, image, video, audio, document, sticker, location, contacts, reaction, template, "
        "interactive"
    )
    none = {"found": term("none of its bodies"), "known": known_types}
    assert refusal(c.Raw({"a": 1})).sentence == Sentence("meta_raw_type", none)
    two = {"found": "text, image", "known": known_types}
    payload: dict[str, Any] = {"text": {}, "image": {}}
    assert refusal(c.Raw(payload)).sentence == Sentence("meta_raw_type", two)
    assert refusal(c.Raw({"type": "text"})).sentence == Sentence("meta_raw_body", {"type": "text"})
    # A type that Meta adds tomorrow goes through.
    assert body_of(c.Raw({"type": "poll", "poll": {"q": "?"}}))["poll"] == {"q": "?"}


@pytest.mark.parametrize(
    ("payload", "template"),
    [
        ({"type": "template", "template": {"name": "t"}}, True),
        ({"template": {"name": "t"}}, True),
        ({"type": "template"}, True),  # refused before it is sent
        ({"type": "text", "text": {"body": "hi"}}, False),
        ({"type": "text", "text": {"body": "hi"}, "template": {"name": "t"}}, False),
        ({"text": {}, "template": {}}, False),
        ({"type": "interactive", "interactive": {"type": "button"}}, False),
        ({"templates": {}}, False),
    ],
)
def test_which_native_objects_are_templates(payload: Any, template: bool) -> None:
    assert cloud_api.is_template(payload, CHANNEL) is template


def test_extra_is_merged_last_and_cannot_change_the_recipient() -> None:
    neutral = c.Raw({"type": "text", "text": {"body": "hi"}})
    extra = {"to": "+12025550199", "text": {"preview_url": True, "body": "ho"}, "ttl": 5}
    assert body_of(neutral, extra=extra) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+12025550142",
        "type": "text",
        "text": {"body": "ho", "preview_url": True},
        "ttl": 5,
    }
    assert neutral.payload == {"type": "text", "text": {"body": "hi"}}  # left as it was


# --- templates without a fixture -----------------------------------------------------------------


def test_the_rest_of_the_template_values() -> None:
    content = tpl(
        header=c.MediaParam("gif", link="https://www.example.com/a.mp4"),
        body=(c.GroupParam("G1"), c.CurrencyParam("$1", "USD", 1000, "price")),
        tap_target_url="https://example.com",
        tap_target_title="Shop",
        buttons=(c.CatalogButton(0), c.FlowButton(1), c.VoiceCallButton(index=2)),
        components=({"type": "new", "parameters": []},),
    )
    assert body_of(content)["template"]["components"] == [
        {
            "type": "header",
            "parameters": [{"type": "gif", "gif": {"link": "https://www.example.com/a.mp4"}}],
        },
        {
            "type": "body",
            "parameters": [
                {"type": "group_id", "group_id": "G1"},
                {
                    "type": "currency",
                    "parameter_name": "price",
                    "currency": {"fallback_value": "$1", "code": "USD", "amount_1000": 1000},
                },
            ],
        },
        {
            "type": "button",
            "sub_type": "CATALOG",
            "index": 0,
            "parameters": [{"type": "action", "action": {}}],
        },
        {
            "type": "button",
            "sub_type": "flow",
            "index": "1",
            "parameters": [{"type": "action", "action": {}}],
        },
        {"type": "button", "sub_type": "voice_call", "index": 2, "parameters": []},
        {
            "type": "tap_target_configuration",
            "parameters": [
                {
                    "type": "tap_target_configuration",
                    "tap_target_configuration": [{"url": "https://example.com", "title": "Shop"}],
                }
            ],
        },
        {"type": "new", "parameters": []},
    ]


def test_a_strict_marketing_send() -> None:
    rendered = render(tpl(marketing=c.Marketing(strict=True)))
    assert isinstance(rendered, HttpCall)
    assert rendered.url.endswith("/marketing_messages")
    assert rendered.json["product_policy"] == "STRICT"
    assert "message_activity_sharing" not in rendered.json


# --- whatever is said ----------------------------------------------------------------------------

LETTERS = st.text(st.sampled_from("aक्ि👨‍\u200d👩שـ \n1"), max_size=90)


def interactive() -> st.SearchStrategy[c.Outbound]:
    button = st.builds(c.Button, LETTERS, LETTERS)
    row = st.builds(c.Row, LETTERS, LETTERS, st.none() | LETTERS)
    section = st.builds(c.Section, st.lists(row, max_size=6).map(tuple), st.none() | LETTERS)
    head = st.none() | st.builds(c.Header, LETTERS)
    foot = st.none() | LETTERS
    return (
        st.builds(c.Buttons, LETTERS, st.lists(button, max_size=4).map(tuple), head, foot)
        | st.builds(c.List, LETTERS, LETTERS, st.lists(section, max_size=4).map(tuple), head, foot)
        | st.builds(c.CtaUrl, LETTERS, LETTERS, st.just("https://example.com"), head, foot)
    )


def lengths(body: Any) -> list[tuple[str, int, int]]:
    """Every text of an interactive body that has a limit, with its length and that limit."""
    action = body["action"]
    out = [("body", len(body["body"]["text"]), 4096 if body["type"] == "list" else 1024)]
    if "header" in body:
        out.append(("header", len(body["header"]["text"]), 60))
    if "footer" in body:
        out.append(("footer", len(body["footer"]["text"]), 60))
    for button in action.get("buttons", ()):
        out += [
            ("title", len(button["reply"]["title"]), 20),
            ("id", len(button["reply"]["id"]), 256),
        ]
    for section in action.get("sections", ()):
        out.append(("section", len(section.get("title", "")), 24))
        for row in section["rows"]:
            out += [("row", len(row["title"]), 24), ("id", len(row["id"]), 200)]
            out.append(("description", len(row.get("description", "")), 72))
    return out


@settings(max_examples=200, deadline=None)
@given(interactive())
def test_no_body_is_ever_over_a_limit(content: c.Outbound) -> None:
    rendered = render(content)
    if isinstance(rendered, Unsupported):
        assert say(rendered.sentence)
        return
    body = rendered.json["interactive"]
    assert [part for part in lengths(body) if part[1] > part[2]] == []
    assert 1 <= len(body["action"].get("buttons", "x")) <= 3
    assert sum(len(section["rows"]) for section in body["action"].get("sections", ())) <= 10
