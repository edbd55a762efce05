"""The sandbox is the contract's reference server: it passes all of the suite, over real HTTP."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sandbox_helpers import LIMITS, PASSWORD, USERNAME, Suite, failed, now

from apoa_client.conformance.check import Result
from apoa_client.errors import UsageProblem
from apoa_client.sandbox.server import SandboxServer

_NEED_MORE = {
    "reports.duplicate",
    "photos.unwanted",
    "restart.during_batch",
    "accounts.apart",
    "closing.retry_after",
}
"""Skipped for a server that looks for no duplicates, wants photos, has daily receipts, is not restarted, has one
account, and is never busy."""

MAX_RECEIPTS = 140


def test_the_sandbox_passes(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """Every check passes but for those that need another kind of server, and nothing is waited for."""
    results = suite(serve().base_url)
    assert {name for name, each in results.items() if each.result is not Result.PASSED} == _NEED_MORE
    assert {results[name].result for name in _NEED_MORE} == {Result.SKIPPED}
    assert suite.waits == []


def test_only_cancelled_reports_are_left(suite: Suite, tmp_path: Path) -> None:
    """Each stay whose check-in was accepted has an accepted cancellation, and a run does not fill the account's day.

    What an earlier run left fails no later one.
    """
    file = tmp_path / "sandbox.db"
    with SandboxServer(file, username=USERNAME, password=PASSWORD, now=now, limits=LIMITS) as server:
        for _run in range(2):
            assert failed(suite(server.base_url)) == set()
    with closing(sqlite3.connect(file)) as database:
        query = "SELECT stay_id FROM reports WHERE kind = ? AND status = 'accepted'"
        check_ins, cancels = (set(database.execute(query, (kind,))) for kind in ("check_in", "cancel"))
        (accepted,) = database.execute("SELECT count(*) FROM reports WHERE status = 'accepted'").fetchone()
    assert check_ins
    assert check_ins <= cancels
    assert accepted <= 2 * MAX_RECEIPTS


def stopped_for_a_while(suite: Suite, server: SandboxServer) -> Callable[[], None]:
    """What stops a server, starts it when the suite has noticed, and returns."""

    def restart() -> None:
        server.stop()
        before = suite.sent()
        while suite.sent() < before + 3:
            pass
        server.start()

    return restart


def test_a_restart_during_a_batch(suite: Suite, tmp_path: Path) -> None:
    """The server is stopped and started while the batch is sent, and the receipts are the same."""
    with SandboxServer(tmp_path / "sandbox.db", username=USERNAME, password=PASSWORD, now=now) as server:
        suite.restart = stopped_for_a_while(suite, server)
        results = suite(server.base_url, {"restart"})
    assert results["restart.during_batch"].result is Result.PASSED


def test_a_restart_that_was_none(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """A server that answers all the time was not restarted, so nothing is known about it."""
    suite.restart = lambda: None
    found = suite(serve().base_url, {"restart"})["restart.during_batch"]
    assert found.result is Result.FAILED
    assert found.reason is not None
    assert "never gone" in found.reason.render()


def test_a_restart_that_forgets(suite: Suite) -> None:
    """A server that keeps its reports in memory alone issues other receipts, and fails."""
    with SandboxServer(None, username=USERNAME, password=PASSWORD, now=now) as server:
        suite.restart = stopped_for_a_while(suite, server)
        results = suite(server.base_url, {"idempotency.same_body", "restart"})
    assert failed(results) == {"restart.during_batch"}
    reason = results["restart.during_batch"].reason
    assert reason is not None
    assert "unknown now" in reason.render()


def test_a_production_server_is_refused(suite: Suite, tmp_path: Path) -> None:
    """Before any report is sent."""
    file = tmp_path / "sandbox.db"
    production = SandboxServer(file, username=USERNAME, password=PASSWORD, now=now, environment="production")
    with production as server, pytest.raises(UsageProblem, match="production"):
        suite(server.base_url)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM reports").fetchone() == (0,)


def test_an_address_that_is_none(suite: Suite) -> None:
    """A wrong argument, not a wrong setting."""
    with pytest.raises(UsageProblem):
        suite("ftp://127.0.0.1/v1")
