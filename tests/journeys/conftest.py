"""Fixtures that run the installed command in processes of its own, with a training authority."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_helpers import COMMAND, Installed, child_environment
from journeys_helpers import Disk, Follower

from apoa_client.app.container import SystemClock
from apoa_client.sandbox.server import SandboxServer

SANDBOX_PASSWORD = "latihan"


@dataclass
class Sandbox:
    """A running `apoa sandbox`."""

    url: str
    process: "subprocess.Popen[str]"
    kept_port: socket.socket | None = None

    @property
    def port(self) -> str:
        found = re.search(r":(\d+)/", self.url)
        assert found is not None
        return found[1]

    def interrupt(self) -> tuple[int, str]:
        """Sends Ctrl-C, or ends it on Windows, where only a window gets Ctrl-C. Returns the exit code and stderr.

        The port is kept until the next start: the sandbox of another test must not get it.
        """
        if sys.platform == "win32":
            self.process.terminate()
        else:
            self.process.send_signal(signal.SIGINT)
        _out, err = self.process.communicate(timeout=20)
        if sys.platform == "linux":  # elsewhere a port that is bound and not listened to may leave a caller waiting
            self.kept_port = socket.socket()
            self.kept_port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.kept_port.bind(("127.0.0.1", int(self.port)))
        return self.process.returncode, err


@pytest.fixture
def apoa(home: Path) -> Installed:
    """The installed command, with nothing set up."""
    return Installed(
        COMMAND, {"APOA_HOME": str(home), "APOA_LANG": "en", "PYTHONIOENCODING": "utf-8", **child_environment()}
    )


@pytest.fixture
def sandbox(apoa: Installed) -> Iterator[Callable[..., Sandbox]]:
    """Starts `apoa sandbox` with a fault script and further options."""
    running: list[Sandbox] = []

    def start(faults: str = "", *options: str, port: str = "0") -> Sandbox:
        given = ["--fault", faults] if faults else []
        for each in running:
            if each.kept_port is not None:
                each.kept_port.close()
        process = apoa.start("sandbox", "--port", port, *given, *options, APOA_SANDBOX_PASSWORD=SANDBOX_PASSWORD)
        assert process.stdout is not None
        found = re.search(r"http://\S+/v1", process.stdout.readline())
        assert found is not None, process.communicate(timeout=20)
        running.append(Sandbox(found[0], process))
        return running[-1]

    yield start
    for each in running:
        if each.process.poll() is None:
            each.process.terminate()
        each.process.communicate(timeout=20)
        if each.kept_port is not None:
            each.kept_port.close()


@pytest.fixture
def authority() -> Iterator[SandboxServer]:
    """A training authority without faults, in this process: for journeys that are not about `apoa sandbox`."""
    clock = SystemClock()
    with SandboxServer(None, username="latihan", password=SANDBOX_PASSWORD, now=clock.now) as server:
        yield server


@pytest.fixture
def configured(apoa: Installed, authority: SandboxServer) -> Installed:
    """The installed command with a property whose authority can be reached."""
    apoa.set_up(authority.base_url, SANDBOX_PASSWORD).ok()
    return apoa


@pytest.fixture
def practising(apoa: Installed) -> Installed:
    """The installed command with a training property."""
    apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file").ok()
    return apoa


@pytest.fixture
def following() -> Iterator[Callable[..., Follower]]:
    """Starts `apoa sync --follow`."""
    started: list[Follower] = []

    def start(apoa: Installed, *options: str, **environ: str) -> Follower:
        started.append(Follower(apoa, *options, **environ))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture(scope="session")
def disk_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiles `disk.c`. Skips without Linux and a C compiler, unless the environment requires them."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        if os.environ.get("APOA_REQUIRE_TOOLS"):
            pytest.fail("A C compiler on Linux is required here, and was not found: apt-get install gcc libc6-dev")
        pytest.skip("needs a C compiler, and Linux")
    library = tmp_path_factory.mktemp("disk") / "disk.so"
    source = Path(__file__).with_name("disk.c")
    warned = ["-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC"]
    subprocess.run([compiler, *warned, "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def disk(disk_library: Path, tmp_path: Path) -> Disk:
    """An empty disk for the program's files."""
    root = tmp_path / "disk"
    root.mkdir(exist_ok=True)
    return Disk(disk_library, root, tmp_path / "disk.log")
