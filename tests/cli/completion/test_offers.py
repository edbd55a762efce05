"""What fits at the cursor: commands, options and fixed values, in either language."""

import pytest
from cli_helpers import Apoa, Complete, Serve
from code_tables_helpers import NOMAD, table

from apoa_client.cli.completion import values
from apoa_client.cli.completion.grammar import described
from apoa_client.cli.main import apoa as program
from apoa_client.cli.program import COMMANDS
from apoa_client.cli.terminal.command_names import ALIASES
from apoa_client.locale import LANGUAGES
from apoa_client.passport.states import all_states


def test_every_command_is_offered_in_the_readers_language(complete: Complete) -> None:
    """Each command with its help; none in the other language."""
    english, indonesian = complete(""), complete("", lang="id")
    assert set(english) == set(COMMANDS)
    assert set(indonesian) == {*ALIASES, *(set(COMMANDS) - set(ALIASES.values()))}
    assert english["sync"].startswith("Send")
    assert all(english.values())
    assert all(indonesian.values())


@pytest.mark.parametrize(
    ("words", "lang", "offered"),
    [
        (["chec"], "en", {"check", "checkout"}),
        (["kelu"], "en", {"keluar"}),
        (["checko"], "id", {"checkout"}),
        (["key", "r"], "en", {"recover", "rotate"}),
        (["kunci", "g"], "id", {"ganti"}),
        (["key", "rot"], "id", {"rotate"}),
        (["list", "--sta"], "en", {"--state"}),
        (["list", "--sta"], "id", {"--status"}),
        (["daftar", "--kewarga"], "en", {"--kewarganegaraan"}),
        (["--property", "melati", "list", "--sta"], "en", {"--state"}),
        (["--property=melati", "list", "--sta"], "en", {"--state"}),
        (["--lang", "id", "list", "--sta"], "en", {"--status"}),
        (["list", "--lang=id", "--sta"], "en", {"--status"}),
        (["list", "--lan"], "en", {"--lang"}),
        (["-v", "sta"], "en", {"stats", "status"}),
        (["no-command", ""], "en", set()),
        (["list", "--", "--sta"], "en", set()),
        (["status", "--no-such", "--ala"], "en", {"--alarm"}),
        (
            ["purge", "-"],
            "en",
            {"--guest", "--force", "--dry-run", "--today", "--yes", "--json", "--help", "--lang", "--plain"},
        ),
        (["purge", "-y"], "en", {"-y"}),
        (["config", "explain", "index"], "en", {"index_key"}),
        (["config", "set", "index"], "en", set()),
        (["pengaturan", "atur", "retention"], "id", {"retention_days"}),
        (["config", "set", "notify", "o"], "en", {"on", "off"}),
    ],
)
def test_commands_and_options(complete: Complete, words: list[str], lang: str, offered: set[str]) -> None:
    """Names of the reader's language that fit; if none does, those of the other language."""
    assert set(complete(*words, lang=lang)) == offered


def test_an_option_is_offered_once(complete: Complete) -> None:
    """An option that was given, in either language, is not offered again; one that may be repeated is."""
    offered = complete("list", "--kamar", "7", "--state", "queued", "--")
    assert "--room" not in offered
    assert "--state" in offered


def test_options_where_nothing_else_fits(complete: Complete) -> None:
    """A command without arguments is followed by its options."""
    assert "--alarm" in complete("status", "")
    assert "--force" in complete("backup", "a.db", "")


@pytest.mark.parametrize(
    ("words", "lang", "offered"),
    [
        (["list", "--state", "q"], "en", {"queued"}),
        (["list", "--state=q"], "en", {"--state=queued"}),
        (["list", "--state", "meng"], "en", set()),
        (["list", "--state", "menung"], "en", {"menunggu", "menunggu-keputusan"}),
        (["daftar", "--status", "q"], "id", {"queued"}),
        (["report", "--purpose", "b"], "id", {"bisnis", "belajar"}),
        (["report", "--purpose", "tou"], "id", {"tourism"}),
        (["report", "--nationality", "sel"], "id", {"Selandia Baru"}),
        (["report", "--nationality", "NZ"], "en", {"NZL"}),
        (["check", "--issuing-state", "côte"], "en", {"Côte d'Ivoire"}),
        (["report", "--sex", ""], "en", {"L", "P", "X"}),
        (["report", "--stay-permit", "b1"], "en", {"B1"}),
        (["setup", "--timezone", "asia/m"], "en", {"Asia/Makassar"}),
        (["setup", "--timezone", "WITA"], "en", {"WITA"}),
        (["setup", "--vault", ""], "en", {"keyring", "file"}),
        (["--lang", ""], "en", {"id", "en"}),
        (["sandbox", "--fault", "503=5,los"], "en", {"503=5,lost"}),
        (["sandbox", "--fault=token:40"], "en", {"--fault=token:400", "--fault=token:401", "--fault=token:403"}),
        (["receipt", "--html", "a"], "en", {"files "}),
        (["receipt", "--html=a"], "en", {"files --html="}),
        (["restore", ""], "en", {"files "}),
        (["--log-file", ""], "en", {"files "}),
        (["report", "--surname", ""], "en", set()),
        (["help", "single"], "en", {"single-name"}),
        (["help", "satu-"], "en", {"satu-nama"}),
        (["help", "key", "rot"], "en", {"rotate"}),
        (["help", "sync"], "en", {"sync"}),
        (["info", "over"], "en", {"overstay"}),
        (["completion", "z"], "en", {"zsh"}),
        (["config", "get", "retention"], "en", {"retention_days"}),
        (["config", "get", "index"], "en", set()),
        (["config", "set", "public"], "en", set()),
        (["config", "set", "vault", ""], "en", {"keyring", "file"}),
        (["config", "set", "property.melati.timezone", "asia/jay"], "en", {"Asia/Jayapura"}),
        (["config", "set", "ca_bundle", ""], "en", {"files "}),
        (["config", "set", "no_such", ""], "en", set()),
    ],
)
def test_values(complete: Complete, words: list[str], lang: str, offered: set[str]) -> None:
    """Values that the option or argument takes, whatever their case and accents."""
    assert set(complete(*words, lang=lang)) == offered


def test_every_state_of_the_world_is_offered(complete: Complete) -> None:
    """A nationality is offered by its name, with its code."""
    for lang in LANGUAGES:
        offered = complete("report", "--nationality", "", lang=lang)
        assert set(offered) == {state.name(lang) for state in all_states()}
        assert offered["Australia"] == "AUS"


def test_properties_are_offered(away: Apoa, complete: Complete) -> None:
    """The properties of the settings, with the names that guests know."""
    away.change_setting("display_name", "Wisma Melati")
    assert complete("--property", "") == {"melati": "Wisma Melati"}


def test_no_guest_is_offered(away: Apoa, complete: Complete) -> None:
    """Neither ids nor rooms: the outbox is not opened, and a list of completions may be read by others."""
    away.save()
    (away.home / "melati" / "outbox.db").chmod(0)
    for words in (["checkout"], ["checkout", "--room"], ["fix"], ["receipt"], ["list", "--room"], ["show"]):
        assert complete(*words, "") == {}


def test_no_table_has_a_name_of_the_past() -> None:
    """Each name in the tables is one of a command or an option."""
    grammar = described(program)
    options = {name for each in grammar.values() for option in each.options for name in option.names}
    known = {*values.OPTIONS, *values.PATHS, *values.LISTS}
    assert known <= options
    assert {command for command, _name in values.COMMAND_OPTIONS} | set(values.ARGUMENTS) <= set(grammar)


def test_the_authoritys_own_permits_are_offered(apoa: Apoa, serve: Serve, complete: Complete) -> None:
    """With their names, beside the built-in ones, without the network; nothing of them controls the terminal."""
    hostile = {**NOMAD, "code": "N8", "en": "A\x1b[2Jvisa\tof\nlines"}
    server = serve(tables={"stay_permits": table("stay_permits", NOMAD, hostile)})
    assert apoa.set_up(server.base_url).code == 0
    assert apoa("sync").code == 0
    server.stop()
    offered = complete("report", "--stay-permit", "N")
    assert offered["N7"] == "Remote worker visa"
    assert "\x1b" not in offered["N8"]
