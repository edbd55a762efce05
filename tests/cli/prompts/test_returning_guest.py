"""What is known of earlier guests while one is reported: suggestions from the last stay, and rooms in use."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from cli_helpers import QUENTIN, XIMENA, Apoa, Guest

from apoa_client.errors import StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.vault.sealing import decode_private_key
from apoa_client.vault.sources import PropertySecrets
from apoa_client.vault.store import PRIVATE_KEY, KeyFileStore

ENTER = ""
PHONE = "+48 600 100 200"
LINE = "This guest was here before ({day}). Suggested from that stay: {fields}."
WAS_HERE = "This guest was here before"


def stay(apoa: Apoa, guest: Guest = QUENTIN, *details: str, days: int = 40) -> None:
    """Save a stay of two nights, and let some days pass."""
    apoa.save(guest, "--stay-permit", "C1", *details)
    apoa.clock.forward(timedelta(days=days))


def arrive(apoa: Apoa, *keys: str, guest: Guest = QUENTIN, lang: str = "en", **environ: str) -> str:
    """Scan a passport, give these answers, and return what was shown."""
    result = apoa("report", "--no-send", keys=[*guest.lines, *keys], lang=lang, **environ)
    assert result.code == 0, result.all
    return result.err


def use_keyring(apoa: Apoa) -> None:
    settings = apoa.home / "config.toml"
    settings.write_text(settings.read_text("utf-8").replace('vault = "file"', 'vault = "keyring"'), "utf-8")


def test_a_stay_older_than_the_retention_time(away: Apoa) -> None:
    """It is not used, even if it is not erased yet."""
    settings = away.home / "config.toml"
    settings.write_text(settings.read_text("utf-8") + "retention_days = 30\n", "utf-8")
    stay(away, days=40)
    assert WAS_HERE not in arrive(away, ">", ENTER)


def test_a_keyring_is_not_opened(away: Apoa) -> None:
    """The guest is waiting."""
    stay(away)
    use_keyring(away)
    assert WAS_HERE not in arrive(away, ">", ENTER)


def test_a_keyring_that_was_opened_already(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the key is at hand: an unfinished guest was opened with it, for example."""
    stay(away)
    secret = KeyFileStore(away.home / "melati" / "keys.json").get(PRIVATE_KEY) or ""
    use_keyring(away)
    monkeypatch.setattr(PropertySecrets, "has_read_private_key", property(lambda _secrets: True))
    monkeypatch.setattr(PropertySecrets, "private_key", lambda _secrets: decode_private_key(secret))
    assert WAS_HERE in arrive(away, ">", ENTER)


def test_an_equal_hash_of_another_document(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents themselves are compared."""
    monkeypatch.setattr("apoa_client.desk.arrivals.guest_hash", lambda *_args: 7)
    stay(away)
    stay(away, XIMENA)
    shown = arrive(away, ">", ENTER)
    assert WAS_HERE in shown
    assert away.reports()[-1]["guest"]["birth_place"] == QUENTIN.birth_place


def test_a_damaged_database_does_not_stop_the_report(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guest is reported without suggestions."""
    stay(away)

    def fail(_outbox: SqliteOutbox, _tag: int, _first: date, last: date) -> Sequence[object]:
        if last == date.max:
            raise StorageProblem(msg("The settings file {path} cannot be read: {reason}.", path="", reason=""))
        return []

    monkeypatch.setattr(SqliteOutbox, "same_guest", fail)
    assert WAS_HERE not in arrive(away, ">", ENTER)
    assert len(away.reports()) == 2


def test_a_property_without_an_index_key(away: Apoa) -> None:
    """No stay can be found again."""
    stay(away)
    settings = away.home / "config.toml"
    lines = settings.read_text("utf-8").splitlines()
    settings.write_text("\n".join(line for line in lines if not line.startswith("index_key")), "utf-8")
    assert WAS_HERE not in arrive(away, ">", ENTER)


HELP = [*XIMENA.lines, "Z", "B1", "1", "?", ENTER, ENTER]


def test_each_room_once(away: Apoa) -> None:
    """However it was written; guests without a room are ignored."""
    away.save(QUENTIN, "--room", "7a")
    away.save(XIMENA, "--room", "7A")
    away.save(QUENTIN, "--room", "", "--again")
    shown = away("report", "--no-send", "--again", keys=HELP).err
    assert "Rooms in use: 7A\n" in shown


def test_a_key_in_the_environment_is_at_hand(away: Apoa) -> None:
    """With a keyring, rooms are offered only if the environment has the key, without a message otherwise."""
    away.save(QUENTIN, "--room", "7a")
    settings = away.home / "config.toml"
    settings.write_text(settings.read_text("utf-8").replace('vault = "file"', 'vault = "keyring"'), "utf-8")
    shown = away("report", "--no-send", keys=HELP).err
    assert "Rooms in use" not in shown
    assert "The room's number or name." in shown
    secret = KeyFileStore(away.home / "melati" / "keys.json").get(PRIVATE_KEY) or ""
    shown = away("report", "--no-send", "--again", keys=HELP, APOA_PRIVATE_KEY=secret).err
    assert "Rooms in use: 7a\n" in shown
    shown = away("report", "--no-send", "--again", keys=HELP, APOA_PRIVATE_KEY_FILE=str(away.home / "nowhere")).err
    assert "Rooms in use" not in shown
