"""What a monitoring system alarms about: pure decisions."""

from datetime import UTC, datetime, timedelta

import pytest

from apoa_client.desk.alarm import Level, find_problems, has_stopped, is_silent, worst_level
from apoa_client.errors import Exit, StorageProblem
from apoa_client.messages import msg
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.state import ScheduledRun, Summary, Suspension
from apoa_client.report.kinds import State

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def summary(*, overdue: int = 0, refused: int = 0, soon: int = 0) -> Summary:
    return Summary(dict.fromkeys(State, 0) | {State.REJECTED: refused}, overdue, soon, None, None, None)


def test_nothing_to_alarm_about() -> None:
    """A report that is due soon is none: it may be sent any moment."""
    run = ScheduledRun(NOW - MINUTE, 75)
    assert find_problems(summary(soon=3), None, run, [], None, NOW) == []
    assert worst_level([]) is Level.OK


def test_the_first_decides_the_exit_code() -> None:
    """What keeps guests from being saved comes first, then what is late, then why."""
    problems = find_problems(
        summary(overdue=2, refused=1),
        Suspension("wrong_password", NOW, "settings"),
        ScheduledRun(NOW - 2 * DAY, 0),
        [Doubt(DoubtKind.NUMBERS)],
        StorageProblem(msg("x")),
        NOW,
    )
    names = ["unwritable", "changed", "overdue", "refused", "sending_stopped", "no_run"]
    assert [each.name for each in problems] == names
    assert [each.exit_code for each in problems] == [78, 78, 75, 75, 77, 75]
    assert [each.reports for each in problems] == [0, 0, 2, 1, 0, 0]
    assert worst_level(problems) is Level.CRITICAL


def test_a_refused_report_is_a_warning() -> None:
    """Staff correct it; nothing is late yet."""
    assert worst_level(find_problems(summary(refused=1), None, None, [], None, NOW)) is Level.WARNING


@pytest.mark.parametrize(
    ("reason", "code"), [("wrong_password", Exit.CREDENTIALS), ("account_suspended", Exit.AUTHORITY_REFUSES)]
)
def test_sending_has_stopped(reason: str, code: Exit) -> None:
    """With the exit code of the refusal."""
    [problem] = find_problems(summary(), Suspension(reason, NOW, "settings"), None, [], None, NOW)
    assert (problem.name, problem.exit_code) == ("sending_stopped", code)


@pytest.mark.parametrize(
    ("interval", "allowed"),
    [
        (None, DAY),
        (5 * MINUTE, HOUR),
        (20 * MINUTE, HOUR),
        (30 * MINUTE, HOUR + 30 * MINUTE),
        (8 * HOUR, DAY),
        (18 * HOUR, 27 * HOUR),
        (DAY, 36 * HOUR),
    ],
)
def test_automatic_sending_that_stopped(interval: timedelta | None, allowed: timedelta) -> None:
    """It missed three runs, but at least an hour; without knowing how often it runs, after a day."""
    last = ScheduledRun(NOW, 0, interval)
    assert not is_silent(last, NOW + allowed)
    assert is_silent(last, NOW + allowed + MINUTE)
    assert not is_silent(last, NOW - DAY)  # the clock was set back


def test_a_desk_learns_it_after_a_day() -> None:
    """A desk's computer may be off at night; monitoring alarms earlier, and a daily run may be half a day late."""
    often, daily = ScheduledRun(NOW, 0, 15 * MINUTE), ScheduledRun(NOW, 0, DAY)
    assert is_silent(often, NOW + 10 * HOUR)
    assert not has_stopped(often, NOW + 10 * HOUR)
    assert has_stopped(often, NOW + DAY + MINUTE)
    assert not has_stopped(daily, NOW + DAY + HOUR)
    assert has_stopped(daily, NOW + 2 * DAY)
