"""A guest who was here before: place of birth, visa and phone are suggested from their last stay."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, XIMENA, Apoa, Guest, spoken

from apoa_client.errors import StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.vault.sealing import decode_private_key
from apoa_client.vault.secret_files import KeyFileStore
from apoa_client.vault.sources import PropertySecrets
from apoa_client.vault.store import PRIVATE_KEY

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


@pytest.mark.parametrize("lang", LANGUAGES)
def test_enter_accepts_what_is_suggested(away: Apoa, lang: str) -> None:
    """The screen says which fields come from the stay; the phone is asked for because it was known then."""
    stay(away, QUENTIN, "--phone", PHONE)
    shown = arrive(away, ENTER, ENTER, ENTER, ENTER, ENTER, ENTER, lang=lang)
    fields = ", ".join(spoken(lang, label) for label in ("Place of birth", "Visa / stay permit", "Phone"))
    day = f"24 {spoken(lang, 'Nov')} 2026"
    assert "  " + spoken(lang, LINE, day=day, fields=fields) in shown
    guest = away.reports()[-1]["guest"]
    assert (guest["birth_place"], guest["stay_permit"]["code"]) == (QUENTIN.birth_place, "C1")
    assert guest["phone"] == PHONE


def test_one_key_accepts_all(away: Apoa) -> None:
    """As for other suggestions; nothing more is asked than for a new guest if no phone was known."""
    stay(away)
    shown = arrive(away, ">", ENTER)
    assert "Phone:" not in shown
    assert away.reports()[-1]["guest"]["stay_permit"]["code"] == "C1"


def test_another_answer_wins(away: Apoa) -> None:
    """A suggestion is cleared by a hyphen."""
    stay(away, QUENTIN, "--phone", PHONE)
    arrive(away, "SOPOT", "-", ENTER, ENTER, "-", ENTER)
    guest = away.reports()[-1]["guest"]
    assert guest["birth_place"] == "SOPOT"
    assert "phone" not in {name for name, value in guest.items() if value}
    assert not guest.get("stay_permit")


def test_the_last_of_several_stays(away: Apoa) -> None:
    """Not the stay that was saved last."""
    away.save(QUENTIN, "--check-in", "2026-11-20T15:00", "--nights", "1", "--stay-permit", "B1")
    away.save(QUENTIN, "--check-in", "2026-11-10T15:00", "--nights", "1", "--stay-permit", "D1")
    away.clock.forward(timedelta(days=20))
    arrive(away, ">", ENTER)
    assert away.reports()[-1]["guest"]["stay_permit"]["code"] == "B1"


def test_a_passport_typed_by_hand(away: Apoa) -> None:
    """What was asked before the number is not suggested any more."""
    stay(away)
    details = ["zykowski", "quentin", "l", "gdansk", "120985", "pol", "zx1234567", "280332"]
    shown = away("report", "--no-send", keys=[ENTER, *details, ENTER, ENTER, ENTER, ENTER]).err
    assert "Suggested from that stay: Visa / stay permit.\n" in shown
    assert away.reports()[-1]["guest"]["stay_permit"]["code"] == "C1"


def test_another_guest_is_not_known(away: Apoa) -> None:
    """Nothing is suggested, also not after another passport was scanned first."""
    stay(away)
    assert WAS_HERE not in arrive(away, ">", ENTER, guest=XIMENA)
    shown = arrive(away, "<", *OBADIAH.lines, ENTER, ENTER, ENTER, ENTER, ENTER)
    assert shown.count(WAS_HERE) == 1
    assert not away.reports()[-1]["guest"].get("stay_permit")


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


def test_nothing_to_suggest(away: Apoa) -> None:
    """A stay without any of the fields is not mentioned."""
    away.save(QUENTIN, "--birth-place", "-", "--stay-permit", "")
    away.clock.forward(timedelta(days=40))
    assert WAS_HERE not in arrive(away, ">", ENTER)


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
