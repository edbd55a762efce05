"""Every life that a stay can have: what the desk lets people do never makes a report that the authority must refuse."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from conftest import FixedClock
from delivery_helpers import Hotel
from delivery_processes import Tactless, made
from delivery_staff import Chance, Staff
from outbox_helpers import stay_id

from apoa_client.ports import Entry, Selection
from apoa_client.report.kinds import State

STEPS = (("check_out", 0), ("amend", 0), ("cancel", 0), ("take_back", -1), ("take_back", -2))
"""What is done to a stay; the numbers say which of its reports is meant, from the last one on."""
MOST_STEPS = 4
LIVES = list(product(STEPS, repeat=MOST_STEPS))


@pytest.fixture
def hotel(tmp_path: Path, clock: FixedClock) -> Iterator[Hotel]:
    """A property with an authority that is strict about the order of a stay's reports."""
    opened = Hotel(tmp_path / "outbox.db", clock, Tactless())
    yield opened
    opened.close()


def live(hotel: Hotel, syncs: set[int], script: str) -> None:
    """A stay for each life; all of them take a step, and before some steps there is a sync."""
    staff = Staff(hotel.outbox, hotel.clock, Chance())
    for stay in range(len(LIVES)):
        staff.welcomes(made(stay, stay)).carry_out()
    for number, steps in enumerate(zip(*LIVES, strict=True)):
        hotel.authority.script(script)
        if number in syncs:
            hotel.sync()
        decisions = [staff.decides(stay_id(stay), *step) for stay, step in enumerate(steps)]
        for decision in filter(None, decisions):
            decision.carry_out()


def told(hotel: Hotel, stay: int) -> list[Entry]:
    """What stands of a stay."""
    entries = hotel.outbox.entries(Selection(stay_id=stay_id(stay)))
    return [entry for entry in entries if entry.state not in {State.SUPERSEDED, State.WITHDRAWN}]


@pytest.mark.parametrize("script", ["", "lost", "offline"])
@pytest.mark.parametrize(
    "syncs", [{1}, *(pytest.param(each, marks=pytest.mark.slow) for each in ({0, 2}, {0, 1, 2, 3}))]
)
def test_every_life_of_a_stay(hotel: Hotel, syncs: set[int], script: str) -> None:
    """On the line and off it, whatever was lost on the way: nothing is refused, and both sides have the same of it."""
    live(hotel, syncs, script)
    authority = hotel.authority
    assert isinstance(authority, Tactless)
    authority.calm()
    for _run in range(MOST_STEPS + 1):
        hotel.wait(days=1)
        hotel.sync()
    for stay, life in enumerate(LIVES):
        entries = told(hotel, stay)
        assert {entry.state for entry in entries} <= {State.ACCEPTED}, life
        assert authority.kinds(stay_id(stay)) == [entry.kind.value for entry in entries], life
