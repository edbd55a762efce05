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
from apoa_client.errors import NotNow, SettingsProblem
from apoa_client.messages import msg
from apoa_client.ports import Author, Authority, Clock, Erasure, Interruptions, Progress
from apoa_client.settings import config
from apoa_client.settings.config import Config, Property
from apoa_client.settings.folders import Folders, find_folders

if TYPE_CHECKING:
    from apoa_client.app.key_rotation import KeyPair
    from apoa_client.archive.backup import Written
    from apoa_client.archive.restore import Restored
    from apoa_client.authority.limits import Patience
    from apoa_client.delivery.options import Outcome, Terms
    from apoa_client.desk.arrivals import Desk, House
    from apoa_client.desk.by_hand import ByHand
    from apoa_client.desk.changes import Changes
    from apoa_client.desk.stay_history import Stays
    from apoa_client.outbox.sqlite.store import SqliteOutbox
    from apoa_client.vault.sealing import PropertySealer
    from apoa_client.vault.sources import PropertySecrets
    from apoa_client.vault.store import SecretStore

KEYRING_SERVICE = "apoa-client"
TRAINING_USERNAME = "latihan"
USER_AGENT = f"apoa-client/{__version__}"
_KEYRING_AT_THE_DESK_S = 1.5
"""A keyring answers in a tenth of a second; one that does not is no reason to keep a guest waiting."""
_TURN_S = 10
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

    def __init__(self, app: "App") -> None:
        self._app = app

    def seal(self, record_id: str, content: bytes) -> bytes:
        """As `ports.Sealer`."""
        return self._app.sealer.seal(record_id, content)

    def open(self, record_id: str, sealed: bytes) -> bytes:
        """As `ports.Sealer`."""
        return self._app.sealer.open(record_id, sealed)


class App:
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
        self._keyring_patience_s: float | None = None
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
    def house(self) -> Property:
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
        return self.clock.now().astimezone(self.house.zone).date()

    @cached_property
    def secrets(self) -> "PropertySecrets":
        """The property's secrets, each looked up when it is needed."""
        return self.secrets_of(self.house)

    def secrets_of(self, house: Property) -> "PropertySecrets":
        """The secrets of a property, whether or not it is in the settings yet."""
        from apoa_client.vault.sources import PropertySecrets

        return PropertySecrets(self.environ, lambda: self._store(house), prompt=self._ask_password)

    def _store(self, house: Property) -> "SecretStore":
        if house.vault == "file":
            from apoa_client.vault.key_file import KeyFileStore

            return KeyFileStore(self.folders.keys(house.name))
        from apoa_client.settings.user import user_number
        from apoa_client.vault.keyring_store import KeyringStore

        service, interactive = f"{KEYRING_SERVICE}/{house.name}", self._ask_password is not None
        uid, patience_s = user_number(), self._keyring_patience_s
        return KeyringStore(service, interactive=interactive, environ=self.environ, uid=uid, patience_s=patience_s)

    @cached_property
    def sealer(self) -> "PropertySealer":
        """Seals with the public key of the settings; opens with the private key, asked for only then."""
        from apoa_client.vault.sealing import PropertySealer, decode_public_key

        return PropertySealer(decode_public_key(self.house.public_key), self._private_key, self._spare_keys)

    def _private_key(self) -> bytes:
        return self.secrets.private_key()  # built here, not before: sealing needs none

    def _spare_keys(self) -> list[bytes]:
        return self.secrets.spare_keys()  # as above

    def key_pair(self, vault: str = "") -> "KeyPair":
        """The property's key pair, its private key kept in the vault of the settings or in another one."""
        from apoa_client.app.key_rotation import KeyPair
        from apoa_client.settings.writer import save
        from apoa_client.vault.sealing import decode_public_key, encode_key

        house = replace(self.house, vault=vault or self.house.vault)

        def name(public_key: bytes) -> None:
            save(self.folders.config, replace(house, public_key=encode_key(public_key)))

        return KeyPair(self.outbox, self.secrets_of(house), decode_public_key(house.public_key), name)

    @cached_property
    def outbox(self) -> "SqliteOutbox":
        """The property's queue and history, which setting up made. Raises `StorageProblem`, also where it is gone."""
        return self._open.enter_context(self.outbox_of(self.house))

    def outbox_of(self, house: Property, *, create: bool = False) -> "SqliteOutbox":
        """The same of any property, made first where `create` says so, for the caller to close."""
        from apoa_client.outbox.sqlite.store import SqliteOutbox

        path = self.folders.outbox(house.name)
        return SqliteOutbox.open(path, _LateSealer(self), create=create, author=self.author)

    @cached_property
    def author(self) -> Author:
        """Who is at work here, for the audit trail."""
        from apoa_client.settings.user import user_name

        return Author(user_name, self.clock.now)

    @cached_property
    def desk(self) -> "Desk":
        """Where guests are registered."""
        from apoa_client.desk.arrivals import Desk

        return Desk(self.outbox, self.clock, self._desk_house(), os.urandom)

    def _desk_house(self) -> "House":
        from apoa_client.desk.arrivals import House

        return House(self.house.zone, self.house.window_hours, bytes.fromhex(self.house.index_key))

    @cached_property
    def changes(self) -> "Changes":
        """Where stays that were reported are changed."""
        from apoa_client.desk.changes import Changes

        return Changes(self.desk, self.outbox, self.clock, self._desk_house(), os.urandom)

    @cached_property
    def stays(self) -> "Stays":
        """The stays that the outbox tells of."""
        from apoa_client.desk.stay_history import Stays

        return Stays(self.outbox, self.house.zone)

    @cached_property
    def by_hand(self) -> "ByHand":
        """What is typed into APOA by people, and the numbers that it gave them."""
        from apoa_client.desk.by_hand import ByHand

        return ByHand(self.outbox, self.clock, self.stays)

    def connect(self, patience: "Patience | None" = None) -> Authority:
        """The property's authority; for a training property, one that is started here."""
        return self.authority_of(self.house, self.secrets.password, patience)

    def authority_of(
        self, house: Property, password: Callable[[], str], patience: "Patience | None" = None
    ) -> Authority:
        """The same of any property, with a password that need not be stored yet."""
        if house.by_hand:
            raise SettingsProblem(
                msg("The reports of {name} are typed into APOA by hand.", name=house.name),
                msg("Lay them out for typing with: apoa sync --by-hand"),
            )
        from apoa_client.authority.client import HttpAuthority

        address, username = house.api_url, house.username
        if house.training:
            training_password = os.urandom(16).hex()
            address = self._start_training(house, training_password)
            username, password = TRAINING_USERNAME, lambda: training_password
        authority = HttpAuthority(
            base_url=address,
            username=username,
            password=password,
            user_agent=USER_AGENT,
            patience=patience,
            ca_bundle=house.ca_bundle or None,
            monotonic=self.clock.monotonic,
        )
        self._open.callback(authority.close)
        return authority

    def _start_training(self, house: Property, password: str) -> str:
        from apoa_client.sandbox.server import SandboxServer

        server = SandboxServer(
            self.folders.sandbox(house.name),
            username=TRAINING_USERNAME,
            password=password,
            now=self.clock.now,
            window_hours=house.window_hours,
            property_name=house.name,
            page=False,
        )
        return self._open.enter_context(server).base_url

    def deliver(
        self,
        terms: "Terms",
        progress: Progress,
        interruptions: Interruptions,
        patience: "Patience | None" = None,
    ) -> "Outcome":
        """One run of delivery, as `apoa_client.delivery.sync.deliver` describes it.

        Whoever gives a `patience` has a guest waiting, and waits less for a keyring too.
        """
        import random

        from apoa_client.delivery.options import Parts
        from apoa_client.delivery.sync import deliver

        if patience is not None:
            self._keyring_patience_s = _KEYRING_AT_THE_DESK_S
        # The jitter is `random`'s: it spreads the load of many properties, and nobody gains by guessing it.
        parts = Parts(self.outbox, lambda: self.connect(patience), self.clock, random.random, progress, interruptions)
        return deliver(parts, terms)

    def receipt_pdf(self, report_id: str) -> bytes | None:
        """The authority's own PDF of a receipt, as `apoa_client.delivery.receipt_pdf` asks for it."""
        from apoa_client.delivery.receipt_pdf import receipt_pdf

        return receipt_pdf(self.outbox, self.connect, self.clock, self.house.fingerprint, report_id)

    def purge(self, *, dry_run: bool = False) -> Erasure:
        """Erase the guests' data of every stay that ended longer ago than the settings' `retention_days`."""
        return self.outbox.eraser.finished(self.purged_before(), dry_run=dry_run)

    def purged_before(self) -> datetime:
        """When a stay must have ended to be erased now. A clock that is fast by the authority's brings none nearer."""
        now = self.clock.now()
        skew = self.outbox.summary(now=now, soon=now).clock_skew or timedelta()
        return now + min(skew, timedelta()) - timedelta(days=self.house.retention_days)

    def purge_daily(self) -> None:
        """The same, unless it was done within the last day."""
        last, now = self.outbox.eraser.last(), self.clock.now()
        if last is None or not last <= now < last + timedelta(days=1):
            self.purge()

    def purge_stay(self, stay_id: str, *, force: bool, dry_run: bool = False) -> Erasure:
        """Erase one stay now, at the guest's request. Raises `Undelivered`, or `NotNow` where something is being sent.

        `force` withdraws what is undelivered. It waits for its turn, so that nothing is on its way meanwhile.
        """
        with self.outbox.turn(_TURN_S) as ours:
            if not ours:
                raise NotNow(
                    msg("Another apoa command is sending at this moment."),
                    msg("Nothing was erased. Wait a minute, then try again."),
                )
            return self.outbox.eraser.stay(stay_id, force=force, dry_run=dry_run)

    def back_up(self, file: Path, *, force: bool = False) -> "Written":
        """Write a backup of the property, as `apoa_client.archive.backup.write_backup` does. Needs no secret."""
        from apoa_client.archive.backup import Facts, write_backup
        from apoa_client.settings.writer import text_of

        name = self.house.name

        def facts() -> Facts:
            house = config.load(self.folders.config).properties[name]
            return Facts(__version__, self.clock.now(), name, text_of(house))

        return write_backup(self.folders.outbox(name), file, facts, self.author, force=force)

    def restore(self, file: Path, name: str = "", *, dry_run: bool = False) -> "Restored":
        """Restore a backup as the property `name`, or as the one it was, as `apoa_client.archive.restore` does."""
        from apoa_client.archive.restore import Restorer

        return Restorer(self.folders, self.config, self.author, name).restore(file, dry_run=dry_run)

    def missing_secrets(self, house: Property) -> list[str]:
        """Which secrets of a property no source gives, none of them asked for: "private_key", "password"."""
        from apoa_client.vault.missing_secrets import missing
        from apoa_client.vault.sources import PropertySecrets

        secrets = PropertySecrets(self.environ, lambda: self._store(house))
        return missing(secrets, house.public_key, password=not house.training)
