"""`--all`: a command runs for each property, and the trouble of one never stops the next."""

import json
from typing import Any

import pytest
from cli_helpers import LANGUAGES, PASSWORD, QUENTIN, XIMENA, Apoa

from apoa_client.cli.commands import scheduled_run, sync_delivery
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.signals import Signals
from apoa_client.delivery.options import Outcome
from apoa_client.errors import StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.database import SqliteDatabase
from apoa_client.sandbox.server import SandboxServer


@pytest.fixture
def both(apoa: Apoa, authority: SandboxServer) -> Apoa:
    """The program with two properties, melati and kenanga, each with a report that waits."""
    assert apoa.set_up(authority.base_url).code == 0
    assert apoa.set_up(authority.base_url, "--display-name", "Wisma Kenanga", name="kenanga").code == 0
    for name, guest in (("melati", QUENTIN), ("kenanga", XIMENA)):
        assert apoa("--property", name, *guest.mrz("--no-send")).code == 0
    return apoa


def test_each_property_is_sent(both: Apoa) -> None:
    """In the order of the settings, under its name; each queue is empty afterwards."""
    sent = both("sync", "--all")
    assert (sent.code, sent.err) == (0, "")
    assert sent.out.splitlines() == [
        *("melati", "sent 1", ""),
        *("Wisma Kenanga (kenanga)", "sent 1"),
    ]


def test_one_document_for_all(both: Apoa) -> None:
    """`--json` prints what the command prints for one property, below each property's name."""
    one = both("--property", "melati", "status", "--json").json
    every = both("status", "--all", "--json")
    assert (every.code, every.err) == (0, "")
    assert list(every.json) == ["properties"]
    assert [next(iter(each)) for each in every.json["properties"]] == ["property", "property"]
    assert every.json["properties"][0] == one
    assert every.json["properties"][1]["property"] == "kenanga"


def test_a_damaged_outbox_stops_no_other_property(both: Apoa) -> None:
    """Its error stands below its name, the others are sent, and the exit code is its."""
    (both.home / "melati" / "outbox.db").write_bytes(b"no database" * 100)
    sent = both("sync", "--all", "--json")
    melati, kenanga = sent.json["properties"]
    assert sent.code == 78
    assert (melati["property"], melati["error"]["class"]) == ("melati", "outbox_damaged")
    assert (kenanga["property"], kenanga["accepted"], kenanga["error"]) == ("kenanga", 1, None)
    assert sent.err.splitlines()[0] == "melati"


def test_a_missing_password_stops_no_other_property(both: Apoa) -> None:
    """Only the property without its secrets is not sent: 77."""
    (both.home / "melati" / "keys.json").unlink()
    sent = both("sync", "--all", "--json")
    melati, kenanga = sent.json["properties"]
    assert (sent.code, melati["error"]["class"], kenanga["accepted"]) == (77, "secret_missing", 1)


def test_a_password_is_asked_for_at_a_terminal_only(both: Apoa) -> None:
    """Below the name of its property, and the others go on; elsewhere it is missing: 77."""
    path = both.home / "melati" / "keys.json"
    secrets = json.loads(path.read_text())
    path.write_text(json.dumps({name: value for name, value in secrets.items() if "password" not in name}))
    assert both("sync", "--all").code == 77
    asked = both("sync", "--all", keys=[PASSWORD])
    assert (asked.code, asked.out.splitlines()[:2]) == (0, ["melati", "sent 1"])
    assert asked.err.count("The password of") == 1


def test_a_bug_stops_no_other_property(both: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown by its class, without its text, and the exit code is 1."""

    def fail(session: Session, *arguments: Any, **options: Any) -> Outcome:
        if session.property_name == "melati":
            raise ValueError(QUENTIN.surname)
        return original(session, *arguments, **options)

    original = sync_delivery.deliver
    monkeypatch.setattr(sync_delivery, "deliver", fail)
    sent = both("sync", "--all", "--json")
    melati, kenanga = sent.json["properties"]
    assert (sent.code, melati["error"]["class"], kenanga["accepted"]) == (1, "bug", 1)
    assert QUENTIN.surname not in sent.all


def test_an_outbox_that_cannot_be_closed_stops_no_other_property(both: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is said below its name, the others are sent, and the exit code is its."""

    def fail(database: SqliteDatabase) -> None:
        original(database)
        if database.path.parent.name == "melati":
            raise StorageProblem(msg("The disk is full."))

    original = SqliteDatabase.close
    monkeypatch.setattr(SqliteDatabase, "close", fail)
    sent = both("sync", "--all", "--json")
    assert (sent.code, sent.err.splitlines()[:2]) == (78, ["melati", "The disk is full."])
    assert [each["accepted"] for each in sent.json["properties"]] == [1, 1]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_quiet_names_only_the_property_with_trouble(both: Apoa, lang: str) -> None:
    """With `--quiet` a property without trouble prints nothing."""
    (both.home / "kenanga" / "outbox.db").unlink()
    sent = both("sync", "--all", "--quiet", lang=lang)
    assert (sent.code, sent.out) == (78, "")
    assert sent.err.splitlines()[0] == "Wisma Kenanga (kenanga)"
    assert "melati" not in sent.err


@pytest.mark.parametrize(("count", "expected"), [(1, None), (2, None), (4, 300.0)])
def test_a_slow_authority_leaves_time_for_the_others(
    apoa: Apoa, monkeypatch: pytest.MonkeyPatch, count: int, expected: float | None
) -> None:
    """Where there are many properties, the run of each has a share of the time before the schedule ends it."""
    for number in range(count):
        apoa("setup", "--non-interactive", "--property", f"hotel{number}", "--training", "--vault", "file")
    given: list[object] = []
    original = scheduled_run.run_scheduled

    def run(session: Session, signals: Signals, wait_s: float | None) -> scheduled_run.ScheduledResult:
        given.append(wait_s)
        return original(session, signals, wait_s)

    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr(scheduled_run, "run_scheduled", run)
    assert apoa("sync", "--all", "--scheduled").code == 0
    assert apoa("sync", "--all", "--scheduled", "--wait", "5").code == 0
    assert given == [expected] * count + [5.0] * count


def test_the_random_pause_is_one_for_all(both: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduled run waits once, not once for each property."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    assert both("sync", "--all", "--scheduled").code == 0
    assert len(pauses) == 1


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("arguments", [["--property", "melati", "sync", "--all"], ["sync", "--all", "--by-hand"]])
def test_one_and_all_exclude_each_other(both: Apoa, arguments: list[str], lang: str) -> None:
    """One property by an option, or typing by hand, cannot be combined with `--all`: 2."""
    refused = both(*arguments, lang=lang)
    assert (refused.code, refused.out, len(refused.err.splitlines())) == (2, "", 2)


def test_all_wins_over_the_environment(both: Apoa) -> None:
    """APOA_PROPERTY, as in a user's profile, does not narrow `--all`."""
    assert len(both("status", "--all", "--json", APOA_PROPERTY="melati").json["properties"]) == 2


def test_interrupted_between_properties(both: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the whole call."""

    def interrupt(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sync_delivery, "deliver", interrupt)
    stopped = both("sync", "--all")
    assert stopped.code == 130
    assert "kenanga" not in stopped.out


def test_without_a_property(apoa: Apoa) -> None:
    """Nothing is set up: 78, as without `--all`."""
    assert apoa("status", "--all").code == 78
