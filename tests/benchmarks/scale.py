"""Measures time and peak memory of each command with very many reports: waiting ones, and delivered ones.

Run it as ``python tests/benchmarks/scale.py [--only queued|accepted] [--command WORDS] [--homes FOLDER] [--small]`` on
POSIX, with the interpreter that apoa-client is installed for. Each command runs in a process of its own, with few and
with many reports. The table has its time and peak memory with many, the ratios of its processor time and memory to
those with few, the ratio of its memory to that of ``python -c pass``, and what is expected: a flat command costs the
same, and for any other one the reason is given. The outboxes are made in FOLDER, where the next run finds them, or else
in a temporary folder.

While reports are merged or erased, another process saves again and again, and its longest wait is shown. No result
fails for being slow, but the exit status is 1, and no ratio is printed, where a command failed or its output does not
have the reports that it must have. ``--small`` only checks that, in seconds.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from datetime import time as time_of_day
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from nacl import bindings

from apoa_client.app.container import Container, SystemClock
from apoa_client.app.property_setup import PropertySetup
from apoa_client.outbox.rows import end_of_stay, millis, millis_or_none
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.state import Actor, AuditEvent
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Document, Guest, Report, Stay, to_json
from apoa_client.settings.config import MANUAL, PropertySettings
from apoa_client.vault.sealing import decode_public_key

APOA = str(Path(sys.executable).with_name("apoa"))
SIZES = {"queued": (10_000, 100_000), "accepted": (10_000, 1_000_000)}
SMALL_SIZES = {"queued": (600, 800), "accepted": (600, 800)}
IN_HOUSE, REPORTS_A_DAY = 200, 200
"""As `make_home` makes them: guests in house, and reports on most days."""
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of `ru_maxrss`."""
WIB = timezone(timedelta(hours=7))
"""The property's time zone."""
PAUSE_S = 0.02
LONGEST_S = 3600

# Starts a command and prints its seconds, its processor's seconds, its peak memory and its exit code. It is a process
# of its own, and loads little: the kernel reports at least the memory of the process that started the command.
LAUNCHER = """
import os, sys, time
output, *command = sys.argv[1:]
files = [(os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
begun = time.perf_counter()
process = os.posix_spawn(command[0], command, os.environ, file_actions=files)
_, status, usage = os.wait4(process, 0)
seconds = time.perf_counter() - begun
print(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
"""

GUEST = (
    "--mrz P<GBRHARTLEY<<OLIVER<JAMES<<<<<<<<<<<<<<<<<< --mrz 5364018223GBR8509129M3203282<<<<<<<<<<<<<<02 "
    "--birth-place LEEDS --nights 2"
)
FLAT = "flat"
OPENED = "8 bytes for each report; those that are shown are opened"
READ = "memory flat; each report is read"
EVENTS = "memory flat; each event is read"
ERASED = "8 bytes for each report that is erased"


class Home(NamedTuple):
    """A property's home with `total` reports in `state`, the id of the last one, and a folder for files."""

    path: Path
    state: str
    total: int
    last: str
    files: Path

    @property
    def outbox(self) -> Path:
        return self.path / "benchmark" / "outbox.db"


class Run(NamedTuple):
    """The seconds and the peak memory, in bytes, of a command."""

    seconds: float
    processor: float
    """Seconds of the processor: other work of the machine does not count."""
    memory: int
    waited: float = 0
    """The longest seconds for which another process waited to save."""


class Case(NamedTuple):
    """A command, what is expected of its cost, and its work: the output has `found` at least `times` times.

    The command may have {last}, {files}, {guest} and {today}. `output` is a file that it writes, if its work is not on
    stdout.
    """

    command: str
    expected: str
    found: str
    times: Callable[[Home], int] = lambda _home: 1
    output: str = ""
    states: Sequence[str] = tuple(SIZES)
    prepared: "Callable[[Home], Home] | None" = None
    """Makes the home that the command changes."""
    exit_code: int = 0


def every(home: Home) -> int:
    return home.total


def in_house(_home: Home) -> int:
    return IN_HOUSE


def erasable(home: Home) -> int:
    """Delivered reports of stays that ended more than a day ago."""
    return home.total - 2 * REPORTS_A_DAY


def due(home: Home) -> int:
    """Waiting check-ins whose deadline is before the night's end, and the guests in house."""
    return home.total // 2 + IN_HOUSE


def copied(home: Home) -> Home:
    """A copy of the home, in its folder of files."""
    return home._replace(path=Path(shutil.copytree(home.path, home.files / "copy")))


def halved(home: Home) -> Home:
    """A copy of the home without every other stay."""
    copy = copied(home)
    with closing(sqlite3.connect(copy.outbox)) as db, db:
        db.execute("PRAGMA synchronous = OFF")
        odd = "SELECT stay_id FROM reports WHERE kind = 'check_in' AND seq % 2 = 1"
        db.execute(f"DELETE FROM reports WHERE stay_id IN ({odd})")  # noqa: S608  a constant
    return copy


def empty(home: Home) -> Home:
    """A home with nothing but the key, which proves the backup."""
    copy = home._replace(path=home.files / "copy")
    copy.outbox.parent.mkdir(parents=True)
    shutil.copy(home.outbox.with_name("keys.json"), copy.outbox.with_name("keys.json"))
    return copy


CASES = (
    Case("status", FLAT, "benchmark"),
    Case("status --json", FLAT, '"urgent"'),
    Case("status --tonight", FLAT, "Guests in house: 200"),
    Case("status --tonight --json", OPENED, '"short_id"', due, states=["queued"]),
    Case("status --tonight --json", FLAT, '"short_id"', in_house, states=["accepted"]),
    Case("list", "flat: the last 30 days", "HARTLEY", in_house, states=["accepted"]),
    Case("list --json", OPENED, '"short_id"', every, states=["queued"]),
    Case("list --json", "flat: the last 30 days", '"short_id"', in_house, states=["accepted"]),
    Case("list --all --json", OPENED, '"short_id"', every),
    Case("list --in-house --json", FLAT, '"short_id"', in_house),
    Case("report {guest} --no-send --json", FLAT, '"state": "queued"', prepared=copied),
    Case("show {last} --json", "memory flat; the audit trail is searched", '"surname": "HARTLEY"'),
    Case("receipt {last} --json", FLAT, '"receipt"'),
    Case("checkout --all-due --no-send --yes --json", FLAT, '"reports"', prepared=copied),
    Case("log --json", "memory flat; the audit trail is searched", '"saved"', in_house),
    Case("log --since 2000-01-01 --json", EVENTS, '"saved"', every),
    Case("log --verify --json", EVENTS, '"whole": true'),
    Case("sync --by-hand", FLAT, "Waiting to be typed into APOA", states=["queued"], exit_code=75),
    Case("sync --sheet {files}/sheet.html --force", OPENED, "<section>", every, "sheet.html", ["queued"]),
    Case("purge --dry-run", ERASED, "reports would be erased", states=["accepted"]),
    Case("purge --dry-run --json", ERASED, "-7000-8000-", erasable, states=["accepted"]),
    Case("purge --dry-run --json", FLAT, '"reports": []', states=["queued"]),
    Case("backup {files}/backup.db --force --json", READ, '"reports"'),
    Case("restore {files}/backup.db --dry-run --json", READ, '"inserted": 0'),
    Case("restore {files}/backup.db --json", READ, '"inserted": 0', prepared=copied),
    Case("restore {files}/backup.db --json", f"{READ}, half are saved", '"only_here": 0', prepared=halved),
    Case("restore {files}/backup.db --json", f"{READ} and saved", '"created": true', prepared=empty),
    Case("purge --yes --today {today} --json", ERASED, "-7000-8000-", erasable, states=["accepted"], prepared=copied),
)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def measured(home: Home, command: Sequence[str], exit_code: int = 0) -> tuple[Run, Path]:
    """Run a command with the home. Return its cost, and the file with its output. Exits if it fails."""
    output, errors = home.files / "output", home.files / "errors"
    environ = {**os.environ, "APOA_HOME": str(home.path), "APOA_LANG": "en"}
    launcher = [sys.executable, "-S", "-c", LAUNCHER, str(output), *command]
    with errors.open("wb") as file:
        done = subprocess.run(
            launcher, env=environ, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file
        )
    seconds, processor, memory, code = done.stdout.split()
    if int(code) != exit_code:
        sys.exit(f"{' '.join(command)}: exit code {int(code)}\n{errors.read_text(encoding='utf-8')[-2000:]}")
    return Run(float(seconds), float(processor), int(memory) * RSS_UNIT), output


@contextmanager
def saving(outbox: Path) -> Iterator[list[float]]:
    """Take the write lock again and again, as a command that saves a report does, and note each wait."""
    waits, over = [0.0], threading.Event()

    def save() -> None:
        with closing(sqlite3.connect(outbox, isolation_level=None, timeout=LONGEST_S)) as db:
            while not over.wait(PAUSE_S):
                begun = time.perf_counter()
                db.execute("BEGIN IMMEDIATE")
                waits.append(time.perf_counter() - begun)
                db.execute("ROLLBACK")

    thread = threading.Thread(target=save)
    if outbox.exists():
        thread.start()
    try:
        yield waits
    finally:
        over.set()
        if thread.ident is not None:
            thread.join()


def run(home: Home, case: Case) -> Run:
    """Run one case. Exits if its output does not have the reports that it must have."""
    used = case.prepared(home) if case.prepared is not None else home
    today = datetime.now(WIB).date()
    words = case.command.format(last=home.last, files=home.files, guest=GUEST, today=today).split()
    with saving(used.outbox) as waits:
        cost, output = measured(used, [APOA, *words], case.exit_code)
    with (home.files / case.output if case.output else output).open(encoding="utf-8") as lines:
        found = sum(case.found in line for line in lines)
    if found < case.times(home):
        sys.exit(f"{case.command}: {found} of {case.times(home)} reports are in its output")
    if case.prepared is not None:
        shutil.rmtree(used.path)
    return cost._replace(waited=max(waits))


def made(folder: Path, temporary: Path, state: str, count: int) -> Home:
    """Return a home with so many reports, with a temporary folder; make it if it is not there yet."""
    path, about = folder / f"{state}-{count}", folder / f"{state}-{count}.json"
    folder.mkdir(parents=True, exist_ok=True)
    files = temporary / f"files-{state}-{count}"
    files.mkdir()
    if not about.exists():
        shutil.rmtree(path, ignore_errors=True)
        worker = [sys.executable, __file__, "--make", str(path), state, str(count)]
        done = subprocess.run(worker, check=True, stdout=subprocess.PIPE, timeout=LONGEST_S)
        about.write_bytes(done.stdout)
    return Home(path, state, count, json.loads(about.read_bytes())["last"], files)


def heading(few: Home, many: Home) -> Iterator[str]:
    yield f"\n{few.total:,} and {many.total:,} reports, {few.state}"
    yield f"{'':<46}{'seconds':>9}{'cpu':>8}{'x few':>7}{'MiB':>7}{'x few':>7}{'x python':>9}{'others':>8}  expected"


def rows(few: Home, many: Home, chosen: str = "") -> Iterator[str]:
    """Yield a row for each command, or for those that have the words `chosen`, when it is measured."""
    python, _output = measured(few, [sys.executable, "-c", "pass"])
    for case in CASES:
        if many.state in case.states and chosen in case.command:
            small, large = run(few, case), run(many, case)
            name = case.command.replace("{files}/", "")
            yield (
                f"{name:<46}{large.seconds:>9.2f}{large.processor:>8.2f}{large.processor / small.processor:>7.1f}"
                f"{large.memory / (1 << 20):>7.0f}"
                f"{large.memory / small.memory:>7.2f}{large.memory / python.memory:>9.1f}{large.waited * 1000:>8.0f}"
                f"  {case.expected}"
            )


# The making of a home.

ARRIVALS_A_DAY = 100
NIGHTS = 2
CHUNK = 20_000
DAY = timedelta(days=1)
WINDOW = 24 * 3_600_000

_COLUMNS = (
    "id, short_id, stay_id, kind, state, created_at, due_at, attempts, attempted_at, calls, receipt_number, "
    "receipt_issued_at, receipt_sha256, finished_at, content, ends_at, guest_tag, first_night, last_morning"
)
_FILL = f"INSERT INTO reports ({_COLUMNS}) VALUES ({', '.join('?' * 19)})"  # noqa: S608  constants


class FastSealer:
    """Seals as the vault does, but with one ephemeral key for all records, which saves most of the time."""

    def __init__(self, public_key: bytes) -> None:
        self._ephemeral, private = bindings.crypto_box_keypair()
        self._nonce = blake2b(self._ephemeral + public_key, digest_size=24).digest()
        self._shared = bindings.crypto_box_beforenm(public_key, private)

    def seal(self, record_id: str, content: bytes) -> bytes:
        name = record_id.encode()
        plain = len(name).to_bytes(2, "big") + name + content
        return b"\x01" + self._ephemeral + bindings.crypto_box_afternm(plain, self._nonce, self._shared)


def reports_of_days(last_day: date, days: int, zone: tzinfo) -> Iterator[Report]:
    """Yield the reports of so many days, in the order in which they were made."""
    for day in (last_day - ago * DAY for ago in range(days - 1, -1, -1)):
        for number in range(ARRIVALS_A_DAY) if (last_day - day).days < days - NIGHTS else ():
            at = datetime.combine(day, time_of_day(10), zone) + number * timedelta(seconds=1)
            stay = _id(at + timedelta(hours=4) - NIGHTS * DAY, number, "a")
            yield Report(_id(at, number, "c"), stay, Kind.CHECK_OUT, at, check_out=at)
        for number in range(ARRIVALS_A_DAY):
            at = datetime.combine(day, time_of_day(14), zone) + number * timedelta(seconds=1)
            nights = Stay(at, day + NIGHTS * DAY, str(number + 1))
            yield Report(_id(at, number, "b"), _id(at, number, "a"), Kind.CHECK_IN, at, _guest(number), nights)


def _id(at: datetime, number: int, kind: str) -> str:
    digits = f"{millis(at):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{kind}{number:03x}{digits[4:]}"


def _guest(number: int) -> Guest:
    lines = ("P<GBRHARTLEY<<OLIVER<JAMES<<<<<<<<<<<<<<<<<<", "5364018223GBR8509129M3203282<<<<<<<<<<<<<<02")
    papers = Document("P", f"X{number:08}", "GBR", date(2032, 3, 28), lines)
    return Guest("HARTLEY", f"OLIVER {number}", "M", PartialDate(1985, 9, 12), "LEEDS", "GBR", papers)


def row(report: Report, state: State, sealer: FastSealer) -> tuple[Any, ...]:
    """Return the values of `_COLUMNS`."""
    made, stay = millis(report.created_at), report.stay
    due = made + WINDOW if report.kind is Kind.CHECK_IN else None
    sent = (1, made, 1, f"STT-{made}", made, "ab" * 32, made) if state is State.ACCEPTED else (0, None, 0, *[None] * 4)
    nights = (
        (stay.check_in.date().toordinal(), stay.planned_check_out.toordinal()) if stay is not None else (None, None)
    )
    ends = millis_or_none(end_of_stay(report))
    ids = (report.id, short_id(report.id), report.stay_id)
    sealed = sealer.seal(report.id, to_json(report))
    return (*ids, report.kind.value, state.value, made, due, *sent, sealed, ends, None, *nights)


def events(made: Sequence[Report], state: State) -> Iterator[AuditEvent]:
    """Yield what the audit trail says about these reports."""
    for report in made:
        yield AuditEvent("saved", report.id)
        if state is State.ACCEPTED:
            yield AuditEvent("accepted", report.id)


def fill(outbox: SqliteOutbox, made: Iterator[Report], state: State, sealer: FastSealer) -> str:
    """Insert with SQL, because there are many rows; the triggers count them. Return the last report's id."""
    db, last = outbox._db, ""  # the outbox has no method that inserts delivered reports
    db.execute("PRAGMA synchronous = OFF")
    while chunk := list(islice(made, CHUNK)):
        last, actor = chunk[-1].id, Actor(lambda: "staff", partial(getattr, chunk[-1], "created_at"))
        db.execute("BEGIN")
        db.executemany(_FILL, (row(report, state, sealer) for report in chunk))
        audit.append(db, actor, events(chunk, state))
        db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return last


def make_home(home: str, state: State, count: int) -> None:
    """Set up a property whose reports are typed by hand, and fill its outbox. Prints the id of the last report.

    The reports are those of a hotel with a hundred arrivals a day: each stay has a check-in and, two nights later, a
    check-out, and the guests of the last nights are in house. Guests' data are kept for a day. Each content can be
    opened, and the audit trail has the events of each report.
    """
    environ = {"APOA_HOME": home}
    with closing(Container(environ, SystemClock())) as app:
        PropertySetup(app).set_up(
            PropertySettings("benchmark", "", "", vault="file", delivery=MANUAL, retention_days=1), ""
        )
    with closing(Container(environ, SystemClock())) as app:
        zone, outbox = app.settings.zone, app.outbox
        assert isinstance(outbox, SqliteOutbox)
        last_day = (datetime.now(UTC).astimezone(zone) - timedelta(hours=15)).date()
        days = count // (2 * ARRIVALS_A_DAY) + NIGHTS // 2
        sealer = FastSealer(decode_public_key(app.settings.public_key))
        last = fill(outbox, reports_of_days(last_day, days, zone), state, sealer)
        now = datetime.now(UTC)
        saved = outbox.summary(now=now, soon=now).counts[state]
    if saved != count:
        sys.exit(f"{saved} reports were made, not {count}")
    sys.stdout.write(json.dumps({"last": last}) + "\n")


def main() -> None:
    """Make the outboxes, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=SIZES, help="the state of the reports")
    parser.add_argument("--command", default="", help="measure commands with these words only")
    parser.add_argument("--homes", type=Path, help="a folder for the outboxes")
    parser.add_argument("--small", action="store_true", help="check in seconds that everything is measured")
    parser.add_argument("--make", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.make is not None:
        make_home(asked.make[0], State(asked.make[1]), int(asked.make[2]))
        return
    sizes = SMALL_SIZES if asked.small else SIZES
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-") as temporary:
        for state in [asked.only] if asked.only else SIZES:
            few, many = (made(asked.homes or Path(temporary), Path(temporary), state, size) for size in sizes[state])
            if asked.small:
                say(f"scale: {len(list(rows(few, many)))} commands measured, reports {state}")
            else:
                say("\n".join(heading(few, many)))
                for row in rows(few, many, asked.command):
                    say(row)
    if not asked.small:
        say("\ncpu: seconds of the processor. x few: times the cost with few reports.")
        say("x python: times the memory of python -c pass.")
        say("others: the longest wait of another process that saves, in milliseconds.")


if __name__ == "__main__":
    main()
