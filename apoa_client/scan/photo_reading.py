"""What a picture says, why none can be read, and what several shots of one page say together.

Shots are put together character by character: two photos of a passport are one guest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from apoa_client.errors import DataRefused, SettingsProblem, install_advice
from apoa_client.messages import Message, msg
from apoa_client.passport.check_digits import failing_checks, long_number
from apoa_client.passport.layouts import layout_of

_FEWEST_ALIKE = 0.8
"""The part of the characters that shots of one page read alike, where the document number is not read in both."""

Place = tuple[int, int]


@dataclass(frozen=True)
class PhotoReading:
    """What a picture says.

    Args:
        lines: The lines of the zone, from the first to the last; empty if none was found.
        doubtful: The places, as (line, column) from 0, at which another character is possible.
        sure: Whether all check digits are right, all codes exist, both passes agree, nothing is doubtful, and no
            other document is in the picture.
        elapsed_ms: How long it took, in milliseconds.
        hint: How to photograph the page better; None if all is sure.
        evidence: The picture as a JPEG, as `pictures.evidence` returns it; None unless it was asked for.
        others: What other documents in the picture say. Then no reading is sure: which is the guest's is not known.

    """

    lines: tuple[str, ...] = field(repr=False)
    doubtful: tuple[tuple[int, int], ...]
    sure: bool
    elapsed_ms: int
    hint: Message | None = None
    evidence: bytes | None = field(default=None, repr=False)
    others: tuple["PhotoReading", ...] = ()

    @property
    def zones(self) -> int:
        """How many documents the picture shows."""
        return bool(self.lines) + len(self.others)


class PictureRefused(DataRefused):
    """The file cannot be read as a picture. The message has no part of the file."""

    name = "picture_refused"
    advice: Message | None = msg("Take a photo of the whole passport page, as JPEG or PNG, and try it again.")


class ScanMissing(SettingsProblem):
    """The libraries of the extra `scan` are not installed."""

    name = "scan_missing"

    def __init__(self) -> None:
        super().__init__(
            msg("The libraries for photos are not installed. Without them, type the lines with --mrz."),
            install_advice("scan"),
        )


def pages_of(shots: Iterable[tuple[Path, PhotoReading]]) -> list[tuple[PhotoReading, list[Path]]]:
    """Return a reading of each page, with the files of its shots. A picture of several documents stays by itself."""
    found: list[tuple[PhotoReading, list[Path]]] = []
    for file, shot in shots:
        same = (number for number, (page, _files) in enumerate(found) if _is_one_page(page, shot))
        number = next(same, None)
        if number is None:
            found.append((shot, [file]))
        else:
            page, files = found[number]
            found[number] = (_together(page, shot), [*files, file])
    return found


def _is_one_page(one: PhotoReading, other: PhotoReading) -> bool:
    """Return whether two readings are of one document: its number is the same, or all that is read without doubt."""
    if one.others or other.others or not one.lines or [*map(len, one.lines)] != [*map(len, other.lines)]:
        return False
    numbers = {_number(one), _number(other)}
    if None not in numbers:
        return len(numbers) == 1
    different = set(_different(one, other))
    most = (1 - _FEWEST_ALIKE) * sum(map(len, one.lines))
    return len(different) <= most and different <= {*one.doubtful, *other.doubtful}


def _number(reading: PhotoReading) -> tuple[str, str] | None:
    """Return the issuing state and the whole document number; None if it has none, or its check digit is wrong."""
    text = "".join(reading.lines)
    layout = layout_of(reading.lines, text)
    if layout is None or "document_number" in failing_checks(layout, text):
        return None
    long = long_number(layout, text)
    number = long.number if long is not None else text[layout.at(layout.by_name["document_number"].span)]
    return (layout.by_name["issuing_state"].span.of(reading.lines), number) if number.strip("<") else None


def _different(one: PhotoReading, other: PhotoReading) -> Iterator[Place]:
    for number, (line, same) in enumerate(zip(one.lines, other.lines, strict=True)):
        yield from ((number, column) for column in range(len(line)) if line[column] != same[column])


def _together(one: PhotoReading, other: PhotoReading) -> PhotoReading:
    """Return what two shots of one page say together.

    What one reads without doubt and both alike is not doubtful; what they read differently is, and it is said as the
    one that is not in doubt reads it. Two that are not sure never become sure: both were read by the same networks.
    """
    lines = [list(line) for line in one.lines]
    different = set(_different(one, other))
    for line, column in different.intersection(one.doubtful).difference(other.doubtful):
        lines[line][column] = other.lines[line][column]
    doubtful = tuple(sorted(different.union(set(one.doubtful).intersection(other.doubtful))))
    read = tuple(map("".join, lines))
    better = min(one, other, key=lambda each: (not each.sure, len(each.doubtful)))
    sure = better.sure and not doubtful
    return replace(
        better,
        lines=read,
        doubtful=doubtful,
        sure=sure,
        elapsed_ms=one.elapsed_ms + other.elapsed_ms,
        hint=None if sure else one.hint or other.hint,
    )
