"""What the fields of a raw body mean, as far as we read them.

Nobody wrote it down a second time: each field is changed a little and the body is read again, and
what changes in the reading is what the field means. So it holds for every partner, and says nothing
of a field that is not read. A request of ours is compared by value with what it was made of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from dragoman.domain.clock import id_number, id_text
from dragoman.domain.sentences import Sentence, say, words
from dragoman.domain.wire import HttpCall, Reply
from dragoman.partners.contract import Hook, Partner
from dragoman.partners.registry import PARTNERS, partner
from dragoman.store.drivers import Tx
from dragoman.store.queries import chain
from dragoman.store.queries.messages import Line, load

from .apps import App
from .steps import Step

MOST_BYTES = 32_768  # of a body that is taken apart; a longer one is shown as it is
MOST_FIELDS = 200

words(
    {
        "means_kind": "what kind of item it is",
        "means_status": "the status",
        "means_id": "the partner's id of it",
        "means_number": "our number",
        "means_name": "the contact's name",
        "means_contact": "the contact",
        "means_time": "when, by the partner's clock",
        "means_words": "the words",
        "means_content": "the message's `{part}`",
        "means_quoted": "the message that it answers",
        "means_referral": "the ad it came from",
        "means_reference": "our own reference",
        "means_rest": "more fields stand under raw",
        "means_taken": "whether it was taken",
        "means_error": "what went wrong",
        "means_pricing": "how the partner counts it",
        "means_group": "the group",
        "means_repeat": "tells a repeat from a new one",
        "means_other": "`{part}`",  # a name of our own contract
    }
)

Reading = list[dict[str, str]]  # of each item, its fields by their places


class Raw(msgspec.Struct, frozen=True):
    """One field of a body: `place` in it, its value, and what it means; empty where not read."""

    place: str
    value: str
    means: tuple[Sentence, ...] = ()


def of_steps(tx: Tx, app: App, steps: Sequence[Step]) -> dict[tuple[int, str], list[Raw]]:
    """By a step's place and the label of its raw text: the fields of that text."""
    out: dict[tuple[int, str], list[Raw]] = {}
    for n, step in enumerate(steps):
        if step.kind == "hook":
            out[n, "body"] = _of_hook(tx, app, step)
        elif step.kind == "call" and step.raw and step.ref:
            out |= {(n, label): found for label, found in _of_call(tx, app, step)}
    return {key: found for key, found in out.items() if any(one.means for one in found)}


def _of_hook(tx: Tx, app: App, step: Step) -> list[Raw]:
    row = chain.hook(tx, app.id, id_number(step.ref.partition("-")[2]))
    if row is None or row.partner not in PARTNERS:
        return []
    talker = partner(row.partner)
    headers = msgspec.json.decode(row.headers, type=dict[str, str])
    for copy in app.copies(talker.NAME):
        settings = copy.settings[talker.NAME]

        def read(body: bytes, settings: Any = settings) -> Reading:
            events = talker.parse(Hook("POST", "", headers=headers, body=body), settings)
            return [_flat(event) for event in events]

        if found := probed(row.body, read):
            return found
    return []


def _of_call(tx: Tx, app: App, step: Step) -> Iterator[tuple[str, list[Raw]]]:
    lines = load(tx, [(app.id, id_number(step.ref.partition("-")[2]))])
    rows = chain.attempts(tx, app.id, lines[0].id) if lines else []
    row = next((one for one in rows if one.n == step.title.args.get("n")), None)
    if row is None or not row.call or lines[0].partner not in PARTNERS:
        return
    call = msgspec.json.decode(row.call, type=dict[str, Any])
    yield "sent", compared(call.get("body"), _made_of(lines[0]), id_text(lines[0].id))
    answer = msgspec.json.decode(row.answer or "{}", type=dict[str, Any])
    body = answer.get("reply_body")
    if body and "status" in answer:
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        yield "answer", _of_answer(partner(lines[0].partner), call, answer["status"], text)


def _of_answer(talker: Partner, call: Mapping[str, Any], status: int, text: str) -> list[Raw]:
    asked = HttpCall(call.get("method", "POST"), call.get("url", ""))

    def read(body: bytes) -> Reading:
        return [_flat(talker.read(asked, Reply(status, {}, body)))]

    return probed(text.encode(), read)


# --- a body that we read -------------------------------------------------------------------------


def probed(body: bytes, read: Callable[[bytes], Reading]) -> list[Raw]:
    """Every field of a body with what `read` makes of it. Empty where it is not read at all."""
    if len(body) > MOST_BYTES:
        return []
    form, root = _root(body)
    before = _attempt(read, body)
    if root is None or before is None:
        return []
    out = []
    for path, value in list(_leaves(root))[:MOST_FIELDS]:
        means: tuple[Sentence, ...] = ()
        for other in _others(value):
            after = _attempt(read, _written(form, _put(root, path, other)))
            means = _changed(before, after)
            if means:
                break
        out.append(Raw(".".join(path), _text(value), means))
    return out + _rest(root)


def _rest(root: Any) -> list[Raw]:
    """Said where fields are left out."""
    more = sum(1 for _ in _leaves(root)) > MOST_FIELDS
    return [Raw("…", "", (Sentence("means_rest"),))] if more else []


def _attempt(read: Callable[[bytes], Reading], body: bytes) -> Reading | None:
    try:
        return read(body)
    except Exception:  # whatever a reader says of a body that nobody wrote
        return None


class _Packed(msgspec.Struct):
    """JSON as text, inside of a body."""

    inner: Any


def _root(body: bytes) -> tuple[bool, Any]:
    """Whether it is a form, and its values; None for what is neither form nor JSON."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return True, {k: _opened(v) for k, v in pairs} or None
    return False, _opened(found) if isinstance(found, dict | list) else None


def _opened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _opened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_opened(inner) for inner in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return _Packed(_opened(json.loads(value)))
        except (ValueError, RecursionError):
            return value
    return value


def _closed(value: Any) -> Any:
    if isinstance(value, _Packed):
        return json.dumps(_closed(value.inner), ensure_ascii=False)
    if isinstance(value, dict):
        return {key: _closed(inner) for key, inner in value.items()}
    return [_closed(inner) for inner in value] if isinstance(value, list) else value


def _written(form: bool, root: Any) -> bytes:
    closed = _closed(root)
    text = urlencode(closed) if form else json.dumps(closed, ensure_ascii=False)
    return text.encode("utf-8", "replace")


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, _Packed):
        yield from _leaves(value.inner, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from _leaves(inner, (*path, str(n)))
    else:
        yield path, value


def _put(value: Any, path: tuple[str, ...], other: Any) -> Any:
    """The same with another value at a place."""
    if not path:
        return other
    if isinstance(value, _Packed):
        return _Packed(_put(value.inner, path, other))
    if isinstance(value, dict):
        return {k: _put(v, path[1:], other) if k == path[0] else v for k, v in value.items()}
    return [_put(v, path[1:], other) if str(n) == path[0] else v for n, v in enumerate(value)]


def _others(value: Any) -> tuple[Any, ...]:
    """Values like this one: the likeliest to be readable first."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int | float):
        return (value + 1,)
    if not isinstance(value, str) or not value:
        return ()
    last = next((n for n in range(len(value) - 1, -1, -1) if value[n] in "0123456789"), None)
    longer = value + "x"
    if last is None:
        return (longer,)
    return (value[:last] + str((int(value[last]) + 1) % 10) + value[last + 1 :], longer)


def _changed(before: Reading, after: Reading | None) -> tuple[Sentence, ...]:
    """What differs between two readings."""
    if after is None or len(before) != len(after):
        return (Sentence("means_kind"),)
    places: dict[str, None] = {}
    for old, new in zip(before, after, strict=True):
        places |= dict.fromkeys(k for k in {**old, **new} if old.get(k) != new.get(k))
    if places.keys() & _KINDS:
        return (Sentence("means_kind"),)
    if "ambiguous" in places:  # it is an error in one of them only
        return (Sentence("means_taken"),)
    if len(places) > 1:
        places.pop("dedupe_key", None)
    return tuple({say(one): one for one in map(_meaning, places)}.values())


_KINDS = {"event", "content.kind"}
_MEANINGS = (
    ("content.text", "means_words"), ("external_id", "means_id"), ("number", "means_number"),
    ("display", "means_number"), ("sender.name", "means_name"), ("recipient.name", "means_name"),
    ("sender", "means_contact"), ("recipient", "means_contact"), ("person", "means_contact"),
    ("participant", "means_contact"), ("at", "means_time"), ("status", "means_status"),
    ("word", "means_status"), ("quoted", "means_quoted"), ("referral", "means_referral"),
    ("reference", "means_reference"), ("errors", "means_error"), ("error", "means_error"),
    ("code", "means_error"), ("partner_code", "means_error"), ("sentence", "means_error"),
    ("pricing", "means_pricing"), ("group", "means_group"), ("dedupe_key", "means_repeat"),
)  # fmt: skip


def _meaning(place: str) -> Sentence:
    for lead, id in _MEANINGS:
        if place == lead or place.startswith(lead + "."):
            return Sentence(id)
    head, _, rest = place.partition(".")
    part = (rest if head == "content" else place).replace("_", " ").replace(".", " › ")
    return Sentence("means_content" if head == "content" else "means_other", {"part": part})


def _flat(value: Any) -> dict[str, str]:
    built = msgspec.to_builtins(value, str_keys=True)
    built.pop("raw", None)
    return {".".join(path): _text(one) for path, one in _leaves(built)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- a body of ours ------------------------------------------------------------------------------


def compared(body: Any, made_of: Mapping[str, Sentence], reference: str) -> list[Raw]:
    """Every field of a request with what it carries: `made_of` by value, or our `reference`."""
    root = _opened(dict(body) if isinstance(body, list) and _are_pairs(body) else body)

    def means(text: str) -> tuple[Sentence, ...]:
        if text in made_of:
            return (made_of[text],)
        return (Sentence("means_reference"),) if reference in text else ()

    fields = [(path, _text(value)) for path, value in list(_leaves(root))[:MOST_FIELDS] if path]
    return [Raw(".".join(path), text, means(text)) for path, text in fields] + _rest(root)


def _are_pairs(body: list[Any]) -> bool:
    return all(isinstance(one, list) and len(one) == 2 for one in body)


def _made_of(line: Line) -> dict[str, Sentence]:
    """What a message of ours is made of, by value. Short words could mean anything: left out."""
    content = msgspec.json.decode(line.content, type=dict[str, Any])
    out = {
        _text(value): _meaning(".".join(("content", *path)))
        for path, value in _leaves(content)
        if path[-1:] != ("kind",) and isinstance(value, str) and len(value) > 1
    }
    for value, id in (
        (line.phone, "means_contact"), (line.bsuid, "means_contact"),
        (line.number_key, "means_number"), (line.number_display, "means_number"),
    ):  # fmt: skip
        if value:
            out |= {value: Sentence(id), f"+{value}": Sentence(id)}
    return out
