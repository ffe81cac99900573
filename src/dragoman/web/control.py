"""The control door: our own CLI hands its changes to the running server.

The token is in the lock file beside the database, which only its owner can read.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from dragoman.domain.sentences import SentenceError

from .asgi import Gone, Receive, Scope, Send, TooLarge, read_body, respond

HEADER = b"x-dragoman-control"
_JSON = b"application/json"


class Control:
    """POST /_control/{command} with a JSON object. 200 and the result, or 422 and the sentence."""

    def __init__(
        self, token: str, run: Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
    ) -> None:
        self._token = token.encode()
        self._run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = next((v for k, v in scope["headers"] if k == HEADER), b"")
        if scope["method"] != "POST" or not hmac.compare_digest(given, self._token):
            await respond(send, 404, b"Not Found")
            return
        try:
            args = msgspec.json.decode(await read_body(scope, receive, 8 << 20), type=dict)
            result = await self._run(scope["path"].rsplit("/", 1)[-1], args)
        except SentenceError as error:
            body = msgspec.json.encode({"error": error.sentence, "text": str(error)})
            await respond(send, 422, body, _JSON)
            return
        except (msgspec.DecodeError, TooLarge, KeyError) as error:
            await respond(send, 400, str(error).encode())
            return
        except Gone:
            return
        await respond(send, 200, msgspec.json.encode(result), _JSON)
