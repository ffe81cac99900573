"""Keys, encryption at rest, and redaction. Imports nothing of ours."""

from dragoman.vault.keys import load_keys, read_keys
from dragoman.vault.redaction import (
    HIDDEN,
    Redactor,
    redact_headers,
    redact_json,
    redact_url,
)
from dragoman.vault.vault import Vault
from dragoman.vault.words import SENTENCES, VaultError

__all__ = [
    "HIDDEN",
    "SENTENCES",
    "Redactor",
    "Vault",
    "VaultError",
    "load_keys",
    "read_keys",
    "redact_headers",
    "redact_json",
    "redact_url",
]
