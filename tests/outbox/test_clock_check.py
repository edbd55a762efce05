"""The outbox knows when the clock was last found right, and whether it may have jumped since."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from basics import FixedClock
from outbox_helpers import HOUR, NOON
from outbox_stores import AnyOutbox, Store

from apoa_client.errors import OutboxDamaged
from apoa_client.ports.audit import Actor
from apoa_client.report.kinds import CLOCK_TOLERANCE

DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def box(store: Store, clock: FixedClock) -> Iterator[AnyOutbox]:
    """An outbox with a clock, and with an event from before the check."""
    clock.time = NOON - 100 * DAY
    with store.open(actor=Actor(lambda: "made", clock.now)) as opened:
        opened.record_event("logged_in")
        clock.time = NOON
        yield opened


def test_a_clock_that_was_never_checked(box: AnyOutbox) -> None:
    """Nothing is known about it."""
    assert box.clock_checked_at(NOON) is None


@pytest.mark.parametrize(
    ("steps", "steady"),
    [
        ([], True),
        ([DAY], True),
        ([DAY + MOMENT], False),
        ([DAY, DAY, 3 * HOUR], True),
        ([DAY, DAY + MOMENT, HOUR], False),
        ([100 * DAY, -100 * DAY], False),
        ([-CLOCK_TOLERANCE], True),
        ([-CLOCK_TOLERANCE - MOMENT], False),
        ([HOUR, -CLOCK_TOLERANCE - MOMENT, HOUR], False),
    ],
)
def test_steps_of_the_clock_since_the_check(
    box: AnyOutbox, clock: FixedClock, steps: list[timedelta], *, steady: bool
) -> None:
    """From the check over each audit event to now, no step is longer than a day, and none goes back."""
    box.record_clock_check(NOON)
    for step in steps[:-1]:
        clock.time += step
        box.record_event("logged_in")
    now = clock.now() + sum(steps[-1:], timedelta())
    assert box.clock_checked_at(now) == (NOON if steady else None)


def test_the_authoritys_time_is_a_check(box: AnyOutbox, clock: FixedClock) -> None:
    """Also if it differs, because then the error is known; an answer without a time is no check."""
    box.record_contact(NOON, NOON + 3 * DAY)
    assert box.clock_checked_at(NOON + HOUR) == NOON
    box.record_contact(NOON + HOUR)
    assert box.clock_checked_at(NOON + 2 * HOUR) == NOON
    clock.forward(100 * DAY)
    box.record_event("logged_in")
    assert box.clock_checked_at(clock.now()) is None
    box.record_contact(clock.now(), NOON)
    assert box.clock_checked_at(clock.now()) == clock.now()


def test_a_users_check_replaces_what_the_authority_said(box: AnyOutbox) -> None:
    """The clock was set since: the difference of an earlier time does not matter any more."""
    box.record_contact(NOON, NOON - 3 * DAY)
    box.record_clock_check(NOON)
    assert box.summary(now=NOON, soon=NOON).clock_skew is None


@pytest.mark.parametrize("value", ["noon", "1 2 3", "\xff"])
def test_a_manipulated_value_is_damage(box: AnyOutbox, store: Store, value: str) -> None:
    """It is not read as a check."""
    store.change("INSERT INTO memo (key, value) VALUES ('clock_checked', ?)", value)
    with pytest.raises(OutboxDamaged):
        box.clock_checked_at(NOON)
