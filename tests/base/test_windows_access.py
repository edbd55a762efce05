"""On Windows access lists take the place of modes. Elsewhere the same checks run on lists as Windows writes them."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from basics import raises_error

from apoa_client import permissions
from apoa_client.files import create_private, make_private_folder, write_private
from apoa_client.permissions import check_permissions, find_fault
from apoa_client.vault.store import KeyFileStore
from apoa_client.windows_access import READ, REPLACE, WRITE, others_may, owner_is_trusted

USER = "S-1-5-21-1-2-3-1001"
PRIVATE = f"O:{USER}D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;{USER})"

Describe = Callable[[Path, str | None], None]


@pytest.fixture
def describe(monkeypatch: pytest.MonkeyPatch) -> Describe:
    """Gives a file an owner and an access list, or none that can be read. Every other file is private."""
    descriptors: dict[str, str | None] = {}
    monkeypatch.setattr(permissions, "_POSIX", False)
    monkeypatch.setattr(permissions, "_read_access_list", lambda name: (descriptors.get(name, PRIVATE), USER))

    def set_descriptor(path: Path, descriptor: str | None) -> None:
        descriptors[str(path)] = descriptor

    return set_descriptor


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file in a folder."""
    path = tmp_path / "home" / "file"
    write_private(path, b"")
    return path


@pytest.mark.parametrize(
    ("level", "descriptor", "secret", "said"),
    [
        (0, PRIVATE, False, ""),
        (0, f"{PRIVATE}(A;;0x2;;;BU)", False, ' /reset and then: icacls "'),
        (0, f"{PRIVATE}(A;;0x2;;;BU)", False, f'/inheritance:r /grant:r "*{USER}:F" "*S-1-5-18:F" "*S-1-5-32-544:F"'),
        (1, f"{PRIVATE}(A;;0x6;;;AU)", False, f'"*{USER}:(OI)(CI)F"'),
        (2, f"{PRIVATE}(A;;0x6;;;AU)", False, ""),
        (2, f"{PRIVATE}(A;;DT;;;AU)", False, "APOA_HOME"),  # a command about the root of a drive would harm others
        (0, f"{PRIVATE}(A;;FR;;;BU)", False, ""),
        (0, f"{PRIVATE}(A;;FR;;;BU)", True, "icacls"),
        (0, PRIVATE.replace(USER, f"{USER}0", 1), False, "Give it to this user: takeown /F "),
        (0, None, False, "NTFS"),
        (2, None, False, ""),
    ],
)
def test_what_others_may_write(
    file: Path, describe: Describe, level: int, descriptor: str | None, *, secret: bool, said: str
) -> None:
    """The advice gives it to this user, the system and administrators; a secret may not be read either.

    A folder above may get more files of others, as the root of a drive does, the folder itself may not. The owner can
    change the access list at any time. Where the list cannot be read, another user may be able to change the file.
    """
    describe([file, *file.parents][level], descriptor)
    fault = find_fault(file, own_levels=2, secret=secret)
    if fault is None:
        assert said == ""
        check_permissions(file)
        return
    assert said
    assert said in fault.advice.render()
    if level == 0 and not secret:
        with raises_error("unsafe_permissions"):
            check_permissions(file)


def open_to_everybody(path: Path) -> None:
    """Let everybody change a file or folder (Windows)."""
    if sys.platform == "win32":
        import ctypes

        from apoa_client import windows_access

        list_only = 4
        descriptor = windows_access._descriptor(f"D:P(A;OICI;FA;;;{windows_access.user()})(A;OICI;FA;;;WD)")
        assert ctypes.windll.advapi32.SetFileSecurityW(ctypes.c_wchar_p(str(path)), list_only, descriptor)


@pytest.mark.skipif(sys.platform != "win32", reason="access lists of the file system are Windows'")
class TestOnWindows:
    """The program's files, as Windows made them. Wine keeps the rights of the owner and of everybody."""

    def test_files_and_folders_are_private(self, tmp_path: Path) -> None:
        """From the start, also below a folder that others may read."""
        path = tmp_path / "deep" / "home" / "file"
        write_private(path, b"secret")
        assert find_fault(path, own_levels=3, secret=True) is None
        assert path.read_bytes() == b"secret"
        write_private(path, b"new")
        assert find_fault(path, own_levels=3, secret=True) is None

    @pytest.mark.parametrize("name", [".", "melati", "melati/outbox.db", "melati/outbox.db-wal"])
    def test_what_everybody_may_change_is_refused(self, tmp_path: Path, name: str) -> None:
        """The home, a property's folder, the outbox, its log; and a key file there."""
        outbox = tmp_path / "home" / "melati" / "outbox.db"
        write_private(outbox, b"")
        write_private(outbox.with_name("outbox.db-wal"), b"")
        store = KeyFileStore(outbox)
        open_to_everybody(tmp_path / "home" / name)
        with raises_error("unsafe_permissions") as caught:
            check_permissions(tmp_path / "home" / "config.toml")
            check_permissions(outbox, beside=("-wal",))
        assert caught.value.advice is not None
        assert "icacls" in caught.value.advice.render()
        if not name.endswith("-wal"):
            with raises_error("unsafe_permissions"):
                store.get("password")

    def test_errors_are_the_usual_ones(self, tmp_path: Path) -> None:
        """As those of Python's own functions."""
        make_private_folder(tmp_path / "folder")
        make_private_folder(tmp_path / "folder")
        os.close(create_private(tmp_path / "file"))
        with pytest.raises(FileExistsError):
            create_private(tmp_path / "file")
        with pytest.raises(FileNotFoundError):
            create_private(tmp_path / "missing" / "file")


INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
IN_PROFILE = f"O:{USER}D:(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;FA;;;{USER})"
ROOT_OF_A_DRIVE = (
    f"O:{INSTALLER}D:PAI(A;;LC;;;AU)(A;OICIIO;SDGXGWGR;;;AU)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
)
BELOW_THE_ROOT = (
    "O:BAD:AI(A;ID;FA;;;BA)(A;OICIIOID;GA;;;BA)(A;ID;FA;;;SY)(A;OICIIOID;GA;;;SY)(A;OICIID;0x1200a9;;;BU)"
    "(A;ID;0x1301bf;;;AU)(A;OICIIOID;SDGXGWGR;;;AU)"
)


@pytest.mark.parametrize(
    ("descriptor", "read", "write", "replace"),
    [
        (IN_PROFILE, False, False, False),
        (ROOT_OF_A_DRIVE, True, True, False),
        (BELOW_THE_ROOT, True, True, True),
        (f"O:{USER}", True, True, True),
        (f"O:{USER}D:NO_ACCESS_CONTROL", True, True, True),
        (f"O:{USER}D:P(D;;FA;;;WD)(A;;FA;;;OW)", False, False, False),
        (f"O:{USER}D:(A;;0x2;;;{USER}0)", False, True, False),
        (f"O:{USER}D:(A;;WO;;;AN)", False, True, True),
        (f"O:{USER}D:(A;OICI;FA;;;AC)(A;;FA;;;S-1-15-2-2)(A;OICIIO;FA;;;CO)", False, False, False),
        (f'O:{USER}D:(XA;;FX;;;WD;(@User.Title=="PM"))(XA;;FW;;;WD;(@User.Title=="PM"))', False, True, False),
        (f"O:{USER}D:(A;;ZZ;;;WD)", True, True, True),
    ],
)
def test_what_others_may_do(descriptor: str, *, read: bool, write: bool, replace: bool) -> None:
    """A user who may write may also replace the file, not the other way round; a missing list allows everything."""
    assert [others_may(rights, descriptor, USER) for rights in (READ, WRITE, REPLACE)] == [read, write, replace]


@pytest.mark.parametrize(
    ("owner", "is_trusted"),
    [(USER, True), ("SY", True), ("BA", True), (INSTALLER, True), (f"{USER}0", False), ("BU", False)],
)
def test_the_owner(owner: str, *, is_trusted: bool) -> None:
    """This user, the system, administrators and Windows' installer; other groups may be in the text, too."""
    assert owner_is_trusted(f"O:{owner}D:P(A;;FA;;;SY)", USER) is is_trusted
    assert owner_is_trusted(f"O:{owner}G:S-1-5-21-1-2-3-513D:P", USER) is is_trusted
    assert not owner_is_trusted("D:P", USER)
