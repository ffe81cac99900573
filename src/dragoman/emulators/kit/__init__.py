"""What every emulated messaging partner stands on, and how to write one.

An emulator is a folder `emulators/{partner}/` that imports this package and `domain`, never
`partners/`: it must know the wire by itself. It gives two things to the registry
(`emulators.app.EMULATORS`, one line): `Config`, a `PartnerConfig` whose defaults are a usable demo
account, and `build(config, clock, state_dir=None, *, handsets=None)`, which returns
`kit.made(Emulator, config, clock, state_dir, handsets)`. Times are milliseconds: *business* ones
move with the demo's clock (`clock.now()`), pauses and delays are real. Persons are
`HandsetContact`s; their one name in the books is `person_key(contact)`, phone digits or a BSUID.

**1. Config**: subclass `PartnerConfig` (prefix `/emulated/{partner}`, delays, rates, rules,
batching, retries, read policy); add the account: numbers, keys, what the console will hold.

**2. Emulator**: subclass `PartnerEmulator`.

    name, partner       "acme", "Acme": the registry's word, the word for people
    FAULTS              SHARED_FAULTS, or faults_with(SHARED_FAULTS, but={...}, and_=(...,))
    METHODS             HTTP methods that `serve` takes
    ALONE               kinds of updates that never share a POST (a flat inbound message)
    WALK                how a person sets a channel up at the console (see `walk`)
    WALKS               the same for the partner's other ways to speak, by name (optional)
    GUARDS              the checks of its webhooks that a person can set up besides (optional)
    __init__            call super().__init__, read what the books keep (`books.get`, `put`), then
                        `self.connect(MyLine(self, number, display, title))` for each number
    reset               call super().reset(), then forget what is your own
    async serve(request, path) -> Answer        the partner's HTTP API, from bytes to bytes
    address(item) -> str                        the URL of an update; "" while none is set
    envelope(items, url) -> Post                one POST of the updates of one URL and kind
    proof(item, url, body) -> dict              the headers for another body, where it is signed
    accepted(status) -> bool                    what counts as taken (200, unless overridden)
    reported(record, status, at, error) -> Update     the partner's own words for a status
    statuses(record) -> tuple[str, ...]         which statuses the partner reports at all
    shown(record) -> dict                       the message as a Cloud API send body, for the phone
    console_state() -> list[Panel]              the console, with the values it shows now
    async console_act(panel, button, values) -> Done | raise SentenceError
    controls() -> dict[str, Act]                further POSTs below `_control` (optional)
    more_state() -> dict                        further keys of `_control/state` (optional)
    effect(item)                                items of your own that you gave to timeline.add
    async opened(tell)                          what to do once the address can be reached

**3. A send**, inside `serve`, in this order:

    fault = await self.service_fault()          "" | "error_500" | "error_503": your body for it
    … authenticate, check …
    why = self.over_rate(number, person)        "" | "number" | "pair" (rates, and rate_429)
    record = self.accept({"id":…, "number":…, "contact":…, "body":…, "kind":…, "shown":…})
    await self.arrive(record)                   or self.fail(record, your_error)
    answer = Answer(body); status = self.spoil(answer)      timeout_after_accept, torn_body
    self.wire_out(number, "send text", status, request, record["id"], reply, contact_id)
    return answer

`window_open(number, person)` is the 24-hour window, `on_phone(person)` the phone's contact or None,
`people.by_phone(digits)` whoever is known by it, `rules.unreachable(contact)` who gets nothing.
`handsets.set_status(self.key(number), id, "read", at)` and `set_typing(self.key(number),
contact_id, until)` show the business's *read* and *typing* on the phone.

**4. Line**: subclass `PartnerLine`. `new_id(contact) -> str`, and `inbound(contact, body, quoted,
message_id, at) -> Update` from the Cloud-shaped body of what a person does; raise
`self.cannot_carry(kind)` for what this partner does not pass on. `payment(contact, record, outcome,
at) -> Update | None` where it tells of payments. Files people send are in
`emulator.media` (`Files`); override `store_media` only for ids in the partner's own form.

**5. build**: `made` calls the class, opens the phone's store when there is none, and sets `asgi`:
everything under the prefix, with `/_control` (see `control`) and `/console` (see `console`).

What the kit does: the real-time schedule of reports and their faults, webhooks with retries,
batching and lanes, ticks on the phone, state over restarts, the control API, the console's page.
"""

from __future__ import annotations

from .books import Books, Record
from .config import Batching, Delays, PartnerConfig, Rates, Rules
from .console import Done, Panel, api_url, button, choice, listed, secret, shown, switch, text
from .control import Act
from .dialog import dialog
from .faults import SHARED_FAULTS, Fault, Faults, faults_markdown, faults_with
from .files import Files, Stored, links_here
from .http import Answer, Asgi
from .line import PartnerLine
from .partner import PartnerEmulator, made
from .people import People, person_key, stranger
from .rates import Buckets
from .timeline import Item, Post, Timeline, Update
from .walk import Guard, Step, Walk, filled, walked

__all__ = [
    "SHARED_FAULTS",
    "Act",
    "Answer",
    "Asgi",
    "Batching",
    "Books",
    "Buckets",
    "Delays",
    "Done",
    "Fault",
    "Faults",
    "Files",
    "Guard",
    "Item",
    "Panel",
    "PartnerConfig",
    "PartnerEmulator",
    "PartnerLine",
    "People",
    "Post",
    "Rates",
    "Record",
    "Rules",
    "Step",
    "Stored",
    "Timeline",
    "Update",
    "Walk",
    "api_url",
    "button",
    "choice",
    "dialog",
    "faults_markdown",
    "faults_with",
    "filled",
    "links_here",
    "listed",
    "made",
    "person_key",
    "secret",
    "shown",
    "stranger",
    "switch",
    "text",
    "walked",
]
