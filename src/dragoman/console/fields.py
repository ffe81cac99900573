"""A partner's fields between its metadata, what is stored, what was typed, and what somebody else
saved meanwhile: as they are drawn, and as the engine takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar.datastructures import FormMultiDict

from dragoman.domain.sentences import Sentence
from dragoman.engine.apps import App
from dragoman.engine.standing import phone
from dragoman.partners.contract import Complaint, Field
from dragoman.partners.form import read_number


class Shown(msgspec.Struct):
    """One field as it is drawn. `id`: its name in the form. value: text, or texts for numbers.
    is_set: a secret is there. theirs: what somebody else saved meanwhile, where both changed it;
    of a secret, that it is another one. filled: only somebody else changed it, and it is theirs."""

    field: Field
    id: str
    value: Any = ""
    is_set: bool = False
    wrong: list[Sentence] = []
    theirs: Any = None
    filled: bool = False
    members: list[Member] = []
    off: bool = False  # of another choice than the one that is made
    again: bool = False  # a secret that was typed, and is never sent back


class Member(msgspec.Struct):
    """One thing of a group. `n`: its place in the form, `key`: what it is called, `was`: what it is
    stored as. gone: somebody else removed it meanwhile."""

    n: str
    key: str
    fields: list[Shown]
    was: str = ""
    gone: bool = False


# --- drawn ---------------------------------------------------------------------------------------


def drawn(
    fields: Sequence[Field], lead: str, stored: Mapping[str, Any], typed: FormMultiDict | None,
    base: Mapping[str, Any] | None,
) -> list[Shown]:  # fmt: skip
    """Fields as they are stored, or as they were typed. base: the stored values that the form was
    drawn from, where somebody else saved meanwhile."""
    return [
        _shown(f, f"{lead}.{f.name}", stored.get(f.name), typed,
               ALONE if base is None else base.get(f.name))
        for f in fields
    ]  # fmt: skip


ALONE: Any = object()  # nobody else saved meanwhile


def _shown(field: Field, id: str, stored: Any, typed: FormMultiDict | None, base: Any) -> Shown:
    if field.kind == "group":
        return Shown(field, id, members=_members(field, id, stored, typed, base))
    if field.kind == "secret":
        return _secret_shown(field, id, stored, typed, base)
    saved = _text(field, stored)
    if typed is None:
        return Shown(field, id, saved)
    mine = _typed(field, id, typed)
    if base is ALONE:
        return Shown(field, id, mine)
    one = meeting(typed, id, mine, saved, _text(field, base))
    return Shown(field, id, one.value, theirs=one.theirs, filled=one.filled)


def _secret_shown(
    field: Field, id: str, stored: Any, typed: FormMultiDict | None, base: Any
) -> Shown:
    """A secret is not sent back: of two new ones theirs stays, until it is typed once more."""
    again = typed is not None and bool(typed.get(id))
    mine = again or (typed is not None and f"{id}.clear" in typed)
    another = base is not ALONE and stored != base
    return Shown(
        field, id, is_set=bool(stored), again=again, theirs=True if another and mine else None,
        filled=another and not mine,
    )  # fmt: skip


def _text(field: Field, stored: Any) -> Any:
    if field.kind == "numbers":
        given = stored if isinstance(stored, list | tuple) else [stored] if stored else []
        return [_number(str(one)) for one in given]
    if field.kind == "switch":
        return bool(field.default if stored is None else stored)
    if stored in (None, ""):
        return field.choices[0][0] if field.choices else ""
    return _number(str(stored)) if field.kind == "number" else str(stored)


def _number(text: str) -> str:
    """A phone as people write it; what is none (a phone number id), or is refused as one, stays as
    it is."""
    if not text.isdigit() or len(text) >= 14:
        return text
    return phone(read_number(text)[0]) or text


def _typed(field: Field, id: str, form: FormMultiDict) -> Any:
    if field.kind == "switch":
        return id in form
    if field.kind == "numbers":
        return [str(v).strip() for v in form.getall(id, []) if str(v).strip()]
    return str(form.get(id, ""))


def _members(
    field: Field, id: str, stored: Any, typed: FormMultiDict | None, base: Any
) -> list[Member]:
    kept: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    if typed is None:
        return [_member(field, id, str(n), key, key, kept, None, ALONE)
                for n, key in enumerate(kept)]  # fmt: skip
    began: Mapping[str, Any] = base if isinstance(base, Mapping) else {}
    out = []
    for n in _places(typed, id):
        key = str(typed.get(f"{id}.{n}.key", ""))
        drawn_as = str(typed.get(f"{id}.{n}.was", ""))
        was = _stored_as(field, kept, drawn_as)
        before = ALONE if base is ALONE or not was else began.get(was, {})
        one = _member(field, id, n, key, was, kept, typed, before)
        if not was and (gone := _stored_as(field, began, drawn_as)):
            if _untouched(field, f"{id}.{n}", began[gone], typed):
                continue
            one.gone = True
        out.append(one)
    if base is ALONE:
        return out
    # what they added, or changed while it was removed here
    there = {one.was for one in out} | {k for k in kept if k in began and kept[k] == began[k]}
    return [*out, *(_member(field, id, f"t{n}", key, key, kept, None, ALONE)
                    for n, key in enumerate(kept) if key not in there)]  # fmt: skip


def _member(
    field: Field, id: str, n: str, key: str, was: str, kept: Mapping[str, Any],
    typed: FormMultiDict | None, base: Any,
) -> Member:  # fmt: skip
    began = None if base is ALONE else base
    fields = drawn(field.fields, f"{id}.{n}", kept.get(was, {}), typed, began)
    shown = _number(key) if field.key_kind == "number" and typed is None else key
    return Member(n, shown, fields, was)


def _untouched(field: Field, id: str, began: Mapping[str, Any], typed: FormMultiDict) -> bool:
    """Whether a member is as it was drawn."""
    return all(
        not typed.get(f"{id}.{f.name}")
        if f.kind == "secret"
        else _typed(f, f"{id}.{f.name}", typed) == _text(f, began.get(f.name))
        for f in field.fields
    )


def _stored_as(field: Field, kept: Mapping[str, Any], was: str) -> str:
    """The key of the stored member that a member of the form was drawn from, empty for none."""
    same = (k for k in kept if k == was or (digits(k) == digits(was) != ""))
    return next(same, "") if was and field.key_kind == "number" else was if was in kept else ""


def _places(form: FormMultiDict, id: str) -> list[str]:
    """The places of a group's members in a form, in order."""
    found: dict[str, None] = {}
    for name in form:
        head, _, rest = str(name).partition(id + ".")
        if not head and rest.endswith(".key"):
            found[rest.removesuffix(".key")] = None
    return list(found)


def empty(field: Field, id: str) -> Shown:
    """A field of a member that is not there yet."""
    return _shown(field, id, None, None, ALONE)


def mark(shown: Sequence[Shown], wrong: Mapping[str, list[Sentence]], path: str = "") -> None:
    """Put what is wrong at its fields."""
    for one in shown:
        here = path + one.field.name
        one.wrong = wrong.get(here, [])
        for member in one.members:
            mark(member.fields, wrong, f"{here}.{member.was or member.key}.")


def as_shown(
    shown: Sequence[Shown], typed: FormMultiDict, kept: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of fields as they are shown; kept: the stored ones, for secrets that stay."""
    out: dict[str, Any] = {}
    for one in shown:
        name = one.field.name
        if one.field.kind == "group":
            old = kept.get(name) if isinstance(kept.get(name), Mapping) else {}
            out[name] = {
                m.was or m.key: as_shown(m.fields, typed, (old or {}).get(m.was, {}))
                for m in one.members
                if m.key
            }
        elif one.field.kind == "secret":
            gone = "" if f"{one.id}.clear" in typed else kept.get(name, "")
            out[name] = str(typed.get(one.id, "")) or gone
        else:
            out[name] = one.value
    return out


def switch_off(shown: Sequence[Shown]) -> None:
    """Mark the fields that belong to another choice."""
    values = {one.field.name: one.value for one in shown}
    for one in shown:
        only = one.field.only_if
        one.off = only is not None and values.get(only[0]) not in only[1]


# --- of two people -------------------------------------------------------------------------------


def takes(typed: FormMultiDict, id: str) -> bool:
    """Whether what somebody else saved in a field was chosen."""
    return typed.get(f"{id}.take") == "theirs"


class Meeting(msgspec.Struct, frozen=True):
    """A field that two people had: the value it has now, theirs where both changed it, and whether
    only they changed it."""

    value: Any
    theirs: Any = None
    filled: bool = False


def meeting(typed: FormMultiDict, id: str, mine: Any, theirs: Any, base: Any) -> Meeting:
    """A field with `mine` typed and `theirs` saved, which both began with `base`."""
    if mine == theirs or takes(typed, id):
        return Meeting(theirs)
    if mine == base:
        return Meeting(theirs, filled=True)
    return Meeting(mine) if theirs == base else Meeting(mine, theirs)


def doubled(fields: Sequence[Field], name: str, typed: FormMultiDict) -> list[Complaint]:
    """Members of a group that have one name: of those only one could be stored."""
    out = []
    for field in fields if name else ():
        seen: set[str] = set()
        id = f"{name}.{field.name}"
        for n in _places(typed, id) if field.kind == "group" else ():
            key = str(typed.get(f"{id}.{n}.key", "")).strip()
            same = (digits(key) if field.key_kind == "number" else "") or key
            if same and same in seen:
                told = {"label": field.key_label or field.label, "value": key}
                out.append(Complaint(field.name, Sentence("form_number_twice", told)))
            seen.add(same)
    return out


# --- as the engine takes them --------------------------------------------------------------------


def values_of(fields: Sequence[Field], name: str, typed: FormMultiDict, app: App) -> dict[str, Any]:
    """What was typed, as the engine takes it. An empty secret is left as it is."""
    out: dict[str, Any] = {}
    kept = app.draft.config.channel.values.get(name, {})
    for field in fields:
        id = f"{name}.{field.name}"
        if takes(typed, id):
            continue
        if field.kind == "group":
            out.update(_group(field, id, typed, kept.get(field.name)))
        elif field.kind == "secret":
            out.update(_secret(field.name, id, typed))
        else:
            out[field.name] = _typed(field, id, typed)
    return out


def _secret(key: str, id: str, typed: FormMultiDict) -> dict[str, Any]:
    if f"{id}.clear" in typed:
        return {key: ""}
    text = str(typed.get(id, ""))
    return {key: text} if text else {}


def _group(field: Field, id: str, typed: FormMultiDict, stored: Any) -> dict[str, Any]:
    """Each member's fields by themselves, so that its secrets stay; a member that is gone, or got
    another name, is removed."""
    kept = set(stored) if isinstance(stored, Mapping) else set()
    out: dict[str, Any] = {}
    there: set[str] = set()
    for n in _places(typed, id):
        key, was = (str(typed.get(f"{id}.{n}.{part}", "")).strip() for part in ("key", "was"))
        if not key:
            continue
        same = was if was and (key == was or digits(key) == digits(was) != "") else ""
        member = same or key
        there.add(member)
        for one in field.fields:
            inner = f"{id}.{n}.{one.name}"
            at = f"{field.name}.{member}.{one.name}"
            if one.kind == "secret":
                out.update(_secret(at, inner, typed))
            elif not takes(typed, inner):
                out[at] = _typed(one, inner, typed)
    return {**{f"{field.name}.{gone}": None for gone in kept - there}, **out}


def digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit()) if not any(c.isalpha() for c in text) else ""
