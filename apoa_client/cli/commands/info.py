"""`apoa info`: the obligation, permits, overstay and the rest, each with its source; and a notice for the lobby."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from apoa_client.app.container import Container
from apoa_client.cli.guide.facts import Fact, Topic, topics
from apoa_client.cli.guide.search import search_facts, similar_words
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, current_language, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_json,
    print_line,
    sanitize,
    style_bold,
    style_success,
    style_warning,
)
from apoa_client.cli.terminal.tables import label_lines
from apoa_client.cli.views.labels import day_text
from apoa_client.errors import Exit, SettingsProblem, UsageProblem
from apoa_client.messages import Message, msg

_SEARCHED = "visa 30"


@command("info", N_("Look up the obligation, permits, overstay and more, offline."), "apoa info overstay")
@click.argument("words", metavar="[TOPIC|WORDS]...", nargs=-1)
@option(
    "--poster",
    type=click.Path(path_type=Path),
    metavar="FILE",
    text=N_("Write a notice for the lobby, in seven languages, to this file; - for standard output."),
)
@option("--name", metavar="TEXT", text=N_("With --poster: the house's name at its head."))
@option("--force", is_flag=True, text=N_("Replace a file that is there already."))
@option("--json", "as_json", is_flag=True, text=N_("Print one JSON document."))
@click.pass_obj
def info(session: Session, /, *, words: tuple[str, ...], poster: Path | None, as_json: bool, **choice: Any) -> int:  # noqa: ANN401  click's
    """Show the topics, one of them, or what was found; or write the notice."""
    session.json = as_json
    if poster is not None:
        _check_poster(words, as_json=as_json)
        return _write_poster(session.app, poster, **choice)
    if choice["name"] is not None or choice["force"]:
        raise UsageProblem(msg("--name and --force go with --poster only."), msg("See: apoa info --help"))
    found = _found(" ".join(words)) if words else topics(current_language())
    if as_json:
        print_json({"topics": [_value(topic, _here(session.app)) for topic in found]})
    elif words:
        _show(found, _here(session.app))
    else:
        _show_topics()
    return Exit.DONE


def _found(query: str) -> Sequence[Topic]:
    """What is known of it. Raises `UsageProblem`, with what else may have been meant."""
    found = search_facts(query, current_language())
    if not found:
        near = ", ".join(similar_words(query))
        raise UsageProblem(
            msg("Nothing about {words} is known here.", words=query),
            msg("Did you mean: {words}? All topics: apoa info", words=near) if near else msg("All topics: apoa info"),
        )
    return found


def _here(app: Container) -> Mapping[str, Message]:
    """What this property's settings say, by topic; nothing where none is set up: the facts are for everybody."""
    try:
        settings = app.settings
    except SettingsProblem:
        return {}
    said_here = {
        "deadline": msg("This property's settings say: {hours} hours.", hours=settings.window_hours),
        "data": msg("This property's settings say: {days} days after check-out.", days=settings.retention_days),
    }
    if settings.office:
        said_here["offices"] = msg("This property's settings say: {office}.", office=settings.office)
    return said_here


def _show_topics() -> None:
    known = topics(current_language())
    print_line(style_bold(_("What this program knows")))
    for line in label_lines([(topic.name, topic.title) for topic in known]):
        print_line(line)
    print_line()
    print_line(_("Read one: apoa info {topic}").format(topic=known[0].name))
    print_line(_("Search, in Indonesian or English: apoa info {words}").format(words=_SEARCHED))


def _show(found: Sequence[Topic], here: Mapping[str, Message]) -> None:
    for number, topic in enumerate(found):
        if number:
            print_line()
        print_line(style_bold(topic.title))
        for place, lines in enumerate(_paragraphs(topic, here)):
            if place:
                print_line()
            for line in lines:
                print_line(f"  {line}")


def _paragraphs(topic: Topic, here: Mapping[str, Message]) -> Iterator[list[str]]:
    """Yield the facts of one source together with the source, then what the property's settings say."""
    for (source, as_of), facts in groupby(topic.facts, lambda fact: (fact.source, fact.as_of)):
        where = _("Source: {source}. As of {day}.").format(source=source, day=day_text(as_of))
        yield [*_lines(facts), click.style(where, dim=True)]
    if topic.id in here:
        yield [style_warning(text(here[topic.id]))]


def _lines(facts: Iterator[Fact]) -> Iterator[str]:
    """Yield one line per fact, and one for all facts of a series."""
    for series, members in groupby(facts, lambda fact: fact.series):
        texts = [fact.text for fact in members]
        if series:
            yield f"{series}: {'; '.join(texts)}."
        else:
            yield from texts


def _value(topic: Topic, here: Mapping[str, Message]) -> dict[str, Any]:
    """Return a topic as JSON values, in the reader's language."""
    return {
        "topic": topic.id,
        "title": topic.title,
        "facts": [
            {
                "text": fact.text,
                "series": fact.series or None,
                "source": fact.source,
                "as_of": fact.as_of.isoformat(),
            }
            for fact in topic.facts
        ],
        "here": text(here[topic.id]) if topic.id in here else None,
    }


def _check_poster(words: Sequence[str], *, as_json: bool) -> None:
    """Whether the options go together. Raises `UsageProblem`."""
    if words or as_json:
        raise UsageProblem(msg("--poster takes no topic and no --json."), msg("See: apoa info --help"))


def _write_poster(app: Container, file: Path, *, name: str | None, force: bool) -> int:
    from apoa_client.cli.documents.poster import poster  # templates are slow to load
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, write_output

    write_output(file, poster(app.settings, name or app.settings.name, app.clock.now()).encode(), force=force)
    if file != STANDARD_OUTPUT:
        print_line(style_success(_("The notice is written: {file}").format(file=sanitize(str(file)))))
        print_line(_("Open it in a web browser and print it: one page of A4, or A3."))
    if app.settings.is_training:
        print_error_line(style_warning(_("Training: the notice says so, and is not for the lobby.")))
    return Exit.DONE
