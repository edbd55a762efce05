"""Walks the commands of the program and of its groups, which are imported one by one."""

from collections.abc import Iterator

import click


def all_commands(root: click.Group) -> Iterator[tuple[tuple[str, ...], click.Context]]:
    """Yield a context of the program and of each command, with the English names of the command."""
    found: list[tuple[tuple[str, ...], click.Context]] = [((), top_context(root))]
    for path, context in found:  # which grows
        yield path, context
        for name in names_in(context):
            below = subcommand_context(context, name)
            if below is not None:
                found.append(((*path, name), below))


def top_context(root: click.Group) -> click.Context:
    """Return a context of the program."""
    return root.context_class(root, info_name="apoa", **root.context_settings)


def subcommand_context(context: click.Context, name: str) -> click.Context | None:
    """Return the context of a command of a group; None if there is no such command."""
    group = context.command
    found = group.get_command(context, name) if isinstance(group, click.Group) else None
    return None if found is None else found.context_class(found, parent=context, info_name=name)


def names_in(context: click.Context) -> list[str]:
    """Return the English names of a group's commands, in the order of its help."""
    group = context.command
    if not isinstance(group, click.Group):
        return []
    found = (group.get_command(context, name) for name in group.list_commands(context))
    return [each.name for each in found if each is not None and each.name is not None]
