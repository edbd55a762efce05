"""The checks of `apoa doctor` for one property, with what each of them needs."""

import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.app.backups import place_of_files
from apoa_client.app.container import Container
from apoa_client.app.scheduling import Schedule, find_schedule
from apoa_client.app.shared_outbox import agree_on_keys
from apoa_client.desk.attention import find_doubts
from apoa_client.doctor import computer, reports
from apoa_client.doctor.authority import CERTIFICATE_VARIABLES, AuthorityChecks
from apoa_client.doctor.computer import Screen
from apoa_client.doctor.permissions import (
    check_permissions_below,
    check_private_key,
    check_recovery_code,
    check_store,
)
from apoa_client.doctor.results import Check, CheckResult, Finding, Group, Result, failed_with, ok, skipped, warning
from apoa_client.errors import ApoaError, Exit, OutboxDamaged, StorageProblem
from apoa_client.installation import own_command
from apoa_client.messages import Message, duration_message, msg
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.outbox.sql.metadata import LAST_BACKUP, SCHEDULED_RUN
from apoa_client.ports.state import Summary
from apoa_client.processes import call_with_timeout
from apoa_client.report.kinds import SOON
from apoa_client.settings.outbox_address import parse_address

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
        self._unwritable = list[StorageProblem]()
        self._is_scheduled = False
        """Whether a schedule was found, once it was looked for."""
        app.on_unwritable = self._unwritable.append
        self.engine = ""
        """The name and version of what keeps the reports, once they were read."""

    @property
    def _settings(self) -> "PropertySettings":
        return self._app.settings

    @cached_property
    def _summary(self) -> Summary:
        now = self._app.clock.now()
        return self._app.outbox.summary(now=now, soon=now + SOON)

    def all(self) -> list[Check]:
        """Return every check that applies, in the order in which they run: each after those that it needs."""
        try:
            known = self._settings
        except ApoaError:  # the first check says why
            known = None
        app, opened = self._app, ("settings", "database")
        authority = AuthorityChecks(
            known.api_url if known is not None else "",
            known.ca_bundle if known is not None else "",
            lambda: app.calls(_CALL_S).call(lambda each: each.meta()),
            app.clock,
        )
        settings = partial(Check, group=Group.SETTINGS)
        saved = partial(Check, group=Group.REPORTS, needs=opened)
        key = partial(Check, group=Group.KEYS, exit_code=Exit.CREDENTIALS)
        automatic = partial(Check, group=Group.AUTOMATIC, essential=False)
        line = partial(Check, group=Group.AUTHORITY, needs=opened)
        online = partial(Check, group=Group.AUTHORITY, reason=_NO_LINE, exit_code=Exit.NOT_NOW)
        own = partial(Check, group=Group.COMPUTER, essential=False)
        needs_password = known is not None and not (known.by_hand or known.uses_sandbox)
        checks = [
            settings("settings", run=self._check_settings, reason=_NO_SETTINGS),
            settings(
                "permissions",
                run=lambda: check_permissions_below((app.folders.settings, app.folders.data)),
                limit_s=_FILES_S,
            ),
            saved("database", run=self._check_database, needs=("settings",), reason=_NO_DATABASE),
            saved("saving", run=self._check_saving),
            saved("authentic", run=self._check_doubts),
            saved("waiting", run=lambda: reports.check_waiting(self._settings, self._summary)),
            saved("drafts", run=lambda: reports.check_drafts(self._summary)),
            saved("backup", run=lambda: reports.check_backup(app.outbox.value(LAST_BACKUP), app.clock.now())),
            saved("backup_folder", run=self._check_backup_folder, essential=False),
            key(
                "keyring",
                run=lambda: check_store(app.secrets, needs_password=needs_password),
                needs=("settings",),
                reason=_NO_SECRETS,
            ),
            key("private_key", run=self._check_private_key, needs=("settings", "keyring")),
            key("password", run=self._check_password, needs=("settings", "keyring"), reason=_NO_PASSWORD),
            key("recovery_code", run=lambda: check_recovery_code(self._settings, self._summary), needs=opened),
            automatic("schedule", run=self._check_schedule, needs=("settings",)),
            automatic("last_run", run=self._check_last_run, needs=opened),
            line("sending", run=lambda: reports.check_suspension(self._settings, self._summary), reason=_STOPPED),
            online("proxy", run=authority.proxy, needs=("settings",), limit_s=_LOCAL_S),
            online("name", run=authority.name, needs=("settings", "proxy"), limit_s=_NAME_S),
            online("connection", run=authority.connection, needs=("settings", "name"), limit_s=_CONNECT_S),
            online("certificate", run=authority.certificate, needs=("settings", "connection"), limit_s=_CERTIFICATE_S),
            line("variables", run=self._check_variables, needs=()),
            online("account", run=authority.account, needs=(*opened, "certificate", "password", "sending")),
            online("contract", run=lambda: self._check_contract(authority), needs=("settings", "account")),
            line("clock", run=lambda: authority.clock(self._summary.clock_skew, _CLOCK_COMMAND)),
            line("contact", run=self._check_contact),
            own("disk", run=lambda: computer.check_space(app.folders.data), limit_s=_LOCAL_S, essential=True),
            own(
                "installation",
                run=lambda: computer.check_installation(own_command(), app.environ.get("PATH", "")),
                limit_s=_LOCAL_S,
            ),
            own("screen", run=lambda: computer.check_screen(self._screen)),
            own("versions", run=lambda: computer.check_versions(self.engine)),
        ]
        if self._offline:
            checks = [
                check._replace(run=lambda: skipped(_OFFLINE), limit_s=None) if check.reason == _NO_LINE else check
                for check in checks
            ]
        left_out = self._left_out(known)
        return [check for check in checks if check.name not in left_out and check.group not in left_out]

    def _left_out(self, known: "PropertySettings | None") -> set[str]:
        """Return the names and groups of checks that do not apply to a property with these settings."""
        left_out = set[str]() if self._unused_variables else {"variables"}
        if known is None:
            return left_out | {"backup_folder", "password"}
        if known.is_training or known.has_shared_outbox:  # backups of the latter may be made on its server
            left_out.add("backup")
        if not known.backup_folder:
            left_out.add("backup_folder")
        if known.by_hand:
            left_out |= {Group.AUTHORITY, "password"}
        if known.uses_sandbox:
            left_out |= {"password", "proxy", "name", "connection", "certificate", "variables"}
        return left_out

    def _check_settings(self) -> Finding:
        path = str(self._app.folders.config)
        return ok(msg("Property {name}, {path}", name=self._settings.name, path=path))

    def _check_database(self) -> Finding:
        """Open the reports and read them for damage."""
        app, is_shared = self._app, self._settings.has_shared_outbox
        until = app.clock.monotonic() + _FILE_CHECK_S
        try:
            found = app.outbox.check_file(lambda: app.clock.monotonic() > until)
        except OutboxDamaged as exc:
            return failed_with(exc, msg("Keep the file. Restore the newest backup with: apoa restore FILE"))
        except OutboxServerUnreachable as exc:  # a desk goes on without it
            advice = msg(
                "Guests are saved on this computer meanwhile, and apoa moves them by itself; see apoa outbox show. If "
                "it stays so, ask the administrator of the server."
            )
            return warning(exc.message, advice)._replace(stops=True)
        self.engine = found.engine
        if is_shared:
            agree_on_keys(self._settings, app.outbox)
        if (problem := app.handed_over.problem) is not None:
            advice = msg("Reports that are still in the other outbox are not sent. They are taken over by: apoa sync")
            return failed_with(problem, problem.advice or advice)
        values: dict[str, str | int | Message] = {"schema": found.schema, "engine": found.engine}
        if is_shared:
            place = parse_address(self._settings.outbox).place
            return ok(msg("The shared outbox answers: {place} (schema {schema}, {engine}).", place=place, **values))
        if not found.complete:
            return ok(msg("What could be read of it in a short time is sound (schema {schema}, {engine}).", **values))
        return ok(msg("It is sound (schema {schema}, {engine}).", **values))

    def _check_saving(self) -> Finding:  # it is known since the reports were opened
        return failed_with(self._unwritable[-1]) if self._unwritable else ok(msg("Guests can be saved."))

    def _check_doubts(self) -> Finding:
        find = self._app.outbox.integrity.doubts
        return reports.check_doubts(find_doubts(self._summary, self._settings.public_key, find))

    def _check_backup_folder(self) -> Finding:
        folder, place = self._settings.backup_folder, place_of_files(self._app)
        known = self._app.outbox.folder_backups(folder)
        return reports.check_backup_folder(Path(folder), place, on_other_disk=known.other_disk, limit_s=_LOCAL_S)

    def _check_private_key(self) -> Finding:
        try:
            outbox = self._app.outbox
        except StorageProblem:
            outbox = None
        return check_private_key(self._app.secrets, self._settings, outbox, self._app.clock.now())

    def _check_password(self) -> Finding:
        """Check that a password is there, and was given for these settings. It is not sent."""
        self._app.secrets.password()
        return ok(msg("It is stored, and it was given for these settings."))

    def _check_schedule(self) -> Finding:
        """Look for the schedule that sends for this property."""
        app, settings = self._app, self._settings

        def find() -> Schedule | None:
            with closing(Container(app.environ, app.clock, settings.name)) as own:  # an outbox belongs to one thread
                return find_schedule(own)

        found = call_with_timeout(_SCHEDULE_S, find)
        self._is_scheduled = found is not None
        if found is not None:
            return found.check()
        if settings.is_training or settings.by_hand:
            return skipped(msg("No schedule is installed, and this property needs none."))
        if computer.is_container(app.environ):
            with suppress(StorageProblem):  # the check of the database says so
                if app.outbox.value(SCHEDULED_RUN) is not None:
                    return skipped(msg("A container needs no schedule: reports are sent automatically without one."))
            return warning(
                msg("Nothing was sent automatically yet from this container."),
                msg("Let the container run, in place of a schedule: apoa sync --follow"),
            )
        return warning(
            msg("No schedule is installed: nothing is sent automatically."),
            msg("Install one with: apoa schedule install"),
        )

    def _check_last_run(self) -> Finding:
        run = self._app.outbox.value(SCHEDULED_RUN)
        return reports.check_last_run(run, self._app.clock.now(), is_scheduled=self._is_scheduled)

    @property
    def _unused_variables(self) -> str:
        return ", ".join(name for name in CERTIFICATE_VARIABLES if self._app.environ.get(name))

    def _check_variables(self) -> Finding:
        names = self._unused_variables
        text = msg(
            "{names}: not used. Certificates are trusted by the system or by the setting ca_bundle.", names=names
        )
        return warning(text, None)

    def _check_contract(self, authority: AuthorityChecks) -> Finding:
        found = authority.contract(self._settings.identity, self._settings.zone)
        if found.result is not Result.FAILED and authority.meta is not None:
            with suppress(StorageProblem):  # the check of saving says so
                self._app.outbox.record_contact(self._app.clock.now(), authority.meta.server_time)
        return found

    def _check_contact(self) -> Finding:
        moment = self._summary.last_contact_at
        if moment is None:
            return skipped(msg("The authority has never answered yet."))
        age = self._app.clock.now() - moment
        return ok(msg("The authority last answered {time} ago.", time=duration_message(age)))
