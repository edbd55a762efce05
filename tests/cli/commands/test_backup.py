"""`apoa backup` and `apoa restore`, as they are called: what they say, in both languages, and their exit codes."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from backup_helpers import changed
from cli_helpers import GUESTS, LANGUAGES, PASSWORD, QUENTIN, XIMENA, Apoa, assert_sanitized, readable_in, spoken

from apoa_client.cli.terminal import language
from apoa_client.cli.views.labels import moment_text
from apoa_client.outbox.sqlite.delivery_lock import delivery_lock
from apoa_client.sandbox.server import SandboxServer
from apoa_client.settings.zones import WIB

WORDS = [word for guest in GUESTS for word in guest.words]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the backup goes."""
    return tmp_path / "apoa.db"


@pytest.fixture
def made(configured: Apoa, file: Path) -> Path:
    """A backup with a report that was sent, and one that waits."""
    configured.save(QUENTIN)
    assert configured("sync").code == 0
    configured.save(XIMENA)
    assert configured("backup", str(file)).code == 0
    return file


def elsewhere(apoa: Apoa, tmp_path: Path) -> Apoa:
    """The program on another computer."""
    return Apoa({**apoa.environ, "APOA_HOME": str(tmp_path / "elsewhere")}, apoa.clock, apoa.capsys, apoa.monkeypatch)


def secret_of(apoa: Apoa) -> str:
    key: str = json.loads((apoa.home / "melati" / "keys.json").read_text())["private-key"]
    return key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_backup_says_where_it_is(configured: Apoa, file: Path, lang: str) -> None:
    """And how much is in it."""
    configured.save(QUENTIN)
    said = configured("backup", str(file), lang=lang)
    assert said.code == 0, said.err
    assert spoken(lang, "The backup is written: {file}", file=file) in said.out
    assert "1" in said.out
    assert spoken(
        lang, "It can be read only with the private key, which is not in it. Keep the recovery code, too."
    ) in (said.err)


def test_a_backup_for_a_script(configured: Apoa, file: Path) -> None:
    """One document of a fixed form."""
    configured.save(QUENTIN)
    said = configured("backup", str(file), "--json")
    created_at = "2026-11-24T20:00:00+07:00"
    assert said.json == {"file": str(file), "reports": 1, "bytes": file.stat().st_size, "created_at": created_at}


def test_a_backup_holds_no_secret_and_nothing_personal(configured: Apoa, made: Path) -> None:
    """Not the password, not the private key, no word about a guest; and it was written without the key."""
    (configured.home / "melati" / "keys.json").rename(configured.home / "away.json")
    assert configured("backup", str(made), "--force").code == 0
    (configured.home / "away.json").rename(configured.home / "melati" / "keys.json")
    (made.parent / "alone").mkdir()
    made.rename(made.parent / "alone" / made.name)
    assert readable_in(made.parent / "alone", [*WORDS, PASSWORD, secret_of(configured)]) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_in_the_way(configured: Apoa, made: Path, tmp_path: Path, lang: str) -> None:
    """Usage: 2, and what to do; nothing is overwritten."""
    before = made.read_bytes()
    for target in (made, tmp_path / "nowhere" / "apoa.db"):
        said = configured("backup", str(target), lang=lang)
        assert (said.code, said.out) == (2, "")
        assert len(said.err.splitlines()) == 2
    other = tmp_path / "other"
    other.write_text("mine")
    assert configured("backup", str(other), "--force", lang=lang).code == 2
    assert (made.read_bytes(), other.read_text()) == (before, "mine")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_restored_on_another_computer(configured: Apoa, made: Path, tmp_path: Path, lang: str) -> None:
    """It says what came back and what is still needed; with the key, everything can be read and sent."""
    other = elsewhere(configured, tmp_path)
    said = other("restore", str(made), lang=lang)
    assert said.code == 0, said.err
    assert spoken(lang, "reports that were not here") in said.out
    key_is_needed = "To send and read these reports, restore the private key with: apoa key recover"
    assert spoken(lang, key_is_needed) in said.err
    assert spoken(lang, "To send, store the password with: apoa login") in said.err
    secrets = {"APOA_PRIVATE_KEY": secret_of(configured), "APOA_PASSWORD": PASSWORD}
    there = Apoa({**other.environ, **secrets}, other.clock, other.capsys, other.monkeypatch)
    reports = there.reports()
    assert [(r["state"], r["guest"]["surname"]) for r in reports] == [("accepted", "ZYKOWSKI"), ("queued", "QUIJANO")]
    assert there("sync").code == 0
    assert [r["state"] for r in there.reports()] == ["accepted", "accepted"]
    said = there("restore", str(made), lang=lang)
    assert (said.code, said.err) == (0, "")
    assert spoken(lang, "Send what waits with: apoa sync") in said.out
    assert [r["state"] for r in there.reports()] == ["accepted", "accepted"]


def test_a_restore_for_a_script(configured: Apoa, made: Path, tmp_path: Path) -> None:
    """One document of a fixed form; a dry run gives the same, and leaves nothing."""
    other = elsewhere(configured, tmp_path)
    value = {
        "file": str(made),
        "property": "kenanga",
        "created": True,
        "dry_run": True,
        "backup_created_at": "2026-11-24T20:00:00+07:00",
        "inserted": 2,
        "advanced": 0,
        "unchanged": 0,
        "only_here": 0,
        "other_receipts": [],
        "needs": ["private_key", "password"],
    }
    said = other("restore", str(made), "--property", "kenanga", "--dry-run", "--json")
    assert (said.code, said.json) == (0, value)
    assert not other.home.exists()
    assert other("--property", "kenanga", "restore", str(made), "--json").json == {**value, "dry_run": False}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_dry_run_says_so(configured: Apoa, made: Path, lang: str) -> None:
    """In the first line."""
    language.set_language(lang)
    said = configured("restore", str(made), "--dry-run", lang=lang)
    sentence = "Nothing was changed. This would be restored to {property}, from the backup of {moment}:"
    moment = moment_text(configured.clock.now(), WIB)
    assert said.out.splitlines()[0] == spoken(lang, sentence, property="melati", moment=moment)
    assert (said.code, said.err) == (0, "")


def test_it_belongs_to_the_property_of_the_backup(configured: Apoa, made: Path, tmp_path: Path) -> None:
    """Not to the one that the environment happens to name."""
    other = elsewhere(configured, tmp_path)
    assert other("restore", str(made), "--json", APOA_PROPERTY="kenanga").json["property"] == "melati"


def test_another_receipt_and_a_missing_certificate_are_told(configured: Apoa, made: Path, tmp_path: Path) -> None:
    """Harmlessly, whatever a server gave as a number."""
    other = elsewhere(configured, tmp_path)
    assert other("restore", str(made)).code == 0
    with closing(sqlite3.connect(other.home / "melati" / "outbox.db")) as db:
        db.execute("UPDATE reports SET receipt_number = 'STT\x1b[2J' WHERE state = 'accepted'")
        db.commit()
    config = other.home / "config.toml"
    config.write_text(config.read_text() + 'ca_bundle = "/nowhere/ca.pem"\n')
    again = tmp_path / "again.db"
    assert other("backup", str(again)).code == 0
    said = configured("restore", str(again))
    assert said.code == 0, said.err
    assert_sanitized(said.all)
    assert "STT?[2J" in said.err
    assert "/nowhere/ca.pem" in said.err
    assert configured("restore", str(again), "--json").json["other_receipts"][0]["in_backup"] == "STT\x1b[2J"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_mishap_has_its_sentence(
    configured: Apoa, made: Path, tmp_path: Path, authority: SandboxServer, lang: str
) -> None:
    """What happened and what to do, and nothing changed: 65 for the file's fault, 78 for ours, 75 for later."""
    stranger = Apoa(
        {**configured.environ, "APOA_HOME": str(tmp_path / "stranger")},
        configured.clock,
        configured.capsys,
        configured.monkeypatch,
    )
    assert stranger.set_up(authority.base_url).code == 0
    stranger.save(QUENTIN)
    no_backup, damaged, newer = tmp_path / "no.db", tmp_path / "damaged.db", tmp_path / "newer.db"
    no_backup.write_text("hello")
    damaged.write_bytes(made.read_bytes()[:-5000])
    newer.write_bytes(made.read_bytes())
    changed(newer, "PRAGMA user_version = 99")
    cases = [
        (configured, no_backup, 65),
        (configured, damaged, 65),
        (configured, tmp_path / "nothing", 65),
        (configured, newer, 78),
        (stranger, made, 78),
    ]
    for apoa, file, code in cases:
        before = apoa.reports()
        said = apoa("restore", str(file), lang=lang)
        assert (said.code, said.out) == (code, "")
        assert len(said.err.splitlines()) == 2
        assert apoa.reports() == before
        error = apoa("restore", str(file), "--json", lang=lang).json["error"]
        assert error["message"]
        assert error["advice"]
    with delivery_lock(configured.home / "melati" / "outbox.db", 0), configured.monkeypatch.context() as patch:
        patch.setattr("apoa_client.archive.restore.LOCK_WAIT_S", 0.0)
        assert configured("restore", str(made), lang=lang).code == 75
