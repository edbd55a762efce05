"""Where secrets come from, in which order, and what is said when they come from nowhere."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import raises_error

from apoa_client.errors import CredentialsProblem, SecretMissing
from apoa_client.messages import msg
from apoa_client.vault.errors import KeyringProblem, KeyringReason, SecretFileRefused, SecretUnusable
from apoa_client.vault.sealing import encode_key, new_key_pair
from apoa_client.vault.sources import PropertySecrets
from apoa_client.vault.store import SecretStore

KEY, _ = new_key_pair()
posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@dataclass
class Shelf(SecretStore):
    """A store in memory, which may be locked or forgetful."""

    kept: dict[str, str] = field(default_factory=dict)
    locked: bool = False
    forgetful: bool = False
    asked: int = 0

    @property
    def place(self) -> str:
        return "shelf"

    def get(self, name: str) -> str | None:
        self.asked += 1
        if self.locked:
            raise KeyringProblem(KeyringReason.LOCKED, msg("locked"))
        return self.kept.get(name)

    def set(self, name: str, value: str) -> None:
        if not self.forgetful:
            self.kept[name] = value

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


class Room:
    """A computer with all sources, each of which can be taken away."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf()
        self.environ: dict[str, str] = {}
        self.prompt: Callable[[], str] | None = None

    def file(self, name: str, text: str, mode: int = 0o400) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
        path.chmod(mode)
        return path

    def secrets(self) -> PropertySecrets:
        containers = self.folder / "run"
        return PropertySecrets(self.environ, lambda: self.shelf, prompt=self.prompt, container_secrets=containers)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A computer with no secret anywhere."""
    return Room(tmp_path)


def test_sources_are_asked_in_order(room: Room) -> None:
    """Named file, systemd's credential, container's secret, environment, store, person: the first one wins."""
    room.prompt = lambda: "from a person"
    assert room.secrets().password() == "from a person"
    room.shelf.kept["password"] = "from the store"
    assert room.secrets().password() == "from the store"
    room.environ["APOA_PASSWORD"] = "from the environment"
    assert room.secrets().password() == "from the environment"
    room.file("run/apoa-password", "from a container\n")
    assert room.secrets().password() == "from a container"
    room.file("credentials/apoa-password", "from systemd\n")
    room.environ["CREDENTIALS_DIRECTORY"] = str(room.folder / "credentials")
    assert room.secrets().password() == "from systemd"
    room.environ["APOA_PASSWORD_FILE"] = str(room.file("named", "from a file\n"))
    assert room.secrets().password() == "from a file"


def test_the_private_key_has_the_same_sources(room: Room) -> None:
    """But nobody types one in."""
    room.prompt = lambda: "typed"
    with pytest.raises(SecretMissing):
        room.secrets().private_key()
    room.shelf.kept["private-key"] = encode_key(KEY)
    assert room.secrets().private_key() == KEY
    for source in ("APOA_PRIVATE_KEY", "APOA_PRIVATE_KEY_FILE"):
        other, _ = new_key_pair()
        text = encode_key(other)
        room.environ[source] = str(room.file("key", text + "\n")) if source.endswith("FILE") else text
        assert room.secrets().private_key() == other


def test_a_missing_secret_is_short_and_the_log_names_every_place(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    """A receptionist reads what to do; whoever must mend it learns under -v where was looked. No value is told."""
    caplog.set_level(logging.INFO, "apoa_client")
    room.environ["CREDENTIALS_DIRECTORY"] = str(room.folder / "credentials")
    with pytest.raises(SecretMissing) as caught:
        room.secrets().password()
    assert caught.value.message.render() == "The password for the authority was not found."
    text = caplog.text
    places = ["APOA_PASSWORD_FILE", "credentials/apoa-password", "run/apoa-password", "APOA_PASSWORD", "shelf"]
    positions = [text.index(place) for place in places]
    assert sorted(positions[:3]) == positions[:3]
    assert caught.value.advice is not None
    assert "apoa login" in caught.value.advice.render()


def test_each_secret_is_looked_up_once_and_only_when_asked_for(room: Room) -> None:
    """The store is not even made before."""
    made: list[int] = []
    room.shelf.kept = {"password": "x", "private-key": encode_key(KEY)}

    def make() -> SecretStore:
        made.append(1)
        return room.shelf

    secrets = PropertySecrets({}, make, container_secrets=room.folder)
    assert made == []
    assert (secrets.password(), secrets.password()) == ("x", "x")
    assert (secrets.private_key(), secrets.private_key()) == (KEY, KEY)
    assert (len(made), room.shelf.asked) == (1, 2)


def test_the_store_is_left_alone_where_the_environment_knows(room: Room) -> None:
    """A hung keyring costs nothing on a server that has its secrets in files."""
    room.environ["APOA_PASSWORD"] = "x"
    room.shelf.locked = True
    assert room.secrets().password() == "x"
    assert room.shelf.asked == 0


def test_storing_and_forgetting(room: Room) -> None:
    """After a login the new password is used at once, and after a logout none."""
    secrets = room.secrets()
    room.shelf.kept["password"] = "old"
    assert secrets.password() == "old"
    secrets.store_password("new")
    assert secrets.password() == "new"
    secrets.store_private_key(KEY)
    assert secrets.private_key() == KEY
    secrets.forget_password()
    with pytest.raises(SecretMissing):
        secrets.password()
    assert set(room.shelf.kept) == {"private-key"}


def test_a_store_that_does_not_keep_is_found_out_at_once(room: Room) -> None:
    """A private key that only seems stored would be lost with all it sealed."""
    room.shelf.forgetful = True
    with pytest.raises(SecretUnusable):
        room.secrets().store_private_key(KEY)


def test_a_password_from_outside_is_known_to_be_so(room: Room) -> None:
    """Login can warn that what it stores will not be used."""
    assert room.secrets().password_from_environment() is None
    room.environ["APOA_PASSWORD"] = "x"
    assert room.secrets().password_from_environment() == "APOA_PASSWORD"


def test_a_locked_keyring_is_said_to_be_locked(room: Room) -> None:
    """Without a terminal the keyring's own error comes through; with one, the person is asked."""
    room.shelf.locked = True
    with raises_error("keyring_locked"):
        room.secrets().password()
    room.prompt = lambda: "typed"
    assert room.secrets().password() == "typed"


@posix
@pytest.mark.parametrize("mode", [0o440, 0o404, 0o444, 0o620])
def test_a_named_file_that_others_can_read_is_refused(room: Room, mode: int) -> None:
    """Group or others: no other source is tried in its place."""
    room.environ["APOA_PASSWORD_FILE"] = str(room.file("named", "x", mode))
    room.shelf.kept["password"] = "from the store"
    with pytest.raises(SecretFileRefused):
        room.secrets().password()


@posix
def test_systemds_credentials_may_show_a_groups_bits(room: Room) -> None:
    """An access list for the service's user looks like 0440; what everybody can read is refused all the same."""
    room.environ["CREDENTIALS_DIRECTORY"] = str(room.folder / "credentials")
    path = room.file("credentials/apoa-password", "lent", 0o440)
    assert room.secrets().password() == "lent"
    room.environ["APOA_PASSWORD_FILE"] = str(path)
    assert room.secrets().password() == "lent"
    path.chmod(0o444)
    for environ in (room.environ, {"CREDENTIALS_DIRECTORY": str(path.parent)}):
        room.environ = environ
        with pytest.raises(SecretFileRefused):
            room.secrets().password()


@posix
def test_a_containers_secret_that_all_can_read_is_refused(room: Room) -> None:
    """Docker's default of 0444 must be narrowed."""
    room.file("run/apoa-password", "x", 0o444)
    with pytest.raises(SecretFileRefused):
        room.secrets().password()


def test_a_named_file_must_be_there(room: Room) -> None:
    """A name that leads nowhere is a mistake, and not a reason to look elsewhere."""
    room.environ["APOA_PASSWORD_FILE"] = str(room.folder / "gone")
    room.shelf.kept["password"] = "from the store"
    with pytest.raises(SecretFileRefused):
        room.secrets().password()


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_an_editors_newline_is_no_part_of_the_secret_and_spaces_are(room: Room, ending: str) -> None:
    """Passwords may begin or end with a space."""
    room.environ["APOA_PASSWORD_FILE"] = str(room.file("named", " rahasia " + ending))
    assert room.secrets().password() == " rahasia "


def test_an_empty_secret_is_none(room: Room) -> None:
    """An empty file or answer is not sent as a password."""
    room.environ["APOA_PASSWORD_FILE"] = str(room.file("named", "\n"))
    with pytest.raises(SecretUnusable):
        room.secrets().password()
    room.environ = {"APOA_PASSWORD": ""}
    room.prompt = str
    with pytest.raises(SecretUnusable):
        room.secrets().password()


def test_a_private_key_that_is_none_is_refused(room: Room) -> None:
    """Something else was stored under its name."""
    room.environ["APOA_PRIVATE_KEY"] = "rahasia"
    with pytest.raises(SecretUnusable) as caught:
        room.secrets().private_key()
    assert isinstance(caught.value, CredentialsProblem)


def test_the_log_says_where_from_and_never_what(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    """Nor does a repr say more than a class."""
    caplog.set_level(logging.DEBUG)
    room.environ = {"APOA_PASSWORD": "rahasia", "APOA_PRIVATE_KEY": encode_key(KEY)}
    secrets = room.secrets()
    secrets.password()
    secrets.private_key()
    assert [record.getMessage() for record in caplog.records] == [
        "password: from APOA_PASSWORD",
        "private-key: from APOA_PRIVATE_KEY",
    ]
    assert repr(secrets) == "PropertySecrets(…)"
    room.environ, room.shelf.locked, room.prompt = {}, True, lambda: "rahasia"
    room.secrets().password()
    assert [record.getMessage() for record in caplog.records[2:]] == [
        "password: keyring_locked",
        "password: from terminal",
    ]
