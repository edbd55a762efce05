"""The state of the model of delivery, and the rules of the program, each with the functions that implement it.

Rules that are pure in the program are not repeated: `delivery.plan` and `Entry.withdrawable` answer themselves. Those
that are SQL are compared with a real outbox in `test_models`.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from model.checker import implemented_by

from apoa_client.delivery import plan
from apoa_client.errors import ApoaError, Offline, UnknownOutcome
from apoa_client.messages import msg
from apoa_client.ports.authority import Status, Verdict
from apoa_client.ports.entries import Change, Entry
from apoa_client.report.kinds import OPEN_STATES, Kind, Receipt
from apoa_client.report.kinds import State as EntryState

QUEUED, SENDING, PENDING, REJECTED, ACCEPTED, SUPERSEDED, WITHDRAWN = (state.value for state in EntryState)
DEFERRED = Status.DEFERRED.value
"""Plain text: the hash of an enumeration's member is slow."""
OPEN = frozenset(state.value for state in OPEN_STATES)
STAYS = (0, 0, 1)
"""The stay of each report."""
TICK = plan.LEASE
FAR = 10_000
"""A time, in ticks, further ahead than any wait of the program: only a wrong clock stores it."""
NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
DEAD = 2
"""Stands for the lease of a process that died: no sender can present it again."""

Id: TypeAlias = tuple[int, ...]
"""A report's id: which report, and which version of it (0, or 1 for its replacement)."""


class Row(NamedTuple):
    """A report in the outbox. Times are ticks from now."""

    id: Id
    seq: int
    state: str = QUEUED
    calls: int = 0
    lease: int | None = None
    """Whose lease: a sender's number, or `DEAD`."""
    lease_until: int | None = None
    next_attempt_at: int | None = None
    not_before: int | None = None
    receipt: str | None = None


class Sender(NamedTuple):
    """A process that delivers: what it has done, with which reports, and the answers that it has not stored yet."""

    phase: str = "idle"
    """`idle`, `read` (chose what to send), `claimed`, `called`, or `asked` (about a pending report)."""
    batch: tuple[Id, ...] = ()
    answers: tuple[str | None, ...] = ()


class Decision(NamedTuple):
    """What a user is about to save: which reports become what, and the stay's reports as the user saw them."""

    ids: tuple[Id, ...]
    retired: str
    active: tuple[Id, ...]


Rows: TypeAlias = tuple[Row | None, ...]
Authority: TypeAlias = tuple[tuple[Id, str], ...]


class State(NamedTuple):
    """Everything: what the processes see, what is on the disk, and what is true elsewhere."""

    crashes: int
    jumps: int
    rows: Rows
    disk: Rows
    """What a power cut leaves of the rows."""
    saved: frozenset[int] = frozenset()
    """Reports that a user saw as saved."""
    senders: tuple[Sender, Sender] = (Sender(), Sender())
    decision: Decision | None = None
    network: frozenset[Id] = frozenset()
    """Requests whose outcome is unknown: they may still arrive."""
    authority: Authority = ()
    """What the authority stores by id; a report that it acquired twice is there twice."""


class Config(NamedTuple):
    """What may happen in one check, besides failed, lost and late calls. All of it together would take hours."""

    reports: int = len(STAYS)
    crashes: int = 2
    """How many processes die, or how often the power is cut."""
    jumps: int = 0
    """How often the clock is set back. Set forward, it only lets time pass."""
    verdicts: tuple[str, ...] = (ACCEPTED,)
    forgets: bool = False
    """Whether the authority may lose a pending report."""
    slow: bool = False
    """Whether a call may outlast its lease."""
    changes: tuple[int, ...] = ()
    """The stays whose reports users change, and whose reports may be rejected."""
    desks: bool = False
    """Whether others may do something between a user's decision and its saving."""
    scheduled: bool = False
    """Whether senders wait for the program's own backoff."""


class Rules:
    """The rules of the program and of the contract. A mutation overrides one of them."""

    def __init__(self, config: Config) -> None:
        self.config = config

    @implemented_by("outbox.sqlite.database:SqliteDatabase.transaction", "outbox.sqlite.database:_SETTINGS")
    def commit(self, state: State, rows: Rows) -> State:
        """A transaction is on the disk when it is visible."""
        return state._replace(rows=rows, disk=rows)

    @implemented_by("outbox.sql.store:Outbox.add", "outbox.sql.insertion:insert", "desk.arrivals:Desk.save")
    def save(self, state: State, row: Row) -> State:
        """The user sees "saved" when the transaction is over."""
        return self.commit(state, put(state.rows, row))._replace(saved=state.saved | {row.id[0]})

    @implemented_by("outbox.sql.insertion:check_active")
    def may_save(self, rows: Rows, active: tuple[Id, ...]) -> bool:
        """A decision holds only while the stay's reports are those that the user saw."""
        return active_reports(rows, STAYS[active[0][0]]) == active

    @implemented_by("outbox.sql.insertion:retire", "outbox.sql.insertion:_RETIRE", "ports.entries:Entry.withdrawable")
    def may_retire(self, row: Row) -> bool:
        """Only a report that the authority certainly does not have is withdrawn or replaced."""
        return entry_of(row).withdrawable

    @implemented_by("outbox.sql.insertion:make_room", "desk.ids:new_id")
    def replacement(self, row: Row) -> Row:
        """A replacement has a new id, and the position of the report that it replaces."""
        return Row((row.id[0], row.id[1] + 1), row.seq)

    @implemented_by("outbox.sql.queries:HEADS", "outbox.sql.store:Outbox.heads")
    def heads(self, rows: Rows) -> tuple[Row, ...]:
        """The first open report of each stay, if it is queued or sending."""
        first: dict[int, Row] = {}
        for row in sorted(filter(None, rows), key=lambda row: row.seq):
            if row.state in OPEN:
                first.setdefault(STAYS[row.id[0]], row)
        return tuple(row for row in first.values() if row.state in {QUEUED, SENDING})

    @implemented_by("delivery.plan:next_batch", "delivery.plan:may_send", "delivery.plan:is_ahead")
    def next_batch(self, heads: tuple[Row, ...]) -> tuple[Id, ...]:
        """What may be sent now: not before the times that were asked for, and not while another sender's lease runs."""
        return _next_batch(heads, self.config.scheduled)

    @implemented_by("outbox.sql.claims:claim", "outbox.sql.claims:_CLAIM")
    def may_claim(self, row: Row) -> bool:
        """A report is claimed if it is queued, or its lease is over or was written before the clock was set back."""
        until = row.lease_until
        return row.state == QUEUED or (row.state == SENDING and until is not None and not 0 < until <= 1)

    @implemented_by("outbox.sql.claims:claim", "outbox.sql.claims:_CLAIM")
    def claimed(self, row: Row, sender: int) -> Row:
        """A claim counts the call before it is made."""
        return row._replace(state=SENDING, calls=min(row.calls + 1, 2), lease=sender, lease_until=1)

    @implemented_by("outbox.sql.store:Outbox.claim", "delivery.run:Run.claim", "delivery.sync:_send")
    def store_claim(self, state: State, rows: Rows) -> State:
        """A claim is on the disk before the first byte leaves."""
        return self.commit(state, rows)

    @implemented_by("desk.ids:new_id", "ports.entries:Content")
    def id_to_send(self, row: Row) -> Id:
        """A report is sent under the id that the desk gave it, in every call."""
        return row.id

    @implemented_by("delivery.plan:change_from_verdict")
    def after_verdict(self, verdict: str) -> Change:
        """What a verdict changes."""
        return _change_from_verdict(verdict)

    @implemented_by("delivery.plan:change_after_failure")
    def after_failure(self, row: Row, answer: str) -> Change:
        """A failed call queues the report again; the call counts unless nothing was sent."""
        return _change_after_failure(row, answer)

    @implemented_by("delivery.run:Run._decide")
    def after_forgetting(self) -> Change | None:
        """A pending report that the authority does not know any more is sent again."""
        return Change("", EntryState.QUEUED)

    @implemented_by("outbox.sql.claims:LEASED", "outbox.sql.store:Outbox.settle")
    def may_settle(self, row: Row, sender: int) -> bool:
        """An answer is stored only under the lease of the call."""
        return row.state == SENDING and row.lease == sender

    @implemented_by("outbox.sql.claims:PENDING", "outbox.sql.store:Outbox.settle_pending")
    def may_settle_pending(self, row: Row) -> bool:
        """A late verdict is stored only for a report that still is pending."""
        return row.state == PENDING

    @implemented_by("outbox.sql.claims:change_values", "outbox.sql.claims:_CHANGE")
    def changed(self, row: Row, change: Change) -> Row:
        """What the outbox stores of a change."""
        return Row(
            row.id,
            row.seq,
            change.state.value,
            row.calls - change.unsent,
            next_attempt_at=to_ticks(change.next_attempt_at),
            not_before=to_ticks(change.not_before),
            receipt=change.receipt.number if change.receipt is not None else row.receipt,
        )

    @implemented_by("sandbox.decisions:Decisions.receive", "sandbox.decisions:Decisions.result")
    def stored_verdict(self, authority: Authority, report: Id) -> str | None:
        """The same id gets the stored result (contract: idempotent by id)."""
        return dict(authority).get(report)


# Binding to the program's pure rules.


@lru_cache(None)
def entry_of(row: Row) -> Entry:
    def at(ticks: int | None) -> datetime | None:
        return None if ticks is None else NOW + ticks * TICK

    number = row.id[0]
    return Entry(
        seq=row.seq,
        id=str(number),
        stay_id=str(STAYS[number]),
        kind=Kind.CHECK_IN,
        state=EntryState(row.state),
        created_at=NOW,
        due_at=None,
        attempts=1,
        next_attempt_at=at(row.next_attempt_at),
        not_before=at(row.not_before),
        lease_until=at(row.lease_until),
        calls=row.calls,
    )


@lru_cache(None)
def _next_batch(heads: tuple[Row, ...], keep_backoff: bool) -> tuple[Id, ...]:  # noqa: FBT001  hashed with the rest
    ids = {str(row.id[0]): row.id for row in heads}
    batch = plan.next_batch([entry_of(row) for row in heads], NOW, size=2, keep_backoff=keep_backoff)
    return tuple(ids[entry.id] for entry in batch)


@lru_cache(None)
def _change_from_verdict(verdict: str) -> Change:
    receipt = Receipt("receipt", NOW) if verdict == ACCEPTED else None
    return plan.change_from_verdict(Verdict("", Status(verdict), receipt), NOW)


@lru_cache(None)
def _change_after_failure(row: Row, answer: str) -> Change:
    error: ApoaError = Offline(msg("offline")) if answer == "offline" else UnknownOutcome(msg("no answer"))
    return plan.change_after_failure(error, entry_of(row), NOW, 0.99)


def to_ticks(at: datetime | None) -> int | None:
    """A stored time in ticks from now, rounded up."""
    return None if at is None else -((NOW - at) // TICK)


# The rows.


def put(rows: Rows, row: Row) -> Rows:
    number = row.id[0]
    return (*rows[:number], row, *rows[number + 1 :])


def active_reports(rows: Rows, stay: int) -> tuple[Id, ...]:
    """The reports of a stay that were neither withdrawn nor replaced, in their order."""
    found = [row for row in rows if row is not None and STAYS[row.id[0]] == stay and row.state != WITHDRAWN]
    return tuple(row.id for row in sorted(found, key=lambda row: row.seq))
