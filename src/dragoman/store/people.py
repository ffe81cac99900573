"""Who wrote: identities to contacts, inside the intake transaction.

A contact may have a phone, a BSUID, or both. A phone that is written in two ways (Brazil, Mexico,
Argentina) is found by either and keeps both. When a phone and a BSUID known as two contacts arrive
together, the older contact keeps both and the younger's conversations are closed, still readable.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dragoman.domain.clock import Ids
from dragoman.domain.identity import Person, Phone, variants

from .drivers import Rows, Tx

PHONE, BSUID = 1, 2

Key = tuple[int, int, str]  # app, kind, value

_FIND = Rows(
    """WITH batch(app_id,kind,value) AS (VALUES {rows})
    SELECT i.app_id,i.kind,i.value,c.id,c.name,c.username,c.phone,c.bsuid,c.parent_bsuid,
      c.identity_hash
    FROM batch b CROSS JOIN identity i CROSS JOIN contact c
    WHERE i.app_id=b.app_id AND i.kind=b.kind AND i.value=b.value
      AND c.app_id=i.app_id AND c.id=i.contact_id""",
    "bbt",
)
_ADD_CONTACT = Rows(
    """INSERT INTO contact(app_id,id,name,username,phone,bsuid,parent_bsuid,identity_hash)
    VALUES {rows}""",
    "bbtttttt",
)
_ADD_IDENTITY = Rows(
    """INSERT INTO identity(app_id,kind,value,contact_id) VALUES {rows}
    ON CONFLICT DO NOTHING RETURNING app_id,kind,value""",
    "bbtb",
)
_CHANGE_CONTACT = Rows(
    """WITH batch(app_id,id,name,username,phone,bsuid,parent_bsuid,identity_hash)
      AS (VALUES {rows})
    UPDATE contact SET name=b.name,username=b.username,phone=b.phone,bsuid=b.bsuid,
      parent_bsuid=b.parent_bsuid,identity_hash=b.identity_hash
    FROM batch b WHERE contact.app_id=b.app_id AND contact.id=b.id""",
    "bbtttttt",
)


class Known:
    """A contact while its transaction is open."""

    __slots__ = ("bsuid", "changed", "hash", "id", "name", "new", "parent", "phone", "username")

    def __init__(self, row: tuple[Any, ...], new: bool = False) -> None:
        (self.id, self.name, self.username, self.phone, self.bsuid, self.parent, self.hash) = row
        self.new = new
        self.changed = False

    def row(self, app_id: int) -> tuple[Any, ...]:
        return (app_id, self.id, self.name, self.username, self.phone, self.bsuid, self.parent,
                self.hash)  # fmt: skip

    def learn(self, person: Person) -> None:
        """Take what the newest event says; what it does not say stays."""
        for field, value in (
            ("name", person.name),
            ("username", person.username),
            ("phone", person.phone.digits if person.phone else None),
            ("bsuid", person.bsuid.value if person.bsuid else None),
            ("parent", person.parent_bsuid.value if person.parent_bsuid else None),
            ("hash", person.identity_hash),
        ):
            if value is not None and "\0" in value:  # PostgreSQL keeps no NUL in a text
                value = value.replace("\0", "")
            if value is not None and value != getattr(self, field):
                setattr(self, field, value)
                self.changed = True


def keys(app_id: int, person: Person) -> list[Key]:
    """The identities of a person, phone first."""
    out: list[Key] = []
    if person.phone:
        out.append((app_id, PHONE, person.phone.digits))
    if person.bsuid:
        out.append((app_id, BSUID, person.bsuid.value))
    return out


def find(tx: Tx, wanted: Iterable[Key]) -> dict[Key, Known]:
    """The contacts behind identities. Two identities of one contact share one `Known`."""
    rows = tx.many(_FIND, sorted(set(wanted)))
    by_contact: dict[tuple[int, int], Known] = {}
    found: dict[Key, Known] = {}
    for row in rows:
        key = (row[0], row[1], row[2])
        known = by_contact.get((row[0], row[3]))
        if known is None:
            known = by_contact[(row[0], row[3])] = Known(row[3:])
        found[key] = known
    return found


class People:
    """The contacts of one group of units: resolved together, written together by `save`."""

    def __init__(self, tx: Tx, ids: Ids) -> None:
        self._tx = tx
        self._ids = ids
        self._by_key: dict[Key, Known] = {}
        self._apps: dict[int, int] = {}  # contact id -> app id
        self._new_keys: dict[Key, Known] = {}
        self._merged: list[tuple[int, Known, Known]] = []

    def prepare(self, people: Iterable[tuple[int, Person]]) -> None:
        """Look all of them up in one statement, in every way their numbers may be written."""
        wanted: list[Key] = []
        for app_id, person in people:
            wanted += keys(app_id, person)
            if person.phone:
                wanted += [(app_id, PHONE, v.digits) for v in variants(person.phone)]
        if wanted:
            self._by_key = find(self._tx, wanted)

    def contact(self, app_id: int, person: Person) -> Known:
        """The contact of a person, made if new. `save` writes it."""
        known: list[Known] = []
        for key in keys(app_id, person):
            match = self._by_key.get(key) or self._variant(key, person)
            if match is not None and match not in known:
                known.append(match)
        if not known:
            contact = Known((self._ids.new(), None, None, None, None, None, None), new=True)
        elif len(known) == 1:
            contact = known[0]
        else:
            contact = self._merge(app_id, known)
        self._apps[contact.id] = app_id
        contact.learn(person)
        for key in keys(app_id, person):
            if self._by_key.get(key) is not contact:
                self._by_key[key] = contact
                self._new_keys[key] = contact
        return contact

    def reached(self, app_id: int, person: Person) -> Known:
        """The contact to write to, made if new. Nothing is learned from what somebody else wrote:
        a known contact keeps its own spelling."""
        for key in keys(app_id, person):
            match = self._by_key.get(key) or self._variant(key, person)
            if match is not None:
                return match
        return self.contact(app_id, person)

    def also(self, app_id: int, contact: Known, person: Person) -> None:
        """The same contact is now reached as `person`, too (a changed number or user id)."""
        for key in keys(app_id, person):
            if key not in self._by_key:
                self._by_key[key] = contact
                self._new_keys[key] = contact
        self._apps[contact.id] = app_id
        contact.learn(person)

    def _variant(self, key: Key, person: Person) -> Known | None:
        if key[1] != PHONE or person.phone is None:
            return None
        for other in variants(person.phone):
            match = self._by_key.get((key[0], PHONE, other.digits))
            if match is not None:
                return match
        return None

    def _merge(self, app_id: int, known: list[Known]) -> Known:
        older, younger = sorted(known, key=lambda k: k.id)[:2]
        self._merged.append((app_id, older, younger))
        for key, value in self._by_key.items():
            if value is younger:
                self._by_key[key] = older
        return older

    def save(self) -> None:
        """Write new contacts, identities and changes. Call before rows that name contacts."""
        seen: dict[int, Known] = {}
        for contact in [*self._by_key.values(), *(younger for _, _, younger in self._merged)]:
            seen[contact.id] = contact
        fresh = [k.row(self._apps[k.id]) for k in seen.values() if k.new]
        if fresh:
            self._tx.many(_ADD_CONTACT, fresh)
        if self._new_keys:
            rows = sorted((a, kind, v, c.id) for (a, kind, v), c in self._new_keys.items())
            kept = {tuple(r) for r in self._tx.many(_ADD_IDENTITY, rows)}
            lost = [key for key in self._new_keys if key not in kept]
            if lost:
                self._adopt(lost)
        changed = [k.row(self._apps[k.id]) for k in seen.values() if k.changed and not k.new]
        if changed:
            self._tx.many(_CHANGE_CONTACT, sorted(changed))
        for app_id, older, younger in self._merged:
            self._close_younger(app_id, older, younger)

    def _adopt(self, lost: list[Key]) -> None:
        """Another process made these identities at the same moment: theirs count. Contacts that we
        made beside them stay as empty rows; ids that were handed out are corrected in place, and
        what else we wrote under them goes to theirs."""
        theirs = find(self._tx, lost)
        for key in lost:
            ours, other = self._new_keys[key], theirs.get(key)
            if other is None or not ours.new:
                continue
            for (app_id, kind, value), contact in self._new_keys.items():
                if contact is ours:
                    self._tx.run(
                        """UPDATE identity SET contact_id=? WHERE app_id=? AND kind=? AND value=?
                        AND contact_id=?""",
                        (other.id, app_id, kind, value, ours.id),
                    )
            self._apps[other.id] = key[0]
            ours.id, ours.new, ours.changed = other.id, False, True

    def _close_younger(self, app_id: int, older: Known, younger: Known) -> None:
        run = self._tx.run
        theirs = [(BSUID, younger.bsuid)] if younger.bsuid else []
        if younger.phone:
            phone = Phone(younger.phone)
            theirs += [(PHONE, p.digits) for p in (phone, *variants(phone))]
        for kind, value in theirs:
            run(
                """UPDATE identity SET contact_id=? WHERE app_id=? AND kind=? AND value=?
                AND contact_id=?""",
                (older.id, app_id, kind, value, younger.id),
            )
        run("UPDATE contact SET merged_into=? WHERE app_id=? AND id=?",
            (older.id, app_id, younger.id))  # fmt: skip
        # What waits there is still answered there; what comes from now on goes to the older one's.
        run(
            """UPDATE conversation SET closed=1 WHERE app_id=? AND contact_id=?
            AND (number_id=0 OR number_id IN (SELECT id FROM number WHERE app_id=?))""",
            (app_id, younger.id, app_id),
        )
        run(
            """INSERT INTO win AS w(app_id,number_id,contact_id,until,opener,free_until)
            SELECT app_id,number_id,CAST(? AS BIGINT),until,opener,free_until FROM win
            WHERE app_id=? AND contact_id=?
            ON CONFLICT(app_id,contact_id,number_id) DO UPDATE SET
              opener=CASE WHEN excluded.until>w.until THEN excluded.opener ELSE w.opener END,
              until=CASE WHEN excluded.until>w.until THEN excluded.until ELSE w.until END,
              free_until=CASE WHEN excluded.free_until>w.free_until THEN excluded.free_until
                ELSE w.free_until END""",
            (older.id, app_id, younger.id),
        )
