"""Measures what the message authentication codes of the rows cost.

Run it as ``python tests/benchmarks/codes.py [ROUNDS] [--small]``. In interleaved rounds, 500 reports are saved and then
delivered to the simulated authority, in memory: with the codes, and with codes that cost nothing. Then `apoa status`'s
counts and a sync's check are timed over 100,000 reports that wait, and over as many of the history. It prints medians
and ratios, and fails for no time. ``--small`` takes one round of 20 reports, and 1,000 in place of 100,000.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from authority_simulator import AuthoritySimulator
from basics import FixedClock
from delivery_helpers import SETTINGS, ProgressRecorder
from delivery_helpers import report as numbered_report
from outbox_helpers import NOON, PRIVATE_KEY, PUBLIC_KEY, receipt

from apoa_client.delivery.options import Dependencies, RunOptions
from apoa_client.delivery.sync import deliver
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, NewReport
from apoa_client.report.kinds import State
from apoa_client.report.model import Report
from apoa_client.vault.sealing import PropertySealer, RowAuthenticator

ROUNDS = 5
REPORTS, MANY = 500, 100_000
_PIECE = 1000


class _NoCode(RowAuthenticator):
    """Confirms each code, and makes one that costs nothing."""

    def code(self, *parts: bytes) -> bytes:
        """Return the same for all."""
        del parts
        return bytes(32)

    def confirms(self, code: object, *parts: bytes) -> bool:
        """Return true."""
        del code, parts
        return True


class _WithoutCodes(PropertySealer):
    """Opens and seals, and makes codes that cost nothing."""

    def authenticator(self, *, ask: bool = False, only_checks: bool = False) -> RowAuthenticator:
        """Return what confirms everything."""
        del ask, only_checks
        return _NoCode(PRIVATE_KEY, tuple)


def report(number: int) -> Report:
    """Return a report of a stay of its own; there are more of them than the tests need."""
    report_id, stay_id = (f"0199c2a4-{number >> 16:04x}-7000-8000-{kind}{number:011x}" for kind in "ba")
    return numbered_report(number % _PIECE)._replace(id=report_id, stay_id=stay_id)


def sealer(*, codes: bool) -> PropertySealer:
    """Return a sealer that makes codes, or not."""
    return (PropertySealer if codes else _WithoutCodes)(PUBLIC_KEY, lambda: PRIVATE_KEY)


def timed(action: Callable[[], object]) -> float:
    """Return how many seconds it takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def deliver_once(folder: Path, count: int, *, codes: bool) -> tuple[float, float]:
    """Return the seconds of saving reports one by one, and of delivering them."""
    clock = FixedClock()
    with closing(
        SqliteOutbox.open(folder / f"{time.perf_counter_ns()}.db", sealer(codes=codes), create=True)
    ) as outbox:
        saving = timed(lambda: [outbox.add(report(number), due_at=NOON) for number in range(count)])
        authority = AuthoritySimulator()
        dependencies = Dependencies(outbox, lambda _left: authority, clock, lambda: 0.5, ProgressRecorder())
        delivering = timed(lambda: deliver(dependencies, RunOptions(SETTINGS)))
        assert len(authority.acquired) == count
        return saving, delivering


def fill(path: Path, count: int, *, sent: bool) -> None:
    """Fill a new outbox with reports that wait, or that were accepted."""
    with closing(SqliteOutbox.open(path, sealer(codes=True), create=True)) as outbox:
        for start in range(0, count, _PIECE):
            numbers = range(start, min(start + _PIECE, count))
            entries = outbox.add_all([NewReport(report(number), NOON + timedelta(hours=number)) for number in numbers])
            if sent:
                ids = [entry.id for entry in entries]
                lease, _claimed = outbox.claim(ids, now=NOON, lease_until=NOON + timedelta(minutes=5))
                outbox.settle(lease, [Change(each, State.ACCEPTED, receipt=receipt()) for each in ids])
        outbox.authenticate(ask=False)


def time_checks(path: Path) -> tuple[float, float, float]:
    """Return the milliseconds of what status counts, of a sync's check, and of the check of every report."""
    with closing(SqliteOutbox.open(path, sealer(codes=True))) as outbox:
        return (
            1000 * timed(lambda: outbox.summary(now=NOON, soon=NOON)),
            1000 * timed(lambda: outbox.authenticate(ask=False)),
            1000 * timed(outbox.integrity.verify),
        )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=ROUNDS)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    rounds, count, many = (1, 20, _PIECE) if options.small else (options.rounds, REPORTS, MANY)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs = [[deliver_once(folder, count, codes=codes) for codes in (False, True)] for _round in range(rounds)]
        for place, what in enumerate(("saved one by one", "delivered")):
            before, after = (statistics.median(run[which][place] for run in runs) for which in (0, 1))
            write(
                f"{count} reports {what}: {before:.3f} s without codes, {after:.3f} s with, ratio {after / before:.2f}"
            )
        for sent, what in ((False, "that wait"), (True, "that were sent")):
            path = folder / f"{sent}.db"
            fill(path, many, sent=sent)
            status, sync, verify = time_checks(path)
            write(
                f"{many:,} reports {what}, in ms: status {status:.1f}, a sync's check {sync:.0f}, of all {verify:.0f}"
            )


def write(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
