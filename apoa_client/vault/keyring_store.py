"""The operating system's keyring, through an explicit list of backends and with a time limit on every call.

Discovery in `keyring` looks at every installed backend, starts a compiler on the way, and may choose a backend that
stores nothing, or stores plain text. Here each platform has a short list, and no other backend is used. Every call has
a time limit because a frozen daemon or an invisible question would hold it forever. Without a person at the command,
no question is asked.
"""

import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from apoa_client.errors import SecretMissing
from apoa_client.messages import msg
from apoa_client.processes import call_with_timeout
from apoa_client.vault.errors import KeyringProblem, KeyringReason, SecretUnusable
from apoa_client.vault.store import PRIVATE_KEY, SecretStore

T = TypeVar("T")

TIMEOUT_S = 5.0
"""How long a keyring may take to answer."""
PROMPT_TIMEOUT_S = 60.0
"""How long a person may take to answer the keyring's question."""
MAX_SECRET_LENGTH = 999
"""In characters: Windows refuses more than 1,280, and a secret must fit in the keyring of every platform."""

_BACKEND_VARIABLE = "PYTHON_KEYRING_BACKEND"
"""Names the backend of Python's `keyring`, which is not used. A user who relies on it needs to know why."""
_TRUSTED = tuple(f"keyring.backends.{name}." for name in ("SecretService", "libsecret", "Windows", "macOS"))

_NO_LOGON_SESSION = 1312  # Windows: ERROR_NO_SUCH_LOGON_SESSION
_INTERACTION_NOT_ALLOWED = -25308  # macOS: errSecInteractionNotAllowed


class KeyringBackend(Protocol):
    """A connection to one keyring. Any call may hang, and may raise any exception."""

    label: str
    """The name by which the platform's users know this kind of keyring."""
    may_prompt: bool
    """Whether reading and writing may themselves ask the person at the screen."""

    def obstacle(self, *, writing: bool) -> KeyringProblem | None:
        """The obstacle that only a person can remove, or None."""
        ...

    def resolve(self) -> None:
        """Ask the person to remove the obstacle."""
        ...

    def get(self, service: str, name: str) -> str | None:
        """Return the secret, or None if there is none."""
        ...

    def set(self, service: str, name: str, value: str) -> None:
        """Store a secret."""
        ...

    def delete(self, service: str, name: str) -> None:
        """Delete a secret."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


BackendFactory = Callable[[], KeyringBackend]
"""Connects to one kind of keyring. Raises `KeyringProblem` with `no_keyring` if this computer has none of that kind."""


class KeyringStore(SecretStore):
    """Secrets of one `service` (a property) in the platform's keyring.

    `interactive` says that a person sits at this command, whom the keyring may ask. `environ` and `uid` locate the
    session bus. `factories` are tried in order, each only if no keyring was found before it. `timeout_s` is called
    before each call and returns how many seconds it may take. Methods raise `KeyringProblem`.
    """

    place = "keyring"

    def __init__(
        self,
        service: str,
        *,
        interactive: bool,
        environ: Mapping[str, str],
        uid: int | None = None,
        factories: Sequence[BackendFactory] | None = None,
        timeout_s: Callable[[], float] = lambda: TIMEOUT_S,
    ) -> None:
        self._service = service
        self._timeout_s = timeout_s
        self._environ = environ
        # On Linux a keyring's question needs a display, which a terminal over SSH does not have.
        display = any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
        self._interactive = interactive and (sys.platform in {"win32", "darwin"} or display)
        if factories is None:
            factories = platform_backends(environ, uid, interactive=self._interactive)
        self._factories = factories

    def get(self, name: str) -> str | None:
        """Return the secret with this name, or None if there is none."""
        return self._call(lambda keyring: keyring.get(self._target(name), name), writing=False)

    def set(self, name: str, value: str) -> None:
        """Store a secret of fewer than 1,000 characters. Raises `SecretUnusable` for a longer one."""
        if len(value) > MAX_SECRET_LENGTH:
            raise SecretUnusable(
                msg("A secret of over {most} characters cannot be kept in a keyring.", most=MAX_SECRET_LENGTH)
            )
        self._call(lambda keyring: keyring.set(self._target(name), name, value), writing=True)

    def delete(self, name: str) -> None:
        """Delete a secret. Does nothing if there is none."""
        self._call(lambda keyring: keyring.delete(self._target(name), name), writing=False)

    def describe(self) -> str:
        """Return the name of the keyring that answers. A locked one raises `KeyringProblem`, as in every method."""

        def label(keyring: KeyringBackend) -> str:
            keyring.get(self._target(PRIVATE_KEY), PRIVATE_KEY)
            return keyring.label

        return self._call(label, writing=False)

    def explain_missing(self) -> SecretMissing | None:
        """Return the error for a Windows service, whose account has an empty Credential Manager of its own."""
        if not self._environ.get("USERNAME", "").endswith("$"):  # LocalSystem is the computer's name and a $
            return None
        return SecretMissing(
            msg("This command runs as a service, and the service's account has none of your secrets."),
            msg(
                "Let the service, or the scheduled task, run as the user who set the property up; or keep the secrets "
                "in a file: apoa setup --vault file"
            ),
            name="keyring_of_service",
        )

    def _target(self, name: str) -> str:
        # Each secret has a target of its own: Windows stores one user name for each target.
        return f"{self._service}/{name}"

    def _call(self, action: Callable[[KeyringBackend], T], *, writing: bool) -> T:
        """Call `action` with the first keyring that is there."""
        missing: list[KeyringProblem] = []
        for factory in self._factories:
            try:
                backend = _limited(self._timeout_s(), factory)
            except KeyringProblem as exc:
                if not exc.no_keyring:
                    raise
                missing.append(exc)
            else:
                return self._call_backend(backend, action, writing=writing)
        named = self._environ.get(_BACKEND_VARIABLE, "")
        if named and not named.startswith(_TRUSTED):
            raise KeyringProblem(
                KeyringReason.UNTRUSTED,
                msg("The keyring {name} is not used: apoa-client does not know it.", name=named),
            )
        raise next(iter(missing), KeyringProblem(KeyringReason.NO_BUS))

    def _call_backend(self, backend: KeyringBackend, action: Callable[[KeyringBackend], T], *, writing: bool) -> T:
        """Remove the obstacle, if a person can be asked; then call `action` and close the connection."""

        def find_obstacle() -> KeyringProblem | None:
            return backend.obstacle(writing=writing)

        try:
            obstacle = _limited(self._timeout_s(), find_obstacle)
            if obstacle is not None and self._interactive:
                _limited(PROMPT_TIMEOUT_S, backend.resolve)
                obstacle = _limited(self._timeout_s(), find_obstacle)
            if obstacle is not None:
                raise obstacle
            prompting = self._interactive and backend.may_prompt
            return _limited(PROMPT_TIMEOUT_S if prompting else self._timeout_s(), lambda: action(backend))
        finally:
            backend.close()


def platform_backends(
    environ: Mapping[str, str], uid: int | None, *, interactive: bool, platform: str = sys.platform
) -> list[BackendFactory]:
    """Return the trusted keyrings of this platform. Null, failing and plaintext backends are on no list."""
    if platform == "win32":
        return [windows_credential_manager]
    if platform == "darwin":
        return [lambda: macos_keychain(interactive=interactive)]
    return [partial(_secret_service, address) for address in session_buses(environ, uid)]


def _secret_service(address: str) -> KeyringBackend:
    try:
        from apoa_client.vault.secret_service import SecretService  # not on every platform
    except ImportError as exc:
        raise KeyringProblem(
            KeyringReason.MISSING, msg("The library for this computer's keyring is not installed.")
        ) from exc
    return SecretService(address)


class LibraryBackend:
    """One of `keyring`'s own backends, by its `label`, created from its class, with values for its attributes.

    Raises `KeyringProblem` with `no_keyring` if the backend cannot work on this computer.
    """

    may_prompt = True

    def __init__(self, label: str, backend: Callable[[], Any], **attributes: str) -> None:
        self.label = label
        try:
            _ = backend.priority  # type: ignore[attr-defined]  # a class property, which raises if it cannot work
        except Exception as exc:  # the platform's library may raise any exception here
            raise KeyringProblem(KeyringReason.MISSING) from exc
        self._backend = backend()
        for name, value in attributes.items():
            setattr(self._backend, name, value)

    def obstacle(self, *, writing: bool) -> KeyringProblem | None:  # noqa: ARG002  the protocol's
        """Return None: an obstacle is unknown until the call."""
        return None

    def resolve(self) -> None:
        """Do nothing."""

    def get(self, service: str, name: str) -> str | None:
        """Return the secret, or None if there is none."""
        value: str | None = self._backend.get_password(service, name)
        return value

    def set(self, service: str, name: str, value: str) -> None:
        """Store a secret."""
        self._backend.set_password(service, name, value)

    def delete(self, service: str, name: str) -> None:
        """Delete a secret."""
        if self.get(service, name) is not None:
            self._backend.delete_password(service, name)

    def close(self) -> None:
        """Do nothing: there is no connection."""


def windows_credential_manager() -> KeyringBackend:
    """Return Windows Credential Manager, which never prompts. What it stores stays on this computer.

    By default `keyring` lets a roaming profile carry a secret to the other computers of a domain.
    """
    from keyring.backends.Windows import WinVaultKeyring  # slow, and not on every platform

    return LibraryBackend("Windows Credential Manager", WinVaultKeyring, persist="local machine")


def macos_keychain(*, interactive: bool) -> KeyringBackend:
    """Return the Keychain of macOS. Unless `interactive`, the system's own prompts are switched off."""
    from keyring.backends import macOS  # slow, and not on every platform

    keychain = LibraryBackend("macOS Keychain", macOS.Keyring)
    if not interactive:
        macOS.api._sec.SecKeychainSetUserInteractionAllowed(False)  # noqa: FBT003, SLF001  the only handle
    return keychain


def _limited(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns within `seconds`. Raises `KeyringProblem` for every failure.

    A foreign exception is not chained, because some libraries quote the secret in it. Windows' is known by its number,
    that of macOS by its cause, and `keyring`'s by its class name, so that no library is loaded.
    """
    try:
        return call_with_timeout(seconds, call)
    except KeyringProblem:
        raise
    except TimeoutError:
        raise KeyringProblem(KeyringReason.HUNG) from None
    except Exception as exc:  # noqa: BLE001  a platform's library may raise any exception
        kind = type(exc).__name__
        cause: tuple[object, ...] = getattr(exc.__cause__, "args", ())
        if getattr(exc, "winerror", None) == _NO_LOGON_SESSION:
            raise KeyringProblem(KeyringReason.NO_SESSION) from None
        if kind == "KeyringLocked" or _INTERACTION_NOT_ALLOWED in cause:
            raise KeyringProblem(KeyringReason.LOCKED) from None
        if kind in {"InitError", "NoKeyringError"}:
            raise KeyringProblem(KeyringReason.MISSING) from None
        message = msg("The keyring refused ({error}).", error=kind)
        raise KeyringProblem(KeyringReason.REFUSED, message) from None


def session_buses(environ: Mapping[str, str], uid: int | None, runtime: Path = Path("/run/user")) -> list[str]:
    """Return the addresses of the D-Bus session bus to try: the environment's, then that of systemd for this user.

    The environment has none in cron, and an old terminal may still have the address of a session that ended. systemd
    puts the bus at a known path.
    """
    addresses = []
    if address := environ.get("DBUS_SESSION_BUS_ADDRESS"):
        addresses.append(address)
    socket = runtime / str(uid) / "bus"
    try:
        exists = uid is not None and stat.S_ISSOCK(socket.stat().st_mode)
    except OSError:
        exists = False
    if exists and f"unix:path={socket}" not in addresses:
        addresses.append(f"unix:path={socket}")
    return addresses
