"""The settings as the program uses them: those of a property, and those of the whole program.

`apoa_client.settings.definitions` says what each may be, `apoa_client.settings.reading` reads them.
"""

from collections.abc import Mapping
from datetime import tzinfo
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.errors import SettingsProblem
from apoa_client.messages import msg
from apoa_client.settings.zones import ZONES

if TYPE_CHECKING:
    from apoa_client.ports.authority import AuthorityIdentity, Meta
    from apoa_client.settings.column_mappings import ColumnMapping

TRAINING, PRODUCTION = "training", "production"
VAULTS = ("keyring", "file")
ENVIRONMENTS = ("", TRAINING, PRODUCTION)
API, MANUAL = DELIVERIES = ("api", "manual")
ON, OFF = SWITCH = ("on", "off")
SQLITE = "sqlite"
"""The outbox in a file on this computer."""
INDEX_KEY_BYTES = 16
"""The length of a new key of the guest hash."""

DEFAULT_WINDOW_HOURS = 24
MAX_WINDOW_HOURS = 8760
"""One year: the longest window that the contract allows an authority."""

DEFAULT_RETENTION_DAYS = 90
MAX_RETENTION_DAYS = 3650
"""Ten years. We found no law that fixes a period; UU 27/2022 requires erasure when the purpose is fulfilled."""

DEFAULT_BACKUP_KEEP = 14
"""Two weeks of daily backups."""
MAX_BACKUP_KEEP = 1000
MAX_ROOMS = 10_000


def nothing_set_up() -> SettingsProblem:
    """Return the error for settings without a property."""
    return SettingsProblem(msg("Nothing is set up here yet."), msg("Set it up with: apoa setup"))


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
    """The key, in hexadecimal, of the hash that finds a guest again (`apoa_client.desk.ids`)."""
    notify: str = ON
    """Whether automatic sending shows a desktop notice about refused, late and urgent reports."""
    rooms: int = 0
    """How many rooms there are, for the occupancy; 0 if that is not known."""
    by_hand_order: str = ""
    """Names of fields in the order in which staff type them into APOA, separated by commas or blanks."""
    backup_folder: str = ""
    """The full path of the folder for backups: automatic sending writes one a day there. Empty for none."""
    backup_keep: int = DEFAULT_BACKUP_KEEP
    """How many backups are kept in that folder; older ones are deleted."""
    import_folder: str = ""
    """The full path of the folder whose tables automatic sending imports before it sends. Empty for none."""
    import_map: str = ""
    """The mapping of the columns of those tables: its name in the settings, or a TOML file."""
    keep_photos: str = OFF
    """Whether the photo of a passport's page is kept, sealed, with the report that is made from it."""
    outbox: str = SQLITE
    """Where reports are saved: in a file on this computer, or in the shared outbox at this address of PostgreSQL."""
    outbox_before: str = ""
    """The address of the shared outbox that was used before, until it has handed over all its reports."""

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
    def is_real(self) -> bool:
        """Whether reports reach Immigration, as far as it is known: an authority that was never asked may train."""
        return self.by_hand or self.environment not in {"", TRAINING}

    @property
    def has_shared_outbox(self) -> bool:
        """Whether reports are saved on a server of PostgreSQL, which several desks may use."""
        return self.outbox != SQLITE

    @property
    def by_hand(self) -> bool:
        """Whether staff type each report into APOA, because no authority supports the contract yet."""
        return self.delivery == MANUAL

    def is_code_confirmed(self, confirmed_for: str | None) -> bool | None:
        """Return whether the recovery code that was typed back is that of the present key.

        `confirmed_for` is the public key whose code was typed back. Returns None for training, which needs no code.
        """
        return None if self.is_training else confirmed_for == self.public_key

    @property
    def typing_order(self) -> tuple[str, ...]:
        """The fields that come first when a report is typed into APOA; the others follow in our order."""
        return tuple(self.by_hand_order.replace(",", " ").split())

    @property
    def title(self) -> str:
        """The name to print on paper: as guests know the property, or else its short name."""
        return self.display_name or self.name

    @property
    def label(self) -> str:
        """The name to show where there are several properties: `title`, and the short name by which one is chosen."""
        return self.name if self.title == self.name else f"{self.title} ({self.name})"

    @property
    def zone(self) -> tzinfo:
        """The property's time zone."""
        return ZONES[self.timezone]

    @property
    def identity(self) -> "AuthorityIdentity":
        """Which authority the property was set up for, as far as it is known."""
        from apoa_client.ports.authority import AuthorityIdentity  # only a call needs it

        return AuthorityIdentity(self.environment, self.property_id)

    def with_values(self, values: Mapping[str, str | int]) -> "PropertySettings":
        """Return the settings with these values, by name, which were checked."""
        return self._replace(**values)  # type: ignore[arg-type]  # `definitions` knows the types

    def with_meta(self, meta: "Meta") -> "PropertySettings":
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
    """All settings. `language` and `default_property` are empty if they are not set.

    `properties` are those that are set up for this user, and `invalid` says, by property, what is wrong with the table
    of one that is therefore not among them. `inherited` has, by property, the values that apply if its own
    table in the user's file does not set them, and `defaults` those of a property that no file names. `environment` has
    the values that the environment gives to every property. `maps` are the mappings of columns by name, and
    `invalid_maps` says what is wrong with those that are not among them.
    """

    language: str = ""
    default_property: str = ""
    properties: Mapping[str, PropertySettings] = MappingProxyType({})
    invalid: Mapping[str, SettingsProblem] = MappingProxyType({})
    inherited: Mapping[str, Mapping[str, str | int]] = MappingProxyType({})
    defaults: Mapping[str, str | int] = MappingProxyType({})
    environment: Mapping[str, str | int] = MappingProxyType({})
    maps: "Mapping[str, ColumnMapping]" = MappingProxyType({})
    invalid_maps: Mapping[str, SettingsProblem] = MappingProxyType({})

    @property
    def names(self) -> list[str]:
        """The names of all properties, the invalid ones last."""
        return [*self.properties, *self.invalid]

    def find(self, name: str) -> PropertySettings | None:
        """Return the property of this name; None if there is none. Raises `SettingsProblem` if its table is invalid."""
        if name in self.invalid:
            raise self.invalid[name]
        return self.properties.get(name)

    def inherited_settings(self, name: str) -> PropertySettings:
        """Return the settings of a property as they are without its own table in the user's file."""
        return PropertySettings(name, api_url="", public_key="").with_values(self.inherited.get(name, self.defaults))

    def new_property(self, name: str) -> PropertySettings:
        """Return the settings with which the set-up of a property begins."""
        return self.inherited_settings(name).with_values(self.environment)
