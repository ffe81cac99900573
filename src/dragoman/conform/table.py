"""The checks, one row each, in the order in which they run.

A check is a coroutine that is handed the `Bench` of one partner. It returns where all is as it
should be, raises `Wrong` where it is not, and `Absent` where the partner has no such thing. It
knows no partner by name: what it needs to know is data of the partner, or of its emulator.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from typing import Literal, cast

import msgspec

from dragoman.domain.sentences import Sentence, say, words

from .bench import Bench

Run = Callable[[Bench], Awaitable[None]]
State = Literal["passed", "failed", "absent"]
MARKS: dict[State, str] = {"passed": "●", "failed": "■", "absent": "○"}


class Check(msgspec.Struct, frozen=True):
    """id: its name for people and tests. where: the coroutine, `module.name` in this package.
    holds: what is so where it passes. needs: a question of `bench.NEEDS` that the partner must
    answer with yes; the check is absent otherwise."""

    id: str
    where: str
    holds: str
    needs: str = ""

    @property
    def title(self) -> str:
        return say(Sentence(f"conform_{self.id}"))

    @property
    def run(self) -> Run:
        module, _, name = self.where.rpartition(".")
        return cast(Run, getattr(importlib.import_module(f"{__package__}.{module}"), name))


class Result(msgspec.Struct, frozen=True):
    """How a check ended at a partner. detail: what was expected and seen, or why it is absent."""

    partner: str
    check: str
    state: State
    detail: str = ""
    seconds: float = 0.0


_ROWS = (
    # what happens to a send
    Check(
        "slow",
        "sending.slow",
        "A slow partner is waited for: the message arrives once, and nothing is in doubt.",
    ),
    Check(
        "timeout",
        "sending.timeout",
        "A send that was taken and never answered is in doubt, is not sent again, and is settled "
        "by the partner's report.",
    ),
    Check(
        "torn_answer",
        "sending.torn_answer",
        "A send whose answer is broken JSON is not sent again; the partner's report settles it.",
    ),
    Check(
        "error_500",
        "sending.error_500",
        "An answer of 500 with a page instead of the partner's own words leaves the message in "
        "doubt: it is not sent again by itself, what comes after it leaves, and a person may send "
        "it again.",
    ),
    Check(
        "error_503",
        "sending.error_503",
        "An answer of 503 is either tried again until it is taken once, or left in doubt and not "
        "tried again; never both.",
    ),
    Check(
        "rate_429",
        "sending.rate_429",
        "A refusal because of too many sends is waited out: the message keeps its place and "
        "arrives once.",
    ),
    Check(
        "refused",
        "sending.refused",
        "While the partner's address refuses connections nothing is in doubt: the message waits "
        "and is sent once when it can be reached.",
        needs="address",
    ),
    Check(
        "not_reachable",
        "sending.not_reachable",
        "A message to somebody who cannot be reached ends as failed, with a reason in words, and "
        "never in doubt.",
    ),
    Check(
        "lengths",
        "lengths.lengths",
        "Every limit counts characters, not bytes, in Devanagari, joined emoji, Hebrew and Latin: "
        "what is at the limit arrives whole, and a caption, title or body over it is refused "
        "before anything is sent.",
    ),
    Check(
        "long_text",
        "lengths.long_text",
        "A text over the limit arrives in pieces, in order, with nothing lost and no character "
        "cut in two.",
    ),
    # reports
    Check(
        "status_before_send",
        "reporting.status_before_send",
        "A report that comes before the answer of its send waits for it, and ends at the same "
        "status.",
    ),
    Check(
        "reorder",
        "reporting.reorder",
        "Where the partner reports delivered before sent, the message is delivered.",
    ),
    Check(
        "ladder", "reporting.ladder", "Every order of a message's reports ends at the same status."
    ),
    Check(
        "ladder_failed",
        "reporting.ladder_failed",
        "A failure that is reported beside a delivery, before or after it, leaves the message "
        "delivered.",
    ),
    # what comes in
    Check(
        "broken_json",
        "arriving.broken_json",
        "A body that cannot be read at all (cut off, empty, another encoding, a form where JSON is "
        "expected) is answered as invalid and kept as it came, and the next one is taken.",
    ),
    Check(
        "unknown_type",
        "arriving.unknown_type",
        "A kind of message or report that nobody knows is kept raw and shown, or rejected with a "
        "reason; it is never dropped.",
    ),
    Check(
        "nulls",
        "arriving.nulls",
        "Null at any place of a body, or at all of them, costs at most that item: it is rejected "
        "with a reason, or read without that value.",
    ),
    Check(
        "misshapen",
        "arriving.misshapen",
        "Arrays for objects, objects for arrays or texts, and texts for both cost at most that "
        "item.",
    ),
    Check(
        "json_in_json",
        "arriving.json_in_json",
        "A text that should hold JSON and does not costs at most that item.",
    ),
    Check(
        "times",
        "arriving.times",
        "Milliseconds where seconds are expected, and the reverse, are read as the moment that "
        "they are.",
    ),
    Check(
        "bsuid_for_phone",
        "arriving.bsuid_for_phone",
        "A business-scoped user id where a phone number is expected is a person of that id, or is "
        "rejected with a reason; it never becomes a phone number.",
    ),
    Check(
        "batch",
        "arriving.batch",
        "One bad item in a batch is set aside with a reason; those before and after it are taken.",
    ),
    Check(
        "number_unlisted",
        "arriving.number_unlisted",
        "A message to a number that is not in the channel is kept and shown with the reason, and "
        "not answered.",
    ),
    Check(
        "in_order",
        "sending.in_order",
        "A burst of messages of one person is kept whole, answered once each and in order, also "
        "where the partner's webhooks are lost and come again.",
    ),
    Check(
        "duplicate",
        "repeating.duplicate",
        "The same message eight times at once, in another body, and beside a new one, is one "
        "message with one answer.",
    ),
    Check(
        "duplicate_report",
        "repeating.duplicate_report",
        "The same report eight times at once is one report.",
    ),
    Check(
        "duplicate_restart",
        "repeating.duplicate_restart",
        "A message that comes again after the program was stopped and started is the same message.",
    ),
    # files
    Check("file", "files.file", "A file that is what it says is fetched and kept."),
    Check(
        "file_large",
        "files.file_large",
        "A file that is larger than the partner carries is not kept, and the message is answered.",
    ),
    Check(
        "file_other",
        "files.file_other",
        "A file that is not of the type that was said, or has another checksum, is not kept, and "
        "the message is answered.",
    ),
    Check(
        "file_private",
        "files.file_private",
        "A file at an address of this machine or network is never fetched, and the message is "
        "answered.",
    ),
    # who may call
    Check(
        "unknown_app",
        "door.unknown_app",
        "A webhook for an app that there is not hears what this partner is to hear, and nothing is "
        "kept of it.",
    ),
    Check(
        "own_check",
        "door.own_check",
        "Where the partner signs its webhooks or sends a secret along, one without it, with a "
        "wrong one, or with another body under the same signature is refused.",
        needs="guard",
    ),
    Check(
        "own_check_rotated",
        "door.own_check_rotated",
        "A new secret of that check is taken beside the old one until it is published, and the old "
        "one is refused from then on.",
        needs="guard",
    ),
    Check(
        "url_secret",
        "door.url_secret",
        "With a secret in the URL a webhook without it, or with another, is refused; a new one is "
        "taken beside the old one until it is published.",
    ),
    Check(
        "addresses",
        "door.addresses",
        "With a list of addresses a webhook from another address is refused.",
    ),
    Check(
        "token_missing",
        "tokens.missing",
        "With an app associated a webhook without a token hears that none was found, and nothing "
        "is kept of it.",
        needs="tokens",
    ),
    Check(
        "token_wrong",
        "tokens.wrong",
        "A token that is none, is cut, or is signed with another key is refused.",
        needs="tokens",
    ),
    Check(
        "token_good",
        "tokens.good",
        "The app's token is taken, with and without the word Bearer before it.",
        needs="tokens",
    ),
    Check(
        "token_alg_none",
        "tokens.alg_none",
        "A token with the algorithm `none`, in any spelling, is refused.",
        needs="tokens",
    ),
    Check(
        "token_confused",
        "tokens.confused",
        "A public key never becomes a secret: HS256 made with it is refused where RS256 is asked "
        "for.",
        needs="tokens",
    ),
    Check(
        "token_other_app",
        "tokens.other_app",
        "Another app's id or another app's own token is refused.",
        needs="tokens",
    ),
    Check(
        "token_times",
        "tokens.times",
        "A token whose time is over, or has not come, is refused.",
        needs="tokens",
    ),
    Check(
        "token_replayed",
        "tokens.replayed",
        "A token that names itself (jti) is good for one body: the same again is a duplicate, "
        "another body is refused.",
        needs="tokens",
    ),
    Check(
        "token_rotated",
        "tokens.rotated",
        "After a rotation the old secret is taken until the overlap ends, and not a moment longer.",
        needs="tokens",
    ),
    # last, because it reads what all the others left
    Check(
        "redaction",
        "secrecy.redaction",
        "None of the channel's secrets stands in clear in any table, any line of the log, or "
        "anything that a command shows.",
    ),
)

CHECKS: dict[str, Check] = {one.id: one for one in _ROWS}

words({f"conform_{one.id}": one.holds for one in _ROWS})
