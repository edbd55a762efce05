"""The composition root: builds the real parts for one property, when they are asked for.

It knows everyone, and is known by the command line and `establishing` alone. Heavy rooms are imported where they are
first needed: a report that is only saved loads no HTTP, and `apoa status` no cryptography.
"""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from apoa_client import __version__
from apoa_client.errors import SettingsProblem
from apoa_client.messages import msg
from apoa_client.ports import Actor, Authority, Clock, Erasure, Interruptions, Progress
from apoa_client.settings import config
from apoa_client.settings.config import Config, PropertySettings
from apoa_client.settings.folders import Folders, find_folders

if TYPE_CHECKING:
    from apoa_client.app.key_rotation import KeyPair
    from apoa_client.archive.backup import BackupResult
    from apoa_client.archive.restore import RestoreResult
    from apoa_client.authority.limits import Timeouts
    from apoa_client.delivery.options import Outcome, RunOptions
    from apoa_client.desk.arrivals import Desk, ReportingRules
    from apoa_client.desk.by_hand import ByHand
    from apoa_client.desk.changes import Changes
    from apoa_client.desk.stay_history import Stays
    from apoa_client.outbox.interface import Outbox
    from apoa_client.outbox.sqlite.store import SqliteOutbox
    from apoa_client.vault.sealing import PropertySealer
    from apoa_client.vault.sources import PropertySecrets
    from apoa_client.vault.store import SecretStore

KEYRING_SERVICE = "apoa-client"
TRAINING_USERNAME = "latihan"
USER_AGENT = f"apoa-client/{__version__}"
_KEYRING_AT_THE_DESK_S = 1.5
"""A keyring answers in a tenth of a second; one that does not is no reason to keep a guest waiting."""
_LOCK_WAIT_S = 10
"""How long an erasure waits for a delivery to end."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)  # noqa: TID251  the clock

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        return time.monotonic()


class _LateSealer:
    """The app's sealer, built when something is sealed or opened: counting needs no cryptography."""

    def __init__(self, app: "Container") -> None:
        self._app = app

    def seal(self, record_id: str, content: bytes) -> bytes:
        """As `ports.Sealer`."""
        return self._app.sealer.seal(record_id, content)

    def open(self, record_id: str, sealed: bytes) -> bytes:
        """As `ports.Sealer`."""
        return self._app.sealer.open(record_id, sealed)


class Container:
    """The parts for one property. Close it when the call is over."""

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        property_name: str = "",
        ask_password: Callable[[], str] | None = None,
    ) -> None:
        self.environ = environ
        self.clock = clock
        self._name = property_name
        self._ask_password = ask_password
        self._keyring_timeout_s: float | None = None
        self._open = ExitStack()

    def close(self) -> None:
        """Let go of whatever was opened."""
        self._open.close()

    @cached_property
    def folders(self) -> Folders:
        """Where the program keeps its files."""
        return find_folders(self.environ)

    @cached_property
    def config(self) -> Config:
        """The settings file. Raises `SettingsProblem`."""
        return config.load(self.folders.config)

    @cached_property
    def settings(self) -> PropertySettings:
        """The property that was asked for, or the default one, or the only one. Raises `SettingsProblem`."""
        known = self.config.properties
        name = self._name or self.config.default_property or (next(iter(known)) if len(known) == 1 else "")
        if name in known:
            return known[name]
        if name:
            raise SettingsProblem(
                msg("There is no property {name} in the settings.", name=name),
                msg("Known: {names}. Set it up with: apoa setup", names=", ".join(known) or "-"),
            )
        raise SettingsProblem(
            msg("Nothing is set up here yet."),
            msg("Set it up with: apoa setup"),
        )

    @property
    def today(self) -> date:
        """The day at the property, where it begins and ends hours before it does in UTC."""
        return self.clock.now().astimezone(self.settings.zone).date()

    @cached_property
    def secrets(self) -> "PropertySecrets":
        """The property's secrets, each looked up when it is needed."""
        return self.secrets_of(self.settings)

    def secrets_of(self, settings: PropertySettings) -> "PropertySecrets":
        """The secrets of a property, whether or not it is in the settings yet."""
        from apoa_client.vault.sources import PropertySecrets

        return PropertySecrets(self.environ, lambda: self._store(settings), prompt=self._ask_password)

    def _store(self, settings: PropertySettings) -> "SecretStore":
        if settings.vault == "file":
            from apoa_client.vault.key_file import KeyFileStore

            return KeyFileStore(self.folders.keys(settings.name))
        from apoa_client.settings.user import user_id
        from apoa_client.vault.keyring_store import TIMEOUT_S, KeyringStore

        service, interactive = f"{KEYRING_SERVICE}/{settings.name}", self._ask_password is not None
        return KeyringStore(
            service,
            interactive=interactive,
            environ=self.environ,
            uid=user_id(),
            timeout_s=lambda: self._keyring_timeout_s or TIMEOUT_S,
        )

    @cached_property
    def sealer(self) -> "PropertySealer":
        """Seals with the public key of the settings; opens with the private key, asked for only then."""
        from apoa_client.vault.sealing import PropertySealer, decode_public_key

        return PropertySealer(decode_public_key(self.settings.public_key), self._private_key, self._spare_keys)

    def _private_key(self) -> bytes:
        return self.secrets.private_key()  # built here, not before: sealing needs none

    def _spare_keys(self) -> list[bytes]:
        return self.secrets.spare_keys()  # as above

    def key_pair(self, vault: str = "") -> "KeyPair":
        """The property's key pair, its private key kept in the vault of the settings or in another one."""
        from apoa_client.app.key_rotation import KeyPair
        from apoa_client.settings.writer import save
        from apoa_client.vault.sealing import decode_public_key, encode_key

        settings = replace(self.settings, vault=vault or self.settings.vault)

        def name(public_key: bytes) -> None:
            save(self.folders.config, replace(settings, public_key=encode_key(public_key)))

        return KeyPair(self.outbox, self.secrets_of(settings), decode_public_key(settings.public_key), name)

    @cached_property
    def outbox(self) -> "Outbox":
        """The property's queue and history, which setting up made. Raises `StorageProblem`, also where it is gone."""
        return self._open.enter_context(self.outbox_of(self.settings))

    def outbox_of(self, settings: PropertySettings, *, create: bool = False) -> "SqliteOutbox":
        """The same of any property, made first where `create` says so, for the caller to close."""
        from apoa_client.outbox.sqlite.store import SqliteOutbox

        path = self.folders.outbox(settings.name)
        return SqliteOutbox.open(path, _LateSealer(self), create=create, actor=self.actor)

    @cached_property
    def actor(self) -> Actor:
        """Who is at work here, for the audit trail."""
        from apoa_client.settings.user import user_name

        return Actor(user_name, self.clock.now)

    @cached_property
    def desk(self) -> "Desk":
        """Where guests are registered."""
        from apoa_client.desk.arrivals import Desk

        return Desk(self.outbox, self.clock, self._desk_house(), os.urandom)

    def _desk_house(self) -> "ReportingRules":
        from apoa_client.desk.arrivals import ReportingRules

        return ReportingRules(self.settings.zone, self.settings.window_hours, bytes.fromhex(self.settings.index_key))

    @cached_property
    def changes(self) -> "Changes":
        """Where stays that were reported are changed."""
        from apoa_client.desk.changes import Changes

        return Changes(self.desk, self.outbox, self.clock, self._desk_house(), os.urandom)

    @cached_property
    def stays(self) -> "Stays":
        """The stays that the outbox tells of."""
        from apoa_client.desk.stay_history import Stays

        return Stays(self.outbox, self.settings.zone)

    @cached_property
    def by_hand(self) -> "ByHand":
        """What is typed into APOA by people, and the numbers that it gave them."""
        from apoa_client.desk.by_hand import ByHand

        return ByHand(self.outbox, self.clock, self.stays)

    def connect(self, timeouts: "Timeouts | None" = None) -> Authority:
        """The property's authority; for a training property, one that is started here."""
        return self.authority_of(self.settings, self.secrets.password, timeouts)

    def authority_of(
        self, settings: PropertySettings, password: Callable[[], str], timeouts: "Timeouts | None" = None
    ) -> Authority:
        """The same of any property, with a password that need not be stored yet."""
        if settings.by_hand:
            raise SettingsProblem(
                msg("The reports of {name} are typed into APOA by hand.", name=settings.name),
                msg("Lay them out for typing with: apoa sync --by-hand"),
            )
        from apoa_client.authority.client import HttpAuthority

        address, username = settings.api_url, settings.username
        if settings.training:
            training_password = os.urandom(16).hex()
            address = self._start_training(settings, training_password)
            username, password = TRAINING_USERNAME, lambda: training_password
        authority = HttpAuthority(
            base_url=address,
            username=username,
            password=password,
            user_agent=USER_AGENT,
            timeouts=timeouts,
            ca_bundle=settings.ca_bundle or None,
            monotonic=self.clock.monotonic,
        )
        self._open.callback(authority.close)
        return authority

    def _start_training(self, settings: PropertySettings, password: str) -> str:
        from apoa_client.sandbox.server import SandboxServer

        server = SandboxServer(
            self.folders.sandbox(settings.name),
            username=TRAINING_USERNAME,
            password=password,
            now=self.clock.now,
            window_hours=settings.window_hours,
            property_name=settings.name,
            page=False,
        )
        return self._open.enter_context(server).base_url

    def deliver(
        self,
        terms: "RunOptions",
        progress: Progress,
        interruptions: Interruptions,
        timeouts: "Timeouts | None" = None,
    ) -> "Outcome":
        """One run of delivery, as `apoa_client.delivery.sync.deliver` describes it.

        Whoever gives a `timeouts` has a guest waiting, and waits less for a keyring too.
        """
        import random

        from apoa_client.delivery.options import Dependencies
        from apoa_client.delivery.sync import deliver

        if timeouts is not None:
            self._keyring_timeout_s = _KEYRING_AT_THE_DESK_S
        # The jitter is `random`'s: it spreads the load of many properties, and nobody gains by guessing it.
        parts = Dependencies(
            self.outbox, lambda: self.connect(timeouts), self.clock, random.random, progress, interruptions
        )
        return deliver(parts, terms)

    def receipt_pdf(self, report_id: str) -> bytes | None:
        """The authority's own PDF of a receipt, as `apoa_client.delivery.receipt_pdf` asks for it."""
        from apoa_client.delivery.receipt_pdf import receipt_pdf

        return receipt_pdf(self.outbox, self.connect, self.clock, self.settings.fingerprint, report_id)

    def purge(self, *, dry_run: bool = False) -> Erasure:
        """Erase the guests' data of every stay that ended longer ago than the settings' `retention_days`."""
        return self.outbox.eraser.finished(self.purged_before(), dry_run=dry_run)

    def purged_before(self) -> datetime:
        """When a stay must have ended to be erased now. A clock that is fast by the authority's brings none nearer."""
        now = self.clock.now()
        skew = self.outbox.summary(now=now, soon=now).clock_skew or timedelta()
        return now + min(skew, timedelta()) - timedelta(days=self.settings.retention_days)

    def purge_daily(self) -> None:
        """The same, unless it was done within the last day."""
        last, now = self.outbox.eraser.last(), self.clock.now()
        if last is None or not last <= now < last + timedelta(days=1):
            self.purge()

    def purge_stay(self, stay_id: str, *, force: bool, dry_run: bool = False) -> Erasure:
        """Erase one stay now, at the guest's request. Raises `DataRefused`, or `NotNow` if something is being sent.

        `force` withdraws what is undelivered. It takes the delivery lock, so that nothing is sent meanwhile.
        """
        from apoa_client.outbox.locking import exclusive

        advice = msg("Nothing was erased. Wait a minute, then try again.")
        with exclusive(self.outbox.delivery_lock(_LOCK_WAIT_S), advice):
            return self.outbox.eraser.stay(stay_id, force=force, dry_run=dry_run)

    def back_up(self, file: Path, *, force: bool = False) -> "BackupResult":
        """Write a backup of the property, as `apoa_client.archive.backup.write_backup` does. Needs no secret."""
        from apoa_client.archive.backup import BackupInfo, write_backup
        from apoa_client.settings.writer import settings_text

        name = self.settings.name

        def facts() -> BackupInfo:
            settings = config.load(self.folders.config).properties[name]
            return BackupInfo(__version__, self.clock.now(), name, settings_text(settings))

        return write_backup(self.folders.outbox(name), file, facts, self.actor, force=force)

    def restore(self, file: Path, name: str = "", *, dry_run: bool = False) -> "RestoreResult":
        """Restore a backup as the property `name`, or as the one it was, as `apoa_client.archive.restore` does."""
        from apoa_client.archive.restore import Restorer

        return Restorer(self.folders, self.config, self.actor, name).restore(file, dry_run=dry_run)

    def missing_secrets(self, settings: PropertySettings) -> list[str]:
        """Which secrets of a property no source gives, none of them asked for: "private_key", "password"."""
        from apoa_client.vault.missing_secrets import missing
        from apoa_client.vault.sources import PropertySecrets

        secrets = PropertySecrets(self.environ, lambda: self._store(settings))
        return missing(secrets, settings.public_key, password=not settings.training)
