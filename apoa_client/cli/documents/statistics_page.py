"""The figures of a month as a page of A4 to print, in the reader's language, with a chart that needs no colour.

Below the chart is a table with the same figures, for screen readers and for everyone who needs a number.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from apoa_client.cli.documents.pages import render_page
from apoa_client.cli.documents.receipts import PRINTED_BY
from apoa_client.cli.terminal.language import N_, _, current_language
from apoa_client.cli.views.figures import (
    RESIDENCE,
    SURVEY,
    decimal_text,
    group_name,
    month_text,
    share_text,
    survey_notes,
    survey_rows,
)
from apoa_client.cli.views.labels import day_text, moment_text
from apoa_client.settings.config import PropertySettings
from apoa_client.tables.statistics import Figures, Group

_COUNTED = N_(
    "A guest counts in each month in which nights of the stay are. Nights end at the check-out, or at the planned one "
    "until the guest checks out. Cancelled and withdrawn reports do not count. On time: accepted before the deadline."
)
_LONGEST_LABEL = 34
"""Characters of a nationality's name beside its bar; a longer one is cut."""

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
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    total: Sequence[str] = ()
    breakable: bool = False


def statistics_page(settings: PropertySettings, figures: Figures, now: datetime) -> str:
    """Return the page, printed at the time `now`."""
    today = now.astimezone(settings.zone).date()
    survey = _Section(
        _(SURVEY),
        notes=[_(sentence) for sentence in survey_notes(figures)],
        headings=(_("Figure"), _("Month")),
        rows=[(_(sentence), value) for sentence, value in survey_rows(figures)],
    )
    so_far = _("so far, up to") if figures.month.includes(today) else ""
    training = _("Training only: these guests were not reported to Immigration.")
    return render_page(
        "statistics.html",
        languages=(current_language(),),
        title=_("Foreign guests"),
        month=f"{month_text(figures.month)} ({so_far}: {day_text(today)})" if so_far else month_text(figures.month),
        settings=settings,
        training=training if settings.is_training else "",
        keys=list(_key_figures(figures)),
        sections=[_nationalities(figures), survey],
        notes=[": ".join((_("Printed on"), moment_text(now, settings.zone))), _(_COUNTED), _(PRINTED_BY)],
    )


def _key_figures(figures: Figures) -> Iterator[tuple[str, str, str]]:
    """Yield label, value and note of the figures at the top."""
    total, punctuality = figures.total, figures.punctuality
    planned, waiting = figures.planned_nights, punctuality.waiting
    arrived = _("{count} arrived in this month").format(count=total.arrivals)
    yield _("Guests"), str(total.guests), arrived if total.guests else ""
    yield _("Nights"), str(total.nights), _("{count} of them planned").format(count=planned) if planned else ""
    yield _("Nights for each guest"), decimal_text(total.average), ""
    yield _("On time"), share_text(punctuality), _("{count} not due yet").format(count=waiting) if waiting else ""
    yield _("Refused reports"), str(figures.refused), ""


def _nationalities(figures: Figures) -> _Section:
    section = _Section(_("Nights by nationality"))
    groups = figures.groups
    if groups is None:
        sealed = _("Nationalities and rooms are encrypted, and the key is not on this computer.")
        return section._replace(notes=[sealed])
    if not groups:
        return section._replace(notes=[_("No guest stayed in this month.")])
    names = list(map(group_name, groups))
    chart = Chart(
        section.title,
        _("A bar for each nationality. The table below has the same figures."),
        [name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…" for name in names],
        [group.nights for group in groups],
    )
    return section._replace(
        chart=chart,
        notes=[_(RESIDENCE)],
        headings=(_("Nationality"), _("Guests"), _("Arrived in this month"), _("Nights"), _("Nights for each guest")),
        rows=[_group_cells(name, group) for name, group in zip(names, groups, strict=True)],
        total=_group_cells(_("Total"), figures.total),
        breakable=True,
    )


def _group_cells(name: str, group: Group) -> tuple[str, ...]:
    return name, str(group.guests), str(group.arrivals), str(group.nights), decimal_text(group.average)
