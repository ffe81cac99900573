"""One line of the message log as pages show it: a message, or what came and is none."""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.sentences import Sentence, map_texts
from dragoman.engine.standing import name_of, named, other_words, phone, stand
from dragoman.engine.why import first_words
from dragoman.partners.registry import PARTNERS, partner
from dragoman.store.queries.messages import Line
from dragoman.store.queries.others import Other

WORDS_KEPT = 300  # code points of a message that a row carries; the page shows what fits
_OTHERS = {"refused": "refused", "rejected": "not readable", "event": "event"}


class Row(msgspec.Struct, frozen=True):
    """`name`: the id that `/messages/` takes. `at`: Unix ms. `way`: in, out, or empty for what is
    no message. `word`: its status. `who`, `reached`: the contact's name and phone or BSUID. `kind`:
    of the content, empty for a text. `why`: what it waits for, or why it ended so."""

    name: str
    id: int
    at: int
    way: str
    word: str
    who: str
    reached: str
    kind: Sentence | str
    said: Sentence | str
    why: Sentence | None = None
    app: str = ""


def row_of(line: Line, now: int, redactor: Any) -> Row:
    """A message. Secrets of the installation are hidden, wherever they were written."""
    standing = stand(line, now)
    return Row(
        name_of(line), line.id, line.when, "out" if line.direction else "in", standing.word,
        line.name or "", phone(line.phone) or line.bsuid or "",
        "" if line.kind == "text" else named("kind", line.kind),
        redactor.text(_cut(first_words(line))), standing.why, line.app,
    )  # fmt: skip


def content_of(line: Line, redactor: Any) -> dict[str, Any]:
    """What `bubble.html` draws of a message: its content as JSON values, without known secrets."""
    content: dict[str, Any] = redactor.json(msgspec.json.decode(line.content))
    return {"kind": line.kind, **content}


def other_row(other: Other, redactor: Any) -> Row:
    """What was refused, could not be read, or was told of an account."""
    said = map_texts(other_words(other), lambda text: redactor.text(_cut(text)))
    return Row(
        other.name, other.id, other.at, "", _OTHERS[other.table], _label(other.partner), "", "",
        said, app=other.app,
    )  # fmt: skip


def _label(name: str) -> str:
    return partner(name).LABEL if name in PARTNERS else name


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= WORDS_KEPT else flat[:WORDS_KEPT] + "…"
