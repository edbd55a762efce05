"""The keyring store uses listed backends only, limits each call, and does not prompt without a terminal."""

import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from basics import raises_error

from apoa_client.messages import msg
from apoa_client.vault import keyring_store
from apoa_client.vault.errors import KeyringProblem, KeyringReason, SecretUnusable
from apoa_client.vault.keyring_store import KeyringStore, session_buses

DESKTOP = {"DISPLAY": ":0"}


@dataclass
class FakeKeyring:
    """A keyring in memory, with an obstacle if given."""

    problem: KeyringProblem | None = None
    person: Callable[["FakeKeyring"], None] = lambda _: None
    trouble: Callable[[], None] = lambda: None
    kept: dict[tuple[str, str], str] = field(default_factory=dict)
    closed: int = 0
    may_prompt: bool = False
    label: str = "Keyring of the test"

    def obstacle(self, *, writing: bool) -> KeyringProblem | None:
        hidden = self.problem is not None and self.problem.reason is KeyringReason.NOT_SET_UP and not writing
        return None if hidden else self.problem

    def resolve(self) -> None:
        self.person(self)

    def get(self, service: str, name: str) -> str | None:
        self.trouble()
        return self.kept.get((service, name))

    def set(self, service: str, name: str, value: str) -> None:
        self.kept[service, name] = value

    def delete(self, service: str, name: str) -> None:
        self.kept.pop((service, name), None)

    def close(self) -> None:
        self.closed += 1


def store(*fakes: FakeKeyring, interactive: bool = False, environ: dict[str, str] | None = None) -> KeyringStore:
    factories = [lambda fake=fake: fake for fake in fakes]
    return KeyringStore("apoa-client/bali", interactive=interactive, environ=environ or {}, factories=factories)


def hang() -> None:
    threading.Event().wait(5)


def no_keyring() -> FakeKeyring:
    raise KeyringProblem(KeyringReason.MISSING, msg("none of this kind"))


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short time limits, so that a hanging call ends soon."""
    monkeypatch.setattr(keyring_store, "TIMEOUT_S", 0.5)
    monkeypatch.setattr(keyring_store, "PROMPT_TIMEOUT_S", 0.8)


def test_secrets_are_stored_by_name_and_the_connection_is_closed() -> None:
    """Each secret has a target of its own, and every call closes the connection."""
    fake = FakeKeyring()
    kept = store(fake)
    assert kept.get("password") is None
    kept.set("password", "rahasia")
    assert kept.get("password") == "rahasia"
    assert fake.kept == {("apoa-client/bali/password", "password"): "rahasia"}
    kept.delete("password")
    assert kept.get("password") is None
    assert fake.closed == 5
    assert kept.place == "keyring"


@pytest.mark.parametrize(
    "problem", [KeyringProblem(KeyringReason.LOCKED, msg("x")), KeyringProblem(KeyringReason.NOT_SET_UP, msg("x"))]
)
def test_no_prompt_without_a_person(problem: KeyringProblem) -> None:
    """Without a terminal, or with one but no display, the obstacle is the error."""
    asked: list[FakeKeyring] = []
    fake = FakeKeyring(problem, asked.append)
    for interactive, environ in ((False, DESKTOP), (True, {})):
        if interactive and sys.platform != "linux":
            continue
        with raises_error(problem.name):
            store(fake, interactive=interactive, environ=environ).set("password", "x")
    assert asked == []
    if problem.reason is KeyringReason.NOT_SET_UP:  # it contains no secret, which is no error
        assert store(fake).get("password") is None


def test_a_person_can_unlock_or_decline() -> None:
    """At a desktop the keyring asks, and then the call succeeds; after a dismissed question it is locked."""

    def unlock(fake: FakeKeyring) -> None:
        fake.problem = None

    fake = FakeKeyring(
        KeyringProblem(KeyringReason.LOCKED, msg("x")),
        unlock,
        kept={("apoa-client/bali/password", "password"): "rahasia"},
    )
    assert store(fake, interactive=True, environ=DESKTOP).get("password") == "rahasia"
    declined = FakeKeyring(KeyringProblem(KeyringReason.LOCKED, msg("x")))
    with raises_error(KeyringReason.LOCKED):
        store(declined, interactive=True, environ=DESKTOP).get("password")


@pytest.mark.usefixtures("short_limits")
def test_a_frozen_keyring() -> None:
    """Every step has a time limit: connecting, the call, and a question that no user may see."""
    asking = FakeKeyring(KeyringProblem(KeyringReason.LOCKED, msg("x")), lambda _: hang())
    with raises_error(KeyringReason.HUNG):
        store(asking, interactive=True, environ=DESKTOP).get("password")
    assert asking.closed == 1
    with raises_error(KeyringReason.HUNG):
        store(FakeKeyring(trouble=hang)).get("password")

    def frozen_backend() -> FakeKeyring:
        hang()
        return FakeKeyring()

    frozen = KeyringStore("x", interactive=False, environ={}, factories=[frozen_backend])
    with raises_error(KeyringReason.HUNG):
        frozen.get("password")


def test_the_next_keyring_is_used_only_if_the_first_is_missing() -> None:
    """A locked Secret Service does not lead to another wallet."""
    second = FakeKeyring(kept={("x/password", "password"): "rahasia"})
    kept = KeyringStore("x", interactive=False, environ={}, factories=[no_keyring, lambda: second])
    assert kept.get("password") == "rahasia"

    def stale() -> FakeKeyring:
        raise KeyringProblem(KeyringReason.BUS_STALE, msg("x"))

    with raises_error(KeyringReason.BUS_STALE):  # says more than a missing keyring
        KeyringStore("x", interactive=False, environ={}, factories=[stale, no_keyring]).get("password")
    with raises_error(KeyringReason.LOCKED):
        store(FakeKeyring(KeyringProblem(KeyringReason.LOCKED, msg("x"))), second).get("password")


@pytest.mark.parametrize(("factories", "name"), [([], "keyring_no_bus"), ([no_keyring, no_keyring], "keyring_missing")])
def test_no_keyring_at_all(factories: list[Callable[[], FakeKeyring]], name: str) -> None:
    """The advice for a server without a keyring, or without a session."""
    with raises_error(name) as caught:
        KeyringStore("x", interactive=False, environ={}, factories=factories).get("password")
    assert caught.value.advice is not None
    assert "apoa setup --vault file" in caught.value.advice.render()


@pytest.mark.parametrize("name", ["keyrings.alt.file.PlaintextKeyring", "keyring.backends.null.Keyring"])
def test_an_unsafe_keyring_is_named_if_there_is_no_other(name: str) -> None:
    """A backend that is not on the list is refused; one that is on it is missing."""
    unsafe = {"PYTHON_KEYRING_BACKEND": name}
    with raises_error(KeyringReason.UNTRUSTED) as caught:
        KeyringStore("x", interactive=False, environ=unsafe, factories=[no_keyring]).get("password")
    assert name in caught.value.message.render()
    assert KeyringStore("x", interactive=False, environ=unsafe, factories=[FakeKeyring]).get("password") is None
    trusted = {"PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring"}
    with raises_error(KeyringReason.MISSING):
        KeyringStore("x", interactive=False, environ=trusted, factories=[no_keyring]).get("password")


def test_a_long_secret_is_refused() -> None:
    """999 characters are stored by every keyring."""
    fake = FakeKeyring()
    store(fake).set("password", "x" * 999)
    with pytest.raises(SecretUnusable):
        store(fake).set("password", "x" * 1000)


def test_every_reason_has_its_own_advice() -> None:
    """Each reason has its own name and its own advice."""
    problems = [KeyringProblem(reason, msg("x")) for reason in KeyringReason]
    assert [problem.name for problem in problems] == list(KeyringReason)
    advice = {problem.advice.render() for problem in problems if problem.advice is not None}
    assert len(advice) == len(KeyringReason)


NAMED = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}


@pytest.mark.skipif(sys.platform == "win32", reason="no such sockets on Windows")
def test_the_environments_bus_comes_before_systemds(tmp_path: Path) -> None:
    """Cron has only systemd's; an old terminal's is tried first, and then systemd's."""
    assert session_buses(NAMED, 7, tmp_path) == ["unix:path=/x"]
    assert session_buses({}, 7, tmp_path) == []
    (tmp_path / "7").mkdir()
    of_systemd = f"unix:path={tmp_path / '7' / 'bus'}"
    with socket.socket(socket.AF_UNIX) as bus:
        bus.bind(str(tmp_path / "7" / "bus"))
        assert session_buses({}, 7, tmp_path) == [of_systemd]
        assert session_buses({"DBUS_SESSION_BUS_ADDRESS": ""}, 7, tmp_path) == [of_systemd]
        assert session_buses(NAMED, 7, tmp_path) == ["unix:path=/x", of_systemd]
        assert session_buses({"DBUS_SESSION_BUS_ADDRESS": of_systemd}, 7, tmp_path) == [of_systemd]
        assert session_buses(NAMED, None, tmp_path) == ["unix:path=/x"]
    (tmp_path / "8").mkdir()
    (tmp_path / "8" / "bus").write_text("no socket")
    assert session_buses({}, 8, tmp_path) == []
