"""Programs of the system are found in the folders of PATH, and never in the working directory."""

import os
import sys
from pathlib import Path

import pytest

from apoa_client.search_path import find_program

NAME = "apoa-tool"


def make(folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    file = folder / (f"{NAME}.exe" if sys.platform == "win32" else NAME)
    file.write_text("")
    file.chmod(0o755)
    return str(file)


def find(path: str, name: str = NAME) -> str | None:
    return find_program(name, {"PATH": path})


def test_the_working_directory_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows would search it first, and a PATH may name it: a program that others left there is not run."""
    make(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert [find(path) for path in ("", ".", os.pathsep)] == [None, None, None]
    assert find_program(NAME, {}) is None
    real = make(tmp_path / "bin")
    assert find(os.pathsep.join([".", "", "bin", str(tmp_path / "bin")])) == real


def test_the_first_that_can_be_run(tmp_path: Path) -> None:
    """Folders in the order of PATH, also in quotation marks as on Windows; a folder of the name is no program."""
    (tmp_path / "a" / NAME).mkdir(parents=True)
    first, second = make(tmp_path / "b"), make(tmp_path / "c")
    folders = [str(tmp_path / name) for name in "abc"]
    assert find(os.pathsep.join(folders)) == first
    assert find(os.pathsep.join(reversed(folders))) == second
    assert find(f'"{folders[2]}"') == second
    assert find(folders[1], "no-such-tool") is None
