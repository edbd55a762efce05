"""Loads the reader of photos when a command needs it: its libraries are an extra, and importing them takes long."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from apoa_client.scan.errors import ScanMissing

if TYPE_CHECKING:
    from apoa_client.scan.photo_reader import PhotoReader


def load_reader(seconds: Callable[[], float]) -> "PhotoReader":
    """Return the reader, with a clock that only goes forward. Raises `ScanMissing` without the extra `scan`."""
    try:
        from apoa_client.scan.photo_reader import PhotoReader
    except ImportError:
        raise ScanMissing from None
    return PhotoReader(seconds)
