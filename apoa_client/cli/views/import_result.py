"""What importing a table would do, or did: counts, problems with their cells, warnings; on a screen and as JSON."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from apoa_client.app.table_import import LATE_WITHOUT_TIME, ImportResult, RowFinding
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import plain, print_error_line, sanitize, style_error
from apoa_client.cli.terminal.tables import show_table, table_lines
from apoa_client.cli.views.findings import warning_line
from apoa_client.messages import Message, literal, msg, nmsg
from apoa_client.report.fields import label_of

SKIP_REASONS: Mapping[str, Message] = {
    "not_foreign": msg("Indonesian, who are not reported"),
    "not_arrived": msg("not arrived yet"),
    "cancelled": msg("cancelled, or the guest did not come"),
}
"""Why rows are skipped, in words."""

_MOST_SHOWN, _MOST_CELLS = 10, 3
"""Different problems that are shown before the question whether to save, and cells of each."""

Print = Callable[[str], object]


def import_value(result: ImportResult, *, saved: bool) -> dict[str, Any]:
    """Return the document of ``import --json``. Nothing but the counts says what would be saved if not `saved`."""
    return {
        "rows": result.rows,
        "saved": result.saved,
        "unchanged": result.unchanged,
        "amended": result.amended,
        "checked_out": result.checked_out,
        "skipped": result.skipped,
        "skipped_for": dict(result.skip_reasons),
        "refused": result.refused,
        "late": result.warning_counts.get("late", 0),
        "problems": [_finding_value(each) for each in result.problems],
        "warnings": [_finding_value(each) for each in result.warnings],
        "reports": list(result.reports),
        "dry_run": not saved,
    }


def _finding_value(finding: RowFinding) -> dict[str, Any]:
    return {
        "row": finding.row,
        "cell": finding.cell or None,
        "field": finding.field,
        "code": finding.code,
        "message": text(finding.message),
        "suggestion": finding.suggestion,
    }


def show_counts(result: ImportResult, show: Print, *, saved: bool) -> None:
    """Show how many rows there are, and what importing them does, or did if they are `saved`."""
    if not result.rows:
        show(_("The table has no rows with guests."))
        return
    show(text(nmsg("{count} row was read and checked:", "{count} rows were read and checked:", result.rows)))
    for count, label in _counts(result, saved=saved):
        if count:
            line = f"{label}: {count}" if plain() else f"{count:>7}  {label}"
            show(style_error(line) if label == _refused_label() and not plain() else line)
    if result.warning_counts.get(LATE_WITHOUT_TIME) and not saved:
        hint = _(
            "A check-in without a time counts from 00:00. If guests came later, add to the command: --default "
            "check_in_time=14:00"
        )
        show(hint)


def _counts(result: ImportResult, *, saved: bool) -> Iterable[tuple[int, str]]:
    late = result.warning_counts.get("late", 0)
    new, amended = result.saved, result.amended
    if saved:
        yield new, text(nmsg("new guest, saved", "new guests, saved", new))
    else:
        yield new, text(nmsg("new guest", "new guests", new))
    yield late, _("   reported more than 24 hours after check-in")
    yield amended, _("changed since the last import, saved") if saved else _("changed since the last import")
    yield result.checked_out, _("   checked out now")
    yield result.unchanged, _("saved before, and unchanged")
    for reason, count in result.skip_reasons.items():
        yield count, _("skipped: {reason}").format(reason=text(SKIP_REASONS.get(reason, literal(reason))))
    yield result.refused, _refused_label()


def _refused_label() -> str:
    return _("refused: to be corrected")


def show_problems(result: ImportResult) -> None:
    """Show every problem of refused rows on stdout, as a table."""
    if result.problems:
        show_table(_problem_heads(), _problem_rows(result.problems))


def print_problems(result: ImportResult) -> None:
    """Show the problems of refused rows on stderr, before a question: the same one once, with its first cells."""
    places: dict[str, list[str]] = {}
    for each in result.problems:
        places.setdefault(problem_text(each), []).append(_place(each))
    if not places:
        return
    heads = (_("Cells"), _("Problem"))
    rows = [(_listed(cells), words) for words, cells in islice(places.items(), _MOST_SHOWN)]
    if plain():
        for row in rows:
            print_error_line(", ".join(f"{head}: {cell}" for head, cell in zip(heads, row, strict=True)))
    else:
        for line in table_lines(heads, rows):
            print_error_line(line)
    more = len(places) - len(rows)
    if more:
        print_error_line(text(nmsg("... and {count} other problem.", "... and {count} other problems.", more)))
    print_error_line()


def _place(finding: RowFinding) -> str:
    """Return where a finding is: a cell, a place in JSON, the lines of an MRZ ("2-3") or a row."""
    cell = sanitize(finding.cell) or str(finding.row)
    return _("row {number}").format(number=cell) if cell[:1].isdigit() else cell


def _listed(cells: Sequence[str]) -> str:
    """Return the first cells, and how many more there are."""
    more = len(cells) - _MOST_CELLS
    return ", ".join(cells[:_MOST_CELLS]) + (f" +{more}" if more > 0 else "")


def _problem_heads() -> Sequence[str]:
    return (_("Row"), _("Cell"), _("Problem"))


def _problem_rows(problems: Iterable[RowFinding]) -> list[Sequence[str]]:
    return [(str(each.row), sanitize(each.cell), problem_text(each)) for each in problems]


def problem_text(finding: RowFinding) -> str:
    """Return a problem in words, sanitized: with the label of its field, and with the suggestion, each once."""
    words, label = text(finding.message), text(label_of(finding.field)) if finding.field else ""
    if not words.startswith(label):
        words = f"{label}: {words}"
    suggestion = sanitize(finding.suggestion or "")
    if suggestion and suggestion not in words:
        words += " " + _("Perhaps: {value}").format(value=suggestion)
    return words


def print_warnings(result: ImportResult) -> None:
    """Show the warnings on stderr, the same one once: its first cell, and how many rows have it."""
    places: dict[tuple[str, str], list[str]] = {}
    for each in result.warnings:
        if each.code != "late":  # counted
            places.setdefault((each.code, text(each.message)), []).append(_place(each))
    codes = [code for code, _words in places]
    for (code, words), found in islice(places.items(), _MOST_SHOWN):
        # The list of warnings has only the first ones of each code; the counts are whole.
        count = result.warning_counts[code] if codes.count(code) == 1 else len(found)
        line = f"{found[0]}: {words}"
        if count > 1:
            line += " " + text(nmsg("({count} more row)", "({count} more rows)", count - 1))
        print_error_line(warning_line(line))
    more = len(places) - _MOST_SHOWN
    if more > 0:
        print_error_line(text(nmsg("... and {count} other warning.", "... and {count} other warnings.", more)))
