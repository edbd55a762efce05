"""A property is made or changed: its connection tested, its key pair kept or made, its secrets and settings stored.

Whoever establishes a property writes in many rooms at once, so the order of the steps matters: a kill between any two
leaves what can be set up again, and no report without its private key.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from apoa_client.app.container import Container
from apoa_client.errors import NotNow, SecretMissing, SettingsProblem, WrongPassword
from apoa_client.messages import msg
from apoa_client.ports import Meta
from apoa_client.settings.config import PropertySettings

if TYPE_CHECKING:
    from apoa_client.vault.sources import PropertySecrets


class PropertySetup:
    """Makes and changes properties, with the app's parts."""

    def __init__(self, app: Container) -> None:
        self._app = app

    def set_up(
        self, settings: PropertySettings, password: str, *, language: str = "", new_code: Callable[[str], object] = str
    ) -> NotNow | None:
        """Make or change a property: test the connection, keep or make its key pair, store secrets, write the settings.

        `new_code` is given the recovery code of a new key pair before that is stored, and may refuse by raising. The
        settings come last, so that a kill in between leaves no property without its private key. A line that is down is
        no reason to refuse: what went wrong is returned, and the connection can be tested later. Everything else that
        is wrong is raised, and then nothing is stored.
        """
        from apoa_client.settings.writer import save

        trouble: NotNow | None = None
        meta: Meta | None = None
        try:
            meta = None if settings.by_hand else self.test(settings, password)
        except NotNow as exc:
            trouble = exc
        settings = settings if meta is None else _as_told(settings, meta)
        secrets_now = self._app.secrets_of(settings)
        index_key = settings.index_key or os.urandom(16).hex()
        settings = replace(settings, public_key=self._key_pair(settings, secrets_now, new_code), index_key=index_key)
        if not (settings.uses_sandbox or settings.by_hand):
            secrets_now.store_password(password)
        self._make_outbox(settings, meta)
        save(self._app.folders.config, settings, language=language)
        return trouble

    def log_in(self, password: str, *, username: str = "", test: bool = True) -> Meta | None:
        """Test a password (unless told not to), store it, and lift an earlier stop. A refused one is not stored."""
        from apoa_client.settings.writer import save

        app = self._app
        settings = replace(app.settings, username=username or app.settings.username)
        meta = self.test(settings, password) if test else None
        if meta is not None:
            settings = _as_told(settings, meta)
        app.secrets.store_password(password)
        if settings != app.settings:
            save(app.folders.config, settings)
        app.outbox.record_event("logged_in", detail="untested" if meta is None else None)
        app.outbox.set_suspension(None)
        if meta is not None:
            app.outbox.record_contact(app.clock.now(), meta.server_time)
        return meta

    def test(self, settings: PropertySettings, password: str) -> Meta:
        """Ask the authority who it is, with this password: the test of address, certificate and credentials."""
        try:
            return self._app.authority_of(settings, lambda: password).meta()
        except WrongPassword as exc:
            raise WrongPassword(exc.message, msg("Nothing was changed. Check the username and the password.")) from None

    def _make_outbox(self, settings: PropertySettings, meta: Meta | None) -> None:
        """Make the queue, or find it as it was; a stop ends with a password that was just tested."""
        with self._app.outbox_of(settings, create=True) as outbox:
            outbox.record_event("set_up", detail="untested" if meta is None else None)
            if meta is not None:
                outbox.set_suspension(None)
                outbox.record_contact(self._app.clock.now(), meta.server_time)

    def _key_pair(
        self, settings: PropertySettings, secrets_now: "PropertySecrets", new_code: Callable[[str], object]
    ) -> str:
        """The public key: the property's own where it has one, whose private key is then moved to the chosen vault.

        A key pair is never replaced by setting up again, not even where the settings were lost: what is sealed could
        not be opened any more.
        """
        from apoa_client.vault import recovery
        from apoa_client.vault.sealing import encode_key, key_pair_from_seed, public_key_of

        before = self._app.config.properties.get(settings.name)
        if before is not None:
            if before.vault != settings.vault:
                secrets_before = self._app.secrets_of(before)
                private = secrets_before.private_key()
                secrets_now.keys.copy_from(secrets_before.keys)
                if private not in secrets_now.keys.all():  # it comes from the environment
                    secrets_now.store_private_key(private)
            return before.public_key
        try:
            return encode_key(public_key_of(secrets_now.private_key()))
        except SecretMissing:
            if self._app.folders.outbox(settings.name).exists():
                raise SettingsProblem(
                    msg("Reports of {name} are saved here, but their private key was not found.", name=settings.name),
                    msg("Say where it is: --vault keyring or --vault file. For a new property, choose another name."),
                ) from None
        code = recovery.new_code()
        private, public = key_pair_from_seed(recovery.seed_from_code(code))
        new_code(code)
        secrets_now.store_private_key(private)
        return encode_key(public)


def _as_told(settings: PropertySettings, meta: Meta) -> PropertySettings:
    """A property with what the authority said of itself."""
    return replace(settings, environment=meta.environment, window_hours=meta.reporting_window_hours)
