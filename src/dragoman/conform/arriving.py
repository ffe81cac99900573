"""Checks of bodies that no partner should send: each item on its own, and nothing else lost."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from dragoman.domain.sentences import words
from dragoman.emulators.kit import Item, Post

from . import altered
from .bench import Bench, Kept, Wrong, expect
from .bodies import (
    FORM,
    Kind,
    Tried,
    Watch,
    pushed,
    said_by_people,
    told,
    told_of_sends,
    tried,
    written,
)

words(
    {
        "conform_no_json_inside": "{partner} writes no JSON inside texts.",
        "conform_no_numbered_times": "{partner} writes no times as numbers.",
        "conform_no_batches": "{partner} sends each thing in a POST of its own.",
        "conform_number_unsaid": "{partner} does not say which number a person wrote to.",
    }
)
A_BSUID = "US.13491208655302741918"
DAY_MS = 86_400_000


async def _everything(bench: Bench) -> list[Kind]:
    return [*await said_by_people(bench), *await told_of_sends(bench)]


async def broken_json(bench: Bench) -> None:
    watch = await Watch.begun(bench)
    posts: list[tuple[str, Post]] = []
    for name, make, mime in _UNREADABLE:
        item = bench.text(bench.person(), "whole")  # another one each time: all of them are news
        posts.append((name, bench.signed(item, make(bench.post(item)), mime)))
    await watch.survived(await pushed(bench, posts))


def _json(post: Post) -> bytes:
    return json.dumps(told(post)).encode()


JSON = "application/json"
_UNREADABLE: tuple[tuple[str, Callable[[Post], bytes], str | None], ...] = (
    ("a body cut off", lambda post: post.body[:-3], None),
    ("half a body", lambda post: post.body[: len(post.body) // 2], None),
    ("an empty body", lambda post: b"", None),
    ("a body of one brace", lambda post: b"{", None),
    ("bytes that are no text", lambda post: b"\xff\xfe\x00\x01", None),
    ("JSON in UTF-16", lambda post: _json(post).decode().encode("utf-16"), JSON),
    ("JSON with a comma too many", lambda post: _json(post)[:-1] + b",}", JSON),
    ("arrays in arrays, ten thousand deep", lambda post: b"[" * 10_000, JSON),
    ("null", lambda post: b"null", JSON),
    ("a number", lambda post: b"7", JSON),
    ("a text", lambda post: b'"text"', JSON),
    ("an empty object", lambda post: b"{}", JSON),
    ("an empty array", lambda post: b"[]", JSON),
    ("a form that is none", lambda post: b"%%%=%zz&&=", FORM),
    ("JSON that is said to be a form", _json, FORM),
    ("a form where JSON is expected", lambda post: b"a=1&b=%7B%22c%22%3A2%7D", JSON),
)


async def unknown_type(bench: Bench) -> None:
    watch = await Watch.begun(bench)
    bodies = await tried(bench, await _everything(bench), altered.unknown_words)
    if not bodies:
        raise Wrong("places that name a kind", "at least one", "none")
    kept = await watch.survived(bodies)
    for one in bodies:
        if one.body in kept and not kept[one.body].items:
            raise Wrong(f"what is shown of {one.done}", "an item or a reason", "nothing")


async def nulls(bench: Bench) -> None:
    watch = await Watch.begun(bench)
    await watch.survived(await tried(bench, await _everything(bench), altered.without))


async def misshapen(bench: Bench) -> None:
    watch = await Watch.begun(bench)
    await watch.survived(await tried(bench, await _everything(bench), altered.misshapen))


async def json_in_json(bench: Bench) -> None:
    watch = await Watch.begun(bench)
    bodies = await tried(bench, await _everything(bench), altered.unparseable)
    if not bodies:
        raise bench.absent("conform_no_json_inside")
    await watch.survived(bodies)


async def times(bench: Bench) -> None:
    watch = await Watch.begun(bench)
    hook, now = await bench.newest_hook(), bench.emulator.clock.now()
    kinds = await _everything(bench)
    bodies = await tried(bench, kinds, lambda value: altered.times(value, now))
    if not bodies:
        raise bench.absent("conform_no_numbered_times")
    await watch.survived(bodies)
    for table in ("message", "report"):
        rows = await bench.product.rows(
            f"SELECT at FROM {table} WHERE hook_id>? AND abs(at-?)>?", hook, now, DAY_MS
        )
        expect(f"times of a {table} that are more than a day away", [], rows)


async def bsuid_for_phone(bench: Bench) -> None:
    watch = await Watch.begun(bench)
    posts: list[tuple[str, Post]] = []
    for kind in await said_by_people(bench):
        item = kind.another()
        usual = bench.post(item)
        value = altered.replaced(told(usual), _phone(item), A_BSUID)
        body = written(value, usual.content_type)
        posts.append((f"{kind.name} with a user id for a phone", bench.signed(item, body)))
    bodies = await pushed(bench, posts)
    kept = await watch.survived(bodies)
    for one in bodies:
        if one.body in kept and not kept[one.body].items:
            raise Wrong(f"what is shown of {one.done}", "a message or a reason", "nothing")
    wrong = await bench.product.rows(
        "SELECT value FROM identity WHERE kind=1 AND value GLOB '*[^0-9]*'"
    )
    expect("phone numbers with letters", [], wrong)


def _phone(item: Item) -> str:
    return str(item["contact"]).removeprefix("wa-")


async def batch(bench: Bench) -> None:
    kinds = [k for k in await _everything(bench) if not bench.alone(k.another())]
    if not kinds:
        raise bench.absent("conform_no_batches")
    watch = await Watch.begun(bench)
    new = secrets.token_hex(8)  # the same bad item again would be known
    bodies: list[Tried] = []
    for bad in (f"text {new}", {"something": new}, [[new]], int(new, 16) >> 8):
        bodies += await _in_the_middle(bench, kinds[0], bad)
    often = [
        *await _in_the_middle(bench, kinds[0], None),
        *await _in_the_middle(bench, kinds[0], {}),
    ]
    kept = await watch.survived([*bodies, *often])
    for one in (*bodies, *often):
        found = kept[one.body]
        enough = 3 if one in bodies else 2
        if max(found.messages, found.reports) != 2 or found.items < enough:
            raise Wrong(f"what is kept of {one.done}", "both neighbours and a reason", found)


async def _in_the_middle(bench: Bench, kind: Kind, bad: Any) -> list[Tried]:
    """A bad item between two good ones."""
    items = [kind.another() for _ in range(3)]
    usual = bench.post(*items)
    value = told(usual)
    lists = (p for p, there in altered.places(value) if isinstance(there, list) and len(there) == 3)
    found = next(lists, None)
    if found is None:
        raise Wrong("the items of a batch of three in its body", "a list of three", "none")
    path = (*found, 1)
    body = written(altered.put(value, path, bad), usual.content_type)
    post = bench.signed(items[0], body)
    return await pushed(bench, [(f"a batch with {json.dumps(bad)} in it", post)])


async def number_unlisted(bench: Bench) -> None:
    watch = await Watch.begun(bench)
    person = bench.person()
    item = bench.text(person, "to another number")
    usual = bench.post(item)
    value = told(usual)
    for ours in {bench.line.number, bench.line.display}:
        value = altered.replaced(value, ours, ours[:-2] + ("77" if ours[-2:] != "77" else "78"))
    if value == told(usual):
        raise bench.absent("conform_number_unsaid")
    bodies = await pushed(bench, [("it", bench.signed(item, written(value, usual.content_type)))])
    kept = await watch.survived(bodies)
    expect("what is kept", 1, kept.get(bodies[0].body, Kept()).messages)
    rows = await bench.product.rows(
        """SELECT m.answer,m.why FROM message m JOIN contact c ON c.id=m.contact_id
        WHERE m.direction=0 AND c.phone=?""",
        person.phone,
    )
    expect("messages kept", 1, len(rows))
    expect("why it was not answered", "number_unlisted", json.loads(rows[0][1] or "{}").get("id"))
    expect("answers", [], await bench.sent(person))
