"""What `apoa sync --scheduled` tells on the desktop: counts, once, and never anything of a guest's."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from cli_helpers import GUESTS, LANGUAGES, OBADIAH, PASSWORD, QUENTIN, XIMENA, Apoa, CallResult, Serve, spoken
from desktop_helpers import FakeDesktop, needs_posix

pytestmark = needs_posix

HOUR = timedelta(hours=1)


@pytest.fixture
def desktop(tmp_path: Path, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> FakeDesktop:
    """Somebody is logged in; the schedule starts without a pause."""
    monkeypatch.setattr("apoa_client.cli.commands.sync._LONGEST_PAUSE_S", 0)
    fake = FakeDesktop(tmp_path / "bin")
    fake.install()
    apoa.environ.update(fake.environ)
    return fake


def scheduled(apoa: Apoa, *more: str, **environ: str) -> CallResult:
    return apoa(*more, "sync", "--scheduled", **environ)


def body(lang: str, *, refused: int = 0, late: int = 0, soon: int = 0) -> str:
    counts = {"Refused: {count}": refused, "Overdue: {count}": late, "Due within 6 hours: {count}": soon}
    lines = [spoken(lang, sentence, count=count) for sentence, count in counts.items() if count]
    return "\n".join([*lines, spoken(lang, "What to do: apoa status")])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_something_was_refused(apoa: Apoa, serve: Serve, desktop: FakeDesktop, lang: str) -> None:
    """Told in the reader's language, with the property's name; the exit code is the delivery's."""
    apoa.set_up(serve("reject").base_url)
    for guest in GUESTS[:2]:
        apoa.save(guest)
    assert scheduled(apoa, lang=lang).code == 65
    title = spoken(lang, "apoa, {name}: please look", name="melati")
    assert desktop.texts() == [(title, body(lang, refused=2))]
    assert "--urgency=critical" in desktop.shown()[0].arguments


@pytest.mark.parametrize("lang", LANGUAGES)
def test_deadlines_come_nearer(away: Apoa, desktop: FakeDesktop, lang: str) -> None:
    """Not a day ahead; within six hours, and louder once it is late. Being offline stays silent on the streams."""
    away.save()
    away.save(XIMENA, "--check-in", "2026-11-24T18:00")
    said = [scheduled(away, lang=lang)]
    assert desktop.texts() == []
    away.clock.forward(17 * HOUR)
    said.append(scheduled(away, lang=lang))
    away.clock.forward(6 * HOUR)
    said.append(scheduled(away, lang=lang))
    assert {(each.code, each.all) for each in said} == {(75, "")}
    assert [text for _title, text in desktop.texts()] == [body(lang, soon=1), body(lang, late=1, soon=1)]
    assert ["--urgency=normal" in call.arguments for call in desktop.shown()] == [True, False]


def test_nothing_personal_is_told(apoa: Apoa, serve: Serve, desktop: FakeDesktop) -> None:
    """Neither in the arguments nor in the environment, which every user of a computer can see; no id either."""
    apoa.set_up(serve("reject").base_url)
    ids = [report[key] for report in map(apoa.save, GUESTS) for key in ("id", "short_id", "stay_id")]
    scheduled(apoa, APOA_PASSWORD=PASSWORD)
    [call] = desktop.shown()
    everything = "\n".join(call.arguments) + call.environ
    for word in [*ids, PASSWORD, *(word for guest in GUESTS for word in guest.words)]:
        assert word.casefold() not in everything.casefold()


def test_it_is_not_repeated_at_each_run(away: Apoa, desktop: FakeDesktop) -> None:
    """Every quarter of an hour the same would be switched off; after six hours somebody else may be there."""
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    told = []
    for _run in range(25):
        scheduled(away)
        told.append(len(desktop.shown()))
        away.clock.forward(HOUR / 4)
    assert told == [*[1] * 24, 2]


def test_something_else_is_told_at_once(away: Apoa, desktop: FakeDesktop) -> None:
    """Another report that is late, although as many are as before; and after a clock was set back."""
    first = away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    scheduled(away)
    assert away("cancel", first["id"], "--yes").code == 0
    away.save(OBADIAH, "--check-in", "2026-11-23T13:00", "--yes")
    scheduled(away)
    assert [text for _title, text in desktop.texts()] == [body("en", late=1)] * 2
    away.clock.forward(-HOUR)
    scheduled(away)
    assert len(desktop.shown()) == 3


def test_nothing_to_tell(configured: Apoa, desktop: FakeDesktop) -> None:
    """All was delivered, or there is time."""
    assert scheduled(configured).code == 0
    configured.save()
    assert scheduled(configured).code == 0
    assert desktop.shown() == []


def test_only_the_schedule_tells_on_the_desktop(away: Apoa, desktop: FakeDesktop) -> None:
    """Whoever runs `apoa sync` by hand reads it on the screen."""
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    assert away("sync", "--quiet").code == 75
    assert away("status", "--alarm").code == 75
    assert desktop.shown() == []


def test_it_can_be_switched_off(away: Apoa, desktop: FakeDesktop) -> None:
    """`notify = "off"` in the property's settings."""
    path = away.home / "config.toml"
    path.write_text(path.read_text().replace("username", 'notify = "off"\nusername'))
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    assert scheduled(away).code == 75
    assert desktop.shown() == []


@pytest.mark.parametrize("then", ["exit 1", "exec /bin/sleep 60"], ids=["fails", "hangs"])
def test_a_tool_that_does_not_do_it(
    away: Apoa, desktop: FakeDesktop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, then: str
) -> None:
    """The exit code and the streams are as without it, `-v` says why; and the next run tries again."""
    monkeypatch.setattr("apoa_client.cli.terminal.desktop_notice.TIMEOUT_S", 0.3)
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    desktop.install(then)
    said = scheduled(away)
    assert (said.code, said.all) == (75, "")
    log = tmp_path / "log"
    assert scheduled(away, "-v", "--log-file", str(log)).code == 75
    assert "no notice" in log.read_text()
    tried = len(desktop.shown())
    assert tried >= 2
    desktop.install()
    scheduled(away)
    scheduled(away)
    assert len(desktop.shown()) == tried + 1


def test_no_tool(away: Apoa, desktop: FakeDesktop) -> None:
    """As on a server: nothing happens."""
    (desktop.folder / desktop.tool).unlink(missing_ok=True)
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    said = scheduled(away)
    assert (said.code, said.all) == (75, "")


def test_a_memory_that_was_meddled_with(away: Apoa, desktop: FakeDesktop, tmp_path: Path) -> None:
    """No notice then, and the delivery goes on as if nothing was."""
    away.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    db = sqlite3.connect(away.home / "melati" / "outbox.db")
    with db:
        db.execute("INSERT INTO memo VALUES ('notice', 'noon')")
    db.close()
    log = tmp_path / "log"
    assert scheduled(away, "-v", "--log-file", str(log)).code == 75
    assert desktop.shown() == []
    assert "no notice: outbox_damaged" in log.read_text()


def test_practice_is_called_practice(apoa: Apoa, desktop: FakeDesktop) -> None:
    """So that nobody is alarmed by a training property."""
    assert apoa("setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file").code == 0
    apoa.save(QUENTIN, "--check-in", "2026-11-23T12:00", "--yes")
    apoa.monkeypatch.setattr("apoa_client.delivery.sync.deliver", _not_now)
    assert scheduled(apoa).code == 75
    assert desktop.texts() == [("apoa, melati: training", body("en", late=1))]


def test_where_reports_are_typed_by_hand(apoa: Apoa, desktop: FakeDesktop) -> None:
    """Nothing is sent there, and deadlines pass all the same."""
    assert apoa("setup", "--non-interactive", "--property", "melati", "--by-hand", "--vault", "file").code == 0
    apoa.save(QUENTIN, "--check-in", "2026-11-23T22:00", "--yes")
    assert scheduled(apoa).code == 75
    assert [text for _title, text in desktop.texts()] == [body("en", soon=1)]


def _not_now(*_arguments: object) -> object:
    from apoa_client.delivery.options import Outcome

    return Outcome(left=1)
