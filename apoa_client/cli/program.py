"""The commands of the program by name, each imported when it is called.

They are named as strings because importing all of them would slow down every start.
"""

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import click

from apoa_client.cli.registry import NamedCommands
from apoa_client.cli.terminal.command_names import ALIASES, SYNONYMS, localized_name
from apoa_client.cli.terminal.language import N_, _

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

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
"""Every command, in the order of the help: `name` is in the module `commands.name`."""

COMMANDS = tuple(name for _title, names in SECTIONS for name in names)
_ELSEWHERE = {"fix": "amend", "import": "import_table", "logout": "login", "show": "list"}
"""The modules of commands that are in another one."""

DAILY = ("report", "list", "status", "checkout", "amend", "cancel", "fix", "sync", "receipt")
"""The commands in the main help; `--help-all` shows all sections."""

ALL_SECTIONS = "apoa_client.all_sections"
"""The key of `click.Context.meta` that is set where the help shows all sections."""


class Program(NamedCommands):
    """The program: its commands by name, in sections."""

    names: Collection[str] = COMMANDS
    aliases: Mapping[str, str] = ALIASES
    synonyms: Mapping[str, str] = SYNONYMS

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the names that fit. Before a letter is typed they have no help: it would import each command."""
        if incomplete:
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem

        return list(map(CompletionItem, self.shown_commands()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the global options; `--help all` is `--help-all`, as people say it."""
        if args in (["--help", "all"], ["--bantuan", "semua"]):
            args = ["--help-all"]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command by its English or Indonesian name."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        module = import_module(f"apoa_client.cli.commands.{_ELSEWHERE.get(name, name)}")
        return next(each for each in vars(module).values() if isinstance(each, click.Command) and each.name == name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands of daily work, or all in their sections; in English with their Indonesian names."""
        indonesian = {name: alias for alias, name in ALIASES.items()}
        shows_all = ALL_SECTIONS in ctx.meta
        for title, names in SECTIONS if shows_all else ((SECTIONS[0][0], DAILY),):
            rows = []
            for name in names:
                found, shown = self.get_command(ctx, name), localized_name(name)
                if shown == name and name in indonesian:
                    shown = f"{name} [{indonesian[name]}]"
                rows.append((shown, found.get_short_help_str(200) if found is not None else ""))
            with formatter.section(_(title)):
                formatter.write_dl(rows)
        if not shows_all:
            formatter.write_paragraph()
            formatter.write_text(_("All commands: apoa --help-all. What to do when: apoa help"))
