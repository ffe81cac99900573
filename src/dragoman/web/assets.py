"""The files beside an agent, at /assets/{stream id}/{name}: pictures and papers that it sends.

Only files in the folder `media` next to the agent's file are served, and only by plain name.
"""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path

from dragoman.engine.apps import Apps

from .asgi import Receive, Scope, Send, respond

FOLDER = "media"


class Assets:
    def __init__(self, apps: Apps) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = [p for p in scope["path"].split("/") if p]
        file = self._file(parts[1], parts[2]) if len(parts) == 3 else None
        if file is None or scope["method"] not in ("GET", "HEAD"):
            await respond(send, 404, b"Not Found")
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        await respond(
            send,
            200,
            await asyncio.to_thread(file.read_bytes),
            kind.encode(),
            ((b"x-content-type-options", b"nosniff"), (b"content-security-policy", b"sandbox")),
        )

    def _file(self, stream_id: str, name: str) -> Path | None:
        app = self._apps.by_stream.get(stream_id)
        copy = (app.published or app.draft) if app is not None else None
        if copy is None or not copy.config.agent.path or name.startswith(".") or "\\" in name:
            return None
        if not name.isprintable():  # a NUL is no name of a file anywhere
            return None
        folder = (Path(copy.config.agent.path).resolve().parent / FOLDER).resolve()
        try:
            file = (folder / name).resolve()
            return file if file.parent == folder and file.is_file() else None
        except OSError:  # longer than any name of a file
            return None
