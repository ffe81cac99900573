"""The calls about the account: its senders, templates, flows, identities, configurations, logs.

UNSURE, since no document has them: /account/1/balance, /whatsapp/2/senders and /whatsapp/2/logs
(all seen in integrators' code), and the answers to a posted inbound configuration, subscription
and security, which are given back as they came.
Source: Infobip, OpenAPI documents (July 2026).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from dragoman.emulators.kit import Answer, Record

from . import reports, sending, status_table, wire
from . import schema_account as schema
from .calls import Call, answer, nothing, open_session
from .checks import Invalid, Refusal, Violation
from .config import Setup
from .fields import Field, check

if TYPE_CHECKING:
    from .emulator import Emulator


def _checked(call: Call, fields: Mapping[str, Field]) -> dict[str, Any]:
    body = call.body()
    violations = check(fields, body)
    if violations:
        raise Invalid(violations)
    return body


def session(emulator: Emulator, call: Call) -> Answer:
    return open_session(emulator, call, _checked(call, schema.SESSION))


# --- senders -------------------------------------------------------------------------------------


def balance(emulator: Emulator, call: Call) -> Answer:
    config = emulator.config
    left = 0.0 if emulator.rules.no_credit else config.balance
    return answer({"balance": left, "currency": config.currency})


def list_senders(emulator: Emulator, call: Call) -> Answer:
    rows = [{"sender": number, "status": "CONNECTED"} for number in emulator.senders.all]
    return answer({"senders": rows})


def quality(emulator: Emulator, call: Call) -> Answer:
    """UNSURE: a sender that is not the account's is left out."""
    asked = call.many("senders")
    if not 1 <= len(asked) <= 100:
        raise Invalid([Violation("senders", "size", {"least": 1, "most": 100})])
    rules = emulator.rules
    rows = [
        {
            "sender": number,
            "qualityRating": "HIGH",
            "status": "PENDING" if number in rules.unregistered_senders else "CONNECTED",
            "currentLimit": "LIMIT_10K",
            "lastUpdated": wire.moment(emulator.clock.now()),
        }
        for number in asked
        if number in emulator.senders.all
    ]
    return answer({"results": rows})


# --- templates -----------------------------------------------------------------------------------


def list_templates(emulator: Emulator, call: Call) -> Answer:
    return answer({"templates": list(emulator.templates.all.values())})


def account_templates(emulator: Emulator, call: Call) -> Answer:
    """All of the account, in pages, with filters."""
    found = [
        template
        for template in emulator.templates.all.values()
        if all(
            not call.many(name) or str(template.get(name, "")) in call.many(name)
            for name in ("status", "name", "language", "category")
        )
    ]
    page = int(call.one("page")) if call.one("page").isdigit() else 0
    size = int(call.one("size")) if call.one("size").isdigit() else 10
    if not 1 <= size <= 100:
        raise Invalid([Violation("size", "most", {"most": 100})])
    paging = {
        "page": page,
        "size": size,
        "totalPages": -(-len(found) // size),
        "totalResults": len(found),
    }
    return answer({"results": found[page * size : (page + 1) * size], "paging": paging})


def _review(emulator: Emulator, template: dict[str, Any]) -> None:
    item = {"effect": "review", "template": template["id"]}
    emulator.timeline.add(item, emulator.config.delays.template_review_ms)


def create_template(emulator: Emulator, call: Call) -> Answer:
    """PENDING at once, APPROVED after the review, with its webhook where one is subscribed."""
    template = emulator.templates.create(call.body(), emulator.clock.now())
    _review(emulator, template)
    return answer(template, 201)


def read_template(emulator: Emulator, call: Call) -> Answer:
    return answer(emulator.templates.get(call.parts["template"]))


def edit_template(emulator: Emulator, call: Call) -> Answer:
    now = emulator.clock.now()
    template = emulator.templates.edit(call.parts["template"], call.body(), now)
    _review(emulator, template)
    return answer(template)


def delete_template(emulator: Emulator, call: Call) -> Answer:
    emulator.templates.delete(call.parts["template"])
    return nothing()


# --- flows, identities, conversions --------------------------------------------------------------


def _flows(emulator: Emulator) -> list[dict[str, Any]]:
    return list(emulator.books.get("flows") or [])


def list_flows(emulator: Emulator, call: Call) -> Answer:
    return answer({"flows": _flows(emulator)})


def create_flow(emulator: Emulator, call: Call) -> Answer:
    body, known = _checked(call, schema.FLOW), _flows(emulator)
    if any(flow["name"] == body["name"] for flow in known):
        raise Invalid([Violation("name", "flow_name")])
    flow = {
        "id": str(10**15 + secrets.randbelow(9 * 10**15)),
        "name": body["name"],
        "businessAccountId": emulator.config.business_account,
        "categories": body["categories"],
        "status": "DRAFT",
        "initialScreens": [],
    }
    emulator.books.put("flows", [*known, flow])
    return answer(flow, 201)


def _identity(emulator: Emulator, call: Call) -> dict[str, Any]:
    who = sending.person(emulator, call.parts["user"])
    known = None if who.wrong == "destination" else emulator.identity(who.contact)
    if known is None:
        raise Refusal("thing_missing")
    return known


def read_identity(emulator: Emulator, call: Call) -> Answer:
    return answer(_identity(emulator, call))


def confirm_identity(emulator: Emulator, call: Call) -> Answer:
    body, known = _checked(call, schema.IDENTITY), _identity(emulator, call)
    if body["hash"] != known["hash"]:
        raise Refusal("hash_conflict")
    emulator.books.put(f"identity:{call.parts['user']}", body["hash"])
    return nothing()


def forget_identity(emulator: Emulator, call: Call) -> Answer:
    _identity(emulator, call)
    emulator.books.put(f"identity:{call.parts['user']}", "")
    return nothing()


def convert(emulator: Emulator, call: Call) -> Answer:
    """All or nothing; nothing comes of them here."""
    _checked(call, schema.CONVERSIONS)
    return nothing()


# --- configurations and subscriptions ------------------------------------------------------------


def _told(number: str, setup: Setup) -> dict[str, Any]:
    forwarding = {"type": "HTTP_FORWARD", "url": setup.inbound_url, "format": setup.format}
    made: dict[str, Any] = {
        "configurationKey": f"configuration-{number}",
        "channel": "WHATSAPP",
        "number": number,
        "forwarding": forwarding,
    }
    return {**made, "keyword": setup.keyword} if setup.keyword else made


def read_configurations(emulator: Emulator, call: Call) -> Answer:
    number = call.one("number")
    found = [
        _told(one, emulator.senders.setup(one))
        for one in emulator.senders.all
        if number in ("", one) and emulator.senders.setup(one).inbound_url
    ]
    return answer({"results": found})


def write_configuration(emulator: Emulator, call: Call) -> Answer:
    """The same as the console's *Edit Configuration*: keyword, URL and renderer."""
    body = _checked(call, schema.INBOUND_CONFIGURATION)
    number = str(body.get("number") or body.get("numberKey") or "")
    if not number:
        raise Invalid([Violation("number", "blank")])
    if number not in emulator.senders.all:
        raise Refusal("sender_missing")
    forwarding = body.get("forwarding") or {}
    setup = msgspec.structs.replace(
        emulator.senders.setup(number),
        keyword=body.get("keyword") or "",
        inbound_url=forwarding.get("url") or "",
        format=forwarding.get("format") or "MO_OTT_CONTACT",
    )
    emulator.set_up(number, setup)
    return answer(_told(number, setup))


def delete_configuration(emulator: Emulator, call: Call) -> Answer:
    number = call.parts["configuration"].removeprefix("configuration-")
    if not emulator.senders.setup(number).inbound_url:
        raise Refusal("thing_missing")
    setup = msgspec.structs.replace(emulator.senders.setup(number), keyword="", inbound_url="")
    emulator.set_up(number, setup)
    return nothing()


def subscribe(emulator: Emulator, call: Call) -> Answer:
    body = _checked(call, schema.SUBSCRIPTION)
    emulator.subscriptions.add(body)
    return answer(body, 201)


def unsubscribe(emulator: Emulator, call: Call) -> Answer:
    if not emulator.subscriptions.remove(call.parts["subscription"]):
        raise Refusal("thing_missing")
    return nothing()


def list_subscriptions(emulator: Emulator, call: Call) -> Answer:
    found = list(emulator.subscriptions.all.values())
    paging = {"page": 0, "size": 100, "totalPages": 1, "totalResults": len(found)}
    return answer({"results": found, "paging": paging})


def secure(emulator: Emulator, call: Call) -> Answer:
    body = _checked(call, schema.SECURITY)
    emulator.subscriptions.secure(body)
    return answer(body, 201)


# --- logs ----------------------------------------------------------------------------------------


def last_state(record: Record) -> tuple[dict[str, Any], dict[str, Any]]:
    """The status and error objects of a message as it stands."""
    done = [one["status"] for one in record["reports"]]
    if "failed" in done:
        return reports.outcome("failed", record["failed"])
    if "delivered" in done:
        return reports.outcome("delivered", None)
    return status_table.status(7), status_table.error(0)


def _logged(emulator: Emulator, record: Record) -> dict[str, Any]:
    state, problem = last_state(record)
    done = record["reports"][-1]["at"] if record["reports"] else record["at"]
    content = record["body"].get("content") or {}
    row: dict[str, Any] = {
        "bulkId": record["bulk"],
        "messageId": record["id"],
        "sender": record["number"],
        "destination": record["to"],
        "sentAt": wire.moment(record["at"]),
        "doneAt": wire.moment(done),
        "messageCount": 1,
        "price": {
            "pricePerMessage": 0 if problem["id"] else emulator.config.price,
            "currency": emulator.config.currency,
        },
        "status": state,
        "error": problem,
    }
    if record["kind"] == "template" and "templateData" in content:
        data = content["templateData"]
        row["content"] = {
            "templateName": content["templateName"],
            "language": {"code": content["language"]},
            "mediaTemplateBody": data["body"],
        }
        if data.get("header"):
            row["content"]["mediaTemplateHeader"] = {"format": data["header"]["type"]}
    return row


def logs(emulator: Emulator, call: Call) -> Answer:
    """Messages of the last 48 hours, as often as they are asked for."""
    wanted, now = call.many("messageId"), emulator.clock.now()
    rows = [
        _logged(emulator, record)
        for record in emulator.recent(call.limit())
        if now - record["at"] <= reports.KEPT_MS and (not wanted or record["id"] in wanted)
    ]
    return answer({"results": rows})
