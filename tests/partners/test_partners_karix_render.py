"""Every message out: each fixture from its own neutral input, every kind, every limit, the native
objects, and what must not be seen in a log."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from karix_channel import CHANNEL, FIXTURES, KEY, NUMBER, URL, load
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
from dragoman.domain.sentences import Sentence, known, say
from dragoman.egress import redacted
from dragoman.partners import karix
from dragoman.partners.contract import Capability, HttpCall, OutboundMessage, Reply, Unsupported
from dragoman.partners.karix import Settings

NEUTRAL = sorted(FIXTURES.glob("neutral/*.json"))
WHOM = Phone("919900000001")


def render(
    content: c.Outbound, channel: Settings = CHANNEL, whom: Any = WHOM, **more: Any
) -> HttpCall | Unsupported:
    return karix.render(OutboundMessage(whom, NUMBER, content, **more), channel)


def call(content: c.Outbound, channel: Settings = CHANNEL, **more: Any) -> HttpCall:
    rendered = render(content, channel, **more)
    assert isinstance(rendered, HttpCall), rendered
    return rendered


def said(content: c.Outbound, **more: Any) -> dict[str, Any]:
    """The content object."""
    content_object: dict[str, Any] = call(content, **more).json["message"]["content"]
    return content_object


def refusal(content: c.Outbound, whom: Any = WHOM, **more: Any) -> Unsupported:
    rendered = render(content, CHANNEL, whom, **more)
    assert isinstance(rendered, Unsupported), rendered
    assert rendered.sentence.id in known()
    assert "?" not in say(rendered.sentence)
    return rendered


# --- fixtures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", NEUTRAL, ids=lambda path: path.stem)
def test_every_fixture_is_rendered_whole(case: Path) -> None:
    message = msgspec.json.decode(case.read_bytes(), type=OutboundMessage)
    expected = load(f"outbound/{case.name}")
    headers = {k: v for k, v in expected["headers"].items() if k != "Content-Type"}
    assert karix.render(message, CHANNEL) == HttpCall(
        expected["method"],
        expected["url"],
        "send",
        headers,
        json=expected["json"],
        secret_headers=frozenset({"authentication"}),
    )


@pytest.mark.parametrize("case", NEUTRAL, ids=lambda path: path.stem)
def test_every_fixture_is_a_native_object_too(case: Path) -> None:
    """Whole, and as its content alone."""
    expected = load(f"outbound/{case.name}")["json"]
    message = {"reference": "corr-77"}
    assert call(c.Raw(copy.deepcopy(expected)), **message).json == expected
    alone = call(c.Raw(copy.deepcopy(expected["message"]["content"]))).json
    assert alone["message"]["content"] == expected["message"]["content"]


def test_every_message_fixture_has_a_neutral_input_of_a_native_kind() -> None:
    """Bulk and upload are calls that Dragoman does not make: it sends one by one, files by link."""
    others = ("response_", "bulk", "media_upload")
    messages = {p.stem for p in FIXTURES.glob("outbound/*.json") if not p.stem.startswith(others)}
    assert messages == {path.stem for path in NEUTRAL}
    for path in NEUTRAL:
        kind = json.loads(path.read_text())["content"]["kind"]
        assert karix.CAPABILITIES[""][kind].capability is Capability.NATIVE


# --- what can be said ----------------------------------------------------------------------------

SAMPLES = samples(
    {"attachment": {"type": "image", "url": PNG}},
)


def test_every_kind_has_a_sample_and_an_ability() -> None:
    check_table(karix, SAMPLES)
    assert karix.dialect(CHANNEL) == ""


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_table_of_abilities_is_what_the_code_does(kind: str) -> None:
    check_ability(karix, "", SAMPLES[kind], render)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            c.Text("चाय?", preview_url=True),
            {"preview_url": True, "shorten_url": False, "type": "TEXT", "text": "चाय?"},
        ),
        (
            c.Image(link=PNG, caption="x"),
            {"type": "ATTACHMENT", "attachment": {"type": "image", "url": PNG, "caption": "x"}},
        ),
        (
            c.Audio(link=PNG, voice=True),
            {"type": "ATTACHMENT", "attachment": {"type": "audio", "url": PNG}},
        ),
        (
            SAMPLES["location"],
            {
                "type": "location",
                "location": {
                    "latitude": 19.07,
                    "longitude": "72.87",
                    "name": "Office",
                    "address": "Fort",
                },
            },
        ),
        (
            SAMPLES["catalog"],
            {
                "type": "INTERACTIVE",
                "interactive": {
                    "type": "catalog_message",
                    "body": {"text": "b"},
                    "action": {"name": "catalog_message"},
                },
            },
        ),
    ],
)
def test_contents(content: c.Outbound, expected: dict[str, Any]) -> None:
    assert said(content) == expected


# --- envelope, account, reference ----------------------------------------------------------------


def test_the_envelope_is_karixs_and_in_its_order() -> None:
    body = call(c.Text("hi"), reference="ours").json
    assert body == {
        "message": {
            "channel": "WABA",
            "content": said(c.Text("hi")),
            "recipient": {
                "to": "919900000001",
                "recipient_type": "individual",
                "reference": {"cust_ref": "ours"},
            },
            "sender": {"from": NUMBER},
            "preferences": {"webHookDNId": "1001"},
        },
        "metaData": {"version": "v1.0.9"},
    }
    assert list(body["message"]) == ["channel", "content", "recipient", "sender", "preferences"]
    assert "reference" not in call(c.Text("hi")).json["message"]["recipient"]


def test_the_channel_says_where_by_whom_and_to_which_address_reports_go() -> None:
    channel = Settings(
        NUMBER,
        KEY,
        sender="918899999999",
        base_url="http://127.0.0.1:8400/emulated/karix",
        webhook_dn_id="sandbox",
    )
    made = call(c.Text("hi"), channel)
    assert made.url == "http://127.0.0.1:8400/emulated/karix/services/rcm/sendMessage"
    assert made.json["message"]["sender"] == {"from": "918899999999"}
    assert made.json["message"]["preferences"] == {"webHookDNId": "sandbox"}
    assert call(c.Text("hi")).url == URL


THEIRS = {
    "message": {
        "channel": "RCS",
        "recipient": {"to": "1", "recipient_type": "group", "reference": {"cust_ref": "x"}},
        "recipients": [{"to": "1"}],
        "sender": {"from": "2"},
    }
}


def test_what_is_ours_is_never_the_authors() -> None:
    plainly = call(c.Text("hi"), reference="ours").json
    assert call(c.Text("hi"), reference="ours", extra=THEIRS).json == plainly
    native: dict[str, Any] = copy.deepcopy(THEIRS)
    native["message"]["content"] = said(c.Text("hi"))
    assert call(c.Raw(native), reference="ours").json == plainly
    # Without a reference of ours the author's stays.
    reference = call(c.Text("hi"), extra=THEIRS).json["message"]["recipient"]["reference"]
    assert reference == {"cust_ref": "x"}


def test_extra_is_merged_last() -> None:
    extra = {
        "message": {
            "content": {"shorten_url": True},
            "recipient": {"reference": {"messageTag1": "spring"}, "x": 1},
            "sender": {"name": "Tea shop"},
            "preferences": {"webHookDNId": "7"},
            "y": 2,
        },
        "metaData": {"version": "v2"},
        "z": 3,
    }
    body = call(c.Text("hi"), reference="ours", extra=extra).json
    assert body["message"]["content"]["shorten_url"] is True
    assert body["message"]["recipient"]["reference"] == {
        "cust_ref": "ours",
        "messageTag1": "spring",
    }
    assert body["message"]["recipient"]["x"] == 1
    assert body["message"]["sender"] == {"name": "Tea shop", "from": NUMBER}
    assert body["message"]["preferences"] == {"webHookDNId": "7"}
    assert (body["message"]["y"], body["metaData"], body["z"]) == (2, {"version": "v2"}, 3)


@pytest.mark.parametrize("wrong", [None, 7, "x", []])
def test_an_envelope_of_the_wrong_shape_is_put_right(wrong: Any) -> None:
    names = ("recipient", "sender", "preferences")
    extra = {"message": dict.fromkeys(names, wrong), "metaData": wrong}
    assert call(c.Text("hi"), extra=extra).json == call(c.Text("hi")).json


@pytest.mark.parametrize("whom", [Bsuid("IN.1349120865530274"), Group("g-1")])
def test_karix_writes_to_phones_only(whom: Any) -> None:
    refused = refusal(c.Text("hi"), whom)
    assert refused == Unsupported(
        Sentence("karix_needs_phone", {"whom": str(whom)}), Code.UNSUPPORTED
    )


def test_no_secret_is_in_the_log() -> None:
    echoed = Reply(401, {"content-type": "text/plain"}, f"no key {KEY}".encode())
    for kind in ("text", "image", "template", "buttons", "raw"):
        made = call(SAMPLES[kind])
        assert KEY in str(msgspec.to_builtins(made))
        assert KEY not in json.dumps(redacted(made, echoed))
    fetched = karix.render_media(NUMBER, None, PNG, CHANNEL)
    assert fetched == HttpCall("GET", PNG, "media_download")  # a key never goes to their address
    assert karix.render_media(NUMBER, "media-1", None, CHANNEL) is None


# --- templates -----------------------------------------------------------------------------------


def tpl(*values: str, **more: Any) -> c.Template:
    return c.Template(more.pop("name", "t"), "en", body=tuple(map(c.TextParam, values)), **more)


def media_template(content: c.Template) -> dict[str, Any]:
    told = said(content)
    assert told["type"] == "MEDIA_TEMPLATE"
    body: dict[str, Any] = told["mediaTemplate"]
    return body


def test_a_template_of_text_alone() -> None:
    named = c.Template(
        "t", "hi", body=(c.CurrencyParam("₹3", "INR", 3000, "sum"), c.DateTimeParam("Mon", "day"))
    )
    assert said(named)["template"] == {
        "templateId": "t",
        "parameterValues": {"0": "₹3", "1": "Mon"},
    }
    assert said(tpl())["template"] == {"templateId": "t", "parameterValues": {}}


def test_headers_and_buttons_make_it_a_media_template() -> None:
    assert media_template(tpl("a", header=c.TextParam("h"))) == {
        "templateId": "t",
        "headerParameterValues": {"0": "h"},
        "bodyParameterValues": {"0": "a"},
    }
    video = c.MediaParam("video", link=PNG, filename="lost.mp4")
    assert media_template(tpl(header=video)) == {
        "templateId": "t",
        "media": {"type": "video", "url": PNG},
    }
    buttons = (c.QuickReplyButton(0, "p"), c.UrlButton(1, "a"), c.UrlButton(2, "b"))
    assert media_template(tpl(buttons=buttons)) == {
        "templateId": "t",
        "buttons": {
            "actions": [
                {"type": "url", "index": "1", "payload": "a"},
                {"type": "url", "index": "2", "payload": "b"},
            ],
            "quickReplies": [{"index": "0", "payload": "p"}],
        },
    }


def test_a_code_fills_body_and_button() -> None:
    assert media_template(tpl(code="123456")) == {
        "templateId": "t",
        "bodyParameterValues": {"0": "123456"},
        "buttons": {"actions": [{"type": "url", "index": "0", "payload": "123456"}]},
    }


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (tpl(" "), "meta_empty"),
        (tpl(name="Order Update"), "meta_bad_pattern"),
        (tpl(name=" "), "meta_bad_pattern"),
        (tpl(name="a" * 513), "meta_bad_pattern"),
        (tpl(buttons=(c.CopyCodeButton(0, "p"),)), "karix_template_part"),
        (tpl(buttons=(c.UrlButton(10, "p"),)), "meta_out_of_range"),
        (tpl(buttons=(c.UrlButton(0, ""),)), "meta_empty"),
        (tpl(cards=(c.TemplateCard(),)), "karix_template_part"),
        (tpl(components=({"type": "body"},)), "karix_template_part"),
        (tpl(marketing=c.Marketing()), "karix_template_part"),
        (tpl(offer_expires_at=1), "karix_template_part"),
        (tpl(order_status=c.OrderStatus("b", "r", "shipped")), "karix_template_part"),
        (tpl(header=c.LocationParam(1, 2)), "karix_template_part"),
        (tpl(header=c.MediaParam("gif", link=PNG)), "karix_template_part"),
        (tpl(header=c.MediaParam("image", id="1")), "karix_link_only"),
        (tpl(header=c.MediaParam("image")), "karix_no_link"),
        (tpl(code="1" * 16), "meta_too_long"),
        (c.Template("t", "en", body=(c.ProductParam("1", "2"),)), "karix_template_part"),
    ],
)
def test_what_a_template_cannot_say(template: c.Template, sentence: str) -> None:
    assert refusal(template).sentence.id == sentence


# --- native objects ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "content"),
    [
        ({"text": "Hi"}, {"type": "TEXT", "text": "Hi"}),
        ({"type": None, "text": "Hi"}, {"type": "TEXT", "text": "Hi"}),
        ({"type": "text", "text": "Hi"}, {"type": "text", "text": "Hi"}),
        ({"type": "LOCATION", "location": {}}, {"type": "LOCATION", "location": {}}),
        ({"location": {}}, {"type": "location", "location": {}}),
        (
            {"mediaTemplate": {"autoTemplate": "x"}},
            {"type": "MEDIA_TEMPLATE", "mediaTemplate": {"autoTemplate": "x"}},
        ),
        (
            {"type": "AUTO", "mediaTemplate": {"autoTemplate": "x"}},
            {"type": "AUTO", "mediaTemplate": {"autoTemplate": "x"}},
        ),
        (
            {"type": "interactive", "interactive": {"type": "cta_url"}},
            {"type": "interactive", "interactive": {"type": "cta_url"}},
        ),
        (
            {"message": {"content": {"template": {"templateId": "t"}}}},
            {"type": "TEMPLATE", "template": {"templateId": "t"}},
        ),
    ],
)
def test_natives_go_as_they_are_with_their_type(payload: Any, content: Any) -> None:
    before = copy.deepcopy(payload)
    assert said(c.Raw(payload)) == content
    assert payload == before


@pytest.mark.parametrize(
    ("payload", "template"),
    [
        ({"template": {"templateId": "t"}}, True),
        ({"type": "template", "template": {"templateId": "t"}}, True),
        ({"mediaTemplate": {"templateId": "t"}}, True),
        ({"type": "AUTO", "mediaTemplate": {"autoTemplate": "x"}}, True),
        ({"message": {"content": {"template": {"templateId": "t"}}}}, True),
        ({"message": {"content": {"type": "MEDIA_TEMPLATE", "mediaTemplate": {}}}}, True),
        ({"text": "Hi"}, False),
        ({"type": "TEXT", "text": "Hi", "template": {}}, False),
        ({"message": {"content": {"text": "Hi"}}, "template": {}}, False),
        ({"interactive": {"type": "button"}}, False),
        ({"type": "TEMPLATE", "text": "Hi"}, False),  # refused
        ({}, False),
    ],
)
def test_which_native_objects_are_templates(payload: Any, template: bool) -> None:
    assert karix.is_template(payload, CHANNEL) is template


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"hello": "world"},
        {"text": {"body": "Hi"}},
        {"type": "text", "text": {"body": "Hi"}},
        {"type": "TEXT"},
        {"type": "TEXT", "template": {}},
        {"type": "HOLOGRAM", "text": "Hi"},
        {"type": ["TEXT"], "text": "Hi"},
        {"template": {}, "text": "Hi"},
        {"attachment": []},
        {"message": {"content": []}},
        {"message": {"content": {"hello": 1}}},
        {"msg": "Hi", "msg_type": "TEXT"},
    ],
)
def test_an_object_that_is_none_of_the_shapes_is_refused_with_them(payload: Any) -> None:
    refused = refusal(c.Raw(payload))
    assert (refused.sentence.id, refused.code) == ("karix_raw_unknown", Code.INVALID)
    assert "mediaTemplate" in say(refused.sentence)


# --- limits --------------------------------------------------------------------------------------


def deck(body: str = "x", title: str = "Yes", all: str = "b") -> c.Carousel:
    picture = c.Header(image=c.Media(link=PNG))
    return c.Carousel(all, (c.Card(picture, body, buttons=(c.Button("y", title),)),) * 2)


SIZED: list[tuple[str, int, Any]] = [
    ("text", 4096, lambda t: c.Text(t)),
    ("caption", 1024, lambda t: c.Image(link=PNG, caption=t)),
    ("caption", 1024, lambda t: c.Video(link=PNG, caption=t)),
    ("caption", 1024, lambda t: c.Document(link=PNG, caption=t)),
    ("body", 1024, lambda t: buttons(body=t)),
    ("footer", 60, lambda t: buttons(footer=t)),
    ("header text", 60, lambda t: buttons(header=c.Header(t))),
    ("button title", 20, lambda t: buttons(t)),
    ("button id", 256, lambda t: buttons(id=t)),
    ("list body", 4096, lambda t: menu(body=t)),
    ("list button", 20, lambda t: menu(button=t)),
    ("section title", 24, lambda t: menu(title=t)),
    ("row title", 24, lambda t: menu(c.Row("r", t))),
    ("row id", 200, lambda t: menu(c.Row(t, "Row"))),
    ("row description", 72, lambda t: menu(c.Row("r", "Row", t))),
    ("card body", 120, lambda t: deck(t)),
    ("body", 1024, lambda t: deck(all=t)),
    ("button title", 20, lambda t: deck(title=t)),
    ("link suffix", 2000, lambda t: tpl(buttons=(c.UrlButton(0, t),))),
    ("one-time code", 15, lambda t: tpl(code=t)),
]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(("field", "limit", "make"), SIZED)
def test_exactly_the_limit_is_sent_and_one_more_is_refused(
    field: str, limit: int, make: Any, script: str
) -> None:
    check_size(field, limit, make, script, render)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (c.Text("  "), "meta_empty"),
        (c.Image("1"), "karix_link_only"),
        (c.Image("1", PNG), "karix_link_only"),
        (c.Audio(), "karix_no_link"),
        (c.Image(link="files.example/a.png"), "meta_bad_link"),
        (c.Location("north", 1), "meta_bad_pattern"),
        (c.Location(91, 1), "meta_out_of_range"),
        (buttons(header=c.Header(image=c.Media("1"))), "karix_link_only"),
        (c.Carousel("b", (c.Card(c.Header(image=c.Media("1")), "x"),) * 2), "karix_link_only"),
        (c.Carousel("b", (c.Card(c.Header(image=c.Media(link=PNG))),)), "meta_too_few"),
        (c.Buttons("b", ()), "meta_too_few"),
        (c.Buttons("b", tuple(c.Button(x, x) for x in "abcd")), "meta_too_many"),
        (c.Buttons("b", (c.Button("a", "A"), c.Button("b", "A"))), "meta_not_unique"),
        (c.List("b", "Open", (c.Section(tuple(c.Row(str(i), str(i)) for i in range(11))),)),
         "meta_too_many"),
    ],
)  # fmt: skip
def test_refused_before_any_call(content: c.Outbound, sentence: str) -> None:
    assert refusal(content).sentence.id == sentence


def test_the_neutral_input_is_left_as_it_is() -> None:
    for kind, content in SAMPLES.items():
        before = c.encode(content)
        render(content, extra={"message": {"content": {"x": {"y": 1}}}}, reference="r")
        assert c.encode(content) == before, kind
