"""What views show: states, times and deadlines in words, an imported table, and the state of every property."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest
from basics import NOW
from cli_helpers import LANGUAGES
from outbox_helpers import HOUR, NOON
from screens import Screens

from apoa_client.app.property_status import PropertyStatus
from apoa_client.app.table_import import ImportResult, RowFinding
from apoa_client.cli.commands.status_of_all import PropertyState, show_properties
from apoa_client.cli.terminal import language, output
from apoa_client.cli.terminal.output import style_error, style_warning
from apoa_client.cli.views.imports import (
    print_problems,
    print_warnings,
    problem_text,
    show_columns,
    show_counts,
    show_facts,
)
from apoa_client.cli.views.labels import clock_skew_text, duration_text, partial_text, state_cell
from apoa_client.cli.views.status import deadline_lines, deadline_style, deadline_text
from apoa_client.messages import msg
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.entries import Entry
from apoa_client.ports.state import Summary, Suspension
from apoa_client.report.kinds import Kind, State
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.zones import WIB, WIT, WITA
from apoa_client.tables.columns import ColumnMap
from apoa_client.tables.rows import SheetFacts, SourceFacts, Table

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
DEADLINES = {
    timedelta(): "due now",
    MINUTE - SECOND: "due now",
    MINUTE: "1 minute left",
    2 * MINUTE - SECOND: "1 minute left",
    HOUR - SECOND: "59 minutes left",
    HOUR: "1 hour left",
    3 * HOUR - SECOND: "2 hours left",
    6 * HOUR - SECOND: "5 hours left",
    timedelta(microseconds=-1): "late just now",
    SECOND - MINUTE: "late just now",
    -MINUTE: "1 minute late",
    SECOND - HOUR: "59 minutes late",
    -HOUR: "1 hour late",
    SECOND - 4 * HOUR: "3 hours late",
    -47 * HOUR - 59 * MINUTE: "47 hours late",
    -2 * DAY: "2 days late",
    -40 * DAY: "40 days late",
}
"""The time until a deadline, and the words."""


def entry(seq: int, due: datetime | None, state: State = State.QUEUED) -> Entry:
    return Entry(seq, f"0199c2a4-0000-7000-8000-{seq:012x}", f"stay-{seq}", Kind.CHECK_IN, state, NOW, due)


@pytest.fixture(autouse=True)
def _english() -> None:
    language.set_language("en")


@pytest.mark.parametrize("time", DEADLINES)
def test_time_left_and_lateness(time: timedelta) -> None:
    """Within six hours the time left, rounded down so that it never exceeds the real one; lateness in hours or days."""
    assert deadline_text(NOW + time, NOW, WIB) == DEADLINES[time]


@pytest.mark.parametrize(
    ("zone", "now", "due", "words"),
    [
        # One instant is another hour in each zone, and near midnight another day.
        (WIB, "2026-11-24T06:00+07:00", "2026-11-24T22:30+07:00", "today 22:30"),
        (WITA, "2026-11-24T06:00+07:00", "2026-11-24T22:30+07:00", "today 23:30"),
        (WIT, "2026-11-24T06:00+07:00", "2026-11-24T22:30+07:00", "tomorrow 00:30"),
        # It is tomorrow already in Jayapura, and in Makassar at midnight itself.
        (WIB, "2026-11-24T23:00+07:00", "2026-11-25T20:00+07:00", "tomorrow 20:00"),
        (WITA, "2026-11-24T23:00+07:00", "2026-11-25T20:00+07:00", "today 21:00"),
        (WIT, "2026-11-24T23:00+07:00", "2026-11-25T20:00+07:00", "today 22:00"),
        (WITA, "2026-11-24T23:00+07:00", "2026-11-25T23:00+07:00", "tomorrow 00:00"),
        # The end of a month, and a leap day.
        (WIB, "2026-11-30T20:00+07:00", "2026-12-01T20:00+07:00", "tomorrow 20:00"),
        (WITA, "2028-02-28T09:00+08:00", "2028-03-01T09:00+08:00", "1 Mar 2028 09:00"),
        (WIB, "2026-11-24T20:00+07:00", "2026-11-27T08:00+07:00", "27 Nov 2026 08:00"),
        # Six hours away, across midnight: no longer counted in hours, and rightly another day.
        (WIB, "2026-11-24T18:00+07:00", "2026-11-25T00:00+07:00", "tomorrow 00:00"),
        (WIB, "2026-11-24T18:01+07:00", "2026-11-25T00:00+07:00", "5 hours left"),
    ],
)
def test_the_day_in_the_propertys_zone(zone: tzinfo, now: str, due: str, words: str) -> None:
    """Today, tomorrow or a date: by the calendar of Jakarta, Makassar or Jayapura, whatever the computer's zone is."""
    due_at, at = datetime.fromisoformat(due), datetime.fromisoformat(now)
    assert deadline_text(due_at, at, zone) == words
    assert deadline_text(due_at.astimezone(UTC), at.astimezone(UTC), zone) == words


@pytest.mark.parametrize(
    ("due", "style"),
    [
        (-SECOND, style_error),
        (timedelta(), style_warning),
        (6 * HOUR - SECOND, style_warning),
        (6 * HOUR, str),
        (DAY, str),
    ],
)
def test_style(due: timedelta, style: object) -> None:
    """A passed deadline is red, a near one yellow, and a later one or none plain."""
    assert deadline_style(NOW + due, NOW) is style
    assert deadline_style(None, NOW) is str


def test_lines_are_in_columns() -> None:
    """Lines are in columns, whatever the length of the words and their colours."""
    entries = [entry(1, NOW - HOUR), entry(2, NOW + DAY), entry(3, None, State.REJECTED)]
    lines = list(deadline_lines(entries, NOW, WIB, lambda each: each.state.value))
    assert lines[0] == "  " + style_error("1 hour late") + "     00000001  queued"
    assert lines[1] == "  tomorrow 20:00  00000002  queued"
    assert lines[2] == "  -               00000003  rejected"
    assert list(deadline_lines([], NOW, WIB, lambda _each: "")) == []


def test_a_birth_date_in_words() -> None:
    """A date of birth is shown as far as it is known."""
    dates = PartialDate(1985), PartialDate(1985, 9), PartialDate(1985, 9, 12)
    assert [*map(partial_text, dates)] == ["1985", "Sep 1985", "12 Sep 1985"]


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        *((0, "1 minute"), (1, "1 minute"), (119, "119 minutes"), (120, "2 hours"), (47 * 60, "47 hours")),
        *((2880, "2 days"), (144_000, "100 days")),
    ],
)
def test_a_length_of_time_has_a_unit_that_fits(minutes: int, words: str) -> None:
    """A long time is shown in days: no user converts 2880 minutes."""
    assert duration_text(timedelta(minutes=minutes)) == words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_clock_that_is_days_off(lang: str) -> None:
    """The warning counts in days."""
    language.set_language(lang)
    assert ("2 hari" if lang == "id" else "2 days") in clock_skew_text(timedelta(days=-2))


def test_only_a_refused_report_is_coloured_in_a_table() -> None:
    """The others need nothing from the user now."""
    entries = [Entry(1, "1", "1", Kind.CHECK_IN, state, NOW, None) for state in State]
    assert [entry.state for entry in entries if "\x1b" in state_cell(entry)] == [State.REJECTED]


WRONG = msg("This is not a date of the calendar. Write it as 1985-09-12 or 12/09/1985.")
RESULT = ImportResult(60, 10, 0, 0, 0, 50)


def problem(row: int, number: int = 0, **more: str) -> RowFinding:
    message = msg("{text}", text=f"Problem {number}") if number else WRONG
    return RowFinding(row, f"E{row}", "guest.birth_date", "bad_date", message, **more)


def test_findings(capsys: pytest.CaptureFixture[str], screens: Screens) -> None:
    """Fifty rows with a problem are one line, with the first cells; after ten different problems the rest is counted.

    The same warning is shown once, with the number of its rows, and what has no cell is called a row. For a screen
    reader each problem and each count is a whole line. The option that gives a time is named before saving alone.
    """
    print_problems(RESULT._replace(problems=tuple(map(problem, range(2, 52)))))
    print_problems(RESULT._replace(problems=tuple(problem(row, row) for row in range(2, 52))))
    same = tuple(RowFinding(row, "", "", "missing", msg("No visa.")) for row in range(2, 12))
    changed = tuple(RowFinding(row, "", "", "conflict", msg("Report {id}.", id=str(row))) for row in (20, 21))
    placed = tuple(RowFinding(5, cell, "", "odd", msg("Odd {cell}.", cell=cell)) for cell in ("B5", "$[4]"))
    late = RowFinding(2, "", "", "late", msg("Late."))
    counts = {"missing": 500, "conflict": 2, "odd": 2, "late": 1}
    print_warnings(RESULT._replace(warnings=(*same, *changed, *placed, late), warning_counts=counts))
    for saved in (False, True):
        show_counts(RESULT._replace(warning_counts={"late": 2}), output.print_line, saved=saved)
    output.set_plain(plain=True)
    print_problems(RESULT._replace(problems=(problem(2),)))
    show_counts(RESULT, output.print_error_line, saved=False)
    screens.add("".join(capsys.readouterr()))


def test_a_suggestion_is_shown_once() -> None:
    """It is not repeated if the message has it."""
    message = msg("Did you mean {states}?", states="Germany (D)")
    assert problem_text(RowFinding(2, "F2", "", "unknown_state", message, "D")) == "Did you mean Germany (D)?"
    assert problem_text(problem(2, suggestion="1985")).count("1985") == 2  # both are in the sentence
    assert problem_text(problem(2, 1, suggestion="1985")) == "Date of birth: Problem 1 Perhaps: 1985"


@pytest.mark.parametrize("letter", ["x", "\u540d", "\u0301", "\x1b"])
def test_long_names(letter: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name of a sheet, a heading and a value of any length leave the question on the screen, at once."""
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


def test_the_most_urgent_is_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong, overdue, due soon and waiting, each by the next deadline; then the order of the settings."""
    show_properties(STATES)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines() if line][1:-1] == [
        *("damaged", "refused", "stopped", "changed", "overdue", "soon", "waiting", "later", "pending"),
        *("no-answer", "quiet"),
    ]
