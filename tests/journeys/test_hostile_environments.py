"""Every command in an unusual process or environment gives its result or one clear error.

No call ends with a traceback or the exit code of a bug, hangs, loses a report, or makes a file that others can read.
The commands are those of the registry, so a new one is tried here too.
"""

import itertools
import shutil
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest
from basics import LONG, needs_tool
from container_helpers import box
from forked_command import Condition
from hostile_helpers import SLOW, STOPPED, Environment, Prepared, commands, prepare, run_in
from journeys_helpers import Disk

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="these conditions are made with Linux's calls"),
    pytest.mark.slow,
]

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
