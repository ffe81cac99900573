"""Karix's side of the wire on this machine: an emulated account of the RCM API for WhatsApp."""

from .config import Config
from .emulator import Emulator, build

__all__ = ["Config", "Emulator", "build"]
