"""A checked document in its two forms: JSON, and a page for a person with the document in hand."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import (
    columns,
    plain,
    print_line,
    sanitize,
    style_bold,
    style_error,
    style_success,
    style_warning,
    write,
)
from apoa_client.cli.terminal.wrapping import pad, width
from apoa_client.cli.views.findings import error_line, finding_value, suggestion_line, warning_line
from apoa_client.cli.views.labels import SEXES, day_text
from apoa_client.cli.views.report import state_text
from apoa_client.messages import Message, msg, nmsg
from apoa_client.passport.layouts import COMPOSITE, Span
from apoa_client.passport.mrz import Change, Convention, Correction, FieldState, Mrz, MrzUnreadable, Problem
from apoa_client.passport.names import split_names
from apoa_client.report.checking import CheckedDocument
from apoa_client.report.fields import BY_NAME, FIELDS, Field
from apoa_client.report.findings import Finding

_LONGEST_LINE = 60
"""What is shown of a line; no format's are longer than 44 characters."""

_LONGEST_EDIT = 6
"""Characters; a correction that changes more is told by what the field would say."""

_GAP = "  "

_ENDLESS = 10_000
"""Columns of what is no screen."""

_ISO_DAY = len("2026-11-24")

_KINDS = {"P": msg("Passport"), "V": msg("Visa")}
_HEADINGS = {"missing": msg("Nothing to check")}
_UNREADABLE = msg("Lines that cannot be read")
_OTHER_KIND = msg("Identity card or other document")
_BY_FORMAT = {"FRA-ID": msg("French identity card")}
_LABELS = {"document_number": msg("Document number"), "expiry_date": msg("Date of expiry")}
"""Of what is no passport."""

_NAMES = frozenset({"surname", "given_names"})
_READ = (
    "surname",
    "given_names",
    "sex",
    "birth_date",
    "nationality",
    "document_number",
    "issuing_state",
    "expiry_date",
)
_OF_THE_GUEST = tuple(item for item in FIELDS if item.path.startswith("guest.") and item.name != "mrz")
_STATES = frozenset({"nationality", "issuing_state"})
_DATES = frozenset({"birth_date", "expiry_date", "stay_until", "entry_date"})

_SOUND = frozenset({FieldState.OK, FieldState.UNPROTECTED})

_NORMALISED = {
    Change.INVISIBLE: msg("Invisible characters were left out."),
    Change.FULL_WIDTH: msg("Wide letters were read as plain ones."),
    Change.CAPITALS: msg("Small letters were read as capitals."),
    Change.FILLERS: msg("Other signs were read as <."),
    Change.K_RUNS: msg("Rows of K were read as <: a scanner takes one for the other."),
    Change.BLANKS: msg("Blanks were left out."),
    Change.LINES: msg("The text was cut into lines anew."),
}

_LONG_NUMBERS = {
    Convention.EITHER: msg("The document number is long and goes on in the optional data."),
    Convention.NUMBER_ALONE: msg(
        "The document number is long and goes on in the optional data. Its check digit leaves out the < between."
    ),
    Convention.WITH_FILLER: msg(
        "The document number is long and goes on in the optional data. Its check digit counts the < between."
    ),
}


def document_value(checked: CheckedDocument) -> dict[str, Any]:
    """A document as ``check --json`` prints it. Lines and positions count from 1."""
    mrz = checked.mrz
    return {
        "valid": checked.valid,
        "format": mrz.format if mrz is not None else None,
        "guest": checked.guest,
        "errors": [_finding_value(finding) for finding in checked.errors],
        "warnings": [_finding_value(finding) for finding in checked.warnings],
        "fields": {name: state.value for name, state in mrz.states.items()} if mrz is not None else {},
        "suggestions": [_correction_value(c) for problem in checked.problems for c in problem.corrections],
        "normalised": [change.value for change in mrz.changes] if mrz is not None else [],
        "long_number": mrz.long_number.value if mrz is not None and mrz.long_number is not None else None,
        "printed": {name: list(checked.printed.get(name, ())) for name in ("surname", "given_names")},
    }


def _finding_value(finding: Finding) -> dict[str, str | None]:
    return {**finding_value(finding), "suggestion": finding.suggestion}


def _correction_value(correction: Correction) -> dict[str, str | int]:
    return {
        "field": correction.field,
        "line": correction.line + 1,
        "position": correction.position + 1,
        "old": correction.old,
        "new": correction.new,
        "value": correction.value,
        "others": correction.others,
    }


def show_document(checked: CheckedDocument, number: int = 0) -> None:
    """Show one document on stdout; `number`, from 1, counts it among several."""
    print_line(style_bold(f"{number}. {_heading(checked)}" if number else _heading(checked)))
    for line in marked_lines(checked):
        write(line)  # never broken: each mark stands below its character
    for lines in (_rows(checked), _errors(checked), _warnings(checked), _notes(checked)):
        for line in lines:
            print_line(line)
    print_line(_verdict(checked))
    if checked.mrz is None and checked.problems and MrzUnreadable.advice is not None:
        print_line(text(MrzUnreadable.advice))
    if checked.mrz is not None:
        print_line(
            _("A check digit that fits is no proof. Compare the number, and what has no check digit, with the page.")
        )


def _heading(checked: CheckedDocument) -> str:
    if checked.mrz is None:
        return text(_HEADINGS.get(checked.problems[0].code, _UNREADABLE)) if checked.problems else _("Typed details")
    kind = _BY_FORMAT.get(checked.mrz.format) or _KINDS.get(checked.mrz.document_type[:1], _OTHER_KIND)
    return f"{text(kind)} ({checked.mrz.format})"


# The lines, with marks below.


def marked_lines(checked: CheckedDocument) -> Iterator[str]:
    """The lines that were given, each with marks below what does not hold. Not to be broken.

    Where one correction is the likeliest, it is below the very character, and the rest of the field is underlined.
    """
    fields = [span for problem in checked.problems for span in _at_fault(problem, checked.mrz)]
    if checked.mrz is None and not fields:
        return
    points = [span for problem in checked.problems for span in _to_look_at(problem, checked.mrz)]
    for index, line in enumerate(checked.lines):
        marks = dict.fromkeys(_places(fields, index), "-") | dict.fromkeys(_places(points, index), "^")
        shown = "".join(_coloured(line[:_LONGEST_LINE], set(marks)))
        yield shown if plain() else f"  {shown}"
        if marks and plain():
            yield from (_look_at(index, span) for span in dict.fromkeys(fields) if span.line == index)
        elif marks:
            yield "  " + style_error(
                "".join(_mark(line[p : p + 1] or " ", marks.get(p, " ")) for p in range(max(marks) + 1))
            )


def _places(spans: Sequence[Span], index: int) -> list[int]:
    """The characters of a line that spans cover, as far as it is shown."""
    return [p for span in spans if span.line == index for p in range(span.start, span.end) if p < _LONGEST_LINE]


def _mark(character: str, mark: str) -> str:
    """What stands below a character, as wide as that is; a line may end before its mark."""
    return mark * width(sanitize(character))


def _look_at(index: int, span: Span) -> str:
    """A mark in words."""
    first, last = span.start + 1, span.end
    if first >= last:
        return _("Look at line {line}, character {first}.").format(line=index + 1, first=first)
    said = _("Look at line {line}, characters {first} to {last}.")
    return said.format(line=index + 1, first=first, last=last)


def _coloured(line: str, marked: set[int]) -> Iterator[str]:
    for is_wrong, run in groupby(enumerate(line), key=lambda place: place[0] in marked):
        characters = sanitize("".join(character for _position, character in run))
        yield style_error(characters) if is_wrong else characters


def _at_fault(problem: Problem, mrz: Mrz | None) -> Sequence[Span]:
    """What to mark. In a line that was mended before it was read, the place where it was."""
    if problem.code != "bad_length" or mrz is None:
        return problem.spans
    return [Span(c.line, c.position, c.position + max(len(c.new), 1)) for c in problem.corrections]


def _to_look_at(problem: Problem, mrz: Mrz | None) -> Sequence[Span]:
    """The very characters of a date, where one correction is the likeliest; else all that is at fault.

    A number is compared as a whole: many readings of it fit.
    """
    if problem.field not in _DATES or not problem.corrections or problem.corrections[0].others:
        return _at_fault(problem, mrz)
    best = problem.corrections[0]
    return [Span(best.line, best.position, best.position + max(len(best.new), 1))]


# Field by field.


class _Row(NamedTuple):
    """`belief`: how far the value can be believed, and how that looks."""

    label: str
    value: str
    belief: str = ""
    style: Callable[[str], str] = str


def _rows(checked: CheckedDocument) -> Iterator[str]:
    """Label, value and belief of each field; the belief stands below the value where the screen is too narrow."""
    rows = list(_table(checked))
    if plain():
        yield from (f"{row.label}: {', '.join(filter(None, (row.value, row.belief)))}" for row in rows)
        return
    label_width = max((width(row.label) for row in rows), default=0)
    room = (columns() - 1 if sys.stdout.isatty() else _ENDLESS) - label_width - len(_GAP) * 3
    value_width = max((width(row.value) for row in rows if width(row.value) + width(row.belief) <= room), default=0)
    for row in rows:
        begin, belief = f"{_GAP}{pad(row.label, label_width)}{_GAP}", row.style(row.belief)
        if not row.belief:
            yield begin + row.value
        elif max(value_width, width(row.value)) + width(row.belief) <= room:
            yield f"{begin}{pad(row.value, value_width)}{_GAP}{belief}"
        else:
            yield begin + row.value
            yield " " * (label_width + 2 * len(_GAP)) + belief


def _table(checked: CheckedDocument) -> Iterator[_Row]:
    states = _states(checked)
    for item in _OF_THE_GUEST:
        value = _value(checked.guest, item.path)
        state = None if item.name in checked.typed else states.get(item.name)
        if value or state is not None:
            unknown = "-" if state in _SOUND else "?"
            shown = sanitize(_shown(item.name, value)) if value else unknown
            yield _Row(_label(checked, item), shown, *_belief(checked, item.name, state, shown))


def _label(checked: CheckedDocument, item: Field) -> str:
    passport = checked.mrz is None or checked.mrz.document_type.startswith("P")
    return text(item.label if passport else _LABELS.get(item.name, item.label))


def _value(guest: Mapping[str, Any], path: str) -> str | None:
    """What stands at a path of the contract, below the guest."""
    value: Any = {"guest": guest}
    for key in path.split("."):
        value = value[key] if value is not None else None
    return value if isinstance(value, str) else None


def _states(checked: CheckedDocument) -> Mapping[str, FieldState]:
    """How far each field of the form can be believed, as far as the MRZ has it."""
    if checked.mrz is None:
        return {}
    states = dict(checked.mrz.states)
    names = states.pop("names")
    states = {"surname": names, "given_names": names} | states
    error_line = {error.field for error in checked.errors}
    blameless = {name for name in _NAMES if states[name] not in _SOUND and BY_NAME[name].path not in error_line}
    return {
        name: FieldState.UNPROTECTED if name in blameless else state for name, state in states.items() if name in _READ
    }


def _shown(name: str, value: str) -> str:
    """A value of the contract in the reader's words."""
    if name in _STATES:
        return state_text(value)
    if name in _DATES and len(value) == _ISO_DAY:
        return day_text(date.fromisoformat(value))
    return _(SEXES[value]) if name == "sex" and value in SEXES else value


def _belief(
    checked: CheckedDocument, name: str, state: FieldState | None, shown: str
) -> tuple[str, Callable[[str], str]]:
    if state is None:
        return (_("as you typed it") if checked.mrz is not None else "", str)
    if state in _BELIEFS or name in _NAMES:
        words, style = _BELIEFS.get(state, _BELIEFS[FieldState.BAD])
        return text(words), style
    [best, *others] = next(problem.corrections for problem in checked.problems if problem.field == name)
    if others and state is not FieldState.REPAIRED:
        return _("several readings fit"), style_warning
    suggestion_line = _shown(name, best.value)
    if suggestion_line == shown:
        return _("perhaps its check digit is wrong"), style_warning
    return _("perhaps {value}").format(value=sanitize(suggestion_line)), style_warning


_BELIEFS: Mapping[FieldState, tuple[Message, Callable[[str], str]]] = {
    FieldState.OK: (msg("check digit fits"), style_success),
    FieldState.UNPROTECTED: (msg("no check digit: compare"), str),
    FieldState.BAD: (msg("wrong: compare"), style_error),
}


# Sentences.


def _errors(checked: CheckedDocument) -> Iterator[str]:
    """Each error once, and what would mend it."""
    told: list[Any] = []
    for error in checked.errors:
        if error.message in told:  # a digit in both names, for one
            continue
        told.append(error.message)
        yield error_line(text(error.message))
        problem = next((problem for problem in checked.problems if problem.message == error.message), None)
        if problem is not None:
            yield from _corrections(problem)
        elif error.suggestion:
            yield suggestion_line(error.suggestion)


def _corrections(problem: Problem) -> Iterator[str]:
    for correction in problem.corrections:
        yield suggestion_line(_told(correction))
    others = problem.corrections[0].others if problem.corrections else 0
    if others:
        yield "  " + text(
            nmsg(
                "{count} other is as likely as the first. Only the page can tell.",
                "{count} others are as likely as the first. Only the page can tell.",
                others,
            )
        )


def _told(correction: Correction) -> str:
    """What the field would say, and which character changes."""
    value = corrected_text(correction)
    if max(len(correction.old), len(correction.new)) > _LONGEST_EDIT:
        return value
    if not correction.old:
        change = _("{new} was left out, line {line}, character {position}")
    elif not correction.new:
        change = _("{old} is too many, line {line}, character {position}")
    else:
        change = _("{new} in place of {old}, line {line}, character {position}")
    told = change.format(
        new=correction.new, old=correction.old, line=correction.line + 1, position=correction.position + 1
    )
    return f"{value} ({told})" if value else told


def corrected_text(correction: Correction) -> str:
    """What the corrected field says, in the reader's words; empty where it says nothing."""
    if correction.field == COMPOSITE:
        return ""
    if correction.field == "names":
        return ", ".join(filter(None, split_names(correction.value)))
    return _shown(correction.field, correction.value)


def _warnings(checked: CheckedDocument) -> Iterator[str]:
    yield from (warning_line(text(warning.message)) for warning in checked.warnings)


def _notes(checked: CheckedDocument) -> Iterator[str]:
    """What was changed to read the lines, and what the page may show where the lines cannot."""
    if checked.mrz is None:
        return
    notes = [_NORMALISED[change] for change in checked.mrz.changes]
    if checked.mrz.long_number in _LONG_NUMBERS:
        notes.append(_LONG_NUMBERS[checked.mrz.long_number])
    yield from (_noted(text(note)) for note in notes)
    for name, forms in checked.printed.items():
        if forms and name not in checked.typed:
            said = _("{field}: the page may print {forms}.").format(
                field=text(BY_NAME[name].label), forms=", ".join(map(sanitize, forms))
            )
            yield _noted(said)


def _noted(what: str) -> str:
    return what if plain() else f"- {what}"


def _verdict(checked: CheckedDocument) -> str:
    if checked.valid:
        return style_success(_("Valid: nothing is wrong with what was given."))
    count = len(checked.errors)
    return style_error(text(nmsg("Not valid: {count} thing is wrong.", "Not valid: {count} things are wrong.", count)))
