"""The lines of a zone, read in a picture."""

import numpy as np
import pytest
from photo_helpers import photo, photo_and_places

from apoa_client.scan import zone_reader
from apoa_client.scan.line_reader import PITCH
from apoa_client.scan.zone_reader import Networks, ReadLine, read_zone

pytestmark = pytest.mark.usefixtures("_fonts")


def _texts(lines: list[ReadLine]) -> tuple[str, ...]:
    return tuple(line.passes[0].text for line in lines)


@pytest.mark.parametrize("kind", ["clean", "perspective", "curled"])
def test_the_path_runs_through_each_character(networks: Networks, kind: str) -> None:
    """On a flat, a slanting and a bent page, a character stands every `PITCH` columns, the first after 1.5 `PITCH`."""
    picture, printed = photo_and_places(kind, 2)
    read = read_zone(networks, picture)
    assert _texts(read) == tuple(line.text for line in printed)
    for line, truth in zip(read, printed, strict=True):
        middles = line.path.centre[round(1.5 * PITCH) + PITCH * np.arange(len(truth.text))]
        apart = np.hypot(middles[:, 0] - truth.x, middles[:, 1] - truth.y)
        assert apart.max() < 0.3 * PITCH * line.path.step


def test_each_network_reads_each_line_once(networks: Networks) -> None:
    """There are as many passes as readers, and each gives a likelihood to every character of every place."""
    twice = Networks(networks.finder, networks.readers[:1] * 2)
    picture, texts = photo("clean", 2)
    read = read_zone(twice, picture)
    assert _texts(read) == texts
    assert [[one.likelihoods.shape for one in line.passes] for line in read] == [
        [(len(text), 37)] * 2 for text in texts
    ]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_page_in_any_position_is_read_from_its_first_line(networks: Networks, turns: int) -> None:
    """A page on its side and upside down gives the same lines in the same order."""
    picture, texts = photo("clean", 3)
    assert _texts(read_zone(networks, np.ascontiguousarray(np.rot90(picture, turns)))) == texts


def test_small_characters_are_searched_in_a_larger_size(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that takes a small part of a large picture is read in the second size, and not in the first."""
    picture, texts = photo("clean", 2)
    large = np.full((1300, 2000), 120, np.float32)
    large[300 : 300 + picture.shape[0], 500 : 500 + picture.shape[1]] = picture
    assert _texts(read_zone(networks, large)) == texts
    monkeypatch.setattr(zone_reader, "_SIDES", zone_reader._SIDES[:1])
    assert _texts(read_zone(networks, large)) != texts


def test_a_picture_without_lines_has_no_zone(networks: Networks) -> None:
    """The result is empty."""
    assert read_zone(networks, np.full((200, 300), 90, np.float32)) == []
