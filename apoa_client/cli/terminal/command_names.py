"""The commands of the program, names of commands and options in the reader's language, and command lines to copy.

The names are for help, examples and the sentences that mention them.

Both languages' names work whatever the reader's language is; only what is shown differs.
"""

import os
import re
from collections.abc import Sequence

from apoa_client.cli.terminal.language import N_, current_language, with_complete_commands

SECTIONS = (
    (N_("Daily work"), ("report", "check", "import", "status")),
    (N_("Guests"), ("list", "show", "checkout", "amend", "cancel", "fix", "receipt", "received", "export", "stats")),
    (N_("Sending"), ("sync", "schedule", "login", "logout")),
    (N_("Set-up"), ("setup", "sandbox")),
    (
        N_("For the IT admin"),
        ("doctor", "config", "outbox", "backup", "restore", "key", "purge", "log", "uninstall", "completion"),
    ),
    (N_("Help"), ("help", "info", "demo", "contract")),
)
"""Every command, in the order of the help. They are named as strings because importing all of them would slow down
every start: `name` is in the module `commands.name`, if `apoa_client.cli.main` names no other one."""

COMMANDS = tuple(name for _title, names in SECTIONS for name in names)
DAILY = ("report", "list", "status", "checkout", "amend", "cancel", "fix", "sync", "receipt")
"""The commands in the main help; `--help-all` shows all sections."""


def _read_names() -> dict[str, dict[str, str]]:
    """Return the tables of ``command_names.tsv``, by their headings."""
    tables: dict[str, dict[str, str]] = {}
    table: dict[str, str] = {}
    with open(f"{os.path.splitext(__file__)[0]}.tsv", encoding="utf-8") as file:  # noqa: PTH122, PTH123  pathlib is slow
        for line in filter(None, file.read().split("\n")):
            if line.startswith("["):
                table = tables.setdefault(line.strip("[]"), {})
            elif not line.startswith("#"):
                first, _tab, second = line.partition("\t")
                table[first] = second
    return tables


def _of_groups(kind: str) -> dict[str, dict[str, str]]:
    return {name.partition(" ")[2]: table for name, table in _NAMES.items() if name.startswith(f"{kind} ")}


_NAMES = _read_names()
ALIASES = _NAMES["commands"]
"""Indonesian names of commands."""
SUBCOMMAND_ALIASES = _of_groups("commands")
"""Indonesian names of the second words of commands, by the first word."""
OPTIONS = _NAMES["options"]
"""Indonesian names of options."""
OPTIONS_OF_ONE = _of_groups("options")
"""Indonesian names of options that mean something else in this command than in the others."""
STATES = _NAMES["states"]
"""Indonesian names of the states of a report, as values of `--state`."""
SYNONYMS = {word: command for words, command in _NAMES["synonyms"].items() for word in words.split(" ")}
"""Words that people try, and the commands that they mean."""

_INDONESIAN_COMMANDS = {name: alias for alias, name in ALIASES.items()}
_INDONESIAN_SUBCOMMANDS = {
    group: {name: alias for alias, name in aliases.items()} for group, aliases in SUBCOMMAND_ALIASES.items()
}
_ENGLISH_OPTIONS = {alias: name for name, alias in OPTIONS.items()}
_ENGLISH_STATES = {alias: name for name, alias in STATES.items()}
_COMMAND_OR_OPTION = r"\bapoa ([a-z][a-z-]*)(?: ([a-z]+)\b)?|(?<![\w-])(--[a-z][a-z-]*)"


def localized_name(name: str) -> str:
    """Return a command's name in the reader's language."""
    return _INDONESIAN_COMMANDS.get(name, name) if current_language() == "id" else name


def localized_subcommand(group: str, name: str) -> str:
    """Return the name of a second word of the command `group`, given in either language, in the reader's language."""
    english = SUBCOMMAND_ALIASES.get(group, {}).get(name, name)
    return _INDONESIAN_SUBCOMMANDS.get(group, {}).get(english, english) if current_language() == "id" else english


def localized_option(name: str, command: str = "") -> str:
    """Return an option of a command, given in either language, in the reader's language."""
    english = _ENGLISH_OPTIONS.get(name, name)
    return _indonesian_option(english, command) if current_language() == "id" else english


def _indonesian_option(english: str, command: str) -> str:
    return OPTIONS_OF_ONE.get(command, {}).get(english) or OPTIONS.get(english, english)


def localized_state(name: str) -> str:
    """Return the name of a report's state, given in either language, in the reader's language."""
    english = _ENGLISH_STATES.get(name, name)
    return STATES.get(english, english) if current_language() == "id" else english


def both_names(option: str, command: str = "") -> list[str]:
    """Return an option of a command, given in either language, in both languages; once if it has one name."""
    english = _ENGLISH_OPTIONS.get(option, option)
    return list(dict.fromkeys((english, _indonesian_option(english, command))))


def localized_command(words: str) -> str:
    """Return a whole command line, such as "apoa lapor --kamar 3", for a command with or without options."""
    return localized_line(f"apoa {words}")


def localized_line(line: str) -> str:
    """Return a line with the names of its commands and options in the reader's language, to be copied."""
    return with_complete_commands(in_indonesian(line) if current_language() == "id" else line)


def in_indonesian(line: str) -> str:
    """Return a line with the Indonesian names of its commands and options."""
    command = ""

    def word(found: re.Match[str]) -> str:
        nonlocal command
        name, second, option = found.groups()
        if option is not None:
            return _indonesian_option(option, command)
        command = ALIASES.get(name, name)
        words = ["apoa", _INDONESIAN_COMMANDS.get(name, name)]
        if second is not None:
            words.append(_INDONESIAN_SUBCOMMANDS.get(command, {}).get(second, second))
        return " ".join(words)

    return re.sub(_COMMAND_OR_OPTION, word, line)


NOT_PRACTISED = frozenset({"setup", "schedule", "outbox", "restore", "uninstall", "demo", "sandbox"})
"""Commands that change the computer or the program's own home, or have a training authority of their own."""
NOT_OF_A_PROPERTY = {"completion", "contract", "demo", "help", "info", "restore", "sandbox", "schedule"}
"""Commands that work on no property, on all, or on the one that a file or an own option names."""
_NAMES_ITS_PROPERTY = (  # a string: it is compiled only where it is needed
    r" (--all|--semua|--property|--penginapan|(set|atur) default_property|path|letak|explain|jelaskan)(?![\w-])"
)
"""What follows a command that names its property, works on all, or on the settings of the program."""
_EVERY_ONE = {"receipt", "list", "uninstall"}
"""Commands whose ``--all`` is not for all properties."""


def with_options(line: str, name: str, *, practice: bool) -> str:
    """Return a line in which each command works on the property of this name, if one is given, or on its practice."""

    def completed(found: re.Match[str]) -> str:
        given, verbose, name_of_command = found.groups(default="")
        command, rest = ALIASES.get(name_of_command, name_of_command), line[found.end() :]
        if command in NOT_OF_A_PROPERTY:
            return found[0]
        names_it = given or (re.match(_NAMES_ITS_PROPERTY, rest) is not None and command not in _EVERY_ONE)
        words = ["apoa"]
        words += [localized_option("--practice")] if practice and command not in NOT_PRACTISED else []
        words += [localized_option("--property"), quote_words([name])] if name and not names_it else []
        return f"{' '.join(words)} {given}{verbose}{name_of_command}"

    names = "|".join([*ALIASES, *ALIASES.values(), "status"])
    return re.sub(rf"\bapoa (--(?:property|penginapan) \S+ )?(-v )?({names})\b(?!-)", completed, line)


_PLAIN_ON_WINDOWS = r"[\w./:\\+=~-]+"


def quote_words(words: Sequence[str], *, windows: bool = os.name == "nt") -> str:
    """Return the words as a line to copy into a POSIX shell, or on Windows into cmd and into PowerShell.

    Double quotes are the only ones that both shells of Windows know. For the few words that the two read in different
    ways whatever the quotes are, the line is cmd's.
    """
    if windows:
        return " ".join(map(_quote_for_windows, words))
    import shlex  # not needed at each start

    return shlex.join(words)


def _quote_for_windows(word: str) -> str:
    if re.fullmatch(_PLAIN_ON_WINDOWS, word):
        return word
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', word)  # as CommandLineToArgvW reads it
    return '"' + re.sub(r"(\\+)$", r"\1\1", escaped) + '"'
