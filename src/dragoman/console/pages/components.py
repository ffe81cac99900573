"""Every component of the pages in every state, in both themes side by side."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from dragoman.engine.differing import Difference, script_difference
from dragoman.store.queries.messages import WORDS

from ..render import page

_DIFFERENCES = (
    Difference("partner", "text", "", "One", "Another"),
    Difference("password", "secret", "Password", "set", "set"),
    Difference("numbers", "list", "Phone numbers", added=("+1 202 555 0100",),
               removed=("+1 202 555 0101",)),
    Difference("enabled", "switch", "", "off", "on"),
    Difference("fallback", "text", "", "", "We answer in a minute."),
    Difference("script", "script",
               lines=tuple(script_difference("print('tea')", "print('black tea')"))),
    Difference("", "text", "", "viewer", "admin"),
)  # fmt: skip
_RAW = '{"response": {"status": "success", "id": "4340…", "details": "<b>text only</b>"}}'


@get("/components", opt={"role": "viewer"}, sync_to_thread=False)
def components(request: Request[Any, Any, Any]) -> Response[str]:
    return page(
        request, "components.html", "Components", states=WORDS, differences=_DIFFERENCES, raw=_RAW
    )


ROUTES = (components,)
