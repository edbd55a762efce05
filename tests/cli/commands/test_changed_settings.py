"""Each setting changed by a user who can write to config.toml: a sync notices it, or sends the report as it was."""

from pathlib import Path
from typing import Any

import pytest
from cli_helpers import LANGUAGES, Apoa, spoken

from apoa_client.errors import Exit, SealBroken
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.sealing import encode_key

NOTICED = [
    ("api_url", "https://127.0.0.1:9/v1", Exit.CREDENTIALS),
    ("api_url", "training", Exit.CREDENTIALS),
    ("username", "lain", Exit.CREDENTIALS),
    ("ca_bundle", "/nowhere/ca.pem", Exit.SETTINGS),
    ("public_key", encode_key(bytes(range(32))), Exit.CREDENTIALS),
    ("environment", "production", Exit.SETTINGS),
    ("property_id", "lain", Exit.SETTINGS),
    ("vault", "keyring", Exit.CREDENTIALS),
    ("delivery", "manual", Exit.NOT_NOW),
    ("outbox", "postgresql://lain@127.0.0.1:1/apoa", Exit.NOT_NOW),
]
HARMLESS = [
    ("environment", ""),
    ("property_id", ""),
    ("index_key", "00" * 16),
    ("window_hours", 8760),
    ("retention_days", 1),
    ("timezone", "Asia/Jayapura"),
    ("notify", "off"),
    ("display_name", "X"),
    ("office", "X"),
    ("address", "X"),
    ("backup_folder", str(Path.cwd() / "backups")),
    ("backup_keep", 1),
    ("keep_photos", "on"),
    ("import_folder", str(Path.cwd() / "exports")),
    ("import_map", "cloudbeds"),
]
"""They change deadlines, how long data and backups are kept, what is compared with earlier guests, what is printed."""
NOT_SENT = {"by_hand_order"}
"""Settings of properties that send nothing."""
ELSEWHERE = {"outbox_before"}
"""What waits is sent, and the exit code says that the other outbox does not answer: `test_outbox_move.py`."""


def test_every_setting_is_here() -> None:
    """The developer who adds a setting says what its change can do."""
    named = {each[0] for each in (*NOTICED, *HARMLESS)} | NOT_SENT | ELSEWHERE
    assert named == set(PropertySettings._fields) - {"name"}


@pytest.mark.parametrize(("name", "value", "code"), NOTICED)
def test_a_change_that_is_noticed(configured: Apoa, name: str, value: str, code: Exit) -> None:
    """The sync says what is wrong, exits accordingly, and the report waits; with the setting as it was, it is sent."""
    configured.save()
    path = configured.home / "config.toml"
    before = path.read_text()
    configured.change_setting(name, value)
    stopped = configured("sync")
    assert (stopped.code, stopped.all == "") == (code, False)
    path.write_text(before)
    assert configured.states() == [("check_in", "queued")]
    assert configured("sync").code == 0


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_a_change_that_does_not_matter_for_sending(
    configured: Apoa, authority: Any, name: str, value: str | int
) -> None:
    """The report is sent to the same authority with the same content."""
    saved = configured.save()
    configured.change_setting(name, value)
    assert configured("sync").code == 0
    [report] = configured.reports()
    assert (report["state"], report["guest"]) == ("accepted", saved["guest"])
    assert saved["id"].encode() in authority.storage.read_bytes()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_saved_under_an_exchanged_public_key(configured: Apoa, lang: str) -> None:
    """No key here opens it: it stays, and the advice, which works, is to cancel it and to report the guest again."""
    path = configured.home / "config.toml"
    before = path.read_text()
    configured.change_setting("public_key", encode_key(bytes(range(32))))
    report = configured.save()
    path.write_text(before)
    refused = configured("sync", lang=lang)
    assert refused.code == Exit.SETTINGS
    assert spoken(lang, str(SealBroken.advice.template if SealBroken.advice else "")) in refused.err
    assert configured("cancel", report["id"], "--reason", "key", "--yes", "--no-send").code == 0
    configured.save()
    assert configured("sync").code == 0
    assert sorted(state for _kind, state in configured.states()) == ["accepted", "withdrawn"]
