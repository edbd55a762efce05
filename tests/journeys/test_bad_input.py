"""Common errors through the installed command: each gives its message and exit code, and no report is lost."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from cli_helpers import (
    COMMAND,
    GUESTS,
    NOWHERE,
    OBADIAH,
    QUENTIN,
    XIMENA,
    CallResult,
    Installed,
    child_environment,
    spoken,
    spoken_count,
    typed_in,
)
from damage_helpers import file_size_limit, needs_size_limit
from journeys_helpers import advice_of, call, drop_root_permissions, in_each_language

from apoa_client.errors import NotNow, WrongPassword
from apoa_client.outbox.errors import DiskFull, too_new
from apoa_client.report.findings import ReportRefused
from apoa_client.sandbox.server import SandboxServer

pytestmark = [in_each_language, pytest.mark.slow]
FIRST, SECOND = QUENTIN.lines
PAGE = ["--birth-place", "GDANSKTOWN", "--nights", "2", "--no-send"]
MORE_DAMAGE = (b"[property.melati", b"property = 3\n", b"\x00")


REFUSED = advice_of(ReportRefused([]))


@pytest.fixture(scope="module")
def home_with_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a property whose authority cannot be reached, and two queued reports."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    apoa = Installed(COMMAND, {"APOA_HOME": str(home), "APOA_LANG": "en", **child_environment()})
    assert apoa.set_up(NOWHERE, "rahasia").code == 75
    for guest in GUESTS[:2]:
        assert apoa(*guest.mrz("--no-send")).code == 0
    return home


@pytest.fixture
def two(apoa: Installed, home_with_two: Path) -> Installed:
    """The installed command with a copy of that home."""
    shutil.copytree(home_with_two, apoa.home)
    return apoa


def assert_nothing_lost(apoa: Installed, more: int = 0) -> None:
    """Checks that both reports are still queued and can be decrypted."""
    reports = apoa.reports()
    assert [report["guest"]["surname"] for report in reports[:2]] == [guest.surname for guest in GUESTS[:2]]
    assert [report["state"] for report in reports] == ["queued"] * (2 + more)


def assert_said(said: CallResult, code: int, lang: str, *sentences: str, **values: object) -> None:
    """Checks the exit code, and that each sentence is in the output in the reader's language."""
    assert said.code == code, said.all
    for sentence in sentences:
        assert spoken(lang, sentence, **values) in said.err


def test_wrong_check_digit(two: Installed, lang: str) -> None:
    """The error names the field and says that nothing was saved."""
    wrong = SECOND[:19] + str((int(SECOND[19]) + 1) % 10) + SECOND[20:]
    said = two("report", "--mrz", FIRST, "--mrz", wrong, *PAGE, lang=lang)
    assert_said(said, 65, lang, REFUSED)
    assert spoken(lang, "date of birth") in said.err
    assert_nothing_lost(two)


def test_line_of_43_characters(two: Installed, lang: str) -> None:
    """The error gives the number of characters and the expected number."""
    said = two("report", "--mrz", FIRST, "--mrz", SECOND[:-1], *PAGE, lang=lang)
    assert said.code == 65
    assert "43" in said.err
    assert "44" in said.err
    assert_nothing_lost(two)


def test_lower_case_and_spaces(two: Installed, lang: str) -> None:
    """Lower case and spaces are accepted, and the passport is recognised as one that was reported before."""
    lines = ["--mrz", FIRST.lower(), "--mrz", f" {SECOND[:22].lower()} {SECOND[22:]}"]
    assert two("report", *lines, *PAGE, lang=lang).code == 65
    said = two("report", *lines, *PAGE, "--again", lang=lang)
    assert said.code == 0, said.err
    assert two.reports()[2]["guest"]["document"]["mrz"] == [FIRST, SECOND]
    assert_nothing_lost(two, 1)


def test_unknown_state(two: Installed, lang: str) -> None:
    """A typed state, or one in the MRZ that no check digit covers, is refused."""
    typed = two(*QUENTIN.typed("--nationality", "Qqwxz", "--no-send"), lang=lang)
    assert_said(typed, 65, lang, REFUSED)
    assert spoken(lang, "Nationality") in typed.err
    read = two("report", "--mrz", FIRST, "--mrz", SECOND[:10] + "QQZ" + SECOND[13:], *PAGE, lang=lang)
    assert read.code == 65
    assert "QQZ" in read.err
    assert_nothing_lost(two)


def test_missing_fields(two: Installed, lang: str) -> None:
    """One error names all missing fields."""
    said = two("report", "--mrz", FIRST, "--mrz", SECOND, "--no-send", lang=lang)
    assert_said(said, 65, lang, REFUSED)
    assert spoken(lang, "Place of birth") in said.err
    assert spoken(lang, "Planned check-out") in said.err
    assert_nothing_lost(two)


@pytest.mark.parametrize(
    "damage", [b"\xff\xfe\x00", b"", *(pytest.param(each, marks=pytest.mark.long) for each in MORE_DAMAGE)]
)
def test_corrupt_settings_file(two: Installed, lang: str, damage: bytes) -> None:
    """The error names the file and does not change it. With the right file the program works again."""
    path = two.home / "config.toml"
    before = path.read_bytes()
    path.write_bytes(damage)
    for arguments in (["status"], QUENTIN.mrz("--no-send"), ["sync"], ["list", "--json"]):
        said = two(*arguments, lang=lang)
        assert said.code == 78
        assert ("config.toml" if damage else typed_in(lang, "apoa setup")) in said.err
    assert path.read_bytes() == damage
    path.write_bytes(before)
    assert_nothing_lost(two)


@pytest.mark.parametrize("missing", ["config.toml", "melati/outbox.db"])
def test_missing_file(two: Installed, lang: str, missing: str) -> None:
    """A missing file is an error and is not created again."""
    aside = two.home / "aside"
    (two.home / missing).rename(aside)
    for arguments in (["status"], QUENTIN.mrz("--no-send"), ["sync"]):
        said = two(*arguments, lang=lang)
        assert said.code == 78
        assert typed_in(lang, "apoa setup") in said.err
    assert not (two.home / missing).exists()
    aside.rename(two.home / missing)
    assert_nothing_lost(two)


def test_database_of_a_newer_version(two: Installed, lang: str) -> None:
    """The error gives advice, and the database is not changed."""
    path = two.home / "melati" / "outbox.db"
    with closing(sqlite3.connect(path)) as db:
        [version] = db.execute("PRAGMA user_version").fetchone()
        db.execute("PRAGMA user_version = 9999")
    before = path.read_bytes()
    for arguments in (["status"], QUENTIN.mrz("--no-send"), ["sync"]):
        said = two(*arguments, lang=lang)
        assert_said(said, 78, lang, advice_of(too_new(path)))
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {version}")
    assert_nothing_lost(two)


def test_damaged_database(two: Installed, lang: str) -> None:
    """The error names the database, which is not changed."""
    path = two.home / "melati" / "outbox.db"
    aside = shutil.copy(path, two.home / "aside")
    path.write_bytes(b"\x00" * 4096 + path.read_bytes()[4096:])
    before = path.read_bytes()
    said = two("status", lang=lang)
    assert said.code == 78
    assert "outbox.db" in said.err
    assert two(*QUENTIN.mrz("--no-send"), lang=lang).code == 78
    assert path.read_bytes() == before
    Path(aside).replace(path)
    assert_nothing_lost(two)


@pytest.mark.skipif(sys.platform != "linux", reason="root's powers are given up with Linux's prctl")
def test_home_without_permissions(two: Installed, lang: str) -> None:
    """The error names the folder, and no file is made elsewhere."""
    two.home.chmod(0)
    training = ["setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file"]
    for arguments in (["status"], QUENTIN.mrz("--no-send"), ["sync"], training):
        said = call(two, arguments, lang, preexec_fn=drop_root_permissions)
        assert said.code == 78, said.all
        assert str(two.home) in said.err
    two.home.chmod(0o700)
    assert_nothing_lost(two)


@pytest.mark.parametrize("place", ["", "config.toml", "melati/outbox.db"])
def test_home_of_the_wrong_type(apoa: Installed, lang: str, place: str) -> None:
    """A folder in place of a file, or a file in place of a folder, is an error."""
    if place:
        apoa.set_up(NOWHERE, "rahasia")
        (apoa.home / place).unlink()
        (apoa.home / place).mkdir()
    else:
        apoa.home.write_text("not a folder")
    for arguments in (["status"], QUENTIN.mrz("--no-send")):
        said = apoa(*arguments, lang=lang)
        assert said.code == 78
        assert said.err
    training = ["setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file"]
    assert apoa(*training, lang=lang).code in {77, 78}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    if subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False, capture_output=True
    ).returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_full_disk(apoa: Installed, small_disk: Path, lang: str) -> None:
    """A full disk is an error, earlier reports stay, and work goes on once there is space."""
    apoa.environ["APOA_HOME"] = str(small_disk / "home")
    assert apoa.set_up(NOWHERE, "rahasia").code == 75
    for guest in GUESTS[:2]:
        assert apoa(*guest.mrz("--no-send")).code == 0
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    said = apoa(*OBADIAH.mrz("--no-send"), lang=lang)
    one = "This guest is NOT saved. Note the guest's details on paper until apoa works again."
    several = "These {count} guests are NOT saved. Note their details on paper until apoa works again."
    assert_said(said, 78, lang, advice_of(DiskFull))
    assert spoken_count(lang, one, several, 1) in said.err
    assert said.out == ""
    for arguments in (["status"], ["list"], ["status", "--tonight"]):
        assert_said(apoa(*arguments, lang=lang), 0, lang, "What was saved before is shown. No guest can be saved now.")
    assert apoa.set_up(NOWHERE, "lain", "--office", "x").code in {77, 78}
    filler.unlink()
    assert_nothing_lost(apoa)
    assert apoa(*OBADIAH.mrz("--no-send")).code == 0
    assert_nothing_lost(apoa, 1)


@needs_size_limit
def test_file_size_limit(two: Installed, lang: str) -> None:
    """The same where the system refuses to let any file grow."""
    with file_size_limit(4096):
        said = call(two, OBADIAH.mrz("--no-send"), lang)
    assert said.code == 78, said.all
    assert "outbox.db" in said.err
    assert said.out == ""
    assert_nothing_lost(two)
    assert two(*OBADIAH.mrz("--no-send")).code == 0


def test_wrong_password(two: Installed, authority: SandboxServer, lang: str) -> None:
    """At set-up it changes nothing. At sync it suspends sending."""
    url = authority.base_url
    settings = (two.home / "config.toml").read_bytes()
    refused = two("login", "--password-stdin", stdin="salah\n", lang=lang)
    assert refused.code == 75  # the property has no authority that could refuse it
    account = ["--api-url", url, "--username", "latihan", "--password-stdin"]
    at_setup = two("setup", "--non-interactive", "--property", "melati", *account, stdin="salah\n", lang=lang)
    assert_said(at_setup, 77, lang, "The authority does not accept the username and password.")
    assert (two.home / "config.toml").read_bytes() == settings
    assert two.set_up(url, "latihan").code == 0
    at_sync = two("sync", lang=lang, APOA_PASSWORD="salah")
    assert_said(at_sync, 77, lang, "The authority does not accept the username and password.")
    again = two("sync", lang=lang)
    assert_said(again, 77, lang, advice_of(WrongPassword))
    assert_nothing_lost(two)
    assert two("login", "--password-stdin", stdin="latihan\n").code == 0
    assert two("sync", "--json").json["accepted"] == 2


def test_unreachable_authority(two: Installed, lang: str) -> None:
    """A report is saved with exit code 0, and sync exits with 75."""
    assert two(*OBADIAH.mrz(), lang=lang).code == 0
    said = two("sync", lang=lang)
    assert_said(said, 75, lang, advice_of(NotNow))
    assert_nothing_lost(two, 1)


def test_nothing_set_up(apoa: Installed, lang: str) -> None:
    """Every command that needs a property gives the advice to set one up."""
    for arguments in (
        ["status"],
        ["list"],
        ["sync"],
        ["login"],
        ["logout"],
        ["show", "x"],
        ["receipt", "x"],
        XIMENA.mrz(),
    ):
        assert_said(apoa(*arguments, lang=lang), 78, lang, "Set it up with: apoa setup")
    assert not apoa.home.exists()
