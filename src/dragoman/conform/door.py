"""Checks of who may call: the partner's own check of its webhooks, a secret in the URL, a list of
addresses."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping

import msgspec

from dragoman.cli.emulated import STREAM_ID
from dragoman.emulators.kit import Guard, Item, Post, filled, walked
from dragoman.partners.contract import Outcome

from .bench import Answered, Bench, Wrong, expect
from .bodies import like, told_of_sends

Make = Callable[[], Item]


async def another(bench: Bench) -> Make:
    """Something that the partner tells and nobody answers: reports, each of another message."""
    return (await told_of_sends(bench))[0].another


class Door:
    """Counts what is let in. `make`: see `another`."""

    def __init__(self, bench: Bench, make: Make) -> None:
        self._bench, self.make = bench, make

    @classmethod
    async def of(cls, bench: Bench) -> Door:
        return cls(bench, await another(bench))

    def post(self) -> Post:
        return self._bench.post(self.make())

    async def takes(self, what: str, post: Post) -> None:
        answer = await self._bench.push(post)
        expect(f"the answer to {what}", self._bench.answer(Outcome.KEPT), answer)

    async def refuses(self, what: str, post: Post, expected: Answered | None = None) -> Answered:
        """That it is refused, that nothing of it is kept, and that the reason is."""
        before = await self._counts()
        answer = await self._bench.push(post)
        if expected is not None:
            expect(f"the answer to {what}", expected, answer)
        elif not 400 <= answer.status < 500:
            raise Wrong(f"the answer to {what}", "a refusal", answer)
        after = await self._counts()
        expect(f"what is kept of {what}", before[0], after[0])
        if after[1] == before[1]:
            raise Wrong(f"why {what} was refused", "a reason", "none")
        return answer

    async def _counts(self) -> tuple[int, int]:
        """Bodies kept, and the newest refusal."""
        rows = await self._bench.product.rows(
            "SELECT (SELECT count(*) FROM hook),(SELECT coalesce(max(id),0) FROM refused)"
        )
        return int(rows[0][0]), int(rows[0][1])


def headed(post: Post, headers: Mapping[str, str | None]) -> Post:
    """With these headers in place of those of the same names; None leaves one out."""
    names = {name.lower() for name in headers}
    kept = {name: value for name, value in post.headers.items() if name.lower() not in names}
    new = {name: value for name, value in headers.items() if value is not None}
    return msgspec.structs.replace(post, headers={**kept, **new})


async def unknown_app(bench: Bench) -> None:
    door = await Door.of(bench)
    post = door.post()
    before = await bench.product.rows("SELECT count(*) FROM hook")
    url = post.url.replace(STREAM_ID, "st-00000000-0000-4000-8000-000000000000")
    answer = await bench.push(msgspec.structs.replace(post, url=url))
    expect("the answer", bench.answer(Outcome.UNKNOWN), answer)
    expect("bodies kept", before, await bench.product.rows("SELECT count(*) FROM hook"))


# --- the partner's own check ---------------------------------------------------------------------


async def own_check(bench: Bench) -> None:
    if bench.talker.guarded(bench.settings):
        await _proved(bench, "the check that is set up")
    for guard in bench.emulator.GUARDS:
        async with _guarded(bench, guard):
            await _proved(bench, guard.label)


@contextlib.asynccontextmanager
async def _guarded(bench: Bench, guard: Guard) -> AsyncIterator[None]:
    """With a check switched on at both sides; the channel is as before afterwards."""
    before = bench.live.version
    secret = _new_secret(bench)
    try:
        await bench.product.change(partner=bench.name, values=filled(guard.fields, secret))
        await walked(bench.emulator, guard.take, secret)
        yield
    finally:
        await bench.product.command("app.rollback", version=before)


def _new_secret(bench: Bench) -> dict[str, str]:
    secret = secrets.token_hex(20)
    bench.product.secrets.add(secret)
    return {"secret": secret}


async def _proved(bench: Bench, label: str) -> None:
    door = await Door.of(bench)
    await door.takes(f"a webhook ({label})", door.post())
    proofs = [name for name in door.post().headers if not await _taken_without(bench, door, name)]
    if not proofs:
        raise Wrong(f"headers without which a webhook is refused ({label})", "one", "none")
    answers = set()
    for name in proofs:
        post = door.post()
        answers.add(await door.refuses(f"one without {name} ({label})", headed(post, {name: None})))
        for value in (like(post.headers[name]), "", "x", post.headers[name][:-1]):
            wrong = headed(post, {name: value})
            answers.add(await door.refuses(f"one with a wrong {name} ({label})", wrong))
    if _signs(bench, door.make()):
        post = door.post()
        changed = msgspec.structs.replace(post, body=post.body + b" ")
        answers.add(await door.refuses(f"another body under a signature ({label})", changed))
    expect(f"different answers to what is refused ({label})", 1, len(answers))
    await door.takes(f"a webhook after all that ({label})", door.post())


async def _taken_without(bench: Bench, door: Door, name: str) -> bool:
    answer = await bench.push(headed(door.post(), {name: None}))
    return answer == bench.answer(Outcome.KEPT)


def _signs(bench: Bench, item: Item) -> bool:
    """Whether the proof depends on the body."""
    url = bench.emulator.address(item)
    one, other = (bench.emulator.proof(item, url, body) for body in (b"{}", b"[]"))
    return one != other


async def own_check_rotated(bench: Bench) -> None:
    if bench.talker.guarded(bench.settings):
        await _replaced(bench)
    for guard in bench.emulator.GUARDS:
        async with _guarded(bench, guard):
            await _rotated(bench, guard)


async def _rotated(bench: Bench, guard: Guard) -> None:
    """The partner goes over to the new secret between draft and publish."""
    door = await Door.of(bench)
    old, late = door.post(), door.post()
    new = _new_secret(bench)
    values = filled(guard.fields, new)
    await bench.product.command("channel.set", partner=bench.name, values=values)
    await door.takes(f"the old secret beside a new one ({guard.label})", old)
    await walked(bench.emulator, guard.take, new)
    await door.takes(f"the new secret before it is published ({guard.label})", door.post())
    await bench.product.command("app.publish")
    await door.refuses(f"the old secret after that ({guard.label})", late)
    await door.takes(f"the new secret ({guard.label})", door.post())


async def _replaced(bench: Bench) -> None:
    """The channel goes over to another secret, and the partner does not."""
    door, before = await Door.of(bench), bench.live.version
    usual = {f.name: getattr(bench.settings, f.name, "") for f in bench.talker.SETTINGS
             if f.kind == "secret"}  # fmt: skip
    other = {name: like(value) for name, value in usual.items() if value}
    try:
        await bench.product.command("channel.set", partner=bench.name, values=other)
        await door.takes("the old secret beside a new one", door.post())
        await bench.product.command("app.publish")
        await door.refuses("the old secret after that", door.post())
    finally:
        await bench.product.command("app.rollback", version=before)
    await door.takes("the old secret when it is back", door.post())


# --- for every partner ---------------------------------------------------------------------------


async def url_secret(bench: Bench) -> None:
    door = await Door.of(bench)
    refused = bench.answer(Outcome.WRONG_TOKEN)
    try:
        first = (await bench.product.change(switches={"url_secret": "new"}))["url_key"]
        await door.takes("the secret in the URL", _keyed(door.post(), first))
        await door.refuses("a URL without the secret", door.post(), refused)
        for wrong in (like(first), first[:-1], first + "x", "", "x"):
            await door.refuses("a wrong secret", _keyed(door.post(), wrong), refused)
        made = await bench.product.command("channel.set", switches={"url_secret": "new"})
        second = made["url_key"]
        for key in (first, second):
            await door.takes("a secret of either copy", _keyed(door.post(), key))
        await bench.product.command("app.publish")
        await door.refuses("the old secret after that", _keyed(door.post(), first), refused)
        await door.takes("the new secret", _keyed(door.post(), second))
        bench.product.secrets |= {first, second}
    finally:
        await bench.product.change(switches={"url_secret": "none"})
    await door.takes("a URL without a secret, where none is asked for", door.post())


def _keyed(post: Post, key: str) -> Post:
    mark = "&" if "?" in post.url else "?"
    return msgspec.structs.replace(post, url=f"{post.url}{mark}key={key}")


async def addresses(bench: Bench) -> None:
    door = await Door.of(bench)
    try:
        for listed in (["203.0.113.0/24"], ["2001:db8::/32", "198.51.100.7"]):
            await bench.product.change(switches={"allow_ips": listed})
            refused = bench.answer(Outcome.WRONG_TOKEN)
            await door.refuses("a call from another address", door.post(), refused)
        await bench.product.change(switches={"allow_ips": ["203.0.113.0/24", "127.0.0.0/8"]})
        await door.takes("a call from a listed address", door.post())
    finally:
        await bench.product.change(switches={"allow_ips": ["none"]})
    await door.takes("a call from anywhere, where no address is listed", door.post())
