"""What the threat model says that nothing notices: the page promises no more than the program does."""

import json
import shutil
import sqlite3
from contextlib import closing

from cli_helpers import QUENTIN, XIMENA, Apoa

from apoa_client.settings.reading import load
from apoa_client.vault.sealing import PropertySealer, decode_private_key, decode_public_key

CHECKS = (["sync"], ["status"], ["log", "--verify"], ["doctor", "--offline"])


def assert_nothing_noticed(apoa: Apoa) -> None:
    for command in CHECKS:
        said = apoa(*command)
        assert said.code == 0, said.all


def test_an_older_copy_of_the_outbox_and_of_the_vault(configured: Apoa) -> None:
    """Only the authority knows the guest who was reported since then."""
    configured.save()
    assert configured("sync").code == 0
    folder, older = configured.home / "melati", configured.home / "older"
    shutil.copytree(folder, older)
    configured.send(XIMENA)
    assert configured("sync").code == configured("log", "--verify").code == 0
    shutil.rmtree(folder)
    older.rename(folder)
    assert_nothing_noticed(configured)
    assert len(configured.reports()) == 1


def test_another_guest_in_a_report_that_was_saved_without_the_key(configured: Apoa) -> None:
    """A writer of the disk decides which guest is reported, until the key is next at hand."""
    folder = configured.home / "melati"
    secrets = json.loads((folder / "keys.json").read_text())
    hidden = (folder / "keys.json").rename(configured.home / "keys.json")
    report = configured.save(QUENTIN)
    public_key = decode_public_key(load(configured.home / "config.toml").properties["melati"].public_key)
    with closing(sqlite3.connect(folder / "outbox.db")) as db:
        ((sealed,),) = db.execute("SELECT content FROM reports")
    content = PropertySealer(public_key, lambda: decode_private_key(secrets["private-key"])).open(report["id"], sealed)
    forged = PropertySealer(public_key, bytes).seal(report["id"], content.replace(b"QUENTIN", b"QUINTUS"))
    configured.change_database(f"UPDATE reports SET content = x'{forged.hex()}'")  # noqa: S608  hexadecimal digits
    hidden.rename(folder / "keys.json")
    assert_nothing_noticed(configured)
    assert "QUINTUS" in configured("show", report["id"], "--json").out


def test_an_unfinished_guest_who_was_deleted(configured: Apoa) -> None:
    """The next `apoa report` begins with another guest."""
    configured("report", keys=[*QUENTIN.lines, "GDANSK"])
    configured.change_database("DELETE FROM drafts")
    assert_nothing_noticed(configured)
    assert "Not finished yet:" not in configured("report", keys=[]).err
