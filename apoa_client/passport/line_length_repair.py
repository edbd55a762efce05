"""Lines that are too short or too long: which characters were probably lost or doubled.

A line without check digits tells little: only fillers at its end, or after the document code, can be guessed. In one
with check digits a lost character is found by trying, since all of them must fit again.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.passport.layouts import Kind, Layout
from apoa_client.passport.problems import Correction
from apoa_client.passport.repair import field_value
from apoa_client.passport.states import by_code
from apoa_client.passport.verify import failing_checks

LIMIT = 5

_MOST = 4
"""How many characters may be lost or doubled and still be looked for."""


def repaired_line(layout: Layout, lines: tuple[str, ...], index: int, today: date) -> tuple[Correction, ...]:
    """Corrections of line `index` that give it its length, best first; none where nothing is likely.

    The other lines have the right length, and all characters are the MRZ's. The corrections' values are whole lines.
    """
    missing = layout.length - len(lines[index])
    if not 0 < abs(missing) <= _MOST:
        return ()
    start = index * layout.length
    protected = not layout.covered.isdisjoint(range(start, start + layout.length))
    for edits in _attempts(lines[index], index, missing):
        found: dict[str, Correction] = {}
        for edit in edits:
            text = "".join((*lines[:index], edit.value, *lines[index + 1 :]))
            if edit.value not in found and _holds(layout, text, today) and (protected or _ends_well(layout, edit)):
                found[edit.value] = edit
        if found:
            return _few(tuple(found.values()), protected=protected)
    return ()


def _few(found: tuple[Correction, ...], *, protected: bool) -> tuple[Correction, ...]:
    """Without check digits the guess nearest to the end; with them all that fit, unless they are too many to help.

    Many fit where no check digit covers the line's end: if fillers at the end do, they are the likeliest.
    """
    if not protected or (len(found) > LIMIT and _at_the_end(found[0])):
        return found[:1]
    return tuple(replace(one, others=len(found) - 1) for one in found) if len(found) <= LIMIT else ()


def _at_the_end(edit: Correction) -> bool:
    return not (edit.old + edit.new + edit.value[edit.position :]).strip("<") and edit.value.endswith("<")


def _attempts(line: str, index: int, missing: int) -> Iterator[Iterator[Correction]]:
    """Fillers first: nobody counts them well. Anything else only one at a time."""
    if missing < 0:
        yield _removals(line, index, -missing)
        return
    yield _insertions(line, index, ("<" * missing,))
    if missing == 1:
        yield _insertions(line, index, tuple(ALPHABET[:-1]))


def _removals(line: str, index: int, count: int) -> Iterator[Correction]:
    for position in range(len(line) - count, -1, -1):
        yield _edit(line, index, position, line[position : position + count], "")


def _insertions(line: str, index: int, texts: tuple[str, ...]) -> Iterator[Correction]:
    for new in texts:
        for position in range(len(line), -1, -1):
            yield _edit(line, index, position, "", new)


def _edit(line: str, index: int, position: int, old: str, new: str) -> Correction:
    return Correction("mrz", index, position, old, new, line[:position] + new + line[position + len(old) :])


def _holds(layout: Layout, text: str, today: date) -> bool:
    """All check digits fit, the dates exist, and code and states are known."""
    if failing_checks(layout, text) or text[0] not in layout.codes:
        return False
    for field in layout.fields:
        value = field_value(layout, text, field.name, today)
        if value is None or (field.kind is Kind.STATE and value and by_code(value) is None):
            return False
    return True


def _ends_well(layout: Layout, edit: Correction) -> bool:
    """Names end in fillers, as nearly all do, and so does a guess about a line that nothing protects."""
    return len(edit.value) == layout.length and edit.value.endswith("<")
