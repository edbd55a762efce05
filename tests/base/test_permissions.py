"""A file that another user can change or replace is refused, as ssh does."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from basics import raises_error

from apoa_client import permissions
from apoa_client.errors import Exit
from apoa_client.permissions import check_permissions, find_fault

if sys.platform == "win32":
    pytest.skip("owner and mode are POSIX's", allow_module_level=True)

import grp
import pwd

MALLORY = 12_345
SHARED_GROUP = 23_456


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A file in a private folder, and above that a folder that tests open to others."""
    folder = tmp_path / "above" / "folder"
    folder.mkdir(parents=True)
    for each in (folder.parent, folder):
        each.chmod(0o755)
    path = folder / "file"
    path.write_bytes(b"")
    path.chmod(0o644)
    yield path
    folder.parent.chmod(0o700)


def advice(path: Path) -> str:
    """Return the advice about a file that must be refused."""
    fault = find_fault(path)
    assert fault is not None
    return fault.advice.render()


@pytest.fixture
def owned(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes a file look as if another user or group owned it, which only root can do."""

    def own(path: Path, uid: int = os.geteuid(), gid: int = os.getegid()) -> None:
        real = os.lstat

        def lstat(name: str) -> os.stat_result:
            state = real(name)
            return os.stat_result([*state[:4], uid, gid, *state[6:]]) if name == str(path) else state

        monkeypatch.setattr(os, "lstat", lstat)

    return own


@pytest.mark.parametrize("level", [0, 1, 2])
def test_others_can_write(file: Path, level: int) -> None:
    """The file itself, its folder, and a folder above; the command in the advice corrects it.

    Others may read it and list its folder. A file that is missing has no fault of its own.
    """
    assert find_fault(file / "below a file") is None
    for name in (file.name, "missing"):
        assert find_fault(file.with_name(name), own_levels=2) is None
    place = [file, *file.parents][level]
    place.chmod(0o777)
    with raises_error("unsafe_permissions") as caught:
        check_permissions(file)
    assert caught.value.exit_code is Exit.SETTINGS
    assert str(place) in caught.value.message.render()
    assert find_fault(file.with_name("missing"), own_levels=2) is not None or level == 0
    assert caught.value.advice is not None
    command = shlex.split(caught.value.advice.render().partition(": ")[2])
    assert command == ["chmod", "go-w", str(place)]
    subprocess.run(command, check=True)
    check_permissions(file)
    beside = file.with_name("file-journal")  # SQLite applies what is in it to the database
    beside.write_bytes(b"")
    check_permissions(file, beside=("-wal", "-journal"))
    beside.chmod(0o666)
    with raises_error("unsafe_permissions"):
        check_permissions(file, beside=("-wal", "-journal"))


def test_the_command_quotes_the_path_and_asks_for_root(file: Path, owned: Callable[..., None]) -> None:
    """It can be pasted into a shell."""
    file = file.rename(file.with_name("ours; rm -rf ~"))
    file.chmod(0o666)
    assert advice(file).endswith(f"chmod go-w '{file}'")
    if os.geteuid():
        owned(file, 0)
        assert advice(file).endswith(f"sudo chmod go-w '{file}'")


def test_a_sticky_folder(file: Path) -> None:
    """Above it may be writable, as /tmp is: other users cannot replace what is in it. The folder itself may not."""
    file.parent.parent.chmod(0o1777)
    assert find_fault(file, own_levels=2) is None
    file.parent.chmod(0o1777)
    assert find_fault(file) is None
    assert find_fault(file, own_levels=2) is not None


def test_a_link_through_a_folder_of_others(file: Path, tmp_path: Path) -> None:
    """The folders above the link, and those above what it names."""
    unsafe = tmp_path / "unsafe"
    unsafe.mkdir()
    (unsafe / "private").mkdir(0o700)
    (unsafe / "private" / "target").write_bytes(b"")
    (unsafe / "link").symlink_to(file.parent)
    (file.parent / "link").symlink_to(unsafe / "private")
    (file.parent / "loop").symlink_to(file.parent / "loop")
    paths = unsafe / "link" / "file", file.parent / "link" / "target"
    assert [find_fault(path) for path in paths] == [None, None]
    unsafe.chmod(0o777)
    assert [str(unsafe) in advice(path) for path in paths] == [True, True]
    assert find_fault(file.parent / "loop") is None


def test_a_file_of_another_user(file: Path, owned: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """This user may take it over. Root does not use it: it runs the command as that user, also in a container."""
    owned(file.parent, MALLORY)
    this_user = os.getuid() or 777
    monkeypatch.setattr(os, "geteuid", lambda: this_user)
    assert advice(file) == f"Give it to this user: sudo chown {this_user} {file.parent}"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert f"sudo -u '#{MALLORY}' apoa" in advice(file)
    assert f"--user {MALLORY}" in advice(file)


def test_a_link_of_another_user(file: Path, owned: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of a link in a sticky folder can let it name another file later, whatever it names now."""
    file.parent.parent.chmod(0o1777)
    link = file.parent.parent / "link"
    link.symlink_to(file.parent)
    assert find_fault(link / "file") is None
    owned(link, MALLORY)
    this_user = os.getuid() or 777
    real = os.stat
    monkeypatch.setattr(os, "stat", lambda name: pytest.fail("not asked") if name == str(link) else real(name))
    monkeypatch.setattr(os, "geteuid", lambda: this_user)
    assert advice(link / "file") == f"Give it to this user: sudo chown -h {this_user} {link}"


def group_of(name: str, members: list[str]) -> grp.struct_group:
    return grp.struct_group((name, "x", SHARED_GROUP, members))


def user_of(name: str, gid: int) -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "x", os.geteuid(), gid, "", "/", "/bin/sh"))


@pytest.mark.parametrize(
    ("group", "members", "is_safe"),
    [
        (SHARED_GROUP, [], True),
        (SHARED_GROUP, ["kadek"], True),
        (SHARED_GROUP, ["kadek", "mallory"], False),
        (50, [], False),
    ],
)
def test_a_folder_that_its_group_can_write(
    file: Path,
    owned: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    group: int,
    members: list[str],
    *,
    is_safe: bool,
) -> None:
    """The user's own group is private where each user has one (a umask of 002); a group with others is not."""
    file.parent.chmod(0o775)
    owned(file.parent, gid=SHARED_GROUP)
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: group_of("kadek", members))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: user_of("kadek", group))
    assert (find_fault(file, own_levels=2) is None) is is_safe


@pytest.mark.parametrize("is_member", [True, False])
def test_a_group_or_user_without_a_name(
    file: Path, owned: Callable[..., None], monkeypatch: pytest.MonkeyPatch, *, is_member: bool
) -> None:
    """A volume of a container belongs to such a group, whose only members are its processes.

    Of a user without a name it is not known whether a group with a name is that user's own.
    """
    file.parent.chmod(0o2775)
    owned(file.parent, gid=SHARED_GROUP)

    def unknown(_number: int) -> grp.struct_group:
        raise KeyError

    monkeypatch.setattr(grp, "getgrgid", unknown)
    monkeypatch.setattr(os, "getgroups", lambda: [SHARED_GROUP] if is_member else [])
    assert (find_fault(file, own_levels=2) is None) is is_member
    monkeypatch.setattr(grp, "getgrgid", lambda _gid: group_of("staff", []))
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert find_fault(file) is not None


def test_an_access_list_is_no_group(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file has an access list, the group's bits are those of any user in the list."""
    monkeypatch.setattr(permissions, "_is_private_group", lambda _state: True)
    monkeypatch.setattr(os, "getxattr", lambda _name, _attribute: b"list", raising=False)
    assert find_fault(file) is None
    file.chmod(0o664)
    assert find_fault(file) is not None
    monkeypatch.delattr(os, "getxattr")
    assert find_fault(file) is None


def test_a_relative_path(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is below the working directory; in a deleted one there is no file."""
    monkeypatch.chdir(file.parent)
    file.chmod(0o666)
    assert find_fault(Path("file")) is not None
    gone = file.parent / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert find_fault(Path("file")) is None


def test_few_calls(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for the file and each folder above: every command does this."""
    calls: list[str] = []
    real = os.lstat

    def lstat(name: str) -> os.stat_result:
        calls.append(name)
        return real(name)

    monkeypatch.setattr(os, "lstat", lstat)
    monkeypatch.setattr(os, "stat", lambda *_args, **_options: pytest.fail("not needed"))
    assert find_fault(file) is None
    assert calls == [str(each) for each in (file, *file.parents)]
