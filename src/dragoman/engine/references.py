"""Our reference on a message: what a partner echoes, and how a doubt is settled by it."""

from __future__ import annotations

from dragoman.domain.clock import id_number, id_text

_LEAD = "dragoman:"  # so that another program's reference is never taken for ours


def our_reference(message_id: int) -> str:
    """What is sent along with a message."""
    return _LEAD + id_text(message_id)


def our_message(reference: str | None) -> int | None:
    """The id of our message in an echoed reference; None for anyone else's."""
    if reference is None or not reference.startswith(_LEAD):
        return None
    try:
        return id_number(reference.removeprefix(_LEAD))
    except ValueError:
        return None
