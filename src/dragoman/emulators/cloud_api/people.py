"""To whom a send goes.

Addresses are resolved as Meta does: a `to` without `+` gets the business number's country code,
and Brazil, Mexico and Argentina are written the way WhatsApp knows them.
Source: Meta, "Send messages" (number formats) and "Business-scoped user IDs" (2026).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from dragoman.domain.identity import Bsuid
from dragoman.domain.sentences import SentenceError
from dragoman.emulators import kit
from dragoman.emulators._cloud.checks import Refusal
from dragoman.emulators.kit import person_key, stranger
from dragoman.emulators.phone.handsets import HandsetContact, Handsets

from .config import EmulatorConfig, Number, Rules

_PUNCTUATION = str.maketrans("", "", " -().\u00a0")
_BRAZIL_KEEPS_NINE = 28  # area codes up to here are known to WhatsApp with the ninth digit


class Target(msgspec.Struct, frozen=True):
    """To whom a send goes. `lost`: a BSUID stood in `to`; Meta accepts that and sends nothing.

    key: the person's one name in the books: phone digits where known, else the BSUID.
    """

    input: str
    contact: HandsetContact
    known: bool = True
    by_bsuid: bool = False
    lost: bool = False

    @property
    def key(self) -> str:
        return person_key(self.contact)

    def answered(self) -> list[dict[str, str]]:
        """`contacts` in the answer of the send."""
        if self.by_bsuid:
            return [{"input": self.input, "user_id": self.contact.bsuid or self.input}]
        return [{"input": self.input, "wa_id": self.contact.phone or ""}]


def _brazil(digits: str) -> str:
    mobile = digits.startswith("55") and len(digits) == 13 and digits[4] == "9"
    if mobile and int(digits[2:4]) > _BRAZIL_KEEPS_NINE:
        return digits[:4] + digits[5:]
    return digits


def normalised(digits: str, switches: tuple[str, ...]) -> str:
    """The spelling that WhatsApp answers with as `wa_id`."""
    if "BR" in switches and digits.startswith("55"):
        return _brazil(digits)
    if "MX" in switches and digits.startswith("52") and len(digits) == 12:
        return "521" + digits[2:]
    if "AR" in switches and digits.startswith("54") and len(digits) == 12:
        return "549" + digits[2:]
    return digits


def dial(text: str, business: str, bare: str) -> str:
    """A `to` as digits with country code. Raises Refusal when it is no number."""
    plain = text.strip().translate(_PUNCTUATION)
    digits = plain.removeprefix("+")
    if not re.fullmatch(r"[0-9]{5,15}", digits):
        raise Refusal("phone_wrong")
    if plain.startswith("+"):
        return digits
    import phonenumbers  # 20 ms of import, for the few calls that leave the + out

    whole = phonenumbers.is_possible_number_string("+" + digits, "ZZ")
    if bare == "practice" and whole:
        return digits
    code = phonenumbers.parse("+" + business).country_code
    return f"{code}{digits}"


class People(kit.People):
    """Those of the kit, and Meta's rules of who a send goes to."""

    def __init__(self, config: EmulatorConfig, handsets: Handsets) -> None:
        super().__init__(handsets)
        self._config = config

    def target(self, body: dict[str, Any], number: Number, rules: Rules) -> Target:
        """Whom a checked send body addresses. Raises Refusal."""
        if body.get("recipient_type") == "group":
            raise Refusal("group_unknown", group=body.get("to"))
        to = body.get("to")
        if not to:
            bsuid = str(body["recipient"])
            contact = self.by_bsuid(bsuid)
            return Target(bsuid, contact or stranger(None, bsuid), contact is not None, True)
        if _is_bsuid(to):
            digits = re.sub(r"\D", "", to)[:15] or "0"
            return Target(to, stranger(digits), known=False, lost=True)
        digits = dial(to, number.display, self._config.bare_numbers)
        if digits == number.display:
            raise Refusal("self")
        if rules.allowed_recipients is not None and digits not in rules.allowed_recipients:
            raise Refusal("not_allowed")
        contact = self.by_phone(digits)
        usual = normalised(digits, self._config.normalise)
        return Target(to, contact or stranger(usual), contact is not None)


def _is_bsuid(text: str) -> bool:
    try:
        Bsuid(text.strip())
    except SentenceError:
        return False
    return True
