"""What the console needs of the running program, handed in by the composition root."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec

from dragoman.domain.clock import Clock
from dragoman.domain.sentences import Sentence
from dragoman.engine import doctor
from dragoman.engine.agents import Agents
from dragoman.engine.apps import App, Apps
from dragoman.engine.publish import Change
from dragoman.engine.replay import Exchange
from dragoman.engine.trying import Trying
from dragoman.store.store import Store


class EmulatedAccount(msgspec.Struct, frozen=True):
    """An emulated partner's account. number: its first, in digits. line: what the phone calls that.
    owner: the app that it is with. api: the fields of the channel that hold where the emulator is
    called, and that address."""

    partner: str
    number: str
    line: str
    owner: App | None
    api: Mapping[str, str]


class House(msgspec.Struct, frozen=True):
    """change(who): for functions of a transaction, at the real time. redactor: hides every known
    secret (`engine.why.story` takes it). command(name, args): an operator's command, as the CLI
    gives it. agents: the brains that are loaded; trying: runs a script that nobody waits for.
    hear(ear): tells `ear(kind, values)` of every wake of the store, in the loop (and of `let go`,
    from a signal, before the program stops); what it returns ends that. examined: what the doctor
    looks at. ready(): what stands in the way of keeping a message, in plain words; empty if nothing
    does. url_for(path): an address of ours as partners and people reach it. hosts: names that pages
    may be asked under besides this machine's own. secure: whether people reach us by https. guest:
    whether a browser on this machine needs no account (the demo). emulated: partner → address of
    its emulator's console, on this address; empty where none runs. accounts(): the account
    that each emulated partner has. set_up(who, stream id, partner): both sides of such an account;
    raises SentenceError. aside(work): it runs
    beside the request, until the program stops. replay(app id, message id): the turn of a message,
    then and now; raises SentenceError."""

    store: Store
    apps: Apps
    clock: Clock
    change: Callable[[str], Change]
    redactor: Any
    command: Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
    agents: Agents
    trying: Trying
    hear: Callable[[Callable[[str, list[Any]], None]], Callable[[], None]]
    examined: doctor.House
    replay: Callable[[int, int], Awaitable[list[Exchange]]]
    aside: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    ready: Callable[[], Awaitable[list[Sentence]]]
    url_for: Callable[[str], str]
    hosts: Sequence[str] = ()
    secure: bool = False
    guest: bool = False
    emulated: Mapping[str, str] = {}
    accounts: Callable[[], Sequence[EmulatedAccount]] = tuple
    set_up: Callable[[str, str, str], Awaitable[None]] | None = None
