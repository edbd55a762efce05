"""What is sealed in an outbox: each report, its findings and photo, and the drafts, each under an id of its own.

A report is sealed together with its warnings, because a seal is what takes the longest time of saving it. The findings
of an answer are sealed separately, so that they can be replaced without the key; then those warnings replace the first.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from apoa_client.ports.entries import Content
from apoa_client.report.findings import Finding, finding_from_json
from apoa_client.report.model import Report, from_json, to_json

if TYPE_CHECKING:
    from apoa_client.ports.vault import Sealer

ERRORS = "errors"
WARNINGS = "warnings"
"""The kinds of findings."""
PHOTO = "photo"
_BORDER = b"\n"
"""Between a report and its warnings: JSON of `to_json` has no line end. Rows of before have their warnings apart."""
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def part_id(report_id: str, part: str) -> str:
    """Return the id under which a part of a report is sealed: its findings of one kind, or its photo."""
    return f"{report_id}#{part}"


class Contents:
    """Seals and opens what a row holds."""

    def __init__(self, sealer: "Sealer") -> None:
        self._sealer = sealer

    def seal_report(self, report: Report, warnings: Sequence[Finding] = ()) -> bytes:
        """Seal the report, as the bytes that will be sent, and its warnings behind them."""
        content = to_json(report)
        return self._sealer.seal(report.id, content + _BORDER + _findings_json(warnings) if warnings else content)

    def seal_findings(self, report_id: str, kind: str, findings: Sequence[Finding] | None) -> bytes | None:
        """Seal findings of one kind; None for None."""
        if findings is None:
            return None
        return self._sealer.seal(part_id(report_id, kind), _findings_json(findings))

    def seal_photo(self, report_id: str, photo: bytes | None) -> bytes | None:
        """Seal a photo; None for None."""
        return None if photo is None else self._sealer.seal(part_id(report_id, PHOTO), photo)

    def open_photo(self, report_id: str, sealed: bytes) -> bytes:
        """Open a photo. Raises what the sealer does."""
        return self._sealer.open(part_id(report_id, PHOTO), sealed)

    def open(self, report_id: str, body: bytes, errors: bytes | None, warnings: bytes | None) -> Content:
        """Open all of it.

        Raises what the sealer does, and `ValueError`, `TypeError` or `KeyError` for what this program never wrote.
        """
        report, _border, first = self._sealer.open(report_id, body).partition(_BORDER)
        return Content(
            from_json(report),
            report,
            self._open_findings(report_id, ERRORS, errors),
            self._open_findings(report_id, WARNINGS, warnings, first),
        )

    def _open_findings(
        self, report_id: str, kind: str, sealed: bytes | None, first: bytes = b""
    ) -> tuple[Finding, ...]:
        content = first if sealed is None else self._sealer.open(part_id(report_id, kind), sealed)
        return tuple(map(finding_from_json, json.loads(content))) if content else ()


def _findings_json(findings: Sequence[Finding]) -> bytes:
    return _encode([finding.as_json() for finding in findings]).encode()
