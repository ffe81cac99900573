"""Who may use the console: people, their roles, their sign-ins, and the invitations that make them.

A password is kept as an Argon2 digest, a sign-in and an invitation as the SHA-256 of a random token
that only its bearer has. Everything is a function of a transaction; the digests of passwords, which
take a tenth of a second, are made outside it. Times are Unix milliseconds of the real clock.
"""

from __future__ import annotations

import functools
import hashlib
import re
import secrets
from typing import Any

import msgspec

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.store.drivers import Tx

from .publish import Change, audit

ROLES = ("viewer", "responder", "builder", "admin", "owner")  # each may do what those before may
INSTALLATION = 0  # the app id of what belongs to no app

SETUP_MS = 3_600_000
INVITATION_MS = 7 * 86_400_000
IDLE_MS = 12 * 3_600_000  # a sign-in nobody used for so long is over
LONGEST_MS = 30 * 86_400_000
MOST_NAME = 100
LEAST_PASSWORD, MOST_PASSWORD = 10, 200

FREE_TRIES = 5  # failures before whoever tries must wait
FIRST_WAIT_MS, LONGEST_WAIT_MS = 15_000, 900_000
FORGET_MS = 3_600_000  # failures older than this count no more

words(
    {
        "person_email_wrong": "{value!r} is not an e-mail address: write it like asha@example.com.",
        "person_email_taken": "{email} has an account already.",
        "person_name_long": "The name has {length} characters, and at most {most} are kept: write "
        "a shorter one.",
        "person_name_missing": "The name is missing: write how others call you.",
        "password_short": "The password has a length of {length}, and needs {least} at least: a "
        "few words in a row are easy to keep in mind.",
        "password_long": "The password has more than {most} characters.",
        "password_known": "The password is the e-mail address or the name: choose another.",
        "signin_wrong": "E-mail address and password do not belong together.",
        "signin_wait": "Too many wrong passwords: wait {seconds} s and try again.",
        "code_wait": "Too many wrong codes: wait {seconds} s and try again.",
        "signin_off": "This account is switched off. Ask an owner to switch it on.",
        "invitation_wrong": "This code is not right, or was used. Compare it with the one you were "
        "given; if it is the same, ask for a new one.",
        "invitation_over": "This code is over: it was good for seven days. Ask whoever invited you "
        "for a new one.",
        "invitation_setup_wrong": "This code is not right. Compare it with the last one in the "
        "terminal: each start prints a new one, and ends those before.",
        "invitation_setup_over": "This code is over: it was good for one hour. Start Dragoman "
        "again, and it prints a new one.",
        "role_unknown": "{role!r} is no role: choose one of {known}.",
        "role_too_high": "A role above your own is not yours to give: ask an owner.",
        "person_unknown": "Nobody with this id is here any more.",
        "person_above": "{name} has a role above yours: ask an owner.",
        "last_owner": "{name} is the only owner, and there must be one: make another person an "
        "owner first.",
        "person_self_off": "Your own account is not yours to switch off: ask another person who "
        "may, or sign out.",
        "password_current_wrong": "The current password is not right, so it was not changed.",
        "invitation_gone": "This invitation is not open any more: it was used, revoked, or is "
        "over.",
        "invitation_above": "This invitation gives a role above yours: ask an owner.",
        "signin_gone": "This sign-in is over already.",
    }
)


class Person(msgspec.Struct, frozen=True):
    """Somebody with an account. `off`: may not sign in."""

    id: int
    email: str
    name: str
    role: str
    created: int
    off: bool = False

    def may(self, role: str) -> bool:
        """Whether this person may do what a role may."""
        return ROLES.index(self.role) >= ROLES.index(role)


class SignIn(msgspec.Struct, frozen=True):
    """One browser that is signed in. `key`: what it is called on pages; no secret."""

    key: str
    person_id: int
    at: int
    seen_at: int
    peer: str
    browser: str


class Invitation(msgspec.Struct, frozen=True):
    """A code that nobody used yet. `key`: what it is called on pages; no secret. `until`: when it
    is over."""

    key: str
    role: str
    at: int
    until: int
    who: str


_KEY = 16  # so many hex digits of a digest name a row on a page


def key_of(token: str) -> str:
    """What a sign-in is called on pages, from its token."""
    return digest(token)[:_KEY]


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


# --- passwords -----------------------------------------------------------------------------------


def hashed(password: str) -> str:
    """The Argon2id digest to keep; takes a tenth of a second and 64 MiB on purpose."""
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)


def matches(kept: str, password: str) -> bool:
    """Whether a password is the kept one. Without a kept one it takes as long and is not, so that
    nobody can tell whether an address has an account."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(kept or _nobodys(), password) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def _nobodys() -> str:
    """The digest of a password that nobody has."""
    return hashed(secrets.token_hex())


def check_password(password: str, email: str, name: str) -> Sentence | None:
    """What is wrong with a new password."""
    length = len(password)
    if length < LEAST_PASSWORD:
        return Sentence("password_short", {"length": length, "least": LEAST_PASSWORD})
    if length > MOST_PASSWORD:
        return Sentence("password_long", {"most": MOST_PASSWORD})
    if password.strip().casefold() in {email.casefold(), name.casefold()}:
        return Sentence("password_known")
    return None


# --- people --------------------------------------------------------------------------------------

_EMAIL = re.compile(r"[^@\s<>\"',;:()\[\]\\]+@[^@\s.]+(\.[^@\s.]+)+")
_PERSON = "SELECT id,email,name,role,created,off FROM person"


def _person(row: Any) -> Person:
    return Person(row[0], row[1], row[2], row[3], row[4], bool(row[5]))


def people(tx: Tx) -> list[Person]:
    return [_person(row) for row in tx.run(_PERSON + " ORDER BY created,id")]


def find(tx: Tx, person_id: int) -> Person:
    """Raises SentenceError."""
    known = 0 < person_id < 2**63  # an address may name what no column holds
    rows = tx.run(_PERSON + " WHERE id=?", (person_id,)) if known else []
    if not rows:
        raise SentenceError(Sentence("person_unknown"))
    return _person(rows[0])


def has_owner(tx: Tx) -> bool:
    """Whether anybody has set this installation up."""
    return bool(tx.run("SELECT 1 FROM person WHERE role='owner' AND off=0 LIMIT 1"))


def read_email(text: str) -> str:
    """An e-mail address as it is kept. Raises SentenceError."""
    email = text.strip().casefold()
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise SentenceError(Sentence("person_email_wrong", {"value": text.strip()[:80]}))
    return email


def read_name(text: str) -> str:
    """A person's name as it is kept. Raises SentenceError."""
    name = text.strip()
    if not name:
        raise SentenceError(Sentence("person_name_missing"))
    if len(name) > MOST_NAME:
        about = {"length": len(name), "most": MOST_NAME}
        raise SentenceError(Sentence("person_name_long", about))
    return name


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise SentenceError(Sentence("role_unknown", {"role": role, "known": ", ".join(ROLES)}))


def add(tx: Tx, change: Change, email: str, name: str, role: str, password: str) -> Person:
    """A new person. password: its digest. Raises SentenceError."""
    email, name = read_email(email), read_name(name)
    _check_role(role)
    if tx.run("SELECT 1 FROM person WHERE email=?", (email,)):
        raise SentenceError(Sentence("person_email_taken", {"email": email}))
    made = Person(change.ids.new(), email, name, role, change.now)
    tx.run(
        "INSERT INTO person(id,email,name,password,role,created) VALUES (?,?,?,?,?,?)",
        (made.id, email, name, password, role, change.now),
    )
    audit(tx, change, INSTALLATION, "person.add", email, None, role)
    return made


def set_name(tx: Tx, change: Change, one: Person, name: str) -> Person:
    """How others call somebody. Raises SentenceError."""
    name = read_name(name)
    if name != one.name:
        tx.run("UPDATE person SET name=? WHERE id=?", (name, one.id))
        audit(tx, change, INSTALLATION, "person.name", one.email, one.name, name)
    return msgspec.structs.replace(one, name=name)


def set_person(
    tx: Tx, change: Change, by: Person, person_id: int, role: str | None, off: bool | None
) -> Person:
    """Change somebody's role, or switch the account off or on. Nobody changes who stands above
    them or switches themselves off, and an owner always remains. Raises SentenceError."""
    one = find(tx, person_id)
    if not by.may(one.role):
        raise SentenceError(Sentence("person_above", {"name": one.name}))
    new_role = one.role if role is None else role
    _check_role(new_role)
    if not by.may(new_role):
        raise SentenceError(Sentence("role_too_high"))
    new_off = one.off if off is None else off
    if new_off and by.id == one.id:
        raise SentenceError(Sentence("person_self_off"))
    after = msgspec.structs.replace(one, role=new_role, off=new_off)
    if after == one:
        return one
    tx.run("UPDATE person SET role=?,off=? WHERE id=?", (after.role, int(after.off), one.id))
    if not has_owner(tx):
        raise SentenceError(Sentence("last_owner", {"name": one.name}))
    if after.off:
        tx.run("DELETE FROM signin WHERE person_id=?", (one.id,))
    audit(tx, change, INSTALLATION, "person.set", one.email, _told(one), _told(after))
    return after


def _told(one: Person) -> str:
    return f"{one.role}, off" if one.off else one.role


def set_password(tx: Tx, change: Change, one: Person, password: str, keep: str = "") -> None:
    """Another password; every other sign-in of this person ends. password: its digest."""
    tx.run("UPDATE person SET password=? WHERE id=?", (password, one.id))
    tx.run("DELETE FROM signin WHERE person_id=? AND digest<>?", (one.id, digest(keep)))
    audit(tx, change, INSTALLATION, "person.password", one.email, None, None)


# --- invitations ---------------------------------------------------------------------------------


def invite(tx: Tx, change: Change, role: str, until: int, by: Person | None = None) -> str:
    """A code that makes one account; it is kept as a digest only. Raises SentenceError."""
    _check_role(role)
    if by is not None and not by.may(role):
        raise SentenceError(Sentence("role_too_high"))
    code = "-".join(secrets.token_hex(2).upper() for _ in range(4))
    tx.run(
        "INSERT INTO invitation(digest,role,at,until,who) VALUES (?,?,?,?,?)",
        (digest(code), role, change.now, until, change.who),
    )
    audit(tx, change, INSTALLATION, "person.invite", role, None, role)
    return code


def invitations(tx: Tx, now: int) -> list[Invitation]:
    """The open ones, newest first."""
    rows = tx.run(
        "SELECT digest,role,at,until,who FROM invitation WHERE until>? ORDER BY at DESC,digest",
        (now,),
    )
    return [Invitation(r[0][:_KEY], *r[1:]) for r in rows]


def revoke(tx: Tx, change: Change, by: Person, key: str) -> Invitation:
    """End an open invitation. Raises SentenceError."""
    found = [one for one in invitations(tx, change.now) if one.key == key]
    if not found:
        raise SentenceError(Sentence("invitation_gone"))
    if not by.may(found[0].role):
        raise SentenceError(Sentence("invitation_above"))
    tx.run(f"DELETE FROM invitation WHERE substr(digest,1,{_KEY})=?", (key,))
    audit(tx, change, INSTALLATION, "person.revoke", found[0].role, found[0].who, None)
    return found[0]


def setup_code(tx: Tx, change: Change) -> str | None:
    """A new code for the first owner, good for an hour; earlier ones end. None where somebody has
    set this installation up."""
    if has_owner(tx):
        return None
    tx.run("DELETE FROM invitation WHERE role='owner'")
    return invite(tx, change, "owner", change.now + SETUP_MS)


def invited(tx: Tx, code: str, now: int) -> str | None:
    """The role that a code gives, None where it gives none."""
    rows = tx.run(
        "SELECT role FROM invitation WHERE digest=? AND until>?", (digest(_bare(code)), now)
    )
    return rows[0][0] if rows else None


def _is_over(tx: Tx, code: str, now: int) -> bool:
    """Whether a code was right once, and its time has passed."""
    return bool(
        tx.run("SELECT 1 FROM invitation WHERE digest=? AND until<=?", (digest(_bare(code)), now))
    )


def _bare(code: str) -> str:
    """As it was printed, however it was typed."""
    text = re.sub(r"[^0-9A-F]", "", code.upper())
    return "-".join(text[n : n + 4] for n in range(0, 16, 4)) if len(text) == 16 else code


def accept(tx: Tx, change: Change, code: str, email: str, name: str, password: str) -> Person:
    """An account for a code, which is spent. password: its digest. Raises SentenceError; the code
    stays good then. That a code is over is told only to whoever has all of it."""
    role = invited(tx, code, change.now)
    if role is None:
        lead = "invitation" if has_owner(tx) else "invitation_setup"
        over = _is_over(tx, code, change.now)
        raise SentenceError(Sentence(f"{lead}_over" if over else f"{lead}_wrong"))
    made = add(tx, change, email, name, role, password)
    tx.run("DELETE FROM invitation WHERE digest=? OR until<=?", (digest(_bare(code)), change.now))
    return made


# --- signing in ----------------------------------------------------------------------------------


def wait_ms(tx: Tx, keys: tuple[str, ...], now: int) -> int:
    """How long whoever tries must still wait. keys: the address, and where it is tried from."""
    return max((_wait(tx, key, now) for key in keys), default=0)


def _wait(tx: Tx, key: str, now: int) -> int:
    rows = tx.run("SELECT count,at FROM signin_failure WHERE digest=?", (digest(key),))
    if not rows or rows[0][0] < FREE_TRIES or now >= rows[0][1] + FORGET_MS:
        return 0
    count, at = rows[0]
    wait = min(FIRST_WAIT_MS << min(count - FREE_TRIES, 10), LONGEST_WAIT_MS)
    return max(0, int(at + wait - now))


def failed(tx: Tx, keys: tuple[str, ...], now: int) -> None:
    """A password was wrong."""
    for key in keys:
        tx.run(
            """INSERT INTO signin_failure AS f(digest,count,at) VALUES (?,1,?)
            ON CONFLICT(digest) DO UPDATE SET at=excluded.at,
              count=CASE WHEN f.at+?<excluded.at THEN 1 ELSE f.count+1 END""",
            (digest(key), now, FORGET_MS),
        )
    tx.run("DELETE FROM signin_failure WHERE at<?", (now - FORGET_MS,))


def candidate(tx: Tx, email: str) -> tuple[Person | None, str]:
    """Whoever has an address, and the digest of the password; ("", None) for nobody."""
    rows = tx.run(_PERSON.replace(" FROM", ",password FROM") + " WHERE email=?",
                  (email.strip().casefold(),))  # fmt: skip
    return (_person(rows[0]), rows[0][6]) if rows else (None, "")


def sign_in(
    tx: Tx, change: Change, one: Person, peer: str, browser: str, forget: tuple[str, ...] = ()
) -> str:
    """A new sign-in; gives the token for its cookie. forget: keys whose failures are forgiven."""
    token = secrets.token_urlsafe(32)
    tx.run(
        "INSERT INTO signin(digest,person_id,at,seen_at,peer,browser) VALUES (?,?,?,?,?,?)",
        (digest(token), one.id, change.now, change.now, peer[:64], browser[:200]),
    )
    for key in forget:
        tx.run("DELETE FROM signin_failure WHERE digest=?", (digest(key),))
    _sweep(tx, change.now)
    audit(tx, change, INSTALLATION, "person.sign_in", one.email, None, peer)
    return token


def _sweep(tx: Tx, now: int) -> None:
    tx.run("DELETE FROM signin WHERE at<? OR seen_at<?", (now - LONGEST_MS, now - IDLE_MS))


def who(tx: Tx, token: str, now: int) -> tuple[Person, int] | None:
    """The person whose sign-in it is, and when it was last used; None where it is over."""
    rows = tx.run(
        """SELECT p.id,p.email,p.name,p.role,p.created,p.off,s.seen_at FROM signin s
        JOIN person p ON p.id=s.person_id
        WHERE s.digest=? AND s.at>? AND s.seen_at>? AND p.off=0""",
        (digest(token), now - LONGEST_MS, now - IDLE_MS),
    )
    return (_person(rows[0]), rows[0][6]) if rows else None


def seen(tx: Tx, token: str, now: int) -> None:
    tx.run("UPDATE signin SET seen_at=? WHERE digest=?", (now, digest(token)))


def sign_out(tx: Tx, token: str) -> None:
    tx.run("DELETE FROM signin WHERE digest=?", (digest(token),))


def sign_ins(tx: Tx, person_id: int, now: int) -> list[SignIn]:
    """Where somebody is signed in, newest first."""
    rows = tx.run(
        """SELECT digest,person_id,at,seen_at,peer,browser FROM signin
        WHERE person_id=? AND at>? AND seen_at>? ORDER BY seen_at DESC""",
        (person_id, now - LONGEST_MS, now - IDLE_MS),
    )
    return [SignIn(r[0][:_KEY], *r[1:]) for r in rows]


def end_sign_in(tx: Tx, change: Change, one: Person, key: str) -> None:
    """End one of somebody's sign-ins. Raises SentenceError."""
    ended = tx.run(
        f"DELETE FROM signin WHERE person_id=? AND substr(digest,1,{_KEY})=? RETURNING peer",
        (one.id, key),
    )
    if not ended:
        raise SentenceError(Sentence("signin_gone"))
    audit(tx, change, INSTALLATION, "person.sign_out", one.email, ended[0][0], None)


def end_others(tx: Tx, change: Change, one: Person, keep: str) -> int:
    """End all of somebody's sign-ins but the one whose token is kept. Gives how many."""
    ended = tx.run(
        "DELETE FROM signin WHERE person_id=? AND digest<>? RETURNING digest",
        (one.id, digest(keep)),
    )
    if ended:
        audit(tx, change, INSTALLATION, "person.sign_out", one.email, str(len(ended)), None)
    return len(ended)
