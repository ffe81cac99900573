"""The Messages API: one call for every kind of message, and an SMS where WhatsApp does not reach.

It carries what its documentation shows for WhatsApp; `carries` says which messages those are. All
others go by the WhatsApp outbound API, which says every kind exactly, without an SMS behind them.

NOT CONFIRMED: that a list's `subtext` is the label that opens it, and that a one-time code goes as
the suffix of an address button here as well.

Source: Infobip OpenAPI, "Messages API: send" (2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.identity import Phone
from dragoman.partners._cloud.limits import filled
from dragoman.partners.contract import OutboundMessage
from dragoman.partners.extra import merge
from dragoman.partners.mapping import Is, May, Table, absent, at, mapped

from .contents import Content, flow_action, whatsapp
from .limits import recipient
from .settings import Settings
from .shape import message_id
from .templates import template

# Members of `options` that belong to the whole call, and not to the message.
_OF_THE_CALL = frozenset({"schedule", "tracking", "messageOrdering"})
_OURS = frozenset({"channel", "sender", "destinations"})
_LONGEST_SMS = 4096
_CARRIED_BUTTONS = frozenset(
    {c.QuickReplyButton, c.UrlButton, c.CopyCodeButton, c.FlowButton}
    | {c.CatalogButton, c.ProductsButton}
)
# The messages that it carries, where they have none of these.
_NOT_CARRIED: Mapping[type[Any], tuple[str, ...]] = {
    c.Text: (),
    c.Image: (),
    c.Video: (),
    c.Document: (),
    c.Buttons: ("header.image", "header.video", "header.document", "footer"),
    c.List: ("header", "footer"),
    c.Flow: ("header", "footer"),
    c.Template: ("cards", "order_status"),
}
# What an SMS says instead: the words, and a file's address. A template's words are not known here;
# an author gives `failover` with them.
_SMS: Mapping[type[Any], tuple[str, ...]] = {
    c.Text: ("text",),
    c.Buttons: ("body",),
    c.List: ("body",),
    c.Flow: ("body",),
    c.Image: ("caption", "link"),
    c.Video: ("caption", "link"),
    c.Document: ("caption", "link"),
}


def carries(message: OutboundMessage) -> bool:
    """Whether the Messages API says this message as it is meant; it has no quoting."""
    content = message.content
    if message.reply_to or type(content) not in _NOT_CARRIED:
        return False
    if isinstance(content, c.Template):
        top = content.header
        told = isinstance(top, c.TextParam | None) or at(top, "type") in ("image", "video")
        if not told or not all(type(button) in _CARRIED_BUTTONS for button in content.buttons):
            return False
    return all(absent(at(content, path)) for path in _NOT_CARRIED[type(content)])


def body(message: OutboundMessage, settings: Settings) -> dict[str, Any]:
    """The JSON of the call for a message that it carries. Raises Refuse."""
    content = message.content
    one = {**sender(message), **_content(content, settings)}
    said = (getattr(content, name) for name in _SMS.get(type(content), ()))
    text = "\n".join(part for part in said if part)[:_LONGEST_SMS]
    if text and settings.sms_sender and isinstance(message.recipient, Phone):
        one["options"] = {"validityPeriod": {"amount": settings.sms_after, "timeUnit": "MINUTES"}}
        sms = {"body": {"text": text, "type": "TEXT"}}
        one["failover"] = [{"channel": "SMS", "sender": settings.sms_sender, "content": sms}]
    return finished(one, {}, message)


def sender(message: OutboundMessage) -> dict[str, Any]:
    return {"channel": "WHATSAPP", "sender": message.number}


def finished(
    one: dict[str, Any], root: Mapping[str, Any], message: OutboundMessage
) -> dict[str, Any]:
    """The call around a message: the author's last word in it, and the person, whom nobody but us
    decides. `root`: what stands beside `messages`. Raises Refuse."""
    to = recipient(message.recipient)
    merge(one, {k: v for k, v in (message.extra or {}).items() if k not in _OURS})
    out: dict[str, Any] = {"messages": [one], **root}
    if isinstance(options := one.get("options"), dict):
        # A new dict: the author's own is left as it is.
        one["options"] = {k: v for k, v in options.items() if k not in _OF_THE_CALL}
        if of_call := {k: v for k, v in options.items() if k in _OF_THE_CALL}:
            beside = out.get("options")
            out["options"] = {**(beside if isinstance(beside, dict) else {}), **of_call}
        if not one["options"]:
            del one["options"]
    id, failover = one.pop("messageId", None), one.get("failover")
    if message.reference:
        id = message_id(message.reference, message.number)
    destination: dict[str, Any] = {"messageId": id} if isinstance(id, str) else {}
    if isinstance(failover, list) and failover:
        others = [way for step in failover if isinstance(way := at(step, "channel"), str)]
        ways = dict.fromkeys(["WHATSAPP", *others])
        destination["byChannel"] = [{"channel": way, "to": to} for way in ways]
    else:
        destination["to"] = to
    return {**out, "messages": [{**one, "destinations": [destination]}]}


# --- contents ------------------------------------------------------------------------------------

# What a kind of message is called here, by its name in the WhatsApp outbound API.
_BODY = May("body.text", "body.text")
_FILE = (May("body.url", "mediaUrl"), May("body.text", "caption"), May("body.filename", "filename"))
_REPLY = (Is("type", "REPLY"), May("text", "title"), May("postbackData", "id"))
_ITEM = (May("id", "id"), May("text", "title"), May("description", "description"))
_SECTION = (May("sectionTitle", "title"), May("items", "rows", each=_ITEM))
_CONTENTS: Mapping[type[Any], Table] = {
    c.Text: (May("body.text", "text"), Is("body.type", "TEXT")),
    c.Image: (*_FILE, Is("body.type", "IMAGE")),
    c.Video: (*_FILE, Is("body.type", "VIDEO")),
    c.Document: (*_FILE, Is("body.type", "DOCUMENT")),
    c.Buttons: (
        May("header", "header"),
        _BODY,
        Is("body.type", "TEXT"),
        May("buttons", "action.buttons", each=_REPLY),
    ),
    c.List: (
        _BODY,
        May("body.subtext", "action.title"),
        May("body.sections", "action.sections", each=_SECTION),
        Is("body.type", "LIST"),
    ),
}
_FLOW = (
    May("text", "body.text"),
    May("id", "flowId"),
    May("token", "flowToken"),
    May("buttonText", "callToActionButton"),
    May("mode", "mode"),
    May("action.type", "flowAction"),
    May("action.payload", "flowActionPayload"),
    Is("type", "FLOW"),
)


def _content(content: c.Outbound, settings: Settings) -> Content:
    """`content`, within the limits of the other API, which are known; and `template`."""
    if isinstance(content, c.Template):
        return mapped(template(content, settings), _TEMPLATE)
    if isinstance(content, c.Flow):
        return {"content": {"body": _flow(content)}}
    _, told = whatsapp(content, settings)
    return {"content": mapped(told, _CONTENTS[type(content)])}


def _flow(content: c.Flow) -> Content:
    """It names no version, and says what a published Flow is."""
    usual = {"flowAction": "NAVIGATE", "mode": "DRAFT" if content.draft else "PUBLISHED"}
    action = flow_action(content)
    return mapped({**usual, **action, "body": {"text": filled("body", content.body)}}, _FLOW)


# --- templates -----------------------------------------------------------------------------------


def _numbered(values: list[str]) -> Content:
    """Places are named by numbers here."""
    return {"type": "TEXT", **{str(n): text for n, text in enumerate(values, 1)}}


def _buttons(buttons: list[Content]) -> list[Content]:
    return [mapped(button, _BUTTONS[button["type"]]) for button in buttons]


# `template` and, where it has values, `content`.
_TEMPLATE = (
    May("template.templateName", "templateName"),
    May("template.language", "language"),
    May("content.header.url", "templateData.header.mediaUrl"),
    May("content.header.type", "templateData.header.type"),
    May("content.header.1", "templateData.header.placeholder"),
    May("content.body", "templateData.body.placeholders", make=_numbered),
    May("content.buttons", "templateData.buttons", make=_buttons),
    May("content.expirationTime", "templateData.limitedTimeOffer.expirationTime"),
)
_PRODUCTS = (May("title", "title"), May("productIds", "productRetailerIds"))
# The type of a button in the other API → the button here.
_BUTTONS: Mapping[str, Table] = {
    "QUICK_REPLY": (Is("type", "QUICK_REPLY"), May("postbackData", "parameter")),
    "URL": (Is("type", "OPEN_URL"), May("suffix", "parameter")),
    "COPY_CODE": (Is("type", "COPY_CODE"), May("code", "parameter")),
    "FLOW": (Is("type", "FLOW"), May("token", "flowToken"), May("data", "data")),
    "CATALOG": (Is("type", "CATALOG"), May("productId", "thumbnailProductRetailerId")),
    "MULTI_PRODUCT": (
        Is("type", "MULTI_PRODUCT"),
        May("productId", "thumbnailProductRetailerId"),
        May("sections", "sections", each=_PRODUCTS),
    ),
}
