"""Tokens that people granted: kept sealed, each with its end, and told of before that comes.

A granted token is no setting of a version. It belongs to an app and the partner's app that it was
granted to, so every copy with that partner's app uses the newest one, a roll back too.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
import structlog

from dragoman.domain.clock import Ids
from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.sentences import Sentence, say, words
from dragoman.partners.contract import Finding, Grant
from dragoman.partners.registry import account as account_of
from dragoman.store.drivers import Tx
from dragoman.vault import Vault

log = structlog.get_logger("tokens")

DAY_MS = 86_400_000
WARN_DAYS = (1, 7, 14)  # before its end; 0 stands for the end itself

words(
    {
        "left_days": ("{n} day", "{n} days"),
        "left_hours": ("{n} hour", "{n} hours"),
        "left_less": "less than an hour",
        "token_missing": "The channel is not authorized at {partner}, so sending waits, for a day "
        "at most: press Authorize in the console, or run `dragoman channel authorize '{app}'`.",
        "token_ended": "The authorization at {partner} ended on {date}, so sending waits, for a "
        "day at most: press Authorize in the console, or run `dragoman channel authorize "
        "'{app}'`, and it goes on by itself.",
        "token_ends": "The authorization at {partner} ends on {date}, in {left}: press "
        "Authorize in the console before that, or run `dragoman channel authorize '{app}'`; else "
        "sending will wait.",
        "token_good": "The authorization at {partner} is good until {date}, {left} more.",
        "token_endless": "The authorization at {partner} has no end.",
    }
)


class Token(msgspec.Struct, frozen=True):
    """A token in use, opened. `expires_at`: by the business clock, 0 for never."""

    id: int
    partner: str
    account: str
    text: str
    obtained: int
    expires_at: int
    scopes: tuple[str, ...] = ()


def context(app_id: int, token_id: int) -> bytes:
    """What a sealed token is bound to: it cannot be moved to another row."""
    return f"token/{app_id}/{token_id}".encode()


def read_tokens(tx: Tx, vault: Vault) -> dict[int, dict[tuple[str, str], Token]]:
    """The tokens in use: app → (partner, the partner's app) → token."""
    out: dict[int, dict[tuple[str, str], Token]] = {}
    for app_id, id, partner, account, sealed, obtained, expires_at, scopes in tx.run(
        """SELECT app_id,id,partner,account,sealed,obtained,expires_at,scopes FROM token
        WHERE superseded=0"""
    ):
        text = vault.open(bytes(sealed), context=context(app_id, id)).decode()
        token = Token(id, partner, account, text, obtained, expires_at, tuple(scopes.split()))
        out.setdefault(app_id, {})[partner, account] = token
    return out


def keep(
    tx: Tx, vault: Vault, ids: Ids, grant: Grant, *,
    app_id: int, partner: str, account: str, who: str, now: int,
) -> int:  # fmt: skip
    """Store a token in place of the one before it, whose text is erased. Returns its id."""
    token_id = ids.new()
    tx.run(
        """UPDATE token SET superseded=?, sealed=? WHERE app_id=? AND partner=? AND account=?
        AND superseded=0""",
        (now, b"", app_id, partner, account),
    )
    sealed = vault.seal(grant.token, context=context(app_id, token_id))
    tx.run(
        """INSERT INTO token(app_id,id,partner,account,sealed,obtained,expires_at,scopes,
        granted_by,who) VALUES (?,?,?,?,?,?,?,?,?,?)""",
        (app_id, token_id, partner, account, sealed, now, grant.expires_at,
         " ".join(grant.scopes), grant.granted_by, who),
    )  # fmt: skip
    return token_id


def applied(
    partner: str, settings: Any, tokens: Mapping[tuple[str, str], Token]
) -> tuple[Any, Token | None, bool]:
    """Settings with the token that was granted for them, that token, and whether they need one."""
    side = account_of(partner)
    if side is None or not side.granted(settings):
        return settings, None, False
    token = tokens.get((partner, side.account(settings)))
    return (settings if token is None else side.with_token(settings, token.text)), token, True


# --- its end -------------------------------------------------------------------------------------


def _date(at: int) -> str:
    return f"{datetime.datetime.fromtimestamp(at / 1000, datetime.UTC):%Y-%m-%d}"


def _left(ms: int) -> Sentence:
    days, hours = ms // DAY_MS, ms // 3_600_000
    if days:
        return Sentence("left_days", {"n": days})
    return Sentence("left_hours", {"n": hours}) if hours else Sentence("left_less")


def standing(app: str, partner: str, token: Token | None, now: int) -> Finding:
    """How long an authorization lasts, in a sentence. `partner`: its label."""
    args: dict[str, Any] = {"app": app, "partner": partner}
    if token is None:
        return Finding("fail", Sentence("token_missing", args))
    if not token.expires_at:
        return Finding("ok", Sentence("token_endless", args))
    left = token.expires_at - now
    args |= {"date": _date(token.expires_at), "left": _left(left)}
    if left <= 0:
        return Finding("fail", Sentence("token_ended", args))
    if left <= max(WARN_DAYS) * DAY_MS:
        return Finding("warn", Sentence("token_ends", args))
    return Finding("ok", Sentence("token_good", args))


def hold(app: str, partner: str, token: Token | None, now: int) -> SendError | None:
    """Why sending waits for a person to authorize; None while the token is good."""
    if token is not None and not 0 < token.expires_at <= now:
        return None
    sentence = standing(app, partner, token, now).what
    return SendError(Code.TOKEN, sentence, concerns=Concerns.TOKEN)


def due(token: Token, now: int) -> int | None:
    """Which warning its time has come for: 14, 7 or 1 days before, 0 at the end; None before."""
    if not token.expires_at or token.expires_at > now + max(WARN_DAYS) * DAY_MS:
        return None
    if token.expires_at <= now:
        return 0
    return min(days for days in WARN_DAYS if token.expires_at <= now + days * DAY_MS)


def warn(tx: Tx, app_id: int, token: Token, days: int, now: int) -> bool:
    """Note that a warning is given; False where it was, by whichever process."""
    step = f"{token.partner}/token/{token.id}/{days}"
    return bool(
        tx.run(
            """INSERT INTO proof(app_id,step,at,ref) VALUES (?,?,?,?) ON CONFLICT DO NOTHING
            RETURNING at""",
            (app_id, step, now, token.id),
        )
    )


class Warnings:
    """Tells of tokens that end soon, each of the warnings once, over restarts and processes."""

    def __init__(self) -> None:
        self._told: set[tuple[int, int]] = set()  # spares the question to the database

    def due(self, tokens: Iterable[Token], now: int) -> Iterator[tuple[Token, int]]:
        for token in tokens:
            days = due(token, now)
            if days is not None and (token.id, days) not in self._told:
                yield token, days

    def tell(self, app: str, partner: str, token: Token, days: int, now: int, first: bool) -> None:
        self._told.add((token.id, days))
        if first:
            finding = standing(app, partner, token, now)
            log.warning("authorization_ends", app=app, days=days, why=say(finding.what))
