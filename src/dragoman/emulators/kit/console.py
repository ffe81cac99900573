"""A partner's console as data: panels of controls, and what pressing a button needs.

A panel stands where the partner has it (`path_words`: "Channels and Numbers › WhatsApp › Senders")
and is built anew each time it is looked at, so its values are those of now. What a person sees of
it is one page; a program asks for the same as JSON (see `console_page`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from dragoman.domain.sentences import Sentence, SentenceError, words

if TYPE_CHECKING:
    from .partner import PartnerEmulator

words(
    {
        "console_panel_unknown": "{partner}'s console has no panel {panel!r}: its panels are "
        "{known}.",
        "console_button_unknown": "The panel {panel} has no button {button!r}: its buttons are "
        "{known}.",
        "console_value_unknown": "The panel {panel} has no field {field!r}: its fields are "
        "{known}.",
        "console_value_wrong": "The field {field!r} takes {takes}: give one of those.",
        "console_request_wrong": "The console takes an object with button and values: {why}.",
    }
)


class Control(msgspec.Struct, kw_only=True):
    """One thing in a panel; made by the functions below."""

    kind: Literal["text", "secret", "switch", "choice", "shown", "button", "list"]
    id: str
    label: str
    help: str = ""
    value: str | bool = ""
    placeholder: str = ""
    rows: int = 1
    options: list[tuple[str, str]] = []
    hidden: bool = False
    lead: bool = False
    columns: list[str] = []
    lines: list[list[str]] = []


class Panel(msgspec.Struct):
    """`help` is one or two sentences below the title. Ids are words of letters, digits, `_`."""

    id: str
    title: str
    path_words: str
    controls: list[Control]
    help: str = ""


class Done(msgspec.Struct):
    """What came of a button: a sentence, and the values that are shown this once (id of a `shown`
    control → value)."""

    sentence: Sentence
    shown: dict[str, str] = {}


def text(
    id: str, label: str, value: str = "", *, help: str = "", rows: int = 1, placeholder: str = ""
) -> Control:
    """A field to type into; `rows` over 1 is a field of lines."""
    return Control(
        kind="text", id=id, label=label, value=value, help=help, rows=rows, placeholder=placeholder
    )


def secret(id: str, label: str, *, help: str = "") -> Control:
    """A password to give. Its value is never shown again."""
    return Control(kind="secret", id=id, label=label, help=help)


def switch(id: str, label: str, value: bool, *, help: str = "") -> Control:
    return Control(kind="switch", id=id, label=label, value=value, help=help)


def choice(
    id: str, label: str, value: str, options: list[tuple[str, str]], *, help: str = ""
) -> Control:
    """One of `options`: (value, label)."""
    return Control(kind="choice", id=id, label=label, value=value, options=options, help=help)


def shown(id: str, label: str, value: str = "", *, hidden: bool = False, help: str = "") -> Control:
    """A value to copy. `hidden`: dots, until a button's `Done.shown` brings it."""
    value = "" if hidden else value
    return Control(kind="shown", id=id, label=label, value=value, hidden=hidden, help=help)


def api_url(emulator: PartnerEmulator) -> Control:
    """Where the emulated API answers, beside what else is copied. A hint of the emulator's own: a
    partner's real console has no need of it."""
    return shown(
        "api_url",
        "API base URL",
        emulator.base_url,
        help="Of this emulator: copied into the channel too, it is called in the partner’s place.",
    )


def button(id: str, label: str, *, lead: bool = False, help: str = "") -> Control:
    """Something to do with the panel's fields; `lead` is the panel's main button."""
    return Control(kind="button", id=id, label=label, lead=lead, help=help)


def listed(
    id: str, label: str, columns: list[str], lines: list[list[str]], *, help: str = ""
) -> Control:
    """A table to read."""
    return Control(kind="list", id=id, label=label, columns=columns, lines=lines, help=help)


async def press(
    emulator: PartnerEmulator, panel_id: str, button_id: str, values: dict[str, Any]
) -> Done:
    """Press a button as a person does: fields that `values` leaves out keep what they show,
    secrets are empty. Without `button_id` it is the panel's first. Raises SentenceError."""
    panels = {panel.id: panel for panel in emulator.console_state()}
    if panel_id not in panels:
        raise _wrong("console_panel_unknown", panels, partner=emulator.partner, panel=panel_id)
    panel = panels[panel_id]
    buttons = [one.id for one in panel.controls if one.kind == "button"]
    button_id = button_id or next(iter(buttons), "")
    if button_id not in buttons:
        raise _wrong("console_button_unknown", buttons, panel=panel_id, button=button_id)
    fields = {one.id: one for one in panel.controls if one.kind in _FIELDS}
    for name in values:
        if name not in fields:
            raise _wrong("console_value_unknown", fields, panel=panel_id, field=name)
    given = {name: values.get(name, one.value) for name, one in fields.items()}
    for name, value in given.items():
        _check(fields[name], value)
    return await emulator.console_act(panel_id, button_id, given)


_FIELDS = ("text", "secret", "switch", "choice")


def _check(field: Control, value: Any) -> None:
    options = [option for option, _ in field.options]
    if field.kind == "switch":
        good, takes = isinstance(value, bool), "true or false"
    elif field.kind == "choice":
        good, takes = value in options, ", ".join(options)
    else:
        good, takes = isinstance(value, str), "text"
    if not good:
        raise SentenceError(Sentence("console_value_wrong", {"field": field.id, "takes": takes}))


def _wrong(sentence: str, known: Any, **values: Any) -> SentenceError:
    return SentenceError(Sentence(sentence, {**values, "known": ", ".join(known) or "none"}))
