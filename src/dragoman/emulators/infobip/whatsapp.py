"""The sends of the WhatsApp API, its typing indicator and its read receipts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dragoman.emulators.kit import Answer, person_key

from . import crosschecks, sending, shown, status_table, template_send, wire
from .calls import Call, answer, nothing
from .checks import Invalid, Refusal, Violation
from .fields import check
from .schema import SENDS
from .schema_account import EVENTS
from .schema_templates import TEMPLATE_BULK, TEMPLATE_MESSAGE
from .sending import Draft, Taken

if TYPE_CHECKING:
    from .emulator import Emulator

_TYPING_MS = 25_000


def _draft(kind: str, message: dict[str, Any], seen: dict[str, Any]) -> Draft:
    content = message.get("content") or {}
    action = content.get("action") or {}
    named = message.get("notifyUrl") or ""
    return Draft(
        sender=message["from"],
        to=message["to"],
        kind=kind,
        body=message,
        shown=seen,
        message_id=message.get("messageId") or "",
        callback=message.get("callbackData"),
        notify={"delivery": named, "seen": named} if named else {},
        platform={key: message.get(key) or "" for key in ("applicationId", "entityId")},
        flow=str(action.get("flowId") or ""),
        payment=action if kind == "interactive/order-details" else {},
        sms=message.get("smsFailover") or {},
    )


def _said(taken: Taken, to: str) -> dict[str, Any]:
    status = status_table.status(taken.status)
    return {"to": to, "messageCount": 1, "messageId": taken.message_id, "status": status}


def _tell(emulator: Emulator, draft: Draft, status: str, taken: Taken, reply: Any) -> None:
    contact = taken.record["contact"]["id"] if taken.record else None
    title = f"send {draft.kind.removeprefix('interactive/')}"
    emulator.wire_out(draft.sender, title, status, draft.body, taken.message_id, reply, contact)


def send(kind: str) -> Callable[[Emulator, Call], Any]:
    """The handler of /whatsapp/1/message/{kind}."""

    async def handler(emulator: Emulator, call: Call) -> Answer:
        message = call.body()
        violations = check(SENDS[kind], message)
        also = crosschecks.CROSSCHECKS.get(kind)
        if also is not None and not violations:
            also(message["content"], violations)
        if violations:
            raise Invalid(violations)
        draft = _draft(kind, message, shown.shown(kind, message))
        taken = sending.accept(emulator, draft)
        await sending.start(emulator, [taken])
        reply = _said(taken, draft.to)
        done = answer(reply)
        _tell(emulator, draft, emulator.spoil(done), taken, reply)
        return done

    return handler


def _template_message(emulator: Emulator, message: Any) -> Draft:
    violations = check(TEMPLATE_MESSAGE, message)
    if not violations:
        crosschecks.template(message["content"], violations)
    for one in violations:
        if one.check == "null":
            raise Refusal("template_null", path=one.path)
    if violations:
        raise Invalid(violations)
    content = message["content"]
    template = sending.find_template(emulator, content["templateName"], content["language"])
    draft = _draft("template", message, template_send.bare(content))
    draft.template, draft.data = template, content["templateData"]
    for button in draft.data.get("buttons") or []:
        if button["type"] == "ORDER_DETAILS":
            draft.payment = button["action"]
    return draft


async def send_template(emulator: Emulator, call: Call) -> Answer:
    """Several messages in one call. One that has not the right shape fails the call."""
    body = call.body()
    violations = check(TEMPLATE_BULK, body)
    if violations:
        raise Invalid(violations)
    drafts = [_template_message(emulator, message) for message in body["messages"]]
    bulk = body.get("bulkId") or wire.bulk_id()
    given = body.get("bulkId") or (bulk if len(drafts) > 1 else "")
    taken = []
    for draft in drafts:
        draft.bulk = given
        taken.append(sending.accept(emulator, draft))
    await sending.start(emulator, taken)
    said = [_said(one, draft.to) for one, draft in zip(taken, drafts, strict=True)]
    done = answer({"messages": said, "bulkId": bulk})
    status = emulator.spoil(done)
    for draft, one, reply in zip(drafts, taken, said, strict=True):
        _tell(emulator, draft, status, one, reply)
    return done


def mark_read(emulator: Emulator, call: Call) -> Answer:
    """The person sees two blue ticks. UNSURE: the words for an id that is unknown."""
    sender, message_id = call.parts["sender"], call.parts["message"]
    if emulator.books.received(message_id, sender) is None:
        raise Refusal("read_target", message_id=message_id)
    key = emulator.key(sender)
    emulator.handsets.set_status(key, message_id, "read", emulator.clock.now())
    emulator.wire_out(sender, "mark read", "204", {}, message_id)
    return nothing()


def show_typing(emulator: Emulator, sender: str, to: str) -> None:
    """*Typing* on the phone, and what she wrote last is read by that."""
    who = sending.person(emulator, to)
    contact = None if who.wrong else emulator.on_phone(person_key(who.contact))
    if contact is None:
        return
    now, key = emulator.clock.now(), emulator.key(sender)
    last = emulator.last_inbound(sender, person_key(contact))
    if last:
        emulator.handsets.set_status(key, last, "read", now)
    emulator.handsets.set_typing(key, contact.id, now + _TYPING_MS)


def events_answer(emulator: Emulator, events: list[dict[str, Any]], bulk: str = "") -> Answer:
    """Typing for each event, and the answer that both APIs give."""
    messages = []
    for event in events:
        for target in event["destinations"]:
            show_typing(emulator, event["sender"], target["to"])
            message_id = target.get("messageId") or wire.message_id()
            status = status_table.status(sending.ACCEPTED)
            said = {"messageId": message_id, "status": status, "destination": target["to"]}
            emulator.wire_out(event["sender"], "typing", "200", event, None, said)
            messages.append(said)
    return answer({"bulkId": bulk or wire.message_id(), "messages": messages})


def send_events(emulator: Emulator, call: Call) -> Answer:
    body = call.body()
    violations: list[Violation] = check(EVENTS, body)
    if violations:
        raise Invalid(violations)
    schedule = (body.get("options") or {}).get("schedule") or {}
    return events_answer(emulator, body["events"], schedule.get("bulkId") or "")
