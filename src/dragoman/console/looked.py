"""A look at an app's checklist, for the pages that show it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from dragoman.engine.apps import App
from dragoman.engine.checklist import Around, Checklist, checklist, note

from .site import house_of


async def looked(request: Request[Any, Any, Any], app: App) -> Checklist:
    """What is known now; what was seen is noted for later."""
    house, name = house_of(request), app.draft.config.channel.partner
    url = house.url_for(f"hooks/{name}/{app.stream_id}")
    host = (urlsplit(url).hostname or "").casefold()
    walked = any(
        one.partner == name and one.owner and one.owner.id == app.id for one in house.accounts()
    )
    around = Around(url, host, name in house.emulated, house.clock.now(), walked)
    found = await house.store.read(lambda tx: checklist(tx, app, around))
    if found.news:
        await house.store.do(lambda tx: note(tx, app, found))
    return found
