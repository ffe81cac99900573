"""What Infobip's items have in common: times, numbers, people, and Meta's words in camel case."""

from __future__ import annotations

import datetime
import re
from typing import Any

from dragoman.domain.identity import Bsuid, Person, Phone
from dragoman.domain.sentences import Sentence, words
from dragoman.partners._cloud.people import bsuid, phone
from dragoman.partners._cloud.shape import Malformed, opt, opt_obj
from dragoman.partners.items import Items, iso_ms, unix_ms
from dragoman.partners.mapping import renamed

from .settings import Settings

words(
    {
        "infobip_nobody": "Infobip's item names neither a phone number nor a user id; it is kept "
        "as it came.",
        "infobip_no_number": "Infobip's item does not say which of our numbers it belongs to; it "
        "is kept as it came.",
    }
)

ITEMS = Items("infobip", "Infobip")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
# Between our reference and the number in an id that we choose: reports name no number.
_SEAM = "~"


def time_of(*values: Any) -> int:
    """The first value that can be read, in Unix ms: `2026-11-20T09:15:27.431+0000` and its
    relatives, or digits of seconds or milliseconds. Raises Malformed."""
    return ITEMS.time(*values, read=moment)


def moment(value: Any) -> int | None:
    """One value, in Unix ms; None for what is no time."""
    at = unix_ms(value)
    return iso_ms(value) if at is None else at


def written_time(at: int) -> str:
    """Unix ms as Infobip writes a time."""
    moment = _EPOCH + datetime.timedelta(milliseconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def digits(text: str | None) -> str:
    """A number as digits; empty for what is none, such as a sender in letters."""
    if not text or re.search(r"[^0-9+() .-]", text):
        return ""
    return re.sub(r"[^0-9]", "", text)


def need_number(text: str | None) -> str:
    """Our number as digits. Raises Malformed."""
    number = digits(text)
    if not number:
        raise Malformed(Sentence("infobip_no_number"))
    return number


# --- ids that we choose --------------------------------------------------------------------------


def message_id(reference: str, number: str) -> str:
    """The id of a message of ours: our reference and the number that it leaves from, which
    delivery and seen reports of the WhatsApp API do not tell."""
    return f"{reference}{_SEAM}{number}"


def reference_of(external_id: str) -> str:
    return external_id.rpartition(_SEAM)[0] or external_id


def number_of(external_id: str, settings: Settings, sender: str | None, *ends: str | None) -> str:
    """The number that a report belongs to: its sender, where it tells one; else what our id holds;
    else an end of it that is a number of ours; else the channel's, where it has one only. Empty
    where nobody knows."""
    ours, (_, seam, told) = settings.numbers, external_id.rpartition(_SEAM)
    if number := digits(sender):
        return number
    if seam and told.isascii() and told.isdigit():
        return told
    alone = ours[0] if len(ours) == 1 else ""
    return next((number for end in ends if (number := digits(end)) in ours), alone)


# --- people --------------------------------------------------------------------------------------


def person(item: dict[str, Any], *ids: str | None) -> Person:
    """Who an item is about: `contact`, and the ids that stand beside it, each of which may be a
    phone number or a business-scoped id. Empty where nothing can be read.

    NOT CONFIRMED: what stands in `from` for a person with a username, who may share no number.
    """
    contact = opt_obj(item, "contact")
    number, scoped = ids_of(opt(contact, "phoneNumber"), opt(contact, "userId"), *ids)
    parent, mark = bsuid(opt(contact, "parentUserId")), opt(opt_obj(item, "identity"), "hash")
    name, username = opt(contact, "name") or None, opt(contact, "username") or None
    username = username.removeprefix("@") if username else None
    return Person(number, scoped, parent, name, username, mark)


def somebody(item: dict[str, Any], *ids: str | None) -> Person:
    """The same, who must be known by an id. Raises Malformed."""
    found = person(item, *ids)
    if found.recipient is None:
        raise Malformed(Sentence("infobip_nobody"))
    return found


def ids_of(*told: str | None) -> tuple[Phone | None, Bsuid | None]:
    """The first phone number and the first business-scoped id of these, told apart by shape."""
    numbers = (phone(text) for text in told)
    scoped = (bsuid(text) for text in told)
    return next(filter(None, numbers), None), next(filter(None, scoped), None)


# --- Meta's words --------------------------------------------------------------------------------

_CAMEL = {"suffix": "nameSuffix", "prefix": "namePrefix", "ctwa_clid": "ctwaClickId"}
_SNAKE = {theirs: metas for metas, theirs in _CAMEL.items()}


def snake(value: Any) -> Any:
    """A value of Infobip's with Meta's names of members, which Meta's readers read."""
    return renamed(value, _snake)


def camel(value: Any) -> Any:
    """The other way round: Meta's members as Infobip names them."""
    return renamed(value, _camel)


def _snake(name: str) -> str:
    return _SNAKE.get(name) or re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return _CAMEL.get(name) or first + "".join(part.title() for part in rest)
