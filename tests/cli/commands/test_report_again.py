"""`apoa report` of a guest who is already reported, and of one from another program (`--input`)."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import QUENTIN, XIMENA, Apoa

from apoa_client.cli.views.findings import EMPTY_REPORT


class TestUnattended:
    """Without a terminal a duplicate needs `--again`."""

    def test_a_duplicate_needs_again(self, away: Apoa) -> None:
        """Without `--again` the command exits with 65, saves nothing, and names the first report; no key is needed."""
        first = away.save(QUENTIN, "--nights", "8")
        away.delete_key()
        result = away(*QUENTIN.mrz("--json", "--stay-permit", ""))
        assert result.code == 65
        assert EMPTY_REPORT.items() <= result.json.items()
        [error] = result.json["errors"]
        assert (error["field"], error["code"]) == ("guest.document.number", "duplicate")
        assert (first["short_id"] in error["message"], "24 Nov 2026 to 2 Dec 2026" in error["message"]) == (True, True)
        assert [warning["code"] for warning in result.json["warnings"]] == ["missing"]
        plain = away(*QUENTIN.mrz("--no-send"))
        assert (plain.code, plain.out, [word for word in QUENTIN.words if word in plain.err]) == (65, "", [])
        assert len(away.reports()) == 1

    def test_with_again(self, configured: Apoa) -> None:
        """With `--again` the report is saved as a new stay, is sent, and keeps the warning."""
        first = configured(*QUENTIN.mrz("--json")).json
        result = configured(*QUENTIN.mrz("--json", "--again"))
        assert result.code == 0, result.err
        assert result.json["stay_id"] != first["stay_id"]
        [warning] = result.json["warnings"][:1]
        assert (warning["field"], warning["code"]) == ("guest.document.number", "duplicate")
        assert warning["message"] in result.err
        assert [w["code"] for w in configured.reports()[1]["warnings"]][:1] == ["duplicate"]

    def test_yes_does_not_replace_again(self, away: Apoa) -> None:
        """`--yes` does not allow a duplicate; `--again` does."""
        away.save()
        assert away(*QUENTIN.mrz("--yes", "--no-send")).code == 65
        assert away(*QUENTIN.mrz("--yes", "--no-send"), keys=[]).code == 65
        assert away(*QUENTIN.mrz("--yes", "--no-send", "--again"), keys=[]).code == 0


@pytest.mark.parametrize(
    ("options", "answer", "saved"), [([], "", 1), ([], "n", 1), ([], "y", 2), (["--again"], "n", 1)]
)
def test_at_a_terminal(away: Apoa, options: list[str], answer: str, saved: int) -> None:
    """The user confirms a duplicate, and Enter alone means no; with `--again` only the usual question is asked."""
    away.save()
    result = away(*QUENTIN.mrz("--no-send", *options), keys=[answer])
    assert (result.code, len(away.reports())) == (0, saved)
    assert ("Report them again?" in result.err) != ("Save and send this report?" in result.err)


def test_setting_up_again_keeps_the_index_key(away: Apoa) -> None:
    """Duplicates of earlier reports are found after a second set-up."""
    away.save()
    assert away.set_up().code == 75
    assert away(*QUENTIN.mrz("--no-send")).code == 65


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


@pytest.mark.parametrize("text", ["", "P<GBR", "{", "[" * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_no_json(away: Apoa, text: str) -> None:
    """What is no JSON is refused, without a word of it."""
    said = away("report", "--input", "-", stdin=text)
    assert (said.code, said.out, "P<GBR" in said.err) == (65, "", False)


def test_another_form(away: Apoa) -> None:
    """A member that the contract does not have is an error: it may be a field with a wrong name."""
    said = away("report", "--input", "-", "--json", stdin='{"guest": {"nama": "DOE"}, "stay": {}}')
    assert said.code == 65
    assert [(error["field"], error["code"]) for error in said.json["errors"]] == [("guest", "unknown_format")]


def test_no_file(away: Apoa, tmp_path: Path) -> None:
    """A file that cannot be read is named. Two sources of the lines are a usage error."""
    said = away("report", "--input", str(tmp_path / "gone.json"))
    assert (said.code, "gone.json" in said.err) == (65, True)
    assert away("report", "--input", "-", "--mrz", QUENTIN.lines[0], stdin=json.dumps(READ)).code == 2


def test_a_file_at_a_terminal(away: Apoa, tmp_path: Path) -> None:
    """The report is shown, what is missing is asked for, and nothing is saved without a yes."""
    file = tmp_path / "guest.json"
    file.write_text(json.dumps({"guest": READ["guest"]}))
    said = away("report", "--input", str(file), "--no-send", keys=["2", "y"])
    assert said.code == 0, said.err
    assert "Save and send this report?" in said.err
    assert [report["guest"]["surname"] for report in away.reports()] == [QUENTIN.surname]


@pytest.mark.parametrize("from_file", [True, False])
def test_too_much(away: Apoa, tmp_path: Path, *, from_file: bool) -> None:
    """More than one report can be is refused before it is read to its end."""
    text = json.dumps({**READ, "note": "x" * 1000000})
    file = tmp_path / "large.json"
    file.write_text(text)
    said = away("report", "--input", str(file) if from_file else "-", stdin="" if from_file else text)
    assert said.code == 65
