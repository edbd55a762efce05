"""Fills a shared outbox with many properties and years of reports, as they are once they are finished and erased."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from outbox_helpers import NOON
from postgres_helpers import PROPERTY, Cluster, prepare_outbox

from apoa_client.outbox.rows import millis


class Size(NamedTuple):
    """How much is in an outbox."""

    properties: int
    reports: int
    open: int

    @property
    def text(self) -> str:
        """For a person."""
        return f"{self.properties:,} properties, {self.reports:,} reports, {self.open:,} of them open"


_NOW = millis(NOON)
_TWO_YEARS = 730 * 86_400_000

# Without triggers and indexes, which are made once all rows are there. Functions of the session, because they are used
# several times: the property of a report, when it was made, and an id that is ordered by time, as each program makes.
_BEFORE = """
    SET synchronous_commit = off;
    SET session_replication_role = replica;
    CREATE FUNCTION pg_temp.name_of(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
        RETURN CASE n % {properties}
            WHEN 0 THEN '{property}' ELSE 'house' || lpad((n % {properties})::text, 4, '0') END;
    CREATE FUNCTION pg_temp.time_of(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
        RETURN {now} - ({years} * (1 - n::float8 / {reports}))::bigint;
    CREATE FUNCTION pg_temp.id_at(at bigint, name text) RETURNS text LANGUAGE sql IMMUTABLE
        RETURN (lpad(to_hex(at), 12, '0') || '7000' || substr(md5(name), 1, 16))::uuid::text;
    INSERT INTO properties SELECT pg_temp.name_of(n) FROM generate_series(0, {properties} - 1) AS n
        ON CONFLICT DO NOTHING;
    INSERT INTO members SELECT '{property}', name FROM properties ON CONFLICT DO NOTHING
"""

# The reports are spread evenly over two years, and the properties take turns. Of three reports of a property the third
# is the check-out of the stay that the first began. The last tenth is not erased yet. Of the open ones some are
# pending, were refused, or have no code yet, a few are being sent, and a tenth is overdue.
_REPORTS = """
    INSERT INTO reports (property, seq, id, short_id, stay_id, kind, state, created_at, due_at, attempts, attempted_at,
        lease, lease_until, receipt_number, receipt_issued_at, receipt_sha256, finished_at, ends_at, erased_at, calls,
        guest_tag, first_night, last_morning, content, mac, version)
    SELECT pg_temp.name_of(n), n, id, right(id, 8), pg_temp.id_at(pg_temp.time_of(stay), 'stay' || stay),
        CASE WHEN n = stay THEN 'check_in' ELSE 'check_out' END, state, at,
        CASE WHEN is_open THEN {now} + (n / 7 % 1000 - 100) * 100000 ELSE at + 86400000 END, 1, at,
        CASE state WHEN 'sending' THEN 'x' END, CASE state WHEN 'sending' THEN {now} + 60000 END,
        CASE state WHEN 'accepted' THEN 'STT-' || n END, CASE state WHEN 'accepted' THEN at END,
        CASE state WHEN 'accepted' THEN code || code END, CASE WHEN NOT is_open THEN at END, at + 172800000,
        CASE WHEN is_erased THEN at + 2592000000 END, 1, CASE WHEN NOT is_erased THEN hashint8(n) END,
        at / 86400000 + 719163, at / 86400000 + 719165,
        CASE WHEN NOT is_erased THEN convert_to(repeat(code, 20), 'UTF8') END,
        CASE WHEN NOT is_open OR n / 11 % 10 <> 0 THEN convert_to(code, 'UTF8') END,
        CASE WHEN NOT is_open OR n / 11 % 10 <> 0 THEN n END
    FROM (
        SELECT n, at, is_open, n <= {reports} / 10 * 9 AS is_erased, pg_temp.id_at(at, 'report' || n) AS id,
            md5('code' || n) AS code, CASE WHEN n / {properties} % 3 = 2 THEN n - 2 * {properties} ELSE n END AS stay,
            CASE WHEN NOT is_open THEN CASE WHEN n / 7 % 50 = 0 THEN 'superseded' ELSE 'accepted' END
                WHEN n / 13 % 50 = 0 THEN 'sending'
                ELSE (ARRAY['queued', 'queued', 'queued', 'queued', 'pending', 'rejected'])[n / 17 % 6 + 1] END AS state
        FROM (
            SELECT n, pg_temp.time_of(n) AS at, n > {reports} - {open} AS is_open
            FROM generate_series(1, {reports}::bigint) AS n
        ) AS numbered
    ) AS described
"""

# The numbers of the tally and of the metadata agree with the reports. A few properties are suspended or have a draft.
_OTHERS = """
    DELETE FROM tally;
    INSERT INTO tally SELECT name, each.state, coalesce(reports, 0)
        FROM properties CROSS JOIN unnest(ARRAY['queued', 'sending', 'pending', 'rejected', 'accepted', 'superseded',
            'withdrawn']) AS each (state)
        LEFT JOIN (SELECT property, state, count(*) AS reports FROM reports GROUP BY property, state) AS found
            ON found.property = name AND found.state = each.state;
    INSERT INTO memo SELECT name, key, value
        FROM (SELECT property AS name, sum(reports) AS total, sum(reports) FILTER (WHERE state IN
            ('queued', 'sending', 'pending', 'rejected')) AS open FROM tally GROUP BY property) AS counts,
        LATERAL (VALUES ('last_contact', '{now}'), ('clock_skew', '250'), ('public_key', md5(name)),
            ('register', name || ' 1 0 ' || total || ' ' || open || ' ' || total || ' ' || md5(name) || ' 00'),
            ('scheduled_run', '{now} 0 300000'), ('last_backup', '{now}'), ('last_purge', '{now}'),
            ('code_confirmed', md5(name)), ('clock_checked', '{now}'), ('batch_size', '200 x'),
            (CASE WHEN hashtext(name) % 50 = 0 THEN 'stop' END, 'wrong_password {now} x')) AS kept (key, value)
        WHERE name <> '{property}' AND key IS NOT NULL;
    INSERT INTO drafts (property, id, kept_at, content)
        SELECT name, md5(name), {now}, '' FROM properties WHERE hashtext(name) % 10 = 0;
    INSERT INTO audit SELECT property, seq, created_at, 'desk', 'accepted', id, NULL, convert_to(md5(id), 'UTF8')
        FROM reports WHERE seq / {properties} % 10 = 0 AND property <> '{property}';
    SELECT setval(pg_get_serial_sequence('reports', 'seq'), {reports});
    SET session_replication_role = origin
"""
_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'apoa' AND tablename = 'reports'
    AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


def fill(cluster: Cluster, size: Size) -> str:
    """Make a database with an outbox of this size. Its login `PROPERTY` may use every property. Returns its name."""
    name = prepare_outbox(cluster)
    values = {**size._asdict(), "property": PROPERTY, "now": _NOW, "years": _TWO_YEARS}
    with closing(cluster.connect(name)) as connection:
        connection.execute("SET search_path = apoa, pg_catalog")
        connection.execute(_BEFORE.format(**values).encode())
        indexes: list[tuple[Any, ...]] = connection.execute(_INDEXES).fetchall()
        _each(connection, [f"DROP INDEX {index}" for index, _definition in indexes])
        _each(connection, [_REPORTS.format(**values), *(definition for _index, definition in indexes)])
        connection.execute(_OTHERS.format(**values).encode())
        connection.execute("VACUUM ANALYZE")
    return name


def _each(connection: psycopg.Connection[Any], statements: list[str]) -> None:
    for statement in statements:
        connection.execute(statement.encode())
