"""`apoa completion`: print the script that makes a shell complete commands, options and values."""

import click

from apoa_client.cli.completion import SHELLS, script
from apoa_client.cli.registry import Command, argument, command
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import localized_line
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import plain, write
from apoa_client.installation import COMPLETION_SCRIPTS, POWERSHELL_SCRIPT

_SCRIPTS = {
    shell: f"mkdir -p ~/{path.rpartition('/')[0]} && apoa completion {shell} > ~/{path}"
    for shell, path in COMPLETION_SCRIPTS.items()
}
INSTALL = {
    "bash": _SCRIPTS["bash"],
    "zsh": f"{_SCRIPTS['zsh']} && echo 'fpath+=~/.zfunc; autoload -Uz compinit; compinit' >> ~/.zshrc",
    "fish": _SCRIPTS["fish"],
    "powershell": "mkdir -Force (Split-Path $PROFILE) | Out-Null; "
    f"if (-not (Select-String -Quiet '{POWERSHELL_SCRIPT}' $PROFILE -EA Ignore)) "
    "{ apoa completion powershell | Add-Content $PROFILE }",
}
"""The line that installs the script of each shell for one user."""


class _CompletionCommand(Command):
    """The command, with the lines that install each script in its help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's
        """Write a line for each shell, unwrapped, so that it can be copied."""
        with formatter.section(_("To install it for this user, then open a new window")):
            indent = "" if plain() else "  "
            for shell, line in INSTALL.items():
                formatter.write(f"{indent}{shell}:\n{2 * indent}{localized_line(line)}\n")


@command(
    "completion",
    N_("Print the script with which a shell completes commands, options and values on the Tab key."),
    "apoa completion bash",
    _CompletionCommand,
)
@argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
def completion(_session: Session, shell: str) -> None:
    """Print the script of one shell."""
    write(script(shell).rstrip("\n"))
