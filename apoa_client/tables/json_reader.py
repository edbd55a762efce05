"""JSON of the contract: a list of reports, one report, or the JSON of `apoa list`.

A report is an object with `guest` and `stay`. Its other members, which this program writes beside them, are ignored,
but for `check_out`, the time when the guest left, and `stay_state`, which may say that the stay was cancelled.
"""

import json

from apoa_client.messages import msg
from apoa_client.report.fields import FIELDS
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.report_input import parse_report_input
from apoa_client.tables.cell_words import CANCELLED
from apoa_client.tables.content import Content, TableRefused, TextFile
from apoa_client.tables.rows import GuestRow, Records, SourceFacts

_MEMBERS = {"guest", "stay"}
_CHECK_OUT = "check_out"
_STAY_STATE = "stay_state"
_CANCELLED = ("cancelled", "withdrawn")
_MOST_BYTES = 16 * 1024 * 1024
"""Of 17,000 reports. What is made of them takes ten times the memory, and of hostile JSON thirty times."""


def open_json(content: Content) -> Records:
    """Return the reports in a JSON file. Raises `TableRefused` for a file that is no JSON, or too large."""
    file = TextFile(content)
    if len(content.whole) > _MOST_BYTES:
        raise TableRefused(
            msg("The file is too large: over {limit} MB.", limit=_MOST_BYTES // 1024**2),
            msg("Nothing was saved. Split it into several files."),
            name="table_too_large",
        )
    with file.open() as text:
        reports = _reports(text.read())
    return Records(
        SourceFacts("json", file.encoding),
        lambda: (_guest_row(number, place, value) for number, (place, value) in enumerate(reports, 1)),
    )


def _reports(text: str) -> list[tuple[str, object]]:
    """Return each report with its place: the path in the file (RFC 9535)."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as exc:
        if exc.msg == "Extra data" and text[exc.pos] == "{":
            raise TableRefused(
                msg("The file has several reports without a list around them (JSON Lines). Such files are not read."),
                msg("Nothing was saved. Export the reports as one list, in square brackets with commas between them."),
                name="json_lines",
            ) from None
        raise _refused(exc.lineno) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, and lists in lists
        raise _refused(1) from None
    path = "$"
    if isinstance(document, dict) and isinstance(document.get("reports"), list):
        path, document = "$.reports", document["reports"]
    if not isinstance(document, list):
        return [("$", document)]
    return [(f"{path}[{index}]", value) for index, value in enumerate(document)]


def _refused(line: int) -> TableRefused:
    return TableRefused(
        msg("Line {line} of the file is no valid JSON.", line=line),
        msg("Nothing was saved. Export the file again; the form is that of the contract: apoa help contract"),
        name="invalid_json",
    )


def _guest_row(number: int, place: str, value: object) -> GuestRow:
    cells = dict.fromkeys((*(field.path for field in FIELDS), _CHECK_OUT), place)
    left: object = ""
    if isinstance(value, dict) and value.get(_STAY_STATE) in _CANCELLED:
        return GuestRow(number, cells=cells, skip=CANCELLED)
    if isinstance(value, dict) and not _MEMBERS.isdisjoint(value):
        left, value = value.get(_CHECK_OUT) or "", {name: value[name] for name in value if name in _MEMBERS}
    try:
        read = parse_report_input(value)
    except ReportRefused as exc:
        return GuestRow(number, cells=cells, findings=exc.errors)
    if not isinstance(left, str):
        problem = Finding(_CHECK_OUT, "unknown_format", msg("This must be a text, or null."))
        return GuestRow(number, read.typed, tuple(read.lines), cells, (problem,))
    return GuestRow(number, read.typed, tuple(read.lines), cells, check_out=left)
