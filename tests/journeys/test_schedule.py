"""Real schedulers deliver a report: cron's daemon, and systemd's user manager."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from basics import needs_tool
from cli_helpers import QUENTIN, Installed
from container_helpers import Namespace, namespace
from journeys_helpers import in_new_processes

from apoa_client.sandbox.server import SandboxServer

pytestmark = pytest.mark.slow

_PATH = "/usr/bin:/bin:/usr/sbin"
_PASSWORD = "latihan"
_MANAGER = """
mkdir -p /run/systemd/system /run/user/0
chmod 700 /run/user/0
exec "$0" --user --log-target=console
"""
"""Starts a user manager, which asks for the folder of a system that systemd has booted."""

_NO_PAUSE = "import random\nrandom.uniform = lambda least, most: 0\n"
"""Python's start in the schedule's environment: the random pause of a minute would only make the test longer."""


class Authority:
    """A training authority, with an event for the first call."""

    def __init__(self, file: Path) -> None:
        self.called = threading.Event()
        self.server = SandboxServer(file, username="latihan", password=_PASSWORD, now=self._now)

    def _now(self) -> datetime:
        self.called.set()
        return datetime.now(UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    authority = Authority(tmp_path / "authority.db")
    with authority.server:
        yield authority


@pytest.fixture
def waiting(apoa: Installed, authority: Authority, tmp_path: Path) -> Installed:
    """The installed command in a home with a blank and a percent sign, with one report that waits."""
    apoa = in_new_processes(apoa)
    apoa.environ = {**apoa.environ, "APOA_HOME": str(tmp_path / "ho me 100%"), "PATH": _PATH, "HOME": "/root"}
    apoa.set_up(authority.server.base_url, _PASSWORD).ok()
    assert apoa(*QUENTIN.mrz("--no-send")).code == 0
    authority.called.clear()
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "sitecustomize.py").write_text(_NO_PAUSE)
    return apoa


def inside(place: Namespace, apoa: Installed, **more: str) -> Installed:
    """Return the same command, run in a namespace."""
    return Installed([*place.enter, *apoa.command], {**apoa.environ, **more}, forked=False)


def wait_for_delivery(apoa: Installed, authority: Authority, seconds: float, log: Callable[[], str]) -> None:
    """Wait until the authority was called and the run has stored its answer."""
    assert authority.called.wait(seconds), log()
    end = time.monotonic() + 20
    while apoa("status", "--json").json["counts"]["accepted"] != 1:
        assert time.monotonic() < end, log()


def test_cron_delivers(waiting: Installed, authority: Authority, tmp_path: Path) -> None:
    """The daemon starts the installed line within a minute; other lines of the crontab stay as they are."""
    needs_tool("cron", found=shutil.which("cron") is not None and shutil.which("crontab") is not None)
    with namespace() as place:
        apoa = inside(place, waiting)
        others = f"# of this user\nPYTHONPATH={tmp_path}/python\n"
        crontab = [*place.enter, "crontab"]
        subprocess.run([*crontab, "-"], input=others, encoding="utf-8", check=True, timeout=20)
        said = apoa("schedule", "install", "--every", "1m", "--kind", "cron", "--json")
        assert (said.code, said.json["change"], said.json["kind"]) == (0, "installed", "cron"), said.err
        listed = subprocess.run([*crontab, "-l"], capture_output=True, encoding="utf-8", check=True, timeout=20).stdout
        assert listed.startswith(others)
        assert listed.count("\n") == others.count("\n") + 1
        with (tmp_path / "cron.log").open("wb") as log:
            cron = place.start("cron", "-f", "-L", "15", environ={"PATH": _PATH}, log=log)
            wait_for_delivery(waiting, authority, 90, (tmp_path / "cron.log").read_text)
            cron.kill()
            cron.wait()
        shown = apoa("schedule", "show", "--json").json
        assert shown["last_result"] == 0
        assert shown["this_installation"]
        assert apoa("schedule", "remove").code == 0
        listed = subprocess.run([*crontab, "-l"], capture_output=True, encoding="utf-8", check=True, timeout=20).stdout
        assert listed == others


class TestSystemd:
    """A user manager of systemd that is started for the test."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Namespace]:
        """A namespace with a running user manager. Skips where none can be started."""
        manager = next(filter(Path.exists, map(Path, ("/usr/lib/systemd/systemd", "/lib/systemd/systemd"))), None)
        needs_tool("systemd", found=manager is not None and shutil.which("systemctl") is not None)
        with namespace(group=f"apoa-{os.getpid()}-{tmp_path.name}") as place, ExitStack() as stack:
            log = stack.enter_context((tmp_path / "manager.log").open("wb"))
            process = place.start("sh", "-c", _MANAGER, str(manager), environ=self.environ(tmp_path), log=log)
            end = time.monotonic() + 20
            while self.systemctl(place, "is-system-running").strip() not in {"running", "degraded"}:
                if process.poll() is not None or time.monotonic() > end:
                    pytest.skip(f"no user manager starts here: {(tmp_path / 'manager.log').read_text()[-500:]}")
            self.systemctl(place, "set-environment", f"PYTHONPATH={tmp_path}/python")
            yield place
            self.systemctl(place, "exit")
            process.wait(timeout=20)

    def environ(self, home: Path) -> dict[str, str]:
        return {"XDG_RUNTIME_DIR": "/run/user/0", "HOME": str(home), "PATH": _PATH}

    def systemctl(self, place: Namespace, *words: str) -> str:
        command = [*place.enter, "systemctl", "--user", *words]
        environ = self.environ(Path("/"))
        done = subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", check=False, timeout=30)
        return done.stdout

    def test_the_timer_delivers(
        self, waiting: Installed, authority: Authority, place: Namespace, tmp_path: Path
    ) -> None:
        """The timer waits for its next moment, and its service delivers; removing stops both."""
        apoa = inside(place, waiting, XDG_CONFIG_HOME="/not/where/the/manager/looks", **self.environ(tmp_path))
        said = apoa("schedule", "install", "--every", "1m", "--json")
        assert (said.code, said.json["change"], said.json["kind"]) == (0, "installed", "systemd"), said.err
        assert said.json["active"]
        (timer,) = json.loads(self.systemctl(place, "list-timers", "--output=json"))
        assert (timer["unit"], timer["activates"]) == (f"{said.json['name']}.timer", f"{said.json['name']}.service")
        self.systemctl(place, "start", timer["activates"])
        log = (tmp_path / "manager.log").read_text
        wait_for_delivery(waiting, authority, 30, log)
        shown = apoa("schedule", "show", "--json").json
        assert (shown["last_result"], shown["this_installation"]) == (0, True), log()
        assert shown["next_run_at"] is not None
        assert "Result=success" in self.systemctl(place, "show", timer["activates"]), log()
        assert apoa("schedule", "install", "--every", "1m", "--json").json["change"] == "unchanged"
        assert apoa("schedule", "remove").code == 0
        assert json.loads(self.systemctl(place, "list-timers", "--output=json")) == []

    def test_the_service_delivers(
        self, waiting: Installed, authority: Authority, place: Namespace, tmp_path: Path
    ) -> None:
        """The service tells systemd that it is ready and what it sent, and ends cleanly; removing stops it."""
        apoa = inside(place, waiting, **self.environ(tmp_path))
        said = apoa("schedule", "install", "--follow", "--json")
        log = (tmp_path / "manager.log").read_text
        assert (said.code, said.json["change"], said.json["follow"]) == (0, "installed", True), said.err + log()
        assert said.json["active"], log()
        wait_for_delivery(waiting, authority, 30, log)
        service = f"{said.json['name']}.service"
        end = time.monotonic() + 20
        while "Sent: 1." not in (shown := self.systemctl(place, "show", service)):
            assert time.monotonic() < end, shown
        assert {"Type=notify", "ActiveState=active", "SubState=running"} <= set(shown.splitlines())
        self.systemctl(place, "stop", service)
        assert "Result=success" in self.systemctl(place, "show", service), log()
        assert apoa("schedule", "install", "--every", "1m", "--json").json["change"] == "updated"
        assert self.systemctl(place, "is-active", service).strip() == "inactive"
        assert apoa("schedule", "remove").code == 0
        assert self.systemctl(place, "is-active", service).strip() == "inactive"
