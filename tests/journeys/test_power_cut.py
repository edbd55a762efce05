"""Power cuts: only synced data is on the disk afterwards, and it holds every report that was shown as saved.

`disk.c` logs what becomes durable, with the output in between, so that one run shows the disk after a power cut at any
time. The property trains: its authority's database is on the same disk.
"""

import json
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from basics import LONG, FixedClock
from cli_helpers import Apoa, Installed
from journeys_helpers import (
    Disk,
    Event,
    assert_delivered_once,
    files_below,
    guest,
    receipts_of_authority,
    saved_id,
    sync_later,
)

pytestmark = [pytest.mark.slow, pytest.mark.durable]

SETUP = ["setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file"]
CUTS = 1_000 if LONG else 8
"""How many moments of a run are tested; in a long run all of them."""
REPORTS = 40 if LONG else 5


class Promised(NamedTuple):
    """What the output has shown by then: short ids of saved reports, and receipts by id."""

    saved: list[str]
    receipts: dict[str, str]


@pytest.fixture
def watched(apoa: Installed, disk: Disk) -> Installed:
    """The installed command with its home on the watched disk, nothing set up."""
    return Installed(apoa.command, {**apoa.environ, **disk.logged, "APOA_HOME": str(disk.root / "home")})


Cut = Callable[[Sequence[Event]], Apoa]


@pytest.fixture
def cut(
    disk: Disk, tmp_path: Path, clock: FixedClock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Cut:
    """Starts the program on the disk that is left by a power cut which follows some events."""
    apoa, folder, numbers = Apoa({"APOA_LANG": "en"}, clock, capsys, monkeypatch), tmp_path / "cuts", count()
    folder.mkdir()

    def start(events: Sequence[Event]) -> Apoa:
        apoa.environ["APOA_HOME"] = str(disk.after_a_cut(events, folder / str(next(numbers))) / "home")
        return apoa

    return start


def promised(events: Sequence[Event]) -> Promised:
    """Returns what standard output has shown by then. Each command's JSON is one event."""
    saved: list[str] = []
    receipts: dict[str, str] = {}
    for event in events:
        short_id = saved_id(event.content.decode()) if event.kind == "S" else None
        if short_id is not None:
            report = json.loads(event.content)
            saved.append(short_id)
            receipts |= {report["id"]: report["receipt"]["number"]} if report["receipt"] else {}
    return Promised(saved, receipts)


def moments(events: Sequence[Event], since: int) -> list[int]:
    """Returns after how many events the power is cut: at random, and at the end."""
    later = range(since, len(events))
    chosen = random.Random(None if LONG else 4).sample(later, min(CUTS, len(later)))  # noqa: S311  a test's
    return [*sorted(chosen), len(events)]


def assert_nothing_is_lost(apoa: Apoa, said: Promised) -> list[dict[str, Any]]:
    """Checks that each saved report can be read, and that both sides have each receipt that was shown."""
    reports = apoa.reports()
    assert set(said.saved) <= {report["short_id"] for report in reports}
    assert all(report["guest"]["surname"] == guest(0).surname for report in reports)
    kept = {report["id"]: report["receipt"]["number"] for report in reports if report["receipt"]}
    books = receipts_of_authority(apoa.home / "melati" / "sandbox.db")
    assert said.receipts.items() <= kept.items() <= books.items() <= {**books, **kept}.items()
    assert books.keys() <= {report["id"] for report in reports}
    return reports


def check(cut: Cut, events: Sequence[Event], since: int) -> None:
    """Checks at each moment that nothing is lost and everything is delivered once."""
    for moment in moments(events, since):
        apoa = cut(events[:moment])
        reports = assert_nothing_is_lost(apoa, promised(events[:moment]))
        sync_later(apoa.environ)
        delivered = apoa.reports()
        assert [report["id"] for report in delivered] == [report["id"] for report in reports]
        assert_delivered_once(delivered, apoa.home / "melati" / "sandbox.db", [])


def test_reports_are_saved_and_sent(watched: Installed, disk: Disk, cut: Cut) -> None:
    """Queued reports, one that is sent at once, and a sync."""
    assert watched(*SETUP).code == 0
    since = len(disk.events())
    for number in range(REPORTS):
        waits = [] if number % 5 == 2 else ["--no-send"]
        assert watched(*guest(number).mrz("--json", *waits)).code == 0
    assert watched("sync", "--json").json["accepted"] == 2
    events = disk.events()
    assert [len(part) for part in promised(events)] == [REPORTS, REPORTS / 5]
    check(cut, events, since)


@pytest.fixture
def reader(watched: Installed) -> Iterator[None]:
    """Keeps the outbox open, so that no command is the last to close it and SQLite's log grows."""
    assert watched(*SETUP).code == 0
    with closing(sqlite3.connect(watched.home / "melati" / "outbox.db")) as db:
        assert db.execute("SELECT count(*) FROM reports").fetchone() == (0,)
        yield


@pytest.mark.usefixtures("reader")
def test_reports_in_the_write_ahead_log(watched: Installed, disk: Disk, cut: Cut) -> None:
    """Reports that only SQLite's log holds are kept."""
    since = len(disk.events())
    for number in range(3):
        assert watched(*guest(number).mrz("--no-send", "--json")).code == 0
    assert watched("sync", "--json").json["accepted"] == 3
    check(cut, disk.events(), since)


def test_set_up(watched: Installed, disk: Disk, cut: Cut) -> None:
    """After a power cut during set-up, set-up works again, and so does the first report."""
    assert watched(*SETUP).code == 0
    events = disk.events()
    for moment in moments(events, 0):
        apoa = cut(events[:moment])
        assert apoa(*SETUP).code == 0
        assert apoa.save()["state"] == "queued"
        sync_later(apoa.environ)
        assert len(receipts_of_authority(apoa.home / "melati" / "sandbox.db")) == 1


def test_unsynced_data_is_lost_in_the_model(disk: Disk, tmp_path: Path, watched: Installed) -> None:
    """The model drops unsynced data; otherwise the tests above would show nothing."""
    assert watched(*SETUP).code == 0
    events = disk.events()
    folders_only = [event for event in events if event.kind != "F"]
    found = disk.after_a_cut(folders_only, tmp_path / "nothing")
    assert "home/melati/outbox.db" in files_below(found)
    assert (found / "home" / "melati" / "outbox.db").read_bytes() == b""
    names_lost = [event for event in events if event.kind != "D"]
    assert files_below(disk.after_a_cut(names_lost, tmp_path / "no-names")) == set()
    assert (disk.after_a_cut(events, tmp_path / "all") / "home" / "config.toml").read_bytes() == (
        watched.home / "config.toml"
    ).read_bytes()
