"""The plug is pulled: only what was synced is on the disk afterwards, and every promise made before is kept.

`disk.c` takes down what became durable, and in between what was said, so that one run shows the disk as it would have
been after a cut at any moment. The property trains: its authority's memory is on the same disk.
"""

import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cli_helpers import Apoa, Installed
from conftest import LONG, FixedClock
from journeys_helpers import (
    Disk,
    Event,
    acquired,
    assert_delivered_once,
    files_below,
    guest,
    said_to_be_saved,
    sync_later,
    unmeasured,
)

pytestmark = [pytest.mark.slow, pytest.mark.durable]

SETUP = ["setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file"]
CUTS = 1_000 if LONG else 12
"""How many of a run's moments are looked at; in a long run all of them."""
REPORTS = 40 if LONG else 5


class Promised(NamedTuple):
    """What a person has read on the screen by then: short ids of reports saved, and receipts by id."""

    saved: list[str]
    receipts: dict[str, str]


@pytest.fixture
def watched(apoa: Installed, disk: Disk) -> Installed:
    """The installed command with its home on the disk, nothing set up."""
    return Installed(apoa.command, {**unmeasured(apoa).environ, **disk.logged, "APOA_HOME": str(disk.root / "home")})


@pytest.fixture
def after(
    disk: Disk, tmp_path: Path, clock: FixedClock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> "After":
    """Somebody who lays out the disk after a cut and starts the program on it."""
    return After(disk, tmp_path / "cuts", Apoa({"APOA_LANG": "en"}, clock, capsys, monkeypatch))


class After:
    """The program on the disk that a cut left."""

    def __init__(self, disk: Disk, folder: Path, apoa: Apoa) -> None:
        folder.mkdir()
        self._disk = disk
        self._folder = folder
        self._apoa = apoa
        self._cuts = 0

    def cut(self, events: Sequence[Event]) -> Apoa:
        """The program, when the plug was pulled after these events."""
        self._cuts += 1
        place = self._disk.after_a_cut(events, self._folder / str(self._cuts))
        self._apoa.environ["APOA_HOME"] = str(place / "home")
        return self._apoa


def promised(events: Sequence[Event]) -> Promised:
    """What was said on standard output by then, each command's JSON in one piece."""
    saved: list[str] = []
    receipts: dict[str, str] = {}
    for event in events:
        short_id = said_to_be_saved(event.content.decode()) if event.kind == "S" else None
        if short_id is not None:
            report = json.loads(event.content)
            saved.append(short_id)
            receipts |= {report["id"]: report["receipt"]["number"]} if report["receipt"] else {}
    return Promised(saved, receipts)


def moments(events: Sequence[Event], since: int) -> list[int]:
    """After how many events the plug is pulled: at random, and at the end."""
    later = range(since, len(events))
    chosen = random.Random(None if LONG else 4).sample(later, min(CUTS, len(later)))  # noqa: S311  a test's
    return [*sorted(chosen), len(events)]


def assert_nothing_is_lost(apoa: Apoa, said: Promised) -> list[dict[str, Any]]:
    """Each report that was said to be saved can be read, and each receipt that was shown is kept by both sides."""
    reports = apoa.reports()
    assert set(said.saved) <= {report["short_id"] for report in reports}
    assert all(report["guest"]["surname"] == guest(0).surname for report in reports)
    kept = {report["id"]: report["receipt"]["number"] for report in reports if report["receipt"]}
    books = acquired(apoa.home / "melati" / "sandbox.db")
    assert said.receipts.items() <= kept.items() <= books.items() <= {**books, **kept}.items()
    assert books.keys() <= {report["id"] for report in reports}
    return reports


def check(after: After, events: Sequence[Event], since: int) -> None:
    """At each moment: nothing is lost, all is delivered once, and nothing is left behind."""
    for moment in moments(events, since):
        apoa = after.cut(events[:moment])
        reports = assert_nothing_is_lost(apoa, promised(events[:moment]))
        sync_later(apoa.environ)
        delivered = apoa.reports()
        assert [report["id"] for report in delivered] == [report["id"] for report in reports]
        assert_delivered_once(delivered, apoa.home / "melati" / "sandbox.db", [])


def test_reports_are_saved_and_sent(watched: Installed, disk: Disk, after: After) -> None:
    """Some wait, one is sent at once and takes the others along, and a sync sends those that are made after it."""
    assert watched(*SETUP).code == 0
    since = len(disk.events())
    for number in range(REPORTS):
        waits = [] if number % 5 == 2 else ["--no-send"]
        assert watched(*guest(number).mrz("--json", *waits)).code == 0
    assert watched("sync", "--json").json["accepted"] == 2
    events = disk.events()
    assert [len(part) for part in promised(events)] == [REPORTS, REPORTS / 5]
    check(after, events, since)


@pytest.fixture
def reader(watched: Installed) -> Iterator[None]:
    """Somebody else has the queue open, so that no command is the last to close it, and SQLite's log grows."""
    assert watched(*SETUP).code == 0
    with closing(sqlite3.connect(watched.home / "melati" / "outbox.db")) as db:
        assert db.execute("SELECT count(*) FROM reports").fetchone() == (0,)
        yield


@pytest.mark.usefixtures("reader")
def test_reports_made_while_the_queue_is_open_elsewhere(watched: Installed, disk: Disk, after: After) -> None:
    """Then nothing but the log holds them, and the log is enough."""
    since = len(disk.events())
    for number in range(3):
        assert watched(*guest(number).mrz("--no-send", "--json")).code == 0
    assert watched("sync", "--json").json["accepted"] == 3
    check(after, disk.events(), since)


def test_setting_up(watched: Installed, disk: Disk, after: After) -> None:
    """Cut at any moment of it, setting up again works, and so does the first report."""
    assert watched(*SETUP).code == 0
    events = disk.events()
    for moment in moments(events, 0):
        apoa = after.cut(events[:moment])
        assert apoa(*SETUP).code == 0
        assert apoa.save()["state"] == "queued"
        sync_later(apoa.environ)
        assert len(acquired(apoa.home / "melati" / "sandbox.db")) == 1


def test_the_model_can_tell(disk: Disk, tmp_path: Path, watched: Installed) -> None:
    """What was never synced is gone: were it not so, the tests above would show nothing."""
    assert watched(*SETUP).code == 0
    events = disk.events()
    folders_only = [event for event in events if event.kind != "F"]
    found = disk.after_a_cut(folders_only, tmp_path / "nothing")
    assert "home/melati/outbox.db" in files_below(found)
    assert (found / "home" / "melati" / "outbox.db").read_bytes() == b""
    names_lost = [event for event in events if event.kind != "D"]
    assert files_below(disk.after_a_cut(names_lost, tmp_path / "nobody")) == set()
    assert (disk.after_a_cut(events, tmp_path / "all") / "home" / "config.toml").read_bytes() == (
        watched.home / "config.toml"
    ).read_bytes()
