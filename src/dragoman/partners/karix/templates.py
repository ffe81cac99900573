"""Templates at Karix: by name, without a language, their values under "0", "1", ….

A template of text alone goes as TEMPLATE, one with a header or buttons as MEDIA_TEMPLATE. The
language is bound to the registered template, so the neutral one is not sent.

Source: reconstructed from public integrations of the RCM API, 2020–2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.sentences import words
from dragoman.partners._cloud.limits import Name, between, filled, matched, refuse, template_file
from dragoman.partners._cloud.templates import (
    UNBOUND,
    of_button,
    said,
    unplaced,
    values_and_buttons,
)
from dragoman.partners.links import Links

words(
    {
        "karix_template_part": "Karix's templates have no place for {part}: leave it out, or give "
        "the whole template as a native object (mediaTemplate).",
    }
)

# What Karix calls a media id is of no use in a message.
link_of = Links("karix", "Karix").of
# NOT CONFIRMED: no integration has a header of text with a variable.
HEADER_VALUES = "headerParameterValues"

_NAME = re.compile(r"[a-z0-9_]{1,512}")


def template(content: c.Template) -> dict[str, Any]:
    """Karix's content object of a template. Raises Refuse."""
    if (part := unplaced(content)) is not None:
        raise _no_place(part)
    rule = "small letters, digits and _ only, as it is registered"
    matched("template name", content.name, _NAME, rule)
    body, buttons = values_and_buttons(content)
    if content.header is None and not buttons:
        given = {"templateId": content.name, "parameterValues": _values(body)}
        return {"preview_url": False, "type": "TEMPLATE", "template": given}
    out: dict[str, Any] = {"templateId": content.name}
    if isinstance(content.header, c.MediaParam):
        out["media"] = _media(content.header)
    elif content.header is not None:
        out[HEADER_VALUES] = _values((content.header,))
    if body:
        out["bodyParameterValues"] = _values(body)
    if buttons:
        out["buttons"] = _buttons(buttons)
    switches = {"preview_url": False, "shorten_url": False}
    return {**switches, "type": "MEDIA_TEMPLATE", "mediaTemplate": out}


def _values(params: Iterable[c.Param]) -> dict[str, str]:
    """Values by their place, also those that have a name at Meta."""
    return {str(place): said(param, _no_place) for place, param in enumerate(params)}


def _no_place(part: Name) -> Exception:
    return refuse("karix_template_part", Code.UNSUPPORTED, part=part)


def _media(header: c.MediaParam) -> dict[str, str]:
    if header.type == "gif":
        raise _no_place("a gif")
    out = {"type": header.type, "url": link_of(template_file(header.type), header.id, header.link)}
    if header.filename and header.type == "document":
        out["fileName"] = header.filename
    return out


def _buttons(buttons: Iterable[c.TemplateButton]) -> dict[str, Any]:
    actions, replies = [], []
    for button in buttons:
        if isinstance(button, c.UrlButton):
            suffix = filled("link suffix", button.suffix, 2000)
            actions.append({"type": "url", "index": _index(button.index), "payload": suffix})
        elif isinstance(button, c.QuickReplyButton):
            payload = filled("button payload", button.payload, UNBOUND)
            replies.append({"index": _index(button.index), "payload": payload})
        else:
            raise _no_place(of_button(button))
    both = {"actions": actions, "quickReplies": replies}
    return {name: values for name, values in both.items() if values}


def _index(index: int) -> str:
    between("button index", index, 0, 9)
    return str(index)
