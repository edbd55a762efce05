"""JSON of the contract: lists and single reports."""

import json
from typing import Any

import pytest

from apoa_client.tables import reading
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import GuestRow, Records, TableRefused

REPORT: dict[str, Any] = {"guest": {"surname": "SMITH", "given_names": "JANE"}, "stay": {"room": "7"}}


def read(content: str | bytes) -> list[GuestRow]:
    records = open_source(content.encode() if isinstance(content, str) else content)
    assert isinstance(records, Records)
    assert records.facts.format == "json"
    return list(records.read_rows())


def refusal(content: str) -> str:
    with pytest.raises(TableRefused) as raised:
        read(content)
    assert "SMITH" not in f"{raised.value!r}{raised.value}{raised.value.message.values}"
    return raised.value.name


@pytest.mark.parametrize("indent", [None, 2])
def test_every_form(indent: int | None) -> None:
    """One report, a list, and an object with a list are read the same, in one line or in many."""
    one, two = REPORT, {**REPORT, "guest": {**REPORT["guest"], "surname": "DOE"}}
    for document in (one, [one, two], {"schema": "apoa/list/1", "reports": [one, two]}):
        rows = read(json.dumps(document, indent=indent))
        assert [row.texts["surname"] for row in rows] == ["SMITH", "DOE"][: len(rows)]
        assert not any(row.findings for row in rows)


def test_json_lines() -> None:
    """A report in each line, without a list around them, is refused: the error says what is read."""
    assert refusal(f"{json.dumps(REPORT)}\n\n{json.dumps(REPORT)}\n") == "json_lines"


def test_places_in_a_list() -> None:
    """A field of a list has a path, as in other programs."""
    rows = read(json.dumps({"reports": [REPORT, REPORT]}))
    assert [row.cells["stay.room"] for row in rows] == ["$.reports[0]", "$.reports[1]"]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_encodings(codec: str) -> None:
    """A file with a byte order mark is read, as PowerShell writes it."""
    assert len(read(json.dumps([REPORT]).encode(codec))) == 1


def test_departures_and_cancellations() -> None:
    """The time of departure is taken over, and a cancelled stay is skipped."""
    left, cancelled = read(json.dumps([{**REPORT, "check_out": "2026-11-25"}, {**REPORT, "stay_state": "cancelled"}]))
    assert left.check_out == "2026-11-25"
    assert cancelled.skip == "cancelled"


@pytest.mark.parametrize("value", [1, None, "x", [], {"guest": 1, "stay": []}, {"guest": {"surname": {}}, "stay": {}}])
def test_wrong_shapes(value: object) -> None:
    """What is no report has findings, and does not hold up the others."""
    rows = read(json.dumps([REPORT, value, REPORT]))
    assert [bool(row.findings) for row in rows] == [False, True, False]


def test_a_departure_of_another_type() -> None:
    """A time of departure that is no text is a finding."""
    (row,) = read(json.dumps([{**REPORT, "check_out": 5}]))
    assert [finding.code for finding in row.findings] == ["unknown_format"]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([REPORT])[:-9],
        json.dumps([REPORT])[:-1],
        json.dumps([REPORT]) + "x",
        '{"reports": [' + json.dumps(REPORT) + "]",
        json.dumps(REPORT) + "\nbroken\n",
        "[{}" + json.dumps(REPORT) + "]",
        '{"guest": SMITH}',
        "[{}," + "[" * 100_000 + "]" * 100_000 + "]",
        '{"a":' * 100_000,
        '[{"a": ' + "9" * 9_999 + "}]",
    ],
)
def test_broken(content: str) -> None:
    """JSON that is not whole, that is too deep, or that has text behind it is refused with its line."""
    assert refusal(content) == "invalid_json"


def test_the_line_of_a_mistake() -> None:
    """The error says in which line the mistake is."""
    with pytest.raises(TableRefused) as raised:
        read(f"[{json.dumps(REPORT)},\n{json.dumps(REPORT)},\n{{broken\n")
    assert raised.value.message.values["line"] == 3


def test_an_empty_list() -> None:
    """A list without a report has no rows."""
    assert read("[]") == []
    assert read('{"reports": []}') == []


def test_a_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read as a whole, so a file of which Python would make a gigabyte is refused."""
    monkeypatch.setattr(reading, "_MOST_JSON_BYTES", 100)
    assert refusal(json.dumps([REPORT] * 10)) == "table_too_large"
