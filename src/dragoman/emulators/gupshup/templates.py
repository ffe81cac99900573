"""The account's templates: found by id, by name or by rendered text, and what the person reads.

WhatsApp checks values and parts, so that is left to the emulated Cloud API's own checks, which
raise Meta's refusals; here it is found out which template is meant, and with which values.
Source: Gupshup, "Template messages", and public integrations of Enterprise.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.emulators._cloud.reading import MediaKnown, Part
from dragoman.emulators._cloud.template_send import compose
from dragoman.emulators._cloud.templates import VARIABLE, Template, component, variables

from .template_seeds import seeds

_FIRST_ID = 2_200_000_000_000_100
_WORDS = r"([^\n\r\t]+)"


class Templates:
    def __init__(self, given: Sequence[Template] | None) -> None:
        self.all: list[Template] = []
        for place, one in enumerate(seeds() if given is None else given):
            key = f"{one['name']}/{one['language']}"
            ids = {
                "id": str(_FIRST_ID + place),
                "gupshup_id": str(uuid.uuid5(uuid.NAMESPACE_DNS, key)),
            }
            self.all.append({**ids, **one})

    def named(self, key: str) -> Template | None:
        """By Meta's id, by Gupshup's, or by name: what of these a call may carry is not confirmed
        but for each API's own id."""
        return next((t for t in self.all if key in (t["id"], t["gupshup_id"], t["name"])), None)

    def in_language(self, name: str, language: str) -> Template | None:
        return next((t for t in self.all if (t["name"], t["language"]) == (name, language)), None)

    def worded(self, text: str, media: str) -> tuple[Template, dict[str, str]] | None:
        """The approved template whose body this is, with its values by the variables' names. Of
        several, one whose header is of this kind of media ("" for none)."""
        found = []
        for one in self.all:
            approved = one["status"] == "APPROVED"
            values = values_of(_text(one, "BODY"), text) if approved else None
            if values is not None:
                found.append((one, values))
        found.sort(key=lambda pair: media_header(pair[0]) != media)
        return found[0] if found else None


def values_of(approved: str, text: str) -> dict[str, str] | None:
    """What stands in the places of an approved text; None when the text is another."""
    names: list[str] = VARIABLE.findall(approved)
    literal = VARIABLE.split(approved)[::2]
    pattern = _WORDS.join(re.escape(piece) for piece in literal)
    match = re.fullmatch(pattern, text)
    if match is None:
        return None
    values: dict[str, str] = {}
    for name, value in zip(names, match.groups(), strict=True):
        if values.setdefault(name, value) != value:
            return None  # one variable, two values
    return values


def _text(template: Template, kind: str) -> str:
    return str((component(template, kind) or {}).get("text", ""))


def media_header(template: Template) -> str:
    """`image`, `video`, `document`, `location`; "" for a header of text or none."""
    form = str((component(template, "HEADER") or {}).get("format", "TEXT")).lower()
    return "" if form == "text" else form


def dressed(template: Template) -> bool:
    """It has a header of text, a footer or buttons: then Enterprise wants `isTemplate`."""
    header = component(template, "HEADER")
    text = header is not None and not media_header(template)
    return text or any(component(template, kind) is not None for kind in ("FOOTER", "BUTTONS"))


def in_order(template: Template, values: Sequence[str]) -> dict[str, list[str]]:
    """Values in a row, dealt to header, body and then button. Too many stay with the body, so that
    they are counted.

    NOT CONFIRMED: that the header's come first, and the button's last.
    """
    head = len(variables(_text(template, "HEADER"))) if not media_header(template) else 0
    body = len(variables(_text(template, "BODY")))
    tail = len(_open_links(template))
    rest = list(values[head:])
    buttons = rest[body:] if len(rest) == body + tail else []
    return {
        "header": list(values[:head]),
        "body": rest[: len(rest) - len(buttons)],
        "buttons": buttons,
    }


def _open_links(template: Template) -> list[int]:
    buttons = (component(template, "BUTTONS") or {}).get("buttons", [])
    return [place for place, one in enumerate(buttons) if variables(str(one.get("url", "")))]


def written(
    template: Template,
    media_known: MediaKnown,
    *,
    header: Sequence[str] = (),
    body: Sequence[str] | Mapping[str, str] = (),
    buttons: Sequence[str] = (),
    file: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The Cloud-shaped send body of a template with its values. `file` is the header's, as
    `{"type": "image", "image": {"link": …}}`. Raises Meta's Refusal."""
    parts: list[dict[str, Any]] = []
    if file is not None or header:
        given = [file] if file is not None else _texts(header, _text(template, "HEADER"))
        parts.append({"type": "header", "parameters": given})
    names = variables(_text(template, "BODY"))
    if isinstance(body, Mapping):
        ordered = names if template.get("parameter_format") == "NAMED" else sorted(names, key=int)
        body = [body[name] for name in ordered]
    if body:
        parts.append({"type": "body", "parameters": _texts(body, _text(template, "BODY"))})
    for place, value in zip(_open_links(template), buttons, strict=False):
        one = {"type": "text", "text": value}
        parts.append({"type": "button", "sub_type": "url", "index": place, "parameters": [one]})
    sent = {
        "name": template["name"],
        "language": {"code": template["language"]},
        "components": parts,
    }
    rendered = compose(template, Part(sent, "template", "template"), media_known)
    return {"type": "template", "template": sent, "rendered": rendered}


def _texts(values: Sequence[str], text: str) -> list[dict[str, Any]]:
    """Meta's parameters; a name goes along for templates that have named ones."""
    names = variables(text)
    return [
        {
            "type": "text",
            "text": value,
            "parameter_name": names[place] if place < len(names) else "",
        }
        for place, value in enumerate(values)
    ]
