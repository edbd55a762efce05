"""Every command of the program, as the tests walk through them."""

from collections.abc import Iterator

import click


def all_commands(root: click.Group) -> Iterator[tuple[tuple[str, ...], click.Context]]:
    """Yield a context of the program and of each command, with the English names of the command."""
    top = root.context_class(root, info_name="apoa", **root.context_settings)
    found: list[tuple[tuple[str, ...], click.Context]] = [((), top)]
    for path, context in found:  # which grows
        yield path, context
        group = context.command
        if isinstance(group, click.Group):
            commands = (group.get_command(context, name) for name in group.list_commands(context))
            found += [
                ((*path, each.name), each.context_class(each, parent=context, info_name=each.name))
                for each in commands
                if each is not None and each.name is not None
            ]
