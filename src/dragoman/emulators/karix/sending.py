"""What becomes of a message that was checked: kept, then on its way, or failed in a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from dragoman.emulators.kit import Record, person_key, stranger

from . import wire
from .checks import Refusal
from .content import part_of, shown

if TYPE_CHECKING:
    from .emulator import Emulator


class Sending(msgspec.Struct):
    """One message to one person, checked. `dn`: which registered address gets its reports."""

    number: str
    to: str
    reference: dict[str, Any] | None
    content: dict[str, Any]
    kind: str
    dn: str


async def accept(emulator: Emulator, one: Sending) -> Record:
    """Keep a checked message and let its life begin. Raises Refusal when there are too many."""
    contact = emulator.people.by_phone(one.to) or stranger(one.to)
    over = emulator.over_rate(one.number, person_key(contact))
    if over == "number":
        raise Refusal("rate_number")
    by_template = one.kind in ("TEMPLATE", "MEDIA_TEMPLATE")
    given = part_of(one.kind, one.content) if by_template else None
    rendered, wrong = _rendered(emulator, given)

    def keep(data: bytes, mime: str, name: str | None) -> str:
        return emulator.media.keep(one.number, data, mime, name)

    record = emulator.accept(
        {
            "id": wire.new_mid(),
            "wamid": wire.new_wamid(one.to),
            "number": one.number,
            "to": one.to,
            "contact": contact,
            "kind": one.kind,
            "body": one.content,
            "reference": one.reference,
            "dn": one.dn,
            "template": "" if given is None else str(given.get("templateId", "")),
            "shown": shown(one.kind, one.content, rendered, keep),
        }
    )
    if over:
        wrong = Refusal("rate_pair")
    elif wrong is None and emulator.rules.unreachable(contact):
        wrong = Refusal("undeliverable")
    elif given is None and not emulator.window_open(one.number, record["person"]):
        wrong = Refusal("window_closed")
    if wrong is None:
        await emulator.arrive(record)
    else:
        emulator.fail(record, wrong)
    return record


def _rendered(
    emulator: Emulator, given: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, Refusal | None]:
    """What the person reads of a template, or what is wrong with it. An `autoTemplate` brings its
    own text (UNSURE)."""
    if given is None:
        return None, None
    if "autoTemplate" in given:
        return {"body": given["autoTemplate"], "buttons": []}, None
    try:
        return emulator.templates.compose(given), None
    except Refusal as refusal:
        return None, refusal
