"""Files for their owner alone, written whole or not at all."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apoa_client import files
from apoa_client.files import create_private, make_private_folder, sync_folder, temporary_beside, write_private

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX's")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """A user's umask, careless or careful."""
    before = os.umask(request.param)
    yield
    os.umask(before)


@posix
@pytest.mark.usefixtures("umask")
def test_modes_are_the_owners_whatever_the_umask(home: Path) -> None:
    """0600 for files and 0700 for folders, each one that had to be made."""
    path = home / "deep" / "file"
    write_private(path, b"one")
    assert (mode(path), mode(home / "deep"), mode(home)) == (0o600, 0o700, 0o700)
    write_private(path, b"two")
    assert (mode(path), path.read_bytes()) == (0o600, b"two")


@posix
def test_a_umask_that_takes_all_leaves_the_owner_a_file(tmp_path: Path) -> None:
    """The owner can open again what was made."""
    before = os.umask(0o777)
    try:
        write_private(tmp_path / "file", b"one")
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o600


@posix
def test_a_file_that_others_could_read_is_replaced_by_one_that_they_cannot(tmp_path: Path) -> None:
    """Whoever had it open keeps the old content alone."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o666)
    with path.open("rb") as spy:
        write_private(path, b"new")
        assert spy.read() == b"old"
    assert mode(path) == 0o600


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    """Nobody's folder changes its mode."""
    before = mode(tmp_path)
    make_private_folder(tmp_path)
    assert mode(tmp_path) == before


def test_a_folder_that_another_process_makes_meanwhile_is_as_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two first runs at once do not trip each other."""
    real = Path.mkdir

    def first(self: Path, *args: Any) -> None:
        real(self)
        real(self, *args)

    monkeypatch.setattr(Path, "mkdir", first)
    make_private_folder(tmp_path / "new")
    assert (tmp_path / "new").is_dir()


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path: Path) -> None:
    """It is not replaced."""
    (tmp_path / "folder").write_bytes(b"mine")
    with pytest.raises(NotADirectoryError):
        write_private(tmp_path / "folder" / "file", b"new")
    assert (tmp_path / "folder").read_bytes() == b"mine"


@posix
def test_a_draft_follows_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that lies where the draft will be leads nowhere: nothing is written behind it, nor to the file."""
    victim, path = tmp_path / "victim", tmp_path / "file"
    victim.write_bytes(b"mine")
    path.write_bytes(b"old")
    monkeypatch.setattr(files, "temporary_beside", lambda _path: tmp_path / "link")
    (tmp_path / "link").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_private(path, b"new")
    assert (victim.read_bytes(), path.read_bytes()) == (b"mine", b"old")


@posix
def test_a_link_in_the_files_own_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """What it pointed at keeps its content."""
    victim, path = tmp_path / "victim", tmp_path / "file"
    victim.write_bytes(b"mine")
    path.symlink_to(victim)
    write_private(path, b"new")
    assert (victim.read_bytes(), path.read_bytes(), path.is_symlink()) == (b"mine", b"new", False)


def test_a_file_is_made_once(tmp_path: Path) -> None:
    """Never over another one."""
    os.close(create_private(tmp_path / "file"))
    with pytest.raises(FileExistsError):
        create_private(tmp_path / "file")


def no_replace(_self: Path, _target: Path) -> Path:
    raise PermissionError(13, "no")


def no_sync(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("owner", "name", "broken"), [(Path, "replace", no_replace), (os, "fsync", no_sync)])
def test_a_failure_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, broken: Callable[..., object]
) -> None:
    """A full disk or a locked file costs nobody the settings."""
    write_private(tmp_path / "file", b"old")
    monkeypatch.setattr(owner, name, broken)
    with pytest.raises(OSError, match=r"\[Errno (13|28)\]"):
        write_private(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_the_content_is_durable_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, name, folder: in this order, or a power cut leaves a name with nothing behind it."""
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def watched_sync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def watched_replace(self: Path, target: Path) -> Path:
        steps.append("name")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    write_private(tmp_path / "file", b"new")
    assert steps == ["file", "name"] + (["folder"] if os.name != "nt" else [])


def test_windows_syncs_no_folder_and_has_no_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file systems keep names durable themselves."""
    monkeypatch.setattr(files, "_ON_WINDOWS", True)
    sync_folder(tmp_path / "is not even there")
    write_private(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_what_a_killed_process_left_is_swept_by_the_next_one(home: Path) -> None:
    """A minute later: before that it may be somebody's who is writing now."""
    path = home / "keys.json"
    write_private(path, b"1")
    old, young = temporary_beside(path), temporary_beside(path)
    for draft in (old, young):
        draft.write_bytes(b"rahasia")
    now = path.stat().st_mtime
    os.utime(old, (now - 61, now - 61))
    write_private(path, b"2")
    assert (path.read_bytes(), old.exists(), young.exists()) == (b"2", False, True)
