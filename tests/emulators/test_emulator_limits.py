"""Each length limit of a send: the longest text passes, one code point more is refused, by name.

Words are Devanagari, joined emoji and right-to-left: a limit counts code points, not bytes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from emulator_rig import ASHA, TRACE, Rig, callback_server, config, running, text

from dragoman.emulators.cloud_api.config import Rates

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

FAMILY = "👨‍👩‍👧‍👦"  # one sign on the screen, seven code points
Body = dict[str, Any]


def says(kind: str, value: Any) -> Body:
    return {"messaging_product": "whatsapp", "to": "+" + ASHA, "type": kind, kind: value}


def interactive(kind: str, action: Any, **more: Any) -> Body:
    return says("interactive", {"type": kind, "body": {"text": "ok"}, "action": action, **more})


def button(title: str = "ok", button_id: str = "1", **more: Any) -> Body:
    reply = {"type": "reply", "reply": {"id": button_id, "title": title}}
    return interactive("button", {"buttons": [reply]}, **more)


def choice(label: str = "ok", section: str = "ok", row: Body | None = None, **more: Any) -> Body:
    rows = [{"id": "1", "title": "ok", **(row or {})}]
    return interactive(
        "list", {"button": label, "sections": [{"title": section, "rows": rows}]}, **more
    )


def link(label: str) -> Body:
    parameters = {"display_text": label, "url": "https://example.com"}
    return interactive("cta_url", {"name": "cta_url", "parameters": parameters})


def card(words: str) -> Body:
    one = {
        "card_index": 0,
        "type": "cta_url",
        "header": {"type": "image", "image": {"link": "https://example.com/a.png"}},
        "body": {"text": words},
        "action": {"parameters": {"display_text": "ok", "url": "https://example.com"}},
    }
    return interactive("carousel", {"cards": [one, {**one, "card_index": 1}]})


def flow(label: str) -> Body:
    parameters = {"flow_message_version": "3", "flow_id": "1", "flow_cta": label}
    return interactive("flow", {"name": "flow", "parameters": parameters})


PLAIN: list[tuple[str, int, Callable[[str], Body]]] = [
    ("text['body']", 4096, lambda words: text(words)),
    ("biz_opaque_callback_data", 512, lambda words: text(biz_opaque_callback_data=words)),
    (
        "image['caption']",
        1024,
        lambda words: says("image", {"link": "https://example.com/a.png", "caption": words}),
    ),
]
NAMED: list[tuple[str, int, int, Callable[[str], Body]]] = [
    ("Button title", 1, 20, button),
    ("Button id", 1, 256, lambda words: button(button_id=words)),
    ("Header text", 1, 60, lambda words: button(header={"type": "text", "text": words})),
    ("Body text", 1, 1024, lambda words: button(body={"text": words})),
    ("Footer text", 1, 60, lambda words: button(footer={"text": words})),
    ("Body text", 1, 4096, lambda words: choice(body={"text": words})),
    ("Button label", 1, 20, choice),
    ("Section title", 0, 24, lambda words: choice(section=words)),
    ("Row title", 1, 24, lambda words: choice(row={"title": words})),
    ("Row id", 1, 200, lambda words: choice(row={"id": words})),
    ("Row description", 0, 72, lambda words: choice(row={"description": words})),
    ("Button display text", 1, 20, link),
    ("Card body text", 1, 160, card),
    ("Flow CTA", 1, 30, flow),
]


def fill(length: int) -> str:
    """Exactly so many code points of words that are longer in bytes."""
    words = FAMILY + "नमस्ते مرحبا "
    return (words * (length // len(words) + 1))[:length]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig() -> AsyncIterator[Rig]:
    async with callback_server() as callback:
        rates = Rates(number_per_second=0, pair_burst=0)
        async with running(callback, config(callback_url=callback.url, rates=rates)) as made:
            yield made


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("param", "most", "make"), PLAIN, ids=[row[0] for row in PLAIN])
async def test_a_plain_limit(rig: Rig, param: str, most: int, make: Callable[[str], Body]) -> None:
    assert (await rig.send(make(fill(most))))[0] == 200
    status, answer = await rig.send(make(fill(most + 1)))
    details = f"Param {param} must be at most {most} characters long."
    assert (status, answer) == (
        400,
        {
            "error": {
                "message": "(#100) Invalid parameter",
                "type": "OAuthException",
                "code": 100,
                "error_data": {"messaging_product": "whatsapp", "details": details},
                "fbtrace_id": TRACE,
            }
        },
    )


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("what", "least", "most", "make"), NAMED, ids=[f"{row[0]} {row[2]}" for row in NAMED]
)
async def test_a_named_limit(
    rig: Rig, what: str, least: int, most: int, make: Callable[[str], Body]
) -> None:
    assert (await rig.send(make(fill(most))))[0] == 200
    status, answer = await rig.send(make(fill(most + 1)))
    details = f"{what} length invalid. Min length: {least}, Max length: {most}"
    assert (status, answer) == (
        400,
        {
            "error": {
                "message": "(#131009) Parameter value is not valid",
                "type": "OAuthException",
                "code": 131009,
                "error_data": {"messaging_product": "whatsapp", "details": details},
                "fbtrace_id": TRACE,
            }
        },
    )
