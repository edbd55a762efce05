"""Lines that are too short or too long: which characters were probably lost or doubled.

Fillers are miscounted most, and any number of them. In a line without check digits only fillers can be guessed, at its
end or after the document code. In a line with check digits the lost characters are found by trying, because all check
digits must fit again.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.passport.layouts import Check, Kind, Layout
from apoa_client.passport.problems import Correction
from apoa_client.passport.repair import LIMIT, field_value
from apoa_client.passport.states import by_code
from apoa_client.passport.verify import failing_checks

_MAX_DIFFERENCE = 4
"""How many characters other than fillers may be doubled, or how short a name's line without << may be."""

_FILLERS = re.compile("<+")


def repaired_line(layout: Layout, lines: Sequence[str], index: int, today: date) -> tuple[Correction, ...]:
    """Return corrections that give line `index` its length, best first; empty where none is likely.

    All characters are in the alphabet. Other lines of a wrong length are not looked at; where a check digit covers one
    of them and line `index`, no correction can be found. The corrections' values are whole lines.
    """
    line, missing = lines[index], layout.length - len(lines[index])
    known = [line if len(line) == layout.length else "" for line in lines]
    covered = [covered for check in layout.checks if index in (covered := _lines_of(layout, check))]
    if any(other != index and not known[other] for others in covered for other in others):
        return ()
    protected = bool(covered)
    if not protected and missing > _MAX_DIFFERENCE and "<<" not in line:
        return ()  # the rest of the names may be missing
    attempts = (
        _attempts(line, index, missing) if protected or missing < 0 else _fillers_at_the_end(line, index, missing)
    )
    for edits in attempts:
        found: dict[str, Correction] = {}
        for edit in edits:
            known[index] = edit.value
            is_likely = protected or edit.value.endswith("<")
            if edit.value not in found and is_likely and _is_consistent(layout, known, today):
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
    """Yield groups of edits, the likeliest group first.

    Rows of fillers have the wrong length: one, or two. Otherwise characters were doubled, or fillers were left out in
    another place, or there and in a row, or one other character was left out.
    """
    rows = [row.span() for row in _FILLERS.finditer(line)][::-1]
    yield _changed_rows(line, index, missing, [(row,) for row in rows])
    yield _changed_rows(line, index, missing, [(first, second) for second, first in combinations(rows, 2)])
    if missing < 0:
        if -missing <= _MAX_DIFFERENCE:
            starts = range(len(line) + missing, -1, -1)
            yield (_edit(line, index, start, line[start : start - missing], "") for start in starts)
        return
    places = [(position, position) for position in range(len(line), -1, -1)]
    yield _changed_rows(line, index, missing, [(place,) for place in places])
    within = {position for start, end in rows for position in range(start, end + 1)}
    others = [place for place in places if place[0] not in within]
    pairs = [(min(row, other), max(row, other)) for row in rows for other in others]
    yield _changed_rows(line, index, missing, pairs)
    if missing == 1:
        yield (_edit(line, index, place[0], "", new) for new in ALPHABET[:-1] for place in places)


def _changed_rows(
    line: str, index: int, missing: int, choices: Iterable[tuple[tuple[int, int], ...]]
) -> Iterator[Correction]:
    """Yield the edits that make rows of fillers longer, or shorter, each choice of one row or of two in turn."""
    sign = 1 if missing > 0 else -1
    for (start, end), *others in choices:
        if not others:
            change = "<" * abs(missing)
            if missing > 0:
                yield _edit(line, index, end, "", change)
            elif end - start >= len(change):
                yield _edit(line, index, end - len(change), change, "")
        for second, second_end in others:
            between = line[end:second]
            for count in range(1, abs(missing)):
                lengths = end - start + sign * count, second_end - second + missing - sign * count
                if min(lengths) >= 0:
                    new = "<" * lengths[0] + between + "<" * lengths[1]
                    yield _edit(line, index, start, line[start:second_end], new)


def _fillers_at_the_end(line: str, index: int, missing: int) -> Iterator[Iterator[Correction]]:
    """Yield the edits that add fillers to a line without check digits: at its end, and also after the document code."""
    yield iter([_edit(line, index, len(line), "", "<" * missing)])
    if missing == 1:
        yield iter([_edit(line, index, 1, "", "<")])
    else:
        yield iter([_edit(line, index, 1, line[1:], "<" + line[1:] + "<" * (missing - 1))])


def _edit(line: str, index: int, position: int, old: str, new: str) -> Correction:
    return Correction("mrz", index, position, old, new, line[:position] + new + line[position + len(old) :])


def _lines_of(layout: Layout, check: Check) -> frozenset[int]:
    """Return the lines in which a check digit and the characters that it covers are, without a long number's rest."""
    return frozenset(position // layout.length for position in (*check.positions, check.digit))


def _is_consistent(layout: Layout, lines: Sequence[str], today: date) -> bool:
    """Return whether all check digits fit, the dates exist, there are names, and document code and states are known.

    Empty lines are unknown.
    """
    text = "".join([line or "<" * layout.length for line in lines])
    failing = failing_checks(layout, text)
    if any(all(lines[line] for line in _lines_of(layout, layout.check[name])) for name in failing):
        return False
    for field in layout.fields:
        if not lines[field.span.line]:
            continue
        value = field_value(layout, text, field.name, today)
        is_unknown_state = field.kind is Kind.STATE and value and by_code(value) is None
        if value is None or is_unknown_state or (field.name == "names" and not value):
            return False
    return not lines[0] or text[0] in layout.codes
