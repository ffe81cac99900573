"""Meta's side of the wire on this machine: an emulated WhatsApp Business account."""

from .config import EmulatorConfig, load
from .emulator import Asgi, Emulator, build

__all__ = ["Asgi", "Emulator", "EmulatorConfig", "build", "load"]
