"""An author's file: whether it was saved since, and where in it something went wrong."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from dragoman.domain.sentences import Sentence, words

words(
    {
        "agent_reloaded": "{file} was saved: the next answer is the new one.",
        "agent_not_reloaded": "{place} was saved with an error ({problem}). The last good version "
        "goes on answering; save it again when it is mended.",
        "agent_not_loaded": "{place} cannot be used: {problem}.",
        "agent_gone": "{file} is gone. Its last good version goes on answering.",
        "agent_crashed": "{place} failed in {function}: {problem}.",
    }
)

Stamp = tuple[int, int]
GONE: Stamp = (0, -1)


def stamp_of(path: str) -> Stamp:
    """Time and size of a file; `GONE` when it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return GONE
    return found.st_mtime_ns, found.st_size


def describe_crash(exc: BaseException, path: str | Path) -> Sentence:
    """File, line and function of the author's file where an exception passed, innermost; of
    wherever it came from when it never touched that file."""
    file, line, function = _spot(exc.__traceback__, str(path))
    name = Path(file).name
    return Sentence(
        "agent_crashed",
        {
            "place": f"{name}, line {line}," if line else name,
            "file": name,
            "line": line,
            "function": function,
            "problem": problem_of(exc),
        },
    )


def describe_load(exc: BaseException, path: str | Path, sentence: str) -> Sentence:
    """`agent_not_loaded` or `agent_not_reloaded`, with the line of a file that would not load."""
    name = Path(path).name
    if isinstance(exc, SyntaxError) and exc.filename == str(path):
        line, problem = exc.lineno or 0, exc.msg
    else:
        file, line, _ = _spot(exc.__traceback__, str(path))
        line = line if file == str(path) else 0
        problem = problem_of(exc)
    place = f"{name}, line {line}," if line else name
    return Sentence(sentence, {"place": place, "file": name, "line": line, "problem": problem})


class Unusable(Exception):
    """A file that loads but is no agent: its text is the whole problem."""


def problem_of(exc: BaseException) -> str:
    text = str(exc).strip().rstrip(".")
    if isinstance(exc, Unusable):
        return text
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def _spot(trace: TracebackType | None, path: str) -> tuple[str, int, str]:
    best, last = None, None
    while trace is not None:
        code = trace.tb_frame.f_code
        last = (code.co_filename, trace.tb_lineno, code.co_qualname)
        if code.co_filename == path:
            best = last
        trace = trace.tb_next
    return best or last or (path, 0, "?")
