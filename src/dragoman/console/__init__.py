"""The console: pages in which a person sets everything up and sees what happened.

`build` gives the ASGI application; the composition root answers with it where no other door does.
"""

from __future__ import annotations

from .house import House
from .site import build

__all__ = ["House", "build"]
