"""Processes that may die at any step, connections on which events happen, and faults.

A process here is a separate outbox object on the shared file, and its connection to the authority. Its steps are its
calls of both. It dies before or after a step; from then on it does nothing at all, not even its clean-up.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from authority_simulator import AuthoritySimulator, Step
from basics import FixedClock
from delivery_helpers import report
from outbox_helpers import PERSONAL, WIB
from outbox_stores import AnyOutbox

from apoa_client.desk.arrivals import Desk, ReportingRules
from apoa_client.desk.changes import Changes, find_refused, reports_to_withdraw
from apoa_client.desk.stay_history import StayHistory, Stays
from apoa_client.errors import ApoaError, CallRefused, DataRefused, Offline, SecretMissing, UntrustedCertificate
from apoa_client.messages import literal, msg
from apoa_client.ports.authority import Meta, Status, Verdict
from apoa_client.ports.entries import Entry, NewReport
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Kind, State
from apoa_client.report.model import Report
from apoa_client.report.rules import Examination

T = TypeVar("T")

PERSONAL_TEXT = "ZYKOWSKI, QUENTIN lives in Room-7-East"
"""Personal data that the authority repeats. It must not be readable anywhere outside the seal."""

ERRORS_OF_A_CALL = (
    *("400", "401", "403", "413", "429", "429=30", "500", "502", "503", "503=30", "504"),
    *("drop", "lost", "slow=1", "slow=60", "portal", "redirect", "truncated", "empty", "huge", "offline", "untrusted"),
)
BROKEN_ANSWERS = ("foreign-ids", "unknown-status")
BROKEN_LISTS = ("short-list", "one-unreadable", "shuffled-list")
VERDICTS = ("ok", "pending", "reject", "duplicate", "defer=60", "defer=0")
FAULTS = {
    "": (*ERRORS_OF_A_CALL, *BROKEN_ANSWERS, *BROKEN_LISTS, *VERDICTS),
    "meta:": ERRORS_OF_A_CALL,
    "token:": (*ERRORS_OF_A_CALL, "locked"),
    "result:": (*ERRORS_OF_A_CALL, *BROKEN_ANSWERS, *VERDICTS),
    "photo:": (*ERRORS_OF_A_CALL, "409"),
}
"""All faults of the contract, by route: the steps of fault scripts, and three additional ones."""

_OWN: dict[str, type[ApoaError]] = {
    "offline": Offline,
    "untrusted": UntrustedCertificate,
    "locked": SecretMissing,  # the password cannot be read, so no token is requested
}


class Killed(BaseException):
    """The process was killed."""


@dataclass(frozen=True)
class Death:
    """How a process ends: at which step, before or after it, and whether it may clean up."""

    step: int
    after: bool
    how: type[BaseException] = Killed
    """`KeyboardInterrupt` comes during a call to the authority; only these calls are counted as steps."""


@dataclass
class Process:
    """Executes steps, and dies at one of them."""

    death: Death | None = None
    steps: int = 0
    dead: bool = False

    def step(self, action: Callable[[], T], *, outside: bool = False) -> T:
        """Execute one step; `outside` is True for a call to the authority."""
        if self.dead:
            raise Killed
        fatal = self._is_last(outside=outside)
        if fatal is not None and not fatal.after:
            self._die(fatal)
        try:
            return action()
        finally:
            if fatal is not None and fatal.after:
                self._die(fatal)

    def _is_last(self, *, outside: bool) -> Death | None:
        death = self.death
        if death is None or (death.how is KeyboardInterrupt and not outside):
            return None
        self.steps += 1
        return death if death.step == self.steps else None

    def _die(self, death: Death) -> None:
        self.dead = death.how is Killed
        raise death.how


class MortalOutbox:
    """The outbox of a process that may die."""

    def __init__(self, outbox: AnyOutbox, process: Process) -> None:
        self._outbox = outbox
        self._process = process

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._outbox, name)
        return lambda *args, **named: self._process.step(lambda: method(*args, **named))


@dataclass(frozen=True)
class ConcurrentEvent:
    """An event during a call to the authority: before the authority processes the call, or after."""

    call: int
    after: bool
    what: str
    death: Death | None = None


@dataclass(frozen=True)
class Run:
    """The parameters of one run of delivery, and the time since the last one."""

    script: Sequence[str] = ()
    later: timedelta = timedelta()
    keep_backoff: bool = False
    wait_s: float | None = None
    first: int | None = None
    death: Death | None = None
    events: Sequence[ConcurrentEvent] = ()


@dataclass
class Connection:
    """What a run calls of `ports.Authority`, for one process: counts calls, takes time, and runs the events."""

    authority: AuthoritySimulator
    process: Process
    takes_time: Callable[[], None] = lambda: None
    check_before_sending: Callable[[Sequence[tuple[str, bytes]]], None] = lambda _bodies: None
    on_event: Callable[[ConcurrentEvent], None] = lambda _event: None
    events: Sequence[ConcurrentEvent] = ()
    calls: int = 0

    def meta(self) -> Meta:
        return self._call(self.authority.meta)

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        self.check_before_sending(bodies)
        return self._call(lambda: self.authority.submit(bodies))

    def verdict(self, report_id: str) -> Verdict | None:
        return self._call(lambda: self.authority.verdict(report_id))

    def send_photo(self, report_id: str, jpeg: bytes) -> None:
        self._call(lambda: self.authority.send_photo(report_id, jpeg))

    def _call(self, call: Callable[[], T]) -> T:
        self.calls += 1
        self.takes_time()
        return self.process.step(lambda: self._with_events(call), outside=True)

    def _with_events(self, call: Callable[[], T]) -> T:
        now = [event for event in self.events if event.call == self.calls]
        self._run_events(now, after=False)
        try:
            return call()
        finally:
            self._run_events(now, after=True)

    def _run_events(self, events: Sequence[ConcurrentEvent], *, after: bool) -> None:
        for event in events:
            if event.after is after:
                self.on_event(event)


class StrictSimulator(AuthoritySimulator):
    """A simulator that counts how often it acquires each report, and repeats personal data in its answers."""

    def __init__(self, *, max_batch: int = 500) -> None:
        super().__init__(max_batch=max_batch, wants_photo=True)
        self.times: Counter[str] = Counter()

    def script(self, text: str) -> None:
        for part in filter(None, text.split(",")):
            route, _, name = part.rpartition(":")
            if name in _OWN:
                self._steps[route or "reports"].append(Step(name))
            else:
                super().script(part)

    def clear_faults(self) -> None:
        """End all faults."""
        self._steps.clear()
        self.password_is_right = True
        self.max_batch, self.max_body_bytes = 500, 1 << 20

    def drop_token(self) -> None:
        """A new process has no token yet."""
        self._has_token = False

    def _next(self, route: str) -> Step:
        step = super()._next(route)
        if step.name in _OWN:
            raise _OWN[step.name](msg("A fault of the script."))
        return step

    def _start_call(self, route: str) -> Step:
        try:
            return super()._start_call(route)
        except CallRefused:
            raise CallRefused(
                msg("The authority does not accept it: {detail}", detail=literal(PERSONAL_TEXT))
            ) from None

    def kinds(self, stay_id: str) -> list[str]:
        """The kinds of a stay's reports, in the order in which they came."""
        kept = [each for each in self.known.values() if each.verdict.status is not Status.REJECTED]
        return [each.content["kind"] for each in kept if each.content["stay_id"] == stay_id]

    def _judge(self, report_id: str, step: Step) -> Verdict:
        verdict = super()._judge(report_id, step)
        self.times[report_id] += verdict.receipt is not None
        findings = (Finding("guest.surname", "scripted", literal(PERSONAL_TEXT)),)
        if verdict.status is Status.REJECTED:
            return verdict._replace(errors=findings)
        return verdict._replace(warnings=findings)


LONG_AGO = timedelta(days=60)
"""How long ago the guests came: still in the past after any change of the clock."""


def arrival(number: int, stay: int, document: int | None = None) -> Report:
    """The check-in with this number: the first report of its stay."""
    plain = report(number, stay, Kind.CHECK_IN, document)
    assert plain.stay is not None
    return plain._replace(stay=plain.stay._replace(check_in=plain.stay.check_in - LONG_AGO))


def photo_of(report_id: str) -> bytes:
    """The photo of the passport of the guest in a check-in."""
    return b"\xff\xd8\xff" + f"{PERSONAL_TEXT} {report_id}".encode() + b"\xff\xd9"


@dataclass
class LogReader(logging.Handler):
    """Reads the whole log and finds personal data in it."""

    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    @property
    def personal(self) -> list[str]:
        return [line for line in self.lines if any(word in line for word in PERSONAL)]


CHANGES = ("check_out", "amend", "cancel", "cancel_report", "fix")
"""The changes to a stay. `cancel` means the whole stay, `cancel_report` one of its reports."""


class UniqueBytes:
    """Returns different bytes on each call."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, count: int) -> bytes:
        self._count += 1
        return self._count.to_bytes(count, "big")


@dataclass(frozen=True)
class Decision:
    """A change that was decided on the stay as it was read: which report it saves and which ones it ends."""

    carry_out: Callable[[], object]
    saves: str | None = None
    retires: tuple[str, ...] = ()
    retired: State = State.SUPERSEDED
    active_reports: tuple[str, ...] = ()
    """The stay's active reports, as they were read."""


class Staff:
    """A user at a desk, in a separate process, which may die."""

    def __init__(
        self, outbox: AnyOutbox, clock: FixedClock, chance: UniqueBytes, process: Process | None = None
    ) -> None:
        mortal: Any = MortalOutbox(outbox, process or Process())
        self._outbox = mortal
        rules = ReportingRules(WIB, 24, b"k")
        self._desk = Desk(self._outbox, clock, rules, chance)
        self._changes = Changes(self._desk)
        self._stays = Stays(self._outbox, WIB)

    def check_in(self, report: Report) -> Decision:
        """A guest arrives, and the photo of the passport is kept."""
        new = self._desk.new_report(report, (), photo=photo_of(report.id))
        return Decision(lambda: self._desk.save_all([new]), saves=report.id)

    def decide_change(self, stay_id: str, what: str, which: int = 0) -> Decision | None:
        """One of `CHANGES` to a known stay; None where the desk refuses it."""
        history = self._stays.of(stay_id)
        among = history.active_reports or history.entries
        selected = among[which % len(among)]
        try:
            if what in {"cancel", "cancel_report"}:
                return self._retract(history, selected if what == "cancel_report" else history.entries[0])
            return self._file_change(getattr(self, f"_{what}")(history, selected))
        except DataRefused:
            return None

    def _file_change(self, change: NewReport) -> Decision:
        return Decision(
            lambda: self._desk.save(change),
            change.report.id,
            tuple(change.replaces),
            active_reports=tuple(change.active_reports),
        )

    def _retract(self, history: StayHistory, selected: Entry) -> Decision:
        withdrawn = reports_to_withdraw(history, selected)
        if not withdrawn:
            return self._file_change(self._changes.cancel(history, PERSONAL_TEXT))
        return Decision(
            lambda: self._changes.withdraw(history, withdrawn),
            retires=tuple(entry.id for entry in withdrawn),
            retired=State.WITHDRAWN,
            active_reports=tuple(entry.id for entry in history.active_reports),
        )

    def _check_out(self, history: StayHistory, _selected: Entry) -> NewReport:
        return self._changes.check_out(history)

    def _amend(self, history: StayHistory, _selected: Entry) -> NewReport:
        return self._changes.amend(
            history, self._with_other_room(history.current_report or history.entries[0]), PERSONAL_TEXT
        )

    def _fix(self, history: StayHistory, selected: Entry) -> NewReport:
        refused = find_refused(history, selected)
        if refused.kind is Kind.CHECK_OUT:
            left = self._changes.check_out(
                StayHistory(history.active_reports[: history.active_reports.index(refused)])
            ).report.check_out
            assert left is not None
            return self._changes.check_out(history, left, None, refused)
        if refused.kind is Kind.CANCEL:
            return self._changes.cancel(history, PERSONAL_TEXT, refused)
        return self._changes.amend(history, self._with_other_room(refused), PERSONAL_TEXT, refused)

    def _with_other_room(self, entry: Entry) -> Examination:
        """The content of a report, with another room."""
        report: Report = self._outbox.content(entry).report
        assert report.stay is not None
        return Examination(report.guest, report.stay._replace(room=f"{report.stay.room}+"), (), ())
