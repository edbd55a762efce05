"""Mappings of columns: from a file, by a name in the settings, and the values for empty cells of the command line."""

from pathlib import Path

import pytest

from apoa_client.errors import Exit, SettingsProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.settings.column_mappings import ColumnMapping
from apoa_client.settings.config import Config
from apoa_client.tables.mapping_file import find_mapping, parse_default, read_mapping

TEXT = """\
# From our booking system.
date_order = "dmy"

[columns]
"Guest Name" = "full_name"
Arrival = "check_in"

[defaults]
birth_place = "-"
"""
MESSAGE = msg("Line 3 is not right.")
MAPPING = ColumnMapping({"Guest Name": "full_name", "Arrival": "check_in"}, "dmy", "", {"birth_place": "-"})


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a file, and return its path."""
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_a_mapping(tmp_path: Path, encoding: str) -> None:
    """Also as Windows' editors store it."""
    path = write(tmp_path / "pms.toml", TEXT, encoding)
    assert read_mapping(path) == MAPPING
    assert find_mapping(str(path), Config()) == MAPPING


@pytest.mark.parametrize(
    ("wrong", "line", "near"),
    [
        ('date_order = "dmy"\ncolums = 1', 2, "columns"),
        ('[columns]\nArrival = "chek_in"', 2, "check_in"),
        ('[columns]\n\nArrival = ["check_in"]', 3, ""),
        ("[defaults]\nnights = 400", 2, ""),
        ("[columns\n", 1, ""),
        ("a = 1\na = 2\n", 2, ""),
    ],
)
def test_a_mistake_in_a_file_has_its_line(tmp_path: Path, wrong: str, line: int, near: str) -> None:
    """And the nearest name. The advice does not touch the settings of the program."""
    with pytest.raises(SettingsProblem) as caught:
        read_mapping(write(tmp_path / "pms.toml", wrong))
    assert caught.value.exit_code == Exit.SETTINGS
    assert caught.value.message.values["line"] == line
    assert caught.value.advice is not None
    advice = caught.value.advice.render(str)
    assert "apoa setup" not in advice
    assert not near or f"Did you mean {near}?" in advice


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(UsageProblem) as caught:
        find_mapping(str(tmp_path / "none.TOML"), Config())
    assert caught.value.message.values == {"path": str(tmp_path / "none.TOML")}


def test_a_name_is_looked_up_in_the_settings() -> None:
    """An unknown name gets the nearest one, or all."""
    config = Config(maps={"cloudbeds": MAPPING}, invalid_maps={"old": SettingsProblem(MESSAGE)})
    assert find_mapping("cloudbeds", config) is MAPPING
    with pytest.raises(SettingsProblem):
        find_mapping("old", config)
    for name, advice in {"cloudbed": "Did you mean cloudbeds?", "x": "The mappings are: cloudbeds."}.items():
        with pytest.raises(UsageProblem) as caught:
            find_mapping(name, config)
        assert caught.value.advice is not None
        assert caught.value.advice.render(str).startswith(advice)
    with pytest.raises(UsageProblem, match="There is no mapping"):
        find_mapping("cloudbeds", Config())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("birth_place=-", ("birth_place", "-")),
        ("Tempat lahir = Kota = besar", ("birth_place", "Kota = besar")),
        ("kewarganegaraan=Jepang", ("nationality", "Jepang")),
        ("check_in_time=14.00", ("check_in_time", "14.00")),
    ],
)
def test_a_default_names_a_field(text: str, expected: tuple[str, str]) -> None:
    """By its name, or by a heading that is known."""
    assert parse_default(text) == expected


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("birth_place", "The fields are:"),
        ("birth_place=", "The fields are:"),
        ("=x", "The fields are:"),
        ("birth_plce=x", "Did you mean birth_place?"),
        ("zzz=SECRET", "The fields are:"),
        ("mrz=SECRET", "The fields are:"),
        ("nationality=SECRET", ""),
        ("entry_date=SECRET", ""),
    ],
)
def test_a_wrong_default_is_not_used(text: str, advice: str) -> None:
    """The message does not repeat the value."""
    with pytest.raises(UsageProblem) as caught:
        parse_default(text)
    assert "SECRET" not in caught.value.message.render(str)
    assert not advice or (caught.value.advice is not None and caught.value.advice.render(str).startswith(advice))
