"""Which property a command works on, and `--all`: the trouble of one never stops the next."""

import json
from datetime import timedelta
from typing import Any

import pytest
from cli_helpers import LANGUAGES, NOWHERE, OBADIAH, PASSWORD, QUENTIN, XIMENA, Apoa, raising, typed_in
from screens import Screens

from apoa_client.cli import main
from apoa_client.cli.commands import scheduled_run, sync_delivery
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import COMMANDS, NOT_OF_A_PROPERTY, with_options
from apoa_client.cli.terminal.signals import Signals
from apoa_client.delivery.options import Outcome
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
        *("melati", "Sent: 1.", ""),
        *("Wisma Kenanga (kenanga)", "Sent: 1."),
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
    both.outbox_file.write_bytes(b"no database" * 100)
    sent = both("sync", "--all", "--json")
    melati, kenanga = sent.json["properties"]
    assert sent.code == 78
    assert (melati["property"], melati["error"]["class"]) == ("melati", "outbox_damaged")
    assert (kenanga["property"], kenanga["accepted"], kenanga["error"]) == ("kenanga", 1, None)
    assert sent.err.splitlines()[0] == "melati"
    quiet = both("sync", "--all", "--quiet")  # names only the property with trouble
    assert (quiet.code, quiet.out, quiet.err.splitlines()[0], "kenanga" in quiet.err) == (78, "", "melati", False)


def test_a_password_is_asked_for_at_a_terminal_only(both: Apoa) -> None:
    """Below the name of its property, and the others go on; elsewhere it is missing: 77."""
    path = both.home / "melati" / "keys.json"
    secrets = json.loads(path.read_text())
    path.write_text(json.dumps({name: value for name, value in secrets.items() if "password" not in name}))
    assert both("sync", "--all").code == 77
    asked = both("sync", "--all", keys=[PASSWORD])
    assert (asked.code, asked.out.splitlines()[:2]) == (0, ["melati", "Sent: 1."])
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


def test_all_wins_over_the_environment(both: Apoa) -> None:
    """APOA_PROPERTY, as in a user's profile, does not narrow `--all`."""
    assert len(both("status", "--all", "--json", APOA_PROPERTY="melati").json["properties"]) == 2


def test_interrupted_between_properties(both: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the whole call."""
    monkeypatch.setattr(sync_delivery, "deliver", raising(KeyboardInterrupt()))
    stopped = both("sync", "--all")
    assert stopped.code == 130
    assert "kenanga" not in stopped.out


def test_without_a_property(apoa: Apoa) -> None:
    """Nothing is set up: 78, as without `--all`."""
    assert apoa("status", "--all").code == 78


@pytest.fixture
def two(away: Apoa) -> Apoa:
    """The program with melati, the default, and kenanga, the last one in the settings, which has a name for guests."""
    assert away.set_up(NOWHERE, "--display-name", "Wisma Kenanga", name="kenanga").code == 75
    return away


@pytest.fixture
def without_default(two: Apoa) -> Apoa:
    """Two properties, and the settings name no default."""
    path = two.home / "config.toml"
    path.write_text(path.read_text().replace('default_property = "melati"\n', ""))
    return two


def property_of(apoa: Apoa, *options: str, **environ: str) -> str:
    """Return which property a command works on."""
    name: str = apoa(*options, "status", "--json", **environ).json["property"]
    return name


class TestChoice:
    """The option, the variable, the setting, in this order."""

    def test_in_order(self, two: Apoa) -> None:
        """The option wins over the variable, which wins over the setting."""
        assert property_of(two) == "melati"
        assert property_of(two, APOA_PROPERTY="kenanga") == "kenanga"
        assert property_of(two, "--property", "melati", APOA_PROPERTY="kenanga") == "melati"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_what_the_user_reads(self, without_default: Apoa, screens: Screens, lang: str) -> None:
        """At a terminal a numbered list is asked once, and nothing is remembered; elsewhere it is an error."""
        for keys in (["", "3", "2"], ["kenanga"]):
            assert screens(without_default, "status", keys=keys, lang=lang).code == 0
        assert without_default("status", keys=[]).code == 130
        for arguments in (["status"], ["--property", "kenagna", "status"]):
            assert screens(without_default, *arguments, lang=lang).code == 78
        assert without_default("sync", "--scheduled", "--wait", "1").code == 78
        assert without_default("status", APOA_PROPERTY="hotel").code == 78
        assert without_default("status", "--json").json["error"]["class"] == "property_not_chosen"
        assert without_default("status", "--all").code == 0


class TestHints:
    """A command that a user can copy works on the property that it is about."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_hints_screens(self, two: Apoa, screens: Screens, lang: str) -> None:
        """Each names it: after saving, in an error and its advice, in JSON, and below its name with `--all`.

        Nothing is added where the command works on it anyway: the default, or that of the variable. At a terminal the
        first line of a conversation names the property.
        """
        kenanga = ["--property", "kenanga"]
        screens(two, *kenanga, *QUENTIN.mrz("--no-send"), lang=lang)
        for again in (["fix", "nothing"], ["fix", "nothing", "--json"]):
            assert screens(two, *kenanga, *again, lang=lang).code == 2
        for chosen in ([], ["--property", "melati"]):
            screens(two, *chosen, *XIMENA.mrz("--no-send", "--again"), lang=lang)
        for chosen in (kenanga, ["--property", "melati"]):
            screens(two, *chosen, *OBADIAH.mrz("--no-send", "--again"), lang=lang, APOA_PROPERTY="kenanga")
        for command in (["checkout"], ["amend"], ["cancel"], ["fix", "nothing"]):
            screens(two, *command, keys=[], lang=lang)
        screens(two, "setup", "--non-interactive", "--property", "hotel", "--by-hand", "--vault", "file", lang=lang)
        screens(two, "sync", "--all", lang=lang)

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize(
        "line",
        [
            *("apoa help", "apoa info law", "apoa schedule install", "apoa --help", "apoa sync --all"),
            *("apoa setup --property NAME", "apoa config explain", "apoa config set default_property NAME"),
            *("apoa-client", "apoa.db", "until apoa works", "apoa --property melati sync", "apoa restore FILE"),
        ],
    )
    def test_what_needs_no_name(self, monkeypatch: pytest.MonkeyPatch, line: str, lang: str) -> None:
        """Commands of all properties or without one, commands with a name, and what is no command stay as they are."""
        monkeypatch.setenv("LANGUAGE", lang)
        assert with_options(typed_in(lang, line), "kenanga", practice=False) == typed_in(lang, line)

    @pytest.mark.parametrize("name", sorted({*COMMANDS} - NOT_OF_A_PROPERTY))
    def test_each_command(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        """Every other command gets the option, in both languages, also twice in a sentence."""
        for lang in LANGUAGES:
            monkeypatch.setenv("LANGUAGE", lang)
            option, command = typed_in(lang, "--property"), typed_in(lang, f"apoa {name}").removeprefix("apoa ")
            completed = with_options(f"apoa {command} --json, apoa -v {command}.", "kenanga", practice=False)
            assert completed == f"apoa {option} kenanga {command} --json, apoa {option} kenanga -v {command}."


class TestOthers:
    """The state of one property names the others: nothing that is overdue there is overlooked."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_others_screens(self, two: Apoa, screens: Screens, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
        """`apoa`, `status`, and the end of a report at a terminal have a line for each; the report only if it waits.

        Also one whose file is missing or damaged, whose settings are wrong, or whose outbox is a server's.
        """
        monkeypatch.setattr(main, "is_terminal", lambda _stream: True)
        keys = [*QUENTIN.lines, "GDANSK", "B1", "2", "7", ""]
        screens(two, "report", "--no-send", keys=keys, lang=lang)
        screens(two, "--property", "kenanga", "report", "--no-send", keys=[*XIMENA.lines, *keys[2:]], lang=lang)
        two.clock.forward(timedelta(hours=25))
        screens(two, "status", lang=lang)
        screens(two, keys=[], lang=lang)
        kenanga = two.home / "kenanga" / "outbox.db"
        kenanga.write_bytes(b"no database" * 100)
        screens(two, "status", lang=lang)
        kenanga.unlink()
        screens(two, "status", lang=lang)
        for name, value in (("outbox", "postgresql://desk@db.invalid/apoa"), ("vault", "drawer")):
            two.change_setting(name, value)
            assert screens(two, "status", lang=lang).code == 0


class TestInvalidProperty:
    """A mistake in the table of one property stops no other one."""

    def test_the_other_works(self, two: Apoa) -> None:
        """Everything that reads and writes the other one's reports and settings."""
        two.change_setting("vault", "drawer")
        assert property_of(two) == "melati"
        arguments = ["setup", "--non-interactive", "--property", "melati", "--office", "Denpasar", "--by-hand"]
        assert two(*arguments).code == 0
        assert 'office = "Denpasar"' in (two.home / "config.toml").read_text()
        assert 'vault = "drawer"' in (two.home / "config.toml").read_text()

    def test_its_own_command_names_the_line(self, two: Apoa) -> None:
        """The error is that of the file, for the command that needs it alone; nothing is written."""
        two.change_setting("vault", "drawer")
        before = (two.home / "config.toml").read_text()
        for arguments in (["status"], ["setup", "--non-interactive", "--training"]):
            refused = two("--property", "kenanga", *arguments)
            assert (refused.code, refused.out) == (78, "")
            assert "[property.kenanga] vault drawer. Allowed: keyring, file." in refused.err
        assert (two.home / "config.toml").read_text() == before

    def test_it_is_named_in_the_log_of_automatic_sending(self, two: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """The line of the log has the property's name, and what was shown is kept for it alone."""
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        two.change_setting("vault", "drawer")
        assert two("sync", "--all", "--scheduled").code == 78
        log = (two.home / "logs" / "sync.log").read_text()
        assert "run property=kenanga exit=78 error=settings_problem" in log

    def test_it_counts_as_a_property(self, without_default: Apoa) -> None:
        """With one valid and one invalid property a choice is still needed: the valid one is not taken silently."""
        without_default.change_setting("vault", "drawer")
        assert without_default("status").code == 78
        assert without_default("status", keys=["1"]).out.startswith("melati")
        chosen = without_default("status", keys=["2"])
        assert (chosen.code, "vault drawer" in chosen.err) == (78, True)

    @pytest.mark.parametrize("mistake", ["x = ", 'language = "fr"\n', "[defaults]\nvault = 1\n"])
    def test_what_is_wrong_for_all(self, two: Apoa, mistake: str) -> None:
        """A file that is no TOML, or a mistake outside the properties' tables, stops all."""
        path = two.home / "config.toml"
        path.write_text(f"{mistake}\n{path.read_text()}")
        assert two("status", "--all").code == two("--property", "melati", "status").code == 78
