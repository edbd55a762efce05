"""The text beside a file that a watched folder refused: why, without anything about a guest."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import click

from apoa_client.app.table_import import ImportResult, RowFinding
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.views.import_result import show_counts
from apoa_client.cli.views.labels import moment_text
from apoa_client.errors import ApoaError
from apoa_client.messages import literal, msg
from apoa_client.report.fields import label_of

_KINDS_OF_PROBLEM = {
    "missing": msg("is missing"),
    "bad_length": msg("has the wrong length"),
    "bad_character": msg("has a character that cannot be there"),
    "bad_date": msg("is no date"),
    "check_digit": msg("does not fit its check digit"),
    "unknown_state": msg("is no country that is known"),
    "unknown_format": msg("cannot be understood"),
    "order": msg("does not fit the other dates"),
    "not_foreign": msg("is Indonesian, and is not reported"),
    "conflict": msg("contradicts another cell, another row, or an imported guest"),
    "duplicate": msg("was reported already for one of these nights"),
    "implausible": msg("cannot be right"),
}
"""What is wrong with a cell, by the code of the problem. Its own message may repeat what the cell says."""


def error_lines(error: ApoaError, at: datetime) -> list[str]:
    """Return why a whole file was refused, and what to do."""
    lines = [_("Nothing of this file was saved ({moment}).").format(moment=_moment(at)), text(error.message)]
    return lines if error.advice is None else [*lines, text(error.advice)]


def problem_lines(result: ImportResult, at: datetime, copy: str) -> list[str]:
    """Return what was saved and which rows were refused. `copy` is the name of the file with the refused rows."""
    lines = [_("Not every row of this file could be saved ({moment}).").format(moment=_moment(at)), ""]
    show_counts(result, lambda line: lines.append(click.unstyle(line)), saved=True)
    lines += ["", _("What must be corrected:"), *_places(result.problems), ""]
    advice = _("{file} has the refused rows, each with its problem. Correct them there, and put it into the folder.")
    return [*lines, advice.format(file=copy)] if copy else [*lines, _("Correct the rows, and export the file again.")]


def _places(problems: Iterable[RowFinding]) -> Iterator[str]:
    for problem in problems:
        cell = problem.cell or "-"
        field = text(label_of(problem.field))
        what = text(_KINDS_OF_PROBLEM.get(problem.code, literal(problem.code)))
        yield "  " + _("Row {row}, cell {cell}: {field} {problem}").format(
            row=problem.row, cell=cell, field=field, problem=what
        )


def _moment(at: datetime) -> str:
    return moment_text(at, at.tzinfo) if at.tzinfo is not None else str(at)
