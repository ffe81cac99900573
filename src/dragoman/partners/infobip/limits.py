"""What Infobip allows beyond, or less than, what WhatsApp's own limits say, and files by address.

The checks here are those of tables (`mapping.Check`); how long a field may be stands in its table.

Source: Infobip OpenAPI, "Send WhatsApp …" (2026): sizes of each field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.identity import Group, Phone, Recipient
from dragoman.domain.sentences import Sentence, words
from dragoman.partners._cloud.bodies import degrees
from dragoman.partners._cloud.interactive import part_of
from dragoman.partners._cloud.limits import (
    Name,
    between,
    counted,
    filled,
    header_file,
    refuse,
    web_link,
    within,
)
from dragoman.partners._cloud.limits import link_of as name_of_link
from dragoman.partners._cloud.templates import unplaced
from dragoman.partners.links import Links

words(
    {
        "infobip_cannot": "Infobip has no {kind} message: leave it out.",
        "infobip_no_group": "Infobip writes to people, and this is a group: write to them one by "
        "one.",
        "infobip_no_place": "Infobip has no place for {part} in {where}: leave it out.",
    }
)

_LINKS = Links("infobip", "Infobip")
ID = 1000
LINK = 2048
CAPTION = 3000
FILE_NAME = 240
FLOW_TOKEN = 3000


def recipient(whom: Recipient) -> str:
    """Digits, or a business-scoped id. Raises Refuse for a group."""
    if isinstance(whom, Group):
        raise refuse("infobip_no_group", Code.UNSUPPORTED)
    return whom.digits if isinstance(whom, Phone) else whom.value


def placed(
    value: Any, parts: Mapping[str, Sentence], where: str, code: Code = Code.INVALID
) -> None:
    """That none of these members is given, which Infobip has no place for. Raises Refuse."""
    if (part := unplaced(value, parts)) is not None:
        raise refuse("infobip_no_place", code, part=part, where=where)


def several(field: str, values: Any, most: int | None) -> Any:
    counted(field, len(values))
    return values


def ranged(field: str, value: int, most: int | None) -> int:
    """A whole number from 1."""
    between(field, value, 1, most or 0)
    return value


def number(field: str, value: float | str, most: int | None) -> float:
    """Decimal degrees as a number: Infobip takes no text here."""
    return float(degrees(field, value, most or 0))


def address(field: str, value: str, most: int | None) -> str:
    return within(field, web_link(field, value), most)


def link_of(field: Name, file: Any, most: int | None = LINK) -> str:
    """The address of a file, which is anything with `id` and `link`. Raises Refuse."""
    field = field or c.kind_of(file)
    return within(name_of_link(field), _LINKS.of(field, file.id, file.link), most)


def header(kind: str, value: c.Header, allowed: tuple[str, ...]) -> dict[str, Any]:
    """A header with its type in capitals. Raises Refuse."""
    name = part_of(kind, value, allowed)
    if value.text:
        return {"type": "TEXT", "text": filled("header text", value.text)}
    media: c.Media = getattr(value, name)
    return file_header(header_file(name), name, media)


def file_header(field: Name, kind: str, file: Any, named: bool = False) -> dict[str, Any]:
    """A header that is a file. named: a document must have a name, which is the last step of its
    address where none is given."""
    link = link_of(field, file)
    out = {"type": kind.upper(), "mediaUrl": link}
    last = (urlsplit(link).path.rpartition("/")[2] or "document") if named else ""
    if kind == "document" and (name := file.filename or last):
        out["filename"] = filled("file name", name, FILE_NAME)
    return out
