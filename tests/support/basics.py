"""What most tests share: a fixed clock, the extent of the run, invented data, expected errors, needed tools."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from apoa_client.errors import ApoaError

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
"""The fixed clock's time: 20:00 WIB."""

LONG = "APOA_LONG" in os.environ
"""Whether `.ci/run --long` runs the tests: more examples, and random seeds."""

WINE = sys.platform == "win32" and "WINEPREFIX" in os.environ
"""Whether this Windows is Wine, which judges certificates in its own way."""

PERSONAL = (
    *("ZYKOWSKI", "QUENTIN", "ZX1234567", "GDANSK", "850912", "12 Sep 1985"),
    *("QUIJANO", "XIMENA", "QW7654321", "ZARAGOZAVILLE", "1992-02-29", "920229"),
    *("VANTERPOOL", "OBADIAH", "VB9081726", "TORTOLAHILL", "1969-04-30", "690430"),
    *("SMITH", "JANE ANN", "925076473", "ERIKSSON", "ANNA MARIA", "L898902C3", "740812"),
    *("rahasia", "kata sandi", "kuda betul"),
)
"""Data of the tests' invented guests, and their passwords. No error may contain any of it."""

settings.register_profile(
    "apoa",
    max_examples=5000 if LONG else 25,
    deadline=None,  # a busy machine is no failure
    derandomize=not LONG,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("apoa")


def search(examples: int, **more: Any) -> settings:
    """Hypothesis settings for a quarter of this many examples, and for 30 times as many in a long run."""
    return settings(max_examples=examples * 30 if LONG else max(5, examples // 4), deadline=None, **more)


def raises_error(*names: str) -> pytest.RaisesExc[ApoaError]:
    """`pytest.raises` for an `ApoaError` with one of these names."""
    return pytest.raises(ApoaError, check=lambda error: error.name in names)


class FixedClock:
    """A clock that moves only when a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds

    def forward(self, time: timedelta) -> None:
        self.time += time
        self.seconds += time.total_seconds()


def real_system(test: Callable[..., None]) -> Callable[..., None]:
    """Marks a test that changes the computer that it runs on: only the workflow runs it."""
    is_allowed = "APOA_REAL_SYSTEM" in os.environ
    skipped = pytest.mark.skipif(not is_allowed, reason="changes this computer: the workflow runs it")
    marked: Callable[..., None] = pytest.mark.real_system(skipped(test))
    return marked


def needs_tool(package: str, *, found: bool, installer: str = "apt-get") -> None:
    """Skip the test if a tool is missing. Where tools are required, fail, and say how to install it."""
    if found:
        return
    if os.environ.get("APOA_REQUIRE_TOOLS"):
        pytest.fail(f"This is required here and was not found: {installer} install {package}")
    pytest.skip(f"not installed: {package}")
