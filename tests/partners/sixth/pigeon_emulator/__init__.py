"""Pigeon Post's side of the wire on this machine."""

from .config import Config
from .emulator import Emulator, build

__all__ = ["Config", "Emulator", "build"]
