"""The door: the first owner's set-up, signing in and out, accepting an invitation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie

from dragoman.domain.sentences import Sentence, SentenceError
from dragoman.engine import people

from ..doorman import COOKIE
from ..render import HEADERS, go, page, who_of
from ..site import OPEN, house_of

Ask = Request[Any, Any, Any]
_PUBLIC = {"role": OPEN}


def local(path: str) -> str:
    """Where to go on: only a page of ours."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if ours else "/"


def _cookie(request: Ask, token: str, *, end: bool = False) -> Cookie:
    secure = house_of(request).secure or request.url.scheme == "https"
    return Cookie(
        COOKIE, value=token, httponly=True, samesite="lax", secure=secure,
        max_age=0 if end else people.LONGEST_MS // 1000,
    )  # fmt: skip


def asked_from(request: Ask) -> tuple[str, str]:
    """Address and browser of whoever asks."""
    peer = request.client.host if request.client is not None else ""
    return peer, request.headers.get("User-Agent", "")


async def _text(request: Ask, *names: str) -> list[str]:
    form = await request.form()
    return [str(form.get(name, "")) for name in names]


_Again = Callable[[Ask, dict[str, str], Sentence | None], Response[str]]


# --- the first start -----------------------------------------------------------------------------


@get("/setup", opt=_PUBLIC)
async def setup(request: Ask) -> Response[Any]:
    if await house_of(request).store.read(people.has_owner):
        return go("/signin")
    return _setup_page(request, {}, None)


def _field_of(wrong: Sentence | None) -> str:
    """The field that a sentence is about, by the beginning of its id."""
    starts = {"invitation_": "code", "person_name": "name", "person_email": "email"}
    starts["password_"] = "password"
    return next((f for s, f in starts.items() if wrong is not None and wrong.id.startswith(s)), "")


def _setup_page(request: Ask, given: dict[str, str], wrong: Sentence | None) -> Response[str]:
    values = {"code": "", "email": "", "name": "", **given}
    return page(
        request, "setup.html", "Set up", status=422 if wrong else 200, given=values, wrong=wrong,
        invited="", at=_field_of(wrong),
    )  # fmt: skip


@post("/setup", opt=_PUBLIC)
async def set_up(request: Ask) -> Response[Any]:
    return await _accept(request, _setup_page)


@get("/invitation", opt=_PUBLIC)
async def invitation(request: Ask) -> Response[Any]:
    return _invitation_page(request, {}, None)


def _invitation_page(request: Ask, given: dict[str, str], wrong: Sentence | None) -> Response[str]:
    values = {"code": "", "email": "", "name": "", **given}
    return page(
        request, "setup.html", "Accept an invitation", status=422 if wrong else 200, given=values,
        wrong=wrong, invited="yes", at=_field_of(wrong),
    )  # fmt: skip


@post("/invitation", opt=_PUBLIC)
async def accept_invitation(request: Ask) -> Response[Any]:
    return await _accept(request, _invitation_page)


async def _accept(request: Ask, again: _Again) -> Response[Any]:
    """An account for a code. Codes are guessed at as slowly as passwords are."""
    house = house_of(request)
    code, email, name, password = await _text(request, "code", "email", "name", "password")
    given = {"code": code, "email": email, "name": name}
    peer, browser = asked_from(request)
    keys = (f"code {peer}",)
    change = house.change(email.strip().casefold() or "somebody")
    wait = await house.store.read(lambda tx: people.wait_ms(tx, keys, change.now))
    if wait:
        return again(request, given, Sentence("code_wait", {"seconds": -(-wait // 1000)}))
    if (wrong := people.check_password(password, email, name)) is not None:
        return again(request, given, wrong)
    digest = await asyncio.to_thread(people.hashed, password)
    try:
        one = await house.store.do(lambda tx: people.accept(tx, change, code, email, name, digest))
    except SentenceError as error:
        if error.sentence.id.startswith("invitation_"):
            await house.store.do(lambda tx: people.failed(tx, keys, change.now))
        return again(request, given, error.sentence)
    token = await house.store.do(lambda tx: people.sign_in(tx, change, one, peer, browser, keys))
    return go("/", cookies=[_cookie(request, token)])


# --- signing in and out --------------------------------------------------------------------------


@get("/signin", opt=_PUBLIC)
async def signin(request: Ask) -> Response[Any]:
    house, onwards = house_of(request), local(request.query_params.get("next", "/"))
    if not await house.store.read(people.has_owner) and not house.guest:
        return go("/setup")
    found = who_of(request)
    if found is not None and not found.is_guest:
        return go(onwards)
    return _signin_page(request, onwards, "", None)


def _signin_page(request: Ask, onwards: str, email: str, wrong: Sentence | None) -> Response[str]:
    return page(
        request, "signin.html", "Sign in", status=422 if wrong else 200, next=onwards, email=email,
        wrong=wrong,
    )  # fmt: skip


@get("/signin/again", opt=_PUBLIC, sync_to_thread=False)
def again(request: Ask) -> Response[Any]:
    """Whether a form may be sent: 204, or 401 with a dialog that asks for the sign-in in place."""
    found = who_of(request)
    if found is not None and not found.lapsed:
        return Response(None, status_code=204, headers=HEADERS)
    return page(request, "signin_again.html", "Sign in", status=401)


@post("/signin", opt=_PUBLIC)
async def sign_in(request: Ask) -> Response[Any]:
    house = house_of(request)
    email, password, onwards = await _text(request, "email", "password", "next")
    peer, browser = asked_from(request)
    keys = (f"email {email.strip().casefold()}", f"peer {peer}")
    change = house.change(email.strip().casefold()[:254])
    wait = await house.store.read(lambda tx: people.wait_ms(tx, keys, change.now))
    if wait:
        told = Sentence("signin_wait", {"seconds": -(-wait // 1000)})
        return _signin_page(request, local(onwards), email, told)
    one, kept = await house.store.read(lambda tx: people.candidate(tx, email))
    if not await asyncio.to_thread(people.matches, kept, password) or one is None:
        await house.store.do(lambda tx: people.failed(tx, keys, change.now))
        return _signin_page(request, local(onwards), email, Sentence("signin_wrong"))
    if one.off:
        return _signin_page(request, local(onwards), email, Sentence("signin_off"))
    token = await house.store.do(lambda tx: people.sign_in(tx, change, one, peer, browser, keys))
    return go(local(onwards), cookies=[_cookie(request, token)])


@post("/signout", opt=_PUBLIC)
async def sign_out(request: Ask) -> Response[Any]:
    found = who_of(request)
    if found is not None and not found.is_guest:
        token = found.token
        await house_of(request).store.do(lambda tx: people.sign_out(tx, token))
    return go("/signin", cookies=[_cookie(request, "", end=True)])


@get("/language/{code:str}", opt=_PUBLIC, sync_to_thread=False)
def language(request: Ask) -> Response[Any]:
    """Another language, and back to the page."""
    from dragoman.ui.languages import LANGUAGE_COOKIE, LANGUAGES

    code = str(request.path_params["code"])
    kept = Cookie(
        LANGUAGE_COOKIE, value=code if code in LANGUAGES else "en", samesite="lax",
        max_age=365 * 86_400,
    )  # fmt: skip
    return go(local(request.query_params.get("next", "/")), cookies=[kept])


ROUTES = (
    setup, set_up, invitation, accept_invitation, signin, again, sign_in, sign_out, language,
)  # fmt: skip
