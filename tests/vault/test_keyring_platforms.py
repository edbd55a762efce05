"""The keyring of each platform: what it stores, when it prompts, and how its errors are translated.

Windows and macOS are doubles of what `keyring` calls; `keyring`'s own code runs with them. The Secret Service is
tested with a real daemon in `test_gnome_keyring`.
"""

import socket
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from basics import raises_error

from apoa_client.errors import SecretMissing
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


def test_a_library_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing SecretStorage is a missing keyring."""
    monkeypatch.setitem(sys.modules, "apoa_client.vault.secret_service", None)
    with raises_error(KeyringReason.MISSING):
        secret_service("unix:path=/nowhere/bus").get("password")


@pytest.mark.skipif(sys.platform == "win32", reason="there it is installed")
def test_windows_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pywin32-ctypes there is no keyring."""
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


# Windows.


class PywinError(Exception):
    """`pywintypes.error`."""

    def __init__(self, winerror: int, funcname: str) -> None:
        super().__init__(winerror, funcname, "text")
        self.winerror = winerror
        self.funcname = funcname


class CredentialManager(types.ModuleType):
    """`win32cred`: credentials by target, blobs of at most 2,560 bytes in UTF-16."""

    CRED_TYPE_GENERIC = 1
    CRED_PERSIST_LOCAL_MACHINE = 2
    CRED_PERSIST_ENTERPRISE = 3

    def __init__(self) -> None:
        super().__init__("win32cred")
        self.kept: dict[str, dict[str, Any]] = {}
        self.session = True

    def look(self, target: str, function: str) -> dict[str, Any]:
        if not self.session:
            raise PywinError(1312, function)
        if target not in self.kept:
            raise PywinError(1168, function)
        return self.kept[target]

    def CredRead(self, Type: int, TargetName: str) -> dict[str, Any]:  # noqa: ARG002, N802, N803  win32cred's
        return dict(self.look(TargetName, "CredRead"))

    def CredWrite(self, credential: dict[str, Any], flags: int) -> None:  # noqa: ARG002, N802  win32cred's
        if not self.session:
            raise PywinError(1312, "CredWrite")
        blob = str(credential["CredentialBlob"]).encode("utf-16-le")
        if len(blob) > 2560:
            raise PywinError(1783, "CredWrite")
        self.kept[credential["TargetName"]] = {**credential, "CredentialBlob": blob}

    def CredDelete(self, Type: int, TargetName: str) -> None:  # noqa: ARG002, N802, N803  win32cred's
        self.look(TargetName, "CredDelete")
        del self.kept[TargetName]


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> CredentialManager:
    """`keyring`'s Windows backend with a credential manager in memory."""
    package, pywin32, pywintypes = (types.ModuleType(name) for name in ("win32ctypes", "pywin32", "pywintypes"))
    manager = CredentialManager()
    monkeypatch.setattr(pywintypes, "error", PywinError, raising=False)
    monkeypatch.setattr(pywin32, "pywintypes", pywintypes, raising=False)
    monkeypatch.setattr(pywin32, "win32cred", manager, raising=False)
    monkeypatch.setitem(sys.modules, "win32ctypes", package)
    monkeypatch.setitem(sys.modules, "win32ctypes.pywin32", pywin32)
    monkeypatch.delitem(sys.modules, "keyring.backends.Windows", raising=False)
    return manager


def on(platform: str) -> KeyringStore:
    factories = platform_backends({}, None, interactive=False, platform=platform)
    return KeyringStore("apoa-client/bali", interactive=False, environ={}, factories=factories)


def test_windows_stores_each_secret_in_its_own_target(windows: CredentialManager) -> None:
    """On this computer: no profile carries it to another one. Deleting one leaves the other; twice is no error."""
    kept = on("win32")
    kept.set("password", "x" * 999)  # the limit here is below that of Windows
    kept.set("private-key", "k" * 44)
    assert (kept.get("password"), kept.get("private-key")) == ("x" * 999, "k" * 44)
    assert set(windows.kept) == {"apoa-client/bali/password", "apoa-client/bali/private-key"}
    assert {each["Persist"] for each in windows.kept.values()} == {windows.CRED_PERSIST_LOCAL_MACHINE}
    kept.delete("password")
    kept.delete("password")
    assert (kept.get("password"), kept.get("private-key")) == (None, "k" * 44)


def test_windows_over_ssh_has_no_session(windows: CredentialManager) -> None:
    """Error 1312 has advice of its own."""
    windows.session = False
    for action in (on("win32").get, on("win32").delete, lambda name: on("win32").set(name, "x")):
        with raises_error(KeyringReason.NO_SESSION):
            action("password")


def test_a_windows_service_has_none_of_the_users_secrets(windows: CredentialManager) -> None:
    """Service accounts have a $ at the end of their name; secrets that they stored themselves are found."""
    del windows
    [factory] = platform_backends({}, None, interactive=False, platform="win32")
    service = KeyringStore("x", interactive=False, environ={"USERNAME": "RESEPSI-PC$"}, factories=[factory])
    secrets = PropertySecrets({}, lambda: service)
    with raises_error("keyring_of_service"):
        secrets.private_key()
    secrets.store_private_key(b"k" * 32)
    assert secrets.private_key() == b"k" * 32
    person = KeyringStore("y", interactive=False, environ={"USERNAME": "Resepsi"}, factories=[factory])
    with pytest.raises(SecretMissing) as caught:
        PropertySecrets({}, lambda: person).private_key()
    assert type(caught.value) is SecretMissing


# macOS.


class KeychainError(Exception):
    """`keyring.backends.macOS.api.Error`."""


class Keychain:
    """`keyring.backends.macOS.api`."""

    Error = KeychainError
    NotFound: ClassVar[type[Exception]] = type("NotFound", (KeychainError,), {})
    KeychainDenied: ClassVar[type[Exception]] = type("KeychainDenied", (KeychainError,), {})

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.status = 0
        self.questions = True
        self._sec = types.SimpleNamespace(SecKeychainSetUserInteractionAllowed=self.allow)

    def allow(self, allowed: bool) -> int:  # noqa: FBT001  Apple's
        self.questions = allowed
        return 0

    def check(self) -> None:
        if self.status == -128:
            raise self.KeychainDenied(self.status, "Keychain Access Denied")
        if self.status:
            raise KeychainError(self.status, "Unknown Error")

    def find_generic_password(self, keychain: None, service: str, username: str) -> str:  # noqa: ARG002  api's
        self.check()
        if (service, username) not in self.kept:
            raise self.NotFound(-25300, "Item not found")
        return self.kept[service, username]

    def set_generic_password(self, keychain: None, service: str, username: str, password: str) -> None:  # noqa: ARG002  api's
        self.check()
        self.kept[service, username] = password

    def delete_generic_password(self, keychain: None, service: str, username: str) -> None:  # noqa: ARG002  api's
        self.check()
        del self.kept[service, username]


@pytest.fixture
def keychain(monkeypatch: pytest.MonkeyPatch) -> Keychain:
    """`keyring`'s macOS backend with a Keychain in memory."""
    from keyring.backends import macOS  # slow

    double = Keychain()
    monkeypatch.setattr(macOS, "api", double, raising=False)
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    return double


def test_macos_stores_secrets_without_a_prompt(keychain: Keychain) -> None:
    """The system's own questions are switched off unless a person is at the command."""
    kept = on("darwin")
    assert kept.get("password") is None
    kept.set("password", "rahasia")
    assert kept.get("password") == "rahasia"
    kept.delete("password")
    assert keychain.kept == {}
    assert keychain.questions is False
    keychain.questions = True
    factories = platform_backends({}, None, interactive=True, platform="darwin")
    assert KeyringStore("x", interactive=True, environ=DESKTOP, factories=factories).get("password") is None
    assert keychain.questions


@pytest.mark.parametrize(
    ("status", "error"), [(-25308, KeyringReason.LOCKED), (-128, KeyringReason.LOCKED), (-25293, KeyringReason.REFUSED)]
)
def test_errors_of_macos_are_translated(keychain: Keychain, status: int, error: KeyringReason) -> None:
    """A question that may not be shown (SSH) is a locked keychain; a failed authorization is a refusal."""
    keychain.status = status
    with raises_error(error):
        on("darwin").get("password")
    with raises_error(error):
        on("darwin").set("password", "x")
