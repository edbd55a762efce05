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
def home_away(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of the folder that set-up makes for an authority that cannot be reached, once there has been one."""
    return tmp_path_factory.mktemp("away") / "home"


@pytest.fixture
def away(apoa: Apoa, home_away: Path) -> Apoa:
    """The program with a property whose authority cannot be reached. Set-up runs once; its files are copied."""
    if home_away.exists():
        shutil.copytree(home_away, apoa.home)
    else:
        said = apoa.set_up(NOWHERE)
        assert said.code == 75, said.err
        shutil.copytree(apoa.home, home_away)
    return apoa


@pytest.fixture
def manual(apoa: Apoa) -> Apoa:
    """The program with a property whose staff type the reports into APOA."""
    said = apoa("setup", "--non-interactive", "--property", "melati", "--by-hand", "--vault", "file")
    assert said.code == 0, said.err
    return apoa


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


@pytest.fixture(scope="session")
def homes_configured() -> dict[str, Path]:
    """The folder that set-up made for each authority's address, the last one at the end."""
    return {}


@pytest.fixture
def authority(serve: Callable[..., SandboxServer], homes_configured: dict[str, Path]) -> SandboxServer:
    """A training authority without faults, at the address of the one before: its property is set up already."""
    for address in reversed(homes_configured):
        with suppress(SettingsProblem):  # another program has the port now
            return serve(port=urlsplit(address).port)
    return serve()


@pytest.fixture
def configured(
    apoa: Apoa,
    authority: SandboxServer,
    homes_configured: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Apoa:
    """The program with a property whose authority can be reached. Set-up runs once for an address."""
    if authority.base_url in homes_configured:
        shutil.copytree(homes_configured[authority.base_url], apoa.home)
        return apoa
    said = apoa.set_up(authority.base_url)
    assert said.code == 0, said.err
    homes_configured[authority.base_url] = made = tmp_path_factory.mktemp("configured") / "home"
    shutil.copytree(apoa.home, made)
    return apoa


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
