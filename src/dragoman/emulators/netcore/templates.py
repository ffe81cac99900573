"""The templates of the account: seeded, listed, created, and filled for a send.

Kept in Meta's shape, in which they are created. Source: Netcore's own MCP server (paths and the
body of *create*); the answers' shapes are UNSURE.
"""

from __future__ import annotations

import re
from typing import Any

from dragoman.emulators.kit import Books

from .checks import Refusal

Template = dict[str, Any]
_PLACE = re.compile(r"\{\{\s*(\d+)\s*\}\}")


def seed(
    name: str,
    body: str,
    *,
    header: str = "",
    buttons: tuple[dict[str, Any], ...] = (),
    language: str = "en",
    category: str = "UTILITY",
    status: str = "APPROVED",
) -> Template:
    """`header`: IMAGE, VIDEO or DOCUMENT, or a text."""
    parts: list[dict[str, Any]] = []
    if header:
        media = header in ("IMAGE", "VIDEO", "DOCUMENT")
        text = {} if media else {"text": header}
        parts.append({"type": "HEADER", "format": header if media else "TEXT", **text})
    parts.append({"type": "BODY", "text": body})
    if buttons:
        parts.append({"type": "BUTTONS", "buttons": list(buttons)})
    told = {"name": name, "language": language, "category": category, "status": status}
    return {**told, "components": parts}


def seeds() -> list[Template]:
    return [
        seed("hello_tea", "Welcome to the tea shop."),
        seed("order_update", "Hi {{1}}, your order {{2}} has shipped."),
        seed("order_ready", "Your order {{1}} is ready.", header="Good news, {{1}}"),
        seed("statement", "Hello {{1}}, your statement is here.", header="DOCUMENT"),
        seed(
            "offer",
            "Hello {{1}}, our new tea has come in.",
            header="IMAGE",
            buttons=({"type": "URL", "text": "Shop", "url": "https://shop.example/{{1}}"},),
            category="MARKETING",
        ),
        seed(
            "feedback",
            "How was your tea, {{1}}?",
            buttons=(
                {"type": "QUICK_REPLY", "text": "Good"},
                {"type": "QUICK_REPLY", "text": "Not so good"},
            ),
        ),
        seed(
            "login_code",
            "{{1}} is your code.",
            buttons=(
                {"type": "URL", "text": "Copy code", "url": "https://shop.example/otp/{{1}}"},
            ),
            category="AUTHENTICATION",
        ),
        seed("namaste", "नमस्ते {{1}}, आपका ऑर्डर तैयार है।", language="hi"),
        seed("winter_sale", "Our winter sale is on.", category="MARKETING", status="PAUSED"),
        seed("order_shipped", "Hi {{1}}, your order {{2}} has shipped.", language="en_US"),
    ]


def places(text: str) -> list[str]:
    return list(dict.fromkeys(_PLACE.findall(text)))


def component(template: Template, kind: str) -> dict[str, Any]:
    """The component of a kind (`BODY`); an empty one where there is none."""
    for part in template["components"]:
        if str(part.get("type", "")).upper() == kind:
            return dict(part)
    return {}


class Templates:
    """Kept in the books: what was created survives a restart."""

    def __init__(self, books: Books, given: list[Template] | None) -> None:
        self._books = books
        kept = books.get("templates")
        self.all: list[Template] = kept or (seeds() if given is None else list(given))

    def named(self, name: str) -> list[Template]:
        return [template for template in self.all if template["name"] == name]

    def find(self, name: str, language: str, *, fallback: bool = False) -> Template | None:
        """An approved one; with `fallback` in any language where it lacks this one."""
        usable = [one for one in self.named(name) if one["status"] == "APPROVED"]
        exact = [one for one in usable if one["language"] == language]
        return next(iter(exact or (usable if fallback else [])), None)

    def create(self, template: Template) -> None:
        """Raises Refusal."""
        for one in self.named(template["name"]):
            if one["language"] == template["language"]:
                raise Refusal("template_exists", name=template["name"])
        self.all.append(template)
        self._books.put("templates", self.all)

    def approve(self, name: str, language: str) -> None:
        for one in self.named(name):
            if one["language"] == language:
                one["status"] = "APPROVED"
        self._books.put("templates", self.all)


def fill(templates: Templates, element: dict[str, Any]) -> dict[str, Any]:
    """What the person reads: `header`, `body`, `buttons`. Raises Refusal, for later."""
    named = element["type_template"][0]
    name, language = named["name"], named["language"]
    fallback = language["policy"] == "fallback"
    template = templates.find(name, language["locale"], fallback=fallback)
    if template is None:
        raise Refusal("template_missing", name=name, locale=language["locale"])
    values = list(named["attributes"])
    header, body = component(template, "HEADER"), str(component(template, "BODY").get("text", ""))
    first = len(places(str(header.get("text", ""))))
    want = first + len(places(body))
    if len(values) != want:
        raise Refusal("template_values", name=name, want=want, got=len(values))
    beside = element.get("type_media_template") or {}
    made = _header(name, header, beside, values[:first])
    shown = {"body": filled(body, values[first:]), "buttons": _buttons(name, template, beside)}
    return {"header": made, **shown} if made else shown


def filled(text: str, values: list[str]) -> str:
    """A text with its values in their places, in the order in which the places come."""
    given = dict(zip(places(text), values, strict=True))
    return _PLACE.sub(lambda match: given[match[1]], text)


def _header(
    name: str, header: dict[str, Any], beside: dict[str, Any], values: list[str]
) -> dict[str, Any]:
    form = str(header.get("format", "")).lower()
    given = str(beside.get("type") or "")
    wanted = form if form in ("image", "video", "document") else ""
    if given != wanted:
        raise Refusal("template_media", name=name, want=wanted or "no file")
    if wanted:
        where = {"link": beside["url"]} if beside.get("url") else {"id": beside.get("media_id")}
        file = {**where, "filename": beside["filename"]} if beside.get("filename") else where
        return {"type": wanted, wanted: file}
    return {"type": "text", "text": filled(str(header["text"]), values)} if header else {}


def _buttons(name: str, template: Template, beside: dict[str, Any]) -> list[dict[str, Any]]:
    given = {str(one["index"]): str(one["payload"]) for one in beside.get("button") or []}
    out = []
    for index, spec in enumerate(component(template, "BUTTONS").get("buttons", [])):
        one = {"type": spec["type"].lower(), "text": spec["text"]}
        if spec["type"] == "URL":
            if places(spec["url"]) and str(index) not in given:
                raise Refusal("template_button", name=name, index=index)
            found = places(spec["url"])
            one["url"] = (
                filled(spec["url"], [given[str(index)]] * len(found)) if found else spec["url"]
            )
        else:
            one["payload"] = given.get(str(index), spec["text"])
        out.append(one)
    return out
