"""Whether Meta's webhooks come to us, and letting them.

Three things are needed at Meta, each set in another place: the account is subscribed to the app,
the app has our address for its webhooks, and its field *messages* is subscribed. An account or a
number may override the address.

Source: Meta, "Webhooks: create endpoint", "Webhooks: override" (2026).
"""

from __future__ import annotations

import datetime

from dragoman.domain.sentences import Sentence, term, words
from dragoman.partners.addresses import difference
from dragoman.partners.contract import Finding, Talk

from .answers import (
    LEVELS,
    TokenInfo,
    callbacks,
    lacking,
    number_ids,
    read,
    read_debug_token,
    read_subscriptions,
    subscribed_apps,
    unconfirmed,
)
from .calls import (
    ACCOUNT_NUMBERS,
    CALLBACKS,
    SUBSCRIBE,
    SUBSCRIBED_APPS,
    SUBSCRIPTIONS,
    graph_call,
    render_debug_token,
)
from .settings import Settings

DAY_MS = 86_400_000
WARN_DAYS = 14
FIELD = "messages"

words(
    {
        "cloud_expires_never": "The access token never expires.",
        "cloud_expires": "The access token expires on {date}.",
        "cloud_expires_soon": "The access token expires on {date}, within {days} days.",
        "cloud_expires_fix": "Make a new one, or authorize again: sending waits when it has ended.",
        "cloud_accounts_unknown": "Meta does not say to which WhatsApp account {number} belongs, "
        "so its subscription cannot be checked.",
        "cloud_accounts_unknown_fix": "Write the WhatsApp Business Account ID behind the number, "
        "like `{number} waba 102290129340398`.",
        "cloud_account_subscribed": "The WhatsApp account {waba} is subscribed to the Meta app "
        "{app}.",
        "cloud_account_not_subscribed": "The WhatsApp account {waba} is not subscribed to the Meta "
        "app {app}, so no message comes in.",
        "cloud_subscribe_fix": "Press *Subscribe it now* in the console, or run `dragoman channel "
        "subscribe` for this app.",
        "cloud_callback_ours": "Webhooks of {number} come to this app's address.",
        "cloud_callback_none": "Webhooks of {number} go nowhere: the Meta app has no address for "
        "them.",
        "cloud_callback_other": "Webhooks of {number} do not come to this app: {level} has {url} "
        "as their address.",
        "cloud_callback_almost": "Webhooks of {number} do not come to this app, because the "
        "address that {level} has for them is not ours letter by letter: {said}",
        "cloud_callback_fix": "Paste {url} at Meta app › WhatsApp › Configuration › Webhook, and "
        "*Verify and save*.",
        "cloud_override_fix": "Take that override away at Meta, or set it to {url}.",
        "cloud_field_ok": "The Meta app is subscribed to the field messages.",
        "cloud_field_missing": "The Meta app is not subscribed to the field messages, so no "
        "message comes in.",
        "cloud_field_fix": "Subscribe to it at Meta app › WhatsApp › Configuration › Webhook "
        "fields.",
        "cloud_field_unasked": "Whether the Meta app is subscribed to the field messages can be "
        "asked with App ID and app secret only.",
        "cloud_subscribed": "The WhatsApp account {waba} is subscribed now.",
    }
)

_LEVEL_WORDS = dict(
    zip(
        LEVELS,
        (term("the number itself"), term("the WhatsApp account"), term("the Meta app")),
        strict=True,
    )
)


def inspect(settings: Settings, webhook_url: str, now: int) -> Talk[list[Finding]]:
    """The life of a pasted token (a granted one's is kept with it), the accounts, the address, the
    field. Ends at the token if it is not good; without one there is nothing to ask with."""
    if not settings.token:
        return []
    info = read_debug_token((yield render_debug_token(settings, settings.token)))
    if not isinstance(info, TokenInfo):
        return [Finding("fail", info)]
    if (wrong := lacking(info, settings.app_id)) is not None:
        return [Finding("fail", wrong)]
    out = [_life(info, now)] if settings.authorization == "permanent" else []
    wabas, unknown = yield from _wabas(settings, info)
    out += unknown
    for step in (
        *(_account(waba, info.app_id, settings) for waba in wabas),
        *(_callback(number.key, webhook_url, settings) for number in settings.numbers),
        _field(settings),
    ):
        out.append((yield from step))
    return out


def _life(info: TokenInfo, now: int) -> Finding:
    if info.expires_at is None:
        return Finding("ok", Sentence("cloud_expires_never"))
    at = datetime.datetime.fromtimestamp(info.expires_at / 1000, datetime.UTC)
    args = {"date": f"{at:%Y-%m-%d}", "days": WARN_DAYS}
    if info.expires_at > now + WARN_DAYS * DAY_MS:
        return Finding("ok", Sentence("cloud_expires", args))
    return Finding("warn", Sentence("cloud_expires_soon", args), Sentence("cloud_expires_fix"))


def _wabas(settings: Settings, info: TokenInfo) -> Talk[tuple[list[str], list[Finding]]]:
    """The accounts of our numbers: as given with a number; else the one that the token is limited
    to; else those of the token's that list the number."""
    found = [n.waba_id for n in settings.numbers if n.waba_id]
    left = [n.key for n in settings.numbers if not n.waba_id]
    findings: list[Finding] = []
    if left and len(info.waba_ids) == 1:
        found, left = [*found, *info.waba_ids], []
    for waba in info.waba_ids:
        if not left:
            break
        ids = read((yield graph_call(ACCOUNT_NUMBERS, waba, settings)), number_ids)
        if isinstance(ids, Sentence):
            findings.append(Finding("fail", ids))
        elif set(left) & set(ids):
            found, left = [*found, waba], [key for key in left if key not in ids]
    for key in left:
        args = {"number": key}
        fix = Sentence("cloud_accounts_unknown_fix", args)
        findings.append(Finding("none", Sentence("cloud_accounts_unknown", args), fix))
    return list(dict.fromkeys(found)), findings


def _account(waba: str, app: str, settings: Settings) -> Talk[Finding]:
    apps = read((yield graph_call(SUBSCRIBED_APPS, waba, settings)), subscribed_apps)
    args = {"waba": waba, "app": app}
    if isinstance(apps, Sentence):
        return Finding("fail", apps)
    if app in apps:
        return Finding("ok", Sentence("cloud_account_subscribed", args))
    fix = Sentence("cloud_subscribe_fix")
    return Finding("fail", Sentence("cloud_account_not_subscribed", args), fix)


def _callback(number: str, ours: str, settings: Settings) -> Talk[Finding]:
    """What Meta resolves for a number: its own address before the account's before the app's."""
    found = read((yield graph_call(CALLBACKS, number, settings)), callbacks)
    if isinstance(found, Sentence):
        return Finding("fail", found)
    level = next((level for level in LEVELS if found[level]), LEVELS[-1])
    theirs, near = found[level], difference(found[level], ours)
    args = {"number": number, "url": ours}
    if near is None:
        return Finding("ok", Sentence("cloud_callback_ours", args))
    fix = Sentence("cloud_callback_fix" if level == LEVELS[-1] else "cloud_override_fix", args)
    if not theirs:
        return Finding("fail", Sentence("cloud_callback_none", args), fix)
    what = {"number": number, "level": _LEVEL_WORDS[level]}
    if near.id in ("address_host", "address_path"):
        return Finding("fail", Sentence("cloud_callback_other", {**what, "url": theirs}), fix)
    return Finding("fail", Sentence("cloud_callback_almost", {**what, "said": near}), fix)


def _field(settings: Settings) -> Talk[Finding]:
    if not (settings.app_id and settings.app_secret):
        return Finding("none", Sentence("cloud_field_unasked"))
    fields = read_subscriptions((yield graph_call(SUBSCRIPTIONS, settings.app_id, settings)))
    if isinstance(fields, Sentence):
        return Finding("fail", fields)
    if FIELD in fields:
        return Finding("ok", Sentence("cloud_field_ok"))
    return Finding("fail", Sentence("cloud_field_missing"), Sentence("cloud_field_fix"))


def subscribe(settings: Settings) -> Talk[list[Finding]]:
    """Subscribe the accounts of our numbers to the token's app."""
    if not settings.token:
        return []
    info = read_debug_token((yield render_debug_token(settings, settings.token)))
    if not isinstance(info, TokenInfo):
        return [Finding("fail", info)]
    wabas, out = yield from _wabas(settings, info)
    for waba in wabas:
        wrong = read((yield graph_call(SUBSCRIBE, waba, settings)), unconfirmed)
        done = Finding("ok", Sentence("cloud_subscribed", {"waba": waba}))
        out.append(done if wrong is None else Finding("fail", wrong))
    return out
