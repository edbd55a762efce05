"""The commands of the program by name, each imported when it is called.

They are named as strings because importing all of them would slow down every start.
"""

from importlib import import_module
from typing import TYPE_CHECKING

import click

from apoa_client.cli.registry import CommandHelp
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


class Program(CommandHelp, click.Group):
    """The program: its commands by name, in sections."""

    def shown_commands(self) -> list[str]:
        """Return all commands by their names in the reader's language, in the order of the help."""
        return list(map(localized_name, COMMANDS))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the shown names; to complete a name, those in the other language too."""
        more = (*COMMANDS, *ALIASES) if ctx.resilient_parsing else ()
        return list(dict.fromkeys((*self.shown_commands(), *more)))

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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command. For an unknown name, fail and suggest a similar one."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            from apoa_client.matching import close_matches

            near = close_matches(name, [*COMMANDS, *ALIASES, *SYNONYMS], limit=1)
            hint = _("See: apoa --help")
            if near:
                meant = SYNONYMS.get(near[0], ALIASES.get(near[0], near[0]))
                hint = _("Did you mean: apoa {command}").format(command=localized_name(meant))
            ctx.fail(_("There is no command {command}.").format(command=repr(name)) + " " + hint)
        _name, found, rest = super().resolve_command(ctx, args)
        return localized_name(ALIASES.get(name, name)), found, rest

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
