"""The sources of secrets, their order, what a password is bound to, and the errors if no source has one."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from basics import raises_error
from key_helpers import MemoryStore, new_key_pair

from apoa_client.errors import CredentialsProblem, SecretMissing
from apoa_client.ports.run import OutboxVersion
from apoa_client.vault.errors import (
    KeyringProblem,
    KeyringReason,
    PublicKeyChanged,
    SecretFileRefused,
    SecretUnusable,
)
from apoa_client.vault.keyring_store import MAX_SECRET_LENGTH
from apoa_client.vault.sealing import encode_key
from apoa_client.vault.sources import PropertySecrets, find_missing_secrets
from apoa_client.vault.store import OUTBOX_VERSION, Binding, SecretStore, bind, decode_binding

KEY, PUBLIC_KEY = new_key_pair()


def bound(host: str = "a.example", public_key: bytes = PUBLIC_KEY) -> Binding:
    return bind(host, api_url=host.encode(), public_key=encode_key(public_key).encode())


BOUND = bound()
posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


class Computer:
    """A computer with all sources; each can be removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = MemoryStore()
        self.environ: dict[str, str] = {}
        self.prompt: Callable[[], str] | None = None
        self.binding = BOUND

    def file(self, name: str, text: str, mode: int = 0o400) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
        path.chmod(mode)
        return path

    def secrets(self, version_name: str = OUTBOX_VERSION) -> PropertySecrets:
        containers = self.folder / "run"
        return PropertySecrets(
            self.environ,
            lambda: self.store,
            current_binding=lambda: self.binding,
            prompt=self.prompt,
            container_secrets=containers,
            version_name=version_name,
        )

    def store_password(self) -> None:
        """Store a password for the settings as they are."""
        self.secrets().store_password("stored", self.binding)


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    """A computer with no secret anywhere."""
    return Computer(tmp_path)


def test_sources_are_used_in_order(computer: Computer) -> None:
    """Named file, systemd's credential, container's secret, environment, store, person.

    A hung keyring does not matter on a server with secrets in files.
    """
    computer.prompt = lambda: "from a person"
    assert computer.secrets().password() == "from a person"
    computer.store.kept["password"] = "from the store"
    assert computer.secrets().password() == "from the store"
    assert computer.secrets().password_from_environment() is None
    computer.environ["APOA_PASSWORD"] = "from the environment"
    asked, computer.store.locked = computer.store.asked, True
    assert computer.secrets().password() == "from the environment"
    assert computer.secrets().password_from_environment() == "APOA_PASSWORD"  # a log-in warns of it
    computer.file("run/apoa-password", "from a container\n")
    assert computer.secrets().password() == "from a container"
    computer.file("credentials/apoa-password", "from systemd\n")
    computer.environ["CREDENTIALS_DIRECTORY"] = str(computer.folder / "credentials")
    assert computer.secrets().password() == "from systemd"
    computer.environ["APOA_PASSWORD_FILE"] = str(computer.file("named", "from a file\n"))
    assert computer.secrets().password() == "from a file"
    assert computer.store.asked == asked


def test_the_private_key_has_the_same_sources(computer: Computer) -> None:
    """The private key has the sources of the password, except the prompt."""
    computer.prompt = lambda: "typed"
    with pytest.raises(SecretMissing):
        computer.secrets().private_key()
    computer.store.kept["private-key"] = encode_key(KEY)
    assert computer.secrets().private_key() == KEY
    for source in ("APOA_PRIVATE_KEY", "APOA_PRIVATE_KEY_FILE"):
        other, _ = new_key_pair()
        text = encode_key(other)
        computer.environ[source] = str(computer.file("key", text + "\n")) if source.endswith("FILE") else text
        assert computer.secrets().private_key() == other


def test_a_missing_secret(computer: Computer, caplog: pytest.LogCaptureFixture) -> None:
    """The error says what to do; the log, shown with -v, names every searched place and no value."""
    caplog.set_level(logging.INFO, "apoa_client")
    computer.environ["CREDENTIALS_DIRECTORY"] = str(computer.folder / "credentials")
    with pytest.raises(SecretMissing) as caught:
        computer.secrets().password()
    assert caught.value.message.render() == "The password for the authority was not found."
    text = caplog.text
    places = ["APOA_PASSWORD_FILE", "credentials/apoa-password", "run/apoa-password", "APOA_PASSWORD", "memory"]
    positions = [text.index(str(Path(place))) for place in places]
    assert sorted(positions[:3]) == positions[:3]
    assert caught.value.advice is not None
    assert "apoa login" in caught.value.advice.render()


def test_each_secret_is_looked_up_once_at_its_first_use(computer: Computer) -> None:
    """The store is not even created before."""
    made: list[int] = []
    computer.store.kept = {"password": "x", "private-key": encode_key(KEY)}

    def make() -> SecretStore:
        made.append(1)
        return computer.store

    secrets = PropertySecrets({}, make, container_secrets=computer.folder)
    assert made == []
    assert (secrets.password(), secrets.password()) == ("x", "x")
    assert (secrets.private_key(), secrets.private_key()) == (KEY, KEY)
    assert (len(made), computer.store.asked) == (1, 2)
    assert secrets.has_read_private_key
    secrets.store_private_key(KEY)
    assert not secrets.has_read_private_key


def test_storing_and_deleting(computer: Computer) -> None:
    """A new password is used at once after a log-in, and none after a log-out."""
    secrets = computer.secrets()
    computer.store.kept["password"] = "old"
    assert secrets.password() == "old"
    secrets.store_password("new", BOUND)
    assert secrets.password() == "new"
    secrets.store_private_key(KEY)
    assert secrets.private_key() == KEY
    secrets.forget_password()
    with pytest.raises(SecretMissing):
        secrets.password()
    assert set(computer.store.kept) == {"private-key"}
    computer.store.loses_secrets = True  # a private key that was not really stored would be lost
    with pytest.raises(SecretUnusable):
        secrets.store_private_key(new_key_pair()[0])


class TestBinding:
    """A stored password is used for the settings only that it was given for."""

    def test_a_store_that_cannot_be_written_stops_nothing(
        self, computer: Computer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The password stays unbound until a later run."""

        def refuse(*_: object) -> None:
            raise KeyringProblem(KeyringReason.REFUSED)

        computer.store.kept["password"] = "stored"
        secrets = computer.secrets()
        secrets.password()
        monkeypatch.setattr(computer.store, "set", refuse)
        secrets.bind_password()
        assert set(computer.store.kept) == {"password"}

    @pytest.mark.parametrize("kept", ["private-key", "private-key-next", "another", None])
    def test_another_public_key(self, computer: Computer, kept: str | None) -> None:
        """It is right only if its private key is here, as after a key rotation; the password is then bound to it."""
        private_key, public_key = new_key_pair()
        if kept is not None:
            computer.store.kept["private-key"] = encode_key(KEY)
        computer.store_password()
        computer.binding = bound(public_key=public_key)
        if kept in {None, "another"}:
            with pytest.raises(PublicKeyChanged):
                computer.secrets().password()
            return
        name = str(kept)
        computer.store.kept[name] = encode_key(private_key)
        secrets = computer.secrets()
        assert secrets.password() == "stored"
        secrets.bind_password()
        del computer.store.kept[name]
        assert computer.secrets().password() == "stored"

    def test_a_kill_while_storing(self, computer: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
        """A kill between the two writes leaves no password: the old one is not bound to the settings of the new one."""
        computer.store_password()
        stored: list[str] = []
        original = computer.store.set

        def set_once(name: str, value: str) -> None:
            if stored:
                raise KeyboardInterrupt
            stored.append(name)
            original(name, value)

        monkeypatch.setattr(computer.store, "set", set_once)
        with pytest.raises(KeyboardInterrupt):
            computer.secrets().store_password("new", bound("b.example"))
        computer.binding = bound("b.example")
        with pytest.raises(SecretMissing):
            computer.secrets().password()


def test_missing_secrets_are_named(computer: Computer) -> None:
    """After a restore: the private key if there is none or another one, the password if one is needed."""
    shown, other = encode_key(PUBLIC_KEY), encode_key(new_key_pair()[1])
    assert find_missing_secrets(computer.secrets(), shown, password=True) == ["private_key", "password"]
    assert find_missing_secrets(computer.secrets(), shown, password=False) == ["private_key"]
    computer.store.kept = {"password": "x", "private-key": encode_key(KEY)}
    assert find_missing_secrets(computer.secrets(), shown, password=True) == []
    assert find_missing_secrets(computer.secrets(), other, password=True) == ["private_key"]


def test_a_locked_keyring(computer: Computer) -> None:
    """Without a terminal the keyring's own error is raised; with one, the person is asked."""
    computer.store.locked = True
    with raises_error("keyring_locked"):
        computer.secrets().password()
    computer.prompt = lambda: "typed"
    assert computer.secrets().password() == "typed"


@posix
@pytest.mark.parametrize(
    ("name", "mode"), [("named", 0o440), ("named", 0o404), ("named", 0o620), ("run/apoa-password", 0o444)]
)
def test_a_file_that_others_can_read_is_refused(computer: Computer, name: str, mode: int) -> None:
    """No other source is tried in its place. Docker's default for a secret, 0444, must be restricted."""
    path = computer.file(name, "x", mode)
    if name == "named":
        computer.environ["APOA_PASSWORD_FILE"] = str(path)
    computer.store.kept["password"] = "from the store"
    with pytest.raises(SecretFileRefused):
        computer.secrets().password()


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        ({"APOA_PASSWORD_FILE": "/nowhere/at/all"}, SecretFileRefused),
        ({"APOA_PASSWORD_FILE": os.devnull}, SecretFileRefused),
        ({"APOA_PASSWORD_FILE": "empty"}, SecretUnusable),
        ({"APOA_PRIVATE_KEY": "rahasia"}, SecretUnusable),
    ],
)
def test_a_source_that_has_no_secret(
    computer: Computer, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], error: type[Exception]
) -> None:
    """A wrong name, an empty text, or something else in place of a key: no other source is tried.

    An empty answer is not sent as a password either, and an empty variable has none.
    """
    monkeypatch.chdir(computer.file("empty", "\n").parent)
    computer.environ, computer.prompt = {"APOA_PASSWORD": ""}, str
    with pytest.raises(SecretUnusable):
        computer.secrets().password()
    computer.environ = environ
    computer.store.kept = {"password": "from the store", "private-key": encode_key(KEY)}
    secrets = computer.secrets()
    with pytest.raises(error) as caught:
        secrets.private_key() if "APOA_PRIVATE_KEY" in environ else secrets.password()
    assert isinstance(caught.value, CredentialsProblem)


@posix
def test_a_named_file_in_a_folder_that_others_can_write(computer: Computer) -> None:
    """Another user may have put it there. The folder of systemd or of a container is theirs to make."""
    computer.environ["APOA_PASSWORD_FILE"] = str(computer.file("shared/password", "of mallory"))
    (computer.folder / "shared").chmod(0o777)
    with raises_error("unsafe_permissions"):
        computer.secrets().password()
    del computer.environ["APOA_PASSWORD_FILE"]
    computer.file("run/apoa-password", "of the container")
    (computer.folder / "run").chmod(0o777)
    assert computer.secrets().password() == "of the container"


@posix
def test_systemds_credentials_may_have_group_bits(computer: Computer) -> None:
    """An access list for the service's user looks like 0440; a file that everybody can read is refused."""
    computer.environ["CREDENTIALS_DIRECTORY"] = str(computer.folder / "credentials")
    path = computer.file("credentials/apoa-password", "lent", 0o440)
    assert computer.secrets().password() == "lent"
    computer.environ["APOA_PASSWORD_FILE"] = str(path)
    assert computer.secrets().password() == "lent"
    path.chmod(0o444)
    for environ in (computer.environ, {"CREDENTIALS_DIRECTORY": str(path.parent)}):
        computer.environ = environ
        with pytest.raises(SecretFileRefused):
            computer.secrets().password()


@pytest.mark.parametrize(
    ("ending", "encoding"),
    [("", "utf-8"), ("\n", "utf-8"), ("\r\n", "utf-8"), ("\r\n", "utf-8-sig"), ("\r\n", "utf-16")],
)
def test_what_is_no_part_of_the_password(computer: Computer, ending: str, encoding: str) -> None:
    """A final newline, a byte order mark and the UTF-16 of PowerShell 5. It may begin or end with a space."""
    path = computer.file("named", "", 0o600)
    path.write_bytes(f" rahasia ß {ending}".encode(encoding))
    computer.environ["APOA_PASSWORD_FILE"] = str(path)
    assert computer.secrets().password() == " rahasia ß "


def test_the_log_contains_places_but_no_secrets(computer: Computer, caplog: pytest.LogCaptureFixture) -> None:
    """A repr shows only the class."""
    caplog.set_level(logging.DEBUG)
    computer.environ = {"APOA_PASSWORD": "rahasia", "APOA_PRIVATE_KEY": encode_key(KEY)}
    secrets = computer.secrets()
    secrets.password()
    secrets.private_key()
    assert [record.getMessage() for record in caplog.records] == [
        "password: from APOA_PASSWORD",
        "private-key: from APOA_PRIVATE_KEY",
    ]
    assert "rahasia" not in repr(secrets)
    assert repr(KEY) not in repr(secrets)
    computer.environ, computer.store.locked, computer.prompt = {}, True, lambda: "rahasia"
    computer.secrets().password()
    assert [record.getMessage() for record in caplog.records[2:]] == [
        "password: keyring_locked",
        "password: from terminal",
    ]


PLACE = "postgresql://melati@db.example:5432/apoa"
OF_PLACE = bind(PLACE, outbox=PLACE.encode())


def test_the_password_of_the_database_has_the_same_sources(computer: Computer) -> None:
    """Except the prompt; without one anywhere there is none, because a server may need none."""
    computer.prompt = lambda: "typed"
    assert computer.secrets().outbox_password(lambda: OF_PLACE) is None
    computer.secrets().store_outbox_password("a stored one", OF_PLACE)
    assert computer.secrets().outbox_password(lambda: OF_PLACE) == "a stored one"
    assert computer.secrets().outbox_password_from_environment() is None
    computer.environ["APOA_OUTBOX_PASSWORD"] = "from the environment"
    assert computer.secrets().outbox_password(lambda: OF_PLACE) == "from the environment"
    computer.file("run/apoa-outbox-password", "from a container\n")
    assert computer.secrets().outbox_password(lambda: OF_PLACE) == "from a container"
    computer.environ["APOA_OUTBOX_PASSWORD_FILE"] = str(computer.file("named", "from a file\n"))
    assert computer.secrets().outbox_password(lambda: OF_PLACE) == "from a file"
    assert computer.secrets().outbox_password_from_environment() == "APOA_OUTBOX_PASSWORD_FILE"


def test_the_password_of_a_database_goes_to_no_other_one(computer: Computer) -> None:
    """A changed setting does not send it to another server; the error names both places and not the password."""
    computer.secrets().store_outbox_password("rahasia", OF_PLACE)
    other = PLACE.replace("db.example", "elsewhere.example")
    of_other = bind(other, outbox=other.encode())
    with raises_error("outbox_moved") as caught:
        computer.secrets().outbox_password(lambda: of_other)
    assert all(each in caught.value.message.render() for each in (PLACE, other))
    computer.store.delete("outbox-password-binding")  # what it was given for is not known any more
    with raises_error("outbox_moved"):
        computer.secrets().outbox_password(lambda: OF_PLACE)
    computer.secrets().forget_outbox_password()
    assert computer.secrets().outbox_password(lambda: of_other) is None


def test_each_outbox_has_a_version_of_its_own(computer: Computer) -> None:
    """That of a file says nothing about a shared outbox, which may be newer."""
    computer.store.kept["private-key"] = encode_key(KEY)
    file, shared = computer.secrets(), computer.secrets("outbox-version-shared")
    for secrets, version in ((file, OutboxVersion("a", 40)), (shared, OutboxVersion("b", 1))):
        secrets.private_key()
        secrets.store_outbox_version(version)
    assert (file.outbox_version(), shared.outbox_version()) == (OutboxVersion("a", 40), OutboxVersion("b", 1))


SETTINGS = {"api_url": b"https://a.example/v1", "username": b"melati", "ca_bundle": b"", "public_key": b"k"}
KEPT = bind("a.example", **SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_changed_setting_is_named(name: str) -> None:
    """Each setting counts, and none that is equal is named. What is stored is what is read, and fits every keyring."""
    longest = bind("h" * 10_000, **dict.fromkeys(SETTINGS, bytes(10_000)))
    for each in (KEPT, longest):
        assert decode_binding(each.encode()) == each
        assert len(each.encode()) <= MAX_SECRET_LENGTH
    assert KEPT.changed(bind("a.example", **{**SETTINGS, name: b"other"})) == [name]
    assert KEPT.changed(bind("a.example", **SETTINGS)) == []


@pytest.mark.parametrize("text", ["", "null", "[]", "5", '"x"', "{}", '{"host": "a"'])
def test_a_damaged_binding_binds_to_nothing(text: str) -> None:
    """Every setting is then another one, so that the password is not used."""
    assert set(decode_binding(text).changed(KEPT)) == set(SETTINGS)
