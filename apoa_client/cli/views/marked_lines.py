"""The lines of an MRZ with marks below the characters that are wrong."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import plain, sanitize, style_error
from apoa_client.cli.terminal.wrapping import width
from apoa_client.passport.layouts import Span
from apoa_client.report.checking import CheckedDocument

_MAX_SHOWN = 60
"""Characters that are shown of a line; no format's lines are longer than 44."""

_DATES = frozenset({"birth_date", "expiry_date"})


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
        is_likely = problem.field in _DATES and problem.corrections and not problem.corrections[0].others
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
    line, first, last = span.line + 1, span.start + 1, span.end
    if first >= last:
        return _("Look at line {line}, character {first}.").format(line=line, first=first)
    return _("Look at line {line}, characters {first} to {last}.").format(line=line, first=first, last=last)
