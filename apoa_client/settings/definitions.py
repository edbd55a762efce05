"""What a setting is: its meaning, type and allowed values, and who sets it. `config` has a row for each.

Reading a settings file, `apoa config` and the environment use the same row.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from apoa_client.messages import Message, literal, msg
from apoa_client.settings.zones import zone_name

Value = str | int
"""The value of a setting in a file: every setting is a text or an integer."""

TEXT, PATH, CHOICE, NUMBER = "text", "path", "choice", "number"

WHOLE, HOST = "whole", "host"
"""What a support file shows of a value: all of it, without the user's name and folder, or an address' host."""

PUBLIC_KEY_UNUSABLE = "public_key_unusable"
"""The name of the error about a public key that is none, in JSON and in logs."""

# Sets, because every start of the program checks a public key, and compiling a pattern takes longer.
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_HEXADECIMAL = frozenset("0123456789abcdef")
_PUBLIC_KEY_LENGTH = 44
_MAX_INDEX_KEY = 128
PUBLIC_KEY_FORM = msg("the 44 characters of the key, as in a backup of this file")
INDEX_KEY_FORM = msg("an even number of at most 128 hexadecimal digits")
_FULL_PATH = msg("the full path of a file or folder")


class WrongValue(Exception):
    """A value that a setting may not have. `allowed` says which ones it may have, `shown` what is wrong in it.

    `advice` says what to do about this value, if more is known than that.
    """

    def __init__(self, allowed: Message, shown: str = "", *, advice: Message | None = None, name: str = "") -> None:
        super().__init__(name)
        self.allowed = allowed
        self.shown = shown
        self.advice = advice
        self.name = name


class Definition(NamedTuple):
    """One setting. `unset` says what applies if it is not set and has no default value."""

    meaning: Message
    example: str
    kind: str = TEXT
    choices: tuple[str, ...] = ()
    most: int = 0
    """The largest number; the smallest is 1."""
    form: Message | None = None
    """What a text may be, in words."""
    check_text: Callable[[str], None] | None = None
    """Raises `WrongValue` for a text that is not allowed."""
    unset: Message | None = None
    set_instead: Message | None = None
    """What to do instead of changing it by hand; None if it may be changed."""
    variable: str = ""
    """The environment variable that has priority over the files; empty if there is none."""
    is_hidden: bool = False
    """Whether its value is shown nowhere."""
    support: str = ""
    """What a support file shows of a text: `WHOLE`, or `HOST`; if empty, only whether it is set. Others are shown."""
    name: str = ""
    default: Value | None = None
    """The value if no file sets the setting; None if there is none."""

    def named(self, name: str, default: Value | None) -> "Definition":
        """Return the definition with the name and the default value of its row, and the kind that follows from it."""
        kind = NUMBER if self.most else CHOICE if self.choices else self.kind
        return self._replace(name=name, default=default or None, kind=kind)

    @property
    def shown_in_support(self) -> str:
        """What a support file shows of its value: `WHOLE` or `HOST`, or nothing if it is empty."""
        return self.support if self.kind == TEXT else WHOLE

    @property
    def allowed(self) -> Message:
        """The allowed values, in words."""
        if self.kind == NUMBER:
            return msg("a number from 1 to {most}", most=self.most)
        if self.choices:
            return _one_of(self.choices)
        return self.form or (_FULL_PATH if self.kind == PATH else msg("any text"))

    def check(self, value: object) -> None:
        """Raise `WrongValue` unless the setting may have this value in a file."""
        if self.kind == NUMBER:
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= self.most:
                raise WrongValue(self.allowed)
            return
        if not isinstance(value, str):
            raise WrongValue(msg("a text in quotation marks"))
        if self.choices and value not in self.choices:
            raise WrongValue(self.allowed, value)
        if self.check_text is not None:
            self.check_text(value)

    def parse(self, text: str) -> Value:
        """Return the value that a text on the command line or in the environment is. Raises `WrongValue`."""
        text = text.strip()
        if self.kind == NUMBER:
            number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(self.most)) else 0
            self.check(number)
            return number
        if self.kind == CHOICE:
            spelled = zone_name(text) if self.name == "timezone" else None
            text = spelled or next((choice for choice in self.choices if choice == text.casefold()), text)
        elif self.kind == PATH and text:
            check_full_path(text)
        if not text or not text.isprintable():
            raise WrongValue(self.allowed)
        self.check(text)
        return text


def typing_fields() -> tuple[str, ...]:
    """Return the names that `by_hand_order` may have."""
    from apoa_client.report.fields import ON_THE_FORM  # for properties with this setting alone

    return tuple(field.name for field in ON_THE_FORM)


def _one_of(values: Iterable[str]) -> Message:
    return literal(", ".join(filter(None, values)))


def check_public_key(value: str) -> None:
    """Raise `WrongValue` unless this is a public key in base64, of 32 bytes."""
    key = value.strip()
    if len(key) != _PUBLIC_KEY_LENGTH or key[-1] != "=" or not _BASE64.issuperset(key[:-1]):
        raise WrongValue(PUBLIC_KEY_FORM, name=PUBLIC_KEY_UNUSABLE)


def check_index_key(value: str) -> None:
    """Raise `WrongValue` unless this is a key in hexadecimal; it may be empty."""
    if len(value) % 2 or len(value) > _MAX_INDEX_KEY or not _HEXADECIMAL.issuperset(value):
        raise WrongValue(INDEX_KEY_FORM)


def check_full_path(value: str) -> None:
    """Raise `WrongValue` unless this is a full path; it may be empty."""
    if value and not Path(value).is_absolute():
        # Cron and the Task Scheduler start the program in another folder than a user does.
        raise WrongValue(_FULL_PATH, value)


def check_typing_order(value: str) -> None:
    """Raise `WrongValue` unless these are names of fields, each once."""
    names, order = typing_fields(), value.replace(",", " ").split()
    for number, name in enumerate(order):
        if name not in names or name in order[:number]:
            raise WrongValue(msg("each once: {names}", names=_one_of(names)), name)


SECRETS = frozenset(
    {"password", "passphrase", "private_key", "secret", "token", "recovery_code", "kata_sandi", "sandi", "pin"}
)
"""Names under which people try to store a secret, which no settings file may have."""
