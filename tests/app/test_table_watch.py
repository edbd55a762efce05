"""A watched folder: which files are whole, and where a file goes."""

import io
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import FixedClock, raises_error
from journeys_helpers import link_to_folder

from apoa_client import files
from apoa_client.app.table_watch import (
    CUT_OFF_S,
    DONE,
    REFUSED,
    RETRY_S,
    SETTLED_S,
    WatchedFolder,
    reason_file,
)
from apoa_client.errors import Exit, SettingsProblem, UsageProblem

TEXT = b"Surname;Room\nSMITH;5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder into which a booking system puts its files."""
    path = tmp_path / "drop"
    path.mkdir()
    return path


@pytest.fixture
def watched(folder: Path, clock: FixedClock) -> WatchedFolder:
    """Watches it."""
    found = WatchedFolder(folder, clock.monotonic)
    found.prepare()
    return found


@pytest.fixture
def names_after(watched: WatchedFolder, clock: FixedClock) -> Callable[[float], list[str]]:
    """Returns the names of the whole files after some seconds."""

    def look(seconds: float) -> list[str]:
        clock.seconds += seconds
        return [path.name for path in watched.whole_files()]

    return look


Names = Callable[[float], list[str]]


def test_a_file_that_grows_is_left_alone(folder: Path, names_after: Names) -> None:
    """It is whole when nothing has changed for some seconds."""
    file = folder / "guests.csv"
    file.write_bytes(TEXT)
    assert names_after(SETTLED_S) == []
    file.write_bytes(TEXT * 2)
    assert names_after(SETTLED_S) == []
    assert names_after(SETTLED_S - 1) == []
    assert names_after(1) == ["guests.csv"]


def test_a_change_of_the_same_size_is_noticed(folder: Path, names_after: Names) -> None:
    """By its time; so is another file of the same name."""
    file = folder / "guests.csv"
    file.write_bytes(TEXT)
    os.utime(file, (1, 1))
    names_after(0)
    os.utime(file, (2, 2))
    assert names_after(SETTLED_S) == []
    assert names_after(SETTLED_S) == ["guests.csv"]


@pytest.mark.parametrize(
    "content",
    [TEXT[:-4], b'{"guest": {"surname": "SMI', b"PK\x03\x04 half an archive\n", TEXT.decode().encode("utf-16")[:-2]],
)
def test_a_file_that_ends_in_the_middle(folder: Path, names_after: Names, content: bytes) -> None:
    """It is whole only after a minute: its writer may have paused."""
    (folder / "guests").write_bytes(content)
    names_after(0)
    assert names_after(SETTLED_S) == []
    assert names_after(CUT_OFF_S - SETTLED_S) == ["guests"]


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr("a", "b")
    return content.getvalue()


@pytest.mark.parametrize(
    "content", [TEXT, b'[{"guest": {}}]', archive(), TEXT.decode().encode("utf-16-be"), TEXT[:-1] + b"\r"]
)
def test_a_file_with_its_end(folder: Path, names_after: Names, content: bytes) -> None:
    """A last line, the end of a JSON document or of an archive: the usual pause is enough."""
    (folder / "guests").write_bytes(content)
    names_after(0)
    assert names_after(SETTLED_S) == ["guests"]


def test_what_is_no_file_to_import(folder: Path, watched: WatchedFolder, names_after: Names) -> None:
    """Unfinished, hidden and empty files, those of the systems, folders, links and our own are left alone."""
    ours = sorted(path.name for path in folder.iterdir())
    assert ours == [".apoa-import.lock", DONE, REFUSED]
    for name in (
        "a.csv.part",
        "A.TMP",
        "a.crdownload",
        ".hidden.csv",
        "~$a.xlsx",
        ".~lock.a.ods#",
        "a.csv~",
        "Thumbs.db",
    ):
        (folder / name).write_bytes(TEXT)
    (folder / "empty.csv").write_bytes(b"")
    (folder / "sub.csv").mkdir()
    if sys.platform != "win32":
        (folder / "link.csv").symlink_to(folder / "sub.csv" / "elsewhere.csv")
        os.mkfifo(folder / "pipe.csv")
    names_after(0)
    assert names_after(CUT_OFF_S) == []
    assert watched.folder == folder


def test_the_oldest_first(folder: Path, names_after: Names) -> None:
    """Files are imported in the order in which they were written: a later one may correct an earlier one."""
    for name, time in (("a.csv", 3), ("b.csv", 1), ("c.csv", 2)):
        (folder / name).write_bytes(TEXT)
        os.utime(folder / name, (time, time))
    names_after(0)
    assert names_after(SETTLED_S) == ["b.csv", "c.csv", "a.csv"]


def test_a_file_that_is_left(folder: Path, watched: WatchedFolder, names_after: Names) -> None:
    """It is not tried again for a minute, unless it is changed."""
    file = folder / "guests.csv"
    file.write_bytes(TEXT)
    names_after(0)
    assert names_after(SETTLED_S) == ["guests.csv"]
    watched.leave(file)
    assert names_after(RETRY_S - 1) == []
    assert names_after(1) == ["guests.csv"]
    watched.leave(file)
    file.write_bytes(TEXT * 2)
    names_after(0)
    assert names_after(SETTLED_S) == ["guests.csv"]


def test_where_a_file_goes(folder: Path, watched: WatchedFolder, names_after: Names) -> None:
    """It keeps its name; a second one gets a number, and none is replaced."""
    found = []
    for content in (TEXT, TEXT * 2, TEXT * 3):
        file = folder / "guests.v1.csv"
        file.write_bytes(content)
        names_after(0)
        target = watched.target(file, DONE)
        assert watched.move(file, target)
        found.append((target.name, target.read_bytes() == content))
    assert found == [("guests.v1.csv", True), ("guests.v1-2.csv", True), ("guests.v1-3.csv", True)]
    assert watched.target(folder / "guests.v1.csv", REFUSED).name == "guests.v1.csv"
    assert reason_file(folder / "guests.v1-3.csv").name == "guests.v1-3.csv.reason.txt"


def test_where_a_refused_file_goes(folder: Path, watched: WatchedFolder) -> None:
    """No other refused file has its name with another ending: the copies of their refused rows have one ending."""
    (folder / REFUSED / "guests.json").write_bytes(TEXT)
    (folder / REFUSED / "Guests-2.ods").write_bytes(TEXT)
    assert watched.target(folder / "guests.xlsx", REFUSED).name == "guests-3.xlsx"
    assert watched.target(folder / "guests.xlsx", DONE).name == "guests.xlsx"


@pytest.mark.parametrize("where", [DONE, REFUSED])
def test_a_folder_that_was_removed(folder: Path, watched: WatchedFolder, names_after: Names, where: str) -> None:
    """A user who tidies up removes the folder of imported or of refused files: it is made again."""
    (folder / where).rmdir()
    file = folder / "guests.csv"
    file.write_bytes(TEXT)
    names_after(0)
    assert watched.move(file, watched.target(file, where))
    assert (folder / where / "guests.csv").read_bytes() == TEXT


def test_a_file_that_was_changed_is_not_moved(folder: Path, watched: WatchedFolder, names_after: Names) -> None:
    """Rows that were added while it was imported are imported, too."""
    file = folder / "guests.csv"
    file.write_bytes(TEXT)
    names_after(0)
    file.write_bytes(TEXT * 2)
    assert not watched.move(file, watched.target(file, DONE))
    assert file.exists()
    file.unlink()
    assert not watched.move(file, watched.target(file, DONE))


def test_two_watchers(folder: Path, watched: WatchedFolder, clock: FixedClock) -> None:
    """While one takes a file, another one takes none."""
    other = WatchedFolder(folder, clock.monotonic)
    with watched.lock() as first, other.lock() as second:
        assert (first, second) == (True, False)
    with other.lock() as second:
        assert second


def test_a_folder_that_cannot_be_watched(tmp_path: Path, clock: FixedClock) -> None:
    """A missing one is a wrong usage; one that cannot be changed is an error of this computer."""
    with pytest.raises(UsageProblem):
        WatchedFolder(tmp_path / "nowhere", clock.monotonic).prepare()
    (tmp_path / DONE).write_text("a file")
    with pytest.raises(SettingsProblem):
        WatchedFolder(tmp_path, clock.monotonic).prepare()


def test_what_a_killed_process_left(folder: Path, watched: WatchedFolder, clock: FixedClock) -> None:
    """A half-written copy of refused rows is removed at the next start, unless another process writes it now."""
    left = files.temporary_beside(folder / REFUSED / "a-problems.csv")
    left.write_bytes(TEXT)
    with watched.lock():
        WatchedFolder(folder, clock.monotonic).prepare()
        assert left.exists()
    WatchedFolder(folder, clock.monotonic).prepare()
    assert list((folder / REFUSED).iterdir()) == []


def into_link(path: Path, elsewhere: Path) -> None:
    path.rename(path.with_name("before"))
    link_to_folder(path, elsewhere)


def into_dangling_link(path: Path, elsewhere: Path) -> None:
    into_link(path, elsewhere)
    elsewhere.rmdir()


def open_to_others(path: Path, _elsewhere: Path) -> None:
    path.chmod(0o777)


def give_away(path: Path, _elsewhere: Path) -> None:
    os.chown(path, 12_345, -1)


posix_only = pytest.mark.skipif(os.name != "posix", reason="owner and mode are POSIX's")
UNSAFE = [
    into_link,
    into_dangling_link,
    pytest.param(open_to_others, marks=posix_only),
    pytest.param(
        give_away, marks=pytest.mark.skipif(os.name != "posix" or bool(os.geteuid()), reason="only root gives away")
    ),
]


@pytest.mark.parametrize("where", [DONE, REFUSED])
@pytest.mark.parametrize("make_unsafe", UNSAFE)
def test_a_folder_of_another_user(
    folder: Path,
    watched: WatchedFolder,
    names_after: Names,
    make_unsafe: Callable[[Path, Path], None],
    where: str,
) -> None:
    """A link, or a folder that another user can change, is refused at the start and at each move. Nothing is moved."""
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir()
    file = folder / "guests.csv"
    file.write_bytes(TEXT)
    names_after(0)
    target = watched.target(file, where)
    make_unsafe(folder / where, elsewhere)
    for attempt in (watched.prepare, watched.check, lambda: watched.move(file, target)):
        with raises_error("unsafe_permissions") as caught:
            attempt()
        assert caught.value.exit_code is Exit.SETTINGS
    assert file.read_bytes() == TEXT
    assert not elsewhere.exists() or list(elsewhere.iterdir()) == []


@posix_only
def test_a_folder_that_is_exchanged_after_its_check(
    folder: Path, watched: WatchedFolder, names_after: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file goes into the folder that was checked, whatever has its name by now."""
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir()
    file = folder / "guests.csv"
    file.write_bytes(TEXT)
    names_after(0)
    original = files.replace_file

    def exchange(*arguments: Any) -> None:
        into_link(folder / DONE, elsewhere)
        original(*arguments)

    monkeypatch.setattr(files, "replace_file", exchange)
    assert watched.move(file, watched.target(file, DONE))
    assert (list(elsewhere.iterdir()), (folder / "before" / file.name).read_bytes()) == ([], TEXT)


@posix_only
def test_a_link_to_a_table(folder: Path, names_after: Names) -> None:
    """It is not followed, whole as the table is that it leads to."""
    table = folder.with_name("table.csv")
    table.write_bytes(TEXT)
    (folder / "guests.csv").symlink_to(table)
    names_after(0)
    assert names_after(CUT_OFF_S) == []
