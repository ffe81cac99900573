"""Every component of the pages in every state, in both themes side by side."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from dragoman.engine.audited import Difference
from dragoman.store.queries.messages import WORDS

from ..render import page

_DIFFERENCES = (
    Difference("channel.partner", "one", "another"),
    Difference("channel.values.another.password", "•••", "•••"),
    Difference("fallback", None, "We answer in a minute."),
    Difference("agent.source", None, None, (12, 14)),
)
_RAW = '{"response": {"status": "success", "id": "4340…", "details": "<b>text only</b>"}}'


@get("/components", opt={"role": "viewer"}, sync_to_thread=False)
def components(request: Request[Any, Any, Any]) -> Response[str]:
    return page(
        request, "components.html", "Components", states=WORDS, differences=_DIFFERENCES, raw=_RAW
    )


ROUTES = (components,)
