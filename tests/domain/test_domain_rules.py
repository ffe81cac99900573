"""The rules that need no machine: ladder, window, retry."""

from __future__ import annotations

import itertools
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.retry import HOLDERS, Decision, Limits, Then, decide, pause
from dragoman.domain.sentences import Sentence
from dragoman.domain.status import Status, climb
from dragoman.domain.window import CLOSED, HOUR_MS, Opener, Window, later, opened

NOON = 1_760_000_000_000
LIMITS = Limits()

statuses = st.sampled_from(Status)
times = st.integers(min_value=0, max_value=4_000_000_000_000)
windows = st.builds(Window, times, st.sampled_from(Opener), times)
errors = st.builds(
    SendError,
    st.sampled_from(Code),
    st.just(Sentence("x")),
    retryable=st.booleans(),
    ambiguous=st.booleans(),
    concerns=st.sampled_from(Concerns),
    retry_after=st.none() | st.floats(0, 100_000, allow_nan=False),
).filter(lambda e: not (e.retryable and e.ambiguous))


# --- the ladder ----------------------------------------------------------------------------------


@given(st.lists(statuses, max_size=8), st.randoms(use_true_random=False))
def test_any_order_of_reports_ends_the_same(reports: list[Status], pick: object) -> None:
    shuffled = list(reports)
    pick.shuffle(shuffled)  # type: ignore[attr-defined]
    end = reduce(climb, reports, Status.QUEUED)
    assert reduce(climb, shuffled, Status.QUEUED) is end
    assert end == max([Status.QUEUED, *reports])


@given(statuses, statuses)
def test_a_status_never_falls(current: Status, reported: Status) -> None:
    assert climb(current, reported) >= current


def test_the_ladder_is_the_one_of_the_design() -> None:
    assert [s.word for s in sorted(Status)] == [
        "queued", "sending", "accepted", "sent", "failed", "delivered", "read", "played",
    ]  # fmt: skip
    assert climb(Status.FAILED, Status.DELIVERED) is Status.DELIVERED  # it arrived after all
    assert climb(Status.DELIVERED, Status.FAILED) is Status.DELIVERED


# --- the window ----------------------------------------------------------------------------------


def test_a_message_opens_the_window_for_24_hours() -> None:
    window = opened(Opener.MESSAGE, NOON, NOON)
    assert window == Window(NOON + 24 * HOUR_MS, Opener.MESSAGE, 0)
    assert window.open_at(NOON + 24 * HOUR_MS - 1)
    assert not window.open_at(NOON + 24 * HOUR_MS)
    assert not CLOSED.open_at(0)


def test_a_call_opens_it_as_a_message_does() -> None:
    assert opened(Opener.CALL, NOON, NOON) == Window(NOON + 24 * HOUR_MS, Opener.CALL, 0)


def test_a_free_entry_point_is_free_for_72_hours_and_open_for_24() -> None:
    window = opened(Opener.FREE_ENTRY, NOON, NOON)
    assert window == Window(NOON + 24 * HOUR_MS, Opener.FREE_ENTRY, NOON + 72 * HOUR_MS)
    assert not window.open_at(NOON + 25 * HOUR_MS)


@given(times, times, st.sampled_from(Opener))
def test_the_earlier_clock_counts(partner_at: int, our_at: int, by: Opener) -> None:
    window = opened(by, partner_at, our_at)
    assert window == opened(by, our_at, partner_at)
    assert window.until == min(partner_at, our_at) + 24 * HOUR_MS


@given(windows, windows, windows)
def test_the_later_end_counts_in_any_order(a: Window, b: Window, c: Window) -> None:
    ends = {
        (w.until, w.free_until)
        for p in itertools.permutations((a, b, c))
        for w in (reduce(later, p),)
    }
    assert ends == {(max(a.until, b.until, c.until), max(a.free_until, b.free_until, c.free_until))}


# --- what to do after a send that brought no id --------------------------------------------------


@given(errors, st.integers(1, 60), st.integers(0, 10**7), st.floats(0, 1))
def test_decide_is_pure(error: SendError, attempt: int, spent: int, jitter: float) -> None:
    assert decide(error, attempt, spent, jitter, LIMITS) == decide(
        error, attempt, spent, jitter, LIMITS
    )


@given(errors, st.integers(1, 60), st.integers(0, 10**7), st.floats(0, 1))
def test_decide_follows_the_rules(
    error: SendError, attempt: int, spent: int, jitter: float
) -> None:
    decision = decide(error, attempt, spent, jitter, LIMITS)
    if error.ambiguous:
        assert decision == Decision(Then.DOUBT)
    elif error.concerns in HOLDERS:
        assert decision.then is Then.HOLD
    elif not error.retryable:
        assert decision == Decision(Then.FAIL)
    else:
        assert decision.then in (Then.RETRY, Then.FAIL)
    if decision.then is Then.RETRY:
        assert spent + decision.after_ms <= LIMITS.lane_ms
    if decision.then in (Then.RETRY, Then.HOLD):
        assert decision.after_ms >= int((error.retry_after or 0) * 1000)


@given(st.integers(1, 200), st.integers(1, 10_000), st.integers(1, 10**6), st.floats(0, 1))
def test_a_pause_grows_is_capped_and_keeps_at_least_half(
    attempt: int, base: int, cap: int, jitter: float
) -> None:
    whole = min(cap, base * 2 ** (attempt - 1))
    assert whole // 2 <= pause(attempt, base, cap, jitter) <= whole
    assert pause(attempt, base, cap, 0) <= pause(attempt + 1, base, cap, 0)


@pytest.mark.parametrize("concerns", sorted(HOLDERS))
@pytest.mark.parametrize("retryable", [True, False])
def test_what_concerns_number_account_or_token_holds(concerns: Concerns, retryable: bool) -> None:
    error = SendError(Code.TOKEN, Sentence("x"), retryable=retryable, concerns=concerns)
    assert decide(error, 1, 0, 0.0, LIMITS) == Decision(Then.HOLD, 5_000)
    assert decide(error, 1, 10**9, 0.0, LIMITS) == Decision(Then.HOLD, 5_000)  # its clock stops
    assert decide(error, 50, 0, 0.0, LIMITS) == Decision(Then.HOLD, 300_000)


def test_retry_after_counts_even_over_the_cap() -> None:
    error = SendError(
        Code.RATE, Sentence("x"), retryable=True, concerns=Concerns.NUMBER, retry_after=1234.5
    )
    assert decide(error, 1, 0, 1.0, LIMITS) == Decision(Then.HOLD, 1_234_500)
    passing = SendError(Code.UNAVAILABLE, Sentence("x"), retryable=True, retry_after=7)
    assert decide(passing, 1, 0, 1.0, LIMITS) == Decision(Then.RETRY, 7_000)
    too_long = SendError(Code.UNAVAILABLE, Sentence("x"), retryable=True, retry_after=301)
    assert decide(too_long, 1, 0, 1.0, LIMITS) == Decision(Then.FAIL)


def test_a_pair_waits_four_to_the_n_seconds() -> None:
    error = SendError(Code.PAIR_RATE, Sentence("x"), retryable=True, concerns=Concerns.PAIR)
    limits = Limits(lane_ms=10**9)
    waits = [decide(error, n, 0, 0.5, limits).after_ms for n in range(1, 8)]
    assert waits == [1_000, 4_000, 16_000, 64_000, 256_000, 1_024_000, 1_024_000]


def test_our_own_retries_hold_a_lane_for_five_minutes_in_all() -> None:
    error = SendError(Code.UNAVAILABLE, Sentence("x"), retryable=True, concerns=Concerns.PARTNER)
    attempt, spent = 1, 0
    while (decision := decide(error, attempt, spent, 0.0, LIMITS)).then is Then.RETRY:
        spent += decision.after_ms
        attempt += 1
    assert decision == Decision(Then.FAIL)
    assert 240_000 <= spent <= 300_000
    assert attempt < 20
