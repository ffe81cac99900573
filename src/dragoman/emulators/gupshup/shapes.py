"""What the phone shows: send bodies shaped like the Cloud API's, made of Gupshup's parts."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]


def text(words: str) -> Body:
    return {"type": "text", "text": {"body": words}}


def file(kind: str, link: str, caption: str = "", filename: str = "") -> Body:
    value = {"link": link}
    if caption:
        value["caption"] = caption
    if filename:
        value["filename"] = filename
    return {"type": kind, kind: value}


def both_texts(message_text: str | None, caption: str | None) -> str:
    """WhatsApp shows one text under a file. Where a send has two, both are in it, the message's
    first, once where they are equal. NOT CONFIRMED."""
    found = [one for one in (message_text, caption) if one]
    if len(found) == 2 and found[0].strip() == found[1].strip():
        found.pop()
    return "\n\n".join(found)


def header(kind: str, given: str, filename: str = "") -> Body:
    """Of an interactive message: a text, or a file by its link."""
    if kind == "text":
        return {"type": "text", "text": given}
    name = {"filename": filename} if filename else {}
    return {"type": kind, kind: {"link": given, **name}}


def interactive(
    kind: str, words: str, action: Body, head: Body | None = None, footer: str = ""
) -> Body:
    value: Body = {"type": kind, "body": {"text": words}, "action": action}
    if head is not None:
        value["header"] = head
    if footer:
        value["footer"] = {"text": footer}
    return {"type": "interactive", "interactive": value}


def tap(id: str, title: str) -> Body:
    """A reply button."""
    return {"type": "reply", "reply": {"id": id, "title": title}}


def row(id: str, title: str, description: str | None) -> Body:
    made = {"id": id, "title": title}
    return {**made, "description": description} if description else made
