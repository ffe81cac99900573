"""App credentials: made, rotated, deleted, and their ready header shown again for a password.

A secret is in the answer to what made it and nowhere else: in no address, and no browser keeps it.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.engine.credentials import DAY_MS
from dragoman.engine.keys import ALGORITHMS, SCOPES

from ..password import refuse
from ..render import go, page, signed_in
from ..site import house_of
from .apps import app_of, frame, name_of
from .start import asked_from

Ask = Request[Any, Any, Any]
OVERLAPS = (0, 1, 7, 30, 90)  # days

words(
    {
        "told_credential_deleted": "The credential {name} is deleted: no token of it is accepted "
        "any more.",
        "credential_no_scope": "Without a scope this credential could be used for nothing: tick at "
        "least one.",
        "credential_overlap_choose": "Choose how long the present secret stays good.",
    }
)


async def _listed(request: Ask) -> list[dict[str, Any]]:
    args = {"name": app_of(request).stream_id}
    answer = await house_of(request).command("credential.list", args)
    found: list[dict[str, Any]] = answer["credentials"]
    return found


async def _one(request: Ask) -> dict[str, Any]:
    """The credential that the address names. Raises SentenceError."""
    app, client_id = app_of(request), str(request.path_params["client"])
    for one in await _listed(request):
        if one["client_id"] == client_id:
            return one
    known = ", ".join(c.name for c in app.credentials.values()) or "none yet"
    about = {"app": app.name, "name": client_id, "known": known}
    raise SentenceError(Sentence("credential_unknown", about))


async def _run(request: Ask, name: str, **args: Any) -> dict[str, Any]:
    who, app = name_of(signed_in(request)), app_of(request)
    return await house_of(request).command(name, {"who": who, "name": app.stream_id, **args})


@get("/apps/{app:str}/credentials", opt={"role": "viewer"})
async def credentials(request: Ask) -> Response[str]:
    rows, app = await _listed(request), app_of(request)
    return page(request, "credentials.html", "App credentials", rows=rows, **frame(app))


# --- made ----------------------------------------------------------------------------------------


@get("/apps/{app:str}/credentials/new", opt={"role": "builder"}, sync_to_thread=False)
def new(request: Ask) -> Response[str]:
    given = {"credential": "", "alg": ALGORITHMS[0], "public_key": "", "scopes": list(SCOPES)}
    return _new_page(request, given, None)


def _new_page(request: Ask, given: dict[str, Any], wrong: Sentence | None) -> Response[str]:
    field = _FIELD_OF.get(wrong.id, "credential") if wrong is not None else ""
    return page(
        request, "credential_new.html", "New credential", status=422 if wrong else 200,
        given=given, wrong=wrong, field=field, algorithms=ALGORITHMS, **frame(app_of(request)),
    )  # fmt: skip


_FIELD_OF = {  # which field a sentence of the engine is about
    "credential_alg_wrong": "alg",
    "credential_no_pair": "public_key",
    "key_no_public": "public_key",
    "key_private": "public_key",
    "key_not_rsa": "public_key",
    "credential_scope_wrong": "scopes",
    "credential_no_scope": "scopes",
}


@post("/apps/{app:str}/credentials/new", opt={"role": "builder"})
async def create(request: Ask) -> Response[str]:
    form = await request.form()
    given: dict[str, Any] = {n: str(form.get(n, "")) for n in ("credential", "alg", "public_key")}
    given["scopes"] = [str(one) for one in form.getall("scopes", [])]
    if not given["scopes"]:
        return _new_page(request, given, Sentence("credential_no_scope"))
    try:
        made = await _run(request, "credential.create", **given)
    except SentenceError as error:
        return _new_page(request, given, error.sentence)
    return _shown(request, made, "made")


def _shown(request: Ask, made: dict[str, Any], why: str) -> Response[str]:
    """The one answer that has the secret in it."""
    return page(
        request, "credential_shown.html", "Credential", made=made, why=why, **frame(app_of(request))
    )


# --- rotated -------------------------------------------------------------------------------------


@get("/apps/{app:str}/credentials/{client:str}/rotate", opt={"role": "builder"})
async def before_rotate(request: Ask) -> Response[str]:
    return await _rotate_page(request, {"days": "1", "public_key": ""}, None)


async def _rotate_page(
    request: Ask, given: dict[str, str], wrong: Sentence | None
) -> Response[str]:
    one = await _one(request)
    return page(
        request, "credential_rotate.html", "Rotate", status=422 if wrong else 200, one=one,
        given=given, wrong=wrong, overlaps=OVERLAPS, **frame(app_of(request)),
    )  # fmt: skip


@post("/apps/{app:str}/credentials/{client:str}/rotate", opt={"role": "builder"})
async def rotate(request: Ask) -> Response[str]:
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in ("days", "public_key", "rotated_at")}
    if given["days"] not in map(str, OVERLAPS):
        return await _rotate_page(request, given, Sentence("credential_overlap_choose"))
    args: dict[str, Any] = {"overlap_ms": int(given["days"]) * DAY_MS}
    args["rotated_at"] = int(given["rotated_at"]) if given["rotated_at"].isdigit() else -1
    args["public_key"] = given["public_key"]
    try:
        done = await _run(
            request, "credential.rotate", credential=request.path_params["client"], **args
        )
    except SentenceError as error:
        return await _rotate_page(request, given, error.sentence)
    return _shown(request, done, "rotated")


# --- deleted -------------------------------------------------------------------------------------


@get("/apps/{app:str}/credentials/{client:str}/delete", opt={"role": "builder"})
async def before_delete(request: Ask) -> Response[str]:
    return await _delete_page(request, None)


async def _delete_page(request: Ask, wrong: Sentence | None) -> Response[str]:
    one = await _one(request)
    return page(
        request, "credential_delete.html", "Delete", status=422 if wrong else 200, one=one,
        wrong=wrong, **frame(app_of(request)),
    )  # fmt: skip


@post("/apps/{app:str}/credentials/{client:str}/delete", opt={"role": "builder"})
async def delete(request: Ask) -> Response[Any]:
    client_id = str(request.path_params["client"])
    try:
        gone = await _run(request, "credential.delete", credential=client_id)
    except SentenceError as error:
        if error.sentence.id != "credential_selected":
            raise
        return await _delete_page(request, error.sentence)
    told = Sentence("told_credential_deleted", {"name": gone["credential"]})
    return go(f"/apps/{app_of(request).stream_id}/credentials", told=told)


# --- the ready header, again ---------------------------------------------------------------------


@get("/apps/{app:str}/credentials/{client:str}/header", opt={"role": "builder"})
async def before_header(request: Ask) -> Response[str]:
    guest = Sentence("password_guest") if signed_in(request).is_guest else None
    return await _header_page(request, guest, 200)


async def _header_page(request: Ask, wrong: Sentence | None, status: int) -> Response[str]:
    one = await _one(request)
    return page(
        request, "credential_header.html", "Authorization header", status=status, one=one,
        wrong=wrong, **frame(app_of(request)),
    )  # fmt: skip


@post("/apps/{app:str}/credentials/{client:str}/header", opt={"role": "builder"})
async def header(request: Ask) -> Response[str]:
    form, (peer, _) = await request.form(), asked_from(request)
    wrong = await refuse(request, str(form.get("password", "")), peer)
    if wrong is not None:
        return await _header_page(request, wrong, 422)
    client_id = str(request.path_params["client"])
    try:
        made = await _run(request, "credential.token", credential=client_id)
    except SentenceError as error:
        return await _header_page(request, error.sentence, 422)
    return _shown(request, made, "header")


ROUTES = (
    credentials,
    new,
    create,
    before_rotate,
    rotate,
    before_delete,
    delete,
    before_header,
    header,
)
