"""What importing a table shows before and after it, and the table of every property."""

from typing import Any

import pytest
from outbox_helpers import HOUR, NOON

from apoa_client.app.property_status import PropertyStatus
from apoa_client.app.table_import import ImportResult, RowFinding
from apoa_client.cli.commands.status_of_all import PropertyState, show_properties
from apoa_client.cli.terminal import output
from apoa_client.cli.terminal.language import set_language
from apoa_client.cli.views.imports import (
    print_problems,
    print_warnings,
    problem_text,
    show_columns,
    show_counts,
    show_facts,
)
from apoa_client.messages import msg
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.state import Summary, Suspension
from apoa_client.report.kinds import State
from apoa_client.settings.config import PropertySettings
from apoa_client.tables.columns import ColumnMap
from apoa_client.tables.rows import SheetFacts, SourceFacts, Table

WRONG = msg("This is not a date of the calendar. Write it as 1985-09-12 or 12/09/1985.")
RESULT = ImportResult(60, 10, 0, 0, 0, 50)


def problem(row: int, number: int = 0, **more: str) -> RowFinding:
    message = msg("{text}", text=f"Problem {number}") if number else WRONG
    return RowFinding(row, f"E{row}", "guest.birth_date", "bad_date", message, **more)


def test_the_same_problem_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Fifty rows with one problem are one line before the question, with the first cells."""
    print_problems(RESULT._replace(problems=tuple(map(problem, range(2, 52)))))
    shown = capsys.readouterr().err
    assert shown.count("Date of birth") == 1
    assert "E2, E3, E4 +47" in shown


def test_many_problems_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """The question stays on the screen: after ten different problems the others are counted."""
    print_problems(RESULT._replace(problems=tuple(problem(row, row) for row in range(2, 52))))
    assert "... and 40 other problems." in capsys.readouterr().err


def test_plain_problems_are_whole_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """For a screen reader each problem is one line, and so is each count."""
    monkeypatch.setattr(output._Mode, "plain", True)
    print_problems(RESULT._replace(problems=(problem(2),)))
    assert capsys.readouterr().err.splitlines()[0].startswith("Cells: E2, Problem: Date of birth: ")
    lines: list[str] = []
    show_counts(RESULT, lines.append, saved=False)
    assert lines == ["60 rows were read and checked:", "new guests: 10", "refused: to be corrected: 50"]


def test_a_late_guest_without_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Before saving, the option that gives all check-ins a time is named; afterwards it would change nothing."""
    for saved in (False, True):
        late = RESULT._replace(warning_counts={"late": 2})
        show_counts(late, output.print_line, saved=saved)
        assert ("--default check_in_time=14:00" in capsys.readouterr().out) is not saved


def test_what_has_no_cell_is_called_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    """A number alone would not say what it counts; a cell, and a place in JSON, say it themselves."""
    for cell, shown in (("", "row 5"), ("B5", "B5"), ("$[4]", "$[4]")):
        finding = RowFinding(5, cell, "", "missing", msg("No visa."))
        print_warnings(RESULT._replace(warnings=(finding,), warning_counts={"missing": 1}))
        assert capsys.readouterr().err == f"! {shown}: No visa.\n"


def test_a_suggestion_is_shown_once() -> None:
    """It is not repeated if the message has it."""
    message = msg("Did you mean {states}?", states="Germany (D)")
    assert problem_text(RowFinding(2, "F2", "", "unknown_state", message, "D")) == "Did you mean Germany (D)?"
    assert problem_text(problem(2, suggestion="1985")).count("1985") == 2  # both are in the sentence
    assert problem_text(problem(2, 1, suggestion="1985")) == "Date of birth: Problem 1 Perhaps: 1985"


def test_warnings_are_grouped(capsys: pytest.CaptureFixture[str]) -> None:
    """The same warning is shown once with the number of its rows; different ones are shown each."""
    same = tuple(RowFinding(row, "", "", "missing", msg("No visa.")) for row in range(2, 12))
    changed = tuple(RowFinding(row, "", "", "conflict", msg("Report {id}.", id=str(row))) for row in (20, 21))
    late = RowFinding(2, "", "", "late", msg("Late."))
    counts = {"missing": 500, "conflict": 2, "late": 1}
    print_warnings(RESULT._replace(warnings=(*same, *changed, late), warning_counts=counts))
    assert capsys.readouterr().err.splitlines() == [
        "! row 2: No visa. (499 more rows)",
        "! row 20: Report 20.",
        "! row 21: Report 21.",
    ]


@pytest.mark.parametrize("letter", ["x", "\u540d", "\u0301", "\x1b"])
def test_long_names(letter: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name of a sheet, a heading and a value of any length leave the question on the screen, at once."""
    set_language("en")
    long = letter * 100_000
    sheets = (SheetFacts(long, 1, read=True), SheetFacts("May", 1, read=False), SheetFacts(long, 1, read=False))
    show_facts(SourceFacts("xlsx", sheets=sheets))
    show_columns(Table(SourceFacts("csv"), ("Room", long), 1, lambda: iter(())), ColumnMap(fields={0: "room"}), [long])
    shown = capsys.readouterr().err
    assert len(shown) < 1000
    assert "May" in shown


def test_the_longest_name_of_a_sheet(capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown whole: a user types it behind --sheet."""
    name = "\u540d" * 31
    show_facts(SourceFacts("xlsx", sheets=(SheetFacts("A", 1, read=True), SheetFacts(name, None, read=False))))
    assert name in capsys.readouterr().err


def state(name: str, *, overdue: int = 0, soon: int = 0, **more: Any) -> PropertyState:
    """A property, by its numbers of reports in some states, and what else its summary has."""
    counts = {each: more.pop(each.value, 0) for each in State}
    summary = Summary(counts, overdue, soon, None, None, None)._replace(**more)
    settings = PropertySettings(name, "https://authority.example/v1", public_key="")
    status = PropertyStatus(summary, None, None, summary.suspension, summary.doubts, None, ())
    return PropertyState(name, settings, status)


STATES = (
    state("quiet", accepted=900),
    PropertyState("no-answer", away=True),
    state("pending", pending=1),
    state("later", queued=1, next_due_at=NOON + 9 * HOUR),
    state("waiting", queued=9, next_due_at=NOON + 8 * HOUR),
    state("soon", queued=1, soon=1, next_due_at=NOON + HOUR),
    state("overdue", queued=1, overdue=1, next_due_at=NOON - HOUR),
    state("refused", rejected=1, next_due_at=NOON + HOUR),
    state("stopped", suspension=Suspension("wrong_password", NOON, "")),
    state("changed", doubts=(Doubt(DoubtKind.STATE, "x"),)),
    PropertyState("damaged"),
)
"""The least urgent first."""


def names(shown: str) -> list[str]:
    """The first word of each line of a table."""
    return [line.split()[0] for line in shown.splitlines() if line]


def test_the_most_urgent_is_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong, overdue, due soon and waiting, each by the next deadline; then the order of the settings."""
    show_properties(STATES)
    assert names(capsys.readouterr().out)[1:-1] == [
        *("damaged", "refused", "stopped", "changed", "overdue", "soon", "waiting", "later", "pending"),
        *("no-answer", "quiet"),
    ]
