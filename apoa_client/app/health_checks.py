"""The checks of `apoa doctor` for one property, with what each of them needs."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.app.backups import place_of_files
from apoa_client.app.container import Container
from apoa_client.app.scheduling import Schedule, find_schedule
from apoa_client.app.shared_outbox import agree_on_keys
from apoa_client.authority.address import Timeouts
from apoa_client.delivery.single_call import SingleCalls
from apoa_client.desk.attention import find_doubts
from apoa_client.doctor import automatic, computer, reports
from apoa_client.doctor.authority import CERTIFICATE_VARIABLES, AuthorityChecks, last_contact, unused_variables
from apoa_client.doctor.computer import Screen
from apoa_client.doctor.permissions import (
    check_password,
    check_permissions_below,
    check_private_key,
    check_recovery_code,
    check_store,
)
from apoa_client.doctor.results import Check, CheckResult, Finding, Group, Result, failed_with, ok, skipped
from apoa_client.errors import ApoaError, Exit, OutboxDamaged, StorageProblem
from apoa_client.installation import own_command
from apoa_client.messages import Message, msg
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.outbox.sql.metadata import LAST_BACKUP, SCHEDULED_RUN
from apoa_client.ports.authority import Authority, Meta
from apoa_client.ports.state import Summary
from apoa_client.report.kinds import SOON
from apoa_client.settings.outbox_address import parse_address
from apoa_client.timeouts import call_with_timeout

if TYPE_CHECKING:
    from apoa_client.settings.config import PropertySettings

_FILE_CHECK_S = 1.5
"""How long the database is read for damage: 200 MB or more."""
_LOCAL_S, _NAME_S, _CONNECT_S, _CERTIFICATE_S, _CALL_S = 2.0, 3.0, 3.5, 6.0, 5.0
_SCHEDULE_S = 5.0
"""How long the system's scheduler may take. An answer takes 0.1 s."""
_FILES_S = 10.0
"""How long the owners and rights of 500 files may take to read. On Windows it takes 1 s."""
_CLOCK_COMMAND = {"win32": "w32tm /resync", "darwin": "sudo sntp -sS time.apple.com"}.get(
    sys.platform, "sudo timedatectl set-ntp true"
)

_NO_SETTINGS = msg("The settings cannot be used.")
_NO_DATABASE = msg("The saved reports cannot be opened.")
_NO_SECRETS = msg("The keyring or key file cannot be read.")
_NO_PASSWORD = msg("There is no password to test.")
_STOPPED = msg("No call is made while sending is stopped.")
_NO_LINE = msg("The authority cannot be reached.")
_OFFLINE = msg("It needs the internet, and only the rest was asked for.")


class HealthResults(NamedTuple):
    """The results of all checks of one property. `engine` is what keeps its reports, "" if that is not known."""

    results: Sequence[CheckResult]
    engine: str


class HealthChecks:
    """The checks of one property. `app` must not ask a person for anything. `screen` is where results are shown."""

    def __init__(self, app: Container, screen: Screen, *, offline: bool) -> None:
        self._app = app
        self._screen = screen
        self._offline = offline
        self._unwritable: StorageProblem | None = None
        self._is_scheduled = False
        """Whether a schedule was found, once it was looked for."""
        app.on_unwritable = self._note_unwritable
        self.engine = ""
        """The name and version of what keeps the reports, once they were read."""

    def all(self) -> list[Check]:
        """Return every check that applies, in the order in which they run: each after those that it needs."""
        groups = (self._of_settings, self._of_reports, self._of_keys, self._of_automatic, self._of_authority)
        return [check for group in (*groups, self._of_computer) for check in group()]

    def _note_unwritable(self, problem: StorageProblem) -> None:
        self._unwritable = problem

    @property
    def _settings(self) -> "PropertySettings":
        return self._app.settings

    @cached_property
    def _known_settings(self) -> "PropertySettings | None":
        """The settings, if they can be read."""
        try:
            return self._settings
        except ApoaError:  # the first check says why
            return None

    @cached_property
    def _summary(self) -> Summary:
        now = self._app.clock.now()
        return self._app.outbox.summary(now=now, soon=now + SOON)

    def _of_settings(self) -> list[Check]:
        app = self._app

        def settings() -> Finding:
            name = self._settings.name
            return ok(msg("Property {name}, {path}", name=name, path=str(app.folders.config)))

        def permissions() -> Finding:
            return check_permissions_below((app.folders.settings, app.folders.data))

        return [
            Check("settings", Group.SETTINGS, settings, reason=_NO_SETTINGS),
            Check("permissions", Group.SETTINGS, permissions, limit_s=_FILES_S),
        ]

    def _of_reports(self) -> list[Check]:
        app = self._app

        def doubts() -> Finding:
            public_key, find = self._settings.public_key, app.outbox.integrity.doubts
            return reports.check_doubts(find_doubts(self._summary, public_key, find))

        def saving() -> Finding:  # it is known since the reports were opened
            return ok(msg("Guests can be saved.")) if self._unwritable is None else failed_with(self._unwritable)

        def check(name: str, run: Callable[[], Finding]) -> Check:
            return Check(name, Group.REPORTS, run, ("settings", "database"))

        checks = [
            Check("database", Group.REPORTS, self._check_database, ("settings",), _NO_DATABASE),
            check("saving", saving),
            check("authentic", doubts),
            check("waiting", lambda: reports.check_waiting(self._settings, self._summary)),
            check("drafts", lambda: reports.check_drafts(self._summary)),
        ]
        return [*checks, *self._of_backups()]

    def _of_backups(self) -> list[Check]:
        """Return the checks of backups: training needs none, and only some properties have automatic ones.

        Those of a shared outbox may be made on its server.
        """
        app, settings = self._app, self._known_settings

        def backup() -> Finding:
            return reports.check_backup(app.outbox.value(LAST_BACKUP), app.clock.now())

        def folder() -> Finding:
            folder, place = self._settings.backup_folder, place_of_files(app)
            known = app.outbox.folder_backups(folder)
            return reports.check_backup_folder(Path(folder), place, on_other_disk=known.other_disk, limit_s=_LOCAL_S)

        checks = []
        if settings is None or not (settings.is_training or settings.has_shared_outbox):
            checks.append(Check("backup", Group.REPORTS, backup, ("settings", "database")))
        if settings is not None and settings.backup_folder:
            checks.append(Check("backup_folder", Group.REPORTS, folder, ("settings", "database"), essential=False))
        return checks

    def _check_database(self) -> Finding:
        """Open the reports and read them for damage."""
        until = self._app.clock.monotonic() + _FILE_CHECK_S
        try:
            found = self._app.outbox.check_file(lambda: self._app.clock.monotonic() > until)
        except OutboxDamaged as exc:
            return reports.damaged_file(exc)
        except OutboxServerUnreachable as exc:
            return reports.server_away(exc)
        self.engine = found.engine
        if self._settings.has_shared_outbox:
            agree_on_keys(self._settings, self._app.outbox)
        if self._app.handed_over.problem is not None:
            return reports.not_handed_over(self._app.handed_over.problem)
        if self._settings.has_shared_outbox:
            return reports.describe_server(parse_address(self._settings.outbox).place, found)
        return reports.describe_file(found)

    def _of_keys(self) -> list[Check]:
        app, settings = self._app, self._known_settings
        needs_password = settings is not None and not settings.by_hand and not settings.uses_sandbox

        def private_key() -> Finding:
            try:
                outbox = app.outbox
            except StorageProblem:
                outbox = None
            return check_private_key(app.secrets, self._settings, outbox, app.clock.now())

        def recovery_code() -> Finding:
            return check_recovery_code(self._settings, self._summary)

        def check(name: str, run: Callable[[], Finding], *needs: str, reason: Message | None = None) -> Check:
            return Check(name, Group.KEYS, run, ("settings", *needs), reason, exit_code=Exit.CREDENTIALS)

        checks = [
            check(
                "keyring",
                lambda: check_store(app.secrets, needs_password=needs_password),
                reason=_NO_SECRETS,
            ),
            check("private_key", private_key, "keyring"),
        ]
        if needs_password:
            checks.append(
                check("password", lambda: check_password(app.secrets.password), "keyring", reason=_NO_PASSWORD)
            )
        return [*checks, check("recovery_code", recovery_code, "database")]

    def _of_automatic(self) -> list[Check]:
        app, settings = self._app, self._known_settings

        def schedule() -> Finding:
            found = self._find_schedule()
            if found is not None:
                self._is_scheduled = True
                return found.check()
            if settings is not None and (settings.is_training or settings.by_hand):
                return skipped(msg("No schedule is installed, and this property needs none."))
            return automatic.no_schedule()

        def last_run() -> Finding:
            return automatic.check_last_run(
                app.outbox.value(SCHEDULED_RUN), app.clock.now(), is_scheduled=self._is_scheduled
            )

        return [
            Check("schedule", Group.AUTOMATIC, schedule, ("settings",), essential=False),
            Check("last_run", Group.AUTOMATIC, last_run, ("settings", "database"), essential=False),
            Check(
                "log", Group.AUTOMATIC, lambda: automatic.check_log(app.folders.logs), limit_s=_LOCAL_S, essential=False
            ),
        ]

    def _find_schedule(self) -> Schedule | None:
        """Return the schedule that sends for this property, or None.

        Raises `SettingsProblem` if the system refuses to answer, and `TimeoutError` if it does not.
        """
        app, name = self._app, self._settings.name

        def find() -> Schedule | None:
            own = Container(app.environ, app.clock, name)  # in its thread: an outbox belongs to one
            try:
                return find_schedule(own)
            finally:
                own.close()

        return call_with_timeout(_SCHEDULE_S, find)

    def _of_authority(self) -> list[Check]:
        """Return the checks of the authority and of the route to it; none where reports are typed by hand."""
        app, settings = self._app, self._known_settings
        if settings is not None and settings.by_hand:
            return []
        has_line = settings is None or not settings.uses_sandbox
        authority = AuthorityChecks(
            settings.api_url if settings is not None else "",
            settings.ca_bundle if settings is not None else "",
            self._ask,
            app.clock,
        )

        def suspension() -> Finding:
            return reports.check_suspension(self._settings, self._summary)

        def contract() -> Finding:
            found = authority.contract(self._settings.identity)
            if found.result is Result.OK and authority.meta is not None:
                with suppress(StorageProblem):  # the check of saving says so
                    app.outbox.record_contact(app.clock.now(), authority.meta.server_time)
            return found

        steps = [
            self._online("proxy", authority.proxy, "settings", limit_s=_LOCAL_S),
            self._online("name", authority.name, "settings", "proxy", limit_s=_NAME_S),
            self._online("connection", authority.connection, "settings", "name", limit_s=_CONNECT_S),
            self._online("certificate", authority.certificate, "settings", "connection", limit_s=_CERTIFICATE_S),
        ]
        names = ", ".join(name for name in CERTIFICATE_VARIABLES if app.environ.get(name))
        if names:
            steps.append(Check("variables", Group.AUTHORITY, lambda: unused_variables(names)))
        before = ("certificate", "password", "sending") if has_line else ()
        return [
            Check("sending", Group.AUTHORITY, suspension, ("settings", "database"), _STOPPED),
            *(steps if has_line else []),
            self._online("account", authority.account, "settings", "database", *before),
            self._online("contract", contract, "settings", "account"),
            self._offline_check("clock", lambda: authority.clock(self._summary.clock_skew, _CLOCK_COMMAND)),
            self._offline_check("contact", lambda: last_contact(self._summary.last_contact_at, app.clock.now())),
        ]

    def _offline_check(self, name: str, run: Callable[[], Finding]) -> Check:
        return Check(name, Group.AUTHORITY, run, ("settings", "database"))

    def _online(self, name: str, run: Callable[[], Finding], *needs: str, limit_s: float | None = None) -> Check:
        """Return a check that needs the internet; it is skipped where only the others were asked for."""
        if self._offline:
            run, limit_s = (lambda: skipped(_OFFLINE)), None
        return Check(name, Group.AUTHORITY, run, needs, _NO_LINE, limit_s, Exit.NOT_NOW)

    def _ask(self) -> Meta:
        """Ask the authority what it is, within a few seconds, unless sending is suspended."""
        app = self._app
        until = app.clock.monotonic() + _CALL_S

        def connect() -> Authority:
            return app.connect(Timeouts(_CALL_S, _CALL_S, _CALL_S), lambda: until - app.clock.monotonic())

        return SingleCalls(app.outbox, connect, app.clock, self._settings.fingerprint).meta()

    def _of_computer(self) -> list[Check]:
        app = self._app

        def check(
            name: str, run: Callable[[], Finding], limit_s: float | None = None, *, essential: bool = False
        ) -> Check:
            return Check(name, Group.COMPUTER, run, limit_s=limit_s, essential=essential)

        def installation() -> Finding:
            return computer.check_installation(own_command(), app.environ.get("PATH", ""))

        return [
            check("disk", lambda: computer.check_space(app.folders.data), _LOCAL_S, essential=True),
            check("temporary_folder", computer.check_temporary_folder, _LOCAL_S),
            check("installation", installation, _LOCAL_S),
            check("screen", lambda: computer.check_screen(self._screen)),
            check("versions", lambda: computer.check_versions(self.engine)),
        ]
