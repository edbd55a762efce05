"""`apoa import --watch` as processes of its own: ended by signals, killed at any moment, several at once."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from cli_helpers import NOWHERE, PASSWORD, QUENTIN, Installed
from journeys_helpers import Running

PROGRAM = """
import os, sys
from apoa_client.app import table_watch
from apoa_client.cli.commands import import_watch
from apoa_client.cli.main import run
table_watch.SETTLED_S, import_watch.LOOK_EVERY_S = 0.0, 0.02
sys.exit(run(sys.argv[1:], dict(os.environ), None))
"""
"""The program, for which a file is whole at the second look."""
HEADINGS = (
    *("Surname", "Given names", "Sex", "Date of birth", "Place of birth", "Nationality", "Passport number"),
    *("Passport expiry", "Check-in", "Planned check-out"),
)
ROWS = 60
posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


def table(numbers: Sequence[str]) -> bytes:
    """Return a table with these passport numbers, each of another guest. One with a sign in it is refused."""
    text = io.StringIO(newline="")
    page = ["M", "1985-09-12", "GDANSK", "POL"]
    names = [number.translate(dict(zip(b"0123456789", "ABCDEFGHIJ", strict=True))).strip("!") for number in numbers]
    stay = ["2032-03-28", "2026-11-23", "2026-11-26"]
    rows = [[QUENTIN.surname, name, *page, number, *stay] for name, number in zip(names, numbers, strict=True)]
    csv.writer(text).writerows([HEADINGS, *rows])
    return text.getvalue().encode()


class Watcher(Running):
    """A running `apoa import --watch`."""

    def __init__(self, apoa: Installed, folder: Path) -> None:
        arguments = ["import", "--watch", str(folder), "--no-send"]
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            env=apoa.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        super().__init__(process)


@pytest.fixture
def watching() -> Iterator[Callable[..., Watcher]]:
    """Starts `apoa import --watch`."""
    started: list[Watcher] = []

    def start(apoa: Installed, folder: Path) -> Watcher:
        started.append(Watcher(apoa, folder))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder into which a booking system puts its files."""
    path = tmp_path / "drop"
    path.mkdir()
    return path


@pytest.fixture
def away(apoa: Installed) -> Installed:
    """The installed command with a property whose authority cannot be reached."""
    said = apoa.set_up(NOWHERE, PASSWORD)
    assert said.code == 75, said.err
    return apoa


def numbers_in(apoa: Installed) -> list[str]:
    """Return the passport numbers of all reports, in order."""
    return sorted(report["guest"]["document"]["number"] for report in apoa.reports() if report["guest"] is not None)


def put(folder: Path, name: str, content: bytes) -> None:
    """Put a file into the folder as a careful program does: under another name first."""
    draft = folder / f"{name}.part"
    draft.write_bytes(content)
    draft.rename(folder / name)


@posix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_signal_ends_it(away: Installed, folder: Path, watching: Callable[..., Watcher], number: int) -> None:
    """What was put into the folder is imported; a signal ends it with 0, without a word, and leaves nothing open."""
    put(folder, "a.csv", table(["A1", "A2"]))
    watcher = watching(away, folder)
    assert str(folder) in watcher.line()
    assert watcher.line().endswith("a.csv: 2 saved")
    assert watcher.end(number) == (0, "")
    assert numbers_in(away) == ["A1", "A2"]
    assert [path.name for path in (folder / "done").iterdir()] == ["a.csv"]


@pytest.mark.slow
def test_killed_at_any_moment(away: Installed, folder: Path, watching: Callable[..., Watcher]) -> None:
    """Whenever the process dies, the next one finishes its work: no row is lost, and none is reported twice."""
    expected: list[str] = []
    moments = [None, *(part / 12 for part in range(1, 13))]
    whole_s = 0.0
    for turn, moment in enumerate(moments):
        good = [f"T{turn}X{row}" for row in range(ROWS)]
        expected += good
        put(folder, "a.csv", table([*good, "no-number!"]))
        begun = time.monotonic()
        if moment is not None:
            killed = watching(away, folder)
            time.sleep(moment * whole_s)
            killed.end(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
        finishing = watching(away, folder)
        finishing.line()
        while (folder / "a.csv").exists():
            assert finishing.process.poll() is None
            time.sleep(0.02)
        whole_s = whole_s or time.monotonic() - begun
        finishing.end()
        assert numbers_in(away) == sorted(expected), moment
    names = sorted(path.name for path in (folder / "refused").iterdir() if not path.name.startswith("."))
    assert len([name for name in names if name.endswith(".reason.txt")]) == len(moments)
    assert len(names) == 3 * len(moments)
    assert list((folder / "done").iterdir()) == []
    assert away("log", "--verify").code == 0


@pytest.mark.slow
def test_two_at_once(away: Installed, folder: Path, watching: Callable[..., Watcher]) -> None:
    """Each file is imported and moved once, whichever of them takes it."""
    both = [watching(away, folder) for _number in range(2)]
    for watcher in both:
        watcher.line()
    expected = [f"F{number}" for number in range(20)]
    for number in expected:
        put(folder, f"{number}.csv", table([number]))
    while any(path.is_file() and path.suffix == ".csv" for path in folder.iterdir()):
        assert all(watcher.process.poll() is None for watcher in both)
        time.sleep(0.02)
    assert [watcher.end()[1] for watcher in both] == ["", ""]
    assert numbers_in(away) == sorted(expected)
    assert sorted(path.stem for path in (folder / "done").iterdir()) == sorted(expected)
