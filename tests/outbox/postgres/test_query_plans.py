"""Every statement that the outbox executes on a server: its plan, where other properties have a long history too."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from outbox_helpers import NOON, sealer
from outbox_methods import LIST_ALL, METHODS, UPKEEP, fill
from outbox_stores import AnyOutbox
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox

from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.database import PostgresDatabase, Result
from apoa_client.outbox.postgres.store import PostgresOutbox
from apoa_client.settings.outbox_address import ServerAddress

OTHERS, FINISHED = 9, 3000
"""The number of other properties, and of the finished reports of each."""

_COPIES = f"""
    INSERT INTO reports (property, id, short_id, stay_id, kind, state, created_at, due_at, content, calls, guest_tag,
        first_night, last_morning, photo_state, receipt_number, receipt_issued_at, mac)
    SELECT 'house' || house, id, short_id, stay_id, kind, state, created_at, due_at, content, calls, guest_tag,
        first_night, last_morning, photo_state, receipt_number,
        receipt_issued_at, mac FROM reports, generate_series(1, {OTHERS}) AS house WHERE state = 'accepted'
"""  # noqa: S608  a constant

LIMITS = TimeLimits(answer=20.0)
INDEXES = "reports_(?:pkey|property_id_key|short_id|stay|created|kept|guest|nights|receipt)|audit_(?:pkey|report)"
WHOLE = re.compile(
    r"Seq Scan on (?:reports|audit)\b"
    # By the property alone, and not by an index of what is open. A backward one reads the last row.
    rf"|Scan (?:using|on) (?:{INDEXES})\b[^\n]*\n\s+"
    r"Index Cond: \(property = current_setting\('apoa.property'::text, true\)\)$",
    re.MULTILINE,
)
"""Parts of plans that read all reports, or all of the property."""
SEQUENTIAL = re.compile(r"Seq Scan on reports\b")
"""Parts of plans that read all reports of the server."""


class Explaining(PostgresDatabase):
    """A database that keeps the plan of each statement."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.plans: list[str] = []

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = (), /) -> Result:
        if self.in_transaction:
            self._explain(statement, values)
        return super().execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]] | Iterable[Mapping[str, Any]], /) -> Result:
        found: Any = list(rows)
        for row in found[:1]:
            self._explain(statement, row)
        return super().executemany(statement, found)

    def _explain(self, statement: str, values: Sequence[Any] | Mapping[str, Any]) -> None:
        if not re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", statement):
            return
        plan = super().execute(f"EXPLAIN {statement}", values).fetchall()
        self.plans.append("\n".join([statement, *(line for (line,) in plan)]))


def explaining(address: ServerAddress) -> PostgresOutbox:
    """Open the outbox of `PROPERTY` so that the plan of each statement is kept."""
    return PostgresOutbox(Explaining(address, PROPERTY, PASSWORD, LIMITS), sealer())


def plans(outbox: PostgresOutbox, method: Callable[[AnyOutbox], object]) -> list[str]:
    """The plans of a method, each below its statement. The outbox is one of `explaining`."""
    db: Any = outbox.database
    db.plans = []
    method(outbox)
    found: list[str] = db.plans
    return found


def whole(outbox: PostgresOutbox, method: Callable[[AnyOutbox], object]) -> list[str]:
    """The plans of a method that read all reports or events, of the server or of the property."""
    return [plan for plan in plans(outbox, method) if WHOLE.search(plan)]


def test_no_statement_reads_all_reports(postgres_outbox: SharedOutbox) -> None:
    """Each step of each plan finds rows of the property, or reads an index that contains only open reports.

    The whole history is read if asked for, and only that of the property: this also shows that it would be noticed.
    Authentication and erasure read what is open, or not erased yet, of the property alone, and the daily search by its
    own index: years of erased history cost nothing.
    """
    with postgres_outbox.open() as outbox:
        fill(outbox, FINISHED)
    for statement in (
        "UPDATE reports SET mac = '', receipt_number = seq::text, receipt_issued_at = 1 WHERE photo_state = 'sent'",
        *(_COPIES, "ANALYZE"),
    ):
        postgres_outbox.change(statement)
    with explaining(postgres_outbox.cluster.address(postgres_outbox.database, PROPERTY)) as filled:
        assert {name: found for name, method in METHODS.items() if (found := whole(filled, method))} == {}
        for method in LIST_ALL.values():
            [plan] = whole(filled, method)
            assert "Seq Scan" not in plan
        for name, method in UPKEEP.items():
            assert not [plan for plan in plans(filled, method) if SEQUENTIAL.search(plan)], name
        postgres_outbox.change("UPDATE reports SET erased_at = 1, content = NULL WHERE photo_state = 'sent'")
        postgres_outbox.change("VACUUM ANALYZE")
        [plan] = whole(filled, lambda outbox: outbox.eraser.is_due(NOON, NOON))
        assert re.search("Scan (using|on) reports_kept", plan)
