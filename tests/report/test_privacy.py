"""Findings and reports: no repr, no text and no exception shows personal data; and warnings in an earlier wording."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_helpers import NOW, look, mrz

from apoa_client.locale import catalogue as catalogue_of
from apoa_client.messages import Message, literal, msg
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.authority import Status, Verdict
from apoa_client.ports.entries import Change, Content, NewReport
from apoa_client.report.fields import FIELDS
from apoa_client.report.findings import REWORDED, Finding, ReportRefused, Unreadable, finding_from_json
from apoa_client.report.kinds import Kind, State
from apoa_client.report.model import Document, Guest, Report, Stay, StayPermit, to_json
from apoa_client.report.parse_fields import Draft

SECRET = st.text("ŻÓŁĆ", min_size=6, max_size=12)
"""Letters that are in no name of a class, field or code."""


@given(SECRET)
def test_no_part_of_a_report_is_shown(secret: str) -> None:
    """For a text in any field, nor of the values that contain a report."""
    document = Document("P", secret, secret, date(2030, 3, 30), (secret, secret))
    permit = StayPermit(secret, secret, date(2027, 3, 30), date(2026, 3, 30))
    guest = Guest(secret, secret, "F", PartialDate(1985, 9, 12), secret, secret, document, permit, secret, secret)
    stay = Stay(NOW, date(2026, 11, 27), secret, note=secret)
    report = Report("id", "stay", Kind.AMEND, NOW, guest, stay, reason=secret)
    assert repr(guest.birth_date) == "PartialDate(…)"
    around = Content(report, to_json(report), (), ()), NewReport(report, None)
    for value in (document, permit, guest, stay, report, *around):
        shown = f"{value!r}{value}"
        assert not [text for text in (secret, "1985", "2030", "2027", "-30") if text in shown]


@given(SECRET)
def test_findings_and_their_errors_are_not_shown(secret: str) -> None:
    """Message and suggestion have the guest's data; an exception's text has none."""
    finding = Finding("guest.surname", "conflict", msg("{typed} is odd.", typed=secret), secret)
    verdict = Verdict("id", Status.REJECTED, errors=(finding,), warnings=(finding,))
    change = Change("id", State.REJECTED, errors=(finding,), warnings=(finding,))
    addition = NewReport(Report("id", "stay", Kind.CANCEL, NOW, reason=secret), None, [finding])
    refused = ReportRefused([finding], [finding])
    unreadable = Unreadable("bad_character", literal(secret), secret)
    for value in (finding, verdict, change, addition, refused, unreadable, refused.message, literal(secret)):
        assert secret not in f"{value!r}{value}"
    assert finding_from_json(finding.as_json()) == finding


@given(st.dictionaries(st.sampled_from([item.name for item in FIELDS]), SECRET))
def test_a_draft_and_its_examination_are_not_shown(typed: dict[str, str]) -> None:
    """Neither the typed texts nor the findings."""
    draft = Draft(typed, mrz())
    shown = repr(draft) + repr(look(draft))
    assert not [text for text in (*typed.values(), "SMITH", "925076473", "JANE") if text in shown]


# Earlier wordings.


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
