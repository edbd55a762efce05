"""The page that shows what the training authority received since it started: kept in the process, never on disk."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from apoa_client.sandbox.answers import Result

MAX_ROWS = 200
"""The newest reports; older ones leave the page, and their verdicts stay in the memory."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

_KINDS = {
    "check_in": "Masuk / Check-in",
    "check_out": "Keluar / Check-out",
    "amend": "Ubah / Amend",
    "cancel": "Batal / Cancel",
}
_STATUSES = {
    "accepted": "Diterima / Accepted",
    "pending": "Diproses / Pending",
    "rejected": "Ditolak / Rejected",
    "duplicate": "Sudah ada / Duplicate",
    "deferred": "Ditunda / Deferred",
}
_PAGE = """<!DOCTYPE html>
<html lang="id">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="3">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LATIHAN / TRAINING</title>
<style>
body {{ font: 16px/1.4 system-ui, sans-serif; margin: 0; color: #222; background: #fff; }}
header {{ background: #b30000; color: #fff; padding: 1rem; font-weight: bold; font-size: 1.4rem; }}
main {{ padding: 1rem; overflow-x: auto; }}
table {{ border-collapse: collapse; width: 100%; }}
caption {{ text-align: left; padding-bottom: .5rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #ccc; }}
td:first-child, td:last-child {{ white-space: nowrap; }}
</style>
</head>
<body>
<header>LATIHAN / TRAINING &mdash; bukan Imigrasi / not Immigration</header>
<main>
<table>
<caption>{property}: {count} laporan diterima sejak dinyalakan / reports received since it started</caption>
<thead><tr><th scope="col">Waktu / Time</th><th scope="col">Laporan / Report</th><th scope="col">Tamu / Guest</th>
<th scope="col">Kamar / Room</th><th scope="col">Putusan / Verdict</th><th scope="col">Bukti / Receipt</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</main>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One report as the page shows it."""

    time: str
    kind: str
    stay_id: str
    guest: str = field(repr=False)
    room: str = field(repr=False)
    result: Result


class ReceivedReports:
    """The rows of the page. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: OrderedDict[str, Row] = OrderedDict()

    def note(self, report: Mapping[str, Any], result: Result, time: str) -> None:
        """A report came and got its result; coming again, it stays one row."""
        with self._lock:
            row = self._row(report, result, time)
            self._rows[row.result.id] = row
            while len(self._rows) > MAX_ROWS:
                self._rows.popitem(last=False)

    def decided(self, result: Result) -> None:
        """A report that was pending has another result by now."""
        with self._lock:
            if result.id in self._rows:
                self._rows[result.id] = replace(self._rows[result.id], result=result)

    def page(self, property_name: str) -> str:
        """The page as HTML, newest report first."""
        with self._lock:
            rows = list(reversed(self._rows.values()))
        return _PAGE.format(property=escape(property_name), count=len(rows), rows="\n".join(map(_html, rows)))

    def _row(self, report: Mapping[str, Any], result: Result, time: str) -> Row:
        stay_id = _text(report, "stay_id")
        guest = f"{_text(report, 'guest', 'surname')} {_text(report, 'guest', 'given_names')}".strip()
        room = _text(report, "stay", "room")
        if "guest" not in report:
            earlier = next((row for row in reversed(self._rows.values()) if row.stay_id == stay_id), None)
            guest, room = (earlier.guest, earlier.room) if earlier is not None else ("", "")
        return Row(time, _text(report, "kind"), stay_id, guest, room, result)


def _text(value: object, *path: str) -> str:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def _html(row: Row) -> str:
    proof = row.result.receipt
    cells = (
        row.time.replace("T", " "),
        _KINDS.get(row.kind, row.kind),
        row.guest,
        row.room,
        "; ".join((_STATUSES.get(row.result.status, ""), *(f"{e.field} {e.code}" for e in row.result.errors))),
        proof.number if proof is not None else "",
    )
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
