"""The reports that the page shows, in memory."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from apoa_client.sandbox.decisions import Result
from apoa_client.sandbox.received import MAX_REPORTS, ReceivedReports
from apoa_client.sandbox.validation import Violation

Report = Callable[..., dict[str, Any]]
NOW = datetime(2026, 11, 24, 13, 15, tzinfo=UTC)


def test_the_newest_only(check_in: Report) -> None:
    """The page of a long-running authority is limited in size, and so is its process."""
    received = ReceivedReports()
    for _ in range(MAX_REPORTS + 5):
        report = check_in()
        received.add(report, Result(report["id"], "accepted"), NOW)
    assert sum(len(stay.reports) for stay in received.stays()) == MAX_REPORTS


def test_reports_show_no_guest_in_their_repr(check_in: Report) -> None:
    """A report or a stay that is logged by mistake shows no name and no room."""
    received = ReceivedReports()
    report = check_in({"guest.surname": "\ud800SMITHSON"})
    received.add(report, Result(report["id"], "rejected"), NOW)
    (stay,) = received.stays()
    assert stay.guest.encode()
    assert "SMITHSON" not in repr(stay)
    assert "Melati 7" not in repr(stay)


def test_another_report_with_the_same_id(check_in: Report) -> None:
    """It is shown with its refusal, and the first one keeps its receipt."""
    received = ReceivedReports()
    report = check_in()
    conflict = Result(report["id"], "rejected", errors=(Violation("id", "id_conflict", ""),))
    received.add(report, Result(report["id"], "accepted"), NOW)
    received.add(report, conflict, NOW)
    (stay,) = received.stays()
    assert [each.result.status for each in stay.reports] == ["accepted", "rejected"]


def test_what_counts_as_a_change(check_in: Report) -> None:
    """A new report, a verdict and a photo; the same verdict again, or news of an unknown report, do not."""
    received = ReceivedReports()
    report = check_in()
    received.add(report, Result(report["id"], "pending"), NOW)
    assert received.changes == 1
    for _ in range(2):
        received.update(Result(report["id"], "accepted"))
    assert received.changes == 2
    for report_id in (report["id"], "unknown"):
        received.add_photo(report_id)
    assert received.changes == 3
