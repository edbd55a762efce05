"""`apoa import --from` as processes of its own: killed at any moment, several at once."""

import csv
import io
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from basics import LONG
from cli_helpers import NOWHERE, PASSWORD, QUENTIN, Installed

HEADINGS = (
    *("Surname", "Given names", "Sex", "Date of birth", "Place of birth", "Nationality", "Passport number"),
    *("Passport expiry", "Check-in", "Planned check-out"),
)
ROWS = 60
PARTS = 24 if LONG else 6
"""At so many moments of an import its process is killed."""


def table(numbers: Sequence[str]) -> bytes:
    """Return a table with these passport numbers, each of another guest. One with a sign in it is refused."""
    text = io.StringIO(newline="")
    page = ["M", "1985-09-12", "GDANSK", "POL"]
    names = [number.translate(dict(zip(b"0123456789", "ABCDEFGHIJ", strict=True))).strip("!") for number in numbers]
    stay = ["2032-03-28", "2026-11-23", "2026-11-26"]
    rows = [[QUENTIN.surname, name, *page, number, *stay] for name, number in zip(names, numbers, strict=True)]
    csv.writer(text).writerows([HEADINGS, *rows])
    return text.getvalue().encode()


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
    """Put a file there that was changed an hour ago."""
    (folder / name).write_bytes(content)
    at = time.time() - 3600
    os.utime(folder / name, (at, at))


def start(apoa: Installed, folder: Path) -> "subprocess.Popen[str]":
    """Start `apoa import --from`."""
    return subprocess.Popen(
        [sys.executable, "-m", "apoa_client", "import", "--from", str(folder), "--no-send"],
        env=apoa.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


@pytest.mark.slow
def test_killed_at_any_moment(away: Installed, folder: Path) -> None:
    """Whenever the process dies, the next one finishes its work: no row is lost, and none is reported twice."""
    expected: list[str] = []
    moments = [None, *(part / PARTS for part in range(1, PARTS + 1))]
    whole_s = 0.0
    for turn, moment in enumerate(moments):
        good = [f"T{turn}X{row}" for row in range(ROWS)]
        expected += good
        put(folder, "a.csv", table([*good, "no-number!"]))
        begun = time.monotonic()
        if moment is not None:
            killed = start(away, folder)
            with killed:
                try:
                    killed.wait(moment * whole_s)
                except subprocess.TimeoutExpired:
                    killed.kill()
        assert away("import", "--from", str(folder), "--no-send").code in ({65} if moment is None else {0, 65})
        whole_s = whole_s or time.monotonic() - begun
        assert not (folder / "a.csv").exists()
        assert numbers_in(away) == sorted(expected), moment
    names = sorted(path.name for path in (folder / "refused").iterdir() if not path.name.startswith("."))
    assert len([name for name in names if name.endswith(".reason.txt")]) == len(moments)
    assert len(names) == 3 * len(moments)
    assert list((folder / "done").iterdir()) == []
    assert away("log", "--verify").code == 0
