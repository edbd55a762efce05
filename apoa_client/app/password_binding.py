"""What a property's stored password is bound to: its settings, and the content of the certificates that it trusts."""

from pathlib import Path

from apoa_client.files import read_regular
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.binding import Binding, bind


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
