"""The customer service window: when a free-form message may be sent to a contact.

24 hours from the contact's last message or call; a click on an ad that opens the chat gives 72 free
hours, but free-form messages still need the 24-hour window, so the free entry point never makes
this window longer. Judged when the message leaves, never when it was queued.

Source: Meta, "Messaging windows" and "Pricing: free entry points" (2026).
"""

from __future__ import annotations

import enum

import msgspec

HOUR_MS = 3_600_000
SERVICE_MS = 24 * HOUR_MS
FREE_ENTRY_MS = 72 * HOUR_MS


class Opener(enum.StrEnum):
    MESSAGE = "message"
    CALL = "call"
    FREE_ENTRY = "free_entry"


class Window(msgspec.Struct, frozen=True):
    """`until`: end of the window for free-form messages, Unix milliseconds. `free_until`: end of
    the free entry point, 0 where there is none (it decides cost, not permission)."""

    until: int
    opener: Opener = Opener.MESSAGE
    free_until: int = 0

    def open_at(self, now: int) -> bool:
        return now < self.until


CLOSED = Window(0)


def opened(by: Opener, partner_at: int, our_at: int) -> Window:
    """The window that an event opens. The earlier of the partner's clock and ours counts, so that
    a fast clock on either side never keeps it open too long."""
    start = min(partner_at, our_at)
    if by is Opener.FREE_ENTRY:
        return Window(start + SERVICE_MS, by, start + FREE_ENTRY_MS)
    return Window(start + SERVICE_MS, by)


def later(a: Window, b: Window) -> Window:
    """Two openings of one pair: the later end counts, for permission and for cost apart."""
    lead, other = (a, b) if a.until >= b.until else (b, a)
    return Window(lead.until, lead.opener, max(lead.free_until, other.free_until))
