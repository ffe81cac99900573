"""The Messages API: one call for every kind of message, and an SMS where WhatsApp does not reach.

It carries what its documentation shows for WhatsApp; `carries` says which messages those are. All
others go by the WhatsApp outbound API, which says every kind exactly, without an SMS behind them.

NOT CONFIRMED: that a list's `subtext` is the label that opens it, and that a one-time code goes as
the suffix of an address button here as well.

Source: Infobip OpenAPI, "Messages API: send" (2026).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.identity import Phone
from dragoman.partners._cloud.limits import filled
from dragoman.partners.contract import OutboundMessage
from dragoman.partners.extra import merge

from .contents import Content, flow_action, product_sections, whatsapp
from .limits import link_of, recipient, sized
from .settings import Settings
from .shape import message_id, written_time
from .templates import button_list, fits, header_text, ordered, values

# Members of `options` that belong to the whole call, and not to the message.
_OF_THE_CALL = frozenset({"schedule", "tracking", "messageOrdering"})
_OURS = frozenset({"channel", "sender", "destinations"})
_LONGEST_SMS = 4096
_BUTTONS = (
    c.QuickReplyButton | c.UrlButton | c.CopyCodeButton | c.FlowButton
    | c.CatalogButton | c.ProductsButton
)  # fmt: skip


def carries(message: OutboundMessage) -> bool:
    """Whether the Messages API says this message as it is meant."""
    content = message.content
    if message.reply_to:
        return False  # it has no quoting
    if isinstance(content, c.Buttons | c.List | c.Flow):
        plain = content.header is None or (
            isinstance(content, c.Buttons) and content.header.text is not None
        )
        return plain and not content.footer
    if isinstance(content, c.Template):
        top = content.header
        told = top is None or isinstance(top, c.TextParam) or (
            isinstance(top, c.MediaParam) and top.type in ("image", "video")
        )  # fmt: skip
        by_button = all(isinstance(button, _BUTTONS) for button in content.buttons)
        return told and by_button and not content.cards and content.order_status is None
    return isinstance(content, c.Text | c.Image | c.Video | c.Document)


def body(message: OutboundMessage, settings: Settings) -> dict[str, Any]:
    """The JSON of the call for a message that it carries. Raises Refuse."""
    one: dict[str, Any] = {"channel": "WHATSAPP", "sender": message.number}
    content = message.content
    if isinstance(content, c.Template):
        one |= _template(content, settings)
    else:
        one["content"] = _MAKE[type(content)](content, settings)
    text = _sms(content) if settings.sms_sender else None
    if text and isinstance(message.recipient, Phone):
        one["options"] = {"validityPeriod": _minutes(settings.sms_after)}
        said = {"body": {"text": text[:_LONGEST_SMS], "type": "TEXT"}}
        one["failover"] = [{"channel": "SMS", "sender": settings.sms_sender, "content": said}]
    return finished(one, {}, message)


def finished(
    one: dict[str, Any], root: Mapping[str, Any], message: OutboundMessage
) -> dict[str, Any]:
    """The call around a message: the author's last word in it, and the person, whom nobody but us
    decides. `root`: what stands beside `messages`. Raises Refuse."""
    to = recipient(message.recipient)
    merge(one, {k: v for k, v in (message.extra or {}).items() if k not in _OURS})
    out: dict[str, Any] = {"messages": [one], **root}
    options = one.get("options")
    if isinstance(options, dict):
        # A new dict: the author's own is left as it is.
        of_call = {k: v for k, v in options.items() if k in _OF_THE_CALL}
        one["options"] = {k: v for k, v in options.items() if k not in _OF_THE_CALL}
        if of_call:
            given = out.get("options")
            out["options"] = {**(given if isinstance(given, dict) else {}), **of_call}
        if not one["options"]:
            del one["options"]
    destination: dict[str, Any] = {}
    if message.reference:
        destination["messageId"] = message_id(message.reference, message.number)
    elif isinstance(own := one.pop("messageId", None), str):
        destination["messageId"] = own
    one.pop("messageId", None)
    failover = one.get("failover")
    if isinstance(failover, list) and failover:
        others = [step.get("channel") for step in failover if isinstance(step, dict)]
        ways = dict.fromkeys(["WHATSAPP", *(way for way in others if isinstance(way, str))])
        destination["byChannel"] = [{"channel": way, "to": to} for way in ways]
    else:
        destination["to"] = to
    return {**out, "messages": [{**one, "destinations": [destination]}]}


def _minutes(amount: int) -> Content:
    return {"amount": amount, "timeUnit": "MINUTES"}


def _sms(content: c.Outbound) -> str | None:
    """What an SMS says instead: the words, and a file's address. A template's words are not known
    here; an author gives `failover` with them."""
    if isinstance(content, c.Text):
        return content.text
    if isinstance(content, c.Buttons | c.List | c.Flow):
        return content.body
    if isinstance(content, c.Image | c.Video | c.Document):
        return "\n".join(part for part in (content.caption, content.link) if part)
    return None


# --- contents ------------------------------------------------------------------------------------


def _text(content: c.Text, settings: Settings) -> Content:
    return {"body": {"text": filled("text", content.text), "type": "TEXT"}}


def _file(content: c.Image | c.Video | c.Document, settings: Settings) -> Content:
    _, told = whatsapp(content, settings)  # within the limits of the other API, which are known
    out = {"url": told["mediaUrl"]}
    if "caption" in told:
        out["text"] = told["caption"]
    if "filename" in told:
        out["filename"] = told["filename"]
    return {"body": {**out, "type": c.kind_of(content).upper()}}


def _buttons(content: c.Buttons, settings: Settings) -> Content:
    _, told = whatsapp(content, settings)
    out: Content = {"header": told["header"]} if "header" in told else {}
    out["body"] = {**told["body"], "type": "TEXT"}
    out["buttons"] = [
        {"type": "REPLY", "text": one["title"], "postbackData": one["id"]}
        for one in told["action"]["buttons"]
    ]
    return out


def _list(content: c.List, settings: Settings) -> Content:
    _, told = whatsapp(content, settings)
    sections = []
    for section in told["action"]["sections"]:
        items = [
            {"id": row["id"], "text": row["title"]}
            | ({"description": row["description"]} if "description" in row else {})
            for row in section["rows"]
        ]
        title = {"sectionTitle": section["title"]} if "title" in section else {}
        sections.append({**title, "items": items})
    label = told["action"]["title"]
    return {"body": {**told["body"], "subtext": label, "sections": sections, "type": "LIST"}}


def _flow(content: c.Flow, settings: Settings) -> Content:
    told = flow_action(content)
    action: Content = {"type": told.get("flowAction", "NAVIGATE")}
    if "flowActionPayload" in told:
        action["payload"] = told["flowActionPayload"]
    return {
        "body": {
            "text": filled("body", content.body),
            "id": told["flowId"],
            "token": told["flowToken"],
            "buttonText": told["callToActionButton"],
            "mode": "DRAFT" if content.draft else "PUBLISHED",
            "action": action,
            "type": "FLOW",
        }
    }


_MAKE: Mapping[type[Any], Callable[[Any, Settings], Content]] = {
    c.Text: _text,
    c.Image: _file,
    c.Video: _file,
    c.Document: _file,
    c.Buttons: _buttons,
    c.List: _list,
    c.Flow: _flow,
}


# --- templates -----------------------------------------------------------------------------------


def _template(content: c.Template, settings: Settings) -> dict[str, Any]:
    """`template` and, where it has values, `content`, in which places are named by numbers."""
    fits(content)
    body, buttons = values(content.body), content.buttons
    if content.code is not None:
        code = sized("one-time code", content.code, "copy code")
        body, buttons = (code,), (c.UrlButton(0, code),)
    language = filled("template language", content.language, 20)
    out: dict[str, Any] = {"template": {"templateName": content.name, "language": language}}
    told: Content = {}
    if isinstance(content.header, c.MediaParam):
        top = content.header
        link = link_of(f"template {top.type}", top.id, top.link)
        told["header"] = {"url": link, "type": top.type.upper()}
    elif content.header is not None:
        told["header"] = {"type": "TEXT", "1": header_text(content.header)}
    if body:
        told["body"] = {"type": "TEXT", **{str(n): text for n, text in enumerate(body, 1)}}
    if buttons:
        button_list(buttons, settings)  # the other API's limits, which are WhatsApp's
        told["buttons"] = [_button(button) for button in ordered(buttons)]
    if content.offer_expires_at is not None:
        told["expirationTime"] = written_time(content.offer_expires_at)
    return {**out, "content": told} if told else out


def _button(button: c.TemplateButton) -> Content:
    if isinstance(button, c.QuickReplyButton):
        return {"type": "QUICK_REPLY", "postbackData": button.payload}
    if isinstance(button, c.UrlButton):
        return {"type": "OPEN_URL", "suffix": button.suffix}
    if isinstance(button, c.CopyCodeButton):
        return {"type": "COPY_CODE", "code": button.code}
    if isinstance(button, c.FlowButton):
        out: Content = {"type": "FLOW", "token": button.token} if button.token else {"type": "FLOW"}
        return {**out, "data": button.data} if button.data else out
    if isinstance(button, c.CatalogButton):
        out = {"type": "CATALOG"}
        product = button.thumbnail_product_id
        return {**out, "productId": product} if product else out
    assert isinstance(button, c.ProductsButton)
    return {
        "type": "MULTI_PRODUCT",
        "productId": button.thumbnail_product_id,
        "sections": product_sections(button.sections, "productIds"),
    }
