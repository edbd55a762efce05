"""The paths of the program's files."""

from pathlib import Path

import platformdirs
import pytest

from apoa_client.settings.folders import find_folders


def test_apoa_home_moves_everything(home: Path) -> None:
    """It contains the settings and each property's files."""
    folders = find_folders({"APOA_HOME": str(home)})
    assert folders.config == home / "config.toml"
    assert folders.outbox("bali") == home / "bali" / "outbox.db"
    assert folders.sandbox("bali") == home / "bali" / "sandbox.db"
    assert folders.keys("bali") == home / "bali" / "keys.json"


def test_apoa_home_may_be_relative_or_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path is absolute, so the files do not move when the working folder changes."""
    monkeypatch.chdir(tmp_path)
    assert find_folders({"APOA_HOME": "here"}).settings == tmp_path / "here"
    assert find_folders({"APOA_HOME": "~/there"}).data == tmp_path / "user" / "there"


@pytest.mark.parametrize("environ", [{}, {"APOA_HOME": ""}])
def test_platform_folders_without_apoa_home(environ: dict[str, str]) -> None:
    """The folders that other programs use, too."""
    folders = find_folders(environ)
    assert folders.settings == Path(platformdirs.user_config_dir("apoa-client", appauthor=False))
    assert folders.data == Path(platformdirs.user_data_dir("apoa-client", appauthor=False))
