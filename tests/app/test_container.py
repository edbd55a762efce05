"""A property's parts: built at their first use, and closed; the retention period, and the tables of codes."""

import itertools
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from app_helpers import app_of, set_up, training
from basics import NOW, FixedClock
from outbox_helpers import receipt, report, uuid
from report_helpers import PERMITS

from apoa_client.app.code_tables import CodeFile, KeptTables
from apoa_client.app.container import Container
from apoa_client.app.property_stores import LazySealer, VaultVersion, outbox_binding, password_binding
from apoa_client.errors import NotNow, SettingsProblem, StorageProblem
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.run import OutboxVersion
from apoa_client.report.codes import NO_TABLES, CodeTable
from apoa_client.settings.config import MANUAL, PropertySettings
from apoa_client.settings.outbox_address import parse_address
from apoa_client.vault.sealing import PropertySealer, decode_public_key
from apoa_client.vault.sources import PropertySecrets


def test_today_is_in_the_propertys_time_zone(home: Path, clock: FixedClock) -> None:
    """The day begins before it does in UTC: in Jakarta at 17:00, in Jayapura two hours earlier."""
    set_up(home, clock, training())
    set_up(home, clock, training("papua")._replace(timezone="Asia/Jayapura"))
    clock.time = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    assert app_of(home, clock, "melati").today == date(2026, 11, 24)
    assert app_of(home, clock, "papua").today == date(2026, 11, 25)


def test_a_missing_outbox_is_not_recreated(home: Path, clock: FixedClock) -> None:
    """Only the set-up creates one."""
    set_up(home, clock, training())
    (home / "melati" / "outbox.db").unlink()
    app = app_of(home, clock)
    with pytest.raises(StorageProblem):
        _ = app.outbox
    app.close()
    assert not (home / "melati" / "outbox.db").exists()


def test_closing_stops_the_training_authority(home: Path, clock: FixedClock) -> None:
    """It does not listen any more, and a second close does nothing."""
    set_up(home, clock, training())
    app = app_of(home, clock)
    authority = app.connect()
    assert authority.meta().property_name == "melati"
    app.close()
    app.close()
    with pytest.raises(NotNow):
        authority.meta()


def test_reports_typed_by_hand_have_no_authority(home: Path, clock: FixedClock) -> None:
    """The error names the command that shows the reports for typing."""
    app = app_of(home, clock)
    with pytest.raises(SettingsProblem) as raised:
        app.authorities.connect(PropertySettings("melati", "", public_key="", delivery=MANUAL), lambda: "")
    assert "apoa sync --by-hand" in str(raised.value.advice)


def test_the_content_of_the_certificates_counts(tmp_path: Path) -> None:
    """Another certificate in the same file is a change; a file that cannot be read is an error of the settings."""
    bundle = tmp_path / "ca.pem"
    settings = training()._replace(ca_bundle=str(bundle))
    with pytest.raises(SettingsProblem):
        password_binding(settings)
    if hasattr(os, "mkfifo"):  # reading a pipe would wait for a writer
        os.mkfifo(bundle)
        with pytest.raises(SettingsProblem):
            password_binding(settings)
        bundle.unlink()
    bundle.write_text("one")
    before = password_binding(settings)
    assert password_binding(settings) == before
    bundle.write_text("two")
    assert before.changed(password_binding(settings)) == ["ca_bundle"]


def test_the_shared_outbox(tmp_path: Path) -> None:
    """Servers, ports, user and database count, and the content of the certificates; not how the address is written."""
    trusted = tmp_path / "ca.pem"
    options = f"?sslrootcert={trusted.as_posix()}"
    before = outbox_binding(parse_address(f"postgresql://u@db.example/d{options}"))  # a file that is missing is empty
    trusted.write_text("one")
    bound = outbox_binding(parse_address(f"postgresql://u@db.example/d{options}"))
    assert bound.changed(outbox_binding(parse_address(f"postgres://u@db.example:5432/d{options}"))) == []
    for other in ("v@db.example/d", "u@db2.example/d", "u@db.example:1/d", "u@db.example/e", "u@db.example,db2/d"):
        assert bound.changed(outbox_binding(parse_address(f"postgresql://{other}{options}"))) == ["outbox"]
    assert bound.changed(before) == ["sslrootcert"]
    assert bound.changed(outbox_binding(parse_address("postgresql://u@db.example/d"))) == ["sslrootcert"]


def unneeded_sealer() -> PropertySealer:
    raise AssertionError


def unneeded_secrets() -> PropertySecrets:
    raise AssertionError


def test_without_a_key_at_hand_the_vault_stays_closed() -> None:
    """There is no authenticator and no version, and neither the sealer nor the secrets are built."""
    assert LazySealer(unneeded_sealer, lambda: False).authenticator() is None
    assert VaultVersion(unneeded_secrets, lambda: False).read() is None


def test_the_version_is_read_once_and_written_when_it_changes(home: Path, clock: FixedClock) -> None:
    """A later process reads what was written."""
    set_up(home, clock, training())
    app = app_of(home, clock)
    assert app.known_version.read() is None
    app.known_version.write(OutboxVersion("a", 3))
    assert app.known_version.read() == OutboxVersion("a", 3)
    app.close()
    assert app_of(home, clock).known_version.read() == OutboxVersion("a", 3)


def test_the_version_is_never_lowered(home: Path, clock: FixedClock) -> None:
    """Of two processes at once, the later one to write may know the lower version. Another outbox has its own."""
    set_up(home, clock, training())
    one, other = app_of(home, clock), app_of(home, clock)
    for app in (one, other):
        assert app.known_version.read() is None
    other.known_version.write(OutboxVersion("a", 6))
    one.known_version.write(OutboxVersion("a", 5))
    assert app_of(home, clock).known_version.read() == OutboxVersion("a", 6)
    one.known_version.write(OutboxVersion("b", 2))
    one.close()
    other.close()
    assert app_of(home, clock).known_version.read() == OutboxVersion("b", 2)


DAY = timedelta(days=1)


@pytest.fixture
def app(home: Path, clock: FixedClock) -> Iterator[Container]:
    """A container for a property with a retention period of 90 days."""
    set_up(home, clock, training())
    app = app_of(home, clock)
    yield app
    app.close()


@pytest.mark.parametrize(
    ("ahead", "expected"), [(timedelta(), NOW - 90 * DAY), (DAY, NOW - 91 * DAY), (-DAY, NOW - 90 * DAY)]
)
def test_a_clock_that_is_ahead_erases_nothing_early(app: Container, ahead: timedelta, expected: object) -> None:
    """A clock that is behind does not erase earlier either."""
    app.outbox.record_contact(NOW, NOW - ahead)
    assert app.retention.cutoff() == expected


@pytest.mark.parametrize("off", [-367 * DAY, -365_000 * DAY, 365_000 * DAY])
def test_an_authoritys_clock_that_is_years_off_does_not_count(app: Container, off: timedelta) -> None:
    """It neither keeps guests' data for as long, nor confirms this computer's date; a user can do that."""
    app.outbox.record_contact(NOW, NOW + off)
    assert app.retention.cutoff() == NOW - 90 * DAY
    assert app.outbox.clock_checked_at(NOW + 2 * DAY) is None
    app.retention.confirm_date()
    assert app.outbox.clock_checked_at(NOW) == NOW


def test_purge_daily_erases_once_a_day(app: Container, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the clock was set back since the last time."""
    done: list[object] = []
    purge = app.retention.purge
    monkeypatch.setattr(app.retention, "purge", lambda: done.append(purge()))
    for step, count in ((timedelta(), 1), (DAY / 2, 1), (DAY / 2, 2), (-2 * DAY, 3)):
        clock.forward(step)
        app.retention.purge_daily()
        assert len(done) == count


def test_others_save_while_a_keyring_is_asked(app: Container) -> None:
    """By an erasure, a withdrawal and a typed number: a person may need minutes to answer."""
    file, number = app.folders.outbox("melati"), itertools.count(10)
    app.outbox.add(report(1), due_at=None)
    app.outbox.add(report(2), due_at=None)
    app.outbox.add(report(3), due_at=None)
    app.outbox.record_receipt(uuid(3), receipt())

    def asked() -> bytes:
        app.outbox.add(report(next(number)), due_at=None)
        return app.secrets.private_key()

    def ask(what: Callable[[SqliteOutbox], object]) -> None:
        public_key = decode_public_key(app.settings.public_key)
        with SqliteOutbox.open(file, PropertySealer(public_key, asked, is_at_hand=lambda: False)) as outbox:
            what(outbox)

    ask(lambda outbox: outbox.withdraw([uuid(1)]))
    ask(lambda outbox: outbox.record_receipt(uuid(2), receipt()))
    ask(lambda outbox: outbox.eraser.finished(NOW + 99 * DAY, NOW + 99 * DAY, dry_run=False))
    assert next(number) >= 13
    assert app.outbox.find(uuid(3))[0].erased_at is not None


SETTINGS = training()._replace(api_url="https://pelaporan.example/v1", username="melati", property_id="P-1")
KEPT = KeptTables({"stay_permits": CodeTable("stay_permits", "1", PERMITS.stay_permits, '"1"')}, {"stay_permits": NOW})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file, with one table."""
    path = tmp_path / "melati" / "codes.json"
    CodeFile(path, SETTINGS).write(KEPT)
    return path


def test_it_is_read_as_it_was_written(path: Path) -> None:
    """By this user only, as every file of the program."""
    assert CodeFile(path, SETTINGS).read() == KEPT
    assert CodeFile(path, SETTINGS).rows() == PERMITS
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change",
    [
        {"api_url": "https://lain.example/v1"},
        {"username": "lain"},
        {"property_id": "P-2"},
        {"environment": "production"},
    ],
)
def test_another_authority_or_account_has_other_tables(path: Path, change: dict[str, str]) -> None:
    """The file counts as none, and what is fetched then replaces it."""
    other = CodeFile(path, SETTINGS._replace(**change))  # type: ignore[arg-type]  # all of them are texts
    assert other.read() == KeptTables({}, {})
    other.write(KEPT)
    assert CodeFile(path, SETTINGS).read() == KeptTables({}, {})


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"authority": 3}',
        b" " * (8 * 1024 * 1024 + 1),
    ],
    ids=lambda damage: repr(damage[:10]),
)
def test_a_damaged_file_counts_as_none(path: Path, damage: bytes) -> None:
    """Nothing depends on it; so does a missing one, as before the first run."""
    path.write_bytes(damage)
    assert CodeFile(path, SETTINGS).rows() == NO_TABLES
    path.unlink()
    assert CodeFile(path, SETTINGS).rows() == NO_TABLES


@pytest.mark.parametrize("member", ["ask_after", "tables"])
@pytest.mark.parametrize("value", [None, 3, "x", [3], {"a": 1}])
def test_wrong_types_count_as_none(path: Path, member: str, value: object) -> None:
    """In any member."""
    whole = json.loads(path.read_bytes())
    path.write_text(json.dumps({**whole, member: value}))
    assert CodeFile(path, SETTINGS).read() == KeptTables({}, {})
