"""What is said about the disk, the installed programs and the screen."""

import os
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import pytest

from apoa_client.doctor import computer
from apoa_client.doctor.computer import Screen, check_installation, check_screen, check_space
from apoa_client.doctor.results import Result

NAME = "apoa.exe" if sys.platform == "win32" else "apoa"


def program(folder: Path) -> Path:
    folder.mkdir()
    file = folder / NAME
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    """The disk is that of the nearest folder that is."""
    assert check_space(tmp_path / "a" / "b").result is Result.OK


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning: only some commands need it."""

    def missing() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", missing)
    assert computer.check_temporary_folder().result is Result.WARNING


def test_only_our_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that runs is the one that is found, also through a link."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    own = program(tmp_path / "own")
    assert check_installation([str(own)], str(own.parent)).message.render() == f"It is {own}."
    assert check_installation([str(own)], "").result is Result.OK


def test_another_command_later_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, and harms nothing."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    own, other = program(tmp_path / "own"), program(tmp_path / "other")
    found = check_installation([str(own)], os.pathsep.join([str(own.parent), str(other.parent)]))
    assert found.result is Result.OK
    assert str(other) in found.message.render()


def test_another_command_first_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typing apoa would start that one."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    own, other = program(tmp_path / "own"), program(tmp_path / "other")
    found = check_installation([str(own)], os.pathsep.join([str(other.parent), str(own.parent)]))
    assert found.result is Result.WARNING
    assert found.message.render() == f"Typing apoa starts another program: {other}. This one is {own}."


def test_the_package_of_another_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pip install apoa` is not ours."""
    monkeypatch.setattr(metadata, "version", lambda _name: "0.3")
    found = check_installation(["apoa"], "")
    assert found.result is Result.WARNING
    assert found.advice is not None
    assert "pip uninstall apoa" in found.advice.render()


@pytest.mark.parametrize(
    ("screen", "result"),
    [
        (Screen("utf-8", 80, is_terminal=True, language="id"), Result.OK),
        (Screen("cp437", 80, is_terminal=True, language="id"), Result.OK),
        (Screen("apoa_ascii", 80, is_terminal=True, language="en"), Result.WARNING),
        (Screen("ascii", 80, is_terminal=False, language="en"), Result.OK),
        (Screen("utf-8", 40, is_terminal=True, language="en"), Result.WARNING),
        (Screen("", 80, is_terminal=False, language="en"), Result.OK),
    ],
)
def test_screens(screen: Screen, result: Result) -> None:
    """Without accents, or narrow; what is no terminal is no screen."""
    assert check_screen(screen).result is result


def test_versions_of_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program, Python, the system, the database and the installed libraries; in a bundle there are none."""
    found = computer.versions("SQLite 3.46.1")
    assert found["Database"] == "SQLite 3.46.1"
    assert {"apoa-client", "Python", "System", "TLS", "requests", "click"} <= found.keys()

    def unknown(_name: str) -> str:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "version", unknown)
    assert "requests" not in computer.versions("")
