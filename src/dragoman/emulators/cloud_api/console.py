"""The parts of Meta's own console that a channel's set-up passes through.

App dashboard: App ID and secret, Facebook Login's redirect URIs with the validator, the webhook
with *Verify and save* and its fields. Business settings: a system user's token.
Source: Meta, "Webhooks: configure", "Facebook Login: security", "System users" (2026). Not
confirmed: that the console warns of a callback that is not https; here it is taken, since the
platform of this machine has no certificate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.emulators._cloud.checks import Refusal
from dragoman.emulators.kit import (
    Done,
    Panel,
    Step,
    Walk,
    api_url,
    button,
    choice,
    listed,
    secret,
    shown,
    switch,
    text,
)

from .config import SCOPES
from .oauth import LONG_S, REVOKED
from .subscriptions import handshake

if TYPE_CHECKING:
    from .emulator import Emulator

FIELDS = (
    "messages",
    "message_template_status_update",
    "message_template_quality_update",
    "template_category_update",
    "user_preferences",
    "account_alerts",
    "account_update",
    "phone_number_name_update",
    "phone_number_quality_update",
    "security",
)

words(
    {
        "meta_uri_wrong": "{uri!r} is no redirect URI: give the whole address, with https (http "
        "only for this machine), without a fragment, one a line.",
        "meta_uris_saved": "Saved: the login dialog opens for the URIs in this list, compared "
        "letter by letter.",
        "meta_uri_listed": "{uri} is a valid redirect URI for this app.",
        "meta_uri_unlisted": "{uri!r} is an invalid redirect URI for this app: it is not, letter "
        "by letter, one of the list; add it above, and save.",
        "meta_callback_missing": "The webhook needs both a callback URL and a verify token: copy "
        "them from the channel.",
        "meta_not_verified": "The callback URL or verify token couldn't be validated: {errors}. "
        "Compare both with the channel's, and see that the platform runs.",
        "meta_verified": "Verified and saved: the callback answered the challenge. Now subscribe "
        "to messages.",
        "meta_removed": "The subscription is removed: no webhook goes anywhere.",
        "meta_fields_saved": "Saved: subscribed to {fields}.",
        "meta_secret_shown": "The app secret is shown until the page is loaded again.",
        "meta_scopes_missing": "A token needs at least one permission: whatsapp_business_messaging "
        "is the one that sends.",
        "meta_tokens_revoked": "Revoked: no token that was generated or granted is taken any more.",
        "meta_token_made": "The token is made and shown this once: copy it now.",
    }
)

# The account is subscribed to the Meta app by a call of the platform, not here.
WALK = Walk(
    give=(Step("app", "show"), Step("account"), Step("token", "generate")),
    fields={
        "numbers": ["{phone_number_id}"],
        "token": "{token}",
        "app_id": "{app_id}",
        "app_secret": "{app_secret}",
        "graph_url": "{api}",
    },
    take=(
        Step("login", "save", {"redirect_uris": "{callback_url}"}),
        Step(
            "webhook",
            "verify",
            {"callback_url": "{webhook_url}", "verify_token": "{verify_token}"},
        ),
        Step("fields", "save", {"messages": True}),
    ),
)


def panels(emulator: Emulator) -> list[Panel]:
    config = emulator.config
    return [
        Panel(
            "app",
            "Basic settings",
            "App dashboard › App settings › Basic",
            [
                shown("app_id", "App ID", config.app_id),
                shown("app_secret", "App secret", hidden=True),
                api_url(emulator),
                button("show", "Show"),
            ],
            help=f"The Meta app {config.app_name}.",
        ),
        _account(emulator),
        _login(emulator),
        *_webhook(emulator),
        _token(),
    ]


def _account(emulator: Emulator) -> Panel:
    lines = [[n.phone_number_id, "+" + n.display, n.title] for n in emulator.numbers.values()]
    return Panel(
        "account",
        "API setup",
        "App dashboard › WhatsApp › API setup",
        [
            shown("waba_id", "WhatsApp Business Account ID", emulator.config.waba_id),
            shown("phone_number_id", "Phone number ID of the first number", lines[0][0]),
            listed("numbers", "Numbers", ["Phone number ID", "Number", "Name"], lines),
        ],
    )


def _login(emulator: Emulator) -> Panel:
    uris = "\n".join(emulator.logins.kept.redirect_uris)
    return Panel(
        "login",
        "Client OAuth settings",
        "App dashboard › Facebook Login for Business › Settings",
        [
            text("redirect_uris", "Valid OAuth Redirect URIs", uris, rows=4, help="One a line."),
            button("save", "Save changes", lead=True),
            text("uri", "Redirect URI to check", help="Redirect URI Validator"),
            button("check", "Check URI"),
        ],
    )


def _webhook(emulator: Emulator) -> list[Panel]:
    state, path = emulator.subscriptions.state, "App dashboard › WhatsApp › Configuration"
    ticks = [switch(f, f, state.fields is None or f in state.fields) for f in FIELDS]
    return [
        Panel(
            "webhook",
            "Webhook",
            path,
            [
                text("callback_url", "Callback URL", state.callback_url),
                secret("verify_token", "Verify token"),
                button("verify", "Verify and save", lead=True),
                button("remove", "Remove subscription"),
            ],
            help="Meta calls the URL with the token and a challenge before it saves them.",
        ),
        Panel(
            "fields",
            "Webhook fields",
            path,
            [*ticks, button("save", "Save", lead=True)],
            help="Only what is subscribed arrives. The account has to be subscribed to the app "
            "too, by POST /{WABA ID}/subscribed_apps: "
            + ("it is." if state.account else "it is not yet."),
        ),
    ]


def _token() -> Panel:
    return Panel(
        "token",
        "Generate a system user's token",
        "Business settings › Users › System users",
        [
            choice("expires", "Set expiration", "never", [("never", "Never"), ("60", "60 days")]),
            *(switch(scope, scope, True) for scope in SCOPES),
            shown("token", "Access token", hidden=True, help="Shown once."),
            button("generate", "Generate token", lead=True),
            button("revoke", "Revoke tokens"),
        ],
    )


# --- what the buttons do -------------------------------------------------------------------------


def _refused(sentence: str, **values: Any) -> SentenceError:
    return SentenceError(Sentence(sentence, values))


async def _show(emulator: Emulator, values: dict[str, Any]) -> Done:
    return Done(Sentence("meta_secret_shown"), {"app_secret": emulator.config.app_secret})


async def _save_uris(emulator: Emulator, values: dict[str, Any]) -> Done:
    uris = [line.strip() for line in values["redirect_uris"].splitlines() if line.strip()]
    for uri in uris:
        if not _whole(uri):
            raise _refused("meta_uri_wrong", uri=uri)
    emulator.logins.list_uris(list(dict.fromkeys(uris)))
    return Done(Sentence("meta_uris_saved"))


def _whole(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    except ValueError:
        return False
    return bool(
        (parts.scheme == "https" or (parts.scheme == "http" and here))
        and parts.hostname
        and "#" not in uri
        and " " not in uri
    )


async def _check_uri(emulator: Emulator, values: dict[str, Any]) -> Done:
    if not emulator.logins.listed(values["uri"]):
        raise _refused("meta_uri_unlisted", uri=values["uri"])
    return Done(Sentence("meta_uri_listed", {"uri": values["uri"]}))


async def _verify(emulator: Emulator, values: dict[str, Any]) -> Done:
    url, token = values["callback_url"].strip(), values["verify_token"].strip()
    if not url or not token:
        raise _refused("meta_callback_missing")
    try:
        await handshake(emulator.http, url, token)
    except Refusal as refused:
        errors = refused.values.get("errors", str(refused))
        raise _refused("meta_not_verified", errors=errors) from refused
    state = emulator.subscriptions.state
    if not state.callback_url:
        state.fields = []  # the fields are subscribed one by one afterwards
    state.callback_url, state.verify_token = url, token
    emulator.subscriptions.keep()
    return Done(Sentence("meta_verified"))


async def _remove(emulator: Emulator, values: dict[str, Any]) -> Done:
    emulator.subscriptions.remove()
    return Done(Sentence("meta_removed"))


async def _save_fields(emulator: Emulator, values: dict[str, Any]) -> Done:
    chosen = [name for name in FIELDS if values[name]]
    emulator.subscriptions.state.fields = chosen
    emulator.subscriptions.keep()
    return Done(Sentence("meta_fields_saved", {"fields": ", ".join(chosen) or "nothing"}))


async def _generate(emulator: Emulator, values: dict[str, Any]) -> Done:
    scopes = tuple(scope for scope in SCOPES if values[scope])
    if not scopes:
        raise _refused("meta_scopes_missing")
    life = 0 if values["expires"] == "never" else LONG_S
    token = emulator.logins.issue(scopes, life, system=True)
    return Done(Sentence("meta_token_made"), {"token": token.token})


async def _revoke(emulator: Emulator, values: dict[str, Any]) -> Done:
    emulator.logins.invalidate(REVOKED)
    return Done(Sentence("meta_tokens_revoked"))


_BUTTONS: dict[tuple[str, str], Callable[[Emulator, dict[str, Any]], Awaitable[Done]]] = {
    ("app", "show"): _show,
    ("login", "save"): _save_uris,
    ("login", "check"): _check_uri,
    ("webhook", "verify"): _verify,
    ("webhook", "remove"): _remove,
    ("fields", "save"): _save_fields,
    ("token", "generate"): _generate,
    ("token", "revoke"): _revoke,
}


async def act(emulator: Emulator, panel: str, button: str, values: dict[str, Any]) -> Done:
    return await _BUTTONS[panel, button](emulator, values)
