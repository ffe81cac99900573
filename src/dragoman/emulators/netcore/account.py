"""What the account holds: keys, webhooks, consent. Kept in the books, so that a restart changes
nothing."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

import msgspec

from dragoman.emulators.kit import Books

from .config import Config, Key

WEBHOOKS = ("incoming", "delivery")


class Webhook(msgspec.Struct):
    """`header`: `Name: value`, sent with each POST; "" for none. `on`: its *Status* switch."""

    url: str = ""
    header: str = ""
    on: bool = False


class Account:
    def __init__(self, config: Config, books: Books) -> None:
        self._config, self._books = config, books
        self.keys: list[Key] = msgspec.convert(books.get("keys"), list[Key] | None) or self._first()
        kept = msgspec.convert(books.get("webhooks"), dict[str, Webhook] | None)
        given = {"incoming": config.incoming_url, "delivery": config.delivery_url}
        self.webhooks = kept or {name: Webhook(url, "", bool(url)) for name, url in given.items()}
        self.consents: dict[str, dict[str, Any]] = books.get("consents") or {}
        self.keep()

    def _first(self) -> list[Key]:
        """A key for each number, as a new account has."""
        if self._config.keys is not None:
            return [msgspec.structs.replace(key) for key in self._config.keys]
        return [
            Key(number=number.display, name=f"Default +{number.display}", key=new_key())
            for number in self._config.numbers
        ]

    def keep(self) -> None:
        self._books.put("keys", msgspec.to_builtins(self.keys))
        self._books.put("webhooks", msgspec.to_builtins(self.webhooks))
        self._books.put("consents", self.consents)

    # --- keys ------------------------------------------------------------------------------------

    def find_key(self, text: str) -> Key | None:
        """Compared in constant time."""
        given = text.encode("utf-8", "replace")
        found = [key for key in self.keys if hmac.compare_digest(key.key.encode(), given)]
        return found[0] if found else None

    def key_named(self, name: str) -> Key | None:
        return next((key for key in self.keys if key.name == name), None)

    def make_key(self, number: str, name: str) -> Key:
        key = Key(number=number, name=name, key=new_key(), once=True)
        self.keys.append(key)
        self.keep()
        return key

    # --- consent ---------------------------------------------------------------------------------

    def consent(self, number: str, phone: str) -> dict[str, Any] | None:
        return self.consents.get(f"{number}:{phone}")

    def set_consent(self, number: str, phone: str, told: dict[str, Any] | None) -> None:
        """What is known of the person's consent; None when they withdrew it."""
        if told is None:
            self.consents.pop(f"{number}:{phone}", None)
        else:
            self.consents[f"{number}:{phone}"] = told
        self.keep()


def new_key() -> str:
    return secrets.token_hex(20)
