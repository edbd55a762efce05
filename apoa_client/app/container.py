"""The composition root: factories for the parts of the program that serve one property.

It imports every package; only the command line and this package import it. A package is imported in the factory that
first needs it: a report that is only saved loads no HTTP library, and `apoa status` no cryptography.
"""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apoa_client import __version__, memory_dumps
from apoa_client.errors import CredentialsProblem, SettingsProblem, StorageProblem
from apoa_client.messages import msg
from apoa_client.ports import Actor, Authenticator, Authority, Clock, Interruptions, Progress, RunCounter
from apoa_client.settings import config
from apoa_client.settings.config import Config, PropertySettings
from apoa_client.settings.folders import Folders, find_folders

if TYPE_CHECKING:
    from apoa_client.app.key_rotation import KeyPair
    from apoa_client.app.retention import Retention
    from apoa_client.archive.backup import BackupInfo
    from apoa_client.authority.limits import Timeouts
    from apoa_client.delivery.options import Dependencies, RunOptions, TimeLeft
    from apoa_client.desk.arrivals import Desk, ReportingRules
    from apoa_client.desk.by_hand import ByHand
    from apoa_client.desk.changes import Changes
    from apoa_client.desk.stay_history import Stays
    from apoa_client.outbox.interface import Outbox
    from apoa_client.outbox.sqlite.store import SqliteOutbox
    from apoa_client.vault.binding import Binding
    from apoa_client.vault.sealing import PropertySealer
    from apoa_client.vault.sources import PropertySecrets
    from apoa_client.vault.store import SecretStore

KEYRING_SERVICE = "apoa-client"
TRAINING_USERNAME = "latihan"
USER_AGENT = f"apoa-client/{__version__}"
_TIME_WAIT_S = 10.0
"""How long to wait for the authority's time."""
_SHORT_KEYRING_TIMEOUT_S = 1.5
"""For a command with a guest waiting. A working keyring answers within 0.1 s."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)  # noqa: TID251  the clock

    def monotonic(self) -> float:
        """Return seconds that never go backward."""
        return time.monotonic()


class _LazySealer:
    """The container's sealer, built at the first call: reading counts and states needs no cryptography."""

    def __init__(self, app: "Container") -> None:
        self._app = app

    @property
    def public_key(self) -> str:
        """The key as `ports.Sealer` describes it."""
        return self._app.sealer.public_key

    def refresh(self) -> bool:
        """Read the key again as `ports.Sealer` describes."""
        return self._app.sealer.refresh()

    def seal(self, record_id: str, content: bytes) -> bytes:
        """Seal as `ports.Sealer` describes."""
        return self._app.sealer.seal(record_id, content)

    def open(self, record_id: str, sealed: bytes) -> bytes:
        """Open as `ports.Sealer` describes."""
        return self._app.sealer.open(record_id, sealed)

    def authenticator(self, *, ask: bool = False, only_checks: bool = False) -> Authenticator | None:
        """Return what makes codes as `ports.Sealer` describes."""
        if not ask and not self._app.key_is_at_hand:  # without loading the cryptography
            return None
        return self._app.sealer.authenticator(ask=ask, only_checks=only_checks)


class VaultCounter(RunCounter):
    """The `ports.RunCounter` of a property: a keyring is opened only if the private key was read from it before."""

    def __init__(self, app: "Container") -> None:
        self._app = app
        self._known: int | None = None

    def read(self) -> int | None:
        """Return the number as `ports.RunCounter` describes."""
        if self._known is None and self._app.key_is_at_hand:
            with suppress(CredentialsProblem):
                self._app.secrets.private_key()
                self._known = self._app.secrets.run_counter()
        return self._known

    def write(self, value: int) -> None:
        """Store the number as `ports.RunCounter` describes."""
        if value != self._known:
            self._app.secrets.store_run_counter(value)
            self._known = value


class Container:
    """Builds the parts for one property, each at its first use. Close it at the end.

    `ask_password` asks a person at the terminal for the password; None means that no person can be asked. `command` is
    the command that runs, without its options, for messages of other processes.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        property_name: str = "",
        ask_password: Callable[[], str] | None = None,
        command: str = "",
    ) -> None:
        self.environ = environ
        self.clock = clock
        self._name = property_name
        self._ask_password = ask_password
        self._command = command
        self.on_unwritable: Callable[[StorageProblem], object] | None = None
        """Set by a command that only reads: called if the outbox can be read and not written. None: an error then."""
        self._keyring_timeout_s: float | None = None
        self._open = ExitStack()

    def close(self) -> None:
        """Close everything that was opened."""
        self._open.close()

    @cached_property
    def folders(self) -> Folders:
        """The folders of the program's files."""
        return find_folders(self.environ)

    @cached_property
    def config(self) -> Config:
        """The settings file. Raises `SettingsProblem`."""
        return config.load(self.folders.config)

    @cached_property
    def settings(self) -> PropertySettings:
        """The settings of the named property, else of the default one, else of the only one.

        Raises `SettingsProblem` if there is no such property.
        """
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

    def saved_settings(self, settings: PropertySettings) -> PropertySettings:
        """Return the settings of this property as the file has them now; those given if it has none."""
        return config.load(self.folders.config).properties.get(settings.name, settings)

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
        """The operating system's user, the clock and the command, for the audit trail and the delivery lock."""
        from apoa_client.settings.user import user_name

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
        from apoa_client.vault.sources import PropertySecrets

        memory_dumps.forbid_access()
        ask = self._ask_password if prompt else None
        return PropertySecrets(
            self.environ,
            lambda: self._secret_store(settings),
            current_binding=lambda: self.password_binding(settings),
            prompt=ask,
        )

    def password_binding(self, settings: PropertySettings) -> "Binding":
        """Return what a password that is given for these settings is bound to. Raises `SettingsProblem`."""
        from apoa_client.vault import binding

        certificates = b""
        if settings.ca_bundle:
            try:
                certificates = Path(settings.ca_bundle).read_bytes()
            except OSError:
                from apoa_client.authority.tls import unreadable_certificates

                raise unreadable_certificates(settings.ca_bundle) from None
        return binding.bind(
            settings.host,
            api_url=settings.api_url.encode(),
            username=settings.username.encode(),
            ca_bundle=certificates,
            public_key=settings.public_key.strip().encode(),
        )

    def _secret_store(self, settings: PropertySettings) -> "SecretStore":
        if settings.vault == "file":
            from apoa_client.vault.key_file import KeyFileStore

            return KeyFileStore(self.folders.keys(settings.name))
        from apoa_client.settings.user import user_id
        from apoa_client.vault.keyring_store import TIMEOUT_S, KeyringStore

        return KeyringStore(
            f"{KEYRING_SERVICE}/{settings.name}",
            interactive=self._ask_password is not None,
            environ=self.environ,
            uid=user_id(),
            # Read at each call: a store that was built earlier must observe the short time-out, too.
            timeout_s=lambda: self._keyring_timeout_s or TIMEOUT_S,
        )

    @cached_property
    def run_counter(self) -> "VaultCounter":
        """The counter beside the private key."""
        return VaultCounter(self)

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
        from apoa_client.settings.writer import save
        from apoa_client.vault.sealing import decode_public_key, encode_key

        settings = self.settings._replace(vault=vault or self.settings.vault)

        def save_public_key(public_key: bytes) -> None:
            save(self.folders.config, settings._replace(public_key=encode_key(public_key)))

        public_key = decode_public_key(settings.public_key)
        return KeyPair(self.outbox, self.secrets_of(settings), public_key, save_public_key)

    # Reports.

    @cached_property
    def outbox(self) -> "Outbox":
        """The property's queue and history. Raises `StorageProblem`, also if the file is missing."""
        if self.on_unwritable is None:
            return self._open.enter_context(self.outbox_of(self.settings))
        from apoa_client.outbox.sqlite.store import SqliteOutbox

        path = self.folders.outbox(self.settings.name)
        outbox = SqliteOutbox.open_for_reading(path, _LazySealer(self), self.on_unwritable, self.actor)
        return self._open.enter_context(outbox)

    def outbox_of(self, settings: PropertySettings, *, create: bool = False) -> "SqliteOutbox":
        """Open the outbox of any property; `create` creates a missing file. The caller closes it."""
        from apoa_client.outbox.sqlite.store import SqliteOutbox

        path = self.folders.outbox(settings.name)
        return SqliteOutbox.open(path, _LazySealer(self), create=create, actor=self.actor)

    @cached_property
    def retention(self) -> "Retention":
        """Erases guests' data."""
        from apoa_client.app.retention import Retention

        settings = self.settings
        ask = None if settings.by_hand else self._record_authority_time
        return Retention(self.outbox, self.clock, settings.retention_days, lambda: self.today, ask)

    @cached_property
    def reporting_rules(self) -> "ReportingRules":
        """The settings that the desk needs."""
        from apoa_client.desk.arrivals import ReportingRules

        return ReportingRules(self.settings.zone, self.settings.window_hours, bytes.fromhex(self.settings.index_key))

    @cached_property
    def desk(self) -> "Desk":
        """Turns an arrival into a saved report."""
        from apoa_client.desk.arrivals import Desk

        memory_dumps.forbid_access()
        return Desk(self.outbox, self.clock, self.reporting_rules, os.urandom)

    @cached_property
    def changes(self) -> "Changes":
        """Changes stays that are reported already."""
        from apoa_client.desk.changes import Changes

        return Changes(self.desk, self.outbox, self.clock, self.reporting_rules, os.urandom)

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

    def describe_backup(self) -> "tuple[BackupInfo, bytes | None]":
        """Return the time and the property's settings as they are now, for a backup, and the private key if available.

        The key of the guest hash is left out: with it, the finder of a backup could test whether a passport was here.
        """
        from apoa_client.archive.backup import BackupInfo
        from apoa_client.settings.writer import settings_text

        self.sealer.refresh()  # the settings may have changed meanwhile
        private_key: bytes | None = None
        try:
            private_key = self.sealer.private_key()
        except CredentialsProblem as exc:
            import logging  # start-up

            logging.getLogger(__name__).info("nothing proves the backup: %s", exc.name)
        settings = self.saved_settings(self.settings)._replace(public_key=self.sealer.public_key, index_key="")
        return BackupInfo(__version__, self.clock.now(), settings.name, settings_text(settings)), private_key

    # The authority.

    def delivery_dependencies(
        self, progress: Progress, interruptions: Interruptions, timeouts: "Timeouts | None" = None
    ) -> "Dependencies":
        """Return the dependencies of one delivery run.

        `timeouts` are given if a guest is waiting; then the time-out of the keyring is short, too.
        """

        def connect(time_left: "TimeLeft") -> Authority:
            if not self.settings.uses_sandbox:
                self.secrets.password()  # asked for now, and not under the delivery lock
            return self.connect(timeouts, time_left)

        import random  # start-up

        from apoa_client.delivery.options import Dependencies

        if timeouts is not None:
            self._keyring_timeout_s = _SHORT_KEYRING_TIMEOUT_S
        # The jitter is not secret: it spreads the load of many properties.
        jitter = random.random
        counter = self.run_counter
        return Dependencies(self.outbox, connect, self.clock, jitter, progress, interruptions, counter)

    def _record_authority_time(self) -> None:
        """Ask the authority for its time within a few seconds, and record it. No person is asked for the password."""
        from apoa_client.authority.limits import Timeouts
        from apoa_client.delivery.single_call import record_authority_time

        settings, timeouts = self.settings, Timeouts(_TIME_WAIT_S, _TIME_WAIT_S, _TIME_WAIT_S)
        password = self.secrets_of(settings, prompt=False).password
        record_authority_time(
            self.outbox,
            lambda: self.authority_of(settings, password, timeouts),
            self.clock,
            settings.fingerprint,
            settings.identity,
        )

    def run_options(self, **choices: Any) -> "RunOptions":  # noqa: ANN401  the fields of `RunOptions`
        """Return the options of one delivery run, with what the settings say about the authority."""
        from apoa_client.delivery.options import RunOptions

        return RunOptions(self.settings.fingerprint, self.settings.identity, **choices)

    def connect(self, timeouts: "Timeouts | None" = None, time_left: "TimeLeft | None" = None) -> Authority:
        """Return the property's authority. For a training property, start one.

        Raises `SettingsChanged` if the property has the password of an authority and does not name that one any more.
        """
        if self.settings.uses_sandbox:
            self._check_training()
        secrets = self.secrets
        return self.authority_of(self.settings, secrets.password, timeouts, time_left, secrets.bind_password)

    def _check_training(self) -> None:
        """Refuse settings that only say that this is training: real reports would look as if they had been sent."""
        from apoa_client.vault.errors import PublicKeyChanged, SettingsChanged

        try:
            self.secrets.check_binding()
        except SettingsChanged as exc:
            exc.advice = msg(
                "Nothing was sent. To practise, set up again: apoa setup. If these changes are not yours, ask your "
                "IT admin: another person made them."
            )
            raise
        except PublicKeyChanged:
            raise
        except CredentialsProblem:  # a training property needs no vault
            return

    def authority_of(
        self,
        settings: PropertySettings,
        password: Callable[[], str],
        timeouts: "Timeouts | None" = None,
        time_left: "TimeLeft | None" = None,
        password_accepted: Callable[[], object] = lambda: None,
    ) -> Authority:
        """Return the authority of any property, with a password that need not be stored yet.

        `time_left` returns how many seconds a call may take at most; `password_accepted` is called when the authority
        has accepted the password. Raises `SettingsProblem` for a property whose
        reports are typed by hand.
        """
        if settings.by_hand:
            raise SettingsProblem(
                msg("The reports of {name} are typed into APOA by hand.", name=settings.name),
                msg("Show them for typing with: apoa sync --by-hand"),
            )
        from apoa_client.authority.client import HttpAuthority

        address, username = settings.api_url, settings.username
        if settings.uses_sandbox:
            training_password = os.urandom(16).hex()
            address = self._start_training_server(settings, training_password)
            username, password = TRAINING_USERNAME, lambda: training_password
        authority = HttpAuthority(
            base_url=address,
            username=username,
            password=password,
            password_accepted=password_accepted,
            user_agent=USER_AGENT,
            timeouts=timeouts,
            time_left=time_left,
            ca_bundle=settings.ca_bundle or None,
            monotonic=self.clock.monotonic,
        )
        self._open.callback(authority.close)
        return authority

    def _start_training_server(self, settings: PropertySettings, password: str) -> str:
        """Start the sandbox on a free port. Returns its base URL."""
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
