"""The mark of an outbox that is moved to another place: from it nothing is sent, and nothing is saved in it.

The place that is being filled has a mark until all is there. The one that was left has it for good.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING

from apoa_client.outbox.errors import OutboxRelocated
from apoa_client.outbox.sql.metadata import read_metadata, write_metadata

if TYPE_CHECKING:
    from apoa_client.outbox.database import Database

KEY = "move"
"""The metadata's key of the mark: `from` or `to`, and the setting `outbox` of the other place."""
_FROM = "from "
_TO = "to "


def begun(other: str) -> str:
    """Return the mark of a place that is being filled from this other one."""
    return f"{_FROM}{other}"


def ended(other: str) -> str:
    """Return the mark of a place whose reports are in this other one."""
    return f"{_TO}{other}"


def read_mark(db: Database) -> str | None:
    """Return the mark; None if the outbox is in use. For use within `Database.errors`."""
    value = read_metadata(db, KEY)
    return None if value is None else str(value)


def write_mark(db: Database, mark: str | None) -> None:
    """Write the mark, or remove it (None), inside a transaction."""
    write_metadata(db, KEY, mark)


def refuse_moved(mark: object, place: str) -> None:
    """Raise `OutboxRelocated` if there is a mark."""
    if mark is not None:
        text = str(mark)
        raise OutboxRelocated(place, text.removeprefix(_TO) if text.startswith(_TO) else None)
