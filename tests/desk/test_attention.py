"""Which open reports staff must act on, and in which order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from apoa_client.desk.attention import attention_list, most_urgent
from apoa_client.ports import Entry
from apoa_client.report.kinds import Kind, State

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
END = NOW + 16 * HOUR


def entry(seq: int, due_at: datetime | None, state: State = State.QUEUED, kind: Kind = Kind.CHECK_IN) -> Entry:
    return Entry(seq, f"report-{seq}", f"stay-{seq}", kind, state, NOW, due_at)


def numbers(entries: Sequence[Entry]) -> list[int]:
    return [each.seq for each in entries]


def test_attention_list() -> None:
    """Refused, overdue and due reports are separate, each by deadline; later and closed reports are left out."""
    reports = [
        entry(1, END + SECOND),
        entry(2, END),
        entry(3, END - 20 * DAY, State.PENDING),
        entry(4, NOW - HOUR, State.SENDING),
        entry(5, None, kind=Kind.CHECK_OUT),
        entry(6, None, State.REJECTED, Kind.CHECK_OUT),
        entry(7, END + DAY, State.REJECTED),
        entry(8, END - DAY, State.REJECTED),
        entry(9, END - DAY, State.ACCEPTED),
        entry(10, NOW),
    ]
    found = attention_list(reports, NOW, END)
    assert [numbers(entries) for entries in found] == [[8, 7, 6], [3, 4], [10, 2]]


def test_most_urgent() -> None:
    """Overdue, then a refused report without deadline, then by deadline; equal ones by age; at most the limit."""
    late, soon, later = entry(1, NOW - HOUR), entry(2, NOW + HOUR), entry(3, NOW + DAY)
    equal, refused = entry(4, NOW + HOUR), entry(5, None, State.REJECTED)
    without_deadline = entry(6, None)
    given = [without_deadline, refused, equal, later, soon, late]
    assert most_urgent(given, NOW, 10) == ([late, refused, soon, equal, later], 5)
    assert most_urgent(given, NOW, 2) == ([late, refused], 5)
    assert most_urgent([], NOW, 10) == ([], 0)
