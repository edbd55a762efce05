"""The size of batches: all that the authority takes, and less where that was too much, also in the runs after it."""

from datetime import timedelta

import pytest
from authority_simulator import AuthoritySimulator
from basics import NOW
from delivery_helpers import Hotel
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.delivery.batch_size import FIRST_BYTES, LIMIT_HOLDS, MOST, BatchSize
from apoa_client.delivery.plan import SMALL_BATCH
from apoa_client.errors import ApoaError, NotTheAuthority, Offline, TimedOut, TooLarge
from apoa_client.messages import msg
from apoa_client.ports.state import LearnedBatchSize

HERE, ELSEWHERE = "here", "elsewhere"
TIMEOUT_S = 90.0
TIMED_OUT = TimedOut(msg("x"))
TOO_LARGE = TooLarge(msg("x"))
META = AuthoritySimulator().meta()


def begun(learned: LearnedBatchSize | None = None, *, in_hurry: bool = False, max_batch: int = 500) -> BatchSize:
    size = BatchSize(HERE, in_hurry=in_hurry)
    size.recall(learned, NOW)
    size.allow(META._replace(max_batch=max_batch))
    return size


def test_a_run_begins_with_all_that_the_authority_allows() -> None:
    """And nothing needs to be remembered of it."""
    size = begun()
    assert size.current == 500
    size.worked(500, 1, NOW)
    assert (size.current, size.to_record()) == (500, None)
    assert begun(max_batch=30).current == 30


@pytest.mark.parametrize(("accepts_gzip", "most"), [(True, 6 * FIRST_BYTES), (False, FIRST_BYTES)])
def test_the_first_batch_is_short_on_a_slow_line(accepts_gzip: bool, most: int) -> None:  # noqa: FBT001  a parameter
    """Its bytes take about four seconds at 128 kbit/s; the second one has what the authority allows."""
    size = BatchSize(HERE)
    size.allow(META._replace(accepts_gzip=accepts_gzip, max_body_bytes=10 * most))
    bodies = [bytes(4000)] * MOST
    first = size.count_fitting(bodies)
    assert 0.95 * most < first * 4000 < most
    size.worked(first, 1, NOW)
    assert size.count_fitting(bodies) == min(10 * most // 4001, MOST)
    assert size.current == min(4 * first, META.max_batch)


def test_a_batch_of_few_bytes_does_not_limit_the_next_one() -> None:
    """Only what was cut off by the bytes is a measure of the line."""
    size = begun()
    assert size.count_fitting([b"x"] * 3) == 3
    size.worked(3, 1, NOW)
    assert size.current == 500


def test_a_batch_does_not_grow_so_far_that_its_call_would_take_too_long() -> None:
    """At the speed of the last call it would take 45 seconds; a slow call that works is not made smaller."""
    size = begun(LearnedBatchSize(50, HERE))
    size.worked(50, 30, NOW)
    assert size.current == 75
    size.worked(75, 60, NOW)
    assert size.current == 75


def test_a_size_that_failed_is_not_tried_again_for_a_day() -> None:
    """If smaller batches work then. Afterwards it grows again. What is to be recorded is given out once."""
    size = begun(max_batch=400)
    assert size.failed(400, TOO_LARGE)
    assert size.current == 200
    assert size.to_record() == LearnedBatchSize(200, HERE)
    size.worked(200, 1, NOW)
    learned = size.to_record()
    assert learned == LearnedBatchSize(200, HERE, NOW + LIMIT_HOLDS)
    assert size.to_record() is None
    size = begun(learned)
    size.worked(200, 1, NOW)
    assert (size.current, size.to_record()) == (200, None)
    size = BatchSize(HERE)
    size.recall(learned, NOW + LIMIT_HOLDS)
    size.allow(META)
    size.worked(200, 1, NOW + LIMIT_HOLDS)
    assert (size.current, size.to_record()) == (500, LearnedBatchSize(500, HERE))


def test_what_was_learned_about_another_authority_does_not_count() -> None:
    """A fingerprint of the settings tells."""
    learned = LearnedBatchSize(20, HERE)
    assert begun(learned).current == 20
    assert begun(learned._replace(settings=ELSEWHERE)).current == 500


def test_a_limit_from_a_clock_that_was_ahead_does_not_count() -> None:
    """It could hold for years."""
    size = begun(LearnedBatchSize(10, HERE, NOW + 400 * LIMIT_HOLDS))
    size.worked(10, 1, NOW)
    assert size.current == 40


def test_after_a_time_out_without_any_answer_the_next_call_is_small() -> None:
    """Nothing is known about the line. From there it grows, to the half of what failed."""
    size = begun()
    assert size.failed(500, TIMED_OUT)
    assert size.current == SMALL_BATCH
    size.worked(50, 2, NOW)
    assert size.current == 200
    size.worked(200, 8, NOW)
    assert size.current == 250


def test_if_nothing_got_through_the_next_run_begins_smaller_and_has_no_limit() -> None:
    """The line or the authority failed, and not because of the size."""
    size = begun()
    assert size.failed(500, TIMED_OUT)
    assert size.failed(50, TIMED_OUT)
    learned = size.to_record()
    assert learned == LearnedBatchSize(25, HERE)
    size = begun(learned)
    size.worked(25, 1, NOW)
    assert size.current == 100


def test_a_single_report_that_fails_does_not_limit_later_runs() -> None:
    """They begin with what worked before; this run goes on from one report."""
    for learned in (LearnedBatchSize(4, HERE), None):
        size = begun(learned)
        while size.failed(size.current, TOO_LARGE):
            assert size.to_record() is not None
        size.isolated()
        assert size.to_record() == (learned or LearnedBatchSize(MOST, HERE))
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
    assert (size.current, size.to_record()) == (500, None)


def test_a_run_in_a_hurry_begins_small_and_teaches_nothing() -> None:
    """A guest waits for the first answer; the time-outs are shorter than a large batch takes."""
    assert begun(LearnedBatchSize(7, HERE), in_hurry=True).current == 7
    size = begun(LearnedBatchSize(500, HERE), in_hurry=True)
    assert size.current == SMALL_BATCH
    size.worked(50, 1, NOW)
    assert size.current == 200
    assert size.failed(200, TIMED_OUT)
    assert size.to_record() is None


def test_suspects_go_in_small_batches_until_a_call_worked() -> None:
    """One of them may be the fault: a large batch would fail as a whole again."""
    size = begun()
    assert (size.current, size.for_suspects) == (500, SMALL_BATCH)
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
        size.allow(META)
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


def test_every_run_takes_all_in_one_call(hotel: Hotel) -> None:
    """Also the first one of a home."""
    hotel.add(*range(300))
    hotel.sync()
    hotel.add(*range(300, 600))
    hotel.sync()
    assert hotel.sizes() == [300, 300]


@pytest.mark.slow
def test_a_lost_answer_to_a_large_batch_goes_again_under_the_same_ids(hotel: Hotel) -> None:
    """After a time-out; nothing arrives twice, and the next run begins with what worked."""
    hotel.authority.script("slow=60")
    hotel.add(*range(500))
    assert hotel.sync().counts["accepted"] == 500
    assert hotel.sizes() == [500, 50, 200, 250]
    assert hotel.authority.batches[0][:50] == hotel.authority.batches[1]
    assert len(hotel.authority.acquired) == 500
    hotel.add(*range(500, 1000))
    hotel.sync()
    assert hotel.sizes()[4:] == [250, 250]


def test_the_desk_begins_small(hotel: Hotel) -> None:
    """A run whose time is limited must have its answer soon."""
    hotel.add(*range(200))
    hotel.sync(wait_s=4)
    assert hotel.sizes() == [50, 150]
