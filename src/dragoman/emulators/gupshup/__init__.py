"""Gupshup's side of the wire on this machine: one account with one number, by all three APIs."""

from dragoman.emulators.kit import Asgi

from .config import Config
from .emulator import Emulator, build

__all__ = ["Asgi", "Config", "Emulator", "build"]
