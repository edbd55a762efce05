"""The paths and the names of the program's files."""

import os
import sys
from pathlib import Path
from typing import NoReturn

import platformdirs
import pytest
from basics import raises_error

from apoa_client.errors import Exit
from apoa_client.settings.folders import account_home, belongs_to_log, find_folders, is_log, is_own, user_id, user_name


def test_apoa_home_moves_everything(home: Path, tmp_path: Path) -> None:
    """It contains the settings and each property's files. A tilde is this user's home folder."""
    assert find_folders({"APOA_HOME": "~/there"}).data == tmp_path / "user" / "there"
    folders = find_folders({"APOA_HOME": str(home)})
    assert folders.config == home / "config.toml"
    assert folders.outbox("bali") == home / "bali" / "outbox.db"
    assert folders.sandbox("bali") == home / "bali" / "sandbox.db"
    assert folders.keys("bali") == home / "bali" / "keys.json"
    assert folders.logs == home / "logs"


RELATIVE = ["here", "./here", "..", " ", "~nosuchuser/apoa", "~nosuchuser"]


@pytest.mark.parametrize("home", RELATIVE if os.name == "posix" else [*RELATIVE[:4], "C:here", r"\here"])
def test_a_home_that_depends_on_the_working_directory_is_refused(home: str) -> None:
    """Elsewhere, as under cron, the files would not be found, or those of another user would be."""
    with raises_error("home_not_absolute") as caught:
        find_folders({"APOA_HOME": home})
    assert repr(home) in caught.value.message.render()
    assert caught.value.exit_code is Exit.SETTINGS


def test_a_user_whom_the_system_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container: no home folder, or one that is named with a tilde, is the same error."""

    def refuse(*_arguments: object, **_options: object) -> Path:
        raise RuntimeError

    unknown = Path("~nosuchuser/config" if os.name == "posix" else "config")
    for answer in (refuse, lambda *_names, **_options: unknown):
        monkeypatch.setattr(platformdirs, "user_config_path", answer)
        with raises_error("home_not_absolute"):
            find_folders({})


@pytest.mark.parametrize("environ", [{}, {"APOA_HOME": ""}])
def test_platform_folders_without_apoa_home(environ: dict[str, str]) -> None:
    """The folders that other programs use, too."""
    folders = find_folders(environ)
    assert folders.settings == Path(platformdirs.user_config_dir("apoa-client", appauthor=False))
    assert folders.data == Path(platformdirs.user_data_dir("apoa-client", appauthor=False))
    assert folders.logs == Path(platformdirs.user_log_dir("apoa-client", appauthor=False))


@pytest.mark.skipif(os.name != "posix", reason="POSIX has numbers for users")
def test_a_user_of_posix(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's number and name count in the audit trail, and no variable; in a container there may be no name.

    A name that is not UTF-8 does not prevent a report from being saved.
    """
    import pwd  # POSIX has it

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "other-user")
    assert (user_id(), user_name()) == (os.geteuid(), pwd.getpwuid(os.geteuid()).pw_name)
    with monkeypatch.context() as patch:
        patch.setattr(pwd, "getpwuid", lambda _number: type("Row", (), {"pw_name": "jos\udce9"}))
        assert user_name() == "jos?"
    monkeypatch.setattr(os, "geteuid", lambda: 98765)
    assert user_name() == "uid 98765"


def test_a_user_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no table of numbers: the name is the system's, or a hyphen without a login, as in a service."""
    monkeypatch.setitem(sys.modules, "pwd", None)
    monkeypatch.setattr(os, "getlogin", lambda: "Jane Smith")
    assert user_name() == "Jane Smith"

    def no_login() -> NoReturn:
        raise OSError

    monkeypatch.setattr(os, "getlogin", no_login)
    assert user_name() == "-"
    monkeypatch.setattr(sys, "platform", "win32")
    assert user_id() is None  # there is no session bus to find


def test_an_account_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container; elsewhere it is the folder that the system names."""
    assert account_home() == Path.home()

    def missing() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", missing)
    assert account_home() is None


def test_own_names() -> None:
    """A name that the program gives to a file is not one that a user made up; a similar one may be about a guest.

    The lock and what was shown are no parts of the log.
    """
    own = [
        "config.toml",
        "config.lock",
        "outbox.db-wal",
        "outbox.db-shm",
        "sandbox.db",
        "outbox.lock.json",
        "keys.json",
        "sync.log.3",
    ]
    others = ["outbox.db.bak", "Smith.log", "sync.log.old", "outbox.db-Smith", "outbox-moved-2.db", "A B.shown.json"]
    assert [name for name in (*own, *others) if is_own(name)] == own
    of_log = ["sync.log", "sync.log.1", "sync.log.lock", "shown.json", "melati.shown.json"]
    assert list(map(is_log, of_log)) == [True, True, False, False, False]
    assert all(map(belongs_to_log, of_log))
