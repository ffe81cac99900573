"""What every page is made of: tokens, base styles, fonts, the page frame.

`environment` gives the Jinja environment, `served` a route that serves a folder of files that
belong to the program. Everything is vendored; a page asks no other machine for anything.
"""

from __future__ import annotations

from .files import served
from .pages import STATIC, environment

__all__ = ["STATIC", "environment", "served"]
