"""What a partner shows to a person in the browser outside of its console, such as a sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dragoman import ui
from dragoman.emulators.phone.guard import PAGE_HEADERS

from .http import Answer

if TYPE_CHECKING:
    from .partner import PartnerEmulator

_TEMPLATES = ui.environment(Path(__file__).parent / "templates")
# A browser goes on from its form to the platform, wherever that is.
_HEADERS = {
    **PAGE_HEADERS,
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}


def dialog(
    emulator: PartnerEmulator,
    title: str,
    text: str,
    *,
    status: int = 200,
    hidden: Mapping[str, str] | None = None,
    ticks: Mapping[str, str] | None = None,
    buttons: Mapping[str, str] | None = None,
) -> Answer:
    """A page that asks a person something, in the look of the consoles. It posts to its own
    address: `hidden` (name → value), what of `ticks` (name → label) stays ticked as `on`, and the
    pressed one of `buttons` (value → label) as `answer`. Without buttons it only tells."""
    html = _TEMPLATES.get_template("dialog.html").render(
        title=f"{title} · Emulated {emulator.partner}", heading=title, text=text,
        partner=emulator.partner, hidden=hidden or {}, ticks=ticks or {}, buttons=buttons or {},
        base=f"{emulator.config.prefix}/console",
        ui=f"{emulator.config.prefix}/console/ui",
    )  # fmt: skip
    return Answer(html.encode(), status, "text/html; charset=utf-8", dict(_HEADERS))
