"""`apoa setup` at a terminal: one question at a time; nothing is stored before the end."""

import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import click
import pytest
from cli_helpers import LANGUAGES, NOWHERE, PASSWORD, Apoa, CallResult, Serve, raising, spoken
from schedule_helpers import PROGRAM, Crontab, Tools, use
from screens import Screens

from apoa_client.schedule.interface import ToolResult

PRACTICE = ["melati", "", "WIB", "1"]
"""The shortest way through, after the language."""
SERVER = ["en", "melati", "", "WIB", "2", NOWHERE]
"""The answers for a server, up to the username."""
LOGIN = ["wisma", PASSWORD, ""]
CODE = "WAVHW-CWX9D-YSVC2-BX8Z4-XVEKF-YM6SE-3KB7T"
WEBSITE = "apoa.imigrasi.go.id"
ACCOUNT = "The authority does not accept the username and password."
STOPPED = "Nothing was set up. Begin again at any time: apoa setup"


@pytest.fixture(autouse=True)
def fixed_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recovery code is on the screens."""
    monkeypatch.setattr("apoa_client.vault.recovery.new_code", lambda: CODE)


def settings(apoa: Apoa, name: str = "melati") -> dict[str, Any]:
    value: dict[str, Any] = tomllib.loads((apoa.home / "config.toml").read_text())["property"][name]
    return value


def set_up(apoa: Apoa, keys: Sequence[str], *options: str, lang: str = "en") -> CallResult:
    """Set up at a terminal, with the secrets in a file."""
    return apoa("setup", "--vault", "file", *options, keys=keys, lang=lang)


Call = tuple[Sequence[str], Sequence[str]]
"""Options, and what the user types."""

CONVERSATIONS: Mapping[str, Sequence[Call | str]] = {
    "the chosen language at once": [([], ["id", *PRACTICE]), (["--language", "en"], PRACTICE)],
    "an unknown language": ["?", "deutsch", "Inggris", *PRACTICE],
    "each question has help": [
        *("id", "?", "melati", "?", "", "?", "WIB", "?", "2", "?", NOWHERE, "?", "wisma", PASSWORD, "")
    ],
    "short names": [([], ["en", called, "", "", "", ""]) for called in ("Wisma Melati", "Café & Spa", " MELATI ")],
    "a long name": ["en", "w" * 40, "", "", "", ""],
    "names that cannot be used": ["en", "***", "ホテル", "Wis\x07ma", "con", "CON", "lpt1", *PRACTICE],
    "the name of another property": [
        ([], ["en", "Wisma Melati", "", "", "1"]),
        ([], ["en", "wisma melati!", "", "", "1"]),
        ([], ["en", "WISMA-MELATI", "", "", "", "3", ""]),
    ],
    "the address": [(["--office", "Kanim"], ["en", "melati", "Jl. Melati\x07 7", "Jl. Melati 7,  Ubud", "", ""])],
    "the zone of the address": [
        ([], ["id", "melati", "Jl. Jawa 7, Ubud", "", ""]),
        ([], ["en", "", "", "WIB", ""]),
        ([], ["en", "", "", "", ""]),
        ([], ["en", "", "Sanur", "", ""]),
    ],
    "the zone of the office": [(["--office", "Kanim Sorong"], ["en", "melati", "Jl. Melati 7", "", ""])],
    "unknown time zones": ["en", "melati", "", "WITS", "4", "Kalimantan", "Asia/Singapore", "WITA", ""],
    "time zones by number, name or island": [
        ([], ["en", f"melati {typed}", "", typed, ""]) for typed in ("", "2", "wit", "Bali")
    ],
    "where reports go by number or word": [
        ([], ["en", f"melati {typed}", "", "", "moon", typed, ""]) for typed in ("3", "manual", "latihan", "")
    ],
    "stopped at any question": [([], ["en", *SERVER[1:]][:answered]) for answered in range(7)],
    "invalid addresses": [
        *(*SERVER[:-1], "", "http://authority.example/v1", "https://u:hunter2@authority.example/v1"),
        *("https://authority.example/v1?x=1", "not an address", "melati", "3", "https:/authority.example/v1"),
        *("https//authority.example", "htps:authority.example", NOWHERE, *LOGIN),
    ],
    "APOA's website": ["id", *SERVER[1:-1], WEBSITE, "", ""],
    "a page of APOA's website": [*SERVER[:-1], f"https://www.{WEBSITE}/login", "", ""],
    "earlier answers are defaults": [*SERVER, "<", "<", "1"],
    "back from the first question": ["<", "id", "<", "en", "<", "en", *PRACTICE],
    "all defaults": ["en", ">"],
    "no answer from the server": ["id", *SERVER[1:], *LOGIN],
    "invalid options": [
        (["--timezone", "Asia/Singapore"], []),
        (["--property", "Wisma Melati"], []),
        (["--training", "--by-hand"], []),
        (["--api-url", "http://authority.example"], []),
    ],
    "an optional setting is cleared": [
        (["--office", "Kanim"], ["en", "melati", "Jl. Melati 7", "WIB", "3", ""]),
        ([], ["en", "", "?", "-", "", ""]),
    ],
    "from practice to a server": [([], ["en", *PRACTICE]), ([], ["en", "", "", "", "2", NOWHERE, *LOGIN])],
    "a second property": [
        ([], ["en", *PRACTICE]),
        ([], ["en", "kebun", "", "", "3", ""]),
        ([], ["en", "kebun", "", "", "", ""]),
    ],
}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversation(apoa: Apoa, screens: Screens, name: str) -> None:
    """What the user reads, and the settings afterwards, in each conversation: several calls, or one without options."""
    typed = [each for each in CONVERSATIONS[name] if isinstance(each, str)]
    calls = [each for each in CONVERSATIONS[name] if not isinstance(each, str)]
    for options, keys in calls or [([], typed)]:
        said = screens(apoa, "setup", "--vault", "file", *options, keys=list(keys), lang="en")
        assert not {"hunter2", PASSWORD} & set(re.split(r"\W", said.all))
    file = apoa.home / "config.toml"
    written = file.read_text(encoding="utf-8") if file.exists() else "no settings"
    screens.add(re.sub(r'(_key|fingerprint) = "[^"]*"', r"\1 = …", written))


class TestQuestions:
    """Answers that have the same screen."""

    @pytest.mark.parametrize(("environ", "proposed"), [({}, "id"), ({"APOA_LANG": "en"}, "en")])
    def test_the_default_language(self, apoa: Apoa, environ: dict[str, str], proposed: str) -> None:
        """The settings first, then the requested language, then Indonesian."""
        del apoa.environ["APOA_LANG"]
        said = apoa("setup", "--vault", "file", keys=["", *PRACTICE], **environ)
        assert f"Bahasa / Language [{proposed}]: " in said.err
        again = apoa("setup", keys=["en", *PRACTICE], **environ)
        assert f"Bahasa / Language [{proposed}]: " in again.err
        assert "Bahasa / Language [en]: " in apoa("setup", keys=["", *PRACTICE], **environ).err

    def test_the_website_of_apoa_is_accepted_if_typed_again(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """An authority may put a server there."""
        monkeypatch.setattr("apoa_client.app.property_setup.PropertySetup.test", lambda *_args: None)
        url = f"https://{WEBSITE}/v1"
        said = set_up(apoa, [*SERVER[:-1], url, url, *LOGIN])
        assert said.code == 0, said.all
        assert settings(apoa)["api_url"] == url

    def test_enter_keeps_all_settings(self, apoa: Apoa, serve: Serve) -> None:
        """Address, office, zone, server and account; only the password is typed again."""
        options = ["--address", "Jl. Melati 7", "--office", "Kanim", "--timezone", "Asia/Pontianak"]
        assert apoa.set_up(serve().base_url, *options).code == 0
        before = settings(apoa)
        assert set_up(apoa, ["en", "", "", "", "", "", "", PASSWORD]).code == 0
        assert settings(apoa) == before
        assert before["timezone"] == "Asia/Pontianak"


class TestAccount:
    """Asked last, tested at once, and asked again if it is refused."""

    def test_only_the_password_is_missing(self, apoa: Apoa, serve: Serve) -> None:
        """It alone is asked for; one on standard input is not, and the command ends if it is refused."""
        given = ["--property", "melati", "--api-url", serve().base_url, "--username", "wisma-melati"]
        given += ["--timezone", "WIB", "--language", "en", "--display-name", "", "--address", "", "--office", "Kanim"]
        refused = set_up(apoa, ["salah"], *given, "--password-stdin")
        assert (refused.code, refused.err.count("Username")) == (77, 0)
        said = set_up(apoa, [PASSWORD, ""], *given)
        assert said.code == 0, said.all
        assert said.err.startswith("The password does not show while you type it.")
        assert settings(apoa)["office"] == "Kanim"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_refused_password(self, apoa: Apoa, screens: Screens, serve: Serve, lang: str) -> None:
        """Username and password are asked again until they are accepted; an empty one is not sent."""
        answers = [lang, *SERVER[1:-1], serve().base_url, "wisma", "salah", "<", "salah", "wisma-melati", "", PASSWORD]
        said = screens(apoa, "setup", "--vault", "file", keys=[*answers, ""], lang=lang)
        assert said.code == 0, said.all
        assert PASSWORD not in said.all
        assert settings(apoa)["username"] == "wisma-melati"

    def test_three_times_refused(self, apoa: Apoa, serve: Serve) -> None:
        """Exit code 77, and nothing is stored: before the authority locks the account."""
        said = set_up(apoa, [*SERVER[:-1], serve().base_url, "wisma", *["salah", ""] * 2, "salah"])
        assert (said.code, said.err.count(ACCOUNT)) == (77, 3)
        assert not apoa.home.exists()


class TestStopping:
    """Ctrl-C or the end of the input at any question: nothing is stored, and a message says how to start again."""

    @pytest.mark.parametrize(
        ("stops", "typed"),
        [
            ("apoa_client.cli.commands.setup.ask_password", ["wisma"]),
            ("apoa_client.app.property_setup.PropertySetup.test", LOGIN),
        ],
    )
    def test_at_the_password_and_the_test(
        self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch, stops: str, typed: Sequence[str]
    ) -> None:
        """The command does not wait for a server that does not answer."""
        monkeypatch.setattr(stops, raising(click.Abort()))
        said = set_up(apoa, [*SERVER, *typed])
        assert (said.code, said.err.splitlines()[-1]) == (130, STOPPED)
        assert not apoa.home.exists()

    def test_when_all_is_stored(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Then no message says that nothing was set up."""
        shown_last = "apoa_client.cli.prompts.setup_questions.show_next_steps"
        monkeypatch.setattr(shown_last, raising(KeyboardInterrupt()))
        said = set_up(apoa, ["en", *PRACTICE])
        assert said.code == 130
        assert STOPPED not in said.err
        assert settings(apoa)["api_url"] == "training"


class TestSchedule:
    """Offered where reports go to a server and this computer has a scheduler."""

    @pytest.fixture(autouse=True)
    def tab(self, monkeypatch: pytest.MonkeyPatch) -> Crontab:
        """The only scheduler is cron."""
        if sys.platform == "win32":
            pytest.skip("cron")
        tab = Crontab()
        use(monkeypatch, Tools({"crontab": tab}))
        return tab

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_yes(self, apoa: Apoa, tab: Crontab, lang: str) -> None:
        """Enter installs it; the next set-up says so and does not ask again."""
        said = set_up(apoa, [lang, *SERVER[1:], *LOGIN, "y", ""], lang=lang)
        assert said.code == 75, said.all
        assert spoken(lang, "Automatic sending is installed.") in said.out
        assert tab.text.count("sync --all --scheduled # apoa-sync-") == 1
        tab.text = tab.text.replace(f"'{PROGRAM}'", f"{sys.executable} -m apoa_client")  # which is there
        again = set_up(apoa, [lang, "", "", "", "", "", "", PASSWORD], lang=lang)
        assert again.code == 75, again.all
        every = {"en": "every 15 minutes", "id": "setiap 15 menit"}[lang]
        assert spoken(lang, "What waits is sent automatically: {how_often}.", how_often=every) in again.out

    def test_no(self, apoa: Apoa, tab: Crontab) -> None:
        """Nothing is installed, and the command for later is named; it is not offered for practice."""
        said = set_up(apoa, [*SERVER, *LOGIN, "y", "n"])
        assert said.code == 75, said.all
        assert "To let this computer send automatically: apoa schedule install" in said.out
        assert set_up(apoa, ["en", "kebun", *PRACTICE[1:]]).code == 0
        assert tab.text == ""

    def test_a_failure(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is shown, and the property is set up all the same."""
        use(monkeypatch, Tools({"crontab": lambda _words, _text: ToolResult(1, "", "not allowed")}))
        said = set_up(apoa, [*SERVER, *LOGIN, "y", ""])
        assert said.code == 75, said.all
        assert "crontab refused: not allowed" in said.err
        assert settings(apoa)["username"] == "wisma"

    def test_by_option(self, apoa: Apoa, tab: Crontab) -> None:
        """Without a question, also for practice; `no` installs nothing and asks nothing."""
        practice = ["setup", "--non-interactive", "--property", "melati", "--training", "--vault", "file"]
        assert apoa(*practice, "--schedule", "no").code == 0
        assert tab.text == ""
        assert apoa(*practice, "--schedule", "yes").code == 0
        assert tab.text.endswith("\n")
        assert set_up(apoa, [*SERVER, *LOGIN], "--schedule", "no").code == 75
