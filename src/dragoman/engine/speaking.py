"""What an agent said, as the partner of the number can carry it: degraded where that partner has
no such message, cut where a text is too long, and read back where a choice is typed.

All of it happens before the turn commits: one row is one message.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.content import Inbound, Outbound, Raw, Text, kind_of
from dragoman.domain.text import split_text
from dragoman.partners import plain
from dragoman.partners._cloud.outbound import neutral
from dragoman.partners.contract import Capability
from dragoman.partners.plain import Choice, chosen
from dragoman.partners.registry import partner

from .apps import Copy

__all__ = ["Choice", "chosen", "offered", "read_choices", "spoken", "write_choices"]

TEXT_LIMIT = 4096  # code points; every partner's WhatsApp text carries this much

_choices = msgspec.json.Decoder(tuple[Choice, ...])


class Spoken(msgspec.Struct, frozen=True):
    """The messages to send for one that was said, in order. `rule`: how it was degraded."""

    contents: tuple[Outbound, ...]
    choices: tuple[Choice, ...] = ()
    rule: str = ""


def spoken(content: Outbound, copy: Copy, partner_name: str) -> Spoken:
    """What the partner is given for `content`. Nothing but a text is ever cut."""
    settings = copy.settings.get(partner_name)
    if isinstance(content, Raw) and settings is not None:
        content = _understood(content, partner_name, settings)
    if isinstance(content, Text):
        return Spoken(_pieces(content))
    if settings is None:
        return Spoken((content,))
    talker = partner(partner_name)
    ability = talker.CAPABILITIES[talker.dialect(settings)].get(kind_of(content))
    if ability is None or ability.capability is not Capability.DEGRADED:
        return Spoken((content,))
    said = plain.RULES[ability.rule](content)
    parts = tuple(piece for part in said.contents for piece in _pieces(part))
    return Spoken(parts, said.choices, ability.rule)


def _understood(content: Raw, partner_name: str, settings: Any) -> Outbound:
    """A native object that the partner does not know, where it is one of Meta's: what it says.
    Any other stays as it is, and the partner refuses it."""
    if partner(partner_name).knows_native(content.payload, settings):
        return content
    return neutral(content.payload) or content


def _pieces(content: Outbound) -> tuple[Outbound, ...]:
    if isinstance(content, Text) and len(content.text) > TEXT_LIMIT:
        pieces = split_text(content.text, TEXT_LIMIT)
        return tuple(Text(text, content.preview_url) for text in pieces)
    return (content,)


def read_choices(text: str | None) -> tuple[Choice, ...]:
    return _choices.decode(text) if text else ()


def write_choices(choices: tuple[Choice, ...]) -> str | None:
    return msgspec.json.encode(choices).decode() if choices else None


def offered(choices: tuple[Choice, ...], content: Inbound) -> Inbound:
    """The tap that a typed answer stands for; else what was written, as it is."""
    said: Any = getattr(content, "text", None) if kind_of(content) == "text" else None
    if not choices or not isinstance(said, str):
        return content
    return chosen(choices, said) or content
