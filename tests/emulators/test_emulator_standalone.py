"""The emulator as a process of its own: it serves, it stops when asked, it mounts elsewhere."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from emulator_rig import PNID, TOKEN, config, free_port

from dragoman.domain.clock import Clock
from dragoman.emulators.cloud_api import build

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

PROGRAM = """
import sys
from pathlib import Path
from dragoman.emulators.app import serve
from dragoman.emulators.cloud_api import load

serve(load(Path(sys.argv[1])), port=int(sys.argv[2]), state_dir=Path(sys.argv[3]))
"""


async def test_it_serves_on_its_own_port_and_stops_when_interrupted(tmp_path: Path) -> None:
    file = tmp_path / "emulator.json"
    file.write_text('{"tokens": [{"token": "file-token"}]}')
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(file), str(port), str(tmp_path / "state"),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    headers = {"Authorization": "Bearer file-token"}
    try:
        async with aiohttp.ClientSession() as client:
            for _ in range(200):
                try:
                    async with client.get(f"{base}/phone") as page:
                        assert page.status == 200
                    break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)
            url = f"{base}/emulated/cloud-api/v26.0/{PNID}?fields=verified_name"
            async with client.get(url, headers=headers) as answer:
                assert await answer.json() == {"verified_name": "Tea shop", "id": PNID}
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, errors) == (0, b"")
    assert (tmp_path / "state" / "cloud_api.db").exists()


async def test_it_answers_with_and_without_its_prefix() -> None:
    emulator = build(config(), Clock())
    for path in (f"/emulated/cloud-api/v26.0/{PNID}", f"/v26.0/{PNID}"):
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any, sent: list[dict[str, Any]] = sent) -> None:
            sent.append(message)

        scope: Any = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"fields=status",
            "root_path": "",
            "headers": [(b"authorization", f"Bearer {TOKEN}".encode()), (b"host", b"there:1")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        await emulator.asgi(scope, receive, send)
        assert sent[0]["status"] == 200
        assert sent[1]["body"] == b'{"status":"CONNECTED","id":"106540352242922"}'
    assert emulator.base_url == "http://there:1/emulated/cloud-api"
    emulator.books.close()
    emulator.handsets.close()
