"""The entry point: global options, languages, help, usage errors, bugs, and how a call ends."""

import logging
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from cli_helpers import LANGUAGES, NOWHERE, QUENTIN, Apoa, all_commands, child_environment, raising, spoken, typed_in
from screens import Screens

from apoa_client import __version__
from apoa_client.cli import main, session
from apoa_client.cli.commands.sandbox import GUESTS
from apoa_client.cli.guide.guides import reference_server
from apoa_client.cli.main import Program
from apoa_client.cli.main import apoa as program
from apoa_client.cli.registry import CommandGroup, Option, example_of
from apoa_client.cli.terminal.command_names import (
    ALIASES,
    COMMANDS,
    DAILY,
    OPTIONS,
    SECTIONS,
    SUBCOMMAND_ALIASES,
    SYNONYMS,
    both_names,
    in_indonesian,
)
from apoa_client.outbox.sqlite.store import SqliteOutbox

HANGUP = [signal.SIGHUP] if sys.platform != "win32" else []
SECRET = "ZYKOWSKI-in-the-exception"


class TestCommands:
    """The commands, their names and their help."""

    def test_every_name_is_a_command(self) -> None:
        """Each name, alias and help entry is a command, and each command is in the help."""
        group = Program("apoa")
        context = click.Context(group)
        for name in COMMANDS:
            found = group.get_command(context, name)
            assert found is not None
            assert found.name == name
            assert found.help
            assert example_of(found).startswith("apoa ")
            assert "'" not in example_of(found)  # it can be pasted into cmd and PowerShell
        assert set(ALIASES.values()) <= set(COMMANDS)
        for alias, name in ALIASES.items():
            assert group.get_command(context, alias) is group.get_command(context, name)
        assert not set(ALIASES) & set(COMMANDS)
        listed = [name for _title, names in SECTIONS for name in names]
        assert sorted(listed) == sorted(COMMANDS)
        assert group.get_command(context, "nothing") is None

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_main_help_has_the_commands_of_daily_work(self, apoa: Apoa, lang: str) -> None:
        """Nine commands, and how to see the others."""
        result = apoa("--help", lang=lang)
        assert (result.code, result.err) == (0, "")
        listed = result.out.partition(f"\n{spoken(lang, 'Daily work')}:\n")[2]
        assert len(re.findall(r"^  \S", listed, re.MULTILINE)) == len(DAILY) == 9
        assert spoken(lang, "All commands: apoa --help-all. What to do when: apoa help") in " ".join(listed.split())

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_has_help_with_an_example(self, apoa: Apoa, name: str, lang: str) -> None:
        """`-h` and `--help` show an example in both languages, without a property."""
        result = apoa(name, "--help", lang=lang)
        assert (result.code, result.err) == (0, "")
        example = typed_in(lang, f"apoa {name}")
        assert f"{spoken(lang, 'Example')}:\n  {example}" in result.out
        assert f"{spoken(lang, 'Usage:')} {example} {spoken(lang, '[OPTIONS]')}" in result.out
        if lang == "id":  # in words, without formulas, and with files of Indonesian names
            assert in_indonesian(result.out) == result.out
            assert not re.search(r"RANGE|x>|<=x|(guests|figures)\.\w+", result.out)
        assert lang == "id" or apoa(name, "-h", lang=lang).out == result.out

    def test_every_command_and_option_has_an_indonesian_name(self) -> None:
        """Every name has an Indonesian one, except words of both languages, and no two names mean the same thing."""
        same = {"status", "info", "demo"}
        assert set(COMMANDS) == {*ALIASES.values(), *same}
        context = click.Context(Program("apoa"))
        for name, aliases in SUBCOMMAND_ALIASES.items():
            group = Program("apoa").get_command(context, name)
            assert isinstance(group, CommandGroup)
            assert sorted(aliases.values()) == sorted(group.list_commands(click.Context(group)))
        same_options = {"--alarm", "--check-in", "--email", "--format", "--html", "--input", "--json"}
        same_options |= {"--junit", "--mrz", "--nagios", "--pdf", "--port", "--poster"}
        for _path, found in all_commands(program):
            names = [name for each in found.command.params if isinstance(each, Option) for name in each.opts]
            assert {name for name in names if name.startswith("--")} <= {*OPTIONS, *same_options}
            indonesian = [OPTIONS.get(name, name) for name in names]
            assert len({*names, *indonesian}) == len(names) + sum(map(str.__ne__, names, indonesian))
        shared = Counter(OPTIONS.values()).most_common(2)
        assert [count for _name, count in shared] == [2, 1]  # --latihan, of the program and of `apoa setup`
        assert set(SYNONYMS.values()) <= set(COMMANDS)
        assert not set(SYNONYMS) & {*COMMANDS, *ALIASES}

    def test_both_languages_are_understood(self, away: Apoa) -> None:
        """Names of both languages work in both, and each screen has those of its reader's."""
        for arguments in (["daftar", "--menginap", "--kamar", "7"], ["list", "--in-house", "--room", "7"]):
            for lang in LANGUAGES:
                assert away(*arguments, lang=lang).code == 0
        assert "--room" not in away("list", "--help", lang="id").out
        assert "--kamar" not in away("daftar", "--bantuan", lang="en").out
        assert away("list", "--bahasa", "id", "--polos").out == away("list", "--lang=id", "--plain").out
        assert "apoa kunci ganti" in away("key", "rotate", "--help", lang="id").out
        assert "apoa key rotate" in away("kunci", "ganti", "--help", lang="en").out

    def test_no_value_is_lost(self, apoa: Apoa) -> None:
        """Of every command, an option that takes one value and is given twice, by two names, is a usage error."""
        tried = 0
        for path, context in all_commands(program):
            for each in context.command.params:
                if not isinstance(each, Option) or each.is_flag or each.count or each.multiple:
                    continue
                tried += 1
                english, *_same, indonesian = [each.declared_name, *both_names(each.declared_name, *path[:1])]
                value = "id" if english == "--lang" else "1"
                result = apoa(*path, english, value, indonesian, "2", lang="id")
                assert (result.code, result.out) == (2, ""), (path, english)
                said = spoken("id", "{option} takes one value, and was given more than once.", option=indonesian)
                assert said in result.err
        assert tried > 100

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_wrong_usage(self, apoa: Apoa, screens: Screens, lang: str) -> None:
        """Exits with 2, and stderr says what was probably meant: also for other words that people try."""
        words = ["reprot", "kirm", "tamu", "guest", "amned", "xyzzy", "report --nosuch", "report --rom 7", "--nosuch"]
        words += ["daftar --kamr 7", "list --romm 7", "key recover a", "list --state", "list a b"]
        for each in words:
            said = screens(apoa, *each.split(), lang=lang)
            assert (said.code, said.out) == (2, "")

    @pytest.mark.parametrize("option", ["--agian", "--agin", "--yess", "--forced", "--plan"])
    def test_no_confirming_option_is_suggested(self, apoa: Apoa, option: str) -> None:
        """No option that skips a question or a check is suggested for a mistyped one."""
        for command in ("report", "amend", "purge", "restore"):
            result = apoa(command, option)
            assert result.code == 2
            assert option in result.err
            for dangerous in ("--again", "--yes", "--force"):
                assert dangerous not in result.err.replace(option, "")

    def test_version(self, apoa: Apoa) -> None:
        """`--version` prints one line in every language, also with invalid settings."""
        apoa.home.mkdir()
        (apoa.home / "config.toml").write_text("[")
        del apoa.environ["APOA_LANG"]
        assert apoa("--version") == (0, f"apoa {__version__}\n", "")

    def test_contract(self, apoa: Apoa) -> None:
        """`apoa contract` prints the contract's file unchanged, as YAML unless JSON or the guide's server is wanted."""
        folder = Path(main.__file__).parents[1] / "authority"
        assert apoa("contract") == (0, (folder / "openapi.yaml").read_text(encoding="utf-8"), "")
        assert apoa("contract", "--format", "json") == (0, (folder / "openapi.json").read_text(encoding="utf-8"), "")
        assert apoa("contract", "--format", "python") == (0, reference_server(), "")


class TestHowACallEnds:
    """Bugs, signals, a closed pipe and unusable streams end a call without a traceback and an exception's text."""

    @pytest.mark.parametrize("arguments", [["status"], ["-v", "status"], ["-vv", "status"], ["status", "--json"]])
    def test_a_bug_is_shown_without_its_text(self, away: Apoa, arguments: list[str]) -> None:
        """By its class, with how to report it; with `-v` by its place too; with `--json` as a document too."""
        away.monkeypatch.setattr(SqliteOutbox, "summary", raising(RuntimeError(SECRET)))
        result = away(*arguments)
        assert (result.code, SECRET in result.all, "Traceback" in result.all) == (1, False, False)
        assert "RuntimeError" in result.err
        assert ("status.py" in result.err) == arguments[0].startswith("-v")
        if "--json" in arguments:
            assert result.json["error"]["class"] == "bug"

    @pytest.mark.parametrize(
        ("number", "code"),
        [(signal.SIGINT, 130), (signal.SIGTERM, 143), *[(hangup, 143) for hangup in HANGUP]],
    )
    def test_interrupted_during_a_question(self, away: Apoa, number: signal.Signals, code: int) -> None:
        """A signal during a question gives the exit code of that signal."""

        def interrupt(_question: str) -> str:
            signal.raise_signal(number)
            raise AssertionError

        away.monkeypatch.setattr("click.termui.visible_prompt_func", interrupt)
        result = away("report", keys=[])
        assert result.code == code
        assert "Stopped. What was saved is kept." in result.err

    def test_a_closed_pipe(self, home: Path) -> None:
        """When the reader of stdout closes the pipe, the call prints no error and keeps its exit code."""
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-m", "apoa_client", "status", "--json"],
            stdout=writing,
            stderr=subprocess.PIPE,
            env={"APOA_HOME": str(home), "APOA_LANG": "en", **child_environment()},
            check=False,
            timeout=30,
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (78, b"")


class TestTheLog:
    """`-v`, `-vv` and `--log-file` write a log without personal data."""

    @pytest.mark.parametrize("options", [[], ["-v"], ["-vv"], ["-vvvv"]])
    def test_to_stderr(self, configured: Apoa, options: list[str]) -> None:
        """Without an option there is none; it has no guest data."""
        result = configured(*options, *QUENTIN.mrz())
        log = "\n".join(line for line in result.err.splitlines() if re.match(r"\d{4}-\d\d-\d\d ", line))
        assert (result.code, bool(log)) == (0, bool(options))
        assert bool(logging.getLogger("apoa_client").handlers) == bool(options)
        assert not [word for word in QUENTIN.words if word in log]

    def test_to_a_file(self, configured: Apoa, tmp_path: Path) -> None:
        """The log file is private and has no guest data, and stderr is empty."""
        path = tmp_path / "apoa.log"
        result = configured("-vv", "--log-file", str(path), *QUENTIN.mrz())
        assert (result.code, result.err) == (0, "")
        assert "from" in path.read_text()
        assert os.name == "nt" or path.stat().st_mode & 0o777 == 0o600
        assert not [word for word in QUENTIN.words if word in path.read_text()]

    @pytest.mark.skipif(os.name == "nt", reason="only an administrator makes links there")
    @pytest.mark.parametrize("target", ["there", "missing"])
    def test_a_link_is_not_followed(
        self, configured: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
    ) -> None:
        """A link that another user has put there neither changes nor makes a file; also one put there just now."""
        (tmp_path / "there").write_text("mine")
        (tmp_path / "apoa.log").symlink_to(tmp_path / target)
        options = ["-vv", "--log-file", str(tmp_path / "apoa.log"), "status"]
        result = configured(*options)
        assert result.code == 78
        assert "it is a link to another file" in result.err
        with monkeypatch.context() as patch:
            patch.setattr(Path, "is_symlink", lambda _path: False)
            assert configured(*options).code == 78
        assert ((tmp_path / "there").read_text(), (tmp_path / "missing").exists()) == ("mine", False)

    def test_a_file_that_cannot_be_written(self, configured: Apoa, tmp_path: Path) -> None:
        """A log file that cannot be written exits with 78 before the command does anything."""
        assert configured("--log-file", str(tmp_path / "missing" / "apoa.log"), *QUENTIN.mrz()).code == 78
        assert configured.reports() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a working directory")
def test_a_deleted_working_directory(away: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not needed: reports are saved and read; a home that would be in it is refused."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    away.save()
    assert away("status").code == 0
    backup = away("backup", "x.db")
    assert (backup.code, "There is no folder ." in backup.err) == (2, True)
    for home in ("here", "~nosuchuser/apoa"):
        result = away("status", APOA_HOME=home)
        assert (result.code, "APOA_HOME is not the full path of a folder" in result.err) == (78, True)


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
class TestFilesThatOthersCanChange:
    """A user who can exchange the settings or the outbox decides where reports go and who reads them."""

    @pytest.mark.parametrize("name", [".", "config.toml", "melati", "melati/outbox.db", "melati/outbox.db-wal"])
    def test_they_are_not_used(self, away: Apoa, name: str) -> None:
        """Every command that needs them ends with 78 and the command that corrects it, and then works again."""
        away.save()
        path = away.home / name
        path.touch()
        path.chmod(0o777)
        for command in (["status"], ["list"], ["sync"], QUENTIN.mrz("--no-send"), ["backup", str(away.home / "x")]):
            result = away(*command)
            assert (result.code, f"chmod go-w {path}" in result.err) == (78, True), command
        for command in (["help"], ["--version"], ["check", *QUENTIN.mrz()[1:5]]):  # they read no settings
            assert away(*command).code == 0
        path.chmod(0o700)
        assert len(away.reports()) == 1

    def test_nothing_is_set_up_where_others_can_write(self, apoa: Apoa) -> None:
        """They could exchange the folder."""
        shared = apoa.home / "shared"
        shared.mkdir(parents=True)
        shared.chmod(0o777)
        result = apoa(*TRAINING, APOA_HOME=str(shared / "home"))
        assert (result.code, f"chmod go-w {shared}" in result.err) == (78, True)
        assert not (shared / "home").exists()


TRAINING = ["setup", "--non-interactive", "--training", "--property", "a", "--vault", "file"]


def test_the_session_shows_no_environment() -> None:
    """A repr of the session holds no secret of the environment."""
    assert "rahasia" not in repr(session.Session({"APOA_PASSWORD": "rahasia"}))


def test_main_uses_the_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path) -> None:
    """`main` uses the arguments, the environment and the clock of the process."""
    # A thread that an earlier test left would make it end this process on Windows, as it does after an interruption.
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setenv("APOA_HOME", str(home))
    monkeypatch.setattr(sys, "argv", ["apoa", "--version"])
    assert main.main() == 0
    monkeypatch.setattr(sys, "argv", ["apoa", *TRAINING])
    assert main.main() == 0
    assert "is set up" in capsys.readouterr().out


class TestPrograms:
    """`apoa demo` and `apoa sandbox`, which journeys run as a whole."""

    def test_no_command_of_the_demo_has_passport_data(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Other accounts can read a command's arguments: the guests come on standard input."""
        calls: list[tuple[str, str]] = []

        def call(_demo: object, arguments: list[str], typed: str, **_options: object) -> Any:
            calls.append((" ".join(arguments), typed))
            return subprocess.CompletedProcess([], 0, '{"reports": [{"state": "x", "receipt": null, "short_id": "x"}]}')

        monkeypatch.setattr("apoa_client.cli.commands.sandbox._Demo._call", call)
        apoa("demo")
        for guest in GUESTS:
            private = (guest.surname, guest.number)
            assert not any(word in arguments for arguments, _typed in calls for word in private)
            assert any(guest.number in typed for _arguments, typed in calls)

    def test_the_screen_of_the_sandbox(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """The screen shows the address, the account, and that nothing reaches Immigration; Ctrl-C ends the command."""
        sleeping = SimpleNamespace(sleep=raising(KeyboardInterrupt()))
        monkeypatch.setattr("apoa_client.cli.commands.sandbox.time", sleeping)
        result = apoa("sandbox", "--port", "0")
        assert result.code == 130
        assert re.search(r"http://127\.0\.0\.1:\d+/v1\n", result.out)
        shown = re.search(r"password: (\S{16})\n", result.out)
        again = apoa("sandbox", "--port", "0").out
        assert shown is not None
        assert shown[1] not in again
        assert "Nothing here reaches Immigration" in result.err
        secret = apoa("sandbox", "--port", "0", APOA_SANDBOX_PASSWORD="rahasia")
        assert "rahasia" not in secret.all
        assert "$APOA_SANDBOX_PASSWORD" in secret.out

    def test_a_port_of_the_sandbox_in_use(self, apoa: Apoa, tmp_path: Path) -> None:
        """A port in use is a settings error."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            result = apoa("sandbox", "--port", str(taken.getsockname()[1]), "--memory", str(tmp_path / "m.db"))
        assert result.code == 78


SET_UP = "setup --non-interactive --property baru --vault file"
CALLS = f"""
check --photo q.jpg --mrz P<POL
check --photo q.jpg --photo x.jpg --surname X
checkout
checkout abc --room 7
checkout --all-due --room 7
config set retention_days 0
config set notify yes
config set language fr
config set by_hand_order visa
config set office ''
config set password kuda
config set private_key abc
config set public_key abc
config set index_key ab
config set environment production
config set property_id x
config set delivery manual
config set vault keyring
contract test {NOWHERE} --username u --yes --json --html -
contract test {NOWHERE} --username u --yes --junit - --html -
export --codes
export --json --format csv
export -o no/folder.csv
info --name Melati
info --force
info law --poster -
info --json --poster -
list --in-house --history
log --report zzzz
log --since zzzz
log --accept --report 1
log --verify --since 2026-11-01
purge --guest zzzz
receipt
receipt x --html a --pdf b
receipt x --html a --json
receipt x --from 2026-11-24
receipt x --output d
receipt --all
receipt --all x --output d
receipt --all --html a --output d
receipt --all --output d --from entah
receipt --all --output d --from 2026-11-25 --to 2026-11-24
receipt --day 2026-11-24 2e8b11aa
receipt --day 2026-11-24 --html -
receipt --day 2026-11-24 --all --output x
receipt --day 2026-11-24 --json --pdf x.pdf
received x
report --photo page.jpg --mrz P<POL
report --photo page.jpg --input guest.json
report --photo 1.jpg --photo 2.jpg --surname OTHER
sandbox --fault hiccup
sandbox --port 70000
{SET_UP}
{SET_UP} --api-url {NOWHERE}
{SET_UP} --api-url {NOWHERE} --username u
{SET_UP} --api-url {NOWHERE} --username u --password-stdin
{SET_UP} --by-hand --training
{SET_UP} --by-hand --api-url https://example.org/v1
{SET_UP} --training --timezone Asia/Singapore
{SET_UP} --training --language de
{SET_UP} --vault drawer
{SET_UP} --api-url https://u:rah4sia@authority.example/v1
{SET_UP} --api-url https://apoa.imigrasi.go.id/
show x --photo a --json
stats --month 2026-13
stats --month november
stats --month 2026-12
sync --scheduled --by-hand
sync --scheduled --sheet x.html
sync --all --by-hand
--property melati sync --all
sync --wait 0
sync --wait -1
sync --wait inf
sync --follow --scheduled
sync --follow --wait 5
sync --follow --json
sync --follow --by-hand
sync --follow --sheet x.html
sync --page --all
sync --page --sheet -
"""
TYPED_SECRETS = ("kuda", "rah4sia")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_wrong_calls(away: Apoa, screens: Screens, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    """One error and what to do, before anything is asked, sent or written; no secret is repeated."""
    monkeypatch.chdir(away.home.parent)
    before = {path: path.read_bytes() for path in away.home.rglob("*") if path.is_file()}
    for call in CALLS.strip().splitlines():
        said = screens(away, *shlex.split(call), lang=lang)
        assert said.code in {2, 77, 78}, said.all
        assert not [secret for secret in TYPED_SECRETS if secret in said.all]
        assert "--json" in call or (said.out == "" and said.err)
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(path.name for path in away.home.parent.iterdir()) == [away.home.name]
