"""A message as the phone shows it: Netcore's element as a Cloud API send body."""

from __future__ import annotations

from typing import Any

_FILES = {"image", "video", "audio"}


def shown(element: dict[str, Any], mime: str, rendered: dict[str, Any] | None) -> dict[str, Any]:
    """`mime`: of a file that is sent by its id, whose kind is not said. `rendered`: the filled
    template; None where it cannot be filled."""
    kind = element["message_type"]
    if kind == "text":
        told = element["type_text"][0]
        preview = told.get("preview_url") == "true"
        return _body("text", {"body": told["content"], "preview_url": preview})
    if kind == "media":
        return _media(element["type_media"][0]["attachments"][0], mime)
    if kind == "location":
        place = element["type_location"][0]
        degrees = {key: float(place[key]) for key in ("latitude", "longitude")}
        named = {key: place[key] for key in ("name", "address") if place.get(key)}
        return _body("location", {**degrees, **named})
    if kind == "interactive":
        return _body("interactive", _interactive(element["type_interactive"][0]))
    named = element["type_template"][0]
    code = {"code": named["language"]["locale"]}
    template = {"name": named["name"], "language": code, "components": []}
    body = _body("template", template)
    return body if rendered is None else {**body, "rendered": rendered}


def _body(kind: str, value: Any) -> dict[str, Any]:
    return {"type": kind, kind: value}


def kind_of(mime: str) -> str:
    """The kind of message that a file of this type is."""
    if mime.startswith("image/webp"):
        return "sticker"
    first = mime.partition("/")[0]
    return first if first in _FILES else "document"


def _media(attachment: dict[str, Any], mime: str) -> dict[str, Any]:
    kind = attachment.get("attachment_type") or kind_of(mime)
    link = attachment.get("attachment_url")
    file = {"link": link} if link else {"id": attachment["attachment_id"]}
    allowed = {"image": ("caption",), "video": ("caption",), "document": ("caption", "filename")}
    more = {key: attachment[key] for key in allowed.get(kind, ()) if attachment.get(key)}
    return _body(kind, {**file, **more})


def _interactive(told: dict[str, Any]) -> dict[str, Any]:
    """Meta's object: `body` and `footer` are objects there, and `action` is no array."""
    kind, action = told["type"], told["action"][0]
    out: dict[str, Any] = {"type": kind, "body": {"text": told["body"]}}
    header = _header(told.get("header") or {})
    if header:
        out["header"] = header
    if told.get("footer"):
        out["footer"] = {"text": told["footer"]}
    if kind == "cta_url":
        action = {"name": "cta_url", "parameters": action["buttons"][0]["parameters"]}
    return {**out, "action": action}


def _header(header: dict[str, Any]) -> dict[str, Any]:
    kind = header.get("type", "")
    if kind == "text":
        return {"type": "text", "text": header["text"]} if header.get("text") else {}
    if not header:
        return {}
    file = {"link": header["url"]} if header.get("url") else {"id": header.get("media_id")}
    named = {"filename": header["filename"]} if header.get("filename") else {}
    return {"type": kind, kind: {**file, **named}}
