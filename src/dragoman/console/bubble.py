"""What a person saw of a message, as plain parts that a template can draw.

It is drawn from the stored JSON, not from its types: a kind that this version does not know is a
labelled card with its JSON, never a gap.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from dragoman.store.queries.messages import Line


class Bubble(msgspec.Struct, frozen=True):
    """`kind`: of the content. `file`: what stands for a file or a place. `head`, `body`, `foot`:
    texts. `opens`: the label of a list's button; `rows`: (section, title, description) of its
    rows. `buttons`: labels. `raw`: the JSON, where the parts above do not show all of it."""

    kind: str
    out: bool
    at: int
    file: str = ""
    head: str = ""
    body: str = ""
    foot: str = ""
    opens: str = ""
    rows: tuple[tuple[str, str, str], ...] = ()
    buttons: tuple[str, ...] = ()
    raw: str = ""


_FILES = ("image", "video", "audio", "document", "sticker")
_TAPPED = {"button_reply": "title", "list_reply": "title", "template_reply": "text"}


def bubble_of(line: Line, redactor: Any) -> Bubble:
    """The message of a line, without known secrets."""
    content = msgspec.json.decode(line.content)
    return drawn(line.kind, content, bool(line.direction), line.when, redactor)


def drawn(kind: str, content: dict[str, Any], out: bool, at: int, redactor: Any) -> Bubble:
    """Any message by its content; `kind` where that does not say."""
    content = redactor.json(content)
    kind = str(content.get("kind", kind))
    parts = _parts(kind, content)
    if parts is None:
        raw = {k: v for k, v in content.items() if k != "kind"}
        parts = {"raw": json.dumps(raw, ensure_ascii=False, indent=2)}
    return Bubble(kind.replace("_", " "), out, at, **parts)


def _parts(kind: str, c: dict[str, Any]) -> dict[str, Any] | None:
    if kind == "text":
        return {"body": _text(c.get("text"))}
    if kind in _FILES:
        return {"file": _file(kind, c.get("media") or c), "body": _text(c.get("caption"))}
    if kind in _TAPPED:
        return {"body": _text(c.get(_TAPPED[kind])), "foot": _text(c.get("description"))}
    if kind in ("buttons", "list", "cta_url", "location_request", "contact_request"):
        return _interactive(c)
    if kind == "reaction":
        return {"body": _text(c.get("emoji")) or "–"}
    if kind == "location":
        place = f"{c.get('latitude')}, {c.get('longitude')}"
        return {"file": place, "head": _text(c.get("name")), "body": _text(c.get("address"))}
    if kind == "template":
        return _template(c)
    return None


def _interactive(c: dict[str, Any]) -> dict[str, Any]:
    head = c.get("header") or {}
    files = [_file(k, head[k]) for k in ("image", "video", "document") if head.get(k)]
    rows = tuple(
        (_text(section.get("title")), _text(row.get("title")), _text(row.get("description")))
        for section in c.get("sections") or ()
        for row in section.get("rows") or ()
    )
    buttons = [_text(b.get("title")) for b in c.get("buttons") or ()]
    if c.get("label"):
        buttons.append(_text(c["label"]))
    return {
        "file": files[0] if files else "", "head": _text(head.get("text")),
        "body": _text(c.get("body")), "foot": _text(c.get("footer")),
        "opens": _text(c.get("button")), "rows": rows, "buttons": tuple(buttons),
    }  # fmt: skip


def _template(c: dict[str, Any]) -> dict[str, Any]:
    """Its words lie with the partner: what is known here is its name and what was filled in."""
    filled = [_text(p.get("text") or p.get("fallback")) for p in c.get("body") or ()]
    buttons = [
        _text(b.get("payload") or b.get("suffix") or b.get("code") or b.get("kind"))
        for b in c.get("buttons") or ()
    ]
    return {
        "head": _text(c.get("name")), "foot": _text(c.get("language")),
        "body": "\n".join(f"{n}. {text}" for n, text in enumerate(filled, 1)),
        "buttons": tuple(buttons),
    }  # fmt: skip


def _file(kind: str, media: dict[str, Any]) -> str:
    known = media.get("filename") or media.get("mime_type") or media.get("link") or media.get("id")
    return _text(known) or kind


def _text(value: Any) -> str:
    return "" if value is None else str(value)
