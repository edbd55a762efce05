"""Reads the machine-readable zone of a document from a picture file, and says how to photograph it better.

The picture is read on this computer and is not changed. Source: ICAO Doc 9303-3 §4.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np

from apoa_client.scan.hints import hint
from apoa_client.scan.judgement import Judgement, judge
from apoa_client.scan.line_reader import LAYERS as READER_LAYERS
from apoa_client.scan.network import load
from apoa_client.scan.photo_reading import PhotoReading
from apoa_client.scan.pictures import evidence, open_picture
from apoa_client.scan.zone_finder import LAYERS as FINDER_LAYERS
from apoa_client.scan.zone_reader import Networks, ReadLine, read_zone

_WEIGHTS = Path(__file__).resolve().parent / "weights"
_READERS = ("first", "second")


class PhotoReader:
    """Reads pictures, one after the other; the networks are loaded once."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        """Use `seconds`, a clock that only goes forward, for `PhotoReading.elapsed_ms`."""
        self._seconds = seconds
        self._networks = Networks(
            load(_WEIGHTS / "finder.npz", FINDER_LAYERS),
            tuple(load(_WEIGHTS / f"{name}.npz", READER_LAYERS) for name in _READERS),
        )

    def read(self, content: bytes, today: date, *, with_evidence: bool = False) -> PhotoReading:
        """Return what the picture in a file says, given its content. Raises `PictureRefused` if it cannot be read."""
        began = self._seconds()
        picture = open_picture(content)
        lines = read_zone(self._networks, picture)
        judgement = _judgement(lines, today)
        return PhotoReading(
            lines=judgement.lines,
            doubtful=judgement.doubtful,
            sure=judgement.sure,
            strips=tuple(line.strip.astype(np.uint8).tobytes() for line in lines),
            elapsed_ms=round((self._seconds() - began) * 1000),
            hint=None if judgement.sure else hint(picture, lines),
            evidence=evidence(content) if with_evidence else None,
        )


def _judgement(lines: list[ReadLine], today: date) -> Judgement:
    if not lines:
        return Judgement((), (), sure=False)
    return judge(np.asarray([[reading.likelihoods for reading in line.passes] for line in lines], np.float64), today)
