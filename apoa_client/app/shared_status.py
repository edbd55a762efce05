"""The state of all properties that are in one shared outbox with one login: read together, in one statement."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from contextlib import closing
from datetime import datetime
from typing import NamedTuple

from apoa_client.app.container import Container
from apoa_client.desk.attention import UrgentReports
from apoa_client.errors import ApoaError, CredentialsProblem, SettingsProblem, StorageProblem
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.ports.state import Overview
from apoa_client.report.kinds import SOON
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.outbox_address import parse_address

NO_URGENT = UrgentReports((), 0)


class OtherProperty(NamedTuple):
    """A property that the login may read, and that is not set up on this computer."""

    settings: PropertySettings
    """Its name alone, with the time zone of one that is set up here."""
    overview: Overview
    urgent: UrgentReports


class SharedStatus:
    """What was read, by the names of properties. A property that is in none of these is read alone."""

    def __init__(self) -> None:
        self.overviews: dict[str, Overview] = {}
        self.errors: dict[str, ApoaError] = {}
        self.urgent: dict[str, UrgentReports] = {}
        self.others: list[OtherProperty] = []
        self.problems: list[ApoaError] = []
        """The errors of servers among `errors`: several properties may have the same one."""
        self.waiting_here: dict[str, int] = {}
        """How many reports wait on this computer, of properties whose server does not answer."""


def read_shared(apps: Iterable[Container], now: datetime, *, urgent: int = 0) -> SharedStatus:
    """Read the state of these properties, if they are in a shared outbox, and so many urgent reports of each.

    What one of them, or a server, raises is in the result.
    """
    groups = defaultdict[Hashable, list[Container]](list)
    for app in apps:
        try:
            if app.settings.has_shared_outbox:
                address = parse_address(app.settings.outbox)
                groups[address.place, *sorted(address.tls.items())].append(app)
        except SettingsProblem:
            continue  # read alone, it says what is wrong
    status = SharedStatus()
    known = {app.settings.name for members in groups.values() for app in members}
    for members in groups.values():
        _read_group(status, members, known, now, urgent)
    return status


def _read_group(
    status: SharedStatus, members: Sequence[Container], known: set[str], now: datetime, urgent: int
) -> None:
    """Read the properties of one address with the password of the first, unless that is refused, then of the next."""
    for number, app in enumerate(members):
        try:
            _read_with(status, app, members[number:], known, now, urgent)
        except CredentialsProblem as exc:
            status.errors[app.settings.name] = exc
        except (StorageProblem, SettingsProblem) as exc:
            _record_problem(status, exc, members[number:])
            return
        else:
            return


def _read_with(
    status: SharedStatus, app: Container, members: Sequence[Container], known: set[str], now: datetime, urgent: int
) -> None:
    from apoa_client.outbox.postgres.schema import not_allowed

    with closing(app.outbox_opener(app.settings).overview()) as shared:
        found = shared.overviews(now=now, soon=now + SOON)
        reports = {name: UrgentReports(*each) for name, each in shared.urgent(now, urgent).items()} if urgent else {}
        place = shared.place
    for each in members:
        name = each.settings.name
        if _has_waiting(each):
            continue  # read alone, it is moved first
        overview = found.get(name) or not_allowed(place, name)
        if isinstance(overview, ApoaError):
            status.errors[name] = overview
        else:
            status.overviews[name], status.urgent[name] = overview, reports.get(name, NO_URGENT)
    for name, overview in sorted(found.items()):
        if name not in known and isinstance(overview, Overview):
            known.add(name)
            settings = PropertySettings(name, api_url="", public_key="", timezone=app.settings.timezone)
            status.others.append(OtherProperty(settings, overview, reports.get(name, NO_URGENT)))


def _has_waiting(app: Container) -> bool:
    try:
        return app.outbox_opener(app.settings).waiting_here() > 0
    except StorageProblem:
        return True  # read alone, it says what is wrong with the file


def _record_problem(status: SharedStatus, problem: ApoaError, members: Sequence[Container]) -> None:
    status.problems.append(problem)
    for app in members:
        name = app.settings.name
        status.errors[name] = problem
        if isinstance(problem, OutboxServerUnreachable):
            try:
                status.waiting_here[name] = app.outbox_opener(app.settings).waiting_here()
            except StorageProblem as exc:
                status.errors[name] = exc
