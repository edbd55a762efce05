"""`apoa check`: what is wrong with a document and how to mend it, with nothing set up and nothing stored."""

import io
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import click
import pytest
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
from conftest import FixedClock

from apoa_client.cli import main
from apoa_client.cli.terminal.language import _catalogue as catalogue_of
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate

EVIL = "A\x1b[2J\x1b]0;owned\x07\u202eB\u2066C\u200bD\x9b31mE\rF\nG"
FIRST, SECOND = QUENTIN.lines
WRONG = SECOND[:19] + "0" + SECOND[20:]
"""The check digit of the date of birth."""
BELGIAN = ("IDBEL592211692<1741<<<<<<<<<<<", "9003107F2509301BEL900310244094", "SPECIMEN<<SPECIMEN<<<<<<<<<<<<")
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


def given(*lines: str) -> list[str]:
    """The arguments for some lines."""
    return ["check", *(part for line in lines for part in ("--mrz", line))]


def below(said: str, line: str, mark: str = "^") -> str:
    """The characters of a line that have a mark below them."""
    shown = said.splitlines()
    marks = shown[shown.index(f"  {line}") + 1]
    assert set(marks) <= {" ", "^", "-"}
    return "".join(character for character, below_it in zip(f"  {line}", marks, strict=False) if below_it == mark)


class TestWithoutSetUp:
    """A newcomer checks a passport before anything else."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_passport_in_order(self, apoa: Apoa, lang: str) -> None:
        """Everything on stdout, and no file is made."""
        said = apoa(*given(FIRST, SECOND), lang=lang)
        assert (said.code, said.err) == (0, "")
        lines = said.out.splitlines()
        assert lines[:3] == [spoken(lang, "Passport") + " (TD3)", f"  {FIRST}", f"  {SECOND}"]
        assert "^" not in said.out
        assert spoken(lang, "Valid: no errors.") == lines[-2]
        assert "A correct check digit is no guarantee:" in said.out or lang == "id"
        for label, value, belief in (
            ("Surname", "ZYKOWSKI", "no check digit: compare"),
            ("Date of birth", "12 Sep 1985", "check digit fits"),
            ("Passport number", "ZX1234567", "check digit fits"),
        ):
            [row] = [line for line in lines if line.startswith(f"  {spoken(lang, label)} ")]
            assert value in row
            assert row.endswith(spoken(lang, belief))
        assert not apoa.home.exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_passport_that_is_not(self, apoa: Apoa, lang: str) -> None:
        """Marked below the characters, explained, with what would mend it; exit 65."""
        said = apoa("cek", *given(FIRST, WRONG)[1:], lang=lang)
        assert said.code == 65
        assert below(said.out, WRONG) == WRONG[19]
        assert below(said.out, WRONG, "-") == WRONG[13:19]
        value = f"12 {spoken(lang, 'Sep')} 1985"
        assert spoken(lang, "several readings fit") in said.out
        change = spoken(
            lang,
            "{new} in place of {old}, line {line}, character {position}",
            new=SECOND[19],
            old=WRONG[19],
            line=2,
            position=20,
        )
        assert spoken(lang, "Perhaps: {value}", value=f"{value} ({change})") in said.out
        count = catalogue_of(lang).ngettext("Not valid: {count} error.", "", 1).format(count=1)
        assert count in said.out.splitlines()

    def test_settings_that_are_broken_do_not_matter(self, away: Apoa) -> None:
        """No setting is needed to read a passport; a property that was asked for must be there, though."""
        assert away("--property", "nosuch", *given(FIRST, SECOND)).code == 78
        (away.home / "config.toml").write_text("[property.melati", encoding="utf-8")
        assert away(*given(FIRST, SECOND)).code == 0

    def test_several_properties(self, away: Apoa) -> None:
        """Which one is meant makes no difference."""
        away.set_up(name="mawar")
        path = away.home / "config.toml"
        path.write_text(path.read_text("utf-8").replace('default_property = "melati"\n', ""), encoding="utf-8")
        assert away("status").code == 78
        assert away(*given(FIRST, SECOND)).code == 0

    @pytest.mark.parametrize(("zone", "expired"), [("WIB", False), ("WIT", True)])
    def test_the_propertys_zone_says_what_day_it_is(
        self, apoa: Apoa, clock: FixedClock, zone: str, *, expired: bool
    ) -> None:
        """In the east the day begins two hours earlier; without a property it is Jakarta's."""
        clock.forward(timedelta(hours=3))
        today = ["check", "--expiry-date", "2026-11-24", "--json"]
        assert apoa(*today).json["warnings"] == []
        apoa.set_up(NOWHERE, "--timezone", zone)
        assert [warning["code"] for warning in apoa(*today).json["warnings"]] == ["expired"] * expired


class TestJson:
    """One document on stdout, whatever was given."""

    def test_a_valid_one(self, apoa: Apoa) -> None:
        """The fixed keys first, and what a program may want to know besides."""
        said = apoa(*given(FIRST, SECOND), "--json")
        assert (said.code, said.err) == (0, "")
        value = said.json
        assert list(value) == KEYS
        assert (value["valid"], value["format"], value["errors"], value["suggestions"]) == (True, "TD3", [], [])
        assert value["guest"]["document"]["mrz"] == [FIRST, SECOND]
        assert value["guest"]["birth_place"] is None
        assert value["fields"]["document_number"] == "ok"
        assert value["fields"]["names"] == "unprotected"

    def test_a_suggestion_mends_the_line(self, apoa: Apoa) -> None:
        """Lines and positions count from 1."""
        wrong = SECOND[:14] + "6" + SECOND[15:]
        said = apoa(*given(FIRST, wrong), "--json")
        assert said.code == 65
        value = said.json
        [error] = value["errors"]
        assert list(error) == ["field", "code", "message", "suggestion"]
        assert (error["field"], error["code"]) == ("guest.birth_date", "check_digit")
        assert error["suggestion"] == value["suggestions"][0]["value"]
        mended = []
        for suggestion in value["suggestions"]:
            assert list(suggestion) == ["field", "line", "position", "old", "new", "value", "others"]
            start = suggestion["position"] - 1
            assert wrong[start : start + len(suggestion["old"])] == suggestion["old"]
            mended.append(wrong[:start] + suggestion["new"] + wrong[start + len(suggestion["old"]) :])
        assert SECOND in mended
        assert all(apoa(*given(FIRST, line)).code == 0 for line in mended)

    @pytest.mark.parametrize("stdin", ["", "garbage\n", f"{FIRST}\n"])
    def test_what_cannot_be_read(self, apoa: Apoa, stdin: str) -> None:
        """The same form, with nothing known."""
        said = apoa("check", "--json", stdin=stdin)
        assert said.code == 65
        value = said.json
        assert list(value) == KEYS
        assert (value["format"], value["fields"], value["long_number"]) == (None, {}, None)
        assert value["printed"] == {"surname": [], "given_names": []}
        assert {value["guest"][key] for key in ("surname", "sex", "birth_date", "stay_permit")} == {None}
        assert [error["field"] for error in value["errors"]] == ["guest.document.mrz"]

    def test_several_are_a_list(self, apoa: Apoa) -> None:
        """In their order; one that is wrong makes it 65."""
        text = "\n\n".join("\n".join(guest.lines) for guest in GUESTS)
        said = apoa("check", "--mrz", "-", "--json", stdin=text)
        assert said.code == 0
        assert [value["guest"]["surname"] for value in said.json] == [guest.surname for guest in GUESTS]
        said = apoa("check", "--json", stdin=f"{text}\n\n{FIRST}\n{WRONG}\n")
        assert said.code == 65
        assert [value["valid"] for value in said.json] == [True, True, True, False]

    def test_what_was_normalised(self, apoa: Apoa) -> None:
        """By its names; and which digit a long number has."""
        value = apoa("check", "--json", stdin=" ".join((FIRST + SECOND).lower())).json
        assert (value["valid"], value["normalised"]) == (True, ["capitals", "blanks", "lines"])
        assert apoa(*given(*BELGIAN), "--json").json["long_number"] == "with_filler"


class TestPage:
    """What a person sees."""

    def test_several_are_numbered_and_summed_up(self, apoa: Apoa) -> None:
        """The summary comes last, where it is seen."""
        said = apoa("check", stdin=f"{FIRST}\n{WRONG}\n\n{XIMENA.lines[0]}\n{XIMENA.lines[1]}\n")
        assert said.code == 65
        assert "1. Passport (TD3)" in said.out
        assert "2. Passport (TD3)" in said.out
        assert said.out.splitlines()[-1] == "1 of 2 documents are valid."

    def test_a_card(self, apoa: Apoa) -> None:
        """Three lines, a number that is no passport's, and what the card may print."""
        said = apoa(*given(*MUELLER))
        assert said.code == 0
        assert said.out.startswith("Identity card or other document (TD1)\n")
        assert "Document number  L01XPVM8J" in said.out
        assert "- Surname: the page may print MÜLLER." in said.out
        assert "! These are the lines of an identity card" in said.out

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_what_was_done_to_read_it(self, apoa: Apoa, lang: str) -> None:
        """A short sentence for each; and how the check digit of a long number was computed."""
        said = apoa("check", stdin=" ".join("".join(BELGIAN).lower()), lang=lang)
        assert said.code == 0
        for sentence in (
            "Small letters were read as capitals.",
            "Blanks were left out.",
            "The text was divided into lines again.",
            "The long document number continues in the optional data. Its check digit includes the < in between.",
        ):
            assert f"- {spoken(lang, sentence)}\n" in said.out

    @pytest.mark.parametrize(
        ("lines", "words"),
        [
            (("VNUSAHAPPY<<TRAVELER<<<<<<<<<<<<<<<<<<<<<<<<", "0000000<<0CYP0001018M1601231B2NCS00E0F060308"), "Visa"),
            (("IDFRASIMON<<<<<<<<<<<<<<<<<<<<<<<<<<", "5008003456780PAUL<<<<<<<<<<7503201M6"), "French identity card"),
        ],
    )
    def test_other_documents(self, apoa: Apoa, lines: tuple[str, ...], words: str) -> None:
        """Named in words."""
        said = apoa(*given(*lines))
        assert said.out.startswith(f"{words} (")
        assert said.code == 0

    def test_a_number_of_which_many_readings_fit(self, apoa: Apoa) -> None:
        """Each with its character, and that only the page can tell."""
        wrong = SECOND.replace("1", "I", 1)
        said = apoa(*given(FIRST, wrong))
        assert below(said.out, wrong) == wrong[:10]
        assert "several readings fit" in said.out
        assert f"Perhaps: {QUENTIN.number} (1 in place of I, line 2, character 3)" in said.out

    def test_a_digit_in_a_name(self, apoa: Apoa) -> None:
        """The characters alone are marked; only the name that has it is called wrong, and the sentence stands once."""
        wrong = FIRST.replace("QUENTIN", "QUEN7IN")
        said = apoa(*given(wrong, SECOND))
        assert below(said.out, wrong) == "7"
        [surname] = [line for line in said.out.splitlines() if line.startswith("  Surname")]
        [names] = [line for line in said.out.splitlines() if line.startswith("  Given names")]
        assert surname.endswith("no check digit: compare")
        assert names.endswith("wrong: compare")
        both = wrong.replace("KOWSKI", "K0WSKI")
        assert apoa(*given(both, SECOND)).out.count("x The name cannot contain") == 1
        guesses = apoa(*given(FIRST.replace("ZYKOWSKI", "ZYK0WSKI"), SECOND)).out
        assert "  Perhaps: ZYKOWSKI, QUENTIN (O in place of 0, line 1, character 9)\n" in guesses
        assert "  2 other values are as likely as the first. Compare with the page.\n" in guesses

    def test_an_unknown_state(self, apoa: Apoa) -> None:
        """With the name of the state that was probably meant."""
        said = apoa(*given(FIRST.replace("P<POL", "P<P0L"), SECOND))
        assert "perhaps Poland (POL)" in said.out
        assert "(O in place of 0, line 1, character 4)" in said.out
        assert apoa(*given(FIRST.replace("P<POL", "P<QQQ"), SECOND)).out.count("wrong: compare") == 1

    def test_a_lost_and_a_doubled_filler(self, apoa: Apoa) -> None:
        """The mended line is shown, marked where it was mended, and told in the words of a person."""
        said = apoa(*given(FIRST[:-1], SECOND))
        assert below(said.out, FIRST) == "<"
        assert f"Perhaps: {FIRST} (missing <, line 1, character 44)" in said.out
        said = apoa(*given(FIRST + "<", SECOND))
        assert "extra <, line 1" in said.out

    def test_a_row_of_k(self, apoa: Apoa) -> None:
        """A correction of many characters is told by the name that it would make."""
        said = apoa(*given(FIRST.rstrip("<").ljust(44, "K"), SECOND))
        assert said.code == 65
        assert "  Perhaps: ZYKOWSKI, QUENTIN\n" in said.out

    def test_a_last_digit_alone(self, apoa: Apoa) -> None:
        """The composite has no field of the form; the change says it all."""
        wrong = SECOND[:-1] + str((int(SECOND[-1]) + 1) % 10)
        said = apoa(*given(FIRST, wrong))
        assert below(said.out, wrong) == wrong[-1]
        assert f"  Perhaps: {SECOND[-1]} in place of {wrong[-1]}, line 2, character 44\n" in said.out

    def test_characters_that_no_mrz_has(self, apoa: Apoa) -> None:
        """Marked as well, though nothing can be read."""
        wrong = FIRST.replace("K", "*")
        said = apoa(*given(wrong, SECOND))
        assert said.out.startswith("Lines that cannot be read\n")
        assert below(said.out, wrong) == "**"
        assert "Copy the two lines" in said.out

    def test_typed_beside_the_lines(self, apoa: Apoa) -> None:
        """What was typed wins, and the difference is told."""
        said = apoa(*given(FIRST, WRONG), "--birth-date", "1984", "--birth-place", "Gdansk", "--sex", "P")
        assert said.code == 0
        assert "^" not in said.out
        assert said.out.count("as you typed it") == 3
        assert "! Date of birth: you typed 1984, the MRZ says 1985-09-12." in said.out

    def test_typed_alone(self, apoa: Apoa) -> None:
        """Only what was given, with what was probably meant."""
        said = apoa("check", "--surname", "Smith", "--nationality", "Jermann", "--birth-date", "2030-01-01")
        assert said.code == 65
        assert said.out.splitlines()[:3] == ["Typed details", "  Surname        SMITH", "  Date of birth  1 Jan 2030"]
        assert "  Perhaps: D\n" in said.out
        assert "check digit" not in said.out

    def test_an_empty_field_and_one_that_cannot_be_read(self, apoa: Apoa) -> None:
        """- is nothing, ? is something else."""
        first, second = replace(QUENTIN, given_names="", birth_date=PartialDate(1974)).lines
        said = apoa(*given(first, second[:13] + "7O<<<<" + second[19:]))
        assert "  Given names      -  " in said.out
        assert "  Date of birth    ?  " in said.out
        assert "  perhaps 1974\n" in said.out

    def test_a_date_whose_check_digit_alone_is_wrong(self, apoa: Apoa) -> None:
        """Where that is the likeliest, the date is not suggested in its own place."""
        first, second = replace(QUENTIN, birth_date=PartialDate(1941, 1, 30)).lines
        said = [apoa(*given(first, f"{second[:19]}{digit}{second[20:]}")).out for digit in range(10)]
        assert any(re.search("  30 Jan 1941 +perhaps its check digit is wrong\n", page) for page in said)
        assert not any("perhaps 30 Jan 1941" in page for page in said)

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("columns", [60, 80])
    def test_a_narrow_screen(self, apoa: Apoa, lang: str, columns: int) -> None:
        """Nothing is wider than the screen, and the marks stay below their characters."""
        monkeypatch = apoa.monkeypatch
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", str(columns))
            patch.setattr(sys.stdout, "isatty", lambda: True)
            wrong = SECOND.replace("POL", "GBR").replace("1", "I", 1)
            said = apoa(*given(FIRST, wrong), lang=lang)
        plain = click.unstyle(said.out)
        assert max(map(len, plain.splitlines())) < columns
        assert spoken(lang, "Nationality") in plain

    def test_control_characters(self, apoa: Apoa) -> None:
        """Neither lines nor details move a cursor."""
        for lang in LANGUAGES:
            for arguments in (given(EVIL, EVIL), given(EVIL.ljust(44, "<")[:44], SECOND), ["check", "--surname", EVIL]):
                said = apoa(*arguments, lang=lang)
                assert said.code == 65
                assert_sanitized(said.all)

    def test_nothing_personal_reaches_the_log(self, apoa: Apoa) -> None:
        """However much is logged."""
        for arguments in (given(FIRST, SECOND), given(FIRST, WRONG), QUENTIN.typed()[1:7]):
            said = apoa("-vv", *([] if arguments[0] == "check" else ["check"]), *arguments)
            assert not [word for word in QUENTIN.words if word in said.err]


class TestInput:
    """From options, from a pipe, or from a reader."""

    def test_standard_input_without_an_option(self, apoa: Apoa) -> None:
        """Nothing given and nobody there: the lines come from a pipe, a reader's doubled line ends included."""
        for text in (f"{FIRST}\n{SECOND}", f"{FIRST}\r\n\r\n{SECOND}\r\n", FIRST + SECOND):
            assert apoa("check", stdin=text).code == 0

    def test_details_beside_standard_input(self, apoa: Apoa) -> None:
        """For one document; those of several would have one guest's details."""
        assert apoa("check", "--mrz", "-", "--birth-place", "X", stdin=f"{FIRST}\n{SECOND}").code == 0
        said = apoa("check", "--mrz", "-", "--birth-place", "X", stdin=f"{FIRST}\n{SECOND}\n\n{FIRST}\n{SECOND}")
        assert (said.code, said.out) == (2, "")
        assert "one guest's" in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_standard_input_beside_other_lines(self, apoa: Apoa, lang: str) -> None:
        """A mistake in the command."""
        said = apoa(*given("-", FIRST), lang=lang)
        assert (said.code, said.out) == (2, "")
        assert spoken(lang, "--mrz - reads all lines. Give no other --mrz beside it.") in said.err

    def test_bytes_that_are_no_text(self, apoa: Apoa) -> None:
        """Said to be no MRZ; no traceback."""
        done = subprocess.run(
            [*COMMAND, "check"],
            input=b"\xff\xfe\x00P<UTO\x80\n" + FIRST.encode() + b"\n",
            env=apoa.environ | {"PATH": "", "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 65
        assert done.stderr == b""

    def test_a_closed_standard_input(self, apoa: Apoa) -> None:
        """As under some schedulers: nothing was given."""
        apoa.monkeypatch.setattr(sys, "stdin", None)
        assert main.run(["check"], apoa.environ, apoa.clock) == 65
        apoa.capsys.readouterr()

    def test_a_text_stream_of_another_encoding(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """What cannot be decoded is replaced, and the rest is read."""
        content = f"{FIRST}\n{SECOND}\n\n".encode() + b"\xe9\n"
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))
        assert main.run(["check", "--mrz", "-", "--json"], apoa.environ, apoa.clock) == 65
        assert apoa.capsys.readouterr().out.count('"valid": true') == 1


class TestAtATerminal:
    """Somebody is there and is asked."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_lines_are_asked_for(self, apoa: Apoa, lang: str) -> None:
        """Two of a passport; the questions are no result."""
        said = apoa("check", keys=[FIRST, SECOND], lang=lang)
        assert said.code == 0
        invitation = "Type the two lines at the foot of the passport's photo page, or the three of a card."
        assert spoken(lang, invitation) in said.err
        assert spoken(lang, "MRZ line {number}", number=2) in said.err
        assert said.out.startswith(spoken(lang, "Passport"))

    def test_three_of_a_card_or_one_of_a_reader(self, apoa: Apoa) -> None:
        """As many as there are."""
        assert apoa("check", keys=list(MUELLER)).code == 0
        assert apoa("check", keys=[FIRST + SECOND]).code == 0

    def test_a_reader_that_ends_a_line_twice(self, apoa: Apoa) -> None:
        """The empty line between is none of the passport's."""
        assert apoa("check", keys=[FIRST, "", SECOND]).code == 0

    def test_help_and_the_way_back(self, apoa: Apoa) -> None:
        """As in a conversation; before the first line there is nothing to check."""
        said = apoa("check", keys=[SECOND, "<", FIRST, "?", SECOND])
        assert said.code == 0
        assert "The two lines with many < at the bottom of the photo page." in said.err
        assert apoa("check", keys=["<"]).out.startswith("Nothing to check\n")

    def test_enter_alone(self, apoa: Apoa) -> None:
        """Nothing to check, and what could be given."""
        said = apoa("check", keys=[""])
        assert said.code == 65
        assert said.out.startswith("Nothing to check\n")

    def test_whoever_gives_details_or_wants_json_is_not_asked(self, apoa: Apoa) -> None:
        """A script at a terminal is a script."""
        assert apoa("check", "--surname", "Smith", keys=[]).code == 0
        said = apoa("check", "--json", keys=[])
        assert (said.code, said.err) == (65, "")
        assert said.json["errors"][0]["code"] == "missing"
