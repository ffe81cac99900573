"""Messages of people, echoes of the business's own phone, and wishes about marketing."""

from __future__ import annotations

from typing import Any

from dragoman.domain.content import plain_text
from dragoman.domain.events import BusinessEcho, InboundMessage, Preference
from dragoman.domain.sentences import Sentence

from .content import read_content
from .context import quoted, referral
from .people import person, sender
from .place import Place
from .shape import Malformed, digest, missing, need, need_time, opt, opt_obj


def message(place: Place, item: dict[str, Any], k: int) -> InboundMessage:
    """One element of `messages[]`. Raises Malformed."""
    if not place.number:
        raise Malformed(Sentence("meta_no_number"))
    wamid = opt(item, "id")
    return InboundMessage(
        place.number,
        wamid,
        "m:" + wamid if wamid else _key(place, item),
        sender(item, place.contacts),
        need_time(item),
        read_content(item),
        quoted(item) if "context" in item else None,
        referral(item) if "referral" in item else None,
        opt(item, "group_id"),
        place.display,
        item,
    )


def _key(place: Place, item: dict[str, Any]) -> str:
    """For a message without an id: what it says, and its place among equals in this POST."""
    who = opt(item, "from") or opt(item, "from_user_id")
    kind = opt(item, "type") or ""
    content = _without_urls(item.get(kind))
    about = opt(opt_obj(item, "context"), "id")
    base = digest(place.number, who, item.get("timestamp"), kind, about, content)
    count = place.equals.get(base, 0)
    place.equals[base] = count + 1
    return f"m:{base}:{count}"


def _without_urls(content: Any) -> Any:
    """Addresses of files are signed anew with each delivery, so they do not tell messages apart."""
    if type(content) is dict:
        return {key: _without_urls(value) for key, value in content.items() if key != "url"}
    if type(content) is list:
        return [_without_urls(value) for value in content]
    return content


def echo(place: Place, item: dict[str, Any], k: int) -> BusinessEcho:
    """One element of `message_echoes[]`: the business wrote from its phone or another app."""
    external_id = need(item, "id")
    content = read_content(item) if type(item.get("type")) is str else None
    return BusinessEcho(
        number=place.number,
        dedupe_key="e:" + external_id,
        external_id=external_id,
        recipient=person(
            place.contacts, opt(item, "to"), opt(item, "to_user_id"), opt(item, "to_parent_user_id")
        ),
        at=need_time(item),
        type=opt(item, "type") or "",
        text=plain_text(content) if content is not None else "",
        display=place.display,
        raw=item,
    )


_STOPPED = {"stop": True, "resume": False}


def preference(place: Place, item: dict[str, Any], k: int) -> Preference:
    """One element of `user_preferences[]`: a person stops or resumes marketing messages."""
    stopped = _STOPPED.get(need(item, "value"))
    if stopped is None:
        raise missing("value")
    return Preference(
        number=place.number,
        dedupe_key=place.key(item),
        person=person(
            place.contacts, opt(item, "wa_id"), opt(item, "user_id"), opt(item, "parent_user_id")
        ),
        category=need(item, "category"),
        stopped=stopped,
        at=need_time(item),
        display=place.display,
        raw=item,
    )
