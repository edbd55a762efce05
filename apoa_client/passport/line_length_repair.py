"""Lines that are too short or too long: which characters were probably lost or doubled.

In a line without check digits only fillers can be guessed, at its end or after the document code. In a line with check
digits the lost character is found by trying, because all check digits must fit again.
"""

from collections.abc import Iterator
from datetime import date

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.passport.layouts import Kind, Layout
from apoa_client.passport.problems import Correction
from apoa_client.passport.repair import LIMIT, field_value
from apoa_client.passport.states import by_code
from apoa_client.passport.verify import failing_checks

_MAX_DIFFERENCE = 4
"""How many characters may be lost or doubled and still be looked for."""


def repaired_line(layout: Layout, lines: tuple[str, ...], index: int, today: date) -> tuple[Correction, ...]:
    """Return corrections that give line `index` its length, best first; empty where none is likely.

    The other lines have the right length, and all characters are in the alphabet. The corrections' values are whole
    lines.
    """
    missing = layout.length - len(lines[index])
    if not 0 < abs(missing) <= _MAX_DIFFERENCE:
        return ()
    start = index * layout.length
    protected = not layout.covered.isdisjoint(range(start, start + layout.length))
    for edits in _attempts(lines[index], index, missing):
        found: dict[str, Correction] = {}
        for edit in edits:
            text = "".join((*lines[:index], edit.value, *lines[index + 1 :]))
            is_likely = protected or (len(edit.value) == layout.length and edit.value.endswith("<"))
            if edit.value not in found and is_likely and _is_consistent(layout, text, today):
                found[edit.value] = edit
        if found:
            return _best(tuple(found.values()), protected=protected)
    return ()


def _best(found: tuple[Correction, ...], *, protected: bool) -> tuple[Correction, ...]:
    """Return the guess nearest to the end for a line without check digits, otherwise all unless they are too many.

    Many corrections fit where no check digit covers the line's end; then fillers at the end are the likeliest.
    """
    if not protected:
        return found[:1]
    if len(found) <= LIMIT:
        return tuple(each._replace(others=len(found) - 1) for each in found)
    first = found[0]
    only_fillers = not (first.old + first.new + first.value[first.position :]).strip("<")
    return (first,) if only_fillers and first.value.endswith("<") else ()


def _attempts(line: str, index: int, missing: int) -> Iterator[Iterator[Correction]]:
    """Yield groups of edits, the likeliest group first: fillers are miscounted most, other characters only singly."""
    if missing < 0:
        ends = range(len(line), -missing - 1, -1)
        yield (_edit(line, index, end + missing, line[end + missing : end], "") for end in ends)
        return
    positions = range(len(line), -1, -1)
    yield (_edit(line, index, position, "", "<" * missing) for position in positions)
    if missing == 1:
        yield (_edit(line, index, position, "", new) for new in ALPHABET[:-1] for position in positions)


def _edit(line: str, index: int, position: int, old: str, new: str) -> Correction:
    return Correction("mrz", index, position, old, new, line[:position] + new + line[position + len(old) :])


def _is_consistent(layout: Layout, text: str, today: date) -> bool:
    """Return whether all check digits fit, the dates exist, and the document code and the states are known."""
    if failing_checks(layout, text) or text[0] not in layout.codes:
        return False
    for field in layout.fields:
        value = field_value(layout, text, field.name, today)
        if value is None or (field.kind is Kind.STATE and value and by_code(value) is None):
            return False
    return True
