"""The daily backup of automatic sending, and what is shown if it fails.

It is called after sending. A failed backup is a warning, never a failure of the run: once a day on stderr, in the log
and as a notice on the desktop.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from apoa_client.app.backups import back_up_daily
from apoa_client.app.container import Container
from apoa_client.cli.every_property import run_for_every_property
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.desktop_notice import Notice, show_notice
from apoa_client.cli.terminal.language import _, current_language, text
from apoa_client.cli.terminal.output import print_error_line, style_warning
from apoa_client.errors import ApoaError, Exit
from apoa_client.settings.config import ON
from apoa_client.settings.folders import user_id

_log = logging.getLogger(__name__)


@contextmanager
def daily_backups(session: Session, *, every_property: bool) -> Iterator[None]:
    """Write the day's backups after what is done inside, also if that raises an error, and not if it is interrupted."""
    try:
        yield
    except ApoaError:
        _write_backups(session, every_property=every_property)
        raise
    _write_backups(session, every_property=every_property)


def _write_backups(session: Session, *, every_property: bool) -> None:
    if not every_property:
        show_daily_backup(session)
        return
    each = session.for_property(session.property_name)
    each.quiet, each.json = True, False  # the document is about sending
    with suppress(ApoaError):  # of the settings file: sending has shown it
        run_for_every_property(each, show_daily_backup)
    each.close()


def show_daily_backup(session: Session) -> Exit:
    """Write the day's backup of the session's property, if one is due. Return `DONE`, also if it was not written."""
    app = session.app
    try:
        problem = back_up_daily(app, {**app.environ, "APOA_LANG": current_language()})
    except ApoaError as exc:  # of the settings or the outbox: sending has shown it
        _log.info("no backup: %s", exc.name)
        return Exit.DONE
    if problem is not None:
        print_error_line(style_warning(_("No backup was written today. It is tried again by itself.")))
        lines = [text(each) for each in (problem.message, problem.advice) if each is not None]
        for line in lines:
            print_error_line(line)
        _notify(app, lines)
    return Exit.DONE


def _notify(app: Container, lines: list[str]) -> None:
    if app.settings.notify == ON:
        title = _("apoa, {name}: no backup today").format(name=app.settings.name)
        show_notice(Notice(title, "\n".join(lines), urgent=False), app.environ, user_id())
