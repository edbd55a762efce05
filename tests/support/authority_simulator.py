"""An authority in memory, behind the port: small, independent of the sandbox and of HTTP, with scripted faults.

It stores what it acquired, so that a test can check what arrived and not which calls were made. Faults are written as
in the sandbox's fault scripts: ``simulator.script("503=5,lost,pending*2,token:401")``.

"""

import json
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from apoa_client.authority.contract import STAY_RULES
from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    AuthorityBusy,
    CallRefused,
    NotTheAuthority,
    TimedOut,
    TooLarge,
    UnknownOutcome,
    WrongPassword,
)
from apoa_client.messages import literal, msg
from apoa_client.ports.authority import MAX_PHOTO_BYTES, DailyReceipt, Meta, Status, Verdict
from apoa_client.report.codes import CodeTable
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Receipt

START_TIME = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

_REFUSED: dict[str, type[ApoaError]] = {
    "400": CallRefused,
    "401": WrongPassword,
    "403": AccountSuspended,
    "413": TooLarge,
    "500": UnknownOutcome,
    "502": UnknownOutcome,
    "504": UnknownOutcome,
    "drop": UnknownOutcome,
    "portal": NotTheAuthority,
    "redirect": NotTheAuthority,
}
_BROKEN_ANSWERS: dict[str, type[ApoaError]] = {
    "lost": UnknownOutcome,
    "truncated": NotTheAuthority,
    "empty": NotTheAuthority,
    "huge": NotTheAuthority,
    "foreign-ids": NotTheAuthority,
    "unknown-status": NotTheAuthority,
}
_LAST_UNREADABLE = {"short-list", "one-unreadable"}
"""Steps whose answer says nothing readable about the last report."""
_PHOTO_REFUSALS = {"400", "409", "413"}
_VERDICTS = {"pending", "reject", "duplicate", "defer"}
_OTHERS = {"ok", "429", "503", "slow", "shuffled-list"}
_KNOWN = _PHOTO_REFUSALS | _REFUSED.keys() | _BROKEN_ANSWERS.keys() | _LAST_UNREADABLE | _VERDICTS | _OTHERS
_ROUTES = {"reports", "token", "meta", "result", "codes", "photo"}
_TIMEOUT_S = 5.0
"""How long a client waits for an answer."""


@dataclass(frozen=True)
class Step:
    name: str = "ok"
    amount: float | None = None


@dataclass
class KnownReport:
    """The stored content and verdict of one report."""

    content: dict[str, Any]
    verdict: Verdict


class AuthoritySimulator:
    """`ports.Authority`. After one 401 it gives a fresh token, as the contract says; two mean a wrong password."""

    def __init__(
        self,
        *,
        now: datetime = START_TIME,
        max_batch: int = 500,
        wants_photo: bool = False,
        daily_receipts: bool = False,
    ) -> None:
        self.now = now
        self.max_batch = max_batch
        self.max_body_bytes = 1 << 20
        self.wants_photo = wants_photo
        self.daily_receipts = daily_receipts
        self.password_is_right = True
        self.acquired: dict[str, Receipt] = {}
        """The receipt of each acquired report, in the order of acquisition."""
        self.batches: list[list[str]] = []
        """The ids of every submission that reached the authority, with or without a fault."""
        self.asked: list[str] = []
        """The ids that the client asked about."""
        self.known: dict[str, KnownReport] = {}
        self.photos: dict[str, bytes] = {}
        """The photo of each report that has one, in the order in which they arrived."""
        self.tables: dict[str, CodeTable] = {}
        self.tables_asked: list[tuple[str, str | None]] = []
        """The code tables that were asked for, each with the ETag that the client has."""
        self._steps: dict[str, deque[Step]] = defaultdict(deque)
        self._has_token = False
        self._numbers = 0

    @property
    def order(self) -> list[str]:
        """The acquired ids, in their order."""
        return list(self.acquired)

    @property
    def unused(self) -> dict[str, int]:
        """The number of unused steps, by route."""
        return {route: len(steps) for route, steps in self._steps.items() if steps}

    def script(self, text: str) -> None:
        """Add steps to the script."""
        for part in filter(None, (each.strip() for each in text.split(","))):
            head, _, times = part.partition("*")
            route, _, step = head.rpartition(":")
            name, _, amount = step.partition("=")
            assert name in _KNOWN, f"no such step: {part}"
            assert (route or "reports") in _ROUTES, f"no such route: {part}"
            assert name != "409" or route == "photo", f"only for photos: {part}"
            self._steps[route or "reports"].extend([Step(name, float(amount) if amount else None)] * int(times or 1))

    def meta(self) -> Meta:
        step = self._start_call("meta")
        self._finish_call(step)
        return Meta(
            contract="1.3",
            environment="training",
            server_time=self.now,
            max_batch=self.max_batch,
            max_body_bytes=self.max_body_bytes,
            accepts_gzip=True,
            reporting_window_hours=24,
            property_id="P-1",
            property_name="Wisma Melati",
            property_office=None,
            wants_photo=self.wants_photo,
            daily_receipts=self.daily_receipts,
        )

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        self.batches.append([each[0] for each in bodies])
        step = self._start_call("reports")
        if len(bodies) > self.max_batch or sum(len(body) for _, body in bodies) > self.max_body_bytes:
            raise _error(TooLarge)
        verdicts = [self._receive(report_id, json.loads(body), step) for report_id, body in bodies]
        self._finish_call(step)
        if step.name in _LAST_UNREADABLE:
            verdicts.pop()
            if not verdicts:
                raise _error(NotTheAuthority)
        return verdicts

    def validate(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """The answer that `submit` would give; stores nothing and uses no step of the script."""
        kept = (dict(self.known), dict(self.acquired), self._numbers)
        verdicts = [self._receive(report_id, json.loads(body), Step()) for report_id, body in bodies]
        self.known, self.acquired, self._numbers = kept
        return [
            each if each.receipt in kept[1].values() else Verdict(each.id, each.status, None, each.errors)
            for each in verdicts
        ]

    def verdict(self, report_id: str) -> Verdict | None:
        self.asked.append(report_id)
        step = self._start_call("result")
        kept = self.known.get(report_id)
        if kept is not None and step.name == "defer":
            return Verdict(report_id, Status.DEFERRED, retry_after=int(step.amount or 0))
        if kept is not None and kept.verdict.status is Status.PENDING:
            kept.verdict = self._judge(report_id, step)
        self._finish_call(step)
        return kept.verdict if kept is not None else None

    def receipt_pdf(self, report_id: str) -> bytes | None:
        self._start_call("receipt")
        kept = self.known.get(report_id)
        return b"%PDF-1.7\n%%EOF\n" if kept is not None and kept.verdict.receipt is not None else None

    def daily_receipt(self, day: date) -> DailyReceipt | None:
        self._start_call("daily")
        begin = datetime.combine(day, time(), self.now.tzinfo)
        end = begin + timedelta(days=1)
        receipts = {report_id: each for report_id, each in self.acquired.items() if begin <= each.issued_at < end}
        return DailyReceipt(day, begin, end, "P-1", self.now, receipts) if self.daily_receipts else None

    def daily_receipt_pdf(self, day: date) -> bytes | None:
        return b"%PDF-1.7\n%%EOF\n" if self.daily_receipt(day) is not None else None

    def codes(self, table: str, etag: str | None = None) -> CodeTable | None:
        self.tables_asked.append((table, etag))
        step = self._start_call("codes")
        self._finish_call(step)
        found = self.tables.get(table)
        if found is None:
            raise _error(CallRefused)
        return None if etag is not None and found.etag == etag else found

    def send_photo(self, report_id: str, jpeg: bytes) -> None:
        step = self._start_call("photo")
        kept = self.known.get(report_id)
        accepted = kept is not None and kept.verdict.status is Status.ACCEPTED and kept.content["kind"] == "check_in"
        if not self.wants_photo or not accepted or len(jpeg) > MAX_PHOTO_BYTES:
            raise _photo_refused()
        if self.photos.setdefault(report_id, jpeg) != jpeg:
            raise _photo_refused()
        self._finish_call(step)

    def _receive(self, report_id: str, report: dict[str, Any], step: Step) -> Verdict:
        kept = self.known.get(report_id)
        if kept is not None:
            return kept.verdict if kept.content == report else _rejected(report_id, "id", "id_conflict")
        if step.name == "defer":
            return Verdict(report_id, Status.DEFERRED, retry_after=int(step.amount or 0))
        rule = STAY_RULES[report["kind"], self._state_of(report["stay_id"])]
        if rule.status == "deferred":
            return Verdict(report_id, Status.DEFERRED, retry_after=60)
        misfit = _rejected(report_id, "stay_id", rule.code) if rule.code is not None else None
        verdict = misfit or self._duplicate_of_other_stay(report_id, report)
        self.known[report_id] = KnownReport(report, verdict or self._judge(report_id, step))
        return self.known[report_id].verdict

    def _judge(self, report_id: str, step: Step) -> Verdict:
        if step.name == "reject":
            return _rejected(report_id, "", "scripted")
        if step.name == "pending":
            return Verdict(report_id, Status.PENDING)
        self._numbers += 1
        self.acquired[report_id] = Receipt(f"SIM-{self._numbers:04}", self.now)
        status = Status.DUPLICATE if step.name == "duplicate" else Status.ACCEPTED
        return Verdict(report_id, status, self.acquired[report_id])

    def _state_of(self, stay_id: str) -> str:
        """The state of a stay, as `STAY_RULES` names it."""
        state = "none"
        for each in self.known.values():
            if each.content["stay_id"] != stay_id:
                continue
            if each.verdict.status is Status.PENDING:
                return "pending"
            if each.verdict.status is not Status.REJECTED:
                state = STAY_RULES[each.content["kind"], state].then
            elif (each.content["kind"], state) == ("check_in", "none"):
                state = "refused"
        return state

    def _duplicate_of_other_stay(self, report_id: str, report: dict[str, Any]) -> Verdict | None:
        """A duplicate verdict where another stay has the same document and night of check-in."""
        if report["kind"] != "check_in":
            return None
        for other_id, other in self.known.items():
            same = other.content["kind"] == "check_in" and _document_and_night(other.content) == _document_and_night(
                report
            )
            if same and other_id in self.acquired and other.content["stay_id"] != report["stay_id"]:
                return Verdict(report_id, Status.DUPLICATE, self.acquired[other_id])
        return None

    def _start_call(self, route: str) -> Step:
        """The step of a call that reached the authority; raises the error of a step that prevents it."""
        self._log_in()
        step = self._next(route)
        if step.name == "401":
            self._has_token = False
            self._log_in()
            step = self._next(route)
        if route == "photo" and step.name in _PHOTO_REFUSALS:
            raise _photo_refused()
        _raise_refusal(step)
        return step

    def _log_in(self) -> None:
        if self._has_token:
            return
        step = self._next("token")
        _raise_refusal(step)
        self._finish_call(step)
        if not self.password_is_right:
            raise _error(WrongPassword)
        self._has_token = True

    def _next(self, route: str) -> Step:
        return self._steps[route].popleft() if self._steps[route] else Step()

    def _finish_call(self, step: Step) -> None:
        """Raise the error of a step that breaks the answer on its way back."""
        if step.name in _BROKEN_ANSWERS:
            raise _error(_BROKEN_ANSWERS[step.name])
        if step.name == "slow" and (step.amount or 0) >= _TIMEOUT_S:
            raise _error(TimedOut)


def _raise_refusal(step: Step) -> None:
    if step.name == "429" or (step.name == "503" and step.amount is not None):
        wait = int(step.amount) if step.amount is not None else None
        raise AuthorityBusy(msg("The simulator is busy."), retry_after=wait)
    if step.name == "503":
        raise _error(UnknownOutcome)
    if step.name in _REFUSED:
        raise _error(_REFUSED[step.name])


def _error(kind: type[ApoaError]) -> ApoaError:
    return kind(msg("A fault of the script."))


def _photo_refused() -> CallRefused:
    return CallRefused(msg("A fault of the script."), name="photo_refused")


def _rejected(report_id: str, field: str, code: str) -> Verdict:
    return Verdict(report_id, Status.REJECTED, errors=(Finding(field, code, literal("No.")),))


def _document_and_night(report: dict[str, Any]) -> tuple[str, str]:
    return report["guest"]["document"]["number"], report["stay"]["check_in"][:10]
