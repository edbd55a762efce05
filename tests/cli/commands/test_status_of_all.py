"""`apoa status --all`: each property in a row, and the property's name wherever there are several."""

from pathlib import Path

import pytest
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, XIMENA, Apoa, spoken

from apoa_client.sandbox.server import SandboxServer


@pytest.fixture
def several(apoa: Apoa, authority: SandboxServer) -> Apoa:
    """The program with melati, kenanga, which has a name for guests, and anggrek, whose reports are typed by hand."""
    assert apoa.set_up(authority.base_url).code == 0
    assert apoa.set_up(authority.base_url, "--display-name", "Wisma Kenanga", name="kenanga").code == 0
    place = ["--property", "anggrek", "--vault", "file"]
    assert apoa("setup", "--non-interactive", *place, "--by-hand").code == 0
    return apoa


def rows(shown: str) -> list[list[str]]:
    """Return the words of each row."""
    return [line.split() for line in shown.splitlines()]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_row_for_each_property(several: Apoa, lang: str) -> None:
    """What waits, was refused and is overdue, the next deadline, the last contact, and what is special.

    What waits is first, by its deadline.
    """
    several.save(QUENTIN)
    several("--property", "anggrek", *XIMENA.mrz("--no-send"))
    shown = several("status", "--all", lang=lang)
    assert (shown.code, shown.err) == (0, "")
    melati, anggrek, kenanga = rows(shown.out)[1:4]
    assert (melati[:4], kenanga[:6], anggrek[:4]) == (
        *(["melati", "1", "0", "0"], ["Wisma", "Kenanga", "(kenanga)", "0", "0", "0"]),
        ["anggrek", "1", "0", "0"],
    )
    assert spoken(lang, "by hand") in shown.out.splitlines()[2]
    assert shown.out.splitlines()[-1] == spoken(lang, "More about one: apoa --property NAME status")


def test_one_that_cannot_be_read(several: Apoa) -> None:
    """Its error is on stderr below its name, its row says so and is the first, and the exit code is its."""
    (several.home / "kenanga" / "outbox.db").write_bytes(b"damaged" * 100)
    shown = several("status", "--all")
    assert shown.code == 78
    assert shown.err.splitlines()[0] == "Wisma Kenanga (kenanga)"
    assert ["cannot be read" in line for line in shown.out.splitlines()[1:4]] == [True, False, False]


def test_the_alarm_is_that_of_the_worst(several: Apoa) -> None:
    """75 where any property has an overdue report."""
    several.save(QUENTIN)
    assert several("status", "--all", "--alarm").code == 0
    several.clock.time = several.clock.time.replace(day=28)
    assert several("status", "--all", "--alarm").code == 75
    assert several("status", "--all", "--alarm", "--json").code == 75


def test_the_night_of_each(several: Apoa) -> None:
    """`--tonight` shows the summary of each property under its name."""
    several.save(OBADIAH)
    shown = several("status", "--all", "--tonight")
    assert shown.code == 0, shown.err
    headings = [line.partition("  (")[0] for line in shown.out.splitlines() if "  (" in line]
    assert headings == ["melati", "Wisma Kenanga (kenanga)", "anggrek"]
    assert shown.out.splitlines().count("melati") == 0
    value = several("status", "--all", "--tonight", "--json").json
    assert [each["property"] for each in value["properties"]] == ["melati", "kenanga", "anggrek"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_names_its_property_where_there_are_several(several: Apoa, lang: str) -> None:
    """The card and the saved line say to which property the report belongs; the status has it as its heading."""
    line = spoken(lang, "Property: {name}", name="Wisma Kenanga (kenanga)")
    saved = several("--property", "kenanga", *QUENTIN.mrz("--no-send"), lang=lang)
    assert saved.out.splitlines()[0] == line
    asked = several(*XIMENA.mrz("--no-send"), keys=["n"], lang=lang, APOA_PROPERTY="kenanga")
    assert line in asked.err.splitlines()
    answers = ["ZARAGOZA", *[""] * 20]
    talked = several("report", "--no-send", keys=[*XIMENA.lines, *answers], lang=lang, APOA_PROPERTY="kenanga")
    card = talked.err.splitlines()
    assert card[card.index(spoken(lang, "This will be reported")) + 1] == line
    assert several("status", APOA_PROPERTY="kenanga").out.startswith("Wisma Kenanga (kenanga)  (")


def test_the_only_property_is_not_named(away: Apoa) -> None:
    """With one property, a report looks as before."""
    assert away(*QUENTIN.mrz("--no-send")).out.startswith("Saved: ")


def test_the_last_backup(away: Apoa, tmp_path: Path) -> None:
    """On the screen where a folder is set, in JSON always."""
    assert away("status", "--json").json["last_backup_at"] is None
    assert "Last backup" not in away("status").out
    away.change_setting("backup_folder", str(tmp_path))
    assert "Last backup: never" in away("status").out.splitlines()
    assert away("backup").code == 0
    assert "Last backup: 24 Nov 2026 20:00 WIB" in away("status").out.splitlines()
    assert away("status", "--json").json["last_backup_at"] == "2026-11-24T20:00:00+07:00"
