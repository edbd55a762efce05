"""Events of the audit trail in words."""

import pytest
from conftest import NOW

from apoa_client.cli.views.audit_events import action_text, detail_text
from apoa_client.outbox.audit_chain import AuditEntry


@pytest.mark.parametrize(
    ("detail", "shown"), [("xlsx 120 98", "XLSX: rows 120, reports 98"), ("xlsx", "xlsx"), (None, "")]
)
def test_an_import(detail: str | None, shown: str) -> None:
    """The kind of file, its rows, and how many reports were saved."""
    entry = AuditEntry(1, NOW, "ayu", "imported", None, detail, "00")
    assert (action_text(entry), detail_text(entry)) == ("table imported", shown)
