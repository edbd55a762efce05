"""Values kept once for the property: each outlives the process, and what another program wrote is no value."""

from datetime import timedelta
from typing import Any

import pytest
from outbox_helpers import HOUR, NOON
from outbox_stores import AnyOutbox, Store

from apoa_client.errors import OutboxDamaged
from apoa_client.outbox.sql import metadata
from apoa_client.outbox.sql.metadata import VALUES, Value
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.state import FolderBackups, ScheduledRun, Suspension

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
