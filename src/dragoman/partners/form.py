"""Reading a form as people fill it in: the usual slips of pasting, one sentence each.

Every partner's `read_settings` stands on this. A slip never loses what was typed: the value is
kept as far as it can be understood, and the complaint stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
import phonenumbers

from dragoman.domain.sentences import Sentence, term, words

from .contract import Complaint, Field

MOST_NUMBERS = 20

words(
    {
        "form_not_text": "{label}: this is not text; paste it as the partner shows it.",
        "form_has_space": "{label}: there is a space or line break inside; copy it again, whole "
        "and alone.",
        "form_has_quotes": "{label}: there are quotation marks around it; paste it without them.",
        "form_is_masked": "{label}: it is masked with dots; use the partner's *Show* or *Copy* "
        "and paste the real value.",
        "form_is_link": "{label}: this is a web address; paste the value itself.",
        "form_has_scheme": "{label}: it begins with *{word}*; paste only what follows it.",
        "form_has_label": "{label}: the name of the field was pasted along ({value!r}); paste only "
        "what follows it.",
        "form_choice_wrong": "{label}: {value!r} is not one of {choices}.",
        "form_switch_wrong": "{label}: {value!r} is neither on nor off; write true or false.",
        "form_number_wrong": "{label}: {value!r} is not a phone number; write it with country "
        "code, like +44 7860 099299.",
        "form_number_no_country": "{label}: {value!r} has no country code; write it like "
        "+44 7860 099299.",
        "form_number_twice": "{label}: {value!r} is there twice; leave one out.",
        "form_numbers_many": "{label}: at most {most} numbers fit one channel, and here are "
        "{count}; make another app for the rest.",
        "form_group_many": "{label}: at most {most} fit, and here are {count}.",
        "form_group_wrong": "{label}: this is not a list of things with a name each.",
        "form_url_wrong": "{label}: {value!r} is not an address; write it like https://{example}.",
        "form_url_path": "{label}: {value!r} has a path after the host; only the host belongs "
        "here, like https://{example}.",
        "form_url_plain": "{label}: {value!r} begins with http://, which would send passwords "
        "readable over the network; use https://.",
        "form_url_call": "{label}: {value!r} ends in the path of a call, which is added for each "
        "one; leave it out.",
        "form_short": "{label}: it is too short to be one (its length is {length}); copy it whole.",
        "form_label_at": "{label} ({path})",
        "form_find_at": "Find it at {where}.",
        "form_missing": "{label} is missing. {where}",
        "form_id_wrong": "{label}: {value!r} is not it: {shape}",
    }
)

_MASK = re.compile(r"[•●∙·*…]{3,}|\.{4,}")
_SCHEME = re.compile(r"(bearer|basic|app|apikey|token)[ \t:]+", re.IGNORECASE)
_LABELLED = re.compile(r"([A-Za-z][A-Za-z _-]{1,20}[:=])\s+\S")
_OURS = ("localhost", "127.0.0.1", "[::1]")


def slip(value: str) -> tuple[str, dict[str, Any]] | None:
    """The first usual slip in a value that should be one word: sentence id and arguments."""
    if _MASK.search(value):
        return "form_is_masked", {}
    if len(value) > 1 and value[0] in "\"'`“”" and value[-1] in "\"'`“”":
        return "form_has_quotes", {}
    if value.lower().startswith(("http://", "https://", "www.")):
        return "form_is_link", {}
    if labelled := _LABELLED.match(value):
        return "form_has_label", {"value": labelled[1]}
    if scheme := _SCHEME.match(value):
        return "form_has_scheme", {"word": scheme[1]}
    return ("form_has_space", {}) if re.search(r"\s", value) else None


# An access token of Meta's, which people paste for any other key.
META_TOKEN = "EAA.{38,}"
UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def is_meta_token(value: str) -> bool:
    return re.fullmatch(META_TOKEN, value) is not None


class Slip(msgspec.Struct, frozen=True):
    """What people paste into one field by mistake, or what no such value is. pattern: of the whole
    value. id: the sentence's; it is told the field's label, what `tells` names of `value` and
    `length`, and `args`."""

    pattern: str
    id: str
    tells: tuple[str, ...] = ()
    args: Mapping[str, Any] = {}


class Reading:
    """Values as they are read, and the complaints so far. `path`: where a complaint stands, for
    the fields of a group (`accounts.main.`)."""

    def __init__(
        self,
        fields: Sequence[Field],
        values: Mapping[str, Any],
        complaints: list[Complaint] | None = None,
        path: str = "",
    ) -> None:
        self.fields = {field.name: field for field in fields}
        self.values = values
        self.complaints: list[Complaint] = [] if complaints is None else complaints
        self.path = path

    def label(self, name: str) -> Sentence:
        return label_of(self.fields[name], self.path)

    def complain(self, name: str, sentence_id: str, **args: Any) -> None:
        self.complaints.append(wrong(self.fields[name], sentence_id, self.path, **args))

    def fine(self, name: str) -> bool:
        return all(complaint.field != self.path + name for complaint in self.complaints)

    def text(self, name: str, slips: Sequence[Slip] = ()) -> str:
        """A value without the white space around it; its default when it is absent. Complains once,
        of the first slip found, where nothing else was wrong."""
        return self._without(name, self._text(name), slips)

    def _without(self, name: str, value: str, slips: Sequence[Slip]) -> str:
        for one in slips if self.fine(name) else ():
            if re.fullmatch(one.pattern, value):
                told = {"value": value, "length": len(value)}
                self.complain(name, one.id, **{key: told[key] for key in one.tells}, **one.args)
                break
        return value

    def _text(self, name: str) -> str:
        value = self.values.get(name)
        if value is None or value == "":
            default = self.fields[name].default
            return default if isinstance(default, str) else ""
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            self.complain(name, "form_not_text")
            return ""
        return value.strip()

    def pasted(self, name: str, slips: Sequence[Slip] = ()) -> str:
        """A value that is one word. Complains once, of the first slip found: the usual ones, then
        the field's own."""
        value = self._text(name)
        found = slip(value)
        if found is None:
            return self._without(name, value, slips)
        self.complain(name, found[0], **found[1])
        return value

    def read(self, name: str, slips: Sequence[Slip] = ()) -> Any:
        """A value by its field's kind: a choice, a switch, a number, numbers, or one word."""
        kind = self.fields[name].kind
        if kind in ("choice", "switch", "number", "numbers"):
            return getattr(self, kind)(name)
        return self.pasted(name, slips)

    def choice(self, name: str) -> str:
        known = [value for value, _ in self.fields[name].choices]
        value = self.text(name) or known[0]
        if value not in known:
            self.complain(name, "form_choice_wrong", value=value, choices=", ".join(known))
            return known[0]
        return value

    def switch(self, name: str) -> bool:
        value = self.values.get(name)
        if isinstance(value, str):
            word = value.strip().lower()
            if word in ("true", "on", "yes", "1"):
                return True
            if word in ("", "false", "off", "no", "0"):
                return False
        elif value is None or isinstance(value, bool):
            return bool(self.fields[name].default if value is None else value)
        self.complain(name, "form_switch_wrong", value=str(value))
        return False

    def base_url(
        self,
        name: str,
        example: str,
        calls: re.Pattern[str] | None = None,
        slips: Sequence[Slip] = (),
    ) -> str:
        """An address of a host alone, without a slash at its end; a bare host gets https://.
        Plain http only to this machine (an emulator), where a path is allowed too. calls: how the
        partner's own calls end, which people paste along."""
        value = self.text(name, slips)
        if not value or not self.fine(name):
            return value
        if calls is not None and not re.search(r"\s", value) and calls.search(value.rstrip("/")):
            self.complain(name, "form_url_call", value=value)
            return value
        url = value if "://" in value else "https://" + value
        url = url.rstrip("/")
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            _ = parts.port
        except ValueError:
            host = ""
        if (
            not re.fullmatch(r"https?", url.partition("://")[0], re.IGNORECASE)
            or not re.fullmatch(r"[A-Za-z0-9.\-:]+", host)
            or re.search(r"\s", value)
            or ("." not in host and host not in ("localhost", "::1"))
        ):
            self.complain(name, "form_url_wrong", value=value, example=example)
        elif host not in ("localhost", "127.0.0.1", "::1"):
            if parts.path or parts.query or parts.fragment:
                self.complain(name, "form_url_path", value=value, example=example)
            elif parts.scheme.lower() == "http":
                self.complain(name, "form_url_plain", value=value)
        return url

    def pieces(self, name: str) -> list[Any]:
        """The members of a list; of a text, what is on lines of its own or between commas."""
        given = self.values.get(name)
        if isinstance(given, str):
            return [piece for piece in re.split(r"[\n,;]+", given) if piece.strip()]
        if isinstance(given, list | tuple):
            return list(given)
        return [] if given is None else [given]

    def number(self, name: str) -> str:
        """One phone number, as digits; empty when absent or wrong."""
        value = self.text(name)
        return self._number(name, value) if value else ""

    def numbers(self, name: str, most: int = MOST_NUMBERS) -> tuple[str, ...]:
        """Phone numbers as digits, in order, each once."""
        given = self.values.get(name)
        out: list[str] = []
        for piece in given if isinstance(given, Mapping) else self.pieces(name):
            digits = self._number(name, str(piece).strip())
            if digits and digits in out:
                self.complain(name, "form_number_twice", value=str(piece))
            elif digits:
                out.append(digits)
        if len(out) > most:
            self.complain(name, "form_numbers_many", most=most, count=len(out))
        return tuple(out)

    def _number(self, name: str, value: str) -> str:
        digits, wrong = read_number(value)
        if wrong is not None:
            self.complain(name, wrong, value=value)
        return digits

    def group(self, name: str) -> list[tuple[str, Reading]]:
        """The members of a group with a reading each, in order."""
        field, given = self.fields[name], self.values.get(name)
        if given in (None, "", [], {}):
            return []
        if not isinstance(given, Mapping) or not all(
            isinstance(v, Mapping) for v in given.values()
        ):
            self.complain(name, "form_group_wrong")
            return []
        if field.most and len(given) > field.most:
            self.complain(name, "form_group_many", most=field.most, count=len(given))
        return [
            (key, Reading(field.fields, values, self.complaints, f"{self.path}{name}.{key}."))
            for key, values in given.items()
        ]

    def missing(self, *names: str) -> list[Complaint]:
        """A complaint for each of these fields that has no value."""
        empty: tuple[Any, ...] = (None, "", [], {}, ())
        return [lacking(self.fields[n], self.path) for n in names if self.values.get(n) in empty]


def label_of(field: Field, path: str = "") -> Sentence:
    if not path:
        return term(field.label)
    return Sentence("form_label_at", {"label": term(field.label), "path": path.rstrip(".")})


def wrong(field: Field, sentence_id: str, path: str = "", **args: Any) -> Complaint:
    """A complaint of a field, whose sentence is told its label."""
    told = {"label": label_of(field, path), **args}
    return Complaint(path + field.name, Sentence(sentence_id, told))


def lacking(field: Field, path: str = "") -> Complaint:
    """That a field has no value, and where to find one."""
    found = {"where": term(field.where_to_find)}
    where = Sentence("form_find_at", found) if field.where_to_find else ""
    return wrong(field, "form_missing", path, where=where)


def lacks(settings: Any, fields: Sequence[Field], path: str = "") -> list[Complaint]:
    """A complaint for each required field that is shown and has no value in a struct of settings
    or of one thing of a group."""
    return [
        lacking(field, path)
        for field in fields
        if field.required
        and (field.only_if is None or getattr(settings, field.only_if[0]) in field.only_if[1])
        and not getattr(settings, field.name)
    ]


def in_order(reading: Reading) -> Sequence[Complaint]:
    """What is wrong, in the form's order."""
    order = {name: place for place, name in enumerate(reading.fields)}
    return sorted(reading.complaints, key=lambda one: order[one.field.partition(".")[0]])


def read_number(value: str) -> tuple[str, str | None]:
    """A business number as digits with country code, and the sentence id of what is wrong."""
    text = value.strip()
    if re.search(r"[A-Za-z]", text) or not re.search(r"\d", text):
        return "", "form_number_wrong"
    digits = re.sub(r"\D", "", text)
    if digits.startswith("00"):
        digits = digits[2:]
    elif digits.startswith("0"):
        return "", "form_number_no_country"
    try:
        parsed = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return "", "form_number_wrong"
    # Ten digits without a plus are nearly always a number of one's own country.
    short = len(digits) <= 10 and not text.startswith(("+", "00"))
    if short:
        return "", "form_number_no_country"
    return (digits, None) if phonenumbers.is_possible_number(parsed) else ("", "form_number_wrong")
