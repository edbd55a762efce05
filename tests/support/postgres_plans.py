"""The plans that PostgreSQL makes for what the outbox executes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from outbox_helpers import sealer
from outbox_stores import AnyOutbox
from postgres_helpers import PASSWORD, PROPERTY

from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.database import PostgresDatabase, Result
from apoa_client.outbox.postgres.store import PostgresOutbox
from apoa_client.settings.outbox_address import ServerAddress

_LIMITS = TimeLimits(answer=20.0)
_INDEXES = "reports_(?:pkey|property_id_key|short_id|stay|created|kept|guest|nights|receipt)|audit_(?:pkey|report)"
WHOLE = re.compile(
    r"Seq Scan on (?:reports|audit)\b"
    # By the property alone, and not by an index of what is open. A backward one reads the last row.
    rf"|Scan (?:using|on) (?:{_INDEXES})\b[^\n]*\n\s+"
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
    return PostgresOutbox(Explaining(address, PROPERTY, PASSWORD, _LIMITS), sealer())


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
