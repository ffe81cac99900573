"""The subscription fields about templates, accounts, numbers and groups.

Source: Meta, "Webhooks: reference" of each field (2025–2026).
"""

from __future__ import annotations

from typing import Any

from dragoman.domain.events import AccountEvent, TemplateUpdate

from .place import Place
from .shape import missing, need, opt, opt_obj

# Which member says what happened, first found first.
_CHANGE_OF: dict[str, tuple[str, ...]] = {
    "message_template_quality_update": ("new_quality_score",),
    "template_category_update": ("correct_category", "new_category"),
}
_CHANGE = ("event", "decision", "status", "solution_status", "type")


def template_update(place: Place, value: dict[str, Any], k: int) -> TemplateUpdate:
    """A template's status, quality, category or text changed. Meta's ids here are JSON integers
    above 2^53, kept as digits; languages come as `en-US` at times, where the API says `en_US`."""
    template_id = need(value, "message_template_id")
    rejection = opt_obj(value, "rejection_info")
    pause = opt_obj(value, "other_info")
    reason = opt(rejection, "reason") or opt(pause, "description") or opt(value, "reason")
    return TemplateUpdate(
        dedupe_key=place.key(value),
        account=place.account,
        template_id=template_id,
        name=need(value, "message_template_name"),
        language=need(value, "message_template_language").replace("-", "_"),
        field=place.field,
        change=_template_change(place.field, value),
        at=place.time_of(value),
        reason=None if reason == "NONE" else reason,
        raw=value,
    )


def _template_change(field: str, value: dict[str, Any]) -> str:
    if field == "message_template_components_update":
        return "CHANGED"
    if field == "template_category_update" and "category_update_timestamp" in value:
        # Announced, not done yet: the category that it will have.
        return f"WILL_BE_{need(value, 'correct_category')}"
    for key in _CHANGE_OF.get(field, ("event",)):
        word = opt(value, key)
        if word is not None:
            return word
    raise missing("event")


def account_event(place: Place, value: dict[str, Any], k: int) -> AccountEvent:
    """Something about the account or a number; `change` is Meta's word, or the field's name."""
    change = next((word for key in _CHANGE if (word := opt(value, key))), None)
    if change is None:
        change = opt(opt_obj(value, "alert_info"), "alert_type") or place.field
    data = {
        key: item for key, item in value.items() if key not in ("event", "display_phone_number")
    }
    return AccountEvent(
        dedupe_key=place.key(value),
        account=place.account,
        field=place.field,
        change=change,
        at=place.time_of(value),
        number=place.number,
        display=place.display,
        data=data,
        raw=value,
    )


def group_event(place: Place, item: dict[str, Any], k: int) -> AccountEvent:
    """One element of `groups[]`: a group was made, changed, joined or suspended."""
    return AccountEvent(
        dedupe_key=place.key(item),
        account=place.account,
        field=place.field,
        change=need(item, "type"),
        at=place.time_of(item),
        number=place.number,
        display=place.display,
        data={key: value for key, value in item.items() if key not in ("type", "timestamp")},
        raw=item,
    )
