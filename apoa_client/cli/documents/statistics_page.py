"""The figures of a month as a page of A4 to print, in both languages, with a chart that is readable without colour.

The reader's language comes first: the page is for the property's own people, not for an officer.

Below the chart is a table with the same figures, for screen readers and for everyone who needs a number.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from apoa_client.cli.documents.pages import moment_in_both_languages, render_page
from apoa_client.cli.documents.receipts import PRINTED_BY
from apoa_client.cli.terminal.language import N_, in_both_languages, in_language, readers_first
from apoa_client.cli.views.figures import (
    MERGED,
    RESIDENCE,
    SURVEY,
    decimal_text,
    group_name,
    month_text,
    share_text,
    survey_notes,
    survey_rows,
    week_text,
)
from apoa_client.cli.views.labels import day_text
from apoa_client.settings.config import PropertySettings
from apoa_client.tables.statistics import OTHERS, Figures, Group, Punctuality, Week, largest_groups

_TITLE = N_("Foreign guests")
_NIGHTS, _ARRIVALS, _PUNCTUALITY = N_("Nights by nationality"), N_("Arrivals by day"), N_("Punctuality by week")
_TRAINING = N_("Training only: these guests were not reported to Immigration.")
_NO_GUESTS = N_("No guest stayed in this month.")
_NO_ARRIVALS = N_("No guest arrived in this month.")
_SEALED = N_("Nationalities and rooms are encrypted, and the key is not on this computer.")
_NATIONALITY, _GUESTS, _NIGHT_COUNT = N_("Nationality"), N_("Guests"), N_("Nights")
_AVERAGE = N_("Nights for each guest")
_WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_COUNTED = N_(
    "A guest counts in each month in which nights of the stay are. Nights end at the check-out, or at the planned one "
    "until the guest checks out. Cancelled and withdrawn reports do not count. On time: accepted before the deadline."
)
_MOST_BARS = 14
"""With more nationalities the chart would need a page of its own; the table has them all."""
_LONGEST_LABEL = 34
"""Characters of a nationality's name beside its bar; a longer one is shown in one language."""


_CHARACTER = 6.3
"""The width of a character of a label, in the units of a chart."""
_TICKS = 5
"""About as many steps has an axis of numbers."""


class Chart(NamedTuple):
    """What a chart of bars shows: a value for each label. Title and description are read out by screen readers."""

    title: str
    description: str
    labels: Sequence[str]
    values: Sequence[int]
    hatched: Sequence[int] = ()
    """Which bars have a pattern: they are of no single nationality."""

    @property
    def highest(self) -> int:
        """The largest value, at least 1."""
        return max(self.values) or 1

    @property
    def ticks(self) -> range:
        """Round numbers for an axis from 0 up to the highest value: whole guests and nights."""
        powers = (10**power for power in range(len(str(self.highest))))
        steps = (factor * power for power in powers for factor in (1, 2, 5, 10))
        return range(0, self.highest + 1, next(step for step in steps if step * _TICKS >= self.highest))

    @property
    def label_width(self) -> int:
        """The width that the labels of rows take."""
        return round(max(map(len, self.labels)) * _CHARACTER) + 20


class _Section(NamedTuple):
    """A table, which may have a chart and notes."""

    title: str
    chart: Chart | None = None
    notes: Sequence[str] = ()
    kind: str = ""
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    total: Sequence[str] = ()
    breakable: bool = False


def statistics_page(settings: PropertySettings, figures: Figures, now: datetime, *, anonymous: bool) -> str:
    """Return the page, printed at the time `now`."""
    today = now.astimezone(settings.zone).date()
    survey = _Section(
        SURVEY,
        notes=list(survey_notes(figures)),
        headings=(N_("Figure"), N_("Month")),
        rows=[(_both(label), value) for label, value in survey_rows(figures)],
    )
    notes = [_COUNTED, *([MERGED] if anonymous else []), PRINTED_BY]
    return render_page(
        "statistics.html",
        languages=readers_first(),
        in_both_languages=_both,
        title=_TITLE,
        month=_in_both(partial(month_text, figures.month)),
        so_far=(N_("so far, up to"), day_text(today, _both)) if figures.month.includes(today) else None,
        settings=settings,
        training=_TRAINING if settings.is_training else "",
        keys=list(_key_figures(figures)),
        sections=[_nationalities(figures), survey, _arrivals(figures), _punctuality(figures)],
        notes=notes,
        printed=moment_in_both_languages(now, settings.zone, readers_first()),
    )


def _both(sentence: str) -> str:
    """Return the sentence in both languages, the reader's first."""
    return in_both_languages(sentence, readers_first())


def _in_both(text: Any) -> str:  # noqa: ANN401  a function of the translation
    """Return what a function makes of each language's translation, once if they are alike."""
    return " / ".join(dict.fromkeys(text(partial(in_language, language)) for language in readers_first()))


def _key_figures(figures: Figures) -> Iterator[tuple[str, str, str, int]]:
    """Yield label, value and note of the figures at the top, and the number in the note."""
    total, punctuality = figures.total, figures.punctuality
    planned, waiting = figures.planned_nights, punctuality.waiting
    yield _GUESTS, str(total.guests), N_("{count} arrived in this month") if total.guests else "", total.arrivals
    yield _NIGHT_COUNT, str(total.nights), N_("{count} of them planned") if planned else "", planned
    yield _AVERAGE, decimal_text(total.average), "", 0
    yield N_("On time"), share_text(punctuality), N_("{count} not due yet") if waiting else "", waiting
    yield N_("Refused reports"), str(figures.refused), "", 0


def _nationalities(figures: Figures) -> _Section:
    section = _Section(_NIGHTS)
    groups = figures.groups
    if groups is None:
        return section._replace(notes=[_SEALED])
    if not groups:
        return section._replace(notes=[_NO_GUESTS])
    shown = largest_groups(groups, _MOST_BARS)
    labels = []
    for group in shown:  # each in both languages, in one, or shortened
        name = _full_name(group)
        name = name.partition(" / ")[0] if len(name) > _LONGEST_LABEL else name
        labels.append(name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…")
    if len(shown) < len(groups) and all(group.state != OTHERS for group in groups):
        labels[-1] += f" ({len(groups) - len(shown) + 1})"
    chart = Chart(
        _both(_NIGHTS),
        _both(N_("A bar for each nationality. The table below has the same figures.")),
        labels,
        [group.nights for group in shown],
        [number for number, group in enumerate(shown) if group.state in {None, OTHERS}],
    )
    return section._replace(
        chart=chart,
        notes=[RESIDENCE],
        headings=(_NATIONALITY, _GUESTS, N_("Arrived in this month"), _NIGHT_COUNT, _AVERAGE),
        rows=[_group_cells(_full_name(group), group) for group in groups],
        total=_group_cells(_both(N_("Total")), figures.total),
        breakable=True,
    )


def _group_cells(name: str, group: Group) -> tuple[str, ...]:
    return name, str(group.guests), str(group.arrivals), str(group.nights), decimal_text(group.average)


def _full_name(group: Group) -> str:
    names = [group_name(group, language, partial(in_language, language)) for language in readers_first()]
    return " / ".join(dict.fromkeys(names))


def _arrivals(figures: Figures) -> _Section:
    section = _Section(_ARRIVALS)
    if not figures.total.arrivals:
        return section._replace(notes=[_NO_ARRIVALS])
    rows = []
    for week in figures.weeks:  # a pair of day and arrivals for each weekday, nothing outside the month, and the sum
        monday = week.first - timedelta(days=week.first.weekday())
        days = [monday + timedelta(days=number) for number in range(len(_WEEKDAYS))]
        cells = [(day.day, figures.arrivals[day]) if day in figures.arrivals else None for day in days]
        rows.append([_week_name(week), *cells, sum(figures.arrivals.get(day, 0) for day in days)])
    return section._replace(
        kind="days",
        headings=(N_("Week"), *_WEEKDAYS, N_("Total")),
        rows=rows,
    )


def _week_name(week: Week) -> str:
    return _in_both(partial(week_text, week))


def _punctuality(figures: Figures) -> _Section:
    section = _Section(_PUNCTUALITY)
    if not figures.total.arrivals:
        return section._replace(notes=[_NO_ARRIVALS])
    return section._replace(
        headings=(N_("Week"), N_("On time"), N_("Late"), N_("Not due yet"), N_("Share on time")),
        rows=[_punctuality_cells(_week_name(week), week.punctuality) for week in figures.weeks],
        total=_punctuality_cells(_both(N_("Total")), figures.punctuality),
    )


def _punctuality_cells(name: str, punctuality: Punctuality) -> tuple[str, ...]:
    counts = (punctuality.on_time, punctuality.late, punctuality.waiting)
    return name, *map(str, counts), share_text(punctuality)
