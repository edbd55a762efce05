"""Automatic sending of a home: what is installed, what it covers, and what is wrong with it."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from app_helpers import app_of, set_up, training
from basics import NOW, FixedClock, raises_error
from schedule_helpers import PROGRAM, Crontab, Tools, UserManager, use

from apoa_client.app import scheduling
from apoa_client.app.container import Container
from apoa_client.app.scheduling import Installation, Schedule, Wish, find_schedule, install, plan, remove
from apoa_client.schedule.interface import AUTO, CRON, SYSTEMD, Change, ToolResult

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="cron and systemd")


@pytest.fixture
def tab(monkeypatch: pytest.MonkeyPatch) -> Crontab:
    """The only scheduler is cron."""
    tab = Crontab()
    use(monkeypatch, Tools({"crontab": tab}))
    return tab


@pytest.fixture
def app(tab: Crontab, home: Path, clock: FixedClock) -> Container:
    """A home with two properties, of which melati is the default."""
    del tab
    for name in ("melati", "kebun"):
        set_up(home, clock, training(name))
    return app_of(home, clock)


def schedule_of(app: Container, property_name: str = "") -> Schedule:
    """Return the schedule that is there."""
    found = find_schedule(app, property_name)
    assert found is not None
    return found


def notes_of(installation: Installation) -> str:
    return " ".join(note.render() for note in installation.notes)


def test_a_propertys_own_schedule(app: Container, home: Path, clock: FixedClock) -> None:
    """It is found for that property only, first if the property is named, and removed as what is found."""
    kebun = app_of(home, clock, "kebun")
    install(kebun, Wish(AUTO, property_name="kebun"))
    assert find_schedule(app) is None
    own = schedule_of(kebun)
    assert own.found.command == (PROGRAM, "--property", "kebun", "sync", "--scheduled")
    install(app, Wish(AUTO))
    both = [find_schedule(kebun), find_schedule(kebun, "kebun")]
    assert [each is not None and "--all" in each.found.command for each in both] == [True, False]
    assert remove(kebun, "")
    assert find_schedule(kebun) is None


def test_two_homes(app: Container, tab: Crontab, tmp_path: Path, clock: FixedClock) -> None:
    """The schedule of one is neither seen nor removed by the other."""
    set_up(tmp_path / "other", clock, training())
    other = app_of(tmp_path / "other", clock)
    install(app, Wish(AUTO))
    assert find_schedule(other) is None
    install(other, Wish(AUTO))
    assert tab.text.count("\n") == 2
    assert remove(app, "")
    assert find_schedule(other) is not None


def test_the_platforms_folders_have_the_plain_name(tab: Crontab, home: Path, clock: FixedClock) -> None:
    """Which is also that of a user whose folders are elsewhere, with a suffix."""
    del tab
    assert plan(Container({}, clock), Wish(AUTO))[1].lines[0].endswith(" # apoa-sync")
    named = plan(Container({"XDG_DATA_HOME": str(home)}, clock), Wish(AUTO))[1].lines[0]
    assert f"XDG_DATA_HOME={home}" in named
    assert " # apoa-sync-" in named


def test_last_and_next_run(app: Container, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the outbox recorded it; the next as cron does it, or else one interval after the last."""
    install(app, Wish(AUTO))
    found = schedule_of(app)
    assert (found.last_run_at, found.last_result) == (None, None)
    app.outbox.record_scheduled_run(NOW, 75)
    clock.forward(timedelta(minutes=2))
    found = schedule_of(app)
    assert (found.last_run_at, found.last_result) == (NOW, 75)
    assert found.next_run_at is not None
    assert found.next_run_at > clock.now()
    monkeypatch.setattr("apoa_client.schedule.cron._next_run", lambda _item, _now: None)
    found = schedule_of(app)
    assert found.next_run_at == NOW + timedelta(minutes=15)
    clock.forward(timedelta(hours=1))
    found = schedule_of(app)
    assert found.next_run_at is None


def test_another_kind_replaces_the_first(
    app: Container, tab: Crontab, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """Both would run side by side."""
    install(app, Wish(CRON))
    manager = UserManager()
    use(monkeypatch, Tools({"crontab": tab, "systemctl": manager}))
    app.environ = {**app.environ, "HOME": str(home)}
    assert install(app, Wish(AUTO)).change is Change.UPDATED
    assert (tab.text, len(manager.active)) == ("", 1)


@pytest.mark.parametrize("text", ["http://proxy\n* * * * * evil", "/srv/caf\udce9"])
def test_what_cannot_be_installed(app: Container, tab: Crontab, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A line end would begin another line, bytes that are no text fit no file, and a program must start elsewhere."""
    proper, app.environ = app.environ, {**app.environ, "HTTPS_PROXY": text}
    with raises_error("schedule_refused"):
        install(app, Wish(AUTO))
    app.environ = proper
    monkeypatch.setattr(scheduling, "run_tool", lambda *_words, **_options: ToolResult(1, "", "No module"))
    with raises_error("schedule_refused"):
        install(app, Wish(AUTO))
    assert tab.text == ""


def test_secrets_are_not_written_and_named(app: Container, tab: Crontab) -> None:
    """A secret of this session's environment is in no crontab, and the user learns it."""
    app.environ = {**app.environ, "APOA_PASSWORD": "rahasia", "APOA_PASSWORD_FILE": "/etc/apoa/password"}
    said = notes_of(install(app, Wish(AUTO)))
    assert "APOA_PASSWORD." in said
    assert "rahasia" not in tab.text + said
    assert "APOA_PASSWORD_FILE=/etc/apoa/password" in tab.text


def use_keyring(home: Path) -> None:
    config = home / "config.toml"
    config.write_text(config.read_text().replace('vault = "file"', 'vault = "keyring"'))


@pytest.mark.parametrize(
    ("vault", "environ", "warned"),
    [
        ("file", {}, False),
        ("keyring", {}, True),
        ("keyring", {"APOA_PRIVATE_KEY_FILE": "/etc/apoa/key"}, False),
    ],
)
def test_a_keyring_that_no_schedule_can_open(
    app: Container, home: Path, clock: FixedClock, vault: str, environ: dict[str, str], *, warned: bool
) -> None:
    """Which vault works without a session is said at the installation."""
    if vault == "keyring":
        use_keyring(home)
    again = Container({**app.environ, **environ}, clock)
    assert ("apoa setup --vault file" in notes_of(install(again, Wish(AUTO)))) is warned


def test_a_keyring_with_systemd(app: Container, home: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens in a session; without one the same is said as for cron."""
    use_keyring(home)
    use(monkeypatch, Tools({"systemctl": UserManager()}))
    for buses, warned in (([], True), (["unix:path=/run/user/0/bus"], False)):
        monkeypatch.setattr(scheduling, "session_buses", lambda *_args, buses=buses: buses)
        again = Container({**app.environ, "HOME": str(home)}, clock, "melati")
        said = notes_of(install(again, Wish(SYSTEMD, property_name="melati")))
        assert ("apoa setup --vault file" in said) is warned
