"""Manual pages for `man`, one for each command, made from the commands by the build of the wheel.

The language is roff with the macros of man(7), as far as both groff and mandoc know them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

import click

from apoa_client.cli.program import SECTIONS, all_commands, names_in
from apoa_client.cli.registry import GuestArgument, example_of
from apoa_client.cli.terminal.command_names import (
    both_names,
    localized_line,
    localized_name,
    localized_option,
    localized_subcommand,
)
from apoa_client.cli.terminal.language import N_, _, set_language
from apoa_client.locale import LANGUAGES, SOURCE_LANGUAGE

_EXIT_CODES = (
    ("0", N_("Done.")),
    ("1", N_("An error in apoa-client itself.")),
    ("2", N_("Wrong usage.")),
    ("65", N_("The data were refused. A report that the authority refused is corrected with: apoa fix")),
    ("69", N_("The authority refuses service.")),
    ("75", N_("Not now; the reports stay in the queue.")),
    ("77", N_("The password or the private key is missing, locked or refused.")),
    ("78", N_("Settings, files or the disk are not in order.")),
    ("130, 143", N_("Stopped by Ctrl-C or by SIGTERM.")),
)
_ENVIRONMENT = (
    ("APOA_HOME", N_("Keeps every file below this folder.")),
    ("APOA_PROPERTY", N_("Chooses the property, like --property.")),
    ("APOA_LANG", N_("Chooses the language, like --lang.")),
    ("APOA_PLAIN", N_("Prints plain lines, like --plain.")),
    ("APOA_SITE_CONFIG", N_("Names the settings file for all users.")),
    ("APOA_PASSWORD_FILE, APOA_PRIVATE_KEY_FILE", N_("A file with the password or with the private key.")),
    ("APOA_PASSWORD, APOA_PRIVATE_KEY", N_("The password or the private key itself.")),
    ("HTTPS_PROXY, NO_PROXY", N_("The proxy for the authority.")),
    ("NO_COLOR", N_("Prints no colours.")),
)
_IN_EACH_PAGE = 3
"""How many of the variables each page has; the others are in the program's own page."""
_FILES = (
    ("~/.config/apoa-client/config.toml", N_("The settings of all properties.")),
    ("~/.local/share/apoa-client/NAME/outbox.db", N_("The queue, the history and the audit trail of a property.")),
    ("~/.local/share/apoa-client/NAME/keys.json", N_("Password and private key, only with --vault file.")),
)
_EXAMPLES = ("apoa setup", "apoa report", "apoa list --in-house", "apoa checkout --room 7", "apoa sync", "apoa status")
"""The examples of the program's own page."""
_ROFF = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", '"': "\\(dq"}
_IN_PROSE = re.compile(r"(?<!\w)--?(?=\w)|[\\'`^~]")
_ALL = 1000
"""More characters than any help has."""
_ASCII = 128
_WIDTH = 72
"""Characters in a line of prose: mandoc finds lines of more than 80 bytes bad style."""


class Page(NamedTuple):
    """A page: its path below `share/man`, and its text."""

    path: Path
    text: str


def man_pages(root: click.Group, version: str, date: str) -> Iterator[Page]:
    """Yield the pages of the program and of each command, in each language.

    In Indonesian, the page of a command is there under the command's name in either language. `date` is the day of
    the build. The language of the process is another one afterwards.
    """
    for language in LANGUAGES:
        set_language(language)
        folder = Path("man1") if language == SOURCE_LANGUAGE else Path(language, "man1")
        for path, context in all_commands(root):
            text = _ascii(f"{line}\n" for line in _page(path, context, version, date))
            for name in dict.fromkeys((_file_name(path), _file_name(_localized(path)))):
                yield Page(folder / f"{name}.1", text)


def _file_name(path: Sequence[str]) -> str:
    return "-".join(("apoa", *path))


def _localized(path: Sequence[str]) -> list[str]:
    """Return the words of a command in the reader's language."""
    return [localized_subcommand(path[0], word) if place else localized_name(word) for place, word in enumerate(path)]


def _page(path: tuple[str, ...], context: click.Context, version: str, date: str) -> Iterator[str]:
    command, names = context.command, dict.fromkeys((_file_name(_localized(path)), _file_name(path)))
    context.info_name = _localized(path)[-1] if path else context.info_name
    title = next(iter(names)).upper()
    manual = _("Manual of apoa-client")
    yield f'.TH "{_code(title)}" 1 "{date}" "apoa-client {version}" {_quoted(manual)}'
    yield ".nh"
    yield _section(_("NAME"))
    yield rf"{', '.join(map(_code, names))} \-"
    yield from _paragraph(command.get_short_help_str(_ALL).rstrip("."))
    yield _section(_("SYNOPSIS"))
    yield rf"\fB{_code(context.command_path)}\fR {_prose(' '.join(command.collect_usage_pieces(context)))}"
    yield _section(_("DESCRIPTION"))
    yield from _paragraph(command.help or "")
    if any(isinstance(each, GuestArgument) for each in command.params):
        yield from (".PP", *_paragraph(_("GUEST is an ID, enough of it to be unique, a room or part of a name.")))
    if isinstance(command, click.Group):
        yield from _commands(command, context, path)
    yield _section(_("OPTIONS"))
    yield from _options(context)
    yield _section(_("EXAMPLES"))
    examples = map(localized_line, _EXAMPLES) if not path else (example_of(command),)
    yield from (".EX", *map(_line, examples), ".EE")
    yield from _epilog(context)
    yield from _common(path)
    yield _section(_("SEE ALSO"))
    yield ",\n".join(rf"\fB{_code(name)}\fR(1)" for name in _related(path, context))


def _commands(group: click.Group, context: click.Context, path: tuple[str, ...]) -> Iterator[str]:
    """Yield a group's commands, each with its first sentence; those of the program in their sections."""
    sections = SECTIONS if not path else ((N_("Commands"), tuple(group.list_commands(context))),)
    for title, names in sections:
        heading = _(title)
        yield f".SS {_quoted(heading)}"
        found = ((name, group.get_command(context, name)) for name in names)
        yield from _definitions(
            (localized_name(name) if not path else name, each.get_short_help_str(_ALL))
            for name, each in found
            if each is not None
        )


def _options(context: click.Context) -> Iterator[str]:
    """Yield the options by their names in both languages, the reader's first."""
    for option in context.command.get_params(context):
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if not isinstance(option, click.Option) or record is None:
            continue
        names = dict.fromkeys(localized_option(name) for name in option.opts)
        names |= dict.fromkeys(each for name in option.opts for each in both_names(name))
        value = "" if option.is_flag or option.count else f" {_prose(option.make_metavar(context))}"
        yield ".TP"
        yield ", ".join(rf"\fB{_code(name)}\fR" for name in names) + value
        yield from _paragraph(record[1])


def _common(path: tuple[str, ...]) -> Iterator[str]:
    """Yield the sections that all pages have."""
    yield _section(_("EXIT STATUS"))
    yield from _definitions((code, _(sentence)) for code, sentence in _EXIT_CODES)
    yield _section(_("ENVIRONMENT"))
    variables = _ENVIRONMENT[:_IN_EACH_PAGE] if path else _ENVIRONMENT
    yield from _definitions((name, _(sentence)) for name, sentence in variables)
    yield _section(_("FILES"))
    yield from _definitions((name, _(sentence)) for name, sentence in _FILES)


def _epilog(context: click.Context) -> Iterator[str]:
    """Yield what the help has after the options: a heading and lines to copy."""
    formatter = context.make_formatter()
    context.command.format_epilog(context, formatter)
    heading, *lines = formatter.getvalue().strip().split("\n")
    if lines:
        yield from (".PP", *_paragraph(heading), ".EX", *map(_line, lines), ".EE")


def _related(path: tuple[str, ...], context: click.Context) -> list[str]:
    """Return the names of the pages to read next: the group of a command, its neighbours there, its commands."""
    near = [(*path, name) for name in names_in(context)]
    if len(path) == 1:
        near += [(), *((name,) for _title, names in SECTIONS if path[0] in names for name in names)]
    elif path:
        above = context.parent
        near += [path[:1], *((path[0], name) for name in (names_in(above) if above is not None else ()))]
    return [_file_name(_localized(each)) for each in near if each != path]


def _section(title: str) -> str:
    return f".SH {_quoted(title)}"


def _definitions(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, description in rows:
        yield from (".TP", rf"\fB{_code(term)}\fR", *_paragraph(description))


def _paragraph(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ".PP"
        for line in wrap(" ".join(paragraph.split()), _WIDTH, break_on_hyphens=False, break_long_words=False):
            yield _guarded(_prose(line))


def _line(text: str) -> str:
    """Return a line of an example, in which each character stands as it is."""
    return _guarded(_code(text))


def _guarded(line: str) -> str:
    """Return a line that cannot be taken for a request."""
    return rf"\&{line}" if line.startswith((".", "'")) else line


def _code(text: str) -> str:
    """Return text that is typed: each character as it is."""
    return "".join(_ROFF.get(character, character) for character in text)


def _prose(text: str) -> str:
    """Return text to read, in which only the hyphens of options are minus signs."""
    return _IN_PROSE.sub(lambda found: _code(found[0]), text)


def _quoted(text: str) -> str:
    return '"' + _prose(text).replace('"', "\\(dq") + '"'


def _ascii(lines: Iterable[str]) -> str:
    r"""Return lines with \[uXXXX] for each character beyond ASCII, which any encoding of the terminal can show."""
    return "".join(each if ord(each) < _ASCII else f"\\[u{ord(each):04X}]" for line in lines for each in line)
