"""One neutral message as Karix's RCM request: envelope, content, our reference.

Karix has words of its own for text, templates, files and places, and passes Meta's `interactive`
object through. `Raw` is a content object of Karix's, or its whole request, of which sender,
recipient and our reference are always ours.

Source: reconstructed from public integrations of the RCM API, 2020–2026; Karix publishes no
reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import words
from dragoman.partners._cloud.bodies import location
from dragoman.partners._cloud.envelope import interactive_object
from dragoman.partners._cloud.limits import (
    Refuse,
    filled,
    header_file,
    refuse,
    tried,
    unsupported,
    within,
)
from dragoman.partners.contract import Capability, HttpCall, OutboundMessage
from dragoman.partners.extra import merge

from .abilities import ABILITIES
from .settings import Settings
from .templates import link_of, template

words(
    {
        "karix_needs_phone": "Karix writes to phone numbers only, and this person is known by "
        "{whom}: ask them for their number.",
        "karix_cannot": "Karix has no {kind} message: leave it out.",
        "karix_raw_unknown": "The structured payload is none that Karix knows: give an object "
        "with one of {known} (and its type), or a whole request with message.content; or an object "
        "with `kind`, which goes to every partner.",
    }
)

VERSION = "v1.0.9"  # constant since 2020; a request without it is refused
CARD_BODY = 120  # code points; Meta allows 160

# member of a native content object → the type it goes with, and what the member is
NATIVE: dict[str, tuple[str, type]] = {
    "text": ("TEXT", str),
    "template": ("TEMPLATE", dict),
    "mediaTemplate": ("MEDIA_TEMPLATE", dict),
    "attachment": ("ATTACHMENT", dict),
    "location": ("location", dict),  # written small by the one integration that sends it
    "interactive": ("INTERACTIVE", dict),
}


@unsupported
def render(message: OutboundMessage, settings: Settings) -> HttpCall:
    """One message, one call. What cannot be said is `Unsupported`, before any I/O."""
    return HttpCall(
        "POST",
        f"{settings.base_url}/services/rcm/sendMessage",
        "send",
        {"Authentication": f"Bearer {settings.account_key}"},  # its name is really not -orization
        json=_body(message, settings),
        secret_headers=frozenset({"authentication"}),
    )


def _body(message: OutboundMessage, settings: Settings) -> dict[str, Any]:
    whom = message.recipient
    if not isinstance(whom, Phone):
        raise refuse("karix_needs_phone", Code.UNSUPPORTED, whom=str(whom))
    native = _native(message.content.payload) if isinstance(message.content, c.Raw) else None
    body: dict[str, Any] = native or {"message": {"content": _content(message.content)}}
    merge(body, message.extra or {})
    # What is ours is put over whatever the author wrote, and all in Karix's order.
    given = _dict(body, "message")
    recipient, sender = _dict(given, "recipient"), _dict(given, "sender")
    reference = _dict(recipient, "reference")
    if message.reference:
        reference["cust_ref"] = message.reference
    rest = ("to", "recipient_type", "reference")
    told = {key: value for key, value in recipient.items() if key not in rest}
    return {
        "message": {
            "channel": "WABA",
            "content": _dict(given, "content"),
            "recipient": {
                "to": whom.digits,
                "recipient_type": "individual",
                **({"reference": reference} if reference else {}),
                **told,
            },
            "sender": {**sender, "from": settings.sender or message.number},
            "preferences": {
                "webHookDNId": settings.webhook_dn_id,
                **_dict(given, "preferences"),
            },
            **{key: value for key, value in given.items() if key not in _ENVELOPE},
        },
        "metaData": {"version": VERSION, **_dict(body, "metaData")},
        **{key: value for key, value in body.items() if key not in ("message", "metaData")},
    }


# `recipients` would send to others as well.
_ENVELOPE = frozenset({"channel", "content", "recipient", "recipients", "sender", "preferences"})


def _dict(place: dict[str, Any], key: str) -> dict[str, Any]:
    """A copy of an object in another; an empty one where it is none."""
    value = place.get(key)
    return dict(value) if type(value) is dict else {}


def _native(payload: dict[str, Any]) -> dict[str, Any]:
    """The author's content object or whole request, as a request."""
    whole = payload.get("message")
    if type(whole) is dict and type(whole.get("content")) is dict:
        return {**payload, "message": {**whole, "content": _typed(whole["content"])}}
    return {"message": {"content": _typed(payload)}}


def knows_native(payload: Mapping[str, Any], settings: Any) -> bool:
    return not isinstance(tried(_native, dict(payload)), Refuse)


def is_template(payload: Mapping[str, Any], settings: Any) -> bool:
    """A template, or one with a file, as a content object or in a whole request."""
    found = tried(_native, dict(payload))
    if isinstance(found, Refuse):
        return False
    content = found["message"]["content"]
    if _auto(content):
        return True
    return str(content["type"]).upper() in (NATIVE["template"][0], NATIVE["mediaTemplate"][0])


def _typed(content: dict[str, Any]) -> dict[str, Any]:
    """A native content object, with its type, which is kept as the author spells it."""
    named = [key for key, (_, shape) in NATIVE.items() if type(content.get(key)) is shape]
    word = content.get("type")
    for key in named:
        if type(word) is str and word.upper() == NATIVE[key][0].upper():
            return dict(content)
    if type(word) is str and _auto(content):
        return dict(content)
    if word is None and len(named) == 1:
        return {"type": NATIVE[named[0]][0], **{k: v for k, v in content.items() if k != "type"}}
    raise refuse("karix_raw_unknown", known=", ".join(NATIVE))


def _auto(content: dict[str, Any]) -> bool:
    """NOT CONFIRMED: the type that goes with an `autoTemplate`, so any is let through."""
    made = content.get("mediaTemplate")
    return type(made) is dict and "autoTemplate" in made


def _content(content: c.Outbound) -> dict[str, Any]:
    kind = c.kind_of(content)
    if ABILITIES[kind].capability is not Capability.NATIVE:
        raise refuse("karix_cannot", Code.UNSUPPORTED, kind=kind)
    if isinstance(content, c.Text):
        return {
            "preview_url": content.preview_url,
            "shorten_url": False,
            "type": "TEXT",
            "text": filled("text", content.text),
        }
    if isinstance(content, c.Template):
        return template(content)
    if isinstance(content, c.Image | c.Video | c.Audio | c.Document):
        return {"type": "ATTACHMENT", "attachment": _attachment(content)}
    if isinstance(content, c.Location):
        return {"type": NATIVE["location"][0], "location": _location(content)}
    return {"type": "INTERACTIVE", "interactive": _interactive(content)}


def _attachment(content: c.Image | c.Video | c.Audio | c.Document) -> dict[str, Any]:
    """Karix writes `url` and `fileName` where Meta has `link` and `filename`."""
    kind = c.kind_of(content)
    out = {"type": kind, "url": link_of(kind, content.id, content.link)}
    if isinstance(content, c.Document) and content.filename:
        out["fileName"] = content.filename
    if not isinstance(content, c.Audio) and content.caption:
        out["caption"] = within("caption", content.caption)
    return out


def _location(content: c.Location) -> dict[str, Any]:
    """NOT CONFIRMED: `name` and `address`, which are Meta's."""
    return location(content)


def _interactive(content: c.Outbound) -> dict[str, Any]:
    """Meta's object, with files by their address alone."""
    headers = [getattr(content, "header", None)]
    if isinstance(content, c.Carousel):
        for card in content.cards:
            within("card body", card.body or "", CARD_BODY)
        headers = [card.header for card in content.cards]
    for header in headers:
        for name in ("image", "video", "document"):
            media = getattr(header, name, None)
            if media is not None and media.id:
                link_of(header_file(name), media.id, media.link)
    return interactive_object(content)
