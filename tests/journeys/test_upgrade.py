"""An update keeps everything: the files of each earlier schema are migrated by the first command, whatever it is.

The files were written by the programs of those schemas themselves (`released_homes`).
"""

import os
import re
import sqlite3
import subprocess
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import released_homes
from basics import FixedClock
from cli_helpers import GUESTS, Apoa
from released_homes import MADE_AT, PROPERTY, unpack

import apoa_client
from apoa_client.app.container import Container
from apoa_client.outbox.sqlite.migrations import STEPS

PRESENT = max(STEPS)


@pytest.fixture(params=STEPS)
def schema(request: pytest.FixtureRequest) -> int:
    """The number of a schema."""
    number: int = request.param
    return number


@pytest.fixture
def apoa(schema: int, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Apoa:
    """The program of today on files of that schema, an hour after they were written."""
    unpack(schema, home)
    return Apoa(
        {"APOA_HOME": str(home), "APOA_LANG": "en"}, FixedClock(MADE_AT + timedelta(hours=1)), capsys, monkeypatch
    )


def version_of(home: Path) -> int:
    with closing(sqlite3.connect(home / PROPERTY / "outbox.db")) as db:
        [version] = db.execute("PRAGMA user_version").fetchone()
    return int(version)


def back_to_the_version_before() -> list[str]:
    """The commands of the guide, without what they say about themselves."""
    text = (Path(apoa_client.__file__).parent / "cli" / "guide" / "guides" / "admin.en.md").read_text(encoding="utf-8")
    [block] = re.findall(r"To go back,.*?```text\n(.*?)```", text, re.DOTALL)
    return [line.partition("#")[0].strip() for line in block.splitlines()]


def test_every_schema_has_its_files() -> None:
    """A new migration comes with files of the schema that it makes: python tests/support/released_homes.py add."""
    assert [number for number in STEPS if not released_homes.archive_of(number).is_file()] == []


def test_everything_is_kept(apoa: Apoa, schema: int) -> None:
    """Reports, a receipt, a draft, the audit trail, keys and settings are there; what waited is sent, once."""
    assert version_of(apoa.home) == schema
    settings = (apoa.home / "config.toml").read_bytes()
    status = apoa("status", "--json")
    assert status.code == 0, status.err
    counts = {state: count for state, count in status.json["counts"].items() if count}
    assert counts == {"queued": 2, "accepted": 1}
    assert status.json["drafts"] == 1
    assert version_of(apoa.home) == PRESENT
    reports = apoa.reports()
    assert [report["guest"]["surname"] for report in reports] == [guest.surname for guest in GUESTS]
    assert [(report["state"], report["receipt"]) for report in reports[1:]] == [("queued", None)] * 2
    assert reports[0]["receipt"]["number"] == "LATIHAN-2026-000001"
    app = Container(apoa.environ, apoa.clock, PROPERTY)
    drafts = app.outbox.drafts.waiting(apoa.clock.now())
    assert [app.outbox.drafts.open(draft) is not None for draft in drafts] == [True]
    app.close()
    entries = apoa("log", "--json").json["entries"]
    assert [entry["action"] for entry in entries].count("saved") == 3
    assert (apoa.home / "config.toml").read_bytes() == settings
    sent = apoa("sync", "--json")
    assert (sent.code, sent.json["accepted"], sent.json["doubts"]) == (0, 2, []), sent.err
    numbers = [report["receipt"]["number"] for report in apoa.reports()]
    assert numbers == [f"LATIHAN-2026-{number:06}" for number in (1, 2, 3)]
    verified = apoa("log", "--verify", "--json")
    assert verified.code == 0, verified.all
    assert apoa("sync", "--json").json["sent"] == 0


@pytest.mark.parametrize(
    "command", [["report"], ["list"], ["checkout", "--room", "9", "--yes", "--no-send"], ["backup"]]
)
def test_whatever_comes_first(apoa: Apoa, command: list[str], tmp_path: Path) -> None:
    """The first command after the update does its work: it migrates, and has the exit code of its work."""
    more = {"report": GUESTS[0].mrz("--again", "--no-send")[1:], "backup": [str(tmp_path / "backup.apoa")]}
    apoa(*command, *more.get(command[0], [])).ok()
    assert version_of(apoa.home) == PRESENT


def test_an_interrupted_migration(apoa: Apoa, schema: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that is cut off leaves the version before it, and the next command finishes."""
    broken = {**STEPS, PRESENT: (*STEPS[PRESENT], "SELECT fail()")}
    with monkeypatch.context() as patch:
        patch.setattr("apoa_client.outbox.sqlite.migrations.STEPS", broken)
        assert apoa("status").code == (0 if schema == PRESENT else 78)
    assert version_of(apoa.home) == schema
    assert len(apoa.reports()) == len(GUESTS)


@pytest.mark.skipif(os.name == "nt", reason="the guide's commands are those of a POSIX shell")
def test_back_to_the_version_before(apoa: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the guide says it: after each step the program says what is left, and then it has the backup's reports."""
    file, config = tmp_path / "before.apoa", apoa.home / "config.toml"
    assert apoa("backup", str(file)).code == 0
    before = config.read_text(encoding="utf-8")
    with monkeypatch.context() as newer:
        newer.setattr("apoa_client.outbox.sqlite.migrations.STEPS", {**STEPS, PRESENT + 1: ("CREATE TABLE later (x)",)})
        assert apoa(*GUESTS[0].mrz("--again", "--no-send")).code == 0
    config.write_text(f"{before}of_a_newer_version = true\n", encoding="utf-8")
    said = apoa("status")
    assert (said.code, "of_a_newer_version" in said.err, "newer version" in said.err) == (78, True, True)
    config.write_text(before, encoding="utf-8")
    newer_file = (apoa.home / PROPERTY / "outbox.db").read_bytes()
    for command in (["status"], ["sync"], GUESTS[0].mrz("--again", "--no-send")):
        said = apoa(*command, "--json")
        assert (said.code, said.json["error"]["class"]) == (78, "outbox_too_new")
    assert (apoa.home / PROPERTY / "outbox.db").read_bytes() == newer_file
    move, restore = back_to_the_version_before()
    subprocess.run(["/bin/sh", "-ec", move], cwd=apoa.home / PROPERTY, check=True)
    apoa(*restore.replace("FILE", str(file)).split()[1:], "--json").ok()
    assert [report["guest"]["surname"] for report in apoa.reports()] == [guest.surname for guest in GUESTS]
    sent = apoa("sync", "--json")
    assert (sent.code, sent.json["accepted"], sent.json["doubts"]) == (0, 2, []), sent.all
    assert (apoa.home / PROPERTY / "newer" / "outbox.db").exists()
