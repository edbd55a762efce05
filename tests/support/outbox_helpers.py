"""Reports with recognisable personal data, and an outbox sealed to a key pair made for the test."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from apoa_client.errors import SecretMissing
from apoa_client.messages import msg
from apoa_client.outbox.sql.store import Outbox
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.authority import Meta
from apoa_client.ports.entries import Change
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Kind, Receipt, State
from apoa_client.report.model import Document, Guest, Report, Stay
from apoa_client.vault.sealing import PropertySealer, key_pair_from_seed

WIB = timezone(timedelta(hours=7))
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

META = Meta(
    contract="1.2",
    environment="training",
    server_time=NOON,
    max_batch=500,
    max_body_bytes=1_000_000,
    accepts_gzip=True,
    reporting_window_hours=24,
    property_id="P-1",
    property_name="Wisma Melati",
    property_office=None,
    wants_photo=True,
)
HOUR = timedelta(hours=1)
PRIVATE_KEY, PUBLIC_KEY = key_pair_from_seed(b"k" * 32)

PERSONAL = ("ZYKOWSKI", "QUENTIN", "X1234567", "1985-09-12", "GDANSK", "Room-7-East", "+48600700800")
"""What must be readable nowhere but through the seal."""

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40
"""The photo of a passport page, for what does not look at it: ten KiB, so that it does not fit into a page."""


def uuid(number: int, kind: str = "b") -> str:
    """An id of UUIDv7's form: ordered by `number`, and with an end that only `number` and `kind` decide."""
    return f"0199c2a4-{number:04x}-7000-8000-{kind}{number:011x}"


def stay_id(number: int) -> str:
    return uuid(number, "a")


def guest() -> Guest:
    document = Document("P", "X1234567", "POL", date(2030, 3, 30), ("P<POLZYKOWSKI<<QUENTIN", "X1234567<8POL850912"))
    return Guest("ZYKOWSKI", "QUENTIN", "M", PartialDate(1985, 9, 12), "GDANSK", "POL", document, phone="+48600700800")


def report(number: int, stay: int | None = None, kind: Kind = Kind.CHECK_IN) -> Report:
    """The report with this number, of the stay with this number (or one of its own)."""
    created_at = datetime(2026, 11, 24, 19, 0, tzinfo=WIB) + number * timedelta(seconds=1)
    its_stay = stay_id(number if stay is None else stay)
    if kind is Kind.CHECK_OUT:
        return Report(uuid(number), its_stay, kind, created_at, check_out=created_at)
    nights = Stay(created_at, date(2026, 11, 27), room="Room-7-East")
    return Report(uuid(number), its_stay, kind, created_at, guest(), nights)


def finding(code: str = "bad_date") -> Finding:
    return Finding("guest.document.number", code, msg("{value} is odd.", value="X1234567"), suggestion="X1234567")


def receipt(number: int = 1) -> Receipt:
    return Receipt(f"STT-{number}", NOON + HOUR, "ab" * 32)


def sealer() -> PropertySealer:
    return PropertySealer(PUBLIC_KEY, lambda: PRIVATE_KEY)


def open_outbox(path: Path) -> SqliteOutbox:
    return SqliteOutbox.open(path, sealer(), create=True)


def sealer_without_key(public_key: bytes = PUBLIC_KEY) -> PropertySealer:
    """The sealer of a command that cannot read the private key."""
    return PropertySealer(public_key, _missing_key)


def _missing_key() -> bytes:
    raise SecretMissing(msg("The keyring is locked."))


def add(outbox: Outbox, *numbers: int, due_at: datetime | None = None, **more: Any) -> None:
    """Queue reports of these numbers, each of a stay of its own."""
    for number in numbers:
        outbox.add(report(number), due_at=due_at, **more)


def claimed(outbox: Outbox, *numbers: int) -> str:
    """Claim reports from noon on for an hour. Returns the lease."""
    return outbox.claim([uuid(number) for number in numbers], now=NOON, lease_until=NOON + HOUR)[0]


def settle(outbox: Outbox, number: int, state: State = State.ACCEPTED, **members: Any) -> None:
    """Send a report and store the result: a receipt if it is accepted, a finding if it is rejected."""
    usual: dict[str, Any] = {}
    if state is State.ACCEPTED:
        usual["receipt"] = receipt(number)
    elif state is State.REJECTED:
        usual["errors"] = (finding(),)
    outbox.settle(claimed(outbox, number), [Change(uuid(number), state, **usual | members)])
