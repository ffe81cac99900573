"""A partner's console walked as a person walks it: what is copied out of it into the channel, and
what of the channel is pasted into it. As data, so that the demo and tests set channels up through
the same controls that a person uses.

Texts are templates: {webhook_url}, {callback_url}, {verify_token}, {client_id}, {client_secret} are
the platform's, {api} is where the emulated partner answers; what a step took from the console goes
by its control's id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from .console import Done, press

if TYPE_CHECKING:
    from .partner import PartnerEmulator


class Step(msgspec.Struct, frozen=True):
    """One panel. `button` "" only looks at it; `values` are typed first."""

    panel: str
    button: str = ""
    values: Mapping[str, str | bool] = {}


class Walk(msgspec.Struct, frozen=True):
    """give: before the channel is saved, where the console shows what the channel needs.
    fields: the channel's fields, from what was shown; nested for groups. take: after it was saved,
    where the console is given what is ours."""

    give: tuple[Step, ...]
    fields: Mapping[str, Any]
    take: tuple[Step, ...]


class Guard(msgspec.Struct, frozen=True):
    """A check of webhooks that both sides must be told of, beside the walk. label: for people, with
    a small letter. fields: the channel's. take: what the console is given. Their templates know
    {secret}, a new one each time."""

    label: str
    fields: Mapping[str, Any]
    take: tuple[Step, ...]


async def walked(
    emulator: PartnerEmulator, steps: Sequence[Step], known: Mapping[str, str]
) -> dict[str, str]:
    """Do these steps. `known`: the values of templates; returned with what the panels showed.
    Raises SentenceError where a button refuses."""
    told = dict(known)
    for step in steps:
        done: Done | None = None
        if step.button:
            values = {name: filled(value, told) for name, value in step.values.items()}
            done = await press(emulator, step.panel, step.button, values)
        for panel in emulator.console_state():
            if panel.id == step.panel:
                told |= {
                    one.id: str(one.value)
                    for one in panel.controls
                    if one.kind == "shown" and not one.hidden
                }
        if done is not None:
            told |= done.shown
    return told


def filled(template: Any, told: Mapping[str, str]) -> Any:
    """A template with its values in it; lists and dicts are filled inside, keys too."""
    if isinstance(template, str):
        return template.format_map(told)
    if isinstance(template, Mapping):
        return {filled(key, told): filled(value, told) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [filled(value, told) for value in template]
    return template
