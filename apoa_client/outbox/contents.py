"""What is sealed in an outbox: each report's bytes, findings and photo, and the drafts, each under an id of its own.

Errors and warnings are sealed separately, so that one can be replaced without the key that opens the other.
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


def part_id(report_id: str, part: str) -> str:
    """Return the id under which a part of a report is sealed: its findings of one kind, or its photo."""
    return f"{report_id}#{part}"


class Contents:
    """Seals and opens what a row holds."""

    def __init__(self, sealer: "Sealer") -> None:
        self._sealer = sealer

    def seal_report(self, report: Report) -> bytes:
        """Seal the report, as the bytes that will be sent."""
        return self._sealer.seal(report.id, to_json(report))

    def seal_findings(self, report_id: str, kind: str, findings: Sequence[Finding] | None) -> bytes | None:
        """Seal findings of one kind; None for None."""
        if findings is None:
            return None
        content = json.dumps([finding.as_json() for finding in findings], ensure_ascii=False, separators=(",", ":"))
        return self._sealer.seal(part_id(report_id, kind), content.encode())

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
        values = json.loads(self._sealer.open(part_id(report_id, kind), sealed))
        return tuple(finding_from_json(value) for value in values)
