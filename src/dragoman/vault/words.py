"""The vault's own error and its sentences.

The vault imports nothing of ours, so it keeps its templates here; the door registers `SENTENCES`
with the others.
"""

from __future__ import annotations

from typing import Any

SENTENCES = {
    "vault_key_wrong": "The encryption key from {source} is not usable: it must be 32 bytes in "
    "base64 (several keys separated by commas); make one with: openssl rand -base64 32.",
    "vault_key_file_open": "The key file {path} can be read by others (mode {mode}), so its key "
    "is not safe: run chmod 600 {path}.",
    "vault_key_file_unreadable": "The key file {path} cannot be read ({reason}): give this user "
    "the file, or set DRAGOMAN_KEY.",
    "vault_key_file_unwritable": "The key file {path} cannot be made ({reason}): make its folder "
    "writable for this user, or set DRAGOMAN_KEY.",
    "vault_key_unknown": "A stored secret was encrypted with the key {key_id}, which is not among "
    "the present ones ({known}): bring back the old key, after the new one and a comma.",
    "vault_sealed_wrong": "A stored secret cannot be decrypted: it was changed, cut off, or moved "
    "from another place; enter the secret again.",
}


class VaultError(Exception):
    """A key or a sealed value cannot be used. `message_id` and `values` are a sentence's id and
    arguments; `str()` is its English wording, and holds no secret."""

    def __init__(self, message_id: str, values: dict[str, Any] | None = None) -> None:
        self.message_id = message_id
        self.values = values or {}
        super().__init__(SENTENCES[message_id].format_map(self.values))
