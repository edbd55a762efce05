"""The end of `apoa setup` for automatic sending: it is installed, offered, or named as a next step."""

from apoa_client.app.container import Container
from apoa_client.app.scheduling import Wish, can_schedule, find_schedule, install
from apoa_client.cli.terminal.input import confirm
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, print_line
from apoa_client.cli.views.findings import show_error
from apoa_client.cli.views.schedule import how_often_text, show_installed
from apoa_client.doctor.results import Result
from apoa_client.errors import SettingsProblem
from apoa_client.schedule.interface import AUTO


def install_chosen(app: Container, kind: str) -> None:
    """Install the schedule of this home with this kind. Raises `SettingsProblem`, `UsageProblem`."""
    installation = install(app, Wish(kind))
    show_installed(installation)
    if (found := find_schedule(app)) is not None:
        print_line(text(found.scheduler.note()))
    for note in installation.notes:
        print_error_line(text(note))


def offer_schedule(app: Container) -> None:
    """Ask whether this computer is to send what could not be sent at once. A failure does not undo the set-up."""
    try:
        found = find_schedule(app)
        if found is not None and found.check().result is Result.OK:
            print_line(
                _("What waits is sent automatically: {how_often}.").format(how_often=how_often_text(found.found))
            )
            return
        if can_schedule(app) and confirm(_("Let this computer send automatically what could not be sent at once?")):
            install_chosen(app, AUTO)
            return
    except SettingsProblem as exc:
        show_error(exc)
    print_line(_("To let this computer send automatically: apoa schedule install"))
