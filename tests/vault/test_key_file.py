"""The key file: its owner's alone, whole or not written, and never overwritten when it is not understood."""

import json
import os
import stat
from pathlib import Path

import pytest
from conftest import raises_error

from apoa_client.vault.errors import SecretFileRefused
from apoa_client.vault.key_file import KeyFileStore
from apoa_client.vault.secret_files import read_secret_file, write_secret_file

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the key file is."""
    return tmp_path / "home" / "keys.json"


def test_secrets_are_kept_by_name(path: Path) -> None:
    """What was stored is read by the next process; what was deleted is not, and the rest stays."""
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


@posix
@pytest.mark.parametrize("umask", [0o000, 0o077, 0o277])
def test_the_file_is_its_owners_alone(path: Path, umask: int) -> None:
    """0600 in a folder of 0700, whatever the umask, and nothing else left beside it."""
    path.parent.parent.mkdir(exist_ok=True)
    path.parent.mkdir(0o700)
    before = os.umask(umask)
    try:
        KeyFileStore(path).set("password", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


@posix
def test_its_folder_is_made_private(path: Path) -> None:
    """A folder that is made for it is nobody else's."""
    before = os.umask(0)
    try:
        KeyFileStore(path).set("password", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_can_read_is_refused(path: Path, mode: int) -> None:
    """Neither read nor replaced, and the advice is the command that mends it."""
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


@posix
def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    """A link at its name is refused."""
    elsewhere = tmp_path / "elsewhere.json"
    KeyFileStore(elsewhere).set("password", "x")
    path.parent.mkdir()
    path.symlink_to(elsewhere)
    with pytest.raises(SecretFileRefused):
        KeyFileStore(path).get("password")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"password": 1}', b"SECRET-TEXT"])
def test_a_damaged_file_is_kept_and_not_shown(path: Path, content: bytes) -> None:
    """The private key may be in it: nothing is written over it, and no error quotes it."""
    path.parent.mkdir()
    path.write_bytes(content)
    path.chmod(0o600)
    with raises_error("key_file_damaged") as caught:
        KeyFileStore(path).set("password", "x")
    assert "SECRET" not in caught.value.message.render()
    assert caught.value.__cause__ is None
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"\xff" * 20, b"x" * 70_000])
def test_what_is_no_text_or_too_long_is_refused(path: Path, content: bytes) -> None:
    """A secret is short text."""
    path.parent.mkdir()
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SecretFileRefused):
        KeyFileStore(path).get("password")


@posix
def test_a_pipe_or_a_folder_is_no_secret(tmp_path: Path) -> None:
    """A pipe that nobody writes to must not hold us for ever."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(SecretFileRefused):
            read_secret_file(path)


def test_a_failed_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk loses nothing, and no half-written file stays behind."""
    store = KeyFileStore(path)
    store.set("password", "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(SecretFileRefused):
            store.set("password", "new")
    assert store.get("password") == "old"
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_a_killed_processs_draft_is_no_obstacle(path: Path) -> None:
    """The next write goes through; a link in the draft's place is not written through."""
    path.parent.mkdir()
    draft = path.with_name(f".keys.json.{os.getpid()}.new")
    draft.write_text("half")
    write_secret_file(path, json.dumps({"password": "x"}))
    assert KeyFileStore(path).get("password") == "x"


def test_windows_modes_are_not_looked_at(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There a file's mode says nothing about who may read it."""
    monkeypatch.setattr("apoa_client.vault.secret_files.POSIX", False)
    store = KeyFileStore(path)
    store.set("password", "x")
    path.chmod(0o666)
    assert store.get("password") == "x"


def test_no_secret_shows(path: Path) -> None:
    """The repr says where, and not what."""
    store = KeyFileStore(path)
    store.set("password", "rahasia")
    assert "rahasia" not in repr(store)
    assert str(path) in repr(store)
