"""Where the encryption key comes from: `DRAGOMAN_KEY`, or a file made at the first start."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
import sys
from pathlib import Path

from dragoman.vault.words import VaultError

KEY_BYTES = 32


def read_keys(text: str, source: str) -> tuple[bytes, ...]:
    """Keys as people write them: base64 of 32 bytes, several separated by commas or lines.

    The first encrypts, all decrypt. Raises VaultError naming `source`, never the text itself.
    """
    parts = [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
    keys = []
    for part in parts:
        try:
            key = base64.b64decode(part.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            raise VaultError("vault_key_wrong", {"source": source}) from None
        if len(key) != KEY_BYTES:
            raise VaultError("vault_key_wrong", {"source": source})
        keys.append(key)
    if not keys:
        raise VaultError("vault_key_wrong", {"source": source})
    return tuple(dict.fromkeys(keys))


def load_keys(key: str, key_file: Path) -> tuple[bytes, ...]:
    """The keys of `key` (the value of DRAGOMAN_KEY, "" when unset), else of the file.

    A missing file is made. Raises VaultError.
    """
    if key.strip():
        return read_keys(key, "DRAGOMAN_KEY")
    try:
        return _read_file(key_file)
    except FileNotFoundError:
        _make_file(key_file)
        return _read_file(key_file)


def _read_file(path: Path) -> tuple[bytes, ...]:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(65_536)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise VaultError(
            "vault_key_file_unreadable", {"path": str(path), "reason": error.strerror}
        ) from None
    if mode & 0o077 and sys.platform != "win32":
        raise VaultError("vault_key_file_open", {"path": str(path), "mode": f"{mode:04o}"})
    return read_keys(content.decode("ascii", "replace"), str(path))


def _make_file(path: Path) -> None:
    """Whole or not at all, and never over another process's: written aside, synced, linked."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            os.link(aside, path)
        except FileExistsError:
            pass  # another process was first: its key is the key
        finally:
            aside.unlink()
        if sys.platform != "win32":
            _sync_folder(path.parent)
    except OSError as error:
        raise VaultError(
            "vault_key_file_unwritable", {"path": str(path), "reason": error.strerror}
        ) from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
