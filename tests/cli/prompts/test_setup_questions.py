"""`apoa setup` at a terminal: one question at a time; nothing is stored before the end."""

import sys
import tomllib
from collections.abc import Sequence
from typing import Any, NoReturn

import click
import pytest
from cli_helpers import LANGUAGES, NOWHERE, PASSWORD, Apoa, CallResult, Serve, spoken
from schedule_helpers import PROGRAM, Crontab, Tools, use

from apoa_client.schedule.interface import ToolResult

PRACTICE = ["melati", "", "WIB", "1"]
"""The shortest way through, after the language."""
ACCOUNT = "The authority does not accept the username and password."
WORKS = "The connection works."
STOPPED = "Nothing was set up. Begin again at any time: apoa setup"


def settings(apoa: Apoa, name: str = "melati") -> dict[str, Any]:
    value: dict[str, Any] = tomllib.loads((apoa.home / "config.toml").read_text())["property"][name]
    return value


def set_up(apoa: Apoa, keys: Sequence[str], *options: str, lang: str = "en") -> CallResult:
    """Set up at a terminal, with the secrets in a file."""
    return apoa("setup", "--vault", "file", *options, keys=keys, lang=lang)


def server(url: str, *, name: str = "melati") -> list[str]:
    """The answers for a server, up to the username."""
    return ["en", name, "", "WIB", "2", url]


class TestQuestions:
    """In order, each with its help, its default and its parser."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_language_comes_first(self, apoa: Apoa, lang: str) -> None:
        """Everything after it is in that language, whatever it was before."""
        other = next(each for each in LANGUAGES if each != lang)
        said = set_up(apoa, [lang, *PRACTICE], lang=other)
        assert said.code == 0, said.all
        assert said.err.startswith("Bahasa / Language")
        labels = ["Name of the property", "Address of the property (optional)"]
        at = [said.err.index(spoken(lang, label)) for label in [*labels, "Time zone", "Where do reports go"]]
        assert at == sorted(at)
        command = {"en": "apoa report", "id": "apoa lapor"}[lang]
        assert said.out.splitlines() == [
            spoken(lang, "The property {name} is set up.", name="melati"),
            spoken(lang, "This is practice: try whatever you like, nothing reaches Immigration."),
            spoken(lang, "Try it: {command}", command=command),
        ]
        assert tomllib.loads((apoa.home / "config.toml").read_text())["language"] == lang

    @pytest.mark.parametrize(("environ", "proposed"), [({}, "id"), ({"APOA_LANG": "en"}, "en")])
    def test_the_default_language(self, apoa: Apoa, environ: dict[str, str], proposed: str) -> None:
        """The settings first, then the requested language, then Indonesian."""
        del apoa.environ["APOA_LANG"]
        said = apoa("setup", "--vault", "file", keys=["", *PRACTICE], **environ)
        assert f"Bahasa / Language [{proposed}]: " in said.err
        again = apoa("setup", keys=["en", *PRACTICE], **environ)
        assert f"Bahasa / Language [{proposed}]: " in again.err
        assert "Bahasa / Language [en]: " in apoa("setup", keys=["", *PRACTICE], **environ).err

    def test_an_unknown_language(self, apoa: Apoa) -> None:
        """The error is in both languages; their names are accepted."""
        said = set_up(apoa, ["?", "deutsch", "Inggris", *PRACTICE], lang="id")
        assert said.code == 0
        assert "Type id or en." in said.err
        assert spoken("id", "Type id or en.") in said.err
        help_ = "The language of the program: id for Indonesian, en for English."
        assert spoken("id", help_) in said.err
        assert help_ in said.err
        assert "Try it: apoa report" in said.out

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_each_question_has_help(self, apoa: Apoa, lang: str) -> None:
        """`?` shows it, and the question is asked again."""
        keys = [
            lang,
            "?",
            "melati",
            "?",
            "",
            "?",
            "WIB",
            "?",
            "2",
            "?",
            NOWHERE,
            "?",
            "wisma",
            PASSWORD,
            "",
        ]
        said = set_up(apoa, keys, lang=lang)
        assert said.code == 75, said.all
        for sentence in (
            "As guests know it, such as Wisma Melati Ubud. It is printed on receipts and notices.",
            "A short name for commands and folders is made from it, such as wisma-melati-ubud.",
            "Street and town. They are printed on receipts and sheets.",
            "Check-in times and deadlines are shown in the time of your island.",
            "Begin with practice if you are not sure. Set up again later for real reports: both stay apart.",
            "The authority gives it with the account. It begins with https://, such as https://host/path/v1",
            "The authority gives it with the address. It is not secret; the password is asked next.",
            "The password does not show while you type it.",
        ):
            assert said.err.count(spoken(lang, sentence)) == 1, sentence
        assert said.err.count(spoken(lang, "Enter leaves it out.")) == 1

    @pytest.mark.parametrize(
        ("called", "name", "title"),
        [
            ("Wisma Melati", "wisma-melati", "Wisma Melati"),
            ("Café Ubud & Spa", "cafe-ubud-spa", "Café Ubud & Spa"),
            ("  MELATI ", "melati", "MELATI"),
            ("w" * 40, "w" * 32, "w" * 40),
            ("melati", "melati", None),
        ],
    )
    def test_the_short_name(self, apoa: Apoa, called: str, name: str, title: str | None) -> None:
        """It is made from the name that guests know, which is printed as it was typed; a short name is taken as one."""
        said = set_up(apoa, ["en", called, "", "", "", ""])
        assert said.code == 0, said.all
        assert (f"Short name, for commands and folders: {name}" in said.err) == (title is not None)
        assert settings(apoa, name)["api_url"] == "training"
        assert settings(apoa, name).get("display_name") == title

    @pytest.mark.parametrize("called", ["***", "ホテル", "Wis\x07ma"])
    def test_a_name_that_cannot_be_used(self, apoa: Apoa, called: str) -> None:
        """A message says why, and the question is asked again."""
        said = set_up(apoa, ["en", called, *PRACTICE])
        assert said.code == 0
        assert ("in Latin letters" in said.err) or ("invisible characters" in said.err)
        assert list(tomllib.loads((apoa.home / "config.toml").read_text())["property"]) == ["melati"]

    @pytest.mark.parametrize("called", ["con", "CON", "lpt1"])
    def test_a_name_that_windows_keeps_for_a_device(self, apoa: Apoa, called: str) -> None:
        """The answer says so: such a name has the form of a short name."""
        said = set_up(apoa, ["en", called, *PRACTICE])
        assert said.code == 0
        assert "Windows keeps this name for a device." in said.err
        assert "in Latin letters" not in said.err

    def test_the_name_of_another_property(self, away: Apoa) -> None:
        """A name whose short name another property has gets another one; the other is changed by its short name."""
        away.set_up(NOWHERE, "--display-name", "Wisma Melati")
        said = set_up(away, ["en", "MELATI", "", "", "", "3", ""])
        assert said.code == 0, said.all
        assert "Wisma Melati has the short name melati here already. To change that one, type melati." in said.err
        assert settings(away, "melati-2")["display_name"] == "MELATI"
        assert settings(away)["display_name"] == "Wisma Melati"

    def test_the_address(self, apoa: Apoa) -> None:
        """It is stored as typed, without characters that cannot be printed; the office comes by its option."""
        keys = ["en", "melati", "Jl. Melati\x07 7", "Jl. Melati 7,  Ubud", "", ""]
        said = set_up(apoa, keys, "--office", "Kanim Denpasar")
        assert said.code == 0
        assert "invisible characters" in said.err
        assert settings(apoa)["address"] == "Jl. Melati 7, Ubud"
        assert settings(apoa)["office"] == "Kanim Denpasar"

    @pytest.mark.parametrize(
        ("typed", "zone"),
        [
            ("", "WIB"),
            ("1", "WIB"),
            ("2", "WITA"),
            ("3", "WIT"),
            ("wit", "WIT"),
            ("Bali", "WITA"),
            ("papua", "WIT"),
            ("Asia/Makassar", "WITA"),
        ],
    )
    def test_time_zones(self, apoa: Apoa, typed: str, zone: str) -> None:
        """By number, by name, by island; the list says which island is in which zone."""
        said = set_up(apoa, ["en", "melati", "", typed, ""])
        names = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
        assert settings(apoa).get("timezone", "Asia/Jakarta") == names[zone]
        assert said.err.count("  1 = WIB: Sumatra") == 1
        assert ("]:   WITA\n" in said.err) == (typed in {"2", "Bali", "Asia/Makassar"})

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize(
        ("address", "office", "zone"), [("Jl. Jawa 7, Ubud", "", "WITA"), ("Jl. Melati 7", "Kanim Sorong", "WIT")]
    )
    def test_the_zone_of_the_address(self, apoa: Apoa, lang: str, address: str, office: str, zone: str) -> None:
        """It is proposed, with the place; without an address, that of the office."""
        said = set_up(apoa, [lang, "melati", address, "", ""], "--office", office)
        place = {"WITA": "Ubud", "WIT": "Sorong"}[zone]
        assert "  " + spoken(lang, "{place} is in the time zone {zone}.", place=place, zone=zone) in said.err
        assert settings(apoa)["timezone"] == {"WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}[zone]

    def test_the_zone_of_a_new_address(self, apoa: Apoa) -> None:
        """It is proposed too; for the address of before, the zone that was chosen stays."""
        set_up(apoa, ["en", "melati", "Ubud", "WIB", ""])
        said = set_up(apoa, ["en", "melati", "", "", ""])
        assert "Ubud is in the time zone WITA." in said.err
        assert "Time zone [WIB]: " in said.err
        assert "timezone" not in settings(apoa)
        set_up(apoa, ["en", "melati", "Sanur", "", ""])
        assert settings(apoa)["timezone"] == "Asia/Makassar"

    @pytest.mark.parametrize("typed", ["WITS", "4", "Kalimantan", "Asia/Singapore"])
    def test_an_unknown_time_zone(self, apoa: Apoa, typed: str) -> None:
        """Or an island with two zones."""
        said = set_up(apoa, ["en", "melati", "", typed, "WITA", ""])
        assert "Type WIB, WITA or WIT, or its number." in said.err
        assert settings(apoa)["timezone"] == "Asia/Makassar"

    @pytest.mark.parametrize(("typed", "by_hand"), [("3", True), ("manual", True), ("latihan", False), ("", False)])
    def test_where_reports_go(self, apoa: Apoa, typed: str, by_hand: bool) -> None:  # noqa: FBT001  a parameter
        """By number or by word; practice is the default."""
        said = set_up(apoa, ["en", "melati", "", "", "moon", typed, ""])
        assert said.code == 0, said.all
        assert "Type 1, 2 or 3." in said.err
        assert "Where do reports go [practice]: " in said.err
        assert (settings(apoa).get("delivery") == "manual") == by_hand
        typing = "Each report is saved here first. Then type it into APOA with: apoa sync --by-hand"
        assert (typing in said.out) == by_hand

    @pytest.mark.parametrize(
        ("typed", "complaint"),
        [
            ("http://authority.example/v1", "must begin with https://"),
            ("https://u:rahasia@authority.example/v1", "must not contain a username or password"),
            ("https://authority.example/v1?x=1", "must not contain a question mark"),
            ("not an address", "not allowed in an address"),
            ("", "An answer is needed here."),
        ],
    )
    def test_an_invalid_address(self, apoa: Apoa, typed: str, complaint: str) -> None:
        """The reason is shown, and the question asked again; a password in it is not repeated."""
        said = set_up(apoa, [*server(typed), NOWHERE, "wisma", PASSWORD, ""])
        assert said.code == 75, said.all
        assert complaint in said.err
        assert "rahasia" not in said.all

    @pytest.mark.parametrize(
        "typed", ["melati", "3", "https:/authority.example/v1", "https//authority.example", "htps:authority.example"]
    )
    def test_a_bad_guess_is_not_offered(self, apoa: Apoa, typed: str) -> None:
        """What is no host with a path is asked again."""
        said = set_up(apoa, [*server(typed), NOWHERE, "wisma", PASSWORD, ""])
        assert said.code == 75, said.all
        assert "Do you mean" not in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("typed", ["apoa.imigrasi.go.id", "https://www.apoa.imigrasi.go.id/login"])
    def test_the_website_of_apoa(self, apoa: Apoa, lang: str, typed: str) -> None:
        """A message says that it takes no reports; Enter chooses to type them by hand."""
        said = set_up(apoa, [lang, *server(typed)[1:], "", ""])
        assert said.code == 0, said.all
        problem = "This is APOA's website for people. No server there takes reports from programs."
        assert spoken(lang, problem) in said.err
        assert settings(apoa)["delivery"] == "manual"
        assert "api_url" not in settings(apoa)

    def test_the_website_of_apoa_is_accepted_if_typed_again(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """An authority may put a server there."""
        monkeypatch.setattr("apoa_client.app.property_setup.PropertySetup.test", lambda *_args: None)
        url = "https://apoa.imigrasi.go.id/v1"
        said = set_up(apoa, [*server(url), url, "wisma", PASSWORD, ""])
        assert said.code == 0, said.all
        assert settings(apoa)["api_url"] == url

    def test_an_address_without_a_scheme(self, apoa: Apoa) -> None:
        """The complete address is suggested."""
        said = set_up(apoa, [*server("localhost:9/v1"), "", "wisma", PASSWORD, ""])
        assert said.code == 75, said.all
        assert "Do you mean https://localhost:9/v1? Enter = yes" in said.err
        assert settings(apoa)["api_url"] == "https://localhost:9/v1"


class TestGoingBack:
    """To the previous question, up to the first one."""

    def test_earlier_answers_are_defaults(self, apoa: Apoa) -> None:
        """Answers to questions that are no longer asked are forgotten."""
        keys = [*server(NOWHERE), "<", "<", "1"]
        said = set_up(apoa, keys)
        assert said.code == 0, said.all
        assert f"Address of the authority [{NOWHERE}]: " in said.err
        assert "Where do reports go [to a server]: " in said.err
        assert settings(apoa)["api_url"] == "training"
        assert "username" not in settings(apoa)

    def test_back_from_the_first_question(self, apoa: Apoa) -> None:
        """A message says so; another language may still be chosen."""
        said = set_up(apoa, ["<", "id", "<", "en", *PRACTICE])
        assert said.code == 0, said.all
        assert "This is the first question." in said.err
        assert "Bahasa / Language [id]: " in said.err
        assert "Try it: apoa report" in said.out

    def test_the_introduction_is_in_the_chosen_language(self, apoa: Apoa) -> None:
        """Once in each language."""
        hint = "Enter accepts the value in [ ]. ? shows help, < goes back, Ctrl-C stops and changes nothing."
        said = set_up(apoa, ["id", "<", "en", "<", "en", *PRACTICE])
        assert said.code == 0, said.all
        assert [said.err.count(spoken(lang, hint)) for lang in LANGUAGES] == [1, 1]

    def test_accept_all_defaults(self, apoa: Apoa) -> None:
        """With one key."""
        said = set_up(apoa, ["en", ">"])
        assert said.code == 0, said.all
        assert settings(apoa, "hotel")["api_url"] == "training"


class TestOptions:
    """Given options are not asked."""

    def test_only_missing_options_are_asked(self, apoa: Apoa, serve: Serve) -> None:
        """Here the password; an empty address counts as given."""
        given = ["--property", "melati", "--api-url", serve().base_url, "--username", "wisma-melati"]
        place = ["--timezone", "WIB", "--language", "en", "--display-name", "", "--address", "", "--office", "Kanim"]
        said = set_up(apoa, [PASSWORD, ""], *given, *place)
        assert said.code == 0, said.all
        assert said.err.startswith("The password does not show while you type it.")
        assert settings(apoa)["office"] == "Kanim"

    def test_a_given_language_is_used_at_once(self, apoa: Apoa) -> None:
        """At once."""
        said = set_up(apoa, PRACTICE, "--language", "id", lang="en")
        assert said.code == 0
        assert spoken("id", "Try it: {command}", command="apoa lapor") in said.out

    @pytest.mark.parametrize(
        ("options", "code"),
        [
            (["--timezone", "Asia/Singapore"], 2),
            (["--property", "Wisma Melati"], 2),
            (["--training", "--by-hand"], 2),
            (["--api-url", "http://authority.example"], 78),
        ],
    )
    def test_an_invalid_option_is_refused_first(self, apoa: Apoa, options: list[str], code: int) -> None:
        """Before any question."""
        said = set_up(apoa, [], *options)
        assert said.code == code
        assert "Bahasa" not in said.err

    def test_a_password_from_the_environment(self, apoa: Apoa, serve: Serve) -> None:
        """It is not asked for, and the command ends if it is refused."""
        given = ["--property", "melati", "--api-url", serve().base_url, "--username", "wisma-melati"]
        place = [
            "--timezone",
            "WIB",
            "--language",
            "en",
            "--display-name",
            "",
            "--address",
            "",
            "--office",
            "",
            "--password-stdin",
        ]
        refused = set_up(apoa, ["salah"], *given, *place)
        assert (refused.code, refused.err.count("Username")) == (77, 0)
        assert set_up(apoa, [PASSWORD, ""], *given, *place).code == 0


class TestAccount:
    """Asked last, tested at once, and asked again if it is refused."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_an_accepted_password(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """The connection works, the code is shown, and how sending is automated."""
        url = serve().base_url
        said = set_up(apoa, [lang, *server(url)[1:], "wisma-melati", PASSWORD, ""], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "Testing the connection ...") in said.err
        assert spoken(lang, "The recovery code of {name}", name="melati") in said.err
        lines = said.out.splitlines()
        assert lines[0] == spoken(lang, WORKS)
        assert lines[-2] == spoken(lang, "To let this computer send automatically: apoa schedule install")
        assert lines[-1] == spoken(lang, "Try it: {command}", command={"en": "apoa report", "id": "apoa lapor"}[lang])
        assert PASSWORD not in said.all
        assert settings(apoa)["username"] == "wisma-melati"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_refused_password(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Username and password are asked again until they are accepted."""
        keys = [lang, *server(serve().base_url)[1:], "wisma", "salah", "<", "salah", "wisma-melati", PASSWORD, ""]
        said = set_up(apoa, keys, lang=lang)
        assert said.code == 0, said.all
        assert said.err.count(spoken(lang, ACCOUNT)) == 2
        assert said.err.count(spoken(lang, "Type both again. Enter keeps the username.")) == 2
        assert f"{spoken(lang, 'Username')} [wisma]: " in said.err
        assert settings(apoa)["username"] == "wisma-melati"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_an_empty_password(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Nothing is sent; a message says that a password is needed, and it is asked again."""
        said = set_up(apoa, [lang, *server(serve().base_url)[1:], "wisma-melati", "", "", PASSWORD, ""], lang=lang)
        assert said.code == 0, said.all
        assert said.err.count(spoken(lang, "The password is needed.")) == 2
        assert spoken(lang, ACCOUNT) not in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_three_times_refused(self, apoa: Apoa, serve: Serve, lang: str) -> None:
        """Exit code 77, whom to ask, and nothing is stored: before the authority locks the account."""
        again = ["", "salah"]
        said = set_up(apoa, [lang, *server(serve().base_url)[1:], "wisma", "salah", *again, *again], lang=lang)
        assert said.code == 77, said.all
        assert said.err.count(spoken(lang, ACCOUNT)) == 3
        advice = "Nothing was set up. Ask the person who gave you the account, then begin again: apoa setup"
        assert said.err.splitlines()[-1] == spoken(lang, advice)
        assert not apoa.home.exists()

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_no_answer_from_the_server(self, apoa: Apoa, lang: str) -> None:
        """The property is set up, and a message says what was not tested."""
        said = set_up(apoa, [lang, *server(NOWHERE)[1:], "wisma", PASSWORD, ""], lang=lang)
        assert said.code == 75, said.all
        sentence = "The connection is not tested yet; reports can be saved already. Test it later with: apoa login"
        messages = [
            "Testing the connection ...",
            "The authority cannot be reached now ({host}). Is the internet down?",
            "The set-up continues.",
            "The recovery code of {name}",
            sentence,
        ]
        at = [said.err.index(spoken(lang, each, name="melati", host="127.0.0.1")) for each in messages]
        assert at == sorted(at)
        assert spoken(lang, WORKS) not in said.out
        assert apoa.save()["state"] == "queued"


class TestStopping:
    """Ctrl-C or the end of the input at any question: nothing is stored, and a message says how to start again."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("answered", range(7))
    def test_at_any_question(self, apoa: Apoa, lang: str, answered: int) -> None:
        """Exit code 130, and no file."""
        said = set_up(apoa, [lang, *server(NOWHERE)[1:]][:answered], lang=lang)
        assert (said.code, said.out) == (130, "")
        assert said.err.splitlines()[-1] == spoken(lang, STOPPED)
        assert not apoa.home.exists()

    def test_at_the_password(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is asked in another way than the rest."""

        def stop(_settings: object) -> NoReturn:
            raise click.Abort

        monkeypatch.setattr("apoa_client.cli.session.ask_password", stop)
        said = set_up(apoa, [*server(NOWHERE), "wisma"])
        assert (said.code, said.err.splitlines()[-1]) == (130, STOPPED)
        assert not apoa.home.exists()

    def test_during_the_test(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """The command does not wait for a server that does not answer."""

        def wait(*_args: object) -> NoReturn:
            raise KeyboardInterrupt

        monkeypatch.setattr("apoa_client.app.property_setup.PropertySetup.test", wait)
        said = set_up(apoa, [*server(NOWHERE), "wisma", PASSWORD])
        assert said.code == 130
        assert said.err.splitlines()[-1] == STOPPED
        assert not apoa.home.exists()

    def test_when_all_is_stored(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """Then no message says that nothing was set up."""

        def interrupt(*_args: object) -> NoReturn:
            raise KeyboardInterrupt

        monkeypatch.setattr("apoa_client.cli.prompts.setup_questions.show_next_steps", interrupt)
        said = set_up(apoa, ["en", *PRACTICE])
        assert said.code == 130
        assert STOPPED not in said.err
        assert settings(apoa)["api_url"] == "training"


class TestExistingProperty:
    """The settings of the property are the defaults."""

    def test_enter_keeps_all_settings(self, apoa: Apoa, serve: Serve) -> None:
        """Address, office, zone, server and account; only the password is typed again."""
        url = serve().base_url
        options = ["--address", "Jl. Melati 7", "--office", "Kanim", "--timezone", "Asia/Pontianak"]
        assert apoa.set_up(url, *options).code == 0
        before = settings(apoa)
        said = set_up(apoa, ["en", "", "", "", "", "", "", PASSWORD])
        assert said.code == 0, said.all
        assert "It is already set up: what you do not change stays as it is." in said.err
        assert "Where do reports go [to a server]: " in said.err
        assert "Username [wisma-melati]: " in said.err
        assert settings(apoa) == before
        assert before["timezone"] == "Asia/Pontianak"

    def test_an_optional_setting_is_cleared(self, away: Apoa) -> None:
        """By a hyphen."""
        away.set_up(NOWHERE, "--address", "Jl. Melati 7", "--office", "Kanim")
        said = set_up(away, ["en", "", "?", "-", "", "", "", "", PASSWORD])
        assert said.code == 75, said.all
        assert "  - clears it." in said.err
        assert said.err.count("Enter leaves it out.") == 0
        assert "address" not in settings(away)
        assert settings(away)["office"] == "Kanim"

    def test_from_practice_to_a_server(self, apoa: Apoa) -> None:
        """No address is suggested."""
        set_up(apoa, ["en", *PRACTICE])
        said = set_up(apoa, ["en", "", "", "", "2", NOWHERE, "wisma", PASSWORD, ""])
        assert said.code == 75, said.all
        assert "Where do reports go [practice]: " in said.err
        assert "Address of the authority: " in said.err

    def test_a_second_property(self, apoa: Apoa) -> None:
        """The command to try names it, because it is not the default."""
        assert set_up(apoa, ["en", *PRACTICE]).code == 0
        said = set_up(apoa, ["en", "kebun", "", "", "3", ""])
        assert "Try it: apoa --property kebun report" in said.out
        assert "Where do reports go [by hand]: " in set_up(apoa, ["en", "kebun", "", "", "", ""]).err


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
        said = set_up(apoa, [lang, *server(NOWHERE)[1:], "wisma", PASSWORD, "", "y", ""], lang=lang)
        assert said.code == 75, said.all
        assert spoken(lang, "Automatic sending is installed.") in said.out
        assert tab.text.count("sync --all --scheduled # apoa-sync-") == 1
        tab.text = tab.text.replace(f"'{PROGRAM}'", f"{sys.executable} -m apoa_client")  # which is there
        again = set_up(apoa, [lang, "", "", "", "", "", "", PASSWORD], lang=lang)
        assert again.code == 75, again.all
        every = {"en": "every 15 minutes", "id": "setiap 15 menit"}[lang]
        assert spoken(lang, "What waits is sent automatically: {how_often}.", how_often=every) in again.out

    def test_no(self, apoa: Apoa, tab: Crontab) -> None:
        """Nothing is installed, and the command for later is named."""
        said = set_up(apoa, [*server(NOWHERE), "wisma", PASSWORD, "", "y", "n"])
        assert said.code == 75, said.all
        assert "To let this computer send automatically: apoa schedule install" in said.out
        assert tab.text == ""

    def test_not_for_practice(self, apoa: Apoa, tab: Crontab) -> None:
        """And not where reports are typed in by hand."""
        assert set_up(apoa, ["en", *PRACTICE]).code == 0
        assert tab.text == ""

    def test_a_failure(self, apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is shown, and the property is set up all the same."""
        use(monkeypatch, Tools({"crontab": lambda _words, _text: ToolResult(1, "", "not allowed")}))
        said = set_up(apoa, [*server(NOWHERE), "wisma", PASSWORD, "", "y", ""])
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
        assert apoa(*practice, "--schedule", "launchd").code == 2
        assert set_up(apoa, [*server(NOWHERE), "wisma", PASSWORD, ""], "--schedule", "no").code == 75
