"""Infobip's side of the wire on this machine: an emulated account with WhatsApp senders."""

from .config import InfobipConfig, load
from .emulator import Emulator, build

Config = InfobipConfig

__all__ = ["Config", "Emulator", "InfobipConfig", "build", "load"]
