"""`apoa purge`: erase guests' data that are no longer needed, or one stay's at the guest's request."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import click

from apoa_client.app.container import Container
from apoa_client.cli.prompts.find_stays import StayFinder, all_stays
from apoa_client.cli.registry import command, flag, json_option, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_json,
    print_line,
    print_warning,
    style_bold,
    style_success,
)
from apoa_client.cli.views.labels import day_text
from apoa_client.cli.views.report import guest_name
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import ApoaError, Exit, SettingsProblem, UsageProblem
from apoa_client.messages import day_message, msg, nmsg
from apoa_client.ports.state import Erasure
from apoa_client.report.kinds import instant, short_id


@command("purge", N_("Erase guests' data that are no longer needed; the proof of each report stays."), "apoa purge")
@option("--guest", metavar="GUEST", text=N_("Erase this report's stay at once, as the guest asks."))
@flag("--dry-run", text=N_("Only say what would be erased."))
@option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    text=N_("Today's date, such as 2026-11-26, if nothing else confirms this computer's date."),
)
@flag("--yes", "-y", text=N_("Do not ask."))
@json_option
def purge(session: Session, /, *, guest: str | None, today: datetime | None, **options: Any) -> int:  # noqa: ANN401  click's
    """Erase by age, or one guest's stay, and show what was erased."""
    app, dry_run = session.app, options["dry_run"]
    if guest is None:
        erasure = _erase_by_age(session, today.date() if today is not None else None, options)
    else:
        # No stay is nearer than another one, because the wrong guest would be erased.
        found = StayFinder(session, all_stays, all_stays).one(guest)
        erased = _erase_stay(session, app.stays.find(found)[0], options) if found is not None else None
        if erased is None:
            print_error_line(_("Nothing was erased."))
            return Exit.DONE
        erasure = erased
    if session.json:
        print_json(
            {
                "dry_run": dry_run,
                "retention_days": app.settings.retention_days,
                "stays": erasure.stays,
                "reports": iter(erasure.reports),
                "complete": erasure.complete,
                "draft": erasure.drafts > 0,
                "ended_before": instant(app.retention.cutoff().astimezone(app.settings.zone)),
            }
        )
    else:
        _show(app, erasure, dry_run=dry_run, by_age=guest is None)
    return Exit.DONE if erasure.complete else Exit.NOT_NOW


def _erase_by_age(session: Session, today: date | None, options: Mapping[str, Any]) -> Erasure:
    """Erase what the retention period is over for. `today` is the date that the user gave."""
    app, dry_run = session.app, options["dry_run"]
    if not dry_run:
        _confirm_date(session, today, ask=session.interactive and not options["yes"])
    elif app.retention.needs_date():
        warning = _("Nothing confirms this computer's date, {day}. Before anything is erased, you must confirm it.")
        print_warning(warning.format(day=day_text(app.today)))
    return app.retention.purge(dry_run=dry_run)


def _erase_stay(session: Session, stay: StayHistory, options: Mapping[str, Any]) -> Erasure | None:
    """Erase one guest's stay. Returns None if the user does not want it after all."""
    app, dry_run = session.app, options["dry_run"]
    if not (dry_run or options["yes"]):
        app.retention.purge_stay(stay, dry_run=True)  # what is refused is not asked
        if not session.interactive:
            raise UsageProblem(
                msg(
                    "Erasing a guest's data must be confirmed, and there is no terminal to ask at. Nothing was erased."
                ),
                msg("Look first with --dry-run, then give --yes."),
            )
        if not _confirmed(app, stay):
            return None
        stay = app.stays.of(stay.stay_id)  # another desk may have changed it before the answer
    return app.retention.purge_stay(stay, dry_run=dry_run)


def _confirm_date(session: Session, given: date | None, *, ask: bool) -> None:
    """Record that this computer's date is right, if nothing else confirms it and the user does.

    `given` is the date that the user gave in advance. Raises `SettingsProblem` if this computer has another one.
    """
    app = session.app
    if given is not None and given != app.today:
        raise SettingsProblem(
            msg("This computer's date is {date}, not {given}.", date=day_message(app.today), given=day_message(given)),
            msg("Nothing was erased. Set the clock, then try again."),
            name="wrong_date",
        )
    if not (given is not None or ask) or not app.retention.needs_date():
        return
    question = _("Today is {day}. Is that right?").format(day=day_text(app.today))
    if given is not None or confirm(question, default=False):
        app.retention.confirm_date()


def _confirmed(app: Container, stay: StayHistory) -> bool:
    """Show the guest and when the data must be kept (UU 27/2022 art. 15), and ask."""
    name = "-"
    for entry in stay.entries:
        try:
            guest = app.outbox.content(entry).report.guest
        except ApoaError:  # erasing needs no key
            continue
        if guest is not None:
            name = guest_name(guest)
            break
    ids = ", ".join(short_id(entry.id) for entry in stay.entries)
    print_error_line(_("Guest: {name}. Reports: {ids}.").format(name=style_bold(name), ids=ids))
    print_error_line(_("If an officer has asked for these data, answer no (UU 27/2022 art. 15)."))
    return confirm(_("Erase this guest's data? This cannot be undone."), default=False)


def _show(app: Container, erasure: Erasure, *, dry_run: bool, by_age: bool) -> None:
    if by_age:
        day, days = day_text(app.retention.cutoff().astimezone(app.settings.zone)), app.settings.retention_days
        kept = _("Guests' data are kept for {days} days after a stay: now, of stays that ended on {day} or later.")
        print_line(kept.format(days=days, day=day))
    if erasure.reports or not erasure.drafts:
        print_line(_erased_text(len(erasure.reports), dry_run=dry_run))
    if erasure.drafts:
        print_line(_erased_drafts_text(erasure.drafts, dry_run=dry_run))
    if not erasure.complete:
        warning = _("Another program still reads the old data. Run apoa purge once more in a minute.")
        print_warning(warning)


def _erased_drafts_text(count: int, *, dry_run: bool) -> str:
    if dry_run:
        would = nmsg(
            "The draft of {count} unfinished report would be erased.",
            "The drafts of {count} unfinished reports would be erased.",
            count,
        )
        return text(would)
    done = nmsg(
        "The draft of {count} unfinished report is erased.",
        "The drafts of {count} unfinished reports are erased.",
        count,
    )
    return style_success(text(done))


def _erased_text(count: int, *, dry_run: bool) -> str:
    if not count:
        return _("There is nothing to erase.")
    if dry_run:
        would = nmsg(
            "The guest's data of {count} report would be erased. Nothing was changed (--dry-run).",
            "The guests' data of {count} reports would be erased. Nothing was changed (--dry-run).",
            count,
        )
        return text(would)
    done = nmsg(
        "The guest's data of {count} report are erased. Its receipt number, times and ids are kept.",
        "The guests' data of {count} reports are erased. Their receipt numbers, times and ids are kept.",
        count,
    )
    return style_success(text(done))
