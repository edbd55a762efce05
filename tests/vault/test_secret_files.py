"""The key file is private, written atomically, and never overwritten if it is damaged."""

import os
import stat
import threading
from pathlib import Path

import pytest
from basics import raises_error

from apoa_client.file_lock import exclusive
from apoa_client.vault.errors import SecretFileRefused
from apoa_client.vault.store import KeyFileStore, read_secret_file

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the key file."""
    return tmp_path / "home" / "keys.json"


def test_secrets_are_stored_by_name(path: Path) -> None:
    """The next process reads a stored secret and does not find a deleted one; others stay."""
    store = KeyFileStore(path)
    assert store.get("password") is None
    store.set("password", "rahasia ß")
    store.set("private-key", "abc")
    store.set("password", "lain")
    assert (KeyFileStore(path).get("password"), KeyFileStore(path).get("private-key")) == ("lain", "abc")
    store.delete("password")
    store.delete("password")
    assert (KeyFileStore(path).get("password"), KeyFileStore(path).get("private-key")) == (None, "abc")
    assert store.place == str(path)
    assert "abc" not in repr(store)


@posix
@pytest.mark.parametrize("umask", [0o000, 0o077, 0o277])
def test_the_file_is_private(path: Path, umask: int) -> None:
    """0600 in a folder of 0700, whatever the umask, and no other file is left but its empty lock."""
    if umask:
        path.parent.mkdir(0o700)
    before = os.umask(umask)
    try:
        KeyFileStore(path).set("password", "x")
    finally:
        os.umask(before)
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    lock = path.with_name("keys.lock")
    assert (stat.S_IMODE(lock.stat().st_mode), lock.stat().st_size) == (0o600, 0)
    assert {*path.parent.iterdir()} == {path, lock}


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_readable_file_is_refused(path: Path, mode: int) -> None:
    """It is neither read nor replaced, and the advice is the command that corrects it."""
    store = KeyFileStore(path)
    store.set("password", "x")
    path.chmod(mode)
    with pytest.raises(SecretFileRefused) as caught:
        store.get("password")
    assert caught.value.advice is not None
    assert f"chmod 600 {path}" in caught.value.advice.render()
    with pytest.raises(SecretFileRefused):
        store.set("password", "y")
    path.chmod(0o600)
    assert store.get("password") == "x"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"password": 1}', b"SECRET-TEXT"])
def test_a_damaged_file_is_kept(path: Path, content: bytes) -> None:
    """It may contain the private key: it is not overwritten, and no error quotes it."""
    path.parent.mkdir()
    path.write_bytes(content)
    path.chmod(0o600)
    with raises_error("key_file_damaged") as caught:
        KeyFileStore(path).set("password", "x")
    assert "SECRET" not in caught.value.message.render()
    assert caught.value.__cause__ is None
    assert path.read_bytes() == content


@posix
def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    """A pipe without a writer must not block, and the link of a key file is not followed. A secret is short text."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, content in (("binary", b"\xff" * 20), ("long", b"x" * 70_000)):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "binary", tmp_path / "long"):
        with pytest.raises(SecretFileRefused):
            read_secret_file(path)
    KeyFileStore(tmp_path / "elsewhere.json").set("password", "x")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(SecretFileRefused):
        KeyFileStore(tmp_path / "link").get("password")


def test_a_failed_write_keeps_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk loses nothing, and no temporary file stays."""
    store = KeyFileStore(path)
    store.set("password", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(SecretFileRefused):
            store.set("password", "new")
    assert store.get("password") == "old"
    assert {*path.parent.iterdir()} == {path, path.with_name("keys.lock")}


def test_two_processes_lose_nothing_of_each_other(path: Path) -> None:
    """A sender that counts its runs must not write back the keys as they were before they were replaced."""
    begin = threading.Barrier(2)

    def write(name: str) -> None:
        begin.wait(20)
        for number in range(20):
            KeyFileStore(path).set(name, str(number))

    threads = [threading.Thread(target=write, args=[name]) for name in ("run-counter", "private-key-next")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [KeyFileStore(path).get(name) for name in ("run-counter", "private-key-next")] == ["19", "19"]


def test_another_process_changes_it_for_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written without the lock; reading needs none."""
    KeyFileStore(path).set("password", "x")
    monkeypatch.setattr("apoa_client.vault.store._LOCK_WAIT_S", 0.0)
    with exclusive(path.with_suffix(".lock")) as is_held, raises_error("file_in_use"):
        assert is_held
        KeyFileStore(path).set("password", "y")
    assert KeyFileStore(path).get("password") == "x"


@posix
def test_a_folder_that_others_can_write(path: Path) -> None:
    """They could put a key file of theirs in it: it is not read."""
    KeyFileStore(path).set("password", "x")
    path.parent.chmod(0o777)
    with raises_error("unsafe_permissions") as caught:
        KeyFileStore(path).get("password")
    assert isinstance(caught.value, SecretFileRefused)
    assert caught.value.advice is not None
    assert f"chmod go-w {path.parent}" in caught.value.advice.render()


def test_modes_are_ignored_on_windows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There a file's mode does not say who may read it."""
    monkeypatch.setattr("apoa_client.vault.store.POSIX", False)
    monkeypatch.setattr("apoa_client.permissions._POSIX", False)
    monkeypatch.setattr("apoa_client.permissions._read_access_list", lambda _name: ("O:SYD:P(A;;FA;;;SY)", "SY"))
    store = KeyFileStore(path)
    store.set("password", "x")
    path.chmod(0o666)
    assert store.get("password") == "x"
