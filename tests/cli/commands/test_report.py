"""`apoa report`: a report from the MRZ or from typed fields is sent, or is queued."""

from dataclasses import replace

import pytest
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, XIMENA, Apoa, Serve
from screens import Screens

from apoa_client.cli.views.findings import EMPTY_REPORT

WRONG_DIGIT = (
    QUENTIN.lines[0],
    QUENTIN.lines[1][:19] + str((int(QUENTIN.lines[1][19]) + 1) % 10) + QUENTIN.lines[1][20:],
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(apoa: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
    """What the desk sees: each verdict, a line that is down, warnings, what is missing, and the guest again."""
    server = serve("ok,pending,duplicate,reject,ok*9")
    assert apoa.set_up(server.base_url).code == 0
    screens(apoa, *QUENTIN.mrz("--dry-run"), lang=lang)
    for number in range(4):
        screens(apoa, *replace(QUENTIN, number=f"ZX{number:07}").typed(), lang=lang)
    child = ["--birth-date", "2015-03-01", "--expiry-date", "2026-11-25", "--check-in", "2026-11-22T12:00"]
    screens(apoa, *XIMENA.typed(*child), lang=lang)
    screens(apoa, *XIMENA.typed("--nights", "8"), lang=lang)
    screens(apoa, *XIMENA.typed("--nights", "8"), keys=[""], lang=lang)
    server.stop()
    screens(apoa, *OBADIAH.mrz("--given-names", "OBE"), lang=lang)
    screens(apoa, "report", lang=lang)
    screens(apoa, *QUENTIN.typed("--nationality", "Polland"), lang=lang)
    screens(apoa, *QUENTIN.typed("--nationality", "Indonesia"), lang=lang)
    screens(apoa, *OBADIAH.mrz("--again", "--entry-date", "2026-11-20"), keys=["?", "n"], lang=lang)
    screens(apoa, *OBADIAH.mrz("--again", "--no-send"), keys=[], lang=lang)


def test_every_option_reaches_the_report(away: Apoa) -> None:
    """Every option of a typed guest, with the words that staff use, is in the report."""
    given = {
        "surname": "Muñoz",
        "given-names": "Zoë",
        "document-number": "ab 12-04976",
        "sex": "perempuan",
        "nationality": "Spanyol",
        "issuing-state": "swe",
        "birth-date": "29/02/1992",
        "expiry-date": "30/03/2030",
        "birth-place": "-",
        "check-in": "2026-11-24T19:50",
        "planned-check-out": "27/11/2026",
        "room": "Melati 7",
        "purpose": "bisnis",
        "stay-permit": "B1",
        "stay-permit-number": "X9",
        "stay-until": "2026-12-20",
        "entry-date": "2026-11-21",
        "phone": "+34 91 1234567",
        "email": "zoe@example.com",
        "note": "datang malam",
    }
    options = [f"--{name}={value}" for name, value in given.items()]
    result = away("report", *options, "--yes", "--no-send", "--json")
    assert result.code == 0, result.err
    value = result.json
    assert value["guest"] == {
        "surname": "MUÑOZ",
        "given_names": "ZOË",
        "sex": "F",
        "birth_date": "1992-02-29",
        "birth_place": "-",
        "nationality": "ESP",
        "document": {
            "type": "P",
            "number": "AB1204976",
            "issuing_state": "SWE",
            "expiry_date": "2030-03-30",
            "mrz": None,
        },
        "stay_permit": {"code": "B1", "number": "X9", "valid_until": "2026-12-20", "entry_date": "2026-11-21"},
        "phone": "+34 91 1234567",
        "email": "zoe@example.com",
    }
    assert value["stay"] == {
        "check_in": "2026-11-24T19:50:00+07:00",
        "planned_check_out": "2026-11-27",
        "room": "Melati 7",
        "purpose": "business",
        "note": "datang malam",
    }
    assert [warning["code"] for warning in value["warnings"]] == ["implausible"]


def test_an_mrz_and_typed_fields_give_the_same_guest(away: Apoa) -> None:
    """A guest from the MRZ and a typed guest differ only in the MRZ itself."""
    from_mrz, typed = away.save()["guest"], away(*QUENTIN.typed("--no-send", "--json", "--again")).json["guest"]
    assert from_mrz["document"].pop("mrz") == list(QUENTIN.lines)
    assert typed["document"].pop("mrz") is None
    assert from_mrz == typed


def test_an_option_overrides_the_mrz_with_a_warning(away: Apoa) -> None:
    """A value given as an option replaces the value of the MRZ, and the report keeps a warning of the conflict."""
    result = away(*QUENTIN.mrz("--given-names", "Kwentin", "--no-send", "--json"))
    assert result.code == 0
    assert result.json["guest"]["given_names"] == "KWENTIN"
    [warning] = result.json["warnings"]
    assert (warning["field"], warning["code"]) == ("guest.given_names", "conflict")
    [kept] = away.reports()
    assert kept["warnings"] == result.json["warnings"]
    assert warning["message"] in result.err


def test_a_dry_run_saves_nothing(away: Apoa) -> None:
    """A dry run shows the whole report and saves nothing; an invalid report exits with 65."""
    result = away(*QUENTIN.mrz("--dry-run"))
    assert (result.code, QUENTIN.surname in result.err) == (0, True)
    value = away(*QUENTIN.mrz("--dry-run", "--json")).json
    assert (value["id"], value["state"], value["kind"]) == (None, None, "check_in")
    assert value["guest"]["surname"] == QUENTIN.surname
    first, second = WRONG_DIGIT
    assert away("report", "--mrz", first, "--mrz", second, "--dry-run").code == 65
    assert away.reports() == []


@pytest.mark.parametrize("joined", ["\n", "\r\n", "\n\n"])
def test_both_lines_come_from_standard_input(away: Apoa, joined: str) -> None:
    """`--mrz -` reads the two lines from standard input with any line ends."""
    arguments = ["report", "--mrz", "-", "--birth-place", "GDANSK", "--nights", "1", "--no-send", "--json"]
    result = away(*arguments, stdin=joined.join(QUENTIN.lines) + joined)
    assert result.code == 0, result.err
    assert result.json["guest"]["surname"] == QUENTIN.surname


@pytest.mark.parametrize("source", [[], ["--mrz", "-"]], ids=["no options", "empty input"])
def test_a_refused_report_has_the_form_of_a_report(away: Apoa, source: list[str]) -> None:
    """Without a terminal all missing fields are listed at once; in JSON the report that was not saved has no id."""
    result = away("report", *source, "--json")
    assert result.code == 65
    assert {key: value for key, value in result.json.items() if key not in {"errors", "warnings"}} == EMPTY_REPORT
    assert [error["code"] for error in result.json["errors"]] == ["missing"] * 8
    plain = away("report")
    assert (plain.code, plain.out) == (65, "")
    assert all(error["message"] in plain.err for error in result.json["errors"])
    assert away.reports() == []


def test_an_accepted_check_digit_is_in_the_note(away: Apoa) -> None:
    """With `--accept-check-digit` a wrong check digit is accepted, the note says so, and the MRZ is not kept."""
    lines = [f"--mrz={line}" for line in WRONG_DIGIT]
    stay = ["--birth-place", "X", "--nights", "1", "--stay-permit", "B1"]
    result = away("report", *lines, *stay, "--no-send", "--json", "--accept-check-digit")
    assert (result.code, result.json["guest"]["document"]["mrz"]) == (0, None), result.err
    assert result.json["stay"]["note"].startswith("Angka periksa MRZ")


def test_a_duplicate_of_a_minor_has_both_findings(away: Apoa) -> None:
    """A refused duplicate also has the warning about an unaccompanied minor."""
    child = QUENTIN.typed("--birth-date", "2015-03-01", "--no-send", "--json")
    assert [warning["code"] for warning in away(*child).json["warnings"]] == ["child_alone"]
    again = away(*child)
    assert again.code == 65
    assert [warning["code"] for warning in again.json["warnings"]] == ["child_alone"]
    assert [error["code"] for error in again.json["errors"]] == ["duplicate"]


class TestAtATerminal:
    """At a terminal the command asks for what is missing or invalid."""

    def test_a_typed_guest_needs_no_mrz(self, away: Apoa) -> None:
        """With a typed name the MRZ is not asked for; an invalid number of nights is asked for again."""
        result = away(*QUENTIN.typed("--no-send", "--nights", "0"), keys=["3", "y"])
        assert result.code == 0, result.all
        assert "MRZ" not in result.err
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-27"

    def test_a_missing_name_is_asked_for(self, away: Apoa) -> None:
        """Surname and given names are both asked for, because one may be empty."""
        options = ["--document-number", "ZX1234567", "--nationality", "POL", "--birth-date", "1985", "--sex", "L"]
        rest = ["--expiry-date", "2032-03-28", "--birth-place", "GDANSK", "--nights", "2"]
        result = away("report", "--no-send", *options, *rest, keys=["", "QUENTIN", "y"])
        assert result.code == 0, result.all
        assert away.reports()[0]["guest"]["given_names"] == "QUENTIN"

    def test_a_check_out_that_is_too_early_is_replaced(self, away: Apoa) -> None:
        """The number of nights is asked for and replaces an invalid check-out date."""
        result = away(*QUENTIN.mrz("--no-send", "--planned-check-out", "2026-11-24"), keys=["3", "y"])
        assert result.code == 0, result.all
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-27"

    def test_yes_and_json_ask_nothing(self, away: Apoa) -> None:
        """With `--yes` and all values given, or with `--json`, nothing is asked."""
        assert away("report", "--json", keys=[]).code == 65
        assert away(*QUENTIN.mrz("--yes", "--no-send"), keys=[]).code == 0
        assert len(away.reports()) == 1

    def test_the_end_of_input_saves_nothing(self, away: Apoa) -> None:
        """The end of input (Ctrl-D) at a question exits with 130, like Ctrl-C."""
        result = away(*QUENTIN.mrz(), keys=[])
        assert result.code == 130
        assert away.reports() == []
