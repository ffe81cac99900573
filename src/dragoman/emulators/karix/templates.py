"""The templates that are registered for the account, and a send against its template.

A template has one language, which is bound to its name. Karix says a send is accepted before it
asks WhatsApp, so whatever is wrong with a template comes as a report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from .checks import Refusal

_PLACE = re.compile(r"\{\{\s*(\d+)\s*\}\}")


class Button(msgspec.Struct, frozen=True):
    """`url` with {{1}} at its end has a variable. Without one it is a quick reply."""

    text: str
    url: str = ""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """`header` is a text, or the kind of a file. Places are {{1}}, {{2}}, …"""

    name: str
    body: str
    language: str = "en_US"
    header: str = ""
    file: Literal["", "image", "video", "document"] = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    status: Literal["APPROVED", "PAUSED", "DISABLED"] = "APPROVED"


def seeds() -> list[Template]:
    """The templates of the demo."""
    return [
        Template(name="hello_world", header="Hello World", body="Welcome to the tea shop!"),
        Template(name="order_update", body="Hello {{1}}, your order {{2}} is on its way."),
        Template(name="order_shipped", body="Hi {{1}}, your order {{2}} has shipped."),
        Template(
            name="order_news",
            header="News for {{1}}",
            body="Your order {{1}} is late and now ships on {{2}}, sorry.",
        ),
        Template(name="statement", file="document", body="Dear {{1}}, your statement is here."),
        Template(
            name="offer",
            file="image",
            body="Hello {{1}}, our new tea has come in.",
            footer="Reply STOP to opt out",
            buttons=(Button("See it", "https://www.example.com/{{1}}"), Button("Interested")),
        ),
        Template(name="promo_image", file="image", body="Hello {{1}}, our new tea has come in."),
        Template(
            name="promo_buttons",
            body="Hello {{1}}, a small gift waits for you.",
            buttons=(Button("Unsubscribe"), Button("Track", "https://www.example.com/{{1}}")),
        ),
        Template(name="how_to_brew", file="video", body="Brew it like this."),
        Template(
            name="login_code",
            body="{{1}} is your verification code.",
            footer="This code expires in 5 minutes.",
            buttons=(Button("Copy code", "https://www.whatsapp.com/otp/code/?code=otp{{1}}"),),
        ),
        Template(name="namaste", language="hi", body="नमस्ते {{1}}, आपका ऑर्डर तैयार है।"),
        Template(name="winter_sale_paused", body="Our winter sale is on.", status="PAUSED"),
        Template(name="spam_disabled", body="Win a prize every day.", status="DISABLED"),
    ]


def _filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its values, which are "0", "1", … for {{1}}, {{2}}, … Raises Refusal."""
    places = {str(int(place) - 1) for place in _PLACE.findall(text)}
    if places != set(values):
        raise Refusal("template_values")
    return _PLACE.sub(lambda match: values[str(int(match[1]) - 1)], text)


def _header(template: Template, given: Mapping[str, Any]) -> dict[str, Any] | None:
    media = given.get("media") or {}
    if media.get("type", "") != template.file:
        raise Refusal("template_media")
    text = _filled(template.header, given.get("headerParameterValues") or {})
    if template.file:
        file = {"link": media["url"], "filename": media.get("fileName")}
        told = {key: value for key, value in file.items() if value}
        return {"type": template.file, template.file: told}
    return {"type": "text", "text": text} if text else None


def _buttons(template: Template, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    buttons = given.get("buttons") or {}
    suffixes = {one["index"]: one["payload"] for one in buttons.get("actions") or []}
    payloads = {one["index"]: one["payload"] for one in buttons.get("quickReplies") or []}
    out = []
    for index, button in enumerate(template.buttons):
        at = str(index)
        if not button.url:
            payload = payloads.pop(at, button.text)
            out.append({"type": "quick_reply", "text": button.text, "payload": payload})
            continue
        url = button.url
        if _PLACE.search(url):
            if at not in suffixes:
                raise Refusal("template_button")
            url = _PLACE.sub("", url) + suffixes.pop(at)
        out.append({"type": "url", "text": button.text, "url": url})
    if suffixes or payloads:
        raise Refusal("template_button")
    return out


class Templates:
    """Those of the account, by name."""

    def __init__(self, given: list[Template] | None) -> None:
        self.all = {template.name: template for template in (seeds() if given is None else given)}

    def compose(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the person reads of a send: `header`, `body`, `footer`, `buttons`; and the
        `language`. `given` is `template` or `mediaTemplate` of the request. Raises Refusal."""
        template = self.all.get(given["templateId"])
        if template is None:
            raise Refusal("template_missing")
        if template.status != "APPROVED":
            raise Refusal("template_paused")
        values = given.get("bodyParameterValues") or given.get("parameterValues") or {}
        shown: dict[str, Any] = {
            "language": template.language,
            "body": _filled(template.body, values),
            "buttons": _buttons(template, given),
        }
        header = _header(template, given)
        if header is not None:
            shown["header"] = header
        if template.footer:
            shown["footer"] = template.footer
        return shown
