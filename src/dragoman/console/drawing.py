"""Line drawings of where something is at a partner: one a step, made from the words that the
partner's own metadata says (`Meta app › WhatsApp › Configuration › Webhook › Callback URL`). The
last one shows the field with a ring around it. They look like no partner's page in particular, so
they do not age with it; a partner adds none of its own.
"""

from __future__ import annotations

import re

import msgspec
from markupsafe import Markup, escape

WIDTH, HEIGHT = 168, 112
LONGEST = 20  # letters that fit beside the edge; the whole word stands below the drawing
_END = re.compile(r"[;:(؛]|[,،] | once | of both ")
_BARS = (34, 58, 46)  # how long the lines are that stand for other entries


class Step(msgspec.Struct, frozen=True):
    """text: what to press, or the field; svg: its drawing."""

    text: str
    svg: Markup


def drawing(where: str, label: str, mail: bool = False) -> list[Step]:
    """The steps to a place, as far as it is one path through pages, and the field with this label
    there; empty for a place that is none. mail: it is in a letter, which is one step."""
    place, *parts = (part.strip(" .") for part in where.split("›"))
    shown: list[str] = []
    for part in parts:
        said, *more = _END.split(part, maxsplit=1)
        shown.append(said.strip(" .") or part)
        if more:
            break
    if not shown:
        return [Step(where, _letter(label))] if mail else []
    if label.casefold() not in shown[-1].casefold():
        shown.append(label)
    last = len(shown) - 1
    return [Step(text, _picture(place, text, n, field=n == last)) for n, text in enumerate(shown)]


def _picture(place: str, text: str, n: int, *, field: bool) -> Markup:
    inside = _field(text) if field else _entries(text, n)
    return Markup(
        '<svg class="drawing" viewBox="0 0 {w} {h}" aria-hidden="true">'
        '<rect class="page" x=".5" y=".5" width="{pw}" height="{ph}" rx="6"/>'
        '<path class="line" d="M0 26h{w}"/>'
        '<circle class="dot" cx="12" cy="13" r="3"/>'
        '<text x="22" y="18">{place}</text>{inside}</svg>'
    ).format(w=WIDTH, h=HEIGHT, pw=WIDTH - 1, ph=HEIGHT - 1, place=_short(place), inside=inside)


def _letter(text: str) -> Markup:
    """What comes by mail: a sheet out of its envelope, with the line to copy."""
    return Markup(
        '<svg class="drawing" viewBox="0 0 {w} {h}" aria-hidden="true">'
        '<rect class="page" x=".5" y="40" width="{pw}" height="71" rx="6"/>'
        '<rect class="page" x="16" y=".5" width="136" height="88" rx="4"/>'
        '<path class="bar" d="M28 16h70M28 30h96"/>'
        '<rect class="ring" x="22" y="42" width="124" height="28" rx="8"/>'
        '<text x="30" y="60">{text}</text>'
        '<path class="page" d="M.5 70L84 100L{pw} 70V105a6 6 0 0 1-6 6H6.500a6 6 0 0 1-6-6z"/>'
        "</svg>"
    ).format(w=WIDTH, h=HEIGHT, pw=WIDTH - 1, text=_short(text))


def _entries(text: str, n: int) -> Markup:
    """A menu; the entry to press is filled. It stands lower with each step."""
    row = n % len(_BARS)
    out = []
    for place, length in enumerate(_BARS):
        y = 36 + place * 24
        if place == row:
            out.append(
                f'<rect class="press" x="8" y="{y}" width="{WIDTH - 16}" height="20" rx="4"/>'
                f'<text class="on" x="14" y="{y + 14}">{_short(text)}</text>'
            )
        else:
            out.append(f'<path class="bar" d="M14 {y + 10}h{length}"/>')
    return Markup("").join(Markup(piece) for piece in out)


def _field(text: str) -> Markup:
    return Markup(
        '<path class="bar" d="M14 40h58"/><text x="14" y="62">{text}</text>'
        '<rect class="field" x="14" y="70" width="{w}" height="22" rx="4"/>'
        '<rect class="ring" x="8" y="64" width="{rw}" height="34" rx="8"/>'
    ).format(text=_short(text), w=WIDTH - 28, rw=WIDTH - 16)


def _short(text: str) -> Markup:
    return escape(text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…")
