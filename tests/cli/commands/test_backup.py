"""`apoa backup` and `apoa restore`: messages in both languages, JSON and exit codes."""

import json
import tomllib
from pathlib import Path

import pytest
from cli_helpers import LANGUAGES, PASSWORD, QUENTIN, XIMENA, Apoa
from screens import Screens


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The path of the backup."""
    return tmp_path / "apoa.db"


@pytest.fixture
def made(configured: Apoa, file: Path) -> Path:
    """A backup with a report that was sent, and one that waits."""
    configured.save(QUENTIN)
    assert configured("sync").code == 0
    configured.save(XIMENA)
    assert configured("backup", str(file)).code == 0
    return file


def elsewhere(apoa: Apoa, tmp_path: Path) -> Apoa:
    """The program on another computer."""
    return Apoa({**apoa.environ, "APOA_HOME": str(tmp_path / "elsewhere")}, apoa.clock, apoa.capsys, apoa.monkeypatch)


def compared(apoa: Apoa) -> tuple[str, ...]:
    """The options of a user who has compared the backup with the sheet and with what the authority gave."""
    url = settings_of(apoa)["api_url"]
    return ("--fingerprint", apoa("key", "show", "--json").json["fingerprint"], "--api-url", url)


def settings_of(apoa: Apoa) -> dict[str, str]:
    found: dict[str, str] = tomllib.loads((apoa.home / "config.toml").read_text())["property"]["melati"]
    return found


def secret_of(apoa: Apoa) -> str:
    key: str = json.loads((apoa.home / "melati" / "keys.json").read_text())["private-key"]
    return key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(configured: Apoa, screens: Screens, tmp_path: Path, lang: str) -> None:
    """A backup into a file and into a folder, its restore here and on another computer, and what is refused."""
    configured.save(QUENTIN)
    file, folder = str(tmp_path / "apoa.db"), str(tmp_path / "none")
    screens(configured, "backup", file, lang=lang)
    screens(configured, "backup", file, lang=lang)
    screens(configured, "backup", "-", lang=lang)
    screens(configured, "backup", "--to", folder, lang=lang)
    screens(configured, "backup", "--keep", "3", lang=lang)
    screens(configured, "restore", file, "--dry-run", lang=lang)
    screens(configured, "restore", file, lang=lang)
    screens(configured, "restore", str(tmp_path / "nothing"), lang=lang)
    training = ["--property", "melati", "--training", "--vault", "file"]
    other = elsewhere(configured, tmp_path)
    assert other("setup", "--non-interactive", *training).code == 0
    screens(other, "restore", file, lang=lang)
    screens(other, "backup", str(tmp_path / "training.db"), lang=lang)


def test_restored_on_another_computer(configured: Apoa, made: Path, tmp_path: Path) -> None:
    """Prints what was restored and what is missing; with the key, all can be restored, read and sent."""
    other = elsewhere(configured, tmp_path)
    result = other("restore", str(made), *compared(configured))
    assert result.code == 0, result.err
    secrets = {"APOA_PRIVATE_KEY": secret_of(configured), "APOA_PASSWORD": PASSWORD}
    there = Apoa({**other.environ, **secrets}, other.clock, other.capsys, other.monkeypatch)
    reports = there.reports()
    assert [(r["state"], r["guest"]["surname"]) for r in reports] == [("queued", "QUIJANO")]
    assert there("sync").code == 0
    assert there("log", "--verify").code == 0
    result = there("restore", str(made))
    assert (result.code, result.err) == (0, "")
    assert [r["state"] for r in there.reports()] == ["accepted", "accepted"]
