"""`apoa check` finds errors in a document and suggests corrections, without a setup and without stored data."""

import subprocess
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from basics import FixedClock
from cli_helpers import (
    COMMAND,
    GUESTS,
    LANGUAGES,
    NOWHERE,
    OBADIAH,
    QUENTIN,
    Apoa,
    assert_sanitized,
)
from screens import Screens

from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate

EVIL = "A\x1b[2J\x1b]0;owned\x07\u202eB\u2066C\u200bD\x9b31mE\rF\nG"
FIRST, SECOND = QUENTIN.lines
WRONG = SECOND[:19] + "0" + SECOND[20:]
"""The second line with a wrong check digit of the date of birth."""
BELGIAN = ("IDBEL592211692<1741<<<<<<<<<<<", "9003107F2509301BEL900310244094", "SPECIMEN<<SPECIMEN<<<<<<<<<<<<")
PRINTED: dict[str, Any] = {
    "issuing_state": QUENTIN.state,
    "surname": QUENTIN.surname,
    "given_names": QUENTIN.given_names,
    "document_number": QUENTIN.number,
    "nationality": QUENTIN.state,
    "birth_date": QUENTIN.birth_date,
    "sex": QUENTIN.sex,
    "expiry_date": QUENTIN.expiry_date,
    "document_type": "P",
}
MUELLER = compose(
    "TD1",
    Details(
        issuing_state="D",
        surname="MUELLER",
        given_names="JOERG",
        document_number="L01XPVM8J",
        nationality="D",
        birth_date=PartialDate(1983, 8, 12),
        sex="M",
        expiry_date=OBADIAH.expiry_date,
        document_type="I",
    ),
)


def mrz_arguments(*lines: str) -> list[str]:
    """Return the arguments that check these MRZ lines."""
    return ["check", *(part for line in lines for part in ("--mrz", line))]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(apoa: Apoa, screens: Screens, lang: str) -> None:
    """Documents that are right, wrong, expired, of every kind, typed, or no documents at all."""
    expired = compose("TD3", Details(**{**PRINTED, "expiry_date": date(2026, 11, 23)}))
    french = ("IDFRASIMON<<<<<<<<<<<<<<<<<<<<<<<<<<", "5008003456780PAUL<<<<<<<<<<7503201M6")
    visa = ("VNUSAHAPPY<<TRAVELER<<<<<<<<<<<<<<<<<<<<<<<<", "0000000<<0CYP0001018M1601231B2NCS00E0F060308")
    nameless, unread = replace(QUENTIN, given_names="", birth_date=PartialDate(1974)).lines
    for lines in (
        *((FIRST, SECOND), (FIRST, WRONG), MUELLER, visa, french, (FIRST, SECOND.replace("1", "I", 1))),
        *((FIRST.replace("QUENTIN", "QUEN7IN"), SECOND), (FIRST.replace("ZYKOWSKI", "ZYK0WSKI"), SECOND)),
        *((FIRST.replace("P<POL", "P<P0L"), SECOND), (FIRST[:-1], SECOND), (FIRST + "<", SECOND)),
        *((FIRST.rstrip("<").ljust(44, "K"), SECOND), (nameless, unread[:13] + "7O<<<<" + unread[19:])),
        *((FIRST, SECOND[:-1] + str((int(SECOND[-1]) + 1) % 10)), (FIRST.replace("K", "*"), SECOND)),
    ):
        screens(apoa, *mrz_arguments(*lines), lang=lang)
    text = "\n\n".join("\n".join(lines) for lines in ((FIRST, SECOND), expired, (FIRST, WRONG)))
    screens(apoa, "check", stdin=text, lang=lang)
    screens(apoa, "check", stdin=" ".join("".join(BELGIAN).lower()), lang=lang)
    screens(apoa, *mrz_arguments(FIRST, WRONG), "--birth-date", "1984", "--birth-place", "Gdansk", lang=lang)
    screens(apoa, "check", "--surname", "Smith", "--nationality", "Jermann", "--birth-date", "2030-01-01", lang=lang)
    screens(apoa, *mrz_arguments("-", FIRST), lang=lang)
    screens(apoa, "check", keys=[FIRST, "?", SECOND], lang=lang)
    screens(apoa, "check", keys=[""], lang=lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_kind_screens(apoa: Apoa, screens: Screens, lang: str) -> None:
    """Every kind of passport in words, and a last line that never says more than is true."""
    kinds = "P-POL PP-POL PD-POL PO-POL PS-POL PE-POL PT-POL PR-POL PL-POL P-UNO PD-EUE"
    documents: list[dict[str, Any]] = [
        dict(zip(("document_type", "issuing_state"), each.split("-"), strict=True)) for each in kinds.split()
    ]
    documents += [{"nationality": "IDN", "issuing_state": "IDN"}, {"expiry_date": date(2027, 1, 25)}]
    documents.append({"expiry_date": date(2027, 1, 25), "nationality": "AUS"})
    for details in documents:
        said = screens(apoa, *mrz_arguments(*compose("TD3", Details(**{**PRINTED, **details}))), lang=lang)
        assert said.code == 0


class TestWithoutSetUp:
    """`apoa check` works before the setup."""

    def test_broken_settings_are_ignored(self, away: Apoa) -> None:
        """Broken settings do not stop a check, but an unknown property in --property is an error."""
        assert away("--property", "nosuch", *mrz_arguments(FIRST, SECOND)).code == 78
        (away.home / "config.toml").write_text("[property.melati", encoding="utf-8")
        assert away(*mrz_arguments(FIRST, SECOND)).code == 0

    @pytest.mark.parametrize(("zone", "expired"), [("WIB", False), ("WIT", True)])
    def test_today_is_in_the_time_zone_of_the_property(
        self, apoa: Apoa, clock: FixedClock, zone: str, *, expired: bool
    ) -> None:
        """Today is the date in the time zone of the property, or in Jakarta without a property."""
        clock.forward(timedelta(hours=3))
        today = ["check", "--expiry-date", "2026-11-24", "--json"]
        assert [warning["code"] for warning in apoa(*today).json["warnings"]] == ["implausible"]
        apoa.set_up(NOWHERE, "--timezone", zone)
        expected = "expired" if expired else "implausible"
        assert [warning["code"] for warning in apoa(*today).json["warnings"]] == [expected]


class TestJson:
    """The JSON output is one document on stdout for every input."""

    def test_valid_passport(self, apoa: Apoa) -> None:
        """The document of a valid passport has the guest and the state of each field; no file is created."""
        result = apoa(*mrz_arguments(FIRST, SECOND), "--json")
        assert (result.code, result.err) == (0, "")
        value = result.json
        assert (value["valid"], value["format"], value["errors"], value["suggestions"]) == (True, "TD3", [], [])
        assert value["guest"]["document"]["mrz"] == [FIRST, SECOND]
        assert (value["guest"]["birth_place"], value["fields"]["document_number"]) == (None, "ok")
        assert value["fields"]["names"] == "unprotected"
        assert not apoa.home.exists()

    def test_suggestion_makes_the_line_valid(self, apoa: Apoa) -> None:
        """A suggestion makes the line valid, and its line and position count from 1."""
        wrong = SECOND[:14] + "6" + SECOND[15:]
        result = apoa(*mrz_arguments(FIRST, wrong), "--json")
        assert result.code == 65
        value = result.json
        [error] = value["errors"]
        assert (error["field"], error["code"]) == ("guest.birth_date", "check_digit")
        assert error["suggestion"] == value["suggestions"][0]["value"]
        corrected = []
        for suggestion in value["suggestions"]:
            start = suggestion["position"] - 1
            assert wrong[start : start + len(suggestion["old"])] == suggestion["old"]
            corrected.append(wrong[:start] + suggestion["new"] + wrong[start + len(suggestion["old"]) :])
        assert SECOND in corrected
        assert all(apoa(*mrz_arguments(FIRST, line)).code == 0 for line in corrected)

    def test_several_documents_are_a_list(self, apoa: Apoa) -> None:
        """Several documents are a list in input order, and one invalid document makes the exit code 65."""
        text = "\n\n".join("\n".join(guest.lines) for guest in GUESTS)
        result = apoa("check", "--mrz", "-", "--json", stdin=text)
        assert result.code == 0
        assert [value["guest"]["surname"] for value in result.json["results"]] == [guest.surname for guest in GUESTS]
        result = apoa("check", "--json", stdin=f"{text}\n\n{FIRST}\n{WRONG}\n")
        assert result.code == 65
        assert [value["valid"] for value in result.json["results"]] == [True, True, True, False]


class TestPage:
    """The text output."""

    def test_control_characters(self, apoa: Apoa) -> None:
        """Control characters in lines or details do not reach the output."""
        for lang in LANGUAGES:
            for arguments in (
                mrz_arguments(EVIL, EVIL),
                mrz_arguments(EVIL.ljust(44, "<")[:44], SECOND),
                ["check", "--surname", EVIL],
            ):
                result = apoa(*arguments, lang=lang)
                assert result.code == 65
                assert_sanitized(result.all)


class TestInput:
    """Input from options, a pipe or a reader."""

    def test_details_with_standard_input(self, apoa: Apoa) -> None:
        """Typed details are accepted for one document, and are a usage error for several documents."""
        assert apoa("check", "--mrz", "-", "--birth-place", "X", stdin=f"{FIRST}\n{SECOND}").code == 0
        result = apoa("check", "--mrz", "-", "--birth-place", "X", stdin=f"{FIRST}\n{SECOND}\n\n{FIRST}\n{SECOND}")
        assert (result.code, result.out) == (2, "")
        assert "one guest's" in result.err

    def test_binary_input(self, apoa: Apoa) -> None:
        """Binary input exits with 65 and prints no traceback."""
        completed = subprocess.run(
            [*COMMAND, "check"],
            input=b"\xff\xfe\x00P<UTO\x80\n" + FIRST.encode() + b"\n",
            env=apoa.environ | {"PATH": "", "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert completed.returncode == 65
        assert completed.stderr == b""


class TestAtATerminal:
    """Questions at a terminal."""

    def test_no_questions_with_details_or_json(self, apoa: Apoa) -> None:
        """With typed details or --json the command asks no question."""
        assert apoa("check", "--surname", "Smith", keys=[]).code == 0
        result = apoa("check", "--json", keys=[])
        assert (result.code, result.err) == (65, "")
        assert result.json["errors"][0]["code"] == "missing"
