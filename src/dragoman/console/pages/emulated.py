"""Where partners are emulated: the accounts there are for an app, and both sides of one set up."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, post
from litestar.exceptions import NotFoundException

from dragoman.domain.sentences import SentenceError
from dragoman.engine.apps import App
from dragoman.engine.standing import phone
from dragoman.partners.registry import partner

from ..house import House
from ..render import go, signed_in
from ..site import house_of
from .apps import app_of, label, name_of

Ask = Request[Any, Any, Any]
HERE = "/apps/{app:str}/channels/whatsapp/configurations"


class Account(msgspec.Struct, frozen=True):
    """One emulated account. `state`: *here* (with this app), *live* (another app answers on it),
    *with* (another app's, which does not), *free*. owner: that other app's name. api: what a person
    copies, so that the emulator is called and not the real partner."""

    partner: str
    label: str
    number: str
    phone: str  # the address of the test phone with this number
    console: str
    state: str
    owner: str
    api: tuple[Copied, ...]


class Copied(msgspec.Struct, frozen=True):
    """A value for a field of the form. rare: the field is under *Rarely needed*."""

    name: str
    label: str
    value: str
    rare: bool


def accounts_for(house: House, app: App) -> list[Account]:
    """The emulated accounts as an app sees them; none where no emulator runs."""
    return [
        Account(
            one.partner,
            label(one.partner),
            phone(one.number),
            _phone(one.line),
            house.emulated[one.partner],
            *_state(one.partner, app, one.owner),
            tuple(
                Copied(field.name, field.label, one.api[field.name], field.advanced)
                for field in partner(one.partner).SETTINGS
                if field.name in one.api
            ),
        )
        for one in house.accounts()
    ]


def phone_of(house: House, app: App) -> str:
    """The test phone with the number that an app has; with any where it has none."""
    every = house.accounts()
    mine = {one.partner: one.line for one in every if one.owner and one.owner.id == app.id}
    live = (app.published or app.draft).config.channel.partner
    key = mine.get(live) or mine.get(app.draft.config.channel.partner)
    return _phone(key) if key else "/phone"


def _phone(key: str) -> str:
    return "/phone#line=" + quote(key)


def _state(name: str, app: App, owner: App | None) -> tuple[str, str]:
    if owner is None:
        return "free", ""
    if owner.id == app.id:
        return "here", ""
    return ("live" if owner.answers_at(name) else "with"), owner.name


@post(HERE + "/both", opt={"role": "builder"})
async def both(request: Ask) -> Response[Any]:
    """Set up both sides: the form from the emulated account, its console from the channel."""
    from .channel import refused

    house, app = house_of(request), app_of(request)
    name = str((await request.form()).get("partner", ""))
    if house.set_up is None or name not in house.emulated:
        raise NotFoundException
    try:
        await house.set_up(name_of(signed_in(request)), app.stream_id, name)
    except SentenceError as error:
        return await refused(request, error.sentence)
    return go(f"/apps/{app.stream_id}/channels/whatsapp/configurations?did=both")


ROUTES = (both,)
