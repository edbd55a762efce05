"""Two desks, and a primary that is killed while they report and send: its standby has every report, and takes over."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import pytest
from basics import LONG
from cli_helpers import Installed
from journeys_helpers import guest, in_new_processes, receipts_of_authority, saved_id, sync_later
from postgres_helpers import PASSWORD, PROPERTY, SUPERUSER, Cluster, SharedOutbox, prepare_outbox
from shared_desks import Desks, save, two_desks

import apoa_client
from apoa_client.outbox.postgres.connection import TimeLimits, connect
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.report.kinds import short_id
from apoa_client.settings.outbox_address import Server, ServerAddress

pytestmark = pytest.mark.slow

_WRITES = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'apoa-client' AND backend_xid IS NOT NULL"
_WAITS = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'apoa-client' AND wait_event = 'SyncRep'"
_SENDS = "SELECT 1 FROM apoa.reports WHERE state = 'sending'"


_GUIDE = Path(apoa_client.__file__).parent / "cli" / "guide" / "guides" / "admin.en.md"
_LOG = ("wal_level=replica", "max_wal_senders=4")
"""Debian's settings, other than those of `Cluster`."""


def _statements(beginning: str) -> list[str]:
    """Return the SQL of the guide's `psql -c "..."` in the block of commands that begins so."""
    [block] = re.findall(f"```text\n({re.escape(beginning)}.*?)```", _GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return re.findall(r'-c "(.+?)"', block)


class Standby(Cluster):
    """A copy of another server, which it follows until it is promoted."""

    def __init__(self, primary: Cluster, port: int | None = None) -> None:
        self._primary = primary
        super().__init__(port=port)

    def _create(self) -> None:
        source = f"host={self._primary.folder} port={self._primary.port} user={SUPERUSER}"
        self.run("pg_basebackup", "-d", source, "-D", str(self._data), "-R", "--checkpoint=fast", "--no-sync")


class Pair:
    """Two servers with a shared outbox, of which one accepts changes."""

    def __init__(self) -> None:
        self.primary = Cluster(settings=_LOG)
        try:
            self.database = prepare_outbox(self.primary)
            self.standby: Cluster = Standby(self.primary)
        except BaseException:
            self.primary.stop()
            raise
        servers = tuple(Server("127.0.0.1", each.port) for each in (self.primary, self.standby))
        self.address: ServerAddress = self.primary.address(self.database, PROPERTY)._replace(servers=servers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.primary.stop()
        self.standby.stop()

    @property
    def outbox(self) -> SharedOutbox:
        """The outbox on the server that accepts changes."""
        return SharedOutbox(self.primary, self.database)

    def confirm_twice(self) -> None:
        """Let the standby confirm each transaction before the primary does."""
        for statement in _statements("# on db1, when db2 runs"):
            self.primary.admin.execute(statement.encode())
        while self.primary.admin.execute("SELECT sync_state FROM pg_stat_replication").fetchall() != [("sync",)]:
            pass

    def promote(self) -> None:
        """Let the standby accept changes, after the primary was killed: each takes the other's part."""
        for statement in _statements("# db1 is off. On db2"):
            self.standby.admin.execute(statement.encode())
        self.primary, self.standby = self.standby, self.primary

    def join_again(self) -> None:
        """Make a standby of the server that was killed, as a new copy."""
        self.standby.stop()
        self.standby = Standby(self.primary, self.standby.port)
        self.confirm_twice()


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A primary with an empty outbox, and a standby that confirms what is saved there."""
    with Pair() as opened:
        opened.confirm_twice()
        yield opened


@pytest.fixture
def desks(apoa: Installed, sandbox: Callable[..., Any], pair: Pair, tmp_path: Path) -> Desks:
    """Two desks whose address has both servers."""
    return two_desks(apoa, sandbox, pair.address.place, tmp_path)


def wait_for(pair: Pair, query: str, *processes: "subprocess.Popen[str]") -> None:
    """Wait until the query finds something on the primary, or until one of the processes has ended."""
    with closing(pair.primary.connect(pair.database)) as connection:
        while all(each.poll() is None for each in processes) and connection.execute(query.encode()).fetchone() is None:
            pass


def finish(process: "subprocess.Popen[str]", *codes: int) -> str:
    """Return what a process has said, once it has ended with one of these exit codes."""
    out, err = process.communicate(timeout=60)
    assert process.returncode in codes, err
    assert "Traceback" not in err
    return str(out)


def test_a_primary_that_is_killed_again_and_again(desks: Desks, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """While both desks save, while one sends, while a report is moved: no report is lost or sent twice."""
    first, second = in_new_processes(desks.first), in_new_processes(desks.second)
    promised: list[str] = []
    for number in range(0, 40 if LONG else 20, 5):
        saving = [
            desk.start(*guest(number + place).mrz("--json", "--no-send")) for place, desk in enumerate((first, second))
        ]
        if number % 2:
            wait_for(pair, _WRITES, *saving)
            sending = None
        else:
            promised += [saved_id(finish(each, 0)) or "" for each in saving]
            saving = [second.start(*guest(number + 2).mrz("--json", "--no-send"))]
            sending = first.start("sync", "--json")
            wait_for(pair, _SENDS, sending)
        pair.primary.kill()
        promised += [saved_id(finish(each, 0)) or "" for each in saving]
        if sending is not None:
            finish(sending, 0, 75)
        promised.append(save(desks.first, number + 3))
        pair.promote()
        promised.append(save(desks.second, number + 4))
        pair.join_again()
    monkeypatch.setattr(PostgresDatabase, "now", lambda _db, here: here)
    for desk in (desks.second, desks.first):
        sync_later(desk.environ)
    assert len(set(promised)) == len(promised)
    desks.assert_all_sent_once(promised)


def test_the_primary_that_comes_back(desks: Desks, pair: Pair) -> None:
    """It is a standby then, and is not used although it is first in the address."""
    promised = [save(desks.first, 1)]
    pair.primary.kill()
    promised.append(save(desks.first, 2))
    pair.promote()
    pair.join_again()
    with connect(pair.address, PASSWORD, TimeLimits(answer=20.0)) as connection:
        assert connection.info.port == pair.primary.port != pair.address.servers[0].port
    promised.append(save(desks.second, 3))
    desks.assert_all_sent_once(promised)


def test_only_a_standby(desks: Desks, pair: Pair) -> None:
    """Before it is promoted, guests are saved at the desk, and nothing is sent."""
    pair.primary.kill()
    promised = [save(desks.first, 1)]
    assert desks.first("sync").code == desks.second("status").code == 75
    pair.promote()
    desks.assert_all_sent_once(promised)


def test_a_standby_that_is_away(desks: Desks, pair: Pair) -> None:
    """What it cannot confirm is not said to be saved on the server, and is there once, whatever happened to it."""
    promised = [save(desks.first, 1)]
    pair.standby.kill()
    waiting = in_new_processes(desks.first).start(*guest(2).mrz("--json", "--no-send"))
    wait_for(pair, _WAITS, waiting)
    said = finish(waiting, 0)
    assert '"stored": "here"' in said
    promised.append(saved_id(said) or "")
    pair.standby.start()
    pair.confirm_twice()
    desks.assert_all_sent_once(promised)


def test_a_standby_that_lacks_the_last_run(desks: Desks, pair: Pair) -> None:
    """Without confirmation: the next run sends what waits, and says that this is an older copy until it is accepted."""
    pair.primary.admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
    pair.primary.admin.execute("SELECT pg_reload_conf()")
    kept = [save(desks.first, 1)]
    assert desks.first("sync").code == 0
    pair.standby.kill()
    lost = save(desks.first, 2)
    assert desks.first("sync").code == 0
    pair.primary.kill()
    kept.append(save(desks.first, 3))
    pair.standby.start()
    pair.promote()
    said = desks.first("sync", "--json")
    assert (said.code, said.json["accepted"], said.json["doubts"]) == (78, 1, [{"kind": "older_copy", "id": None}])
    assert desks.first("log", "--verify").code == 78
    assert desks.first("log", "--accept").code == 0
    assert desks.first("sync").code == 0
    reports = desks.second.reports()
    assert [report["short_id"] for report in reports] == kept
    assert set(map(short_id, receipts_of_authority(desks.memory))) == {*kept, lost}
