"""Makes a property whose outbox holds very many reports. `scale.py` beside this file runs it.

Run it as ``python scale_outbox.py HOME STATE COUNT``. STATE is `queued` or `accepted`. The property's reports are those
of a hotel with a hundred arrivals a day: each stay has a check-in and, two nights later, a check-out, and the guests of
the last nights are in house. Guests' data are kept for a day. Each content can be opened, and the audit trail has the
events of each report. It prints one JSON object with the id of the last report.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial
from hashlib import blake2b
from itertools import islice
from typing import Any

from nacl import bindings

from apoa_client.app.container import Container, SystemClock
from apoa_client.app.property_setup import PropertySetup
from apoa_client.outbox.rows import end_of_stay, millis, millis_or_none
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.state import Actor, AuditEvent
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Document, Guest, Report, Stay, to_json
from apoa_client.settings.config import MANUAL, PropertySettings
from apoa_client.vault.sealing import decode_public_key

ARRIVALS_A_DAY = 100
NIGHTS = 2
CHUNK = 20_000
DAY = timedelta(days=1)
WINDOW = 24 * 3_600_000

_COLUMNS = (
    "id, short_id, stay_id, kind, state, created_at, due_at, attempts, attempted_at, calls, receipt_number, "
    "receipt_issued_at, receipt_sha256, finished_at, content, ends_at, guest_tag, first_night, last_morning"
)
_FILL = f"INSERT INTO reports ({_COLUMNS}) VALUES ({', '.join('?' * 19)})"  # noqa: S608  constants


class FastSealer:
    """Seals as the vault does, but with one ephemeral key for all records, which saves most of the time."""

    def __init__(self, public_key: bytes) -> None:
        self._ephemeral, private = bindings.crypto_box_keypair()
        self._nonce = blake2b(self._ephemeral + public_key, digest_size=24).digest()
        self._shared = bindings.crypto_box_beforenm(public_key, private)

    def seal(self, record_id: str, content: bytes) -> bytes:
        name = record_id.encode()
        plain = len(name).to_bytes(2, "big") + name + content
        return b"\x01" + self._ephemeral + bindings.crypto_box_afternm(plain, self._nonce, self._shared)


def reports(last_day: date, days: int, zone: tzinfo) -> Iterator[Report]:
    """Yield the reports of so many days, in the order in which they were made."""
    for day in (last_day - ago * DAY for ago in range(days - 1, -1, -1)):
        for number in range(ARRIVALS_A_DAY) if (last_day - day).days < days - NIGHTS else ():
            at = datetime.combine(day, time(10), zone) + number * timedelta(seconds=1)
            stay = _id(at + timedelta(hours=4) - NIGHTS * DAY, number, "a")
            yield Report(_id(at, number, "c"), stay, Kind.CHECK_OUT, at, check_out=at)
        for number in range(ARRIVALS_A_DAY):
            at = datetime.combine(day, time(14), zone) + number * timedelta(seconds=1)
            nights = Stay(at, day + NIGHTS * DAY, str(number + 1))
            yield Report(_id(at, number, "b"), _id(at, number, "a"), Kind.CHECK_IN, at, _guest(number), nights)


def _id(at: datetime, number: int, kind: str) -> str:
    digits = f"{millis(at):012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{kind}{number:03x}{digits[4:]}"


def _guest(number: int) -> Guest:
    lines = ("P<GBRHARTLEY<<OLIVER<JAMES<<<<<<<<<<<<<<<<<<", "5364018223GBR8509129M3203282<<<<<<<<<<<<<<02")
    papers = Document("P", f"X{number:08}", "GBR", date(2032, 3, 28), lines)
    return Guest("HARTLEY", f"OLIVER {number}", "M", PartialDate(1985, 9, 12), "LEEDS", "GBR", papers)


def row(report: Report, state: State, sealer: FastSealer) -> tuple[Any, ...]:
    """Return the values of `_COLUMNS`."""
    made, stay = millis(report.created_at), report.stay
    due = made + WINDOW if report.kind is Kind.CHECK_IN else None
    sent = (1, made, 1, f"STT-{made}", made, "ab" * 32, made) if state is State.ACCEPTED else (0, None, 0, *[None] * 4)
    nights = (
        (stay.check_in.date().toordinal(), stay.planned_check_out.toordinal()) if stay is not None else (None, None)
    )
    ends = millis_or_none(end_of_stay(report))
    ids = (report.id, short_id(report.id), report.stay_id)
    sealed = sealer.seal(report.id, to_json(report))
    return (*ids, report.kind.value, state.value, made, due, *sent, sealed, ends, None, *nights)


def events(made: Sequence[Report], state: State) -> Iterator[AuditEvent]:
    """Yield what the audit trail says about these reports."""
    for report in made:
        yield AuditEvent("saved", report.id)
        if state is State.ACCEPTED:
            yield AuditEvent("accepted", report.id)


def fill(outbox: SqliteOutbox, made: Iterator[Report], state: State, sealer: FastSealer) -> str:
    """Insert with SQL, because there are many rows; the triggers count them. Return the last report's id."""
    db, last = outbox._db, ""  # the outbox has no method that inserts delivered reports
    db.execute("PRAGMA synchronous = OFF")
    while chunk := list(islice(made, CHUNK)):
        last, actor = chunk[-1].id, Actor(lambda: "staff", partial(getattr, chunk[-1], "created_at"))
        db.execute("BEGIN")
        db.executemany(_FILL, (row(report, state, sealer) for report in chunk))
        audit.append(db, actor, events(chunk, state))
        db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return last


def main() -> None:
    """Set up a property whose reports are typed by hand, and fill its outbox."""
    home, state, count = sys.argv[1], State(sys.argv[2]), int(sys.argv[3])
    environ = {"APOA_HOME": home}
    with closing(Container(environ, SystemClock())) as app:
        PropertySetup(app).set_up(
            PropertySettings("benchmark", "", "", vault="file", delivery=MANUAL, retention_days=1), ""
        )
    with closing(Container(environ, SystemClock())) as app:
        zone, outbox = app.settings.zone, app.outbox
        assert isinstance(outbox, SqliteOutbox)
        last_day = (datetime.now(UTC).astimezone(zone) - timedelta(hours=15)).date()
        days = count // (2 * ARRIVALS_A_DAY) + NIGHTS // 2
        sealer = FastSealer(decode_public_key(app.settings.public_key))
        last = fill(outbox, reports(last_day, days, zone), state, sealer)
        now = datetime.now(UTC)
        saved = outbox.summary(now=now, soon=now).counts[state]
    if saved != count:
        sys.exit(f"{saved} reports were made, not {count}")
    sys.stdout.write(json.dumps({"last": last}) + "\n")


if __name__ == "__main__":
    main()
