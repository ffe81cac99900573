"""The console's application: every route with the role it needs, and what an error looks like."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Litestar, Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import (
    HTTPException,
    NotAuthorizedException,
    PermissionDeniedException,
)
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler

from dragoman import ui
from dragoman.domain.sentences import Sentence, SentenceError, inner, say, term, words
from dragoman.store.errors import StoreError

from .doorman import WHO, Doorman, Who
from .house import House
from .render import STATIC

words(
    {
        "page_not_there": "There is no page at this address. It may belong to an app that was "
        "deleted, or the link was cut short.",
        "page_too_long": "What was sent is longer than {most} MB, so nothing of it was kept. "
        "Shorten it and send it again.",
        "page_role": "This needs the role {needed}, and you are {role}: ask an owner.",
        "page_broken": "A mistake in Dragoman kept this page from being made. It is in the "
        "server's log; please report it.",
        "page_away": "The database does not answer ({why}), so this cannot be shown now. Nothing "
        "was lost; try again in a moment.",
    }
)

MOST_MB = 2  # of a form
OPEN = "open"  # of a route that needs nobody signed in


def house_of(connection: ASGIConnection[Any, Any, Any, Any]) -> House:
    found: House = connection.app.state.house
    return found


def build(house: House) -> Doorman:
    """The console for a running program."""
    from .pages import (
        agent,
        apps,
        channel,
        components,
        conversation,
        credentials,
        emulated,
        find,
        log,
        message,
        publishing,
        settings,
        start,
    )

    parts = (
        start, apps, channel, emulated, agent, credentials, publishing, log, message, conversation,
        find, settings, components,
    )  # fmt: skip
    routes: list[ControllerRouterHandler] = [route for part in parts for route in part.ROUTES]
    site = Litestar(
        route_handlers=[
            *routes,
            ui.served("/ui", ui.STATIC),
            ui.served("/console/static", STATIC),
        ],
        guards=[guard],
        exception_handlers={
            SentenceError: _said,
            StoreError: _away,
            HTTPException: _refused,
            Exception: _broken,
        },
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MOST_MB * 1024 * 1024,
    )
    site.state.house = house
    return Doorman(site, house)


def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A route says which role it needs (`opt={"role": …}`); files of ours and the door are open."""
    needed = handler.opt.get("role", OPEN if connection.scope["path"].startswith(_FILES) else None)
    if needed == OPEN:
        return
    who: Who | None = connection.scope.get(WHO)  # type: ignore[assignment]
    if who is None:
        raise NotAuthorizedException
    assert needed is not None, f"{connection.scope['path']} names no role"
    if not who.person.may(needed):
        told = Sentence("page_role", {"needed": term(needed), "role": term(who.person.role)})
        raise PermissionDeniedException(say(told), extra=msgspec.to_builtins(told))


_FILES = ("/ui/", "/console/static/")


# --- what goes wrong -----------------------------------------------------------------------------


def _problem(request: Request[Any, Any, Any], status: int, told: Sentence | str) -> Response[str]:
    from .pages.settings import tabs
    from .render import HEADERS, language_of, page, who_of, words_of

    person = {"text/html", "text/*"} & set(_accepted(request)) or "HX-Request" in request.headers
    if not person:
        text = words_of(told, language_of(request))
        return Response(text, status_code=status, media_type="text/plain", headers=HEADERS)

    more: dict[str, Any] = {}
    if request.url.path.startswith("/settings/") and who_of(request) is not None:
        more = {"tabs": tabs(request), "tab": request.url.path.split("/")[2]}
    return page(request, "problem.html", "Not possible", status=status, told=told, **more)


def _accepted(request: Request[Any, Any, Any]) -> list[str]:
    """The kinds of answer that are asked for."""
    asked = request.headers.get("Accept", "")
    return [kind.partition(";")[0].strip() for kind in asked.split(",")]


def _said(request: Request[Any, Any, Any], error: SentenceError) -> Response[str]:
    return _problem(request, 422, error.sentence)


def _away(request: Request[Any, Any, Any], error: StoreError) -> Response[str]:
    return _problem(request, 503, Sentence("page_away", {"why": error.sentence}))


def _refused(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    from .render import go

    if isinstance(error, NotAuthorizedException):
        if request.method in ("GET", "HEAD") and not request.headers.get("HX-Request"):
            path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return go("/signin?next=" + quote(path, safe="/"))
        return _sign_in_first(request)
    if error.status_code == 404:
        ours = error.detail and error.detail != "Not Found"
        told = inner(error.extra) or (error.detail if ours else Sentence("page_not_there"))
        return _problem(request, 404, told)
    if error.status_code == 413:
        return _problem(request, 413, Sentence("page_too_long", {"most": MOST_MB}))
    return _problem(request, error.status_code, inner(error.extra) or error.detail)


def _sign_in_first(request: Request[Any, Any, Any]) -> Response[str]:
    """A change by somebody whose sign-in is over. With a script the page asks for it in place and
    sends the form again (`console.js`); without one this page leads back to the form."""
    from .pages.start import local
    from .render import page

    came = urlsplit(request.headers.get("Referer", ""))
    back = came.path + (f"?{came.query}" if came.query else "")
    onwards = local(back) if came.netloc == request.headers.get("Host") else "/"
    return page(request, "signin.html", "Sign in", status=401, next=onwards, email="", wrong=None)


def _broken(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    import structlog

    structlog.get_logger("console").exception("page_broken", path=request.url.path)
    return _problem(request, 500, Sentence("page_broken"))
