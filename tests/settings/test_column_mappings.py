"""Mappings of columns in the settings: checked strictly, kept with the admin's comments, and none stops another."""

from pathlib import Path

import pytest

from apoa_client.errors import Exit, SettingsProblem, UsageProblem
from apoa_client.settings.column_mappings import ColumnMapping, WrongMapping, check_default, parse_mapping
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.parsing import parse
from apoa_client.settings.reading import load
from apoa_client.settings.writer import save, save_mapping

KEY = "cHVibGljcHVibGljcHVibGljcHVibGljcHVibGljcHU="
BALI = PropertySettings("bali", "training", KEY)
PMS = ColumnMapping(
    {"Guest Name": "full_name", 'Tgl. "C/I"': "check_in", "Kolom\u00a0é": "ignore"},
    "dmy",
    "given_first",
    {"birth_place": "-", "nights": "2"},
)


@pytest.fixture
def path(home: Path) -> Path:
    """The path of the settings file, which does not exist yet."""
    return home / "config.toml"


def problem_of(text: str) -> SettingsProblem:
    """Return the error about a settings file."""
    with pytest.raises(SettingsProblem) as caught:
        parse(text, Path("config.toml"))
    return caught.value


def test_a_saved_mapping_is_read_again(path: Path) -> None:
    """Whatever characters its headings have; a second one with the same name takes its place."""
    save_mapping(path, "pms", PMS)
    assert load(path).maps == {"pms": PMS}
    other = ColumnMapping({"Arrival": "check_in"})
    save_mapping(path, "pms", other)
    save_mapping(path, "airbnb", PMS)
    assert load(path).maps == {"pms": other, "airbnb": PMS}


def test_what_else_is_written_keeps_the_mapping_and_the_comments(path: Path) -> None:
    """A mapping keeps the properties and the admin's words, and a saved property keeps the mappings."""
    save(path, BALI)
    path.write_text("# My words.\n" + path.read_text(encoding="utf-8") + "# Behind.\n", encoding="utf-8")
    save_mapping(path, "pms", PMS)
    save(path, BALI._replace(office="Denpasar"))
    config = load(path)
    assert config.maps == {"pms": PMS}
    assert config.properties["bali"].office == "Denpasar"
    assert "# My words.\n" in path.read_text(encoding="utf-8")
    assert "# Behind.\n" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["", "My PMS", "con", "a.b", "../x"])
def test_a_name_that_is_not_valid_is_refused(path: Path, name: str) -> None:
    """The names are as short and plain as those of properties."""
    with pytest.raises(UsageProblem):
        save_mapping(path, name, PMS)
    assert not path.exists()


@pytest.mark.parametrize(
    ("line", "said", "advice"),
    [
        ('date_order = "dym"', "Line 2", None),
        ('name_ordr = "given_first"', "[map.pms] name_ordr", "name_order"),
        ("columns = 1", "[map.pms] columns", None),
        ('[map.pms.columns]\n"Guest Name" = "fullname"', "Line 3", "full_name"),
        ('[map.pms.columns]\n"Guest Name" = 1.5', "Line 3", None),
        ('[map.pms.columns]\n"A a" = "room"\n"a-A" = "note"', "Line 4", None),
        ('[map.pms.defaults]\nroms = "1"', "Line 3", "room"),
        ('[map.pms.defaults]\npurpose = "tourims"', "Line 3", "tourism"),
        ('[map.pms.defaults]\nnationality = "Atlantis"', "Line 3", None),
        ('[map.pms.defaults]\ncheck_in_time = "noon"', "Line 3", None),
        ('[map.pms.defaults]\nmrz = "P<"', "Line 3", None),
        ('[map."My PMS"]\n', "Line 2", None),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_the_nearest_name(line: str, said: str, advice: str | None) -> None:
    """A wrong key, field or value is never ignored."""
    problem = problem_of(f"[map.pms]\n{line}\n")
    assert said in problem.message.render(str)
    assert problem.exit_code == Exit.SETTINGS
    assert problem.advice is not None
    assert advice is None or f"Did you mean {advice}?" in problem.advice.render(str)


def test_a_mapping_that_is_not_right_stops_nothing_else(path: Path) -> None:
    """Reports are saved with a mapping that is not right; only the mapping itself is not used."""
    save(path, BALI)
    save_mapping(path, "pms", PMS)
    text = path.read_text(encoding="utf-8")
    path.write_text(f'{text}[map.old]\ndate_order = "x"\n', encoding="utf-8")
    config = load(path)
    assert (list(config.properties), list(config.maps), list(config.invalid_maps)) == (["bali"], ["pms"], ["old"])
    assert config.invalid == {}
    save(path, BALI._replace(office="Denpasar"))
    save_mapping(path, "pms", ColumnMapping({"X": "room"}))
    with pytest.raises(SettingsProblem):
        save_mapping(path, "old", PMS)
    assert load(path).maps["pms"].columns == {"X": "room"}


def test_values_of_toml_are_texts() -> None:
    """A default may be written as TOML's date, time or number."""
    mapping = parse_mapping({"defaults": {"nights": 2, "room": " 7 "}})
    assert mapping.defaults == {"nights": "2", "room": "7"}
    with pytest.raises(WrongMapping):
        parse_mapping({"defaults": {"room": True}})
    with pytest.raises(WrongMapping):
        parse_mapping([])


def test_defaults_are_checked_before_any_row_is_read() -> None:
    """A wrong default would be wrong in each row."""
    check_default("check_in_time", "14.00")
    check_default("entry_date", "2026-11-24")
    for target, value in {"entry_date": "24/11/2026", "room": "1\n2", "note": "x" * 501, "sex": "Mr"}.items():
        with pytest.raises(WrongMapping):
            check_default(target, value)
