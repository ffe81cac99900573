"""What the tests of agents share: turns, as the engine would build them."""

from __future__ import annotations

from typing import Any

from dragoman.agents.contract import Turn, TurnMessage
from dragoman.domain.content import Inbound, TextReceived
from dragoman.domain.identity import Bsuid, Person, Phone
from dragoman.domain.window import Window

NOW = 1_760_000_000_000
MIRA = Person(
    phone=Phone("12025550142"), bsuid=Bsuid("US.13491208655302741918"), name="Mira मीरा Rao"
)


def make_turn(
    *contents: Inbound | str, context: dict[str, Any] | None = None, raw: Any = None, **more: Any
) -> Turn:
    """A turn of these messages; a string is a typed one."""
    messages = [
        TurnMessage(
            id=1000 + place,
            seq=place,
            external_id=f"wamid.{place}",
            at=NOW - 1000 + place,
            content=TextReceived(content) if isinstance(content, str) else content,
        )
        for place, content in enumerate(contents, 1)
    ]

    async def load_raw(message: TurnMessage) -> Any:
        return raw

    return Turn(
        app="tea",
        number="106540352242922",
        messages=messages,
        contact=more.pop("contact", MIRA),
        context={} if context is None else context,
        window=Window(NOW + 1000),
        now=NOW,
        assets_url="http://127.0.0.1:8400/assets",
        load_raw=load_raw,
        **more,
    )
