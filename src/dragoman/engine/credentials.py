"""App credentials, as an operator handles them: made, listed, rotated, deleted, made a token of.

All are functions of a transaction. A secret is shown once, in the answer to what made it, and is
never in the audit.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.store.drivers import Tx

from . import keys, publish
from .apps import App, Copy
from .keys import ALGORITHMS, SCOPES, Credential
from .publish import Change

DAY_MS = 86_400_000
MOST_OVERLAP_MS = 90 * DAY_MS

words(
    {
        "credential_name_wrong": "{name!r} cannot name a credential: use 1 to 60 letters, digits, "
        "spaces or hyphens, and not `none`.",
        "credential_exists": "The app {app} has a credential named {name!r} already: rotate that "
        "one, or choose another name.",
        "credential_alg_wrong": "{alg!r} is no algorithm for a credential: choose one of {known}.",
        "credential_scope_wrong": "{scope!r} is no scope of a credential: choose among {known}.",
        "credential_no_pair": "Only RS256 has a public key; {alg} makes a secret of its own.",
        "credential_selected": "The credential {name} cannot be deleted, because the {copy} "
        "channel of {app} asks webhooks for its token: run `dragoman channel set '{app}' "
        "--associate none` (or another client id) and publish first.",
        "credential_signs_there": "The key of {name} is a public one, so the token is signed where "
        'the private key is: RS256, with the payload {{"appId": "{client_id}"}}.',
        "credential_rotated": "The key of {name} was made anew meanwhile, and was shown to whoever "
        "did it, so nothing was done: use that one, or rotate again.",
        "credential_overlap_wrong": "The overlap must be from 0 to 90 days, and is {value} ms.",
    }
)

Json = dict[str, Any]


def _in_a_name(c: str) -> bool:
    """Vowel signs and joiners too: Hindi and many other scripts are not written without them."""
    return c.isalnum() or c in " -_.\u200c\u200d" or unicodedata.category(c) in ("Mn", "Mc")


def create(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    """credential.create: app `name`, `credential`, `alg` (HS256), `public_key` (PEM, with RS256),
    `scopes` (all). The answer has the secret or the private key, once."""
    app = publish.find(tx, change.vault, args["name"])
    name, alg = str(args["credential"]).strip(), str(args.get("alg") or ALGORITHMS[0])
    if not (0 < len(name) <= 60) or not all(map(_in_a_name, name)):
        raise SentenceError(Sentence("credential_name_wrong", {"name": name}))
    if name.lower() == "none" or name.startswith("cs-"):  # those mean something else
        raise SentenceError(Sentence("credential_name_wrong", {"name": name}))
    if any(c.name == name for c in app.credentials.values()):
        raise SentenceError(Sentence("credential_exists", {"app": app.name, "name": name}))
    if alg not in ALGORITHMS:
        known = {"alg": alg, "known": ", ".join(ALGORITHMS)}
        raise SentenceError(Sentence("credential_alg_wrong", known))
    scopes = tuple(s for s in SCOPES if s in (args.get("scopes") or ()))
    unknown = [str(s) for s in args.get("scopes") or () if s not in SCOPES]
    if unknown:
        about = {"scope": unknown[0], "known": ", ".join(SCOPES)}
        raise SentenceError(Sentence("credential_scope_wrong", about))
    pair = _pair(alg, args)
    made = Credential(
        change.ids.new(), app.id, name, f"cs-{uuid.uuid4()}", alg, pair.kept, created=change.now,
        scopes=scopes,
    )  # fmt: skip
    sealed = change.vault.seal(pair.kept, context=keys.context(made.id))
    tx.run(
        """INSERT INTO credential(id,app_id,name,client_id,alg,sealed,created,scopes)
        VALUES (?,?,?,?,?,?,?,?)""",
        (made.id, app.id, name, made.client_id, alg, sealed, change.now, " ".join(scopes)),
    )
    publish.audit(tx, change, app.id, "credential.create", name, None, f"{made.client_id} {alg}")
    return _handed_out(app, made, pair.given)


def _pair(alg: str, args: Mapping[str, Any]) -> keys.Pair:
    public_key = str(args.get("public_key") or "")
    if public_key and alg != "RS256":
        raise SentenceError(Sentence("credential_no_pair", {"alg": alg}))
    return keys.new_pair(alg, public_key)


def _handed_out(app: App, made: Credential, given: str) -> Json:
    """`given` signs: a secret or a private key; empty where a public key was pasted."""
    signed = keys.authorization(made.client_id, made.alg, given) if given else ""
    what = "secret" if made.shared else "private_key"
    return {**_described(app, made), what: given, "authorization": signed}


def _described(app: App, one: Credential) -> Json:
    copies = {"published": app.published, "in development": app.draft}
    return {
        "app": app.name,
        "credential": one.name,
        "client_id": one.client_id,
        "alg": one.alg,
        "scopes": list(one.scopes),
        "created": one.created,
        "rotated_at": one.rotated_at,
        "previous_until": one.previous_until,
        "selected": [k for k, c in copies.items() if c is not None and _selects(c, one)],
    }


def _selects(copy: Copy, one: Credential) -> bool:
    return copy.config.channel.associated == one.client_id


def listed(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    """credential.list: those of the app `name`, without their secrets."""
    app = publish.find(tx, change.vault, args["name"])
    return {"credentials": [_described(app, c) for c in app.credentials.values()]}


def rotate(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    """credential.rotate: a new key for `credential` of the app `name`; the old one is accepted for
    `overlap_ms` more (a day). `rotated_at`: the last rotation that was seen, if one is given;
    after another one nothing is done. The answer has the new secret or private key, once."""
    app = publish.find(tx, change.vault, args["name"])
    one = keys.pick(tx, app.name, app.credentials, str(args["credential"]))
    seen = args.get("rotated_at")
    if seen is not None and int(seen) != one.rotated_at:
        raise SentenceError(Sentence("credential_rotated", {"name": one.name}))
    overlap = args.get("overlap_ms")
    overlap = DAY_MS if overlap is None else int(overlap)
    if not 0 <= overlap <= MOST_OVERLAP_MS:
        raise SentenceError(Sentence("credential_overlap_wrong", {"value": overlap}))
    pair, until = _pair(one.alg, args), change.now + overlap
    tx.run(
        """UPDATE credential SET previous=sealed, previous_until=?, sealed=?, rotated_at=?
        WHERE id=?""",
        (until, change.vault.seal(pair.kept, context=keys.context(one.id)), change.now, one.id),
    )
    note = f"{one.client_id}, the old key until {until}"
    publish.audit(tx, change, app.id, "credential.rotate", one.name, None, note)
    fresh = {"key": pair.kept, "previous_until": until, "rotated_at": change.now}
    return _handed_out(app, msgspec.structs.replace(one, **fresh), pair.given)


def delete(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    """credential.delete: `credential` of the app `name` is never accepted again, by a roll back
    neither. Refused while a copy of the channel selects it."""
    app = publish.find(tx, change.vault, args["name"])
    one = keys.pick(tx, app.name, app.credentials, str(args["credential"]))
    for word, copy in (("published", app.published), ("in-development", app.draft)):
        if copy is not None and _selects(copy, one):
            about = {"name": one.name, "app": app.name, "copy": word}
            raise SentenceError(Sentence("credential_selected", about))
    tx.run(
        "UPDATE credential SET revoked=?, sealed=?, previous=NULL WHERE id=?",
        (change.now, b"", one.id),
    )
    publish.audit(tx, change, app.id, "credential.delete", one.name, one.client_id, None)
    return _described(app, one)


def token(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    """credential.token: a ready value of Authorization for `credential` of the app `name`."""
    app = publish.find(tx, change.vault, args["name"])
    one = keys.pick(tx, app.name, app.credentials, str(args["credential"]))
    if not one.shared:
        about = {"name": one.name, "client_id": one.client_id}
        raise SentenceError(Sentence("credential_signs_there", about))
    publish.audit(tx, change, app.id, "credential.token", one.name, None, one.client_id)
    return {
        **_described(app, one),
        "authorization": keys.authorization(one.client_id, one.alg, one.key),
    }
