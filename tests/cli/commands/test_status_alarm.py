"""`apoa status --alarm` and `--nagios`: for monitoring systems."""

import re
import shlex
from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files

import pytest
from cli_helpers import LANGUAGES, PASSWORD, QUENTIN, XIMENA, Apoa, Serve, spoken, spoken_count

HOUR = timedelta(hours=1)
PLUGIN = re.compile(
    r"apoa (?P<level>OK|WARNING|CRITICAL|UNKNOWN) - (?P<text>[^|\n]+)"
    r"(?: \| (?P<numbers>[\w-]+=\d+s?;;;0(?: [\w-]+=\d+s?;;;0)*))?\n"
)
"""The output of a plugin (Monitoring Plugins Development Guidelines): no unit or seconds, only a least value."""
LATE = ["--check-in", "2026-11-23T12:00", "--yes"]


def plugin(apoa: Apoa, *options: str, lang: str = "en") -> tuple[int, str, str, dict[str, str]]:
    """Return exit code, level, text and numbers."""
    said = apoa("status", "--nagios", *options, lang=lang)
    found = PLUGIN.fullmatch(said.out)
    assert found is not None, said.out
    assert said.err == ""
    numbers = dict(word.removesuffix(";;;0").split("=") for word in (found["numbers"] or "").split())
    return said.code, found["level"], found["text"], numbers


def damage(apoa: Apoa) -> None:
    (apoa.home / "melati" / "outbox.db").write_bytes(b"no database" * 100)


def remove(apoa: Apoa) -> None:
    (apoa.home / "melati" / "outbox.db").unlink()


def break_settings(apoa: Apoa) -> None:
    (apoa.home / "config.toml").write_text("[")


class TestNagios:
    """`--nagios` prints one line with performance data, and has the exit codes of a plugin."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_ok(self, configured: Apoa, lang: str) -> None:
        """0, and all counts and ages."""
        configured.send()
        configured.save(XIMENA)
        configured.clock.forward(HOUR)
        code, level, text, numbers = plugin(configured, lang=lang)
        assert (code, level, text) == (0, "OK", spoken(lang, "nothing is overdue or refused"))
        expected = {"queued": "1", "sending": "0", "pending": "0", "rejected": "0", "accepted": "1", "superseded": "0"}
        more = {"withdrawn": "0", "overdue": "0", "due_within_6h": "0", "last_contact_age": "3600s"}
        assert numbers == expected | more

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_warning_and_critical(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """A refused report is a warning; an overdue one is critical."""
        apoa.set_up(serve("reject").base_url)
        apoa.save()
        apoa("sync")
        refused = spoken(lang, "{count} refused", count=1)
        assert plugin(apoa, lang=lang)[:3] == (1, "WARNING", f"melati: {refused}")
        apoa.save(XIMENA, *LATE)
        code, level, text, numbers = plugin(apoa, lang=lang)
        overdue = spoken(lang, "{count} overdue", count=1)
        assert (code, level, text) == (2, "CRITICAL", f"melati: {overdue}, {refused}")
        assert (numbers["overdue"], numbers["rejected"]) == ("1", "1")

    def test_automatic_sending_stopped(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where it ever ran; it names how long ago."""
        monkeypatch.setattr("apoa_client.cli.commands.sync._LONGEST_PAUSE_S", 0)
        configured.clock.forward(30 * HOUR)
        assert plugin(configured)[0] == 0
        configured("sync", "--scheduled")
        configured.clock.forward(HOUR / 4)
        configured("sync", "--scheduled")
        configured.clock.forward(HOUR)
        assert plugin(configured)[0] == 0
        configured.clock.forward(HOUR)
        code, _level, text, numbers = plugin(configured)
        assert (code, text) == (2, "melati: automatic sending has not run for 2 hours")
        assert numbers["last_run_age"] == "7200s"
        assert configured("status", "--alarm").code == 75
        assert configured("status", "--json").json["alarm"] == {"level": "critical", "problems": ["no_run"]}

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_staff_see_it_after_a_day(self, configured: Apoa, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
        """A computer that was off for the night catches up by itself."""
        monkeypatch.setattr("apoa_client.cli.commands.sync._LONGEST_PAUSE_S", 0)
        configured("sync", "--scheduled")
        configured.clock.forward(24 * HOUR)
        silent = "Automatic sending has not run for {time}. See why: apoa doctor"
        shown = spoken(lang, silent, time=spoken_count(lang, "{count} hour", "{count} hours", 25))
        assert shown not in configured("status", lang=lang).out
        configured.clock.forward(HOUR)
        assert shown in configured("status", lang=lang).out.splitlines()

    def test_sending_stopped(self, apoa: Apoa, serve: Serve) -> None:
        """A refused password stops sending: critical, until a user logs in."""
        apoa.set_up(serve("401*2").base_url)
        apoa.save()
        apoa("sync")
        assert plugin(apoa)[:3] == (2, "CRITICAL", "melati: sending has stopped: apoa login")
        assert apoa("status", "--alarm").code == 77
        assert apoa("login", "--password-stdin", stdin=f"{PASSWORD}\n").code == 0
        assert plugin(apoa)[0] == 0

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize(
        ("harm", "code", "level"),
        [(damage, 2, "CRITICAL"), (remove, 2, "CRITICAL"), (break_settings, 3, "UNKNOWN")],
        ids=["damaged", "missing", "settings"],
    )
    @pytest.mark.parametrize("options", [[], ["--all"]], ids=["one", "all"])
    def test_what_cannot_be_read(
        self, configured: Apoa, harm: Callable[[Apoa], None], code: int, level: str, options: list[str], lang: str
    ) -> None:
        """A lost outbox is critical; without settings nothing is known. Still one line, and no other output."""
        harm(configured)
        assert plugin(configured, *options, lang=lang)[:2] == (code, level)

    def test_several_properties(self, configured: Apoa, serve: Serve) -> None:
        """One line for all, with the names in the text and in the labels; the worst counts."""
        assert configured.set_up(serve().base_url, name="kenanga").code == 0
        assert plugin(configured, "--all")[0] == 0
        configured("--property", "kenanga", *QUENTIN.mrz("--no-send", *LATE))
        code, level, text, numbers = plugin(configured, "--all")
        assert (code, level, text) == (2, "CRITICAL", "kenanga: 1 overdue")
        assert (numbers["melati_overdue"], numbers["kenanga_overdue"]) == ("0", "1")
        (configured.home / "melati" / "outbox.db").unlink()
        code, level, text, numbers = plugin(configured, "--all")
        assert text.startswith("melati: ")
        assert text.endswith("; kenanga: 1 overdue")
        assert {label.partition("_")[0] for label in numbers} == {"kenanga"}

    def test_nothing_is_set_up(self, apoa: Apoa) -> None:
        """Nothing is known: 3."""
        assert plugin(apoa)[0] == plugin(apoa, "--all")[0] == 3

    def test_one_and_all(self, configured: Apoa) -> None:
        """They exclude each other: 2, which is critical to a monitoring system, too."""
        assert configured("--property", "melati", "status", "--nagios", "--all").code == 2

    def test_no_personal_data(self, apoa: Apoa, serve: Serve) -> None:
        """The line has counts and names of properties alone."""
        apoa.set_up(serve("reject").base_url)
        apoa.save()
        apoa("sync")
        said = apoa("status", "--nagios").all
        assert all(word not in said for word in QUENTIN.words)


class TestAlarm:
    """`--alarm` prints the line first, and has the exit codes of every command."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_line_comes_first(self, away: Apoa, lang: str) -> None:
        """Then what the command shows without the option; 75."""
        away.save(QUENTIN, *LATE)
        plain = away("status", lang=lang)
        alarm = away("status", "--alarm", lang=lang)
        line, _newline, rest = alarm.out.partition("\n")
        assert line.startswith(f"apoa CRITICAL - melati: {spoken(lang, '{count} overdue', count=1)} | queued=1;;;0")
        assert (rest, alarm.code, plain.code) == (plain.out, 75, 0)

    def test_json(self, away: Apoa) -> None:
        """The document has the same with and without the option; only the exit code differs."""
        away.save(QUENTIN, *LATE)
        plain, alarm = away("status", "--json"), away("status", "--json", "--alarm")
        assert (plain.code, alarm.code) == (0, 75)
        assert plain.json == alarm.json
        assert alarm.json["alarm"] == {"level": "critical", "problems": ["overdue"]}

    def test_a_damaged_outbox(self, configured: Apoa) -> None:
        """The line on stdout, the error on stderr: 78."""
        (configured.home / "melati" / "outbox.db").write_bytes(b"no database" * 100)
        said = configured("status", "--alarm")
        assert (said.code, said.out.startswith("apoa CRITICAL - melati: ")) == (78, True)
        assert said.err


def test_the_lines_of_the_guide(configured: Apoa, serve: Serve) -> None:
    """What the guide tells Nagios and Zabbix to run works, and sudo permits just that."""
    assert configured.set_up(serve().base_url, name="kenanga").code == 0
    guide = files("apoa_client.cli.guide").joinpath("guides", "admin.en.md").read_text("utf-8")
    section = guide[guide.index("## Monitoring") : guide.index("## ", guide.index("## Monitoring") + 3)]
    commands = re.findall(r"^(?:command\[apoa\]=|UserParameter=apoa,)sudo -n -u hotel (.*)$", section, re.MULTILINE)
    assert len(commands) == 2
    [permitted] = re.findall(r"NOPASSWD: (.*)$", section, re.MULTILINE)
    assert permitted.split(", ") == commands
    for command in commands:
        program, *words = shlex.split(command)
        assert program == "/home/hotel/.local/bin/apoa"
        assert configured(*words).code == 0
