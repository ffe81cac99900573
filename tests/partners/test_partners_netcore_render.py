"""Every message out: each fixture from its own neutral input, every kind, every limit, the native
objects, opt-in, files, and what must not be seen in a log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from netcore_channel import (
    CHANNEL,
    FIXTURES,
    KEY,
    NUMBER,
    OTHER,
    PLAIN,
    PRIORITY,
    SOURCE,
    TWO,
    channel_of,
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
from dragoman.domain.sentences import Sentence, known, say
from dragoman.egress import redacted
from dragoman.partners import netcore
from dragoman.partners.contract import (
    Capability,
    HttpCall,
    MediaFile,
    OutboundMessage,
    Part,
    Probe,
    Reply,
    Unsupported,
)
from dragoman.partners.netcore import Settings

NEUTRAL = sorted(FIXTURES.glob("neutral/*.json"))
WHOM = Phone("919900000001")
SEND = "https://cpaaswa.netcorecloud.net/api/v2/message/nc"
OTHER_HOST = "https://waapi.pepipost.com/api/v2"


def render(
    content: c.Outbound,
    channel: Settings = CHANNEL,
    whom: Any = WHOM,
    number: str = NUMBER,
    **more: Any,
) -> HttpCall | Unsupported:
    return netcore.render(OutboundMessage(whom, number, content, **more), channel)


def call(content: c.Outbound, channel: Settings = CHANNEL, **more: Any) -> HttpCall:
    rendered = render(content, channel, **more)
    assert isinstance(rendered, HttpCall), rendered
    return rendered


def element(content: c.Outbound, channel: Settings = CHANNEL, **more: Any) -> dict[str, Any]:
    body = call(content, channel, **more).json
    assert list(body) == ["message"] and len(body["message"]) == 1
    told: dict[str, Any] = body["message"][0]
    return told


def refusal(content: c.Outbound, channel: Settings = CHANNEL, **more: Any) -> Unsupported:
    rendered = render(content, channel, **more)
    assert isinstance(rendered, Unsupported), rendered
    assert rendered.sentence.id in known()
    assert "?" not in say(rendered.sentence)
    return rendered


def raw(**payload: Any) -> c.Raw:
    return c.Raw(payload)


def outbound(name: str) -> Any:
    return json.loads((FIXTURES / f"outbound/{name}.json").read_text())


def plain_call(made: HttpCall | None) -> dict[str, Any]:
    """A call as the fixtures write it."""
    assert made is not None
    assert (made.query, made.form, made.parts, made.about) == ((), (), (), NUMBER)
    headers = {**made.headers, "Content-Type": "application/json"}
    return {"method": made.method, "url": made.url, "headers": headers, "json": made.json}


# --- fixtures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", NEUTRAL, ids=lambda path: path.stem)
def test_every_fixture_is_rendered_whole(case: Path) -> None:
    message = msgspec.json.decode(case.read_bytes(), type=OutboundMessage)
    rendered = netcore.render(message, channel_of(case.stem))
    assert isinstance(rendered, HttpCall), rendered
    assert plain_call(rendered) == outbound(case.stem)
    assert rendered.purpose == "send"
    kind = c.kind_of(message.content)
    assert netcore.CAPABILITIES[""][kind].capability is Capability.NATIVE


def test_every_message_fixture_has_a_neutral_input() -> None:
    others = ("response_", "consent_check", "optin")
    messages = {p.stem for p in FIXTURES.glob("outbound/*.json") if not p.stem.startswith(others)}
    assert messages == {path.stem for path in NEUTRAL}


def test_the_consent_api() -> None:
    made = netcore.render_opt_in_look_up(NUMBER, WHOM, CHANNEL)
    assert plain_call(made) == outbound("consent_check")
    browser = {"source": "WEB", "user_agent": "Mozilla/5.0", "ip": "192.0.2.7"}
    made = netcore.render_opt_in(NUMBER, WHOM, CHANNEL, **browser)
    assert plain_call(made) == outbound("optin")
    made = netcore.render_opt_in(NUMBER, WHOM, CHANNEL)
    assert made is not None and made.purpose == "opt_in"
    recipient = {"recipient": "919900000001", "source": "WHATSAPP"}
    assert made.json == {"type": "optin", "recipients": [recipient]}
    made = netcore.render_opt_out(NUMBER, WHOM, CHANNEL)
    assert made is not None and made.purpose == "opt_out"
    assert made.json == {"type": "optout", "recipients": [recipient]}
    for nobody in (Bsuid("IN.1349120865530274"), Group("g-1")):
        assert netcore.render_opt_in_look_up(NUMBER, nobody, CHANNEL) is None
        assert netcore.render_opt_in(NUMBER, nobody, CHANNEL) is None
        assert netcore.render_opt_out(NUMBER, nobody, CHANNEL) is None


def test_opt_in_is_demanded_unless_the_bypass_is_on() -> None:
    assert netcore.demands_opt_in(CHANNEL)
    assert not netcore.demands_opt_in(msgspec.structs.replace(CHANNEL, bypass_opt_in=True))


# --- what can be said ----------------------------------------------------------------------------

SAMPLES = samples(
    {"type_text": [{"content": "hi"}]},
)


def test_every_kind_has_a_sample_and_an_ability() -> None:
    check_table(netcore, SAMPLES)
    assert netcore.dialect(CHANNEL) == ""


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_table_of_abilities_is_what_the_code_does(kind: str) -> None:
    check_ability(netcore, "", SAMPLES[kind], render)


# --- envelope ------------------------------------------------------------------------------------


def test_each_number_has_its_key_and_names_itself() -> None:
    first, second = call(c.Text("hi"), TWO), call(c.Text("hi"), TWO, number=OTHER)
    assert first.headers == {"Authorization": f"Bearer {KEY}"}
    assert second.headers == {"Authorization": "Bearer TESTOTHERKEY"}
    assert first.json["message"][0]["source"] == SOURCE
    assert second.json["message"][0]["source"] == OTHER
    assert (first.about, second.about) == (NUMBER, OTHER)
    refused = refusal(c.Text("hi"), TWO, number="918811111111")
    assert (refused.sentence.id, refused.code) == ("netcore_no_key", Code.TOKEN)


def test_a_channel_says_where() -> None:
    base = "http://127.0.0.1:8400/emulated/netcore"
    channel = msgspec.structs.replace(CHANNEL, base_url=base)
    made = netcore.render_opt_in(NUMBER, WHOM, channel)
    media = netcore.render_media(NUMBER, "9 1/2", None, channel)
    upload = netcore.render_upload(NUMBER, MediaFile(b"x"), channel)
    assert made is not None and media is not None and upload is not None
    assert [x.url for x in (call(c.Text("hi"), channel), made, media, upload)] == [
        f"{base}/api/v2/message/nc",
        f"{base}/api/v2/consent/manage/",
        f"{base}/api/v2/media/9%201%2F2",
        f"{base}/api/v2/media/upload/",
    ]


def test_texts_and_templates_may_go_by_the_priority_lane() -> None:
    header = c.MediaParam("image", link=PNG)
    for content, url in (
        (c.Text("hi"), f"{SEND}/priority"),
        (SAMPLES["template"], f"{SEND}/priority"),
        (SAMPLES["image"], SEND),
        (c.Template("offer", "en", header=header), SEND),
        (SAMPLES["buttons"], SEND),
        (raw(type_text=[{"content": "hi"}]), f"{SEND}/priority"),
    ):
        assert call(content, PRIORITY).url == url
        assert call(content).url == SEND
    assert call(c.Text("hi"), PRIORITY, extra={"message_type": ["x"]}).url == SEND


def test_the_reference_goes_where_it_comes_back_from() -> None:
    assert element(c.Text("hi"), reference="ours")["x-apiheader"] == "ours"
    assert "x-apiheader" not in element(c.Text("hi"))
    theirs = {"x-apiheader": "theirs"}
    assert element(c.Text("hi"), extra=theirs, reference="ours")["x-apiheader"] == "ours"
    assert element(c.Text("hi"), extra=theirs)["x-apiheader"] == "theirs"


@pytest.mark.parametrize("whom", [Bsuid("IN.1349120865530274"), Group("g-1")])
def test_only_phones_are_written_to(whom: Any) -> None:
    refused = refusal(c.Text("hi"), whom=whom)
    assert refused == Unsupported(
        Sentence("netcore_needs_phone", {"whom": str(whom)}), Code.UNSUPPORTED
    )


def test_a_phone_has_ten_to_fifteen_digits() -> None:
    for digits in ("1234567890", "123456789012345"):
        assert element(c.Text("hi"), whom=Phone(digits))["recipient_whatsapp"] == digits
    refused = refusal(c.Text("hi"), whom=Phone("123456789"))
    assert refused.sentence == Sentence("netcore_phone_short", {"whom": "+123456789"})


def test_what_is_ours_is_never_the_authors() -> None:
    theirs = {"recipient_whatsapp": "1", "source": "2"}
    plainly = element(c.Text("hi"))
    assert element(c.Text("hi"), extra=theirs) == plainly
    told = {"message_type": "text", "type_text": [{"content": "hi"}]}
    assert element(c.Raw({**told, **theirs})) == element(c.Raw(told))


def test_extra_is_merged_last() -> None:
    told = element(SAMPLES["template"], extra={"ttl": 2, "cta_link_track": "1", "x": {"y": 1}})
    assert (told["ttl"], told["cta_link_track"], told["x"]) == (2, "1", {"y": 1})
    assert element(c.Text("hi"), extra={"recipient_type": "x"})["recipient_type"] == "x"


def test_no_secret_is_in_the_log() -> None:
    channel = msgspec.structs.replace(CHANNEL, header_name="X-Key", header_value="TESTHEADERVALUE")
    calls = [call(SAMPLES[kind], channel) for kind in ("text", "image", "template", "buttons")]
    calls += [probe.call for probe in netcore.probes(channel)]
    more = (
        netcore.render_opt_in(NUMBER, WHOM, channel),
        netcore.render_opt_in_look_up(NUMBER, WHOM, channel),
        netcore.render_media(NUMBER, "m-1", None, channel),
        netcore.render_upload(NUMBER, MediaFile(b"x", "image/png", "a.png"), channel),
    )
    calls += [one for one in more if one is not None]
    assert len(calls) == 9
    for one in calls:
        echoed = Reply(401, {"content-type": "text/plain"}, f"no: Bearer {KEY}".encode())
        kept = json.dumps(redacted(one, echoed))
        assert KEY in str(msgspec.to_builtins(one))
        assert KEY not in kept and "TESTHEADERVALUE" not in kept


# --- templates -----------------------------------------------------------------------------------


def tpl(*values: str, **more: Any) -> c.Template:
    return c.Template("t", "en", body=tuple(c.TextParam(v) for v in values), **more)


def named(content: c.Template) -> dict[str, Any]:
    told = element(content)
    assert len(told["type_template"]) == 1
    one: dict[str, Any] = told["type_template"][0]
    return one


def test_values_of_a_template() -> None:
    assert named(tpl(policy="fallback"))["language"] == {"locale": "en", "policy": "fallback"}
    assert named(tpl())["attributes"] == []
    money = c.CurrencyParam("3 €", "EUR", 3000)
    day = c.DateTimeParam("23 Nov")
    mixed = c.Template("t", "hi", header=c.TextParam("h"), body=(c.TextParam("क"), money, day))
    assert named(mixed) == {
        "name": "t",
        "attributes": ["h", "क", "3 €", "23 Nov"],
        "language": {"locale": "hi", "policy": "deterministic"},
    }
    assert "type_media_template" not in element(mixed)


def test_what_stands_beside_a_template() -> None:
    media = element(tpl(header=c.MediaParam("video", id="m-1", filename="x.mp4")))
    assert media["message_type"] == "media_template"
    assert media["type_media_template"] == {"type": "video", "media_id": "m-1"}
    button = {"button": [{"index": "1", "payload": "a/1"}]}
    assert element(tpl(buttons=(c.UrlButton(1, "a/1"),)))["type_media_template"] == button
    code = element(c.Template("otp", "en", code="123456"))
    assert code["type_template"][0]["attributes"] == ["123456"]
    assert code["type_media_template"] == {"button": [{"index": "0", "payload": "123456"}]}


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (tpl(" "), "meta_empty"),
        (c.Template(" ", "en"), "meta_empty"),
        (c.Template("t", " "), "meta_empty"),
        (c.Template("t", "e" * 21), "meta_too_long"),
        (tpl(policy="exact"), "netcore_policy"),
        (tpl(buttons=(c.QuickReplyButton(0, "p"),)), "netcore_template_part"),
        (tpl(buttons=(c.UrlButton(10, "p"),)), "meta_out_of_range"),
        (tpl(cards=(c.TemplateCard(),)), "netcore_template_part"),
        (tpl(components=({"type": "body"},)), "netcore_template_part"),
        (tpl(marketing=c.Marketing()), "netcore_template_part"),
        (tpl(header=c.LocationParam(1, 2)), "netcore_template_part"),
        (tpl(header=c.MediaParam("gif", link=PNG)), "netcore_template_part"),
        (tpl(header=c.MediaParam("image")), "meta_id_or_link"),
        (tpl(header=c.MediaParam("image", link="a.png")), "meta_bad_link"),
        (c.Template("t", "en", body=(c.ProductParam("1", "2"),)), "netcore_template_part"),
    ],
)
def test_what_a_template_cannot_say(template: c.Template, sentence: str) -> None:
    assert refusal(template).sentence.id == sentence


# --- native objects ------------------------------------------------------------------------------


def test_native_elements_pass_through() -> None:
    told = {"message_type": "text", "type_text": [{"content": "hi"}]}
    whom = {"recipient_whatsapp": "919900000001", "recipient_type": "individual"}
    ours = {**whom, "source": SOURCE}
    for payload in (
        told,
        {"type_text": told["type_text"]},
        {"message": [told]},
        {"message": [{"type_text": told["type_text"]}]},
    ):
        before = json.dumps(payload)
        assert element(c.Raw(payload), reference="r") == {**told, **ours, "x-apiheader": "r"}
        assert json.dumps(payload) == before
    media = {"type_template": [{"name": "t"}], "type_media_template": {"type": "image"}}
    assert element(c.Raw(media)) == {"message_type": "media_template", **media, **ours}
    kept = element(raw(type_location=[{}], recipient_type="group", ttl=3))
    assert (kept["recipient_type"], kept["ttl"]) == ("group", 3)


@pytest.mark.parametrize(
    ("payload", "template"),
    [
        ({"type_template": [{"name": "t"}]}, True),
        ({"message_type": "template", "type_template": [{"name": "t"}]}, True),
        ({"type_template": [{"name": "t"}], "type_media_template": {"type": "image"}}, True),
        ({"message": [{"type_template": [{"name": "t"}]}]}, True),
        ({"type_text": [{"content": "hi"}]}, False),
        ({"message": [{"type_text": [{"content": "hi"}]}]}, False),
        ({"type_text": [{"content": "hi"}], "template": {}}, False),
        ({"message_type": "text", "type_text": [{}], "type_template": [{}]}, False),
        ({"message_type": "template", "type_text": [{}]}, False),  # refused
        ({"hello": "world"}, False),
    ],
)
def test_which_native_objects_are_templates(payload: Any, template: bool) -> None:
    assert netcore.is_template(payload, CHANNEL) is template


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "text", "text": {"body": "hi"}},
        {"hello": "world"},
        {"message_type": "text"},
        {"message_type": "text", "type_text": "hi"},
        {"message_type": "media", "type_text": [{"content": "hi"}]},
        {"message_type": ["text"], "type_text": [{"content": "hi"}]},
        {"type_text": [{}], "type_media": [{}]},
        {"message": []},
        {"message": [{"type_text": [{}]}, {"type_text": [{}]}]},
        {"message": {"type_text": [{}]}},
        {"type": "optout", "recipients": [{"recipient": "91"}]},
    ],
)
def test_an_object_that_is_none_of_the_shapes_is_refused_with_them(payload: Any) -> None:
    refused = refusal(c.Raw(payload))
    assert refused.sentence.id == "netcore_raw_unknown"
    assert "type_media_template" in say(refused.sentence)


# --- limits --------------------------------------------------------------------------------------


SIZED: list[tuple[str, int, Any]] = [
    ("text", 4096, lambda t: c.Text(t)),
    ("caption", 1024, lambda t: c.Image(link=PNG, caption=t)),
    ("caption", 1024, lambda t: c.Document(link=PNG, caption=t)),
    ("body", 1024, lambda t: buttons(body=t)),
    ("footer", 60, lambda t: buttons(footer=t)),
    ("header text", 60, lambda t: buttons(header=c.Header(t))),
    ("button title", 20, lambda t: buttons(t)),
    ("button id", 256, lambda t: buttons(id=t)),
    ("list body", 4096, lambda t: menu(body=t)),
    ("list button", 20, lambda t: menu(button=t)),
    ("row title", 24, lambda t: menu(c.Row("r", t))),
    ("row id", 200, lambda t: menu(c.Row(t, "Row"))),
    ("row description", 72, lambda t: menu(c.Row("r", "Row", t))),
    ("section title", 24, lambda t: c.List("b", "O", (c.Section((c.Row("r", "R"),), t),))),
    ("link label", 20, lambda t: c.CtaUrl("b", t, "https://example.com")),
    ("template name", 512, lambda t: c.Template(t, "en")),
    ("one-time code", 15, lambda t: c.Template("otp", "en", code=t)),
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
        (c.Image(), "meta_id_or_link"),
        (c.Image("1", PNG), "meta_id_or_link"),
        (c.Image(link="files.example/a.png"), "meta_bad_link"),
        (buttons(header=c.Header(image=c.Media())), "meta_id_or_link"),
        (buttons(header=c.Header()), "meta_header_parts"),
        (c.Buttons("b", ()), "meta_too_few"),
        (c.Buttons("b", (c.Button("a", "A"), c.Button("b", "A"))), "meta_not_unique"),
        (c.List("b", "Open", (c.Section(tuple(c.Row(str(i), str(i)) for i in range(11))),)),
         "meta_too_many"),
        (menu(header=c.Header(image=c.Media("1"))), "meta_bad_header"),
        (c.CtaUrl("b", "Go", "example.com"), "meta_bad_link"),
        (c.Location("north", 1), "meta_bad_pattern"),
        (c.Location(91, 1), "meta_out_of_range"),
    ],
)  # fmt: skip
def test_refused_before_any_call(content: c.Outbound, sentence: str) -> None:
    assert refusal(content).sentence.id == sentence


# --- words ---------------------------------------------------------------------------------------


def test_files_by_address_and_by_id() -> None:
    for kind in ("image", "video", "audio", "document", "sticker"):
        made = msgspec.convert({"kind": kind, "link": PNG}, c.Outbound)
        (told,) = element(made)["type_media"][0]["attachments"]
        assert told == {"attachment_url": PNG, "attachment_type": kind}
        made = msgspec.convert({"kind": kind, "id": "m-1"}, c.Outbound)
        (told,) = element(made)["type_media"][0]["attachments"]
        assert told == {"attachment_id": "m-1"}
    document = element(c.Document(link=PNG, filename="a.pdf", caption="चाय"))
    assert document["type_media"][0]["attachments"][0] == {
        "attachment_url": PNG,
        "attachment_type": "document",
        "caption": "चाय",
        "filename": "a.pdf",
    }


def test_places_texts_with_a_preview_headers_and_footers() -> None:
    assert element(c.Text("hi", preview_url=True))["type_text"] == [
        {"preview_url": "true", "content": "hi"}
    ]
    assert element(SAMPLES["location"])["type_location"] == [
        {"latitude": 19.07, "longitude": "72.87", "name": "Office", "address": "Fort"}
    ]
    assert element(c.Location(1, 2))["type_location"] == [{"latitude": 1, "longitude": 2}]
    (told,) = element(buttons(header=c.Header("Top"), footer="Bottom"))["type_interactive"]
    assert list(told) == ["type", "header", "body", "footer", "action"]
    assert (told["header"], told["body"], told["footer"]) == (
        {"type": "text", "text": "Top"},
        "b",
        "Bottom",
    )
    file = c.Header(document=c.Media(link=PNG, filename="a.pdf"))
    (told,) = element(buttons(header=file))["type_interactive"]
    assert told["header"] == {"type": "document", "url": PNG, "filename": "a.pdf"}
    (told,) = element(buttons(header=c.Header(image=c.Media("m-1"))))["type_interactive"]
    assert told["header"] == {"type": "image", "media_id": "m-1"}


def test_a_link_message_names_its_button() -> None:
    for label, name in (("Shop now", "shop_now"), ("  50% Off! ", "50_off"), ("खरीदें", "cta_url")):
        (told,) = element(c.CtaUrl("b", label, "https://e.com"))["type_interactive"]
        (button,) = told["action"][0]["buttons"]
        assert button == {
            "name": name,
            "parameters": {"display_text": label, "url": "https://e.com"},
        }
    header = c.Header("Top")
    (told,) = element(c.CtaUrl("b", "Go", "https://e.com", header))["type_interactive"]
    assert told["header"] == {"type": "text", "text": "Top"}


# --- files and checks ----------------------------------------------------------------------------


def test_files_of_people_and_ours() -> None:
    assert netcore.render_media(NUMBER, "900000000000001", None, CHANNEL) == HttpCall(
        "GET",
        f"{OTHER_HOST}/media/900000000000001",
        "media_download",
        {"Authorization": f"Bearer {KEY}"},
        about=NUMBER,
    )
    # An address is somebody else's: no key goes along.
    assert netcore.render_media(NUMBER, None, PNG, CHANNEL) == HttpCall(
        "GET", PNG, "media_download"
    )
    assert netcore.render_media(NUMBER, None, None, CHANNEL) is None
    file = MediaFile(b"\x89PNG", "image/png", "a.png")
    assert netcore.render_upload(NUMBER, file, CHANNEL) == HttpCall(
        "POST",
        f"{OTHER_HOST}/media/upload/",
        "media_upload",
        {"Authorization": f"Bearer {KEY}"},
        parts=(Part("file", b"\x89PNG", "a.png", "image/png"),),
        about=NUMBER,
    )
    assert netcore.UPLOAD_DAYS > 0
    assert set(netcore.MEDIA_LIMITS) == {"image", "video", "audio", "document", "sticker"}


def test_each_key_is_checked_by_asking_for_its_own_number() -> None:
    def probe(number: str, key: str) -> Probe:
        asked = HttpCall(
            "POST",
            f"{OTHER_HOST}/consent/",
            "probe",
            {"Authorization": f"Bearer {key}"},
            json={"phone_number": number},
            about=number,
        )
        return Probe(f"the number +{number}", asked, number)

    assert list(netcore.probes(TWO)) == [probe(NUMBER, KEY), probe(OTHER, "TESTOTHERKEY")]
    assert list(netcore.probes(Settings(numbers={NUMBER: netcore.Number()}))) == []
    assert netcore.NOT_CHECKABLE is None


def test_there_are_no_read_receipts_and_nothing_to_pull() -> None:
    assert netcore.render_signal(NUMBER, Phone("919900000001"), "wamid.1", True, CHANNEL) is None
    assert list(netcore.pulls(CHANNEL)) == []


def test_the_neutral_input_is_left_as_it_is() -> None:
    for kind, content in SAMPLES.items():
        before = c.encode(content)
        render(content, PLAIN, extra={"message": {"x": {"y": 1}}}, reference="r")
        assert c.encode(content) == before, kind
