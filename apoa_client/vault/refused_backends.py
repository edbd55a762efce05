"""Backends chosen for Python's `keyring` that this program does not use, each with the reason.

Nothing is read from `keyring`'s own settings: secrets go to the keyrings listed in `apoa_client.vault.keyring_store`.
But a user who chose another backend there, and has none of the listed ones, needs to know why it is not used.
"""

from collections.abc import Callable, Mapping
from configparser import Error as ConfigError
from configparser import RawConfigParser
from pathlib import Path

from apoa_client.messages import Message, msg
from apoa_client.vault.errors import KeyringProblem, KeyringReason

VARIABLE = "PYTHON_KEYRING_BACKEND"

_TRUSTED = tuple(f"keyring.backends.{name}." for name in ("SecretService", "libsecret", "kwallet", "Windows", "macOS"))

_REASONS: tuple[tuple[str, Callable[[str], Message]], ...] = (
    ("keyring.backends.null.", lambda name: msg("The keyring {name} is not used: it stores nothing.", name=name)),
    ("keyring.backends.fail.", lambda name: msg("The keyring {name} is not used: it refuses every call.", name=name)),
    (
        "keyring.backends.chainer.",
        lambda name: msg(
            "The keyring {name} is not used: it passes secrets on to the first keyring it finds, even one that stores "
            "plain text.",
            name=name,
        ),
    ),
    (
        "keyrings.alt.",
        lambda name: msg(
            "The keyring {name} is not used: it stores secrets in plain text files, or with weak encryption.", name=name
        ),
    ),
    ("", lambda name: msg("The keyring {name} is not used: apoa-client does not know it.", name=name)),
)
"""By the beginning of a backend's name. The last row matches every name."""


def refused_backend(environ: Mapping[str, str], settings: Path | None) -> KeyringProblem | None:
    """Return the error for the backend named in the environment or in `keyring`'s settings file, if it may have one.

    Returns None if no backend is named, or a trusted one: then the keyring behind it is what is missing.
    """
    name = environ.get(VARIABLE)
    if not name and settings is not None:
        parser = RawConfigParser()
        try:
            parser.read(settings, encoding="utf-8")
            name = parser.get("backend", "default-keyring").strip()
        except (OSError, UnicodeDecodeError, ConfigError):  # another program's file, in any state
            return None
    if not name or name.startswith(_TRUSTED):
        return None
    message = next(reason(name) for start, reason in _REASONS if name.startswith(start))
    return KeyringProblem(KeyringReason.UNTRUSTED, message)
