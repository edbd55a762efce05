"""Every statement that the outbox executes on a server: its plan, where other properties have a long history too."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
import pytest
from outbox_helpers import NOON, sealer
from outbox_methods import LIST_ALL, METHODS, fill
from outbox_stores import AnyOutbox
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox

from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.postgres.store import PostgresOutbox

OTHERS, FINISHED = 9, 3000
"""The number of other properties, and of the finished reports of each."""

_COPIES = f"""
    INSERT INTO reports (property, id, short_id, stay_id, kind, state, created_at, due_at, content, calls, guest_tag,
        first_night, last_morning, photo_state, receipt_number, receipt_issued_at, state_mac)
    SELECT 'house' || house, id, short_id, stay_id, kind, state, created_at, due_at, content, calls, guest_tag,
        first_night, last_morning, photo_state, receipt_number,
        receipt_issued_at, state_mac FROM reports, generate_series(1, {OTHERS}) AS house WHERE state = 'accepted'
"""  # noqa: S608  a constant

_INDEXES = "reports_(?:pkey|property_id_key|short_id|stay|created|kept|guest|nights|receipt)|audit_(?:pkey|report)"
WHOLE = re.compile(
    r"Seq Scan on (?:reports|audit)\b"
    # By the property alone, and not by an index of what is open. A backward one reads the last row.
    rf"|Scan (?:using|on) (?:{_INDEXES})\b[^\n]*\n\s+"
    r"Index Cond: \(property = current_setting\('apoa.property'::text, true\)\)$",
    re.MULTILINE,
)
"""Parts of plans that read all reports, or all of the property."""


class Explaining(PostgresDatabase):
    """A database that keeps the plan of each statement."""

    plans: list[str]

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = (), /) -> psycopg.Cursor[Any]:
        if self.in_transaction:
            self._explain(statement, values)
        return super().execute(statement, values)

    def executemany(
        self, statement: str, rows: Iterable[Sequence[Any]] | Iterable[Mapping[str, Any]], /
    ) -> psycopg.Cursor[Any]:
        found: Any = list(rows)
        for row in found[:1]:
            self._explain(statement, row)
        return super().executemany(statement, found)

    def _explain(self, statement: str, values: Sequence[Any] | Mapping[str, Any]) -> None:
        plan = super().execute(f"EXPLAIN {statement}", values).fetchall()
        self.plans.append("\n".join([statement, *(line for (line,) in plan)]))


@pytest.fixture
def filled(postgres_outbox: SharedOutbox) -> Iterator[PostgresOutbox]:
    """A queue as on any day, and years of finished reports, of this property and of others."""
    shared = postgres_outbox
    with shared.open() as outbox:
        fill(outbox, FINISHED)
    shared.change(
        "UPDATE reports SET state_mac = '', receipt_number = seq::text, receipt_issued_at = 1 "
        "WHERE photo_state = 'sent'"
    )
    shared.change(_COPIES)
    shared.change("ANALYZE")
    address = shared.cluster.address(shared.database, PROPERTY)
    with PostgresOutbox(Explaining(address, PROPERTY, PASSWORD, TimeLimits(answer=20.0)), sealer()) as outbox:
        yield outbox


def whole(outbox: PostgresOutbox, method: Callable[[AnyOutbox], object]) -> list[str]:
    """The plans of a method that read all reports or events, of the server or of the property."""
    db: Any = outbox._postgres
    db.plans = []
    method(outbox)
    return [plan for plan in db.plans if WHOLE.search(plan)]


def test_no_statement_reads_all_reports(filled: PostgresOutbox) -> None:
    """Each step of each plan finds rows of the property, or reads an index that contains only open reports."""
    assert {name: plans for name, method in METHODS.items() if (plans := whole(filled, method))} == {}


def test_the_whole_history_is_read_if_asked_for(filled: PostgresOutbox) -> None:
    """And only that of the property. This also shows that it would be noticed."""
    for method in LIST_ALL.values():
        [plan] = whole(filled, method)
        assert "Seq Scan" not in plan


def test_the_daily_search_reads_only_what_is_not_erased(postgres_outbox: SharedOutbox, filled: PostgresOutbox) -> None:
    """By its own index: years of erased history cost nothing."""
    postgres_outbox.change("UPDATE reports SET erased_at = 1, content = NULL WHERE photo_state = 'sent'")
    postgres_outbox.change("VACUUM ANALYZE")
    [plan] = whole(filled, lambda outbox: outbox.eraser.is_due(NOON, NOON))
    assert re.search("Scan (using|on) reports_kept", plan)
