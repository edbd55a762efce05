"""A disk that fills up, a home that may only be read, a database with flipped bytes: said plainly, and nothing is lost.

What is damaged or refused is told in the reader's language with exit code 78, nothing is made anew in its place, and
what is sound can still be read; when the disk is well again, everything goes to the authority, once.
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
from cli_helpers import COMMAND, LANGUAGES, Apoa, Installed, Said, spoken
from conftest import LONG, FixedClock
from journeys_helpers import (
    Disk,
    acquired,
    advice_of,
    call,
    files_below,
    give_up_roots_powers,
    guest,
    in_each_language,
    sync_later,
)

from apoa_client.errors import SealBroken
from apoa_client.outbox.errors import DiskFull, OutboxDamaged, OutboxUnreachable
from apoa_client.sandbox.server import SandboxServer

PAGE = 4096
SAVED = 12
"""Reports that wait in the prepared home: enough for several pages of the database."""
EVERY = 800 if LONG else 9_500
"""Bytes between one size of disk that is tried and the next."""
FLIPS = 1_500 if LONG else 40


@dataclass(frozen=True)
class Prepared:
    """A home with reports that wait for an authority which is there; ids in the order in which they were made."""

    home: Path
    memory: Path
    ids: list[str]

    @property
    def short_ids(self) -> list[str]:
        return [report_id[-8:] for report_id in self.ids]


@dataclass
class Installation:
    """A copy of that home, for one test to spoil."""

    apoa: Installed
    prepared: Prepared

    @property
    def database(self) -> Path:
        return self.apoa.home / "melati" / "outbox.db"

    def settle(self, promised: list[str]) -> None:
        """When the disk is well: what waited and what was promised is delivered once, and nothing else is there."""
        sync_later(self.apoa.environ)
        reports = self.apoa.reports()
        assert {report["short_id"] for report in reports} == {*self.prepared.short_ids, *promised}
        assert {report["state"] for report in reports} == {"accepted"}
        books = acquired(self.prepared.memory)
        assert all(books[report["id"]] == report["receipt"]["number"] for report in reports)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """The home, and its authority for as long as this module's tests run: each of their homes is a copy of this one."""
    folder = tmp_path_factory.mktemp("prepared")
    memory = folder / "authority.db"
    apoa = Installed(COMMAND, {"APOA_HOME": str(folder / "home"), "APOA_LANG": "en"})
    with SandboxServer(memory, username="latihan", password="latihan", now=lambda: datetime.now(UTC)) as server:
        assert apoa.set_up(server.base_url, "latihan").code == 0
        for number in range(SAVED):
            assert apoa(*guest(number).mrz("--no-send")).code == 0
        yield Prepared(apoa.home, memory, [report["id"] for report in apoa.reports()])


@pytest.fixture
def installation(apoa: Installed, tmp_path: Path, prepared: Prepared) -> Installation:
    """A copy of that home, where `disk` can make a disk of it that is too small."""
    home = tmp_path / "disk" / "home"
    shutil.copytree(prepared.home, home)
    return Installation(Installed(apoa.command, {**apoa.environ, "APOA_HOME": str(home)}), prepared)


fresh_numbers = count(1000)


def new_guest(*more: str) -> list[str]:
    """The arguments that report a guest whom the authority has not seen, in any copy of the home."""
    return guest(next(fresh_numbers)).mrz(*more)


def assert_told(said: Said, lang: str, *errors: type[Exception]) -> None:
    """Exit code 78, and one of these errors' advice in the reader's language."""
    assert said.code == 78, said.all
    assert any(spoken(lang, advice_of(error)) in said.err for error in errors), said.err  # type: ignore[arg-type]  # ours


# A disk that fills up.


@pytest.mark.slow
@pytest.mark.durable
def test_a_disk_that_fills_up_while_a_guest_is_saved(installation: Installation, disk: Disk) -> None:
    """Wherever the room ends, either the report is saved, or the staff are told that it is not."""
    saved: list[str] = []
    codes = set()
    for turn, room in enumerate(range(0, 80_000, EVERY)):
        lang = LANGUAGES[turn % 2]
        said = call(installation.apoa, new_guest("--no-send", "--json"), lang, more=disk.environ(DISK_ROOM=str(room)))
        codes.add(said.code)
        if said.code == 0:
            saved.append(said.json["short_id"])
        else:
            assert_told(said, lang, DiskFull)
            assert said.json["error"]["class"] == "disk_full"
        assert [report["short_id"] for report in installation.apoa.reports()] == [
            *installation.prepared.short_ids,
            *saved,
        ]
    assert codes == {0, 78}
    installation.settle(saved)


@pytest.mark.slow
@pytest.mark.durable
def test_a_disk_that_fills_up_while_a_guest_is_sent(installation: Installation, disk: Disk) -> None:
    """What was saved before the room ended is said to be saved, and exits with 0, whatever became of the sending."""
    saved: list[str] = []
    for turn, room in enumerate(range(30_000, 120_000, EVERY)):
        said = call(installation.apoa, new_guest("--json"), LANGUAGES[turn % 2], more=disk.environ(DISK_ROOM=str(room)))
        assert said.code in {0, 78}
        saved += [said.json["short_id"]] if said.code == 0 else []
        assert {report["short_id"] for report in installation.apoa.reports()} == {
            *installation.prepared.short_ids,
            *saved,
        }
    assert saved
    installation.settle(saved)


@pytest.mark.slow
@pytest.mark.durable
def test_a_disk_that_fills_up_while_what_waits_is_sent(installation: Installation, disk: Disk) -> None:
    """Wherever the room ends, sync says so; whatever the authority was told by then, it is told once."""
    saved: list[str] = []
    codes = set()
    for turn, room in enumerate(range(0, 120_000, EVERY)):
        lang = LANGUAGES[turn % 2]
        saved.append(installation.apoa(*new_guest("--no-send", "--json")).json["short_id"])
        said = call(installation.apoa, ["sync"], lang, more=disk.environ(DISK_ROOM=str(room)))
        codes.add(said.code)
        if said.code not in {0, 75}:  # 75: an earlier one left reports in the middle of being sent
            assert_told(said, lang, DiskFull)
    assert 78 in codes
    assert codes & {0, 75}
    installation.settle(saved)


@in_each_language
def test_looking_at_a_disk_without_any_room(installation: Installation, disk: Disk, lang: str) -> None:
    """Status, list and show either answer or say that the disk is full, and change nothing."""
    before = installation.database.read_bytes()
    for arguments in (["status"], ["list"], ["show", installation.prepared.ids[0]]):
        said = call(installation.apoa, arguments, lang, more=disk.environ(DISK_ROOM="0"))
        if said.code != 0:
            assert_told(said, lang, DiskFull)
    assert installation.database.read_bytes() == before
    installation.settle([])


# A home that may only be read.


@contextmanager
def only_to_be_read(place: Path) -> Iterator[None]:
    """Nothing at or below this place may be written to."""
    everything = [place, *place.rglob("*")]
    for each in everything:
        each.chmod(0o500 if each.is_dir() else 0o400)
    yield
    for each in everything:
        each.chmod(0o700 if each.is_dir() else 0o600)


@pytest.mark.skipif(sys.platform != "linux", reason="root's powers are given up with Linux's prctl")
@in_each_language
@pytest.mark.parametrize("place", ["", "melati/outbox.db"])
def test_a_home_that_may_only_be_read(installation: Installation, lang: str, place: str) -> None:
    """The whole home, or the database alone: the file is named, nothing changes, and nothing is made elsewhere."""
    before = installation.database.read_bytes()
    files = files_below(installation.apoa.home.parent)
    looking = (["status"], ["list", "--json"], ["show", installation.prepared.ids[0]])
    with only_to_be_read(installation.apoa.home / place):
        for arguments in (*looking, new_guest("--no-send", "--json"), ["sync", "--json"]):
            said = call(installation.apoa, arguments, lang, preexec_fn=give_up_roots_powers)
            if said.code != 0 or arguments not in looking:
                assert_told(said, lang, OutboxUnreachable)
                assert str(installation.database) in said.err
    assert installation.database.read_bytes() == before
    installation.settle([])
    assert files_below(installation.apoa.home.parent) == files | {"home/melati/outbox.lock"}


# A database with flipped bytes.


def flip(path: Path, at: int, size: int) -> None:
    """Flip every bit of so many bytes; done twice, the file is as it was."""
    with path.open("r+b") as file:
        file.seek(at)
        content = file.read(size)
        file.seek(at)
        file.write(bytes(byte ^ 0xFF for byte in content))


def leaf_of(path: Path, report_id: str) -> tuple[int, bytes]:
    """Where the page of the table that holds a report begins, and its content: a leaf of a table begins with a 13."""
    content = path.read_bytes()
    starts = range(0, len(content), PAGE)
    words = (report_id.encode(), b"check_in")  # the audit trail holds ids too
    [at] = [at for at in starts if content[at] == 13 and all(word in content[at : at + PAGE] for word in words)]
    return at, content[at : at + PAGE]


def root_of(path: Path, name: str) -> int:
    """Where the first page of a table or an index begins."""
    with closing(sqlite3.connect(path)) as db:
        [page] = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [name]).fetchone()
    return int((page - 1) * PAGE)


@in_each_language
@pytest.mark.parametrize(("at", "size"), [(0, 16), (16, 2), (18, 2), (100, 8)])
def test_a_header_with_flipped_bytes(installation: Installation, lang: str, at: int, size: int) -> None:
    """The format's name, the size of a page, the version, the schema: every command refuses and changes nothing."""
    flip(installation.database, at, size)
    before = installation.database.read_bytes()
    looking = (["status"], ["list"], ["show", installation.prepared.ids[0]])
    for arguments in (*looking, new_guest("--no-send"), ["sync"]):
        said = installation.apoa(*arguments, lang=lang)
        assert_told(said, lang, OutboxDamaged)
        assert str(installation.database) in said.err
    assert installation.database.read_bytes() == before
    flip(installation.database, at, size)
    installation.settle([])


@in_each_language
def test_a_page_of_reports_with_flipped_bytes(installation: Installation, lang: str) -> None:
    """The reports on other pages can still be read, listed and sent, and a guest who arrives now is saved and sent."""
    at, content = leaf_of(installation.database, installation.prepared.ids[5])
    lost = [report_id for report_id in installation.prepared.ids if report_id.encode() in content]
    assert 0 < len(lost) < SAVED / 2
    flip(installation.database, at, 64)
    status = installation.apoa("status", lang=lang)
    assert_told(status, lang, OutboxDamaged)
    assert f"{SAVED:>5}  {spoken(lang, 'Waiting to be sent')}\n" in status.out  # all the same
    for report_id in installation.prepared.ids:
        said = installation.apoa("show", report_id, lang=lang)
        if report_id in lost:
            assert_told(said, lang, OutboxDamaged)
        else:
            assert (said.code, guest(0).surname in said.out) == (0, True)
    saved = installation.apoa(*new_guest("--no-send", "--json"), lang=lang)
    assert saved.code == 0, saved.err
    intact = {report_id for report_id in installation.prepared.ids if report_id not in lost} | {saved.json["id"]}
    for choice in ([], ["--all"]):
        listed = installation.apoa("list", "--json", *choice, lang=lang)
        assert_told(listed, lang, OutboxDamaged)
        assert {report["id"] for report in listed.json["reports"]} == intact
    assert_told(installation.apoa("sync", lang=lang), lang, OutboxDamaged)
    listed = installation.apoa("list", "--all", "--json", lang=lang)
    states = {report["state"] for report in listed.json["reports"]}
    # A row that grows may need the damaged neighbour; it stays "sending", and goes again under the same id.
    assert {"accepted"} <= states <= {"accepted", "sending"}
    flip(installation.database, at, 64)
    installation.settle([saved.json["short_id"]])


@in_each_language
@pytest.mark.parametrize("index", ["reports_open", "reports_created", "sqlite_autoindex_reports_1"])
def test_an_index_with_flipped_bytes(installation: Installation, lang: str, index: str) -> None:
    """What needs that index says so, everything else answers, and no command leaves the file worse than it was."""
    at = root_of(installation.database, index)
    flip(installation.database, at, 64)
    saved: list[str] = []
    looking = (["status"], ["list", "--all"], ["show", installation.prepared.ids[0]])
    codes = []
    for arguments in (*looking, new_guest("--no-send", "--json"), ["sync"]):
        said = installation.apoa(*arguments, lang=lang)
        codes.append(said.code)
        if said.code != 0:
            assert_told(said, lang, OutboxDamaged)
        elif arguments[0] == "report":
            saved.append(said.json["short_id"])
    assert 0 in codes
    assert 78 in codes
    flip(installation.database, at, 64)
    installation.settle(saved)


@in_each_language
def test_a_sealed_report_with_flipped_bytes(installation: Installation, lang: str) -> None:
    """It is named and not sent; every other one is listed, shown and sent."""
    broken, *intact = installation.prepared.ids
    with closing(sqlite3.connect(installation.database)) as db:
        [sealed] = db.execute("SELECT content FROM reports WHERE id = ?", [broken]).fetchone()
    at = installation.database.read_bytes().index(sealed) + len(sealed) // 2
    flip(installation.database, at, 1)
    for arguments in (["list", "--json"], ["show", broken, "--json"]):
        said = installation.apoa(*arguments, lang=lang)
        assert spoken(lang, advice_of(SealBroken)) in said.err
        reports = said.json.get("reports", [said.json])
        assert [report["id"] for report in reports if report["guest"] is None] == [broken]
    assert_told(installation.apoa("sync", lang=lang), lang, SealBroken)
    assert_told(installation.apoa("sync", lang=lang), lang, SealBroken)
    states = {report["id"]: report["state"] for report in installation.apoa.reports()}
    assert states == {broken: "queued"} | dict.fromkeys(intact, "accepted")
    flip(installation.database, at, 1)
    installation.settle([])


@in_each_language
@pytest.mark.parametrize("part", [0.0, 0.4, 0.999])
def test_a_log_with_flipped_bytes(installation: Installation, lang: str, part: float) -> None:
    """SQLite ends its log before the first frame that does not hold: what came before it is there, and all goes on.

    Only a kill or another open command leaves a log at all: whoever is last to close the queue empties it.
    """
    aside = installation.database.parent / "aside"
    with closing(sqlite3.connect(installation.database)) as db:
        db.execute("SELECT count(*) FROM reports").fetchone()
        for _report in range(3):
            assert installation.apoa(*new_guest("--no-send")).code == 0
        before = [report["short_id"] for report in installation.apoa.reports()]
        aside.mkdir()
        for name in ("outbox.db", "outbox.db-wal"):
            shutil.copy(installation.database.with_name(name), aside)
    for name in ("outbox.db", "outbox.db-wal"):
        (aside / name).replace(installation.database.with_name(name))
    aside.rmdir()
    log = installation.database.with_name("outbox.db-wal")
    flip(log, int(log.stat().st_size * part), 4)
    assert installation.apoa("status", lang=lang).code == 0
    after = [report["short_id"] for report in installation.apoa.reports()]
    assert after == before[: len(after)]
    assert len(after) >= SAVED
    saved = installation.apoa(*new_guest("--no-send", "--json"), lang=lang).json["short_id"]
    installation.settle([*after, saved])


@pytest.fixture
def in_process(installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Apoa:
    """The program in this process on that home: many calls in little time."""
    return Apoa(dict(installation.apoa.environ), FixedClock(datetime.now(UTC)), capsys, monkeypatch)


def test_any_bytes_flipped(installation: Installation, in_process: Apoa) -> None:
    """Wherever it is damaged: no traceback, no other content, no file in its place, and no promise that is not kept."""
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
    books = acquired(installation.prepared.memory)
    assert set(installation.prepared.ids) <= books.keys()


def _use(apoa: Apoa, database: Path, contents: dict[str, Any]) -> None:
    """Look, save a guest, send; `contents` are guest and stay of what was saved before the damage."""
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
    """Whether the table has the report, by no index; or whether the table's damage hides that."""
    with closing(sqlite3.connect(database)) as db, suppress(sqlite3.DatabaseError):
        return db.execute("SELECT 1 FROM reports NOT INDEXED WHERE id = ?", [report_id]).fetchone() is not None
    return True
