"""One POST of Meta's webhooks, read into events: entries × changes × items, each on its own.

The body is decoded once. An item that cannot be read becomes `Rejected`, with its place in the
body, and its neighbours go on; an item or field that is not known is kept raw. Nothing raises but
`UnreadableBody`, when the body as a whole is not Meta's.

Both styles of payload are read alike, whatever version the app's subscription has: v23 and older
(with `conversation`, without BSUIDs) and v24 and newer.

Source: Meta, "Webhooks: overview" and the reference of each field (2025–2026).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dragoman.domain.events import Event, KeptEvent, NumberProblem, Rejected
from dragoman.domain.sentences import Sentence, words
from dragoman.partners.contract import Hook, UnreadableBody
from dragoman.partners.json_body import decode

from .fields import account_event, group_event, template_update
from .place import Place
from .reports import call, call_status, status
from .shape import Malformed, digest, found, opt, problems
from .talk import echo, message, preference

words(
    {
        "meta_not_json": "The body is not JSON, so it did not come from Meta as it was sent; it "
        "is kept as it came.",
        "meta_other_object": "The body is not about a WhatsApp account ({found}); check which "
        "product of the Meta app this address is subscribed to.",
        "meta_too_deep": "WhatsApp's item is nested too deep to be read; it is kept as it came.",
        "meta_no_entries": "The body has no list of entries; it is kept as it came.",
    }
)

Reader = Callable[[Place, dict[str, Any], int], Event]

_TOO_DEEP = Sentence("meta_too_deep")


def parse(hook: Hook, settings: Any) -> list[Event | Rejected]:
    """Every event of one POST, in the body's order. Raises UnreadableBody."""
    try:
        root = decode(hook.body)
    except ValueError:
        raise UnreadableBody(Sentence("meta_not_json")) from None
    return parse_root(root)


def parse_root(root: Any) -> list[Event | Rejected]:
    """As `parse`, of a body that is decoded."""
    out: list[Event | Rejected] = []
    equals: dict[str, int] = {}
    for i, entry in enumerate(_entries(root)):
        if type(entry) is not dict or type(entry.get("changes")) is not list:
            out.append(_rejected(_why_no_entry(entry), f"entry[{i}]", entry))
            continue
        for j, change in enumerate(entry["changes"]):
            path = f"entry[{i}].changes[{j}]"
            if type(change) is not dict:
                sentence = Sentence("meta_not_object", {"found": found(change)})
                out.append(_rejected(sentence, path, change))
                continue
            if "value" not in change:  # whatever it is, it is kept whole
                sentence = Sentence("meta_not_object", {"found": found(None)})
                out.append(_rejected(sentence, path, change))
                continue
            _read_change(out, Place(entry, change, path, equals))
    return out


def _entries(root: Any) -> list[Any]:
    if type(root) is not dict or root.get("object") != "whatsapp_business_account":
        name = root.get("object") if type(root) is dict else None
        shown = name if type(name) is str else found(root)
        raise UnreadableBody(Sentence("meta_other_object", {"found": shown}))
    entries = root.get("entry")
    if type(entries) is not list:
        raise UnreadableBody(Sentence("meta_no_entries"))
    return entries


def _why_no_entry(entry: Any) -> Sentence:
    if type(entry) is not dict:
        return Sentence("meta_not_object", {"found": found(entry)})
    args = {"field": "changes", "found": found(entry.get("changes"))}
    return Sentence("meta_not_list", args)


def _rejected(sentence: Sentence, path: str, raw: Any) -> Rejected:
    return Rejected(sentence, path, raw)


def _read_change(out: list[Event | Rejected], place: Place) -> None:
    value = place.value
    if type(value) is not dict:
        sentence = Sentence("meta_not_object", {"found": found(value)})
        out.append(_rejected(sentence, f"{place.path}.value", value))
        return
    whole = _WHOLE.get(place.field)
    if whole is not None:
        _read_item(out, place, whole, value, 0, "value")
        return
    members = _MEMBERS.get(place.field)
    if members is None:
        out.append(kept(place, value, known=place.field in _KEPT_WHOLE))
        return
    if place.field == "standby":
        inner = value.get("standby")
        if type(inner) is dict:
            place.enter(inner)
            value = inner
    before = len(out)
    for name, items in value.items():
        if name in _ENVELOPE:
            continue
        if name == "errors":
            out.append(_number_problem(place, items))
        elif (reader := members.get(name)) is not None:
            _read_items(out, place, reader, name, items)
        else:  # a member that Meta added since
            out.append(kept(place, {name: items}, known=False))
    if len(out) == before:
        out.append(kept(place, value, known=False))


def _read_items(
    out: list[Event | Rejected], place: Place, reader: Reader, name: str, items: Any
) -> None:
    if type(items) is not list:
        sentence = Sentence("meta_not_list", {"field": name, "found": found(items)})
        out.append(_rejected(sentence, f"{place.path}.value.{name}", items))
        return
    for k, item in enumerate(items):
        _read_item(out, place, reader, item, k, name)


def _read_item(
    out: list[Event | Rejected], place: Place, reader: Reader, item: Any, k: int, name: str
) -> None:
    try:
        if type(item) is not dict:
            raise Malformed(Sentence("meta_not_object", {"found": found(item)}))
        out.append(reader(place, item, k))
    except (Malformed, RecursionError) as error:
        sentence = error.sentence if isinstance(error, Malformed) else _TOO_DEEP
        tail = "" if name == "value" else f".{name}[{k}]"
        out.append(_rejected(sentence, f"{place.path}.value{tail}", item))


def kept(place: Place, item: dict[str, Any], known: bool = True) -> KeptEvent:
    """An item without a type of its own, whole."""
    return KeptEvent(
        dedupe_key=place.key(item),
        account=place.account,
        field=place.field,
        at=place.time_of(item),
        number=place.number,
        display=place.display,
        known=known,
        raw=item,
    )


def _kept_item(place: Place, item: dict[str, Any], k: int) -> Event:
    return kept(place, item)


def _number_problem(place: Place, errors: Any) -> Event:
    return NumberProblem(
        number=place.number,
        dedupe_key="h:" + digest(place.field, place.account, place.number, errors),
        errors=problems(errors),
        at=place.entry_at,
        display=place.display,
        raw=errors,
    )


def _status(place: Place, item: dict[str, Any], k: int) -> Event:
    """A report of the ladder, of a payment or of a call; other words are kept."""
    return status(place, item) or kept(place, item, known=opt(item, "status") in _OLD_STATUSES)


def _call_status(place: Place, item: dict[str, Any], k: int) -> Event:
    return call_status(place, item)


def _history(place: Place, item: dict[str, Any], k: int) -> Event:
    """A chunk of old chats, or a file that belongs to one: kept, never answered."""
    return kept(place, item)


_ENVELOPE = frozenset({"messaging_product", "metadata", "contacts"})
_OLD_STATUSES = frozenset({"deleted", "warning"})

# Fields whose value is a list of items, by the list's name.
_TALK: dict[str, Reader] = {
    "messages": message,
    "statuses": _status,
    "message_echoes": echo,
    "calls": call,
    "user_preferences": preference,
    "user_actions": _kept_item,
}
_GROUPS: dict[str, Reader] = {"groups": group_event}
_MEMBERS: dict[str, dict[str, Reader]] = {
    "messages": _TALK,
    "message_echoes": _TALK,
    "smb_message_echoes": _TALK,
    "user_preferences": _TALK,
    "calls": {**_TALK, "statuses": _call_status},
    # The thread belongs to another app: what people write there is not ours to answer.
    "standby": {"messages": _kept_item, "statuses": _kept_item, "message_echoes": echo},
    "history": {"history": _history, "messages": _history, "statuses": _history},
    "automatic_events": {"automatic_events": _kept_item},
    "smb_app_state_sync": {"state_sync": _kept_item},
    "group_lifecycle_update": _GROUPS,
    "group_participants_update": _GROUPS,
    "group_settings_update": _GROUPS,
    "group_status_update": _GROUPS,
}

# Fields whose value is one thing.
_WHOLE: dict[str, Reader] = {
    "message_template_status_update": template_update,
    "message_template_quality_update": template_update,
    "message_template_components_update": template_update,
    "template_category_update": template_update,
    "account_alerts": account_event,
    "account_review_update": account_event,
    "account_update": account_event,
    "business_capability_update": account_event,
    "business_username_update": account_event,
    "business_username_updates": account_event,
    "flows": account_event,
    "partner_solutions": account_event,
    "payment_configuration_update": account_event,
    "phone_number_name_update": account_event,
    "phone_number_quality_update": account_event,
    "security": account_event,
}

# Fields that are known and have no type of their own. Their JSON is not confirmed by Meta.
_KEPT_WHOLE = frozenset({"messaging_handovers", "account_settings_update", "consumer_profile"})
