"""What a keyring or key file keeps of a property: secrets by name, keys, and what its passwords are bound to.

A file with secrets is read only if no other user can read it, and is never readable by others when it is written.
"""

import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from apoa_client.errors import CredentialsProblem, SecretMissing, UsageProblem, file_in_use
from apoa_client.files import (
    FileInUse,
    create_private,
    make_private_folder,
    sync_folder,
    wait_while_in_use,
    write_private,
)
from apoa_client.messages import msg
from apoa_client.permissions import UNSAFE, find_fault
from apoa_client.texts import decode_text
from apoa_client.vault.errors import SecretFileRefused, SecretUnusable
from apoa_client.vault.sealing import decode_private_key, encode_key

PASSWORD = "password"  # noqa: S105  the name of the secret, not its value
PASSWORD_BINDING = "password-binding"  # noqa: S105  the same
"""What the password was given for: a `Binding`."""
PRIVATE_KEY = "private-key"
PRIVATE_KEY_NEXT = "private-key-next"
"""The new key of a rotation that is not finished."""
PRIVATE_KEY_OLD = "private-key-old"
"""The previous key, as long as records are sealed to it."""
OUTBOX_VERSION = "outbox-version"
"""The id and the highest version of the outbox. Not secret: it is here because others cannot set it back."""
SHARED_OUTBOX_VERSION = "outbox-version-shared"
"""The same of a shared outbox, beside the entry for the file on this computer."""
OUTBOX_PASSWORD = "outbox-password"  # noqa: S105  the name of the secret, not its value
"""The password of the shared outbox's database."""
OUTBOX_PASSWORD_BINDING = "outbox-password-binding"  # noqa: S105  the same
"""What that password was given for."""

NAMES = (
    *(PASSWORD, PASSWORD_BINDING, OUTBOX_PASSWORD, OUTBOX_PASSWORD_BINDING, OUTBOX_VERSION, SHARED_OUTBOX_VERSION),
    *(PRIVATE_KEY_NEXT, PRIVATE_KEY_OLD, PRIVATE_KEY),
)
"""Everything that a store may have of a property, the private key last."""

# In the order in which a key moves from name to name, so that a reader finds a key that is renamed meanwhile.
_KEY_NAMES = (PRIVATE_KEY_NEXT, PRIVATE_KEY, PRIVATE_KEY_OLD)

BOUND_KEY = "public_key"
"""The setting among those of a binding that a key rotation changes."""
_DIGEST_BYTES = 16
_MAX_HOST = 260
"""In characters, with a port (RFC 1035 §2.3.4)."""


class SecretStore(Protocol):
    """A place that keeps secrets between runs. Every method may raise `CredentialsProblem`."""

    place: str
    """The name of the place, for messages and logs."""

    def get(self, name: str) -> str | None:
        """Return the secret with this name, or None if there is none."""
        ...

    def set(self, name: str, value: str) -> None:
        """Store a secret. Replaces one with the same name."""
        ...

    def delete(self, name: str) -> None:
        """Delete a secret. Does nothing if there is none."""
        ...

    def describe(self) -> str:
        """Return the name of the place as an admin knows it. Raises `CredentialsProblem` if it cannot be read now."""
        self.get(PRIVATE_KEY)
        return self.place

    def explain_missing(self) -> SecretMissing | None:
        """Return a better error for a missing secret than that it was never stored, or None."""
        return None


def store_verified(store: SecretStore, name: str, value: str) -> None:
    """Store a secret and read it back: a private key that was not really stored would be lost.

    Raises `SecretUnusable` if the store returns another value.
    """
    store.set(name, value)
    if store.get(name) != value:
        raise SecretUnusable(
            msg("{place} did not keep the secret that was stored in it.", place=store.place),
            msg("Keep the secrets in a file instead: apoa setup --vault file"),
        )


class Keys:
    """The private keys in the keyring or key file. Every method may raise `CredentialsProblem`.

    While one key replaces another, a kill at any moment leaves every record readable: store the new key beside the
    current one; write its public key into the settings and reseal the records; make it the current key; delete the old
    key once nothing needs it.
    """

    def __init__(self, store: Callable[[], SecretStore]) -> None:
        self._store = store

    def all(self) -> list[bytes]:
        """Return every key in the store, without damaged ones."""
        keys = []
        for name in _KEY_NAMES:
            text = self._store().get(name)
            if text:
                try:
                    keys.append(decode_private_key(text))
                except CredentialsProblem:
                    continue
        return keys

    def next(self) -> bytes | None:
        """Return the new key of an unfinished change, or None."""
        return self._get(PRIVATE_KEY_NEXT)

    def old(self) -> bytes | None:
        """Return the previous key, or None."""
        return self._get(PRIVATE_KEY_OLD)

    def begin_rotation(self, private_key: bytes) -> None:
        """Store the new key beside the current one."""
        store_verified(self._store(), PRIVATE_KEY_NEXT, encode_key(private_key))

    def finish_rotation(self) -> None:
        """Make the new key the current one. May be repeated after an interruption."""
        store = self._store()
        new = store.get(PRIVATE_KEY_NEXT)
        if new:
            self._replace_current(new)
            store.delete(PRIVATE_KEY_NEXT)

    def restore_current(self, private_key: bytes) -> None:
        """Make this key the current one. Another current key becomes the old one."""
        self._replace_current(encode_key(private_key))

    def add_old(self, private_key: bytes) -> None:
        """Store a key for older records beside the current one."""
        store_verified(self._store(), PRIVATE_KEY_OLD, encode_key(private_key))

    def delete_old(self) -> None:
        """Delete the previous key."""
        self._store().delete(PRIVATE_KEY_OLD)

    def copy_from(self, other: "Keys") -> None:
        """Copy the keys of another keyring or key file under their names.

        An unfinished change that started here and was finished there is dropped here.
        """
        store, source = self._store(), other._store()  # noqa: SLF001  of the same class
        for name in _KEY_NAMES:
            if text := source.get(name):
                store_verified(store, name, text)
            elif name == PRIVATE_KEY_NEXT:
                store.delete(name)

    def _get(self, name: str) -> bytes | None:
        text = self._store().get(name)
        return decode_private_key(text) if text else None

    def _replace_current(self, new: str) -> None:
        store = self._store()
        current = store.get(PRIVATE_KEY)
        if current and current != new:
            store_verified(store, PRIVATE_KEY_OLD, current)
        store_verified(store, PRIVATE_KEY, new)


class Binding(NamedTuple):
    """Which settings a stored password was given for, kept beside it.

    It has the host that the password is for, and a digest of each setting that must not change, by the setting's name.
    config.toml is protected less than a keyring: if another person changes the address in it, the password must not go
    there.
    """

    host: str
    digests: Mapping[str, str]

    def changed(self, other: "Binding") -> list[str]:
        """Return the names of the settings that are different in `other`."""
        names = [*self.digests, *(name for name in other.digests if name not in self.digests)]
        return [name for name in names if self.digests.get(name) != other.digests.get(name)]

    def encode(self) -> str:
        """Return the text to store: under 1,000 characters for any address."""
        return json.dumps({"host": self.host, **self.digests})


def bind(host: str, **settings: bytes) -> Binding:
    """Return the binding to a host and to the values of settings."""
    return Binding(host[:_MAX_HOST], {name: binding_digest(value) for name, value in settings.items()})


def decode_binding(text: str) -> Binding:
    """Return the binding in a stored text. A damaged text is a binding to no settings at all."""
    try:
        value = json.loads(text)
        return Binding(value.pop("host"), {str(name): str(each) for name, each in value.items()})
    except (ValueError, TypeError, KeyError, AttributeError):
        return Binding("?", {})


def binding_digest(value: bytes) -> str:
    """Return the digest of a setting's value. Settings are not secret; a digest is short."""
    from hashlib import blake2b  # start-up

    return blake2b(value, digest_size=_DIGEST_BYTES).hexdigest()


POSIX = os.name == "posix"
"""On other systems a file's mode does not say who may read it."""

OTHERS = stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH
GROUP_OR_OTHERS = OTHERS | stat.S_IRGRP | stat.S_IWGRP | stat.S_IXGRP
_MAX_BYTES = 64 * 1024


def read_secret_file(path: Path, *, forbidden: int = GROUP_OR_OTHERS, follow: bool = True) -> str | None:
    """Return the text of a secret file, or None if there is no such file.

    Raises `SecretFileRefused` if it is not a regular file, has a mode bit of `forbidden` (POSIX), can be changed by
    another user, is a link and `follow` is false, is over 64 KiB, is not text, or cannot be read.
    """
    # Without O_NONBLOCK, opening a pipe without a writer would block forever. Windows has few of these flags.
    names = ("O_BINARY", "O_NONBLOCK") if follow else ("O_BINARY", "O_NONBLOCK", "O_NOFOLLOW")
    flags = os.O_RDONLY
    for name in names:
        flags |= getattr(os, name, 0)
    try:
        handle = wait_while_in_use(path, lambda: os.open(path, flags))
    except FileNotFoundError:
        return None
    except FileInUse as exc:
        raise file_in_use(str(path), SecretFileRefused) from exc
    except OSError as exc:
        raise _unreadable(path) from exc
    try:
        _check_mode(os.fstat(handle).st_mode, path, forbidden)
        # Otherwise systemd or the container's manager made it, as any user.
        if forbidden == GROUP_OR_OTHERS and (fault := find_fault(path, secret=True)) is not None:
            raise SecretFileRefused(*fault, name=UNSAFE)
        content = os.read(handle, _MAX_BYTES + 1)
    finally:
        os.close(handle)
    if len(content) > _MAX_BYTES:
        raise _unreadable(path)
    try:
        return decode_text(content)
    except UnicodeDecodeError:
        raise _unreadable(path) from None  # the error would contain the content


def write_secret_file(path: Path, text: str) -> None:
    """Replace the content of `path` atomically and durably, with mode 0600 whatever the umask.

    Raises `SecretFileRefused` if it cannot be written.
    """
    try:
        write_private(path, text.encode())
    except FileInUse as exc:
        raise file_in_use(str(path), SecretFileRefused) from exc
    except OSError as exc:
        raise unwritable(path) from exc


def write_new_secret_file(path: Path, text: str) -> None:
    """Write `text` durably to a new file, with mode 0600 whatever the umask.

    Raises `UsageProblem` if the file exists, and `SecretFileRefused` if it cannot be written.
    """
    try:
        handle = create_private(path)
    except FileExistsError:
        raise UsageProblem(
            msg("There is a file {path} already; it was not overwritten.", path=str(path)),
            msg("Name another file, or move that one away."),
        ) from None
    except OSError as exc:
        raise unwritable(path) from exc
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.absolute().parent)
    except OSError as exc:
        path.unlink(missing_ok=True)
        raise unwritable(path) from exc


def _check_mode(mode: int, path: Path, forbidden: int) -> None:
    if not stat.S_ISREG(mode):
        raise SecretFileRefused(
            msg("{path} is not a file.", path=str(path)), msg("Name a file that contains the secret.")
        )
    if POSIX and mode & forbidden:
        raise SecretFileRefused(
            msg("Other users of this computer can read {path}, so it is not used.", path=str(path)),
            msg("Make it readable for this user only: chmod 600 {path}", path=str(path)),
        )


def _unreadable(path: Path) -> SecretFileRefused:
    return SecretFileRefused(
        msg("The file {path} cannot be read as a secret.", path=str(path)),
        msg("Check that this user may read it, and that it contains only the secret."),
    )


def unwritable(path: Path) -> SecretFileRefused:
    """Return the error for a file that cannot be written."""
    return SecretFileRefused(
        msg("The file {path} cannot be written.", path=str(path)),
        msg("Check that this user may write in its folder, and that the disk is not full."),
    )


_LOCK_WAIT_S = 10.0
"""How long to wait for another process that changes the file."""


class KeyFileStore(SecretStore):
    """Secrets by name in the file at `path`. Raises `SecretFileRefused`, also if other users can read the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = str(path)

    def get(self, name: str) -> str | None:
        """Return the secret with this name, or None if there is none."""
        return self._read().get(name)

    def set(self, name: str, value: str) -> None:
        """Store a secret. The file is replaced atomically, and is durable when this returns."""
        with self._changed() as secrets:
            secrets[name] = value

    def delete(self, name: str) -> None:
        """Delete a secret. Does nothing if there is none."""
        if name in self._read():
            with self._changed() as secrets:
                secrets.pop(name, None)

    def _read(self) -> dict[str, str]:
        text = read_secret_file(self._path, follow=False)
        if text is None:
            return {}
        try:
            secrets = json.loads(text)
        except ValueError:
            secrets = None
        if not isinstance(secrets, dict) or not all(isinstance(value, str) for value in secrets.values()):
            # Never overwritten: the private key may be in it.
            raise SecretFileRefused(
                msg("The key file {path} is damaged.", path=self.place),
                msg("Nothing was changed. Keep the file, and ask your IT admin to repair or restore it."),
                name="key_file_damaged",
            )
        return secrets

    @contextmanager
    def _changed(self) -> Iterator[dict[str, str]]:
        """Yield the secrets to be changed, under a lock: senders count their runs here while keys are replaced."""
        from apoa_client.file_lock import exclusive  # start-up: only to change secrets

        with ExitStack() as stack:
            try:
                make_private_folder(self._path.parent)
                is_held = stack.enter_context(exclusive(self._path.with_suffix(".lock"), _LOCK_WAIT_S))
            except OSError as exc:
                raise unwritable(self._path) from exc
            if not is_held:
                raise file_in_use(str(self._path), SecretFileRefused)
            secrets = self._read()
            yield secrets
            write_secret_file(self._path, json.dumps(secrets, indent=1) + "\n")
