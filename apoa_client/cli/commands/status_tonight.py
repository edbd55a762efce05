"""`apoa status --tonight`: reads the night, opens its guests, and shows or prints the summary."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from apoa_client.app.container import Container
from apoa_client.cli.report_reader import ReportReader
from apoa_client.cli.terminal.output import stream_json
from apoa_client.cli.views.findings import Readable, show_damage, show_error
from apoa_client.cli.views.night_summary import MAX_SHOWN, NightSummary, shown_name
from apoa_client.cli.views.report import OpenedReport, report_json
from apoa_client.desk.attention import UrgentReports, due_reports, refused_reports
from apoa_client.desk.stay_history import Night, StayHistory, guests_of_night, night_at
from apoa_client.errors import ApoaError, Exit, StorageProblem
from apoa_client.ports.entries import Entry, Selection
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import instant


def show_night_summary(app: Container, summary: Summary, *, as_json: bool) -> Exit:
    """Show the summary of the current night, or of the coming one. Return the exit code.

    Opens the guests of the night, and of the reports that were refused or are due those that are shown, one by one.
    """
    now = app.clock.now()
    night = night_at(now, app.settings.zone)
    guests = guests_of_night(app.stays.recent(night.today), night)
    errors: list[ApoaError] = []
    reader = ReportReader(app, errors.append)
    open_once = cache(reader.open)  # a stay may be in several lists
    in_house, arrivals, leaving, overdue = (
        _by_room(stays, open_once) for stays in (guests.in_house, guests.arrived, guests.leaving, guests.overdue)
    )
    damage: StorageProblem | None = None
    if as_json:
        lists = {"in_house": in_house, "arrivals": arrivals, "leaving": leaving, "overdue_departures": overdue}
        damage = _print_document(app, night, lists, reader, summary)
    else:
        refused, due = (_first(app, each) for each in (refused_reports(), due_reports(night.ends_at)))
        drafts = []
        if summary.drafts:
            from apoa_client.cli.prompts.drafts import open_drafts  # on most nights there are none

            drafts = open_drafts(app, app.outbox.drafts.waiting(now), errors.append)

        def name_of(entry: Entry) -> str:
            return shown_name(open_once(app.stays.of(entry.stay_id).display_report))

        guests_and_reports = (in_house, arrivals, leaving, overdue, refused, due, drafts)
        NightSummary(app.settings, summary, night, now, *guests_and_reports, name_of).show()
    for error in errors:  # last, so that no error stands between the rows of a table
        show_error(error)
    return show_damage(damage)


def _first(app: Container, selection: Selection) -> UrgentReports:
    total = app.outbox.count(selection)
    return UrgentReports(list(app.outbox.entries(selection._replace(limit=MAX_SHOWN))) if total else [], total)


def _print_document(
    app: Container, night: Night, lists: Mapping[str, Iterable[OpenedReport]], reader: ReportReader, summary: Summary
) -> StorageProblem | None:
    """Print the document of ``--json``, each report as it is read. Return why the outbox was not read to the end."""
    zone, contact = app.settings.zone, summary.last_contact_at
    open_guests = {each.entry.id: each for found in lists.values() for each in found}
    refused, due = (Readable(app.outbox.entries(each)) for each in (refused_reports(), due_reports(night.ends_at)))
    opened = dict(lists)
    for name, entries in (("refused", refused), ("due_by_morning", due)):
        opened[name] = (open_guests.get(entry.id) or reader.open_itself(entry) for entry in entries)
    values = {
        name: (report_json(each.entry, each.content, zone=zone) for each in found) for name, found in opened.items()
    }
    last_contact = instant(contact.astimezone(zone)) if contact is not None else None
    rest = {"drafts": summary.drafts, "last_contact_at": last_contact}
    stream_json({"night": night.evening.isoformat(), **values, **rest})
    return refused.damage or due.damage


def _by_room(stays: Iterable[StayHistory], opened: Callable[[Entry], OpenedReport]) -> list[OpenedReport]:
    """Return the current reports of stays by room: 9 before 10, and both before A2. Without the key, as given."""

    def order(report: OpenedReport) -> list[tuple[bool, int, str]]:
        parts = filter(None, re.split(r"(\d+)", report.room))
        return [(False, int(part), "") if part.isdecimal() else (True, 0, part.casefold()) for part in parts]

    found = (opened(stay.display_report)._replace(stay_shown_id=stay.shown_id) for stay in stays)
    return sorted(found, key=order)
