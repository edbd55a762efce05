"""`apoa info`: look up the obligation, permits, overstay and more, each fact with its source; print a lobby notice."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from apoa_client.app.container import Container
from apoa_client.cli.guide.facts import Topic, is_outdated, search_facts, similar_words, topics
from apoa_client.cli.registry import argument, command, force_option, json_option, option, path_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _, current_language
from apoa_client.cli.terminal.output import (
    print_definitions,
    print_json,
    print_line,
    print_warning,
    style_bold,
    style_warning,
)
from apoa_client.cli.views.labels import day_text, partial_text
from apoa_client.errors import Exit, UsageProblem
from apoa_client.messages import msg
from apoa_client.passport.dates import PartialDate
from apoa_client.texts import without_accents

_SEARCH_EXAMPLE = "visa 30"


@command("info", N_("Look up the obligation, permits, overstay and more, offline."), "apoa info overstay")
@argument("words", metavar="[TOPIC|WORDS]...", nargs=-1)
@path_option(
    "--poster", text=N_("Write a notice for the lobby, in seven languages, to this file; - for standard output.")
)
@option("--name", metavar="TEXT", text=N_("With --poster: the property's name at its head."))
@force_option
@json_option
def info(session: Session, /, *, words: tuple[str, ...], poster: Path | None, name: str | None, force: bool) -> int:
    """Show the list of topics, one topic, or the facts that a search finds; or write the notice."""
    if poster is not None:
        if words or session.json:
            raise UsageProblem(msg("--poster takes no topic and no --json."), msg("See: apoa info --help"))
        return _write_poster(session.app, poster, name=name, force=force)
    if name is not None or force:
        raise UsageProblem(msg("--name and --force go with --poster only."), msg("See: apoa info --help"))
    found, today = _find(words), session.app.clock.now().date()
    if session.json:
        print_json({"topics": [_value(topic, today) for topic in found]})
        return Exit.DONE
    if words:
        show_facts(found)
    else:
        _list_topics(found)
    if outdated := [fact.as_of for topic in found for fact in topic.facts if is_outdated(fact, today)]:
        notice = _(
            "These facts were compared with their sources on {day}, more than a year ago. The law may have changed: "
            "ask your immigration office, and update this program."
        )
        print_warning(notice.format(day=day_text(min(outdated))))
    return Exit.DONE


def _find(words: Sequence[str]) -> Sequence[Topic]:
    """Return all topics without words, else those that the words find. Raises `UsageProblem` if they find none."""
    language = current_language()
    query = " ".join(words)
    found = search_facts(query, language) if words else topics(language)
    if not found:
        near = ", ".join(similar_words(query))
        raise UsageProblem(
            msg("Nothing about {words} is known here.", words=query),
            msg("Did you mean: {words}? All topics: apoa info", words=near) if near else msg("All topics: apoa info"),
        )
    return found


def _list_topics(found: Sequence[Topic]) -> None:
    print_line(style_bold(_("What this program knows")))
    print_definitions([(topic.name, topic.title) for topic in found])
    print_line()
    print_line(_("Read one: apoa info {topic}").format(topic=found[0].name))
    print_line(_("Search, in Indonesian or English: apoa info {words}").format(words=_SEARCH_EXAMPLE))


def show_facts(found: Sequence[Topic]) -> None:
    """Show every fact of these topics, with its source."""
    for number, topic in enumerate(found):
        if number:
            print_line()
        print_line(style_bold(topic.title))
        for place, paragraph in enumerate(_paragraphs(topic)):
            if place:
                print_line()
            for line in paragraph:
                print_line(f"  {line}")


def _paragraphs(topic: Topic) -> Iterator[list[str]]:
    """Yield the facts of one source with the source, then what is not confirmed."""
    for (source, dated, as_of), facts in groupby(topic.facts, lambda fact: (fact.source, fact.dated, fact.as_of)):
        lines: list[str] = []
        for series, members in groupby(facts, lambda fact: fact.series):
            texts = [fact.text for fact in members]
            texts = sorted(texts, key=_in_order) if series else texts
            lines += [f"{series}: {'; '.join(texts)}."] if series else texts
        where = _("Source: {source}. Its date: {dated}. Compared: {day}.")
        if dated == PartialDate.of(as_of):  # our own words of that day
            where = _("Source: {source}, {day}.")
        date_of_source = partial_text(dated) if dated is not None else _("unknown")
        where = where.format(source=source, dated=date_of_source, day=day_text(as_of))
        yield [*lines, click.style(where, dim=True)]
    if topic.unconfirmed:
        heading = _("Not confirmed as of {day}. If you know more, tell us, with a source.")
        day = day_text(min(each.as_of for each in topic.unconfirmed))
        yield [style_warning(heading.format(day=day)), *(each.text for each in topic.unconfirmed)]


def _in_order(text: str) -> str:
    """Return the key that sorts names in alphabetical order, and C2 before C10."""
    return re.sub(r"\d+", lambda number: number[0].zfill(3), without_accents(text))


def _value(topic: Topic, today: date) -> dict[str, Any]:
    """Return a topic as JSON values, in the reader's language."""
    return {
        "topic": topic.id,
        "title": topic.title,
        "facts": [
            {
                "text": fact.text,
                "series": fact.series or None,
                "source": fact.source,
                "source_date": str(fact.dated) if fact.dated is not None else None,
                "as_of": fact.as_of.isoformat(),
                "outdated": is_outdated(fact, today),
            }
            for fact in topic.facts
        ],
        "unconfirmed": [{"text": each.text, "as_of": each.as_of.isoformat()} for each in topic.unconfirmed],
    }


def _write_poster(app: Container, file: Path, *, name: str | None, force: bool) -> int:
    from apoa_client.cli.documents.pages import poster  # templates are slow to load
    from apoa_client.cli.terminal.output_files import STANDARD_OUTPUT, write_output

    page = poster(app.settings, name or app.settings.title, app.clock.now())
    write_output(file, page.encode(), force=force, done=_("The notice is written: {file}"))
    if file != STANDARD_OUTPUT:
        print_line(_("Open it in a web browser and print it: one page of A4, or A3."))
    if app.settings.is_training:
        print_warning(_("Training: the notice says so, and is not for the lobby."))
    return Exit.DONE
