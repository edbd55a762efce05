"""How this installation is called, how other programs are found, and calls that may hang."""

import os
import sys
import threading
from pathlib import Path

import pytest

from apoa_client.errors import install_advice
from apoa_client.installation import background_command, install_command, internal_command, is_own, own_command
from apoa_client.processes import BackgroundCall, call_with_timeout, find_program

FROM_PYTHON = [sys.executable, "-m", "apoa_client"]


@pytest.mark.parametrize(("started", "file"), [("apoa", "apoa"), ("apoa.exe", "apoa.exe"), ("apoa", "apoa.exe")])
def test_the_installed_command(started: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script that runs is called again, from every folder, also where Windows' launcher leaves out its ending."""
    (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / started, Path(started)):
        monkeypatch.setattr(sys, "argv", [str(path)])
        assert own_command() == [str(tmp_path / file)]


@pytest.mark.parametrize("started", ["-c", "", "apoa", "pytest", "/gone/apoa"])
def test_another_program(started: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no script of that name runs, the interpreter runs the package."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [started])
    assert own_command() == FROM_PYTHON


def test_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle is called itself: it has no interpreter that takes `-m`, and no pip that installs anything into it."""
    bundle = str(tmp_path / "apoa.exe")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", bundle)
    monkeypatch.setattr(sys, "argv", [bundle])
    assert own_command() == [bundle]
    assert internal_command("word") == [bundle, "word"]
    assert install_command("scan") == ""
    assert "pip" not in install_advice("scan").render()


class TestBackgroundCommand:
    """The words for the system's scheduler: no window on Windows, and no module from the folder it starts in."""

    def test_elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The command itself, or the interpreter without the current folder."""
        monkeypatch.setattr(sys, "argv", ["-c"])
        assert background_command("linux") == [sys.executable, "-P", "-m", "apoa_client"]
        (tmp_path / "apoa").touch()
        monkeypatch.setattr(sys, "argv", [str(tmp_path / "apoa")])
        assert background_command("darwin") == [str(tmp_path / "apoa")]

    @pytest.mark.parametrize(("frozen", "silent"), [(True, "apoaw.exe"), (False, "pythonw.exe")])
    def test_on_windows(self, frozen: bool, silent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001  a parameter
        """The program without a console beside the one that runs; without it, a console that is not shown."""
        program = tmp_path / ("apoa.exe" if frozen else "python.exe")
        monkeypatch.setattr(sys, "frozen", frozen, raising=False)
        monkeypatch.setattr(sys, "executable", str(program))
        monkeypatch.setattr(sys, "argv", ["-c"])
        words = [] if frozen else ["-P", "-m", "apoa_client"]
        assert background_command("win32") == ["conhost.exe", "--headless", str(program), *words]
        (tmp_path / silent).touch()
        assert background_command("win32") == [str(tmp_path / silent), *words]


class TestIsOwn:
    """Whether a scheduler starts this installation."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """An installation whose interpreter and script are in one folder."""
        folder = tmp_path / "here"
        folder.mkdir()
        for name in ("python", "pythonw.exe", "apoa", "apoaw.exe", "other"):
            (folder / name).touch()
        monkeypatch.setattr(sys, "executable", str(folder / "python"))
        monkeypatch.setattr(sys, "argv", [str(folder / "apoa")])
        return folder

    @pytest.mark.parametrize(
        ("words", "own"),
        [
            (["apoa", "sync"], True),
            (["apoaw.exe", "sync"], True),
            (["python", "-P", "-m", "apoa_client", "sync"], True),
            (["pythonw.exe", "-m", "apoa_client"], True),
            (["python", "-m", "http.server"], False),
            (["other", "sync"], False),
            (["gone", "sync"], False),
        ],
    )
    def test_words(self, folder: Path, words: list[str], own: bool) -> None:  # noqa: FBT001  a parameter
        """By script, by interpreter, or through a console that is not shown."""
        command = [str(folder / words[0]), *words[1:]]
        assert is_own(command) is own
        assert is_own(["conhost.exe", "--headless", *command]) is own

    def test_another_installation(self, tmp_path: Path) -> None:
        """A program of the same name elsewhere, a name without a folder, and nothing."""
        (tmp_path / "apoa").touch()
        assert not is_own([str(tmp_path / "apoa"), "sync"])
        assert not is_own(["apoa", "sync"])
        assert not is_own([])

    @pytest.mark.skipif(os.name != "posix", reason="on Windows, installers make no links")
    def test_a_link(self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A link that an installer made is this installation, whichever of the two was started.

        The link is called, not the file behind it, which the next version may move.
        """
        link = tmp_path / "apoa"
        link.symlink_to(folder / "apoa")
        assert is_own([str(link), "sync"])
        monkeypatch.setattr(sys, "argv", [str(link)])
        assert own_command() == [str(link)]
        assert is_own([str(folder / "apoa"), "sync"])
        assert is_own([str(link), "sync"])


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


def test_a_result_in_time_is_returned() -> None:
    """Any value, also None. The end of a call in the background can be waited for a while."""
    assert call_with_timeout(5, lambda: 42) == 42
    assert call_with_timeout(5, lambda: None) is None
    go_on = threading.Event()
    call = BackgroundCall(lambda: go_on.wait(5))
    assert not call.wait(0.01)
    go_on.set()
    assert call.wait(5)
    assert call.result() is True


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, TimeoutError])
def test_an_exception_is_raised_in_the_calling_thread(kind: type[BaseException]) -> None:
    """Also one that would end a thread silently."""

    def fail() -> None:
        raise kind("it")

    with pytest.raises(kind, match="it"):
        call_with_timeout(5, fail)


def test_a_call_that_hangs_is_abandoned() -> None:
    """The caller continues after the time limit; the thread does not keep the process alive, and its result is lost."""
    release, before = threading.Event(), set(threading.enumerate())
    with pytest.raises(TimeoutError):
        call_with_timeout(0.01, release.wait)
    [hanging] = set(threading.enumerate()) - before
    assert hanging.daemon
    release.set()
    hanging.join(5)
    assert not hanging.is_alive()


@pytest.mark.parametrize(
    ("name", "content", "command"),
    [
        ("pipx_metadata.json", "", 'pipx inject apoa-client "apoa-client[scan]"'),
        ("pyvenv.cfg", "", '"/opt/my python" -m pip install "apoa-client[scan]"'),
        ("uv-receipt.toml", "", 'uv tool install "apoa-client[scan]"'),
        ("uv-receipt.toml", "[tool", 'uv tool install "apoa-client[scan]"'),
        (
            "uv-receipt.toml",
            '[tool]\nrequirements = [{ name = "apoa-client", extras = ["tables"] }, { name = "x" }]',
            'uv tool install "apoa-client[scan,tables]"',
        ),
    ],
)
def test_an_extra_is_installed_as_the_program_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str, command: str
) -> None:
    """With pipx or uv where they installed it, else with the interpreter's own pip.

    Uv installs what is named and no more, so the extras of before are named, too.
    """
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/opt/my python")
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert install_command("scan") == command
    assert install_advice("scan").render().endswith(command)
