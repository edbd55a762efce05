"""How this installation is called."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from apoa_client.installation import own_command, removal

FROM_PYTHON = [sys.executable, "-m", "apoa_client"]


@pytest.mark.parametrize(("started", "file"), [("apoa", "apoa"), ("apoa.exe", "apoa.exe"), ("apoa", "apoa.exe")])
def test_the_installed_command(started: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script that runs is called again, from every folder, also where Windows' launcher leaves out its ending."""
    (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / started, Path(started)):
        monkeypatch.setattr(sys, "argv", [str(path)])
        assert own_command() == [str(tmp_path / file)]


@pytest.mark.skipif(os.name != "posix", reason="on Windows, installers make no links")
def test_a_link_to_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that an installer made is called, not the file behind it, which the next version may move."""
    (tmp_path / "1.0").mkdir()
    (tmp_path / "1.0" / "apoa").touch()
    (tmp_path / "apoa").symlink_to(tmp_path / "1.0" / "apoa")
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "apoa")])
    assert own_command() == [str(tmp_path / "apoa")]


@pytest.mark.parametrize("started", ["-c", "", "apoa", "pytest", "/gone/apoa"])
def test_another_program(started: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no script of that name runs, the interpreter runs the package."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [started])
    assert own_command() == FROM_PYTHON


def test_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle is called itself: it has no interpreter that takes `-m`."""
    bundle = str(tmp_path / "apoa.exe")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", bundle)
    monkeypatch.setattr(sys, "argv", [bundle])
    assert own_command() == [bundle]


def test_each_way_to_start_names_itself() -> None:
    """The words start the same installation: what they name answers."""
    code = "import json; from apoa_client.installation import own_command, removal; print(json.dumps(own_command()))"
    named = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    done = subprocess.run([*named, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("apoa ")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("pipx_metadata.json", ["pipx", "uninstall", "apoa-client"]),
        ("uv-receipt.toml", ["uv", "tool", "uninstall", "apoa-client"]),
        ("pyvenv.cfg", [sys.executable, "-m", "pip", "uninstall", "apoa-client"]),
    ],
)
def test_what_removes_the_program(file: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pipx or uv made the environment, they left a file in it; elsewhere it was pip."""
    (tmp_path / file).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert removal() == words


def test_a_bundle_is_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command removes a bundle."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert removal() == []
