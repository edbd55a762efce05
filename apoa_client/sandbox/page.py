"""The page that shows the reports received since the start. They are kept in memory only, never on disk."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apoa_client.sandbox.answers import Result
from apoa_client.sandbox.rules import member

if TYPE_CHECKING:
    from jinja2 import Template

MAX_ROWS = 200
"""The newest reports; older ones are dropped from the page, and their verdicts stay in the storage."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

_KINDS = {
    "check_in": "Check-in",
    "check_out": "Check-out",
    "amend": "Perubahan / Amend",
    "cancel": "Pembatalan / Cancel",
}
_STATUSES = {
    "accepted": "Diterima / Accepted",
    "pending": "Menunggu keputusan / Pending",
    "rejected": "Ditolak / Rejected",
    "duplicate": "Sudah ada / Duplicate",
    "deferred": "Ditunda / Deferred",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One report as the page shows it."""

    time: str
    kind: str
    stay_id: str
    guest: str = field(repr=False)
    room: str = field(repr=False)
    result: Result
    has_photo: bool = False


class ReceivedReports:
    """The rows of the page. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: OrderedDict[str, Row] = OrderedDict()

    def add(self, report: Mapping[str, Any], result: Result, time: str) -> None:
        """Add a report and its result. A report that is sent again keeps its row."""
        stay_id = _text(report, "stay_id")
        guest = f"{_text(report, 'guest', 'surname')} {_text(report, 'guest', 'given_names')}".strip()
        room = _text(report, "stay", "room")
        with self._lock:
            if "guest" not in report:
                earlier = next((row for row in reversed(self._rows.values()) if row.stay_id == stay_id), None)
                guest, room = (earlier.guest, earlier.room) if earlier is not None else ("", "")
            has_photo = result.id in self._rows and self._rows[result.id].has_photo
            self._rows[result.id] = Row(time, _text(report, "kind"), stay_id, guest, room, result, has_photo)
            while len(self._rows) > MAX_ROWS:
                self._rows.popitem(last=False)

    def update(self, result: Result) -> None:
        """Change the result of a report that was pending."""
        with self._lock:
            if result.id in self._rows:
                self._rows[result.id] = replace(self._rows[result.id], result=result)

    def add_photo(self, report_id: str) -> None:
        """Show that the photo of a report arrived. The photo itself is not kept."""
        with self._lock:
            if report_id in self._rows:
                self._rows[report_id] = replace(self._rows[report_id], has_photo=True)

    def page(self, property_name: str) -> str:
        """The page as HTML, newest report first."""
        with self._lock:
            rows = list(reversed(self._rows.values()))
        return _template().render(property=property_name, rows=rows, kinds=_KINDS, statuses=_STATUSES)


@cache
def _template() -> "Template":
    # Imported here: most training runs never show the page, and jinja2 is slow to load.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


def _text(report: Mapping[str, Any], *path: str) -> str:
    value = member(report, *path)
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""
