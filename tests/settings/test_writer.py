"""Writing config.toml changes one property or mapping of columns and keeps the admin's own text."""

import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from apoa_client.errors import Exit, NotNow, SettingsProblem, UsageProblem
from apoa_client.file_lock import exclusive
from apoa_client.settings import writer
from apoa_client.settings.column_mappings import ColumnMapping, WrongMapping, check_default, parse_mapping
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.reading import load, parse
from apoa_client.settings.writer import remove_property, save, save_mapping

KEY = "cHVibGljcHVibGljcHVibGljcHVibGljcHVibGljcHU="
BALI = PropertySettings("bali", "https://authority.example/v1", KEY, username="melati", timezone="Asia/Makassar")
COMMENTED = """\
# The admin's own words.
[property.bali]  # by the sea
api_url = "training"  # for now
public_key = "cHVibGljcHVibGljcHVibGljcHVibGljcHVibGljcHU="
window_hours = 12

# The other property.
[property.jogja]
api_url = "https://other.example/v1"
public_key = "bmV3cHVibGljbmV3cHVibGljbmV3cHVibGljbmV3cHU="
"""


@pytest.fixture
def path(home: Path) -> Path:
    """The path of the settings file, which does not exist yet."""
    return home / "config.toml"


def test_the_first_property_creates_the_file(path: Path) -> None:
    """Readable for this user only, with the property as the default one."""
    save(path, BALI, language="id")
    config = load(path)
    assert (config.language, config.default_property, config.properties) == ("id", "bali", {"bali": BALI})
    assert path.read_text(encoding="utf-8").startswith("# Settings of apoa-client. No secret")
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_comments_and_other_properties_stay(path: Path) -> None:
    """Every word of the admin, and every property except the changed one."""
    path.parent.mkdir()
    path.write_text(COMMENTED, encoding="utf-8")
    jogja = load(path).properties["jogja"]
    save(path, BALI, language="en")
    text = path.read_text(encoding="utf-8")
    for words in ("# The admin's own words.", "# by the sea", "# for now", "# The other property."):
        assert words in text
    assert load(path).properties == {"bali": BALI, "jogja": jogja}
    assert (load(path).language, load(path).default_property) == ("en", "bali")


def test_defaults_are_not_written(path: Path) -> None:
    """A value that is reset to its default leaves the file, and the last property its place as the default one."""
    save(path, BALI._replace(office="Denpasar", vault="file", window_hours=12, retention_days=30), language="id")
    assert load(path).properties["bali"].retention_days == 30
    save(path, BALI)
    assert path.read_text(encoding="utf-8").count(" = ") == 6
    assert load(path).properties["bali"] == BALI
    for name in ("kuta", "bali"):
        remove_property(path, name)
    assert (load(path).properties, load(path).language, load(path).default_property) == ({}, "id", "")


@pytest.mark.parametrize(
    "before",
    [
        f"\N{BYTE ORDER MARK}{COMMENTED}",  # a Windows editor saved it
        "property = {}\n",
        "[property]\n",
        f"[property.bali]\napi_url = 'training'\npublic_key = '{KEY}'\n",
        f'property = {{bali = {{api_url = "training", public_key = "{KEY}"}}}}\n',
        f'[property]\nbali = {{api_url = "training", public_key = "{KEY}"}}\n',
    ],
)
def test_other_spellings_of_a_property(path: Path, before: str) -> None:
    """TOML has many forms of a table; the written file is read as the same settings."""
    path.parent.mkdir()
    path.write_text(before, encoding="utf-8")
    save(path, BALI)
    assert load(path).properties["bali"] == BALI


@pytest.mark.parametrize(
    ("before", "one"),
    [
        (
            f'property.bali.api_url = "training"\nproperty.bali.public_key = "{KEY}"\n',
            PropertySettings("b2", "training", KEY),
        ),
        (COMMENTED, BALI._replace(public_key="")),
        (COMMENTED, BALI._replace(name="BALI")),
    ],
)
def test_unreadable_results_are_not_written(path: Path, before: str, one: PropertySettings) -> None:
    """No change is better than a file that stops the next command."""
    path.parent.mkdir()
    path.write_text(before, encoding="utf-8")
    with pytest.raises(SettingsProblem, match="cannot change") as caught:
        save(path, one, language="id")
    assert caught.value.exit_code is Exit.SETTINGS
    assert path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("before", [b"language = \n", b"\xff", b"property = 3\n"])
def test_an_invalid_file_is_not_overwritten(path: Path, before: bytes) -> None:
    """The mistake is reported as when reading, and the file stays for the admin."""
    path.parent.mkdir()
    path.write_bytes(before)
    with pytest.raises(SettingsProblem, match="is not right"):
        save(path, BALI)
    assert path.read_bytes() == before


@pytest.mark.parametrize("misplaced", [True, False])
def test_what_the_toml_library_does_wrong(path: Path, monkeypatch: pytest.MonkeyPatch, *, misplaced: bool) -> None:
    """Neither a value in another table nor an error of it changes the file."""
    from tomlkit import dumps, exceptions  # for this test alone

    save(path, BALI)
    before = path.read_text(encoding="utf-8")

    def stumble(document: Any) -> str:
        if misplaced:
            return dumps(document) + 'office = "Denpasar"\n'
        raise exceptions.ParseError(1, 1)

    monkeypatch.setattr("tomlkit.dumps", stumble)
    with pytest.raises(SettingsProblem, match="cannot change"):
        save(path, BALI, language="en")
    assert path.read_text(encoding="utf-8") == before


def test_a_failed_write_keeps_the_old_settings(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves no other file but the lock."""
    save(path, BALI)

    def refused(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(SettingsProblem) as caught:
        save(path, BALI._replace(office="Denpasar"))
    assert "No space left on device" in caught.value.message.render()
    assert load(path).properties["bali"] == BALI
    assert sorted(item.name for item in path.parent.iterdir()) == ["config.lock", "config.toml"]


def test_changes_at_once_are_all_kept(path: Path) -> None:
    """Each of many writers changes another property's settings in the same file."""
    names = [f"p{number}" for number in range(8)]
    writers = [threading.Thread(target=save, args=(path, PropertySettings(name, "training", KEY))) for name in names]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert sorted(load(path).properties) == names


def test_a_file_that_another_process_changes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer gives up after a bounded time, says so, and writes nothing."""
    monkeypatch.setattr(writer, "_LOCK_WAIT_S", 0.0)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with exclusive(path.with_suffix(".lock")), pytest.raises(NotNow, match="Another program is changing the settings"):
        save(path, BALI)
    assert not path.exists()


TRAINING = PropertySettings("bali", "training", KEY)
PMS = ColumnMapping(
    {"Guest Name": "full_name", 'Tgl. "C/I"': "check_in", "Kolom\u00a0é": "ignore"},
    "dmy",
    "given_first",
    {"birth_place": "-", "nights": "2"},
)


def problem_of(text: str) -> SettingsProblem:
    """Return the error about a settings file."""
    with pytest.raises(SettingsProblem) as caught:
        parse(text, Path("config.toml"))
    return caught.value


def test_what_else_is_written_keeps_the_mapping_and_the_comments(path: Path) -> None:
    """A mapping keeps the properties and the admin's words, and a saved property keeps the mappings.

    Whatever characters its headings have; a second one with the same name takes its place.
    """
    save(path, TRAINING)
    path.write_text("# My words.\n" + path.read_text(encoding="utf-8") + "# Behind.\n", encoding="utf-8")
    other = ColumnMapping({"Arrival": "check_in"})
    for name, mapping in (("pms", other), ("airbnb", other), ("pms", PMS)):
        save_mapping(path, name, mapping)
    save(path, TRAINING._replace(office="Denpasar"))
    config = load(path)
    assert config.maps == {"pms": PMS, "airbnb": other}
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
    save(path, TRAINING)
    save_mapping(path, "pms", PMS)
    text = path.read_text(encoding="utf-8")
    path.write_text(f'{text}[map.old]\ndate_order = "x"\n', encoding="utf-8")
    config = load(path)
    assert (list(config.properties), list(config.maps), list(config.invalid_maps)) == (["bali"], ["pms"], ["old"])
    assert config.invalid == {}
    save(path, TRAINING._replace(office="Denpasar"))
    save_mapping(path, "pms", ColumnMapping({"X": "room"}))
    with pytest.raises(SettingsProblem):
        save_mapping(path, "old", PMS)
    assert load(path).maps["pms"].columns == {"X": "room"}


def test_defaults_are_checked_before_any_row_is_read() -> None:
    """Each is a text in one line. Whether it is a value of its field, the rows say."""
    assert parse_mapping({"defaults": {"nights": 2, "room": " 7 "}}).defaults == {"nights": "2", "room": "7"}
    with pytest.raises(WrongMapping):
        parse_mapping({"defaults": {"room": True}})
    with pytest.raises(WrongMapping):
        parse_mapping([])
    for target, value in {"room": "1\n2", "note": "x" * 501}.items():
        with pytest.raises(WrongMapping):
            check_default(target, value)
