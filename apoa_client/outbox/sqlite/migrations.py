"""The database's form, as numbered steps. A step that was released is never edited; a new one is added below it.

`PRAGMA user_version` is the number of the last step taken and `PRAGMA application_id` says that the file is ours. Each
step is one transaction, so a kill or a power cut in its middle leaves the step before it.
"""

import sqlite3
from pathlib import Path

from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxTooNew, damaged

APPLICATION_ID = 0x41504F41
"""ASCII ``APOA``."""

_INITIAL = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    # No name, document, birth date or room stands outside content, errors and warnings, which are sealed.
    # Instants are milliseconds since 1970 in UTC.
    """
    CREATE TABLE reports (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        short_id TEXT NOT NULL,
        stay_id TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('check_in', 'check_out', 'amend', 'cancel')),
        state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN
            ('queued', 'sending', 'pending', 'rejected', 'accepted', 'superseded', 'withdrawn')),
        created_at INTEGER NOT NULL,
        due_at INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
        attempted_at INTEGER,
        next_attempt_at INTEGER,
        not_before INTEGER,
        lease TEXT,
        lease_until INTEGER,
        last_error TEXT,
        receipt_number TEXT,
        receipt_issued_at INTEGER,
        receipt_sha256 TEXT,
        finished_at INTEGER,
        content BLOB,
        errors BLOB,
        warnings BLOB,
        CHECK ((state = 'sending') = (lease IS NOT NULL)),
        CHECK ((lease IS NULL) = (lease_until IS NULL)),
        CHECK ((receipt_number IS NULL) = (receipt_issued_at IS NULL))
    )
    """,
    "CREATE INDEX reports_short_id ON reports (short_id)",
    "CREATE INDEX reports_stay ON reports (stay_id)",
    "CREATE INDEX reports_created ON reports (created_at)",
    # History grows for years and what waits does not: these three stay as small as the queue.
    """
    CREATE INDEX reports_open ON reports (stay_id, seq, state, due_at)
        WHERE state IN ('queued', 'sending', 'pending', 'rejected')
    """,
    "CREATE INDEX reports_due ON reports (due_at) WHERE state IN ('queued', 'sending', 'pending', 'rejected')",
    "CREATE INDEX reports_lease ON reports (lease) WHERE state = 'sending'",
    # How many reports are in each state, so that nobody counts a million rows.
    "CREATE TABLE tally (state TEXT PRIMARY KEY, reports INTEGER NOT NULL) WITHOUT ROWID",
    """
    INSERT INTO tally VALUES ('queued', 0), ('sending', 0), ('pending', 0), ('rejected', 0), ('accepted', 0),
        ('superseded', 0), ('withdrawn', 0)
    """,
    """
    CREATE TRIGGER tally_added AFTER INSERT ON reports BEGIN
        UPDATE tally SET reports = reports + 1 WHERE state = NEW.state;
    END
    """,
    """
    CREATE TRIGGER tally_moved AFTER UPDATE OF state ON reports WHEN OLD.state <> NEW.state BEGIN
        UPDATE tally SET reports = reports - 1 WHERE state = OLD.state;
        UPDATE tally SET reports = reports + 1 WHERE state = NEW.state;
    END
    """,
    """
    CREATE TRIGGER tally_removed AFTER DELETE ON reports BEGIN
        UPDATE tally SET reports = reports - 1 WHERE state = OLD.state;
    END
    """,
    # What is kept once for the property: why sending stopped, and when the authority last answered.
    "CREATE TABLE memo (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
)

_AUDIT_AND_ERASURE = (
    # When the stay ends that a report tells of: the end of the planned day, or the check-out itself; null if unknown. A
    # date of a stay is no personal data by itself: nothing outside the seal says whose it is.
    "ALTER TABLE reports ADD COLUMN ends_at INTEGER",
    # When content, errors and warnings were erased for good; a row without content and without this is damaged.
    "ALTER TABLE reports ADD COLUMN erased_at INTEGER",
    # As small as what is kept: the daily look for what is to be erased does not walk through years of proofs.
    """
    CREATE INDEX reports_kept ON reports (stay_id, kind, state, ends_at, finished_at, erased_at)
        WHERE erased_at IS NULL
    """,
    # Codes, ids and times. Each link is the SHA-256 of the one before and of its own row: see `audit`.
    """
    CREATE TABLE audit (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        action TEXT NOT NULL,
        report TEXT,
        detail TEXT,
        link BLOB NOT NULL
    )
    """,
)

_A_STAYS_LIFE = (
    # In how many calls a report may have reached the authority: while in none, it can be taken back without traffic.
    "ALTER TABLE reports ADD COLUMN calls INTEGER NOT NULL DEFAULT 0",
    # Whatever was tried before this column was may have arrived.
    "UPDATE reports SET calls = attempts",
    # Whether people typed the receipt's number, who had it from the authority in another way.
    "ALTER TABLE reports ADD COLUMN receipt_typed INTEGER NOT NULL DEFAULT 0",
    # 24 bits of a keyed hash of the travel document (`apoa_client.report.guest_hash`), and the stay's nights as
    # ordinals of dates: from the first one up to the morning of departure.
    "ALTER TABLE reports ADD COLUMN guest_tag INTEGER",
    "ALTER TABLE reports ADD COLUMN first_night INTEGER",
    "ALTER TABLE reports ADD COLUMN last_morning INTEGER",
    # Whoever looks for guests in house starts at a day, and leaves the years before alone.
    """
    CREATE INDEX reports_nights ON reports (last_morning, first_night, guest_tag, stay_id)
        WHERE last_morning IS NOT NULL
    """,
)

_A_DRAFT = (
    # What was typed of reports that are not made yet: one for the property, content sealed as a report is.
    """
    CREATE TABLE draft (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        kept_at INTEGER NOT NULL,
        content BLOB NOT NULL
    )
    """,
)

STEPS: tuple[tuple[str, ...], ...] = (_INITIAL, _AUDIT_AND_ERASURE, _A_STAYS_LIFE, _A_DRAFT)
"""Step n brings a database from version n - 1 to n."""


def check_ours(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is no outbox (`OutboxDamaged`), or one of a newer program (`OutboxTooNew`)."""
    if _pragma(db, "application_id") != APPLICATION_ID or _pragma(db, "user_version") < 1:
        raise damaged(path)
    if _pragma(db, "user_version") > len(STEPS):
        raise OutboxTooNew(msg("The file {path} was written by a newer version of apoa-client.", path=str(path)))


def migrate(db: sqlite3.Connection) -> None:
    """Take every step that is missing. Several processes may try at once: each step is looked at again inside."""
    while _pragma(db, "user_version") < len(STEPS):
        db.execute("BEGIN IMMEDIATE")
        try:
            _step(db, _pragma(db, "user_version"))
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def _step(db: sqlite3.Connection, done: int) -> None:
    for statement in STEPS[done] if done < len(STEPS) else ():
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {min(done + 1, len(STEPS))}")


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
