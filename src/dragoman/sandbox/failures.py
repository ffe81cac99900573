"""Why a script did not end well, in sentences, and where in the author's file it happened."""

from __future__ import annotations

import re

from dragoman.domain.sentences import Sentence, words

CONTEXT_LIMIT = 1024 * 1024  # bytes of JSON; the platform's documented limit for a conversation

words(
    {
        "script_syntax": "{place} cannot be read as JavaScript: {problem}. Nothing of it was run.",
        "script_error": "{place} failed: {problem}.",
        "script_timeout": "{place} was stopped: a script may run for {seconds} s. Look for a loop "
        "that does not end, or do less for one message.",
        "script_memory": "{place} was stopped: a script may use {megabytes} MB of memory. Look for "
        "an array or a text that grows without end.",
        "script_recursion": "{place} was stopped: too many functions call each other. Look for one "
        "that calls itself without end.",
        "script_crashed": "{place} ended its sandbox with {signal}. Others were not touched. "
        "Please report the script that does this.",
        "script_unsettled": "{place} did not come to its end: it awaits what never happens. A "
        "sandbox has no timers and no network, so nothing settles a promise later.",
        "script_cut_off": "{place} was cut off: its sandbox was ended from outside, as when "
        "Dragoman stops or the machine is short of memory. The turn is tried again.",
        "script_output_big": "{place} printed more than 1 MB. A message holds 4,096 characters: "
        "print less.",
        "script_context_wrong": "{place} left a context that cannot be kept: {problem}.",
        "script_busy": "{place} waited {seconds} s for a free sandbox: all {size} are busy. Raise "
        "the number of sandboxes, or make scripts shorter.",
        "sandbox_broken": "The sandbox for scripts did not start ({problem}). Check that the "
        "quickjs-ng package is installed for {python}.",
        "context_too_big": "The context of this conversation would take {kilobytes} KB; it may "
        "take {limit} KB. Keep less in it.",
    }
)


class ScriptFailed(Exception):
    """A script did not end well. `again`: trying later can help (no sandbox was free or it did
    not start); else the same script on the same message fails again."""

    def __init__(self, sentence: Sentence, *, again: bool = False) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence
        self.again = again


_FRAME = re.compile(r"at (.*) \(<input>:(\d+)(?::\d+)?\)$")
_COMPILED = re.compile(
    r"at <input>:(\d+)"
)  # where a text, this file or an inner one, would not parse
_ENTERED = ("at dragoman:run", "at dragoman:check")
_CALLED = ("at dragoman:print", "at dragoman:log")


def frames_of(stack: str) -> list[tuple[str, int]]:
    """(function, line) of the author's own frames, innermost first. The frames of the prelude,
    which shares the engine's one file name, lie below the script and above `print`."""
    frames = [frame.strip() for frame in stack.splitlines()]
    for at, frame in enumerate(frames):
        if frame.startswith(_ENTERED):
            frames = frames[:at]
            break
    for at, frame in enumerate(frames):
        if frame.startswith(_CALLED):
            frames = frames[at + 1 :]
            break
    found = (_FRAME.match(frame) for frame in frames)
    return [(match[1], int(match[2])) for match in found if match]


def _is_syntax_error(name: str, stack: str) -> bool:
    """Whether the file itself could not be compiled. A SyntaxError thrown while it ran (a bad
    JSON.parse, an inner eval) has a frame of the script below it."""
    frames = [frame.strip() for frame in stack.splitlines()]
    return (
        name == "SyntaxError"
        and len(frames) > 2
        and frames[0].startswith("at <input>:")
        and frames[1] == "at eval (native)"
        and frames[2].startswith(_ENTERED)
    )


def explain(error: tuple[str, str, str], name: str, seconds: float, memory_bytes: int) -> Sentence:
    """The sentence for an error of the engine: (name, message, stack)."""
    kind, message, stack = error
    if kind == "InternalError" and message == "interrupted":
        return timed_out(name, seconds, stack)
    wrong = _COMPILED.match(stack.strip()) if _is_syntax_error(kind, stack) else None
    frames = frames_of(stack)
    line = int(wrong[1]) if wrong else frames[0][1] if frames else 0
    where = {"place": f"{name}, line {line}," if line else name, "file": name, "line": line}
    if kind == "InternalError" and message in ("out of memory", "string too long"):
        return Sentence("script_memory", {**where, "megabytes": memory_bytes >> 20})
    if kind == "RangeError" and message == "Maximum call stack size exceeded":
        return Sentence("script_recursion", where)
    if wrong:
        return Sentence("script_syntax", {**where, "problem": message})
    problem = f"{kind}: {message}" if kind else message
    return Sentence("script_error", {**where, "problem": problem})


def timed_out(name: str, seconds: float, stack: str = "") -> Sentence:
    """The engine knows in which function an interrupted script was, and where that begins; not
    the line inside it."""
    named = [(function, line) for function, line in frames_of(stack) if function[0] != "<"]
    where = f"{name}, in {named[0][0]} (line {named[0][1]})," if named else name
    line = named[0][1] if named else 0
    args = {"place": where, "file": name, "line": line, "seconds": f"{seconds:g}"}
    return Sentence("script_timeout", args)


def split_error(text: str) -> tuple[str, str, str]:
    """An error that left the engine, as its binding writes it: `Name: message`, then the stack."""
    head, _, stack = text.partition("\n")
    name, colon, message = head.partition(": ")
    return (name, message, stack) if colon else ("", head, stack)
