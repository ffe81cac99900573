"""Templates of Enterprise and the Access API: by id with values, or by their whole text.

WhatsApp compares a text with the approved one letter by letter, so the values are put into the text
that the channel's settings hold.

Source: Gupshup, "Template messages", and public integrations of Enterprise.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import msgspec

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.sentences import words
from dragoman.partners._cloud.bodies import degrees
from dragoman.partners._cloud.limits import Name, filled, refuse, template_file
from dragoman.partners._cloud.templates import said, unplaced, value_of_button, values_and_buttons

from .native import link_of
from .settings import KnownTemplate, Settings

words(
    {
        "gupshup_template_part": "Gupshup's {dialect} API has no place for {part} in a template: "
        "leave it out, or give the whole message as a native object.",
        "gupshup_template_values": "The {part} of the template {name} has {places} places and "
        "{values} values were given: give exactly as many.",
    }
)

_PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


class Filled(msgspec.Struct, frozen=True):
    """A template with its values: what both dialects send, each in its own words. `values`: of
    header and body in order; `suffix`: of the button with an address."""

    known: KnownTemplate
    header: c.Param | None
    body: tuple[c.Param, ...]
    values: tuple[str, ...]
    suffix: str | None = None


def fill(content: c.Template, settings: Settings, dialect: str) -> Filled:
    """Raises Refuse."""
    if (part := unplaced(content)) is not None:
        raise _no_place(dialect, part)
    filled("template name", content.name)
    header, (body, buttons) = content.header, values_and_buttons(content)
    values = [value(param, dialect) for param in body]
    if header is not None and not isinstance(header, c.MediaParam | c.LocationParam):
        values.insert(0, value(header, dialect))
    known = settings.templates.get(content.name) or KnownTemplate()
    suffix = _suffix(buttons, dialect)
    return Filled(known, header, body, tuple(values), suffix)


def value(param: c.Param, dialect: str) -> str:
    return said(param, partial(_no_place, dialect))


def _no_place(dialect: str, part: Name) -> Exception:
    return refuse("gupshup_template_part", Code.UNSUPPORTED, dialect=dialect, part=part)


def _suffix(buttons: tuple[c.TemplateButton, ...], dialect: str) -> str | None:
    """The one value that a button may have. Quick replies come back with their title alone."""
    suffix = None
    for button in buttons:
        if not isinstance(button, c.UrlButton):
            raise _no_place(dialect, value_of_button(button))
        if suffix is not None:
            raise _no_place(dialect, "values of two buttons")
        suffix = filled("link suffix", button.suffix, 2000)
    return suffix


def text_of(name: str, part: str, text: str, params: tuple[c.Param, ...], dialect: str) -> str:
    """An approved text with its values in place: {{1}} by order, {{name}} by name. Raises Refuse
    where places and values do not match."""
    worded = (p for p in params if isinstance(p, c.TextParam | c.CurrencyParam | c.DateTimeParam))
    named = {p.name: value(p, dialect) for p in worded if p.name}
    by_place = {str(place): value(p, dialect) for place, p in enumerate(params, 1)}
    places = set(_PLACE.findall(text))
    given = named if places & set(named) else by_place
    if places != set(given):
        counts = {"places": len(places), "values": len(params)}
        raise refuse(
            "gupshup_template_values", Code.TEMPLATE_PARAMETERS, name=name, part=part, **counts
        )
    return _PLACE.sub(lambda match: given[match[1]], text)


# --- Enterprise ----------------------------------------------------------------------------------


def enterprise(content: c.Template, settings: Settings) -> dict[str, str]:
    """The fields of a template, without the account and the person. Raises Refuse."""
    one = fill(content, settings, "Enterprise")
    known, out = one.known, {"method": "SendMessage", "msg_type": "HSM", "isHSM": "true"}
    more: dict[str, str] = {}
    text = ""
    if known.text:
        text = text_of(content.name, "text", known.text, one.body, "Enterprise")
        more = _around(content.name, one)
    if one.suffix is not None:
        more["buttonUrlParam"] = one.suffix
    if more or known.buttons:
        out |= {"msg_type": "TEXT", "isTemplate": "true"}
    if isinstance(one.header, c.MediaParam):
        out |= {"method": "SendMediaMessage", **_media(one.header)}
        out |= {"caption": text} if text else {}
    elif one.header is not None and isinstance(one.header, c.LocationParam):
        raise _no_place("Enterprise", "a place as header")
    elif text:
        out["msg"] = text
    if known.template_id or not text:
        out["whatsAppTemplateId"] = known.template_id or content.name
    if not text:
        # NOT CONFIRMED: the header's value counts before those of the body.
        out |= {f"var{place}": given for place, given in enumerate(one.values, 1)}
    return out | more


def _around(name: str, one: Filled) -> dict[str, str]:
    """Header and footer, which are sent as they will be read."""
    out = {}
    if one.known.header:
        head = () if one.header is None else (one.header,)
        out["header"] = text_of(name, "header", one.known.header, head, "Enterprise")
    if one.known.footer:
        out["footer"] = one.known.footer
    return out


def _media(header: c.MediaParam) -> dict[str, str]:
    kind = _kind(header, "Enterprise")
    link = link_of(template_file(kind), header.id, header.link)
    out = {"msg_type": kind.upper(), "media_url": link}
    return {**out, "filename": header.filename} if header.filename else out


def _kind(header: c.MediaParam, dialect: str) -> str:
    if header.type == "gif":
        raise _no_place(dialect, "a gif")
    return header.type


# --- Access API ----------------------------------------------------------------------------------


def access(content: c.Template, settings: Settings) -> dict[str, Any]:
    """`template`, and `message` for its header. Raises Refuse."""
    one = fill(content, settings, "Access")
    # NOT CONFIRMED: the value of a button's address comes last.
    values = list(one.values)
    if one.suffix is not None and content.code is None:
        values.append(one.suffix)
    out: dict[str, Any] = {
        "template": {"id": one.known.template_id or content.name, "params": values}
    }
    if isinstance(one.header, c.MediaParam):
        kind = _kind(one.header, "Access")
        file = {"link": link_of(template_file(kind), one.header.id, one.header.link)}
        if kind == "document" and one.header.filename:
            file["filename"] = one.header.filename
        out["message"] = {"type": kind, kind: file}
    elif isinstance(one.header, c.LocationParam):
        place = {
            "longitude": degrees("longitude", one.header.longitude, 180),
            "latitude": degrees("latitude", one.header.latitude, 90),
        }
        out["message"] = {"type": "location", "location": place}
    return out
