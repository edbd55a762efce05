"""What is sealed in a row: the report's bytes, and what was found about it, each under an id of its own.

Errors and warnings are sealed apart, so that one is replaced without the key that opens the other.
"""

import json
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from apoa_client.outbox.sqlite.rows import ERRORS, WARNINGS
from apoa_client.ports import Content, Sealer
from apoa_client.report.findings import Finding, finding_from_json
from apoa_client.report.model import Report
from apoa_client.report.wire import from_json, to_json


def end_of_stay(report: Report) -> datetime | None:
    """When the stay ends that a report tells of: its check-out, or the end of the planned day in the house's zone."""
    if report.check_out is not None or report.stay is None:
        return report.check_out
    after = report.stay.planned_check_out + timedelta(days=1)
    return datetime.combine(after, time(), report.stay.check_in.tzinfo)


class Contents:
    """Seals and opens what a row holds."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal_report(self, report: Report) -> bytes:
        """The report, as the very bytes that will be sent."""
        return self._sealer.seal(report.id, to_json(report))

    def seal_findings(self, report_id: str, kind: str, findings: Sequence[Finding] | None) -> bytes | None:
        """Findings of one kind; None where there are none to keep."""
        if findings is None:
            return None
        content = json.dumps([finding.as_json() for finding in findings], ensure_ascii=False, separators=(",", ":"))
        return self._sealer.seal(f"{report_id}#{kind}", content.encode())

    def open(self, report_id: str, body: bytes, errors: bytes | None, warnings: bytes | None) -> Content:
        """All of it. Raises what the sealer does; `ValueError`, `TypeError` or `KeyError` for what we never wrote."""
        opened = self._sealer.open(report_id, body)
        return Content(
            from_json(opened),
            opened,
            self._open_findings(report_id, ERRORS, errors),
            self._open_findings(report_id, WARNINGS, warnings),
        )

    def _open_findings(self, report_id: str, kind: str, sealed: bytes | None) -> tuple[Finding, ...]:
        if sealed is None:
            return ()
        return tuple(finding_from_json(value) for value in json.loads(self._sealer.open(f"{report_id}#{kind}", sealed)))
