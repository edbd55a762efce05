"""What importing a table did, on the screen: short however many rows have the same problem."""

import pytest

from apoa_client.app.table_import import LATE_WITHOUT_TIME, ImportResult, RowFinding
from apoa_client.cli.terminal import output
from apoa_client.cli.views.imports import print_problems, print_warnings, problem_text, show_counts
from apoa_client.messages import msg

WRONG = msg("This is not a date of the calendar. Write it as 1985-09-12 or 12/09/1985.")
RESULT = ImportResult(60, 10, 0, 0, 0, 50)


def problem(row: int, number: int = 0, **more: str | None) -> RowFinding:
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
        late = RESULT._replace(warning_counts={"late": 2, LATE_WITHOUT_TIME: 1})
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
