"""The program in the test's process, with a home, a clock and, for some tests, an authority on loopback."""

import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from basics import FixedClock
from cli_helpers import NOWHERE, PASSWORD, Apoa
from key_helpers import MemoryKeyring
from screens import Screens

from apoa_client.cli.commands import sync
from apoa_client.errors import SettingsProblem
from apoa_client.sandbox.server import SandboxServer
from apoa_client.vault import recovery
from apoa_client.vault.sealing import MIN_EFFORT

if TYPE_CHECKING:
    from postgres_helpers import SharedOutbox

SetUpOnce = Callable[..., Apoa]
"""`set_up_once(address)` or `set_up_once(name, option, ...)`, with the exit code of set-up if it is not 0."""


@pytest.fixture(autouse=True)
def _no_handlers() -> Iterator[None]:
    """Removes the handlers of the log that a test has added."""
    yield
    log = logging.getLogger("apoa_client")
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    log.setLevel(logging.NOTSET)
    log.propagate = True


@pytest.fixture
def apoa(home: Path, clock: FixedClock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Apoa:
    """The program without a property."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(recovery, "DEFAULT_EFFORT", MIN_EFFORT)
    monkeypatch.setattr(sync, "_LONGEST_PAUSE_S", 0)  # a scheduled run starts at once
    environ = {"APOA_HOME": str(home), "APOA_LANG": "en", "SSH_CONNECTION": "a test"}  # opens no window here
    return Apoa(environ, clock, capsys, monkeypatch)


@pytest.fixture
def screens(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screens]:
    """Calls the program, 80 columns wide, and compares what a user sees with the recorded file at the end."""
    for name, value in (("COLUMNS", "80"), ("LOGNAME", "desk"), ("USERNAME", "desk")):
        monkeypatch.setenv(name, value)
    recorded = Screens(f"{request.path.stem.removeprefix('test_')}.{request.node.name}", tmp_path)
    yield recorded
    if sys.platform != "win32":  # where files are named and quoted in another way
        recorded.check()


@pytest.fixture
def terminals(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make both streams terminals, so that colours and boxes would be printed."""
    del capsys  # requested so that its streams, which are of this class, are in place
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)


@pytest.fixture(scope="session")
def homes_made() -> dict[str, Path]:
    """The folder that each set-up made, by a name or by the authority's address; the last one is at the end."""
    return {}


@pytest.fixture
def set_up_once(apoa: Apoa, homes_made: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> SetUpOnce:
    """Set up the program as arguments say, or copy the folder that the same set-up made before."""

    def made(name: str, *arguments: str, code: int = 0) -> Apoa:
        if name in homes_made:
            shutil.copytree(homes_made[name], apoa.home)
            return apoa
        words = ["setup", "--non-interactive", "--property", "melati", "--vault", "file", *arguments]
        said = apoa(*words) if arguments else apoa.set_up(name)
        assert said.code == code, said.err
        homes_made[name] = tmp_path_factory.mktemp("made") / "home"
        shutil.copytree(apoa.home, homes_made[name])
        return apoa

    return made


@pytest.fixture
def away(set_up_once: SetUpOnce) -> Apoa:
    """The program with a property whose authority cannot be reached."""
    return set_up_once(NOWHERE, code=75)


@pytest.fixture
def manual(set_up_once: SetUpOnce) -> Apoa:
    """The program with a property whose staff type the reports into APOA."""
    return set_up_once("by hand", "--by-hand")


@pytest.fixture
def serve(tmp_path: Path, clock: FixedClock) -> Iterator[Callable[..., SandboxServer]]:
    """Start training authorities at the fixed clock, with a fault script and any option of `SandboxServer`'s."""
    started: list[SandboxServer] = []

    def start(faults: str = "", **options: Any) -> SandboxServer:
        file = tmp_path / f"authority-{len(started)}.db"
        given: dict[str, Any] = {"username": "wisma-melati", "password": PASSWORD, "now": clock.now, "faults": faults}
        started.append(SandboxServer(file, **(given | options)))
        return started[-1].start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def authority(serve: Callable[..., SandboxServer], homes_made: dict[str, Path]) -> SandboxServer:
    """A training authority without faults, at the address of the one before: its property is set up already."""
    for address in reversed(homes_made):
        if address.startswith("http") and address != NOWHERE:
            with suppress(SettingsProblem):  # another program has the port now
                return serve(port=urlsplit(address).port)
    return serve()


@pytest.fixture
def configured(authority: SandboxServer, set_up_once: SetUpOnce) -> Apoa:
    """The program with a property whose authority can be reached."""
    return set_up_once(authority.base_url)


@pytest.fixture
def shared(configured: Apoa, postgres_outbox: "SharedOutbox", monkeypatch: pytest.MonkeyPatch) -> Apoa:
    """The same property with a shared outbox, which is waited for where the machine is busy."""
    from postgres_helpers import PASSWORD as OUTBOX_PASSWORD
    from postgres_helpers import be_patient

    be_patient(monkeypatch)
    configured.change_setting("outbox", postgres_outbox.address())
    configured.environ["APOA_OUTBOX_PASSWORD"] = OUTBOX_PASSWORD
    return configured


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Replace the computer's keyring by one in memory and return its secrets."""
    monkeypatch.setattr(MemoryKeyring, "secrets", {})
    monkeypatch.setattr("apoa_client.vault.keyring_store.KeyringStore", MemoryKeyring)
    return MemoryKeyring.secrets
