"""The process that runs authors' JavaScript: one job at a time, a fresh engine context for each.

Started by `pool.py` as a plain file, isolated (`-I -S`): it imports nothing of ours and nothing of
the site, only the engine's extension module, whose path is its first argument. After start-up it
may open no file, no socket and no process. It reads jobs from standard input and writes results to
standard output until its parent closes the pipe.

Job: `>IIIdI`: length of the step, of the source and of the input in bytes; seconds; memory in
bytes; then the three texts in UTF-8. Result: `>BII`: REPORT, ERROR (one that left the engine) or
CONTEXT (one while the context was read), and the lengths of the report and of the context; then
both texts.

The alarm is the wall-clock deadline: its default action ends the process in the midst of native
code, and it needs no parent to be alive. The engine's own limit, a little shorter, counts only at
its check points, but spares the process and names the line where the script was.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import signal
import struct
import sys
import time
from typing import Any

JOB = struct.Struct(">IIIdI")
RESULT = struct.Struct(">BII")
REPORT, ERROR, CONTEXT = 0, 1, 2
STACK_BYTES = 512 * 1024
SOFT_SHARE = 0.9


def main() -> None:
    engine = _load(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as file:
        prelude = file.read()
    _confine(int(sys.argv[3]))
    os.write(1, b"\0")  # ready: start-up does not count against the first script
    while True:
        step_size, source_size, input_size, seconds, memory = JOB.unpack(_read(JOB.size))
        body = _read(step_size + source_size + input_size)
        step = body[:step_size].decode()
        source = body[step_size : step_size + source_size].decode()
        values = body[step_size + source_size :].decode()
        signal.setitimer(signal.ITIMER_REAL, seconds)
        result = _run(engine, prelude, (step, source, values), seconds, memory)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _write(result)


def _run(
    engine: Any, prelude: str, job: tuple[str, str, str], seconds: float, memory: int
) -> bytes:
    deadline = time.monotonic() + seconds * SOFT_SHARE
    stage = ERROR
    try:
        context = engine.Context()
        context.set_memory_limit(memory)
        context.set_max_stack_size(STACK_BYTES)
        context.set_time_limit(seconds * SOFT_SHARE)
        dragoman = context.eval(prelude)
        dragoman(*job)
        while context.execute_pending_job() and time.monotonic() < deadline:
            pass
        # Looked at after the last job too: one that the engine interrupted ends its chain of
        # promises in silence, as if nothing were left to do.
        if time.monotonic() >= deadline:
            return _result(ERROR, "InternalError: interrupted")
        report = dragoman("report", "", "")
        stage = CONTEXT
        kept = dragoman("context", "", "") if job[0] == "run" else "null"
        return _result(REPORT, report, kept)
    except MemoryError:
        return _result(stage, "InternalError: out of memory")
    except Exception as exc:
        return _result(stage, str(exc)[:4000])


def _result(kind: int, report: str, context: str = "") -> bytes:
    first = report.encode("utf-8", "replace")
    second = context.encode("utf-8", "replace")
    return RESULT.pack(kind, len(first), len(second)) + first + second


def _load(path: str) -> Any:
    """The engine's extension module by its file; the public package starts a thread we need not."""
    loader = importlib.machinery.ExtensionFileLoader("_quickjs", path)
    spec = importlib.util.spec_from_file_location("_quickjs", path, loader=loader)
    if spec is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def _confine(address_space: int) -> None:
    """Give up what a script could misuse if it broke out of the engine. Each limit is set where
    the system knows it; where it does not, the others still hold."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes the pipe
    try:
        import resource
    except ImportError:  # not on Windows
        return
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NPROC": 0,
        "RLIMIT_NOFILE": 3,
        "RLIMIT_AS": address_space,
    }
    for name, value in wanted.items():
        which = getattr(resource, name, None)
        if which is None:
            continue
        try:
            hard = resource.getrlimit(which)[1]
            lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(which, (lower, lower))
        except (OSError, ValueError):
            continue


def _read(size: int) -> bytes:
    """Exactly `size` bytes; the process ends when the parent has closed the pipe."""
    chunks: list[bytes] = []
    while size:
        chunk = os.read(0, min(size, 1 << 20))
        if not chunk:
            os._exit(0)
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(1, view) :]
        except BrokenPipeError:
            os._exit(0)


if __name__ == "__main__":
    main()
