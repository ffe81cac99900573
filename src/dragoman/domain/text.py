"""Long texts in pieces, as people would cut them.

Everything here counts code points, the way WhatsApp does, and never cuts a character as people see
it (a family emoji, a Devanagari syllable) in two, unless one alone is longer than the limit.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex  # type: ignore[import-untyped]

_GRAPHEME = regex.compile(r"\X")
_PARAGRAPH = regex.compile(r"\n[^\S\n]*\n")
_LINE = regex.compile(r"\n")
# Latin, Devanagari (danda), Arabic and CJK sentence ends, with what may close a sentence after them
_SENTENCE = regex.compile(r"(?:[.!?…।॥؟۔][\"'”’)\]»]*(?=\s))|[。！？][」』）]*")
_SPACE = regex.compile(r"\s+")

# The places to cut, best first, and how much of a piece must be filled before one is good enough:
# a paragraph that ends after two words is no reason for a piece of two words.
_PREFERRED = ((_PARAGRAPH, 0.5), (_LINE, 0.5), (_SENTENCE, 0.4), (_SPACE, 0.0))


def split_text(text: str, limit: int) -> list[str]:
    """`text` in pieces of at most `limit` code points, in order.

    Cuts at the end of a paragraph, else a line, a sentence, a word, else between graphemes; only a
    grapheme longer than `limit` is cut inside. Nothing is lost but white space at the cuts. A text
    within the limit comes back as it is; an empty one, or one of white space that is too long,
    gives no piece. Raises ValueError for a limit below 1.
    """
    if limit < 1:
        raise ValueError("the limit must be at least 1")
    if len(text) <= limit:
        return [text] if text else []
    pieces: list[str] = []
    rest = text
    while len(rest) > limit:
        cut = _cut(rest, limit)
        if cut:
            pieces.append(rest[:cut].rstrip())
        else:  # one grapheme, longer than the limit
            cut = _GRAPHEME.match(rest).end()
            pieces += [rest[at : min(at + limit, cut)] for at in range(0, cut, limit)]
        rest = _trim_start(rest[cut:])
    return [piece for piece in (*pieces, rest) if piece.strip()]


def _trim_start(text: str) -> str:
    """Without white space before it, except for a space that carries a mark of its own."""
    start = len(text) - len(text.lstrip())
    if 0 < start < len(text) and _GRAPHEME.match(text, start - 1).end() > start:
        start -= 1
    return text[start:]


def _cut(text: str, limit: int) -> int:
    """Where to end the first piece of `text`, which is longer than `limit`; 0 when its first
    grapheme is."""
    boundaries = set(_boundaries(text, limit))
    if not boundaries:
        return 0
    for pattern, filled in _PREFERRED:
        best = 0
        for match in pattern.finditer(text, 0, limit + 1):
            # White space may reach over the limit: it is dropped at the cut, so its start counts.
            place = match.start() if match.end() > limit else match.end()
            if place in boundaries:
                best = place
        if best and best >= limit * filled:
            return best
    return max(boundaries)


def _boundaries(text: str, limit: int) -> Iterator[int]:
    """The ends of the graphemes that lie wholly within the first `limit` code points."""
    for match in _GRAPHEME.finditer(text):
        if match.end() > limit:
            return
        yield match.end()
