"""Lines that are too short or too long: which characters were probably lost or doubled.

A line without check digits tells little: only fillers at its end, or after the document code, can be guessed. In one
with check digits a lost character is found by trying, since all of them must fit again.
"""

from collections.abc import Iterator
from datetime import date

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.passport.layouts import Kind, Layout
from apoa_client.passport.problems import Correction
from apoa_client.passport.repair import value_of
from apoa_client.passport.states import by_code
from apoa_client.passport.verify import failing_checks

LIMIT = 5

_MOST = 4
"""How many characters may be lost or doubled and still be looked for."""


def resized(layout: Layout, lines: tuple[str, ...], index: int, today: date) -> tuple[Correction, ...]:
    """Corrections of line `index` that give it its length, best first; none where nothing is likely.

    The other lines have the right length, and all characters are the MRZ's.
    """
    missing = layout.length - len(lines[index])
    if not 0 < abs(missing) <= _MOST:
        return ()
    protected = any(field.digit is not None for field in layout.fields if field.span.line == index)
    fits = _checks_fit if protected else _looks_right
    for edits in _attempts(lines[index], index, missing):
        found: dict[str, Correction] = {}
        for edit in edits:
            if edit.value not in found and fits(layout, (*lines[:index], edit.value, *lines[index + 1 :]), today):
                found[edit.value] = edit
        if found:
            return _few(tuple(found.values()), protected=protected)
    return ()


def _few(found: tuple[Correction, ...], *, protected: bool) -> tuple[Correction, ...]:
    """Without check digits the guess nearest to the end; with them all that fit, unless they are too many to help."""
    if not protected:
        return found[:1]
    return found if len(found) <= LIMIT else ()


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


def _checks_fit(layout: Layout, lines: tuple[str, ...], today: date) -> bool:
    """All check digits fit, and the dates exist."""
    return not failing_checks(layout, lines) and all(value_of(f, lines, today) is not None for f in layout.fields)


def _looks_right(layout: Layout, lines: tuple[str, ...], _today: date) -> bool:
    """A first line without check digits: its code and state are known, and it ends in fillers as nearly all do."""
    states = [field.span.of(lines) for field in layout.fields if field.kind is Kind.STATE and field.span.line == 0]
    return lines[0][0] in layout.codes and all(by_code(s.rstrip("<")) for s in states) and lines[0].endswith("<")
