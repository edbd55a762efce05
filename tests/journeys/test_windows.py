"""The installed command on Windows: its console windows, streams, files in use, scheduler and Credential Manager."""

import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import console_helpers
import pytest
from basics import WINE
from cli_helpers import COMMAND, QUENTIN, XIMENA, Installed
from console_helpers import Window
from damage_helpers import Hold
from journeys.conftest import SANDBOX_PASSWORD
from page_helpers import read_page
from passport_helpers import print_page

from apoa_client.settings.reading import load
from apoa_client.vault.keyring_store import KeyringStore
from apoa_client.vault.store import PASSWORD, PRIVATE_KEY

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="Windows' own; CONTRIBUTING.md says how Wine runs it")


class Credentials(NamedTuple):
    """A name that no property of this computer has, and its secrets in the Credential Manager."""

    property_name: str
    store: KeyringStore


@pytest.fixture
def credentials() -> Iterator[Credentials]:
    """Secrets that are removed after the test."""
    name = f"test-{secrets.token_hex(4)}"
    store = KeyringStore(f"apoa-client/{name}", interactive=False, environ={})
    yield Credentials(name, store)
    for secret in (PASSWORD, PRIVATE_KEY):
        store.delete(secret)


BIRTH_PLACE = "ŻABIANKA, GDAŃSK"
SCAN = "".join(QUENTIN.lines) + "\r"


@pytest.mark.parametrize("code_page", [437, 850, 1252, 65001])
def test_code_pages(practising: Installed, tmp_path: Path, code_page: int) -> None:
    """A text is typed, shown, stored and redirected with all its letters, at each code page."""
    window = Window(practising, "report", "--no-send", code_page=code_page)
    for question, answer in (
        ("MRZ line 1", SCAN),
        ("Place of birth", f"{BIRTH_PLACE}\r"),
        ("Visa / stay permit", "B1\r"),
        ("Nights", "2\r"),
        ("Room", "7\r"),
    ):
        window.wait_for(question)
        window.type(answer)
    assert BIRTH_PLACE in window.wait_for("Save this report?")
    window.type("\r")
    assert window.wait() == 0
    [report] = practising.reports()
    assert report["guest"]["birth_place"] == BIRTH_PLACE
    listed = Window(practising, "show", report["id"], code_page=code_page)
    listed.wait_for(BIRTH_PLACE)
    assert listed.wait() == 0
    file = tmp_path / "list.json"
    redirected = Window(practising, "list", "--json", code_page=code_page, output=file)
    assert redirected.wait() == 0
    assert json.loads(file.read_text(encoding="utf-8"))["reports"][0]["guest"]["birth_place"] == BIRTH_PLACE


@pytest.mark.parametrize(("typed", "half"), [(False, ""), (True, ""), (True, "WARS")])
def test_a_closed_window_loses_nothing(practising: Installed, half: str, *, typed: bool) -> None:
    """What was typed in a window that is closed is a draft, with which the next report continues."""
    window = Window(practising, "report", "--no-send")
    window.wait_for("MRZ line 1")
    window.type(SCAN)
    window.wait_for("Place of birth")
    if typed:
        window.type("GDANSKTOWN\r")
        window.wait_for("Visa / stay permit")
    window.type(half)
    window.close()
    assert practising("status", "--json").json["drafts"] == 1
    again = Window(practising, "report", "--no-send")
    again.wait_for("Continue with this guest?")
    again.type("\r")
    again.wait_for("Visa / stay permit" if typed else "Place of birth")
    again.close()


@pytest.mark.skipif(
    not Path(COMMAND[0]).with_name("_internal").is_dir(), reason="pip's command is never alone in its window"
)
def test_the_window_of_a_double_click(practising: Installed, tmp_path: Path) -> None:
    """It stays and runs what is typed as it is printed, though no PATH knows the program; Enter closes it."""
    practising.environ["APOA_LANG"] = "id"
    page = print_page(tmp_path / "foto paspor.png", XIMENA.lines)
    window = Window(practising)
    window.wait_for("apoa>")
    words = ["--nights", "2", "--room", "7", "--birth-place", "BILBAO", "--stay-permit", "B1", "--yes", "--no-send"]
    window.type(f'apoa lapor --foto "{page}" {" ".join(words)}\r')
    window.wait_for(XIMENA.surname)
    window.wait_for("apoa>")
    window.type("status --json\r")
    assert '"queued": 1' in window.wait_for("apoa>")
    window.type("\r")
    window.wait()
    [report] = practising.reports()
    assert report["guest"]["surname"] == XIMENA.surname


def test_a_report_without_streams_is_saved(configured: Installed) -> None:
    """NUL is no terminal, so nothing is asked."""
    nul = subprocess.DEVNULL
    command = [*configured.command, *QUENTIN.mrz("--no-send")]
    done = subprocess.run(command, env=configured.environ, stdin=nul, stdout=nul, stderr=nul, check=False, timeout=60)
    assert done.returncode == 0
    [report] = configured.reports()
    assert report["guest"]["surname"] == QUENTIN.surname


def test_a_new_recovery_code_is_not_shown_to_nobody(configured: Installed) -> None:
    """Without a terminal and a file for the code, the key is not rotated."""
    before = (configured.home / "config.toml").read_bytes()
    nul = subprocess.DEVNULL
    command = [*configured.command, "key", "rotate"]
    done = subprocess.run(command, env=configured.environ, stdin=nul, stdout=nul, stderr=nul, check=False, timeout=60)
    assert done.returncode not in {0, 130}
    assert (configured.home / "config.toml").read_bytes() == before


@contextmanager
def reader_of(path: Path) -> Iterator[None]:
    """Opens and reads a file again and again, in a thread."""
    ended = threading.Event()

    def read() -> None:
        while not ended.wait(0.001):
            with suppress(OSError):
                path.read_bytes()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_file_that_is_read_all_the_time(configured: Installed) -> None:
    """The settings are replaced, and reports are saved and sent."""
    with reader_of(configured.home / "config.toml"):
        for name in ("kebun", "teras"):
            configured("setup", "--non-interactive", "--property", name, "--training", "--vault", "file").ok()
    assert {"melati", "kebun", "teras"} == set(load(configured.home / "config.toml").properties)
    with reader_of(configured.home / "melati" / "outbox.db"):
        assert configured(*QUENTIN.mrz("--no-send")).code == 0
        assert configured("sync", "--json").json["accepted"] == 1


def test_a_file_that_stays_open(configured: Installed, hold: Hold) -> None:
    """The command ends with an error that names what may have it open, and works once the file is free."""
    backup = configured.home.parent / "apoa.db"
    assert configured(*QUENTIN.mrz("--no-send")).code == 0
    assert configured("backup", str(backup)).code == 0
    holder = hold(backup, 1)
    said = configured("backup", str(backup), "--force")
    assert said.code == 78
    assert "another program has it open" in said.err
    assert "virus scanner" in said.err
    holder.close()
    assert configured("backup", str(backup), "--force").code == 0
    assert configured(*XIMENA.mrz("--no-send")).code == 0


def test_a_follower_whose_window_is_closed(practising: Installed) -> None:
    """What is saved meanwhile is sent; afterwards no lock and nothing half done is left."""
    window = Window(practising, "sync", "--follow")
    window.wait_for("until Ctrl-C")
    assert practising(*QUENTIN.mrz("--no-send")).code == 0
    window.wait_for("Sent: 1.")
    window.close()
    assert practising(*XIMENA.mrz("--no-send")).code == 0
    assert practising("sync").out == "Sent: 1.\n"


@pytest.mark.skipif(WINE, reason="Wine ends a process at Ctrl-Break, whatever it does with the event")
def test_ctrl_break_ends_a_follower(practising: Installed) -> None:
    """It ends with 0. Ctrl-C would end the whole window, the test's own process with it."""
    command = [sys.executable, console_helpers.__file__, "break", sys.executable, "-m", "apoa_client"]
    assert Window(Installed(command, practising.environ), "sync", "--follow").wait() == 0


@pytest.mark.skipif(not WINE, reason="registers a task: under Wine only, whose Task Scheduler is its own")
def test_a_task_is_registered_and_removed(practising: Installed) -> None:
    """The command that is installed can be started from another folder, and `schtasks` takes its task."""
    apoa = practising
    environ = {"PATH": r"C:\windows\system32"}
    assert f"APOA_HOME={apoa.home}" in apoa("schedule", "install", "--print", **environ).out
    said = apoa("schedule", "install", "--json", **environ)
    assert (said.code, said.json["change"]) == (0, "installed"), said.err
    assert apoa("schedule", "remove", "--json", **environ).json == {"removed": True}
    assert apoa("schedule", "remove", "--json", **environ).json == {"removed": False}


@pytest.mark.keyring
def test_set_up_report_sync_receipt_backup_and_restore(
    apoa: Installed, sandbox: Callable[..., Any], credentials: Credentials, tmp_path: Path
) -> None:
    """No secret is in a file, and every command finds the secrets, on a second home of this user, too."""
    account = ["--api-url", sandbox().url, "--username", "latihan", "--password-stdin"]
    code, page, backup = (tmp_path / each for each in ("code.txt", "page.html", "apoa.db"))
    options = ["--non-interactive", "--property", credentials.property_name, "--recovery-file", str(code)]
    apoa("setup", *options, *account, stdin=f"{SANDBOX_PASSWORD}\n").ok()
    assert credentials.store.get(PASSWORD) == SANDBOX_PASSWORD
    assert credentials.store.get(PRIVATE_KEY) is not None
    assert [path.name for path in apoa.home.rglob("keys.json")] == []
    assert apoa(*QUENTIN.mrz("--no-send")).code == 0
    assert apoa("sync", "--json").json["accepted"] == 1
    assert apoa(*XIMENA.mrz()).code == 0
    assert QUENTIN.surname in apoa("list").out
    report = apoa.reports()[0]
    assert apoa("receipt", report["id"], "--html", str(page)).code == 0
    assert report["receipt"]["number"] in read_page(page.read_text(encoding="utf-8")).text
    assert apoa("backup", str(backup)).code == 0
    other = replace(apoa, environ={**apoa.environ, "APOA_HOME": str(tmp_path / "other")})
    assert other("restore", str(backup), "--json").json["needs"] == []
    assert {report["guest"]["surname"] for report in other.reports()} == {QUENTIN.surname, XIMENA.surname}
    assert other("log", "--verify").code == 0
