"""Which open reports staff must act on, and in which order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from damage_helpers import clear_index
from outbox_helpers import HOUR, NOON, open_outbox, report, uuid

from apoa_client.desk.attention import (
    Level,
    due_reports,
    find_problems,
    has_stopped,
    is_silent,
    most_urgent,
    refused_reports,
    worst_level,
)
from apoa_client.errors import Exit, StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.entries import Selection
from apoa_client.ports.state import ScheduledRun, Summary, Suspension
from apoa_client.report.kinds import State

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
END = NOON + 16 * HOUR


def add(outbox: SqliteOutbox, *reports: tuple[datetime | None, State]) -> None:
    """Add reports 1, 2 and so on, each with its deadline and in its state."""
    for number, (due_at, state) in enumerate(reports, start=1):
        outbox.add(report(number), due_at=due_at)
        if state is State.SENDING:
            outbox.claim([uuid(number)], now=NOON, lease_until=NOON + HOUR)
        else:
            outbox._db.execute("UPDATE reports SET state = ? WHERE id = ?", [state.value, uuid(number)])


def numbers(outbox: SqliteOutbox, selection: Selection) -> list[int]:
    return [entry.seq for entry in outbox.entries(selection)]


def test_reports_that_need_attention(outbox: SqliteOutbox) -> None:
    """Refused reports, and those due until a time, each by deadline; later and closed reports are left out."""
    queued = State.QUEUED
    reports = [
        (END + SECOND, queued),
        (END, queued),
        (END - 20 * DAY, State.PENDING),
        (NOON - HOUR, State.SENDING),
        (None, queued),
        (None, State.REJECTED),
        (END + DAY, State.REJECTED),
        (END - DAY, State.REJECTED),
        (END - DAY, State.ACCEPTED),
        (NOON, queued),
    ]
    add(outbox, *reports)
    assert numbers(outbox, refused_reports()) == [8, 7, 6]
    assert numbers(outbox, due_reports(END)) == [3, 4, 10, 2]
    assert numbers(outbox, refused_reports(2)) == [8, 7]
    assert numbers(outbox, due_reports(END, 1)) == [3]
    assert [outbox.count(each) for each in (refused_reports(2), due_reports(END, 1))] == [3, 4]


def test_most_urgent(outbox: SqliteOutbox) -> None:
    """Overdue, then a refused report without deadline, then by deadline; equal ones by age; at most the limit."""
    none = (None, State.QUEUED)
    refused, equal = (None, State.REJECTED), (NOON + HOUR, State.QUEUED)
    add(outbox, none, refused, equal, (NOON + DAY, State.QUEUED), equal, (NOON - HOUR, State.PENDING))
    found = most_urgent(outbox, NOON, 10)
    assert ([entry.seq for entry in found.first], found.total, found.damage) == ([6, 2, 3, 5, 4], 5, None)
    found = most_urgent(outbox, NOON, 2)
    assert ([entry.seq for entry in found.first], found.total) == ([6, 2], 5)


def test_many_refused_reports_hide_none_that_is_more_urgent(outbox: SqliteOutbox) -> None:
    """A refused report without a deadline counts as due now, also after others with later deadlines."""
    add(outbox, *[(NOON + DAY, State.REJECTED)] * 3, (None, State.REJECTED))
    assert [entry.seq for entry in most_urgent(outbox, NOON, 1).first] == [4]


def test_few_reports_are_read(outbox: SqliteOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait, as many as are asked for are read."""
    add(outbox, *[(NOON + number * SECOND, State.QUEUED) for number in range(20)])
    read = []
    original = outbox._reader.select

    def select(condition: str, values: dict[str, object]) -> list[object]:
        entries = original(condition, values)
        read.extend(entries)
        return list(entries)

    monkeypatch.setattr(outbox._reader, "select", select)
    assert len(most_urgent(outbox, NOON, 3).first) == len(read) == 3


@pytest.mark.parametrize("indexes", [[], ["reports_due"], ["reports_due", "reports_open"]])
def test_damage(tmp_path: Path, indexes: Sequence[str]) -> None:
    """What can be read is returned and counted, in its order, with the error, also if an index is damaged."""
    path = tmp_path / "damaged.db"
    with open_outbox(path) as outbox:
        add(outbox, *[(NOON - number * HOUR, State.QUEUED) for number in range(4)], (None, State.REJECTED))
        outbox._db.execute("UPDATE reports SET attempts = 'many' WHERE id = ?", [uuid(3)])
    for name in indexes:
        clear_index(path, name)
    with open_outbox(path) as outbox:
        found = most_urgent(outbox, NOON, 10)
    assert ([entry.seq for entry in found.first], found.total) == ([4, 2, 1, 5], 4)
    assert found.damage is not None


NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


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
    [suspended] = find_problems(summary(), Suspension("account_suspended", NOW, "settings"), None, [], None, NOW)
    assert suspended.exit_code is Exit.AUTHORITY_REFUSES
    assert worst_level(problems[3:4]) is Level.WARNING  # staff correct a refused report, and nothing is late yet


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
