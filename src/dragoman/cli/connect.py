"""`dragoman connect PARTNER`: a real number, step by step, until a message was delivered."""

from __future__ import annotations

import time
from typing import Any

import click
import msgspec

from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.partners.contract import Field, Partner
from dragoman.settings import Settings
from dragoman.store.queries.messages import first_id

from .accounts import probe
from .common import asked, change, far_away, ours, print_gives, print_letter, settings

words(
    {
        "connect_no_server": "No server runs for {home}. Start one in another terminal with "
        "`dragoman serve`, so that the partner can reach it, and come back.",
        "connect_gaps": "Nothing was enabled or published, because the form has the gaps above: "
        "what was given is saved in development. Run `dragoman connect` again with the rest (the "
        "app: {name}).",
        "connect_refused": "Nothing was enabled or published, and what is live stays as it was: "
        "the values are saved in development. Run `dragoman connect` again with the right ones "
        "(the app: {name}).",
        "connect_set_form": "{value!r} sets nothing: write it as FIELD=VALUE.",
    }
)

STEPS = (
    ("verified", "{partner} verified this URL"),
    ("first_in", "First message in"),
    ("answered", "Answered, and {partner} took it"),
    ("delivered", "Delivered to the phone"),
)


@click.command()
@click.argument("partner")
@click.option("--app", "name", default="My agent", show_default=True, help="The app to set up.")
@click.option("--agent", type=click.Path(exists=True, dir_okay=False, resolve_path=True),
              help="The agent's file, where the app is new.")  # fmt: skip
@click.option("--wait", "wait_s", default=1800, show_default=True, help="Seconds to wait.")
@click.option("--set", "given", multiple=True, metavar="FIELD=VALUE",
              help="A field that is not asked for, such as an emulator's address.")  # fmt: skip
@click.pass_context
def connect(
    ctx: click.Context, /, partner: str, name: str, agent: str | None, wait_s: int,
    given: tuple[str, ...],
) -> None:  # fmt: skip
    """Set up a real number at a messaging partner, step by step."""
    from dragoman.partners.registry import partner as partner_of

    talker, s = partner_of(partner), settings(ctx)
    _need_server(s)
    shown = _app(s, name, agent)
    known = ours(s, {**shown, "partner": partner})
    click.echo(f"Webhook URL, for {_short(talker)}: {known['webhook_url']}")
    values = _ask(talker, _pairs(given))
    done = change(s, "channel.set", {"name": name, "partner": partner, "values": values})
    for complaint in done["complaints"]:
        click.echo(f"  ! {complaint['field']}: {complaint['sentence']}")
    if done["complaints"]:
        raise SystemExit(1)
    lacks = change(s, "channel.show", {"name": name})["missing"]
    for lack in lacks:
        click.echo(f"  ! {lack['sentence']}")
    if lacks:
        raise SentenceError(Sentence("connect_gaps", {"name": name}))
    problem = probe(s, name)
    mark = "●" if problem is None else "○" if problem == talker.NOT_CHECKABLE else "■"
    click.echo(f"  {mark} Credentials" + (f": {say(problem)}" if problem else ""))
    if mark == "■":  # what is live keeps its credentials
        raise SentenceError(Sentence("connect_refused", {"name": name}))
    began = int(time.time() * 1000)
    done = change(s, "channel.enable", {"name": name, "on": True})
    if done["unguarded"]:
        click.echo(f"  ! {done['unguarded']}")
    if done["waiting"] or not done["live_enabled"]:
        change(s, "app.publish", {"name": name, "note": "connect"})
    verifies = _print_paste(s, talker, change(s, "channel.show", {"name": name}))
    steps = [(step, label.format(partner=_short(talker))) for step, label in STEPS]
    watch = _Watch(talker.NAME, shown["stream_id"], began, tuple(done["numbers"]))
    _wait(s, watch, wait_s, steps if verifies else steps[1:])


def _short(talker: Partner) -> str:
    """The partner in a line of its own steps."""
    return "Meta" if talker.NAME == "cloud-api" else talker.LABEL


def _need_server(s: Settings) -> None:
    from dragoman.store.lock import running_server

    from .common import database_path

    path = database_path(s)
    if path is not None and running_server(path) is None:
        raise SentenceError(Sentence("connect_no_server", {"home": str(s.home)}))


def _app(s: Settings, name: str, agent: str | None) -> dict[str, Any]:
    apps = change(s, "app.list", {})["apps"]
    for found in apps:
        if found["name"] == name:
            if agent:
                change(s, "app.set", {"name": name, "agent": agent})
            return dict(found)
    return change(s, "app.create", {"name": name, "agent": agent})


def _pairs(given: tuple[str, ...]) -> dict[str, Any]:
    pairs = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise SentenceError(Sentence("connect_set_form", {"value": text}))
        pairs[key.strip()] = value
    return pairs


def _ask(talker: Partner, given: dict[str, Any]) -> dict[str, Any]:
    """What the form asks for beside its advanced fields and what has a default. Secrets are not
    shown and not kept in the shell's history."""
    values = dict(given)
    made_here = {give.name for give in talker.GIVES}  # a verify token
    for field in talker.SETTINGS:
        if field.name in {*values, *made_here} or not asked(field, talker.SETTINGS, values):
            continue
        if field.kind == "group":
            values |= _ask_group(talker, field, values) if field.required else {}
        elif _wanted(field):
            text = _ask_one(talker, field, field.name, values)
            if text:
                values[field.name] = text
    return values


def _wanted(field: Field) -> bool:
    """Whether a person is asked for a field: what is needed, and what may be (a login has a
    username beside its password), where there is no default to go by."""
    typed = field.kind in ("text", "secret", "number", "numbers", "url")
    return not field.advanced and (field.required or (typed and field.default in (None, "")))


def _ask_group(talker: Partner, group: Field, values: dict[str, Any]) -> dict[str, Any]:
    """Members one after the other, until none is named: `group.member.field` → value."""
    click.echo(f"\n{group.label}: {group.help}")
    found: dict[str, Any] = {}
    while True:
        more = "Enter ends" if found else "at least one"
        member = click.prompt(f"  {group.key_label} ({more})", default="", prompt_suffix="> ",
                              show_default=False).strip()  # fmt: skip
        if not member and found:
            return found
        for field in group.fields if member else ():
            if not (_wanted(field) and asked(field, group.fields, {})):
                continue
            path = f"{group.name}.{member}.{field.name}"
            text = _ask_one(talker, field, path, {**values, **found})
            if text:
                found[path] = text


def _ask_one(talker: Partner, field: Field, path: str, values: dict[str, Any]) -> Any:
    """One value, asked again while it is wrong; empty where it may be left out."""
    click.echo(f"\n{field.label}" + ("" if field.required else " (Enter leaves it out)"))
    if field.where_to_find:
        click.echo(f"  {field.where_to_find}")
    hidden = field.kind == "secret"
    lead = "  (not shown) " if hidden else "  "
    more: dict[str, Any] = {} if field.required else {"default": "", "show_default": False}
    while True:
        text = click.prompt(lead, prompt_suffix="> ", hide_input=hidden, **more)
        value = [t.strip() for t in text.split(",")] if field.kind == "numbers" else text
        _, complaints = talker.read_settings(_nested({**values, path: value}))
        wrong = [c for c in complaints if c.field == path]
        if not wrong:
            return value if text else ""
        for complaint in wrong:
            click.echo(f"  ! {say(complaint.sentence)}")


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """`group.member.field` as the settings hold it."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        group, _, rest = key.partition(".")
        if rest:
            member, _, field = rest.rpartition(".")
            out.setdefault(group, {}).setdefault(member, {})[field] = value
        else:
            out[key] = value
    return out


def _print_paste(s: Settings, talker: Partner, shown: dict[str, Any]) -> bool:
    """What of ours belongs at the partner. Whether the partner verifies the address."""
    known = ours(s, shown)
    click.echo(f"\nPaste these at {_short(talker)}")
    print_gives(talker, shown, known)
    print_letter(talker, shown, known)
    unreachable = far_away(talker.LABEL, known["webhook_url"])
    if unreachable is not None:
        click.echo(f"  ! {say(unreachable)}")
    click.echo("\nThen write to the number from a phone. Waiting; Ctrl-C stops waiting only.\n")
    return any(give.name == "verify_token" for give in talker.GIVES)


class _Watch(msgspec.Struct, frozen=True):
    """What is waited for: since when, and on which of our numbers."""

    partner: str
    stream_id: str
    began: int
    numbers: tuple[str, ...]


def _wait(s: Settings, watch: _Watch, wait_s: int, steps: list[tuple[str, str]]) -> None:
    """Tick what was seen, from rows and never from flags."""
    from dragoman.store.store import reader

    tx = reader(s.database_url)
    seen: set[str] = set()
    try:
        while len(seen) < len(steps) and time.time() * 1000 < watch.began + wait_s * 1000:
            found = _seen(tx, watch)
            for step, label in steps:
                if step in found and step not in seen:
                    seen.add(step)
                    when = time.strftime("%H:%M:%S", time.localtime(found[step] / 1000))
                    click.echo(f"  ● {label:<28} {when}")
            time.sleep(0.3)
    finally:
        tx.close()  # type: ignore[attr-defined]
    missing = [label for step, label in steps if step not in seen]
    if missing:
        click.echo(f"  ○ not yet seen: {', '.join(missing)}. `dragoman doctor` says why.")
        raise SystemExit(1)
    click.echo("\nThe number is connected.")


def _seen(tx: Any, watch: _Watch) -> dict[str, int]:
    """When each step was first seen since this began; the address may have been verified before."""
    row = tx.run("SELECT id FROM app WHERE stream_id=?", (watch.stream_id,))
    if not row:
        return {}
    app_id = row[0][0]
    marks = ",".join("?" * len(watch.numbers))
    own = f"SELECT id FROM number WHERE app_id=? AND partner=? AND key IN ({marks})"
    mine = (app_id, watch.partner, *watch.numbers)
    since = (app_id, first_id(watch.began), *mine)
    queries: dict[str, tuple[str, tuple[Any, ...]]] = {
        "verified": (
            "SELECT at FROM proof WHERE app_id=? AND step=?",
            (app_id, f"{watch.partner}/verified"),
        ),
        "first_in": (
            f"""SELECT at FROM message WHERE app_id=? AND id>? AND direction=0
            AND number_id IN ({own}) ORDER BY id LIMIT 1""",
            since,
        ),
        "answered": (
            f"""SELECT at FROM message WHERE app_id=? AND id>? AND direction=1 AND rank>=2
            AND rank<>4 AND number_id IN ({own}) ORDER BY id LIMIT 1""",
            since,
        ),
        "delivered": (
            f"""SELECT came FROM report WHERE app_id=? AND id>? AND status IN
            ('delivered','read','played') AND number_id IN ({own}) ORDER BY id LIMIT 1""",
            since,
        ),
    }
    found = {step: tx.run(sql, params) for step, (sql, params) in queries.items()}
    return {step: int(rows[0][0]) for step, rows in found.items() if rows}
