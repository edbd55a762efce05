"""The networks and the reader, loaded once."""

import pytest
from photo_helpers import needs_fonts

from apoa_client.scan.photo_reader import PhotoReader
from apoa_client.scan.zone_reader import Networks


@pytest.fixture(scope="session")
def reader() -> PhotoReader:
    """A reader whose clock stands still. Skips the test where pages cannot be printed."""
    needs_fonts()
    return PhotoReader(lambda: 0.0)


@pytest.fixture
def networks(reader: PhotoReader) -> Networks:
    """The networks that the program has."""
    return reader._networks[0]  # each takes a tenth of a second to load
