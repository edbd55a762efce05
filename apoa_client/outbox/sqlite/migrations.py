"""The database's schema, as numbered migrations. A released migration is never edited; a new one is added below it.

`PRAGMA user_version` is the number of the last migration and `PRAGMA application_id` identifies the file as ours. Each
migration is one transaction, so that a kill or a power cut in the middle leaves the version before it.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from apoa_client.outbox.errors import damaged, too_new

APPLICATION_ID = 0x41504F41
"""ASCII ``APOA``."""

_RELEASE_0_1_0 = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    # Names, documents, birth dates and rooms are only in content, errors and warnings, which are sealed.
    # Instants are milliseconds since 1970 in UTC.
    # `ends_at`: when the report's stay ends, the end of the planned day or the check-out itself; null if unknown. A
    # date of a stay is not personal data by itself: nothing outside the seal says whose it is.
    # `erased_at`: when content, errors and warnings were erased; a row without content and without this is damaged.
    # `calls`: in how many calls a report may have reached the authority: with none, it can be withdrawn offline.
    # `receipt_typed`: whether a person typed the receipt's number, which the authority gave in another way.
    # `guest_tag`: 24 bits of a keyed hash of the travel document (`apoa_client.desk.ids`). The stay's nights are
    # ordinals of dates: from the first one up to the morning of departure.
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
        ends_at INTEGER,
        erased_at INTEGER,
        calls INTEGER NOT NULL DEFAULT 0,
        receipt_typed INTEGER NOT NULL DEFAULT 0,
        guest_tag INTEGER,
        first_night INTEGER,
        last_morning INTEGER,
        CHECK ((state = 'sending') = (lease IS NOT NULL)),
        CHECK ((lease IS NULL) = (lease_until IS NULL)),
        CHECK ((receipt_number IS NULL) = (receipt_issued_at IS NULL))
    )
    """,
    "CREATE INDEX reports_short_id ON reports (short_id)",
    "CREATE INDEX reports_stay ON reports (stay_id)",
    "CREATE INDEX reports_created ON reports (created_at)",
    # The history grows for years and the queue does not: these three indexes stay as small as the queue.
    """
    CREATE INDEX reports_open ON reports (stay_id, seq, state, due_at)
        WHERE state IN ('queued', 'sending', 'pending', 'rejected')
    """,
    "CREATE INDEX reports_due ON reports (due_at) WHERE state IN ('queued', 'sending', 'pending', 'rejected')",
    "CREATE INDEX reports_lease ON reports (lease) WHERE state = 'sending'",
    # The number of reports in each state, so that a summary does not count a million rows.
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
    # Metadata of the property, by key: why sending stopped, when the authority last answered, and so on.
    "CREATE TABLE memo (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
    # Only what is not erased: the daily search for what is to be erased does not scan years of receipts.
    """
    CREATE INDEX reports_kept ON reports (stay_id, kind, state, ends_at, finished_at, erased_at)
        WHERE erased_at IS NULL
    """,
    # Codes, ids and times. Each link is the SHA-256 of the link before and of the row: `outbox.sql.audit`.
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
    # A search for the guests who are staying now starts at a day, and does not scan the years before.
    """
    CREATE INDEX reports_nights ON reports (last_morning, first_night, guest_tag, stay_id)
        WHERE last_morning IS NOT NULL
    """,
    # What was typed for reports that are not finished: one row for the property, its content sealed like a report.
    """
    CREATE TABLE draft (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        kept_at INTEGER NOT NULL,
        content BLOB NOT NULL
    )
    """,
)

_SINCE_0_1_0 = (
    # Two stays with one number are a mistake of the authority or of the user who typed it.
    "CREATE INDEX reports_receipt ON reports (receipt_number) WHERE receipt_number IS NOT NULL",
    # Each draft is a row, its content sealed under its id. `taken_at` is when a desk took it to continue with it.
    """
    CREATE TABLE drafts (
        id TEXT NOT NULL PRIMARY KEY,
        kept_at INTEGER NOT NULL,
        taken_at INTEGER,
        content BLOB NOT NULL
    )
    """,
    # 0.1.0 had one draft, sealed under this id.
    "INSERT INTO drafts SELECT 'draft', kept_at, NULL, content FROM draft",
    "DROP TABLE draft",
    # The digest of the sealed photo of the guest's passport page, and a code over the row: see `outbox.sql.codes`. It
    # is null until a command that has the private key writes it, with the number of that change (`version`).
    "ALTER TABLE reports ADD COLUMN photo_digest BLOB",
    "ALTER TABLE reports ADD COLUMN mac BLOB",
    # The state of the photo; null if the report has none.
    "ALTER TABLE reports ADD COLUMN photo_state TEXT",
    # The photo, sealed. It comes behind the others, so that these are read without its pages.
    "ALTER TABLE reports ADD COLUMN photo BLOB",
    "ALTER TABLE reports ADD COLUMN version INTEGER",
    # Few rows once every command with the key has completed some.
    "CREATE INDEX reports_uncoded ON reports (seq) WHERE mac IS NULL",
    # The numbers of the register are compared without reading the table.
    "CREATE INDEX reports_versions ON reports (version, state) WHERE mac IS NOT NULL",
    # A report is compared with its own events, at a million of them too.
    "CREATE INDEX audit_report ON audit (report) WHERE report IS NOT NULL",
    # Only the photos that may still be sent, so that a delivery does not read those of years.
    """
    CREATE INDEX reports_photo ON reports (stay_id) WHERE photo_state = 'kept' AND erased_at IS NULL
    """,
    # A search for a guest reads the stays with one hash, however many other guests stay in the same nights.
    """
    CREATE INDEX reports_guest ON reports (guest_tag, last_morning, first_night) WHERE guest_tag IS NOT NULL
    """,
    # The index of nights had the hash and the stay for that search.
    "DROP INDEX reports_nights",
    "CREATE INDEX reports_nights ON reports (last_morning, first_night) WHERE last_morning IS NOT NULL",
)

STEPS: Mapping[int, tuple[str, ...]] = {4: _RELEASE_0_1_0, 10: _SINCE_0_1_0}
"""The statements that make each version from the one before it here. The numbers between were in no release."""


def check_version(db: sqlite3.Connection, path: Path) -> None:
    """Raise `OutboxDamaged` for a file that is not an outbox, and `too_new` for one that a newer program wrote."""
    version = version_of(db)
    if _pragma(db, "application_id") != APPLICATION_ID or (version not in STEPS and version < max(STEPS)):
        raise damaged(path)
    if version > max(STEPS):
        raise too_new(path)


def migrate(db: sqlite3.Connection, *, to: int | None = None) -> None:
    """Run every migration that is missing, or those up to version `to`.

    Several processes may do this at once: each checks the version again.
    """
    last = max(STEPS) if to is None else to
    while version_of(db) < last:
        db.execute("BEGIN IMMEDIATE")
        try:
            before = version_of(db)
            if before < last:
                version = min(each for each in STEPS if each > before)
                for statement in STEPS[version]:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {version}")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def version_of(db: sqlite3.Connection) -> int:
    """Return the number of the last migration that the database had."""
    return _pragma(db, "user_version")


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
