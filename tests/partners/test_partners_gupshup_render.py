"""Every message out in three dialects: each fixture from its own neutral input, every kind, every
limit, the native objects, and what must not be seen in a log."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gupshup_channel import (
    ACCESS,
    BEARER,
    CHANNELS,
    ENTERPRISE,
    FIXTURES,
    NUMBER,
    TEMPLATES,
    V3,
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

from dragoman.agents.contract import Turn
from dragoman.agents.contract import TurnMessage as Said
from dragoman.agents.script import ScriptAgent
from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.identity import Bsuid, Group, Person, Phone
from dragoman.domain.sentences import known, say
from dragoman.domain.window import Window
from dragoman.egress import redacted
from dragoman.partners import gupshup
from dragoman.partners.contract import HttpCall, OutboundMessage, Reply, Unsupported
from dragoman.partners.gupshup import Settings
from dragoman.sandbox.pool import Pool

NEUTRAL = sorted(FIXTURES.glob("neutral/*.json"))
NATIVE = sorted(FIXTURES.glob("native/*.json"))
SECRETS = ("TESTPASSWORD", "TESTSECRET", "TESTAPIKEY", "TESTAPPTOKEN")
WHOM = Phone("919900000001")


def render(
    content: c.Outbound, channel: Settings = ENTERPRISE, whom: Any = WHOM, **more: Any
) -> HttpCall | Unsupported:
    return gupshup.render(OutboundMessage(whom, NUMBER, content, **more), channel)


def call(content: c.Outbound, channel: Settings = ENTERPRISE, **more: Any) -> HttpCall:
    rendered = render(content, channel, **more)
    assert isinstance(rendered, HttpCall), rendered
    return rendered


def form(content: c.Outbound, channel: Settings = ENTERPRISE, **more: Any) -> dict[str, Any]:
    """The form, the JSON in it read."""
    pairs = call(content, channel, **more).form
    out: dict[str, Any] = dict(pairs)
    assert len(out) == len(pairs)
    for name in ("message", "template", "action"):
        if name in out:
            out[name] = json.loads(out[name])
    return out


def refusal(
    content: c.Outbound, channel: Settings = ENTERPRISE, whom: Any = WHOM, **more: Any
) -> Unsupported:
    rendered = render(content, channel, whom, **more)
    assert isinstance(rendered, Unsupported), rendered
    assert rendered.sentence.id in known()
    assert "?" not in say(rendered.sentence)
    return rendered


def raw(**payload: Any) -> c.Raw:
    return c.Raw(payload)


# --- fixtures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", NEUTRAL, ids=lambda path: path.stem)
def test_every_fixture_is_rendered_whole(case: Path) -> None:
    message = msgspec.json.decode(case.read_bytes(), type=OutboundMessage)
    expected = json.loads((FIXTURES / "outbound" / case.name).read_text())
    rendered = gupshup.render(message, channel_of(case.stem))
    assert isinstance(rendered, HttpCall), rendered
    headers = {k: v for k, v in expected["headers"].items() if k != "Content-Type"}
    assert (rendered.method, rendered.url, rendered.headers) == (
        expected["method"],
        expected["url"],
        headers,
    )
    assert dict(rendered.form) == expected.get("form", {})
    assert len(rendered.form) == len(expected.get("form", {}))
    assert rendered.json == expected.get("json")
    assert (rendered.query, rendered.parts, rendered.purpose) == ((), (), "send")


def test_every_message_fixture_has_a_neutral_input() -> None:
    others = ("ent_response", "api_response", "ent_opt")
    messages = {p.stem for p in FIXTURES.glob("outbound/*.json") if not p.stem.startswith(others)}
    assert messages == {path.stem for path in NEUTRAL}


@pytest.mark.parametrize(("name", "out"), [("ent_optin", False), ("ent_optout", True)])
def test_opt_in_and_opt_out(name: str, out: bool) -> None:
    expected = json.loads((FIXTURES / f"outbound/{name}.json").read_text())
    make = gupshup.render_opt_out if out else gupshup.render_opt_in
    made = make(NUMBER, WHOM, ENTERPRISE)
    assert made is not None
    assert (made.url, dict(made.form)) == (expected["url"], expected["form"])
    made = make(NUMBER, WHOM, ACCESS)
    word = "out" if out else "in"
    assert made == HttpCall(
        "POST",
        f"https://api.gupshup.io/sm/api/v1/app/opt/{word}/DemoApp",
        f"opt_{word}",
        {"apikey": "TESTAPIKEY"},
        form=(("user", "919900000001"),),
        secret_headers=frozenset({"apikey"}),
    )
    assert make(NUMBER, WHOM, V3) is None
    assert make(NUMBER, Bsuid("IN.1349120865530274"), ENTERPRISE) is None


def test_opt_in_is_asked_for_where_the_channel_says_so() -> None:
    assert not gupshup.demands_opt_in(ENTERPRISE)
    assert gupshup.demands_opt_in(msgspec.structs.replace(ENTERPRISE, opt_in=True))
    assert gupshup.render_opt_in_look_up(NUMBER, WHOM, ENTERPRISE) is None


# --- what each dialect can say -------------------------------------------------------------------

SAMPLES = samples(
    {"type": "image", "image": {"url": PNG}},
)


def test_every_kind_has_a_sample_and_an_ability_in_every_dialect() -> None:
    check_table(gupshup, SAMPLES)
    assert list(CHANNELS) == list(gupshup.CAPABILITIES)


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("dialect", CHANNELS)
def test_the_table_of_abilities_is_what_the_code_does(dialect: str, kind: str) -> None:
    def said(content: c.Outbound) -> HttpCall | Unsupported:
        return render(content, CHANNELS[dialect])

    check_ability(gupshup, dialect, SAMPLES[kind], said, dialect=dialect.title())


# --- accounts, envelope, reference ---------------------------------------------------------------


def test_answers_go_by_the_two_way_account_and_templates_by_the_hsm_account() -> None:
    assert form(c.Text("hi"))["userid"] == "2000000002"
    assert form(SAMPLES["template"])["userid"] == "2000000001"
    assert form(raw(msg="Hi", msg_type="hsm"))["userid"] == "2000000001"
    assert form(raw(msg="Hi", isHSM=True))["userid"] == "2000000001"
    one = Settings(number=NUMBER, waba_id="200000000000001", password="TESTPASSWORD")
    for content in (SAMPLES["text"], SAMPLES["template"]):
        fields = form(content, one)
        assert (fields["userid"], fields["password"]) == ("200000000000001", "TESTPASSWORD")


def test_a_channel_says_where() -> None:
    emulated = {"base_url": "http://127.0.0.1:8400/emulated/gupshup"}
    urls = {
        name: call(c.Text("hi"), msgspec.structs.replace(channel, **emulated)).url
        for name, channel in CHANNELS.items()
    }
    assert urls == {
        "enterprise": "http://127.0.0.1:8400/emulated/gupshup/GatewayAPI/rest",
        "access": "http://127.0.0.1:8400/emulated/gupshup/wa/api/v1/msg",
        "v3": "http://127.0.0.1:8400/emulated/gupshup/partner/app/"
        "82ed0000-0000-4000-8000-000000000001/v3/message",
    }


def test_the_reference_goes_where_it_comes_back_from() -> None:
    assert form(c.Text("hi"), reference="ours")["extra"] == "ours"
    assert "extra" not in form(c.Text("hi"))
    assert form(c.Text("hi"), extra={"extra": "theirs"}, reference="ours")["extra"] == "ours"
    assert form(c.Text("hi"), extra={"extra": "theirs"})["extra"] == "theirs"
    assert call(c.Text("hi"), V3, reference="ours").json["biz_opaque_callback_data"] == "ours"
    assert form(SAMPLES["list"], ACCESS, reference="ours")["message"]["msgid"] == "ours"
    assert "ours" not in str(call(c.Text("hi"), ACCESS, reference="ours"))


@pytest.mark.parametrize("whom", [Bsuid("IN.1349120865530274"), Group("g-1")])
def test_only_v3_writes_to_anything_but_a_phone(whom: Any) -> None:
    for name in ("enterprise", "access"):
        refused = refusal(c.Text("hi"), CHANNELS[name], whom)
        assert (refused.sentence.id, refused.code) == ("gupshup_needs_phone", Code.UNSUPPORTED)
    body = call(c.Text("hi"), V3, whom=whom).json
    assert str(whom) in (body.get("to"), body.get("recipient"))


def test_what_is_ours_is_never_the_authors() -> None:
    theirs = {"userid": "1", "password": "2", "send_to": "3", "format": "text", "auth_scheme": "x"}
    plainly = form(c.Text("hi"))
    assert form(c.Text("hi"), extra=theirs) == plainly
    assert form(c.Raw({"msg": "hi", **theirs})) == plainly
    theirs = {"source": "1", "destination": "2", "src.name": "3", "channel": "sms"}
    assert form(c.Text("hi"), ACCESS, extra=theirs) == form(c.Text("hi"), ACCESS)


def test_extra_is_merged_last() -> None:
    fields = form(c.Text("hi"), extra={"msg_type": "TEXT", "x": {"a": [1]}, "y": 3, "z": None})
    assert (fields["msg_type"], fields["x"], fields["y"]) == ("TEXT", '{"a":[1]}', "3")
    assert "z" not in fields
    extra = {"message": {"previewUrl": True}, "disablePreview": True}
    fields = form(c.Text("hi"), ACCESS, extra=extra)
    assert fields["message"] == {"type": "text", "text": "hi", "previewUrl": True}
    assert fields["disablePreview"] == "true"


@pytest.mark.parametrize("channel", [*CHANNELS.values(), BEARER])
def test_no_secret_is_in_the_log(channel: Settings) -> None:
    mine = [s for s in SECRETS if s in str(msgspec.to_builtins(channel))]
    assert mine
    calls = [call(SAMPLES[kind], channel) for kind in ("text", "image", "template", "buttons")]
    calls += [probe.call for probe in gupshup.probes(channel)]
    calls += [x for x in (gupshup.render_opt_in(NUMBER, WHOM, channel),) if x is not None]
    if (media := gupshup.render_media(NUMBER, "media-1", None, channel)) is not None:
        calls.append(media)
    for one in calls:
        echoed = Reply(401, {"content-type": "text/plain"}, f"no: {' '.join(SECRETS)}".encode())
        kept = json.dumps(redacted(one, echoed))
        assert any(secret in str(msgspec.to_builtins(one)) for secret in mine)
        assert not any(secret in kept for secret in mine), kept


# --- templates -----------------------------------------------------------------------------------


def tpl(name: str = "order_shipped", *values: str, **more: Any) -> c.Template:
    return c.Template(name, "en", body=tuple(c.TextParam(v) for v in values), **more)


def test_a_template_by_its_text_by_its_id_and_by_its_name() -> None:
    sent = form(tpl("order_shipped", "Asha", "42"))
    assert (sent["msg"], sent["msg_type"]) == ("Hi Asha, your order 42 has shipped.", "HSM")
    assert "whatsAppTemplateId" not in sent
    sent = form(tpl("order_update", "Asha", "42"))
    assert sent["whatsAppTemplateId"] == "c6ae0000-0000-4000-8000-000000000001"
    assert (sent["var1"], sent["var2"], "msg" in sent) == ("Asha", "42", False)
    sent = form(tpl("not_listed", "Asha"))
    assert (sent["whatsAppTemplateId"], sent["var1"]) == ("not_listed", "Asha")
    assert form(tpl("not_listed", "Asha"), ACCESS)["template"] == {
        "id": "not_listed",
        "params": ["Asha"],
    }
    # v3 has Meta's own templates.
    assert call(tpl("order_shipped", "Asha"), V3).json["template"]["name"] == "order_shipped"


def known_as(**parts: Any) -> Settings:
    templates = {"t": gupshup.KnownTemplate(**parts)}
    return msgspec.structs.replace(ENTERPRISE, templates=templates)


def test_places_may_have_names_and_the_header_its_own() -> None:
    text = "{{ who }} owes {{amount}}, {{who}}"
    channel = known_as(text=text, header="Order {{1}}", buttons=True)
    named = (c.CurrencyParam("3 €", "EUR", 3000, "amount"), c.TextParam("Asha", "who"))
    sent = form(c.Template("t", "en", header=c.TextParam("42"), body=named), channel)
    assert (sent["msg"], sent["header"]) == ("Asha owes 3 €, Asha", "Order 42")
    assert (sent["isTemplate"], sent["msg_type"]) == ("true", "TEXT")


def test_a_value_with_braces_is_no_place() -> None:
    assert form(tpl("t", "{{2}}", "x"), known_as(text="{{1}} {{2}}"))["msg"] == "{{2}} x"


def test_by_id_the_header_counts_first_and_the_button_is_beside() -> None:
    template = tpl("order_update", "a", header=c.TextParam("h"), buttons=(c.UrlButton(1, "t/4"),))
    sent = form(template)
    assert (sent["var1"], sent["var2"], sent["buttonUrlParam"]) == ("h", "a", "t/4")
    assert form(template, ACCESS)["template"]["params"] == ["h", "a", "t/4"]


def test_a_code_fills_body_and_button() -> None:
    sent = form(c.Template("otp", "en", code="123456"))
    assert (sent["var1"], sent["buttonUrlParam"]) == ("123456", "123456")
    sent = form(c.Template("otp", "en", code="123456"), ACCESS)
    assert sent["template"]["params"] == ["123456"]


def test_headers_of_the_access_api() -> None:
    for kind in ("image", "video"):
        header = c.MediaParam(kind, link=PNG)  # type: ignore[arg-type]
        sent = form(tpl("t", header=header), ACCESS)["message"]
        assert sent == {"type": kind, kind: {"link": PNG}}
    place = c.LocationParam("19.07", 72.87)
    assert form(tpl("t", header=place), ACCESS)["message"] == {
        "type": "location",
        "location": {"longitude": 72.87, "latitude": "19.07"},
    }


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (tpl("order_shipped", "Asha"), "gupshup_template_values"),
        (tpl("order_shipped", "a", "b", "c"), "gupshup_template_values"),
        (tpl("order_update", " "), "meta_empty"),
        (tpl(" "), "meta_empty"),
        (tpl("t", buttons=(c.QuickReplyButton(0, "p"),)), "gupshup_template_part"),
        (tpl("t", buttons=(c.UrlButton(0, "a"), c.UrlButton(1, "b"))), "gupshup_template_part"),
        (tpl("t", cards=(c.TemplateCard(),)), "gupshup_template_part"),
        (tpl("t", components=({"type": "body"},)), "gupshup_template_part"),
        (tpl("t", marketing=c.Marketing()), "gupshup_template_part"),
        (tpl("t", header=c.LocationParam(1, 2)), "gupshup_template_part"),
        (tpl("t", header=c.MediaParam("gif", link=PNG)), "gupshup_template_part"),
        (tpl("t", header=c.MediaParam("image", id="1")), "gupshup_link_only"),
        (c.Template("t", "en", body=(c.ProductParam("1", "2"),)), "gupshup_template_part"),
    ],
)
def test_what_a_template_cannot_say(template: c.Template, sentence: str) -> None:
    assert refusal(template).sentence.id == sentence
    if sentence not in ("gupshup_template_values",) and template.header != c.LocationParam(1, 2):
        assert refusal(template, ACCESS).sentence.id == sentence


# --- native objects ------------------------------------------------------------------------------


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(size=1)
    yield pool
    await pool.close()


async def test_the_script_of_a_document_with_text_runs_as_it_stands(pool: Pool) -> None:
    source = (FIXTURES / "native" / "document_with_text.js").read_text()
    message = Said(id=1, seq=1, external_id=None, at=1, content=c.TextReceived("hi"))
    turn = Turn(
        app="demo", number=NUMBER, messages=[message], contact=Person(WHOM), context={},
        window=Window(2), now=1,
    )  # fmt: skip
    await ScriptAgent(source=source, pool=pool, name="document.js").answer(turn)
    (said,) = turn.outgoing
    url = "https://enterprise.smsgupshup.com/help/in/EnterpriseAPIDocument.pdf"
    both = "This is document caption\n\nThis document talks about Gupshup features"
    sent = form(said.content)
    assert {k: sent[k] for k in ("method", "msg_type", "media_url", "caption", "filename")} == {
        "method": "SendMediaMessage",
        "msg_type": "DOCUMENT",
        "media_url": url,
        "caption": both,
        "filename": "Developer.pdf",
    }
    file = {"type": "file", "url": url, "filename": "Developer.pdf", "caption": both}
    assert form(said.content, ACCESS)["message"] == file
    assert call(said.content, V3).json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "919900000001",
        "type": "document",
        "document": {"link": url, "filename": "Developer.pdf", "caption": both},
    }


@pytest.mark.parametrize("case", NATIVE, ids=lambda path: path.stem)
def test_both_texts_of_a_document_reach_the_person(case: Path) -> None:
    given = json.loads(case.read_text())
    content, caption = c.Raw(given["payload"]), given["caption"]
    assert form(content)["caption"] == (caption or "")
    assert form(content, ACCESS)["message"].get("caption") == caption
    assert call(content, V3).json["document"].get("caption") == caption
    assert given["payload"]["type"] == "document"  # the author's object is left as it is


@pytest.mark.parametrize("kind", ["image", "video", "audio", "sticker"])
def test_other_files_of_scripts(kind: str) -> None:
    content = c.Raw({"type": kind, kind: {"url": PNG}})
    assert form(content)["msg_type"] == kind.upper()
    assert form(content, ACCESS)["message"]["type"] == kind
    assert call(content, V3).json[kind] == {"link": PNG}


def test_natives_of_enterprise() -> None:
    given = {"interactive_type": "dr_button", "isTemplate": True, "action": {"buttons": []}}
    sent = form(raw(msg="hi", **given))
    assert (sent["action"], sent["method"]) == ({"buttons": []}, "SendMessage")
    assert (sent["isTemplate"], "msg_type" in sent) == ("true", False)
    sent = form(raw(media_url=PNG, msg_type="IMAGE", caption=""))
    assert (sent["method"], sent["caption"]) == ("SendMediaMessage", "")
    assert form(raw(method="sendMessage", msg="hi"))["method"] == "sendMessage"
    assert form(raw(whatsAppTemplateId="1", isHSM="true", var1=7))["var1"] == "7"


def test_natives_of_the_access_api() -> None:
    message = {"type": "quick_reply", "content": {"type": "text", "text": "x"}, "options": []}
    assert form(c.Raw(message), ACCESS)["message"] == message
    sent = form(raw(template={"id": "1", "params": []}, message={"type": "image"}), ACCESS)
    assert (sent["template"], sent["message"]) == ({"id": "1", "params": []}, {"type": "image"})
    assert "channel" not in sent
    assert form(raw(type="text", text="hi"), ACCESS)["message"] == {"type": "text", "text": "hi"}


def test_natives_of_v3_are_metas() -> None:
    body = call(raw(type="text", text={"body": "hi"}), V3).json
    assert (body["text"], body["to"]) == ({"body": "hi"}, "919900000001")


@pytest.mark.parametrize(
    ("dialect", "payload", "template"),
    [
        ("enterprise", {"msg_type": "HSM", "msg": "Hi Asha"}, True),
        ("enterprise", {"msg_type": "hsm", "msg": "Hi Asha"}, True),
        ("enterprise", {"isHSM": True, "msg_type": "IMAGE", "media_url": PNG}, True),
        ("enterprise", {"isHSM": "true", "msg": "Hi"}, True),
        ("enterprise", {"msg_type": "TEXT", "isTemplate": "true", "msg": "Hi"}, True),
        ("enterprise", {"whatsAppTemplateId": "1", "var1": "Asha"}, True),
        ("enterprise", {"msg": "Hi"}, False),
        ("enterprise", {"isHSM": False, "isTemplate": "false", "msg": "Hi"}, False),
        ("enterprise", {"msg": "Hi", "template": {}}, False),
        ("enterprise", {"isTemplate": True, "interactive_type": "list", "msg": "Hi"}, False),
        ("enterprise", {"type": "template", "template": {"name": "t"}}, False),
        ("access", {"template": {"id": "1", "params": []}}, True),
        ("access", {"template": {"id": "1"}, "message": {"type": "image"}}, True),
        ("access", {"type": "text", "text": "hi", "template": {}}, False),
        ("access", {"template": "hi"}, False),
        ("access", {"type": "quick_reply", "content": {}}, False),
        ("access", {"isHSM": True, "msg": "Hi"}, False),
        ("v3", {"type": "template", "template": {"name": "t"}}, True),
        ("v3", {"type": "text", "text": {"body": "hi"}}, False),
        ("v3", {"type": "document", "document": {"url": PNG}}, False),
    ],
)
def test_which_native_objects_are_templates(
    dialect: str, payload: dict[str, Any], template: bool
) -> None:
    assert gupshup.is_template(payload, CHANNELS[dialect]) is template


def test_a_native_template_goes_by_the_hsm_account() -> None:
    two = msgspec.structs.replace(ENTERPRISE, hsm_user_id="2000000009", hsm_password="other")
    for template in (
        {"whatsAppTemplateId": "1"},
        {"isHSM": "TRUE", "msg": "Hi"},
        {"isTemplate": True, "msg": "Hi"},
    ):
        assert form(c.Raw(template), two)["userid"] == "2000000009"
    session = {"isTemplate": True, "interactive_type": "list", "msg": "Hi", "action": {}}
    assert form(c.Raw(session), two)["userid"] != "2000000009"


@pytest.mark.parametrize(
    ("dialect", "payload"),
    [
        ("enterprise", {"type": "text", "text": {"body": "hi"}}),
        ("enterprise", {"hello": "world"}),
        ("enterprise", {"type": "document", "document": "https://files.example/a.pdf"}),
        ("enterprise", {"method": "OPT_OUT", "msg": "x"}),
        ("access", {"msg": "hi"}),
        ("access", {"type": "hologram"}),
        ("access", {"type": 7}),
        ("access", {"template": "hi"}),
        ("access", {"type": ["text"]}),
    ],
)
def test_an_object_that_is_none_of_the_shapes_is_refused_with_them(
    dialect: str, payload: dict[str, Any]
) -> None:
    refused = refusal(c.Raw(payload), CHANNELS[dialect])
    assert refused.sentence.id == "gupshup_raw_unknown"
    assert dialect.title() in say(refused.sentence)


def test_an_object_of_v3_without_a_type_is_refused() -> None:
    assert refusal(raw(msg="hi"), V3).sentence.id == "meta_raw_type"


@pytest.mark.parametrize(
    ("payload", "member"),
    [
        ({"type": "document", "document": {"url": PNG}, "footer": "x"}, "footer"),
        ({"type": "document", "document": {"url": PNG}, "caption": ["x"]}, "caption"),
        ({"type": "document", "document": {"url": PNG}, "filename": 7}, "filename"),
        ({"type": "audio", "audio": {"url": PNG}, "message_text": "lost"}, "message_text"),
        ({"type": "sticker", "sticker": {"url": PNG}, "caption": "lost"}, "caption"),
    ],
)
def test_nothing_of_a_scripts_file_is_lost_in_silence(payload: Any, member: str) -> None:
    for channel in CHANNELS.values():
        refused = refusal(c.Raw(payload), channel)
        assert refused.sentence.id == "gupshup_raw_member"
        assert refused.sentence.args["member"] == member


# --- limits --------------------------------------------------------------------------------------


SIZED: list[tuple[str, int, Any]] = [
    ("text", 4096, lambda t: c.Text(t)),
    ("caption", 1024, lambda t: c.Image(link=PNG, caption=t)),
    ("caption", 1024, lambda t: c.Document(link=PNG, caption=t)),
    ("caption", 1024, lambda t: raw(type="document", caption=t, document={"url": PNG})),
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
]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(("field", "limit", "make"), SIZED)
def test_exactly_the_limit_is_sent_and_one_more_is_refused(
    field: str, limit: int, make: Any, script: str
) -> None:
    for channel in CHANNELS.values():

        def said(content: c.Outbound, channel: Settings = channel) -> HttpCall | Unsupported:
            return render(content, channel)

        check_size(field, limit, make, script, said)


def test_both_texts_together_are_within_the_captions_limit() -> None:
    file = {"type": "document", "document": {"url": PNG}}
    full = c.Raw({**file, "message_text": "a" * 500, "caption": "b" * 522})
    assert len(form(full)["caption"]) == 1024
    over = c.Raw({**file, "message_text": "a" * 500, "caption": "b" * 523})
    assert refusal(over).sentence.args["length"] == 1025


@pytest.mark.parametrize("name", ["enterprise", "access"])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (c.Text("  "), "meta_empty"),
        (c.Image("1"), "gupshup_link_only"),
        (c.Image(), "gupshup_no_link"),
        (c.Image(link="files.example/a.png"), "meta_bad_link"),
        (buttons(header=c.Header(image=c.Media("1"))), "gupshup_link_only"),
        (c.Buttons("b", ()), "meta_too_few"),
        (c.Buttons("b", (c.Button("a", "A"), c.Button("b", "A"))), "meta_not_unique"),
        (c.List("b", "Open", (c.Section(tuple(c.Row(str(i), str(i)) for i in range(11))),)),
         "meta_too_many"),
    ],
)  # fmt: skip
def test_refused_before_any_call(name: str, content: c.Outbound, sentence: str) -> None:
    assert refusal(content, CHANNELS[name]).sentence.id == sentence


# --- the words of the two older dialects ---------------------------------------------------------


def test_interactive_messages_of_enterprise() -> None:
    sent = form(buttons(header=c.Header("Top"), footer="Bottom"))
    assert (sent["header"], sent["footer"], sent["isTemplate"]) == ("Top", "Bottom", "true")
    document = c.Media(link=PNG, filename="a.pdf")
    sent = form(buttons(header=c.Header(document=document)))
    assert (sent["msg_type"], sent["filename"]) == ("document", "a.pdf")
    assert sent["isTemplate"] == "false"
    assert sent["caption"] == sent["msg"] == "b"
    assert form(c.Image(link=PNG))["caption"] == ""
    assert "caption" not in form(c.Audio(link=PNG))


def test_interactive_messages_of_the_access_api() -> None:
    document = c.Header(document=c.Media(link=PNG, filename="a.pdf"))
    sent = form(buttons(id="y", header=document, footer="f"), ACCESS)["message"]
    assert sent == {
        "type": "quick_reply",
        "content": {"type": "file", "url": PNG, "filename": "a.pdf", "text": "b", "caption": "f"},
        "options": [{"type": "text", "title": "Yes", "postbackText": "y"}],
    }
    sent = form(menu(footer="Bottom"), ACCESS)["message"]
    assert sent == {
        "type": "list",
        "body": "b\n\nBottom",
        "globalButtons": [{"type": "text", "title": "Open"}],
        "items": [{"options": [{"type": "text", "title": "Row", "postbackText": "r"}]}],
    }
    assert form(SAMPLES["location_request"], ACCESS)["message"] == {
        "type": "location_request_message",
        "body": {"type": "text", "text": "Where?"},
        "action": {"name": "send_location"},
    }


def test_places_and_cards_of_the_access_api() -> None:
    assert form(SAMPLES["location"], ACCESS)["message"] == {
        "type": "location",
        "longitude": "72.87",
        "latitude": 19.07,
        "name": "Office",
        "address": "Fort",
    }
    card = c.ContactCard(
        c.ContactName("Ravi Rao", "Ravi", "Rao"),
        (c.ContactPhone("+919900000002", "919900000002", "CELL"),),
        (c.ContactEmail("ravi@example.com", "WORK"),),
    )
    assert form(c.Contacts((card,)), ACCESS)["message"] == {
        "type": "contact",
        "contact": {
            "emails": [{"email": "ravi@example.com", "type": "WORK"}],
            "name": {"formattedName": "Ravi Rao", "firstName": "Ravi", "lastName": "Rao"},
            "phones": [{"phone": "+919900000002", "wa_id": "919900000002", "type": "CELL"}],
        },
    }
    assert refusal(c.Contacts((card, card)), ACCESS).sentence.id == "gupshup_one_card"


def test_the_neutral_input_is_left_as_it_is() -> None:
    for channel in CHANNELS.values():
        for kind, content in SAMPLES.items():
            before = c.encode(content)
            render(content, channel, extra={"message": {"x": {"y": 1}}}, reference="r")
            assert c.encode(content) == before, kind
    assert TEMPLATES["hello"].text == "Hello {{1}}"
