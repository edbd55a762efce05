"""What deliveries are tried with: processes that may die at any step, lines on which things happen, mishaps.

A process here is an outbox of its own on the one file, and its line to the one authority. Its steps are its calls of
either, its turn to deliver among them; it dies before a step is carried out, or just after, and from then on does
nothing at all, not even what it would clean up.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from authority_simulator import AuthoritySimulator, Step
from delivery_helpers import report
from outbox_helpers import PERSONAL

from apoa_client.errors import ApoaError, CallRefused, Offline, SecretMissing, UntrustedCertificate
from apoa_client.messages import literal, msg
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports import Meta, Status, Verdict
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Kind
from apoa_client.report.model import Report

T = TypeVar("T")

WORDS = "ZYKOWSKI, QUENTIN lives in Room-7-East"
"""What a tactless authority says, and what is to be readable nowhere but through the seal."""

ERRORS_OF_A_CALL = (
    *("400", "401", "403", "413", "429", "429=30", "500", "502", "503", "503=30", "504"),
    *("drop", "lost", "slow=1", "slow=60", "portal", "redirect", "truncated", "empty", "huge", "offline", "untrusted"),
)
BROKEN_ANSWERS = ("foreign-ids", "short-list", "unknown-status")
VERDICTS = ("ok", "pending", "reject", "duplicate", "defer=60", "defer=0")
FAULTS = {
    "": (*ERRORS_OF_A_CALL, *BROKEN_ANSWERS, *VERDICTS),
    "meta:": ERRORS_OF_A_CALL,
    "token:": (*ERRORS_OF_A_CALL, "locked"),
    "result:": (*ERRORS_OF_A_CALL, *BROKEN_ANSWERS, *VERDICTS),
}
"""Every misfortune of the contract, by the route on which it may happen: the scripts' words, and three of our own."""

_OWN: dict[str, type[ApoaError]] = {
    "offline": Offline,
    "untrusted": UntrustedCertificate,
    "locked": SecretMissing,  # the password cannot be had, so no token is asked for
}


class Killed(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Death:
    """How a process ends before its time: at which step, before or after it, and whether it may still tidy up."""

    step: int
    after: bool
    how: type[BaseException] = Killed
    """`KeyboardInterrupt` comes while the authority's answer is awaited, and counts its calls alone."""


@dataclass
class Process:
    """Carries out steps, and dies at one of them."""

    death: Death | None = None
    steps: int = 0
    dead: bool = False

    def step(self, action: Callable[[], T], *, outside: bool = False) -> T:
        """Carry out one step; `outside` is the authority's."""
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


class Fragile:
    """An outbox in the hands of a process. Where it is `lockless`, the file's folder knows no locks."""

    def __init__(self, outbox: SqliteOutbox, process: Process, *, lockless: bool = False) -> None:
        self._outbox = outbox
        self._process = process
        self._lockless = lockless

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == "delivery_lock" and self._lockless:
            return lambda *_args, **_named: nullcontext(enter_result=True)
        method = getattr(self._outbox, name)

        def call(*args: Any, **named: Any) -> Any:
            answer = self._process.step(lambda: method(*args, **named))
            return _stepping(answer, self._process) if isinstance(answer, AbstractContextManager) else answer

        return call


@contextmanager
def _stepping(manager: AbstractContextManager[T], process: Process) -> Iterator[T]:
    """Entering and leaving are steps; what a dead process held is let go of all the same, as the kernel does it."""
    with manager as value:
        process.step(lambda: None)
        yield value
        process.step(lambda: None)


@dataclass(frozen=True)
class Meanwhile:
    """Something that happens during a call to the authority: before it processes the call, or after."""

    call: int
    after: bool
    what: str
    death: Death | None = None
    lockless: bool = False


@dataclass(frozen=True)
class Run:
    """How one run of delivery goes, and how long after the last one."""

    script: Sequence[str] = ()
    later: timedelta = timedelta()
    keep_backoff: bool = False
    wait_s: float | None = None
    first: int | None = None
    death: Death | None = None
    events: Sequence[Meanwhile] = ()
    lockless: bool = False


@dataclass
class Line:
    """`ports.Authority` for one process: counts its calls, takes time for them, and lets things happen meanwhile."""

    authority: AuthoritySimulator
    process: Process
    takes_time: Callable[[], None] = lambda: None
    witness: Callable[[Sequence[tuple[str, bytes]]], None] = lambda _bodies: None
    happen: Callable[[Meanwhile], None] = lambda _event: None
    events: Sequence[Meanwhile] = ()
    calls: int = 0

    def meta(self) -> Meta:
        return self._call(self.authority.meta)

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        self.witness(bodies)
        return self._call(lambda: self.authority.submit(bodies))

    def verdict(self, report_id: str) -> Verdict | None:
        return self._call(lambda: self.authority.verdict(report_id))

    def receipt_pdf(self, report_id: str) -> bytes | None:
        return self.authority.receipt_pdf(report_id)

    def _call(self, call: Callable[[], T]) -> T:
        self.calls += 1
        self.takes_time()
        return self.process.step(lambda: self._eventful(call), outside=True)

    def _eventful(self, call: Callable[[], T]) -> T:
        now = [event for event in self.events if event.call == self.calls]
        self._let_happen(now, after=False)
        try:
            return call()
        finally:
            self._let_happen(now, after=True)

    def _let_happen(self, events: Sequence[Meanwhile], *, after: bool) -> None:
        for event in events:
            if event.after is after:
                self.happen(event)


class Tactless(AuthoritySimulator):
    """It counts how often it acquires each report, repeats what it read about guests, and may not even be there.

    And it is strict: it refuses whatever does not fit what it has of a stay, so that nobody may send it such a thing.
    """

    def __init__(self, *, max_batch: int = 500) -> None:
        super().__init__(max_batch=max_batch)
        self.times: Counter[str] = Counter()

    def script(self, text: str) -> None:
        for part in filter(None, text.split(",")):
            route, _, name = part.rpartition(":")
            if name in _OWN:
                self._steps[route or "reports"].append(Step(name))
            else:
                super().script(part)

    def calm(self) -> None:
        """The misfortunes are over."""
        self._steps.clear()
        self.password_is_right = True
        self.max_batch, self.max_body_bytes = 500, 1 << 20

    def greet(self) -> None:
        """A new process has no token yet."""
        self._has_token = False

    def _next(self, route: str) -> Step:
        step = super()._next(route)
        if step.name in _OWN:
            raise _OWN[step.name](msg("It did not work."))
        return step

    def _begin(self, route: str) -> Step:
        try:
            return super()._begin(route)
        except CallRefused:
            raise CallRefused(msg("The authority does not accept it: {detail}", detail=literal(WORDS))) from None

    def _out_of_order(self, report_id: str, report: dict[str, Any]) -> Verdict | None:
        code = _unfit(self.kinds(report["stay_id"]), report["kind"])
        return Verdict(report_id, Status.REJECTED, errors=(Finding("stay_id", code, literal("No.")),)) if code else None

    def kinds(self, stay_id: str) -> list[str]:
        """What it has of a stay, in the order in which it came."""
        kept = [each for each in self.known.values() if each.verdict.status is not Status.REJECTED]
        return [each.content["kind"] for each in kept if each.content["stay_id"] == stay_id]

    def _judged(self, report_id: str, step: Step) -> Verdict:
        verdict = super()._judged(report_id, step)
        self.times[report_id] += verdict.receipt is not None
        remark = (Finding("guest.surname", "scripted", literal(WORDS)),)
        if verdict.status is Status.REJECTED:
            return verdict._replace(errors=remark)
        return verdict._replace(warnings=remark)


def _unfit(had: Sequence[str], kind: str) -> str:
    """Why a report of this kind does not fit those that were had; empty where it does."""
    if "cancel" in had:
        return "void"
    if (kind == "check_in") == bool(had):
        return "unknown_stay" if not had else "stay_exists"
    gone = [each for each in had if each != "check_in"][-1:] == ["check_out"]
    return "gone" if kind == "check_out" and gone else ""


LONG_AGO = timedelta(days=60)
"""When the guests came: no clock that is set back makes that a time to come."""


def made(number: int, stay: int, document: int | None = None) -> Report:
    """The arrival with this number: the first report of its stay."""
    plain = report(number, stay, Kind.CHECK_IN, document)
    assert plain.stay is not None
    return replace(plain, stay=replace(plain.stay, check_in=plain.stay.check_in - LONG_AGO))


@dataclass
class Reader(logging.Handler):
    """Reads the whole log, and finds what should not be there."""

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
