"""What every test gets: a home of its own, a clock that stands still, no secret of the machine's, loopback alone."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from apoa_client.cli.terminal import output
from apoa_client.errors import ApoaError, CallRefused
from apoa_client.messages import Message

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
"""The fixed clock's time: 20:00 WIB."""

LONG = "APOA_LONG" in os.environ
"""`.ci/run --long`: search wider, and never the same way twice."""

PERSONAL = (
    *("ZYKOWSKI", "QUENTIN", "ZX1234567", "GDANSK", "850912", "12 Sep 1985"),
    *("QUIJANO", "XIMENA", "QW7654321", "ZARAGOZAVILLE", "1992-02-29", "920229"),
    *("VANTERPOOL", "OBADIAH", "VB9081726", "TORTOLAHILL", "1969-04-30", "690430"),
    *("SMITH", "JANE ANN", "925076473", "ERIKSSON", "ANNA MARIA", "L898902C3", "740812"),
    *("rahasia", "kata sandi", "kuda betul"),
)
"""Of the guests that the tests invent, and their passwords: what no error may tell."""

settings.register_profile("dev", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("dev"), max_examples=200, derandomize=True)
settings.register_profile("long", parent=settings.get_profile("dev"), max_examples=5000)
settings.load_profile("long" if LONG else "ci" if "CI" in os.environ else "dev")


def search(examples: int, **more: Any) -> settings:
    """Hypothesis' settings for a search of so many examples, and thirty times as many in a long run."""
    return settings(max_examples=examples * (30 if LONG else 1), deadline=None, **more)


class FixedClock:
    """A clock that goes forward only when a test says so."""

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


@pytest.fixture
def clock() -> FixedClock:
    """The fixed clock."""
    return FixedClock()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home for the program's files, not made yet."""
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the machine's own settings, secrets, keyring, proxies, language or terminal."""
    for name in list(os.environ):
        if name.startswith("APOA_") and name not in {"APOA_PRISM", "APOA_REQUIRE_TOOLS"}:
            monkeypatch.delenv(name)
        if name.casefold().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    output.set_plain(plain=False)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.fixture(autouse=True)
def _no_error_tells_of_a_guest(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever error any test meets: its text and its `repr` hold no personal data and no secret.

    What an authority says of a call that it refused is quoted on the screen, as the contract asks, and only there.
    """
    told: list[str] = []
    begin = ApoaError.__init__

    def remember(self: ApoaError, message: Message, advice: Message | None = None) -> None:
        begin(self, message, advice)
        said = () if isinstance(self, CallRefused) else (self.message, self.advice)
        texts = (str(self), repr(self), *(text.render() for text in said if text is not None))
        told.extend(text for text in texts if any(word.casefold() in text.casefold() for word in PERSONAL))

    monkeypatch.setattr(ApoaError, "__init__", remember)
    yield
    assert told == []
