"""Where output goes: streams that are no terminal or cannot be written, and files that a command writes."""

import errno
import io
import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from cli_helpers import QUENTIN, Apoa

from apoa_client.cli import main
from apoa_client.cli.terminal import streams
from apoa_client.cli.terminal.output_files import make_output_folder, write_output
from apoa_client.errors import SettingsProblem, UsageProblem

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the shell's redirections are those of POSIX")


def run_with(apoa: Apoa, arguments: Sequence[str], redirection: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a shell with its standard streams redirected."""
    command = f"exec {shlex.join([sys.executable, '-m', 'apoa_client', *arguments])} {redirection}"
    environ = {**os.environ, **apoa.environ}
    return subprocess.run(
        ["sh", "-c", command],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_the_null_device_is_no_terminal() -> None:
    """The null device, for which Windows' `isatty` is true, is none, as no closed and no missing stream is."""
    with Path(os.devnull).open("r+", encoding="utf-8") as null:
        assert not streams.is_terminal(null)
    assert not streams.is_terminal(null)
    assert not streams.is_terminal(None)


class LeftPipe(io.StringIO):
    """A pipe of Windows whose reader has ended."""

    def write(self, _text: str) -> int:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize(("arguments", "code"), [(["info"], 0), (["--help"], 0), (["show", "zzzz"], 2)])
def test_a_reader_that_leaves_on_windows(
    away: Apoa, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, name: str
) -> None:
    """`apoa info | more`, left before its end, is no error: Windows says EINVAL where others say EPIPE."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, name, LeftPipe())
    result = away(*arguments)
    assert result.code == code
    assert "cannot be written" not in result.err
    assert "mistake" not in result.err


def test_another_error_of_a_stream(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere than on Windows, EINVAL is an error like any other."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "stdout", LeftPipe())
    assert away("info").code == 78


@POSIX
class TestUnwritable:
    """Standard streams that are closed or at a full disk."""

    @pytest.mark.parametrize(
        ("arguments", "redirection"),
        [(["list", "--json"], ">&-"), (["list", "--json"], "> /dev/full"), (["--help"], ">&-")],
    )
    def test_a_result_that_cannot_be_written(self, away: Apoa, arguments: list[str], redirection: str) -> None:
        """Two lines say what happened and what to do, and the exit code is 78; Python adds no error at its end."""
        if redirection.endswith("full") and not Path("/dev/full").exists():
            pytest.skip("this system has no /dev/full")
        done = run_with(away, arguments, redirection)
        assert done.returncode == 78
        first, second = done.stderr.splitlines()
        assert first.startswith("The result cannot be written: ")
        assert second.startswith("What was saved is kept.")

    @pytest.mark.parametrize(
        ("arguments", "code", "redirection"), [(["list"], 0, "2>&-"), (["nothing"], 2, "2> /dev/full")]
    )
    def test_messages_that_cannot_be_written(
        self, away: Apoa, arguments: list[str], code: int, redirection: str
    ) -> None:
        """Messages are dropped, and the command does its work and keeps its exit code."""
        if redirection.endswith("full") and not Path("/dev/full").exists():
            pytest.skip("this system has no /dev/full")
        assert run_with(away, arguments, redirection).returncode == code

    def test_no_file_takes_the_place_of_a_stream(self, away: Apoa) -> None:
        """With all streams closed a report is saved, and no library writes into the outbox in place of a stream."""
        assert run_with(away, QUENTIN.mrz("--no-send"), "<&- >&- 2>&-").returncode == 0
        assert len(away.reports()) == 1
        assert away("log", "--verify").code == 0


@pytest.mark.parametrize("arguments", [["list"], ["status"], ["--version"], ["--help"]])
def test_no_streams_at_all(away: Apoa, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    """With pythonw.exe, where no stream exists, commands do their work and nothing is said."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main.run(arguments, away.environ, away.clock) == 0


def test_a_file_is_private_and_replaces_another_one_only_with_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its line names it; an incomplete one is not left."""
    file = tmp_path / "page.html"
    write_output(file, b"first", force=False, done="Written: {file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 or os.name == "nt"
    assert capsys.readouterr().out == f"Written: {file}\n"
    with pytest.raises(UsageProblem, match="was not overwritten"):
        write_output(file, b"second", force=False)
    assert file.read_bytes() == b"first"
    write_output(file, iter([b"sec", b"ond"]), force=True)
    assert file.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_is_not_replaced(tmp_path: Path) -> None:
    """Neither the link, which may be /dev/stdout, nor the file to which it leads; nor is one made there."""
    link, target = tmp_path / "link.csv", tmp_path / "target.csv"
    link.symlink_to(target)
    for content in (None, b"mine"):
        if content is not None:
            target.write_bytes(content)
        with pytest.raises(UsageProblem, match="link"):
            write_output(link, b"ours", force=True)
        assert link.is_symlink()
        assert (target.read_bytes() if target.exists() else None) == content


def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder of this name, and a file in a folder that is not there."""
    for path in (tmp_path, tmp_path / "no" / "page.html"):
        with pytest.raises(UsageProblem):
            write_output(path, b"ours", force=True)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is one of the computer, with advice."""

    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("apoa_client.files.write_private", full)
    with pytest.raises(SettingsProblem) as caught:
        write_output(tmp_path / "page.html", b"ours", force=False)
    assert "disk is not full" in str(caught.value.advice)


def test_a_folder(tmp_path: Path) -> None:
    """One with files is used only with `force`, which keeps them; a file of that name is an error."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageProblem, match="not empty"):
        make_output_folder(tmp_path, force=False)
    make_output_folder(tmp_path, force=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(SettingsProblem):
        make_output_folder(tmp_path / "notes.txt", force=True)
