"""Where webhooks go: the app's callback, and overrides of the account and of its numbers.

Source: Meta, "Webhooks: subscribe", "Override callback" (2026). Two things are needed, as at Meta:
the app has a callback for the field, and the account is subscribed to the app.
"""

from __future__ import annotations

import secrets
from typing import Any

import aiohttp
import msgspec

from dragoman.emulators._cloud.checks import Refusal
from dragoman.emulators.kit import Books

OVERRIDABLE = ("messages", "calls", "message_echoes", "smb_message_echoes", "history")


class State(msgspec.Struct):
    """`fields` None: every field, as a configured callback has it."""

    callback_url: str = ""
    verify_token: str = ""
    fields: list[str] | None = None
    account: bool = False
    account_override: str = ""
    number_overrides: dict[str, str] = {}


class Subscriptions:
    def __init__(self, books: Books, callback_url: str, verify_token: str) -> None:
        self._books = books
        self.reset(callback_url, verify_token)

    def reset(self, callback_url: str, verify_token: str) -> None:
        """What the books know; a configured callback goes over it."""
        kept = self._books.get("subscriptions")
        self.state = State() if kept is None else msgspec.convert(kept, State)
        if callback_url:
            self.state.callback_url, self.state.verify_token = callback_url, verify_token
            self.state.account = True

    def keep(self) -> None:
        self._books.put("subscriptions", msgspec.to_builtins(self.state))

    def remove(self) -> None:
        """The app's subscription ends; the account's stays."""
        self.state.callback_url, self.state.verify_token, self.state.fields = "", "", None
        self.keep()

    def callback(self, number: str, field: str) -> str:
        """The URL for a field of a number: number, then account, then app. '' is nowhere."""
        state = self.state
        wanted = state.fields is None or field in state.fields
        if not (state.account and state.callback_url and wanted):
            return ""
        if field not in OVERRIDABLE:
            return state.callback_url
        return state.number_overrides.get(number) or state.account_override or state.callback_url

    def listed(self) -> list[dict[str, Any]]:
        if not self.state.callback_url:
            return []
        return [
            {
                "object": "whatsapp_business_account",
                "callback_url": self.state.callback_url,
                "active": True,
                "fields": [{"name": name, "version": "v26.0"} for name in self.state.fields or ()],
            }
        ]


def spelled(url: str) -> str:
    """A callback as Meta calls it: a `+` in the path becomes `%20`."""
    path, mark, query = url.partition("?")
    return path.replace("+", "%20") + mark + query


async def handshake(client: aiohttp.ClientSession, url: str, verify_token: str) -> None:
    """Meta's verification GET. Raises Refusal (#2200) unless the challenge comes back."""
    from yarl import URL

    challenge = str(secrets.randbelow(2_000_000_000))
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": challenge,
        "hub.verify_token": verify_token,
    }
    target = URL(spelled(url), encoded=True).update_query(query)
    try:
        async with client.get(target) as answer:
            body = (await answer.content.read(4096)).decode("utf-8", "replace")
            if answer.status != 200:
                errors = f"HTTP Status Code = {answer.status}; HTTP Message = {answer.reason}"
                raise Refusal("callback_failed", errors=errors)
            if body != challenge:
                errors = (
                    "Response does not match challenge, expected value = "
                    f"'{challenge}', received = '{body[:60]}'"
                )
                raise Refusal("callback_failed", errors=errors)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        errors = f"The URL couldn't be reached ({type(error).__name__})"
        raise Refusal("callback_failed", errors=errors) from None
