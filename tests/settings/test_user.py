"""Whose account it is: the operating system's word, and never a reason to fail."""

import os
import sys
from typing import Any

import pytest

from apoa_client.settings.user import user_id, user_name


@pytest.mark.skipif(os.name != "posix", reason="POSIX has numbers for users")
class TestPosix:
    """Users are numbers there, with names in a table."""

    def test_the_environment_is_not_believed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nobody becomes a colleague by setting a variable."""
        import pwd  # POSIX has it

        for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
            monkeypatch.setenv(name, "somebody-else")
        assert user_name() == pwd.getpwuid(os.geteuid()).pw_name

    def test_a_number_without_a_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As in a container that runs under any number."""
        monkeypatch.setattr(os, "geteuid", lambda: 98765)
        assert user_name() == "uid 98765"

    def test_a_name_that_is_no_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A byte that is no UTF-8 must not keep a report from being saved."""
        import pwd  # POSIX has it

        monkeypatch.setattr(pwd, "getpwuid", lambda _number: type("Row", (), {"pw_name": "jos\udce9"}))
        assert user_name() == "jos?"

    def test_the_number_is_the_systems(self) -> None:
        """By it Linux names the folder of the session."""
        assert user_id() == os.geteuid()


class TestWindows:
    """There is no table of numbers."""

    @pytest.fixture(autouse=True)
    def _no_pwd(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pwd", None)

    def test_who_is_logged_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The system's word."""
        monkeypatch.setattr(os, "getlogin", lambda: "Jane Smith")
        assert user_name() == "Jane Smith"

    def test_numbers_are_not_windowss(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """There is no session's bus to be found by one."""
        monkeypatch.setattr(sys, "platform", "win32")
        assert user_id() is None

    def test_nobody_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A service, say."""

        def nobody() -> Any:
            raise OSError

        monkeypatch.setattr(os, "getlogin", nobody)
        assert user_name() == "-"
