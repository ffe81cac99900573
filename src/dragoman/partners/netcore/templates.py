"""Templates at Netcore: by name, their values in one list.

A header that is a file, and the value of a button's address, stand in `type_media_template`.

Source: Netcore Cloud, "Template message API", and public integrations.
"""

from __future__ import annotations

from typing import Any

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.sentences import words
from dragoman.partners._cloud.limits import Name, between, filled, one_of, refuse
from dragoman.partners._cloud.templates import said, unplaced, value_of_button, values_and_buttons

words(
    {
        "netcore_template_part": "Netcore's templates have no place for {part}: leave it out, or "
        "give the whole message as a native object.",
        "netcore_policy": "The policy {value!r} of the template's language is not one that Netcore "
        "knows: give deterministic or fallback.",
    }
)

POLICIES = ("deterministic", "fallback")


def template(content: c.Template) -> dict[str, Any]:
    """The members of a message element that say the template. Raises Refuse."""
    if (part := unplaced(content)) is not None:
        raise _no_place(part)
    policy = content.policy or POLICIES[0]
    if policy not in POLICIES:
        raise refuse("netcore_policy", value=policy)
    header, (body, buttons) = content.header, values_and_buttons(content)
    values = [said(param, _no_place) for param in body]
    beside: dict[str, Any] = {}
    if isinstance(header, c.MediaParam):
        beside = _media(header)
    elif isinstance(header, c.LocationParam):
        raise _no_place("a place as header")
    elif header is not None:
        values.insert(0, said(header, _no_place))  # NOT CONFIRMED: the header's value counts first
    if buttons:
        beside["button"] = [_button(button) for button in buttons]
    named = {
        "name": filled("template name", content.name),
        "attributes": values,
        "language": {"locale": filled("template language", content.language, 20), "policy": policy},
    }
    if not beside:
        return {"message_type": "template", "type_template": [named]}
    # NOT CONFIRMED: that a button without a file goes the same way.
    return {
        "message_type": "media_template",
        "type_media_template": beside,
        "type_template": [named],
    }


def _no_place(what: Name) -> Exception:
    return refuse("netcore_template_part", Code.UNSUPPORTED, part=what)


def _media(header: c.MediaParam) -> dict[str, Any]:
    if header.type == "gif":
        raise _no_place("a gif")
    return file_of(header.type, header.type, header.id, header.link, header.filename)


def file_of(
    field: str, kind: str, id: str | None, link: str | None, filename: str | None
) -> dict[str, Any]:
    """A file as templates and headers name it: `{"type", "url" or "media_id", "filename"}`."""
    given = one_of(field, id, link)
    out = {"type": kind, **({"media_id": id} if "id" in given else {"url": given["link"]})}
    return {**out, "filename": filename} if filename and kind == "document" else out


def _button(button: c.TemplateButton) -> dict[str, str]:
    """The end of a button's address. Quick replies come back with their title alone."""
    if not isinstance(button, c.UrlButton):
        raise _no_place(value_of_button(button))
    between("button index", button.index, 0, 9)
    return {"index": str(button.index), "payload": filled("link suffix", button.suffix, 2000)}
