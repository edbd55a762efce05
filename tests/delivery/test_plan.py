"""The contract's two tables, row by row, and what may be sent when: pure decisions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from authority_simulator import AuthoritySimulator
from hypothesis import example, given
from hypothesis import strategies as st
from outbox_helpers import finding, receipt

from apoa_client.delivery import plan
from apoa_client.delivery.plan import (
    FIRST_BYTES,
    KEEP_UP,
    MOST,
    OWN_ATTEMPT,
    SHORTEST_PAUSE,
    SMALL_BATCH,
    BatchSize,
    LastRun,
)
from apoa_client.errors import (
    ApoaError,
    AuthorityBusy,
    NotTheAuthority,
    Offline,
    OutboxDamaged,
    SecretMissing,
    SettingsProblem,
    TimedOut,
    TooLarge,
    UntrustedCertificate,
    WrongPassword,
)
from apoa_client.messages import msg
from apoa_client.ports.authority import Status, Verdict
from apoa_client.ports.entries import Entry
from apoa_client.ports.state import Summary, Suspension
from apoa_client.report.kinds import Kind, State

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
AGO = NOW - HOUR
"""When the last run ended, unless a test says otherwise: `KEEP_UP` is over then."""
LATER = NOW + SECOND
RECENT = LastRun(NOW - SECOND)


def entry(
    seq: int = 1,
    state: State = State.QUEUED,
    *,
    attempts: int = 0,
    next_attempt_at: datetime | None = None,
    not_before: datetime | None = None,
    lease_until: datetime | None = None,
) -> Entry:
    return Entry(
        seq, f"r{seq}", f"s{seq}", Kind.CHECK_IN, state, NOW, None, attempts, next_attempt_at, not_before, lease_until
    )


MAY_SEND = [
    (entry(), True, True),
    (entry(next_attempt_at=LATER), True, False),
    (entry(next_attempt_at=NOW), True, True),
    (entry(not_before=LATER), False, False),
    (entry(not_before=NOW), True, True),
    (entry(state=State.SENDING, lease_until=LATER), False, False),
    (entry(state=State.SENDING, lease_until=NOW), True, True),
    (entry(state=State.SENDING, lease_until=AGO, next_attempt_at=LATER), True, True),
    (entry(state=State.SENDING, lease_until=AGO, not_before=LATER), False, False),
    *((entry(state=state), False, False) for state in set(State) - {State.QUEUED, State.SENDING}),
    # Stored while the clock was wrong.
    (entry(next_attempt_at=NOW + plan.BACKOFF_LAST), True, False),
    (entry(next_attempt_at=NOW + plan.BACKOFF_LAST + SECOND), True, True),
    (entry(not_before=NOW + plan.LONGEST_WAIT), False, False),
    (entry(not_before=NOW + plan.LONGEST_WAIT + SECOND), True, True),
    (entry(state=State.SENDING, lease_until=NOW + plan.LEASE), False, False),
    (entry(state=State.SENDING, lease_until=NOW + plan.LEASE + SECOND), True, True),
]
"""An entry, whether a run by hand may send it, and whether a scheduled run may."""

# Results of a report, and errors of a whole call: `test_contract_rows` has each of the contract's rows.


def test_the_authoritys_warnings_are_added_to_ours() -> None:
    """Each once, however often it comes. Without new ones, the stored warnings stay."""
    ours, theirs = finding("late"), finding("expired")
    verdict = Verdict("r", Status.ACCEPTED, receipt(), warnings=(theirs,))
    assert plan.change_from_verdict(verdict, NOW, [ours]).warnings == (ours, theirs)
    assert plan.change_from_verdict(verdict, NOW, [ours, theirs]).warnings is None
    assert plan.change_from_verdict(Verdict("r", Status.PENDING), NOW, [ours]).warnings is None


def test_errors_are_sealed_again_unless_an_accepted_report_keeps_them() -> None:
    """A restore tells by sealed errors, also by none, that a report was answered; of an accepted one it is known."""
    error = finding()
    for status in Status:
        change = plan.change_from_verdict(Verdict("r", status), NOW, (), ())
        assert change.errors == (None if change.state is State.ACCEPTED else ())
    assert plan.change_from_verdict(Verdict("r", Status.ACCEPTED), NOW, (), (error,)).errors == ()
    assert plan.change_from_verdict(Verdict("r", Status.ACCEPTED), NOW).errors == ()


@pytest.mark.parametrize("kind", [Offline, UntrustedCertificate, TimedOut, SecretMissing])
def test_what_was_not_sent(kind: type[ApoaError]) -> None:
    """Without a connection no byte has left, and before a call neither."""
    unsent = kind in {Offline, UntrustedCertificate}
    assert plan.change_after_failure(kind(msg("x")), entry(attempts=1), NOW, 0.5).unsent is unsent
    assert plan.change_after_failure(kind(msg("x")), entry(), NOW, 0.5, sent=False).unsent


def test_waits_are_limited_to_a_day() -> None:
    """Because a report has a deadline."""
    day = NOW + timedelta(days=1)
    assert plan.hold_after(AuthorityBusy(msg("x"), retry_after=10**15), NOW) == day
    assert plan.change_from_verdict(Verdict("r", Status.DEFERRED, retry_after=10**15), NOW).not_before == day
    assert plan.change_from_verdict(Verdict("r", Status.DEFERRED), NOW).not_before == NOW + plan.BACKOFF_FIRST


# Backoff.


def test_backoffs_first_and_last() -> None:
    """The limit doubles until it is an hour."""
    bounds = [plan.backoff(attempts, 1.0) // SECOND for attempts in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1000)]
    assert bounds == [30, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert plan.backoff(3, 0.25) == 30 * SECOND  # full jitter


# What may be sent.


@pytest.mark.parametrize(("head", "by_hand", "scheduled"), MAY_SEND)
def test_what_may_be_sent(head: Entry, by_hand: bool, scheduled: bool) -> None:  # noqa: FBT001  parameters
    """A run by hand ignores our backoff, but never the authority's wait or another run's lease."""
    assert plan.may_send(head, NOW, keep_backoff=False) is by_hand
    assert plan.may_send(head, NOW, keep_backoff=True) is scheduled


def test_a_batch_is_the_first_that_may_be_sent() -> None:
    """In the given order, without the tried ones, limited to the size."""
    heads = [entry(1), entry(2, not_before=LATER), entry(3), entry(4), entry(5)]
    batch = plan.next_batch(heads, NOW, size=2, keep_backoff=False, tried=frozenset({"r3"}))
    assert [each.id for each in batch] == ["r1", "r4"]
    assert plan.next_batch([], NOW, size=2, keep_backoff=False) == []


def test_a_batch_reads_only_what_it_needs() -> None:
    """Because the queue may be long."""
    heads = iter([entry(1), entry(2), entry(3)])
    plan.next_batch(heads, NOW, size=2, keep_backoff=False)
    assert [each.id for each in heads] == ["r3"]


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=8), st.integers(0, 400))
@example([b"{}", b"{}"], len(b'{"reports":[{},{}]}'))
def test_a_batch_fits_into_a_call(bodies: list[bytes], most: int) -> None:
    """As many as the authority accepts, counted as sent; at least one, which it may refuse."""

    def size(count: int) -> int:
        return len(b'{"reports":[' + b",".join(bodies[:count]) + b"]}")

    count = plan.count_fitting(bodies, most)
    assert 1 <= count <= len(bodies)
    assert count == 1 or size(count) <= most
    assert count == len(bodies) or size(count + 1) > most


def test_suspect_reports_go_last_in_smaller_batches() -> None:
    """A report that was in failed calls comes after the others, and is alone after a few attempts."""

    def failed(seq: int, attempts: int, why: str = "call_refused") -> Entry:
        return entry(seq, attempts=attempts)._replace(last_error=why)

    def ids(heads: list[Entry], size: int = 8) -> list[str]:
        return [each.id for each in plan.next_batch(heads, NOW, size=size, keep_backoff=False)]

    assert ids([failed(1, 3), entry(2), entry(3)]) == ["r2", "r3"]
    assert ids([failed(1, 3), failed(2, 1), failed(3, 1)]) == ["r2", "r3"]
    assert ids([failed(seq, 1) for seq in range(9)]) == ["r0", "r1", "r2", "r3"]
    assert ids([failed(seq, 2, "unknown_outcome") for seq in range(9)]) == ["r0", "r1"]
    assert ids([failed(seq, 30) for seq in range(9)]) == ["r0"]
    assert ids([failed(seq, 30, "offline") for seq in range(9)]) == [f"r{seq}" for seq in range(8)]
    assert ids([failed(seq, 9) for seq in range(9)], size=500) == ["r0"]  # also after the largest batch
    assert (
        len(plan.next_batch([failed(seq, 1) for seq in range(40)], NOW, size=500, suspect_size=50, keep_backoff=False))
        == 25
    )


# When a sender that keeps running delivers again.


def summary(suspension: Suspension | None = None, hold_until: datetime | None = None) -> Summary:
    return Summary(dict.fromkeys(State, 0), 0, 0, None, None, suspension, hold_until)


def waiting(seconds: float = 0, **more: object) -> Entry:
    """A report that was created an hour ago, tried once, and may be sent after so many seconds."""
    return entry(attempts=1, next_attempt_at=NOW + seconds * SECOND, **more)._replace(created_at=AGO)  # type: ignore[arg-type]  # test


def next_run(*heads: Entry, last: LastRun = RECENT, state: Summary | None = None, now: datetime = NOW) -> timedelta:
    """Return after how long the next run comes."""
    return plan.next_run(heads, state or summary(), "settings", now, last) - now


FAILED = LastRun(NOW, 100 * SECOND)
SUSPENDED = Suspension("wrong_password", NOW, "settings")
NEXT_RUNS: dict[str, tuple[list[Entry], float, dict[str, Any]]] = {
    # It keeps up: pending reports are asked about, old data are erased.
    "nothing waits": ([], 599, {}),
    "nothing waits, and the last run is long ago": ([], 599 - 3599, {"last": LastRun(AGO)}),
    "no open report": ([entry(state=State.REJECTED)], 599, {}),
    "a report that may be sent": ([waiting(5), waiting()], 0, {}),
    # The command that saved it shows the receipt. A clock that was set back changes nothing.
    "a new report is left to its command": ([entry()], OWN_ATTEMPT / SECOND, {}),
    "and not for longer": ([entry()], 0, {"now": NOW + OWN_ATTEMPT}),
    "a new report of the future": ([entry()], 0, {"now": NOW - HOUR, "last": LastRun(NOW - HOUR)}),
    "a new report that was tried": ([entry(attempts=1)], 0, {}),
    # What ends first, but at the latest the time to keep up.
    "the backoff": ([waiting(30), waiting(20)], 20, {}),
    "a long backoff": ([waiting(3000)], 599, {}),
    "the authority's time": ([entry(attempts=1, not_before=NOW + 7 * SECOND)], 7, {}),
    "a lease": ([entry(state=State.SENDING, attempts=1, lease_until=NOW + 40 * SECOND)], 40, {}),
    "a lease and the authority's time": (
        [entry(state=State.SENDING, attempts=1, lease_until=NOW + SECOND, not_before=NOW + 9 * SECOND)],
        9,
        {},
    ),
    # After a failure it pauses, whatever waits.
    "a failure": ([waiting()], 100, {"last": FAILED}),
    "a failure some time ago": ([waiting()], 1, {"last": FAILED._replace(at=NOW - 99 * SECOND)}),
    "a failure of the future": ([waiting()], 0, {"last": FAILED._replace(at=NOW + HOUR)}),
    "the authority is back, so the others' backoff has no reason": (
        [waiting(3000)],
        SHORTEST_PAUSE / SECOND,
        {"last": LastRun(NOW, SHORTEST_PAUSE, keep_backoff=False)},
    ),
    "Retry-After of a whole call": ([waiting()], 120, {"state": summary(hold_until=NOW + 120 * SECOND)}),
    "Retry-After of a wrong clock": ([waiting()], 0, {"state": summary(hold_until=NOW + timedelta(days=2))}),
    "a refused password": ([waiting()], 599, {"state": summary(SUSPENDED)}),
    "a refused password of other settings": (
        [waiting()],
        0,
        {"state": summary(SUSPENDED._replace(settings="others"))},
    ),
}
"""The reports that wait, after how many seconds the next run comes, and what else is known."""


@pytest.mark.parametrize("name", NEXT_RUNS)
def test_when_the_next_run_comes(name: str) -> None:
    """As `NEXT_RUNS` says."""
    heads, seconds, more = NEXT_RUNS[name]
    assert next_run(*heads, **more) == seconds * SECOND


@pytest.mark.parametrize(("head", "_by_hand", "scheduled"), MAY_SEND)
def test_the_same_rule_as_the_delivery(head: Entry, _by_hand: bool, scheduled: bool) -> None:  # noqa: FBT001  parameters
    """The next run comes at once exactly if it would send the report."""
    assert (next_run(head._replace(attempts=1)) == timedelta()) is scheduled


@example(State.SENDING, None, 1, plan.LEASE // SECOND + 1)
@example(State.QUEUED, 100, plan.LONGEST_WAIT // SECOND + 50, None)
@given(
    st.sampled_from([State.QUEUED, State.SENDING]),
    *[st.one_of(st.none(), st.integers(-100_000, 100_000)) for _time in range(3)],
)
def test_a_report_may_be_sent_when_its_time_has_come(
    state: State, attempt: int | None, not_before: int | None, lease: int | None
) -> None:
    """Not a moment earlier, and neither later."""
    times = [None if each is None else NOW + each * SECOND for each in (attempt, not_before, lease)]
    head = entry(state=state, next_attempt_at=times[0], not_before=times[1], lease_until=times[2])
    ready = plan.ready_at(head, NOW, keep_backoff=True)
    assert ready is not None
    assert plan.may_send(head, ready, keep_backoff=True)
    assert ready == NOW or not plan.may_send(head, ready - SECOND, keep_backoff=True)


def test_a_long_queue_is_not_read_to_its_end() -> None:
    """The first report that may be sent decides."""
    heads = iter([waiting(5), waiting(), waiting()])
    plan.next_run(heads, summary(), "settings", NOW, RECENT)
    assert len(list(heads)) == 1


# Pauses.


def test_the_pause_grows() -> None:
    """With each failed run, between some seconds and the time to keep up."""
    error = Offline(msg("x"))
    pauses = [plan.pause_after(error, 1, failures, 0.99) for failures in (1, 2, 3, 4, 50)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 31 * SECOND
    assert pauses[-1] == KEEP_UP
    assert plan.pause_after(error, 1, 50, 0.0) == SHORTEST_PAUSE


@pytest.mark.parametrize(
    "error",
    [SecretMissing(msg("x")), WrongPassword(msg("x")), SettingsProblem(msg("x")), OutboxDamaged(msg("x")), None],
)
def test_what_needs_a_person(error: ApoaError | None) -> None:
    """It is tried again only to keep up, however often it failed; so is a bug."""
    assert {plan.pause_after(error, 0, failures, 0.5) for failures in (1, 9)} == {KEEP_UP}


def test_what_is_left_is_not_tried_at_once() -> None:
    """A report that a run left for any reason must not make the next run start without a pause."""
    assert plan.pause_after(None, 1, 0, 0.5) == SHORTEST_PAUSE
    assert plan.pause_after(None, 0, 0, 0.5) == timedelta()


# The size of batches: all that the authority takes, and less in a run in which that was too much.


TIMED_OUT = TimedOut(msg("x"))
TOO_LARGE = TooLarge(msg("x"))
META = AuthoritySimulator().meta()


def begun(*, in_hurry: bool = False, max_batch: int = 500) -> BatchSize:
    size = BatchSize(in_hurry=in_hurry)
    size.allow(META._replace(max_batch=max_batch))
    return size


@pytest.mark.parametrize(("accepts_gzip", "most"), [(True, 6 * FIRST_BYTES), (False, FIRST_BYTES)])
def test_the_first_batch_is_short_on_a_slow_line(accepts_gzip: bool, most: int) -> None:  # noqa: FBT001  a parameter
    """Its bytes take about four seconds at 128 kbit/s; the second one has what the authority allows."""
    size = BatchSize()
    size.allow(META._replace(accepts_gzip=accepts_gzip, max_body_bytes=10 * most))
    bodies = [bytes(4000)] * MOST
    first = size.count_fitting(bodies)
    assert 0.95 * most < first * 4000 < most
    size.worked(first, 1)
    assert size.count_fitting(bodies) == min(10 * most // 4001, MOST)
    assert size.current == min(4 * first, META.max_batch)


def test_a_batch_of_few_bytes_does_not_limit_the_next_one() -> None:
    """Only what was cut off by the bytes is a measure of the line."""
    size = begun()
    assert (size.count_fitting([b"x"] * 3), begun(max_batch=30).current) == (3, 30)
    size.worked(3, 1)
    assert size.current == 500


def test_a_batch_does_not_grow_so_far_that_its_call_would_take_too_long() -> None:
    """At the speed of the last call it would take 45 seconds; a slow call that works is not made smaller."""
    size = begun(in_hurry=True)
    size.worked(50, 30)
    assert size.current == 75
    size.worked(75, 60)
    assert size.current == 75


@pytest.mark.parametrize(
    ("error", "first", "then"),
    [(TOO_LARGE, 250, 250), (NotTheAuthority(msg("x")), 250, 250), (TIMED_OUT, SMALL_BATCH, 250)],
)
def test_half_of_what_failed_is_tried_and_not_more(error: ApoaError, first: int, then: int) -> None:
    """After a time-out without any answer the next call is small, because nothing is known about the line."""
    size = begun()
    assert size.failed(500, error)
    assert size.current == first
    for _call in range(3):
        size.worked(size.current, 1)
    assert size.current == then


def test_a_single_report_that_fails_does_not_limit_the_others() -> None:
    """The run goes on from one report."""
    size = begun()
    while size.failed(size.current, TOO_LARGE):
        pass
    size.isolated()
    size.worked(1, 1)
    assert size.current == 4


@pytest.mark.parametrize("error", [Offline(msg("x")), TOO_LARGE])
def test_other_errors_and_single_reports_change_nothing(error: ApoaError) -> None:
    """No smaller batch helps."""
    size = begun()
    assert not size.failed(1 if isinstance(error, TooLarge) else 50, error)
    assert size.current == 500


def test_suspects_go_in_small_batches_until_a_call_worked() -> None:
    """One of them may be the fault: a large batch would fail as a whole again."""
    size = begun()
    assert (size.current, size.for_suspects) == (500, SMALL_BATCH)
    size.worked(500, 1)
    assert size.for_suspects == 500
    assert size.failed(500, TIMED_OUT)
    assert size.current == 250  # the line is known by now
