"""Reads the state of every property that a login may see, in one statement, from the views of `migrations`."""

# Annotations stay text, as in `outbox.sql.store`.
from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Self

from apoa_client.errors import StorageProblem
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.postgres.schema import check_version
from apoa_client.outbox.rows import ENTRY_COLUMNS, entry_from_row, millis
from apoa_client.outbox.sql.metadata import LAST_BACKUP, SCHEDULED_RUN
from apoa_client.outbox.sql.queries import DRAFT_WAITS, NUMBERLESS, OPEN, by_own_clock, clock_lead, later
from apoa_client.outbox.sql.summary import KEYS, StoredSummary, summary_from
from apoa_client.ports.state import Overview

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from apoa_client.outbox.postgres.connection import TimeLimits
    from apoa_client.ports.entries import Entry
    from apoa_client.settings.outbox_address import ServerAddress

_KEYS = ", ".join(f"'{key}'" for key in (*KEYS, SCHEDULED_RUN.key, LAST_BACKUP.key))

# Each part reads an index that contains only open reports, or a table that has few rows for each property.
_OVERVIEW = f"""
    SELECT property, 'tally', state, NULL::text, reports, NULL::bigint, NULL::bigint, NULL::bigint FROM readable_tally
    UNION ALL
    SELECT property, 'memo', key, value, NULL, NULL, NULL, NULL FROM readable_memo WHERE key IN ({_KEYS})
    UNION ALL
    SELECT property, 'open', NULL, NULL, count(*) FILTER (WHERE due_at < :now),
        count(*) FILTER (WHERE due_at >= :now AND due_at < :soon), min(due_at), max(lease_until)
    FROM readable_reports WHERE {OPEN} GROUP BY property
    UNION ALL
    SELECT property, 'drafts', NULL, NULL, count(*), NULL, NULL, NULL
    FROM readable_drafts WHERE {DRAFT_WAITS.replace("?", ":now")} GROUP BY property
    UNION ALL
    SELECT property, 'numberless', NULL, NULL, count(*), NULL, NULL, NULL
    FROM readable_reports WHERE {NUMBERLESS} GROUP BY property
    UNION ALL
    SELECT property, 'uncoded', NULL, NULL, count(*), NULL, NULL, NULL
    FROM readable_reports WHERE mac IS NULL GROUP BY property
"""  # noqa: S608  constants
_NOTHING_OPEN = (0, 0, None, None)

# The order of `desk.attention.most_urgent`.
_URGENT = f"""
    SELECT property, {ENTRY_COLUMNS}, total FROM (
        SELECT *, count(*) OVER (PARTITION BY property) AS total,
            row_number() OVER (PARTITION BY property ORDER BY COALESCE(due_at, :now), seq) AS place
        FROM readable_reports WHERE {OPEN} AND (due_at IS NOT NULL OR state = 'rejected')) AS urgent
    WHERE place <= :limit ORDER BY property, place
"""  # noqa: S608  constants


class SharedOverview:
    """An open connection that reads about every property of a login. Close it."""

    def __init__(self, db: PostgresDatabase) -> None:
        self._db = db

    @classmethod
    def open(cls, address: ServerAddress, password: str | None, limits: TimeLimits | None = None) -> Self:
        """Connect, and check that the database is an outbox of this version. Raises as `PostgresOutbox.open` does."""
        db = PostgresDatabase(address, "", password, limits)
        try:
            check_version(db)
        except BaseException:
            db.close()
            raise
        return cls(db)

    @property
    def place(self) -> str:
        """The address of the outbox, for messages."""
        return self._db.place

    def overviews(self, *, now: datetime, soon: datetime) -> dict[str, Overview | StorageProblem]:
        """Return the state of each property by its name, or why that one cannot be read or was moved elsewhere."""
        tallies, memos, numbers = (defaultdict[str, dict[str, Any]](dict) for _kind in range(3))
        with self._db.read_errors(), self._db.snapshot():
            lead = clock_lead(self._db, now)
            values = {"now": millis(now), "soon": millis(soon)}
            for name, part, key, text, first, second, third, fourth in self._db.execute(_OVERVIEW, values):
                if part == "tally":
                    tallies[name][key] = first
                elif part == "memo":
                    memos[name][key] = text
                else:
                    numbers[name][part] = first, second, third, fourth
        return {name: self._checked(tally, memos[name], numbers[name], lead) for name, tally in tallies.items()}

    def _checked(
        self,
        tally: Mapping[str, int],
        metadata: Mapping[str, str],
        numbers: Mapping[str, Sequence[Any]],
        lead: timedelta,
    ) -> Overview | StorageProblem:
        """Return the state of a property, or why it cannot be read."""
        try:
            with self._db.read_errors():
                return _overview(tally, metadata, numbers, lead)
        except StorageProblem as exc:
            return exc

    def urgent(self, now: datetime, limit: int) -> dict[str, tuple[list[Entry], int]]:
        """Return the most urgent open reports of each property that has any, and how many there are.

        They are those of `desk.attention.most_urgent`, at most `limit` of each property.
        """
        found: dict[str, tuple[list[Entry], int]] = {}
        with self._db.read_errors():
            rows = self._db.execute(_URGENT, {"now": millis(now), "limit": limit}).fetchall()
            entries = by_own_clock(self._db, lambda: now, [entry_from_row(row[1:-1]) for row in rows])
        for (name, *_values, total), entry in zip(rows, entries, strict=True):
            found.setdefault(name, ([], total))[0].append(entry)
        return found

    def close(self) -> None:
        """Close the connection. Closing twice does no harm."""
        self._db.close()


def _overview(
    tally: Mapping[str, int], metadata: Mapping[str, str], numbers: Mapping[str, Sequence[Any]], lead: timedelta
) -> Overview:
    """Return the state of a property; its times to wait for are as long before as the database's clock is ahead."""
    overdue, due_soon, next_due, lease_until = numbers.get("open", _NOTHING_OPEN)
    stored = StoredSummary(
        tally=tally,
        metadata=metadata,
        overdue=overdue,
        due_soon=due_soon,
        next_due=next_due,
        lease_until=lease_until,
        drafts=numbers["drafts"][0] if "drafts" in numbers else 0,
        without_number=numbers["numberless"][0] if "numberless" in numbers else 0,
        uncoded=numbers["uncoded"][0] if "uncoded" in numbers else 0,
    )
    [summary] = later([summary_from(stored)], -lead)
    return Overview(summary, SCHEDULED_RUN.of(metadata), LAST_BACKUP.of(metadata))
