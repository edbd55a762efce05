"""`apoa export`: reports, or the guest book, as CSV, XLSX or JSON; and its import on another computer."""

import csv
import io
import os
import re
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from cli_helpers import (
    GUESTS,
    LANGUAGES,
    NOWHERE,
    OBADIAH,
    PRIVATE,
    QUENTIN,
    XIMENA,
    Apoa,
    OpenContents,
    spoken,
)

from apoa_client.passport.dates import PartialDate
from apoa_client.tables.headings import parse_heading


@pytest.fixture
def three(away: Apoa) -> Apoa:
    """Three guests: one has left, one was cancelled, one has other data now."""
    saved = [away.save(guest, "--check-in", f"2026-11-2{number}T15:00") for number, guest in enumerate(GUESTS, 1)]
    away("checkout", saved[0]["id"], "--at", "2026-11-23T10:00", "--no-send")
    away("cancel", saved[1]["id"], "--reason", "batal", "--no-send", "--yes")
    away("amend", saved[2]["id"], "--room", "+9", "--yes", "--no-send")
    return away


def table(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content, newline="")))


def rows(apoa: Apoa, *options: str) -> list[dict[str, str]]:
    result = apoa("export", *options)
    assert result.code == 0, result.err
    return table(result.out)


def test_without_guests_data(three: Apoa, tmp_path: Path) -> None:
    """Each report is a row with its kind, state and times, stay by stay, without the key; the guest book needs it."""
    three.delete_key()
    found = rows(three)
    assert [row["Kind of report"] for row in found] == ["check_in", "check_out", *["check_in"] * 3]
    assert [row["State of the report"] for row in found] == [*("queued", "queued", "withdrawn", "queued", "superseded")]
    assert [row["Guest status"] for row in found] == ["checked out"] * 2 + ["cancelled"] + ["in house"] * 2
    assert found[1]["Checked out at"] == "2026-11-23T10:00:00+07:00"
    assert found[0]["Due by"] == "2026-11-22T15:00:00+07:00"
    assert not readable_in_text(three("export").all)
    file = tmp_path / "guests.csv"
    assert (three("export", "--personal", "-o", str(file)).code, file.exists()) == (77, False)
    assert "error" in three("export", "--personal", "--json").json


def readable_in_text(content: str) -> list[str]:
    return [word for word in PRIVATE if word.lower() in content.lower()]


def test_the_guest_book(three: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --codes, each stay is a row with all of its current report, one opened at a time; and the log says so."""
    contents = OpenContents(monkeypatch)
    found = rows(three, "--personal", "--codes")
    assert (len(contents.opened), contents.most <= 2) == (3, True)
    assert [row["Surname"] for row in found] == [guest.surname for guest in GUESTS]
    assert [row["Room"] for row in found] == ["7", "7", "'+9"]  # no formula
    assert found[0]["Date of birth"] == str(QUENTIN.birth_date)
    assert found[0]["MRZ line 2"] == QUENTIN.lines[1]
    assert [row["Checked out at"] for row in found] == ["2026-11-23T10:00:00+07:00", "", ""]
    assert [row["Guest status"] for row in found] == ["checked out", "cancelled", "in house"]
    events = three("log", "--json").json["entries"]
    assert [event["action"] for event in events].count("exported") == 1
    assert spoken("en", "guests' data exported") in three("log").out


def test_the_guest_book_for_people(three: Apoa) -> None:
    """Without --codes it has fifteen columns, and words and days in the reader's language."""
    for lang, state, left in (("en", "Poland", "23 Nov 2026 10:00 WIB"), ("id", "Polandia", "23 Nov 2026 10.00 WIB")):
        said = three("export", "--personal", lang=lang)
        values = list(table(said.out)[0].values())
        assert values[:4] == [QUENTIN.surname, QUENTIN.given_names, spoken(lang, "male"), "12 Sep 1985"]
        assert (values[5], values[12], len(values)) == (state, left, 15)
        assert not re.search(r"20[0-9]{2}-[0-9]{2}|T[0-9]{2}:", said.out)


def test_import_reads_the_guest_book_for_people(here: Apoa, tmp_path: Path) -> None:
    """On the same computer each guest is known, in either language."""
    for lang, form in (("en", "xlsx"), ("id", "csv")):
        file = str(tmp_path / f"guests-{lang}.{form}")
        assert here("export", "--personal", "-o", file, lang=lang).code == 0
        said = here("import", file, "--check", "--no-send", "--json", lang=lang)
        assert said.code == 0, said.all
        assert said.json["saved"] == 0


def test_only_the_chosen(three: Apoa) -> None:
    """The days are those of the check-in; the state is that of the report."""
    [chosen] = rows(three, "--personal", "--since", "22/11", "--until", "22 nov")
    assert chosen["Surname"] == XIMENA.surname
    waiting = rows(three, "--personal", "--state", "queued")
    assert [row["Surname"] for row in waiting] == [QUENTIN.surname, OBADIAH.surname]
    others = rows(three, "--state", "superseded", "--state", "withdrawn")
    assert [row["Kind of report"] for row in others] == ["check_in"] * 2
    assert rows(three, "--since", "2026-12-01") == []
    assert three("export", "--since", "2026-11-22", "--until", "2026-11-21").code == 2


def test_a_file(three: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the name says the form; a workbook is not shown. It is private, and replaced only with --force."""
    file = tmp_path / "guests.xlsx"
    said = three("export", "--personal", "-o", str(file))
    assert said.code == 0, said.err
    assert "3 rows" in said.out
    assert "personal data" in said.err
    sheet = openpyxl.load_workbook(file).active
    assert sheet is not None
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["Surname", *(guest.surname for guest in GUESTS)]
    if os.name != "nt":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert three("export", "--personal", "-o", str(file)).code == 2
    plain = tmp_path / "reports.csv"
    assert three("export", "-o", str(plain)).err == ""
    assert plain.read_bytes().startswith(b"\xef\xbb\xbfChecked out at,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["guests.xlsx", "home", "reports.csv"]
    folder = three("export", "-o", str(tmp_path), "--force")
    assert (folder.code, "--force" in folder.err) == (2, False)
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    assert three("export", "--format", "xlsx").code == 2


def test_json(three: Apoa, tmp_path: Path) -> None:
    """The document has its schema, with guests' data and without, on stdout and in a file."""
    reports = three("export", "--json").json["reports"]
    assert len(reports) == 5
    assert "guest" not in reports[0]
    stays = three("export", "--json", "--personal").json["reports"]
    assert [stay["guest"]["surname"] for stay in stays] == [guest.surname for guest in GUESTS]
    assert [stay["stay_state"] for stay in stays] == ["checked_out", "withdrawn", "in_house"]
    file = tmp_path / "a.json"
    assert three("export", "--personal", "-o", str(file)).code == 0
    assert file.read_text() == three("export", "--format", "json", "--personal").out


def test_erased_guests_are_left_out(three: Apoa) -> None:
    """A stay whose data are erased has no guest to write; the others are written, and it is said."""
    gone = three.reports()[0]["id"]
    assert three("cancel", gone, "--yes").code == 0
    assert three("purge", "--guest", gone, "--yes").code == 0
    said = three("export", "--personal")
    assert [row["Surname"] for row in table(said.out)] == [XIMENA.surname, OBADIAH.surname]
    assert "1 stay was left out" in said.err
    assert len(rows(three)) == 5


def test_a_report_that_cannot_be_opened(three: Apoa) -> None:
    """The others are written, the error is shown, and the exit code says so."""
    three.change_database("UPDATE reports SET content = x'00' WHERE seq = 1")
    said = three("export", "--personal")
    assert said.code == 78
    assert len(table(said.out)) == 2
    assert not readable_in_text(said.err)


def test_every_property(three: Apoa) -> None:
    """--all writes one table, with the property in a column; --property chooses one."""
    assert three.set_up(name="kenanga").code == 75
    three("--property", "kenanga", *QUENTIN.mrz("--no-send"))
    found = rows(three, "--all", "--personal")
    assert [row["Property"] for row in found] == ["melati"] * 3 + ["kenanga"]
    assert [row["Property"] for row in table(three("--property", "kenanga", "export").out)] == ["kenanga"]
    assert three("--property", "melati", "export", "--all").code == 2


def test_import_knows_the_headings(three: Apoa) -> None:
    """Each heading means to `apoa import` what it is, in both languages, and what it does not need it does not read."""
    for lang in LANGUAGES:
        heads = table(three("export", "--personal", "--codes", lang=lang).out)[0]
        assert [parse_heading(heading).target for heading in heads] == [
            *("surname", "given_names", "sex", "birth_place", "birth_date", "nationality", "document_number"),
            *("issuing_state", "expiry_date", "stay_permit", "stay_permit_number", "stay_until", "entry_date"),
            *("check_in", "planned_check_out", "room", "purpose", "phone", "email", "note"),
            *("document_type", "mrz1", "mrz2", "mrz3", "", "check_out", "status"),
            *[""] * 10,
        ]


@pytest.fixture
def here(away: Apoa) -> Apoa:
    """A guest book with everything that a row can hold."""
    page = ["--note", "=1+1; -2, +3\t@x", "--phone", "+62 812-3456", "--email", "q@example.org", "--purpose", "bisnis"]
    permit = ["--stay-permit", "C1", "--stay-permit-number", "-12/A", "--stay-until", "2026-12-20"]
    entry = ["--entry-date", "2026-11-19", "--room", "+9"]
    first = away.save(QUENTIN, "--check-in", "2026-11-20T15:04", *page, *permit, *entry)
    assert away("checkout", first["id"], "--at", "2026-11-22T09:31", "--no-send").code == 0
    accented = ["--surname=QUÍJANO", "--birth-place=-", "--check-in=2026-11-23T23:59"]
    assert away("amend", away.save(XIMENA, *accented)["id"], "--room", "Mawar 2", "--yes", "--no-send").code == 0
    young = replace(OBADIAH, given_names="", birth_date=PartialDate(1969), number="VB908")
    assert away(*young.typed("--no-send", "--check-in", "2026-11-24T00:00")).code == 0
    mistaken = away.save(replace(OBADIAH, number="VB1"), "--check-in", "2026-11-24T01:00")
    assert away("cancel", mistaken["id"], "--reason", "salah", "--yes", "--no-send").code == 0
    return away


def guest_book(apoa: Apoa) -> list[dict[str, Any]]:
    """Return guest, stay and check-out of each stay that was not cancelled."""
    said = apoa("export", "--personal", "--json")
    assert said.code == 0, said.err
    return [
        {name: row[name] for name in ("guest", "stay", "check_out", "stay_state")}
        for row in said.json["reports"]
        if row["stay_state"] in {"in_house", "checked_out"}
    ]


def test_without_loss(here: Apoa, tmp_path: Path) -> None:
    """On another computer guests, stays and check-outs are the same; another form of the book changes nothing."""
    there = here.elsewhere(tmp_path / "there")
    assert there.set_up(NOWHERE, name="kenanga").code == 75
    for form in ("xlsx", "csv", "json"):
        file = str(tmp_path / f"guests.{form}")
        assert here("export", "--personal", "--codes", "-o", file).code == 0
        said = there("import", file, "--no-send", "--json")
        assert said.code == 0, said.all
        counts = tuple(said.json[name] for name in ("rows", "saved", "checked_out", "unchanged", "skipped"))
        assert counts == ((4, 3, 1, 0, 1) if form == "xlsx" else (4, 0, 0, 3, 1))
        assert guest_book(there) == guest_book(here)
