"""Findings that were stored in an earlier wording."""

import pytest

from apoa_client.locale import catalogue as catalogue_of
from apoa_client.messages import Message
from apoa_client.report.findings import REWORDED, Finding, finding_from_json


@pytest.mark.parametrize("before", REWORDED)
def test_a_stored_warning_is_read_in_todays_wording(before: str) -> None:
    """It is translated, as today's wording is, and keeps its values."""
    stored = Finding("guest.birth_date", "late", Message(before, {"line": 2}), "1985-09-12")
    today = Finding("guest.birth_date", "late", Message(REWORDED[before], {"line": 2}), "1985-09-12")
    assert finding_from_json(stored.as_json()) == today
    assert catalogue_of("id").gettext(REWORDED[before]) != REWORDED[before]


def test_a_warning_within_another_is_reworded() -> None:
    """By hand nothing is sent, and warnings of before said so."""
    old, new = (
        f"Compare it with the visa or stamp in the passport; the report is {word} anyway." for word in ("sent", "saved")
    )
    template = "The authority's list does not have {code}. {compare}"
    stored, today = (Message(template, {"code": "XXA", "compare": Message(each, {})}) for each in (old, new))
    found = finding_from_json(Finding("guest.stay_permit.code", "unknown_code", stored).as_json())
    assert found == Finding("guest.stay_permit.code", "unknown_code", today)
    assert catalogue_of("id").gettext(new) != new


def test_other_wordings_stay() -> None:
    """A warning that was never reworded, or the authority's own text, is read as it was stored."""
    finding = Finding("stay.room", "missing", Message("{text}", {"text": "Nomor kamar?"}))
    assert finding_from_json(finding.as_json()) == finding
