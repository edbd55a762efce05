"""Every command of the program, as the tests walk through them."""

from collections.abc import Iterator

import click

from apoa_client.cli.program import subcommand_context, top_context


def all_commands(root: click.Group) -> Iterator[tuple[tuple[str, ...], click.Context]]:
    """Yield a context of the program and of each command, with the English names of the command."""
    found: list[tuple[tuple[str, ...], click.Context]] = [((), top_context(root))]
    for path, context in found:  # which grows
        yield path, context
        for name in _names_in(context):
            subcommand = subcommand_context(context, name)
            if subcommand is not None:
                found.append(((*path, name), subcommand))


def _names_in(context: click.Context) -> list[str]:
    """Return the English names of a group's commands, in the order of its help."""
    group = context.command
    if not isinstance(group, click.Group):
        return []
    found = (group.get_command(context, name) for name in group.list_commands(context))
    return [each.name for each in found if each is not None and each.name is not None]
