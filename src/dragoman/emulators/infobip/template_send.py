"""A template send against its template: why it cannot arrive, and what the person reads.

Infobip accepts what has the right shape and reports the rest: 7009 for a template that is not
approved or has other parts, 7008 for another number of placeholders or a button without its
parameter. Source: Infobip, "Response status and error codes" (2026), and integrators' reports.
"""

from __future__ import annotations

import re
from typing import Any

from . import shown
from .templates import Template
from .wire import read_moment

_VARIABLE = re.compile(r"\{\{(\d+)\}\}")
_STATIC = ("PHONE_NUMBER", "REQUEST_CONTACT_INFO")


class Unfit(Exception):
    """The send does not fit its template; `check` is the id of the status check."""

    def __init__(self, check: str) -> None:
        super().__init__(check)
        self.check = check


def _count(text: str) -> int:
    return len(set(_VARIABLE.findall(text)))


def _fill(text: str, given: list[str]) -> str:
    """Raises Unfit for another number of placeholders."""
    if _count(text) != len(given):
        raise Unfit("template_args")
    values = {str(index + 1): value for index, value in enumerate(given)}
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def _header(spec: dict[str, Any] | None, given: dict[str, Any] | None) -> dict[str, Any] | None:
    if spec is None:
        if given is not None:
            raise Unfit("template_invalid")
        return None
    form = spec["format"]
    if form == "TEXT":
        if given is not None and given["type"] != "TEXT":
            raise Unfit("template_invalid")
        words = [] if given is None else [given["placeholder"]]
        return {"type": "text", "text": _fill(spec["text"], words)}
    if given is None or given["type"] != form:
        raise Unfit("template_invalid")
    if form == "LOCATION":
        place = {key: given[key] for key in ("latitude", "longitude")}
        return {"type": "location", "location": place}
    return {"type": form.lower(), form.lower(): shown.media(given)}


def _takes_parameter(spec: dict[str, Any]) -> bool:
    """Static addresses and telephone numbers are left out of a send."""
    if spec["type"] == "URL":
        return _count(spec["url"]) > 0
    return spec["type"] not in _STATIC


def _button(spec: dict[str, Any], given: dict[str, Any] | None) -> dict[str, Any]:
    kind = spec["type"]
    made = {"type": kind.lower(), "text": spec.get("text", "")}
    if kind == "URL":
        return {**made, "url": _fill(spec["url"], [given["parameter"]] if given else [])}
    if kind == "PHONE_NUMBER":
        return {**made, "phone_number": spec.get("phoneNumber", "")}
    if given is None:
        return made
    if kind == "QUICK_REPLY":
        return {**made, "payload": given["parameter"]}
    if kind == "COPY_CODE":
        return {**made, "code": given["parameter"]}
    if kind == "ORDER_DETAILS":
        action = {"order_details": shown.order_parameters(given["action"])}
        return {**made, "action": action}
    if kind == "MULTI_PRODUCT":
        sections = shown.product_sections(given["sections"])
        return {**made, "type": "mpm", "action": {"sections": sections}}
    if kind == "CATALOG":
        first = given.get("thumbnailProductRetailerId")
        return {**made, "action": {"thumbnail_product_retailer_id": first}}
    if kind == "FLOW":
        data, token = given.get("data") or {}, given.get("flowToken")
        return {**made, "action": {"flow_token": token, "flow_action_data": data}}
    return made


def _buttons(specs: list[dict[str, Any]], given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The given buttons are in the order of registration, without those that are static. What has
    nothing to give (a catalogue, a flow, a call) may be left out."""
    rest, made = list(given), []
    for spec in specs:
        one = None
        if _takes_parameter(spec):
            if rest and rest[0]["type"] == spec["type"]:
                one = rest.pop(0)
            elif spec["type"] in ("QUICK_REPLY", "URL", "COPY_CODE", "ORDER_DETAILS"):
                raise Unfit("template_args")
        made.append(_button(spec, one))
    if rest:
        raise Unfit("template_args")
    return made


def _card(spec: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    words = (given.get("body") or {}).get("placeholders") or []
    return {
        "header": _header(spec["header"], given["header"]),
        "body": _fill(spec["body"]["text"], words),
        "buttons": _buttons(spec.get("buttons") or [], given.get("buttons") or []),
    }


def _extras(template: Template, data: dict[str, Any]) -> dict[str, Any]:
    structure, made = template["structure"], dict[str, Any]()
    offer, given = structure.get("limitedTimeOffer"), data.get("limitedTimeOffer")
    if offer is not None:
        made["limited_time_offer"] = {"text": offer["text"]}
        if offer.get("hasExpiration"):
            if not given:
                raise Unfit("template_args")
            until = read_moment(given["expirationTime"])
            made["limited_time_offer"]["expiration_time_ms"] = until
    if template.get("subCategory") == "ORDER_STATUS":
        states = (data.get("orderStatus") or {}).get("orderStatuses")
        if not states:
            raise Unfit("template_args")
        made["order_status"] = shown.order_state(states[0])
    return made


def compose(template: Template, data: dict[str, Any]) -> dict[str, Any]:
    """What the person reads: `header`, `body`, `footer`, `buttons`, `cards`. Raises Unfit."""
    if template["status"] not in ("APPROVED", "REINSTATED", "FLAGGED"):
        raise Unfit("template_invalid")
    structure = template["structure"]
    header = _header(structure.get("header"), data.get("header"))
    made: dict[str, Any] = {
        "body": _fill(structure["body"]["text"], data["body"]["placeholders"]),
        "buttons": _buttons(structure.get("buttons") or [], data.get("buttons") or []),
        **_extras(template, data),
    }
    if header is not None:
        made["header"] = header
    if structure.get("footer"):
        made["footer"] = structure["footer"]["text"]
    specs = (structure.get("carousel") or {}).get("cards") or []
    cards = (data.get("carousel") or {}).get("cards") or []
    if len(specs) != len(cards):
        raise Unfit("template_invalid")
    if cards:
        made["cards"] = [_card(spec, card) for spec, card in zip(specs, cards, strict=True)]
    return made


def bare(content: dict[str, Any]) -> dict[str, Any]:
    """The phone's body of a template send."""
    language = {"code": content["language"]}
    return {
        "type": "template",
        "template": {"name": content["templateName"], "language": language},
    }
