"""The public API for the app's own programs, at /api/public/bot/{stream id}/…: proactive
notifications and how they went.

In a fixed order: stream id, method, token, scope, rate, body. Errors are
`{"errors": [{"msg": …, "code": …}]}`, as the platform's webhook API has them.

Source: the platform's public API documentation, "Proactive notification API, version 2" and "Rate
limits"; status codes of errors are ours where it names none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from dragoman.domain.clock import Clock
from dragoman.domain.sentences import Sentence, say, words
from dragoman.engine.apps import App, Apps
from dragoman.engine.callers import HEADER, Caller, Quota, forbidden, identify
from dragoman.engine.notifications import Notifications, NotNow, Replayed
from dragoman.engine.notify_request import BadRequest, read_request
from dragoman.store.errors import StoreError

from .asgi import Gone, Receive, Scope, Send, TooLarge, drain, read_body, respond

log = structlog.get_logger("api")

PREFIX = "/api/public/"
_JSON = b"application/json"
_Headers = tuple[tuple[bytes, bytes], ...]

words(
    {
        "api_no_stream": "There is no app with the stream id {stream}: `dragoman app list` shows "
        "each app's.",
        "api_no_path": "There is nothing at {path}: see the documentation of the notifications "
        "API.",
        "api_method": "{path} takes {allowed}, not {method}.",
        "api_invalid_token": "Invalid Access token",
        "api_body_too_large": "The body is larger than {limit} bytes: send fewer identities in "
        "one request.",
        "api_no_job": "The app has no notification with the id {id}.",
        "api_busy": "Nothing was kept, so send the request again. {detail}",
        "api_broken": "A mistake in Dragoman ended the request: see the server's log before it is "
        "sent again, because it may have been kept.",
    }
)


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, problems: Sequence[Sentence], headers: _Headers = ()) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers
        errors = [{"msg": say(problem), "code": status} for problem in problems]
        self.body = msgspec.json.encode({"errors": errors})


class PublicApi:
    """max_body: bytes, as for webhooks."""

    def __init__(
        self,
        apps: Apps,
        notifications: Notifications,
        clock: Clock,
        max_body: int,
        quota: Quota | None = None,
    ) -> None:
        self._apps = apps
        self._notifications = notifications
        self._clock = clock
        self._max_body = max_body
        self._quota = quota or Quota()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except Refusal as refused:
            await respond(send, refused.status, refused.body, _JSON, refused.headers)
            return
        except Gone:
            return
        except Exception:
            log.exception("api_broken", path=scope["path"])
            broken = Refusal(500, [Sentence("api_broken")])
            await respond(send, 500, broken.body, _JSON)
            return
        await respond(send, 200, msgspec.json.encode(answer), _JSON)

    async def _answer(self, scope: Scope, receive: Receive) -> dict[str, Any]:
        stream, rest = _route(scope["path"])
        app = self._apps.by_stream.get(stream)
        if app is None:
            raise Refusal(404, [Sentence("api_no_stream", {"stream": stream[:60]})])
        if rest == ["notifyV2"]:
            _need(scope, "POST")
            caller = self._caller(app, scope)
            return await self._notify(app, caller, await self._body(scope, receive))
        if len(rest) == 3 and rest[:2] == ["notifyV2", "status"]:
            _need(scope, "GET")
            self._caller(app, scope)
            told = await self._notifications.status(app, rest[2])
            if told is None:
                raise Refusal(404, [Sentence("api_no_job", {"id": rest[2][:60]})])
            return told
        raise Refusal(404, [Sentence("api_no_path", {"path": scope["path"][:200]})])

    def _caller(self, app: App, scope: Scope) -> Caller:
        """Who calls, counted. Raises Refusal."""
        now = self._clock.now()
        caller = identify(app, _header(scope, HEADER), now)
        if isinstance(caller, Sentence):
            raise self._unknown(app, caller)
        why = forbidden(app, caller)
        if why is not None:
            raise Refusal(403, [why])
        too_many = self._quota.take(app.id, now)
        if too_many is not None:
            after = ((b"retry-after", b"%d" % too_many.retry_after),)
            raise Refusal(429, [too_many.sentence], after)
        return caller

    def _unknown(self, app: App, why: Sentence) -> Refusal:
        """The answer is the same whatever is wrong with a token."""
        log.warning("api_refused", app=app.name, why=say(why))
        return Refusal(401, [Sentence("api_invalid_token")])

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        try:
            return await read_body(scope, receive, self._max_body)
        except TooLarge:
            await drain(receive, 4 * self._max_body)
            about = {"limit": self._max_body}
            close = ((b"connection", b"close"),)
            raise Refusal(413, [Sentence("api_body_too_large", about)], close) from None

    async def _notify(self, app: App, caller: Caller, body: bytes) -> dict[str, Any]:
        try:
            return await self._notifications.accept(app, caller, read_request(body), body)
        except BadRequest as error:
            raise Refusal(400, error.problems) from None
        except NotNow as error:
            raise Refusal(403, [error.sentence]) from None
        except Replayed:
            raise self._unknown(app, Sentence("api_replayed")) from None
        except StoreError as error:
            log.error("notification_not_kept", app=app.name, why=str(error))
            busy = Sentence("api_busy", {"detail": str(error)})
            raise Refusal(503, [busy], ((b"retry-after", b"5"),)) from None


def _route(path: str) -> tuple[str, list[str]]:
    """Stream id and what follows it."""
    names = [part for part in path.removeprefix(PREFIX).split("/") if part]
    if len(names) < 2 or names[0] != "bot":
        raise Refusal(404, [Sentence("api_no_path", {"path": path[:200]})])
    return names[1], names[2:]


def _need(scope: Scope, method: str) -> None:
    if scope["method"] != method:
        about = {"path": scope["path"][:200], "allowed": method, "method": scope["method"]}
        raise Refusal(405, [Sentence("api_method", about)], ((b"allow", method.encode()),))


def _header(scope: Scope, name: str) -> str:
    wanted = name.encode()
    return next((v.decode("latin-1") for k, v in scope["headers"] if k == wanted), "")
