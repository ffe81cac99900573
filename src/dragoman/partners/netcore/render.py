"""Calls to Netcore as values: messages, consent, files, checks.

A message is one element of an array. Interactive messages are Meta's with two differences: `body`
is a text, and `action` an array. `Raw` is an element of Netcore's, or its whole request, of which
recipient, source and our reference are always ours.

Source: Netcore Cloud, "WhatsApp API" (text, media, template, interactive, consent, media), and
public integrations of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.identity import Phone, Recipient
from dragoman.domain.sentences import words
from dragoman.partners._cloud.bodies import location
from dragoman.partners._cloud.envelope import interactive_object
from dragoman.partners._cloud.limits import (
    filled,
    one_of,
    refuse,
    unsupported,
    within,
)
from dragoman.partners.contract import (
    HttpCall,
    MediaFile,
    OutboundMessage,
    Part,
    Probe,
)
from dragoman.partners.extra import merge

from .settings import Settings
from .templates import file_of, template

words(
    {
        "netcore_needs_phone": "Netcore writes to phone numbers only, and this person is known by "
        "{whom}: ask them for their number.",
        "netcore_phone_short": "{whom} has fewer than ten digits, and Netcore takes ten to "
        "fifteen with the country code: check it.",
        "netcore_no_key": "The channel has no API Key for {number}: add the number with its key.",
        "netcore_cannot": "Netcore has no {kind} message: leave it out.",
        "netcore_raw_unknown": "The structured payload is none that Netcore knows: give an object "
        "with `message_type` and its member, which is one of {known}; or a request with `message` "
        "and one such object in it.",
    }
)

# What a file, a place or a link message names are NOT CONFIRMED as a whole: see NOT_CONFIRMED.
TYPES = ("text", "media", "location", "template", "media_template", "interactive")
TEMPLATES = frozenset({"template", "media_template"})
PRIORITY = frozenset({"text", "template"})
LEAST_DIGITS = 10
CONSENT_SOURCE = "WHATSAPP"  # where the person agreed; at most 25 characters, any text

_OURS = frozenset({"recipient_whatsapp", "source"})
_FILES = c.Image | c.Video | c.Audio | c.Document | c.Sticker


@unsupported
def render(message: OutboundMessage, settings: Settings) -> HttpCall:
    """One message, one call. What cannot be said is `Unsupported`, before any I/O."""
    element = _element(message, settings)
    lane = "/priority" if settings.priority and str(element["message_type"]) in PRIORITY else ""
    url = f"{settings.send_host}/api/v2/message/nc{lane}"
    return _call("POST", url, "send", message.number, settings, json={"message": [element]})


def _call(
    method: Any, url: str, purpose: str, number: str, settings: Settings, **more: Any
) -> HttpCall:
    """A call with the key of a number, whom it is about. A key without *Bearer* is answered 403 by
    a wall in front of Netcore."""
    headers = {"Authorization": f"Bearer {settings.key_of(number)}"}
    return HttpCall(method, url, purpose, headers, about=number, **more)


def _element(message: OutboundMessage, settings: Settings) -> dict[str, Any]:
    content = message.content
    if not settings.key_of(message.number):
        raise refuse("netcore_no_key", Code.TOKEN, number=f"+{message.number}")
    whom = digits_of(message.recipient)
    element: dict[str, Any] = {"recipient_whatsapp": whom, "recipient_type": "individual"}
    if isinstance(content, c.Raw):
        told = _native(content.payload)
        element |= {key: value for key, value in told.items() if key not in _OURS}
    else:
        element |= _content(content)
    element["source"] = settings.source_of(message.number)
    merge(element, {k: v for k, v in (message.extra or {}).items() if k not in _OURS})
    if message.reference:
        element["x-apiheader"] = message.reference
    return element


def digits_of(whom: Recipient) -> str:
    """The person's phone without a plus. Raises Refuse for anything else."""
    if not isinstance(whom, Phone):
        raise refuse("netcore_needs_phone", Code.UNSUPPORTED, whom=str(whom))
    if len(whom.digits) < LEAST_DIGITS:
        raise refuse("netcore_phone_short", whom=str(whom))
    return whom.digits


def _native(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The author's element with its type. Raises Refuse."""
    kind = _type_of(payload)
    if kind is None:
        raise refuse("netcore_raw_unknown", known=", ".join(f"type_{kind}" for kind in TYPES))
    element = _inside(payload)
    return {"message_type": kind, **{k: v for k, v in element.items() if k != "message_type"}}


def _inside(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The element itself, or the one of a whole request."""
    inside = payload.get("message")
    if type(inside) is list and len(inside) == 1 and type(inside[0]) is dict:
        payload = inside[0]
    return payload


def _type_of(payload: Mapping[str, Any]) -> str | None:
    """Which of TYPES an author's object is; None for one that is none."""
    element = _inside(payload)
    named = [kind for kind in TYPES if type(element.get(f"type_{kind}")) in (list, dict)]
    if named == ["template", "media_template"]:
        named = ["media_template"]
    kind = element.get("message_type", named[0] if len(named) == 1 else None)
    return kind if kind in named else None


def knows_native(payload: Mapping[str, Any], settings: Any) -> bool:
    return _type_of(payload) is not None


def is_template(payload: Mapping[str, Any], settings: Any) -> bool:
    """A template, or one with a file, as an element or in a whole request."""
    return _type_of(payload) in TEMPLATES


def _content(content: c.Outbound) -> dict[str, Any]:
    if isinstance(content, c.Text):
        told = {
            "preview_url": "true" if content.preview_url else "false",
            "content": filled("text", content.text),
        }
        return {"message_type": "text", "type_text": [told]}
    if isinstance(content, _FILES):
        return {"message_type": "media", "type_media": [{"attachments": [_attachment(content)]}]}
    if isinstance(content, c.Location):
        return {"message_type": "location", "type_location": [_location(content)]}
    if isinstance(content, c.Template):
        return template(content)
    if isinstance(content, c.Buttons | c.List | c.CtaUrl):
        return {"message_type": "interactive", "type_interactive": [_interactive(content)]}
    raise refuse("netcore_cannot", Code.UNSUPPORTED, kind=c.kind_of(content))


def _attachment(content: _FILES) -> dict[str, str]:
    kind = c.kind_of(content)
    given = one_of(kind, content.id, content.link)
    out = {"attachment_id": given["id"]} if "id" in given else {"attachment_url": given["link"]}
    if "link" in given:
        out["attachment_type"] = kind
    if isinstance(content, c.Image | c.Video | c.Document) and content.caption:
        out["caption"] = within("caption", content.caption)
    if isinstance(content, c.Document) and content.filename:
        out["filename"] = content.filename  # NOT CONFIRMED: named so with templates only
    return out


def _location(content: c.Location) -> dict[str, Any]:
    """NOT CONFIRMED: `type_location` and its members, which are Meta's."""
    return location(content)


# --- interactive ---------------------------------------------------------------------------------


def _interactive(content: c.Buttons | c.List | c.CtaUrl) -> dict[str, Any]:
    """Meta's object within Meta's limits, in Netcore's shape. Raises Refuse."""
    meta = interactive_object(content)
    out: dict[str, Any] = {"type": meta["type"]}
    action = meta["action"]
    header = _header(content.header)
    if isinstance(content, c.CtaUrl):
        # The one message of this kind that is known has its address in the header as well, and a
        # name for the button that is its label in small letters.
        header = header or {"type": "text", "url": content.url}
        action = {"buttons": [{"name": _name(content.label), "parameters": action["parameters"]}]}
    if header:
        out["header"] = header
    out["body"] = meta["body"]["text"]
    if "footer" in meta:
        out["footer"] = meta["footer"]["text"]
    return {**out, "action": [action]}


def _header(header: c.Header | None) -> dict[str, Any]:
    """NOT CONFIRMED: a header that is a file, which is named as with templates."""
    if header is None:
        return {}
    if header.text:
        return {"type": "text", "text": header.text}
    kind = next(name for name in ("image", "video", "document") if getattr(header, name))
    media: c.Media = getattr(header, kind)
    return file_of(f"header {kind}", kind, media.id, media.link, media.filename)


def _name(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_") or "cta_url"


# --- opt-in --------------------------------------------------------------------------------------


def demands_opt_in(settings: Settings) -> bool:
    """Netcore looks before every send; the bypass is granted by them."""
    return not settings.bypass_opt_in


def render_opt_in_look_up(number: str, recipient: Recipient, settings: Settings) -> HttpCall | None:
    if not isinstance(recipient, Phone):
        return None
    return look_up(number, recipient.digits, settings, "opt_in_look_up")


def look_up(number: str, digits: str, settings: Settings, purpose: str) -> HttpCall:
    """Whether somebody is opted in. It sends nothing and changes nothing."""
    url = f"{settings.other_host}/api/v2/consent/"
    return _call("POST", url, purpose, number, settings, json={"phone_number": digits})


def render_opt_in(
    number: str,
    recipient: Recipient,
    settings: Settings,
    *,
    source: str = CONSENT_SOURCE,
    **browser: str,
) -> HttpCall | None:
    """Record that the person agreed. `source`: where; `browser`: `user_agent` and `ip`, where the
    consent was given on a page."""
    return _consent("optin", number, recipient, settings, {"source": source, **browser})


def render_opt_out(number: str, recipient: Recipient, settings: Settings) -> HttpCall | None:
    """Record that the person wants no more messages."""
    return _consent("optout", number, recipient, settings, {"source": CONSENT_SOURCE})


def _consent(
    word: str, number: str, recipient: Recipient, settings: Settings, told: dict[str, str]
) -> HttpCall | None:
    if not isinstance(recipient, Phone):
        return None
    body = {"type": word, "recipients": [{"recipient": recipient.digits, **told}]}
    url = f"{settings.other_host}/api/v2/consent/manage/"
    return _call("POST", url, word.replace("opt", "opt_"), number, settings, json=body)


# --- files and checks ----------------------------------------------------------------------------


def render_media(
    number: str, media_id: str | None, link: str | None, settings: Settings
) -> HttpCall | None:
    """Files that people send have an id. An address is not Netcore's, so no key goes along."""
    if media_id:
        url = f"{settings.other_host}/api/v2/media/{quote(media_id, safe='')}"
        return _call("GET", url, "media_download", number, settings)
    return HttpCall("GET", link, "media_download") if link else None


def render_upload(number: str, file: MediaFile, settings: Settings) -> HttpCall | None:
    url = f"{settings.other_host}/api/v2/media/upload/"
    part = Part("file", file.data, file.filename or "file", file.mime or None)
    return _call("POST", url, "media_upload", number, settings, parts=(part,))


def probes(settings: Settings) -> Sequence[Probe]:
    """For each number: whether it is opted in to itself, which only its key is told."""
    return [
        Probe(f"the number +{digits}", look_up(digits, digits, settings, "probe"), digits)
        for digits, number in settings.numbers.items()
        if number.api_key
    ]
