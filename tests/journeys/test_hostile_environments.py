"""Every command in an unusual process or environment gives its result or one clear error.

No call ends with a traceback or the exit code of a bug, hangs, loses a report, or makes a file that others can read.
The commands are those of the registry, so a new one is tried here too. A property is prepared once, and each call gets
a copy of its files, so that no call depends on another.
"""

import itertools
import json
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
import forked_command
import pytest
from basics import LONG, needs_tool
from cli_helpers import OBADIAH, QUENTIN, XIMENA, CallResult
from container_helpers import box
from forked_command import USUAL, Condition
from journeys_helpers import Disk

from apoa_client.cli.main import apoa as program
from apoa_client.cli.terminal.command_names import COMMANDS

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="these conditions are made with Linux's calls"),
    pytest.mark.slow,
]

CODES = frozenset({0, 2, 65, 69, 75, 77, 78})
"""The exit codes of cli.md, without that of a bug."""
ENDED = frozenset({130, 143})
"""The exit codes of a command that was asked to end."""
STOPPED = frozenset({128 + 21, 128 + 22})
"""The exit codes of a job that waits in the background for the terminal: SIGTTIN and SIGTTOU."""
LONGEST = 60
"""Seconds after which a command hangs. The slowest takes one."""
PASSPHRASE = "kuda betul baterai staples\n"


class Call(NamedTuple):
    """The arguments of one call, without the command's name, and its standard input."""

    arguments: Sequence[str] = ()
    stdin: str = ""
    seconds: float = 0
    """After how many seconds it is asked to end, for a command that never ends by itself."""


_NEW_GUEST = OBADIAH.mrz()[1:]
CALLS: Mapping[str, Call] = {
    "report": Call([*_NEW_GUEST, "--json"]),
    "check": Call(["--mrz", "-", "--json"], "\n".join(QUENTIN.lines)),
    "show": Call(["7", "--json"]),
    "receipt": Call(["7", "--html", "receipt.html"]),
    "received": Call(["7", "APOA-1"]),
    "checkout": Call(["7", "--yes", "--json"]),
    "amend": Call(["7", "--reason", "moved", "--room", "8", "--yes", "--json"]),
    "cancel": Call(["7", "--reason", "mistake", "--yes", "--json"]),
    "fix": Call(["7", "--yes", "--json"]),
    "setup": Call(["--non-interactive", "--property", "baru", "--training", "--vault", "file"]),
    "login": Call(["--password-stdin"], "latihan\n"),
    "purge": Call(["--dry-run", "--json"]),
    "log": Call(["--verify", "--json"]),
    "backup": Call(["new.apoa", "--json"]),
    "restore": Call(["old.apoa", "--json"]),
    "info": Call(["--poster", "poster.html"]),
    "sandbox": Call(["--port", "0"], seconds=0.5),
    "demo": Call(),
    "schedule install": Call(["--print"]),
    "key recover": Call(["--code-stdin"], "WRONG-WRONG\n"),
    "key rotate": Call(["--recovery-file", "code.html"]),
    "config get": Call(["retention_days", "--json"]),
    "config set": Call(["notify", "off", "--json"]),
    "completion": Call(["bash"]),
    "config unset": Call(["notify", "--json"]),
    "key export": Call(["key.txt", "--passphrase-stdin"], PASSPHRASE),
    "key import": Call(["old-key.txt", "--passphrase-stdin"], PASSPHRASE),
}
"""A usual call of each command. One that is not named here is called without arguments, or with `--json` alone."""

REMOVAL = "uninstall --yes --force"
VARIANTS: Mapping[str, Call] = {
    "sync --follow": Call(seconds=0.5),
    "status --all": Call(["--json"]),
    "status --alarm": Call(),
    "doctor --offline": Call(["--json"]),
    "export --personal": Call(["--output", "guests.xlsx"]),
    "import --from inbox": Call(["--json"]),
    "completion bash": Call(),
    REMOVAL: Call(["--json"]),
}
"""Commands with options that make another command of them."""


def commands() -> Iterator[str]:
    """Return the words of every command, the subcommands included, and of the variants."""
    yield from VARIANTS
    for name in COMMANDS:
        yield from _below([name], program.get_command(click.Context(program), name))


def _below(words: Sequence[str], command: click.Command | None) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name in command.commands:
            yield from _below([*words, name], command.get_command(click.Context(command), name))
    else:
        yield " ".join(words)


def usual_call(words: str) -> Call:
    """Return a call of this command."""
    named = CALLS.get(words) or VARIANTS.get(words)
    if named is not None:
        return named
    command: click.Command | None = program
    for word in words.split():
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None
    has_json = any("--json" in each.opts for each in command.params)
    return Call(["--json"] if has_json else [])


class Environment(NamedTuple):
    """An environment, and what else is unusual. `{desk}` in a value stands for the folder of the copy."""

    name: str
    environ: Mapping[str, str] = {}
    condition: Condition = USUAL
    start: Mapping[str, str] = {}
    """Variables that Python or the system's libraries read when a process starts."""
    container: Sequence[str] = ()
    bare: bool = False
    """Whether APOA_HOME is not set, so that the platform's folders are used."""
    folder: str = "desk"
    """The name of the folder that everything is in."""
    read_only: bool = False
    """Whether the property's files are read-only."""
    codes: frozenset[int] = frozenset()
    """Exit codes that are right here beside the usual ones."""
    harmless: bool = False
    """Whether each call must end as it usually does."""


_USUAL = Environment("a usual one")


@dataclass
class Prepared:
    """Folders that calls copy: the property's files, and the files that calls read."""

    home: Path
    files: Path
    ids: frozenset[str]


def prepare(folder: Path) -> Prepared:
    """Set up a property for training with a report that was sent, one that waits, and the files that calls read."""
    home, files = folder / "home", folder / "files"
    files.mkdir()
    table = files / "inbox" / "guests.csv"
    table.parent.mkdir(mode=0o700)
    table.write_text("surname\nQUENTIN\n")
    table.chmod(0o600)
    os.utime(table, (0, 0))  # it is not being written any more

    def call(*arguments: str, stdin: str = "") -> None:
        done = _run(arguments, {"APOA_HOME": str(home), "APOA_LANG": "en"}, stdin, Condition(str(files)))
        assert done.code == 0, done.err

    call("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file")
    call(*QUENTIN.mrz())
    call(*XIMENA.mrz("--no-send", "--room", "9"))
    call("backup", "old.apoa")
    call("key", "export", "old-key.txt", "--passphrase-stdin", stdin=PASSPHRASE)
    return Prepared(home, files, frozenset(saved_ids(home)))


def saved_ids(home: Path) -> set[str]:
    """Return the ids of all reports in the outbox, which is sound."""
    with closing(sqlite3.connect(home / "melati" / "outbox.db")) as db:
        assert db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        return {report_id for (report_id,) in db.execute("SELECT id FROM reports")}


def run_in(environment: Environment, words: str, prepared: Prepared, folder: Path) -> CallResult:
    """Run a usual call of a command on a copy of the property below this folder, and check what all calls promise."""
    desk = folder / environment.folder
    home, work = desk / "home", desk / "work"
    desk.mkdir(parents=True)
    shutil.copytree(prepared.home, home)
    shutil.copytree(prepared.files, work)
    given = usual_call(words)
    if environment.read_only:
        _make_read_only(home)
    home_named = {} if environment.bare else {"APOA_HOME": str(home)}
    more = {name: value.format(desk=desk) for name, value in environment.environ.items()}
    condition = environment.condition._replace(
        folder=environment.condition.folder or str(work), seconds=given.seconds, longest=LONGEST
    )
    call = [*words.split(), *given.arguments]
    # Without APOA_LANG the system's language is chosen, of which some of these environments have none.
    result = _run(call, {**home_named, **more}, given.stdin, condition, environment)
    if environment.read_only:
        _make_read_only(home, undo=True)
    _assert_promises(environment, words, result, ends=bool(given.seconds))
    _assert_private(desk)
    is_removed = words == REMOVAL and not (home / "melati" / "outbox.db").exists()
    assert is_removed or words != REMOVAL or result.code or environment.bare, result.all
    if not is_removed and not environment.condition.folder_deleted:
        assert saved_ids(home) >= prepared.ids, f"apoa {words}, {environment.name}: {result.code}\n{result.all}"
    return result


def _run(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    stdin: str,
    condition: Condition,
    environment: Environment = _USUAL,
) -> CallResult:
    start = {"PYTHONIOENCODING": "utf-8"} if not environment.start else environment.start
    container = tuple(environment.container)
    done = forked_command.run(
        arguments,
        {**environ, **environment.start},
        stdin,
        timeout=3 * LONGEST,
        condition=condition,
        start=tuple(sorted(start.items())),
        container=container,
    )
    return CallResult(done.returncode, done.stdout, done.stderr)


def _assert_promises(environment: Environment, words: str, result: CallResult, *, ends: bool) -> None:
    """Check for a result, or one clear error with its exit code."""
    where = f"apoa {words}, {environment.name}: {result.code}\n{result.all}"
    assert result.code in CODES | environment.codes | (ENDED if ends else set()), where
    for sign in ("Traceback", "Exception ignored", "Warning:", "bug in apoa"):
        assert sign not in result.err, where
    closed = environment.condition.closed
    if result.code not in ENDED | STOPPED | {0}:
        assert result.all.strip() or 2 in closed, where
    if result.code == 0 and not environment.condition.out and 1 not in closed and words not in _SILENT:
        assert result.all.strip(), where
    if "--json" in usual_call(words).arguments and result.out.strip() and result.out.lstrip().startswith("{"):
        json.loads(result.out)


_SILENT = frozenset({"sandbox"})
SLOW = ("demo", "key export", "key import")
"""Commands that take seconds: the whole main job, and a key that a passphrase protects."""


def _assert_private(desk: Path) -> None:
    """Check that no other user can read or change a file of the property's, or one that a command wrote."""
    for path in desk.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert path == desk / "work" or not mode & 0o077, f"{path} has mode {mode:o}"


def _make_read_only(home: Path, *, undo: bool = False) -> None:
    for each in [home, *home.rglob("*")]:
        each.chmod((0o700 if undo else 0o500) if each.is_dir() else (0o600 if undo else 0o400))


STRANGE = "Wisma Mélati ☀ ruang"
"""A folder's name with spaces and with characters that neither ASCII nor Latin-1 has."""
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
PYTHON = {
    "PYTHONSAFEPATH": "1",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONHASHSEED": "0",
    "PYTHONDEVMODE": "1",
}
"""Developers' variables: each warning is an error, and assertions and docstrings are left out."""
HOMES = {"nowhere": "{desk}/nowhere/home", "a file": "{desk}/work/old.apoa", "read-only": "/proc"}

ENVIRONMENTS = [
    Environment("nothing but APOA_HOME", harmless=True),
    *(Environment(f"HOME {name}", {"HOME": path}, harmless=True) for name, path in HOMES.items()),
    Environment("HOME relative", {"HOME": "home"}, harmless=True),
    Environment("HOME empty", {"HOME": ""}, harmless=True),
    *(
        Environment(f"HOME {name} and no APOA_HOME", {"HOME": path}, Condition(powerless=True), bare=True)
        for name, path in HOMES.items()
    ),
    Environment("a path with spaces and other letters", {"LANG": "id_ID.UTF-8"}, folder=STRANGE, harmless=True),
    Environment("the C locale", start={"LANG": "C", "LC_ALL": "C"}, harmless=True),
    Environment("ASCII alone", start=ASCII, folder=STRANGE, harmless=True),
    Environment("an unknown locale", start={"LANG": "xx_YY.UTF-9", "LC_ALL": "xx_YY.UTF-9"}, harmless=True),
    Environment("variables of Python", start=PYTHON, harmless=True),
    Environment("umask 077", condition=Condition(umask=0o077), harmless=True),
    Environment("umask 000", condition=Condition(umask=0), harmless=True),
    Environment("umask 277", condition=Condition(umask=0o277, powerless=True), harmless=True),
    *(
        Environment(f"closed streams {closed}", condition=Condition(closed=closed), harmless=closed == (2,))
        for count in (1, 2, 3)
        for closed in itertools.combinations((0, 1, 2), count)
    ),
    Environment("a full device as standard output", condition=Condition(out="/dev/full")),
    Environment("a session of its own", condition=Condition(new_session=True), harmless=True),
    *(
        Environment(f"a background job with TERM={term!r}", {"TERM": term}, Condition(background=True), codes=STOPPED)
        for term in ("xterm", "dumb", "")
    ),
    Environment("TMPDIR nowhere", {"TMPDIR": "/nonexistent"}, harmless=True),
    Environment("TMPDIR read-only", {"TMPDIR": "/proc"}, Condition(powerless=True), harmless=True),
    Environment("a deleted working directory", condition=Condition(folder_deleted=True)),
    Environment("20 open files", condition=Condition(limits={"NOFILE": 20}), harmless=True),
    Environment("no file may grow", condition=Condition(limits={"FSIZE": 0})),
    Environment("a read-only APOA_HOME", condition=Condition(powerless=True), read_only=True),
]

DAILY = ("report", "status", "sync")
"""The main job."""


def other_commands(turn: int | None = None) -> tuple[str, ...]:
    """Return the other commands; by turns one eighth. A long run tries all each time."""
    found = tuple(words for words in commands() if words not in {*DAILY, *SLOW})
    assert len(found) > 20
    return found if turn is None or LONG else found[turn % 8 :: 8]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A property with two reports, and the files that the calls read."""
    return prepare(tmp_path_factory.mktemp("prepared"))


Usual = Callable[[str], int]


@pytest.fixture(scope="module")
def usual(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Usual:
    """Return the exit code that a command's call usually has."""

    @cache
    def code(words: str) -> int:
        return run_in(Environment("a usual one"), words, prepared, tmp_path_factory.mktemp("usual")).code

    return code


def try_commands(
    environment: Environment, names: tuple[str, ...], prepared: Prepared, folder: Path, usual: Usual
) -> None:
    """Run each command, and check the exit code too where nothing may go wrong."""
    for number, words in enumerate(names):
        result = run_in(environment, words, prepared, folder / str(number))
        shutil.rmtree(folder / str(number))
        assert not environment.harmless or result.code == usual(words), f"{words}: {result.code}\n{result.err}"


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda environment: environment.name)
def test_every_command(environment: Environment, prepared: Prepared, tmp_path: Path, usual: Usual) -> None:
    """A guest is reported, the reports are shown and sent, or an error says what is wrong; so do the other commands."""
    names = (*DAILY, *other_commands(ENVIRONMENTS.index(environment)))
    try_commands(environment, names, prepared, tmp_path, usual)


@pytest.mark.parametrize("words", SLOW)
def test_the_slow_commands(words: str, prepared: Prepared, tmp_path: Path, usual: Usual) -> None:
    """Each command that takes longer, in the environments that together have most of what is unusual."""
    assert words in commands()
    for number, environment in enumerate(
        (
            Environment("ASCII", {"TMPDIR": "/nonexistent"}, Condition(umask=0), ASCII, folder=STRANGE, harmless=True),
            Environment("limits", condition=Condition(limits={"FSIZE": 0})),
            Environment("no streams", condition=Condition(closed=(0, 1, 2))),
        )
    ):
        try_commands(environment, (words,), prepared, tmp_path / str(number), usual)


def fake_time(offset: str) -> Mapping[str, str]:
    """Return the variables that move a program's clock. Skips without libfaketime."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    needs_tool("faketime", found=bool(found))
    return {"LD_PRELOAD": str(found[0]), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


@pytest.mark.parametrize("offset", ["-365d", "+365d"])
def test_a_clock_that_is_a_year_off(offset: str, prepared: Prepared, tmp_path: Path, usual: Usual) -> None:
    """Guests are reported, what waits is sent, and nothing is erased because of the clock alone.

    A training authority with a clock that is behind may refuse later arrivals.
    """
    environment, is_ahead = Environment(f"a clock {offset}", start=fake_time(offset)), offset[0] == "+"
    try_commands(environment._replace(harmless=is_ahead), DAILY, prepared, tmp_path, usual)
    try_commands(environment, other_commands(int(is_ahead)), prepared, tmp_path, usual)


MEGABYTE = 1 << 20


@pytest.mark.parametrize("room", [0, 20_000, MEGABYTE])
def test_little_space_on_the_disk(room: int, prepared: Prepared, disk: Disk, tmp_path: Path, usual: Usual) -> None:
    """With a megabyte every command works; with less, an error says so and keeps what was saved."""
    environ = {"DISK_ROOT": "{desk}", "DISK_ROOM": str(room)}
    start = {"LD_PRELOAD": str(disk.library)}
    environment = Environment(f"{room} free bytes", environ, start=start, harmless=room == MEGABYTE)
    try_commands(environment, (*DAILY, *other_commands(room)), prepared, tmp_path, usual)


def test_a_read_only_root_without_a_user(prepared: Prepared, tmp_path: Path, usual: Usual) -> None:
    """In a container with a number in place of a user, only a volume can be written to; every command works there."""
    volume = tmp_path / "volume"
    volume.mkdir()
    container = box("--bind", str(volume), str(volume))
    environment = Environment("a container", container=container, harmless=True)
    try_commands(environment, (*DAILY, *other_commands()), prepared, volume, usual)
    try_commands(environment._replace(bare=True, harmless=False), other_commands(1), prepared, volume, usual)
