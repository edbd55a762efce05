"""No ``repr``, no ``str`` and no exception shows what is personal: any of them may reach a log."""

from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_helpers import NOW, look, mrz, reports, scanned, spoilt

from apoa_client.messages import literal, msg
from apoa_client.passport.dates import PartialDate
from apoa_client.ports import Change, Content, NewReport, Status, Verdict
from apoa_client.report.draft import Draft
from apoa_client.report.fields import FIELDS
from apoa_client.report.findings import Finding, ReportRefused, Unreadable, finding_from_json
from apoa_client.report.kinds import Kind, State
from apoa_client.report.model import Document, Guest, Report, Stay, StayPermit
from apoa_client.report.wire import to_json

SECRET = st.text("ŻÓŁĆ", min_size=6, max_size=12)
"""Letters that stand in no name of a class, field or code."""

OPEN_ON_PURPOSE = {
    "id",
    "stay_id",
    "kind",
    "created_at",
    "check_in",
    "planned_check_out",
    "purpose",
    "type",
    "check_out",
}
"""Ids, times and kinds: what the outbox keeps readable too."""


def personal(value: Any) -> set[str]:
    """Every value inside, as text, but those that are open on purpose."""
    found: set[str] = set()
    for item in fields(value):
        inner = getattr(value, item.name)
        if is_dataclass(inner) and not isinstance(inner, PartialDate):
            found |= personal(inner)
        elif item.name not in OPEN_ON_PURPOSE and inner is not None:
            found |= set(inner) if isinstance(inner, tuple) else {str(inner)}
    return {text for text in found if len(text) >= 6}


@given(reports())
def test_a_report_shows_nothing_of_its_guest(report: Report) -> None:
    """Nor does what holds a report."""
    shown = repr(report) + str(report) + repr(Content(report, to_json(report), (), ())) + repr(NewReport(report, None))
    assert [text for text in personal(report) if text in shown] == []


@given(SECRET)
def test_each_part_alone_shows_nothing(secret: str) -> None:
    """Whatever field a text stands in."""
    document = Document("P", secret, secret, date(2030, 3, 30), (secret, secret))
    permit = StayPermit(secret, secret, date(2027, 3, 30), date(2026, 3, 30))
    guest = Guest(secret, secret, "F", PartialDate(1985, 9, 12), secret, secret, document, permit, secret, secret)
    stay = Stay(NOW, date(2026, 11, 27), secret, note=secret)
    report = Report("id", "stay", Kind.AMEND, NOW, guest, stay, reason=secret)
    assert repr(guest.birth_date) == "PartialDate(…)"
    for value in (document, permit, guest, stay, report):
        shown = f"{value!r}{value}"
        assert not [text for text in (secret, "1985", "2030", "2027", "-30") if text in shown]


@given(SECRET)
def test_findings_and_what_carries_them_show_nothing(secret: str) -> None:
    """A finding's message and suggestion hold the guest's data; an exception's text must not."""
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
def test_a_draft_and_its_examination_show_nothing(typed: dict[str, str]) -> None:
    """Neither what was typed nor what was found about it."""
    draft = Draft(typed, mrz())
    shown = repr(draft) + repr(look(draft))
    assert not [text for text in (*typed.values(), "SMITH", "925076473", "JANE") if text in shown]


@pytest.mark.parametrize("accepted", [False, True])
def test_an_mrz_that_is_spoilt_shows_nothing(accepted: bool) -> None:  # noqa: FBT001  a parameter of the test
    """Its problems and corrections hold the document's number."""
    seen = look(scanned(spoilt(1, 0, "8"), accept_check_digit=accepted))
    assert "25076473" not in repr(seen) + repr(spoilt(1, 0, "8").problems)


def test_a_refused_draft_counts_its_errors() -> None:
    """One sentence on top, and every finding below it."""
    finding = Finding("guest.surname", "missing", msg("Give it."))
    one, two = ReportRefused([finding]), ReportRefused([finding, finding], [finding])
    assert "1 thing must" in one.message.render()
    assert "2 things must" in two.message.render()
    assert (two.errors, two.warnings, int(two.exit_code)) == ((finding, finding), (finding,), 65)
