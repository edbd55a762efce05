"""Writing config.toml: one thing changes, and the admin's own words stay."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from apoa_client.errors import Exit, SettingsProblem
from apoa_client.settings.config import PropertySettings, load
from apoa_client.settings.writer import save

BALI = PropertySettings("bali", "https://authority.example/v1", "k", username="melati", timezone="Asia/Makassar")
COMMENTED = """\
# The admin's own words.
[property.bali]  # by the sea
api_url = "training"  # for now
public_key = "k"
window_hours = 12

# The other house.
[property.jogja]
api_url = "https://other.example/v1"
public_key = "k2"
"""


@pytest.fixture
def path(home: Path) -> Path:
    """Where the settings will be."""
    return home / "config.toml"


def test_the_first_property_makes_the_file(path: Path) -> None:
    """Readable for this user alone, with the property as the default one."""
    save(path, BALI, language="id")
    config = load(path)
    assert (config.language, config.default_property, config.properties) == ("id", "bali", {"bali": BALI})
    assert path.read_text(encoding="utf-8").startswith("# Settings of apoa-client. No secret")
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_comments_and_neighbours_stay(path: Path) -> None:
    """Every word that the admin wrote, and every property but the one that changes."""
    path.parent.mkdir()
    path.write_text(COMMENTED, encoding="utf-8")
    jogja = load(path).properties["jogja"]
    save(path, BALI, language="en")
    text = path.read_text(encoding="utf-8")
    for words in ("# The admin's own words.", "# by the sea", "# for now", "# The other house."):
        assert words in text
    assert load(path).properties == {"bali": BALI, "jogja": jogja}
    assert (load(path).language, load(path).default_property) == ("en", "bali")


def test_a_further_property_is_not_the_default_one(path: Path) -> None:
    """The language and the default stay as they were."""
    save(path, BALI, language="id")
    solo = PropertySettings("solo", "training", "k3", vault="file", window_hours=48)
    save(path, solo)
    config = load(path)
    assert (config.language, config.default_property, config.properties["solo"]) == ("id", "bali", solo)


def test_what_is_back_to_its_default_is_not_written(path: Path) -> None:
    """The file says what is particular about the house, and no more."""
    save(path, replace(BALI, office="Denpasar", vault="file", window_hours=12, retention_days=30))
    assert load(path).properties["bali"].retention_days == 30
    save(path, BALI)
    assert path.read_text(encoding="utf-8").count("=") == 5
    assert load(path).properties["bali"] == BALI


def test_an_editors_mark_does_no_harm(path: Path) -> None:
    """A file that a Windows editor saved."""
    path.parent.mkdir()
    path.write_bytes(b"\xef\xbb\xbf" + COMMENTED.encode())
    save(path, BALI)
    assert load(path).properties["bali"] == BALI


@pytest.mark.parametrize(
    "before",
    [
        "property = {}\n",
        "[property]\n",
        "[property.bali]\napi_url = 'training'\npublic_key = 'k'\n",
        'property = {bali = {api_url = "training", public_key = "k"}}\n',
        '[property]\nbali = {api_url = "training", public_key = "k"}\n',
    ],
)
def test_other_spellings_of_a_property(path: Path, before: str) -> None:
    """TOML has many, and what is written is what is read."""
    path.parent.mkdir()
    path.write_text(before, encoding="utf-8")
    save(path, BALI)
    assert load(path).properties["bali"] == BALI


@pytest.mark.parametrize(
    ("before", "one"),
    [
        (
            'property.bali.api_url = "training"\nproperty.bali.public_key = "k"\n',
            PropertySettings("b2", "training", "k"),
        ),
        (COMMENTED, replace(BALI, public_key="")),
        (COMMENTED, replace(BALI, name="BALI")),
    ],
)
def test_what_could_not_be_read_back_is_not_written(path: Path, before: str, one: PropertySettings) -> None:
    """Rather no change than a file that stops the next command."""
    path.parent.mkdir()
    path.write_text(before, encoding="utf-8")
    with pytest.raises(SettingsProblem, match="cannot change") as caught:
        save(path, one, language="id")
    assert caught.value.exit_code is Exit.SETTINGS
    assert path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize("before", [b"language = \n", b"\xff\xfe", b"property = 3\n"])
def test_settings_that_are_not_right_are_not_written_over(path: Path, before: bytes) -> None:
    """The mistake is named, as on reading, and the file is left to the admin."""
    path.parent.mkdir()
    path.write_bytes(before)
    with pytest.raises(SettingsProblem, match="is not right"):
        save(path, BALI)
    assert path.read_bytes() == before


def test_a_library_that_stumbles_is_not_the_users_traceback(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library that writes and the one that reads may differ on what TOML is."""
    from tomlkit import exceptions  # for this test alone

    def stumble(_text: str) -> None:
        raise exceptions.ParseError(1, 1)

    monkeypatch.setattr("tomlkit.parse", stumble)
    with pytest.raises(SettingsProblem, match="cannot change"):
        save(path, BALI)


def test_a_failing_write_leaves_the_old_settings(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside them."""
    save(path, BALI)

    def refused(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(SettingsProblem) as caught:
        save(path, replace(BALI, office="Denpasar"))
    assert "Permission denied" in caught.value.message.render()
    assert load(path).properties["bali"] == BALI
    assert [item.name for item in path.parent.iterdir()] == ["config.toml"]
