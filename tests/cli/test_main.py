"""The door: global options, languages, help, mistakes of theirs and of ours, and how a call ends."""

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import LANGUAGES, NOWHERE, QUENTIN, Apoa, coverage_environment, spoken

from apoa_client import __version__
from apoa_client.cli import main, session
from apoa_client.cli.registry import COMMANDS, SECTIONS, LazyGroup
from apoa_client.cli.terminal import language
from apoa_client.cli.terminal.command_names import ALIASES
from apoa_client.outbox.sqlite.store import SqliteOutbox

HANGUP = [signal.SIGHUP] if sys.platform != "win32" else []
SECRET = "ZYKOWSKI-in-the-exception"


class TestCommands:
    """The tree of commands."""

    def test_every_name_leads_to_a_command(self) -> None:
        """A command is named as a string: each name, alias and help entry leads somewhere, and none is left out."""
        group = LazyGroup("apoa")
        for name in COMMANDS:
            found = group.get_command(None, name)  # type: ignore[arg-type]  # the context is not looked at
            assert found is not None
            assert found.name == name
            assert found.help
            assert getattr(found.callback, "example", "").startswith("apoa ")
        assert set(ALIASES.values()) <= set(COMMANDS)
        assert not set(ALIASES) & set(COMMANDS)
        listed = [name for _title, names in SECTIONS for name in names]
        assert sorted(listed) == sorted(COMMANDS)
        assert group.get_command(None, "nothing") is None  # type: ignore[arg-type]  # as above

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_main_help_has_sections(self, apoa: Apoa, lang: str) -> None:
        """In the order of a day's work, each command with its Indonesian name and one line."""
        said = apoa("--help", lang=lang)
        assert (said.code, said.err) == (0, "")
        titles = [spoken(lang, title) for title, _names in SECTIONS]
        at = [said.out.index(f"\n{title}:\n") for title in titles]
        assert at == sorted(at)
        for alias, name in ALIASES.items():
            assert re.search(rf"^  {name} \[{alias}\]  +\S", said.out, re.MULTILINE)
        assert apoa(lang=lang).code == 2  # no command at all: the same help, as a mistake

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("name", [*COMMANDS, *ALIASES])
    def test_every_command_has_help_with_an_example(self, apoa: Apoa, name: str, lang: str) -> None:
        """-h and --help, in both languages, without any set-up."""
        said = apoa(name, "--help", lang=lang)
        assert (said.code, said.err) == (0, "")
        assert f"{spoken(lang, 'Example')}:\n  apoa {ALIASES.get(name, name)}" in said.out
        assert apoa(name, "-h", lang=lang).out == said.out

    @pytest.mark.parametrize("alias", ALIASES)
    def test_an_indonesian_name_is_the_same_command(self, alias: str) -> None:
        """The very same."""
        group = LazyGroup("apoa")
        both = [group.get_command(None, name) for name in (alias, ALIASES[alias])]  # type: ignore[arg-type]  # as above
        assert both[0] is both[1]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_an_unknown_command(self, apoa: Apoa, lang: str) -> None:
        """Exit 2, with the command that was probably meant, or where to look; control characters are not repeated."""
        near = apoa("reprot", lang=lang)
        assert near.code == 2
        assert spoken(lang, "Did you mean: apoa {command}", command="report") in near.err
        indonesian = apoa("kirm", lang=lang)
        assert spoken(lang, "Did you mean: apoa {command}", command="kirim") in indonesian.err
        far = apoa("x\x1b[2Jyz", lang=lang)
        assert spoken(lang, "See: apoa --help") in far.err
        assert "\x1b" not in far.all

    @pytest.mark.parametrize(
        "arguments", [["report", "--nosuch"], ["--nosuch"], ["show"], ["list", "--state"], ["show", "a", "b"]]
    )
    def test_usage_mistakes(self, apoa: Apoa, arguments: list[str]) -> None:
        """Exit 2, on stderr, in the reader's language."""
        english, indonesian = apoa(*arguments), apoa(*arguments, lang="id")
        assert english.code == indonesian.code == 2
        assert english.out == indonesian.out == ""
        assert english.err.splitlines()[-1].startswith("Error: ")
        assert indonesian.err.splitlines()[-1].startswith("Salah: ")

    @pytest.mark.parametrize("option", ["--agian", "--agin", "--yess", "--forced", "--plan"])
    def test_a_mistyped_option(self, apoa: Apoa, option: str) -> None:
        """None is suggested that would set a question or a check aside."""
        for command in ("report", "amend", "purge", "restore"):
            said = apoa(command, option)
            assert said.code == 2
            assert option in said.err
            for dangerous in ("--again", "--yes", "--force"):
                assert dangerous not in said.err.replace(option, "")

    def test_another_mistyped_option(self, apoa: Apoa) -> None:
        """The one that was probably meant is suggested."""
        assert "'--room'" in apoa("report", "--rom", "7").err

    def test_version(self, apoa: Apoa) -> None:
        """One line, the same in every language, and with broken settings too."""
        apoa.home.mkdir()
        (apoa.home / "config.toml").write_text("[")
        del apoa.environ["APOA_LANG"]
        assert apoa("--version") == (0, f"apoa {__version__}\n", "")

    def test_contract(self, apoa: Apoa) -> None:
        """The file as it is, with nothing before or after it."""
        said = apoa("contract")
        assert said.code == 0
        assert said.out.startswith("openapi: 3.1")
        assert said.out == Path(main.__file__).parents[1].joinpath("authority", "openapi.yaml").read_text(
            encoding="utf-8"
        )


class TestLanguages:
    """--lang, then APOA_LANG, then the settings, then the system's locale, then English."""

    @staticmethod
    def _tongue(apoa: Apoa, *options: str, **environ: str) -> str:
        """The language in which an unknown report is spoken of."""
        said = apoa(*options, "show", "zzzz", **environ)
        return next(lang for lang in LANGUAGES if spoken(lang, "There is no report {id}.", id="zzzz") in said.err)

    def test_the_order(self, apoa: Apoa) -> None:
        """Each one is overruled by those before it."""
        apoa.set_up(NOWHERE)
        del apoa.environ["APOA_LANG"]
        assert self._tongue(apoa) == "en"
        assert self._tongue(apoa, LANG="id_ID.UTF-8") == "id"
        assert self._tongue(apoa, LANG="id_ID.UTF-8", LC_MESSAGES="en_GB.UTF-8") == "en"
        assert self._tongue(apoa, LANG="en_US.UTF-8", LC_ALL="in_ID") == "id"
        assert self._tongue(apoa, LANG="fr_FR.UTF-8") == "en"
        apoa.set_up(NOWHERE, "--language", "id")
        assert self._tongue(apoa, LANG="en_US.UTF-8") == "id"
        assert self._tongue(apoa, LANG="id_ID.UTF-8", APOA_LANG="en") == "en"
        assert self._tongue(apoa, "--lang", "id", APOA_LANG="en") == "id"
        assert self._tongue(apoa, "--lang=en", APOA_LANG="id") == "en"

    @pytest.mark.parametrize(
        "arguments",
        [
            ["show", "zzzz", "--lang", "id"],
            ["show", "--lang=id", "zzzz"],
            ["show", "--lang", "id", "--", "zzzz"],
            ["-q", "show", "zzzz", "--lang=id", "--plain", "--json"],
        ],
    )
    def test_behind_the_command(self, away: Apoa, arguments: list[str]) -> None:
        """As well as before it: whoever adds it at the end is understood."""
        said = away(*arguments)
        assert said.code == away("show", "zzzz").code
        assert spoken("id", "There is no report {id}.", id="zzzz") in said.err

    def test_behind_a_bare_double_hyphen(self, away: Apoa) -> None:
        """Nothing is an option any more."""
        assert spoken("en", "There is no report {id}.", id="--plain") in away("show", "--", "--plain").err

    def test_a_language_that_is_none(self, apoa: Apoa) -> None:
        """As an option, a usage mistake; in a variable, not heeded."""
        assert apoa("--lang", "de", "status").code == 2
        assert apoa("--lang").code == 2
        for behind in (["status", "--lang", "de"], ["status", "--lang"]):
            said = apoa(*behind)
            assert said.code == 2
            assert "'--lang'" in said.err
            assert "'id', 'en'" in said.err
        assert apoa("status", APOA_LANG="de").code == 78

    def test_broken_settings_are_told_in_the_systems_language(self, apoa: Apoa) -> None:
        """The settings cannot say which language; the locale can."""
        apoa.home.mkdir()
        (apoa.home / "config.toml").write_text("[")
        del apoa.environ["APOA_LANG"]
        said = apoa("status", LANG="id_ID.UTF-8")
        assert said.code == 78
        assert "Correct that line" not in said.err

    def test_windows_asks_its_own_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Windows has no LANG; its own names of languages are known."""
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setattr("locale.getlocale", lambda: ("Indonesian_Indonesia", "1252"))
        assert language.system_language({}) == "id"
        monkeypatch.setattr("locale.getlocale", lambda: (None, None))
        assert language.system_language({}) == "en"

    @pytest.mark.parametrize(
        ("name", "known"),
        [
            ("id", "id"),
            ("id_ID.UTF-8", "id"),
            ("ID-id", "id"),
            ("in", "id"),
            ("en.UTF-8", "en"),
            ("C.UTF-8", ""),
            ("", ""),
            ("ide", ""),
        ],
    )
    def test_names_of_locales(self, name: str, known: str) -> None:
        """POSIX's, Windows' and the old code of Indonesian."""
        assert language.parse_language(name) == known


class TestMistakesOfOurs:
    """A bug: exit 1, an apology, no traceback, and never the exception's own text, which may hold a guest's data."""

    @pytest.fixture(autouse=True)
    def _bug(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_args: object, **_options: object) -> None:
            raise RuntimeError(SECRET)

        monkeypatch.setattr(SqliteOutbox, "summary", fail)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_is_confessed(self, away: Apoa, lang: str) -> None:
        """Its class and place, and what to do."""
        said = away("status", lang=lang)
        assert (said.code, said.out) == (1, "")
        assert "RuntimeError" in said.err
        assert spoken(lang, "What was saved is kept. Please report it, with what this shows: apoa -v ...") in said.err
        assert "Traceback" not in said.err
        assert "File " not in said.err
        assert SECRET not in said.err

    @pytest.mark.parametrize("verbosity", ["-v", "-vv"])
    def test_is_shown_to_who_asks(self, away: Apoa, verbosity: str) -> None:
        """-v: where in the code, and still not the exception's text."""
        said = away(verbosity, "status")
        assert said.code == 1
        assert "status.py" in said.err
        assert SECRET not in said.err


class TestHowACallEnds:
    """Ctrl-C, a reader who left, and a stream that cannot speak."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_interrupted(self, away: Apoa, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Exit 130, as a shell counts SIGINT; what was saved is kept."""

        def interrupt(*_args: object, **_options: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("apoa_client.delivery.sync.deliver", interrupt)
        said = away(*QUENTIN.mrz(), lang=lang)
        assert said.code == 130
        assert spoken(lang, "Stopped. What was saved is kept.") in said.err
        assert len(away.reports()) == 1

    @pytest.mark.parametrize(
        ("number", "code"),
        [(signal.SIGINT, 130), (signal.SIGTERM, 143), *[(hangup, 143) for hangup in HANGUP]],
    )
    def test_interrupted_while_somebody_is_asked(self, away: Apoa, number: signal.Signals, code: int) -> None:
        """At a question as anywhere else: a shell sees which signal it was."""

        def asked(_question: str) -> str:
            signal.raise_signal(number)
            raise AssertionError

        away.monkeypatch.setattr("click.termui.visible_prompt_func", asked)
        said = away("report", keys=[])
        assert said.code == code
        assert "Stopped. What was saved is kept." in said.err

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [(["contract"], 0), (["--help"], 0), (["status", "--json"], 78), (["show", "zzzz", "--json"], 78)],
    )
    def test_a_reader_who_left(self, home: Path, arguments: list[str], code: int) -> None:
        """`apoa list | head`: no complaint, and the exit code that it would have been."""
        command = [sys.executable, "-m", "apoa_client", *arguments]
        reading, writing = os.pipe()
        os.close(reading)
        environ = {"APOA_HOME": str(home), "APOA_LANG": "en", **coverage_environment()}
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=environ, check=False, timeout=30)
        os.close(writing)
        assert (done.returncode, done.stderr) == (code, b"")

    def test_a_console_that_cannot_spell_a_name(
        self, away: Apoa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """A code page without the letter shows the nearest that it has; the report is saved."""
        with (tmp_path / "console").open("w", encoding="cp1252") as console:
            monkeypatch.setattr(sys, "stdout", console)
            code = main.run(QUENTIN.typed("--surname", "MUŐOZ", "--no-send"), away.environ, away.clock)
        assert code == 0
        assert "MUOOZ" in (tmp_path / "console").read_text(encoding="cp1252")

    def test_a_program_without_streams(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Windows' pythonw has none at all."""
        for name in ("stdin", "stdout", "stderr"):
            monkeypatch.setattr(sys, name, None)
        assert main.run(["status"], away.environ, away.clock) == 0


class TestTheLog:
    """-v, -vv, --log-file: ids and classes of errors."""

    def test_nothing_is_logged_unasked(self, configured: Apoa) -> None:
        """No handler, no line."""
        configured(*QUENTIN.mrz())
        assert not logging.getLogger("apoa_client").handlers

    @pytest.mark.parametrize("options", [["-v"], ["-vv"], ["-vvvv"]])
    def test_to_stderr(self, configured: Apoa, options: list[str]) -> None:
        """More of what is done, and nothing personal."""
        said = configured(*options, *QUENTIN.mrz())
        assert said.code == 0
        log = "\n".join(line for line in said.err.splitlines() if re.match(r"\d{4}-\d\d-\d\d ", line))
        assert not [word for word in QUENTIN.words if word in log]

    def test_to_a_file(self, configured: Apoa, tmp_path: Path) -> None:
        """The file is the owner's alone; stderr stays as it was."""
        path = tmp_path / "apoa.log"
        said = configured("-vv", "--log-file", str(path), *QUENTIN.mrz())
        assert (said.code, said.err) == (0, "")
        assert "from" in path.read_text()
        assert os.name == "nt" or path.stat().st_mode & 0o777 == 0o600
        assert not [word for word in QUENTIN.words if word in path.read_text()]

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_file_that_cannot_be_written(self, configured: Apoa, tmp_path: Path, lang: str) -> None:
        """Exit 78, before anything is done."""
        path = tmp_path / "missing" / "apoa.log"
        said = configured("--log-file", str(path), *QUENTIN.mrz(), lang=lang)
        assert said.code == 78
        assert spoken(lang, "Choose another file, or leave --log-file out.") in said.err
        assert configured.reports() == []


def test_an_error_is_a_document_for_scripts(apoa: Apoa) -> None:
    """--json: class, message and advice on stdout, the words on stderr as ever."""
    said = apoa("status", "--json")
    assert said.code == 78
    assert json.loads(said.out) == {
        "error": {
            "class": "settings_problem",
            "message": "Nothing is set up here yet.",
            "advice": "Set it up with: apoa setup",
        }
    }
    assert "apoa setup" in said.err


def test_the_session_shows_no_environment() -> None:
    """A repr of the session holds no secret of the environment."""
    assert "rahasia" not in repr(session.Session({"APOA_PASSWORD": "rahasia"}))


def test_main_reads_the_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    """The installed command's own door: arguments, environment and clock are the process's."""
    monkeypatch.setenv("APOA_HOME", str(home))
    monkeypatch.setattr(sys, "argv", ["apoa", "--version"])
    assert main.main() == 0
    monkeypatch.setattr(
        sys, "argv", ["apoa", "setup", "--non-interactive", "--training", "--property", "a", "--vault", "file"]
    )
    assert main.main() == 0
    assert "is set up" in capsys.readouterr().out


class TestTheDemo:
    """What it does when a promise is broken; that it keeps them all is shown by a journey."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_broken_promise_is_shown(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
        """Exit 1, the promise marked, and named again in the last line."""
        answer = '{"reports": [{"state": "rejected", "receipt": null, "short_id": "x"}]}'

        def call(*_args: object, **_options: object) -> "subprocess.CompletedProcess[str]":
            return subprocess.CompletedProcess([], 0, answer, "")

        monkeypatch.setattr("apoa_client.cli.commands.demo_script._Demo._call", call)
        said = apoa("demo", lang=lang)
        assert said.code == 1
        promise = spoken(lang, "Three guests have receipts")
        assert f"[!!] {promise}" in said.out
        assert promise in said.out.splitlines()[-1]
        assert "apoa report -> 0" in said.out  # the mistyped one should have been refused


class TestTheSandbox:
    """`apoa sandbox`, but for what a journey shows."""

    def test_its_screen(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """The address, the account, and that nothing here reaches Immigration; Ctrl-C ends it."""

        def interrupt(*_args: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("apoa_client.cli.commands.sandbox._wait_for_ctrl_c", interrupt)
        said = apoa("sandbox", "--port", "0")
        assert said.code == 130
        assert re.search(r"http://127\.0\.0\.1:\d+/v1\n", said.out)
        assert "password: latihan" in said.out
        assert "Nothing here reaches Immigration" in said.err
        secret = apoa("sandbox", "--port", "0", APOA_SANDBOX_PASSWORD="rahasia")
        assert "rahasia" not in secret.all
        assert "$APOA_SANDBOX_PASSWORD" in secret.out

    def test_what_cannot_be(self, apoa: Apoa, tmp_path: Path) -> None:
        """A fault that nobody knows, a port that is none or is taken: a usage or settings mistake."""
        assert apoa("sandbox", "--fault", "hiccup").code == 2
        assert apoa("sandbox", "--port", "70000").code == 2
        with socket.create_server(("127.0.0.1", 0)) as taken:
            said = apoa("sandbox", "--port", str(taken.getsockname()[1]), "--memory", str(tmp_path / "m.db"))
        assert said.code == 78
