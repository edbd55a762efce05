"""The database's schema, as numbered migrations. A released migration is never edited; a new one is added below it.

`PRAGMA user_version` is the number of the last migration and `PRAGMA application_id` identifies the file as ours. Each
migration is one transaction, so that a kill or a power cut in the middle leaves the version before it.
"""

import sqlite3
from pathlib import Path

from apoa_client.outbox.errors import damaged, too_new

APPLICATION_ID = 0x41504F41
"""ASCII ``APOA``."""

_INITIAL = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    # Names, documents, birth dates and rooms are only in content, errors and warnings, which are sealed.
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
)

_AUDIT_AND_ERASURE = (
    # When the report's stay ends: the end of the planned day, or the check-out itself; null if unknown. A date of a
    # stay is not personal data by itself: nothing outside the seal says whose it is.
    "ALTER TABLE reports ADD COLUMN ends_at INTEGER",
    # When content, errors and warnings were erased; a row without content and without this is damaged.
    "ALTER TABLE reports ADD COLUMN erased_at INTEGER",
    # Only what is not erased: the daily search for what is to be erased does not scan years of receipts.
    """
    CREATE INDEX reports_kept ON reports (stay_id, kind, state, ends_at, finished_at, erased_at)
        WHERE erased_at IS NULL
    """,
    # Codes, ids and times. Each link is the SHA-256 of the link before and of the row: `outbox.audit_chain`.
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

_RECEIPTS_AND_NIGHTS = (
    # The number of calls in which a report may have reached the authority: with none, it can be withdrawn offline.
    "ALTER TABLE reports ADD COLUMN calls INTEGER NOT NULL DEFAULT 0",
    # Each attempt before this column existed may have reached the authority.
    "UPDATE reports SET calls = attempts",
    # Whether a person typed the receipt's number, which the authority gave in another way.
    "ALTER TABLE reports ADD COLUMN receipt_typed INTEGER NOT NULL DEFAULT 0",
    # 24 bits of a keyed hash of the travel document (`apoa_client.desk.duplicates`), and the stay's nights as
    # ordinals of dates: from the first one up to the morning of departure.
    "ALTER TABLE reports ADD COLUMN guest_tag INTEGER",
    "ALTER TABLE reports ADD COLUMN first_night INTEGER",
    "ALTER TABLE reports ADD COLUMN last_morning INTEGER",
    # A search for the guests who are staying now starts at a day, and does not scan the years before.
    """
    CREATE INDEX reports_nights ON reports (last_morning, first_night, guest_tag, stay_id)
        WHERE last_morning IS NOT NULL
    """,
)

_DRAFT = (
    # What was typed for reports that are not finished: one row for the property, its content sealed like a report.
    """
    CREATE TABLE draft (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        kept_at INTEGER NOT NULL,
        content BLOB NOT NULL
    )
    """,
)

_RECEIPT_NUMBERS = (
    # Two stays with one number are a mistake of the authority or of the user who typed it.
    "CREATE INDEX reports_receipt ON reports (receipt_number) WHERE receipt_number IS NOT NULL",
)

_DRAFTS = (
    # Each draft is a row, its content sealed under its id. `taken_at` is when a desk took it to continue with it.
    """
    CREATE TABLE drafts (
        id TEXT NOT NULL PRIMARY KEY,
        kept_at INTEGER NOT NULL,
        taken_at INTEGER,
        content BLOB NOT NULL
    )
    """,
    # Earlier versions had one draft, sealed under this id.
    "INSERT INTO drafts SELECT 'draft', kept_at, NULL, content FROM draft",
    "DROP TABLE draft",
)

_CODES = (
    # Message authentication codes over the sealed content and over the rest of the row: `outbox.sql.codes`. Null
    # until a command that has the private key writes them.
    "ALTER TABLE reports ADD COLUMN content_mac BLOB",
    "ALTER TABLE reports ADD COLUMN state_mac BLOB",
    # Few rows once every command with the key has completed some.
    "CREATE INDEX reports_unproven ON reports (seq) WHERE state_mac IS NULL",
    # A report is compared with its own events, at a million of them too.
    "CREATE INDEX audit_report ON audit (report) WHERE report IS NOT NULL",
)

_GUESTS = (
    # A search for a guest reads the stays with one hash, however many other guests stay in the same nights.
    """
    CREATE INDEX reports_guest ON reports (guest_tag, last_morning, first_night) WHERE guest_tag IS NOT NULL
    """,
    # The index of nights had the hash and the stay for that search.
    "DROP INDEX reports_nights",
    "CREATE INDEX reports_nights ON reports (last_morning, first_night) WHERE last_morning IS NOT NULL",
)

_PHOTOS = (
    # The state of the photo of the guest's passport page; null if the report has none.
    "ALTER TABLE reports ADD COLUMN photo_state TEXT",
    # The photo, sealed. It is the last column, so that the others are read without its pages.
    "ALTER TABLE reports ADD COLUMN photo BLOB",
    # Only the photos that may still be sent, so that a delivery does not read those of years.
    """
    CREATE INDEX reports_photo ON reports (stay_id) WHERE photo_state = 'kept' AND erased_at IS NULL
    """,
)

_ONE_CODE = (
    # One code over the whole row, and the number of its last change with the key, in place of two codes: see
    # `outbox.sql.codes`. The next command with the key makes them.
    "ALTER TABLE reports RENAME COLUMN state_mac TO mac",
    # The digest of the sealed photo, under the code in place of the photo itself.
    "ALTER TABLE reports RENAME COLUMN content_mac TO photo_digest",
    "ALTER TABLE reports ADD COLUMN version INTEGER",
    "UPDATE reports SET mac = NULL, photo_digest = NULL",
    "DROP INDEX reports_unproven",
    "CREATE INDEX reports_uncoded ON reports (seq) WHERE mac IS NULL",
    # The numbers of the register are compared without reading the table.
    "CREATE INDEX reports_versions ON reports (version, state) WHERE mac IS NOT NULL",
    "DELETE FROM memo WHERE key IN ('audited', 'checkpoint', 'doubts')",
)

STEPS: tuple[tuple[str, ...], ...] = (
    *(_INITIAL, _AUDIT_AND_ERASURE, _RECEIPTS_AND_NIGHTS, _DRAFT, _RECEIPT_NUMBERS, _DRAFTS, _CODES, _GUESTS, _PHOTOS),
    _ONE_CODE,
)
"""Migration n brings a database from version n - 1 to n."""


def check_version(db: sqlite3.Connection, path: Path) -> None:
    """Raise `OutboxDamaged` for a file that is not an outbox, and `too_new` for one that a newer program wrote."""
    if _pragma(db, "application_id") != APPLICATION_ID or version_of(db) < 1:
        raise damaged(path)
    if version_of(db) > len(STEPS):
        raise too_new(path)


def migrate(db: sqlite3.Connection, *, to: int | None = None) -> None:
    """Run every migration that is missing, or those up to version `to`.

    Several processes may do this at once: each checks the version again.
    """
    last = len(STEPS) if to is None else to
    while version_of(db) < last:
        db.execute("BEGIN IMMEDIATE")
        try:
            version = version_of(db)
            if version < last:
                for statement in STEPS[version]:
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {version + 1}")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def version_of(db: sqlite3.Connection) -> int:
    """Return the number of the last migration that the database had."""
    return _pragma(db, "user_version")


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
