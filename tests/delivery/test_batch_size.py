"""The size of batches: all that the authority takes, and less in a run in which that was too much."""

import pytest
from authority_simulator import AuthoritySimulator
from delivery_helpers import Hotel

from apoa_client.delivery.plan import FIRST_BYTES, MOST, SMALL_BATCH, BatchSize
from apoa_client.errors import ApoaError, NotTheAuthority, Offline, TimedOut, TooLarge
from apoa_client.messages import msg

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


@pytest.mark.slow
def test_a_lost_answer_to_a_large_batch_goes_again_under_the_same_ids(hotel: Hotel) -> None:
    """After a time-out; nothing arrives twice."""
    hotel.authority.script("slow=60")
    hotel.add(*range(500))
    assert hotel.sync().counts["accepted"] == 500
    assert hotel.sizes() == [500, 50, 200, 250]
    assert hotel.authority.batches[0][:50] == hotel.authority.batches[1]
    assert len(hotel.authority.acquired) == 500


def test_the_desk_begins_small(hotel: Hotel) -> None:
    """A run whose time is limited must have its answer soon; any other one takes all in one call."""
    hotel.add(*range(200))
    hotel.sync(wait_s=4)
    hotel.add(*range(200, 400))
    hotel.sync()
    assert hotel.sizes() == [50, 150, 200]
