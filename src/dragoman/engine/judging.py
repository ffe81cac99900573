"""What a judgement of a step is made of: its mark, what proves it still, whose fault it is.

The steps themselves are in judging_account and judging_messages: functions of the evidence.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec

from dragoman.domain.errors import Code
from dragoman.domain.sentences import Sentence, term, words

from .doctor import Check
from .evidence import GUARDS, Evidence
from .standing import sentence

PATIENCE_MS = 60_000  # from "I wrote" until silence says something
_ACCOUNT = (Code.TOKEN, Code.PERMISSION, Code.ACCOUNT_LOCKED)
# What every answer would meet, and not one message or one person alone.
OF_EVERY_ANSWER = frozenset(
    {
        *_ACCOUNT, Code.NUMBER_NOT_REGISTERED, Code.BILLING, Code.NOT_OPTED_IN, Code.EGRESS,
        Code.NOT_ALLOWED_RECIPIENT, Code.COUNTRY, Code.UNKNOWN,
    }
)  # fmt: skip

words(
    {
        "step_address": "Address reachable",
        "step_credentials": "Credentials",
        "step_webhook": "Webhook reached us",
        "step_sender": "Sender proved",
        "step_live": "Enabled and published",
        "step_first_in": "First message in",
        "step_first_out": "First answer accepted",
        "step_first_report": "First delivery report",
        "setting_associated": "Associate an App",
        "setting_url_secret": "A secret in the URL",
        "setting_allow_ips": "Addresses that webhooks may come from",
        "held": "{reason} Waiting meanwhile: {n}.",
        "unknown": "Unknown: {reason} This fault has no name here and no remedy. The request and "
        "the answer are kept as they were, without secrets.",
        "unknown_failure": "Unknown: {partner} reported a failure without saying why. What it sent "
        "is kept as it came.",
    }
)


class Mark(enum.StrEnum):
    """Where a step stands."""

    NOT_YET = "not yet"
    MOVE = "your move"
    CHECKING = "checking"  # and it ends by itself
    SEEN = "seen"
    BROKEN = "broken"
    BEFORE = "seen before"  # what proved it was before a setting changed
    NONE = "not needed"


class Step(msgspec.Struct, frozen=True):
    """id: what it is called in addresses. at: when it was seen. link: the id of what shows it, as
    `dragoman why` takes it. field, changed, label: the setting that unproves it, when that was, and
    how the form calls it. fix: what to do, where `told` does not say it. raw: the request and its
    answer, secrets hidden, of what has no page of its own."""

    id: str
    title: Sentence
    mark: Mark
    told: Sentence
    at: int = 0
    link: str = ""
    field: str = ""
    changed: int = 0
    fix: Sentence | None = None
    raw: str = ""
    label: Sentence = Sentence("")


def judged(id: str, mark: Mark, told: Sentence, at: int = 0, link: str = "") -> Step:
    return Step(id, Sentence(f"step_{id}"), mark, told, at, link)


def seen(
    evidence: Evidence, id: str, told: Sentence, at: int, link: str = "",
    fields: Iterable[str] = (),
) -> Step:  # fmt: skip
    """Seen, unless a setting that it proves was changed since."""
    name = evidence.changed_since(at, fields)
    if name is None:
        return judged(id, Mark.SEEN, told, at, link)
    return Step(id, Sentence(f"step_{id}"), Mark.BEFORE, told, at, link, name,
                evidence.changes[name], label=_label(evidence, name))  # fmt: skip


def _label(evidence: Evidence, name: str) -> Sentence:
    if name in GUARDS:
        return Sentence(f"setting_{name}")
    return term(next((f.label for f in evidence.talker.SETTINGS if f.name == name), name))


def kept(evidence: Evidence, id: str, fields: Iterable[str] = ()) -> Step | None:
    """Seen once, and its rows are gone."""
    proof = evidence.proofs.get(f"seen/{id}")
    if proof is None:
        return None
    told = sentence(proof.body) or Sentence(f"step_{id}")
    return seen(evidence, id, told, proof.at, "", fields)


def held(evidence: Evidence, id: str, *, of_account: bool) -> Step | None:
    """A number that waits for the account to be mended, or for anything else."""
    for one in evidence.holds:
        if (one.error.code in _ACCOUNT) == of_account:
            reason = fault(evidence, one.error.code, one.error.sentence)
            told = Sentence("held", {"reason": reason, "n": one.waiting})
            return judged(id, Mark.BROKEN, told, one.since, one.link)
    return None


def fault(evidence: Evidence, code: str, told: Sentence | None) -> Sentence:
    """What a partner's refusal says; one that is in no list says that it is unknown."""
    if told is None:
        return Sentence("unknown_failure", evidence.partner)
    return Sentence("unknown", {"reason": told}) if code == Code.UNKNOWN else told


def found(evidence: Evidence, id: str, bad: Check) -> Step:
    """Broken, by what the last check of the account found."""
    told, fix = bad.what, bad.remedy
    if told.id.endswith("_error_unknown"):
        told, fix = Sentence("unknown", {"reason": told}), None
    step = judged(id, Mark.BROKEN, told, evidence.checked_at)
    return msgspec.structs.replace(step, fix=fix, raw=bad.raw)


def where(evidence: Evidence, *names: str) -> Sentence:
    """Where the first of these of ours that there is goes (the webhook URL), in the partner's own
    metadata, whose texts are translated as they are."""
    places = {g.name: g.where_to_paste for g in evidence.talker.GIVES}
    return term(next((places[n] for n in (*names, "webhook_url") if places.get(n)), ""))
