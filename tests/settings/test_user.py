"""The user's name comes from the operating system, and its absence is never an error."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from apoa_client.settings.user import account_home, user_id, user_name


@pytest.mark.skipif(os.name != "posix", reason="POSIX has numbers for users")
class TestPosix:
    """Users are numbers with names in a table."""

    def test_the_environment_is_ignored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A variable does not change the user's name in the audit trail."""
        import pwd  # POSIX has it

        for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            monkeypatch.setenv(name, "other-user")
        assert user_name() == pwd.getpwuid(os.geteuid()).pw_name

    def test_a_number_without_a_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As in a container that runs under any number."""
        monkeypatch.setattr(os, "geteuid", lambda: 98765)
        assert user_name() == "uid 98765"

    def test_a_name_that_is_not_utf_8(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It does not prevent a report from being saved."""
        import pwd  # POSIX has it

        monkeypatch.setattr(pwd, "getpwuid", lambda _number: type("Row", (), {"pw_name": "jos\udce9"}))
        assert user_name() == "jos?"

    def test_the_user_id_comes_from_the_system(self) -> None:
        """Linux names the session's folder after it."""
        assert user_id() == os.geteuid()


class TestWindows:
    """There is no table of numbers."""

    @pytest.fixture(autouse=True)
    def _no_pwd(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pwd", None)

    def test_the_logged_in_user(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The name comes from the system."""
        monkeypatch.setattr(os, "getlogin", lambda: "Jane Smith")
        assert user_name() == "Jane Smith"

    def test_windows_has_no_user_id(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """There is no session bus to find."""
        monkeypatch.setattr(sys, "platform", "win32")
        assert user_id() is None

    def test_no_user_is_logged_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a login, for example in a service, the user name is a hyphen."""

        def no_login() -> Any:
            raise OSError

        monkeypatch.setattr(os, "getlogin", no_login)
        assert user_name() == "-"


def test_an_account_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container; elsewhere it is the folder that the system names."""
    assert account_home() == Path.home()

    def missing() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", missing)
    assert account_home() is None
