"""Runs the conformance suite against servers on loopback, without waiting."""

import secrets
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

from apoa_client.conformance.check import CheckResult, Context, Result
from apoa_client.conformance.checks import CHECKS
from apoa_client.conformance.run import open_server, run_checks
from apoa_client.conformance.samples import Samples
from apoa_client.delivery.options import Uninterrupted
from apoa_client.sandbox.validation import Limits

USERNAME, PASSWORD = "akun-uji", "rahasia untuk uji"
LIMITS = Limits(max_batch=10, max_body_bytes=16 * 1024)
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def now() -> datetime:
    """The fixed time of the servers and of the suite."""
    return NOW


class Suite:
    """Tests a server: `suite(url)` returns the results by id. `waits` are the seconds that the server asked for."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.restart: Callable[[], object] | None = None
        self.others: list[tuple[str, str]] = []
        self.sent: Callable[[], int] = lambda: 0
        self.monotonic: Callable[[], float] = time.monotonic

    def __call__(
        self, url: str, only: AbstractSet[str] | None = None, password: str = PASSWORD
    ) -> dict[str, CheckResult]:
        """Run all checks, or those with an id or of a chapter in `only`."""
        chosen = [each for each in CHECKS if only is None or only & {each.id, each.id.partition(".")[0]}]
        with open_server(
            url,
            [(USERNAME, password), *self.others],
            user_agent="apoa-client/0",
            pause=lambda seconds, _reason: self.waits.append(seconds),
            monotonic=self.monotonic,
        ) as (server, *others):
            samples = Samples(now, secrets.token_bytes)
            self.sent = lambda: server.connection.count
            context = Context(server, samples, now, self.restart, next(iter(others), None))
            return {each.id: each for each in run_checks(context, Uninterrupted(), checks=chosen)}


def failed(results: dict[str, CheckResult]) -> set[str]:
    """The ids of the checks that failed."""
    return {name for name, each in results.items() if each.result is Result.FAILED}
