"""What the authority decides about the reports of one call, and what it later says became of them.

The order of questions is the contract's: is this id known; is the report right; does it fit the stay; is the guest
already covered. Whatever is decided is remembered under the report's id before anybody hears of it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from apoa_client.sandbox.answers import ReceiptAnswer, Result, Violation, Violations
from apoa_client.sandbox.covered_nights import CoveredNights
from apoa_client.sandbox.faults import OK, Step
from apoa_client.sandbox.rules import rule_violations, rule_warnings
from apoa_client.sandbox.storage import Record, Records, Storage
from apoa_client.sandbox.validation import KINDS, fits, report_violations

Report = Mapping[str, Any]

_REJECTED_BY_SCRIPT = Violation("", "training", "The training script rejects this report.")
_CONFLICT = Violation("id", "id_conflict", "Another report was sent under this id before.")
_NO_UNICODE = Violation("", "bad_character", "A text holds half of a surrogate pair, which is no character.")


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decides, and remembers. `now` is aware; `window_hours` is how long after check-in a report is in time."""

    storage: Storage
    marks: CoveredNights
    now: Callable[[], datetime]
    window_hours: int

    def receive(self, reports: Sequence[Report], step: Step = OK, *, keep: bool = True) -> list[Result]:
        """One result a report, in their order. Each has an ``Id`` for its `id`; all else may be wrong.

        With `keep` False nothing is acquired, and no receipt is issued that was not issued before.
        """
        with self.storage.transaction(keep=keep) as records:
            issued = records.next_number()
            results = [self._decide(records, report, step) for report in reports]
            return results if keep else [_without_new_receipt(result, issued) for result in results]

    def result(self, report_id: str, step: Step = OK) -> Result | None:
        """What became of one report: None if it was never received. A pending one is decided by being asked for."""
        with self.storage.transaction() as records:
            record = records.find(report_id)
            if record is None:
                return None
            if step.name == "defer":
                return Result(report_id, "deferred", retry_after=step.seconds)
            if record.status == "pending" and step.name != "pending":
                record = self._settled(records, record, step)
                records.save(record)
            return _as_result(records, record)

    def _decide(self, records: Records, report: Report, step: Step) -> Result:
        try:
            content, sha256 = _digest(report, sort=True), _digest(report, sort=False)
        except UnicodeEncodeError:
            return Result(report["id"], "rejected", errors=(_NO_UNICODE,))
        known = records.find(report["id"])
        if known is not None:
            same = known.content == content
            return _as_result(records, known) if same else Result(known.id, "rejected", errors=(_CONFLICT,))
        errors = self._violations(records, report)
        if not errors and step.name == "defer":
            return Result(report["id"], "deferred", retry_after=step.seconds)
        record = self._judged(records, self._arrived(report, content, sha256), report, errors, step)
        records.save(record)
        return _as_result(records, record)

    def _violations(self, records: Records, report: Report) -> Violations:
        wrong = (*report_violations(report), *rule_violations(report, self.now()))
        unique = {(violation.field, violation.code): violation for violation in reversed(wrong)}
        found = tuple(reversed(unique.values()))
        return found or _out_of_order(records.kinds_of_stay(report["stay_id"]), report["kind"])

    def _arrived(self, report: Report, content: str, sha256: str) -> Record:
        """The record of a report as it came, with nothing in it that the report might have smuggled in."""
        return Record(
            id=report["id"],
            stay_id=report["stay_id"] if fits("Id", report.get("stay_id")) else "",
            kind=kind if (kind := report.get("kind")) in KINDS else "",
            content=content,
            sha256=sha256,
            status="pending",
            received_at=_rfc3339(self.now()),
        )

    def _judged(self, records: Records, record: Record, report: Report, errors: Violations, step: Step) -> Record:
        if errors:
            return replace(record, status="rejected", errors=_to_json(errors))
        record = replace(record, warnings=_to_json(rule_warnings(report, self.now(), self.window_hours)))
        if step.name == "reject":
            return self._settled(records, record, step)
        other = self._covered(records, report)
        if other is not None:
            return replace(record, status="duplicate", covered_by=other.id)
        return record if step.name == "pending" else self._settled(records, record, step)

    def _covered(self, records: Records, report: Report) -> Record | None:
        """The report that already covers a check-in's guest and nights; else its nights are covered from now on."""
        stay_id, kind = report["stay_id"], report["kind"]
        marks = self.marks.of(report) if kind in {"check_in", "amend"} else []
        other = records.covering(stay_id, marks) if kind == "check_in" else None
        if other is None:
            records.cover(stay_id, marks)
        return other

    def _settled(self, records: Records, record: Record, step: Step) -> Record:
        """The record with its verdict: accepted, unless the script says otherwise."""
        if step.name == "reject":
            return replace(record, status="rejected", errors=_to_json((_REJECTED_BY_SCRIPT,)))
        status = "duplicate" if step.name == "duplicate" else "accepted"
        return replace(record, status=status, number=records.next_number(), issued_at=_rfc3339(self.now()))


def _out_of_order(kinds: Sequence[str], kind: str) -> Violations:
    """Why a report does not fit what its stay already is."""
    code = _refused_as(kinds, kind)
    messages = {
        "stay_exists": "This stay has a check-in already; send an amendment.",
        "unknown_stay": "No check-in of this stay was acquired.",
        "stay_cancelled": "This stay was cancelled; send a check-in with a new stay_id.",
        "already_cancelled": "This stay was cancelled before.",
        "already_checked_out": "The guest of this stay was checked out before.",
    }
    return (Violation("stay_id", code, messages[code]),) if code is not None else ()


def _refused_as(kinds: Sequence[str], kind: str) -> str | None:
    if "cancel" in kinds:
        return "already_cancelled" if kind == "cancel" else "stay_cancelled"
    if kind == "check_in":
        return "stay_exists" if "check_in" in kinds else None
    if "check_in" not in kinds:
        return "unknown_stay"
    # An amendment replaces what was said before it, a check-out too: the guest is there again.
    gone = [each for each in kinds if each in {"check_out", "amend"}][-1:] == ["check_out"]
    return "already_checked_out" if kind == "check_out" and gone else None


def _as_result(records: Records, record: Record) -> Result:
    holder = records.find(record.covered_by) if record.covered_by is not None else record
    return Result(
        record.id,
        record.status,
        _proof(holder) if holder is not None else None,
        _from_json(record.errors),
        _from_json(record.warnings),
    )


def _proof(record: Record) -> ReceiptAnswer | None:
    if record.number is None or record.issued_at is None:
        return None
    return ReceiptAnswer(f"LATIHAN-{record.issued_at[:4]}-{record.number:06}", record.issued_at, record.sha256)


def _without_new_receipt(result: Result, first_new: int) -> Result:
    proof = result.receipt
    new = proof is not None and int(proof.number.rpartition("-")[2]) >= first_new
    return replace(result, receipt=None) if new else result


def _digest(report: Report, *, sort: bool) -> str:
    text = json.dumps(report, ensure_ascii=False, separators=(",", ":"), sort_keys=sort)
    return hashlib.sha256(text.encode()).hexdigest()


def _to_json(violations: Violations) -> str:
    return json.dumps([violation.as_json() for violation in violations])


def _from_json(text: str) -> Violations:
    return tuple(Violation(**value) for value in json.loads(text))


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
