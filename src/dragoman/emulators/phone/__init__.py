"""The test phone: invented people, their chats, and the page that shows them.

An emulated partner uses `Handsets` (see `handsets`); the program mounts `phone_routes`.
"""

from __future__ import annotations

from .handsets import Handsets
from .routes import phone_routes
from .shapes import Bubble, Faults, HandsetContact, Line, WireLine

__all__ = ["Bubble", "Faults", "HandsetContact", "Handsets", "Line", "WireLine", "phone_routes"]
