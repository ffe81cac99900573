"""The body of a proactive notification, read strictly: every property that is wrong has a sentence.

Documented is one object with `channel`, `message` and `identities`, and no further property at any
level. Where the documentation contradicts itself it is decided here, in one place:

- samples of other channels call the object `content`: it is taken as another name of `message`;
- `parameters` fill placeholders in `customMessage` and in the message itself (a table says in the
  former only, the samples do the latter);
- a `template` whose value is a text is what that text is: an object if it is one in JSON, else
  free-form text.

Source: the platform's public API documentation, "Proactive notification API, version 2".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from dragoman.agents.output import read_object
from dragoman.domain.sentences import Sentence, SentenceError, term, words

MOST_IDENTITIES = 1000
MOST_PARAMETERS = 20
LONGEST_PARAMETER = 200  # code points
LONGEST_TEXT = 4096  # code points: one WhatsApp text, because one recipient gets one message
KINDS = ("text", "template", "script")

words(
    {
        "notify_no_object": "The body is no JSON object ({problem}): send the documented object "
        "with channel, message and identities.",
        "notify_unknown": "{path} is not a property of this API, which takes no others: here it "
        "takes {known}.",
        "notify_email": "{path} is how another channel names people: on WhatsApp each identity "
        "has a phoneNumber.",
        "notify_missing": "{path} is missing, and it is required.",
        "notify_type": "{path} must be {wanted}, and is {found}.",
        "notify_it_is": "it is {found}",
        "notify_text_of": ("a text of {n} character", "a text of {n} characters"),
        "notify_channel": 'channel must be "whatsapp", and is {found}: this API sends on WhatsApp '
        "only.",
        "notify_instance": "webhookInstanceName belongs to the channel ivr: leave it out for "
        "whatsapp.",
        "notify_resolve": 'userIdentityType must be "resolve" where it is given, and is {found}.',
        "notify_two_names": "message and content are two names of one thing: send message alone.",
        "notify_kind": "{path} must be one of text, template and script, and is {found}.",
        "notify_empty": "{path} is empty: there would be nothing to send.",
        "notify_too_long": "{path} has {length} characters, and may have {most}.",
        "notify_object": "{path} cannot be sent ({problem}).",
        "notify_count": "identities has {n} items, and one request takes 1 to {most}.",
        "notify_parameters": "{path} has {n} properties, and may have {most}.",
        "notify_more": "{n} more mistakes are not listed.",
    }
)

MOST_TOLD = 20
Json = dict[str, Any]


class BadRequest(ValueError):
    """What is wrong with a body, a sentence each."""

    def __init__(self, problems: list[Sentence]) -> None:
        super().__init__(problems[0].id)
        told = problems[:MOST_TOLD]
        if len(problems) > MOST_TOLD:
            told.append(Sentence("notify_more", {"n": len(problems) - MOST_TOLD}))
        self.problems = told


class Identity(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One recipient, as it was given and as it is kept."""

    phone_number: str
    custom_message: str | None = None
    parameters: dict[str, str] = {}


class Message(msgspec.Struct, frozen=True):
    """What all recipients get. `value`: a text, or the object of a template. `names`: of all
    parameters in the request; `{word}` is a placeholder where one of them is called so."""

    kind: str
    value: str | Json
    names: tuple[str, ...] = ()


class Request(msgspec.Struct, frozen=True):
    message: Message
    identities: tuple[Identity, ...]


def read_request(body: bytes) -> Request:
    """Raises BadRequest."""
    try:
        given = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest([_no_object(str(error))]) from None
    if not isinstance(given, dict):
        raise BadRequest([_no_object(Sentence("notify_it_is", {"found": found(given)}))])
    reading = _Reading()
    kind, value = reading.top(given)
    identities = reading.identities(given.get("identities"))
    if reading.problems:
        raise BadRequest(reading.problems)
    names = sorted({name for one in identities for name in one.parameters})
    return Request(Message(kind, value, tuple(names)), identities)


_FOUND: dict[type, str | Sentence] = {
    dict: term("an object"), list: term("a list"), bool: term("a boolean"),
    int: term("a number"), float: term("a number"), type(None): "null",
}  # fmt: skip


def found(value: Any) -> str | Sentence:
    """What a value is, short enough for a sentence."""
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 40 else Sentence("notify_text_of", {"n": len(value)})
    return _FOUND[type(value)]


def _no_object(problem: str | Sentence) -> Sentence:
    return Sentence("notify_no_object", {"problem": problem})


class _Reading:
    """One reading of a body, which goes on after a mistake to find the others."""

    def __init__(self) -> None:
        self.problems: list[Sentence] = []

    def wrong(self, id: str, path: str = "", **args: Any) -> None:
        self.problems.append(Sentence(id, {"path": path, **args}))

    def top(self, given: Json) -> tuple[str, str | Json]:
        """The message of a request, its other properties looked through."""
        self._only(given, "", ("channel", "userIdentityType", "message", "content", "identities",
                               "webhookInstanceName"))  # fmt: skip
        if "channel" not in given:
            self.wrong("notify_missing", "channel")
        elif given["channel"] != "whatsapp":
            self.wrong("notify_channel", found=found(given["channel"]))
        if given.get("userIdentityType", "resolve") != "resolve":
            self.wrong("notify_resolve", found=found(given["userIdentityType"]))
        if "webhookInstanceName" in given:
            self.wrong("notify_instance")
        if "message" in given and "content" in given:
            self.wrong("notify_two_names")
        name = "content" if "content" in given and "message" not in given else "message"
        return self._message(name, given)

    def _message(self, name: str, given: Json) -> tuple[str, str | Json]:
        message = self._member(given, "", name, dict, term("an object with type and value"))
        if message is None:
            return "", ""
        self._only(message, name, ("type", "value"))
        kind = message.get("type")
        if "type" not in message:
            self.wrong("notify_missing", f"{name}.type")
        elif kind not in KINDS:
            self.wrong("notify_kind", f"{name}.type", found=found(kind))
        path = f"{name}.value"
        if kind == "template" and isinstance(message.get("value"), dict):
            return kind, self._object(path, message["value"])
        wanted = term("a text or an object") if kind == "template" else term("a text")
        text = self._member(message, name, "value", str, wanted)
        if text is None:
            return "", ""
        if not text.strip():
            self.wrong("notify_empty", path)
        if kind == "template" and text.lstrip()[:1] == "{":
            return kind, self._parsed(path, text)
        if kind != "script":
            self._length(path, text, LONGEST_TEXT)
        return str(kind), text

    def _parsed(self, path: str, text: str) -> str | Json:
        """A template given as text: an object in JSON, or just a text that begins with a brace."""
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            self._length(path, text, LONGEST_TEXT)
            return text
        return self._object(path, value) if isinstance(value, dict) else text

    def _object(self, path: str, value: Json) -> Json:
        try:
            read_object(value)
        except SentenceError as error:
            self.wrong("notify_object", path, problem=error.sentence.args["problem"])
        return value

    def identities(self, given: Any) -> tuple[Identity, ...]:
        if given is None:
            self.wrong("notify_missing", "identities")
            return ()
        if not isinstance(given, list):
            self.wrong("notify_type", "identities", wanted=term("a list"), found=found(given))
            return ()
        if not 1 <= len(given) <= MOST_IDENTITIES:
            self.wrong("notify_count", n=len(given), most=MOST_IDENTITIES)
            return ()
        read = (self._identity(f"identities[{i}]", one) for i, one in enumerate(given))
        return tuple(one for one in read if one is not None)

    def _identity(self, path: str, given: Any) -> Identity | None:
        if not isinstance(given, dict):
            self.wrong("notify_type", path, wanted=term("an object"), found=found(given))
            return None
        for other in ("email", "spaceId"):
            if other in given:
                self.wrong("notify_email", f"{path}.{other}")
        self._only(given, path, ("phoneNumber", "customMessage", "parameters", "email", "spaceId"),
                   shown=("phoneNumber", "customMessage", "parameters"))  # fmt: skip
        phone = self._member(given, path, "phoneNumber", str, term("a text"))
        if phone is not None and not phone.strip():
            self.wrong("notify_empty", f"{path}.phoneNumber")
        custom = None
        if "customMessage" in given:
            custom = self._member(given, path, "customMessage", str, term("a text"))
            if custom is not None and not custom.strip():
                self.wrong("notify_empty", f"{path}.customMessage")
            self._length(f"{path}.customMessage", custom or "", LONGEST_TEXT)
        parameters = self._parameters(path, given) if "parameters" in given else {}
        return Identity(phone or "", custom, parameters)

    def _parameters(self, path: str, given: Json) -> dict[str, str]:
        values: dict[str, str] | None = self._member(
            given, path, "parameters", dict, term("an object")
        )
        if values is None:
            return {}
        path = f"{path}.parameters"
        if len(values) > MOST_PARAMETERS:
            self.wrong("notify_parameters", path, n=len(values), most=MOST_PARAMETERS)
        for name, value in values.items():
            if type(value) is not str:
                place = f"{path}.{name[:40]}"
                self.wrong("notify_type", place, wanted=term("a text"), found=found(value))
            else:
                self._length(f"{path}.{name[:40]}", value, LONGEST_PARAMETER)
        return values

    # --- small steps -----------------------------------------------------------------------------

    def _only(
        self, given: Mapping[str, Any], path: str, known: tuple[str, ...],
        shown: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        for name in given:
            if name not in known:
                place = f"{path}.{name[:40]}" if path else name[:40]
                self.wrong("notify_unknown", place, known=", ".join(shown or known))

    def _member(
        self, given: Json, path: str, name: str, kind: Callable[..., Any], wanted: Sentence
    ) -> Any:
        """A required member of a kind; None where it is wrong."""
        place = f"{path}.{name}" if path else name
        if name not in given:
            self.wrong("notify_missing", place)
            return None
        value = given[name]
        if type(value) is not kind:
            self.wrong("notify_type", place, wanted=wanted, found=found(value))
            return None
        return value

    def _length(self, path: str, text: str, most: int) -> None:
        if len(text) > most:
            self.wrong("notify_too_long", path, length=len(text), most=most)
