"""The property's keys through the installed command: rotated under kills, and secrets that no file or screen shows."""

import json
import os
import re
from pathlib import Path

import pytest
from basics import LONG
from cli_helpers import GUESTS, NOWHERE, PASSWORD, Installed, readable_in
from journeys_helpers import Disk, call, end_maintenance, guest, in_new_processes

from apoa_client.cli import main
from apoa_client.sandbox.server import SandboxServer
from apoa_client.vault.store import KeyFileStore, Keys

STRIDE = 1 if LONG else 13
"""A kill comes before every n-th change that a rotation makes on the disk."""
REPORTS = 120

posix = pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's")


class Installation:
    """A property with many reports, whose key rotations are killed."""

    def __init__(self, apoa: Installed, url: str, folder: Path) -> None:
        self.apoa = in_new_processes(apoa)
        self.folder = folder
        self.codes = 0
        self.cut_off = 0
        assert self.apoa.set_up(url, "latihan").code == 0
        for number in range(REPORTS):
            # Two of so many guests have the same hash once in 2,300 runs, and the second would be a duplicate.
            assert main.run(guest(number).mrz("--no-send", "--again"), self.apoa.environ, None) == 0
        self.promised = {report["short_id"] for report in self.apoa.reports()}
        assert len(self.promised) == REPORTS

    @property
    def keys(self) -> Keys:
        return Keys(lambda: KeyFileStore(self.apoa.home / "melati" / "keys.json"))

    def rotation(self) -> list[str]:
        """Returns the arguments of a rotation with a new recovery file, five minutes after the one before."""
        end_maintenance(self.apoa.home)
        self.codes += 1
        return ["key", "rotate", "--recovery-file", str(self.folder / f"code-{self.codes}.txt")]

    def assert_complete(self) -> None:
        """Checks that every saved report is listed with its guest."""
        reports = self.apoa.reports()
        assert {report["short_id"] for report in reports} == self.promised
        assert [report["short_id"] for report in reports if report["guest"] is None] == []
        self.cut_off += self.keys.next() is not None

    def settle(self) -> None:
        """Rotates once more, and checks that one key opens every report and that all are delivered."""
        self.apoa(*self.rotation()).ok()
        self.assert_complete()
        assert self.keys.next() is None
        self.apoa("sync", "--json")
        assert {report["state"] for report in self.apoa.reports()} == {"accepted"}


@pytest.fixture
def installation(apoa: Installed, authority: SandboxServer, tmp_path: Path) -> Installation:
    """A property whose recovery codes are written to the test's folder."""
    return Installation(apoa, authority.base_url, tmp_path)


@posix
@pytest.mark.slow
@pytest.mark.durable
def test_rotations_killed_before_each_disk_change(installation: Installation, disk: Disk) -> None:
    """After a kill before a change of the disk every guest can be read."""
    disk.root = installation.apoa.home
    dead, step = True, 1
    while dead:
        said = call(installation.apoa, installation.rotation(), "en", more=disk.environ(DISK_STEP=str(step)))
        dead = said.code == -9
        assert dead or said.code == 0, said.err
        installation.assert_complete()
        step += STRIDE
    assert step > 15
    assert installation.cut_off > 0
    installation.settle()


@pytest.mark.slow
def test_no_secret_or_guest_in_files_or_output(apoa: Installed, tmp_path: Path) -> None:
    """After the daily commands and those of the vault with -vv, only the key file contains secrets."""
    logs, away, words = tmp_path / "logs", tmp_path / "away", "kuda betul baterai"
    logs.mkdir()
    away.mkdir()
    sheet, code, key, backup = (str(away / name) for name in ("sheet.html", "code.txt", "melati.key", "melati.db"))
    assert apoa.set_up(NOWHERE, PASSWORD, "--recovery-file", sheet).code == 75
    logged = ("-vv", "--log-file", str(logs / "apoa.log"))
    for each in GUESTS:
        assert apoa(*logged, *each.mrz("--no-send")).code == 0
    for daily in (["status"], ["list"], ["show", apoa.reports()[0]["id"]]):  # their screens show guests
        assert apoa(*logged, *daily).code == 0
    assert apoa(*logged, "sync").code == 75
    for line, stdin in (
        ("login --password-stdin --no-test", PASSWORD),
        (f"key rotate --recovery-file {code}", ""),
        (f"key export {key} --passphrase-stdin", words),
        (f"key recover --recovery-file {code}", ""),
        ("key show", ""),
        (f"backup {backup}", ""),
        (f"restore {backup}", ""),
        (f"cancel --yes {apoa.reports()[0]['id']}", ""),
        (f"purge --yes --guest {apoa.reports()[0]['id']}", ""),
        ("purge", ""),
        ("log --verify", ""),
        ("log", ""),
        ("logout", ""),
    ):
        said = apoa(*logged, *line.split(), stdin=f"{stdin}\n").ok()
        with (logs / "screens").open("a", encoding="utf-8") as screens:
            screens.write(said.all)
    keys = apoa.home / "melati" / "keys.json"
    secrets = [*json.loads(keys.read_text()).values(), PASSWORD, words, *(w for each in GUESTS for w in each.words)]
    keys.unlink()
    for file in map(Path, (sheet, code)):
        secrets += re.findall(r"(?:[0-9A-Z]{5}-){6}[0-9A-Z]{5}", file.read_text())[:1]
        file.unlink()
    assert len(secrets) == 1 + 2 + 3 * 6 + 2
    for folder in (apoa.home, logs, away):
        assert readable_in(folder, secrets) == []
    assert readable_in(apoa.home, ["queued"]) == ["queued"]  # the search itself finds what is there
