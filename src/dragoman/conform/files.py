"""Checks of files that people send: larger than they may be, not what they say, at an address of
this network."""

from __future__ import annotations

import json
from typing import Any

from dragoman.domain.sentences import words
from dragoman.domain.status import FileState
from dragoman.emulators.kit import Item

from . import altered
from .bench import Bench, Wrong, expect
from .bodies import PNG, Watch, picture, pushed, told, written

words(
    {
        "conform_no_file_address": "{partner} gives an id of a file, and no address.",
        "conform_file_by_id": "A file of {partner} is fetched by its id, and never from the "
        "address in a message.",
    }
)
_LOOSE = 1.05  # partners mean either kind of megabyte
PRIVATE = ("http://10.0.0.1/x.png", "http://169.254.169.254/latest/meta-data", "http://[::1]/x.png",
           "file:///etc/passwd")  # fmt: skip


async def _judged(bench: Bench, item: Item, body: bytes) -> tuple[FileState, str]:
    """Push it; what became of its file, and the id of the sentence that says why. The message
    itself is kept and answered."""
    watch = await Watch.begun(bench)
    hook = await bench.newest_hook()
    await watch.survived(await pushed(bench, [("a picture", bench.signed(item, body))]))
    rows = await bench.product.rows(
        "SELECT id,answer FROM message WHERE direction=0 AND hook_id>? AND kind='image'", hook
    )
    expect("messages with a picture", 1, len(rows))
    message_id = rows[0][0]

    async def ended() -> bool:
        waits = "SELECT 1 FROM media WHERE id=? AND state=0"
        return not await bench.product.rows(waits, message_id)

    await bench.product.until(ended, "the file to be judged")
    state, why = (await bench.product.rows("SELECT state,why FROM media WHERE id=?", message_id))[0]
    person = str(item["contact"]).removeprefix("wa-")
    answers = await bench.product.rows(
        """SELECT count(*) FROM message m JOIN contact c ON c.id=m.contact_id
        WHERE m.direction=1 AND c.phone=?""",
        person,
    )
    expect("answers to the message", [(1,)], answers)
    return FileState(state), str(json.loads(why)["id"]) if why else ""


async def _refused(bench: Bench, what: str, item: Item, body: bytes, reasons: set[str]) -> None:
    state, why = await _judged(bench, item, body)
    expect(f"what became of {what}", FileState.REFUSED, state)
    if why not in reasons:
        raise Wrong(f"why {what} is not kept", " or ".join(sorted(reasons)), why)


async def file(bench: Bench) -> None:
    item = bench.message(bench.person(), await picture(bench, PNG))
    state, why = await _judged(bench, item, bench.post(item).body)
    expect("what became of the file", (FileState.KEPT, ""), (state, why))


async def file_large(bench: Bench) -> None:
    size = int(bench.talker.MEDIA_LIMITS["image"] * _LOOSE)
    item = bench.message(bench.person(), await picture(bench, PNG + b"\0" * size))
    await _refused(bench, "a large file", item, bench.post(item).body, {"media_too_big"})


async def file_other(bench: Bench) -> None:
    page = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
    item = bench.message(bench.person(), await picture(bench, page))
    await _refused(bench, "a page that is said to be a picture", item, bench.post(item).body,
                   {"media_other"})  # fmt: skip
    item = bench.message(bench.person(), await picture(bench, PNG))
    usual = bench.post(item)
    value = told(usual)
    sums = [p for p, _ in altered.leaves(value) if "sha256" in str(p[-1]).lower()]
    if sums:
        other = altered.put(value, sums[0], "A" * 43 + "=")
        await _refused(bench, "a file with another checksum", item,
                       written(other, usual.content_type), {"media_checksum"})  # fmt: skip


async def file_private(bench: Bench) -> None:
    for address in PRIVATE:
        item = bench.message(bench.person(), await picture(bench, PNG))
        usual = bench.post(item)
        value = told(usual)
        links = [p for p, there in altered.leaves(value) if str(there).startswith("http")]
        if not links:
            raise bench.absent("conform_no_file_address")
        for path in links:
            value = altered.put(value, path, address)
        state, why = await _judged(bench, item, written(value, usual.content_type))
        if state is FileState.KEPT and _has_id(value):
            raise bench.absent("conform_file_by_id")
        expect(f"a file at {address} that is kept", False, state is FileState.KEPT)
        expect(f"that it says why {address} was not fetched", True, bool(why))


def _has_id(value: Any) -> bool:
    """Whether a body also names the picture by an id, by which it was had."""
    objects = [there for _, there in altered.places(value) if isinstance(there, dict)]
    return any({"id", "mime_type"} <= one.keys() for one in objects)
