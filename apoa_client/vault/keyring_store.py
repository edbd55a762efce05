"""The operating system's keyring, by classes that we chose, within a time that we chose.

`keyring`'s discovery looks at every installed backend, spawns a compiler on the way, and may end at one that stores
nothing, or in plain text. Here each platform has its short list, and whatever is on no list is not used. Every call is
bounded, because a frozen daemon or an unseen question holds it for ever; and nobody is asked anything where nobody is.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from apoa_client.errors import KeyringProblem
from apoa_client.messages import msg
from apoa_client.timeouts import call_with_timeout
from apoa_client.vault.errors import (
    KeyringHung,
    KeyringLocked,
    KeyringMissing,
    KeyringNoBus,
    KeyringNoSession,
    KeyringOfService,
    KeyringRefused,
    SecretUnusable,
)
from apoa_client.vault.refused_backends import refusal
from apoa_client.vault.session_bus import session_buses
from apoa_client.vault.store import SecretStore

T = TypeVar("T")

TIMEOUT_S = 5.0
"""Seconds for a keyring to answer."""
PROMPT_TIMEOUT_S = 60.0
"""Seconds for a person to answer the keyring's question."""
MAX_SECRET_LENGTH = 999
"""Characters: Windows refuses somewhat more than this, and secrets must be portable."""

_NO_LOGON_SESSION = 1312  # Windows: ERROR_NO_SUCH_LOGON_SESSION
_INTERACTION_NOT_ALLOWED = -25308  # macOS: errSecInteractionNotAllowed


class KeyringBackend(Protocol):
    """A keyring that was reached. Any call may hang, and may raise anything."""

    may_prompt: bool
    """Whether reading and writing may themselves ask the person at the screen."""

    def obstacle(self, *, writing: bool) -> KeyringProblem | None:
        """What only a person can clear away, or None."""
        ...

    def resolve(self) -> None:
        """Ask the person to clear it away."""
        ...

    def get(self, service: str, name: str) -> str | None:
        """The secret; None where there is none."""
        ...

    def set(self, service: str, name: str, value: str) -> None:
        """Keep a secret."""
        ...

    def delete(self, service: str, name: str) -> None:
        """Forget a secret."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


BackendFactory = Callable[[], KeyringBackend]
"""Reaches one kind of keyring, or raises `KeyringMissing` where this computer has none of that kind."""


class KeyringStore(SecretStore):
    """Secrets of one `service` (a property) in the platform's keyring.

    `interactive` says that a person sits at this command and may be asked by the keyring itself. `environ` and `uid`
    tell where the session bus is. `factories` are tried in turn; the next one only where the one before is missing.
    `timeout_s` is how long it may take to answer. Raises `KeyringProblem`, of the kinds in `apoa_client.vault.errors`.
    """

    def __init__(
        self,
        service: str,
        *,
        interactive: bool,
        environ: Mapping[str, str],
        uid: int | None = None,
        factories: Sequence[BackendFactory] | None = None,
        timeout_s: float | None = None,
    ) -> None:
        self._service = service
        self._patience_s = TIMEOUT_S if timeout_s is None else timeout_s
        self._environ = environ
        self._interactive = interactive and _can_be_asked(environ)
        self._doors = platform_backends(environ, uid, interactive=self._interactive) if factories is None else factories

    def __repr__(self) -> str:
        return f"KeyringStore({self._service!r})"

    @property
    def place(self) -> str:
        """What it is called."""
        return "keyring"

    def get(self, name: str) -> str | None:
        """The secret of that name; None where there is none."""
        return self._through(lambda keyring: keyring.get(self._where(name), name), writing=False)

    def set(self, name: str, value: str) -> None:
        """Keep a secret of fewer than 1,000 characters; `SecretUnusable` for a longer one."""
        if len(value) > MAX_SECRET_LENGTH:
            raise SecretUnusable(
                msg("A secret of over {most} characters cannot be kept in a keyring.", most=MAX_SECRET_LENGTH)
            )
        self._through(lambda keyring: keyring.set(self._where(name), name, value), writing=True)

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._through(lambda keyring: keyring.delete(self._where(name), name), writing=False)

    def explain_missing(self) -> KeyringOfService | None:
        """Why there is nothing in it, where the account that the program runs under says so."""
        if self._environ.get("USERNAME", "").endswith("$"):  # Windows: LocalSystem's is the computer's name and a $
            return KeyringOfService(msg("This command runs as a service, whose account keeps no secrets of yours."))
        return None

    def _where(self, name: str) -> str:
        # One target a secret: Windows keeps one user name under each, and shuffles where there are two.
        return f"{self._service}/{name}"

    def _through(self, action: Callable[[KeyringBackend], T], *, writing: bool) -> T:
        missing: list[KeyringMissing] = []
        for door in self._doors:
            try:
                keyring = _bounded(self._patience_s, door)
            except KeyringMissing as exc:
                missing.append(exc)
            else:
                return self._act(keyring, action, writing=writing)
        raise refusal(self._environ, _keyrings_settings()) or next(iter(missing), _no_bus())

    def _act(self, keyring: KeyringBackend, action: Callable[[KeyringBackend], T], *, writing: bool) -> T:
        try:
            self._clear(keyring, writing=writing)
            patience = PROMPT_TIMEOUT_S if self._interactive and keyring.may_prompt else self._patience_s
            return _bounded(patience, lambda: action(keyring))
        finally:
            keyring.close()

    def _clear(self, keyring: KeyringBackend, *, writing: bool) -> None:
        def look() -> KeyringProblem | None:
            return keyring.obstacle(writing=writing)

        problem = _bounded(self._patience_s, look)
        if problem is not None and self._interactive:
            _bounded(PROMPT_TIMEOUT_S, keyring.resolve)
            problem = _bounded(self._patience_s, look)
        if problem is not None:
            raise problem


def platform_backends(
    environ: Mapping[str, str], uid: int | None, *, interactive: bool, platform: str = sys.platform
) -> list[BackendFactory]:
    """The keyrings that are trusted on this platform. Null, failing and plain-text backends are on no list."""
    if platform == "win32":
        return [windows_credential_manager]
    if platform == "darwin":
        return [lambda: macos_keychain(interactive=interactive)]
    addresses = session_buses(environ, uid)
    return [partial(door, address) for address in addresses for door in (_secret_service, kwallet)]


def _secret_service(address: str) -> KeyringBackend:
    try:
        from apoa_client.vault.secret_service import SecretService  # not on every platform
    except ImportError as exc:
        raise KeyringMissing(msg("The library for this computer's keyring is not installed.")) from exc
    return SecretService(address)


class LibraryBackend:
    """One of `keyring`'s own backends, made by its class. Raises `KeyringMissing` where it cannot work here."""

    may_prompt = True

    def __init__(self, backend: Callable[[], Any]) -> None:
        try:
            _ = backend.priority  # type: ignore[attr-defined]  # a property of the class, which says so by raising
        except Exception as exc:  # its `classproperty` may raise whatever the platform's library does
            raise KeyringMissing(msg("This computer has no keyring that apoa-client can use.")) from exc
        self._backend = backend()

    def obstacle(self, *, writing: bool) -> KeyringProblem | None:  # noqa: ARG002  the protocol's
        """Unknown until it is tried."""
        return None

    def resolve(self) -> None:
        """Nothing that can be done beforehand."""

    def get(self, service: str, name: str) -> str | None:
        """The secret; None where there is none."""
        value: str | None = self._backend.get_password(service, name)
        return value

    def set(self, service: str, name: str, value: str) -> None:
        """Keep a secret."""
        self._backend.set_password(service, name, value)

    def delete(self, service: str, name: str) -> None:
        """Forget a secret."""
        if self.get(service, name) is not None:
            self._backend.delete_password(service, name)

    def close(self) -> None:
        """Nothing is held."""


def windows_credential_manager() -> KeyringBackend:
    """Windows Credential Manager. Asks nobody anything."""
    from keyring.backends.Windows import WinVaultKeyring  # slow, and not on every platform

    return LibraryBackend(WinVaultKeyring)


def macos_keychain(*, interactive: bool) -> KeyringBackend:
    """The Keychain of macOS; without a person at the command, the system's own questions are switched off."""
    from keyring.backends import macOS  # slow, and not on every platform

    keychain = LibraryBackend(macOS.Keyring)
    if not interactive:
        macOS.api._sec.SecKeychainSetUserInteractionAllowed(False)  # noqa: FBT003, SLF001  the one handle that there is
    return keychain


class KWallet(LibraryBackend):
    """KDE's wallet as it was before it spoke the Secret Service. Opening a closed wallet asks the person."""

    may_prompt = False

    def __init__(self, module: Any) -> None:  # noqa: ANN401  `keyring.backends.kwallet`, which has no types
        super().__init__(module.DBusKeyring)
        self._module = module

    def obstacle(self, *, writing: bool) -> KeyringProblem | None:  # noqa: ARG002  the protocol's
        """A closed wallet, or None."""
        bus = self._module.dbus.SessionBus()
        remote = bus.get_object(self._module.DBusKeyring.bus_name, self._module.DBusKeyring.object_path)
        wallet = self._module.dbus.Interface(remote, "org.kde.KWallet")
        if wallet.isOpen(wallet.networkWallet(), signature="s"):  # without it, isOpen(int) could be meant
            return None
        return KeyringLocked(msg("The KDE wallet is closed."))

    def resolve(self) -> None:
        """Ask the person at the screen to open the wallet."""
        self._backend.connected("apoa-client")


def kwallet(address: str) -> KeyringBackend:
    """KDE's wallet, through the session bus at `address`."""
    # libdbus takes the bus from the process's environment and from nowhere else.
    os.environ["DBUS_SESSION_BUS_ADDRESS"] = address  # noqa: TID251  see the line above
    from keyring.backends import kwallet as module  # slow, and not on every platform

    return KWallet(module)


def _can_be_asked(environ: Mapping[str, str]) -> bool:
    """Whether a keyring's window could be seen: on Linux it needs a display, which a terminal over SSH has not."""
    return sys.platform in {"win32", "darwin"} or any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _no_bus() -> KeyringNoBus:
    return KeyringNoBus(msg("There is no desktop session of this user, and so no keyring."))


def _keyrings_settings() -> Path:
    """The file in which somebody may have told `keyring` which backend to use."""
    from keyring.util import platform_  # slow

    return Path(platform_.config_root()) / "keyringrc.cfg"


def _bounded(seconds: float, call: Callable[[], T]) -> T:
    try:
        return call_with_timeout(seconds, call)
    except KeyringProblem:
        raise
    except TimeoutError:
        raise KeyringHung(msg("The keyring did not answer.")) from None
    except Exception as exc:  # noqa: BLE001  whatever a platform's library raises must not leak
        # Not chained: some of them quote what they were given.
        raise _problem(exc) from None


def _problem(exc: Exception) -> KeyringProblem:
    """Our error for a foreign one: Windows is known by its number, macOS by its cause's, `keyring` by its class."""
    kind = type(exc).__name__
    cause: tuple[object, ...] = getattr(exc.__cause__, "args", ())
    if getattr(exc, "winerror", None) == _NO_LOGON_SESSION:
        return KeyringNoSession(msg("Windows gives no credentials to this kind of session."))
    if kind == "KeyringLocked" or _INTERACTION_NOT_ALLOWED in cause:
        return KeyringLocked(msg("The keyring is locked."))
    if kind in {"InitError", "NoKeyringError"}:
        return KeyringMissing(msg("This computer has no keyring that apoa-client can use."))
    return KeyringRefused(msg("The keyring refused ({error}).", error=kind))
