"""The paths of the program's files."""

import os
from pathlib import Path

import platformdirs
import pytest
from conftest import raises_error

from apoa_client.errors import Exit
from apoa_client.settings.folders import find_folders


def test_apoa_home_moves_everything(home: Path) -> None:
    """It contains the settings and each property's files."""
    folders = find_folders({"APOA_HOME": str(home)})
    assert folders.config == home / "config.toml"
    assert folders.outbox("bali") == home / "bali" / "outbox.db"
    assert folders.sandbox("bali") == home / "bali" / "sandbox.db"
    assert folders.keys("bali") == home / "bali" / "keys.json"
    assert folders.logs == home / "logs"


def test_apoa_home_may_begin_with_a_tilde(tmp_path: Path) -> None:
    """It is this user's home folder."""
    assert find_folders({"APOA_HOME": "~/there"}).data == tmp_path / "user" / "there"


RELATIVE = ["here", "./here", "..", " ", "~nosuchuser/apoa", "~nosuchuser"]


@pytest.mark.parametrize("home", RELATIVE if os.name == "posix" else [*RELATIVE[:4], "C:here", r"\here"])
def test_a_home_that_depends_on_the_working_directory_is_refused(home: str) -> None:
    """Elsewhere, as under cron, the files would not be found, or those of another user would be."""
    with raises_error("home_not_absolute") as caught:
        find_folders({"APOA_HOME": home})
    assert repr(home) in caught.value.message.render()
    assert caught.value.exit_code is Exit.SETTINGS


def test_a_user_without_a_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container: the settings are never looked for in a folder that is named with a tilde."""
    unknown = Path("~nosuchuser/config" if os.name == "posix" else "config")
    monkeypatch.setattr(platformdirs, "user_config_path", lambda *_names, **_options: unknown)
    with raises_error("home_not_absolute"):
        find_folders({})


def test_a_user_whom_the_system_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container, a number in place of a user has no home folder at all: the same error."""

    def refuse(*_arguments: object, **_options: object) -> Path:
        raise RuntimeError

    monkeypatch.setattr(platformdirs, "user_config_path", refuse)
    with raises_error("home_not_absolute"):
        find_folders({})


@pytest.mark.parametrize("environ", [{}, {"APOA_HOME": ""}])
def test_platform_folders_without_apoa_home(environ: dict[str, str]) -> None:
    """The folders that other programs use, too."""
    folders = find_folders(environ)
    assert folders.settings == Path(platformdirs.user_config_dir("apoa-client", appauthor=False))
    assert folders.data == Path(platformdirs.user_data_dir("apoa-client", appauthor=False))
    assert folders.logs == Path(platformdirs.user_log_dir("apoa-client", appauthor=False))
