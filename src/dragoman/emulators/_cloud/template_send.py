"""A template send against its template: Meta's checks in Meta's order, and what the person reads.

Order: exists and approved → paused, disabled → numbers of parameters → their formats, media
header → text too long with the parameters in → button parameters.
Source: Meta, "Send templates" (2026); wordings from public threads.
"""

from __future__ import annotations

import re
from typing import Any

from .checks import Refusal
from .orders import check_order
from .reading import MediaKnown, Part, check_media
from .templates import VARIABLE, Template, component, variables

_BAD_TEXT = re.compile(r"[\n\r\t]| {5,}")
_MEDIA = ("IMAGE", "VIDEO", "DOCUMENT")


class Filling:
    """The components of one send, found by their kind in any case."""

    def __init__(self, part: Part) -> None:
        self.parts = [
            Part(item, f"{part.path}['components'][{index}]", "template")
            for index, item in enumerate(part.value.get("components") or [])
        ]

    def of(self, kind: str) -> Part | None:
        for part in self.parts:
            if str(part.value.get("type", "")).upper() == kind:
                return part
        return None

    def parameters(self, kind: str) -> list[Part]:
        part = self.of(kind)
        return [] if part is None else part.objects("parameters", "Parameters", 0, 100)

    def button(self, index: int) -> Part | None:
        for part in self.parts:
            if str(part.value.get("type", "")).upper() == "BUTTON" and str(
                part.value.get("index", 0)
            ) == str(index):
                return part
        return None


def _word(part: Part) -> str:
    return str(part.value.get("type", "UNKNOWN")).upper()


def _spoken(part: Part, where: str) -> str:
    """The words that a text-like parameter puts into the template."""
    kind = _word(part)
    if kind == "TEXT":
        text = part.text("text")
        if _BAD_TEXT.search(text):
            raise Refusal("template_text", part=where)
        return text
    if kind in ("CURRENCY", "DATE_TIME"):
        return part.object(kind.lower()).text("fallback_value")
    raise Refusal("template_format", part=where, want="TEXT", got=kind)


def _values(template: Template, text: str, given: list[Part], where: str) -> dict[str, str]:
    """Variable to its words. Raises Refusal for a wrong format or name; counts are checked."""
    names = variables(text)
    if template.get("parameter_format") == "NAMED":
        by_name = {str(part.value.get("parameter_name", "")): part for part in given}
        for name in names:
            if name not in by_name:
                raise Refusal("template_name", part=where, name=name)
        return {name: _spoken(by_name[name], where) for name in names}
    return {
        name: _spoken(part, where) for name, part in zip(sorted(names, key=int), given, strict=True)
    }


def fill(text: str, values: dict[str, str]) -> str:
    return VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def _count(where: str, text: str, given: list[Part]) -> None:
    want = len(variables(text))
    if len(given) != want:
        raise Refusal("template_count", part=where, got=len(given), want=want)


def _header(template: Template, filling: Filling, media_known: MediaKnown) -> dict[str, Any] | None:
    header = component(template, "HEADER")
    if header is None:
        return None
    form = header["format"]
    given = filling.parameters("HEADER")
    if form == "TEXT":
        text = fill(header["text"], _values(template, header["text"], given, "header"))
        if len(text) > 60:
            raise Refusal("template_long", part="header", got=len(text), most=60)
        return {"type": "text", "text": text}
    got = _word(given[0]) if given else "UNKNOWN"
    if got != form:
        raise Refusal("template_format", part="header", want=form, got=got)
    inner = given[0].object(form.lower())
    if form in _MEDIA:
        check_media(inner, media_known)
    return {"type": form.lower(), form.lower(): inner.value}


def _body(template: Template, filling: Filling) -> str:
    text = str((component(template, "BODY") or {}).get("text", ""))
    words = fill(text, _values(template, text, filling.parameters("BODY"), "body"))
    if len(words) > 1024:
        raise Refusal("template_long", part="body", got=len(words), most=1024)
    if template["category"] == "AUTHENTICATION":
        for part in filling.parameters("BODY"):
            part.text("text", "OTP code", 15)
    return words


def _action(kind: str, part: Part | None) -> dict[str, Any]:
    given = part.objects("parameters", "Parameters", 0, 10) if part is not None else []
    return dict(given[0].value.get("action") or {}) if given else {}


def _button(spec: dict[str, Any], index: int, part: Part | None) -> dict[str, Any]:
    """One button as the person sees it. Raises Refusal when it lacks what it needs."""
    kind = spec["type"]
    given = part.objects("parameters", "Parameters", 0, 10) if part is not None else []
    shown = {"type": kind.lower(), "text": spec.get("text", "")}
    if kind == "QUICK_REPLY":
        payload = str(given[0].value.get("payload", "")) if given else ""
        return {**shown, "payload": payload or spec.get("text", "")}
    if kind == "URL":
        names = variables(spec["url"])
        if names and not (given and given[0].value.get("text")):
            raise Refusal("template_button", index=index, kind="Url")
        values = {name: str(given[0].value["text"]) for name in names}
        return {**shown, "url": fill(spec["url"], values)}
    if kind == "COPY_CODE":
        if not given:
            raise Refusal("template_button", index=index, kind="CopyCode")
        return {**shown, "code": given[0].text("coupon_code", "Coupon code", 20)}
    if kind == "PHONE_NUMBER":
        return {**shown, "phone_number": spec.get("phone_number", "")}
    action = _action(kind, part)
    if kind == "ORDER_DETAILS":
        if "order_details" not in action:
            raise Refusal("template_part", part="order_details")
        check_order(Part(action["order_details"], "order_details", "order_details"))
    return {**shown, "action": action}


def _buttons(template: Template, filling: Filling) -> list[dict[str, Any]]:
    specs = (component(template, "BUTTONS") or {}).get("buttons", [])
    return [_button(spec, index, filling.button(index)) for index, spec in enumerate(specs)]


def _extras(template: Template, filling: Filling) -> dict[str, Any]:
    """The parts that have no words of their own: the end of an offer, the state of an order."""
    shown: dict[str, Any] = {}
    offer = component(template, "LIMITED_TIME_OFFER")
    if offer is not None:
        spec = offer["limited_time_offer"]
        shown["limited_time_offer"] = dict(spec)
        if spec.get("has_expiration"):
            given = filling.parameters("LIMITED_TIME_OFFER")
            value = given[0].value.get("limited_time_offer", {}) if given else {}
            if "expiration_time_ms" not in value:
                raise Refusal("template_part", part="limited_time_offer")
            shown["limited_time_offer"].update(value)
    if template.get("sub_category") == "ORDER_STATUS":
        given = filling.parameters("ORDER_STATUS")
        if not given:
            raise Refusal("template_part", part="order_status")
        shown["order_status"] = given[0].object("order_status").value
    return shown


def _cards(template: Template, part: Part, media_known: MediaKnown) -> list[dict[str, Any]]:
    spec = component(template, "CAROUSEL")
    if spec is None:
        return []
    given = Filling(part).of("CAROUSEL")
    cards = given.objects("cards", "Cards", 0, 10) if given is not None else []
    if len(cards) != len(spec["cards"]):
        raise Refusal("template_cards", got=len(cards), want=len(spec["cards"]))
    shown = []
    for card_spec, card in zip(spec["cards"], cards, strict=True):
        inner = {**template, "components": card_spec["components"]}
        filling = Filling(card)
        _counts(inner, filling)
        one: dict[str, Any] = {"header": _header(inner, filling, media_known)}
        if component(inner, "BODY") is not None:
            one["body"] = _body(inner, filling)
        shown.append({**one, "buttons": _buttons(inner, filling)})
    return shown


def _counts(template: Template, filling: Filling) -> None:
    header = component(template, "HEADER")
    if header is not None and header.get("format") == "TEXT":
        _count("header", header["text"], filling.parameters("HEADER"))
    body = component(template, "BODY")
    if body is not None:
        _count("body", str(body.get("text", "")), filling.parameters("BODY"))


def compose(template: Template, part: Part, media_known: MediaKnown) -> dict[str, Any]:
    """Check the components of a send and give what the person reads: `header`, `body`, `footer`,
    `buttons`, `cards`. Raises Refusal."""
    filling = Filling(part)
    _counts(template, filling)
    header = _header(template, filling, media_known)
    body = _body(template, filling)
    cards = _cards(template, part, media_known)
    buttons = _buttons(template, filling)
    shown: dict[str, Any] = {"body": body, "buttons": buttons, **_extras(template, filling)}
    if header is not None:
        shown["header"] = header
    footer = component(template, "FOOTER")
    if footer is not None:
        shown["footer"] = footer.get("text", "")
    if cards:
        shown["cards"] = cards
    return shown
