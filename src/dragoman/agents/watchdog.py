"""Names the handler that holds the event loop. Authors' code runs in the loop that serves everyone.

Every step of a handler, from one await to the next, is timed where it runs: no thread, no timer.
Only while handlers run does a thread look on, twice a second, for one that never comes back; it
ends when nothing has run for a while.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from pathlib import Path
from types import CodeType
from typing import Any

from dragoman.domain.sentences import Sentence, words

words(
    {
        "handler_slow": "handler {name} in {file} line {line} held the event loop for "
        "{milliseconds} ms, and everyone waited. Await what takes time, or make it a plain `def`, "
        "which runs in a thread.",
        "handler_stuck": "handler {name} in {file} has held the event loop for {milliseconds} ms "
        "and does not let go: it is in line {line}. Nobody is served until it does.",
    }
)

Report = Callable[[Sentence], None]
_TICK = 0.5
_LINGER = 20  # quiet ticks until the thread ends


class Watchdog:
    """report: called once a handler and kind of trouble, from the loop (`handler_slow`) or from
    the watching thread (`handler_stuck`). slow, stuck: seconds."""

    def __init__(self, report: Report, *, slow: float = 0.1, stuck: float = 2.0) -> None:
        self._report = report
        self.slow = slow
        self._stuck = stuck
        self._named: set[tuple[str, CodeType | None]] = set()
        self._thread: threading.Thread | None = None
        self._loop_thread = 0
        self._closed = False
        self.holding: Callable[..., Any] | None = None
        self.since = 0.0
        self.steps = 0

    def watch(
        self, handler: Callable[..., Any], running: Coroutine[Any, Any, None]
    ) -> Awaitable[None]:
        """Await this in place of `running`, the call of `handler`."""
        if self._thread is None and not self._closed:
            self._begin()
        return _Watched(self, handler, running)

    def close(self) -> None:
        self._closed = True

    def held(self, handler: Callable[..., Any], seconds: float) -> None:
        self._tell("handler_slow", handler, seconds, None)

    def _tell(
        self, sentence: str, handler: Callable[..., Any], seconds: float, line: int | None
    ) -> None:
        code: CodeType | None = getattr(handler, "__code__", None)
        if (sentence, code) in self._named:
            return
        self._named.add((sentence, code))
        args = {
            "name": getattr(handler, "__qualname__", repr(handler)),
            "file": Path(code.co_filename).name if code else "?",
            "line": line or (code.co_firstlineno if code else 0),
            "milliseconds": round(seconds * 1000),
        }
        self._report(Sentence(sentence, args))

    def _begin(self) -> None:
        self._loop_thread = threading.get_ident()
        self._thread = threading.Thread(target=self._look_on, name="watchdog", daemon=True)
        self._thread.start()

    def _look_on(self) -> None:
        seen, quiet = self.steps, 0
        while quiet < _LINGER and not self._closed:
            time.sleep(_TICK)
            handler, since, steps = self.holding, self.since, self.steps
            quiet = 0 if steps != seen or handler is not None else quiet + 1
            seen = steps
            seconds = time.perf_counter() - since
            if handler is not None and seconds >= self._stuck and steps == self.steps:
                self._tell("handler_stuck", handler, seconds, self._line(handler))
        self._thread = None

    def _line(self, handler: Callable[..., Any]) -> int | None:
        """The innermost line of the handler's own file that the loop's thread is in now."""
        code = getattr(handler, "__code__", None)
        frame = sys._current_frames().get(self._loop_thread)
        while frame is not None and code is not None:
            if frame.f_code.co_filename == code.co_filename:
                return frame.f_lineno
            frame = frame.f_back
        return None


class _Watched:
    """Drives a coroutine as `await` would, with a look at the clock around every step."""

    __slots__ = ("dog", "handler", "running")

    def __init__(
        self, dog: Watchdog, handler: Callable[..., Any], running: Coroutine[Any, Any, None]
    ) -> None:
        self.dog = dog
        self.handler = handler
        self.running = running

    def __await__(self) -> Generator[Any, None, None]:
        dog, handler, running = self.dog, self.handler, self.running
        clock = time.perf_counter
        error: BaseException | None = None
        while True:
            dog.holding, dog.since = handler, clock()
            dog.steps += 1
            try:
                step = running.send(None) if error is None else running.throw(error)
            except StopIteration:
                return
            finally:
                dog.holding = None
                seconds = clock() - dog.since
                if seconds >= dog.slow:
                    dog.held(handler, seconds)
            try:
                yield step
                error = None
            except GeneratorExit:
                running.close()
                raise
            except BaseException as exc:
                error = exc
