"""What can go wrong with a send, in words that do not depend on the partner."""

from __future__ import annotations

import enum

import msgspec

from .sentences import Sentence


class Concerns(enum.StrEnum):
    """Whom a refusal is about: it decides what is held and what merely fails."""

    MESSAGE = "message"
    PAIR = "pair"
    CONTACT = "contact"
    NUMBER = "number"
    ACCOUNT = "account"
    TOKEN = "token"
    PARTNER = "partner"  # their service as a whole: an outage, a timeout


class Code(enum.StrEnum):
    """The error taxonomy. Partners map their own codes onto it; the partner's code is kept too."""

    INVALID = "invalid"  # a field is wrong; the same message will be refused again
    UNSUPPORTED = "unsupported"  # this partner cannot say this
    TOO_LONG = "too_long"
    WINDOW_CLOSED = "window_closed"
    NOT_ON_WHATSAPP = "not_on_whatsapp"
    BLOCKED = "blocked"
    OPTED_OUT = "opted_out"
    NOT_OPTED_IN = "not_opted_in"
    NOT_ALLOWED_RECIPIENT = "not_allowed_recipient"
    IDENTITY_CHANGED = "identity_changed"
    MARKETING_CAPPED = "marketing_capped"
    EXPERIMENT = "experiment"
    MEDIA = "media"
    TEMPLATE_MISSING = "template_missing"
    TEMPLATE_PARAMETERS = "template_parameters"
    TEMPLATE_PAUSED = "template_paused"
    TEMPLATE_DISABLED = "template_disabled"
    PAIR_RATE = "pair_rate"
    RATE = "rate"
    SPAM_RATE = "spam_rate"
    TOKEN = "token"
    PERMISSION = "permission"
    NUMBER_NOT_REGISTERED = "number_not_registered"
    ACCOUNT_LOCKED = "account_locked"
    BILLING = "billing"
    COUNTRY = "country"
    PAYMENT = "payment"
    FLOW = "flow"
    GROUP = "group"
    UNAVAILABLE = "unavailable"  # their service is down or busy; nothing was sent
    IN_DOUBT = "in_doubt"  # the call left, no readable answer came
    EGRESS = "egress"  # we refused to make the call (address not allowed)
    EXPIRED = "expired"  # it waited longer than it may
    UNKNOWN = "unknown"


NOT_AGREED = frozenset({Code.NOT_OPTED_IN, Code.OPTED_OUT})  # what is known of consent is over


class SendError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a send did not end in a partner's id.

    retryable: the same call may be made again, because nothing was sent.
    ambiguous: it may have been sent; never repeat blindly. Never both.
    concerns: what to hold (number, account, token, pair) or to fail (message, contact).
    retry_after: seconds the partner asked us to wait, if it did.
    partner_code, partner_text: the partner's own words, kept as they came.
    """

    code: Code
    sentence: Sentence
    retryable: bool = False
    ambiguous: bool = False
    concerns: Concerns = Concerns.MESSAGE
    partner_code: str = ""
    partner_text: str = ""
    retry_after: float | None = None
