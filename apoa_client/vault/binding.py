"""Which settings a stored password was given for, kept beside it in the keyring or key file.

config.toml is protected less than a keyring. If another person changes the address in it, the password must not go
there.
"""

from collections.abc import Mapping
from typing import NamedTuple

PUBLIC_KEY = "public_key"
_DIGEST_BYTES = 16
_MAX_HOST = 260
"""In characters, with a port (RFC 1035 §2.3.4)."""


class Binding(NamedTuple):
    """The host that a password is for, and a digest of each setting that must not change, by the setting's name."""

    host: str
    digests: Mapping[str, str]

    def changed(self, other: "Binding") -> list[str]:
        """Return the names of the settings that are different in `other`."""
        names = [*self.digests, *(name for name in other.digests if name not in self.digests)]
        return [name for name in names if self.digests.get(name) != other.digests.get(name)]

    def encode(self) -> str:
        """Return the text to store: under 1,000 characters for any address."""
        import json  # start-up

        return json.dumps({"host": self.host, **self.digests})


def bind(host: str, **settings: bytes) -> Binding:
    """Return the binding to a host and to the values of settings."""
    return Binding(host[:_MAX_HOST], {name: digest(value) for name, value in settings.items()})


def decode(text: str) -> Binding:
    """Return the binding in a stored text. A damaged text is a binding to no settings at all."""
    import json  # start-up

    try:
        value = json.loads(text)
        return Binding(value.pop("host"), {str(name): str(each) for name, each in value.items()})
    except (ValueError, TypeError, KeyError, AttributeError):
        return Binding("?", {})


def digest(value: bytes) -> str:
    """Return the digest of a setting's value. Settings are not secret; a digest is short."""
    from hashlib import blake2b  # start-up

    return blake2b(value, digest_size=_DIGEST_BYTES).hexdigest()
