"""Encryption at rest of the few things that must be read again: tokens, app secrets, passwords.

A sealed value is: version (1 byte, 0x01), key id (8), nonce (12), AES-256-GCM ciphertext with its
16-byte tag. Version, key id and the caller's context are authenticated with it, so that a value
moved to another row, or tampered with, does not open.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman.vault.keys import KEY_BYTES, load_keys
from dragoman.vault.words import VaultError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_ID_BYTES = 8
_NONCE_BYTES = 12
_HEAD = 1 + _ID_BYTES
_SHORTEST = _HEAD + _NONCE_BYTES + 16


class Vault:
    """Seals and opens. The first key encrypts, every key decrypts. Safe to use from any thread."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        # 40 ms of import that `--help` and the tests of other parts need not pay
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise VaultError("vault_key_wrong", {"source": "the caller"})
        self._ciphers: dict[bytes, AESGCM] = {_key_id(key): AESGCM(key) for key in keys}
        self._first = _key_id(keys[0])
        self._mark = hmac.digest(keys[0], b"dragoman fingerprint", "sha256")
        self._signing = [hmac.digest(key, b"dragoman signature", "sha256") for key in keys]

    @classmethod
    def start(cls, key: str, key_file: Path) -> Vault:
        """The vault of this installation. `key`: the value of DRAGOMAN_KEY, "" when unset; else
        the key file, made (0600) when missing. Raises VaultError."""
        return cls(load_keys(key, key_file))

    def seal(self, plaintext: str | bytes, *, context: bytes) -> bytes:
        """Encrypt. `context` says what the value is (such as b"channel/7/access_token") and must
        be given again to open it."""
        data = plaintext.encode() if isinstance(plaintext, str) else plaintext
        head = _VERSION + self._first
        nonce = os.urandom(_NONCE_BYTES)
        return head + nonce + self._ciphers[self._first].encrypt(nonce, data, head + context)

    def open(self, sealed: bytes, *, context: bytes) -> bytes:
        """Decrypt. Raises VaultError when the key is missing or the value is not what was sealed
        under this context."""
        from cryptography.exceptions import InvalidTag

        if len(sealed) < _SHORTEST or sealed[:1] != _VERSION:
            raise VaultError("vault_sealed_wrong")
        head, nonce = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE_BYTES]
        cipher = self._ciphers.get(head[1:])
        if cipher is None:
            known = ", ".join(key_id.hex() for key_id in self._ciphers)
            raise VaultError("vault_key_unknown", {"key_id": head[1:].hex(), "known": known})
        try:
            return cipher.decrypt(nonce, sealed[_HEAD + _NONCE_BYTES :], head + context)
        except InvalidTag:
            raise VaultError("vault_sealed_wrong") from None

    def open_text(self, sealed: bytes, *, context: bytes) -> str:
        """As `open`, for what was sealed as text."""
        return self.open(sealed, context=context).decode()

    def sign(self, text: str, *, purpose: str) -> str:
        """22 letters for a URL that prove the text to be ours. `purpose` keeps what is signed for
        one thing from being good for another."""
        return _signature(self._signing[0], purpose, text)

    def signed(self, text: str, signature: str, *, purpose: str) -> bool:
        """Whether any of the keys signed this. In constant time."""
        given = signature.encode("utf-8", "replace")
        made = [_signature(key, purpose, text).encode() for key in self._signing]
        return sum(hmac.compare_digest(one, given) for one in made) > 0

    def stale(self, sealed: bytes) -> bool:
        """Whether the value is sealed under another key than the first: seal it again."""
        return sealed[1:_HEAD] != self._first

    def fingerprint(self, secret: str | bytes) -> str:
        """Twelve hex digits by which people tell two secrets apart without seeing them. Keyed, so
        that short secrets cannot be guessed from it; it changes when the first key changes."""
        data = secret.encode() if isinstance(secret, str) else secret
        return hmac.digest(self._mark, data, "sha256").hex()[:12]


def _signature(key: bytes, purpose: str, text: str) -> str:
    digest = hmac.digest(key, f"{purpose}\0{text}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"dragoman key id\0" + key).digest()[:_ID_BYTES]
