"""The size of batches: grown, shrunk and remembered, so that a fast line is used and a slow one does not time out."""

from datetime import timedelta

import pytest
from conftest import NOW
from delivery_helpers import Hotel
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.delivery.batch_size import FIRST_BATCH, LIMIT_HOLDS, BatchSize
from apoa_client.errors import ApoaError, NotTheAuthority, Offline, TimedOut, TooLarge
from apoa_client.messages import msg
from apoa_client.ports.state import LearnedBatchSize

HERE, ELSEWHERE = "here", "elsewhere"
TIMEOUT_S = 90.0
TIMED_OUT = TimedOut(msg("x"))
TOO_LARGE = TooLarge(msg("x"))


def begun(learned: LearnedBatchSize | None = None, *, in_hurry: bool = False, max_batch: int = 500) -> BatchSize:
    size = BatchSize(HERE, in_hurry=in_hurry)
    size.recall(learned, NOW)
    size.allow(max_batch)
    return size


def test_batches_grow_up_to_what_the_authority_allows() -> None:
    """By a factor of 4 after each full batch; a batch that was not full proves nothing about larger ones."""
    size, sizes = begun(), []
    for _ in range(3):
        sizes.append(size.current)
        size.worked(size.current, 1, NOW)
    assert sizes == [50, 200, 500]
    size = begun()
    size.worked(49, 1, NOW)
    assert (size.current, size.to_record()) == (50, None)


def test_a_run_begins_with_what_the_last_one_learned() -> None:
    """Unless the settings name another authority, or the authority allows less; it is given out for recording once."""
    size = begun()
    size.worked(50, 1, NOW)
    learned = size.to_record()
    assert learned == LearnedBatchSize(200, HERE)
    assert size.to_record() is None
    assert begun(learned).current == 200
    assert begun(learned).to_record() is None
    assert begun(learned, max_batch=30).current == 30
    assert begun(learned._replace(settings=ELSEWHERE)).current == FIRST_BATCH


def test_a_batch_does_not_grow_so_far_that_its_call_would_take_too_long() -> None:
    """At the speed of the last call it would take 45 seconds; a slow call that works is not made smaller."""
    size = begun()
    size.worked(50, 30, NOW)
    assert size.current == 75
    size.worked(75, 60, NOW)
    assert size.current == 75


def test_a_size_that_failed_is_not_tried_again_for_a_day() -> None:
    """If smaller batches work then. Afterwards it grows again."""
    size = begun(LearnedBatchSize(400, HERE))
    assert size.failed(400, TOO_LARGE)
    assert size.current == 200
    assert size.to_record() == LearnedBatchSize(200, HERE, 200)
    size.worked(200, 1, NOW)
    learned = size.to_record()
    assert learned == LearnedBatchSize(200, HERE, 200, NOW + LIMIT_HOLDS)
    size = begun(learned)
    size.worked(200, 1, NOW)
    assert (size.current, size.to_record()) == (200, None)
    size = BatchSize(HERE)
    size.recall(learned, NOW + LIMIT_HOLDS)
    size.allow(500)
    size.worked(200, 1, NOW + LIMIT_HOLDS)
    assert (size.current, size.to_record()) == (500, LearnedBatchSize(500, HERE))


def test_a_limit_from_a_clock_that_was_ahead_does_not_count() -> None:
    """It could hold for years."""
    assert begun(LearnedBatchSize(10, HERE, 10, NOW + 400 * LIMIT_HOLDS))._limit is None


def test_a_remembered_size_that_times_out_at_once_proves_nothing() -> None:
    """The line became slow: the next call is as small as one of which nothing is known, but may grow to the half."""
    size = begun(LearnedBatchSize(500, HERE))
    assert size.failed(500, TIMED_OUT)
    assert size.current == FIRST_BATCH
    size.worked(50, 2, NOW)
    assert size.current == 200
    size.worked(200, 8, NOW)
    assert size.current == 250


def test_if_nothing_got_through_the_next_run_begins_smaller_and_has_no_limit() -> None:
    """The line or the authority failed, and not because of the size."""
    size = begun()
    assert size.failed(50, TIMED_OUT)
    assert size.failed(25, TIMED_OUT)
    learned = size.to_record()
    assert learned == LearnedBatchSize(12, HERE, 12)
    size = begun(learned)
    size.worked(12, 1, NOW)
    assert size.current == 48


def test_a_single_report_that_fails_does_not_limit_later_runs() -> None:
    """They begin with what worked before; this run goes on from one report."""
    for learned in (LearnedBatchSize(4, HERE), None):
        size = begun(learned)
        while size.failed(size.current, TOO_LARGE):
            assert size.to_record() is not None
        size.isolated()
        assert size.to_record() == (learned or LearnedBatchSize(FIRST_BATCH, HERE))
        size.worked(1, 1, NOW)
        assert (size.current, size.to_record()) == (4, None)


def test_an_unreadable_answer_is_not_remembered() -> None:
    """Smaller batches find the report that causes it; the size is not the cause."""
    size = begun(LearnedBatchSize(200, HERE))
    assert size.failed(200, NotTheAuthority(msg("x")))
    size.worked(100, 1, NOW)
    assert (size.current, size.to_record()) == (100, None)


@pytest.mark.parametrize("error", [Offline(msg("x")), TOO_LARGE])
def test_other_errors_and_single_reports_change_nothing(error: ApoaError) -> None:
    """No smaller batch helps."""
    size = begun()
    assert not size.failed(1 if isinstance(error, TooLarge) else 50, error)
    assert (size.current, size.to_record()) == (50, None)


def test_a_run_in_a_hurry_begins_small_and_teaches_nothing() -> None:
    """A guest waits for the first answer; the time-outs are shorter than a large batch takes."""
    assert begun(LearnedBatchSize(7, HERE), in_hurry=True).current == 7
    size = begun(LearnedBatchSize(500, HERE), in_hurry=True)
    assert size.current == FIRST_BATCH
    size.worked(50, 1, NOW)
    assert size.current == 200
    assert size.failed(200, TIMED_OUT)
    assert size.to_record() is None


def test_suspects_go_in_small_batches_until_a_call_worked() -> None:
    """One of them may be the fault: a large batch would fail as a whole again."""
    size = begun(LearnedBatchSize(500, HERE))
    assert (size.current, size.for_suspects) == (500, FIRST_BATCH)
    size.worked(500, 1, NOW)
    assert size.for_suspects == 500


@given(st.lists(st.tuples(st.floats(0.001, 3), st.integers(1, 600)), min_size=8, max_size=12))
def test_a_line_that_timed_out_does_not_time_out_in_the_next_run(line: list[tuple[float, int]]) -> None:
    """Unless it became even slower meanwhile. Each run has its own speed, in seconds for a report."""
    learned, timed_out_at, timeouts = None, 0.0, 0
    for number, (seconds, waiting) in enumerate(line):
        now = NOW + number * timedelta(hours=1)
        size, left, before = BatchSize(HERE), waiting, timeouts
        size.recall(learned, now)
        size.allow(500)
        for _ in range(600):
            sent = min(size.current, left)
            took = 1 + sent * seconds
            if took > TIMEOUT_S:
                timeouts += 1
                assert size.failed(sent, TIMED_OUT)
            else:
                left -= sent
                size.worked(sent, took, now)
            learned = size.to_record() or learned
            if not left:
                break
        assert not left
        if seconds <= timed_out_at:
            assert timeouts == before
        timed_out_at = seconds if timeouts > before else 0.0


def test_the_size_is_remembered_between_runs(hotel: Hotel) -> None:
    """The second run sends in one call what took the first one three."""
    hotel.add(*range(500))
    hotel.sync()
    assert hotel.sizes() == [50, 200, 250]
    hotel.add(*range(500, 1000))
    hotel.sync()
    assert hotel.sizes()[3:] == [500]
    hotel.add(*range(1000, 1060))
    hotel.sync(settings="another authority")
    assert hotel.sizes()[4:] == [50, 10]


def test_a_lost_answer_to_a_large_batch_goes_again_under_the_same_ids(hotel: Hotel) -> None:
    """After a time-out of a remembered size; nothing arrives twice, and the next run begins smaller."""
    hotel.add(*range(500))
    hotel.sync()
    hotel.authority.script("slow=60")
    hotel.add(*range(500, 1000))
    assert hotel.sync().accepted == 500
    assert hotel.sizes()[3:] == [500, 50, 200, 250]
    assert hotel.authority.batches[3][:50] == hotel.authority.batches[4]
    assert len(hotel.authority.acquired) == 1000
    hotel.add(*range(1000, 1500))
    hotel.sync()
    assert hotel.sizes()[7:] == [250, 250]


def test_the_desk_begins_small_whatever_is_remembered(hotel: Hotel) -> None:
    """A run whose time is limited must have its answer soon."""
    hotel.add(*range(500))
    hotel.sync()
    hotel.add(*range(500, 700))
    hotel.sync(wait_s=4)
    assert hotel.sizes()[3:] == [50, 150]
