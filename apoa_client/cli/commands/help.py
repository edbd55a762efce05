"""`apoa help`: what to do when something is not as usual, the guides, and how each command works."""

from collections.abc import Iterable

import click

from apoa_client.cli.guide.guides import (
    COMMAND,
    FACTS,
    GUIDE,
    NAME,
    SITUATION,
    Hit,
    Situation,
    all_guides,
    guides,
    situations,
)
from apoa_client.cli.registry import argument, command
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.command_names import (
    ALIASES,
    COMMANDS,
    SYNONYMS,
    localized_command,
    localized_line,
    localized_name,
    localized_subcommand,
)
from apoa_client.cli.terminal.language import N_, _, current_language
from apoa_client.cli.terminal.output import print_definitions, print_line, style_bold, write
from apoa_client.cli.terminal.pager import page_markdown, paged
from apoa_client.errors import UsageProblem
from apoa_client.locale import LANGUAGES
from apoa_client.messages import Message, msg
from apoa_client.texts import close_matches

_EXAMPLE_COMMAND = "report"
_MAX_SUGGESTIONS = 4


@command(
    "help", N_("What to do when something is not as usual; a guide; or how a command works."), "apoa help satu-nama"
)
@argument("words", metavar="[TOPIC|GUIDE|COMMAND]...", nargs=-1)
def show_help(session: Session, /, *, words: tuple[str, ...]) -> None:
    """Show the topics, or what the words name, else what a search for them finds. A guide goes before a command."""
    query, root = " ".join(words).strip(), click.get_current_context().find_root()
    if not query:
        with paged(session.environ, wanted=True):
            _show_topics()
        return
    usage = None if _key(query) in _guide_ids() else _usage(root, words)
    if usage is not None:
        write(usage)
        return
    best, *others = find(query)
    if best.kind == GUIDE:
        page_markdown(next(each.text for each in guides(current_language()) if each.id == best.id), session.environ)
        return
    if best.kind == SITUATION:
        _show_situation(next(each for each in situations(current_language()) if each.id == best.id))
    elif best.kind == FACTS:
        from apoa_client.cli.commands.info import show_facts  # start-up
        from apoa_client.cli.guide.facts import topics  # the same

        show_facts([each for each in topics(current_language()) if each.id == best.id])
    else:
        write(_usage(root, [best.id]) or "")
    print_line()
    near = [name for each in others if each.score * 2 >= best.score and (name := _name(each)) != _name(best)]
    if near:
        near_topics = ", ".join(localized_line(f"apoa help {name}") for name in near[:_MAX_SUGGESTIONS])
        print_line(_("See also: {topics}").format(topics=near_topics))
    print_line(_("All topics: apoa help"))


def find(query: str) -> list[Hit]:
    """Return what a name means, in any language, else what a search finds, the best first.

    Raises `UsageProblem`, with similar names, if nothing is found, or if several names begin with the query.
    """
    # What each name of a situation, a command or a guide means, in all languages.
    known = {each.name: Hit(SITUATION, each.id) for language in LANGUAGES for each in situations(language)}
    known |= {name: Hit(COMMAND, ALIASES.get(name, name)) for name in (*COMMANDS, *ALIASES)}
    known |= {name: Hit(GUIDE, id_) for name, id_ in _guide_ids().items()}
    if _key(query) in known:
        return [known[_key(query)]]
    from apoa_client.cli.guide.facts import command_entry, search  # start-up

    aliases = {name: alias for alias, name in ALIASES.items()}
    hits = search(
        query,
        (
            command_entry(name, aliases.get(name, ""), (word for word in SYNONYMS if SYNONYMS[word] == name))
            for name in COMMANDS
        ),
    )
    if not hits:
        similar = [known[name] for name in close_matches(_key(query), list(known), limit=_MAX_SUGGESTIONS)]
        raise _undecided(msg("There is no help about {topic}.", topic=query), similar)
    best = hits[0].score
    if best < NAME and len(hits) > 1 and hits[1].score == best:
        raise _undecided(msg("{topic} may mean several things.", topic=query), [h for h in hits if h.score == best])
    return hits


def _undecided(problem: Message, similar: Iterable[Hit]) -> UsageProblem:
    """Return the problem with similar names, each once, in the reader's language."""
    topics = ", ".join(list(dict.fromkeys(map(_name, similar)))[:_MAX_SUGGESTIONS])
    all_topics = msg("All topics: apoa help")
    return UsageProblem(
        problem, msg("Did you mean: {topics}? All topics: apoa help", topics=topics) if topics else all_topics
    )


def _key(query: str) -> str:
    return "-".join(query.casefold().split())


def _guide_ids() -> dict[str, str]:
    return {guide.name: guide.id for guide in all_guides()}


def _name(hit: Hit) -> str:
    """Return the name of what was found in the reader's language."""
    if hit.kind == COMMAND:
        return localized_name(hit.id)
    language = current_language()
    if hit.kind == FACTS:
        from apoa_client.cli.guide.facts import topics  # start-up

        return next(each.name for each in topics(language) if each.id == hit.id)
    shown = guides(language) if hit.kind == GUIDE else situations(language)
    return next(each.name for each in shown if each.id == hit.id)


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
