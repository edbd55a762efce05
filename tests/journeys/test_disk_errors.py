"""A disk that fills up, a read-only home and a database with flipped bytes, through the installed command.

The error is in the reader's language with exit code 78, no file is replaced, and undamaged reports can be read. Once
the disk works again, each report is delivered once.
"""

import random
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from basics import LONG, FixedClock
from cli_helpers import COMMAND, LANGUAGES, Apoa, CallResult, Installed, child_environment, spoken
from damage_helpers import PAGE, clear_index, flip
from journeys_helpers import (
    Disk,
    advice_of,
    call,
    drop_root_permissions,
    files_below,
    guest,
    in_each_language,
    receipts_of_authority,
    sync_later,
)

from apoa_client.errors import OutboxDamaged
from apoa_client.outbox.errors import DiskFull, OutboxUnreachable
from apoa_client.sandbox.server import SandboxServer

SAVED = 12
"""Queued reports in the prepared home: enough for several pages of the database."""
EVERY = 800 if LONG else 9_500
"""Bytes between one tested size of the disk and the next."""
FLIPS = 1_500 if LONG else 40


@dataclass(frozen=True)
class Prepared:
    """A home with queued reports for an authority that can be reached. The ids are in order of creation."""

    home: Path
    memory: Path
    ids: list[str]

    @property
    def short_ids(self) -> list[str]:
        return [report_id[-8:] for report_id in self.ids]


@dataclass
class Installation:
    """A copy of the prepared home that a test may damage."""

    apoa: Installed
    prepared: Prepared

    @property
    def database(self) -> Path:
        return self.apoa.home / "melati" / "outbox.db"

    def settle(self, promised: list[str]) -> None:
        """Checks that, with the disk repaired, exactly the queued and the saved reports are delivered, once each."""
        sync_later(self.apoa.environ)
        reports = self.apoa.reports()
        assert {report["short_id"] for report in reports} == {*self.prepared.short_ids, *promised}
        assert {report["state"] for report in reports} == {"accepted"}
        books = receipts_of_authority(self.prepared.memory)
        assert all(books[report["id"]] == report["receipt"]["number"] for report in reports)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """The home that the tests copy, and its authority, which runs for the whole module."""
    folder = tmp_path_factory.mktemp("prepared")
    memory = folder / "authority.db"
    apoa = Installed(COMMAND, {"APOA_HOME": str(folder / "home"), "APOA_LANG": "en", **child_environment()})
    with SandboxServer(memory, username="latihan", password="latihan", now=lambda: datetime.now(UTC)) as server:
        assert apoa.set_up(server.base_url, "latihan").code == 0
        for number in range(SAVED):
            assert apoa(*guest(number).mrz("--no-send")).code == 0
        yield Prepared(apoa.home, memory, [report["id"] for report in apoa.reports()])


@pytest.fixture
def installation(apoa: Installed, tmp_path: Path, prepared: Prepared) -> Installation:
    """A copy of the prepared home, on a disk that `disk` can limit."""
    home = tmp_path / "disk" / "home"
    shutil.copytree(prepared.home, home)
    return Installation(Installed(apoa.command, {**apoa.environ, "APOA_HOME": str(home)}), prepared)


fresh_numbers = count(1000)


def new_guest(*more: str) -> list[str]:
    """Returns the arguments that report a guest whom the authority does not know yet."""
    return guest(next(fresh_numbers)).mrz(*more)


def assert_error(said: CallResult, lang: str, *errors: type[Exception]) -> None:
    """Checks for exit code 78 and the advice of one of these errors in the reader's language."""
    assert said.code == 78, said.all
    assert any(spoken(lang, advice_of(error)) in said.err for error in errors), said.err  # type: ignore[arg-type]  # ours


# A disk that fills up.


@pytest.mark.slow
@pytest.mark.durable
@pytest.mark.parametrize(("command", "most"), [("report", 100_000), ("sync", 160_000)])
def test_full_disk(installation: Installation, disk: Disk, command: str, most: int) -> None:
    """At each size of the disk, a guest is saved, or what waits is sent once, or the error says that it is not."""
    saved: list[str] = []
    codes = set()
    for turn, room in enumerate(range(0, most, EVERY)):
        lang, arguments = LANGUAGES[turn % 2], new_guest("--no-send", "--json")
        if command == "sync":
            saved.append(installation.apoa(*arguments).json["short_id"])
            arguments = ["sync", "--json"]
        said = call(installation.apoa, arguments, lang, more=disk.environ(DISK_ROOM=str(room)))
        codes.add(said.code)
        if said.code == 78:
            assert_error(said, lang, DiskFull)
            assert said.json["error"]["class"] == "disk_full"
        elif command == "report":
            saved.append(said.json["short_id"])
        listed = [report["short_id"] for report in installation.apoa.reports()]
        assert listed == [*installation.prepared.short_ids, *saved]
    assert codes <= ({0, 78} if command == "report" else {0, 75, 78})  # 75: an earlier one left some in `sending`
    assert 78 in codes
    assert codes & {0, 75}
    installation.settle(saved)


CANNOT_SAVE = "What was saved before is shown. No guest can be saved now."


# A read-only home.


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """Makes this file, or this folder with its content, read-only."""
    everything = [place, *place.rglob("*")]
    for each in everything:
        each.chmod(0o500 if each.is_dir() else 0o400)
    yield
    for each in everything:
        each.chmod(0o700 if each.is_dir() else 0o600)


@pytest.mark.skipif(sys.platform != "linux", reason="root's powers are given up with Linux's prctl")
@in_each_language
@pytest.mark.parametrize("place", ["", "melati/outbox.db"])
def test_read_only_home(installation: Installation, lang: str, place: str) -> None:
    """Of a read-only home or database everything can be read. Saving is an error, and no file changes."""
    before = installation.database.read_bytes()
    files = files_below(installation.apoa.home.parent)
    with read_only(installation.apoa.home / place):
        for arguments in (["status"], ["list", "--json"], ["show", installation.prepared.ids[0]], ["log"]):
            said = call(installation.apoa, arguments, lang, preexec_fn=drop_root_permissions).ok()
            assert place or spoken(lang, CANNOT_SAVE) in said.err
        for arguments in (new_guest("--no-send", "--json"), ["sync", "--json"]):
            said = call(installation.apoa, arguments, lang, preexec_fn=drop_root_permissions)
            assert_error(said, lang, OutboxUnreachable)
            assert str(installation.database) in said.err
        alarm = call(installation.apoa, ["status", "--alarm"], lang, preexec_fn=drop_root_permissions)
        assert alarm.code == 0 if place else 78
    assert installation.database.read_bytes() == before
    installation.settle([])
    assert files_below(installation.apoa.home.parent) == files | {"home/melati/codes.json"}


# A database with flipped bytes.


def leaf_of(path: Path, report_id: str) -> tuple[int, bytes]:
    """Returns the position and content of the table's page that holds a report. A table's leaf page begins with 13."""
    content = path.read_bytes()
    starts = range(0, len(content), PAGE)
    words = (report_id.encode(), b"check_in")  # the audit trail holds ids too
    [at] = [at for at in starts if content[at] == 13 and all(word in content[at : at + PAGE] for word in words)]
    return at, content[at : at + PAGE]


@in_each_language
def test_flipped_bytes_in_a_page_of_reports(installation: Installation, lang: str) -> None:
    """Reports on other pages are read, listed and sent, and a new guest is saved and sent."""
    at, content = leaf_of(installation.database, installation.prepared.ids[5])
    lost = [report_id for report_id in installation.prepared.ids if report_id.encode() in content]
    assert 0 < len(lost) < SAVED / 2
    flip(installation.database, at, 64)
    status = installation.apoa("status", lang=lang)
    assert_error(status, lang, OutboxDamaged)
    assert f"{SAVED:>5}  {spoken(lang, 'Waiting to be sent')}\n" in status.out  # all the same
    for report_id in installation.prepared.ids:
        said = installation.apoa("show", report_id, lang=lang)
        if report_id in lost:
            assert_error(said, lang, OutboxDamaged)
        else:
            assert (said.code, guest(0).surname in said.out) == (0, True)
    saved = installation.apoa(*new_guest("--no-send", "--json"), lang=lang)
    assert saved.code == 0, saved.err
    intact = {report_id for report_id in installation.prepared.ids if report_id not in lost} | {saved.json["id"]}
    for choice in ([], ["--all"]):
        listed = installation.apoa("list", "--json", *choice, lang=lang)
        assert_error(listed, lang, OutboxDamaged)
        assert {report["id"] for report in listed.json["reports"]} == intact
    assert_error(installation.apoa("sync", lang=lang), lang, OutboxDamaged)
    listed = installation.apoa("list", "--all", "--json", lang=lang)
    states = {report["state"] for report in listed.json["reports"]}
    # A row that grows may need the damaged page; its report waits, and is sent again under the same id.
    assert {"accepted"} <= states <= {"accepted", "queued", "sending"}
    flip(installation.database, at, 64)
    installation.settle([saved.json["short_id"]])


@pytest.mark.slow
@pytest.mark.durable
def test_kills_during_a_repair(installation: Installation, disk: Disk) -> None:
    """A sync that is killed before any change of the disk loses nothing, and the next one repairs and delivers all."""
    home = installation.apoa.home
    sound = home.with_name("sound")
    home.rename(sound)
    code, step = -9, 1
    while code == -9:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(sound, home)
        clear_index(installation.database, "reports_open")
        code = call(installation.apoa, ["sync"], "en", more=disk.environ(DISK_STEP=str(step))).code
        assert code in {-9, 0}
        installation.settle([])
        step += 1 if LONG else 7
    assert step > 20


@pytest.fixture
def in_process(installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Apoa:
    """The program in this process on the installation's home, which is faster."""
    return Apoa(dict(installation.apoa.environ), FixedClock(datetime.now(UTC)), capsys, monkeypatch)


@pytest.mark.slow
def test_flipped_bytes_anywhere(installation: Installation, in_process: Apoa) -> None:
    """Wherever the damage is: no traceback, no wrong content, no replaced file, and every saved report is delivered."""
    seed = random.SystemRandom().randrange(1 << 32) if LONG else 4
    print(f"seed {seed}")  # noqa: T201  pytest shows it where the test fails
    chance = random.Random(seed)  # noqa: S311  a test's
    sound = installation.database.read_bytes()
    contents = {report["id"]: (report["guest"], report["stay"]) for report in in_process.reports()}
    for turn in range(FLIPS):
        for left in installation.database.parent.glob("outbox.db-*"):
            left.unlink()
        installation.database.write_bytes(sound)
        number = installation.database.stat().st_ino
        flip(installation.database, chance.randrange(len(sound)), chance.choice([1, 1, 8, 200]))
        in_process.environ["APOA_LANG"] = LANGUAGES[turn % 2]
        _use(in_process, installation.database, contents)
        assert installation.database.stat().st_ino == number
        assert installation.database.stat().st_size >= len(sound)
    books = receipts_of_authority(installation.prepared.memory)
    assert set(installation.prepared.ids) <= books.keys()


def _use(apoa: Apoa, database: Path, contents: dict[str, Any]) -> None:
    """Reads, saves a guest and sends. `contents` holds the guest and stay of each report before the damage."""
    for arguments in (["list", "--all"], *(["show", report_id] for report_id in list(contents)[:2])):
        said = apoa(*arguments, "--json")
        assert said.code in {0, 2, 78}, said.all  # 2: an index that does not hold finds no such report
        for report in said.json.get("reports", [said.json]) if said.code == 0 else []:
            assert report["guest"] is None or (report["guest"], report["stay"]) == contents[report["id"]]
    assert apoa("status").code in {0, 78}
    said = apoa(*new_guest("--no-send", "--json"))
    assert said.code in {0, 78}, said.all
    if said.code == 0:
        assert _is_there(database, said.json["id"])
    sent = apoa("sync", "--json")
    assert sent.code in {0, 75, 78}, sent.all


def _is_there(database: Path, report_id: str) -> bool:
    """Returns whether the table has the report, read without an index, or whether the damage hides it."""
    with closing(sqlite3.connect(database)) as db, suppress(sqlite3.DatabaseError):
        return db.execute("SELECT 1 FROM reports NOT INDEXED WHERE id = ?", [report_id]).fetchone() is not None
    return True
