"""`apoa demo`: show the main job against a temporary authority, in a temporary folder."""

import click

from apoa_client.cli.registry import command
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_
from apoa_client.errors import Exit


@command("demo", N_("See the whole main job in one go: nothing is kept, nothing leaves this computer."), "apoa demo")
@click.pass_obj
def demo(session: Session) -> int:
    """Run all steps. Returns 0 only if each one had the expected result."""
    from apoa_client.cli.commands.demo_script import run_demo  # starts a server

    return Exit.DONE if run_demo(session) else Exit.BUG
