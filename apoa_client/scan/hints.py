"""Says how to photograph a page better: what a person with a telephone can change."""

from collections.abc import Sequence

import numpy as np

from apoa_client.messages import Message, msg
from apoa_client.scan.line_reader import MARGIN, PITCH, ROWS
from apoa_client.scan.sampling import Picture
from apoa_client.scan.zone_reader import ReadLine

_DARK = 60.0
"""The brightness, from 0 to 255, below which a page is too dark."""
_FEWEST_PIXELS = 7.0
"""How many pixels a character needs to be read well."""
_WHITE, _WHOLLY = 250, 0.95
_GLARE = 0.1
"""The part of a line that a reflection may cover."""
_END = round(MARGIN * PITCH)
"""The column of a strip in which the first character has its middle."""
_ROWS_OF_PRINT = slice((ROWS - PITCH) // 2, (ROWS + PITCH) // 2)
"""The rows of a strip without the paper above and below the characters."""


def hint(picture: Picture, lines: Sequence[ReadLine]) -> Message:
    """Return the most useful hint for a picture and its lines, if any were found."""
    strips = [line.strip[_ROWS_OF_PRINT] for line in lines]
    if max(float(np.percentile(part, 90)) for part in strips or [picture]) < _DARK:
        return msg("The picture is too dark. Photograph the page in more light.")
    if not lines:
        return msg("No machine-readable lines were found. Photograph the whole page with the lines at its lower edge.")
    if _are_cut_off(picture, lines):
        return msg("The lines are cut off at the edge of the picture. Photograph the whole page.")
    if any(_has_glare(strip) for strip in strips):
        return msg("A light is reflected on the lines. Tilt the page a little, and photograph it again.")
    if min(line.path.step for line in lines) * PITCH < _FEWEST_PIXELS:
        return msg("The picture was taken from too far away. Let the page fill the picture.")
    return msg("The lines are not clear enough. Lay the page flat, hold the phone still, and photograph it again.")


def _are_cut_off(picture: Picture, lines: Sequence[ReadLine]) -> bool:
    """Return whether a line ends less than a character from the picture's edge: a page has a wider margin."""
    height, width = picture.shape
    ends = [(*line.path.centre[at], line.path.step * PITCH) for line in lines for at in (_END, -1 - _END)]
    return any(not (margin <= x < width - margin and margin <= y < height - margin) for x, y, margin in ends)


def _has_glare(strip: Picture) -> bool:
    """Return whether a white spot covers several characters from top to bottom beside others that are darker."""
    white = (strip > _WHITE).mean(0) > _WHOLLY
    return float(white[_END:-_END].mean()) > _GLARE and float(np.percentile(strip, 75)) < _WHITE
