"""`apoa status`: waiting and refused reports and deadlines, of one property or of each, also in one shared outbox."""

import re
import shlex
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from typing import Any

import click
import pytest
from cli_helpers import (
    LANGUAGES,
    OBADIAH,
    QUENTIN,
    XIMENA,
    Apoa,
    Guest,
    Serve,
)
from postgres_helpers import PASSWORD, PROPERTY, SharedOutbox, be_patient
from screens import Screens

from apoa_client.errors import Exit
from apoa_client.sandbox.server import SandboxServer


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens(apoa: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
    """What staff see: nothing yet, what waits, is refused, late or unfinished, a wrong clock, several properties."""
    apoa.set_up(serve("ok,reject,ok*9").base_url)
    screens(apoa, "status", lang=lang)
    arrival = apoa(*QUENTIN.mrz("--json")).json
    apoa("checkout", arrival["id"], "--yes")
    apoa.save(XIMENA, "--check-in", "2026-11-23T16:30", "--yes")
    screens(apoa, "status", lang=lang)
    apoa.save(OBADIAH)
    screens(apoa, "status", "--alarm", lang=lang)
    apoa("report", "--no-send", keys=[*replace(QUENTIN, number="ZX7654321").lines, "GDANSK"])
    apoa.clock.forward(timedelta(hours=20, minutes=30))
    screens(apoa, "status", "--nagios", lang=lang)
    screens(apoa, "status", lang=lang)
    ahead = timedelta(minutes=5)
    apoa.set_up(serve(environment="production", now=lambda: apoa.clock.now() + ahead).base_url, name="bali")
    screens(apoa, "--property", "bali", "status", lang=lang)
    by_hand = ["--property", "tangan", "--by-hand", "--vault", "file"]
    assert apoa("setup", "--non-interactive", *by_hand).code == 0
    apoa("--property", "tangan", *QUENTIN.mrz("--check-in", "2026-11-24T12:00", "--yes", "--no-send"))
    screens(apoa, "--property", "tangan", "status", lang=lang)
    screens(apoa, "status", "--all", lang=lang)


def test_deadlines(away: Apoa) -> None:
    """Counts a deadline within six hours and one that has passed; with that, --alarm exits with 75."""
    away.save()
    for hours, overdue, soon, code in ((0, 0, 0, 0), (20.5, 0, 1, 0), (5, 1, 0, 75)):
        away.clock.forward(timedelta(hours=hours))
        said = away("status", "--json", "--alarm")
        assert (said.code, said.json["overdue"], said.json["due_within_6h"]) == (code, overdue, soon)
    assert away("status").code == 0


def test_a_public_key_that_is_none_is_found_at_once(away: Apoa) -> None:
    """Not only when a report is sealed. The message names the setting."""
    away.change_setting("public_key", "abc")
    for command in ("status", "list", "sync"):
        result = away(command)
        assert (result.code, "[property.melati] public_key" in result.err) == (Exit.SETTINGS, True)


class TestNames:
    """At a terminal, `status` names the guests if that costs nothing."""

    def test_names_at_a_terminal(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the key in a file, each urgent report has its guest's name; in a pipe and in JSON none has."""
        left = away.save(QUENTIN)
        departure = away("checkout", left["id"], "--no-send", "--yes", "--json").json
        assert QUENTIN.name not in away("status").all
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        assert f"{left['short_id']}  {QUENTIN.name}\n" in click.unstyle(away("status").out)
        away.change_database("UPDATE reports SET state = 'pending' WHERE kind = 'check_in'")
        words = f"{left['short_id']}  {QUENTIN.name}, waiting for a decision"
        assert words in click.unstyle(away("status").out)
        assert departure["short_id"] not in away("status").out  # it has no deadline
        assert QUENTIN.surname not in away("status", "--json").out
        away.delete_key()
        result = away("status")
        assert result.err == ""
        assert left["short_id"] in result.out
        assert QUENTIN.name not in result.out

    def test_the_keyring_is_not_asked(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """With the key in the keyring the ids are shown, and the keyring is not even loaded."""
        left = away.save(QUENTIN)
        away.change_setting("vault", "keyring")
        monkeypatch.setattr("apoa_client.vault.keyring_store.KeyringStore.__init__", None)
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        result = away("status")
        assert (result.code, result.err) == (0, "")
        assert left["short_id"] in result.out
        assert QUENTIN.name not in result.out


LATE = ["--check-in", "2026-11-23T12:00", "--yes"]


class TestNagios:
    """`--nagios` prints one line with performance data, and has the exit codes of a plugin."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_nagios_screens(self, apoa: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
        """From OK to UNKNOWN, for one property and for all, with a lost outbox and without settings."""

        def nagios(*options: str) -> None:
            screens(apoa, "status", "--nagios", *options, lang=lang)

        nagios()
        nagios("--all")
        apoa.set_up(serve("ok,reject").base_url)
        apoa.send()
        apoa.save(XIMENA)
        apoa.clock.forward(timedelta(hours=1))
        nagios()
        apoa("sync")
        nagios()
        apoa.save(OBADIAH, *LATE)
        nagios()
        apoa.set_up(serve().base_url, name="kenanga")
        apoa("--property", "kenanga", *QUENTIN.mrz("--no-send", *LATE))
        config = apoa.home / "config.toml"
        for harm in (
            str,  # nothing yet
            lambda: apoa.outbox_file.write_bytes(b"no database" * 100),
            apoa.outbox_file.unlink,
            lambda: config.write_text('language = "xx"\n'),
        ):
            harm()
            nagios()
            nagios("--all")
        screens(apoa, "--property", "melati", "status", "--nagios", "--all", lang=lang)

    def test_no_personal_data(self, apoa: Apoa, serve: Serve) -> None:
        """The line has counts and names of properties alone."""
        apoa.set_up(serve("reject").base_url)
        apoa.save()
        apoa("sync")
        said = apoa("status", "--nagios").all
        assert all(word not in said for word in QUENTIN.words)


def test_the_line_comes_first(away: Apoa) -> None:
    """Then what the command shows without the option; 75. JSON is the same with and without the option."""
    away.save(QUENTIN, *LATE)
    plain, alarm = away("status"), away("status", "--alarm")
    line, _newline, rest = alarm.out.partition("\n")
    assert line.startswith("apoa CRITICAL - melati: 1 overdue | queued=1;;;0")
    assert (rest, alarm.code, plain.code) == (plain.out, 75, 0)
    as_json, with_alarm = away("status", "--json"), away("status", "--json", "--alarm")
    assert (as_json.code, with_alarm.code, as_json.json) == (0, 75, with_alarm.json)
    assert as_json.json["alarm"] == {"level": "critical", "problems": ["overdue"]}


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


def test_one_that_cannot_be_read(configured: Apoa, authority: SandboxServer) -> None:
    """Its error is on stderr below its name, its row says so and is the first, and the exit code is its."""
    assert configured.set_up(authority.base_url, "--display-name", "Wisma Kenanga", name="kenanga").code == 0
    (configured.home / "kenanga" / "outbox.db").write_bytes(b"damaged" * 100)
    shown = configured("status", "--all")
    assert shown.code == 78
    assert shown.err.splitlines()[0] == "Wisma Kenanga (kenanga)"
    assert ["cannot be read" in line for line in shown.out.splitlines()[1:3]] == [True, False]


CHAIN = (PROPERTY, "kenanga", "cempaka")
"""The properties of this computer that are in the shared outbox. A further one, anggrek, is in a file."""


@pytest.fixture
def chain(apoa: Apoa, authority: SandboxServer, postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch) -> Apoa:
    """The program with three properties in one shared outbox, with one login, and one in a file of its own."""
    be_patient(monkeypatch)
    apoa.environ["APOA_OUTBOX_PASSWORD"] = PASSWORD
    for name in (*CHAIN, "anggrek"):
        assert apoa.set_up(authority.base_url, name=name).code == 0
        if name in CHAIN:
            postgres_outbox.add_login(PROPERTY, name)
            assert apoa("--property", name, "config", "set", "outbox", postgres_outbox.address()).code == 0
    return apoa


def save(apoa: Apoa, name: str, guest: Guest) -> None:
    said = apoa("--property", name, *guest.mrz("--no-send"))
    assert said.code == 0, said.err


def documents(apoa: Apoa) -> dict[str, Any]:
    """The document of each property by its name."""
    return {each["property"]: each for each in apoa("status", "--all", "--json").json["properties"]}


def test_each_as_it_is_alone(chain: Apoa) -> None:
    """Every value in the document of each is that of the property's own status; monitoring has the numbers of each."""
    save(chain, "kenanga", QUENTIN)
    save(chain, "cempaka", XIMENA)
    save(chain, "anggrek", OBADIAH)
    assert chain("--property", "cempaka", "sync").code == 0
    said = chain("status", "--all", "--nagios")
    assert said.code == 0
    for name, waiting in (("melati", 0), ("kenanga", 1), ("cempaka", 0), ("anggrek", 1)):
        assert f" {name}_queued={waiting};" in said.out
    chain.clock.time = chain.clock.time.replace(day=28)
    alone = {name: chain("--property", name, "status", "--json").json for name in (*CHAIN, "anggrek")}
    assert documents(chain) == alone
    assert [alone[name]["overdue"] for name in (*CHAIN, "anggrek")] == [0, 1, 0, 1]
    assert chain("status", "--all", "--alarm").code == chain("status", "--all", "--alarm", "--json").code == 75


def test_a_server_that_is_away(chain: Apoa, postgres_outbox: SharedOutbox) -> None:
    """It is said once. What waits on this computer is shown for each, and the property in a file as usual."""
    save(chain, "anggrek", OBADIAH)
    with postgres_outbox.cluster.away():
        save(chain, "kenanga", QUENTIN)
        save(chain, "cempaka", XIMENA)
        shown = chain("status", "--all")
        together = documents(chain)
        monitored = chain("status", "--all", "--nagios")
        alone = chain("--property", "kenanga", "status", "--nagios")
    assert alone.out.startswith("apoa CRITICAL - kenanga: ")
    assert shown.code == Exit.NOT_NOW
    assert shown.err.count("postgresql://melati@") == 1
    [_problem, _advice, only_here] = shown.err.splitlines()
    assert " 2 " in only_here
    row = {words[0]: words for words in map(str.split, shown.out.splitlines()[1:5])}
    assert [row[name][1] for name in ("kenanga", "cempaka", "anggrek")] == ["1", "1", "1"]
    assert {name: each.get("stored") for name, each in together.items()} == {
        **dict.fromkeys((PROPERTY, "anggrek")),
        **dict.fromkeys(("kenanga", "cempaka"), "here"),
    }
    assert together["melati"]["error"]["class"] == "outbox_server_unreachable"
    assert (monitored.code, monitored.out.count("postgresql://melati@")) == (2, 1)
    assert "anggrek_queued=1;" in monitored.out
