"""Checks of lengths: code points are counted, in four ways of writing.

What a partner's limit is, is asked of its own `render`: the longest text of a field that it does
not refuse. That limit must be the same in every script, and the emulator must take it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import regex  # type: ignore[import-untyped]

from dragoman.domain.content import Outbound
from dragoman.domain.errors import Code
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import words
from dragoman.domain.status import Status
from dragoman.emulators.phone.handsets import HandsetContact
from dragoman.engine.speaking import TEXT_LIMIT
from dragoman.partners.contract import OutboundMessage, Unsupported

from . import altered
from .bench import Bench, Wrong, expect

words({"conform_no_limits": "{partner} has none of the fields whose length is known natively."})

# A word of each script, and one letter to fill up with.
SCRIPTS = {
    "Devanagari": ("क्षत्रिय ", "क"),
    "joined emoji": ("👨\u200d👩\u200d👧\u200d👦", "☕"),
    "Hebrew": ("שלום ", "א"),
    "Latin": ("naïve ", "é"),
}
MOST = 9000  # longer than any limit of WhatsApp's
_GRAPHEME = regex.compile(r"\X")

Build = Callable[[str], dict[str, Any]]


def _buttons(**parts: Any) -> dict[str, Any]:
    usual = {"kind": "buttons", "body": "Well?", "buttons": [{"id": "1", "title": "Yes"}]}
    return {**usual, **parts}


def _list(row: dict[str, str] | None = None, section: str = "Teas", **parts: Any) -> dict[str, Any]:
    rows = [{"id": "1", "title": "Assam", **(row or {})}]
    usual = {"kind": "list", "body": "Well?", "button": "Teas"}
    return {**usual, "sections": [{"title": section, "rows": rows}], **parts}


FIELDS: dict[str, Build] = {
    "caption of a picture": lambda text: {
        "kind": "image", "link": "https://files.example/a.png", "caption": text,
    },
    "caption of a document": lambda text: {
        "kind": "document", "link": "https://files.example/a.pdf", "filename": "a.pdf",
        "caption": text,
    },
    "body of buttons": lambda text: _buttons(body=text),
    "header of buttons": lambda text: _buttons(header={"text": text}),
    "footer of buttons": lambda text: _buttons(footer=text),
    "title of a button": lambda text: _buttons(buttons=[{"id": "1", "title": text}]),
    "body of a list": lambda text: _list(body=text),
    "button of a list": lambda text: _list(button=text),
    "title of a section": lambda text: _list(section=text),
    "title of a row": lambda text: _list({"title": text}),
    "description of a row": lambda text: _list({"description": text}),
    "label of a link": lambda text: {
        "kind": "cta_url", "body": "Look", "label": text, "url": "https://www.example.com/",
    },
}  # fmt: skip


def filled(script: str, count: int) -> str:
    """A text of so many code points, without white space at its ends."""
    word, letter = SCRIPTS[script]
    text = word * (count // len(word))
    text += letter * (count - len(text))
    return text[:-1] + letter if text[-1:].isspace() else text


async def lengths(bench: Bench) -> None:
    person = await bench.met()
    tried = 0
    for field, build in FIELDS.items():
        if not bench.native(str(build("x")["kind"])):
            continue
        limits = {script: _limit(bench, build, script) for script in SCRIPTS}
        if len(set(limits.values())) != 1:
            raise Wrong(f"the limit of the {field} in each script", "the same", limits)
        limit = limits["Latin"]
        if limit is None:
            continue
        tried += 1
        for script in SCRIPTS:
            await _arrives(bench, person, f"{field} in {script}", build, filled(script, limit))
        over = filled("joined emoji", limit + 1)
        await _is_refused(bench, person, f"{field} over {limit}", build(over))
    if not tried:
        raise bench.absent("conform_no_limits")


def _limit(bench: Bench, build: Build, script: str) -> int | None:
    """The longest text that is not refused as too long; None where there is no limit."""
    if _fits(bench, build(filled(script, MOST))):
        return None
    low, high = 1, MOST  # low fits, high does not
    while high - low > 1:
        middle = (low + high) // 2
        if _fits(bench, build(filled(script, middle))):
            low = middle
        else:
            high = middle
    return low


def _fits(bench: Bench, content: dict[str, Any]) -> bool:
    said = msgspec.convert(content, Outbound)
    message = OutboundMessage(Phone("12025550142"), bench.line.number, said)
    rendered = bench.talker.render(message, bench.settings)
    if not isinstance(rendered, Unsupported):
        return True
    if rendered.code is not Code.TOO_LONG:
        raise Wrong("how a long text is refused", Code.TOO_LONG, rendered)
    return False


async def _arrives(
    bench: Bench, person: HandsetContact, what: str, build: Build, text: str
) -> None:
    before = len(bench.taken(person))
    await bench.asks(person, what, [build(text)])
    taken = bench.taken(person)[before:]
    found = await bench.last(person)
    if len(taken) != 1 or found.status is not Status.DELIVERED:
        raise Wrong(f"the {what}, {len(text)} characters", "delivered", found)
    shown = [there for _, there in altered.leaves(bench.emulator.shown(taken[0]))]
    if text not in shown:
        raise Wrong(f"the {what}, as the person sees it", text[:40], "another text")


async def _is_refused(
    bench: Bench, person: HandsetContact, what: str, content: dict[str, Any]
) -> None:
    before = len(bench.taken(person))
    await bench.asks(person, what, [content])
    said = [bench.emulator.shown(record) for record in bench.taken(person)[before:]]
    long = [one for one in said if len(json.dumps(one, ensure_ascii=False)) > 4 * len(what) + 400]
    expect(f"what the partner got of a {what}", [], long)
    found = await bench.last(person)
    expect(f"the status of a {what}", Status.FAILED, found.status)
    expect(f"why a {what} was not sent", Code.TOO_LONG.value, (found.error or {}).get("code"))


async def long_text(bench: Bench) -> None:
    person = await bench.met()
    for script in SCRIPTS:
        for count in (TEXT_LIMIT, TEXT_LIMIT + 1, 2 * TEXT_LIMIT + 5):
            text = filled(script, count)
            before = len(bench.texts(person))
            await bench.asks(person, f"{count} in {script}", [text])
            pieces = bench.texts(person)[before:]
            what = f"{count} characters in {script}"
            if count <= TEXT_LIMIT:
                expect(f"the pieces of {what}", 1, len(pieces))
            expect(
                f"pieces of {what} over the limit", [], [p for p in pieces if len(p) > TEXT_LIMIT]
            )
            expect(f"that all of {what} arrived, in order", _bare(text), _bare("".join(pieces)))
            cut = [p for p in pieces if not set(_characters(p)) <= set(_characters(text))]
            expect(f"pieces of {what} with a character cut in two", [], cut)


def _bare(text: str) -> str:
    """Without white space, which may be lost where a text is cut."""
    return "".join(text.split())


def _characters(text: str) -> Iterator[str]:
    for match in _GRAPHEME.finditer(text):
        yield match.group()
