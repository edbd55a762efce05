"""`apoa import`: the guests of a table are checked, saved and sent."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, XIMENA, Apoa, Guest, Serve
from screens import Screens

from apoa_client.tables.reading import open_source

HEADINGS = "Surname;Given names;Sex;Place of birth;DOB;Nationality;Passport number;Expiry date;Check-in;Check-out;Room"


_MONTH_FIRST = "03/30/2031"
"""An expiry date that shows another order than the check-in, so that `DOB` with 12/09/1985 is in doubt."""


def row(guest: Guest, *, room: str = "7", birth_date: str = "", expiry: str = "") -> str:
    """Return a line of a CSV file as Excel writes it in Indonesia."""
    born = birth_date or guest.birth_date.earliest.strftime("%d/%m/%Y")
    expiry = expiry or guest.expiry_date.strftime("%d/%m/%Y")
    stay = ["24/11/2026", "26/11/2026", room]
    known = [guest.surname, guest.given_names, guest.sex, guest.birth_place, born, guest.state, guest.number, expiry]
    return ";".join([*known, *stay])


def lines(*rows: str, headings: str = HEADINGS) -> str:
    return "\n".join([headings, *rows, ""])


DOUBTFUL = row(QUENTIN, birth_date="03/09/1985").replace("24/11", "05/11").replace("26/11", "06/11")
CHEN = row(OBADIAH).replace("VANTERPOOL;OBADIAH", "Chen Wei;x").replace("GBR", "CHN")
WHOLE_NAMES = HEADINGS.replace("Surname;Given names", "Guest name;Source")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "guests.csv"


def write(file: Path, *rows: str, headings: str = HEADINGS) -> str:
    file.write_text(lines(*rows, headings=headings), encoding="utf-8")
    return str(file)


class TestUnattended:
    """Without a terminal nothing is asked."""

    def test_the_same_file_twice_saves_nothing_twice(self, away: Apoa, file: Path) -> None:
        """The second import finds all rows unchanged; an edited row becomes a change."""
        path = write(file, row(OBADIAH), row(XIMENA))
        first = away("import", path, "--no-send", "--json").json
        assert (first["rows"], first["saved"], first["problems"]) == (2, 2, [])
        assert {report["id"] for report in away.reports()} == set(first["reports"])
        again = away("import", path, "--no-send", "--json").json
        assert (again["saved"], again["unchanged"], again["reports"]) == (0, 2, [])
        edited = away("import", write(file, row(OBADIAH, room="8"), row(XIMENA)), "--no-send", "--json").json
        assert (edited["amended"], edited["unchanged"], len(edited["reports"])) == (1, 1, 1)

    def test_all_or_nothing(self, away: Apoa, file: Path) -> None:
        """With that option a wrong row, which is refused with its cell, holds up the good ones."""
        path = write(file, row(OBADIAH), row(QUENTIN, birth_date="31/02/1985"))
        result = away("import", path, "--no-send", "--json", "--all-or-nothing")
        assert (result.code, result.json["saved"], away.reports()) == (65, 0, [])
        assert [each["cell"] for each in result.json["problems"]] == ["E3"]

    def test_check_saves_nothing(self, away: Apoa) -> None:
        """With --check the counts say what would be done. `-` reads the table from standard input."""
        for option, saved in (("--check", 0), ("--no-send", 1)):
            result = away("import", "-", option, "--json", stdin=lines(row(OBADIAH)))
            assert (result.code, result.json["saved"], result.json["dry_run"]) == (0, 1, saved == 0)
            assert len(away.reports()) == saved

    def test_a_doubt_is_an_error_that_says_what_settles_it(self, away: Apoa, file: Path) -> None:
        """Dates that can be read two ways are never guessed: the option settles it, and the choices are named."""
        path = write(file, row(QUENTIN, expiry=_MONTH_FIRST))
        result = away("import", path, "--no-send", "--json")
        assert (result.code, result.json["error"]["class"]) == (65, "doubtful_columns")
        assert "whether the day or the month comes first" in result.json["error"]["message"]
        advice = result.json["error"]["advice"]
        assert "--date-order" in advice
        assert "dmy (day/month/year), mdy (month/day/year)" in advice
        assert away("import", path, "--no-send", "--date-order", "dmy").code == 0
        assert away.reports()[0]["guest"]["birth_date"] == "1985-09-12"

    def test_where_the_surname_comes_first(self, away: Apoa, file: Path) -> None:
        """Given-first is not enough for Chen Wei of China: the row is refused with advice until the order is said."""
        smith = row(XIMENA).replace("QUIJANO;XIMENA", "Ximena Quijano;x").replace("ESP", "GBR")
        path = write(file, CHEN, smith, headings=WHOLE_NAMES)
        refused = away("import", path, "--yes", "--no-send", "--json", "--name-order", "given-first")
        assert (refused.code, refused.json["saved"], refused.json["refused"]) == (65, 1, 1)
        (problem,) = refused.json["problems"]
        assert (problem["cell"], problem["code"]) == ("A2", "name_order")
        assert "CHEN" not in problem["message"].upper()
        said = away("import", path, "--yes", "--no-send", "--json", "--name-order", "by-nationality")
        assert (said.code, said.json["saved"], said.json["unchanged"]) == (0, 1, 1), said.all
        assert {report["guest"]["surname"] for report in away.reports()} == {"CHEN", "QUIJANO"}

    def test_a_missing_column(self, away: Apoa, file: Path) -> None:
        """It is named before a doubt, with the columns that are not read; a default takes its place."""
        path = write(file, DOUBTFUL, headings=HEADINGS.replace("Expiry date", "Warna"))
        result = away("import", path, "--no-send", "--json")
        assert (result.code, result.json["error"]["class"]) == (65, "missing_columns")
        assert "Passport expiry. Not read: H Warna" in result.json["error"]["message"]
        options = ["--default", "expiry_date=2032-03-28", "--date-order", "dmy"]
        assert away("import", path, "--no-send", *options).code == 0
        assert away.reports()[0]["guest"]["document"]["expiry_date"] == "2032-03-28"

    def test_columns_that_are_not_read_are_named(self, away: Apoa, file: Path) -> None:
        """They refuse no row, and nothing is left out silently."""
        path = write(file, row(OBADIAH, room="7;-"), headings=f"{HEADINGS};Warna favorit")
        result = away("import", path, "--check", "--json")
        assert (result.code, result.json["saved"]) == (0, 1)
        assert result.json["unread_columns"] == ["L Warna favorit"]
        assert "L Warna favorit" in away("import", path, "--no-send").err

    def test_no_file(self, away: Apoa, file: Path) -> None:
        """Without a file, with an unknown default, and with half a file."""
        assert away("import").code == away("import", write(file, row(OBADIAH)), "--default", "village=-").code == 2
        file.write_bytes(b"PK\x03\x04 and no more")  # the beginning of a ZIP does not show whether it was a workbook
        result = away("import", str(file))
        assert (result.code, "The file is damaged or incomplete." in result.err) == (65, True)


def test_two_passports_in_two_files(apoa: Apoa, serve: Serve, file: Path) -> None:
    """The second one is refused, with its cell and what to do: another guest, or a correction, is a person's word."""
    assert apoa.set_up(serve("reject").base_url).code == 0
    said = apoa("import", write(file, row(OBADIAH)), "--json")
    assert (said.code, said.json["saved"], apoa.states()) == (65, 1, [("check_in", "rejected")])
    before, copy = apoa.reports(), file.with_name("wrong.csv")
    namesake = row(replace(OBADIAH, number="VB908162"))
    said = apoa("import", write(file, namesake), "--no-send", "--json", "--write-errors", str(copy))
    [problem] = said.json["problems"]
    assert (said.code, said.json["refused"], said.json["reports"]) == (65, 1, [])
    assert (problem["cell"], problem["code"]) == ("G2", "conflict")
    for command in (f"apoa amend {before[0]['short_id']}.", "apoa report"):
        assert command in problem["message"]
    assert problem["message"] in copy.read_text("utf-8-sig")
    again = apoa("import", write(file, row(OBADIAH)), "--no-send", "--json")
    assert (again.code, again.json["unchanged"], apoa.reports()) == (0, 1, before)


class TestWriteErrors:
    """The refused rows are given back, marked."""

    def test_a_copy_that_no_worksheet_holds(self, away: Apoa, file: Path) -> None:
        """It is said, and what was saved is sent all the same."""
        bad = f"{row(QUENTIN, birth_date='31/02/1985')};{'x' * 40_000}"
        path = write(file, f"{row(OBADIAH)};x", bad, headings=f"{HEADINGS};Comment")
        result = away("import", path, "--write-errors", str(file.with_name("bad.xlsx")))
        assert (result.code, len(away.reports())) == (65, 1)
        assert "longer than 32,767 characters" in result.err
        assert "The reports stay in the queue" in result.err

    def test_the_name_of_the_copy(self, away: Apoa, file: Path) -> None:
        """No file is replaced without --force. The source, standard output and another ending are refused."""
        path, copy = write(file, row(OBADIAH), row(QUENTIN, birth_date="31/02/1985")), file.with_name("bad.csv")
        before, command = file.read_bytes(), ["import", path, "--no-send", "--date-order", "dmy", "--write-errors"]
        written = away(*command, str(copy))
        assert (written.code, f"apoa import {copy} --date-order dmy" in written.err) == (65, True)
        assert (away(*command, str(copy)).code, away(*command, str(copy), "--force").code) == (2, 65)
        pdf = file.with_name("bad.pdf")
        for name, said in ((file, "--write-errors"), ("-", "--write-errors"), (pdf, "must end in: .xlsx, .csv")):
            result = away(*command, str(name), "--force")
            assert (result.code, said in result.err) == (2, True), result.all
        assert (file.read_bytes(), pdf.exists()) == (before, False)

    def test_guests_in_json(self, away: Apoa, file: Path) -> None:
        """They are no rows of a table: what is wrong is corrected in the file itself."""
        guest = {"surname": "VANTERPOOL", "sex": "M", "nationality": "GBR"}
        path, copy = file.with_name("guests.json"), file.with_name("bad.csv")
        path.write_text(json.dumps([{"guest": guest, "stay": {}}]), encoding="utf-8")
        for option in ("--write-errors", str(copy)), ("--default", "room=1"), ("--date-order", "dmy"):
            assert away("import", str(path), *option).code == 2
        assert (away("import", str(path)).code, copy.exists()) == (65, False)


class TestAtATerminal:
    """At a terminal the user confirms the columns, and what is doubtful is asked."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_screens(self, away: Apoa, screens: Screens, file: Path, lang: str) -> None:
        """The columns, a change of one, what is doubtful, what was refused, and the counts."""
        yes, no = ("y", "t") if lang == "id" else ("y", "n")
        screens(away, "import", write(file, row(OBADIAH)), "--no-send", keys=["", no], lang=lang)
        screens(away, "import", write(file, row(OBADIAH)), "--no-send", keys=["", yes], lang=lang)
        screens(away, "import", str(file), "--no-send", lang=lang)
        bad = row(XIMENA, birth_date="31/02/1985", expiry=_MONTH_FIRST)
        doubtful = row(QUENTIN, expiry=_MONTH_FIRST)
        screens(away, "import", write(file, doubtful, bad), "--no-send", keys=["1", "", "", "", ""], lang=lang)
        screens(away, "import", str(file), "--no-send", lang=lang)
        pavilion = HEADINGS.replace("Room", "Pavilion")
        screens(away, "import", write(file, row(OBADIAH), headings=pavilion), keys=[no, "K", "?", "<"], lang=lang)
        source = HEADINGS.replace("Place of birth", "Source")
        screens(away, "import", write(file, row(OBADIAH), headings=source), "--no-send", lang=lang)
        screens(away, "import", write(file), "--no-send", lang=lang)
        screens(away, "import", "nowhere.csv", lang=lang)

    def test_missing_columns_are_said_before_a_question(self, away: Apoa, file: Path) -> None:
        """So that a user who cannot complete the table answers no question in vain."""
        write(file, DOUBTFUL, headings=HEADINGS.replace("Expiry date", "Warna"))
        screen = away("import", str(file), keys=["<"]).err
        assert screen.index("No column has: Passport expiry") < screen.index("can be read in two ways")

    def test_columns_are_asked_about(self, away: Apoa, file: Path) -> None:
        """By letter and number, once for what no booking system has, and between two of one field alone."""
        for guest, heading, other, keys, fields in (
            (OBADIAH, "Room", "Pavilion", ["n", "k", "17", "", "", ""], {"room": "7"}),
            (XIMENA, "Place of birth", "Source", [""] * 5, {"birth_place": "-"}),
            (QUENTIN, "Room", "Family name", ["1", "", "", ""], {"surname": QUENTIN.surname, "room": None}),
        ):
            born = guest.birth_date.earliest.isoformat()  # in one order alone
            path = write(file, row(guest, birth_date=born), headings=HEADINGS.replace(heading, other))
            result = away("import", path, "--no-send", keys=keys)
            assert result.code == 0, result.all
            [report] = [each for each in away.reports() if each["guest"]["document"]["number"] == guest.number]
            assert (report["guest"] | report["stay"]).items() >= fields.items()

    def test_the_fields_fit_the_screen(self, away: Apoa, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The fields stand below each other on a narrow screen: none is broken."""
        monkeypatch.setenv("COLUMNS", "60")
        shown = away("import", write(file, row(OBADIAH)), "--check", keys=["n", "K", "<"]).err
        fields = [line for line in shown.splitlines() if re.match(r" +\d+  \w", line)]
        assert (len(fields), max(map(len, fields)) < 60) == (35, True)

    def test_answers_are_kept_under_a_name(self, away: Apoa, file: Path) -> None:
        """With --map nothing is asked the next time, also without a terminal."""
        path = write(file, row(QUENTIN, expiry=_MONTH_FIRST))
        kept = away("import", path, "--check", keys=["1", "", "Not a name", "guestbook"])
        assert "apoa import FILE --map guestbook" in kept.err, kept.all
        assert away("import", path, "--check", "--map", "guestbook", keys=[]).code == 0
        assert away("import", path, "--no-send", "--map", "guestbook").code == 0
        assert away.reports()[0]["guest"]["birth_date"] == "1985-09-12"

    def test_the_copy_is_not_asked_about_again(self, away: Apoa, file: Path) -> None:
        """The line to copy has the name under which the user's answers are kept."""
        doubtful = row(QUENTIN, expiry=_MONTH_FIRST)
        path = write(file, doubtful, doubtful.replace(QUENTIN.number, ""))
        result = away("import", path, "--no-send", keys=["1", "", "guestbook", "", ""])
        said, copy = "--map guestbook", file.with_name("guests-problems.csv")
        assert f"apoa import {copy} {said}\n" in result.err, result.all
        assert "refused: to be corrected" in away("import", str(copy), *said.split(), "--check").out

    def test_the_refused_rows_are_offered_as_a_file(self, away: Apoa, file: Path) -> None:
        """The copy is written beside the file, under a name that is free; that of a copy has the next number."""
        path = write(file, row(OBADIAH), row(QUENTIN, birth_date="31/02/1985"))
        for name in ("guests-problems.csv", "guests-problems-2.csv"):
            result = away("import", path, "--no-send", keys=["", "", "", ""])
            assert result.code == 65
            assert file.with_name(name).exists(), result.all
        copy = str(file.with_name("guests-problems-2.csv"))
        assert away("import", copy, "--no-send", keys=["", ""]).code == 65
        assert file.with_name("guests-problems-3.csv").exists()


class TestDoubtfulTables:
    """What could lose or confuse guests is never guessed."""

    def test_two_columns_with_one_heading(self, away: Apoa, file: Path) -> None:
        """A mapping cannot tell them apart, so the file must."""
        path = write(file, row(OBADIAH), headings=HEADINGS.replace("Given names", "Surname"))
        for result in (away("import", path, keys=[]), away("import", path)):
            assert (result.code, "Columns A and B have the same heading: Surname." in result.err) == (65, True)

    def test_whole_names_are_split_after_a_users_word(self, away: Apoa, file: Path) -> None:
        """One column with both names needs their order."""
        whole = row(OBADIAH).replace("VANTERPOOL;OBADIAH", "VANTERPOOL OBADIAH;x")
        path = write(file, whole, headings=WHOLE_NAMES)
        assert away("import", path).code == 65
        assert away("import", path, "--no-send", "--name-order", "surname-first").code == 0
        assert away.reports()[0]["guest"]["given_names"] == "OBADIAH"
        shown = away("import", path, "--check", keys=["2", "", ""])
        assert "the surname comes first, and is one word: surname VANTERPOOL, given names OBADIAH" in shown.err
        assert "surname OBADIAH, given names VANTERPOOL" in shown.err

    @pytest.mark.parametrize(
        ("answer", "surname", "refused"), [("1", "CHEN", 0), ("2", "WEI", 0), ("3", None, 1), ("<", None, 0)]
    )
    def test_the_order_of_east_asian_names_is_asked(
        self, away: Apoa, file: Path, answer: str, surname: str | None, refused: int
    ) -> None:
        """With the first such name as an example; the guests can also be refused until a comma is written."""
        path = write(file, CHEN, headings=WHOLE_NAMES)
        shown = away("import", path, "--no-send", "--name-order", "given-first", keys=[answer, *[""] * 4])
        assert shown.code == (65 if refused else 0), shown.all
        assert "Chen Wei, CHN: the surname often comes first there." in shown.err
        assert "surname Chen, given names Wei" in shown.err
        assert [report["guest"]["surname"] for report in away.reports()] == ([surname] if surname else [])


def test_the_template(apoa: Apoa, tmp_path: Path) -> None:
    """The empty workbook needs no property, and can be read by the program."""
    path = tmp_path / "empty.xlsx"
    assert apoa("import", "--template", str(path)).code == 0
    assert open_source(path).facts.format == "xlsx"
    assert apoa("import", "--template", str(path)).code == 2
    assert apoa("import", "--template", str(tmp_path / "empty.csv")).code == 2
