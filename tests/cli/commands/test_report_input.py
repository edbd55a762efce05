"""`apoa report --input`: a report from another program, with nothing about the guest in the command."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import LANGUAGES, QUENTIN, XIMENA, Apoa, spoken

STAY = {"check_in": "2026-11-24T19:50:00+07:00", "planned_check_out": "2026-11-26", "room": "7", "purpose": "tourism"}
READ: dict[str, Any] = {
    "guest": {
        "birth_place": QUENTIN.birth_place,
        "document": {"mrz": list(QUENTIN.lines)},
        "stay_permit": {"code": "B1"},
    },
    "stay": STAY,
}
"""A guest from a passport reader: the lines, and what they do not say."""
TYPED: dict[str, Any] = {
    "guest": {
        "surname": XIMENA.surname,
        "given_names": XIMENA.given_names,
        "sex": XIMENA.sex,
        "birth_date": str(XIMENA.birth_date),
        "birth_place": XIMENA.birth_place,
        "nationality": XIMENA.state,
        "document": {
            "type": "P",
            "number": XIMENA.number,
            "issuing_state": XIMENA.state,
            "expiry_date": XIMENA.expiry_date.isoformat(),
            "mrz": None,
        },
        "stay_permit": {"code": "B1", "number": None, "valid_until": "2026-12-20", "entry_date": "2026-11-21"},
        "phone": None,
        "email": None,
    },
    "stay": {**STAY, "note": None},
}


@pytest.mark.parametrize("value", [READ, TYPED], ids=["read", "typed"])
def test_standard_input(configured: Apoa, value: dict[str, Any]) -> None:
    """One report is read, checked and sent; its guest and stay are those that were given."""
    said = configured("report", "--input", "-", "--json", stdin=json.dumps(value))
    assert (said.code, said.json["state"]) == (0, "accepted"), said.err
    assert said.json["guest"]["birth_place"] == value["guest"]["birth_place"]
    assert said.json["stay"] == {**STAY, "note": None}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file(away: Apoa, tmp_path: Path, encoding: str) -> None:
    """A file is read in the encodings that programs of Windows write."""
    file = tmp_path / "guest.json"
    file.write_text(json.dumps(READ), encoding=encoding)
    said = away("report", "--input", str(file), "--no-send", "--json")
    assert (said.code, said.json["guest"]["surname"]) == (0, QUENTIN.surname), said.err


def test_options_win(away: Apoa) -> None:
    """An option replaces the value in the input; nights replace its check-out."""
    options = ["--room", "12", "--nights", "5", "--no-send", "--json"]
    said = away("report", "--input", "-", *options, stdin=json.dumps(TYPED))
    assert said.code == 0, said.err
    assert (said.json["stay"]["room"], said.json["stay"]["planned_check_out"]) == ("12", "2026-11-29")


def test_what_is_missing(away: Apoa) -> None:
    """The report is refused with each field that is missing, as without an input."""
    said = away("report", "--input", "-", "--json", stdin='{"guest": {"surname": "DOE"}}')
    assert said.code == 65
    assert {error["code"] for error in said.json["errors"]} == {"missing"}
    assert "guest.surname" not in {error["field"] for error in said.json["errors"]}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("text", ["", "P<GBR", "{", "[" * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_no_json(away: Apoa, text: str, lang: str) -> None:
    """What is no JSON is refused, without a word of it."""
    said = away("report", "--input", "-", stdin=text, lang=lang)
    assert (said.code, said.out) == (65, "")
    assert spoken(lang, "The input is no JSON document with one report.") in said.err
    assert "P<GBR" not in said.err


def test_another_form(away: Apoa) -> None:
    """A member that the contract does not have is an error: it may be a field with a wrong name."""
    said = away("report", "--input", "-", "--json", stdin='{"guest": {"nama": "DOE"}, "stay": {}}')
    assert said.code == 65
    assert [(error["field"], error["code"]) for error in said.json["errors"]] == [("guest", "unknown_format")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_file(away: Apoa, tmp_path: Path, lang: str) -> None:
    """A file that cannot be read is named."""
    said = away("report", "--input", str(tmp_path / "gone.json"), lang=lang)
    assert said.code == 65
    assert "gone.json" in said.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_lines_beside_it(away: Apoa, lang: str) -> None:
    """Two sources of the lines are a usage error."""
    said = away("report", "--input", "-", "--mrz", QUENTIN.lines[0], stdin=json.dumps(READ), lang=lang)
    assert said.code == 2
    assert spoken(lang, "The input has the lines of the MRZ in it. Give no --mrz beside --input.") in said.err


def test_a_file_at_a_terminal(away: Apoa, tmp_path: Path) -> None:
    """The report is shown, what is missing is asked for, and nothing is saved without a yes."""
    file = tmp_path / "guest.json"
    file.write_text(json.dumps({"guest": READ["guest"]}))
    said = away("report", "--input", str(file), "--no-send", keys=["2", "y"])
    assert said.code == 0, said.err
    assert "Save and send this report?" in said.err
    assert [report["guest"]["surname"] for report in away.reports()] == [QUENTIN.surname]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("from_file", [True, False])
def test_too_much(away: Apoa, tmp_path: Path, lang: str, *, from_file: bool) -> None:
    """More than one report can be is refused before it is read to its end."""
    text = json.dumps({**READ, "note": "x" * 1_000_000})
    file = tmp_path / "large.json"
    file.write_text(text)
    said = away("report", "--input", str(file) if from_file else "-", stdin="" if from_file else text, lang=lang)
    assert said.code == 65
    assert spoken(lang, "The input is larger than 1 MB, so it is no report.") in said.err
