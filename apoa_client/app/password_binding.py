"""What the stored passwords are bound to: the settings, and the content of the certificates that are trusted."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from apoa_client.files import read_regular
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.binding import Binding, bind

if TYPE_CHECKING:
    from apoa_client.settings.outbox_address import ServerAddress


def password_binding(settings: PropertySettings) -> Binding:
    """Return what a password that is given for these settings is bound to. Raises `SettingsProblem`."""
    certificates = b""
    if settings.ca_bundle:
        try:
            certificates = read_regular(Path(settings.ca_bundle))
        except OSError:
            from apoa_client.authority.tls import unreadable_certificates

            raise unreadable_certificates(settings.ca_bundle) from None
    return bind(
        settings.host,
        api_url=settings.api_url.encode(),
        username=settings.username.encode(),
        ca_bundle=certificates,
        public_key=settings.public_key.strip().encode(),
    )


def outbox_binding(address: "ServerAddress") -> Binding:
    """Return what a password that is given for a shared outbox is bound to."""
    certificates, file = b"", address.tls.get("sslrootcert")
    if file is not None:
        with suppress(OSError):  # the connection fails, and says why
            certificates = read_regular(Path(file))
    return bind(address.place, outbox=address.place.encode(), sslrootcert=certificates)
