"""The log of automatic sending: private files that stay small, also with several processes."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import child_environment

from apoa_client.cli import logging as our_logging

WRITER = """
import logging, sys
from pathlib import Path
from apoa_client.cli import logging as ours
ours._MAX_BYTES = 2000
ours._OLDER_FILES = 200
assert ours.start_rotating_log(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(200):
    logging.getLogger("apoa_client.test").info("line %s-%03d.", sys.argv[2], number)
"""


def write(*lines: str) -> None:
    for line in lines:
        logging.getLogger("apoa_client.test").info(line)


def texts(path: Path) -> list[str]:
    """Return the lines of all files, without their times."""
    files = [path, *path.parent.glob(f"{path.name}.[0-9]*")]
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [line.rpartition(": ")[2] for line in lines]


def test_a_private_file_in_a_private_folder(tmp_path: Path) -> None:
    """Others can read neither."""
    path = tmp_path / "logs" / "sync.log"
    assert our_logging.start_rotating_log(path)
    write("one")
    assert texts(path) == ["one"]
    if os.name == "posix":
        assert [each.stat().st_mode & 0o777 for each in (path.parent, path)] == [0o700, 0o600]


def test_it_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full file is renamed, and the oldest is deleted."""
    monkeypatch.setattr(our_logging, "_MAX_BYTES", 200)
    monkeypatch.setattr(our_logging, "_OLDER_FILES", 2)
    path = tmp_path / "sync.log"
    assert our_logging.start_rotating_log(path)
    write(*(f"line {number}" for number in range(20)))
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"sync.log", "sync.log.1", "sync.log.2", "sync.log.lock"}
    assert all(file.stat().st_size < 300 for file in tmp_path.iterdir())
    assert texts(path)[0].startswith("line ")


def test_two_processes_lose_no_line(tmp_path: Path) -> None:
    """Both write and rename at the same time; each line is in one of the files, whole, and once."""
    path = tmp_path / "logs" / "sync.log"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, path, name],
            env=child_environment() | {"PYTHONPATH": str(Path(our_logging.__file__).parents[2])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for name in ("first", "second")
    ]
    for each in writers:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in writers:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    assert [each.communicate(timeout=60)[1] for each in writers] == ["", ""]
    expected = [f"line {name}-{number:03}." for name in ("first", "second") for number in range(200)]
    assert sorted(texts(path)) == expected
    assert (path.parent / "sync.log.5").exists()


def test_a_file_that_another_program_has_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows does not rename it then: the lines go on in it, and it is renamed later."""
    monkeypatch.setattr(our_logging, "_MAX_BYTES", 100)
    path = tmp_path / "sync.log"
    assert our_logging.start_rotating_log(path)

    def refuse(*_names: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr("os.rename", refuse)
        write(*"abcdef")
    assert path.stat().st_size > 200
    write("g")
    assert (texts(path), len(path.read_text().splitlines())) == (["g", *"abcdef"], 1)


@pytest.mark.skipif(os.name != "posix", reason="Windows: a link needs a right")
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Neither for the log nor for its lock, also one that is put there later."""
    target, path = tmp_path / "target", tmp_path / "logs" / "sync.log"
    target.write_text("")
    path.parent.mkdir(0o700)
    path.symlink_to(target)
    assert not our_logging.start_rotating_log(path)
    path.unlink()
    assert our_logging.start_rotating_log(path)
    path.unlink()
    path.symlink_to(target)
    write("one")
    assert target.read_text() == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_no_wait_for_the_reader_of_a_pipe(tmp_path: Path) -> None:
    """A pipe in place of the log, or of its lock, must not stop the sending."""
    path = tmp_path / "logs" / "sync.log"
    path.parent.mkdir(0o700)
    os.mkfifo(path)
    assert not our_logging.start_rotating_log(path)
    path.unlink()
    os.mkfifo(f"{path}.lock")
    assert our_logging.start_rotating_log(path)
    path.unlink()
    os.mkfifo(path)
    write("one")
    path.unlink()
    write("two")
    assert texts(path) == ["two"]


@pytest.mark.skipif(os.name != "posix", reason="the modes of POSIX")
def test_a_folder_that_others_can_change(tmp_path: Path) -> None:
    """Nothing is written there."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs").chmod(0o777)
    assert not our_logging.start_rotating_log(tmp_path / "logs" / "sync.log")
    assert list((tmp_path / "logs").iterdir()) == []


def test_a_text_of_others_is_one_harmless_line(tmp_path: Path) -> None:
    """An id that others have changed begins no line of its own, and controls no terminal that shows the log."""
    path = tmp_path / "logs" / "sync.log"
    assert our_logging.start_rotating_log(path)
    write("report x\n2026-11-24 20:00:00,123 INFO apoa_client: sent 9\x1b[2J\u202e\u2028")
    (line,) = path.read_text().split("\n")[:-1]
    assert line.endswith("report x?2026-11-24 20:00:00,123 INFO apoa_client: sent 9?[2J??")
