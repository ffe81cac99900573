"""What a partner can tell us. One POST holds many events, each on its own.

All times are Unix milliseconds by the partner's clock. `number` is the partner's key of our
number that an event belongs to (Cloud API: the phone number id), `display` its digits where
given. `raw` keeps the partner's own item, so that nothing is lost to a shape we did not know.
"""

from __future__ import annotations

from typing import Any

import msgspec

from .content import Inbound, Problem
from .identity import Person
from .sentences import Sentence
from .status import Status


class _Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="event"):
    pass


class Quoted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a message refers to: a quoted message, a product, or that it was passed on."""

    id: str | None = None
    sender: str | None = None
    forwarded: bool = False
    frequently_forwarded: bool = False
    product_id: str | None = None
    catalog_id: str | None = None


class Referral(msgspec.Struct, frozen=True, omit_defaults=True):
    """The ad or post that a person came from."""

    source_url: str | None = None
    source_id: str | None = None
    source_type: str | None = None
    headline: str | None = None
    body: str | None = None
    media_type: str | None = None
    media_url: str | None = None
    thumbnail_url: str | None = None
    click_id: str | None = None
    welcome: str | None = None


class InboundMessage(_Event, frozen=True, tag="message"):
    """A person wrote. `external_id` is the partner's id, None where the partner gives none;
    `dedupe_key` is then a hash that the partner's `parse` computes. `group` is set for messages
    in a group chat, which are kept and never answered."""

    number: str
    external_id: str | None
    dedupe_key: str
    sender: Person
    at: int
    content: Inbound
    quoted: Quoted | None = None
    referral: Referral | None = None
    group: str | None = None
    display: str = ""
    raw: Any = None


class Pricing(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the partner says a message costs: categories only, never money."""

    category: str | None = None
    type: str | None = None
    model: str | None = None
    billable: bool | None = None


class StatusUpdate(_Event, frozen=True, tag="status"):
    """A step of the ladder for a message of ours. `reference` is our own reference, echoed.
    `participant` for groups, in the chat `group`; `recipient` is then that participant.
    `free_entry_until` where the partner names a free entry point."""

    number: str
    external_id: str
    dedupe_key: str
    status: Status
    at: int
    recipient: Person
    reference: str | None = None
    errors: tuple[Problem, ...] = ()
    error: SendProblem | None = None
    pricing: Pricing | None = None
    participant: str | None = None
    group: str | None = None
    free_entry_until: int | None = None
    word: str = ""
    display: str = ""
    raw: Any = None


class SendProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A later failure in neutral words: what a report carries of `errors.SendError`."""

    code: str
    sentence: Sentence
    concerns: str
    partner_code: str = ""
    partner_text: str = ""


class PaymentUpdate(_Event, frozen=True, tag="payment"):
    """A payment moved: `status` is the partner's word (captured, pending, …)."""

    number: str
    dedupe_key: str
    reference_id: str
    status: str
    at: int
    recipient: Person
    external_id: str | None = None
    data: dict[str, Any] = {}
    display: str = ""
    raw: Any = None


class CallEvent(_Event, frozen=True, tag="call"):
    """A voice call began, rang or ended. An inbound call opens the window like a message."""

    number: str
    dedupe_key: str
    external_id: str
    type: str
    at: int
    person: Person
    inbound: bool
    data: dict[str, Any] = {}
    display: str = ""
    raw: Any = None


class BusinessEcho(_Event, frozen=True, tag="echo"):
    """The business wrote from its own phone, beside us."""

    number: str
    dedupe_key: str
    external_id: str
    recipient: Person
    at: int
    type: str
    text: str = ""
    display: str = ""
    raw: Any = None


class Preference(_Event, frozen=True, tag="preference"):
    """A person stopped or resumed marketing messages."""

    number: str
    dedupe_key: str
    person: Person
    category: str
    stopped: bool
    at: int
    display: str = ""
    raw: Any = None


class TemplateUpdate(_Event, frozen=True, tag="template"):
    """A template's status, quality, category or text changed. `language` with underscore."""

    dedupe_key: str
    account: str
    template_id: str
    name: str
    language: str
    field: str
    change: str
    at: int
    reason: str | None = None
    raw: Any = None


class AccountEvent(_Event, frozen=True, tag="account"):
    """Something about the account or a number: a limit, a restriction, a name, a setting.
    `field` is the subscription it came by, `change` its own word for what happened."""

    dedupe_key: str
    account: str
    field: str
    change: str
    at: int
    number: str = ""
    display: str = ""
    data: dict[str, Any] = {}
    raw: Any = None


class NumberProblem(_Event, frozen=True, tag="number_problem"):
    """An error that concerns a number and not one message."""

    number: str
    dedupe_key: str
    errors: tuple[Problem, ...]
    at: int
    display: str = ""
    raw: Any = None


class KeptEvent(_Event, frozen=True, tag="kept"):
    """A subscribed or unknown thing that has no type of its own: kept raw, counted, shown."""

    dedupe_key: str
    account: str
    field: str
    at: int
    number: str = ""
    display: str = ""
    known: bool = True
    raw: Any = None


class Rejected(_Event, frozen=True, tag="rejected"):
    """An item that could not be read. It is kept with the reason; its neighbours go on."""

    reason: Sentence
    path: str = ""
    raw: Any = None


Event = (
    InboundMessage
    | StatusUpdate
    | PaymentUpdate
    | CallEvent
    | BusinessEcho
    | Preference
    | TemplateUpdate
    | AccountEvent
    | NumberProblem
    | KeptEvent
)
