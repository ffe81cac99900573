"""Meta's own message object, written by an author, works at every partner: natively where the
partner takes it, else as the neutral message that it stands for."""

from __future__ import annotations

import types
from typing import Any, cast

import gupshup_channel
import infobip_channel
import karix_channel
import netcore_channel
import pytest
from partner_cases import PNG, samples

from dragoman.domain import content as c
from dragoman.domain.identity import Phone
from dragoman.engine.apps import Copy
from dragoman.engine.speaking import Spoken, spoken
from dragoman.partners import cloud_api
from dragoman.partners._cloud.envelope import message_body
from dragoman.partners._cloud.outbound import neutral
from dragoman.partners.contract import HttpCall, OutboundMessage, Unsupported
from dragoman.partners.registry import partner

WHOM = Phone("919900000001")
CLOUD = cloud_api.Settings(numbers=(cloud_api.Number("1"),), token="t", app_secret="0f" * 16)
CHANNELS: dict[str, tuple[str, str, Any]] = {
    "cloud_api": ("cloud-api", "1", CLOUD),
    **{f"gupshup {name}": ("gupshup", gupshup_channel.NUMBER, channel)
       for name, channel in gupshup_channel.CHANNELS.items()},
    **{f"infobip {name}": ("infobip", infobip_channel.NUMBER, channel)
       for name, channel in infobip_channel.CHANNELS.items()},
    "karix": ("karix", karix_channel.NUMBER, karix_channel.CHANNEL),
    "netcore": ("netcore", netcore_channel.NUMBER, netcore_channel.CHANNEL),
}  # fmt: skip
PASS_ON = ("cloud_api", "gupshup v3")
SAMPLE = {"type": "image", "image": {"link": PNG, "caption": "Assam"}}  # of the documentation


def said(payload: dict[str, Any], where: str) -> Spoken:
    name, _, settings = CHANNELS[where]
    return spoken(
        c.Raw(payload), cast(Copy, types.SimpleNamespace(settings={name: settings})), name
    )


def sent(content: c.Outbound, where: str) -> HttpCall | Unsupported:
    name, number, settings = CHANNELS[where]
    return partner(name).render(OutboundMessage(WHOM, number, content), settings)


def meta(content: c.Outbound) -> dict[str, Any]:
    """The object that Meta's documentation has for it."""
    body = message_body(OutboundMessage(WHOM, "1", content))
    return {name: body[name] for name in ("type", body["type"])}


@pytest.mark.parametrize("where", CHANNELS)
def test_the_documented_sample_is_sent(where: str) -> None:
    (content,) = said(SAMPLE, where).contents
    assert isinstance(sent(content, where), HttpCall)
    if where in PASS_ON:
        assert content == c.Raw(SAMPLE)
    else:
        assert content == c.Image(link=PNG, caption="Assam")
        refused = sent(c.Raw(SAMPLE), where)  # as it is, the partner would refuse it
        assert isinstance(refused, Unsupported) and refused.sentence.id.endswith("_raw_unknown")


READ = (
    *("text", "image", "video", "audio", "document", "sticker", "location", "contacts"),
    *("reaction", "buttons", "list", "cta_url", "location_request"),
)
FULL = (
    c.Text("see https://example.com", preview_url=True),
    c.Audio(id="9", voice=True),
    c.Document(link=PNG, filename="a.png", caption="x"),
    c.Buttons(
        "b", (c.Button("y", "Yes"),), c.Header(document=c.Media(link=PNG, filename="a")), "f"
    ),
    c.List("b", "Open", (c.Section((c.Row("r", "Row", "more"),), "S"),), c.Header("h"), "f"),
    c.CtaUrl("b", "Go", "https://example.com", c.Header(image=c.Media(link=PNG)), "f"),
)


@pytest.mark.parametrize("content", [*(samples({})[kind] for kind in READ), *FULL])
def test_what_meta_s_object_says_is_read_whole(content: c.Outbound) -> None:
    assert neutral(meta(content)) == content


@pytest.mark.parametrize("where", [where for where in CHANNELS if where not in PASS_ON])
@pytest.mark.parametrize("kind", READ)
def test_it_is_sent_as_the_neutral_message_is(where: str, kind: str) -> None:
    content = samples({})[kind]
    name, _, settings = CHANNELS[where]
    copy = cast(Copy, types.SimpleNamespace(settings={name: settings}))
    told = said(meta(content), where)
    if where == "karix" and told.contents == (c.Raw(meta(content)),):
        assert kind in ("location", "buttons", "list", "cta_url", "location_request")  # Karix's own
    else:
        assert told == spoken(content, copy, name)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"image": {"link": PNG}},
        {"type": "image"},
        {"type": ["image"], "image": {"link": PNG}},
        {"type": "image", "image": PNG},
        {"type": "image", "image": {"url": PNG}},
        {"type": "image", "image": {"link": PNG, "kind": "image"}},
        {"type": "image", "image": {"link": PNG}, "caption": "x"},
        {"type": "image", "image": {"link": PNG}, "context": {"message_id": "wamid.Q"}},
        {"type": "image", "image": {"link": 7}},
        {"type": "text", "text": "hi"},
        {"type": "text", "text": {"body": "hi", "colour": "red"}},
        {"type": "contacts", "contacts": [{"name": {"formatted_name": "R"}, "age": 7}]},
        {"type": "template", "template": {"name": "hi", "language": {"code": "en"}}},
        {"type": "interactive", "interactive": {"type": "flow", "body": {"text": "b"}}},
        {"type": "interactive", "interactive": {
            "type": "button", "body": {"text": "b"}, "header": {"type": "image", "text": "h"},
            "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]}}},
    ],
)  # fmt: skip
def test_an_object_that_no_neutral_message_says_whole_is_left(payload: dict[str, Any]) -> None:
    assert neutral(payload) is None


def test_its_envelope_is_not_the_author_s_to_give() -> None:
    given = {"messaging_product": "whatsapp", "to": "12025550142", **SAMPLE}
    assert neutral(given) == c.Image(link=PNG, caption="Assam")


def test_a_long_text_in_it_is_cut_as_any() -> None:
    payload = {"type": "text", "text": {"body": "tea " * 1500}}
    assert len(said(payload, "karix").contents) == 2


@pytest.mark.parametrize(
    "payload",
    [
        SAMPLE,
        {"type": "text", "text": {"body": "hi"}},
        {"type": "audio", "audio": {"link": PNG}},
        {"type": "location", "location": {"latitude": 1, "longitude": 2}},
        {"type": "image", "link": PNG},
        {"type": "list", "body": "b"},
        {"type": "quick_reply", "options": []},
    ],
)
def test_the_access_api_is_sent_no_shape_that_it_does_not_know(payload: dict[str, Any]) -> None:
    refused = sent(c.Raw(payload), "gupshup access")
    assert isinstance(refused, Unsupported) and refused.sentence.id == "gupshup_raw_unknown"


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "image", "id": "9"},
        {"type": "image", "originalUrl": PNG},
        {"type": "sticker", "url": PNG},
        {"type": "location", "longitude": 72.87, "latitude": 19.07},
        {"type": "contact", "contact": {"phones": []}},
        {"type": "list", "items": []},
        {"type": "location_request_message", "body": {}, "action": {}},
    ],
)
def test_its_own_shapes_pass(payload: dict[str, Any]) -> None:
    assert said(payload, "gupshup access").contents == (c.Raw(payload),)
    assert isinstance(sent(c.Raw(payload), "gupshup access"), HttpCall)


@pytest.mark.parametrize("where", [where for where in CHANNELS if where.startswith("gupshup")])
def test_a_script_s_file_passes_as_it_is(where: str) -> None:
    payload = {
        "type": "document", "message_text": "m", "caption": "c", "filename": "a.pdf",
        "document": {"url": PNG},
    }  # fmt: skip
    assert said(payload, where).contents == (c.Raw(payload),)
