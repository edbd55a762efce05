"""`apoa check` finds errors in a document and suggests corrections, without a setup and without stored data."""

import io
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import click
import pytest
from basics import FixedClock
from cli_helpers import (
    COMMAND,
    GUESTS,
    LANGUAGES,
    NOWHERE,
    OBADIAH,
    QUENTIN,
    XIMENA,
    Apoa,
    assert_sanitized,
    spoken,
)
from terminal_helpers import show_as_terminal

from apoa_client.cli import main
from apoa_client.locale import catalogue as catalogue_of
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
KEYS = [
    "valid",
    "format",
    "guest",
    "errors",
    "warnings",
    "fields",
    "suggestions",
    "normalised",
    "long_number",
    "printed",
]
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


def marked_characters(output: str, line: str, mark: str = "^") -> str:
    """Return the characters of a line that have a mark below them in the output."""
    shown = output.splitlines()
    marks = shown[shown.index(f"  {line}") + 1]
    assert set(marks) <= {" ", "^", "-"}
    return "".join(character for character, marker in zip(f"  {line}", marks, strict=False) if marker == mark)


class TestWithoutSetUp:
    """`apoa check` works before the setup."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_valid_passport(self, apoa: Apoa, lang: str) -> None:
        """A valid passport is printed on stdout, stderr is empty, and no file is created."""
        result = apoa(*mrz_arguments(FIRST, SECOND), lang=lang)
        assert (result.code, result.err) == (0, "")
        lines = result.out.splitlines()
        assert lines[:3] == [spoken(lang, "Passport") + " (TD3)", f"  {FIRST}", f"  {SECOND}"]
        assert "^" not in result.out
        assert spoken(lang, "Valid: no errors.") == lines[-1]
        assert "A correct check digit is no guarantee:" in result.out or lang == "id"
        for label, value, certainty in (
            ("Surname", "ZYKOWSKI", "no check digit: compare"),
            ("Date of birth", "12 Sep 1985", "check digit fits"),
            ("Passport number", "ZX1234567", "check digit fits"),
        ):
            [row] = [line for line in lines if line.startswith(f"  {spoken(lang, label)} ")]
            assert value in row
            assert row.endswith(spoken(lang, certainty))
        assert not apoa.home.exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_invalid_passport(self, apoa: Apoa, lang: str) -> None:
        """An invalid passport has its wrong characters marked, shows possible corrections and exits with 65."""
        result = apoa("cek", *mrz_arguments(FIRST, WRONG)[1:], lang=lang)
        assert result.code == 65
        assert marked_characters(result.out, WRONG) == WRONG[19]
        assert marked_characters(result.out, WRONG, "-") == WRONG[13:19]
        value = f"12 {spoken(lang, 'Sep')} 1985"
        assert spoken(lang, "several readings fit") in result.out
        change = spoken(
            lang,
            "{new} in place of {old}, line {line}, character {position}",
            new=SECOND[19],
            old=WRONG[19],
            line=2,
            position=20,
        )
        assert spoken(lang, "Perhaps: {value}", value=f"{value} ({change})") in result.out
        count = catalogue_of(lang).ngettext("Not valid: {count} error.", "", 1).format(count=1)
        assert count in result.out.splitlines()

    def test_broken_settings_are_ignored(self, away: Apoa) -> None:
        """Broken settings do not stop a check, but an unknown property in --property is an error."""
        assert away("--property", "nosuch", *mrz_arguments(FIRST, SECOND)).code == 78
        (away.home / "config.toml").write_text("[property.melati", encoding="utf-8")
        assert away(*mrz_arguments(FIRST, SECOND)).code == 0

    def test_several_properties_without_a_default(self, away: Apoa) -> None:
        """A check works with several properties and no default property."""
        away.set_up(name="mawar")
        path = away.home / "config.toml"
        path.write_text(path.read_text("utf-8").replace('default_property = "melati"\n', ""), encoding="utf-8")
        assert away("status").code == 78
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
        """The document of a valid passport has the fixed keys, the guest and the state of each field."""
        result = apoa(*mrz_arguments(FIRST, SECOND), "--json")
        assert (result.code, result.err) == (0, "")
        value = result.json
        assert list(value) == KEYS
        assert (value["valid"], value["format"], value["errors"], value["suggestions"]) == (True, "TD3", [], [])
        assert value["guest"]["document"]["mrz"] == [FIRST, SECOND]
        assert value["guest"]["birth_place"] is None
        assert value["fields"]["document_number"] == "ok"
        assert value["fields"]["names"] == "unprotected"

    def test_suggestion_makes_the_line_valid(self, apoa: Apoa) -> None:
        """A suggestion makes the line valid, and its line and position count from 1."""
        wrong = SECOND[:14] + "6" + SECOND[15:]
        result = apoa(*mrz_arguments(FIRST, wrong), "--json")
        assert result.code == 65
        value = result.json
        [error] = value["errors"]
        assert list(error) == ["field", "code", "message", "suggestion"]
        assert (error["field"], error["code"]) == ("guest.birth_date", "check_digit")
        assert error["suggestion"] == value["suggestions"][0]["value"]
        corrected = []
        for suggestion in value["suggestions"]:
            assert list(suggestion) == ["field", "line", "position", "old", "new", "value", "others"]
            start = suggestion["position"] - 1
            assert wrong[start : start + len(suggestion["old"])] == suggestion["old"]
            corrected.append(wrong[:start] + suggestion["new"] + wrong[start + len(suggestion["old"]) :])
        assert SECOND in corrected
        assert all(apoa(*mrz_arguments(FIRST, line)).code == 0 for line in corrected)

    @pytest.mark.parametrize("stdin", ["", "garbage\n", f"{FIRST}\n"])
    def test_unreadable_input(self, apoa: Apoa, stdin: str) -> None:
        """Unreadable input gives a document with the same keys and no values."""
        result = apoa("check", "--json", stdin=stdin)
        assert result.code == 65
        value = result.json
        assert list(value) == KEYS
        assert (value["format"], value["fields"], value["long_number"]) == (None, {}, None)
        assert value["printed"] == {"surname": [], "given_names": []}
        assert {value["guest"][key] for key in ("surname", "sex", "birth_date", "stay_permit")} == {None}
        assert [error["field"] for error in value["errors"]] == ["guest.document.mrz"]

    def test_several_documents_are_a_list(self, apoa: Apoa) -> None:
        """Several documents are a list in input order, and one invalid document makes the exit code 65."""
        text = "\n\n".join("\n".join(guest.lines) for guest in GUESTS)
        result = apoa("check", "--mrz", "-", "--json", stdin=text)
        assert result.code == 0
        assert [value["guest"]["surname"] for value in result.json["results"]] == [guest.surname for guest in GUESTS]
        result = apoa("check", "--json", stdin=f"{text}\n\n{FIRST}\n{WRONG}\n")
        assert result.code == 65
        assert [value["valid"] for value in result.json["results"]] == [True, True, True, False]

    def test_normalised_input(self, apoa: Apoa) -> None:
        """The document lists each normalisation and how the check digit of a long number was computed."""
        value = apoa("check", "--json", stdin=" ".join((FIRST + SECOND).lower())).json
        assert (value["valid"], value["normalised"]) == (True, ["capitals", "blanks", "lines"])
        assert apoa(*mrz_arguments(*BELGIAN), "--json").json["long_number"] == "with_filler"


class TestPage:
    """The text output."""

    def test_several_documents_have_numbers_and_a_summary(self, apoa: Apoa) -> None:
        """Several documents are numbered, and the last line is the summary."""
        result = apoa("check", stdin=f"{FIRST}\n{WRONG}\n\n{XIMENA.lines[0]}\n{XIMENA.lines[1]}\n")
        assert result.code == 65
        assert "1. Passport (TD3)" in result.out
        assert "2. Passport (TD3)" in result.out
        assert result.out.splitlines()[-1] == "1 of 2 documents are valid."

    def test_identity_card(self, apoa: Apoa) -> None:
        """An identity card shows its document number, the possible printed name and a warning."""
        result = apoa(*mrz_arguments(*MUELLER))
        assert result.code == 0
        assert result.out.startswith("Identity card or other document (TD1)\n")
        assert "Document number  L01XPVM8J" in result.out
        assert "- Surname: the page may print MÜLLER." in result.out
        assert "! These are the lines of an identity card" in result.out

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize(
        ("form", "details", "verdict"),
        [
            ("TD3", {}, "Valid: no errors."),
            ("TD3", {"nationality": "IDN", "issuing_state": "IDN"}, "Indonesian: the guest need not be reported."),
            ("TD3", {"expiry_date": date(2026, 11, 23)}, "No errors, but the document has expired."),
            ("MRV-A", {"document_type": "V"}, "A visa, not a passport: scan the passport."),
            ("TD3", {"expiry_date": date(2027, 1, 25)}, "Valid, with {count} warning."),
            ("TD3", {"expiry_date": date(2027, 1, 25), "nationality": "AUS"}, "Valid, with {count} warnings."),
        ],
    )
    def test_the_last_line_says_what_is_true(
        self, apoa: Apoa, form: str, details: dict[str, Any], verdict: str, lang: str
    ) -> None:
        """Below warnings it never says that nothing is wrong."""
        result = apoa(*mrz_arguments(*compose(form, Details(**{**PRINTED, **details}))), lang=lang)
        assert result.code == 0
        count = result.out.count("\n! ")
        said = catalogue_of(lang).ngettext("Valid, with {count} warning.", "Valid, with {count} warnings.", count)
        expected = said.format(count=count) if "{count}" in verdict else spoken(lang, verdict)
        assert result.out.splitlines()[-1] == expected
        assert bool(count) == (verdict != "Valid: no errors.")

    @pytest.mark.parametrize(
        ("code", "issuer", "title"),
        [
            ("P", "POL", "Passport"),
            ("PP", "POL", "Passport"),
            ("PD", "POL", "Diplomatic passport"),
            ("PO", "POL", "Official or service passport"),
            ("PS", "POL", "Service passport, or passport of a stateless person"),
            ("PE", "POL", "Emergency passport"),
            ("PT", "POL", "Alien's passport"),
            ("PR", "POL", "Travel document of a refugee"),
            ("PL", "POL", "Laissez-passer, in place of a passport"),
            ("P", "UNO", "Laissez-passer, in place of a passport"),
            ("PD", "EUE", "Laissez-passer, in place of a passport"),
        ],
    )
    def test_kinds_of_passports(self, apoa: Apoa, code: str, issuer: str, title: str) -> None:
        """Each is named in words."""
        lines = compose("TD3", Details(**{**PRINTED, "document_type": code, "issuing_state": issuer}))
        assert apoa(*mrz_arguments(*lines)).out.splitlines()[0] == f"{title} (TD3)"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_summary_counts_warnings(self, apoa: Apoa, lang: str) -> None:
        """Several documents of which some are valid with warnings."""
        expired = compose("TD3", Details(**{**PRINTED, "expiry_date": date(2026, 11, 23)}))
        text = "\n\n".join("\n".join(lines) for lines in ((FIRST, SECOND), expired, (FIRST, WRONG)))
        summary = "{valid} of {count} documents are valid, {warned} of these with warnings."
        assert apoa("check", stdin=text, lang=lang).out.splitlines()[-1] == spoken(
            lang, summary, valid=2, count=3, warned=1
        )

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_normalisation_is_explained(self, apoa: Apoa, lang: str) -> None:
        """One sentence explains each normalisation and the check digit of a long number."""
        result = apoa("check", stdin=" ".join("".join(BELGIAN).lower()), lang=lang)
        assert result.code == 0
        for sentence in (
            "Small letters were read as capitals.",
            "Blanks were left out.",
            "The text was divided into lines again.",
            "The long document number continues in the optional data. Its check digit includes the < in between.",
        ):
            assert f"- {spoken(lang, sentence)}\n" in result.out

    @pytest.mark.parametrize(
        ("lines", "title"),
        [
            (("VNUSAHAPPY<<TRAVELER<<<<<<<<<<<<<<<<<<<<<<<<", "0000000<<0CYP0001018M1601231B2NCS00E0F060308"), "Visa"),
            (("IDFRASIMON<<<<<<<<<<<<<<<<<<<<<<<<<<", "5008003456780PAUL<<<<<<<<<<7503201M6"), "French identity card"),
        ],
    )
    def test_other_document_types(self, apoa: Apoa, lines: tuple[str, ...], title: str) -> None:
        """The first line names the type of the document."""
        result = apoa(*mrz_arguments(*lines))
        assert result.out.startswith(f"{title} (")
        assert result.code == 0

    def test_ambiguous_number(self, apoa: Apoa) -> None:
        """An ambiguous number is marked completely, and each possible correction is listed."""
        wrong = SECOND.replace("1", "I", 1)
        result = apoa(*mrz_arguments(FIRST, wrong))
        assert marked_characters(result.out, wrong) == wrong[:10]
        assert "several readings fit" in result.out
        assert f"Perhaps: {QUENTIN.number} (1 in place of I, line 2, character 3)" in result.out

    def test_digit_in_a_name(self, apoa: Apoa) -> None:
        """Only the digit is marked, only the name that has it is wrong, and the error is printed once."""
        wrong = FIRST.replace("QUENTIN", "QUEN7IN")
        result = apoa(*mrz_arguments(wrong, SECOND))
        assert marked_characters(result.out, wrong) == "7"
        [surname] = [line for line in result.out.splitlines() if line.startswith("  Surname")]
        [names] = [line for line in result.out.splitlines() if line.startswith("  Given names")]
        assert surname.endswith("no check digit: compare")
        assert names.endswith("wrong: compare")
        both = wrong.replace("KOWSKI", "K0WSKI")
        assert apoa(*mrz_arguments(both, SECOND)).out.count("x The name cannot contain") == 1
        guesses = apoa(*mrz_arguments(FIRST.replace("ZYKOWSKI", "ZYK0WSKI"), SECOND)).out
        assert "  Perhaps: ZYKOWSKI, QUENTIN (O in place of 0, line 1, character 9)\n" in guesses
        assert "  2 other values are as likely as the first. Compare with the page.\n" in guesses

    def test_unknown_state(self, apoa: Apoa) -> None:
        """An unknown state is shown with the most likely state and its correction."""
        result = apoa(*mrz_arguments(FIRST.replace("P<POL", "P<P0L"), SECOND))
        assert "perhaps Poland (POL)" in result.out
        assert "(O in place of 0, line 1, character 4)" in result.out
        assert apoa(*mrz_arguments(FIRST.replace("P<POL", "P<QQQ"), SECOND)).out.count("wrong: compare") == 1

    def test_missing_and_extra_filler(self, apoa: Apoa) -> None:
        """A line with a missing or extra filler is shown corrected, with a mark and the change."""
        result = apoa(*mrz_arguments(FIRST[:-1], SECOND))
        assert marked_characters(result.out, FIRST) == "<"
        assert f"Perhaps: {FIRST} (missing <, line 1, character 44)" in result.out
        result = apoa(*mrz_arguments(FIRST + "<", SECOND))
        assert "extra <, line 1" in result.out

    def test_filler_read_as_k(self, apoa: Apoa) -> None:
        """A correction of many characters is shown only as the corrected name."""
        result = apoa(*mrz_arguments(FIRST.rstrip("<").ljust(44, "K"), SECOND))
        assert result.code == 65
        assert "  Perhaps: ZYKOWSKI, QUENTIN\n" in result.out

    def test_wrong_composite_check_digit(self, apoa: Apoa) -> None:
        """A wrong composite check digit is marked, and the suggestion is the changed character."""
        wrong = SECOND[:-1] + str((int(SECOND[-1]) + 1) % 10)
        result = apoa(*mrz_arguments(FIRST, wrong))
        assert marked_characters(result.out, wrong) == wrong[-1]
        assert f"  Perhaps: {SECOND[-1]} in place of {wrong[-1]}, line 2, character 44\n" in result.out

    def test_characters_outside_the_mrz_alphabet(self, apoa: Apoa) -> None:
        """Characters outside the MRZ alphabet are marked, even if no line can be read."""
        wrong = FIRST.replace("K", "*")
        result = apoa(*mrz_arguments(wrong, SECOND))
        assert result.out.startswith("Lines that cannot be read\n")
        assert marked_characters(result.out, wrong) == "**"
        assert "Copy the two lines" in result.out

    def test_typed_details_with_mrz_lines(self, apoa: Apoa) -> None:
        """Typed details replace the values of the MRZ, and a warning shows each difference."""
        result = apoa(*mrz_arguments(FIRST, WRONG), "--birth-date", "1984", "--birth-place", "Gdansk", "--sex", "P")
        assert result.code == 0
        assert "^" not in result.out
        assert result.out.count("as you typed it") == 3
        assert "! Date of birth: you typed 1984, the MRZ says 1985-09-12." in result.out

    def test_typed_details_without_mrz_lines(self, apoa: Apoa) -> None:
        """Without MRZ lines only the typed details are shown, with suggestions."""
        result = apoa("check", "--surname", "Smith", "--nationality", "Jermann", "--birth-date", "2030-01-01")
        assert result.code == 65
        assert result.out.splitlines()[:3] == ["Typed details", "  Surname        SMITH", "  Date of birth  1 Jan 2030"]
        assert "  Perhaps: D\n" in result.out
        assert "check digit" not in result.out

    def test_empty_and_unreadable_fields(self, apoa: Apoa) -> None:
        """An empty field is shown as `-`, and an unreadable field as `?`."""
        first, second = replace(QUENTIN, given_names="", birth_date=PartialDate(1974)).lines
        result = apoa(*mrz_arguments(first, second[:13] + "7O<<<<" + second[19:]))
        assert "  Given names      -  " in result.out
        assert "  Date of birth    ?  " in result.out
        assert "  perhaps 1974\n" in result.out

    def test_wrong_check_digit_of_a_correct_date(self, apoa: Apoa) -> None:
        """A date is not suggested as a correction of itself if only its check digit is likely wrong."""
        first, second = replace(QUENTIN, birth_date=PartialDate(1941, 1, 30)).lines
        pages = [apoa(*mrz_arguments(first, f"{second[:19]}{digit}{second[20:]}")).out for digit in range(10)]
        assert any(re.search("  30 Jan 1941 +perhaps its check digit is wrong\n", page) for page in pages)
        assert not any("perhaps 30 Jan 1941" in page for page in pages)

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("columns", [60, 80])
    def test_narrow_screen(self, apoa: Apoa, lang: str, columns: int) -> None:
        """Every line of the output fits the width of the screen."""
        monkeypatch = apoa.monkeypatch
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", str(columns))
            show_as_terminal(patch, sys.stdout)
            wrong = SECOND.replace("POL", "GBR").replace("1", "I", 1)
            result = apoa(*mrz_arguments(FIRST, wrong), lang=lang)
        plain = click.unstyle(result.out)
        assert max(map(len, plain.splitlines())) < columns
        assert spoken(lang, "Nationality") in plain

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

    def test_log_has_no_personal_data(self, apoa: Apoa) -> None:
        """The most detailed log has no personal data."""
        for arguments in (mrz_arguments(FIRST, SECOND), mrz_arguments(FIRST, WRONG), QUENTIN.typed()[1:7]):
            result = apoa("-vv", *([] if arguments[0] == "check" else ["check"]), *arguments)
            assert not [word for word in QUENTIN.words if word in result.err]


class TestInput:
    """Input from options, a pipe or a reader."""

    def test_standard_input_without_an_option(self, apoa: Apoa) -> None:
        """Without options and a terminal, the lines come from a pipe, with or without doubled line ends."""
        for text in (f"{FIRST}\n{SECOND}", f"{FIRST}\r\n\r\n{SECOND}\r\n", FIRST + SECOND):
            assert apoa("check", stdin=text).code == 0

    def test_details_with_standard_input(self, apoa: Apoa) -> None:
        """Typed details are accepted for one document, and are a usage error for several documents."""
        assert apoa("check", "--mrz", "-", "--birth-place", "X", stdin=f"{FIRST}\n{SECOND}").code == 0
        result = apoa("check", "--mrz", "-", "--birth-place", "X", stdin=f"{FIRST}\n{SECOND}\n\n{FIRST}\n{SECOND}")
        assert (result.code, result.out) == (2, "")
        assert "one guest's" in result.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_standard_input_with_other_lines(self, apoa: Apoa, lang: str) -> None:
        """The option `--mrz -` together with another --mrz is a usage error."""
        result = apoa(*mrz_arguments("-", FIRST), lang=lang)
        assert (result.code, result.out) == (2, "")
        assert spoken(lang, "--mrz - reads all lines. Give no other --mrz beside it.") in result.err

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

    def test_closed_standard_input(self, apoa: Apoa) -> None:
        """A closed standard input, as under some schedulers, counts as empty input."""
        apoa.monkeypatch.setattr(sys, "stdin", None)
        assert main.run(["check"], apoa.environ, apoa.clock) == 65
        apoa.capsys.readouterr()

    def test_text_stream_with_another_encoding(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Bytes that cannot be decoded are replaced, and the other lines are read."""
        content = f"{FIRST}\n{SECOND}\n\n".encode() + b"\xe9\n"
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))
        assert main.run(["check", "--mrz", "-", "--json"], apoa.environ, apoa.clock) == 65
        assert apoa.capsys.readouterr().out.count('"valid": true') == 1


class TestAtATerminal:
    """Questions at a terminal."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_questions_for_the_lines(self, apoa: Apoa, lang: str) -> None:
        """The questions for the two lines are on stderr, and the result is on stdout."""
        result = apoa("check", keys=[FIRST, SECOND], lang=lang)
        assert result.code == 0
        invitation = "Type the two lines at the foot of the passport's photo page, or the three of a card."
        assert spoken(lang, invitation) in result.err
        assert spoken(lang, "MRZ line {number}", number=2) in result.err
        assert result.out.startswith(spoken(lang, "Passport"))

    def test_number_of_lines(self, apoa: Apoa) -> None:
        """The three lines of a card and the one line of a reader are accepted."""
        assert apoa("check", keys=list(MUELLER)).code == 0
        assert apoa("check", keys=[FIRST + SECOND]).code == 0

    def test_reader_with_doubled_line_ends(self, apoa: Apoa) -> None:
        """An empty line between the two lines is ignored."""
        assert apoa("check", keys=[FIRST, "", SECOND]).code == 0

    def test_help_and_back(self, apoa: Apoa) -> None:
        """Help is shown, and `<` goes to the line before or ends the input at the first line."""
        result = apoa("check", keys=[SECOND, "<", FIRST, "?", SECOND])
        assert result.code == 0
        assert "The two lines with many < at the bottom of the photo page." in result.err
        assert apoa("check", keys=["<"]).out.startswith("Nothing to check\n")

    def test_enter_without_input(self, apoa: Apoa) -> None:
        """Enter without input prints that there is nothing to check and exits with 65."""
        result = apoa("check", keys=[""])
        assert result.code == 65
        assert result.out.startswith("Nothing to check\n")

    def test_no_questions_with_details_or_json(self, apoa: Apoa) -> None:
        """With typed details or --json the command asks no question."""
        assert apoa("check", "--surname", "Smith", keys=[]).code == 0
        result = apoa("check", "--json", keys=[])
        assert (result.code, result.err) == (65, "")
        assert result.json["errors"][0]["code"] == "missing"
