"""How long the state of a whole chain takes to read, and whether a long history slows anything down.

    python tests/benchmarks/shared_outbox_scale.py [--small]

A real PostgreSQL on the disk with 1,000 properties and 10 million reports, of which 10,000 are open; and before, with a
tenth of the reports and as many open ones. Prints the time of `status --all` (its queries and their reading, in this
process, on an open connection) at the full size divided by that at a tenth. Then it asks PostgreSQL for the plan of
each statement that the outbox executes, as a login under row-level security, and fails if one reads all reports.
"""

import argparse
import sys
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from outbox_helpers import NOON, sealer
from outbox_methods import METHODS, UPKEEP
from outbox_methods import fill as queue_reports
from postgres_helpers import PASSWORD, PROPERTY, Cluster, SharedOutbox
from postgres_plans import SEQUENTIAL, WHOLE, explaining, plans
from shared_outbox_filling import Size, fill

from apoa_client.app.property_status import read_overview
from apoa_client.outbox.postgres.store import PostgresOutbox, open_database

FULL = Size(properties=1_000, reports=10_000_000, open=10_000)
SMALL = Size(properties=50, reports=50_000, open=500)
TIMES = 5

SETTINGS = (
    *("fsync=off", "full_page_writes=off", "autovacuum=off", "max_wal_size=8GB"),
    *("shared_buffers=512MB", "maintenance_work_mem=512MB"),
)
"""The server's memory as on a small machine. Nothing must be durable."""


def view_ms(cluster: Cluster, database: str, properties: int) -> float:
    """The fastest reading of the state of all properties, in milliseconds."""
    taken = []
    with closing(open_database(cluster.address(database, PROPERTY), PASSWORD)) as shared:
        names = [name for (name,) in SharedOutbox(cluster, database).rows("SELECT name FROM properties")]
        assert len(names) == properties
        for _time in range(TIMES):
            begun = time.perf_counter()
            for name in names:
                shared.property_name = name
                read_overview(PostgresOutbox(shared, sealer()), NOON)
            taken.append(time.perf_counter() - begun)
    return min(taken) * 1000


def explain_all(shared: SharedOutbox) -> int:
    """Ask for the plan of each statement, and return how many there were. Exits if one reads all reports."""
    with shared.open() as outbox:
        queue_reports(outbox, 0)
        outbox.integrity.accept([])  # which makes the register; these rows were made by no program
    address = shared.cluster.address(shared.database, PROPERTY)
    found = []
    with explaining(address) as outbox:
        for methods, bad in ((METHODS, WHOLE), (UPKEEP, SEQUENTIAL)):
            found += [(plan, bad) for method in methods.values() for plan in plans(outbox, method)]
    if wrong := [plan for plan, bad in found if bad.search(plan)]:
        sys.exit("\n\n".join(["these statements read all reports:", *wrong]))
    return len(found)


def main() -> None:
    """Fill, measure, explain, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help=f"{SMALL.text}, in place of {FULL.text}")
    size = SMALL if parser.parse_args().small else FULL
    with Cluster(durable=True, settings=SETTINGS) as cluster:
        tenth = size._replace(reports=size.reports // 10)
        database = fill(cluster, tenth)
        before = view_ms(cluster, database, size.properties)
        cluster.drop_database(database)
        database = fill(cluster, size)
        after = view_ms(cluster, database, size.properties)
        line = f"{size.text}: {after / before:.2f} times the time at a tenth of the reports, {after:.1f} ms"
        sys.stdout.write(f"state of all properties, {line}\n")
        count = explain_all(SharedOutbox(cluster, database))
        sys.stdout.write(f"{count} statements explained: none reads all reports\n")


if __name__ == "__main__":
    main()
