"""When a sender that keeps running delivers again: pure decisions."""

from datetime import datetime, timedelta

import pytest
from delivery_entries import MAY_SEND, NOW, SECOND, entry
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.delivery import follow, plan
from apoa_client.delivery.follow import KEEP_UP, OWN_ATTEMPT, SHORTEST_PAUSE, LastRun
from apoa_client.delivery.options import Outcome
from apoa_client.errors import ApoaError, Offline, OutboxDamaged, SecretMissing, SettingsProblem, WrongPassword
from apoa_client.messages import msg
from apoa_client.ports.entries import Entry
from apoa_client.ports.state import Summary, Suspension
from apoa_client.report.kinds import Kind, State

HOUR = timedelta(hours=1)
AGO = NOW - HOUR
"""When the last run ended, unless a test says otherwise: `KEEP_UP` is over then."""
RECENT = LastRun(NOW - SECOND)


def summary(suspension: Suspension | None = None, hold_until: datetime | None = None) -> Summary:
    return Summary(dict.fromkeys(State, 0), 0, 0, None, None, suspension, hold_until)


def waiting(seconds: float = 0, **more: object) -> Entry:
    """A report that was created an hour ago, tried once, and may be sent after so many seconds."""
    return entry(attempts=1, next_attempt_at=NOW + seconds * SECOND, **more)._replace(created_at=AGO)  # type: ignore[arg-type]  # test


def next_run(
    *heads: Entry, last: LastRun = RECENT, changed: bool = False, state: Summary | None = None, now: datetime = NOW
) -> timedelta:
    """Return after how long the next run comes."""
    return follow.next_run(heads, state or summary(), "settings", now, last, changed=changed) - now


def test_nothing_waits() -> None:
    """The next run keeps up: pending reports are asked about, old data are erased."""
    assert next_run() == KEEP_UP - SECOND
    assert next_run(last=LastRun(AGO)) <= timedelta()


def test_a_report_that_may_be_sent() -> None:
    """It is sent at once."""
    assert next_run(waiting(5), waiting()) == timedelta()


def test_a_new_report_is_left_to_its_command() -> None:
    """For a moment: the command that saved it shows the receipt. A clock that was set back changes nothing."""
    assert next_run(entry()) == OWN_ATTEMPT
    assert next_run(entry(), now=NOW + OWN_ATTEMPT) == timedelta()
    assert next_run(entry(), now=NOW - HOUR, last=LastRun(NOW - HOUR)) == timedelta()
    assert next_run(entry(attempts=1)) == timedelta()


@pytest.mark.parametrize(
    ("heads", "seconds"),
    [
        ([waiting(30), waiting(20)], 20),
        ([entry(attempts=1, not_before=NOW + 7 * SECOND)], 7),
        ([entry(state=State.SENDING, attempts=1, lease_until=NOW + 40 * SECOND)], 40),
        ([entry(state=State.SENDING, attempts=1, lease_until=NOW + SECOND, not_before=NOW + 9 * SECOND)], 9),
        ([entry(state=State.REJECTED)], 599),
        ([waiting(3000)], 599),
    ],
)
def test_what_ends_first(heads: list[Entry], seconds: int) -> None:
    """The backoff, the authority's time or the lease of the first of them; but at the latest the time to keep up."""
    assert next_run(*heads) == seconds * SECOND


@pytest.mark.parametrize(("head", "_by_hand", "scheduled"), MAY_SEND)
def test_the_same_rule_as_the_delivery(head: Entry, _by_hand: bool, scheduled: bool) -> None:  # noqa: FBT001  parameters
    """The next run comes at once exactly if it would send the report."""
    assert (next_run(head._replace(attempts=1)) == timedelta()) is scheduled


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


def test_after_a_failure_it_pauses() -> None:
    """Whatever waits; something new shortens the pause to some seconds, and not more."""
    last = LastRun(NOW, 100 * SECOND)
    assert next_run(waiting(), last=last) == 100 * SECOND
    assert next_run(waiting(), last=last, changed=True) == SHORTEST_PAUSE
    assert next_run(waiting(50), last=last, changed=True) == 50 * SECOND
    assert next_run(waiting(), last=LastRun(NOW - 99 * SECOND, 100 * SECOND)) == SECOND
    assert next_run(waiting(), last=LastRun(NOW + HOUR, 100 * SECOND)) == timedelta()  # the clock was set back


def test_the_authority_is_back() -> None:
    """Then the backoff of the other reports is not kept: its reason is gone."""
    assert next_run(waiting(3000), last=LastRun(NOW, SHORTEST_PAUSE, keep_backoff=False)) == SHORTEST_PAUSE


def test_the_authority_asks_for_time() -> None:
    """Retry-After of a whole call is heeded, also if something changes; one of a wrong clock is ignored."""
    state = summary(hold_until=NOW + 120 * SECOND)
    assert next_run(waiting(), state=state) == 120 * SECOND
    assert next_run(waiting(), state=state, changed=True) == 120 * SECOND
    assert next_run(waiting(), state=summary(hold_until=NOW + timedelta(days=2))) == timedelta()


def test_a_refused_password() -> None:
    """Nothing is tried until the settings or the suspension change."""
    suspended = Suspension("wrong_password", NOW, "settings")
    assert next_run(waiting(), state=summary(suspended), changed=True) == KEEP_UP - SECOND
    assert next_run(waiting(), state=summary(suspended._replace(settings="others"))) == timedelta()


def test_a_long_queue_is_not_read_to_its_end() -> None:
    """The first report that may be sent decides."""
    heads = iter([waiting(5), waiting(), waiting()])
    follow.next_run(heads, summary(), "settings", NOW, RECENT, changed=False)
    assert len(list(heads)) == 1


# Pauses.


@pytest.mark.parametrize("error", [Offline(msg("x")), None])
def test_the_pause_grows(error: Offline | None) -> None:
    """With each failed run, between some seconds and the time to keep up; not after a run without an error."""
    pauses = [follow.pause_after(Outcome(error=error), failures, 0.99) for failures in (1, 2, 3, 4, 50)]
    if error is None:
        assert set(pauses) == {timedelta()}
        return
    assert pauses == sorted(pauses)
    assert pauses[0] < 31 * SECOND
    assert pauses[-1] == KEEP_UP
    assert follow.pause_after(error, 50, 0.0) == SHORTEST_PAUSE


@pytest.mark.parametrize(
    "error",
    [SecretMissing(msg("x")), WrongPassword(msg("x")), SettingsProblem(msg("x")), OutboxDamaged(msg("x")), None],
)
def test_what_needs_a_person(error: ApoaError | None) -> None:
    """It is tried again only to keep up, however often it failed; so is a bug."""
    assert {follow.pause_after(error, failures, 0.5) for failures in (1, 9)} == {KEEP_UP}


def test_what_is_left_is_not_tried_at_once() -> None:
    """A report that a run left for any reason must not make the next run start without a pause."""
    assert follow.pause_after(Outcome(left=1), 0, 0.5) == SHORTEST_PAUSE
    assert follow.pause_after(Outcome(accepted=1), 0, 0.5) == timedelta()


def test_the_first_report_of_a_stay_of_any_kind() -> None:
    """A check-out is sent like an arrival."""
    assert next_run(entry(attempts=1)._replace(kind=Kind.CHECK_OUT)) == timedelta()
