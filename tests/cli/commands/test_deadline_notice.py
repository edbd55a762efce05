"""The desktop notice of `apoa sync --scheduled`: it shows counts and no data of a guest."""

from datetime import timedelta
from pathlib import Path

import pytest
from cli_helpers import GUESTS, OBADIAH, QUENTIN, XIMENA, Apoa, CallResult, Serve, spoken
from terminal_helpers import FakeDesktop, needs_posix

pytestmark = needs_posix

HOUR = timedelta(hours=1)


@pytest.fixture
def desktop(tmp_path: Path, apoa: Apoa) -> FakeDesktop:
    """A desktop with a logged-in user; a scheduled run starts without a pause."""
    fake = FakeDesktop(tmp_path / "bin")
    fake.install()
    apoa.environ.update(fake.environ)
    return fake


def scheduled(apoa: Apoa, *more: str, **environ: str) -> CallResult:
    return apoa(*more, "sync", "--scheduled", **environ)


def body(*, refused: int = 0, late: int = 0, soon: int = 0) -> str:
    counts = {"Refused": refused, "Overdue": late, "Due within 6 hours": soon}
    return "\n".join([*(f"{name}: {count}" for name, count in counts.items() if count), "What to do: apoa status"])


def printed(*, refused: int = 0, late: int = 0, soon: int = 0) -> str:
    """Return the line on stderr that says the same."""
    return ". ".join(body(refused=refused, late=late, soon=soon).splitlines()) + "\n"


def test_refused_reports_are_shown(apoa: Apoa, serve: Serve, desktop: FakeDesktop) -> None:
    """The notice is in the user's language and names the property; the exit code is that of the delivery."""
    apoa.set_up(serve("reject").base_url)
    for guest in GUESTS[:2]:
        apoa.save(guest)
    assert scheduled(apoa).code == 65
    title = spoken("en", "apoa, {name}: please look", name="melati")
    assert desktop.texts() == [(title, body(refused=2))]
    assert "--urgency=critical" in desktop.shown()[0].arguments


def test_near_and_missed_deadlines_are_shown(away: Apoa, desktop: FakeDesktop) -> None:
    """The notice comes six hours before a deadline and is critical after it. What is printed says the same."""
    away.save()
    away.save(XIMENA, "--check-in", "2026-11-24T18:00")
    results = [scheduled(away)]
    assert desktop.texts() == []
    away.clock.forward(17 * HOUR)
    results.append(scheduled(away))
    away.clock.forward(6 * HOUR)
    results.append(scheduled(away))
    expected = ["", printed(soon=1), printed(late=1, soon=1)]
    assert [(each.code, each.out, each.err) for each in results] == [(75, "", line) for line in expected]
    assert [text for _title, text in desktop.texts()] == [body(soon=1), body(late=1, soon=1)]
    assert ["--urgency=normal" in call.arguments for call in desktop.shown()] == [True, False]


def test_the_notice_is_repeated_after_six_hours(away: Apoa, desktop: FakeDesktop) -> None:
    """The same notice is shown once in six hours, not at each run."""
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    notice_counts = []
    for _run in range(25):
        scheduled(away)
        notice_counts.append(len(desktop.shown()))
        away.clock.forward(HOUR / 4)
    assert notice_counts == [*[1] * 24, 2]


def test_a_changed_notice_is_shown_at_once(away: Apoa, desktop: FakeDesktop) -> None:
    """A different overdue report, or a clock that was set back, causes a new notice."""
    first = away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    scheduled(away)
    assert away("cancel", first["id"], "--yes").code == 0
    away.save(OBADIAH, "--check-in", "2026-11-23T13:00", "--yes")
    scheduled(away)
    assert [text for _title, text in desktop.texts()] == [body(late=1)] * 2
    away.clock.forward(-HOUR)
    scheduled(away)
    assert len(desktop.shown()) == 3


def test_no_notice_without_open_deadlines(configured: Apoa, desktop: FakeDesktop) -> None:
    """No notice is shown if all reports are delivered or no deadline is near."""
    assert scheduled(configured).code == 0
    configured.save()
    assert scheduled(configured).code == 0
    assert desktop.shown() == []


def test_only_scheduled_runs_show_notices(away: Apoa, desktop: FakeDesktop) -> None:
    """`apoa sync` and `apoa status` without --scheduled show no notice."""
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    assert away("sync", "--quiet").code == 75
    assert away("status", "--alarm").code == 75
    assert desktop.shown() == []


def test_it_can_be_switched_off(away: Apoa, desktop: FakeDesktop) -> None:
    """`notify = "off"` in the property's settings switches notices off."""
    path = away.home / "config.toml"
    path.write_text(path.read_text().replace("username", 'notify = "off"\nusername'))
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    assert scheduled(away).code == 75
    assert desktop.shown() == []


@pytest.mark.parametrize("then", ["exit 1", "exec /bin/sleep 60"], ids=["fails", "hangs"])
def test_a_failed_tool_is_tried_again(
    away: Apoa, desktop: FakeDesktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, then: str
) -> None:
    """The exit code does not change; the log gives the reason, and the next run tries again and prints nothing new."""
    monkeypatch.setattr("apoa_client.cli.terminal.desktop.TIMEOUT_S", 0.3)
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    desktop.install(then)
    result = scheduled(away)
    assert (result.code, result.all) == (75, printed(late=1))
    log = tmp_path / "log"
    again = scheduled(away, "-v", "--log-file", str(log))
    assert (again.code, again.all) == (75, "")
    assert "no notice" in log.read_text()
    tried = len(desktop.shown())
    assert tried >= 2
    desktop.install()
    scheduled(away)
    scheduled(away)
    assert len(desktop.shown()) == tried + 1
