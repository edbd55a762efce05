"""A checked document as JSON and on the screen of a user who has it before them; and what was read from a photo."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import (
    label_lines,
    plain,
    print_line,
    sanitize,
    side_by_side,
    style_bold,
    style_error,
    style_success,
    style_warning,
    write,
)
from apoa_client.cli.terminal.wrapping import pad, width
from apoa_client.cli.views.findings import error_fields, error_line, finding_value, suggestion_line, warning_line
from apoa_client.cli.views.labels import SEXES, day_text
from apoa_client.cli.views.report import state_text
from apoa_client.errors import ApoaError
from apoa_client.messages import Message, msg, nmsg
from apoa_client.passport.layouts import COMPOSITE, Span
from apoa_client.passport.mrz import Change, Correction, FieldState, Mrz, MrzUnreadable
from apoa_client.passport.names import split_names
from apoa_client.report.checking import CheckedDocument
from apoa_client.report.fields import BY_NAME, DATE_TYPES, NAMES, ON_THE_FORM
from apoa_client.report.findings import Finding

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading

_MAX_SHOWN = 60
"""Characters that are shown of a line; no format's lines are longer than 44."""

_DATES_IN_MRZ = frozenset({"birth_date", "expiry_date"})


def marked_lines(checked: CheckedDocument) -> Iterator[str]:
    """Yield the lines that were given, each with marks below what is wrong. They must not be wrapped.

    Fields that are wrong are underlined. If one correction is the most likely, its character is marked with ``^``. As
    plain lines, the marks are sentences.
    """
    fields, points = list[Span](), list[Span]()
    for problem in checked.problems:
        corrected = [Span(c.line, c.position, c.position + max(len(c.new), 1)) for c in problem.corrections]
        # In a line whose length was repaired, the place of the repair is marked.
        wrong = corrected if problem.code == "bad_length" and checked.mrz is not None else problem.spans
        # Only a date has few possible corrections; a number is compared as a whole.
        is_likely = problem.field in _DATES_IN_MRZ and problem.corrections and not problem.corrections[0].others
        fields += wrong
        points += corrected[:1] if is_likely else wrong
    if checked.mrz is None and not fields:
        return
    for index, line in enumerate(checked.lines):
        marks = dict.fromkeys(_positions(fields, index), "-") | dict.fromkeys(_positions(points, index), "^")
        shown = ""
        for is_marked, run in groupby(enumerate(line[:_MAX_SHOWN]), key=lambda each: each[0] in marks):
            characters = sanitize("".join(character for _position, character in run))
            shown += style_error(characters) if is_marked else characters
        yield shown if plain() else f"  {shown}"
        if marks and plain():
            yield from map(_span_text, dict.fromkeys(span for span in fields if span.line == index))
        elif marks:
            # A mark is as wide as its character; a line may be shorter than its marks.
            padded = line.ljust(max(marks) + 1)[: max(marks) + 1]
            below = (marks.get(p, " ") * width(sanitize(character)) for p, character in enumerate(padded))
            yield "  " + style_error("".join(below))


def _positions(spans: Sequence[Span], index: int) -> list[int]:
    """Return the positions in a line that spans cover, as far as the line is shown."""
    return [p for span in spans if span.line == index for p in range(span.start, span.end) if p < _MAX_SHOWN]


def _span_text(span: Span) -> str:
    """Return a mark as a sentence; lines and characters count from 1."""
    words = _("Look at line {line}, characters {first} to {last}.")
    if span.end <= span.start + 1:
        words = _("Look at line {line}, character {first}.")
    return words.format(line=span.line + 1, first=span.start + 1, last=span.end)


_MAX_EDIT = 6
"""Characters: of a correction that changes more, only the corrected value is shown."""

_GAP = "  "
_MAX_COLUMN = 30
"""Columns of the values, so that the notes have their place on a screen of 80."""

_ISO_DAY_LENGTH = len("2026-11-24")

_LAISSEZ_PASSER = msg("Laissez-passer, in place of a passport")
_KINDS = {
    "P": msg("Passport"),
    "V": msg("Visa"),
    "PD": msg("Diplomatic passport"),
    "PE": msg("Emergency passport"),
    "PL": _LAISSEZ_PASSER,
    "PO": msg("Official or service passport"),
    "PR": msg("Travel document of a refugee"),
    "PS": msg("Service passport, or passport of a stateless person"),
    "PT": msg("Alien's passport"),
}
"""By the document code, or its first letter. States long chose the second letter themselves: PS has two uses."""
_ISSUERS_OF_LAISSEZ_PASSERS = frozenset({"EUE", "UNA", "UNO"})
_OTHER_KIND = msg("Identity card or other document")
_LABELS = {"document_number": msg("Document number"), "expiry_date": msg("Date of expiry")}
"""Labels of fields that are named after the passport, for other documents."""

_GUEST_FIELDS = tuple(item for item in ON_THE_FORM if item.of_guest)

_SOUND = frozenset({FieldState.OK, FieldState.UNPROTECTED})

_CHANGES = {
    Change.INVISIBLE: msg("Invisible characters were left out."),
    Change.FULL_WIDTH: msg("Wide letters were read as plain ones."),
    Change.CAPITALS: msg("Small letters were read as capitals."),
    Change.FILLERS: msg("Other signs were read as <."),
    Change.K_RUNS: msg("Rows of K were read as <: scanners confuse the two."),
    Change.BLANKS: msg("Blanks were left out."),
    Change.LINES: msg("The text was divided into lines again."),
    Change.ORDER: msg("The lines were in the wrong order and were swapped."),
}

_VERDICTS = {
    "not_foreign": msg("Indonesian: the guest need not be reported."),
    "unknown_format": msg("A visa, not a passport: scan the passport."),
    "expired": msg("No errors, but the document has expired."),
}
"""The last line for a document without errors, by the code of a warning; the first that applies."""


def document_value(checked: CheckedDocument) -> dict[str, Any]:
    """Return a document as ``check --json`` prints it. Lines and positions count from 1."""
    mrz = checked.mrz

    def values(findings: Sequence[Finding]) -> list[dict[str, str | None]]:
        return [{**finding_value(finding), "suggestion": finding.suggestion} for finding in findings]

    return {
        "valid": checked.valid,
        "format": mrz.format if mrz is not None else None,
        "guest": checked.guest,
        "errors": values(checked.errors),
        "warnings": values(checked.warnings),
        "fields": {name: state.value for name, state in mrz.states.items()} if mrz is not None else {},
        "suggestions": [
            {
                "field": correction.field,
                "line": correction.line + 1,
                "position": correction.position + 1,
                "old": correction.old,
                "new": correction.new,
                "value": correction.value,
                "others": correction.others,
            }
            for problem in checked.problems
            for correction in problem.corrections
        ],
        "normalised": [change.value for change in mrz.changes] if mrz is not None else [],
        "long_number": mrz.long_number.value if mrz is not None and mrz.long_number is not None else None,
        "printed": {name: list(checked.printed.get(name, ())) for name in NAMES},
    }


def show_document(checked: CheckedDocument, number: int = 0) -> None:
    """Show one document on stdout; `number`, from 1, is its place among several."""
    heading = _("Typed details")
    if checked.mrz is not None:
        heading = f"{text(_kind(checked.mrz))} ({checked.mrz.format})"
    elif checked.problems:
        is_missing = checked.problems[0].code == "missing"
        heading = _("Nothing to check") if is_missing else _("Lines that cannot be read")
    print_line(style_bold(f"{number}. {heading}" if number else heading))
    for line in marked_lines(checked):
        write(line)  # not wrapped, because each mark stands below its character
    warnings = [warning_line(text(warning.message)) for warning in checked.warnings]
    notes = [note if plain() else f"- {note}" for note in _notes(checked)]
    for line in (*label_lines(_field_rows(checked)), *_error_lines(checked), *warnings, *notes):
        print_line(line)
    if checked.mrz is not None:
        advice = _(
            "A correct check digit is no guarantee: compare the number and the fields without one with the page."
        )
        print_line(advice)
    elif checked.problems and MrzUnreadable.advice is not None:
        print_line(text(MrzUnreadable.advice))
    print_line(_verdict(checked))


def _kind(mrz: Mrz) -> Message:
    """Return the kind of a document in words."""
    if mrz.is_passport and mrz.issuing_state in _ISSUERS_OF_LAISSEZ_PASSERS:
        return _LAISSEZ_PASSER
    code = mrz.document_type
    return _KINDS.get(code) or _KINDS.get(code[:1], _OTHER_KIND)


def _verdict(checked: CheckedDocument) -> str:
    """Return what is true of the whole document, and what to do."""
    if not checked.valid:
        count = len(checked.errors)
        return style_error(text(nmsg("Not valid: {count} error.", "Not valid: {count} errors.", count)))
    codes = {warning.code for warning in checked.warnings}
    for code, verdict in _VERDICTS.items():
        if code in codes:
            return style_warning(text(verdict))
    if checked.warnings:
        count = len(checked.warnings)
        return style_warning(text(nmsg("Valid, with {count} warning.", "Valid, with {count} warnings.", count)))
    return style_success(_("Valid: no errors."))


def _field_rows(checked: CheckedDocument) -> list[tuple[str, str]]:
    """Return the label of each field, and its value with how reliable it is, in columns unless a value is very long."""
    states, rows = _field_states(checked), list[tuple[str, str, str]]()
    is_passport = checked.mrz is None or checked.mrz.is_passport
    for item in _GUEST_FIELDS:
        value: Any = {"guest": checked.guest}
        for key in item.path.split("."):
            value = value[key] if value is not None else None
        state = None if item.name in checked.typed else states.get(item.name)
        if value or state is not None:
            unknown = "-" if state in _SOUND else "?"
            shown = sanitize(_value_text(item.name, value)) if value else unknown
            label = text(item.label if is_passport else _LABELS.get(item.name, item.label))
            note, style = _reliability(checked, item.name, state, shown)
            rows.append((label, shown, style(note) if note else ""))
    wide = 0 if plain() else min(max((width(shown) for _label, shown, _note in rows), default=0), _MAX_COLUMN)
    return [(label, side_by_side([pad(shown, wide), note]) if note else shown) for label, shown, note in rows]


def _field_states(checked: CheckedDocument) -> Mapping[str, FieldState]:
    """Return the states of the form's fields, as far as the MRZ has them: both names share one field there."""
    if checked.mrz is None:
        return {}
    states = dict(checked.mrz.states)
    names, wrong_paths = states.pop("names"), {error.field for error in checked.errors}
    for name in NAMES:
        is_wrong = names not in _SOUND and BY_NAME[name].path in wrong_paths
        states[name] = names if is_wrong or names in _SOUND else FieldState.UNPROTECTED
    return states


def _value_text(name: str, value: str) -> str:
    """Return a value of the contract, or of another part of the MRZ, in words."""
    kind = BY_NAME[name].type if name in BY_NAME else ""
    if kind == "state":
        return state_text(value)
    if kind in DATE_TYPES and len(value) == _ISO_DAY_LENGTH:
        return day_text(date.fromisoformat(value))
    return _(SEXES[value]) if kind == "sex" and value in SEXES else value


def _reliability(
    checked: CheckedDocument, name: str, state: FieldState | None, shown: str
) -> tuple[str, Callable[[str], str]]:
    """Return how reliable a field's value is, in words, and the style for it."""
    if state is None:
        return (_("as you typed it") if checked.mrz is not None else ""), str
    if state in _RELIABILITY or name in NAMES:
        words, style = _RELIABILITY.get(state, _RELIABILITY[FieldState.BAD])
        return text(words), style
    best, *others = next(problem.corrections for problem in checked.problems if problem.field == name)
    if others and state is not FieldState.REPAIRED:
        return _("several readings fit"), style_warning
    value = _value_text(name, best.value)
    if value == shown:
        return _("perhaps its check digit is wrong"), style_warning
    return _("perhaps {value}").format(value=sanitize(value)), style_warning


_RELIABILITY: Mapping[FieldState, tuple[Message, Callable[[str], str]]] = {
    FieldState.OK: (msg("check digit fits"), style_success),
    FieldState.UNPROTECTED: (msg("no check digit: compare"), str),
    FieldState.BAD: (msg("wrong: compare"), style_error),
}


def _error_lines(checked: CheckedDocument) -> Iterator[str]:
    """Yield each error once, and its possible corrections. The two names may have the same error."""
    shown: list[Message] = []
    for error in checked.errors:
        if error.message in shown:
            continue
        shown.append(error.message)
        yield error_line(text(error.message))
        problem = next((problem for problem in checked.problems if problem.message == error.message), None)
        if problem is None:
            if error.suggestion:
                yield suggestion_line(error.suggestion)
            continue
        yield from (suggestion_line(_correction_text(correction)) for correction in problem.corrections)
        others = problem.corrections[0].others if problem.corrections else 0
        if others:
            as_likely = nmsg(
                "{count} other value is as likely as the first. Compare with the page.",
                "{count} other values are as likely as the first. Compare with the page.",
                others,
            )
            yield f"  {text(as_likely)}"


def _correction_text(correction: Correction) -> str:
    """Return the corrected value, and which character changes if the change is short."""
    value = corrected_text(correction)
    if max(len(correction.old), len(correction.new)) > _MAX_EDIT:
        return value
    if not correction.old:
        change = _("missing {new}, line {line}, character {position}")
    elif not correction.new:
        change = _("extra {old}, line {line}, character {position}")
    else:
        change = _("{new} in place of {old}, line {line}, character {position}")
    change = change.format(
        new=correction.new, old=correction.old, line=correction.line + 1, position=correction.position + 1
    )
    return f"{value} ({change})" if value else change


def change_text(change: Change) -> str:
    """Return how lines were changed before they were read."""
    return text(_CHANGES[change])


def corrected_text(correction: Correction) -> str:
    """Return the value of the corrected field in words; empty if it has none."""
    if correction.field == COMPOSITE:
        return ""
    if correction.field == "names":
        return ", ".join(filter(None, split_names(correction.value)))
    return _value_text(correction.field, correction.value)


def _notes(checked: CheckedDocument) -> Iterator[str]:
    """Yield how the lines were changed before they were read, and which spellings of a name the page may show."""
    if checked.mrz is None:
        return
    yield from map(change_text, checked.mrz.changes)
    for name, forms in checked.printed.items():
        if forms and name not in checked.typed:
            label, spellings = text(BY_NAME[name].label), ", ".join(map(sanitize, forms))
            yield _("{field}: the page may print {forms}.").format(field=label, forms=spellings)


READ_SURELY = msg("Read from the photo with certainty.")
NOT_SURE = msg("The photo was not read with certainty. Compare the lines with the page.")


def photo_value(file: Path, reading: "PhotoReading | None", refusal: ApoaError | None = None) -> dict[str, Any]:
    """Return a reading as ``check --json`` prints it; without one, why the file was refused. Places count from 1."""
    hint = reading.hint if reading is not None else None
    return {
        "file": str(file),
        "zones": reading.zones if reading is not None else 0,
        "sure": reading is not None and reading.sure,
        "lines": list(reading.lines) if reading is not None else [],
        "doubtful": [[line + 1, column + 1] for line, column in reading.doubtful] if reading is not None else [],
        "elapsed_ms": reading.elapsed_ms if reading is not None else 0,
        "hint": text(hint) if hint is not None else None,
        "error": error_fields(refusal) if refusal is not None else None,
    }


def doubtful_lines(reading: "PhotoReading") -> list[int]:
    """Return the indexes of the lines with doubtful characters."""
    return sorted({line for line, _column in reading.doubtful})


def doubt_message(reading: "PhotoReading", index: int) -> Message:
    """Return which characters of a line are doubtful, to be compared with the page."""
    doubts = _doubts(reading, index)
    runs = [
        [column + 1 for _at, column in run] for _key, run in groupby(enumerate(doubts), lambda each: each[1] - each[0])
    ]
    return nmsg(
        "Line {line}, character {numbers}: compare it with the page.",
        "Line {line}, characters {numbers}: compare them with the page.",
        len(doubts),
        line=index + 1,
        numbers=", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs),
    )


def marked_line(reading: "PhotoReading", index: int) -> Iterator[str]:
    """Yield a line of a reading, and marks below the doubtful characters. It must not be wrapped."""
    line = reading.lines[index]
    if plain():
        yield line
        return
    doubts = set(_doubts(reading, index))
    cells = (style_error(character) if place in doubts else character for place, character in enumerate(line))
    yield _GAP + "".join(cells)
    yield _GAP + style_error("".join("^" if place in doubts else " " for place in range(len(line))).rstrip())


def _doubts(reading: "PhotoReading", index: int) -> list[int]:
    return [column for line, column in reading.doubtful if line == index]
