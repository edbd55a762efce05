"""`apoa help`: what to do when something is not as usual, the guides, and how each command works."""

from collections.abc import Iterable, Mapping

import click

from apoa_client.cli.guide.guides import Situation, all_guides, guides, situations
from apoa_client.cli.program import COMMANDS
from apoa_client.cli.registry import argument, command
from apoa_client.cli.terminal.command_names import (
    ALIASES,
    SYNONYMS,
    localized_command,
    localized_name,
    localized_subcommand,
)
from apoa_client.cli.terminal.language import N_, _, current_language
from apoa_client.cli.terminal.output import print_definitions, print_line, style_bold, write
from apoa_client.cli.terminal.pager import page_markdown
from apoa_client.errors import UsageProblem
from apoa_client.locale import LANGUAGES
from apoa_client.matching import close_matches
from apoa_client.messages import msg

_EXAMPLE_COMMAND = "report"
_MAX_SUGGESTIONS = 4


@command(
    "help", N_("What to do when something is not as usual; a guide; or how a command works."), "apoa help satu-nama"
)
@argument("words", metavar="[TOPIC|GUIDE|COMMAND]...", nargs=-1)
@click.pass_context
def show_help(ctx: click.Context, /, *, words: tuple[str, ...]) -> None:
    """Show the topics, a situation, a guide, or what a command's --help shows. A guide goes before a command."""
    query = "-".join(words).strip()
    if not query:
        _show_topics()
        return
    root = ctx.find_root()
    guide_ids = {guide.name: guide.id for guide in all_guides()}
    usage = None if query.casefold() in guide_ids else _usage(root, words)
    if usage is not None:
        write(usage)
        return
    found = guide_ids.get(query.casefold()) or find(query)
    guide = next((each for each in guides(current_language()) if each.id == found), None)
    situation = next((each for each in situations(current_language()) if each.id == found), None)
    if guide is not None:
        page_markdown(guide.text)
    elif situation is not None:
        _show_situation(situation)
    else:
        write(_usage(root, [found]) or "")


def find(query: str) -> str:
    """Return the id of the situation or guide, or the command, that a name or its beginning means, in any language.

    Raises `UsageProblem`, with similar names.
    """
    wanted = "-".join(query.casefold().split())
    known = {each.name: each.id for language in LANGUAGES for each in situations(language)}
    known |= {name: name for name in COMMANDS} | ALIASES | {guide.name: guide.id for guide in all_guides()}
    matching = {wanted: known[wanted]} if wanted in known else _beginning_with(wanted, known)
    if not matching and wanted in SYNONYMS:
        return SYNONYMS[wanted]
    if len(set(matching.values())) == 1:
        return next(iter(matching.values()))
    similar = matching or {name: known[name] for name in close_matches(wanted, list(known), limit=_MAX_SUGGESTIONS)}
    # A situation or guide once, by its name in the reader's language; a command by the name that was found.
    here = {each.id: each.name for each in situations(current_language())}
    here |= {each.id: each.name for each in guides(current_language())}
    shown: dict[str, str] = {}
    for name, meaning in similar.items():
        shown.setdefault(meaning, here.get(meaning, name))
    topics = ", ".join(list(shown.values())[:_MAX_SUGGESTIONS])
    raise UsageProblem(
        msg("There is no help about {topic}.", topic=query),
        msg("Did you mean: {topics}? All topics: apoa help", topics=topics) if topics else msg("All topics: apoa help"),
    )


def _beginning_with(wanted: str, known: Mapping[str, str]) -> dict[str, str]:
    """Return the names that begin like this; if there are none, those with a word in them that does."""
    matching = {name: meaning for name, meaning in known.items() if name.startswith(wanted)}
    return matching or {name: meaning for name, meaning in known.items() if f"-{wanted}" in name}


def _usage(root: click.Context, words: Iterable[str]) -> str | None:
    """Return the help of the command that these words call; None if there is no such command."""
    ctx = root
    for word in words:
        found = ctx.command.get_command(ctx, word) if isinstance(ctx.command, click.Group) else None
        if found is None:
            return None
        group = ctx.command.name or ""
        name = localized_name(ALIASES.get(word, word)) if ctx is root else localized_subcommand(group, word)
        ctx = click.Context(found, parent=ctx, info_name=name)
    return ctx.get_help()


def _show_topics() -> None:
    language = current_language()
    known = situations(language)
    print_line(style_bold(_("What to do when")))
    print_definitions([(situation.name, situation.title) for situation in known])
    print_line(style_bold(_("Guides")))
    print_definitions([(guide.name, guide.title_in(language)) for guide in guides(language)])
    print_line()
    print_line(_("One of them: apoa help {topic}").format(topic=known[0].name))
    line = _("A command: apoa help {command}. All of them: apoa --help-all")
    print_line(line.format(command=localized_name(_EXAMPLE_COMMAND)))
    print_line(_("Something does not work: apoa doctor"))


def _show_situation(situation: Situation) -> None:
    print_line(style_bold(situation.title))
    for step in situation.steps:
        print_line()
        print_line(f"  {step.text}")
        if step.command is not None:
            print_line("    " + style_bold(localized_command(step.command.removeprefix("apoa "))))
    print_line()
    print_line(_("All topics: apoa help"))
