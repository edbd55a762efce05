"""The state of the properties of this computer that are in a shared outbox: one connection a login reads them all."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from apoa_client.app.container import Container
from apoa_client.app.property_status import read_overview
from apoa_client.desk.attention import UrgentReports, most_urgent
from apoa_client.errors import ApoaError, CredentialsProblem, SettingsProblem, StorageProblem
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.ports.state import Overview
from apoa_client.settings.outbox_address import parse_address

if TYPE_CHECKING:
    from apoa_client.outbox.postgres.database import PostgresDatabase


class SharedStatus:
    """What was read, by the names of properties. A property that is in none of these is read alone."""

    def __init__(self) -> None:
        self.overviews: dict[str, Overview] = {}
        self.errors: dict[str, ApoaError] = {}
        self.urgent: dict[str, UrgentReports] = {}
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
    for members in groups.values():
        _read_group(status, members, now, urgent)
    return status


def _read_group(status: SharedStatus, members: Sequence[Container], now: datetime, urgent: int) -> None:
    """Read the properties of one address with the password of the first, unless that is refused, then of the next."""
    for number, app in enumerate(members):
        try:
            with closing(app.outbox_opener(app.settings).every_property()) as database:
                for each in members[number:]:
                    _read_property(status, each, database, now, urgent)
        except CredentialsProblem as exc:
            status.errors[app.settings.name] = exc
        except (StorageProblem, SettingsProblem) as exc:
            _record_problem(status, exc, members[number:])
            return
        else:
            return


def _read_property(
    status: SharedStatus, app: Container, database: "PostgresDatabase", now: datetime, urgent: int
) -> None:
    """Read one property on the connection of another one. Raises `OutboxServerUnreachable`."""
    from apoa_client.outbox.postgres.store import PostgresOutbox

    name = app.settings.name
    if _has_waiting(app):
        return  # read alone, it is moved first
    try:
        outbox = PostgresOutbox.on(database, name, app.sealer)
        status.overviews[name] = read_overview(outbox, now)
        if urgent:
            status.urgent[name] = most_urgent(outbox, now, urgent)
    except OutboxServerUnreachable:
        raise
    except (StorageProblem, SettingsProblem) as exc:
        status.errors[name] = exc


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
