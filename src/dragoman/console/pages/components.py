"""Every component of the pages in every state, in both themes side by side."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from dragoman.domain.sentences import Sentence
from dragoman.engine.differing import Difference, script_difference
from dragoman.engine.steps import Step
from dragoman.store.queries.messages import WORDS

from ..render import page
from ..route import Strip, strips
from ..rows import Row

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
_NOON = 1_767_268_800_000  # 1 January 2026
_SCRIPT = """context.count = (context.count || 0) + 1;
print("Message " + context.count + ": " + message.text);"""


def _way(*ends: tuple[str, int, dict[str, str]]) -> tuple[Strip, Strip]:
    """Strips of a message that came in at NOON, went the usual way, and ended so."""
    usual: tuple[tuple[str, int, dict[str, str]], ...] = (
        ("hook", 40, {}), ("stored", 48, {}), ("turn", 50, {}), ("agent", 360, {}),
        ("queued", 364, {}), ("call", 366, {"n": "1"}),
    )  # fmt: skip
    steps = [
        Step(_NOON + after if after else 0, kind, Sentence("step_report", args),
             partner_at=_NOON if kind == "stored" else 0)
        for kind, after, args in (*usual, *ends)
    ]  # fmt: skip
    found = strips(tuple(steps), "Asha", "Partner")
    assert found is not None
    return found


_WAYS = (
    _way(("accepted", 451, {}), ("report", 1_150, {"status": "delivered"}),
         ("missing", 0, {"status": "read"})),
    _way(("doubt", 10_366, {})),
)  # fmt: skip
_STEPS = (
    ("hook", "▼", "12:00:00", "Webhook in", "412 bytes from the partner"),
    ("agent", "●", "+310 ms", "Agent answered", "1 message"),
    ("call", "▲", "+4 ms", "Call 1", "POST …/GatewayAPI/rest → 200"),
    ("report", "○", "+0.7 s", "delivered", "their clock 12:00:01"),
    ("missing", "○", "—", "read", "not reported"),
    ("waits", "◌", "—", "Waiting", "Next try in 4 s."),
    ("doubt", "◆", "+10 s", "In doubt", "No whole answer came."),
    ("failed", "■", "+0 ms", "Failed", "The window is closed."),
)
_ROWS = (
    Row("out-1", 1, _NOON, "out", "delivered", "Asha", "+1 202 555 0142", "buttons", "Well?"),
    Row("in-1", 2, _NOON, "in", "handled", "Asha", "+1 202 555 0142", "", "hello"),
    Row("out-2", 3, _NOON, "out", "failed", "Ravi", "+1 202 555 0143", "", "Are you there?",
        Sentence("row_held", {"reason": "the window is closed."})),
    Row("refused-1", 4, _NOON, "", "refused", "", "", "", "It brought no token."),
)  # fmt: skip
_BUTTONS = [{"id": "teas", "title": "See the teas"}, {"id": "order", "title": "My order"}]
_TEAS = [{"title": "Black", "rows": [{"id": "assam", "title": "Assam", "description": "strong"}]}]
_BUBBLES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("out", {"kind": "text", "text": "hello, चाय, שלום"}),
    ("in", {"kind": "buttons", "body": "Well?", "footer": "Tea shop", "buttons": _BUTTONS}),
    ("in", {"kind": "list", "body": "Which tea?", "button": "Teas", "sections": _TEAS}),
    ("in", {"kind": "image", "link": "https://files.example/assam.png", "caption": "Assam"}),
    ("in", {"kind": "location", "latitude": 26.1, "longitude": 91.7, "name": "Garden"}),
    ("in", {"kind": "template", "name": "order_shipped", "language": "en_US",
            "body": [{"kind": "text", "text": "Asha"}]}),
    ("in", {"kind": "something new", "of": "a later version"}),
)  # fmt: skip


@get("/components", opt={"role": "viewer"}, sync_to_thread=False)
def components(request: Request[Any, Any, Any]) -> Response[str]:
    return page(
        request, "components.html", "Components", states=WORDS, differences=_DIFFERENCES, raw=_RAW,
        ways=_WAYS, steps=_STEPS, rows=_ROWS, bubbles=_BUBBLES, script=_SCRIPT,
    )  # fmt: skip


ROUTES = (components,)
