"""Netcore's side of the wire on this machine: an emulated CPaaS account with WhatsApp."""

from .config import Config, Key, Number
from .emulator import Emulator, build

__all__ = ["Config", "Emulator", "Key", "Number", "build"]
