"""The lazy lookup of a property's secrets: the first source that has a secret is used.

The order: files named in the environment, systemd's credentials, a container's secrets, the environment itself, the
keyring or the key file, and last a person at a terminal. The log says where a secret came from, never what it is. cron
has no session bus and a container no keyring, but both must be able to send.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.errors import CredentialsProblem, SecretMissing, SettingsProblem
from apoa_client.messages import Message, msg
from apoa_client.vault.errors import OutboxMoved, PublicKeyChanged, SecretFileRefused, SecretUnusable, SettingsChanged
from apoa_client.vault.sealing import decode_private_key, encode_key, public_key_of
from apoa_client.vault.store import (
    BOUND_KEY,
    GROUP_OR_OTHERS,
    NAMES,
    OTHERS,
    OUTBOX_PASSWORD,
    OUTBOX_PASSWORD_BINDING,
    OUTBOX_VERSION,
    PASSWORD,
    PASSWORD_BINDING,
    PRIVATE_KEY,
    Binding,
    Keys,
    SecretStore,
    binding_digest,
    decode_binding,
    read_secret_file,
    store_verified,
)

if TYPE_CHECKING:
    from apoa_client.ports.run import OutboxVersion

CONTAINER_SECRETS = Path("/run/secrets")


class _Secret(NamedTuple):
    """The names of a secret: in a store, in the environment, and as a file in a folder of secrets."""

    name: str
    variable: str
    file: str
    not_found: Message
    advice: Message


_PASSWORD = _Secret(
    PASSWORD,
    "APOA_PASSWORD",
    "apoa-password",
    msg("The password for the authority was not found."),
    msg("Store it with: apoa login"),
)
_PRIVATE_KEY = _Secret(
    PRIVATE_KEY,
    "APOA_PRIVATE_KEY",
    "apoa-private-key",
    msg("The private key that opens saved reports was not found."),
    msg("Reports can still be saved. To send or read them, restore the private key with: apoa key recover"),
)
_OUTBOX_PASSWORD = _Secret(
    OUTBOX_PASSWORD,
    "APOA_OUTBOX_PASSWORD",
    "apoa-outbox-password",
    msg("The password of the shared outbox was not found."),
    msg("Store it with: apoa login --outbox"),
)


class PropertySecrets:
    """The secrets of one property. Each is looked up at its first use and kept.

    `environ` is the environment of the process. `store` returns the keyring or the key file, and is called only if
    needed. `current_binding` returns what the settings bind a password to now; without it, a stored password is used
    whatever they are. `prompt` asks a person for the password; it is None without a terminal. `container_secrets` is
    the folder of a container's secrets; None if they are not this property's. `version_name` is the name of the outbox'
    version in the store.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        store: Callable[[], SecretStore],
        *,
        current_binding: Callable[[], Binding] | None = None,
        prompt: Callable[[], str] | None = None,
        container_secrets: Path | None = CONTAINER_SECRETS,
        version_name: str = OUTBOX_VERSION,
    ) -> None:
        self._environ = environ
        self._create_store = store
        self._store: SecretStore | None = None
        self._current_binding = current_binding
        self._unbound: Binding | None = None
        """What to bind the stored password to, when the authority accepts it."""
        self._prompt = prompt
        self._container_secrets = container_secrets
        self._version_name = version_name
        self._password: str | None = None
        self._private_key: bytes | None = None
        self.keys = Keys(self._secret_store)

    def password(self) -> str:
        """Return the password for the authority.

        Raises `SecretMissing`, or the error of the source that has it; for a stored one as `check_binding` does.
        """
        if self._password is None:
            self._password = self._find(_PASSWORD, self._prompt, self.check_binding)
        return self._password

    def check_binding(self) -> None:
        """Raise `SettingsChanged` or `PublicKeyChanged` if the stored password was given for other settings.

        A key rotation changes the public key: one that belongs to a private key of this property is right, too.
        """
        if self._current_binding is None:
            return
        stored, current = self._secret_store().get(PASSWORD_BINDING), self._current_binding()
        if stored is None:  # an earlier version stored the password
            self._unbound = current
            return
        bound = decode_binding(stored)
        changed = bound.changed(current)
        if BOUND_KEY in changed:
            if not self._has_private_key_of(current):
                raise PublicKeyChanged
            changed.remove(BOUND_KEY)
            self._unbound = current
        if changed:
            raise SettingsChanged(bound.host, current.host, changed)

    def bind_password(self) -> None:
        """Bind the stored password to the settings, now that the authority has accepted it, if they were not bound."""
        if self._unbound is None:
            return
        try:
            self._secret_store().set(PASSWORD_BINDING, self._unbound.encode())
        except CredentialsProblem as exc:  # the next run tries again
            _log_debug(_PASSWORD, exc.name)
        self._unbound = None

    def _has_private_key_of(self, current: Binding) -> bool:
        try:
            keys = [*self.keys.all(), self.private_key()]
        except SecretMissing:
            return False
        digests = {binding_digest(encode_key(public_key_of(key)).encode()) for key in keys}
        return current.digests[BOUND_KEY] in digests

    def private_key(self) -> bytes:
        """Return the 32-byte private key. Raises as `password` does, and `SecretUnusable` if it is not valid."""
        if self._private_key is None:
            self._private_key = decode_private_key(self._find(_PRIVATE_KEY))
        return self._private_key

    @property
    def has_read_private_key(self) -> bool:
        """Whether the private key was read already, so that `private_key` opens no keyring."""
        return self._private_key is not None

    def store_password(self, value: str, bound_to: Binding) -> None:
        """Store the password in the keyring or key file. The next call of `password` looks it up again."""
        self._store_bound(PASSWORD, value, PASSWORD_BINDING, bound_to)
        self._password = self._unbound = None

    def _store_bound(self, name: str, value: str, binding_name: str, bound_to: Binding) -> None:
        """Store a password and its binding. After a kill no password is bound to the settings of another one."""
        store = self._secret_store()
        store.delete(name)
        store_verified(store, binding_name, bound_to.encode())
        store_verified(store, name, value)

    def store_private_key(self, key: bytes) -> None:
        """Store the private key in the keyring or key file. The next call of `private_key` looks it up again."""
        store_verified(self._secret_store(), PRIVATE_KEY, encode_key(key))
        self._private_key = None

    def forget_password(self) -> None:
        """Delete the password from the keyring or key file. A password in the environment stays there."""
        self._secret_store().delete(PASSWORD)
        self._secret_store().delete(PASSWORD_BINDING)
        self._password = self._unbound = None

    def outbox_password(self, current_binding: Callable[[], Binding]) -> str | None:
        """Return the password of the shared outbox's database; None if no source has one.

        Raises `OutboxMoved` if the stored one is for another database, or the error of the source that has it.
        """
        for source, value in self._provided(_OUTBOX_PASSWORD):
            return _checked(_OUTBOX_PASSWORD, source, value)
        password = self._secret_store().get(OUTBOX_PASSWORD)
        if password is None:
            return None
        bound = decode_binding(self._secret_store().get(OUTBOX_PASSWORD_BINDING) or "")
        current = current_binding()
        if changed := bound.changed(current):
            raise OutboxMoved(bound.host, current.host, changed)
        return _checked(_OUTBOX_PASSWORD, self.place, password)

    def outbox_password_from_environment(self) -> str | None:
        """Return where the environment provides the password of the database; None if nowhere."""
        return next((source for source, _ in self._provided(_OUTBOX_PASSWORD)), None)

    def store_outbox_password(self, value: str, bound_to: Binding) -> None:
        """Store the password of the database in the keyring or key file."""
        self._store_bound(OUTBOX_PASSWORD, value, OUTBOX_PASSWORD_BINDING, bound_to)

    def forget_outbox_password(self) -> None:
        """Delete the password of the database from the keyring or key file."""
        self._secret_store().delete(OUTBOX_PASSWORD)
        self._secret_store().delete(OUTBOX_PASSWORD_BINDING)

    def stored_names(self) -> list[str]:
        """Return the names of what the keyring or key file has of this property. Raises `CredentialsProblem`."""
        return [name for name in NAMES if self._secret_store().get(name) is not None]

    def delete_stored(self, name: str) -> None:
        """Delete what the keyring or key file has under this name. Raises `CredentialsProblem`."""
        self._secret_store().delete(name)

    def password_from_environment(self) -> str | None:
        """Return where the environment provides the password, which is used before a stored one; None if nowhere."""
        return next((place for place, _ in self._provided(_PASSWORD)), None)

    def private_key_from_environment(self) -> str | None:
        """Return where the environment provides the private key, which this program cannot change; None if nowhere."""
        return next((place for place, _ in self._provided(_PRIVATE_KEY)), None)

    def outbox_version(self) -> "OutboxVersion | None":
        """Return the version that is stored beside the private key; None if there is none, or it cannot be read."""
        try:
            text = self._secret_store().get(self._version_name) if self._has_stored_key() else None
        except CredentialsProblem:
            return None
        outbox, _blank, number = (text or "").partition(" ")
        from apoa_client.ports.run import OutboxVersion  # start-up

        return OutboxVersion(outbox, int(number)) if number.isdecimal() else None

    def store_outbox_version(self, version: "OutboxVersion | None") -> None:
        """Store the version, or delete it (None). Does nothing where it cannot be written."""
        try:
            if version is None:
                self._secret_store().delete(self._version_name)
            elif self._has_stored_key():
                self._secret_store().set(self._version_name, f"{version.outbox} {version.number}")
        except CredentialsProblem as exc:
            _log_debug(_PRIVATE_KEY, exc.name)

    def _has_stored_key(self) -> bool:
        """Return whether the private key was read here, and from the keyring or key file."""
        return self.has_read_private_key and self.private_key_from_environment() is None

    def spare_keys(self) -> list[bytes]:
        """Return every private key in the keyring or key file, or nothing if it cannot be read."""
        try:
            return self.keys.all()
        except CredentialsProblem as exc:
            _log_debug(_PRIVATE_KEY, exc.name)
            return []

    def stores_key(self, private_key: bytes) -> bool:
        """Return whether the keyring or key file has this key; True if it cannot be read, because it may have it."""
        try:
            return private_key in self.keys.all()
        except CredentialsProblem:
            return True

    @property
    def place(self) -> str:
        """The name of the keyring or key file, for messages."""
        return self._secret_store().place

    def describe_store(self) -> str:
        """Return which keyring or key file keeps the secrets. Raises `CredentialsProblem` if it cannot be read now."""
        return self._secret_store().describe()

    def _find(
        self, secret: _Secret, prompt: Callable[[], str] | None = None, check: Callable[[], None] = lambda: None
    ) -> str:
        """Return a secret from the first source that has it; `check` is called before one from the store is used."""
        for place, value in self._provided(secret):
            return _checked(secret, place, value)
        try:
            stored = self._secret_store().get(secret.name)
        except CredentialsProblem as exc:
            if prompt is None:
                raise
            _log_debug(secret, exc.name)
            stored = None
        if stored is not None:
            check()
            return _checked(secret, self.place, stored)
        if prompt is None:
            raise self._missing(secret)
        return _checked(secret, "terminal", prompt())

    def _provided(self, secret: _Secret) -> Iterator[tuple[str, str]]:
        """Yield the place and the value of the secret in each source outside this program."""
        file_variable = f"{secret.variable}_FILE"
        if name := self._environ.get(file_variable):
            path = Path(name)
            # systemd grants a service access to its credentials by an access list, which looks like group rights.
            forbidden = OTHERS if path.parent == self._credentials else GROUP_OR_OTHERS
            text = read_secret_file(path, forbidden=forbidden)
            if text is None:
                raise SecretFileRefused(
                    msg("There is no file {path}.", path=str(path)),
                    msg("Put the secret there, or correct the variable that names it."),
                )
            yield file_variable, _first_line(text)
        for folder in self._folders():
            text = read_secret_file(folder / secret.file, forbidden=OTHERS)
            if text is not None:
                yield str(folder / secret.file), _first_line(text)
        if value := self._environ.get(secret.variable):
            yield secret.variable, value

    @property
    def _credentials(self) -> Path | None:
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        return Path(folder) if folder else None

    def _folders(self) -> list[Path]:
        return [folder for folder in (self._credentials, self._container_secrets) if folder is not None]

    def _secret_store(self) -> SecretStore:
        if self._store is None:
            self._store = self._create_store()
        return self._store

    def _missing(self, secret: _Secret) -> SecretMissing:
        """Return the error, and log every place that was searched: with -v an admin reads it, a receptionist not."""
        explanation = self._secret_store().explain_missing()
        if explanation is not None:
            return explanation
        import logging  # start-up

        files = [str(folder / secret.file) for folder in self._folders()]
        places = [f"{secret.variable}_FILE", *files, secret.variable, self.place]
        logging.getLogger(__name__).info("%s: not found; looked in %s", secret.name, ", ".join(places))
        return SecretMissing(secret.not_found, secret.advice)


def _checked(secret: _Secret, place: str, value: str) -> str:
    if not value:
        raise SecretUnusable(msg("{place} contains no secret: it is empty.", place=place), secret.advice)
    _log_debug(secret, f"from {place}")
    return value


def _first_line(text: str) -> str:
    """Remove an editor's newline at the end of a file, but no spaces, which may be part of the secret."""
    return text.removesuffix("\n").removesuffix("\r")


def _log_debug(secret: _Secret, what: str) -> None:
    logging = sys.modules.get("logging")  # start-up: where nothing has loaded it, no user reads the log
    if logging is not None:
        logging.getLogger(__name__).debug("%s: %s", secret.name, what)


def find_missing_secrets(secrets: PropertySecrets, public_key: str, *, password: bool) -> list[str]:
    """Return which secrets a property still needs after a restore, which brings back files, but no secret.

    These are "private_key" if no private key fits, and "password" if `password` is needed and none is found.
    """
    missing = []
    try:
        fits = encode_key(public_key_of(secrets.private_key())) == public_key
    except CredentialsProblem:
        fits = False
    if not fits:
        missing.append("private_key")
    if password:
        try:
            secrets.password()
        except CredentialsProblem:
            missing.append("password")
        except SettingsProblem:  # the password is there, and the certificates that it is bound to are not
            pass
    return missing
