"""What Infobip allows beyond, or less than, what WhatsApp's own limits say, and files by address.

Source: Infobip OpenAPI, "Send WhatsApp …" (2026): sizes of each field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.identity import Bsuid, Phone, Recipient
from dragoman.domain.sentences import words
from dragoman.partners._cloud.bodies import degrees
from dragoman.partners._cloud.interactive import parts_of
from dragoman.partners._cloud.limits import filled, refuse, web_link, within

words(
    {
        "infobip_cannot": "Infobip has no {kind} message: leave it out.",
        "infobip_no_group": "Infobip writes to people, and this is a group: write to them one by "
        "one.",
        "infobip_link_only": "The {field} is given by an id, and Infobip takes files by their web "
        "address only: give a link.",
        "infobip_no_link": "The {field} has no link: Infobip takes files by their web address.",
        "infobip_no_place": "Infobip has no place for {part} in {where}: leave it out.",
    }
)

LIMITS: Mapping[str, int] = {
    "link": 2048,
    "caption": 3000,
    "file name": 240,
    "place": 1000,
    "flow label": 20,
    "flow token": 3000,
    "card button": 20,
    "product id": 3000,
    "quick reply payload": 128,
    "copy code": 15,
    "payment id": 35,
    "configuration": 60,
}


def sized(field: str, text: str, name: str | None = None) -> str:
    """The text, when there is one and it is within Infobip's limit. `name`: of the limit, where it
    differs from what people call the field."""
    return filled(field, text, LIMITS[name or field])


def recipient(whom: Recipient) -> str:
    """Digits, or a business-scoped id. Raises Refuse for a group."""
    if isinstance(whom, Phone):
        return whom.digits
    if isinstance(whom, Bsuid):
        return whom.value
    raise refuse("infobip_no_group", Code.UNSUPPORTED)


def link_of(field: str, id: str | None, link: str | None) -> str:
    """The address of a file. Raises Refuse."""
    if id:
        raise refuse("infobip_link_only", Code.UNSUPPORTED, field=field)
    if not link:
        raise refuse("infobip_no_link", field=field)
    return within(f"{field} link", web_link(f"{field} link", link), LIMITS["link"])


def file_name(name: str | None, link: str) -> str:
    """A file's name, which headers must have; the last step of its address where none is given."""
    last = urlsplit(link).path.rpartition("/")[2]
    return sized("file name", name or last or "document")


def caption(text: str) -> str:
    return within("caption", text, LIMITS["caption"])


def number(field: str, value: float | str, most: int) -> float:
    """Decimal degrees as a number: Infobip takes no text here."""
    return float(degrees(field, value, most))


def header(kind: str, value: c.Header, allowed: tuple[str, ...]) -> dict[str, Any]:
    """A header with its type in capitals. Raises Refuse."""
    given = parts_of(value)
    if len(given) != 1:
        raise refuse("meta_header_parts", found=" and ".join(given) or "nothing")
    name = given[0]
    if name not in allowed:
        raise refuse("meta_bad_header", kind=kind, found=name, allowed=", ".join(allowed))
    if value.text:
        return {"type": "TEXT", "text": filled("header text", value.text)}
    media: c.Media = getattr(value, name)
    link = link_of(f"header {name}", media.id, media.link)
    out = {"type": name.upper(), "mediaUrl": link}
    if name == "document" and media.filename:
        out["filename"] = sized("file name", media.filename)
    return out


def has_address(text: str) -> bool:
    return re.search(r"https?://\S", text, re.IGNORECASE) is not None
