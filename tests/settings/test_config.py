"""config.toml is read strictly: a typing mistake is reported with its place."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apoa_client.errors import Exit, SettingsProblem
from apoa_client.settings.config import OF_A_PROPERTY, Config, PropertySettings
from apoa_client.settings.definitions import PATH
from apoa_client.settings.folders import valid_name
from apoa_client.settings.reading import MAX_BYTES, load, parse_file, values_from
from apoa_client.settings.writer import save
from apoa_client.settings.zones import WIB, WITA

KEY = "cHVibGljcHVibGljcHVibGljcHVibGljcHVibGljcHU="
FOLDER = Path(sys.executable).parent
"""A folder by its full path."""
START = f'[property.bali]\napi_url = "training"\npublic_key = "{KEY}"\n'


def load_all(path: Path) -> None:
    """Load the file, and raise what is wrong with any property."""
    for each in load(path).invalid.values():
        raise each


def problem(path: Path) -> SettingsProblem:
    """Return what is wrong with the file, or with a property in it."""
    with pytest.raises(SettingsProblem) as caught:
        load_all(path)
    assert caught.value.exit_code is Exit.SETTINGS
    assert caught.value.advice is not None
    assert str(path) in caught.value.message.render()
    return caught.value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the settings file."""
    return tmp_path / "config.toml"


def test_a_missing_file_is_empty_settings(path: Path) -> None:
    """Before the first set-up there is no file, which is not an error."""
    assert load(path) == Config("", "", {})


def test_a_complete_file(path: Path) -> None:
    """Every key that was written is read, and missing keys have their defaults."""
    values: dict[str, Any] = {
        name: definition.parse(definition.example)
        for name, definition in OF_A_PROPERTY.items()
        if definition.kind != PATH  # which is one of its platform
    }
    values |= {"ca_bundle": "/etc/ssl/ours.pem", "by_hand_order": "document_number, surname given_names"}
    values |= {"backup_folder": str(FOLDER), "backup_keep": 30, "window_hours": 12, "retention_days": 30}
    bali = PropertySettings("bali", **values)
    save(path, bali, language="id")
    path.write_text(path.read_text(encoding="utf-8") + START.replace("bali", "latihan"), encoding="utf-8")
    config = load(path)
    assert (config.language, config.default_property, config.properties["bali"]) == ("id", "bali", bali)
    assert (bali.typing_order, bali.zone) == (("document_number", "surname", "given_names"), WITA)
    training = config.properties["latihan"]
    assert (training.uses_sandbox, training.zone, training.vault, training.window_hours) == (True, WIB, "keyring", 24)
    assert (training.retention_days, training.notify, training.typing_order) == (90, "on", ())
    assert (training.backup_folder, training.backup_keep) == ("", 14)
    assert KEY not in repr(config)
    assert (training.title, training._replace(display_name="Wisma").title) == ("latihan", "Wisma")


def test_a_file_that_cannot_be_read(path: Path) -> None:
    """Latin-1 is named with its place. A folder, or a pipe that would wait for a writer, is no file."""
    path.write_bytes(START.encode() + b'office = "Caf\xe9"\n')
    assert "utf-8" in problem(path).message.render()
    path.unlink()
    makers: list[Callable[[Path], object]] = [Path.mkdir, *([os.mkfifo] if hasattr(os, "mkfifo") else [])]
    for make in makers:
        make(path)
        assert "cannot be read" in problem(path).message.template
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_from_windows(path: Path, encoding: str) -> None:
    """With a byte order mark, in UTF-8 or as PowerShell 5 writes, and two characters at the end of each line."""
    path.write_bytes(START.replace("\n", "\r\n").encode(encoding))
    assert list(load(path).properties) == ["bali"]


CORRECT = "Correct that line with a text editor, or move the file away"
NEWER = "If a newer version of apoa-client wrote it, update apoa-client on this computer."
NO_SECRET = "No secret belongs in a settings file"
MISTAKES: dict[str, tuple[str, str, str]] = {
    "no TOML": ("language = \n", "Line 1 of", CORRECT),
    "no end of the last value": ('language = "id"\nx = [\n', "Line 2 of", CORRECT),
    "twice": ('language = "id"\nlanguage = "en"\n', "Line 2 of", CORRECT),
    "too deep": (f"language = {'[' * 20_000}", "", CORRECT),
    "a long line": (f'\n\n[property.bali]\naddress = "{"x" * 2000}"\n', "2000 characters", CORRECT),
    "a key of many parts in quotation marks": ("a" + '."\u2028"' * 20_000 + " = 1", "2000 characters", CORRECT),
    "a large file cut within a character": ("#\n" * (MAX_BYTES // 2) + "é", f"{MAX_BYTES} characters", CORRECT),
    "unknown language": ('language = "fr"\n', "language fr. Allowed: id, en", CORRECT),
    "default no text": ("default_property = true\n", "default_property", CORRECT),
    "properties no table": ('property = "bali"\n', "property", CORRECT),
    "property no table": ('property.bali = "training"\n', "The settings file", CORRECT),
    "name of a device": (START.replace("bali", "con"), "[property.con]. Allowed: a short name", CORRECT),
    "no address": (f'[property.bali]\npublic_key = "{KEY}"\n', "[property.bali] api_url", CORRECT),
    "no key by hand": ('[property.bali]\ndelivery = "manual"\n', "[property.bali] public_key", CORRECT),
    "wrong key": (START.replace(KEY, "abc"), "Line 3 of the settings file", CORRECT),
    "hours true": (START + "window_hours = true\n", "[property.bali] window_hours", CORRECT),
    "hours 0": (START + "window_hours = 0\n", "window_hours. Allowed: a number from 1 to 8760.", CORRECT),
    "username a number": (START + "username = 7\n", "username. Allowed: a text in quotation marks.", CORRECT),
    "unknown vault": (START + '# x\nvault = "drawer"\n', "Line 5 of the settings file", CORRECT),
    "another spelling": (START + '\n[ property."kuta" ]\nvault= "x"\n', "Line 6 of the settings file", CORRECT),
    "the line of the table": (START + '\n[ property."kuta" ]\nvault= "file"\n', "Line 5 of the settings", CORRECT),
    "a misspelled key": (START + 'vualt = "file"\n', "[property.bali] vualt.", "Did you mean vault?"),
    "a key of the program": ('langage = "id"\n', "langage", "Did you mean language?"),
    "a key of tomorrow": ("x = 1\n", "x is no setting. Allowed: default_property, language", NEWER),
    "a table of tomorrow": ("[of_tomorrow]\nx = 1\n", "of_tomorrow", NEWER),
    "a name inside": (START + 'name = "x"\n', "[property.bali] name", NEWER),
    "a password": (START + 'password = "x"\n', "[property.bali] password", "apoa login"),
    "a private key": (START + 'private_key = "x"\n', "[property.bali] private_key", NO_SECRET),
}
"""Texts, each with what the message and the advice say."""


@pytest.mark.parametrize(("text", "said", "advice"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_reported_with_its_place(path: Path, text: str, said: str, advice: str) -> None:
    """Exit code 78, the file, the line of the key or of its table, what is allowed, and the nearest key."""
    path.write_text(text, encoding="utf-8")
    found = problem(path)
    assert said in found.message.render()
    assert found.advice is not None
    assert advice in found.advice.render()


def test_an_invalid_table_has_no_values(path: Path) -> None:
    """Whatever stands in its place."""
    file = parse_file(path, 'property.bali = "training"\nlanguage = "id"\n')
    assert (file.table("property", "bali"), file.table("property", "kuta"), file.properties) == ({}, {}, [])
    assert file.table() == {"language": "id"}


def test_where_reports_go(path: Path) -> None:
    """Typed into APOA they always reach Immigration, and need no address; the sandbox and some authorities train."""
    text = f'[property.bali]\npublic_key = "{KEY}"\ndelivery = "manual"\nindex_key = "00ff"\n'
    path.write_text(text, encoding="utf-8")
    by_hand = load(path).properties["bali"]
    assert (by_hand.by_hand, by_hand.uses_sandbox, by_hand.api_url, by_hand.index_key) == (True, False, "", "00ff")
    assert "00ff" not in repr(by_hand)
    sandbox = PropertySettings("a", "training", "k")
    practice = PropertySettings("a", "https://a/v1", "k", environment="training")
    live = practice._replace(environment="production")
    assert [each.is_training for each in (sandbox, practice, live, by_hand)] == [True, True, False, False]
    assert [each.uses_sandbox for each in (sandbox, practice)] == [True, False]


def test_a_number_of_more_digits_than_python_reads(path: Path) -> None:
    """An administrator may have set a lower limit than Python's own."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        path.write_text(f"language = {'1' * 641}\n", encoding="utf-8")
        assert "640 digits" in problem(path).message.render()
    finally:
        sys.set_int_max_str_digits(before)


def test_a_file_without_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of it is read than a settings file may have: a file of 900 MB costs neither time nor memory."""
    read: list[int] = []

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            read.append(size)
            return b"#" * size

    path.touch()
    monkeypatch.setattr(Path, "open", lambda _path, _mode: Endless())
    assert f"{MAX_BYTES} characters" in problem(path).message.render()
    assert read == [MAX_BYTES + 1]


def test_the_fingerprint_depends_on_address_and_username() -> None:
    """Only a change of one of the two makes the program try a refused password again."""
    one = PropertySettings("bali", "https://a/v1", "k", username="u")
    assert one.fingerprint == one._replace(public_key="k2", office="Denpasar").fingerprint
    others = [one._replace(api_url="https://b/v1"), one._replace(username="v")]
    assert one.fingerprint not in {other.fingerprint for other in others}


def test_names_of_properties() -> None:
    """Each is also a folder's name on every platform, and none leaves the program's folder."""
    valid = ["bali", "b", "7", "wisma-melati_2", "b" * 32]
    invalid = ["", "-bali", "_", "Bali", "ba li", "bali/", "..", "aux", "lpt9", "balï", "bali\n", "٣"]
    assert [name for name in (*valid, *invalid) if valid_name(name)] == valid


GIVEN = {
    "APOA_VAULT": "file",
    "APOA_CA_BUNDLE": str(FOLDER),
    "APOA_RETENTION_DAYS": "30",
    "APOA_TIMEZONE": "WITA",
    "APOA_NOTIFY": "off",
    "APOA_BACKUP_FOLDER": str(FOLDER),
    "APOA_BACKUP_KEEP": "3",
    "APOA_OUTBOX": "postgresql://melati@db.example/apoa",
}


def test_variables() -> None:
    """Each replaces its setting, an empty one none; nor does one of the program that is no setting."""
    numbers = {"APOA_RETENTION_DAYS": 30, "APOA_BACKUP_KEEP": 3, "APOA_TIMEZONE": "Asia/Makassar"}
    given = {name.removeprefix("APOA_").lower(): numbers.get(name, value) for name, value in GIVEN.items()}
    assert values_from(GIVEN) == given
    others = {"APOA_HOME": "/x", "APOA_API_URL": "https://x", "APOA_PUBLIC_KEY": KEY, "TIMEZONE": "x"}
    assert values_from({**dict.fromkeys(GIVEN, ""), **others}) == {}
    for locale in ("id", "en_US.UTF-8", "Indonesian_Indonesia"):
        assert values_from({"APOA_LANG": locale}) == {}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("APOA_RETENTION_DAYS", "ninety", "a number from 1 to 3650"),
        ("APOA_VAULT", "drawer", "keyring, file"),
        ("APOA_CA_BUNDLE", "ours.pem", "the full path"),
        ("APOA_OUTBOX", "postgresql://melati:rahasia@db.example/apoa", "without a password"),
        ("APOA_LANG", "fr", "id, en"),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_allowed(name: str, value: str, allowed: str) -> None:
    """Exit code 78; the value is not repeated, because a secret may have been put there."""
    with pytest.raises(SettingsProblem) as caught:
        values_from({name: value})
    assert caught.value.exit_code is Exit.SETTINGS
    said = caught.value.message.render()
    assert name in said
    assert allowed in said
    assert value not in said.replace(allowed, "")


def test_the_environment_is_above_the_file_and_is_not_written(home: Path) -> None:
    """A command that changes the file writes its change only: the next one without the variables is as before."""
    path = home / "config.toml"
    save(path, PropertySettings("bali", "training", KEY, retention_days=60))
    config = load(path, GIVEN)
    bali = config.properties["bali"]
    assert (bali.retention_days, bali.vault, bali.backup_keep) == (30, "file", 3)
    assert config.new_property("kuta").vault == "file"
    save(path, bali._replace(office="Denpasar"), before=bali)
    assert load(path).properties["bali"] == PropertySettings(
        "bali", "training", KEY, retention_days=60, office="Denpasar"
    )
