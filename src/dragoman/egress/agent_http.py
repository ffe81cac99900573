"""HTTP for agents (`turn.http`): small, and behind the same guard as everything else."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from yarl import URL

from dragoman.domain.sentences import Sentence, say, words
from dragoman.domain.wire import HttpCall, NoReply, Phase, Reply
from dragoman.egress.client import MAX_BODY, Egress

words(
    {
        "agent_http_failed": "The agent's {method} {host} brought no answer: {detail}; see that "
        "the address is right and the other side is up.",
        "agent_http_not_json": "The answer of {host} is not JSON (status {status}): look at its "
        "`text`.",
    }
)


class HttpFailed(Exception):
    """A request of an agent brought no answer, or one that is not what was asked for."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(say(sentence))
        self.sentence = sentence


class AgentReply(msgspec.Struct, frozen=True):
    """An answer of any status. Header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes
    host: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises HttpFailed when it is none."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            args = {"host": self.host, "status": self.status}
            raise HttpFailed(Sentence("agent_http_not_json", args)) from None


class AgentHttp:
    """`await turn.http.get(url)`, `await turn.http.post(url, json={...})`.

    Every method raises HttpFailed when no answer comes; an answer with status 500 is an answer.
    """

    def __init__(self, egress: Egress, *, timeout_s: float = 10.0) -> None:
        self._egress = egress
        self._timeout_s = timeout_s

    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, str | int | float] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> AgentReply:
        """GET; up to three redirects are followed."""
        full = url
        if params:
            with contextlib.suppress(ValueError):  # the guard says what is wrong with the URL
                full = str(URL(url).extend_query({k: str(v) for k, v in params.items()}))
        reply = await self._egress.fetch(
            full, headers=headers, timeout_s=timeout_s or self._timeout_s, max_body=MAX_BODY
        )
        return _answer("GET", url, reply)

    async def post(
        self,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> AgentReply:
        """POST JSON or a form; redirects are returned as they are."""
        return await self.request(
            "POST", url, json=json, form=form, headers=headers, timeout_s=timeout_s
        )

    async def request(
        self,
        method: Literal["GET", "POST", "PUT", "DELETE"],
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> AgentReply:
        """Any method; redirects are returned as they are."""
        call = HttpCall(
            method,
            url,
            purpose="agent",
            headers=dict(headers or {}),
            json=json,
            form=tuple((form or {}).items()),
        )
        reply = await self._egress.call(call, timeout_s=timeout_s or self._timeout_s)
        return _answer(method, url, reply)


def _answer(method: str, url: str, reply: Reply | NoReply) -> AgentReply:
    host = _host(url)
    if isinstance(reply, NoReply):
        # a refusal is a whole sentence, which goes on here without its full stop
        ours = None if reply.phase is Phase.REFUSED else reply.why
        args = {"method": method, "host": host, "detail": ours or reply.detail.rstrip(".")}
        raise HttpFailed(Sentence("agent_http_failed", args))
    return AgentReply(reply.status, reply.headers, reply.body, host)


def _host(url: str) -> str:
    try:
        return URL(url).host or "?"
    except ValueError:
        return "?"
