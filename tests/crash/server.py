"""The server under test: the real `dragoman serve`, with one aim wrapped around it.

    python -m tests.crash.server --home FOLDER serve …

It never outlives the run that started it: it ends when its standard input does.
"""

from __future__ import annotations

import os
import threading

from tests.crash.aims import install

from dragoman.cli import main


def end_with_parent() -> None:
    os.read(0, 1)  # past sys.stdin, whose lock a thread must not hold when the program ends
    os._exit(3)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    install()
    main()
