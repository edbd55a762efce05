"""Setting up a property and logging in: test the connection, create or keep the key pair, store secrets and settings.

The order of the steps matters, because they write to several places: a kill between any two leaves a state in which
the set-up can be repeated and no report has lost its private key.

Practice shares no file with a real property: its reports, keys and settings are in a home of their own. Each property
has a practice property of the same name there, which is made at its first use. One that was set up for practice from
the start is in the program's own home, until a real property is set up under its name.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from apoa_client.app.container import Container
from apoa_client.app.property_stores import password_binding
from apoa_client.app.shared_outbox import agree_on_keys
from apoa_client.delivery.plan import identity_error
from apoa_client.errors import (
    CredentialsProblem,
    NotNow,
    SecretMissing,
    SettingsProblem,
    WrongPassword,
    file_in_use,
)
from apoa_client.files import make_private_folder, sync_folder
from apoa_client.messages import msg
from apoa_client.outbox.sql.past_practice import was_real
from apoa_client.ports.authority import Meta
from apoa_client.settings import reading
from apoa_client.settings.config import INDEX_KEY_BYTES, PRODUCTION, TRAINING, PropertySettings
from apoa_client.settings.folders import Folders
from apoa_client.settings.writer import remove_property

if TYPE_CHECKING:
    from apoa_client.vault.sources import PropertySecrets

_KEPT_VARIABLES = frozenset({"APOA_LANG", "APOA_PLAIN"})
"""The variables of this program that are not about a property or its files."""


class PropertySetup:
    """Creates and changes properties with the container's parts."""

    def __init__(self, app: Container) -> None:
        self._app = app

    def set_up(
        self,
        settings: PropertySettings,
        password: str,
        *,
        language: str = "",
        new_code: Callable[[str], object] = str,
        store_password: bool = True,
    ) -> NotNow | None:
        """Create or change a property. Returns the connection's temporary failure, which does not stop the set-up.

        `store_password` is false for a password that the environment provides at each run. `new_code` is called with
        the recovery code of a new key pair before the key pair is stored; it may raise. Every other error is raised
        before anything is stored. The settings are written last, so that a kill leaves no property without its key.
        A practice property of this name is moved to the practice home before a real one is set up; a real property
        does not become a practice property (`SettingsProblem`).
        """
        app = self._app
        settings = _with_full_path(settings)
        before = app.config.find(settings.name)
        if settings.uses_sandbox and before is not None and not before.is_training:
            raise _stays_real(before)
        failure: NotNow | None = None
        meta: Meta | None = None
        try:
            meta = None if settings.by_hand else self.test(settings, password)
        except NotNow as exc:
            failure = exc
        settings = self._with_identity(settings, meta)
        settings = self._apart_from_practice(settings, before)
        secrets = app.secrets_of(settings)
        public_key = self._public_key(settings, secrets, new_code)
        settings = settings._replace(
            public_key=public_key, index_key=settings.index_key or os.urandom(INDEX_KEY_BYTES).hex()
        )
        if not (settings.uses_sandbox or settings.by_hand):
            if store_password:
                secrets.store_password(password, password_binding(settings))
        else:
            with suppress(CredentialsProblem):  # a property without an account may have no vault
                secrets.forget_password()
        self._prepare_outbox(settings, secrets, meta)
        app.save_settings(settings, app.config.find(settings.name), language=language)
        return failure

    def _apart_from_practice(self, settings: PropertySettings, before: PropertySettings | None) -> PropertySettings:
        """Return the settings of a property that shares nothing with the practice of before, which is moved."""
        app = self._app
        if settings.is_training:
            if before is not None and before.is_real:
                raise _stays_real(before)
        elif before is not None and before.is_training and not self._was_real(before):
            move_to_practice(app, before)
            app.config = reading.load(app.folders.config, app.environ)
            return settings._replace(index_key="")
        return settings

    def _was_real(self, before: PropertySettings) -> bool:
        """Return whether version 0.1.0 let a property practise that was real: its outbox has reports of both."""
        if not before.uses_sandbox or before.has_shared_outbox or not self._app.folders.outbox(before.name).exists():
            return False
        with self._app.outbox_of(before) as outbox:
            return was_real(outbox.database)

    def _prepare_outbox(self, settings: PropertySettings, secrets: "PropertySecrets", meta: Meta | None) -> None:
        """Create the outbox if it is missing, and record the set-up. `meta` is what the authority answered; or None."""
        app = self._app
        is_shared = settings.has_shared_outbox
        is_new = not is_shared and not app.folders.outbox(settings.name).exists()
        with app.outbox_of(settings, create=True) as outbox:
            if is_new:  # nothing here is older than the clock's time, whatever it is
                outbox.record_clock_check(app.clock.now())
                secrets.store_outbox_version(None)  # of an earlier outbox of this name
            if is_shared:
                agree_on_keys(settings, outbox)
            else:
                outbox.record_public_key(settings.public_key)
            is_untested = meta is None and not settings.uses_sandbox
            outbox.record_event("set_up", detail="untested" if is_untested else None)
            if meta is not None:  # the password was just tested
                outbox.set_suspension(None)
                outbox.record_contact(app.clock.now(), meta.server_time)

    def log_in(
        self, password: str, *, username: str = "", test: bool = True, store_password: bool = True
    ) -> Meta | None:
        """Test a password, store it, and end a suspension. A refused password is not stored.

        It is bound to the settings as they are now. Without `test`, it is stored untested. `store_password` is as in
        `set_up`. Returns the authority's
        answer to the test. Raises `SettingsProblem`, and stores nothing, if it is not the authority and account of the
        set-up any more.
        """
        app = self._app
        settings = _with_full_path(app.settings._replace(username=username or app.settings.username))
        meta = self.test(settings, password) if test else None
        if meta is not None:
            mismatch = identity_error(settings.identity, meta.identity)
            if mismatch is not None:
                raise mismatch
        settings = self._with_identity(settings, meta)
        if store_password:
            app.secrets.store_password(password, password_binding(settings))
        if settings != app.settings:
            app.save_settings(settings, app.settings)
        app.outbox.record_event("logged_in", detail="untested" if meta is None else None)
        app.outbox.set_suspension(None)
        if meta is not None:
            app.outbox.record_contact(app.clock.now(), meta.server_time)
        return meta

    def test(self, settings: PropertySettings, password: str) -> Meta:
        """Request the authority's metadata, which tests the address, the certificate and the password."""
        try:
            return self._app.authorities.connect(settings, lambda: password).meta()
        except WrongPassword as exc:
            raise WrongPassword(exc.message, msg("Nothing was changed. Check the username and the password.")) from None

    def _with_identity(self, settings: PropertySettings, meta: Meta | None) -> PropertySettings:
        """Return the settings with what the authority says about itself.

        If it was not asked, another address or account than before makes that unknown until it is; but for a real
        property it must be a real authority: nothing is sent to one for training.
        """
        if meta is not None:
            return settings.with_meta(meta)
        before = self._app.config.find(settings.name)
        if before is not None and before.fingerprint == settings.fingerprint:
            return settings
        is_real = before is not None and before.is_real and not settings.by_hand
        return settings._replace(environment=PRODUCTION if is_real else "", property_id="")

    def _public_key(
        self, settings: PropertySettings, secrets: "PropertySecrets", new_code: Callable[[str], object]
    ) -> str:
        """Return the property's public key. Moves an existing private key to the chosen vault, or creates a key pair.

        Setting up again never replaces a key pair, even if the settings were lost: the sealed reports could not be
        opened any more.
        """
        from apoa_client.vault import recovery
        from apoa_client.vault.sealing import encode_key, key_pair_from_seed, public_key_of

        before = self._app.config.find(settings.name)
        if before is not None:
            if before.vault != settings.vault:
                secrets_before = self._app.secrets_of(before)
                private_key = secrets_before.private_key()
                secrets.keys.copy_from(secrets_before.keys)
                if private_key not in secrets.keys.all():  # it comes from the environment
                    secrets.store_private_key(private_key)
            return self._app.saved_settings(before).public_key  # a key rotation may have ended meanwhile
        try:
            return encode_key(public_key_of(secrets.private_key()))
        except SecretMissing:
            if self._app.folders.outbox(settings.name).exists():
                raise SettingsProblem(
                    msg("Reports of {name} are saved here, but their private key was not found.", name=settings.name),
                    msg("Say where it is: --vault keyring or --vault file. For a new property, choose another name."),
                ) from None
        code = recovery.new_code()
        private_key, public_key = key_pair_from_seed(recovery.seed_from_code(code))
        new_code(code)
        secrets.store_private_key(private_key)
        return encode_key(public_key)


def _stays_real(before: PropertySettings) -> SettingsProblem:
    return SettingsProblem(
        msg("{name} is a real property: it does not become one for practice.", name=before.name),
        msg("Practise with it, apart from its real reports: apoa --practice report"),
        name="real_property",
    )


def practice_environment(environ: Mapping[str, str], folders: Folders) -> dict[str, str]:
    """Return the environment of the practice home: no settings, secrets or files of a real property are named in it."""
    others = {name: value for name, value in environ.items() if not name.startswith("APOA_") or name in _KEPT_VARIABLES}
    others.pop("CREDENTIALS_DIRECTORY", None)
    return {**others, "APOA_HOME": str(folders.practice)}


def move_to_practice(app: Container, settings: PropertySettings) -> None:
    """Move a practice property from the program's own home to the practice home, so that a real one may have its name.

    After a kill between two steps the same call goes on. Raises `SettingsProblem`, also while another program uses the
    files, `NotNow`, or `CredentialsProblem` if the keys cannot be read: then nothing was moved.
    """
    if settings.has_shared_outbox:
        raise SettingsProblem(
            msg("The practice reports of {name} are in a shared outbox.", name=settings.name),
            msg("Set up the real property under another short name: apoa setup --property NAME"),
        )
    with closing(Container(practice_environment(app.environ, app.folders), app.clock)) as practice:
        source, target = app.folders.data / settings.name, practice.folders.data / settings.name
        if source.exists():
            if target.exists():
                raise SettingsProblem(
                    msg("Practice of this name is there already: {path}", path=str(target)),
                    msg("Move that folder away, then set up again."),
                )
            kept = settings._replace(vault="file", outbox_before="", backup_folder="", import_folder="")
            secrets, own = app.secrets_of(settings), app.secrets_of(kept)
            if settings.vault != kept.vault:
                own.keys.copy_from(secrets.keys)
            if settings.vault != kept.vault or secrets.private_key_from_environment() is not None:
                own.store_private_key(secrets.private_key())
            practice.save_settings(kept, language=app.config.language)
            _move_folder(source, target)
    if settings.vault == "keyring":
        secrets = app.secrets_of(settings)
        for name in secrets.stored_names():
            secrets.delete_stored(name)
    remove_property(app.folders.config, settings.name)


def _move_folder(source: Path, target: Path) -> None:
    try:
        make_private_folder(target.parent)
        source.rename(target)
        sync_folder(target.parent)
        sync_folder(source.parent)
    except OSError:  # on Windows, while a program has a file of the folder open
        raise file_in_use(str(source)) from None


def find_practice(app: Container) -> tuple[str, Mapping[str, str]]:
    """Return the name and the environment of the practice property of the chosen one, which is made if there is none.

    Raises `SettingsProblem` if no property is set up, or as `Container.settings` does.
    """
    settings = app.settings
    if settings.is_training:
        return settings.name, app.environ
    environ = practice_environment(app.environ, app.folders)
    with closing(Container(environ, app.clock, settings.name)) as practice:
        if practice.config.find(settings.name) is None:
            new = PropertySettings(
                settings.name,
                api_url=TRAINING,
                public_key="",
                vault="file",
                timezone=settings.timezone,
                display_name=settings.display_name,
                office=settings.office,
                address=settings.address,
                window_hours=settings.window_hours,
            )
            PropertySetup(practice).set_up(new, "", language=app.config.language)
    return settings.name, environ


def _with_full_path(settings: PropertySettings) -> PropertySettings:
    """Return the settings with the full path of `ca_bundle`, for other working directories, such as cron's."""
    if settings.ca_bundle:
        with suppress(FileNotFoundError):  # the working directory was deleted: then the file cannot be read either
            settings = settings._replace(ca_bundle=str(Path(settings.ca_bundle).absolute()))
    return settings
