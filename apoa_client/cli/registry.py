"""The tree of commands: found by name, loaded when called, and speaking the reader's language.

A command is named as a string and imported when somebody calls it or asks for help, because start-up is a feature.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

import click

from apoa_client.cli.terminal.language import N_, _, current_language
from apoa_client.cli.terminal.output import columns, plain
from apoa_client.cli.terminal.wrapping import wrap_line

COMMANDS = {
    "report": "apoa_client.cli.commands.report:report",
    "check": "apoa_client.cli.commands.check:check",
    "status": "apoa_client.cli.commands.status:status",
    "list": "apoa_client.cli.commands.list:list_reports",
    "show": "apoa_client.cli.commands.show:show",
    "receipt": "apoa_client.cli.commands.receipt:receipt",
    "received": "apoa_client.cli.commands.by_hand:received",
    "checkout": "apoa_client.cli.commands.checkout:checkout",
    "amend": "apoa_client.cli.commands.amend:amend",
    "cancel": "apoa_client.cli.commands.checkout:cancel",
    "fix": "apoa_client.cli.commands.amend:fix",
    "sync": "apoa_client.cli.commands.sync:sync",
    "setup": "apoa_client.cli.commands.setup:setup",
    "login": "apoa_client.cli.commands.login:login",
    "logout": "apoa_client.cli.commands.login:logout",
    "purge": "apoa_client.cli.commands.purge:purge",
    "log": "apoa_client.cli.commands.log:log",
    "backup": "apoa_client.cli.commands.backup:backup",
    "restore": "apoa_client.cli.commands.backup:restore",
    "help": "apoa_client.cli.commands.help:show_help",
    "info": "apoa_client.cli.commands.info:info",
    "contract": "apoa_client.cli.commands.contract:contract",
    "sandbox": "apoa_client.cli.commands.sandbox:sandbox",
    "demo": "apoa_client.cli.commands.demo:demo",
    "key": "apoa_client.cli.commands.key:key",
}

ALIASES = {
    "lapor": "report",
    "cek": "check",
    "daftar": "list",
    "keluar": "checkout",
    "ubah": "amend",
    "batal": "cancel",
    "perbaiki": "fix",
    "bukti": "receipt",
    "kirim": "sync",
    "bantuan": "help",
    "siapkan": "setup",
}
"""Indonesian names of commands."""

SECTIONS = (
    (N_("Daily work"), ("report", "check", "status")),
    (N_("Guests"), ("list", "show", "checkout", "amend", "cancel", "fix", "receipt", "received")),
    (N_("Sending"), ("sync", "login", "logout")),
    (N_("Set-up"), ("setup", "sandbox")),
    (N_("For the IT admin"), ("backup", "restore", "key", "purge", "log")),
    (N_("Help"), ("help", "info", "demo", "contract")),
)


class _Formatter(click.HelpFormatter):
    """Lays help out in two columns; in plain lines, with a colon between."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        super().__init__(0 if plain() else indent_increment, columns() if plain() else width, max_width)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write what stands left and right."""
        if not plain():
            super().write_dl(rows, col_max, col_spacing)
            return
        for name, said in rows:
            line = re.sub(" {2,}", " ", f"{name}: {said}" if said else name)
            self.write("".join(f"{each}\n" for each in wrap_line(line, self.width)))


class _Context(click.Context):
    """Where a command is called."""

    formatter_class: type[click.HelpFormatter] = _Formatter


def localized_name(name: str) -> str:
    """A command's name as the reader of a screen is told it: the Indonesian one, where they read Indonesian."""
    known = {of: alias for alias, of in ALIASES.items()} if current_language() == "id" else {}
    return known.get(name, name)


def localized_command(words: str) -> str:
    """A command, with its options where there are any, as the reader of a screen is told to type it."""
    name, space, more = words.partition(" ")
    return f"apoa {localized_name(name)}{space}{more}"


class _Speaking:
    """A click object whose help is kept as the catalogue's key and translated when it is shown."""

    _help: str | None = None

    @property
    def help(self) -> str | None:
        return _(self._help) if self._help else None

    @help.setter
    def help(self, text: str | None) -> None:
        self._help = text


class Option(_Speaking, click.Option):
    """An option whose help speaks the reader's language."""


class Command(_Speaking, click.Command):
    """A command whose help and example speak the reader's language."""

    context_class: type[click.Context] = _Context

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's help, then its example."""
        super().format_help_text(ctx, formatter)
        _show_example(self, formatter)


def command(name: str, text: str, example: str) -> Callable[[Callable[..., Any]], Command]:
    """Declare a command with its help (a marked sentence) and an example, which is the same in every language."""

    def declare(function: Callable[..., Any]) -> Command:
        function.example = example  # type: ignore[attr-defined]  # read back by Command.format_help_text
        return click.command(name, cls=Command, help=text)(function)

    return declare


def option(*names: str, text: str, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: ANN401  click's
    """Declare an option with its help (a marked sentence). `more` is click's."""
    return click.option(*names, cls=Option, help=text, **more)


class LazyGroup(_Speaking, click.Group):
    """The program: commands by name, in sections, each imported when it is needed."""

    context_class: type[click.Context] = _Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, as the help lists them."""
        return [name for _title, names in SECTIONS for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command by its name or its Indonesian one."""
        return _imported(COMMANDS.get(ALIASES.get(cmd_name, cmd_name)))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the one that was probably meant."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            import difflib  # only for a mistake

            near = difflib.get_close_matches(name, [*COMMANDS, *ALIASES], n=1)
            hint = _("Did you mean: apoa {command}").format(command=near[0]) if near else _("See: apoa --help")
            ctx.fail(_("There is no command {command}.").format(command=repr(name)) + " " + hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in their sections, with their Indonesian names."""
        other = {name: alias for alias, name in ALIASES.items()}
        for title, names in SECTIONS:
            rows = []
            for name in names:
                found = self.get_command(ctx, name)
                shown = f"{name} [{other[name]}]" if name in other else name
                rows.append((shown, found.get_short_help_str(200) if found is not None else ""))
            with formatter.section(_(title)):
                formatter.write_dl(rows)


class CommandGroup(_Speaking, click.Group):
    """Commands that share a first word, such as `apoa key`: named as strings, imported when they are needed."""

    context_class: type[click.Context] = _Context

    def __init__(self, name: str, text: str, example: str, commands: Mapping[str, str]) -> None:
        super().__init__(name, help=text, callback=lambda: None)
        self.callback.example = example  # type: ignore[union-attr]  # as in `command`
        self._targets = commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were named."""
        return list(self._targets)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command by its name."""
        return _imported(self._targets.get(cmd_name))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help, then an example."""
        super().format_help_text(ctx, formatter)
        _show_example(self, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, each with the whole of its first sentence."""
        found = [(name, self.get_command(ctx, name)) for name in self._targets]
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, each.get_short_help_str(200)) for name, each in found if each is not None])


def _imported(target: str | None) -> click.Command | None:
    if target is None:
        return None
    module, _colon, attribute = target.partition(":")
    found = getattr(import_module(module), attribute)
    return found if isinstance(found, click.Command) else None


def _show_example(shown: click.Command, formatter: click.HelpFormatter) -> None:
    example = getattr(shown.callback, "example", "")
    if example:
        with formatter.section(_("Example")):
            formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
