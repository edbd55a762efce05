"""The environment is above the files, for containers and jobs, and a wrong variable is never guessed around."""

from pathlib import Path

import pytest

from apoa_client.errors import Exit, SettingsProblem
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.reading import load, values_from
from apoa_client.settings.writer import save

KEY = "cHVibGljcHVibGljcHVibGljcHVibGljcHVibGljcHU="
FOLDER = str(Path.cwd())
GIVEN = {
    "APOA_VAULT": "file",
    "APOA_CA_BUNDLE": FOLDER,
    "APOA_RETENTION_DAYS": "30",
    "APOA_TIMEZONE": "WITA",
    "APOA_NOTIFY": "off",
    "APOA_BACKUP_FOLDER": FOLDER,
    "APOA_BACKUP_KEEP": "3",
    "APOA_OUTBOX": "postgresql://melati@db.example/apoa",
}


def test_every_variable() -> None:
    """Each replaces its setting."""
    assert values_from(GIVEN) == {
        "vault": "file",
        "ca_bundle": FOLDER,
        "retention_days": 30,
        "timezone": "Asia/Makassar",
        "notify": "off",
        "backup_folder": FOLDER,
        "backup_keep": 3,
        "outbox": "postgresql://melati@db.example/apoa",
    }


def test_an_empty_variable_replaces_nothing() -> None:
    """Nor does a variable of the program that is no setting, or of another one."""
    others = {"APOA_HOME": "/x", "APOA_API_URL": "https://x", "APOA_PUBLIC_KEY": KEY, "TIMEZONE": "x"}
    assert values_from({**dict.fromkeys(GIVEN, ""), **others}) == {}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("APOA_RETENTION_DAYS", "ninety", "a number from 1 to 3650"),
        ("APOA_RETENTION_DAYS", "0", "a number from 1 to 3650"),
        ("APOA_VAULT", "drawer", "keyring, file"),
        ("APOA_TIMEZONE", "Asia/Tokyo", "Asia/Jakarta"),
        ("APOA_CA_BUNDLE", "ours.pem", "the full path"),
        ("APOA_NOTIFY", "1", "on, off"),
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


@pytest.mark.parametrize("value", ["id", "en_US.UTF-8", "Indonesian_Indonesia"])
def test_the_language_may_be_a_locale(value: str) -> None:
    """As `LANG` has it."""
    assert values_from({"APOA_LANG": value}) == {}


def test_the_environment_is_above_the_files_and_is_not_written(home: Path) -> None:
    """A command that changes the file writes its change only: the next one without the variables is as before."""
    path = home / "config.toml"
    save(path, PropertySettings("bali", "training", KEY, retention_days=60))
    config = load(path, None, GIVEN)
    bali = config.properties["bali"]
    assert (bali.retention_days, bali.vault, bali.backup_keep) == (30, "file", 3)
    assert config.new_property("kuta").vault == "file"
    save(path, bali._replace(office="Denpasar"), before=bali)
    assert load(path).properties["bali"] == PropertySettings(
        "bali", "training", KEY, retention_days=60, office="Denpasar"
    )
