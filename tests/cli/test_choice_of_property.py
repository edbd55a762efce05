"""Which property a command works on: by option, variable, setting, or asked for; and one that is invalid."""

from pathlib import Path

import pytest
from cli_helpers import LANGUAGES, Apoa, spoken, typed_in

TWO = ("melati", "kenanga")


@pytest.fixture
def both(away: Apoa) -> Apoa:
    """The program with melati, the default, and kenanga, which has a name for guests."""
    assert away.set_up("http://127.0.0.1:9/v1", "--display-name", "Wisma Kenanga", name="kenanga").code == 75
    return away


@pytest.fixture
def without_default(both: Apoa) -> Apoa:
    """Two properties, and the settings name no default."""
    path = settings_file(both)
    path.write_text(path.read_text().replace('default_property = "melati"\n', ""))
    return both


def settings_file(apoa: Apoa) -> Path:
    return apoa.home / "config.toml"


def break_kenanga(apoa: Apoa) -> None:
    """Add a mistake to the table of kenanga, the last one."""
    apoa.change_setting("vault", "drawer")


def property_of(apoa: Apoa, *options: str, **environ: str) -> str:
    """Return which property a command works on."""
    name: str = apoa(*options, "status", "--json", **environ).json["property"]
    return name


class TestChoice:
    """The option, the variable, the setting, in this order."""

    def test_in_order(self, both: Apoa) -> None:
        """The option wins over the variable, which wins over the setting."""
        assert property_of(both) == "melati"
        assert property_of(both, APOA_PROPERTY="kenanga") == "kenanga"
        assert property_of(both, "--property", "melati", APOA_PROPERTY="kenanga") == "melati"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_asked_once_at_a_terminal(self, without_default: Apoa, lang: str) -> None:
        """A numbered list; a number or a name answers, and nothing is remembered."""
        for keys in (["", "3", "2"], ["kenanga"]):
            asked = without_default("status", keys=keys, lang=lang)
            assert asked.code == 0, asked.err
            lines = asked.err.splitlines()
            assert lines[:3] == [spoken(lang, "Which property?"), "  1 melati", "  2 Wisma Kenanga (kenanga)"]
            assert asked.err.count(spoken(lang, "Which property?")) == 1
            assert asked.err.count(spoken(lang, "Type a number from 1 to {last}, or a name.", last=2)) == len(keys) - 1
            assert asked.out.startswith("Wisma Kenanga (kenanga)")

    def test_no_answer(self, without_default: Apoa) -> None:
        """Ctrl-C ends the command."""
        assert without_default("status", keys=[]).code == 130

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_not_asked_elsewhere(self, without_default: Apoa, lang: str) -> None:
        """Without a terminal it is an error that names them; `--all` needs no choice."""
        for arguments in (["status"], ["sync", "--scheduled", "--wait", "1"]):
            refused = without_default(*arguments, lang=lang)
            assert (refused.code, refused.out) == (78, "")
            assert refused.err.splitlines() == [
                spoken(lang, "Several properties are set up here: {names}.", names="melati, kenanga"),
                spoken(
                    lang,
                    "Choose one with --property NAME, or for good: apoa config set default_property NAME",
                ),
            ]
        assert without_default("status", "--json").json["error"]["class"] == "property_not_chosen"
        assert without_default("status", "--all").code == 0

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_misspelled_name(self, both: Apoa, lang: str) -> None:
        """The nearest name is suggested, and all are named."""
        refused = both("--property", "kenagna", "status", lang=lang)
        assert refused.code == 78
        names = {"near": "kenanga", "names": "melati, kenanga"}
        assert refused.err.splitlines()[1] == spoken(lang, "Did you mean {near}? Known: {names}", **names)
        known = spoken(lang, "Known: {names}. Set it up with: apoa setup", names="melati, kenanga")
        assert both(status := "status", lang=lang, APOA_PROPERTY="hotel").err.splitlines()[1] == known, status

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_second_set_up_says_how_to_choose(self, apoa: Apoa, lang: str) -> None:
        """The first one does not: there is nothing to choose."""
        arguments = ["setup", "--non-interactive", "--training", "--vault", "file", "--property"]
        first, second = (apoa(*arguments, name, lang=lang).out for name in TWO)
        command = typed_in(lang, "apoa report").replace(" ", f" {typed_in(lang, '--property')} kenanga ", 1)
        line = spoken(lang, "{count} properties are set up here. For this one: {command}", count=2, command=command)
        assert line in second.splitlines()
        assert len(first.splitlines()) == len(second.splitlines()) - 2


class TestInvalidProperty:
    """A mistake in the table of one property stops no other one."""

    def test_the_other_works(self, both: Apoa) -> None:
        """Everything that reads and writes the other one's reports and settings."""
        break_kenanga(both)
        assert property_of(both) == "melati"
        arguments = ["setup", "--non-interactive", "--property", "melati", "--office", "Denpasar", "--training"]
        assert both(*arguments).code == 0
        assert 'office = "Denpasar"' in settings_file(both).read_text()
        assert 'vault = "drawer"' in settings_file(both).read_text()

    def test_its_own_command_names_the_line(self, both: Apoa) -> None:
        """The error is that of the file, for the command that needs it alone; nothing is written."""
        break_kenanga(both)
        before = settings_file(both).read_text()
        for arguments in (["status"], ["setup", "--non-interactive", "--training"]):
            refused = both("--property", "kenanga", *arguments)
            assert (refused.code, refused.out) == (78, "")
            assert "[property.kenanga] vault drawer. Allowed: keyring, file." in refused.err
        assert settings_file(both).read_text() == before

    def test_all_shows_it_and_goes_on(self, both: Apoa) -> None:
        """Its error stands below its name, and the others are done."""
        break_kenanga(both)
        shown = both("status", "--all", "--json")
        melati, kenanga = shown.json["properties"]
        assert (shown.code, melati["property"], kenanga["property"]) == (78, "melati", "kenanga")
        assert "vault drawer" in kenanga["error"]["message"]
        assert "kenanga" in both("status", "--all").out

    def test_it_is_named_in_the_log_of_automatic_sending(self, both: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """The line of the log has the property's name, and what was shown is kept for it alone."""
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        break_kenanga(both)
        assert both("sync", "--all", "--scheduled").code == 78
        log = (both.home / "logs" / "sync.log").read_text()
        assert "run property=kenanga exit=78 error=settings_problem" in log

    def test_it_counts_as_a_property(self, without_default: Apoa) -> None:
        """With one valid and one invalid property a choice is still needed: the valid one is not taken silently."""
        break_kenanga(without_default)
        assert without_default("status").code == 78
        assert without_default("status", keys=["1"]).out.startswith("melati")
        chosen = without_default("status", keys=["2"])
        assert (chosen.code, "vault drawer" in chosen.err) == (78, True)

    def test_the_only_one(self, away: Apoa) -> None:
        """A single property that is invalid is an error as before."""
        away.change_setting("vault", "drawer")
        assert away("status").code == away("status", "--all").code == 78

    @pytest.mark.parametrize("mistake", ["x = ", 'language = "fr"\n', "[defaults]\nvault = 1\n"])
    def test_what_is_wrong_for_all(self, both: Apoa, mistake: str) -> None:
        """A file that is no TOML, or a mistake outside the properties' tables, stops all."""
        path = settings_file(both)
        path.write_text(f"{mistake}\n{path.read_text()}")
        assert both("status", "--all").code == both("--property", "melati", "status").code == 78
