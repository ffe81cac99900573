"""The calls of the account and of the app: numbers, templates, subscriptions, tokens."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from dragoman.emulators._cloud.checks import Refusal, error_body
from dragoman.emulators.kit import Answer

from .calls import Call, allow, answer, app_token, find_token
from .config import MANAGEMENT
from .edges import number_fields, pick
from .subscriptions import handshake

if TYPE_CHECKING:
    from .emulator import Emulator

_TEMPLATE_DEFAULT = (
    "name",
    "parameter_format",
    "components",
    "language",
    "status",
    "category",
    "sub_category",
    "id",
)
_PAGE = 25


def _cursor(place: int) -> str:
    return base64.b64encode(str(place).encode()).decode().rstrip("=") + "ZD"


def _place(cursor: str) -> int:
    text = cursor.removesuffix("ZD")
    try:
        return int(base64.b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise Refusal("kind", param="after", kind="a valid cursor") from None


def paged(emulator: Emulator, call: Call, items: list[dict[str, Any]]) -> Answer:
    """One page of a list, with the cursors to the next."""
    limit = int(call.field("limit")) if call.field("limit").isdigit() else _PAGE
    first = _place(call.field("after")) if call.field("after") else 0
    page = items[first : first + limit]
    body: dict[str, Any] = {"data": page}
    if page:
        last = first + len(page)
        body["paging"] = {"cursors": {"before": _cursor(first), "after": _cursor(last)}}
        if last < len(items):
            path = "/".join([call.version, *call.segments])
            query = f"limit={limit}&after={_cursor(last)}"
            body["paging"]["next"] = f"{emulator.base_url}/{path}?{query}"
    return answer(body)


def read_account(emulator: Emulator, call: Call) -> Answer:
    allow(emulator, call, MANAGEMENT)
    known = {
        "id": emulator.config.waba_id,
        "name": emulator.config.waba_name,
        "status": "DISABLED" if emulator.rules.account_locked else "ACTIVE",
        "currency": "USD",
        "timezone_id": "1",
        "message_template_namespace": "00000000_0000_0000_0000_000000000000",
        "account_review_status": "APPROVED",
        "business_verification_status": "verified",
    }
    default = ("id", "name", "timezone_id", "message_template_namespace")
    return answer(pick(known, call.field("fields"), default))


def list_numbers(emulator: Emulator, call: Call) -> Answer:
    allow(emulator, call, MANAGEMENT)
    default = ("verified_name", "display_phone_number", "id", "quality_rating")
    asked = call.field("fields")
    rows = [pick(number_fields(emulator, n), asked, default) for n in emulator.numbers.values()]
    return paged(emulator, call, rows)


def list_templates(emulator: Emulator, call: Call) -> Answer:
    allow(emulator, call, MANAGEMENT)
    wanted = {
        key: call.field(key)
        for key in ("name", "language", "status", "category")
        if call.field(key)
    }
    found = emulator.templates.listed(wanted)
    rows = [pick(template, call.field("fields"), _TEMPLATE_DEFAULT) for template in found]
    return paged(emulator, call, rows)


def create_template(emulator: Emulator, call: Call) -> Answer:
    """PENDING at once, APPROVED after the review, with its webhook."""
    allow(emulator, call, MANAGEMENT)
    template = emulator.templates.create(call.fields)
    emulator.timeline.add(
        {"effect": "review", "template": template["id"]}, emulator.config.delays.template_review_ms
    )
    return answer({key: template[key] for key in ("id", "status", "category")})


def delete_template(emulator: Emulator, call: Call) -> Answer:
    allow(emulator, call, MANAGEMENT)
    if not call.field("name"):
        raise Refusal("required", param="name")
    emulator.templates.delete(call.field("name"), call.field("hsm_id"))
    return answer({"success": True})


def read_template(emulator: Emulator, call: Call) -> Answer:
    allow(emulator, call, MANAGEMENT)
    template = emulator.templates.get(call.segments[0])
    assert template is not None
    return answer(pick(template, call.field("fields"), _TEMPLATE_DEFAULT))


def read_subscribed(emulator: Emulator, call: Call) -> Answer:
    allow(emulator, call, MANAGEMENT)
    state = emulator.subscriptions.state
    if not state.account:
        return answer({"data": []})
    app_id = emulator.config.app_id
    row: dict[str, Any] = {
        "whatsapp_business_api_data": {
            "id": app_id,
            "link": f"https://www.facebook.com/games/?app_id={app_id}",
            "name": emulator.config.app_name,
        }
    }
    if state.account_override:
        row["override_callback_uri"] = state.account_override
    return answer({"data": [row]})


async def subscribe_account(emulator: Emulator, call: Call) -> Answer:
    """Without a body: subscribe, and take an override away. With one: set the override."""
    allow(emulator, call, MANAGEMENT)
    state = emulator.subscriptions.state
    url = call.field("override_callback_uri")
    if url:
        if not state.account:
            raise Refusal("override_first")
        await handshake(emulator.http, url, call.field("verify_token"))
    state.account, state.account_override = True, url
    emulator.subscriptions.keep()
    return answer({"success": True})


def unsubscribe_account(emulator: Emulator, call: Call) -> Answer:
    allow(emulator, call, MANAGEMENT)
    state = emulator.subscriptions.state
    state.account, state.account_override = False, ""
    emulator.subscriptions.keep()
    return answer({"success": True})


def _need_app_token(emulator: Emulator, call: Call) -> None:
    if call.token is None or call.token.token != app_token(emulator):
        raise Refusal("app_token_needed")


def read_subscriptions(emulator: Emulator, call: Call) -> Answer:
    _need_app_token(emulator, call)
    return answer({"data": emulator.subscriptions.listed()})


async def write_subscriptions(emulator: Emulator, call: Call) -> Answer:
    """The app's callback: kept once the verification GET brought the challenge back."""
    _need_app_token(emulator, call)
    if call.field("object") != "whatsapp_business_account":
        raise Refusal("object_type", value=call.field("object"))
    for key in ("callback_url", "verify_token"):
        if not call.field(key):
            raise Refusal("required", param=key)
    await handshake(emulator.http, call.field("callback_url"), call.field("verify_token"))
    state = emulator.subscriptions.state
    state.callback_url = call.field("callback_url")
    state.verify_token = call.field("verify_token")
    fields = call.fields.get("fields") or "messages"
    state.fields = fields if isinstance(fields, list) else str(fields).split(",")
    emulator.subscriptions.keep()
    return answer({"success": True})


def delete_subscriptions(emulator: Emulator, call: Call) -> Answer:
    _need_app_token(emulator, call)
    emulator.subscriptions.remove()
    return answer({"success": True})


def debug_token(emulator: Emulator, call: Call) -> Answer:
    """What a token is worth; an invalid one is described, not refused."""
    if not call.field("input_token"):
        raise Refusal("required", param="input_token")
    app = {"app_id": emulator.config.app_id, "application": emulator.config.app_name}
    try:
        token = find_token(emulator, call.field("input_token"))
    except Refusal as refusal:
        error = error_body(refusal, "")["error"]
        said = {"code": error["code"], "message": error["message"]}
        if "error_subcode" in error:
            said["subcode"] = error["error_subcode"]
        return answer({"data": {"error": said, "is_valid": False, "scopes": []}})
    wabas = [emulator.config.waba_id] if token.wabas is None else list(token.wabas)
    data = {
        "app_id": app["app_id"],
        "type": "APP" if token.token == app_token(emulator) else token.kind,
        "application": app["application"],
        "data_access_expires_at": 0,
        "expires_at": token.expires_at // 1000,
        "is_valid": True,
        "issued_at": token.issued_at // 1000,
        "scopes": list(token.scopes),
        "granular_scopes": [{"scope": s, "target_ids": wabas} for s in token.scopes],
        "user_id": "104169029247128",
    }
    return answer({"data": data})
