"""Serving a folder of our own files: read once, whole, with a tag that changes with the bytes.

The kinds of files are a fixed table, because the table of the operating system differs between
machines (and on some says that JavaScript is text/plain).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler

_KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}


def served(path: str, folder: Path) -> HTTPRouteHandler:
    """A GET route for every file of `folder` and below, at `path`. Other files are a 404.

    Browsers ask again each time and mostly hear 304, so an upgrade is seen at once; but for fonts,
    which are wanted before the first paint and never change under their names.
    """
    files: dict[str, tuple[bytes, str, str]] = {}
    for file in sorted(folder.rglob("*")):
        if file.suffix in _KINDS:
            data = file.read_bytes()
            tag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
            files[file.relative_to(folder).as_posix()] = (data, _KINDS[file.suffix], tag)

    @get(path + "/{name:path}", include_in_schema=False, sync_to_thread=False)
    def own_file(request: Request[Any, Any, Any]) -> Response[bytes]:
        found = files.get(str(request.path_params["name"]).lstrip("/"))
        if found is None:
            raise NotFoundException
        data, kind, tag = found
        keep = "max-age=31536000, immutable" if kind == _KINDS[".woff2"] else "no-cache"
        headers = {"ETag": tag, "Cache-Control": keep, "X-Content-Type-Options": "nosniff"}
        if request.headers.get("If-None-Match") == tag:
            return Response(b"", status_code=304, headers=headers, media_type=kind)
        return Response(data, headers=headers, media_type=kind)

    return own_file
