"""What differs between two copies of an app's configuration, as people read it: by the labels of
the partner's form, secrets as *changed*, numbers as added and removed, a script line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from dragoman.domain import config as configs
from dragoman.domain.config import AgentConfig, AppConfig, ChannelConfig
from dragoman.domain.sentences import Sentence, map_texts, term, words
from dragoman.partners.contract import Field
from dragoman.partners.form import read_number
from dragoman.partners.registry import PARTNERS, partner
from dragoman.vault import Redactor

from . import people
from .keys import Credential
from .standing import phone

AROUND = 3  # unchanged lines of a script that are shown before and after a changed one
MOST_LINES = 2_000  # of a script's difference

words(
    {
        "audit_person": "{role}, {off}",
        "difference_inside": "{outer} › {member} › {label}",
        "difference_script": "script",
        "difference_script_file": "script file {path}",
        "difference_python": "Python file {path}",
    }
)

Kind = Literal["text", "secret", "list", "switch", "agent", "script", "unused"]


class ScriptLine(msgspec.Struct, frozen=True):
    """One line of a script's difference. mark: `+`, `-`, a space for one that stayed, `…` for a
    gap. before, after: its number in either text, 0 where it is not there."""

    mark: str
    text: str = ""
    before: int = 0
    after: int = 0


class Difference(msgspec.Struct, frozen=True):
    """One thing that differs. name: of the field, for links and for our own words. label: the
    partner's words for it; empty where the field is ours. before, after: as people read them,
    empty for nothing; `on` and `off` for a switch; `set` or empty for a secret, whose value is
    never here; the kind of an agent. added, removed: of a list. unused: a form of a partner that
    neither copy has chosen."""

    name: str
    kind: Kind
    label: Sentence | str = ""
    before: Sentence | str = ""
    after: Sentence | str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    lines: tuple[ScriptLine, ...] = ()


# What is ours in a configuration, as the pages call it.
OURS = {
    "partner": term("Messaging Partner"),
    "associated": term("Associate an App"),
    "url_secret": term("Secret in the URL"),
    "allow_ips": term("Addresses that webhooks may come from"),
    "enabled": term("Enable Channel"),
    "proactive": term("Proactive Notifications"),
    "typing": term("Show typing"),
    "read_receipts": term("Read receipts"),
    "share_sessions": term("One conversation over all numbers"),
    "agent": term("Agent"),
    "script": term("Script"),
    "fallback": term("Sentence when the agent fails"),
    "debounce_ms": term("Quick messages become one turn, in ms"),
    "session_minutes": term("Silence that ends a session, in minutes"),
    "resend_after_ms": term("Send again what is in doubt, after ms"),
    "timezone": term("Time zone"),
}


def called(one: Difference) -> Sentence | str:
    """How the pages call what differs."""
    return one.label or OURS.get(one.name, one.name)


def audited(
    what: str, before: str | None, after: str | None, redactor: Redactor,
    credentials: Mapping[str, Credential] | None = None,
) -> list[Difference]:  # fmt: skip
    """What an entry of the audit log changed, without known secrets. A save is told field by
    field; of all else the values themselves are, in a difference without a name."""
    if what == "app.save":
        was, now = (configs.read(text) for text in (before, after))
        if now is not None:
            return [_without(one, redactor) for one in differences(was, now, credentials)]
    if before is None and after is None:
        return []
    old, new = _role(what, before or ""), _role(what, after or "")
    return [_without(Difference("", "text", "", old, new), redactor)]


def _role(what: str, text: str) -> Sentence | str:
    """A value of an entry about a person: what is a role is a word of ours."""
    role, comma, off = text.partition(", ")
    if not what.startswith("person.") or role not in people.ROLES:
        return text
    return Sentence("audit_person", {"role": term(role), "off": term(off)}) if comma else term(role)


LONGEST = 300  # characters of a value that the audit log shows


def _without(one: Difference, redactor: Redactor) -> Difference:
    """Without known secrets; a long value is cut."""

    def hidden(value: Sentence | str) -> Sentence | str:
        if isinstance(value, Sentence):
            return map_texts(value, redactor.text)
        text = redactor.text(value)
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

    lines = tuple(msgspec.structs.replace(it, text=redactor.text(it.text)) for it in one.lines)
    return msgspec.structs.replace(
        one, before=hidden(one.before), after=hidden(one.after), lines=lines
    )


def differences(
    before: AppConfig | None, after: AppConfig, credentials: Mapping[str, Credential] | None = None
) -> list[Difference]:
    """What it takes from one configuration to another, in the order of the form. before: None
    where nothing was published yet. credentials: the app's, by client id, to call them by name."""
    old = before or AppConfig()
    return [
        *_channel(old.channel, after.channel, credentials or {}),
        *_agent(old.agent, after.agent),
        *_own(old, after),
    ]


# --- the channel ---------------------------------------------------------------------------------


def _channel(
    old: ChannelConfig, new: ChannelConfig, credentials: Mapping[str, Credential]
) -> Iterator[Difference]:
    if old.partner != new.partner:
        yield Difference("partner", "text", "", _label(old.partner), _label(new.partner))
    chosen = {old.partner, new.partner}
    for name in sorted({*old.values, *new.values}, key=lambda n: (n != new.partner, n)):
        mine, theirs = old.values.get(name, {}), new.values.get(name, {})
        if name in chosen and name in PARTNERS:
            yield from _values(partner(name).SETTINGS, mine, theirs, "")
        elif mine != theirs:
            yield Difference(f"values.{name}", "unused", _label(name))
    if old.associated != new.associated:
        was, now = (_signer(c.associated, credentials) for c in (old, new))
        yield Difference("associated", "text", "", was, now)
    if old.url_secret != new.url_secret:
        yield _secret("url_secret", "", old.url_secret, new.url_secret)
    if old.allow_ips != new.allow_ips:
        yield _list("allow_ips", "", old.allow_ips, new.allow_ips)
    for name in ("enabled", "proactive", "typing", "read_receipts", "share_sessions"):
        yield from _switch(name, "", getattr(old, name), getattr(new, name))


def _label(name: str) -> str:
    return partner(name).LABEL if name in PARTNERS else name


def _signer(client_id: str, credentials: Mapping[str, Credential]) -> str:
    one = credentials.get(client_id)
    return f"{one.name} ({client_id})" if one is not None else client_id


def _values(
    fields: Sequence[Field], old: Mapping[str, Any], new: Mapping[str, Any], path: str,
    outer: Mapping[str, Any] | None = None,
) -> Iterator[Difference]:  # fmt: skip
    for field in fields:
        was, now = old.get(field.name), new.get(field.name)
        if was == now:
            continue
        name, label = path + field.name, term(field.label)
        if outer is not None:
            label = Sentence("difference_inside", {**outer, "label": label})
        if field.kind == "group":
            yield from _group(field, _members(was), _members(now), name, label)
        elif field.kind == "secret":
            yield _secret(name, label, was, now)
        elif field.kind == "numbers":
            yield _list(name, label, _phones(was), _phones(now))
        elif field.kind == "switch":
            yield from _switch(name, label, _on(was, field), _on(now, field))
        else:
            before, after = _shown(field, was), _shown(field, now)
            if before != after:
                yield Difference(name, "text", label, before, after)


def _group(
    field: Field, old: Mapping[str, Any], new: Mapping[str, Any], name: str, label: Sentence
) -> Iterator[Difference]:
    """Members that came and went, then what differs inside those that stayed or came."""
    if old.keys() != new.keys():
        both = (tuple(map(_phone, group)) for group in (old, new))
        keys = both if field.key_kind == "number" else (tuple(old), tuple(new))
        yield _list(name, label, *keys)
    for member, inner in new.items():
        called = _phone(member) if field.key_kind == "number" else member
        outer = {"outer": label, "member": called}
        yield from _values(field.fields, old.get(member, {}), inner, f"{name}.{member}.", outer)


def _members(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _phones(value: Any) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(_phone(str(item)) for item in value)
    return (_phone(str(value)),) if value else ()


def _phone(text: str) -> str:
    """A number as people write it, however it was typed; what is none as it is."""
    return phone(read_number(text)[0]) or text


def _on(value: Any, field: Field) -> bool:
    """A switch as it was typed, in a form or at a command line."""
    given = field.default if value in (None, "") else value
    return given is True or str(given).casefold() in {"true", "on", "yes", "1"}


def _shown(field: Field, value: Any) -> Sentence | str:
    given = field.default if value in (None, "") else value
    text = "" if given is None else str(given)
    if field.kind == "number":
        return _phone(text)
    return term(dict(field.choices)[text]) if text in dict(field.choices) else text


def _secret(name: str, label: Sentence | str, old: Any, new: Any) -> Difference:
    return Difference(name, "secret", label, "set" if old else "", "set" if new else "")


def _list(name: str, label: Sentence | str, old: Sequence[str], new: Sequence[str]) -> Difference:
    added = tuple(item for item in new if item not in old)
    removed = tuple(item for item in old if item not in new)
    before, after = ("", "") if added or removed else (", ".join(old), ", ".join(new))
    return Difference(name, "list", label, before, after, added, removed)


def _switch(name: str, label: Sentence | str, old: bool, new: bool) -> Iterator[Difference]:
    if old != new:
        word = {True: "on", False: "off"}
        yield Difference(name, "switch", label, word[old], word[new])


# --- the agent and what belongs to the app itself ------------------------------------------------


def _agent(old: AgentConfig, new: AgentConfig) -> Iterator[Difference]:
    if (old.kind, old.path) != (new.kind, new.path):
        yield Difference("agent", "agent", "", _brain(old), _brain(new))
    if old.source != new.source:
        lines = script_difference(old.source, new.source)
        yield Difference("script", "script", lines=tuple(lines))


def _brain(agent: AgentConfig) -> Sentence | str:
    if agent.kind == "none":
        return ""
    if agent.kind == "script" and not agent.path:
        return Sentence("difference_script")
    id = "difference_python" if agent.kind == "python" else "difference_script_file"
    return Sentence(id, {"path": agent.path})


def script_difference(old: str, new: str) -> list[ScriptLine]:
    """Two scripts line by line, with gaps where nothing changed."""
    a, b = old.splitlines(), new.splitlines()
    out: list[ScriptLine] = []
    at = 0
    for group in difflib.SequenceMatcher(None, a, b, autojunk=False).get_grouped_opcodes(AROUND):
        if group[0][1] > at:
            out.append(ScriptLine("…"))
        for word, a1, a2, b1, b2 in group:
            if word == "equal":
                pairs = zip(range(a1, a2), range(b1, b2), strict=True)
                out += [ScriptLine(" ", a[i], i + 1, j + 1) for i, j in pairs]
            else:
                out += [ScriptLine("-", a[i], i + 1, 0) for i in range(a1, a2)]
                out += [ScriptLine("+", b[j], 0, j + 1) for j in range(b1, b2)]
            at = a2
        if len(out) > MOST_LINES:
            return [*out[:MOST_LINES], ScriptLine("…")]
    if out and at < len(a):
        out.append(ScriptLine("…"))
    return out


def _own(old: AppConfig, new: AppConfig) -> Iterator[Difference]:
    for name in ("fallback", "debounce_ms", "session_minutes", "resend_after_ms", "timezone"):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield Difference(name, "text", "", str(was), str(now))
