"""Private files are written atomically, and by one process at a time."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PureWindowsPath
from subprocess import run
from typing import Any

import pytest
from basics import raises_error
from damage_helpers import Hold

from apoa_client import files
from apoa_client.cli.terminal.output_files import write_output
from apoa_client.errors import UsageProblem
from apoa_client.file_lock import exclusive
from apoa_client.files import (
    FileInUse,
    create_private,
    draft_inside,
    make_draft_folder,
    make_private_folder,
    names_stream,
    remove_abandoned,
    remove_draft,
    sync_folder,
    temporary_beside,
    write_private,
    write_private_unsynced,
)
from apoa_client.outbox.sqlite.database import translate_errors
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.reading import read_text
from apoa_client.settings.writer import save
from apoa_client.vault.store import read_secret_file, write_secret_file

BALI = PropertySettings("bali", "training", "cHVibGljcHVibGljcHVibGljcHVibGljcHVibGljcHU=")

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX's")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@posix
@pytest.mark.parametrize("write", [write_private, write_private_unsynced])
def test_what_is_at_the_path(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    """A readable file is replaced by a private one, and who has it open sees the old content; a link is replaced too.

    A folder that is there keeps its mode.
    """
    path, victim, before = tmp_path / "file", tmp_path / "victim", mode(tmp_path)
    path.write_bytes(b"old")
    path.chmod(0o666)
    with path.open("rb") as spy:
        write(path, b"new")
        assert spy.read() == b"old"
    assert mode(path) == 0o600
    victim.write_bytes(b"mine")
    path.unlink()
    path.symlink_to(victim)
    write(path, b"new")
    assert (victim.read_bytes(), path.read_bytes(), path.is_symlink()) == (b"mine", b"new", False)
    make_private_folder(tmp_path)
    assert mode(tmp_path) == before


@pytest.mark.parametrize("write", [write_private, write_private_unsynced])
def test_what_is_in_the_way(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    """A file is replaced; one in place of the folder is an error, and so is one where a new file is made."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    write(path, b"new")
    with pytest.raises((NotADirectoryError, FileNotFoundError)):  # the second is Windows' word for it
        write(path / "file", b"newer")
    with pytest.raises(FileExistsError):
        create_private(path)
    assert path.read_bytes() == b"new"


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_modes_do_not_depend_on_the_umask(home: Path, umask: int) -> None:
    """0600 for files, and 0700 for each folder that was created, a draft's too: also where the owner has no rights."""
    path = home / "deep" / "file"
    before = os.umask(umask)
    try:
        for content in (b"one", b"two"):
            write_private(path, content)
        draft = make_draft_folder(path)
    finally:
        os.umask(before)
    assert [mode(each) for each in (path, home / "deep", home, draft)] == [0o600, 0o700, 0o700, 0o700]
    assert path.read_bytes() == b"two"


def test_another_process_creates_the_folder_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two first runs at the same time both succeed."""
    real = Path.mkdir

    def first(self: Path, *args: Any) -> None:
        real(self)
        real(self, *args)

    monkeypatch.setattr(Path, "mkdir", first)
    make_private_folder(tmp_path / "new")
    assert (tmp_path / "new").is_dir()


@posix
def test_a_temporary_file_follows_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the target of a link in its place nor the file is changed."""
    victim, path = tmp_path / "victim", tmp_path / "file"
    victim.write_bytes(b"mine")
    path.write_bytes(b"old")
    monkeypatch.setattr(files, "temporary_beside", lambda _path: tmp_path / "link")
    (tmp_path / "link").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_private(path, b"new")
    assert (victim.read_bytes(), path.read_bytes()) == (b"mine", b"old")


@pytest.mark.parametrize("name", ["sub:stream.html", "page.html::$DATA"])
def test_a_stream_inside_a_file_is_no_file_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It would be in no listing, and it is lost with the next copy. A drive's letter has a colon, too."""
    monkeypatch.setattr(files, "_ON_WINDOWS", True)
    with pytest.raises(OSError, match="a stream inside a file"):
        write_private(tmp_path / name, b"new")
    with pytest.raises(UsageProblem):
        write_output(tmp_path / name, b"new", force=True)
    assert list(tmp_path.iterdir()) == []
    assert not names_stream(PureWindowsPath("C:/Users/melati/page.html"))
    assert not names_stream(PureWindowsPath("//server/share/page.html"))
    assert names_stream(PureWindowsPath("C:page:1"))


def no_replace(_self: Path, _target: Path) -> Path:
    raise PermissionError(13, "no")


def no_sync(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("owner", "name", "broken"), [(Path, "replace", no_replace), (os, "fsync", no_sync)])
def test_a_failure_keeps_the_old_file_and_no_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, broken: Callable[..., object]
) -> None:
    """A full disk or a locked file never destroys the settings."""
    write_private(tmp_path / "file", b"old")
    monkeypatch.setattr(owner, name, broken)
    with pytest.raises(OSError, match=r"\[Errno (13|28)\]"):
        write_private(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"
    monkeypatch.undo()
    monkeypatch.setattr(files, "_ON_WINDOWS", True)  # its file systems make names durable themselves
    sync_folder(tmp_path / "is not even there")
    write_private(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def read_settings(path: Path) -> bytes:
    return (read_text(path) or "").encode()


def read_secret(path: Path) -> bytes:
    return (read_secret_file(path) or "").encode()


@pytest.mark.parametrize("write", [write_private, write_private_unsynced])
@pytest.mark.parametrize("read", [read_settings, read_secret])
def test_a_file_that_another_program_has_open_for_a_moment(
    tmp_path: Path,
    hold: Hold,
    write: Callable[[Path, bytes], None],
    read: Callable[[Path], bytes],
) -> None:
    """On Windows a virus scanner keeps a file from being read and replaced: both wait until it has ended."""
    path = tmp_path / "file"
    write_private(path, b"old")
    holder = hold(path, 20)
    assert (read(path), holder.left) == (b"old", 0)
    holder = hold(path, 20)
    write(path, b"new")
    assert (path.read_bytes(), holder.left, [*tmp_path.iterdir()]) == (b"new", 0, [path])


@pytest.mark.parametrize(
    "use",
    [
        read_settings,
        read_secret,
        lambda path: write_output(path, b"new", force=True),
        lambda path: write_output(path, b"new", force=True, durable=False),
        lambda path: write_secret_file(path, "new"),
        lambda path: save(path, BALI),
    ],
    ids=["read the settings", "read a secret", "page", "page, unsynced", "secret", "settings"],
)
def test_a_file_that_another_program_keeps_open(tmp_path: Path, hold: Hold, use: Callable[[Path], object]) -> None:
    """The error comes after a bounded time and says which programs may have it open; the old file stays."""
    path = tmp_path / "file"
    write_private(path, b"")
    holder = hold(path, 10_000)
    with raises_error("file_in_use") as caught:
        use(path)
    assert caught.value.advice is not None
    assert "virus scanner" in caught.value.advice.render()
    assert str(path) in caught.value.message.render()
    assert 9_000 < holder.left < 10_000
    holder.close()
    with raises_error("file_in_use"), translate_errors(path):  # as the outbox says it
        raise FileInUse(13, "another program has the file open")
    left = [file for file in tmp_path.iterdir() if file.suffix != ".lock"]
    assert (path.read_bytes(), left) == (b"", [path])


def test_content_is_written_in_pieces(tmp_path: Path) -> None:
    """As it comes; if it ends with an error, the old file stays, and no temporary one."""

    def pieces(*, whole: bool) -> Iterator[bytes]:
        yield b"one, "
        assert path.read_bytes() == b"old"
        if not whole:
            raise LookupError
        yield b"two"

    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(LookupError):
        write_private(path, pieces(whole=False))
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])
    write_private(path, pieces(whole=True))
    assert path.read_bytes() == b"one, two"


def test_the_content_is_durable_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, name, folder, in this order; otherwise a power cut leaves a name without content."""
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


def test_temporary_files_of_a_killed_process_are_removed(home: Path) -> None:
    """After one minute, because a younger one may belong to a running process; of any name after an hour.

    Only those that this program names.
    """
    path, other = home / "keys.json", home / "yesterday.db"
    write_private(path, b"1")
    now = path.stat().st_mtime
    old, young, last_hour, before = (temporary_beside(each) for each in (path, path, other, other))
    others = [home / ".a.new", home / ".a.0123456789abcdeg.new", home / "a.0123456789abcdef.new"]
    ages = {old: 61, young: 59, last_hour: 3657, before: 3661, **dict.fromkeys(others, 9999)}
    for file, age in ages.items():
        file.write_bytes(b"rahasia")
        os.utime(file, (now - age, now - age))
    write_private(path, b"2")
    assert path.read_bytes() == b"2"
    assert {*home.iterdir()} == {path, young, last_hour, before, *others}
    remove_abandoned(young)
    assert {*home.iterdir()} == {path, young, last_hour, *others}


def test_what_sqlite_left_beside_a_temporary_file_is_removed(tmp_path: Path) -> None:
    """With it, or where it is gone already; not while any file of the group is being written."""
    path = tmp_path / "backup[1].db"
    path.write_bytes(b"1")
    now = path.stat().st_mtime
    whole, rest, busy = (temporary_beside(path) for _draft in range(3))
    for draft, endings in ((whole, ("", "-journal")), (rest, ("-wal", "-shm")), (busy, ("", "-wal"))):
        for ending in endings:
            file = draft.with_name(draft.name + ending)
            file.touch()
            os.utime(file, (now - 61, now - 61))
    busy.with_name(f"{busy.name}-wal").touch()
    write_private(path, b"2")
    assert {file.name for file in tmp_path.iterdir()} == {path.name, busy.name, f"{busy.name}-wal"}


def test_temporary_folders_are_removed_after_an_hour(tmp_path: Path) -> None:
    """By the last writing into the file inside, with what SQLite left there; nothing else in them is touched."""
    draft = make_draft_folder(tmp_path / "today.db")
    now = draft.stat().st_mtime
    left = {}
    for name, age in (("old", 3601), ("young", 3599), ("used", 3601)):
        folder = left[name] = make_draft_folder(tmp_path / name)
        inside = draft_inside(folder)
        journal = inside.with_name(f"{inside.name}-journal")
        for file in (inside, journal):
            file.touch()
        for file in (inside, folder):
            os.utime(file, (now - 9999, now - 9999))
        os.utime(journal, (now - age, now - age))
    (left["used"] / "theirs").touch()
    os.utime(left["used"], (now - 9999, now - 9999))
    remove_abandoned(draft)
    assert {*tmp_path.iterdir()} == {draft, left["young"], left["used"]}
    assert [file.name for file in left["used"].iterdir()] == ["theirs"]
    remove_draft(draft)
    assert not draft.exists()


@posix
def test_a_link_in_place_of_a_temporary_folder(tmp_path: Path) -> None:
    """Nothing is removed where it leads."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "outbox.db").touch()
    folder = make_draft_folder(tmp_path / "today.db")
    folder.rmdir()
    folder.symlink_to(other)
    remove_draft(folder)
    assert [file.name for file in other.iterdir()] == ["outbox.db"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_only_a_file_is_read(tmp_path: Path) -> None:
    """Reading a pipe would wait for its writer, and reading a device might never end."""
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    assert files.read_regular(tmp_path / "link") == b"content"
    for other in (tmp_path / "pipe", Path("/dev/zero"), tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError, match=r".+"):
            files.read_regular(other)


def test_one_holds_it(tmp_path: Path) -> None:
    """Others learn that it is held, after a bounded wait; a process that ended holds nothing."""
    path = tmp_path / "config.lock"
    program = f"from {exclusive.__module__} import *\nwith exclusive(Path({str(path)!r})) as held: sys.exit(10 + held)"
    with exclusive(path) as held:
        assert held
        with exclusive(path, 0.02) as again:
            assert not again
    assert run([sys.executable, "-c", program], check=False, timeout=60).returncode == 11
    with exclusive(path) as held:
        assert held
    assert path.read_bytes() == b""


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed(tmp_path: Path) -> None:
    """A file in it can be written all the same."""
    tmp_path.chmod(0o300)
    try:
        write_private(tmp_path / "file", b"1")
    finally:
        tmp_path.chmod(0o700)
    assert (tmp_path / "file").read_bytes() == b"1"
