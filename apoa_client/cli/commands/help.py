"""`apoa help`: what to do when something is not as usual, and how each command works."""

from collections.abc import Iterable, Mapping

import click

from apoa_client.cli.guide.situations import SITUATIONS, Situation
from apoa_client.cli.registry import COMMANDS, command
from apoa_client.cli.terminal.command_names import ALIASES, localized_command, localized_name
from apoa_client.cli.terminal.language import N_, _, current_language, text
from apoa_client.cli.terminal.output import print_definitions, print_line, style_bold, write
from apoa_client.errors import UsageProblem
from apoa_client.messages import msg

_A_COMMAND = "report"
"""For example."""

_MOST = 4
"""So many names are suggested at most."""


@command("help", N_("What to do when something is not as usual; or how a command works."), "apoa help satu-nama")
@click.argument("words", metavar="[TOPIC|COMMAND]...", nargs=-1)
@click.pass_context
def show_help(ctx: click.Context, /, *, words: tuple[str, ...]) -> None:
    """Show the topics, one of them, or what a command's --help shows."""
    if not "".join(words).strip():
        _show_all()
        return
    root = ctx.find_root()
    usage = _usage(root, words)
    if usage is not None:
        write(usage)
        return
    found = find("-".join(words))
    if isinstance(found, Situation):
        _show(found)
    else:
        write(_usage(root, [found]) or "")


def find(query: str) -> Situation | str:
    """What a name or its beginning means, in either language: a situation, or a command's name.

    Raises `UsageProblem`, with what may have been meant.
    """
    wanted, known = "-".join(query.casefold().split()), _known()
    near = {wanted: known[wanted]} if wanted in known else _begun(wanted, known)
    if len(set(near.values())) == 1:
        name = next(iter(near.values()))
        return _BY_NAME.get(name, name)
    topics = ", ".join(_in_one_language(near or _close(wanted, known))[:_MOST])
    raise UsageProblem(
        msg("There is no help about {topic}.", topic=query),
        msg("Did you mean: {topics}? All topics: apoa help", topics=topics) if topics else msg("All topics: apoa help"),
    )


_BY_NAME = {situation.en: situation for situation in SITUATIONS}


def _known() -> Mapping[str, str]:
    """Whatever can be asked for, in either language, by what it is: a situation or a command."""
    situations = {name: each.en for each in SITUATIONS for name in each.names}
    return situations | {name: name for name in COMMANDS} | ALIASES


def _begun(wanted: str, known: Mapping[str, str]) -> Mapping[str, str]:
    """What begins so; or else whatever has a word inside that does."""
    begun = {name: what for name, what in known.items() if name.startswith(wanted)}
    return begun or {name: what for name, what in known.items() if f"-{wanted}" in name}


def _close(wanted: str, known: Mapping[str, str]) -> Mapping[str, str]:
    import difflib  # only for a mistake

    return {name: known[name] for name in difflib.get_close_matches(wanted, known, n=_MOST)}


def _in_one_language(found: Mapping[str, str]) -> list[str]:
    """Each once: a situation by its name in the reader's language, a command as it was found."""
    shown: dict[str, str] = {}
    for name, what in found.items():
        shown.setdefault(what, _name(_BY_NAME[what]) if what in _BY_NAME else name)
    return list(shown.values())


def _name(situation: Situation) -> str:
    return str(getattr(situation, current_language()))


def _usage(root: click.Context, words: Iterable[str]) -> str | None:
    """The help of the command that these words call; None where they call none."""
    ctx = root
    for word in words:
        found = ctx.command.get_command(ctx, word) if isinstance(ctx.command, click.Group) else None
        if found is None:
            return None
        ctx = click.Context(found, parent=ctx, info_name=word)
    return ctx.get_help()


def _show_all() -> None:
    print_line(style_bold(_("What to do when")))
    print_definitions([(_name(situation), text(situation.title)) for situation in SITUATIONS])
    print_line()
    print_line(_("One of them: apoa help {topic}").format(topic=_name(SITUATIONS[0])))
    print_line(_("How a command works: apoa help {command}").format(command=localized_name(_A_COMMAND)))
    print_line(_("All commands: apoa --help"))


def _show(situation: Situation) -> None:
    print_line(style_bold(text(situation.title)))
    for step in situation.steps:
        print_line()
        print_line(f"  {text(step.text)}")
        if step.command is not None:
            print_line("    " + style_bold(localized_command(text(step.command).removeprefix("apoa "))))
    print_line()
    print_line(_("All topics: apoa help"))
