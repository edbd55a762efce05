"""Events of the audit trail in words."""

import pytest
from basics import NOW

from apoa_client.cli.views.stay_history import action_text, detail_text
from apoa_client.outbox.sql.audit import AuditEntry, photo_event
from apoa_client.report.kinds import PhotoState


@pytest.mark.parametrize(
    ("detail", "shown"), [("xlsx 120 98", "XLSX: rows 120, reports 98"), ("xlsx", "xlsx"), (None, "")]
)
def test_an_import(detail: str | None, shown: str) -> None:
    """The kind of file, its rows, and how many reports were saved."""
    entry = AuditEntry(1, NOW, "ayu", "imported", None, detail, "00")
    assert (action_text(entry), detail_text(entry)) == ("table imported", shown)


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (PhotoState.KEPT, "passport photo saved"),
        (PhotoState.SENT, "passport photo sent"),
        (PhotoState.REFUSED, "passport photo not accepted"),
    ],
)
def test_a_photo(state: PhotoState, shown: str) -> None:
    """Each state has words; a detail is shown as its code."""
    event = photo_event("a report", state, "too_large")
    entry = AuditEntry(1, NOW, "ayu", *event, link="00")
    assert (action_text(entry), detail_text(entry)) == (shown, "too_large")
