"""Removes from texts for a support file what is personal or secret, or says who uses this computer.

What may be shown is listed, and everything else is masked: a new value in a message until it is added to the list, and
a new setting that is a text until its definition says otherwise.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from apoa_client.messages import Message, literal, msg
from apoa_client.settings.config import OF_A_PROPERTY, SQLITE, TRAINING, PropertySettings
from apoa_client.settings.definitions import HOST, WHOLE
from apoa_client.settings.folders import account_home, user_name

HIDDEN = "***"
_SHOWN_VALUES = frozenset(
    {
        *("path", "name", "schema", "engine", "count", "age", "time", "host", "port", "proxy", "issuer", "version"),
        *("environment", "encoding", "columns", "language", "system", "python", "own", "size", "code", "store"),
        *("command", "first", "second", "error", "hours", "minutes", "days", "day", "month", "year", "zone", "line"),
        *("status", "uid", "most", "others", "seconds", "filename", "variable"),
    }
)
"""The names of values in messages that are never about a guest and never secret. Numbers are shown, too."""
_LEAST_LENGTH = 3
"""A shorter value, such as a name of two letters, would be masked in the middle of words."""
_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S* [A-Z]+ apoa_client[\w.]*: .*", re.ASCII)


class Mask:
    """Masks texts. `values` are known values, such as the username, that must not be shown wherever they stand."""

    def __init__(self, environ: Mapping[str, str], values: Iterable[str] = ()) -> None:
        homes = {environ.get("HOME", ""), environ.get("USERPROFILE", ""), str(account_home() or "")}
        folders = [(path, "~") for path in homes if len(path) > _LEAST_LENGTH]
        secrets = [(value, HIDDEN) for value in values if len(value) >= _LEAST_LENGTH]
        known = [
            (re.escape(value), shown) for value, shown in sorted([*folders, *secrets], key=lambda pair: -len(pair[0]))
        ]
        self._replacements = [*known, (rf"(?<!\w){re.escape(user_name())}(?!\w)", "USER")]

    def text(self, text: str) -> str:
        """Return a text with the user's folder as ``~`` and every known value masked."""
        for value, shown in self._replacements:
            text = re.sub(value, shown, text, flags=re.IGNORECASE)
        return text

    def message(self, message: Message) -> Message:
        """Return a message in which only values are left that may be shown, each masked as `text` does."""
        values = {name: self._value(name, value) for name, value in message.values.items()}
        return Message(message.template, values, message.plural, message.count)

    def _value(self, name: str, value: "str | int | Message") -> "str | int | Message":
        if isinstance(value, Message):
            return self.message(value)
        if isinstance(value, int):
            return value
        return self.text(value) if name in _SHOWN_VALUES else HIDDEN

    def log_lines(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield the lines that this program's log writes. What another program wrote there is left out."""
        for line in lines:
            if _LOG_LINE.fullmatch(line):
                yield self.text(line)


def secret_values(settings: PropertySettings) -> list[str]:
    """Return the values of settings that must not be shown."""
    return [str(getattr(settings, name)) for name, each in OF_A_PROPERTY.items() if not each.shown_in_support]


def shown_settings(settings: PropertySettings, mask: Mask) -> Iterator[tuple[str, Message]]:
    """Yield each setting by its name, with its value or whether it is set."""
    for name, value in settings._asdict().items():
        shown = OF_A_PROPERTY[name].shown_in_support if name in OF_A_PROPERTY else WHOLE  # the property's own name
        if shown == HOST:
            yield name, literal(mask.text(scheme_and_host(str(value))))
        elif value == "":
            yield name, msg("not set")
        else:
            yield name, literal(mask.text(str(value))) if shown else msg("set, not shown")


def scheme_and_host(address: str) -> str:
    """Return an address without its username, password, path, query and fragment, each of which may hold a secret."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HIDDEN
    if parts.netloc:
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return address if address in {"", TRAINING, SQLITE} else HIDDEN
