"""The loft's console: where the key and the seal are shown, and the address for arrivals is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.emulators.kit import Done, Panel, Step, Walk, button, shown, text

if TYPE_CHECKING:
    from .emulator import Emulator

words(
    {
        "pigeon_loft_shown": "Copy the Loft key now: it is hidden again when you leave.",
        "pigeon_loft_saved": "Birds arrive at {url} from now on.",
        "pigeon_loft_address": "{url!r} is no address a bird could find: begin with https://.",
    }
)

WALK = Walk(
    give=(Step("keys", "show"), Step("arrivals")),
    fields={
        "number": "+{number}",
        "loft_key": "{loft_key}",
        "seal": "{seal}",
        "base_url": "{api}",
    },
    take=(Step("arrivals", "save", {"address": "{webhook_url}"}),),
)


def panels(emulator: Emulator) -> list[Panel]:
    return [
        Panel(
            "keys",
            "Keys",
            "Loft > Keys",
            [
                shown("number", "Loft number", next(iter(emulator.lines))),
                shown("loft_key", "Loft key", hidden=True),
                button("show", "Show"),
            ],
        ),
        Panel(
            "arrivals",
            "Arrivals",
            "Loft > Arrivals",
            [
                shown("seal", "Seal", emulator.config.seal),
                text("address", "Address", emulator.arrivals),
                button("save", "Save", lead=True),
            ],
            help="Nothing arrives until an address is set.",
        ),
    ]


async def act(emulator: Emulator, panel: str, pressed: str, values: dict[str, Any]) -> Done:
    if panel == "keys":
        return Done(Sentence("pigeon_loft_shown"), {"loft_key": emulator.config.loft_key})
    url = values["address"].strip()
    if not url.startswith(("https://", "http://")):
        raise SentenceError(Sentence("pigeon_loft_address", {"url": url}))
    emulator.arrivals = url
    emulator.books.put("arrivals", url)
    return Done(Sentence("pigeon_loft_saved", {"url": url}))
