"""Files as rows, on both databases: expected with their message, claimed, kept, ended, gone."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from storehouse import APP, DAY, NOW, NUMBER, OTHER_APP, House

from dragoman.domain.status import FileState
from dragoman.store import media
from dragoman.store.media import FileRow, Wanted

PICTURE = json.dumps({"kind": "image", "media": {"id": "m1"}, "caption": "चाय 👨‍👩‍👧‍👦"})


async def came(house: House, **more: Any) -> int:
    """A picture arrives; its message's id."""
    message = house.message(kind="image", content=PICTURE, media=True, **more)
    await house.arrive(message, owner=0)
    return message.id


async def claim(house: House, n: int = 10, hold: int = 60_000) -> list[Wanted]:
    return await house.store.do(lambda tx: media.claim(tx, house.now, house.now + hold, n))


async def found(house: House, id: int, app_id: int = APP) -> FileRow:
    row = await house.store.read(lambda tx: media.find(tx, app_id, id))
    assert row is not None
    return row


def kept(wanted: Wanted, blob: str = "k/aa/b", due_at: int = NOW + 30 * DAY) -> FileRow:
    return FileRow(
        wanted.app_id, wanted.id, 0, wanted.at, due_at, 1, wanted.tries, "image/png", "चाय.png", 12,
        "ab" * 32, blob, None, NOW,
    )  # fmt: skip


async def test_a_file_is_expected_with_its_message_and_told(house: House) -> None:
    id = await came(house)
    assert house.told("media") == [1]
    row = await found(house, id)
    assert (row.state, row.tries, row.due_at, row.number_id) == (0, 0, NOW, NUMBER)
    assert await house.store.read(media.waiting) == 1
    await house.arrive(house.message("no file"), owner=0)
    assert house.told("media") == []


async def test_the_same_message_again_expects_nothing_again(house: House) -> None:
    await came(house, key="m:once")
    house.told("media")
    await came(house, key="m:once")
    assert house.told("media") == []
    assert await house.store.read(media.waiting) == 1


async def test_a_claim_has_all_that_a_fetch_needs_and_holds_the_file(house: House) -> None:
    id = await came(house)
    (wanted,) = await claim(house)
    assert (wanted.id, wanted.partner, wanted.kind, wanted.tries) == (id, "cloud-api", "image", 1)
    assert (wanted.content, wanted.number_key) == (PICTURE, f"1065403522429{NUMBER}")
    assert await claim(house) == []
    house.now += 60_001  # its process died: another one has it
    (again,) = await claim(house)
    assert (again.id, again.tries) == (id, 2)


async def test_many_claim_and_none_has_what_another_has(house: House) -> None:
    ids = [await came(house) for _ in range(20)]
    parts = await asyncio.gather(*(claim(house, 3) for _ in range(10)))
    taken = [w.id for part in parts for w in part]
    assert sorted(taken) == sorted(ids)
    assert max(len(part) for part in parts) <= 3


async def test_the_oldest_is_claimed_first(house: House) -> None:
    ids = []
    for _ in range(3):
        ids.append(await came(house))
        house.now += 10
    assert [w.id for w in await claim(house, 1)] == ids[:1]
    assert [w.id for w in await claim(house, 1)] == ids[1:2]


async def test_what_is_tried_later_waits_for_its_time(house: House) -> None:
    id = await came(house)
    (wanted,) = await claim(house)
    await house.store.do(lambda tx: media.later(tx, wanted, '{"id":"why"}', NOW + 5_000))
    assert await claim(house) == []
    assert (await found(house, id)).why == '{"id":"why"}'
    assert await house.store.read(lambda tx: media.due(tx, NOW)) == frozenset()
    assert await house.store.read(lambda tx: media.due(tx, NOW + 5_000)) == {FileState.WAITING}
    house.now += 5_000
    assert [w.tries for w in await claim(house)] == [2]


async def test_given_back_it_is_due_at_once(house: House) -> None:
    first, second = await came(house), await came(house)
    await claim(house)
    await house.store.do(lambda tx: media.again(tx, NOW, [(APP, first)]))
    assert [w.id for w in await claim(house)] == [first]
    await house.store.do(lambda tx: media.again(tx, NOW))
    assert sorted(w.id for w in await claim(house)) == sorted([first, second])


async def test_a_kept_file_is_kept_once(house: House) -> None:
    id = await came(house)
    (wanted,) = await claim(house)
    assert await house.store.do(lambda tx: media.keep(tx, kept(wanted))) is True
    assert await house.store.do(lambda tx: media.keep(tx, kept(wanted, "other"))) is False
    row = await found(house, id)
    assert (row.state, row.blob, row.filename, row.size) == (1, "k/aa/b", "चाय.png", 12)
    await house.store.do(lambda tx: media.end(tx, wanted, FileState.GONE, "{}", NOW))
    await house.store.do(lambda tx: media.later(tx, wanted, "{}", NOW))
    assert await found(house, id) == row  # whoever comes late changes nothing


async def test_what_is_given_up_is_never_claimed_again(house: House) -> None:
    id = await came(house)
    (wanted,) = await claim(house)
    await house.store.do(lambda tx: media.end(tx, wanted, FileState.REFUSED, '{"id":"x"}', NOW))
    await house.store.do(lambda tx: media.again(tx, NOW))
    house.now += 40 * DAY
    assert await claim(house) == []
    row = await found(house, id)
    assert (row.state, row.why, row.ended, row.due_at) == (2, '{"id":"x"}', NOW, None)


async def test_a_file_expires_and_its_row_says_so(house: House) -> None:
    ids = [await came(house) for _ in range(2)]
    for wanted, blob in zip(await claim(house), ("k1", "k2"), strict=True):
        row = kept(wanted, blob, NOW + DAY if wanted.id == ids[0] else NOW + 2 * DAY)
        await house.store.do(lambda tx, row=row: media.keep(tx, row))
    assert await house.store.do(lambda tx: media.expire(tx, NOW + DAY - 1, "{}")) == []
    gone = await found(house, ids[0])
    assert await house.store.read(lambda tx: media.due(tx, NOW + DAY)) == {FileState.KEPT}
    ended = await house.store.do(lambda tx: media.expire(tx, NOW + DAY, '{"id":"over"}'))
    assert ended == [(APP, gone.blob)]
    row = await found(house, ids[0])
    assert (row.state, row.blob, row.why, row.size) == (3, None, '{"id":"over"}', 12)
    assert (await found(house, ids[1])).state == 1


async def test_a_blob_lives_while_any_row_of_its_app_has_it(house: House) -> None:
    await came(house)
    (wanted,) = await claim(house)
    await house.store.do(lambda tx: media.keep(tx, kept(wanted, "shared")))
    asked = [(APP, "shared"), (OTHER_APP, "shared"), (APP, "nobody's")]
    assert await house.store.read(lambda tx: media.living(tx, asked[:1])) == {"shared"}
    assert await house.store.read(lambda tx: media.living(tx, asked[1:])) == set()
    assert await house.store.read(lambda tx: media.living(tx, [])) == set()


def made(house: House, **more: Any) -> FileRow:
    plain: dict[str, Any] = {
        "app_id": APP, "id": house.ids.new(), "number_id": 0, "at": house.now,
        "due_at": house.now + DAY, "state": 1, "tries": 0, "mime": "application/pdf",
        "filename": "menu.pdf", "size": 9, "sha256": "cd" * 32, "blob": "k/cd/menu", "why": None,
        "ended": house.now,
    }  # fmt: skip
    return FileRow(**{**plain, **more})


async def test_what_an_agent_makes_again_is_the_same_file_and_lives_on(house: House) -> None:
    for name in ("menu.pdf", None):
        first = made(house, filename=name)
        assert await house.store.do(lambda tx, row=first: media.add(tx, row)) == first.id
        house.now += 1_000
        again = made(house, filename=name)
        assert await house.store.do(lambda tx, row=again: media.add(tx, row)) == first.id
        assert (await found(house, first.id)).due_at == house.now + DAY
    other = made(house, mime="text/plain")
    assert await house.store.do(lambda tx: media.add(tx, other)) == other.id
    stranger = made(house, app_id=OTHER_APP)
    assert await house.store.do(lambda tx: media.add(tx, stranger)) == stranger.id


async def test_what_an_agent_made_leaves_no_row_behind(house: House) -> None:
    row = made(house)
    await house.store.do(lambda tx: media.add(tx, row))
    assert await house.store.do(lambda tx: media.expire(tx, NOW + DAY, "{}")) == [(APP, row.blob)]
    assert await house.store.read(lambda tx: media.find(tx, APP, row.id)) is None


async def test_what_a_partner_has_is_known_while_it_lives(house: House) -> None:
    key = (APP, NUMBER, "ab" * 32, "image/png")
    others = [(OTHER_APP, *key[1:]), (APP, 71, *key[2:]), (*key[:3], "image/jpeg")]
    assert await house.store.read(lambda tx: media.uploaded(tx, key, NOW)) is None
    await house.store.do(lambda tx: media.keep_upload(tx, key, "1", NOW + 10))
    await house.store.do(lambda tx: media.keep_upload(tx, key, "2", NOW + 20))
    assert await house.store.read(lambda tx: media.uploaded(tx, key, NOW + 19)) == "2"
    assert await house.store.read(lambda tx: media.uploaded(tx, key, NOW + 20)) is None
    for other in others:
        assert await house.store.read(lambda tx, o=other: media.uploaded(tx, o, NOW)) is None
    await house.store.do(lambda tx: media.prune_uploads(tx, NOW + 19))
    assert await house.one("SELECT count(*) FROM upload") == (1,)
    await house.store.do(lambda tx: media.prune_uploads(tx, NOW + 20))
    assert await house.one("SELECT count(*) FROM upload") == (0,)
