"""The kit finds what is wrong: with one mistake in the program, the check that is for it fails."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dragoman.conform.run import run
from dragoman.domain.events import InboundMessage, Rejected, StatusUpdate
from dragoman.domain.status import Status
from dragoman.domain.wire import NoReply, Reply
from dragoman.engine import access, intake, keys, media, speaking
from dragoman.engine.apps import Copy
from dragoman.partners import karix, netcore
from dragoman.partners._cloud import limits
from dragoman.partners.contract import Hook, Sent

Patch = pytest.MonkeyPatch


def unknown_is_dropped(patch: Patch) -> None:
    parse = karix.parse

    def known(hook: Hook, settings: Any) -> list[Any]:
        events = parse(hook, settings)
        return [e for e in events if getattr(getattr(e, "content", None), "kind", "") != "unknown"
                and isinstance(e, InboundMessage | StatusUpdate)]  # fmt: skip

    patch.setattr(karix, "parse", known)


def nulls_break(patch: Patch) -> None:
    parse = karix.parse

    def strict(hook: Hook, settings: Any) -> list[Any]:
        assert b": null" not in hook.body
        return parse(hook, settings)

    patch.setattr(karix, "parse", strict)


def a_batch_is_all_or_nothing(patch: Patch) -> None:
    parse = karix.parse

    def whole(hook: Hook, settings: Any) -> list[Any]:
        events = parse(hook, settings)
        bad = [event for event in events if isinstance(event, Rejected)]
        return bad or events

    patch.setattr(karix, "parse", whole)


def lost_answers_are_repeated(patch: Patch) -> None:
    read = karix.read

    def careless(call: Any, reply: Reply | NoReply) -> Any:
        result = read(call, reply)
        if isinstance(result, Sent) or not result.ambiguous:
            return result
        return type(result)(result.code, result.sentence, retryable=True)

    patch.setattr(karix, "read", careless)


def read_is_taken_for_sent(patch: Patch) -> None:
    parse = karix.parse

    def lower(hook: Hook, settings: Any) -> list[Any]:
        return [
            msgspec.structs.replace(event, status=Status.SENT)
            if isinstance(event, StatusUpdate) and event.status is Status.READ
            else event
            for event in parse(hook, settings)
        ]

    patch.setattr(karix, "parse", lower)


def nothing_is_known_again(patch: Patch) -> None:
    patch.setattr(intake, "digest", lambda key: secrets.token_bytes(16))


def any_file_is_kept(patch: Patch) -> None:
    patch.setattr(media, "mismatch", lambda kind, mime, head: None)


def any_url_will_do(patch: Patch) -> None:
    patch.setattr(access, "_url_secret", lambda copy, hook: None)


def bytes_are_counted(patch: Patch) -> None:
    within = limits.within

    def in_bytes(field: str, text: str, limit: int | None = None) -> str:
        return within(field, "x" * len(text.encode()), limit) and text

    for module in (limits, karix.render, netcore.render):  # each has the name for itself
        patch.setattr(module, "within", in_bytes, raising=False)


def text_is_cut_anywhere(patch: Patch) -> None:
    def cut(text: str, limit: int) -> list[str]:
        return [text[at : at + limit] for at in range(0, len(text), limit)]

    patch.setattr(speaking, "split_text", cut)


def none_is_an_algorithm(patch: Patch) -> None:
    judge = keys.judge

    def gullible(token: str, credential: keys.Credential, now: int) -> Any:
        head = keys._part(token, 0, dict) if token.count(".") == 2 else None
        if isinstance(head, dict) and str(head.get("alg")).lower() == "none":
            return {"appId": credential.client_id}
        return judge(token, credential, now)

    patch.setattr(keys, "judge", gullible)


def replays_are_welcome(patch: Patch) -> None:
    patch.setattr(access, "digest", lambda text: secrets.token_bytes(16))


def the_header_is_not_looked_at(patch: Patch) -> None:
    patch.setattr(netcore, "authenticate", lambda hook, settings, now: None)


def every_header_is_kept(patch: Patch) -> None:
    patch.setattr(intake, "KEPT_HEADERS", intake.KEPT_HEADERS | {"authorization"})


def every_number_is_ours(patch: Patch) -> None:
    class Every(frozenset[str]):
        def __contains__(self, key: object) -> bool:
            return True

    patch.setattr(Copy, "numbers", lambda self: Every())


# mistake → where, which checks run, which of them must fail
MISTAKES: dict[Callable[[Patch], None], tuple[str, tuple[str, ...], str]] = {
    unknown_is_dropped: ("karix", ("unknown_type",), "unknown_type"),
    nulls_break: ("karix", ("nulls",), "nulls"),
    a_batch_is_all_or_nothing: ("karix", ("batch",), "batch"),
    lost_answers_are_repeated: ("karix", ("timeout",), "timeout"),
    bytes_are_counted: ("karix", ("lengths",), "lengths"),
    text_is_cut_anywhere: ("karix", ("long_text",), "long_text"),
    none_is_an_algorithm: ("karix", ("token_alg_none",), "token_alg_none"),
    replays_are_welcome: ("karix", ("token_replayed",), "token_replayed"),
    the_header_is_not_looked_at: ("netcore", ("own_check",), "own_check"),
    every_header_is_kept: ("karix", ("token_good", "redaction"), "redaction"),
    read_is_taken_for_sent: ("karix", ("ladder",), "ladder"),
    nothing_is_known_again: ("karix", ("duplicate",), "duplicate"),
    any_file_is_kept: ("karix", ("file_other",), "file_other"),
    any_url_will_do: ("karix", ("url_secret",), "url_secret"),
    every_number_is_ours: ("karix", ("number_unlisted",), "number_unlisted"),
}


@pytest.mark.full
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: str(mistake.__name__))
async def test_a_mistake_is_found(
    mistake: Callable[[Patch], None], tmp_path: Path, monkeypatch: Patch
) -> None:
    place, only, check = MISTAKES[mistake]
    mistake(monkeypatch)
    results = await run([place], tmp_path / "home", only=only)
    states = {result.check: result.state for result in results}
    assert states[check] == "failed", results


@pytest.mark.full
async def test_without_a_mistake_none_is_found(tmp_path: Path) -> None:
    only = sorted({check for _, _, check in MISTAKES.values()})
    results = await run(["karix"], tmp_path / "home", only=only)
    assert [result for result in results if result.state == "failed"] == []
