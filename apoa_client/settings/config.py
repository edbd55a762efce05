"""Reading config.toml, strictly: a typing mistake is reported with its place, never guessed around.

Reading uses the standard library only, because every command does it. `apoa_client.settings.writer` writes the file
and keeps the admin's comments.
"""

import errno
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from apoa_client.decoding import decode_text
from apoa_client.errors import SettingsProblem, UsageProblem, file_in_use
from apoa_client.files import FileInUse, wait_while_in_use
from apoa_client.locale import LANGUAGES
from apoa_client.messages import Message, literal, msg
from apoa_client.permissions import check_permissions
from apoa_client.ports.authority import AuthorityIdentity, Meta
from apoa_client.settings.zones import ZONES

TRAINING = "training"
VAULTS = ("keyring", "file")
ENVIRONMENTS = ("", "training", "production")
API, MANUAL = DELIVERIES = ("api", "manual")
ON, OFF = SWITCH = ("on", "off")
_CHOICES = {"timezone": ZONES, "vault": VAULTS, "environment": ENVIRONMENTS, "delivery": DELIVERIES, "notify": SWITCH}
_PUBLIC_KEY = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)
_KEY_FORM = msg("the 44 characters of the key, as in a backup of this file")
INDEX_KEY_BYTES = 16
"""The length of a new key of the guest hash."""
_HEX_KEY = re.compile(r"([0-9a-f]{2}){0,64}", re.ASCII)

MAX_BYTES = 256 * 1024
"""The largest settings file: hundreds of properties."""
_MAX_LINE = 2000
"""Characters. tomllib takes hours for a key with a million dots, and no setting is nearly so long."""

DEFAULT_WINDOW_HOURS = 24
MAX_WINDOW_HOURS = 8760
"""One year: the longest window that the contract allows an authority."""

DEFAULT_RETENTION_DAYS = 90
MAX_RETENTION_DAYS = 3650
"""Ten years. No law fixes a period; UU 27/2022 requires erasure when the purpose is fulfilled."""

DEFAULT_BACKUP_KEEP = 14
"""Two weeks of daily backups."""
MAX_BACKUP_KEEP = 1000

_NUMBERS = {
    "window_hours": (DEFAULT_WINDOW_HOURS, MAX_WINDOW_HOURS),
    "retention_days": (DEFAULT_RETENTION_DAYS, MAX_RETENTION_DAYS),
    "backup_keep": (DEFAULT_BACKUP_KEEP, MAX_BACKUP_KEEP),
}
"""The settings that are integers: the default and the maximum. The minimum is 1."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
_NAME_FORM = msg("a short name of a-z, 0-9, - and _ that Windows does not keep for a device")
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})


class PropertySettings(NamedTuple):
    """One guesthouse or hotel: the table ``[property.NAME]`` in config.toml."""

    name: str
    api_url: str
    public_key: str
    username: str = ""
    timezone: str = "Asia/Jakarta"
    display_name: str = ""
    """The name as guests know it, for paper; `title` is what to print."""
    office: str = ""
    address: str = ""
    environment: str = ""
    """What the authority called itself at the last set-up or log-in: production or training."""
    property_id: str = ""
    """The authority's id of the account. Together with `environment` it tells whether another authority answers."""
    vault: str = "keyring"
    ca_bundle: str = ""
    window_hours: int = DEFAULT_WINDOW_HOURS
    retention_days: int = DEFAULT_RETENTION_DAYS
    """How long after the end of a stay the guest's data are kept."""
    delivery: str = API
    """How reports reach the authority: through its API, or typed by staff (`MANUAL`)."""
    index_key: str = ""
    """The key, in hexadecimal, of the hash that finds a guest again (`apoa_client.report.guest_hash`)."""
    notify: str = ON
    """Whether automatic sending shows a desktop notice about refused, late and urgent reports."""
    by_hand_order: str = ""
    """Names of fields in the order in which staff type them into APOA, separated by commas or blanks."""
    backup_folder: str = ""
    """The full path of the folder for backups: automatic sending writes one a day there. Empty for none."""
    backup_keep: int = DEFAULT_BACKUP_KEEP
    """How many backups are kept in that folder; older ones are deleted."""

    def __repr__(self) -> str:
        """Return a text without personal data: it may reach a log."""
        return f"PropertySettings({self.name!r}, {self.api_url!r}, …)"

    @property
    def uses_sandbox(self) -> bool:
        """Whether the authority is the sandbox that each command starts on this computer."""
        return self.api_url == TRAINING

    @property
    def host(self) -> str:
        """The authority's host, with the port if the address has one; the whole setting if it is no address."""
        from urllib.parse import urlsplit  # start-up

        try:
            return urlsplit(self.api_url).netloc.rpartition("@")[2] or self.api_url
        except ValueError:
            return self.api_url

    @property
    def is_training(self) -> bool:
        """Whether reports never reach Immigration: they go to the sandbox, or to an authority for training."""
        return not self.by_hand and (self.uses_sandbox or self.environment == TRAINING)

    @property
    def by_hand(self) -> bool:
        """Whether staff type each report into APOA, because no authority supports the contract yet."""
        return self.delivery == MANUAL

    @property
    def typing_order(self) -> tuple[str, ...]:
        """The fields that come first when a report is typed into APOA; the others follow in our order."""
        return tuple(self.by_hand_order.replace(",", " ").split())

    @property
    def title(self) -> str:
        """The name to print on paper: as guests know the property, or else its short name."""
        return self.display_name or self.name

    @property
    def zone(self) -> tzinfo:
        """The property's time zone."""
        return ZONES[self.timezone]

    @property
    def identity(self) -> AuthorityIdentity:
        """Which authority the property was set up for, as far as it is known."""
        return AuthorityIdentity(self.environment, self.property_id)

    def with_meta(self, meta: Meta) -> "PropertySettings":
        """Return the settings with what the authority says about itself and the account."""
        return self._replace(
            environment=meta.environment, property_id=meta.property_id, window_hours=meta.reporting_window_hours
        )

    @property
    def fingerprint(self) -> str:
        """A hash of the address and the username. If it changes, a refused password is tried again."""
        import hashlib  # 4 ms, and only a suspension or a delivery needs it

        return hashlib.sha256(f"{self.api_url}\n{self.username}".encode()).hexdigest()[:16]


class Config(NamedTuple):
    """The whole settings file. `language` and `default_property` are empty if they are not set."""

    language: str = ""
    default_property: str = ""
    properties: Mapping[str, PropertySettings] = MappingProxyType({})


def load(path: Path) -> Config:
    """Read the settings file. Returns empty settings if there is no file.

    Raises `SettingsProblem`, which names the file and the place, also if another user can change the file.
    """
    check_permissions(path)
    text = read_text(path)
    return Config() if text is None else parse(text, path)


def read_text(path: Path) -> str | None:
    """Return the text of the settings file, or None if there is none. Raises `SettingsProblem` as `load` does."""
    try:
        content = wait_while_in_use(path, lambda: _read(path))
    except FileNotFoundError:
        return None
    except FileInUse:
        raise file_in_use(str(path)) from None
    except OSError as exc:
        raise SettingsProblem(
            msg("The settings file {path} cannot be read: {reason}.", path=str(path), reason=exc.strerror or ""),
            msg("Ask your IT admin to make the file readable for this user."),
        ) from None
    if len(content) > MAX_BYTES:
        raise _too_long(path, MAX_BYTES)
    try:
        return decode_text(content)
    except UnicodeDecodeError as exc:
        raise _invalid(path, str(exc)) from None


def _read(path: Path) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):  # opening a named pipe would wait for a writer
        raise OSError(errno.EINVAL, "not a file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def parse(text: str, path: Path) -> Config:
    """Parse the text of a settings file. Raises `SettingsProblem`, which names `path` and the place."""
    if len(text) > MAX_BYTES:
        raise _too_long(path, MAX_BYTES)
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > _MAX_LINE:
            raise _too_long(path, _MAX_LINE, number)
    try:
        return _parse_config(tomllib.loads(text))
    except (ValueError, RecursionError) as exc:  # a number of many digits is the former, too
        raise _not_toml(path, text, str(exc)) from None
    except _InvalidSetting as exc:
        raise _invalid(path, exc.description, _line_of(text, exc.table, exc.key), name=exc.name) from None


def is_device(name: str) -> bool:
    """Return whether Windows keeps this name for a device, so that no folder can have it."""
    return name.casefold() in _DEVICES


def valid_name(name: str) -> bool:
    """Return whether a property may have this name, which is also a folder's name on every platform."""
    return _NAME.fullmatch(name) is not None and not is_device(name)


def check_name(name: str) -> None:
    """Raise `UsageProblem` unless `name` is a valid one for a property."""
    advice = msg("Give one with --property, such as: --property melati")
    if is_device(name):
        raise UsageProblem(
            msg("Windows keeps the name {name} for a device: no property can have it.", name=name), advice
        )
    if not valid_name(name):
        raise UsageProblem(
            msg("A property needs a short name of a-z, 0-9, - and _: {name} is not one.", name=repr(name)),
            advice,
        )


class _InvalidSetting(Exception):
    """A setting with an invalid key or value in a table of the file. `allowed` says which values are valid."""

    def __init__(
        self, table: str, key: str = "", value: str = "", *, allowed: Message | None = None, name: str = ""
    ) -> None:
        super().__init__(table, key)
        self.table = table
        self.key = key
        self.name = name
        place = " ".join(filter(None, (table, key, value)))
        self.description: str | Message = place
        if allowed is not None:
            self.description = msg("{place}. Allowed: {values}", place=place, values=allowed)


def _one_of(values: Iterable[str]) -> Message:
    return literal(", ".join(filter(None, values)))


def _invalid(path: Path, place: str | Message, line: int = 0, *, name: str = "") -> SettingsProblem:
    """Return the error about a place in the file. The line is 0 if it is not known."""
    message = msg("The settings file {path} is not right: {place}.", path=str(path), place=place)
    if line:
        message = msg(
            "Line {line} of the settings file {path} is not right: {place}.", line=line, path=str(path), place=place
        )
    return SettingsProblem(
        message,
        msg("Correct that line with a text editor, or move the file away and run: apoa setup. Reports are kept."),
        name=name,
    )


def _not_toml(path: Path, text: str, problem: str) -> SettingsProblem:
    """Return the error about text that tomllib refuses: with the line, and what tomllib says, which is English."""
    reason, _bracket, place = problem.partition(" (at ")
    line = re.match(r"line (\d+)", place)
    number = int(line[1]) if line is not None else text.rstrip().count("\n") + 1 if place else 0
    return _invalid(path, msg("it is not TOML: {reason}", reason=reason.rstrip(".")), number)


def _too_long(path: Path, most: int, line: int = 0) -> SettingsProblem:
    return _invalid(path, msg("it has more than {most} characters", most=most), line)


def _line_of(text: str, table: str, key: str) -> int:
    """Return the line of a key in a table such as ``[property.melati]``, else that of the table; 0 if there is none."""
    found, current = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        tidy = re.sub(r"[\s\"']", "", line)
        if tidy.startswith("["):
            current = tidy.partition("]")[0] + "]"
            found = number if current == table else found
        elif current == table and key and tidy.startswith(f"{key}="):
            return number
    return found


def _parse_config(value: Mapping[str, Any]) -> Config:
    _check_keys(value, {"language", "default_property", "property"}, "")
    language = _text(value, "language", "")
    if language not in ("", *LANGUAGES):
        raise _InvalidSetting("", "language", language, allowed=_one_of(LANGUAGES))
    tables = value.get("property", {})
    if not isinstance(tables, dict):
        raise _InvalidSetting("", "property")
    return Config(
        language=language,
        default_property=_text(value, "default_property", ""),
        properties={name: _parse_property(name, table) for name, table in tables.items()},
    )


def _parse_property(name: str, table: object) -> PropertySettings:
    place = f"[property.{name}]"
    if not valid_name(name):
        raise _InvalidSetting(place, allowed=_NAME_FORM)
    if not isinstance(table, dict):
        raise _InvalidSetting(place)
    known = set(PropertySettings._fields) - {"name"}
    _check_keys(table, known, place)
    values: dict[str, Any] = {"api_url": "", "public_key": ""}
    for key in table:
        values[key] = _number(table, key, place) if key in _NUMBERS else _text(table, key, place)
    settings = PropertySettings(name=name, **values)
    for key in ("public_key",) if settings.by_hand else ("api_url", "public_key"):
        if not values[key]:
            raise _InvalidSetting(place, key)
    _check_values(settings, place)
    return settings


def _check_values(settings: PropertySettings, place: str) -> None:
    if not _PUBLIC_KEY.fullmatch(settings.public_key.strip()):
        raise _InvalidSetting(place, "public_key", allowed=_KEY_FORM, name="public_key_unusable")
    if not _HEX_KEY.fullmatch(settings.index_key):
        raise _InvalidSetting(place, "index_key")
    for key, allowed in _CHOICES.items():
        if getattr(settings, key) not in allowed:
            raise _InvalidSetting(place, key, getattr(settings, key), allowed=_one_of(allowed))
    if settings.backup_folder and not Path(settings.backup_folder).is_absolute():
        # Cron and the Task Scheduler start the program in another folder than a user does.
        raise _InvalidSetting(place, "backup_folder", settings.backup_folder, allowed=msg("the full path of a folder"))
    if settings.by_hand_order:
        _check_typing_order(settings.typing_order, place)


def _check_typing_order(order: tuple[str, ...], place: str) -> None:
    """Raise `_InvalidSetting` for a name that is no field, or is there twice."""
    from apoa_client.report.fields import ON_THE_FORM  # for properties with this setting alone

    names = [field.name for field in ON_THE_FORM]
    for number, name in enumerate(order):
        if name not in names or name in order[:number]:
            raise _InvalidSetting(place, "by_hand_order", name, allowed=msg("each once: {names}", names=_one_of(names)))


def _check_keys(table: Mapping[str, Any], known: set[str], place: str) -> None:
    for key in table:
        if key not in known:
            raise _InvalidSetting(place, key, allowed=_one_of(sorted(known)))


def _text(table: Mapping[str, Any], key: str, place: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise _InvalidSetting(place, key, allowed=msg("a text in quotation marks"))
    return value


def _number(table: Mapping[str, Any], key: str, place: str) -> int:
    value = table[key]
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _NUMBERS[key][1]:
        most = _NUMBERS[key][1]
        raise _InvalidSetting(place, key, allowed=msg("a number from 1 to {most}", most=most))
    return value
