"""A folder of tables: which files are taken, and where a file goes."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from basics import NOW, raises_error
from journeys_helpers import link_to_folder

from apoa_client import files
from apoa_client.app.import_folder import DONE, REFUSED, SETTLED_S, ImportFolder
from apoa_client.errors import Exit, SettingsProblem, UsageProblem

TEXT = b"Surname;Room\nSMITH;5\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The folder into which a booking system puts its files."""
    path = tmp_path / "drop"
    path.mkdir()
    return path


@pytest.fixture
def folder(path: Path) -> ImportFolder:
    """Takes files from it."""
    found = ImportFolder(path)
    with found.held():
        pass
    return found


def put(file: Path, content: bytes = TEXT, *, age_s: float = 3600) -> Path:
    """Write a file that was changed so many seconds ago."""
    file.write_bytes(content)
    at = NOW.timestamp() - age_s
    os.utime(file, (at, at))
    return file


def names(folder: ImportFolder) -> tuple[list[str], list[str]]:
    """Return the names of the files that can be taken, and of those that were changed a moment ago."""
    whole, recent = folder.waiting(NOW)
    return [each.name for each in whole], [each.name for each in recent]


def test_a_file_that_was_just_changed_is_left(path: Path, folder: ImportFolder) -> None:
    """It may be in the middle of a row. A clock of another computer that is far ahead holds up no file."""
    put(path / "a.csv", age_s=SETTLED_S)
    put(path / "b.csv", age_s=SETTLED_S - 1)
    put(path / "c.csv", age_s=-1)
    put(path / "d.csv", age_s=-3600)
    assert names(folder) == (["a.csv", "d.csv"], ["b.csv", "c.csv"])
    for name, age in (("b.csv", 3000), ("c.csv", 9000)):
        put(path / name, age_s=age)
    assert names(folder)[0] == ["c.csv", "b.csv", "a.csv", "d.csv"]  # a later one may correct an earlier one


def test_what_is_no_file_to_import(path: Path, folder: ImportFolder) -> None:
    """Unfinished and hidden files, those of the systems, folders, links and our own are left alone."""
    assert sorted(each.name for each in path.iterdir()) == [".apoa-import.lock", DONE, REFUSED]
    for name in (
        *("a.csv.part", "A.TMP", "a.crdownload", ".hidden.csv", "~$a.xlsx", ".~lock.a.ods#", "a.csv~"),
        "Thumbs.db",
    ):
        put(path / name)
    (path / "sub.csv").mkdir()
    if sys.platform != "win32":
        table = put(path.with_name("table.csv"))
        (path / "link.csv").symlink_to(table)
        os.mkfifo(path / "pipe.csv")
    assert names(folder) == ([], [])


@pytest.mark.parametrize("where", [DONE, REFUSED])
def test_a_folder_that_was_removed(path: Path, folder: ImportFolder, where: str) -> None:
    """A user who tidies up removes the folder of imported or of refused files: it is made again."""
    (path / where).rmdir()
    file = put(path / "guests.csv")
    names(folder)
    assert folder.move(file, folder.target(file, where))
    assert (path / where / "guests.csv").read_bytes() == TEXT


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """A missing one is a wrong usage; one that cannot be changed, or that has gone, is an error of this computer."""
    with pytest.raises(UsageProblem), ImportFolder(tmp_path / "nowhere").held():
        pass
    with pytest.raises(SettingsProblem):
        ImportFolder(tmp_path / "nowhere").waiting(NOW)
    (tmp_path / DONE).write_text("a file")
    with pytest.raises(SettingsProblem), ImportFolder(tmp_path).held():
        pass


def test_what_a_killed_process_left(path: Path, folder: ImportFolder) -> None:
    """A half-written copy of refused rows is removed at the next start, unless another process writes it now."""
    left = put(files.temporary_beside(path / REFUSED / "a-problems.csv"))
    with folder.held():
        left.write_bytes(TEXT)
        with ImportFolder(path).held():
            assert left.exists()
    with ImportFolder(path).held():
        assert list((path / REFUSED).iterdir()) == []


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
    path: Path, folder: ImportFolder, make_unsafe: Callable[[Path, Path], None], where: str
) -> None:
    """A link, or a folder that another user can change, is refused at the start and at each move. Nothing is moved."""
    elsewhere = path.with_name("elsewhere")
    elsewhere.mkdir()
    file = put(path / "guests.csv")
    names(folder)
    target = folder.target(file, where)
    make_unsafe(path / where, elsewhere)
    for attempt in (lambda: folder.held().__enter__(), folder.check, lambda: folder.move(file, target)):
        with raises_error("unsafe_permissions") as caught:
            attempt()
        assert caught.value.exit_code is Exit.SETTINGS
    assert file.read_bytes() == TEXT
    assert not elsewhere.exists() or list(elsewhere.iterdir()) == []


@posix_only
def test_a_folder_that_is_exchanged_after_its_check(
    path: Path, folder: ImportFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file goes into the folder that was checked, whatever has its name by now."""
    elsewhere = path.with_name("elsewhere")
    elsewhere.mkdir()
    file = put(path / "guests.csv")
    names(folder)
    original = files.replace_file

    def exchange(*arguments: Any) -> None:
        into_link(path / DONE, elsewhere)
        original(*arguments)

    monkeypatch.setattr(files, "replace_file", exchange)
    assert folder.move(file, folder.target(file, DONE))
    assert (list(elsewhere.iterdir()), (path / "before" / file.name).read_bytes()) == ([], TEXT)
