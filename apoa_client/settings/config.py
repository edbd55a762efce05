"""The settings, each one row: those of a property, and those of the whole program.

A row of a property is a field with its `Definition`, from which reading, `apoa config`, set-up, doctor, the environment
and completion derive. `apoa_client.settings.reading` reads the settings.
"""

from collections.abc import Mapping
from datetime import tzinfo
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NamedTuple

from apoa_client.errors import SettingsProblem
from apoa_client.locale import LANGUAGES
from apoa_client.messages import msg
from apoa_client.settings.definitions import (
    HOST,
    INDEX_KEY_FORM,
    PATH,
    PUBLIC_KEY_FORM,
    WHOLE,
    Definition,
    WrongValue,
    check_full_path,
    check_index_key,
    check_public_key,
    check_typing_order,
)
from apoa_client.settings.zones import ZONES

if TYPE_CHECKING:
    from apoa_client.ports.authority import AuthorityIdentity, Meta
    from apoa_client.settings.column_mappings import ColumnMapping

TRAINING, PRODUCTION = "training", "production"
VAULTS = ("keyring", "file")
API, MANUAL = DELIVERIES = ("api", "manual")
SQLITE = "sqlite"
"""The outbox in a file on this computer."""
ON, OFF = SWITCH = ("on", "off")
INDEX_KEY_BYTES = 16
"""The length of a new key of the guest hash."""
MAX_WINDOW_HOURS = 8760
"""One year: the longest window that the contract allows an authority."""
MAX_RETENTION_DAYS = 3650
"""Ten years. We found no law that fixes a period; UU 27/2022 requires erasure when the purpose is fulfilled."""
MAX_BACKUP_KEEP = 1000

_NONE, _NOT_KNOWN, _REQUIRED = msg("none"), msg("not known yet"), msg("required")
_OUTBOX_FORM = msg(
    "sqlite, or an address of PostgreSQL without a password, like {example}", example="postgresql://user@host/database"
)
_BY_SETUP = msg("Change it with: apoa setup --by-hand, or apoa setup --api-url URL")
_MADE_BY_SETUP = msg("The program makes it once, in: apoa setup")
_FROM_AUTHORITY = msg("The program asks the authority for it, in: apoa setup")


def _check_outbox(value: str) -> None:
    if value == SQLITE:
        return
    from apoa_client.settings.outbox_address import parse_address  # start-up

    try:
        parse_address(value)
    except SettingsProblem as exc:
        raise WrongValue(_OUTBOX_FORM, advice=exc.advice, name=exc.name) from None


def _check_outbox_before(value: str) -> None:
    if value:
        _check_outbox(value)


def nothing_set_up() -> SettingsProblem:
    """Return the error for settings without a property."""
    return SettingsProblem(msg("Nothing is set up here yet."), msg("Set it up with: apoa setup"))


class PropertySettings(NamedTuple):
    """One guesthouse or hotel: the table ``[property.NAME]`` in config.toml."""

    name: str
    api_url: Annotated[
        str,
        Definition(
            msg("address of the authority; training is the training authority in this program"),
            "https://authority.example/apoa/v1",
            form=msg("training, or an address that begins with https://"),
            unset=_REQUIRED,
            set_instead=_BY_SETUP,
            support=HOST,
        ),
    ]
    public_key: Annotated[
        str,
        Definition(
            msg("reports are encrypted to it"),
            "cHVibGljcHVibGljcHVibGljcHVibGljcHVibGljcHU=",
            form=PUBLIC_KEY_FORM,
            check_text=check_public_key,
            unset=_REQUIRED,
            set_instead=msg("For a new key with a new recovery code: apoa key rotate"),
        ),
    ]
    username: Annotated[str, Definition(msg("username at the authority"), "melati", unset=_NONE)] = ""
    index_key: Annotated[
        str,
        Definition(
            msg("key of the hash that finds a guest who is reported twice"),
            "5f0c1d9e8b7a69584736251403f2e1d0",
            form=INDEX_KEY_FORM,
            check_text=check_index_key,
            unset=_NONE,
            set_instead=_MADE_BY_SETUP,
            is_hidden=True,
        ),
    ] = ""
    timezone: Annotated[
        str,
        Definition(
            msg("time zone of the property, in which times and deadlines are shown"),
            "Asia/Makassar",
            choices=tuple(ZONES),
            variable="APOA_TIMEZONE",
        ),
    ] = "Asia/Jakarta"
    display_name: Annotated[
        str,
        Definition(
            msg("name of the property as guests know it, printed on receipts, lists and notices"),
            "Wisma Melati",
            unset=msg("the short name"),
        ),
    ] = ""
    office: Annotated[
        str, Definition(msg("immigration office, printed on receipts"), "Kantor Imigrasi Denpasar", unset=_NONE)
    ] = ""
    address: Annotated[
        str, Definition(msg("address of the property, printed on receipts"), "Jl. Melati 7, Ubud", unset=_NONE)
    ] = ""
    rooms: Annotated[
        int,
        Definition(
            msg("number of rooms, from which the month's occupancy is computed"), "12", most=10_000, unset=_NOT_KNOWN
        ),
    ] = 0
    environment: Annotated[
        str,
        Definition(
            msg("what the authority called itself; nothing is sent if that changes"),
            "production",
            choices=("", TRAINING, PRODUCTION),
            unset=_NOT_KNOWN,
            set_instead=_FROM_AUTHORITY,
        ),
    ] = ""
    property_id: Annotated[
        str,
        Definition(
            msg("the authority's ID of the account; nothing is sent if that changes"),
            "P-1",
            unset=_NOT_KNOWN,
            set_instead=_FROM_AUTHORITY,
        ),
    ] = ""
    vault: Annotated[
        str,
        Definition(
            msg("where the password and the private key are kept: in the keyring, or in a file of this user"),
            "file",
            choices=VAULTS,
            variable="APOA_VAULT",
            set_instead=msg("Move the secrets there with: apoa setup --vault file, or apoa setup --vault keyring"),
        ),
    ] = "keyring"
    ca_bundle: Annotated[
        str,
        Definition(
            msg("file with certificates that are trusted besides the system's"),
            "/etc/ssl/authority.pem",
            PATH,
            unset=msg("the system's certificates alone"),
            variable="APOA_CA_BUNDLE",
        ),
    ] = ""
    window_hours: Annotated[
        int,
        Definition(
            msg("hours after check-in within which a guest must be reported; set-up takes it from the authority"),
            "24",
            most=MAX_WINDOW_HOURS,
        ),
    ] = 24
    retention_days: Annotated[
        int,
        Definition(
            msg("days after a stay until the guest's data are erased"),
            "90",
            most=MAX_RETENTION_DAYS,
            variable="APOA_RETENTION_DAYS",
        ),
    ] = 90
    delivery: Annotated[
        str,
        Definition(
            msg("how reports reach the authority: through its API, or typed into APOA by staff"),
            "manual",
            choices=DELIVERIES,
            set_instead=_BY_SETUP,
        ),
    ] = API
    notify: Annotated[
        str,
        Definition(
            msg("whether automatic sending shows notices on the desktop"), "off", choices=SWITCH, variable="APOA_NOTIFY"
        ),
    ] = ON
    by_hand_order: Annotated[
        str,
        Definition(
            msg("fields in the order in which staff type them into APOA"),
            "document_number, surname, given_names",
            form=msg("names of fields, each once, with commas between them"),
            check_text=check_typing_order,
            unset=msg("the program's order"),
            support=WHOLE,
        ),
    ] = ""
    backup_folder: Annotated[
        str,
        Definition(
            msg("folder into which automatic sending writes a backup each day"),
            "/media/backup",
            PATH,
            check_text=check_full_path,
            unset=msg("no automatic backup"),
            variable="APOA_BACKUP_FOLDER",
        ),
    ] = ""
    backup_keep: Annotated[
        int,
        Definition(
            msg("how many backups are kept in backup_folder"), "14", most=MAX_BACKUP_KEEP, variable="APOA_BACKUP_KEEP"
        ),
    ] = 14
    import_folder: Annotated[
        str,
        Definition(
            msg("folder whose tables automatic sending imports before it sends"),
            "/srv/exports",
            PATH,
            check_text=check_full_path,
            unset=msg("no automatic import"),
        ),
    ] = ""
    import_map: Annotated[
        str,
        Definition(
            msg("mapping of the columns of those tables"),
            "cloudbeds",
            form=msg("the name of a mapping, or a file that ends in .toml"),
            unset=msg("the headings alone"),
        ),
    ] = ""
    keep_photos: Annotated[
        str,
        Definition(
            msg("whether the photo of a passport is kept, encrypted, with its report, and sent where that is wanted"),
            "on",
            choices=SWITCH,
            variable="APOA_KEEP_PHOTOS",
        ),
    ] = OFF
    outbox: Annotated[
        str,
        Definition(
            msg("where reports are saved: in a file here, or on a server of PostgreSQL for several desks"),
            "postgresql://melati@db.example/apoa",
            form=_OUTBOX_FORM,
            check_text=_check_outbox,
            variable="APOA_OUTBOX",
            support=HOST,
        ),
    ] = SQLITE
    outbox_before: Annotated[
        str,
        Definition(
            msg("the shared outbox of before, until all its reports are here; remove it to give up what is left there"),
            "postgresql://melati@db.example/apoa",
            form=_OUTBOX_FORM,
            check_text=_check_outbox_before,
            unset=_NONE,
            support=HOST,
        ),
    ] = ""

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


OF_A_PROPERTY = {
    name: hint.__metadata__[0].named(name, PropertySettings._field_defaults.get(name))
    for name, hint in PropertySettings.__annotations__.items()
    if name != "name"
}
"""The settings of a property, by name."""

GENERAL = {
    "language": Definition(
        msg("language of the program"),
        "id",
        choices=("", *LANGUAGES),
        unset=msg("the system's language"),
        variable="APOA_LANG",
    ).named("language", None),
    "default_property": Definition(
        msg("property that is used without --property"),
        "melati",
        form=msg("the name of a property that is set up"),
        unset=msg("the only property"),
        variable="APOA_PROPERTY",
    ).named("default_property", None),
}
"""The settings of the whole program, by name."""


def new_property(name: str) -> PropertySettings:
    """Return the settings of a property of which nothing is set."""
    return PropertySettings(name, api_url="", public_key="")


class Config(NamedTuple):
    """All settings. `language` and `default_property` are empty if they are not set.

    `properties` are those that are set up for this user, and `invalid` says, by property, what is wrong with the table
    of one that is therefore not among them. `environment` has the values that the environment gives to every property.
    `maps` are the mappings of columns by name, and `invalid_maps` says what is wrong with those that are not among
    them.
    """

    language: str = ""
    default_property: str = ""
    properties: Mapping[str, PropertySettings] = MappingProxyType({})
    invalid: Mapping[str, SettingsProblem] = MappingProxyType({})
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

    def new_property(self, name: str) -> PropertySettings:
        """Return the settings with which the set-up of a property begins."""
        return new_property(name).with_values(self.environment)
