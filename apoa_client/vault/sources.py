"""One lazy resolver for a property's secrets: the first source that has one is believed.

Files that the environment names, then systemd's credentials and a container's secrets, then the environment itself,
then the keyring or the key file, and last a person at a terminal. The log says where a secret came from, never what it
is. cron has no session bus and containers have no keyring, and both must be able to send.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apoa_client.errors import CredentialsProblem, SecretMissing
from apoa_client.messages import Message, msg
from apoa_client.ports import Secrets
from apoa_client.vault.errors import SecretFileRefused, SecretUnusable
from apoa_client.vault.keys import Keys, store_verified
from apoa_client.vault.sealing import decode_private_key, encode_key
from apoa_client.vault.secret_files import GROUP_OR_OTHERS, OTHERS, read_secret_file
from apoa_client.vault.store import PASSWORD, PRIVATE_KEY, SecretStore

CONTAINER_SECRETS = Path("/run/secrets")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A secret's names: in a store, in the environment, and as a file that others provide."""

    name: str
    variable: str
    file: str
    nowhere: Message
    advice: Message


_PASSWORD = _Wanted(
    PASSWORD,
    "APOA_PASSWORD",
    "apoa-password",
    msg("The password for the authority was not found."),
    msg("Store it with: apoa login"),
)
_PRIVATE_KEY = _Wanted(
    PRIVATE_KEY,
    "APOA_PRIVATE_KEY",
    "apoa-private-key",
    msg("The private key that opens saved reports was not found."),
    msg("Reports can still be saved. To send or read them, bring the private key back: apoa key recover"),
)


class PropertySecrets(Secrets):
    """The secrets of one property, each looked up when it is first asked for, and kept.

    `environ` is the process's environment; `store` gives the keyring or the key file, and is called only if it is
    needed; `prompt` asks a person for the password, and is None where there is no terminal.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        store: Callable[[], SecretStore],
        *,
        prompt: Callable[[], str] | None = None,
        container_secrets: Path = CONTAINER_SECRETS,
    ) -> None:
        self._environ = environ
        self._make_store = store
        self._store: SecretStore | None = None
        self._prompt = prompt
        self._container_secrets = container_secrets
        self._password: str | None = None
        self._private_key: bytes | None = None
        self.keys = Keys(self._kept)

    def __repr__(self) -> str:
        return "PropertySecrets(…)"

    def password(self) -> str:
        """The password at the authority. Raises `SecretMissing`, or what the source that should have it raises."""
        if self._password is None:
            self._password = self._find(_PASSWORD, self._prompt)
        return self._password

    def private_key(self) -> bytes:
        """The 32 bytes that open sealed records. Raises as `password` does, and `SecretUnusable` for no key."""
        if self._private_key is None:
            self._private_key = decode_private_key(self._find(_PRIVATE_KEY, None))
        return self._private_key

    def store_password(self, value: str) -> None:
        """Keep the password in the keyring or key file. The next `password` looks it up anew."""
        store_verified(self._kept(), PASSWORD, value)
        self._password = None

    def store_private_key(self, key: bytes) -> None:
        """Keep the private key in the keyring or key file. The next `private_key` looks it up anew."""
        store_verified(self._kept(), PRIVATE_KEY, encode_key(key))
        self._private_key = None

    def forget_password(self) -> None:
        """Remove the password from the keyring or key file. What the environment says is not ours to remove."""
        self._kept().delete(PASSWORD)
        self._password = None

    def password_from_environment(self) -> str | None:
        """Where the environment gives a password, which is believed before the stored one; None where it does not."""
        return self._place_outside(_PASSWORD)

    def private_key_from_environment(self) -> str | None:
        """Where the environment gives a private key, which this program cannot change; None where it does not."""
        return self._place_outside(_PRIVATE_KEY)

    def spare_keys(self) -> list[bytes]:
        """Every private key in the keyring or key file; none where it cannot be had."""
        try:
            return self.keys.all()
        except CredentialsProblem as exc:
            _note(_PRIVATE_KEY, exc.name)
            return []

    def stores_key(self, private_key: bytes) -> bool:
        """Whether the keyring or key file has this key. Where it cannot say, it may have."""
        try:
            return private_key in self.keys.all()
        except CredentialsProblem:
            return True

    @property
    def place(self) -> str:
        """What the keyring or key file is called."""
        return self._kept().place

    def _place_outside(self, wanted: _Wanted) -> str | None:
        for place, _ in self._outside(wanted):
            return place
        return None

    def _find(self, wanted: _Wanted, prompt: Callable[[], str] | None) -> str:
        for place, value in self._outside(wanted):
            return _believed(wanted, place, value)
        kept = self._find_kept(wanted, hopeful=prompt is not None)
        if kept is not None:
            return _believed(wanted, self._kept().place, kept)
        if prompt is None:
            raise self._missing(wanted)
        return _believed(wanted, "terminal", prompt())

    def _find_kept(self, wanted: _Wanted, *, hopeful: bool) -> str | None:
        try:
            return self._kept().get(wanted.name)
        except CredentialsProblem as exc:
            if not hopeful:
                raise
            _note(wanted, exc.name)
            return None

    def _outside(self, wanted: _Wanted) -> Iterator[tuple[str, str]]:
        """What others provide: where, and the secret."""
        if named := self._environ.get(f"{wanted.variable}_FILE"):
            yield f"{wanted.variable}_FILE", self._named_file(Path(named))
        for folder, forbidden in self._folders():
            text = read_secret_file(folder / wanted.file, forbidden=forbidden)
            if text is not None:
                yield str(folder / wanted.file), _line(text)
        if value := self._environ.get(wanted.variable):
            yield wanted.variable, value

    def _named_file(self, path: Path) -> str:
        # systemd lets a service read its credentials by an access list, which shows as the group's bits.
        lent = self._credentials is not None and path.parent == self._credentials
        text = read_secret_file(path, forbidden=OTHERS if lent else GROUP_OR_OTHERS)
        if text is None:
            raise SecretFileRefused(
                msg("There is no file {path}.", path=str(path)),
                msg("Put the secret there, or correct the variable that names it."),
            )
        return _line(text)

    def _folders(self) -> list[tuple[Path, int]]:
        lent = [] if self._credentials is None else [(self._credentials, OTHERS)]
        return [*lent, (self._container_secrets, OTHERS)]

    @property
    def _credentials(self) -> Path | None:
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        return Path(folder) if folder else None

    def _kept(self) -> SecretStore:
        if self._store is None:
            self._store = self._make_store()
        return self._store

    def _missing(self, wanted: _Wanted) -> SecretMissing:
        explained = self._kept().explain_missing()
        if explained is not None:
            return explained
        files = (str(folder / wanted.file) for folder, _ in self._folders())
        _tell_places(wanted, [f"{wanted.variable}_FILE", *files, wanted.variable, self._kept().place])
        return SecretMissing(wanted.nowhere, wanted.advice)


def _believed(wanted: _Wanted, place: str, value: str) -> str:
    if not value:
        raise SecretUnusable(msg("{place} holds no secret: it is empty.", place=place), wanted.advice)
    _note(wanted, f"from {place}")
    return value


def _tell_places(wanted: _Wanted, places: Sequence[str]) -> None:
    """For whoever must mend it and asks for more with -v: a receptionist could do nothing with them."""
    import logging  # start-up

    logging.getLogger(__name__).info("%s: not found; looked in %s", wanted.name, ", ".join(places))


def _line(text: str) -> str:
    """A file's one line: an editor's newline at the end is not part of the secret; spaces may be."""
    return text.removesuffix("\n").removesuffix("\r")


def _note(wanted: _Wanted, what: str) -> None:
    import logging  # start-up

    logging.getLogger(__name__).debug("%s: %s", wanted.name, what)
