"""A shared outbox on a server whose disk is really full: a small file system of memory, in a container."""

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
from basics import FixedClock
from container_helpers import box
from desks_in_process import two_desks
from postgres_helpers import Cluster, SharedOutbox, prepare_outbox

from apoa_client.outbox.errors import ServerDiskFull

_MIB = 1 << 20
_FILL = "INSERT INTO filler SELECT repeat('x', 8000)::bytea FROM generate_series(1, %s)"


class SmallServer(Cluster):
    """A server with a tablespace on a disk of its own, which has little space."""

    @property
    def _command(self) -> Sequence[str]:
        folder, size = str(self.folder), str(32 * _MIB)
        # A shell lets background programs ignore SIGQUIT, which ends this one.
        return [
            "env",
            "--default-signal=QUIT",
            *box("--bind", folder, folder, "--size", size, "--tmpfs", f"{folder}/small"),
            *super()._command,
        ]


@pytest.fixture
def small() -> Iterator[SharedOutbox]:
    """An empty outbox on the small disk."""
    with SmallServer() as server:
        server.admin.execute(f"CREATE TABLESPACE small LOCATION '{server.folder}/small'".encode())
        name = prepare_outbox(server)
        server.admin.execute(f"ALTER DATABASE {name} SET TABLESPACE small".encode())
        yield SharedOutbox(server, name)


def fill(outbox: SharedOutbox) -> None:
    """Write to the disk until nothing more fits."""
    with closing(outbox.cluster.connect(outbox.database)) as connection:
        connection.execute("CREATE TABLE filler (bytes bytea)")
        connection.execute("ALTER TABLE filler ALTER bytes SET STORAGE PLAIN")
        for rows in (1000, 1):
            with suppress(psycopg.errors.DiskFull):
                while True:
                    connection.execute(_FILL, [rows])


@pytest.mark.slow
def test_a_full_server(small: SharedOutbox, tmp_path: Path, clock: FixedClock) -> None:
    """Guests wait in the file of the desk, nothing is sent, and all goes on when there is space again."""
    with two_desks(tmp_path, clock, small) as desks:
        saved = [desks.first.save(1)]
        fill(small)
        while not saved[-1].here:  # until the last page is full
            saved.append(desks.first.save(len(saved) + 1))
        with pytest.raises(ServerDiskFull):
            desks.first.send()
        saved.append(desks.first.save(len(saved) + 1))
        small.change("DROP TABLE public.filler")
        desks.assert_all_sent_once(saved)
