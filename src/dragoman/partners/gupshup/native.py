"""Native objects that every dialect takes: a file with its texts, as scripts for Gupshup write it.

    {"type": "document", "message_text": "…", "caption": "…", "filename": "…",
     "document": {"url": "https://…"}}

NOT CONFIRMED: how the two texts reach the person. WhatsApp shows one text under a file, so both go
there, `message_text` first: see `under_one_file`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.identity import Phone, Recipient
from dragoman.domain.sentences import words
from dragoman.partners._cloud.limits import refuse
from dragoman.partners.contract import OutboundMessage
from dragoman.partners.links import Links

words(
    {
        "gupshup_needs_phone": "Gupshup's {dialect} API writes to phone numbers only, and this "
        "person is known by {whom}: ask them for their number.",
        "gupshup_cannot": "Gupshup's {dialect} API has no {kind} message: leave it out.",
        "gupshup_raw_unknown": "The structured payload is none that Gupshup's {dialect} API knows: "
        "give {known}; or an object with `kind`, which goes to every partner.",
        "gupshup_raw_member": "The structured payload of type {type} has a member {member!r} that "
        "has no place there: leave it out.",
    }
)

link_of = Links("gupshup", "Gupshup").of
SCRIPT_SHAPE = (
    "an object with `type` (document, image, video, audio or sticker) and the member it names with "
    "a `url`"
)


def under_one_file(message_text: str | None, caption: str | None) -> str | None:
    """Both texts as one caption, a blank line between; said once where they are equal."""
    texts = [text for text in (message_text, caption) if text]
    if len(texts) == 2 and texts[0].strip() == texts[1].strip():
        texts.pop()
    return "\n\n".join(texts) or None


def _document(url: str, name: str | None, text: str | None) -> c.Outbound:
    return c.Document(link=url, filename=name, caption=text)


_MAKE: Mapping[str, Callable[[str, str | None, str | None], c.Outbound]] = {
    "document": _document,
    "image": lambda url, name, text: c.Image(link=url, caption=text),
    "video": lambda url, name, text: c.Video(link=url, caption=text),
    "audio": lambda url, name, text: c.Audio(link=url),
    "sticker": lambda url, name, text: c.Sticker(link=url),
}
_TEXTS = ("message_text", "caption", "filename")


def file_url(payload: Mapping[str, Any]) -> str | None:
    """The address in a script's file object; None for any other object."""
    kind = payload.get("type")
    file = payload.get(kind) if type(kind) is str and kind in _MAKE else None
    url = file.get("url") if type(file) is dict else None
    return url if type(url) is str else None


def meant(message: OutboundMessage) -> c.Outbound:
    """The content of a message; a script's file object as the neutral one that it stands for.
    Raises Refuse."""
    content = message.content
    if not isinstance(content, c.Raw):
        return content
    payload = content.payload
    url = file_url(payload)
    if url is None:
        return content
    kind: str = payload["type"]
    told = {name: payload[name] for name in _TEXTS if payload.get(name) is not None}
    allowed = {"type", kind, *_TEXTS}
    wrong = [name for name in payload if name not in allowed]
    wrong += [name for name, value in told.items() if type(value) is not str]
    if kind in ("audio", "sticker"):  # WhatsApp shows no text with them: it would be lost
        wrong += [name for name in ("message_text", "caption") if told.get(name)]
    if wrong:
        raise refuse("gupshup_raw_member", type=kind, member=wrong[0])
    text = under_one_file(told.get("message_text"), told.get("caption"))
    return _MAKE[kind](url, told.get("filename"), text)


def unknown(dialect: str, shapes: str) -> Exception:
    """The refusal of an object that is none of the dialect's shapes."""
    known = f"{SCRIPT_SHAPE}; {shapes}"
    return refuse("gupshup_raw_unknown", dialect=dialect, known=known)


def digits_of(whom: Recipient, dialect: str) -> str:
    """The person's phone without a plus. Raises Refuse for anything else."""
    if not isinstance(whom, Phone):
        raise refuse("gupshup_needs_phone", Code.UNSUPPORTED, dialect=dialect, whom=str(whom))
    return whom.digits


def cannot(dialect: str, content: c.Outbound) -> Exception:
    return refuse("gupshup_cannot", Code.UNSUPPORTED, dialect=dialect, kind=c.kind_of(content))
