"""Values kept once for the property: each outlives the process, and what another program wrote is no value."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from basics import FixedClock
from outbox_helpers import HOUR, NOON
from outbox_stores import AnyOutbox, Store

from apoa_client.errors import OutboxDamaged
from apoa_client.outbox.sql import metadata
from apoa_client.outbox.sql.metadata import SCHEDULED_RUN, VALUES, Value
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.state import Actor, FolderBackups, ScheduledRun, Suspension
from apoa_client.report.kinds import CLOCK_TOLERANCE

EXAMPLES: dict[Value[Any], tuple[Any, Any]] = {
    metadata.SUSPENSION: (
        Suspension("wrong_password", NOON, "a1b2"),
        Suspension("suspended", NOON + HOUR, "c3"),
    ),
    metadata.DOUBTS: ((Doubt(DoubtKind.NUMBERS),), (Doubt(DoubtKind.STATE, "id"), Doubt(DoubtKind.SENDING))),
    metadata.CLOCK_SKEW: (HOUR, -timedelta(milliseconds=1)),
    metadata.WANTS_PHOTOS: (1, 0),
    metadata.NOTICE: (("abc", NOON), ("def", NOON + HOUR)),
    metadata.SCHEDULED_RUN: (ScheduledRun(NOON, 0), ScheduledRun(NOON + HOUR, 75, HOUR)),
    metadata.FOLDER_BACKUPS: (
        {"7cb2b4da": FolderBackups(None, NOON)},
        {"7cb2b4da": FolderBackups(NOON, NOON, NOON, other_disk=True), "00000000": FolderBackups()},
    ),
    metadata.CLOCK_CHECKED: ((1, 2), (3, 4)),
    metadata.TAGS_MISSING: (1, 1),
    metadata.ACCOUNT: (("Hotel Melati", "Kanim Denpasar"), ("", "")),
    metadata.PRACTICE_MOVED: (1, 2),
    metadata.PRACTICE_UNDECIDED: (["stay"], ["stay", "another"]),
}
for instant in (
    *(metadata.HOLD, metadata.LAST_CONTACT, metadata.LAST_BACKUP, metadata.LAST_PURGE, metadata.PURGE_SKIPPED),
):
    EXAMPLES[instant] = NOON, NOON + timedelta(milliseconds=1)
TEXTS = [value for value in VALUES if value not in EXAMPLES]
"""The register, the keys and the like: texts, which other modules read."""


def change(store: Store, value: Value[Any], stored: object) -> None:
    """Store this as another program may."""
    place = "CAST(? AS TEXT)" if isinstance(stored, bytes) else "?"
    store.change(f"INSERT INTO memo (key, value) VALUES ('{value.key}', {place})", stored)  # noqa: S608  keys of ours


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.key)
def test_it_outlives_the_process(store: Store, value: Value[Any]) -> None:
    """Another process reads it; a later one replaces it, and it can be removed."""
    first, second = EXAMPLES.get(value, ("first", "second"))
    with store.open() as outbox:
        assert outbox.value(value) is None
        outbox.record(value, first)
        assert outbox.value(value) == first
        outbox.record(value, second)
    with store.open() as outbox:
        assert outbox.value(value) == second
        outbox.record(value, None)
        assert outbox.value(value) is None


def test_keys_and_texts() -> None:
    """No two have one key, and whatever is no text has an example above."""
    assert len({value.key for value in VALUES}) == len(VALUES)
    assert {value.dump for value in TEXTS} == {str}


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        *((metadata.SCHEDULED_RUN, each) for each in (b"7", b"noon 0 0", b"1 2 3 4", b"1 2 99999999999999999999")),
        *((metadata.LAST_BACKUP, each) for each in ("", "noon", 1.5, 1 << 62)),
    ],
)
def test_what_nothing_waits_for_is_unknown(outbox: AnyOutbox, store: Store, value: Value[Any], stored: object) -> None:
    """No report waits for it, no command ends for it, and the next one replaces it."""
    change(store, value, stored)
    assert outbox.value(value) is None
    outbox.record(value, EXAMPLES[value][0])
    assert outbox.value(value) == EXAMPLES[value][0]


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        *((metadata.NOTICE, each) for each in (b"7", b"noon", b"1 2 3", b"noon abc")),
        *((metadata.CLOCK_CHECKED, each) for each in ("noon", "1 2 3", "\xff")),
        *((metadata.LAST_PURGE, each) for each in ("noon", "9" * 30)),
        (metadata.DOUBTS, "nonsense:id"),
    ],
)
def test_anything_else_is_damage(outbox: AnyOutbox, store: Store, value: Value[Any], stored: object) -> None:
    """Its value is not guessed."""
    change(store, value, stored)
    with pytest.raises(OutboxDamaged):
        outbox.value(value)


DAY = timedelta(days=1)
MOMENT = timedelta(milliseconds=1)


def test_the_last_run_can_be_forgotten(outbox: AnyOutbox) -> None:
    """The next one knows no interval then, else that since the run before, to the millisecond.

    After the clock was set back it is not known either.
    """
    for at in (NOON, NOON + HOUR):
        outbox.record(SCHEDULED_RUN, None)
        outbox.record_scheduled_run(at, 0)
        assert outbox.value(SCHEDULED_RUN) == ScheduledRun(at, 0)
    outbox.record_scheduled_run(at + MOMENT, 75)
    assert outbox.value(SCHEDULED_RUN) == ScheduledRun(at + MOMENT, 75, MOMENT)
    for before in (at + MOMENT, NOON):
        outbox.record_scheduled_run(before, 0)
        assert outbox.value(SCHEDULED_RUN) == ScheduledRun(before, 0)


@pytest.fixture
def box(store: Store, clock: FixedClock) -> Iterator[AnyOutbox]:
    """An outbox with a clock, and with an event from before the check."""
    clock.time = NOON - 100 * DAY
    with store.open(actor=Actor(lambda: "made", clock.now)) as opened:
        opened.record_event("logged_in")
        clock.time = NOON
        yield opened


@pytest.mark.parametrize(
    ("steps", "steady"),
    [
        ([], True),
        ([DAY], True),
        ([DAY + MOMENT], False),
        ([DAY, DAY, 3 * HOUR], True),
        ([DAY, DAY + MOMENT, HOUR], False),
        ([100 * DAY, -100 * DAY], False),
        ([-CLOCK_TOLERANCE], True),
        ([-CLOCK_TOLERANCE - MOMENT], False),
        ([HOUR, -CLOCK_TOLERANCE - MOMENT, HOUR], False),
    ],
)
def test_steps_of_the_clock_since_the_check(
    box: AnyOutbox, clock: FixedClock, steps: list[timedelta], *, steady: bool
) -> None:
    """From the check over each audit event to now, no step is longer than a day, and none goes back."""
    assert box.clock_checked_at(NOON) is None
    box.record_clock_check(NOON)
    for step in steps[:-1]:
        clock.time += step
        box.record_event("logged_in")
    now = clock.now() + sum(steps[-1:], timedelta())
    assert box.clock_checked_at(now) == (NOON if steady else None)


def test_the_authoritys_time_is_a_check(box: AnyOutbox, clock: FixedClock) -> None:
    """Also if it differs, because then the error is known; an answer without a time is no check.

    A user's check replaces what it said: the clock was set since.
    """
    box.record_contact(NOON, NOON + 3 * DAY)
    assert box.clock_checked_at(NOON + HOUR) == NOON
    box.record_contact(NOON + HOUR)
    assert box.clock_checked_at(NOON + 2 * HOUR) == NOON
    clock.forward(100 * DAY)
    box.record_event("logged_in")
    assert box.clock_checked_at(clock.now()) is None
    box.record_contact(clock.now(), NOON)
    assert box.clock_checked_at(clock.now()) == clock.now()
    assert box.summary(now=NOON, soon=NOON).clock_skew is not None
    box.record_clock_check(clock.now())
    assert box.summary(now=NOON, soon=NOON).clock_skew is None


def test_each_desk_has_a_folder_of_its_own(outbox: AnyOutbox, store: Store) -> None:
    """A shared outbox knows what is in the folder of each; of another one, or one long unused, nothing is known.

    No path is stored: a folder's name may name a person, and backups hold what the outbox knows.
    """
    for number in range(9):
        outbox.record_folder_backups(f"/media/{number}", FolderBackups(NOON + number * HOUR))
    for unknown in ("/media/0", "E:\\"):
        assert outbox.folder_backups(unknown) == FolderBackups()
    for number in range(1, 9):
        assert outbox.folder_backups(f"/media/{number}") == FolderBackups(NOON + number * HOUR)
    assert b"media" not in store.raw()
    for invalid in ("00000000", "x", "7cb2b4da 0 - -", "7cb2b4da 0 a - -", "7cb2b4da - 1 2 3"):
        store.change("UPDATE memo SET value = ? WHERE key = 'folder_backups'", invalid)
        assert outbox.folder_backups("E:\\") == FolderBackups()  # no backup waits for it
        outbox.record_folder_backups("E:\\", FolderBackups(NOON))
        assert outbox.folder_backups("E:\\") == FolderBackups(NOON)


@pytest.mark.parametrize("value", ["", "../../x", "ABCDEF", "1234567", 5])
def test_the_series_is_made_once(outbox: AnyOutbox, store: Store, value: object) -> None:
    """An outbox keeps its own. It becomes a part of a file's name: an invalid one is replaced."""
    first = outbox.backup_series()
    store.change("UPDATE memo SET value = ? WHERE key = 'backup_series'", value)
    series = outbox.backup_series()
    assert re.fullmatch("[0-9a-f]{6}", series)
    assert series != first
    with store.open() as other:
        assert other.backup_series() == series
