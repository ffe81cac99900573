"""Enterprise, `/GatewayAPI/rest`: query and form together, HTTP 200 whatever comes of it.

Order of a call: account → number → parameters → template and opt-in → rate → accepted.
Source: Gupshup, "WhatsApp Business API: Enterprise", and public integrations of it.
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from litestar import Request

from dragoman.emulators import kit
from dragoman.emulators._cloud.templates import Template, component
from dragoman.emulators.kit import Answer
from dragoman.emulators.phone.handsets import HandsetContact

from . import field_tables as tables
from . import fields, shapes, templates, wire
from .checks import MetaRefusal, Problem, Refusal, reason
from .sends import Draft, answered, opted_in, take, too_many

if TYPE_CHECKING:
    from .emulator import Emulator

Fields = dict[str, str]
_SECRET = frozenset({"password"})


async def serve(emulator: Emulator, request: Request[Any, Any, Any], fault: str) -> Answer:
    """One call; refusals become their bodies, as JSON or as a line."""
    call = await _fields(request)
    try:
        if fault == "error_500":
            raise Refusal("html_error")
        if fault:
            raise Refusal("ent_down")
        return await _called(emulator, call, request.headers.get("authorization", ""))
    except Refusal as refusal:
        return _refused(emulator, call, refusal)
    except Problem as problem:
        return _refused(emulator, call, Refusal("ent_invalid", problem=str(problem)))


def _refused(emulator: Emulator, call: Fields, refusal: Refusal) -> Answer:
    emulator.counts[f"refused {refusal.check.id}"] += 1
    if refusal.check.raw:
        return refusal.raw()
    whom = call.get("send_to") or call.get("phone_number") or ""
    body = {"id": refusal.code, "phone": whom, "details": refusal.says, "status": "error"}
    answer = _answer(call, body, refusal.check.http)
    title = f"{call.get('method', 'call')} {call.get('msg_type', '')}".strip()
    emulator.wire_out(emulator.number, title, refusal.code, _shown(call), answer=body)
    return answer


def _answer(call: Fields, body: dict[str, str], status: int = 200) -> Answer:
    said = _said(call, body)
    if isinstance(said, str):
        return Answer(said.encode(), status, "text/plain; charset=utf-8")
    return wire.said(said, status)


def _said(call: Fields, body: dict[str, str]) -> dict[str, Any] | str:
    """The answer's value: an object, or without `format=json` a line of it, whose spacing is not
    confirmed."""
    if call.get("format", "").lower() == "json":
        return {"response": body}
    if body["status"] == "success":
        return f"success | {body['phone']} | {body['id']}"
    return f"error | {body['id']} | {body['details']}"


async def _fields(request: Request[Any, Any, Any]) -> Fields:
    """Query and form as one; what stands in both counts as in the form."""
    pairs = parse_qsl(request.scope["query_string"].decode("utf-8", "replace"), True)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        pairs += parse_qsl((await request.body()).decode("utf-8", "replace"), True)
    return dict(pairs)


def _shown(call: Fields) -> dict[str, Any]:
    return {name: value for name, value in call.items() if name not in _SECRET}


async def _called(emulator: Emulator, call: Fields, authorization: str) -> Answer:
    _sign_in(emulator, call, authorization)
    method = call.get("method", "").lower()
    opting = method.startswith("opt_")
    to = fields.phone(call.get("phone_number" if opting else "send_to"))
    if not to:
        raise Refusal("ent_phone", value=call.get("phone_number" if opting else "send_to", ""))
    fields.check(call, tables.ENVELOPE)
    notifies = opting or _notifies(call)
    _own_account(emulator, call, notifies, "opt-in" if opting else "templates")
    if opting:
        return _opt(emulator, call, to, method)
    whom = emulator.people.by_phone(to) or kit.stranger(to)
    draft = _template(emulator, call, whom) if notifies else _session(call, whom)
    if too_many(emulator, draft):
        raise Refusal("ent_rate")
    record = take(emulator, draft)
    body = {"id": record["id"], "phone": to, "details": "", "status": "success"}
    return await answered(emulator, draft, record, _said(call, body))


def _notifies(call: Fields) -> bool:
    """A template. NOT CONFIRMED: without `isHSM` and HSM, where it names one by its id, or says
    `isTemplate` and is not interactive."""
    if _is(call, "isHSM") or call.get("msg_type", "").lower() == "hsm":
        return True
    if _is(call, "isTemplate"):
        return "interactive_type" not in call
    return "whatsAppTemplateId" in call


def _is(call: Fields, name: str) -> bool:
    return call.get(name, "").lower() == "true"


def _sign_in(emulator: Emulator, call: Fields, authorization: str) -> None:
    """A known user id, with its password in the form or after Bearer."""
    passwords = emulator.accounts().get(call.get("userid", ""))
    if passwords is None:
        raise Refusal("ent_user")
    kind, _, bearer = authorization.partition(" ")
    given = bearer.strip() if kind.lower() == "bearer" else call.get("password", "")
    right = any(hmac.compare_digest(given.encode(), one.encode()) for one in passwords)
    if not given or not right or emulator.faults.take("key_refused") is not None:
        raise Refusal("ent_password")


def _own_account(emulator: Emulator, call: Fields, notifies: bool, what: str) -> None:
    hsm = emulator.config.hsm_user_id
    if hsm and (call["userid"] == hsm) is not notifies:
        what = what if notifies else "session messages"
        raise Refusal("ent_account", userid=call["userid"], what=what)


def _opt(emulator: Emulator, call: Fields, to: str, method: str) -> Answer:
    """A person's consent is recorded. What Gupshup says to it is not published."""
    fields.check(call, tables.OPT)
    emulator.consents(to, method == "opt_in")
    body = {"id": wire.enterprise_id(), "phone": to, "details": "", "status": "success"}
    emulator.wire_out(emulator.number, method.replace("_", "-"), "200", _shown(call), answer=body)
    return _answer(call, body)


# --- session messages ----------------------------------------------------------------------------


def _session(call: Fields, whom: HandsetContact) -> Draft:
    media = call["method"].lower() == "sendmediamessage"
    kind, text = "text", ""
    if "interactive_type" in call:
        kind, shown = call["interactive_type"].lower(), _interactive(call, media)
    elif media:
        kind, shown = _media(call)
    else:
        fields.check(call, tables.SESSION)
        text = call["msg"]
        shown = shapes.text(text)
    return Draft(
        dialect="enterprise",
        contact=whom,
        kind=kind,
        shown=shown,
        sent=_shown(call),
        session=True,
        text=text,
        extra=call.get("extra"),
    )


def _media(call: Fields) -> tuple[str, dict[str, Any]]:
    fields.check(call, tables.MEDIA)
    kind = call["msg_type"].lower()
    if kind in ("image", "video", "document") and "caption" not in call:
        raise Problem("The parameter caption is missing")  # "" will do
    caption = shapes.both_texts(call.get("msg"), call.get("caption"))
    if kind in ("audio", "sticker"):
        caption = ""
    return kind, shapes.file(kind, call["media_url"], caption, call.get("filename", ""))


def _interactive(call: Fields, media: bool) -> dict[str, Any]:
    """Meta's interactive object, put together again from its parts."""
    whole: dict[str, Any] = {**call, "action": _action(call)}
    fields.check(whole, tables.INTERACTIVE)
    kind = call["interactive_type"].lower()
    fields.check(whole, tables.ACTIONS[kind])
    header: dict[str, Any] | None = None
    if media:
        fields.check(call, tables.MEDIA)
        form = call["msg_type"].lower()
        if form not in ("image", "video", "document") or "caption" not in call:
            raise Problem("The parameter msg_type or caption does not fit a media header")
        header = shapes.header(form, call["media_url"], call.get("filename", ""))
    elif call.get("header"):
        header = shapes.header("text", call["header"])
    name = "button" if kind == "dr_button" else kind
    if kind == "list":
        _ten_rows(whole["action"])
    return shapes.interactive(name, call["msg"], whole["action"], header, call.get("footer", ""))


def _action(call: Fields) -> Any:
    try:
        return json.loads(call["action"]) if call.get("action") else None
    except ValueError:
        raise Problem("The parameter action is not JSON") from None


def _ten_rows(action: dict[str, Any]) -> None:
    if sum(len(section["rows"]) for section in action["sections"]) > 10:
        raise Problem("The list has more than 10 rows")


# --- templates -----------------------------------------------------------------------------------


def _template(emulator: Emulator, call: Fields, whom: HandsetContact) -> Draft:
    media = call["method"].lower() == "sendmediamessage"
    fields.check(call, tables.MEDIA if media else tables.TEMPLATE)
    text = call.get("caption" if media else "msg", "")
    form = call.get("msg_type", "").lower() if media else ""
    template, body = _meant(emulator, call, text, form)
    file = None
    if media:
        name = {"filename": call["filename"]} if call.get("filename") else {}
        file = {"type": form, form: {"link": call["media_url"], **name}}
    _dressed(template, call, text)
    try:
        shown = templates.written(
            template,
            emulator.media_known,
            header=body.get("header", ()),
            body=body["body"],
            buttons=[call["buttonUrlParam"]] if call.get("buttonUrlParam") else (),
            file=file,
        )
    except MetaRefusal as refusal:
        problem = reason(refusal)
        raise Refusal("ent_template_part", name=template["name"], problem=problem) from None
    if templates.media_header(template) != form:
        problem = f"its header is {templates.media_header(template) or 'no file'}"
        raise Refusal("ent_template_part", name=template["name"], problem=problem)
    person = kit.person_key(whom)
    if not opted_in(emulator, person) or emulator.consent.get(person) is False:
        raise Refusal("ent_opt_in", phone=person)
    return Draft(
        dialect="enterprise",
        contact=whom,
        kind="template",
        shown=shown,
        sent=_shown(call),
        session=False,
        extra=call.get("extra"),
    )


def _meant(
    emulator: Emulator, call: Fields, text: str, form: str
) -> tuple[Template, dict[str, Any]]:
    """The template and its values: by text where there is one, else by id with `var1`, `var2`, …
    An id beside a text must be known; that the text wins is not confirmed."""
    key = call.get("whatsAppTemplateId", "")
    by_id = emulator.templates.named(key) if key else None
    if key and (by_id is None or by_id["status"] != "APPROVED"):
        raise Refusal("ent_template")
    if text:
        found = emulator.templates.worded(text, form)
        if found is None:
            raise Refusal("ent_template")
        template, values = found
        return template, {"body": values, "header": _header_values(template, call)}
    if by_id is None:
        raise Problem("The parameter msg is missing")
    given: list[str] = []
    while (name := f"var{len(given) + 1}") in call:
        given.append(call[name])
    return by_id, templates.in_order(by_id, given)


def _header_values(template: Template, call: Fields) -> list[str]:
    """The values in a header of text, which must be the template's where it is given."""
    given = call.get("header", "")
    header = component(template, "HEADER")
    if header is None or templates.media_header(template) or not given:
        return []
    values = templates.values_of(str(header["text"]), given)
    if values is None:
        raise Refusal("ent_template_part", name=template["name"], problem="its header is another")
    return list(values.values())


def _dressed(template: Template, call: Fields, text: str) -> None:
    """`isTemplate` goes along with header, footer or buttons, and the footer is the template's."""
    name = template["name"]
    if text and templates.dressed(template) and not _is(call, "isTemplate"):
        raise Refusal("ent_template_part", name=name, problem="isTemplate is not true")
    footer = str((component(template, "FOOTER") or {}).get("text", ""))
    if call.get("footer") and call["footer"] != footer:
        raise Refusal("ent_template_part", name=name, problem="its footer is another")
