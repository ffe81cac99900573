"""Asking somebody who is signed in for the password again, before a secret is shown."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request

from dragoman.domain.sentences import Sentence, words
from dragoman.engine import people

from .render import signed_in
from .site import house_of

words(
    {
        "password_guest": "You are a guest without an account here, so there is no password to "
        "ask for, and no secret is shown: sign in with an account first.",
        "password_wrong": "This is not your password, so nothing was shown: type the one you sign "
        "in with.",
    }
)


async def refuse(request: Request[Any, Any, Any], password: str, peer: str) -> Sentence | None:
    """Why somebody is not shown a secret: a guest, a wrong password, or too many of them (they
    are counted with those of signing in). None where the password is right."""
    house, who = house_of(request), signed_in(request)
    if who.is_guest:
        return Sentence("password_guest")
    keys = (f"email {who.person.email}", f"peer {peer}")
    now = house.clock.real()
    wait = await house.store.read(lambda tx: people.wait_ms(tx, keys, now))
    if wait:
        return Sentence("signin_wait", {"seconds": -(-wait // 1000)})
    one, kept = await house.store.read(lambda tx: people.candidate(tx, who.person.email))
    if one is None or not await asyncio.to_thread(people.matches, kept, password):
        await house.store.do(lambda tx: people.failed(tx, keys, now))
        return Sentence("password_wrong")
    return None
