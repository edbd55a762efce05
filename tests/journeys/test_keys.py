"""The property's keys through the installed command: rotated under kills, and secrets that no file or screen shows."""

import json
import os
import random
import re
import subprocess
import time
from pathlib import Path

import pytest
from basics import LONG
from cli_helpers import GUESTS, NOWHERE, PASSWORD, Installed, readable_in
from journeys_helpers import Disk, call, end_maintenance, guest, in_new_processes, saved_id

from apoa_client.cli import main
from apoa_client.sandbox.server import SandboxServer
from apoa_client.vault.store import KeyFileStore, Keys

KILLS = 100 if LONG else 5
SEED = random.SystemRandom().randrange(1 << 32) if LONG else 7
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
        self.promised: set[str] = set()
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

    def usual_time(self) -> float:
        """Returns the seconds that an undisturbed rotation takes."""
        begun = time.monotonic()
        assert self.apoa(*self.rotation()).code == 0
        return time.monotonic() - begun

    def kill(self, delay: float) -> float | None:
        """Starts a rotation and a report at the same time, and kills the rotation after this many seconds.

        Returns the seconds that the rotation took if it ended before that.
        """
        begun, ended = time.monotonic(), None
        rotating = self.apoa.start(*self.rotation())
        saving = self.apoa.start(*guest(REPORTS + self.codes).mrz("--no-send", "--json"))
        try:
            rotating.communicate(timeout=delay)
            ended = time.monotonic() - begun
        except subprocess.TimeoutExpired:
            rotating.kill()
            rotating.communicate(timeout=60)
        out, err = saving.communicate(timeout=60)
        saved = saved_id(out)
        assert saved is not None, err
        self.promised.add(saved)
        return ended

    def assert_complete(self) -> None:
        """Checks that every saved report is listed with its guest."""
        reports = self.apoa.reports()
        assert {report["short_id"] for report in reports} == self.promised
        assert [report["short_id"] for report in reports if report["guest"] is None] == []
        self.cut_off += self.keys.next() is not None

    def settle(self) -> None:
        """Rotates once more, and checks that one key opens every report and that all are delivered."""
        said = self.apoa(*self.rotation())
        assert said.code == 0, said.err
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
@pytest.mark.parametrize("seed", [SEED])
def test_rotations_killed_at_random_times(installation: Installation, seed: int) -> None:
    """After a kill at a random time, during other reports, every guest can be read."""
    chance = random.Random(seed)  # noqa: S311  a test's
    usual, kills = installation.usual_time(), 0
    enough = KILLS // 10  # the others were killed before they changed anything
    while kills < KILLS or (installation.cut_off <= enough and kills < 5 * KILLS):
        before, kills = installation.cut_off, kills + 1
        ended = installation.kill(chance.uniform(usual / 3, usual))  # the first third loads the program
        installation.assert_complete()
        # Adjusts to a machine whose speed changes, so that the other kills do not all come too late or too early.
        usual = ended or (usual if installation.cut_off > before else usual * 1.1)
    assert installation.cut_off > enough
    installation.settle()


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
        said = apoa(*logged, *line.split(), stdin=f"{stdin}\n")
        assert said.code == 0, said.err
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
