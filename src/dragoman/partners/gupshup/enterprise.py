"""Enterprise: one form for each message, its method and type in the fields.

What is interactive is Meta's own object, taken apart: `action` as text, body, header and footer
beside it. Session messages go by the two-way account, templates and opt-in by the HSM account.

Source: Gupshup, "WhatsApp Business API: Enterprise", and public integrations of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from dragoman.domain import content as c
from dragoman.partners._cloud.envelope import interactive_object
from dragoman.partners._cloud.limits import filled, header_file, within
from dragoman.partners.contract import HttpCall, OutboundMessage

from .native import cannot, digits_of, link_of, meant, unknown
from .settings import Settings, account_of
from .templates import enterprise as template

# NOT CONFIRMED: what text in a session is called. Integrations send DATA_TEXT or TEXT.
SESSION_TEXT = "DATA_TEXT"

# Meta's type → Enterprise's `interactive_type`, and whether `isTemplate` goes along.
# NOT CONFIRMED: order_details and order_status, whose names Gupshup does not publish.
INTERACTIVE: Mapping[str, tuple[str, bool]] = {
    "button": ("dr_button", True),
    "list": ("list", True),
    "order_details": ("order_details", False),
    "order_status": ("order_status", False),
}

SHAPES = "a form of Enterprise with `msg` or `media_url` (and `msg_type`, `interactive_type`, …)"
_NATIVE = ("msg", "media_url", "whatsAppTemplateId")
_METHODS = ("sendmessage", "sendmediamessage")
_OURS = frozenset({"userid", "password", "auth_scheme", "v", "format", "send_to", "phone_number"})
_encode = msgspec.json.Encoder().encode


def render(message: OutboundMessage, settings: Settings) -> HttpCall:
    """Raises Refuse."""
    to = digits_of(message.recipient, "Enterprise")
    fields = _fields(meant(message), settings)
    fields |= _texts(message.extra or {})
    # The method comes first, the person next; what is ours is never the author's.
    form = {"method": fields.pop("method"), "send_to": to, **fields}
    if message.reference:
        form["extra"] = message.reference
    return gateway_call(settings, "send", form, notifies=is_template(form))


def is_template(fields: Mapping[str, Any]) -> bool:
    """Whether a form is a template, which goes by the HSM account.

    NOT CONFIRMED: that one without `isHSM` and HSM is one where it names a template's id, or says
    `isTemplate` (which interactive messages in a session say as well).
    """
    told = _texts(fields)
    if told.get("isHSM", "").lower() == "true" or told.get("msg_type", "").upper() == "HSM":
        return True
    if told.get("isTemplate", "").lower() == "true":
        return "interactive_type" not in told
    return "whatsAppTemplateId" in told


def gateway_call(
    settings: Settings, purpose: str, form: Mapping[str, str], notifies: bool
) -> HttpCall:
    """A call with the account that it belongs to."""
    account = account_of(settings, notifies)
    who = {"userid": account.user_id}
    headers = {}
    if settings.bearer:
        headers["Authorization"] = f"Bearer {account.password}"
    else:
        who["password"] = account.password
    whole = {**who, "auth_scheme": "plain", "v": "1.1", "format": "json", **form}
    return HttpCall(
        "POST",
        f"{settings.host}/GatewayAPI/rest",
        purpose,
        headers,
        form=tuple(whole.items()),
        secret_form=frozenset({"password"}),
    )


def opt_call(settings: Settings, method: str, digits: str) -> HttpCall:
    """OPT_IN or OPT_OUT of a person."""
    form = {"method": method, "channel": "WHATSAPP", "phone_number": digits}
    return gateway_call(settings, method.lower(), form, notifies=True)


def knows_native(payload: Mapping[str, Any]) -> bool:
    return any(name in payload for name in _NATIVE)


def _native(payload: dict[str, Any]) -> dict[str, str]:
    """The author's form, with what it leaves open."""
    if not knows_native(payload):
        raise unknown("Enterprise", SHAPES)
    fields = _texts(payload)
    fields.setdefault("method", "SendMediaMessage" if "media_url" in fields else "SendMessage")
    if fields["method"].lower() not in _METHODS:
        raise unknown("Enterprise", SHAPES)
    by_id = {"whatsAppTemplateId", "interactive_type", "media_url"}
    if by_id.isdisjoint(fields):
        fields.setdefault("msg_type", SESSION_TEXT)
    return fields


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Every value as a form holds it: switches as words, objects as JSON."""
    out = {}
    for name, value in values.items():
        if name in _OURS or value is None:
            continue
        if isinstance(value, bool):
            out[name] = "true" if value else "false"
        else:
            out[name] = value if isinstance(value, str) else _encode(value).decode()
    return out


def _fields(content: c.Outbound, settings: Settings) -> dict[str, str]:
    if isinstance(content, c.Text):
        text = filled("text", content.text)
        return {"method": "SendMessage", "msg_type": SESSION_TEXT, "msg": text}
    if isinstance(content, c.Image | c.Video | c.Audio | c.Document | c.Sticker):
        return _file(content)
    if isinstance(content, c.Buttons | c.List | c.OrderDetails | c.OrderStatus):
        return _interactive(content)
    if isinstance(content, c.Template):
        return template(content, settings)
    if isinstance(content, c.Raw):
        return _native(content.payload)
    raise cannot("Enterprise", content)


def _file(content: c.Image | c.Video | c.Audio | c.Document | c.Sticker) -> dict[str, str]:
    kind = c.kind_of(content)
    out = {
        "method": "SendMediaMessage",
        "msg_type": kind.upper(),
        "isHSM": "false",
        "media_url": link_of(kind, content.id, content.link),
    }
    if isinstance(content, c.Image | c.Video | c.Document):
        out["caption"] = within("caption", content.caption or "")  # it must not be left out
    if isinstance(content, c.Document) and content.filename:
        out["filename"] = content.filename
    return out


def _interactive(content: c.Outbound) -> dict[str, str]:
    """Meta's object, taken apart. That header and footer have their place beside the body is not
    confirmed."""
    meta = interactive_object(content)
    name, is_template = INTERACTIVE[meta["type"]]
    text, header = meta["body"]["text"], meta.get("header") or {"type": ""}
    out: dict[str, str] = {"method": "SendMessage"}
    kind = header["type"]
    if kind in ("image", "video", "document"):
        media = header[kind]
        link = link_of(header_file(kind), media.get("id"), media.get("link"))
        out = {"method": "SendMediaMessage", "msg_type": kind, "media_url": link, "caption": text}
        is_template = False
        if media.get("filename"):
            out["filename"] = media["filename"]
        out["isTemplate"] = "false"
    elif kind == "text":
        out["header"] = header["text"]
    if is_template:
        out["isTemplate"] = "true"
    if "footer" in meta:
        out["footer"] = meta["footer"]["text"]
    action = _encode(meta["action"]).decode()
    return {**out, "msg": text, "interactive_type": name, "action": action}
