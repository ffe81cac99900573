"""What an operator may change, by name. The CLI runs these on the database itself when no server
runs, and hands them to the server when one does; both end here, in one transaction.

Arguments and results are JSON values. Errors are SentenceError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from dragoman.domain.clock import id_number, id_text
from dragoman.domain.config import AgentConfig
from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.partners.contract import Complaint, Field
from dragoman.partners.registry import partner
from dragoman.store import doubts
from dragoman.store.drivers import Tx

from . import access, accounts, credentials, publish, switching
from .apps import App
from .publish import Change

words(
    {
        "command_unknown": "There is no command {name!r}.",
        "command_wrong": "The command {name} was not understood, so nothing was changed: "
        "{problem}.",
        "message_id_wrong": "{value!r} is no message id. They look like out-7F3KQ2M0ZB4C1.",
    }
)

Json = dict[str, Any]


def run(tx: Tx, change: Change, name: str, args: Mapping[str, Any]) -> Json:
    """One command inside an open transaction."""
    command = COMMANDS.get(name)
    if command is None:
        raise SentenceError(Sentence("command_unknown", {"name": name}))
    try:
        return command(tx, change, args)
    except SentenceError:
        raise
    except KeyError as error:
        problem = f"{error.args[0]} is missing"
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        problem = str(error)
    raise SentenceError(Sentence("command_wrong", {"name": name, "problem": problem}))


def message_id(text: str) -> int:
    """Our id from what a person wrote: `out-7F3K…`, with or without its lead."""
    bare = text.strip().rsplit("-", 1)[-1]
    try:
        return id_number(bare)
    except ValueError:
        raise SentenceError(Sentence("message_id_wrong", {"value": text})) from None


def _agent(args: Mapping[str, Any]) -> AgentConfig:
    """`agent`: the path of a file; `source`: a script itself; `example`: the tea shop's."""
    if args.get("example"):
        from dragoman.agents.examples import tea_shop

        return AgentConfig("script", source=tea_shop())
    if args.get("source"):
        return AgentConfig("script", source=str(args["source"]))
    path = str(args.get("agent", "") or "")
    if not path:
        return AgentConfig()
    return AgentConfig("script" if path.endswith(".js") else "python", path)


def _rev(args: Mapping[str, Any]) -> int | None:
    """`rev`: the revision of the in-development copy that somebody looked at, if one is given."""
    return None if args.get("rev") is None else int(args["rev"])


def _app_create(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    app = publish.create(tx, change, args["name"], _agent(args), args.get("stream_id"))
    return describe(app)


def _app_set(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    known = ("fallback", "debounce_ms", "session_minutes", "resend_after_ms")
    values = {k: args[k] for k in known if args.get(k) is not None}
    if args.get("agent") or args.get("source") or args.get("example"):
        values["agent"] = _agent(args)
    return describe(publish.set_app(tx, change, args["name"], values, _rev(args)))


def _app_publish(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    note = str(args.get("note", ""))
    app, version = publish.publish(tx, change, args["name"], note, _rev(args))
    return {**describe(app), "version": version}


def _app_rollback(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    name, version = args["name"], int(args["version"])
    app, version = publish.rollback(tx, change, name, version, _rev(args))
    return {**describe(app), "version": version}


def _app_list(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    from .apps import read_apps

    return {"apps": [describe(app) for app in read_apps(tx, change.vault)]}


def _app_versions(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    app = publish.find(tx, change.vault, args["name"])
    rows = publish.versions(tx, app)
    return {"versions": [{"version": v, "at": at, "by": by, "note": n} for v, at, by, n in rows]}


def _channel_set(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    app, complaints, switched_off = publish.set_channel(
        tx, change, args["name"], args.get("partner"), args.get("values", {}),
        args.get("switches"),
    )  # fmt: skip
    out = {**describe(app), "complaints": _told(complaints), "switched_off": switched_off}
    if (args.get("switches") or {}).get("url_secret") == "new":  # shown once
        out["url_key"] = app.draft.url_secret
    return out


def _channel_save(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    """A whole form at once: `partner`, `values`, `switches`, `enabled`. rev: the revision that the
    form was drawn from. What cannot be enabled yet is saved switched off, and `missing` says why.
    Raises SentenceError when somebody saved meanwhile."""
    app = publish.find(tx, change.vault, args["name"])
    if int(args["rev"]) != app.draft_rev:
        raise SentenceError(Sentence("changed_meanwhile", {"name": app.name}))
    asked = bool(args.get("enabled"))
    switches = {**(args.get("switches") or {}), "enabled": asked}
    app, complaints, _ = publish.set_channel(
        tx, change, args["name"], args["partner"], args.get("values", {}), switches
    )
    fresh = {"url_key": app.draft.url_secret} if switches.get("url_secret") == "new" else {}
    lacks = publish.missing(app.draft) if asked else []
    if lacks and app.draft.config.channel.enabled:
        app = publish.enable(tx, change, args["name"], False)
    return {**describe(app), "complaints": _told(complaints), "missing": _told(lacks), **fresh}


def _channel_enable(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    return describe(publish.enable(tx, change, args["name"], bool(args.get("on", True))))


def _channel_switch(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    """Publish the app with another partner, if nothing else of it waits to be published."""
    name, filled = args["name"], bool(args.get("filled"))
    app, version = switching.switch(tx, change, name, args["partner"], filled)
    return {**describe(app), "version": version}


def _channel_show(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    app = publish.find(tx, change.vault, args["name"])
    lacks = publish.missing(app.draft)
    stands = accounts.authorization(app.name, app.draft, change.now)
    told = "" if stands is None else say(stands.what)
    return {**describe(app), "missing": _told(lacks), "authorization": told}


def _channel_letter(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    """The secrets of the letter to the partner's support, beside what `describe` says: `url_key`,
    and `ready`, the values of its template by name."""
    app = publish.find(tx, change.vault, args["name"])
    talker, channel = app.draft.partner, app.draft.config.channel
    if talker is None:
        raise SentenceError(Sentence("no_partner", {"name": app.name}))
    if not talker.LETTER:
        raise SentenceError(Sentence("letter_none", {"partner": talker.LABEL, "name": app.name}))
    for lack in access.missing(app.draft):  # its credential was deleted
        raise SentenceError(lack.sentence)
    settings = app.draft.settings.get(talker.NAME)
    ready = {
        field.name: str(getattr(settings, field.name, ""))
        for field in talker.SETTINGS
        if field.kind == "secret" and f"{{{field.name}}}" in talker.LETTER
    }
    if app.draft.credential is not None:
        asked = {"name": app.name, "credential": app.draft.credential.name}
        ready["authorization"] = credentials.token(tx, change, asked)["authorization"]
    publish.audit(tx, change, app.id, "channel.letter", app.name, None, channel.partner)
    return {**describe(app), "url_key": app.draft.url_secret, "ready": ready}


words(
    {
        "letter_none": "{partner} needs no letter: what `dragoman channel show '{name}'` lists is "
        "pasted there by yourself.",
    }
)


def _channel_authorize(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    return msgspec.structs.asdict(
        accounts.begin(tx, change, args["name"], str(args["redirect_uri"]))
    )


def _settle(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    again = doubts.settle(
        tx, change.ids, message_id(args["id"]), bool(args["arrived"]), change.who, change.now
    )
    return {"again": None if again is None else f"out-{id_text(again)}"}


def _reopen(tx: Tx, change: Change, args: Mapping[str, Any]) -> Json:
    doubts.reopen(tx, change.ids, message_id(args["id"]), change.who, change.now)
    return {}


def _told(complaints: list[Complaint]) -> list[Json]:
    return [{"field": c.field, "sentence": say(c.sentence)} for c in complaints]


def _masked(fields: Sequence[Field], values: Mapping[str, Any]) -> Json:
    """Values with dots for secrets, also inside the members of groups."""
    known = {f.name: f for f in fields}
    out: Json = {}
    for key, value in values.items():
        field = known.get(key)
        if field is not None and field.kind == "group" and isinstance(value, dict):
            out[key] = {member: _masked(field.fields, inner) for member, inner in value.items()}
        elif field is not None and field.kind == "secret":
            out[key] = "••••••••" if value else ""
        else:
            out[key] = value
    return out


def describe(app: App) -> Json:
    """An app for people: no secret in it, ever."""
    draft = app.draft.config
    channel = draft.channel
    values: Json = {}
    if channel.partner:
        shown = partner(channel.partner).SETTINGS
        values = _masked(shown, channel.values.get(channel.partner, {}))
    live, open_to_all = app.published, access.warning(app.name, app.draft)
    return {
        "name": app.name,
        "stream_id": app.stream_id,
        "agent": {"kind": draft.agent.kind, "path": draft.agent.path},
        "partner": channel.partner,
        "enabled": channel.enabled,
        "values": values,
        "numbers": sorted(app.draft.numbers()),
        "published": live.version if live is not None else 0,
        "live_partner": live.config.channel.partner if live is not None else "",
        "live_enabled": live.config.channel.enabled if live is not None else False,
        "waiting": live is None or live.config != draft,
        "verify_token": values.get("verify_token", ""),
        "client_id": channel.associated,
        "credential": app.draft.credential.name if app.draft.credential is not None else "",
        "url_secret": channel.url_secret is not None,
        "allow_ips": list(channel.allow_ips),
        "proactive": channel.proactive,
        "unguarded": "" if open_to_all is None else say(open_to_all),
    }


COMMANDS: dict[str, Callable[[Tx, Change, Mapping[str, Any]], Json]] = {
    "app.create": _app_create,
    "app.set": _app_set,
    "app.publish": _app_publish,
    "app.rollback": _app_rollback,
    "app.list": _app_list,
    "app.versions": _app_versions,
    "channel.set": _channel_set,
    "channel.enable": _channel_enable,
    "channel.save": _channel_save,
    "channel.show": _channel_show,
    "channel.switch": _channel_switch,
    "channel.letter": _channel_letter,
    "channel.authorize": _channel_authorize,
    "credential.create": credentials.create,
    "credential.list": credentials.listed,
    "credential.rotate": credentials.rotate,
    "credential.delete": credentials.delete,
    "credential.token": credentials.token,
    "doubt.settle": _settle,
    "doubt.reopen": _reopen,
}
