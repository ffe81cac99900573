"""One suite over both stores of files: a folder, and S3 as moto's server speaks it on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from dragoman.store.blobs import (
    CHUNK,
    BlobGone,
    Blobs,
    BlobsAway,
    DiskBlobs,
    app_of,
    aside_file,
    blob_key,
    open_blobs,
    read_s3,
    sweep_aside,
)
from dragoman.store.errors import StoreError

APP = 1 << 40
LATER = 1 << 60  # ms: everything was written before it
BIG = os.urandom(2 * CHUNK + 77)


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty bucket."""
    import boto3

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests-secret")
    client = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1")
    bucket = f"files-{time.monotonic_ns()}"
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="somebody/elses.txt", Body=b"theirs")
    client.put_object(Bucket=bucket, Key="drago/not-ours.txt", Body=b"theirs")
    client.close()
    return f"s3://{bucket}/drago?endpoint={s3_server}&region=us-east-1"


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.full)])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Blobs]:
    place = "disk" if request.param == "disk" else request.getfixturevalue("s3")
    made = open_blobs(place, tmp_path / "files")
    yield made
    await made.close()


async def put(blobs: Blobs, data: bytes, app_id: int = APP) -> str:
    file = aside_file(blobs)
    file.write_bytes(data)
    key = blob_key(app_id, hashlib.sha256(data).hexdigest())
    await blobs.put(key, file)
    assert not file.exists()
    return key


async def read(blobs: Blobs, key: str, *part: Any) -> bytes:
    return b"".join([piece async for piece in blobs.read(key, *part)])


async def keys(blobs: Blobs, before: int = LATER) -> list[str]:
    return sorted([key async for key in blobs.keys(before=before)])


@pytest.mark.parametrize("data", [b"", b"x", "चाय 👨‍👩‍👧‍👦".encode(), BIG], ids=len)
async def test_what_is_put_is_read(blobs: Blobs, data: bytes) -> None:
    assert await read(blobs, await put(blobs, data)) == data


async def test_a_large_file_comes_in_pieces(blobs: Blobs) -> None:
    key = await put(blobs, BIG)
    sizes = [len(piece) async for piece in blobs.read(key)]
    assert len(sizes) > 1 and max(sizes) <= CHUNK


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 1), (3, 4), (0, None), (5, None), (CHUNK - 1, 2), (0, 0), (len(BIG) - 1, 1),
     (len(BIG) - 2, 50), (len(BIG), 1), (len(BIG) + 9, None)],
)  # fmt: skip
async def test_a_part_is_read(blobs: Blobs, start: int, length: int | None) -> None:
    key = await put(blobs, BIG)
    end = None if length is None else start + length
    assert await read(blobs, key, start, length) == BIG[start:end]


async def test_equal_files_of_an_app_are_one_and_of_two_apps_two(blobs: Blobs) -> None:
    first, second = await put(blobs, b"same"), await put(blobs, b"same")
    other = await put(blobs, b"same", APP + 1)
    assert first == second != other
    assert await keys(blobs) == sorted([first, other])
    assert (app_of(first), app_of(other)) == (APP, APP + 1)


async def test_many_write_the_same_at_once(blobs: Blobs) -> None:
    done = await asyncio.gather(*(put(blobs, BIG) for _ in range(8)))
    assert await keys(blobs) == [done[0]]
    assert await read(blobs, done[0]) == BIG


async def test_what_is_not_there_is_gone(blobs: Blobs) -> None:
    key = blob_key(APP, "ab" * 32)
    with pytest.raises(BlobGone):
        await read(blobs, key)
    assert await blobs.delete(key, before=LATER) is True
    assert await keys(blobs) == []


async def test_what_was_written_lately_is_not_deleted_nor_listed(blobs: Blobs) -> None:
    key = await put(blobs, b"fresh")
    long_ago = time.time_ns() // 1_000_000 - 60_000
    assert await blobs.delete(key, before=long_ago) is False
    assert await keys(blobs, before=long_ago) == []
    assert await read(blobs, key) == b"fresh"
    assert await blobs.delete(key, before=LATER) is True
    with pytest.raises(BlobGone):
        await read(blobs, key)


async def test_deleting_one_leaves_its_neighbours(blobs: Blobs) -> None:
    one, two = await put(blobs, b"1"), await put(blobs, b"2")
    await blobs.delete(one, before=LATER)
    assert await read(blobs, two) == b"2"
    await put(blobs, b"1")
    assert await keys(blobs) == sorted([one, two])


@pytest.mark.parametrize(
    "key",
    [
        "", "x", "../etc/passwd", "7/ab/../x", f"7/ab/{'cd' * 32}", f"7/ab/{'ab' * 32}/x",
        f"/7/ab/{'ab' * 32}", f"l/ab/{'ab' * 32}",
    ],
)  # fmt: skip
async def test_nothing_but_a_key_of_ours_is_one(blobs: Blobs, key: str) -> None:
    for work in (read(blobs, key), blobs.delete(key, before=LATER), blobs.put(key, Path("x"))):
        with pytest.raises(ValueError):
            await work


async def test_a_file_that_is_not_there_cannot_be_put(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(BlobsAway):
        await blobs.put(blob_key(APP, "ab" * 32), tmp_path / "none")
    assert await keys(blobs) == []


async def test_what_was_left_on_its_way_in_is_swept(blobs: Blobs) -> None:
    assert sweep_aside(blobs, before=LATER) == 0  # there is no folder yet
    old, new = aside_file(blobs), aside_file(blobs)
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (1, 1))
    assert sweep_aside(blobs, before=time.time_ns() // 1_000_000 - 60_000) == 1
    assert (old.exists(), new.exists()) == (False, True)
    assert await keys(blobs) == []


# --- the disk ------------------------------------------------------------------------------------


async def test_opening_a_folder_makes_nothing(tmp_path: Path) -> None:
    made = open_blobs("disk", tmp_path / "files")
    assert await keys(made) == []
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240
    await made.close()


async def test_files_are_the_owners_alone_and_empty_folders_go(tmp_path: Path) -> None:
    made = DiskBlobs(tmp_path / "files")
    key = await put(made, b"private")
    assert (tmp_path / "files" / key).parent.stat().st_mode & 0o077 == 0
    await made.delete(key, before=LATER)
    assert [p.name for p in (tmp_path / "files").iterdir()] == [".aside"]
    await made.close()


async def test_a_disk_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    made = DiskBlobs(tmp_path / "files")
    key = await put(made, b"one")
    (tmp_path / "files" / key).unlink()
    (tmp_path / "files" / key).mkdir()  # a folder where the file should be
    with pytest.raises(BlobsAway) as away:
        await put(made, b"one")
    assert str(tmp_path) in str(away.value)
    with pytest.raises(BlobsAway):
        await read(made, key)
    await made.close()


# --- S3 ------------------------------------------------------------------------------------------


@pytest.mark.full
async def test_keys_run_over_pages_and_past_strangers(s3: str, tmp_path: Path) -> None:
    made: Any = open_blobs(s3, tmp_path)
    wanted = sorted([await put(made, bytes([n])) for n in range(5)])
    made._open().meta.events.register(
        "before-parameter-build.s3.ListObjectsV2",
        lambda params, **_: params.update(MaxKeys=2),
    )
    assert await keys(made) == wanted
    await made.close()


async def test_a_store_that_does_not_answer_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests-secret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    made = open_blobs("s3://files?endpoint=http://127.0.0.1:9&region=us-east-1", tmp_path)
    for work in (put(made, b"x"), read(made, blob_key(APP, "ab" * 32)), keys(made)):
        with pytest.raises(BlobsAway) as away:
            await work
        assert "s3://files" in str(away.value)
        assert "tests-secret" not in str(away.value)
    await made.close()


@pytest.mark.full
async def test_a_bucket_that_is_not_there_is_away(s3: str, tmp_path: Path) -> None:
    made = open_blobs(s3.replace("s3://files-", "s3://nobodys-"), tmp_path)
    with pytest.raises(BlobsAway):
        await put(made, b"x")
    await made.close()


@pytest.mark.parametrize(("text", "parts"), [
    ("s3://b", ("b", "", "", "")),
    ("s3://b/p/q/", ("b", "p/q", "", "")),
    ("s3://b?region=eu-north-1", ("b", "", "", "eu-north-1")),
    ("s3://b/p?endpoint=http://127.0.0.1:9000&region=x",
     ("b", "p", "http://127.0.0.1:9000", "x")),
])  # fmt: skip
def test_the_address_of_a_bucket(text: str, parts: tuple[str, ...]) -> None:
    assert read_s3(text) == parts


@pytest.mark.parametrize("text", ["", "disks", "s3://", "s3:///p", "s3://key:secret@b", "s3://b?x=1",
                                  "s3://b?endpoint=minio:9000", "s3://b?endpoint", "http://b",
                                  "/var/files"])  # fmt: skip
def test_what_is_no_place_for_files(text: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        open_blobs(text, tmp_path)
