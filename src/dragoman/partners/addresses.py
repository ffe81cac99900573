"""Web addresses that partners compare letter by letter, and where two of them part.

OAuth dialogs and webhook settings know no "nearly the same": scheme, case, a slash at the end and
an encoded letter all count.
"""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit

from dragoman.domain.sentences import Sentence, words

words(
    {
        "address_scheme": "{theirs} begins with {their_part}, ours with {our_part} ({ours}).",
        "address_host": "{theirs} is of the host {their_part}, ours of {our_part} ({ours}).",
        "address_case": "{theirs} differs from ours in capital and small letters ({ours}).",
        "address_slash": "{theirs} has {word} slash at its end than ours ({ours}).",
        "address_slashes": "{theirs} differs from ours by a doubled slash ({ours}).",
        "address_space": "{theirs!r} has a space or line break in it, ours has none ({ours}).",
        "address_encoding": "{theirs} writes a letter in another encoding (%…) than ours ({ours}).",
        "address_query": "{theirs} and ours differ behind a ? or # ({ours}).",
        "address_path": "{theirs} has another path than ours ({ours}).",
    }
)


def difference(theirs: str, ours: str) -> Sentence | None:
    """Where an address as it stands at the partner differs from ours; None for the same letters."""
    if theirs == ours:
        return None
    args = {"theirs": theirs, "ours": ours}
    if theirs.split() != [theirs]:
        return Sentence("address_space", args)
    try:
        a, b = urlsplit(theirs), urlsplit(ours)
    except ValueError:
        return Sentence("address_path", args)
    if a.scheme != b.scheme:
        parts = {"their_part": a.scheme or "no scheme", "our_part": b.scheme}
        return Sentence("address_scheme", {**args, **parts})
    if theirs.lower() == ours.lower():
        return Sentence("address_case", args)
    if a.netloc.lower() != b.netloc.lower():
        parts = {"their_part": a.netloc or "none", "our_part": b.netloc}
        return Sentence("address_host", {**args, **parts})
    if _behind(theirs) != _behind(ours):
        return Sentence("address_query", args)
    return _path(a, b, args)


def _path(a: SplitResult, b: SplitResult, args: dict[str, str]) -> Sentence:
    if a.path.rstrip("/") == b.path.rstrip("/"):
        word = "one more" if len(a.path) > len(b.path) else "one less"
        return Sentence("address_slash", {**args, "word": word})
    if _single(a.path) == _single(b.path):
        return Sentence("address_slashes", args)
    if unquote(a.path) == unquote(b.path):
        return Sentence("address_encoding", args)
    return Sentence("address_path", args)


def _behind(url: str) -> str:
    """What stands behind the path, its ? or # with it."""
    return url[len(url.partition("#")[0].partition("?")[0]) :]


def _single(path: str) -> str:
    return "/".join(part for part in path.split("/") if part)
