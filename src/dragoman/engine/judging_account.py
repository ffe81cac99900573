"""Judges what lies between the partner and this program: the address, the credentials, the webhook,
and who sends it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.sentences import Sentence, term, words

from . import access, accounts
from .doctor import Check
from .evidence import CHECK_MS, Evidence
from .given import is_near
from .judging import PATIENCE_MS, Mark, Step, found, held, judged, kept, seen, where
from .standing import span

words(
    {
        "seen_address": "A request for {host} reached this program.",
        "seen_address_here": "{partner} is emulated on this machine.",
        "wait_address": "No request for {host} reached this program yet.",
        "move_address": "{partner} cannot call {url}. Set public_url to the https address of this "
        "machine.",
        "move_credentials": "Fill in what is marked, and save.",
        "move_check": "Not asked yet.",
        "check_running": "{partner} is being asked, for {seconds} s at most.",
        "authorize_running": "{who} is signing in at {partner}: it is waited for until they come "
        "back, for ten minutes at most.",
        "seen_credentials": "{partner} took an answer that was sent with them, as {id}.",
        "seen_webhook": "{partner} called the webhook URL.",
        "seen_verified": "{partner} verified this URL.",
        "verify_refused": "{partner} called with another verify token. Copy Verify token again, "
        "and press Verify and save there.",
        "move_webhook": "Paste the webhook URL at {where}.",
        "walked_webhook": "{partner}'s emulated console was given this URL: the first message will "
        "tell.",
        "letter_webhook": "{partner}'s support sets this URL: send them the letter.",
        "silent_webhook": "Nothing has reached this URL since you wrote {at} ago. It is not set at "
        "{partner}, or points elsewhere: {where}.",
        "silent_address": "Nothing has reached this URL since you wrote {at} ago, and nothing ever "
        "asked for {host}. It is not set at {partner} or points elsewhere ({where}); or {host} "
        "cannot be reached from outside: name service, firewall, certificate.",
        "silent_messages": "{partner} verified this URL but sends no messages here: look whether "
        "the webhook field *messages* is on, and whether the account is subscribed.",
        "unknown_hook": "Unknown: {partner} called, and what it sent could not be read here: "
        "{reason} It is kept as it came.",
        "seen_sender": "The last call proved itself.",
        "app_refused": "{partner} does not accept the app's own id and secret, by which webhooks "
        "are proved.",
        "compare_proof": "Compare {label} on both sides ({where}), save and publish.",
        "none_sender": "Nothing proves who calls: whoever learns the URL can write as any contact. "
        "Associate an app, or have a secret in the URL or a list of addresses, under *Protect the "
        "webhook*.",
        "wait_sender": "The next call will tell.",
    }
)


# --- address -------------------------------------------------------------------------------------


def address(evidence: Evidence) -> Step:
    around = evidence.around
    if around.emulated:
        return judged("address", Mark.NONE, Sentence("seen_address_here", evidence.partner))
    host = {"host": around.host}
    for call in evidence.calls:
        if call.host == around.host:
            return seen(evidence, "address", Sentence("seen_address", host), call.at, call.link)
    if (before := kept(evidence, "address")) is not None:
        return before
    if is_near(around.url):
        told = Sentence("move_address", {**evidence.partner, "url": around.url})
        return judged("address", Mark.MOVE, told)
    return judged("address", Mark.NOT_YET, Sentence("wait_address", host))


# --- credentials ---------------------------------------------------------------------------------


def credentials(evidence: Evidence) -> Step:
    if (running := _asking(evidence)) is not None:
        return running
    app, talker, settings = evidence.app, evidence.talker, evidence.settings
    if settings is None or app.draft.complaints.get(talker.NAME) or talker.missing(settings):
        return judged("credentials", Mark.MOVE, Sentence("move_credentials"))
    if (waits := held(evidence, "credentials", of_account=True)) is not None:
        return waits
    stands = accounts.authorization(app.name, app.draft, evidence.around.now)
    if stands is not None and stands.state == "fail":
        return judged("credentials", Mark.BROKEN, stands.what)
    asked, taken = _last_check(evidence, settings), _taken_with(evidence)
    if taken is not None and asked.mark is not Mark.SEEN and taken.at > evidence.checked_at:
        return taken
    if asked.mark in (Mark.NOT_YET, Mark.NONE):
        return kept(evidence, "credentials", evidence.sends) or asked
    return asked


def _asking(evidence: Evidence) -> Step | None:
    """The partner is being asked, or somebody signs in there."""
    if evidence.asking:
        told = Sentence("check_running", {**evidence.partner, "seconds": CHECK_MS // 1000})
        return judged("credentials", Mark.CHECKING, told)
    who = evidence.signing_in()
    if who is not None and evidence.talker.NAME in evidence.app.draft.granted:
        told = Sentence("authorize_running", {**evidence.partner, "who": who})
        return judged("credentials", Mark.CHECKING, told)
    return None


def _last_check(evidence: Evidence, settings: Any) -> Step:
    """What the last check of the account told."""
    talker, unasked = evidence.talker, Sentence("move_check")
    if not talker.probes(settings):
        return judged("credentials", Mark.NONE, talker.NOT_CHECKABLE or unasked)
    if not evidence.checked_at:
        return judged("credentials", Mark.NOT_YET, unasked)
    bad = None if evidence.accepted else next(evidence.failed, None)
    if bad is not None:
        if evidence.changed_since(evidence.checked_at, evidence.sends) is not None:
            return judged("credentials", Mark.NOT_YET, unasked)
        return found(evidence, "credentials", bad)
    good = next((c for c in evidence.checks if c.state == "ok"), None)
    told = good.what if good is not None else Sentence("step_credentials")
    return seen(evidence, "credentials", told, evidence.checked_at, "", evidence.sends)


def _taken_with(evidence: Evidence) -> Step | None:
    """The newest answer that the partner took, where it left with the credentials that stand in
    the form."""
    newest = next((m for m in evidence.sent if m.external_id and m.taken), None)
    if newest is None or newest.at < evidence.live_since():
        return None
    told = Sentence("seen_credentials", {**evidence.partner, "id": newest.external_id})
    return judged("credentials", Mark.SEEN, told, newest.at, newest.link)


# --- webhook -------------------------------------------------------------------------------------


def webhook(evidence: Evidence) -> Step:
    if (refused := _verify_refused(evidence)) is not None:
        return refused
    called, wrote = evidence.called_at, evidence.proved_at("wrote")
    silent = wrote and wrote + PATIENCE_MS < evidence.around.now and called < wrote
    unsubscribed = next((c for c in evidence.failed if _of_webhook(c)), None)
    if unsubscribed is not None and (silent or evidence.checked_at > called):
        return found(evidence, "webhook", unsubscribed)
    if silent:
        return judged("webhook", Mark.BROKEN, _silence(evidence, wrote))
    return _called(evidence) or _not_called(evidence)


def _verify_refused(evidence: Evidence) -> Step | None:
    """It was to be verified, with another token, and nothing better came since."""
    wrong = evidence.proofs.get("verify_refused")
    if wrong is None or wrong.at <= max(evidence.called_at, evidence.proved_at("verified")):
        return None
    step = judged("webhook", Mark.BROKEN, Sentence("verify_refused", evidence.partner), wrong.at)
    return msgspec.structs.replace(step, raw=wrong.body or "")


def _called(evidence: Evidence) -> Step | None:
    """By the newest call, whether it proved itself or not."""
    last, refused = evidence.hook, evidence.refused
    told = Sentence("seen_webhook", evidence.partner)
    if last is not None and (refused is None or refused.at <= last.at):
        reason = evidence.unreadable()
        if reason is None:
            return seen(evidence, "webhook", told, last.at, last.link)
        told = Sentence("unknown_hook", {**evidence.partner, "reason": reason})
        return judged("webhook", Mark.BROKEN, told, last.at, last.link)
    if refused is not None:
        return seen(evidence, "webhook", told, refused.at, refused.link)
    return None


def _not_called(evidence: Evidence) -> Step:
    if verified := evidence.proved_at("verified"):
        told = Sentence("seen_verified", evidence.partner)
        return seen(evidence, "webhook", told, verified)
    if (before := kept(evidence, "webhook")) is not None:
        return before
    if evidence.around.walked:
        return judged("webhook", Mark.NOT_YET, Sentence("walked_webhook", evidence.partner))
    if evidence.talker.LETTER:
        return judged("webhook", Mark.MOVE, Sentence("letter_webhook", evidence.partner))
    return judged("webhook", Mark.MOVE, Sentence("move_webhook", {"where": where(evidence)}))


def _silence(evidence: Evidence, since: int) -> Sentence:
    """Why nothing may have come: the likelier cause first."""
    around = evidence.around
    args = {**evidence.partner, "at": span(around.now - since), "where": where(evidence),
            "host": around.host}  # fmt: skip
    if "verified" in evidence.proofs:
        return Sentence("silent_messages", args)
    reached = around.emulated or address(evidence).mark is Mark.SEEN
    return Sentence("silent_webhook" if reached else "silent_address", args)


# --- sender --------------------------------------------------------------------------------------


def sender(evidence: Evidence) -> Step:
    last, refused = evidence.hook, evidence.refused
    if refused is not None and (last is None or refused.at > last.at):
        step = judged("sender", Mark.BROKEN, refused.reason, refused.at, refused.link)
        return msgspec.structs.replace(step, fix=_proof_remedy(evidence))
    if (app_refused := _app_refused(evidence)) is not None:
        return found(evidence, "sender", app_refused)
    if access.warning(evidence.app.name, evidence.app.draft) is not None:
        return judged("sender", Mark.NONE, Sentence("none_sender"))
    if last is not None:
        told = Sentence("seen_sender")
        return seen(evidence, "sender", told, last.at, last.link, evidence.guards)
    before = kept(evidence, "sender", evidence.guards)
    return before or judged("sender", Mark.NOT_YET, Sentence("wait_sender"))


def _app_refused(evidence: Evidence) -> Check | None:
    """The credentials are right, and the partner refused those of its own app, by which webhooks
    are proved."""
    changed = evidence.changed_since(evidence.checked_at, evidence.guards)
    if not evidence.accepted or changed is not None:
        return None
    others = (c for c in evidence.failed if not _of_webhook(c) and c.name != "clock")
    bad = next(others, None)
    if bad is None:
        return None
    told = Sentence("app_refused", evidence.partner)
    return msgspec.structs.replace(bad, what=told, remedy=_proof_remedy(evidence))


def _proof_remedy(evidence: Evidence) -> Sentence | None:
    """What to compare, where a secret of the form proves who calls."""
    given = evidence.app.draft.config.channel.values.get(evidence.talker.NAME, {})
    secrets = (f for f in evidence.talker.SETTINGS if f.guards and f.kind == "secret")
    one = next((f for f in secrets if f.where_to_find and given.get(f.name)), None)
    if one is None:
        return None
    return Sentence("compare_proof", {"label": term(one.label), "where": term(one.where_to_find)})


def _of_webhook(check: Check) -> bool:
    """Whether it is about the webhooks at the partner."""
    return any(part in check.what.id for part in ("callback", "subscri", "field"))
