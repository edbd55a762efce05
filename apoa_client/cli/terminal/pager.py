"""Long Markdown texts: drawn and shown through a pager on a terminal, as they are in a pipe or in plain lines."""

import sys
from io import StringIO

import click

from apoa_client.cli.terminal.output import columns, plain, write


def page_markdown(text: str) -> None:
    """Show a Markdown text. On a terminal it is drawn in its width, in the pager that PAGER names."""
    if plain() or not sys.stdout.isatty():
        write(text.rstrip("\n"))
        return
    from rich.console import Console  # slow to load, and only a terminal needs it
    from rich.markdown import Markdown

    drawn = StringIO()
    Console(file=drawn, force_terminal=True, width=columns()).print(Markdown(text, hyperlinks=False))
    click.echo_via_pager(drawn.getvalue())
