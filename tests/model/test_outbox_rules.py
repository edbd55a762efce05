"""The outbox in its file answers as the rules of the model do, for every row to which the model comes.

Rules that are SQL in the program are repeated in the model. Each distinct question that a check of the model puts to
such a rule is put to a real outbox here.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from model.checker import check
from model.delivery_model import CONFIGS, DeliveryModel
from model.delivery_rules import NOW, STAYS, TICK, WITHDRAWN, Row, Rows, to_ticks
from outbox_helpers import open_outbox, report, uuid

from apoa_client.errors import ReportMoved
from apoa_client.outbox.rows import millis_or_none
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change
from apoa_client.report.kinds import Kind, State

SQL_RULES = ("heads", "may_claim", "claimed", "may_settle", "may_settle_pending", "changed", "may_retire")
CHECKS = (
    CONFIGS["desks"]._replace(reports=2),
    CONFIGS["one report"]._replace(crashes=0, desks=False, forgets=False),
)


def recording(rule: str, given: dict[Any, Any]) -> Callable[..., Any]:
    """The rule, which keeps its questions and answers."""

    def record(model: DeliveryModel, *question: Any) -> Any:
        answer = given[question] = getattr(DeliveryModel, rule)(model, *question)
        return answer

    return record


def rules_answers() -> dict[str, dict[Any, Any]]:
    """What the rules answered, by rule and question."""
    given: dict[str, dict[Any, Any]] = {rule: {} for rule in SQL_RULES}
    recorder = type("Recorder", (DeliveryModel,), {rule: recording(rule, given[rule]) for rule in SQL_RULES})
    for config in CHECKS:
        assert check(recorder(config)).broken is None
    return given


class RealOutbox:
    """The rules, answered by an outbox with three reports in a file."""

    def __init__(self, outbox: SqliteOutbox) -> None:
        self.outbox = outbox
        self._codes = outbox.integrity._codes
        authenticator = self._codes.authenticator()
        assert authenticator is not None
        for number, stay in enumerate(STAYS):
            outbox.add(report(number, stay, Kind.CHECK_OUT if number == 1 else Kind.CHECK_IN), due_at=None)

    def put(self, row: Row) -> str:
        """Store a row as it is in the model; return its id."""
        times = (row.lease_until, row.next_attempt_at, row.not_before)
        # No method writes a row in just any state.
        self.outbox._db.execute(
            "UPDATE reports SET state = ?, calls = ?, lease = ?, lease_until = ?, next_attempt_at = ?, not_before = ?, "
            "receipt_number = ?, receipt_issued_at = ?, last_error = NULL WHERE id = ?",
            (
                *(row.state, row.calls, None if row.lease is None else str(row.lease)),
                *(millis_or_none(None if at is None else NOW + at * TICK) for at in times),
                *(row.receipt, None if row.receipt is None else 0, uuid(row.id[0])),
            ),
        )
        with self.outbox._db.transaction():
            self._codes.vouch([uuid(row.id[0])])
        return uuid(row.id[0])

    def get(self, row: Row, lease: int | None) -> Row:
        """The row as it is stored now; no column that the outbox shows names the lease."""
        [entry] = self.outbox.find(uuid(row.id[0]))
        return row._replace(
            state=entry.state.value,
            calls=min(entry.calls, 2),
            lease=lease,
            lease_until=to_ticks(entry.lease_until),
            next_attempt_at=to_ticks(entry.next_attempt_at),
            not_before=to_ticks(entry.not_before),
            receipt=entry.receipt.number if entry.receipt is not None else None,
        )

    def heads(self, rows: Rows) -> tuple[Row, ...]:
        for number in range(len(STAYS)):
            row = rows[number] if number < len(rows) else None
            self.put(row or Row((number, 0), number, WITHDRAWN))
        ids = {entry.id for entry in self.outbox.heads()}
        return tuple(row for row in rows if row is not None and uuid(row.id[0]) in ids)

    def may_claim(self, row: Row) -> bool:
        for number in range(len(STAYS)):  # the model claims only the first open report of a stay
            self.put(Row((number, 0), number, WITHDRAWN))
        return bool(self.outbox.claim([self.put(row)], now=NOW, lease_until=NOW + TICK)[1])

    def claimed(self, row: Row, sender: int) -> Row:
        assert self.may_claim(row)
        return self.get(row, sender)

    def may_settle(self, row: Row, sender: int) -> bool:
        self.outbox.settle(str(sender), [Change(self.put(row), State.QUEUED, "settled")])
        return self.outbox.find(uuid(row.id[0]))[0].last_error == "settled"

    def may_settle_pending(self, row: Row) -> bool:
        self.outbox.settle_pending([Change(self.put(row), State.QUEUED, "settled")])
        return self.outbox.find(uuid(row.id[0]))[0].last_error == "settled"

    def changed(self, row: Row, change: Change) -> Row:
        changes = [change._replace(id=self.put(row))]
        if row.lease is None:
            self.outbox.settle_pending(changes)
        else:
            self.outbox.settle(str(row.lease), changes)
        return self.get(row, None)

    def may_retire(self, row: Row) -> bool:
        try:
            self.outbox.withdraw([self.put(row)])
        except ReportMoved:
            return False
        return True


def test_the_outbox_answers_as_the_rules(tmp_path: Path) -> None:
    """The same row is claimed, changed, sent first or withdrawn, and becomes the same."""
    for rule, answers in rules_answers().items():
        assert len(answers) > 3, rule
        with open_outbox(tmp_path / f"{rule}.db") as outbox:
            outbox._db.execute("PRAGMA synchronous = OFF")  # thousands of transactions, none of them to be kept
            real = RealOutbox(outbox)
            for question, answer in answers.items():
                assert getattr(real, rule)(*question) == answer, (rule, question)
