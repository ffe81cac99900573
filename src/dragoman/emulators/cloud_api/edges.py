"""The calls of a number: messages, media, its own fields.

Each edge is a function of emulator and call; `graph.py` finds it by node, edge and method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.emulators._cloud.checks import Refusal
from dragoman.emulators._cloud.messages import check_envelope
from dragoman.emulators._cloud.reading import Part
from dragoman.emulators.kit import Answer

from .calls import Call, allow, answer
from .config import MANAGEMENT, MESSAGING, Number
from .sending import Accepted, accept, check_account, mark_read
from .subscriptions import handshake

if TYPE_CHECKING:
    from .emulator import Emulator


def spaced(display: str) -> str:
    """`12025550100` as Meta shows it: `+1 202-555-0100`."""
    if display.startswith("1") and len(display) == 11:
        return f"+1 {display[1:4]}-{display[4:7]}-{display[7:]}"
    return "+" + display


def pick(value: dict[str, Any], fields: str, default: tuple[str, ...]) -> dict[str, Any]:
    """The asked fields (`a,b{c}`), or the default ones; `id` always, unknown ones left out."""
    names, depth, word = [], 0, ""
    for letter in fields + ",":
        depth += (letter in "{(") - (letter in "})")
        if letter == "," and depth == 0:
            names.append(word.split("{")[0].split(".")[0].strip())
            word = ""
        else:
            word += letter
    wanted = [name for name in names if name] or list(default)
    return {name: value[name] for name in dict.fromkeys([*wanted, "id"]) if name in value}


def start_send(
    emulator: Emulator, call: Call, number: Number, *, marketing: bool = False
) -> Accepted | Answer:
    """A send, or the read form of the same endpoint. Raises Refusal."""
    allow(emulator, call, MESSAGING)
    body = call.body
    if "status" in body and "type" not in body:
        check_envelope(body)
        check_account(emulator, number)
        return answer(mark_read(emulator, number, body))
    return accept(emulator, number, body, marketing=marketing)


def upload_media(emulator: Emulator, call: Call, number: Number) -> Answer:
    allow(emulator, call, MESSAGING)
    check_envelope(call.fields)
    check_account(emulator, number)
    if call.upload is None:
        raise Refusal("required", param="file")
    upload = call.upload
    mime = call.field("type") or upload.mime
    pnid = number.phone_number_id
    media_id = emulator.media.upload(pnid, upload.data, mime, upload.filename)
    said = {"file": upload.filename, "type": mime, "bytes": len(upload.data)}
    emulator.wire_out(pnid, "upload media", "200", said, answer={"id": media_id})
    return answer({"id": media_id})


def read_media(emulator: Emulator, call: Call) -> Answer:
    allow(emulator, call, MESSAGING)
    media_id = call.segments[0]
    stored = emulator.media.load(media_id, call.field("phone_number_id"))
    if stored is None:
        raise Refusal("object_missing", method="get", object=media_id)
    url = emulator.media.url(emulator.base_url, media_id, "getMedia")
    return answer(emulator.media.described(stored, url))


def delete_media(emulator: Emulator, call: Call) -> Answer:
    allow(emulator, call, MESSAGING)
    media_id = call.segments[0]
    if emulator.media.load(media_id, call.field("phone_number_id")) is None:
        raise Refusal("object_missing", method="delete", object=media_id)
    emulator.media.delete(media_id)
    return answer({"success": True})


def download(emulator: Emulator, call: Call) -> Answer:
    stored = emulator.media.open_url({k: str(v) for k, v in call.fields.items()})
    return Answer(stored.data, mime=stored.mime)


def number_fields(emulator: Emulator, number: Number) -> dict[str, Any]:
    """Every field of a number that this emulator knows."""
    overrides = emulator.subscriptions.state
    configuration = {
        "application": overrides.callback_url,
        "whatsapp_business_account": overrides.account_override,
        "phone_number": overrides.number_overrides.get(number.phone_number_id, ""),
    }
    return {
        "verified_name": number.title,
        "code_verification_status": "VERIFIED",
        "display_phone_number": spaced(number.display),
        "quality_rating": "GREEN",
        "name_status": "PENDING_REVIEW" if emulator.rules.name_not_approved else "APPROVED",
        "status": "CONNECTED" if number.registered else "PENDING",
        "platform_type": "CLOUD_API" if number.registered else "NOT_APPLICABLE",
        "throughput": {"level": "STANDARD"},
        "account_mode": "LIVE" if emulator.rules.allowed_recipients is None else "SANDBOX",
        "is_official_business_account": False,
        "is_on_biz_app": False,
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "webhook_configuration": {key: url for key, url in configuration.items() if url},
        "health_status": health(emulator, number),
        "id": number.phone_number_id,
    }


def health(emulator: Emulator, number: Number) -> dict[str, Any]:
    blocked = emulator.rules.account_locked or not number.registered
    word = "BLOCKED" if blocked else "AVAILABLE"
    return {
        "can_send_message": word,
        "entities": [
            {
                "entity_type": "PHONE_NUMBER",
                "id": number.phone_number_id,
                "can_send_message": word,
            },
            {
                "entity_type": "WABA",
                "id": emulator.config.waba_id,
                "can_send_message": "BLOCKED" if emulator.rules.account_locked else "AVAILABLE",
            },
        ],
    }


_NUMBER_DEFAULT = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "id",
)


def read_number(emulator: Emulator, call: Call, number: Number) -> Answer:
    allow(emulator, call, MANAGEMENT)
    fields = number_fields(emulator, number)
    return answer(pick(fields, call.field("fields"), _NUMBER_DEFAULT))


async def write_number(emulator: Emulator, call: Call, number: Number) -> Answer:
    """The override of the number's callback; each setting is verified with a handshake."""
    allow(emulator, call, MANAGEMENT)
    part = Part(call.fields, "", "phone number").maybe("webhook_configuration")
    if part is not None:
        url = part.text("override_callback_uri", required=False)
        overrides = emulator.subscriptions.state.number_overrides
        if url:
            if not emulator.subscriptions.state.account:
                raise Refusal("override_first")
            await handshake(emulator.http, url, part.text("verify_token"))
            overrides[number.phone_number_id] = url
        else:
            overrides.pop(number.phone_number_id, None)
        emulator.subscriptions.keep()
    return answer({"success": True})


def register(emulator: Emulator, call: Call, number: Number) -> Answer:
    """`register` and `deregister`; the PIN is taken as right."""
    allow(emulator, call, MANAGEMENT)
    if call.edge == "register":
        check_envelope(call.fields)
        if not call.field("pin"):
            raise Refusal("required", param="pin")
    number.registered = call.edge == "register"
    return answer({"success": True})
