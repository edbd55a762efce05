"""Connections to the authority of a property; for training, to an authority that runs inside the command."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from apoa_client import __version__
from apoa_client.errors import CredentialsProblem, SettingsProblem
from apoa_client.messages import msg
from apoa_client.ports.authority import Authority, KeptAnswers
from apoa_client.ports.run import Clock
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.folders import Folders

if TYPE_CHECKING:
    from apoa_client.authority.address import Timeouts
    from apoa_client.delivery.options import TimeLeft
    from apoa_client.vault.sources import PropertySecrets

TRAINING_USERNAME = "latihan"
_USER_AGENT = f"apoa-client/{__version__}"


class AuthorityConnections:
    """Builds connections, and adds to `closers` what closes them."""

    def __init__(self, folders: Folders, clock: Clock, closers: list[Callable[[], object]]) -> None:
        self._folders = folders
        self._clock = clock
        self._closers = closers

    def connect(
        self,
        settings: PropertySettings,
        password: Callable[[], str],
        timeouts: "Timeouts | None" = None,
        time_left: "TimeLeft | None" = None,
        password_accepted: Callable[[], object] = lambda: None,
        kept: KeptAnswers | None = None,
    ) -> Authority:
        """Return the authority of any property, with a password that need not be stored yet.

        `time_left` returns how many seconds a call may take at most; `password_accepted` is called when the authority
        has accepted the password, and `kept` has what an earlier connection received. Raises `SettingsProblem` for a
        property whose reports are typed by hand.
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
            user_agent=_USER_AGENT,
            timeouts=timeouts,
            time_left=time_left,
            ca_bundle=settings.ca_bundle or None,
            monotonic=self._clock.monotonic,
            kept=kept,
        )
        self._closers.append(authority.close)
        return authority

    def _start_training_server(self, settings: PropertySettings, password: str) -> str:
        """Start the sandbox on a free port. Returns its base URL."""
        from apoa_client.sandbox.server import SandboxServer

        server = SandboxServer(
            self._folders.sandbox(settings.name),
            username=TRAINING_USERNAME,
            password=password,
            now=self._clock.now,
            timezone=settings.timezone,
            window_hours=settings.window_hours,
            property_name=settings.name,
            page=False,
        )
        address = server.start().base_url
        self._closers.append(server.stop)
        return address


def check_training(secrets: "PropertySecrets") -> None:
    """Refuse settings that only say that this is training: real reports would look as if they had been sent.

    Raises `SettingsChanged` if the property has the password of an authority.
    """
    from apoa_client.vault.errors import PublicKeyChanged, SettingsChanged

    try:
        secrets.check_binding()
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
