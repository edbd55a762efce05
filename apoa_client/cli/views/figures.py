"""The figures of a month: as JSON, and as tables with bars on a screen."""

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from apoa_client.cli.terminal.language import N_, _, current_language, text
from apoa_client.cli.terminal.output import columns, plain, print_definitions, print_line, style_bold, style_error
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.cli.terminal.tables import show_table
from apoa_client.cli.terminal.wrapping import width
from apoa_client.cli.views.labels import day_text
from apoa_client.messages import decimal_message, month_name
from apoa_client.passport.states import by_code
from apoa_client.tables.statistics import Figures, Group, Month, Punctuality, Week

RESIDENCE = N_(
    "These are nationalities, for the monthly survey VHT-S of Statistics Indonesia, too: the country of residence is "
    "not reported."
)
SURVEY = N_("For the monthly survey VHT-S")
_ONLY_FOREIGN = N_("Only guests who are reported are in these figures. Add the guests from Indonesia and their rooms.")
_NO_ROOMS = N_("For the occupancy, set how many rooms there are: apoa config set rooms 12")
_WITHOUT_ROOM = N_("Some guests have no room on record: their room nights are missing.")
MONTHS = (
    *(N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July"), N_("August")),
    *(N_("September"), N_("October"), N_("November"), N_("December")),
)
"""The names of the months."""

_BAR = "█"
_LEAST_BAR, _MOST_BAR = 8, 50
"""Columns below which bars say nothing, so that a narrow terminal shows none, and the longest bar."""
_ALL = 100


def figures_json(figures: Figures) -> dict[str, Any]:
    """Return the figures as JSON values. Without the key, `by_nationality` is null and `sealed` is true."""
    total, punctuality, groups = figures.total, figures.punctuality, figures.groups
    value: dict[str, Any] = {
        "month": str(figures.month),
        "guests": total.guests,
        "arrivals": total.arrivals,
        "nights": total.nights,
        "average_stay": _rounded(total.average, 2),
        "by_nationality": None,
        "punctuality": {
            "on_time": punctuality.on_time,
            "late": punctuality.late,
            "share": _rounded(punctuality.share, 4),
        },
        "refused": figures.refused,
        "rooms": None,
    }
    if groups is None:
        return {**value, "sealed": True}
    value["by_nationality"] = [
        {"state": group.state, "guests": group.guests, "arrivals": group.arrivals, "nights": group.nights}
        for group in groups
    ]
    rooms, month = figures.room_nights, figures.month
    if rooms is not None:
        value["rooms"] = {
            "count": rooms.rooms,
            "available_nights": rooms.available(month),
            "occupied_nights": len(rooms.occupied),
            "occupancy": _rounded(rooms.occupancy(month), 4),
            "guest_nights_without_room": rooms.unknown,
        }
    return value


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def show_figures(figures: Figures, today: date) -> None:
    """Show the figures. Bars are for a terminal only: a pipe and a screen reader get lines."""
    print_line(style_bold(month_text(figures.month)))
    print_definitions(list(_key_figures(figures, today)))
    if figures.groups:
        print_line()
        groups = [
            (group_name(group), str(group.guests), str(group.nights), decimal_text(group.average))
            for group in figures.groups
        ]
        _show_with_bars((_("Nationality"), _("Guests"), _("Nights"), _("Average")), groups, drawn=2)
        print_line()
        print_line(_(RESIDENCE))
    print_line()
    print_line(style_bold(_(SURVEY)))
    print_definitions([(_(sentence), value) for sentence, value in survey_rows(figures)])
    for sentence in survey_notes(figures):
        print_line(_(sentence))
    if figures.total.arrivals:
        print_line()
        weeks = []
        for week in figures.weeks:
            counts = (week.arrivals, week.punctuality.on_time, week.punctuality.late, week.punctuality.waiting or "")
            weeks.append((week_text(week), *map(str, counts), share_text(week.punctuality)))
        heads = (_("Week"), _("Arrivals"), _("On time"), _("Late"), _("Waiting"), _("Share"))
        _show_with_bars(heads, weeks, drawn=1)


def survey_rows(figures: Figures) -> list[tuple[str, str]]:
    """Return the monthly figures that VHT-S asks for, as far as this program knows them, with their labels."""
    rooms, month = figures.room_nights, figures.month
    rows = [
        (N_("Foreign guests who arrived"), str(figures.total.arrivals)),
        (N_("Nights of foreign guests"), str(figures.total.nights)),
        (N_("Nights for each arrival"), decimal_text(figures.nights_of_an_arrival)),
    ]
    if rooms is not None:
        available, share = rooms.available(month), rooms.occupancy(month)
        if available is not None:
            rows.append((N_("Room nights available"), str(available)))
        rows.append((N_("Room nights occupied"), str(len(rooms.occupied))))
        if share is not None:
            rows.append((N_("Room occupancy"), f"{decimal_text(share * _ALL)}%"))
    return rows


def survey_notes(figures: Figures) -> Iterator[str]:
    """Yield what is missing in the figures for VHT-S."""
    yield _ONLY_FOREIGN
    rooms = figures.room_nights
    if rooms is not None and rooms.rooms is None:
        yield _NO_ROOMS
    if rooms is not None and rooms.unknown:
        yield _WITHOUT_ROOM


def month_text(month: Month) -> str:
    """Return a month in words, such as October 2026."""
    return f"{_(MONTHS[month.number - 1])} {month.year}"


def group_name(group: Group) -> str:
    """Return the name of a nationality, or what stands for one that is not readable."""
    if group.state is None:
        return _("not readable any more")
    state = by_code(group.state)
    return state.name(current_language()) if state is not None else group.state


def decimal_text(value: float | None) -> str:
    """Return a number with one digit after the point, as the language writes it; a hyphen for None."""
    return "-" if value is None else text(decimal_message(value))


def share_text(punctuality: Punctuality) -> str:
    """Return the share on time in per cent, 100% only if none is late; a hyphen if nothing is decided."""
    if punctuality.share is None:
        return "-"
    rounded = round(punctuality.share * _ALL)
    return f"{min(rounded, _ALL - 1) if punctuality.late else rounded}%"


def week_text(week: Week) -> str:
    """Return the days of a week, such as 2-8 Nov."""
    days = f"{week.first.day}-{week.last.day}" if week.first != week.last else str(week.first.day)
    return f"{days} {text(month_name(week.first))}"


def _key_figures(figures: Figures, today: date) -> Iterator[tuple[str, str]]:
    total, punctuality = figures.total, figures.punctuality
    nights = str(total.nights)
    if figures.planned_nights:
        after = _("{nights} ({planned} planned after {day})")
        nights = after.format(nights=nights, planned=figures.planned_nights, day=day_text(today))
    yield _("Guests"), str(total.guests)
    yield _("Nights"), nights
    if total.average is not None:
        average = _("{number} nights in the month for each guest").format(number=decimal_text(total.average))
        yield _("Average stay"), average
    if punctuality.share is not None:
        decided = punctuality.on_time + punctuality.late
        yield (
            _("On time"),
            _("{share} ({count} of {all} check-ins)").format(
                share=share_text(punctuality), count=punctuality.on_time, all=decided
            ),
        )
    if punctuality.waiting:
        yield _("Not due yet"), str(punctuality.waiting)
    refused = str(figures.refused)
    if figures.refused:
        refused = style_error(refused) + "  " + _("See: apoa list --state rejected")
    yield _("Refused"), refused


def _show_with_bars(heads: Sequence[str], rows: Sequence[Sequence[str]], *, drawn: int) -> None:
    """Show rows whose cells after the first are numbers, at a terminal each with a bar for the column `drawn`.

    The bars have the heading of that column, because they stand behind another one. A bar for a value above 0 is at
    least one column wide.
    """
    upright: list[tuple[str, ...]] = []
    for number, column in enumerate(zip(heads, *rows, strict=True)):
        wide = max(map(len, column)) if number and any(column[1:]) else 0
        upright.append(tuple(cell.rjust(wide) for cell in column))
    used = sum(max(map(width, column)) + 2 for column in upright if any(column[1:]))
    room = min(columns() - used - 1, _MOST_BAR)
    too_wide = room < -1  # then cells are folded, and the blanks before a number would be a line of their own
    if plain() or not is_terminal(sys.stdout) or too_wide:
        show_table([column[0].strip() for column in upright], rows)
        return
    if room >= max(_LEAST_BAR, width(heads[drawn])):
        values = [int(row[drawn]) for row in rows]
        bars = (_BAR * max(round(value * room / max(values)), 1) if value else "" for value in values)
        upright.append((heads[drawn], *bars))
    heads, *rows = zip(*upright, strict=True)
    show_table(heads, rows)
