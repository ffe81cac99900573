"""Changing an app: create, set, enable, publish, roll back. The CLI, the API and the console all
come here, as functions of a transaction, so that they work with and without a running server.

Save touches only the in-development copy. Publish makes an immutable version of it. A roll back is
a publish of an older version and never revives a revoked secret.
"""

from __future__ import annotations

import secrets as randomness
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from dragoman.domain import config as configs
from dragoman.domain.clock import Ids
from dragoman.domain.config import AgentConfig, AppConfig
from dragoman.domain.networks import network_text, read_network
from dragoman.domain.sentences import Sentence, SentenceError, term, together, words
from dragoman.partners.contract import Complaint, Field
from dragoman.partners.form import read_number
from dragoman.partners.registry import PARTNERS, partner
from dragoman.store.drivers import Tx
from dragoman.vault import Vault

from . import access, keys
from .apps import App, Copy, read_apps, secret_context

words(
    {
        "app_unknown": "There is no app {name!r}. Apps: {known}.",
        "app_exists": "There is already an app named {name!r}. Choose another name.",
        "app_name_wrong": "{name!r} cannot name an app: use 1 to {most} characters that can be "
        "seen, on one line.",
        "nothing_to_publish": "Nothing to publish: the published copy is what is in development.",
        "version_unknown": "The app {name} has no version {version}. Versions: {known}.",
        "channel_incomplete": "The channel cannot be enabled yet: {missing}",
        "field_unknown": "{partner} has no setting {field!r}. Settings: {known}.",
        "no_partner": "Choose a messaging partner first, such as: "
        "dragoman channel set {name} --partner cloud-api.",
        "changed_meanwhile": "Someone else saved the app {name} meanwhile. Look at it again, then "
        "save your change.",
        "number_taken": "The number {number} is already used by the app {app}. A number belongs "
        "to one app: remove it there first, and publish.",
    }
)

_json = msgspec.json.Encoder()


class Change(msgspec.Struct, frozen=True):
    """Who changes, when (Unix ms) and with what."""

    vault: Vault
    ids: Ids
    who: str
    now: int


def find(tx: Tx, vault: Vault, name: str) -> App:
    """An app by name or stream id. Raises SentenceError."""
    apps = read_apps(tx, vault)
    for app in apps:
        if name.replace("'", "’") in (app.name, app.stream_id):
            return app
    known = ", ".join(a.name for a in apps) or "none yet (dragoman app create NAME)"
    raise SentenceError(Sentence("app_unknown", {"name": name, "known": known}))


LONGEST_NAME = 60
_JOINERS = "\u200c\u200d"  # nothing to see, and many scripts and emoji are not written without them


def read_name(text: str) -> str:
    """An app's name as it is kept. It is shown and never code, so it may be anything that can be
    seen; an apostrophe is the printed one, because commands are told with names between '…'.
    Raises SentenceError."""
    name = text.strip().replace("'", "’")
    seen = all(c.isprintable() or c in _JOINERS for c in name)
    if not name.strip(_JOINERS) or len(name) > LONGEST_NAME or not seen:
        raise SentenceError(Sentence("app_name_wrong", {"name": name, "most": LONGEST_NAME}))
    return name


def create(
    tx: Tx, change: Change, name: str, agent: AgentConfig, stream_id: str | None = None
) -> App:
    """A new app with an in-development copy and nothing published. Raises SentenceError."""
    name = read_name(name)
    if tx.run("SELECT 1 FROM app WHERE name=?", (name,)):
        raise SentenceError(Sentence("app_exists", {"name": name}))
    app_id = change.ids.new()
    stream = stream_id or f"st-{uuid.uuid4()}"
    config = AppConfig(agent=agent)
    tx.run(
        "INSERT INTO app(id,stream_id,name,created,draft,draft_at) VALUES (?,?,?,?,?,?)",
        (app_id, stream, name, change.now, configs.encode(config), change.now),
    )
    audit(tx, change, app_id, "app.create", name, None, name)
    return App(app_id, stream, name, Copy(app_id, 0, config, {}), None, 1, change.now)


def save(tx: Tx, change: Change, app: App, config: AppConfig) -> None:
    """Write the in-development copy. Raises SentenceError when it was changed meanwhile."""
    rows = tx.run(
        """UPDATE app SET draft=?, draft_rev=draft_rev+1, draft_at=? WHERE id=? AND draft_rev=?
        RETURNING draft_rev""",
        (configs.encode(config), change.now, app.id, app.draft_rev),
    )
    if not rows:
        raise SentenceError(Sentence("changed_meanwhile", {"name": app.name}))
    audit(tx, change, app.id, "app.save", app.name,
           configs.encode(app.draft.config), configs.encode(config))  # fmt: skip


def set_channel(
    tx: Tx,
    change: Change,
    name: str,
    partner_name: str | None,
    values: Mapping[str, Any],
    switches: Mapping[str, Any] | None = None,
) -> tuple[App, list[Complaint], bool]:
    """Set the partner and fields of the in-development channel. Secrets are sealed at once.
    switches: fields of ChannelConfig; `associated` by name or client id, or "none"; `url_secret`
    "new" or "none"; `allow_ips` a list.
    Returns the app as saved, what is wrong with the values, which are saved all the same, and
    whether the channel was switched off, because the partner is another one now and its form is
    not complete: what was enabled was the former partner's."""
    app = find(tx, change.vault, name)
    channel = app.draft.config.channel
    chosen = partner_name or channel.partner
    if not chosen:
        raise SentenceError(Sentence("no_partner", {"name": name}))
    talker = partner(chosen)
    fields = {f.name: f for f in talker.SETTINGS}
    merged = dict(channel.values.get(chosen, {}))
    for key, value in values.items():
        if not put(lambda f, v: _sealed(tx, change, app, f, v), fields, merged, key, value):
            known = ", ".join(_names(talker.SETTINGS))
            raise SentenceError(
                Sentence("field_unknown", {"partner": talker.LABEL, "field": key, "known": known})
            )
    if "verify_token" in fields and not merged.get("verify_token"):
        merged["verify_token"] = new_verify_token()
    config = msgspec.structs.replace(
        app.draft.config,
        channel=msgspec.structs.replace(
            channel,
            partner=chosen,
            values={**channel.values, chosen: merged},
            **_switched(tx, change, app, switches or {}),
        ),
    )
    save(tx, change, app, config)
    saved = find(tx, change.vault, name)
    clash = access.clash(saved.draft, asked="associated" in (switches or {}))
    if clash is not None:
        raise SentenceError(clash)
    off = chosen != channel.partner and config.channel.enabled and bool(missing(saved.draft))
    if off:
        saved = enable(tx, change, name, False)
    return saved, saved.draft.complaints.get(chosen, []), off


_URL_SECRET = Field("url_secret", "Secret in the URL", "It ends the webhook URL.", "secret")


def _switched(tx: Tx, change: Change, app: App, switches: Mapping[str, Any]) -> dict[str, Any]:
    """Switches as they are stored. Raises SentenceError for what cannot be."""
    out = dict(switches)
    if "associated" in out:
        given = str(out["associated"])
        own = app.credentials
        one = None if given in ("", "none") else keys.pick(tx, app.name, own, given)
        if one is not None and not one.permits("webhooks"):
            raise SentenceError(Sentence("credential_not_for_webhooks", {"name": one.name}))
        out["associated"] = "" if one is None else one.client_id
    if "url_secret" in out:
        if out["url_secret"] not in ("new", "none"):
            raise SentenceError(Sentence("url_secret_wrong"))
        secret = new_verify_token() if out["url_secret"] == "new" else ""
        out["url_secret"] = _sealed(tx, change, app, _URL_SECRET, secret) or None
    if "allow_ips" in out:
        listed = [str(item) for item in out["allow_ips"]]
        networks = [read_network(item) for item in listed if item != "none"]
        out["allow_ips"] = tuple(dict.fromkeys(network_text(n) for n in networks))
    return out


words(
    {
        "credential_not_for_webhooks": "The credential {name} was made without the scope webhooks, "
        "so it cannot sign them: associate another one.",
        "url_secret_wrong": "A secret in the URL is made here: say `new` for one, or `none` to do "
        "without.",
    }
)


def new_verify_token() -> str:
    """Random per app; letters and digits only, so that no encoding on its way can change it."""
    alphabet = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(randomness.choice(alphabet) for _ in range(32))


def _names(fields: Sequence[Field]) -> list[str]:
    """The fields as they are addressed; those of a group with the member's key in between."""
    out = []
    for field in fields:
        inner = [f"{field.name}.KEY.{f.name}" for f in field.fields]
        out += inner if field.kind == "group" else [field.name]
    return out


def put(
    kept: Callable[[Field, Any], Any], fields: Mapping[str, Field], merged: dict[str, Any],
    key: str, value: Any,
) -> bool:  # fmt: skip
    """Set `field`, `group.member.field`, a whole `group.member`, or a whole group in `merged`; an
    empty member is removed, and an empty group is cleared. kept: a field's value as it is kept.
    False where there is no such field."""
    if key in fields:
        field = fields[key]
        if field.kind == "group" and (isinstance(value, Mapping) or _is_empty(value)):
            merged[key] = {}
            for member, inner in value.items() if isinstance(value, Mapping) else ():
                if not put(kept, fields, merged, f"{key}.{member}", inner):
                    return False
        else:
            merged[key] = kept(field, value)
        return True
    name, _, rest = key.partition(".")
    if not rest or name not in fields or fields[name].kind != "group":
        return False
    inside = {f.name: f for f in fields[name].fields}
    group = dict(merged[name]) if isinstance(merged.get(name), dict) else {}
    member, _, last = rest.rpartition(".")
    if last in inside and member:
        member = _as_there(fields[name], group, member)
        group[member] = {**group.get(member, {}), last: kept(inside[last], value)}
    elif isinstance(value, Mapping) and value.keys() <= inside.keys():
        rest = _as_there(fields[name], group, rest)
        group[rest] = {k: kept(inside[k], v) for k, v in value.items()}
    elif not value:
        group.pop(_as_there(fields[name], group, rest), None)
    else:
        return False
    merged[name] = group
    return True


def _is_empty(value: Any) -> bool:
    """Whether it clears a group; the CLI gives a list of texts."""
    return not value or value == [""]


def _as_there(field: Field, group: Mapping[str, Any], key: str) -> str:
    """A member's key as the group has it: a phone number is one member in any spelling."""
    if key in group or field.key_kind != "number":
        return key
    digits = read_number(key)[0]
    return next((k for k in group if digits and read_number(k)[0] == digits), key)


def _sealed(tx: Tx, change: Change, app: App, field: Field, value: Any) -> Any:
    if field.kind != "secret" or not value:
        return value
    secret_id = change.ids.new()
    sealed = change.vault.seal(str(value).strip(), context=secret_context(app.id, secret_id))
    tx.run(
        "INSERT INTO secret(app_id,id,sealed,field,at) VALUES (?,?,?,?,?)",
        (app.id, secret_id, sealed, field.name, change.now),
    )
    return {"secret": secret_id}


def missing(copy: Copy) -> list[Complaint]:
    """What stands in the way of enabling a copy's channel."""
    name = copy.config.channel.partner
    if name not in PARTNERS:
        return [Complaint("partner", Sentence("no_partner", {"name": "APP"}))]
    settings = copy.settings.get(name)
    if settings is None:
        return [Complaint(f.name, Sentence("field_missing", {"field": term(f.label)}))
                for f in partner(name).SETTINGS if f.required]  # fmt: skip
    return [
        *copy.complaints.get(name, []), *partner(name).missing(settings), *access.missing(copy)
    ]  # fmt: skip


words({"field_missing": "{field} is missing."})


def _complete(copy: Copy) -> None:
    """Raises SentenceError with what a channel lacks."""
    if lacks := missing(copy):
        raise SentenceError(
            Sentence("channel_incomplete", {"missing": together(c.sentence for c in lacks)})
        )


def enable(tx: Tx, change: Change, name: str, on: bool) -> App:
    """Switch the in-development channel on or off. Raises SentenceError listing what is missing."""
    app = find(tx, change.vault, name)
    if on:
        _complete(app.draft)
    config = app.draft.config
    channel = msgspec.structs.replace(config.channel, enabled=on)
    save(tx, change, app, msgspec.structs.replace(config, channel=channel))
    return find(tx, change.vault, name)


def publish(
    tx: Tx, change: Change, name: str, note: str = "", rev: int | None = None
) -> tuple[App, int]:
    """Make the in-development copy the published one. Returns the app and its new version. rev:
    the revision of it that was looked at; another one is not published. Raises SentenceError; a
    channel that is enabled must lack nothing, whatever was changed since it was."""
    app = _seen(find(tx, change.vault, name), rev)
    if app.published is not None and app.published.config == app.draft.config:
        raise SentenceError(Sentence("nothing_to_publish"))
    if app.draft.config.channel.enabled:
        _complete(app.draft)
    _claim_numbers(tx, change, app, app.draft)
    return _publish_body(tx, change, app, configs.encode(app.draft.config), note)


def rollback(
    tx: Tx, change: Change, name: str, version: int, rev: int | None = None
) -> tuple[App, int]:
    """Publish an older version again, channel and agent together, as a new version; it also
    becomes the in-development copy. rev: the revision of that which was looked at, if any."""
    app = _seen(find(tx, change.vault, name), rev)
    rows = tx.run("SELECT body FROM config WHERE app_id=? AND version=?", (app.id, version))
    if not rows:
        known = ", ".join(str(v[0]) for v in versions(tx, app))
        args = {"name": name, "version": version, "known": known or "none"}
        raise SentenceError(Sentence("version_unknown", args))
    body = rows[0][0]
    save(tx, change, app, configs.decode(body))
    app = find(tx, change.vault, name)
    _claim_numbers(tx, change, app, app.draft)
    return _publish_body(tx, change, app, body, f"roll back to {version}")


def _publish_body(tx: Tx, change: Change, app: App, body: str, note: str) -> tuple[App, int]:
    rows = tx.run("SELECT coalesce(max(version),0)+1 FROM config WHERE app_id=?", (app.id,))
    version = int(rows[0][0])
    tx.run(
        "INSERT INTO config(app_id,version,body,at,by,note) VALUES (?,?,?,?,?,?)",
        (app.id, version, body, change.now, change.who, note),
    )
    tx.run("UPDATE app SET published=? WHERE id=?", (version, app.id))
    before = None if app.published is None else str(app.published.version)
    audit(tx, change, app.id, "app.publish", app.name, before, str(version))
    return find(tx, change.vault, app.stream_id), version


def _claim_numbers(tx: Tx, change: Change, app: App, copy: Copy) -> None:
    """Raises SentenceError for a number that another app answers for."""
    for one in taken(read_apps(tx, change.vault), app, copy):
        raise SentenceError(one.sentence)


def taken(apps: Iterable[App], app: App, copy: Copy) -> list[Complaint]:
    """A number answers for one app, at whichever partner: those of a copy that the published
    channel of another of `apps` has."""
    fields = copy.partner.SETTINGS if copy.partner is not None else ()
    return taken_of(apps, app, copy.numbers(), fields)


def taken_of(
    apps: Iterable[App], app: App, mine: frozenset[str], fields: Sequence[Field]
) -> list[Complaint]:
    """As `taken`, for the numbers that a form with these fields lists."""
    from .standing import phone

    holds = (f.name for f in fields if f.kind in ("number", "numbers") or f.key_kind == "number")
    field = next(holds, "numbers")
    return [
        Complaint(field, Sentence("number_taken", {"number": phone(key), "app": other.name}))
        for other in apps
        if other.id != app.id and other.published is not None
        for key in sorted(mine & other.published.numbers())
    ]


def obstacles(tx: Tx, change: Change, app: App) -> list[Complaint]:
    """What stands in the way of publishing what is in development; each names its field."""
    lacks = missing(app.draft) if app.draft.config.channel.enabled else []
    return [*lacks, *taken(read_apps(tx, change.vault), app, app.draft)]


def _seen(app: App, rev: int | None) -> App:
    """The app, where what is in development is still what was looked at. Raises SentenceError."""
    if rev is not None and rev != app.draft_rev:
        raise SentenceError(Sentence("changed_meanwhile", {"name": app.name}))
    return app


def versions(tx: Tx, app: App) -> list[tuple[Any, ...]]:
    """(version, at, by, note), newest first."""
    return tx.run(
        "SELECT version,at,by,note FROM config WHERE app_id=? ORDER BY version DESC", (app.id,)
    )


def set_app(
    tx: Tx, change: Change, name: str, values: Mapping[str, Any], rev: int | None = None
) -> App:
    """Change what belongs to the app itself: agent, fallback, debounce_ms, session_minutes,
    resend_after_ms. rev: the revision that was looked at; another one is not written over."""
    app = _seen(find(tx, change.vault, name), rev)
    save(tx, change, app, msgspec.structs.replace(app.draft.config, **values))
    return find(tx, change.vault, name)


def audit(
    tx: Tx, change: Change, app_id: int, what: str, target: str,
    before: str | None, after: str | None,
) -> None:  # fmt: skip
    """Note who did what."""
    tx.run(
        "INSERT INTO audit(app_id,id,at,who,what,target,before,after) VALUES (?,?,?,?,?,?,?,?)",
        (app_id, change.ids.new(), change.now, change.who, what, target, before, after),
    )
