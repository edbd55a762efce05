"""`apoa demo`: the whole main job in one go, against a throw-away authority, in a temporary home."""

import click

from apoa_client.cli.registry import command
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_
from apoa_client.errors import Exit


@command("demo", N_("See the whole main job in one go: nothing is kept, nothing leaves this computer."), "apoa demo")
@click.pass_obj
def demo(session: Session) -> int:
    """Play it through; 0 only where every step went as promised."""
    from apoa_client.cli.commands.demo_script import play  # starts a server

    return Exit.DONE if play(session) else Exit.BUG
