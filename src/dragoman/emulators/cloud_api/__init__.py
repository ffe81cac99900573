"""Meta's side of the wire on this machine: an emulated WhatsApp Business account."""

from dragoman.emulators.kit import Asgi

from .config import EmulatorConfig, load
from .emulator import Emulator, build

Config = EmulatorConfig

__all__ = ["Asgi", "Config", "Emulator", "EmulatorConfig", "build", "load"]
