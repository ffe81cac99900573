"""An app's configuration, as it is versioned: what *save* writes and *publish* makes live.

Secrets are never in it: where a field is secret, its value is `{"secret": id}` and the sealed text
lies in a table of its own.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class AgentConfig(msgspec.Struct, frozen=True, omit_defaults=True):
    """kind `python`: `path` of a file with `agent = Agent()`. kind `script`: JavaScript, in
    `source` or in the file at `path`. kind `none`: messages are kept and not answered."""

    kind: Literal["none", "python", "script"] = "none"
    path: str = ""
    source: str = ""


class ChannelConfig(msgspec.Struct, frozen=True, omit_defaults=True):
    """partner: chosen messaging partner, empty if none. values: what was typed, for each partner,
    so that switching back loses nothing. typing, read_receipts: show them to the contact when a
    turn begins. share_sessions: one conversation over all numbers (for those begun after).

    proactive: whether the business may write first (notifications). associated: the client id of
    the app credential whose token webhooks must carry, empty for none. url_secret: a secret that
    webhooks must carry in their address (`?key=…`), `{"secret": id}` or None. allow_ips: addresses
    and networks that webhooks may come from, empty for any."""

    partner: str = ""
    enabled: bool = False
    values: dict[str, dict[str, Any]] = {}
    typing: bool = False
    read_receipts: bool = False
    share_sessions: bool = False
    proactive: bool = False
    associated: str = ""
    url_secret: dict[str, Any] | None = None
    allow_ips: tuple[str, ...] = ()


FALLBACK = "Sorry, something went wrong on our side. Please write again in a moment."


class AppConfig(msgspec.Struct, frozen=True, omit_defaults=True):
    """fallback: what a contact is told when the agent fails; empty for silence. debounce_ms: quick
    messages of one contact become one turn; 0 is off. session_minutes: silence that ends a
    session. resend_after_ms: send a message in doubt again after this long; 0 is never."""

    agent: AgentConfig = AgentConfig()
    channel: ChannelConfig = ChannelConfig()
    fallback: str = FALLBACK
    debounce_ms: int = 0
    session_minutes: int = 15
    resend_after_ms: int = 0
    timezone: str = "UTC"


_decoder = msgspec.json.Decoder(AppConfig)


def decode(body: str | bytes) -> AppConfig:
    return _decoder.decode(body)


def read(text: str | None) -> AppConfig | None:
    """As `decode`; None for what is no configuration."""
    try:
        return decode(text) if text else None
    except msgspec.MsgspecError:
        return None


def encode(config: AppConfig) -> str:
    return msgspec.json.encode(config).decode()
