"""Every error code that Meta can answer a message with, in neutral words, with what to do.

`KNOWN` maps the code (or `code/subcode`) to what the engine does and the sentence that people read:

- *concerns* decides who is held: number, account and token hold that number's queue, whether or
  not the call is `retryable`, until the cause is gone; pair holds this contact on this number;
  contact and message fail this message only; partner means Meta's service as a whole.
- *retryable* says that the same message may be made again, since nothing was sent.
- *wait*: seconds to wait before that, where Meta names them.

A refusal in Meta's own error shape is trusted: nothing was sent. So no entry here is ambiguous.

Source: Meta, "Error codes" (May 2026), "Groups: error codes", "Calling: troubleshooting",
Graph API "Handling errors".
"""

from __future__ import annotations

from dragoman.domain.errors import Code, Concerns
from dragoman.domain.sentences import words

from .error_access import ACCESS, LIMITS
from .error_sending import SENDING, TEMPLATES
from .known import Known

_MESSAGE = Concerns.MESSAGE
_CONTACT = Concerns.CONTACT
_NUMBER = Concerns.NUMBER
_PARTNER = Concerns.PARTNER

_REGISTRATION: dict[str, Known] = {
    "133000": Known(
        Code.NUMBER_NOT_REGISTERED,
        _NUMBER,
        "The number was not completely deregistered: deregister it again, then register it.",
    ),
    "133004": Known(
        Code.UNAVAILABLE,
        _PARTNER,
        "WhatsApp's registration server is unavailable for the moment; this is tried again.",
        retryable=True,
    ),
    "133005": Known(
        Code.INVALID,
        _NUMBER,
        "The two-step PIN is wrong: give the number's own PIN, or set a new one.",
    ),
    "133006": Known(
        Code.NUMBER_NOT_REGISTERED,
        _NUMBER,
        "The number must be verified again by SMS or call before it can be registered.",
    ),
    "133008": Known(
        Code.RATE,
        _NUMBER,
        "The two-step PIN was guessed wrong too often: wait as long as Meta says.",
    ),
    "133009": Known(
        Code.RATE,
        _NUMBER,
        "The two-step PIN was tried too fast: wait as long as Meta says.",
    ),
    "133010": Known(
        Code.NUMBER_NOT_REGISTERED,
        _NUMBER,
        "The number is not registered with WhatsApp: register it with its two-step PIN, then "
        "sending goes on.",
    ),
    "133015": Known(
        Code.NUMBER_NOT_REGISTERED,
        _NUMBER,
        "The number was deleted a moment ago: wait five minutes, then register it again.",
    ),
    "133016": Known(
        Code.RATE,
        _NUMBER,
        "The number was registered and deregistered more than ten times in 72 hours: wait 72 "
        "hours.",
    ),
}

_CALLS: dict[str, Known] = {
    "138000": Known(
        Code.UNSUPPORTED,
        _MESSAGE,
        "Calling is not switched on for this number: switch it on in the number's settings.",
    ),
    "138001": Known(
        Code.NOT_ON_WHATSAPP,
        _CONTACT,
        "The person cannot be called on WhatsApp: write to them instead.",
    ),
    "138002": Known(
        Code.RATE,
        _MESSAGE,
        "The number has as many calls at once as it may: try when some have ended.",
    ),
    "138003": Known(Code.INVALID, _MESSAGE, "There is already a call with this person."),
    "138004": Known(
        Code.UNAVAILABLE, _MESSAGE, "The call could not be connected: try again in a moment."
    ),
    "138005": Known(
        Code.RATE, _MESSAGE, "Too many call requests in a short time: try again in a while."
    ),
    "138006": Known(
        Code.NOT_OPTED_IN,
        _CONTACT,
        "The person has not permitted calls: send a call permission request first.",
    ),
    "138007": Known(Code.UNAVAILABLE, _MESSAGE, "The call timed out: try again in a moment."),
    "138009": Known(
        Code.PAIR_RATE,
        _CONTACT,
        "This person was asked for call permission too often: once in 24 hours and twice in "
        "seven days are allowed.",
    ),
    "138012": Known(
        Code.PAIR_RATE,
        _CONTACT,
        "This person was called as often as is allowed in 24 hours: try tomorrow.",
    ),
    "138013": Known(
        Code.UNSUPPORTED, _MESSAGE, "Calling by the business is not available for this number."
    ),
    "138014": Known(
        Code.ACCOUNT_LOCKED,
        _MESSAGE,
        "Calling is switched off for this number for low quality: see WhatsApp Manager.",
    ),
    "138015": Known(
        Code.PERMISSION,
        _MESSAGE,
        "Calling needs a messaging limit of at least 2,000 people: raise it first.",
    ),
    "138017": Known(
        Code.INVALID,
        _CONTACT,
        "The person has already permitted calls for good: call them without asking.",
    ),
    "138018": Known(
        Code.PERMISSION, _MESSAGE, "The number lacks something that calling needs: {said}"
    ),
    "138019-138025": Known(
        Code.UNAVAILABLE, _MESSAGE, "The call could not be set up at WhatsApp's side: {said}"
    ),
}

_FLOWS_GROUPS: dict[str, Known] = {
    "139000": Known(
        Code.FLOW, _MESSAGE, "The Flow is blocked for breaking a policy: see WhatsApp Manager."
    ),
    "139001-139004": Known(Code.FLOW, _MESSAGE, "WhatsApp could not change the Flow: {said}"),
    "139100": Known(
        Code.INVALID, _CONTACT, "Some people could not be blocked or unblocked: {said}"
    ),
    "139101": Known(
        Code.INVALID, _CONTACT, "The block list is full (64,000): unblock someone first."
    ),
    "139102": Known(
        Code.UNAVAILABLE,
        _CONTACT,
        "The block list is being changed elsewhere; this is tried again.",
        retryable=True,
    ),
    "139103": Known(
        Code.UNAVAILABLE,
        _CONTACT,
        "WhatsApp could not change the block list for the moment; this is tried again.",
        retryable=True,
    ),
    "131201": Known(Code.GROUP, _MESSAGE, "Only a part of the group's change was made: {said}"),
    "131202": Known(Code.GROUP, _MESSAGE, "A participant is named twice: name each one once."),
    "131204": Known(Code.GROUP, _MESSAGE, "The group has as many participants as it may."),
    "131207": Known(Code.GROUP, _MESSAGE, "The group is suspended: see WhatsApp Manager."),
    "131208": Known(
        Code.GROUP, _MESSAGE, "The group had too many changes in a short time: try in a while."
    ),
    "131209-131215": Known(Code.GROUP, _MESSAGE, "WhatsApp refused this for the group: {said}"),
}

KNOWN: dict[str, Known] = {
    **ACCESS,
    **LIMITS,
    **SENDING,
    **TEMPLATES,
    **_REGISTRATION,
    **_CALLS,
    **_FLOWS_GROUPS,
}

words({f"meta_error_{key}": known.text for key, known in KNOWN.items()})
