"""Keyrings that somebody chose for Python's `keyring`, and that are not used here, with the reason.

Nothing is looked up in `keyring`'s own settings: secrets go to the keyrings that `apoa_client.vault.keyring_store`
lists. But whoever named another one there, and has none of ours, must be told why it does not count.
"""

from collections.abc import Callable, Mapping
from configparser import Error as ConfigError
from configparser import RawConfigParser
from pathlib import Path

from apoa_client.messages import Message, msg
from apoa_client.vault.errors import KeyringUntrusted

VARIABLE = "PYTHON_KEYRING_BACKEND"

_OURS = tuple(f"keyring.backends.{name}." for name in ("SecretService", "libsecret", "kwallet", "Windows", "macOS"))

_REASONS: tuple[tuple[str, Callable[[str], Message]], ...] = (
    ("keyring.backends.null.", lambda name: msg("The keyring {name} is not used: it keeps nothing.", name=name)),
    ("keyring.backends.fail.", lambda name: msg("The keyring {name} is not used: it refuses every call.", name=name)),
    (
        "keyring.backends.chainer.",
        lambda name: msg(
            "The keyring {name} is not used: it passes secrets on to whichever one comes first, plain text included.",
            name=name,
        ),
    ),
    (
        "keyrings.alt.",
        lambda name: msg(
            "The keyring {name} is not used: it keeps secrets in files of plain text, or barely better.", name=name
        ),
    ),
    ("", lambda name: msg("The keyring {name} is not used: apoa-client does not know it.", name=name)),
)
"""By the beginning of a backend's name; the last one fits all."""


def refusal(environ: Mapping[str, str], settings: Path) -> KeyringUntrusted | None:
    """Why the backend that the environment or `keyring`'s settings file names is not used; None where none is named.

    None for a backend of ours too: then the keyring behind it is what is missing.
    """
    name = environ.get(VARIABLE) or _named(settings)
    if not name or name.startswith(_OURS):
        return None
    return next(KeyringUntrusted(reason(name)) for start, reason in _REASONS if name.startswith(start))


def _named(settings: Path) -> str:
    parser = RawConfigParser()
    try:
        parser.read(settings, encoding="utf-8")
        return parser.get("backend", "default-keyring").strip()
    except (OSError, UnicodeDecodeError, ConfigError):  # somebody else's file, in whatever state it is
        return ""
