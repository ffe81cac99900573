"""Who may call a webhook, beyond the partner's own check: from which addresses, with which secret
in the URL, with whose token.

A POST is judged by one copy of the channel after the other, the published one first; either may let
it in, and which one did is recorded. A copy in development that asks for nothing lets nothing into
a published channel that asks: a tick that was never published must not open it. Each copy judges in
a fixed order: the caller's address, the secret in the URL, the partner's own check, the token of
the associated app. Answers are constant; the reasons are for our log and pages only.
"""

from __future__ import annotations

import functools
import hmac
from collections.abc import Sequence

import msgspec

from dragoman.domain.networks import Network, read_address, read_network, within
from dragoman.domain.sentences import Sentence, words
from dragoman.partners.contract import Complaint, Hook, Outcome, Partner, Refused
from dragoman.store.intake import digest

from . import keys
from .apps import Copy

QUERY = "key"  # of the webhook's URL, for its secret

words(
    {
        "access_address": "It came from {peer}, and the channel takes webhooks only from {listed}: "
        "add the address, or set trusted_proxies where a proxy stands before this program.",
        "access_address_unknown": "Nobody can say where it came from, and the channel takes "
        "webhooks only from {listed}.",
        "access_key_none": "The URL had no {query}=…, which the channel demands: give the partner "
        "the webhook URL with its secret.",
        "access_key_wrong": "The secret in the URL ({query}=…) is not the channel's: give the "
        "partner the webhook URL with the present one.",
        "access_no_token": "It brought no token in the header Authorization, and the channel asks "
        "for one of the credential {name}: give the partner the ready header, which *App "
        "credentials* shows and `dragoman app credential token APP {name}` prints. If it has it, "
        "something on the way removes it.",
        "access_credential_gone": "The channel asks webhooks for a token of {client_id}, and that "
        "credential was deleted, so none is let in: associate another one, or none, and publish.",
        "access_replayed": "Its token (jti) came before with another body, so nothing of it was "
        "kept: whoever signs must give each webhook a jti of its own, or none.",
        "associate_not_offered": "{partner} cannot send an app's token with its webhooks, so no "
        "app can be associated: use its own check, a secret in the URL or a list of addresses.",
        "associate_exclusive": "The channel's own check of {partner}'s webhooks (a username and "
        "password, or a webhook header of that name) uses the header Authorization, and an "
        "associated app's token would need it too: switch that check off, or associate no app.",
        "access_open": "Nothing authenticates the webhooks of this channel: whoever learns the "
        "URL can write as any contact. Set a secret in the URL (`dragoman channel set '{app}' "
        "--url-secret new`) or a list of addresses (--allow-ip){or_app}.",
    }
)


class Admitted(msgspec.Struct, frozen=True):
    """copy: the one that let it in. jti: the digest of what its token calls itself, if it does."""

    copy: Copy
    jti: bytes = b""


def admit(copies: Sequence[Copy], talker: Partner, hook: Hook, now: int) -> Admitted | Refused:
    """Judge a POST by each copy in turn. The refusal is the first one's. now: business clock."""
    first: Refused | None = None
    for copy in copies:
        if not copy.version and _open(copy, talker) and _asks(copies, talker):
            continue
        found = _judge(copy, talker, hook, now)
        if isinstance(found, Admitted):
            return found
        first = first or found
    assert first is not None  # a stream id without a copy is answered before
    return first


def _asks(copies: Sequence[Copy], talker: Partner) -> bool:
    """Whether the published copy takes this partner's webhooks from certain callers only."""
    return any(copy.version and not _open(copy, talker) for copy in copies)


def _judge(copy: Copy, talker: Partner, hook: Hook, now: int) -> Admitted | Refused:
    why = _address(copy, hook) or _url_secret(copy, hook)
    if why is not None:
        return Refused(talker.answer(Outcome.WRONG_TOKEN), why)
    refused = talker.authenticate(hook, copy.settings[talker.NAME], now)
    if refused is not None:
        return refused
    if not _wants_token(copy, talker):
        return Admitted(copy)
    return _token(copy, talker, hook, now)


def replayed(talker: Partner) -> Refused:
    """What is said to a token that came before with another body."""
    return Refused(talker.answer(Outcome.WRONG_TOKEN), Sentence("access_replayed"))


# --- each judge ----------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def _networks(items: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(read_network(item) for item in items)


def _address(copy: Copy, hook: Hook) -> Sentence | None:
    allowed = copy.config.channel.allow_ips
    if not allowed or within(read_address(hook.peer), _networks(allowed)):
        return None
    listed = ", ".join(allowed)
    if not hook.peer:
        return Sentence("access_address_unknown", {"listed": listed})
    return Sentence("access_address", {"peer": hook.peer, "listed": listed})


def _url_secret(copy: Copy, hook: Hook) -> Sentence | None:
    if copy.config.channel.url_secret is None:
        return None
    given = next((value for name, value in hook.query if name == QUERY), "")
    if not given:
        return Sentence("access_key_none", {"query": QUERY})
    right = hmac.compare_digest(given.encode("utf-8", "replace"), copy.url_secret.encode())
    if right and copy.url_secret:
        return None
    return Sentence("access_key_wrong", {"query": QUERY})


def _wants_token(copy: Copy, talker: Partner) -> bool:
    """Whether the copy asks this partner's webhooks for a token. A partner that cannot bring one,
    or needs the header itself, leaves the association alone: it counts again with another."""
    if not copy.config.channel.associated or not talker.ASSOCIATES:
        return False
    return not talker.uses_authorization(copy.settings[talker.NAME])


def _token(copy: Copy, talker: Partner, hook: Hook, now: int) -> Admitted | Refused:
    signer = copy.credential
    token = keys.bearer(hook.headers.get("authorization", ""))
    if signer is None:  # fails closed
        outcome = Outcome.WRONG_TOKEN if token else Outcome.NO_TOKEN
        return Refused(talker.answer(outcome), _gone(copy))
    if not token:
        why = Sentence("access_no_token", {"name": signer.name})
        return Refused(talker.answer(Outcome.NO_TOKEN), why)
    claims = keys.judge(token, signer, now)
    if isinstance(claims, Sentence):
        return Refused(talker.answer(Outcome.WRONG_TOKEN), claims)
    if "jti" not in claims:
        return Admitted(copy)
    return Admitted(copy, digest(f"{signer.client_id}\0{claims['jti']}"))


def _gone(copy: Copy) -> Sentence:
    client_id = copy.config.channel.associated
    return Sentence("access_credential_gone", {"client_id": client_id})


# --- said while it is set up ---------------------------------------------------------------------


def unguarded(copy: Copy) -> bool:
    """Whether nothing at all authenticates the webhooks of a copy's channel."""
    talker = copy.partner
    return talker is not None and talker.NAME in copy.settings and _open(copy, talker)


def _open(copy: Copy, talker: Partner) -> bool:
    """Whether a copy takes this partner's webhooks from anybody."""
    if talker.guarded(copy.settings[talker.NAME]) or _wants_token(copy, talker):
        return False
    channel = copy.config.channel
    return channel.url_secret is None and not channel.allow_ips


def warning(app: str, copy: Copy) -> Sentence | None:
    """The sentence for every surface that shows a channel which nothing guards."""
    talker = copy.partner
    if talker is None or not unguarded(copy):
        return None
    or_app = ", or associate an app (--associate)" if talker.ASSOCIATES else ""
    return Sentence("access_open", {"app": app, "or_app": or_app})


def clash(copy: Copy, asked: bool) -> Sentence | None:
    """Why a copy's channel cannot have an associated app; None when it can, or has none. asked:
    whether that was just demanded; otherwise one that the partner cannot use is left alone."""
    talker = copy.partner
    if talker is None or not copy.config.channel.associated:
        return None
    if not talker.ASSOCIATES:
        about = {"partner": talker.LABEL}
        return Sentence("associate_not_offered", about) if asked else None
    if talker.uses_authorization(copy.settings[talker.NAME]):
        return Sentence("associate_exclusive", {"partner": talker.LABEL})
    return None


def missing(copy: Copy) -> list[Complaint]:
    """What of this stands in the way of enabling a copy's channel."""
    talker = copy.partner
    if talker is None or copy.credential is not None or not _wants_token(copy, talker):
        return []
    return [Complaint("associated", _gone(copy))]
