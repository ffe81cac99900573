"""What the kit's agent answers to a text, where that is not the text itself.

In a module of its own: the agent's file is loaded by its path, and beside it there is only one of
these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

cues: dict[str, Sequence[Any]] = {}
