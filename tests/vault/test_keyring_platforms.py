"""The keyring of each platform: what it stores, when it prompts, and how its errors are translated.

Windows and macOS have doubles of `keyring`'s backends; the Secret Service has a real daemon in `test_gnome_keyring`.
"""

import socket
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pytest
from basics import raises_error

from apoa_client.vault.errors import KeyringReason
from apoa_client.vault.keyring_store import KeyringStore, platform_backends
from apoa_client.vault.sources import PropertySecrets

DESKTOP = {"DISPLAY": ":0"}

# The session bus.


def secret_service(address: str) -> KeyringStore:
    environ = {"DBUS_SESSION_BUS_ADDRESS": address}
    factories = platform_backends(environ, 7, interactive=False, platform="linux")
    return KeyringStore("x", interactive=False, environ=environ, factories=factories)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's session bus")
@pytest.mark.parametrize("address", ["unix:path=/nowhere/bus", "tcp:host=localhost,port=1", "unix:runtime=yes"])
def test_a_stale_bus(address: str) -> None:
    """An address without a bus, or of an unknown kind."""
    with raises_error(KeyringReason.BUS_STALE):
        secret_service(address).get("password")


@contextmanager
def bus_that_answers(folder: Path, answer: bytes) -> Iterator[str]:
    """A socket that accepts a connection and sends `answer` to the first bytes."""
    path = folder / "bus"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(answer)
                while answer and connection.recv(1024):
                    pass
                if not answer:
                    hang_up.wait(5)

        hang_up = threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"unix:path={path}"
        finally:
            hang_up.set()
            thread.join()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's session bus")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # jeepney leaves its socket to the collector
@pytest.mark.parametrize(
    ("answer", "error"), [(b"REJECTED EXTERNAL\r\n", KeyringReason.OF_ANOTHER_USER), (b"", KeyringReason.HUNG)]
)
def test_another_users_bus_and_a_frozen_one(tmp_path: Path, answer: bytes, error: KeyringReason) -> None:
    """One refuses the connection, the other does not answer."""
    with bus_that_answers(tmp_path, answer) as address, raises_error(error):
        secret_service(address).get("password")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's session bus")
def test_linux_without_a_bus_has_no_keyring() -> None:
    """No service is started, and none is searched."""
    assert platform_backends({}, None, interactive=False, platform="linux") == []
    with raises_error(KeyringReason.NO_BUS):
        KeyringStore("x", interactive=False, environ={}, uid=None).get("password")
    assert len(platform_backends({"DBUS_SESSION_BUS_ADDRESS": "x:"}, None, interactive=False, platform="linux")) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there it is installed")
def test_a_library_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SecretStorage, and on Windows without pywin32-ctypes, there is no keyring."""
    monkeypatch.setitem(sys.modules, "apoa_client.vault.secret_service", None)
    with raises_error(KeyringReason.MISSING):
        secret_service("unix:path=/nowhere/bus").get("password")
    monkeypatch.delitem(sys.modules, "keyring.backends.Windows", raising=False)
    monkeypatch.setitem(sys.modules, "win32ctypes", None)
    with raises_error(KeyringReason.MISSING):
        on("win32").get("password")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's session bus")
def test_errors_of_the_secret_service_are_translated() -> None:
    """Missing, locked, declined, or any other; none of them is quoted."""
    from secretstorage import exceptions  # Linux only

    from apoa_client.vault import secret_service as module  # Linux only

    refusals = {
        exceptions.SecretServiceNotAvailableException: KeyringReason.MISSING,
        exceptions.LockedException: KeyringReason.LOCKED,
        exceptions.PromptDismissedException: KeyringReason.LOCKED,
        exceptions.ItemNotFoundException: KeyringReason.REFUSED,
        exceptions.SecretStorageException: KeyringReason.REFUSED,
    }
    for foreign, ours in refusals.items():
        with raises_error(ours) as caught, module._translate_errors():
            raise foreign("rahasia")
        assert "rahasia" not in caught.value.message.render()


# Windows and macOS: `keyring`'s own backends, whose system is replaced by a dictionary.


class Backend:
    """A backend of `keyring`. `trouble` is raised by each call."""

    priority = 5
    kept: ClassVar[dict[tuple[str, str], str]] = {}
    made: ClassVar[list["Backend"]] = []
    trouble: ClassVar[BaseException | None] = None

    def __init__(self) -> None:
        self.made.append(self)

    def get_password(self, service: str, username: str) -> str | None:
        if self.trouble is not None:
            raise self.trouble
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.get_password(service, username)
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> type[Backend]:
    """The backend of both platforms, and whether macOS may ask a person (`questions`)."""
    from keyring.backends import macOS  # slow

    windows = import_module("keyring.backends.Windows")  # what another test imported again may be no attribute

    class Used(Backend):
        kept: ClassVar[dict[tuple[str, str], str]] = {}
        made: ClassVar[list[Backend]] = []
        questions: ClassVar[list[bool]] = []

    security = types.SimpleNamespace(SecKeychainSetUserInteractionAllowed=Used.questions.append)
    monkeypatch.setattr(windows, "WinVaultKeyring", Used)
    monkeypatch.setattr(macOS, "Keyring", Used)
    monkeypatch.setattr(macOS, "api", types.SimpleNamespace(_sec=security), raising=False)
    return Used


def on(platform: str, *, interactive: bool = False, **environ: str) -> KeyringStore:
    factories = platform_backends({}, None, interactive=interactive, platform=platform)
    return KeyringStore("apoa-client/bali", interactive=interactive, environ=environ, factories=factories)


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_each_secret_has_its_own_target(backend: type[Backend], platform: str) -> None:
    """On Windows it stays on this computer: no profile carries it to another one. Deleting twice is no error."""
    kept = on(platform)
    kept.set("password", "x" * 999)
    kept.set("private-key", "k" * 44)
    assert (kept.get("password"), kept.get("private-key")) == ("x" * 999, "k" * 44)
    assert {service for service, _name in backend.kept} == {"apoa-client/bali/password", "apoa-client/bali/private-key"}
    kept.delete("password")
    kept.delete("password")
    assert (kept.get("password"), kept.get("private-key")) == (None, "k" * 44)
    if platform == "win32":
        assert {vars(each)["persist"] for each in backend.made} == {"local machine"}


def test_macos_asks_only_a_person(backend: Any) -> None:
    """The system's own questions are switched off unless a person is at the command."""
    on("darwin").get("password")
    assert backend.questions == [False]
    on("darwin", interactive=True, **DESKTOP).get("password")
    assert backend.questions == [False]


def error_of_windows(number: int) -> Exception:
    error = OSError(number, "rahasia")
    error.winerror = number  # type: ignore[attr-defined,unused-ignore]  # Windows' own
    return error


def error_of_macos(number: int) -> Exception:
    """What `keyring` raises about an error of the Keychain."""
    locked = "KeyringLocked" if number == -128 else "KeyringError"
    error: Exception = type(locked, (Exception,), {})("rahasia")
    error.__cause__ = OSError(number, "rahasia")
    return error


NOT_THERE = ("InitError", "NoKeyringError")
"""Classes of `keyring` that say that there is none."""


@pytest.mark.parametrize(
    ("platform", "error", "reason"),
    [
        ("win32", error_of_windows(1312), KeyringReason.NO_SESSION),  # as over SSH
        ("win32", error_of_windows(5), KeyringReason.REFUSED),
        ("darwin", error_of_macos(-25308), KeyringReason.LOCKED),  # a question that may not be shown
        ("darwin", error_of_macos(-128), KeyringReason.LOCKED),
        ("darwin", error_of_macos(-25293), KeyringReason.REFUSED),
        *(("darwin", type(name, (Exception,), {})("rahasia"), KeyringReason.MISSING) for name in NOT_THERE),
        ("darwin", LookupError("rahasia"), KeyringReason.REFUSED),
    ],
)
def test_errors_of_the_platform_are_translated(
    backend: type[Backend], platform: str, error: Exception, reason: KeyringReason
) -> None:
    """At each call, by their class name, without loading the library; never quoted, because it may be the secret."""
    backend.trouble = error
    kept = on(platform)
    for action in (kept.get, kept.delete, lambda name: kept.set(name, "x")):
        with raises_error(reason) as caught:
            action("password")
        assert "rahasia" not in caught.value.message.render()
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


@pytest.mark.usefixtures("backend")
def test_a_windows_service_has_none_of_the_users_secrets() -> None:
    """Service accounts have a $ at the end of their name; secrets that they stored themselves are found."""
    secrets = PropertySecrets({}, lambda: on("win32", USERNAME="RESEPSI-PC$"))
    with raises_error("keyring_of_service"):
        secrets.private_key()
    secrets.store_private_key(b"k" * 32)
    assert secrets.private_key() == b"k" * 32
    secrets = PropertySecrets({}, lambda: on("win32", USERNAME="Resepsi"))
    assert secrets.private_key() == b"k" * 32
