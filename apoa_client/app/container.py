"""The composition root: factories for the parts of the program that serve one property.

It imports every package; only the command line and this package import it. A package is imported in the factory that
first needs it: a report that is only saved loads no HTTP library, and `apoa status` no cryptography.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, date, datetime
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, TypeVar, cast

from apoa_client.app.property_choice import PropertyChoice
from apoa_client.errors import (
    ApoaError,
    CredentialsProblem,
    Erased,
    NotNow,
    SealBroken,
    SettingsProblem,
    StorageProblem,
)
from apoa_client.messages import msg
from apoa_client.ports.state import Actor, HandedOver
from apoa_client.processes import forbid_access
from apoa_client.settings import reading
from apoa_client.settings.config import SQLITE, PropertySettings

if TYPE_CHECKING:
    from apoa_client.app.authority_connection import AuthorityConnections
    from apoa_client.app.code_tables import CodeFile
    from apoa_client.app.key_rotation import KeyPair
    from apoa_client.app.property_stores import OutboxOpener, VaultVersion
    from apoa_client.app.retention import Retention
    from apoa_client.authority.address import Timeouts
    from apoa_client.delivery.options import TimeLeft
    from apoa_client.delivery.single_call import SingleCalls
    from apoa_client.desk.arrivals import Desk, ReportingRules
    from apoa_client.desk.by_hand import ByHand
    from apoa_client.desk.changes import Changes
    from apoa_client.desk.stay_history import Stays
    from apoa_client.outbox.sql.store import Outbox
    from apoa_client.ports.authority import Authority, KeptAnswers
    from apoa_client.ports.entries import Entry, NewReport
    from apoa_client.ports.run import Clock, Sealer
    from apoa_client.report.codes import CodeTables
    from apoa_client.report.model import Report
    from apoa_client.vault.sealing import PropertySealer
    from apoa_client.vault.sources import PropertySecrets

_T = TypeVar("_T")

_TIME_WAIT_S = 10.0
"""How long to wait for the authority's time."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)  # noqa: TID251  the clock

    def monotonic(self) -> float:
        """Return seconds that never go backward."""
        return time.monotonic()


class Container(PropertyChoice):
    """Builds the parts for one property, each at its first use. Close it at the end.

    `ask_password` asks a person at the terminal for the password; None means that no person can be asked. `command` is
    the command that runs, without its options, for messages of other processes.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: "Clock",
        property_name: str = "",
        ask_password: Callable[[], str] | None = None,
        command: str = "",
    ) -> None:
        super().__init__(environ, property_name)
        self.clock = clock
        self._ask_password = ask_password
        self._command = command
        self.on_unwritable: Callable[[StorageProblem], object] | None = None
        """Set by a command that only reads: called if the outbox can be read and not written. None: an error then."""
        self.on_opened: Callable[[Outbox], object] = lambda _outbox: None
        """Called with the property's outbox when it is opened."""
        self.guest_waits = False
        """Set by a command with a guest waiting: the keyring and the shared outbox have little time from now on."""
        self.away: ApoaError | None = None
        """Why this computer's own file is used in place of the shared outbox; None if it is not."""
        self.handed_over = HandedOver()
        """What another outbox of the property has handed over to the one in use."""
        self.kept: KeptAnswers | None = None
        """What earlier connections to the authority received: a process that keeps running hands it on."""
        self._creates_file = self._takes_history = False
        self._closers: list[Callable[[], object]] = []

    def close(self) -> None:
        """Close everything that was opened, the last first. Raises the first error, when the rest is closed, too."""
        while self._closers:
            try:
                self._closers.pop()()
            except BaseException:
                with suppress(BaseException):
                    self.close()
                raise

    @property
    def label_if_several(self) -> str:
        """The property's label, to be sanitized; empty if no other property is set up."""
        return self.settings.label if len(self.config.names) > 1 else ""

    @property
    def printed_settings(self) -> PropertySettings:
        """The settings for a printed page: names of the property and office that are not set are the authority's."""
        from apoa_client.outbox.sql.metadata import ACCOUNT  # no page is printed at the desk

        name, office = self.outbox.value(ACCOUNT) or ("", "")
        known = self.settings
        return known._replace(display_name=known.display_name or name, office=known.office or office)

    @property
    def today(self) -> date:
        """The current date in the property's time zone."""
        return self.clock.now().astimezone(self.settings.zone).date()

    @property
    def key_is_at_hand(self) -> bool:
        """Whether sealed data can be read without a keyring, which may take seconds and ask for a password."""
        if self.settings.vault == "file" or self.secrets.has_read_private_key:
            return True
        try:
            return self.secrets.private_key_from_environment() is not None
        except CredentialsProblem:
            return False

    @cached_property
    def actor(self) -> Actor:
        """The operating system's user, the clock and the command, for the audit trail and records of maintenance."""
        from apoa_client.settings.folders import user_name

        return Actor(user_name, self.clock.now, self._command)

    # Secrets and keys.

    @cached_property
    def secrets(self) -> "PropertySecrets":
        """The property's secrets, each looked up at its first use."""
        return self.secrets_of(self.settings)

    def secrets_of(self, settings: PropertySettings, *, prompt: bool = True) -> "PropertySecrets":
        """Return the secrets of a property, which need not be in the settings file yet.

        Without `prompt`, no person is asked for the password.
        """
        from apoa_client.app.property_stores import password_binding, secret_store
        from apoa_client.vault.sources import CONTAINER_SECRETS, PropertySecrets
        from apoa_client.vault.store import OUTBOX_VERSION, SHARED_OUTBOX_VERSION

        forbid_access()
        ask, is_interactive = self._ask_password if prompt else None, self._ask_password is not None
        return PropertySecrets(
            self.environ,
            lambda: secret_store(
                settings, self.folders, self.environ, lambda: self.guest_waits, interactive=is_interactive
            ),
            current_binding=lambda: password_binding(settings),
            prompt=ask,
            container_secrets=None if self.folders.are_of_practice else CONTAINER_SECRETS,
            version_name=SHARED_OUTBOX_VERSION if settings.has_shared_outbox else OUTBOX_VERSION,
        )

    @cached_property
    def known_version(self) -> "VaultVersion":
        """The version of the outbox beside the private key."""
        from apoa_client.app.property_stores import VaultVersion

        return VaultVersion(lambda: self.secrets, lambda: self.key_is_at_hand)

    @cached_property
    def sealer(self) -> "PropertySealer":
        """Seals with the public key of the settings. Looks up the private key at the first opening."""
        from apoa_client.vault.sealing import PropertySealer, decode_public_key

        return PropertySealer(
            decode_public_key(self.settings.public_key),
            lambda: self.secrets.private_key(),  # noqa: PLW0108  building `secrets` is put off, too
            lambda: self.secrets.spare_keys(),  # noqa: PLW0108  the same
            lambda: decode_public_key(self.saved_settings(self.settings).public_key),
            lambda: self.key_is_at_hand,
        )

    def key_pair(self, vault: str = "") -> "KeyPair":
        """Return the property's key pair. `vault` is where its private key is, if not in the vault of the settings."""
        from apoa_client.app.key_rotation import KeyPair
        from apoa_client.vault.sealing import decode_public_key, encode_key

        settings = self.settings._replace(vault=vault or self.settings.vault)

        def save_public_key(public_key: bytes) -> None:
            self.save_settings(settings._replace(public_key=encode_key(public_key)), self.settings)

        outboxes, public_key = [self.outbox], decode_public_key(settings.public_key)
        if (source := self.outbox_opener(self.settings).source()) is not None:
            self._closers.append(source.close)
            outboxes.append(source)
        return KeyPair(outboxes, self.secrets_of(settings), public_key, save_public_key)

    # Reports.

    @cached_property
    def outbox(self) -> "Outbox":
        """The property's queue and history. Raises `StorageProblem`, also if the file is missing.

        What another outbox of the property has is handed over to it first.
        """
        opener = self.outbox_opener(self.settings)
        if self.settings.has_shared_outbox:
            outbox: Outbox = opener.shared()
        elif self.on_unwritable is not None:
            outbox = opener.file_for_reading(self.on_unwritable)
        else:
            outbox = opener.own_file(create=self._creates_file)
        self._closers.append(outbox.close)
        self._hand_over_to(outbox, history=self._takes_history)
        self.on_opened(outbox)
        return outbox

    def hand_over(self, *, history: bool = False) -> None:
        """Hand over to the outbox in use what another one of the property has: see `handed_over`.

        With `history`, the closed stays are handed over first. Raises what opening the outbox in use does.
        """
        if "outbox" in self.__dict__:
            self._hand_over_to(self.outbox, history=history)
        else:
            self._takes_history = history
            _opened = self.outbox

    def _hand_over_to(self, outbox: "Outbox", *, history: bool) -> None:
        """Hand over; an error of the other outbox stops no command, and is in `handed_over`."""
        try:
            done = self.outbox_opener(self.settings).hand_over_to(outbox, self.clock, history=history)
            if done is not None:
                self.handed_over = done._replace(reports=self.handed_over.reports + done.reports)
            if self.handed_over.complete and self.settings.outbox_before:
                settings = self.settings._replace(outbox_before="")
                self.save_settings(settings, self.settings)
                self.settings = settings
        except (StorageProblem, CredentialsProblem, SettingsProblem, NotNow) as exc:
            self.handed_over = self.handed_over._replace(problem=exc)

    def outbox_of(self, settings: PropertySettings, *, create: bool = False) -> "closing[Outbox]":
        """Open the outbox of any property until the context is left; `create` creates a missing file."""
        opener = self.outbox_opener(settings)
        return closing(opener.shared() if settings.has_shared_outbox else opener.own_file(create=create))

    def outbox_opener(self, settings: PropertySettings) -> "OutboxOpener":
        """Return what opens the outboxes of a property."""
        from apoa_client.app.property_stores import LazySealer, OutboxOpener

        sealer = cast("Sealer", LazySealer(lambda: self.sealer, lambda: self.key_is_at_hand))
        secrets = partial(self.secrets_of, settings, prompt=False)
        path = self.folders.outbox(settings.name)
        return OutboxOpener(settings, path, sealer, self.actor, secrets, may_wait=not self.guest_waits)

    @cached_property
    def on_desk(self) -> "Container":
        """The same property with the file on this computer as its outbox, where each new stay is saved.

        It is this container itself without a shared outbox.
        """
        if not self.settings.has_shared_outbox:
            return self
        desk = Container(self.environ, self.clock, self._name, self._ask_password, self._command)
        desk.settings = self.settings._replace(outbox=SQLITE)
        desk._creates_file = True
        self._closers.append(desk.close)
        return desk

    def ask(self, work: "Callable[[Container], _T]") -> _T:
        """Return what `work` finds in a shared outbox, or where that does not answer at once, in this computer's file.

        Whatever is wrong with the shared outbox, no guest waits for it: `away` says what it is.
        """
        if not self.settings.has_shared_outbox:
            self.guest_waits = self.guest_waits or bool(self.settings.outbox_before)
            return work(self)
        if self.away is None:
            self.guest_waits = True
            try:
                return work(self)
            except (StorageProblem, CredentialsProblem, SettingsProblem) as exc:
                self.away = self.on_desk.away = exc
        return work(self.on_desk)

    def report_at_hand(self, entry: "Entry") -> "Report | None":
        """Return a report; None if the private key is not at hand, or the report cannot be opened."""
        if not self.key_is_at_hand:
            return None
        try:
            return self.outbox.content(entry).report
        except (CredentialsProblem, Erased, SealBroken):
            return None

    @property
    def reachable_desk(self) -> "Desk":
        """The desk of the outbox that answers, as `ask` finds it."""
        return self.ask(lambda each: each.desk)

    def save_new(self, new_reports: "Sequence[NewReport]") -> "list[Entry]":
        """Save reports of new stays in the file on this computer. They are durable when this returns.

        Only if that file cannot be written are they saved in the shared outbox. Raises `StorageProblem` if neither is
        possible.
        """
        try:
            return self.on_desk.desk.save_all(new_reports)
        except StorageProblem:
            if self.on_desk is self or self.away is not None:
                raise
            return self.desk.save_all(new_reports)

    def hand_over_saved(self, ids: Iterable[str]) -> ApoaError | None:
        """Hand over reports that were just saved to a shared outbox, if it answers at once.

        Returns why they are still on this computer; None if they are not.
        """
        if self.on_desk is self:
            return None
        try:
            self.ask(lambda each: each.hand_over())
            if not any(self.on_desk.outbox.find(each) for each in ids):
                return None
        except StorageProblem:  # the file cannot be read, and they are in the shared outbox
            return None
        return self.away or self.handed_over.problem or NotNow(msg("The shared outbox does not answer."))

    @cached_property
    def retention(self) -> "Retention":
        """Erases guests' data."""
        from apoa_client.app.retention import Retention

        # Read again: a run that takes long must not erase what a change meanwhile says is kept.
        config = reading.load(self.folders.config, self.environ)
        settings = config.properties.get(self.settings.name, self.settings)
        ask = None if settings.by_hand else lambda: self.calls(_TIME_WAIT_S, prompt=False).record_time()
        opener = self.outbox_opener(settings)
        return Retention(self.outbox, self.clock, settings.retention_days, lambda: self.today, ask, opener)

    @cached_property
    def reporting_rules(self) -> "ReportingRules":
        """The settings that the desk needs."""
        from apoa_client.desk.arrivals import ReportingRules

        return ReportingRules(self.settings.zone, self.settings.window_hours, bytes.fromhex(self.settings.index_key))

    @cached_property
    def code_file(self) -> "CodeFile":
        """The authority's code tables that are kept on this computer."""
        from apoa_client.app.code_tables import CodeFile

        return CodeFile(self.folders.codes(self.settings.name), self.settings)

    @cached_property
    def code_tables(self) -> "CodeTables":
        """The rows of the authority's code tables, read once."""
        return self.code_file.rows()

    @cached_property
    def desk(self) -> "Desk":
        """Turns an arrival into a saved report."""
        from apoa_client.desk.arrivals import Desk

        forbid_access()
        return Desk(self.outbox, self.clock, self.reporting_rules, os.urandom, lambda: self.code_tables)

    @cached_property
    def changes(self) -> "Changes":
        """Changes stays that are reported already."""
        from apoa_client.desk.changes import Changes

        return Changes(self.desk)

    @cached_property
    def stays(self) -> "Stays":
        """The stays in the outbox."""
        from apoa_client.desk.stay_history import Stays

        return Stays(self.outbox, self.settings.zone)

    @cached_property
    def by_hand(self) -> "ByHand":
        """The reports that staff type into APOA, and their receipt numbers."""
        from apoa_client.desk.by_hand import ByHand

        return ByHand(self.outbox, self.clock, self.stays, self.settings.typing_order)

    # The authority.

    @cached_property
    def authorities(self) -> "AuthorityConnections":
        """Builds connections to the authority of any property."""
        from apoa_client.app.authority_connection import AuthorityConnections

        return AuthorityConnections(self.folders, self.clock, self._closers)

    def connect(
        self, timeouts: "Timeouts | None" = None, time_left: "TimeLeft | None" = None, *, prompt: bool = True
    ) -> "Authority":
        """Return the property's authority. For a training property, start one.

        Without `prompt`, no person is asked for the password. Raises `SettingsChanged` if the property has the password
        of an authority and does not name that one any more, and `SettingsProblem` if version 0.1.0 made a training
        property of a real one: a real guest may wait in it.
        """
        secrets, kept = self.secrets if prompt else self.secrets_of(self.settings, prompt=False), None
        if self.settings.uses_sandbox:
            from apoa_client.app.authority_connection import check_training
            from apoa_client.outbox.sql.past_practice import was_real

            check_training(secrets)
            if was_real(self.outbox.database):
                raise SettingsProblem(
                    msg("{name} was a real property before it practised. Nothing was sent.", name=self.settings.name),
                    msg("Set it up for real reports again, and practise apart from them: apoa setup"),
                    name="real_property",
                )
        elif not self.settings.by_hand:  # and not for the sandbox, which is another server in each run
            from hashlib import sha256

            from apoa_client.ports.authority import KeptAnswers

            kept = self.kept = self.kept or KeptAnswers()
            kept.rest_on((self.settings, sha256(secrets.password().encode()).digest()))
        return self.authorities.connect(
            self.settings, secrets.password, timeouts, time_left, secrets.bind_password, kept
        )

    def calls(self, limit_s: float, *, prompt: bool = True) -> "SingleCalls":
        """Return what calls the authority outside a delivery run, for so many seconds from its first call on."""
        from apoa_client.authority.address import Timeouts
        from apoa_client.delivery.single_call import SingleCalls

        @cache
        def connect() -> "Authority":
            ends_at = self.clock.monotonic() + limit_s
            timeouts = Timeouts(limit_s, limit_s, limit_s)
            return self.connect(timeouts, lambda: ends_at - self.clock.monotonic(), prompt=prompt)

        return SingleCalls(self.outbox, connect, self.clock, self.settings.fingerprint, self.settings.identity)
