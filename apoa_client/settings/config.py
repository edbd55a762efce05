"""config.toml: read strictly, so that a typing mistake is named and never guessed around.

Reading needs the standard library alone, because every command does it. Writing keeps the admin's comments, and is done
by `apoa_client.settings.writer`.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import tzinfo
from pathlib import Path
from typing import Any

from apoa_client.errors import SettingsProblem
from apoa_client.locale import LANGUAGES
from apoa_client.messages import msg
from apoa_client.settings.zones import ZONES

TRAINING = "training"
VAULTS = ("keyring", "file")
ENVIRONMENTS = ("", "training", "production")
API, MANUAL = DELIVERIES = ("api", "manual")
ON, OFF = SWITCH = ("on", "off")
_CHOICES = {"timezone": ZONES, "vault": VAULTS, "environment": ENVIRONMENTS, "delivery": DELIVERIES, "notify": SWITCH}
_HEX_KEY = re.compile(r"([0-9a-f]{2}){0,64}", re.ASCII)

DEFAULT_WINDOW_HOURS = 24
MAX_WINDOW_HOURS = 8760
"""A year: what the contract lets an authority name at most."""

DEFAULT_RETENTION_DAYS = 90
MAX_RETENTION_DAYS = 3650
"""Ten years. No law fixes a period; UU 27/2022 asks for erasure when the purpose is met."""

_NUMBERS = {
    "window_hours": (DEFAULT_WINDOW_HOURS, MAX_WINDOW_HOURS),
    "retention_days": (DEFAULT_RETENTION_DAYS, MAX_RETENTION_DAYS),
}
"""What is a whole number: where nothing is said, and at most. At least, it is 1."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
# Device names on Windows, where a folder cannot have them.
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})


@dataclass(frozen=True, slots=True)
class PropertySettings:
    """One place of lodging, as ``[property.NAME]`` in config.toml says it."""

    name: str
    api_url: str
    public_key: str = field(repr=False)
    username: str = ""
    timezone: str = "Asia/Jakarta"
    office: str = ""
    address: str = ""
    environment: str = ""
    """What the authority called itself when it last answered a set-up: production or training."""
    vault: str = "keyring"
    ca_bundle: str = ""
    window_hours: int = DEFAULT_WINDOW_HOURS
    retention_days: int = DEFAULT_RETENTION_DAYS
    """How long after the end of a stay the guest's data are kept."""
    delivery: str = API
    """How reports reach the authority: through its interface, or by people who type them (`MANUAL`)."""
    index_key: str = field(default="", repr=False)
    """In hexadecimal: the key of the hash by which a guest is known again (`apoa_client.report.guest_hash`)."""
    notify: str = ON
    """Whether automatic sending tells on the desktop what is refused, late or soon due."""

    @property
    def uses_sandbox(self) -> bool:
        """Whether the authority is the sandbox that each command starts on this computer."""
        return self.api_url == TRAINING

    @property
    def is_training(self) -> bool:
        """Whether reports never reach Immigration: they go to the sandbox, or to an authority for training."""
        return not self.by_hand and (self.uses_sandbox or self.environment == TRAINING)

    @property
    def by_hand(self) -> bool:
        """Whether no authority speaks the contract here yet, and staff type each report into APOA."""
        return self.delivery == MANUAL

    @property
    def zone(self) -> tzinfo:
        """The property's time zone."""
        return ZONES[self.timezone]

    @property
    def fingerprint(self) -> str:
        """Changes when the address or the account does: a refused password is asked about again then."""
        import hashlib  # 4 ms, and only a stop or a delivery asks

        return hashlib.sha256(f"{self.api_url}\n{self.username}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Config:
    """The whole settings file. `language` and `default_property` are empty where it does not say."""

    language: str = ""
    default_property: str = ""
    properties: Mapping[str, PropertySettings] = field(default_factory=dict)


def load(path: Path) -> Config:
    """Read the settings; empty ones where there is no file. Raises `SettingsProblem`, naming the file and the place."""
    try:
        return parse(path.read_text(encoding="utf-8-sig"), path)  # Windows' editors begin a file with a mark
    except FileNotFoundError:
        return Config()
    except UnicodeDecodeError as exc:
        raise _broken(path, str(exc)) from None
    except OSError as exc:
        raise SettingsProblem(
            msg("The settings file {path} cannot be read: {reason}.", path=str(path), reason=exc.strerror or ""),
            msg("Ask your IT admin to make the file readable for this user."),
        ) from None


def parse(text: str, path: Path) -> Config:
    """The settings in a text that stands, or is to stand, at `path`. Raises `SettingsProblem`, naming the place."""
    try:
        return _config(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise _broken(path, str(exc)) from None
    except _Wrong as exc:
        raise _broken(path, exc.place) from None


def valid_name(name: str) -> bool:
    """Whether a property may have this name: it is also a folder's, on every platform."""
    return _NAME.fullmatch(name) is not None and name not in _DEVICES


class _Wrong(Exception):
    """A place in the settings that cannot be right."""

    def __init__(self, *place: str) -> None:
        super().__init__(*place)
        self.place = " ".join(filter(None, place))


def _broken(path: Path, place: str) -> SettingsProblem:
    return SettingsProblem(
        msg("The settings file {path} is not right: {place}.", path=str(path), place=place.rstrip(".")),
        msg("Correct that line with a text editor, or move the file away and run: apoa setup. Reports are kept."),
    )


def _config(value: Mapping[str, Any]) -> Config:
    _only(value, {"language", "default_property", "property"}, "")
    language = _text(value, "language", "")
    if language not in ("", *LANGUAGES):
        raise _Wrong("language", language)
    tables = value.get("property", {})
    if not isinstance(tables, dict):
        raise _Wrong("property")
    return Config(
        language=language,
        default_property=_text(value, "default_property", ""),
        properties={name: _property(name, table) for name, table in tables.items()},
    )


def _property(name: str, table: object) -> PropertySettings:
    place = f"[property.{name}]"
    if not valid_name(name) or not isinstance(table, dict):
        raise _Wrong(place)
    known = {f.name for f in fields(PropertySettings)} - {"name"}
    _only(table, known, place)
    texts = {key: _text(table, key, place) for key in known - _NUMBERS.keys() if key in table}
    numbers: dict[str, Any] = {key: _number(table, key, place) for key in _NUMBERS}
    texts.setdefault("api_url", "")
    one = PropertySettings(name=name, **{"public_key": "", **numbers, **texts})
    _check_required(one, place)
    for key, allowed in _CHOICES.items():
        if getattr(one, key) not in allowed:
            raise _Wrong(place, key, getattr(one, key))
    return one


def _check_required(one: PropertySettings, place: str) -> None:
    for key in ("public_key",) if one.by_hand else ("api_url", "public_key"):
        if not getattr(one, key):
            raise _Wrong(place, key)
    if not _HEX_KEY.fullmatch(one.index_key):
        raise _Wrong(place, "index_key")


def _only(table: Mapping[str, Any], known: set[str], place: str) -> None:
    for key in table:
        if key not in known:
            raise _Wrong(place, key)


def _text(table: Mapping[str, Any], key: str, place: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise _Wrong(place, key)
    return value


def _number(table: Mapping[str, Any], key: str, place: str) -> int:
    default, most = _NUMBERS[key]
    value = table.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise _Wrong(place, key)
    return value
