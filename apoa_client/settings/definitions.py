"""What each setting is: its meaning, type, default and allowed values, and who sets it.

Reading a settings file, `apoa config` and the environment use this one table.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from apoa_client.errors import SettingsProblem
from apoa_client.locale import LANGUAGES
from apoa_client.messages import Message, literal, msg
from apoa_client.settings.config import (
    DELIVERIES,
    ENVIRONMENTS,
    MAX_BACKUP_KEEP,
    MAX_RETENTION_DAYS,
    MAX_ROOMS,
    MAX_WINDOW_HOURS,
    SQLITE,
    SWITCH,
    VAULTS,
    PropertySettings,
)
from apoa_client.settings.zones import ZONES, zone_name

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
_OUTBOX_FORM = msg(
    "sqlite, or an address of PostgreSQL without a password, like {example}", example="postgresql://user@host/database"
)
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

    name: str
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
    is_own: bool = False
    """Whether the program writes it for this computer, so that it belongs into no file for all users."""
    variable: str = ""
    """The environment variable that has priority over the files; empty if there is none."""
    is_hidden: bool = False
    """Whether its value is shown nowhere."""
    support: str = ""
    """What a support file shows of a text: `WHOLE`, or `HOST`; if empty, only whether it is set. Others are shown."""

    @property
    def shown_in_support(self) -> str:
        """What a support file shows of its value: `WHOLE` or `HOST`, or nothing if it is empty."""
        return self.support if self.kind == TEXT else WHOLE

    @property
    def default(self) -> Value | None:
        """The value if no file sets the setting; None if there is none."""
        default: Value | None = PropertySettings._field_defaults.get(self.name)
        return default or None

    @property
    def allowed(self) -> Message:
        """The allowed values, in words."""
        if self.kind == NUMBER:
            return msg("a number from 1 to {most}", most=self.most)
        if self.choices:
            return _one_of(self.choices)
        return self.form or msg("any text")

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
            _check_full_path(text)
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


def _check_public_key(value: str) -> None:
    key = value.strip()
    if len(key) != _PUBLIC_KEY_LENGTH or key[-1] != "=" or not _BASE64.issuperset(key[:-1]):
        raise WrongValue(msg("the 44 characters of the key, as in a backup of this file"), name=PUBLIC_KEY_UNUSABLE)


def _check_index_key(value: str) -> None:
    if len(value) % 2 or len(value) > _MAX_INDEX_KEY or not _HEXADECIMAL.issuperset(value):
        raise WrongValue(msg("an even number of at most 128 hexadecimal digits"))


def _check_full_path(value: str) -> None:
    if value and not Path(value).is_absolute():
        # Cron and the Task Scheduler start the program in another folder than a user does.
        raise WrongValue(_FULL_PATH, value)


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


def _check_typing_order(value: str) -> None:
    names, order = typing_fields(), value.replace(",", " ").split()
    for number, name in enumerate(order):
        if name not in names or name in order[:number]:
            raise WrongValue(msg("each once: {names}", names=_one_of(names)), name)


_MADE_BY_SETUP = msg("The program makes it once, in: apoa setup")
_FROM_AUTHORITY = msg("The program asks the authority for it, in: apoa setup")

GENERAL = {
    each.name: each
    for each in (
        Definition(
            "language",
            msg("language of the program"),
            "id",
            CHOICE,
            ("", *LANGUAGES),
            unset=msg("the system's language"),
            variable="APOA_LANG",
        ),
        Definition(
            "default_property",
            msg("property that is used without --property"),
            "melati",
            form=msg("the name of a property that is set up"),
            unset=msg("the only property"),
            variable="APOA_PROPERTY",
        ),
    )
}
"""The settings of the whole program, by name."""

OF_A_PROPERTY = {
    each.name: each
    for each in (
        Definition(
            "api_url",
            msg("address of the authority; training is the training authority in this program"),
            "https://authority.example/apoa/v1",
            form=msg("training, or an address that begins with https://"),
            unset=msg("required"),
            support=HOST,
        ),
        Definition("username", msg("username at the authority"), "melati", unset=msg("none")),
        Definition(
            "public_key",
            msg("reports are encrypted to it"),
            "cHVibGljcHVibGljcHVibGljcHVibGljcHVibGljcHU=",
            form=msg("the 44 characters of the key, as in a backup of this file"),
            check_text=_check_public_key,
            unset=msg("required"),
            set_instead=msg("For a new key with a new recovery code: apoa key rotate"),
            is_own=True,
        ),
        Definition(
            "index_key",
            msg("key of the hash that finds a guest who is reported twice"),
            "5f0c1d9e8b7a69584736251403f2e1d0",
            form=msg("an even number of at most 128 hexadecimal digits"),
            check_text=_check_index_key,
            unset=msg("none"),
            set_instead=_MADE_BY_SETUP,
            is_own=True,
            is_hidden=True,
        ),
        Definition(
            "timezone",
            msg("time zone of the property, in which times and deadlines are shown"),
            "Asia/Makassar",
            CHOICE,
            tuple(ZONES),
            variable="APOA_TIMEZONE",
        ),
        Definition(
            "display_name",
            msg("name of the property as guests know it, printed on receipts, lists and notices"),
            "Wisma Melati",
            unset=msg("the short name"),
        ),
        Definition(
            "office", msg("immigration office, printed on receipts"), "Kantor Imigrasi Denpasar", unset=msg("none")
        ),
        Definition(
            "address", msg("address of the property, printed on receipts"), "Jl. Melati 7, Ubud", unset=msg("none")
        ),
        Definition(
            "rooms",
            msg("number of rooms, from which the month's occupancy is computed"),
            "12",
            NUMBER,
            most=MAX_ROOMS,
            unset=msg("not known yet"),
        ),
        Definition(
            "environment",
            msg("what the authority called itself; nothing is sent if that changes"),
            "production",
            CHOICE,
            ENVIRONMENTS,
            unset=msg("not known yet"),
            set_instead=_FROM_AUTHORITY,
            is_own=True,
        ),
        Definition(
            "property_id",
            msg("the authority's ID of the account; nothing is sent if that changes"),
            "P-1",
            unset=msg("not known yet"),
            set_instead=_FROM_AUTHORITY,
            is_own=True,
        ),
        Definition(
            "vault",
            msg("where the password and the private key are kept: in the keyring, or in a file of this user"),
            "file",
            CHOICE,
            VAULTS,
            variable="APOA_VAULT",
        ),
        Definition(
            "ca_bundle",
            msg("file with certificates that are trusted besides the system's"),
            "/etc/ssl/authority.pem",
            PATH,
            form=_FULL_PATH,
            unset=msg("the system's certificates alone"),
            variable="APOA_CA_BUNDLE",
        ),
        Definition(
            "window_hours",
            msg("hours after check-in within which a guest must be reported; set-up takes it from the authority"),
            "24",
            NUMBER,
            most=MAX_WINDOW_HOURS,
        ),
        Definition(
            "retention_days",
            msg("days after a stay until the guest's data are erased"),
            "90",
            NUMBER,
            most=MAX_RETENTION_DAYS,
            variable="APOA_RETENTION_DAYS",
        ),
        Definition(
            "delivery",
            msg("how reports reach the authority: through its API, or typed into APOA by staff"),
            "manual",
            CHOICE,
            DELIVERIES,
            set_instead=msg("Change it with: apoa setup --by-hand, or apoa setup --api-url URL"),
        ),
        Definition(
            "notify",
            msg("whether automatic sending shows notices on the desktop"),
            "off",
            CHOICE,
            SWITCH,
            variable="APOA_NOTIFY",
        ),
        Definition(
            "by_hand_order",
            msg("fields in the order in which staff type them into APOA"),
            "document_number, surname, given_names",
            form=msg("names of fields, each once, with commas between them"),
            check_text=_check_typing_order,
            unset=msg("the program's order"),
            support=WHOLE,
        ),
        Definition(
            "backup_folder",
            msg("folder into which automatic sending writes a backup each day"),
            "/media/backup",
            PATH,
            form=_FULL_PATH,
            check_text=_check_full_path,
            unset=msg("no automatic backup"),
            variable="APOA_BACKUP_FOLDER",
        ),
        Definition(
            "backup_keep",
            msg("how many backups are kept in backup_folder"),
            "14",
            NUMBER,
            most=MAX_BACKUP_KEEP,
            variable="APOA_BACKUP_KEEP",
        ),
        Definition(
            "import_folder",
            msg("folder whose tables automatic sending imports before it sends"),
            "/srv/exports",
            PATH,
            form=_FULL_PATH,
            check_text=_check_full_path,
            unset=msg("no automatic import"),
        ),
        Definition(
            "import_map",
            msg("mapping of the columns of those tables"),
            "cloudbeds",
            form=msg("the name of a mapping, or a file that ends in .toml"),
            unset=msg("the headings alone"),
        ),
        Definition(
            "keep_photos",
            msg("whether the photo of a passport is kept, encrypted, with its report, and sent where that is wanted"),
            "on",
            CHOICE,
            SWITCH,
            variable="APOA_KEEP_PHOTOS",
        ),
        Definition(
            "outbox",
            msg("where reports are saved: in a file here, or on a server of PostgreSQL for several desks"),
            "postgresql://melati@db.example/apoa",
            form=_OUTBOX_FORM,
            check_text=_check_outbox,
            variable="APOA_OUTBOX",
            support=HOST,
        ),
        Definition(
            "outbox_before",
            msg("the shared outbox of before, until all its reports are here; remove it to give up what is left there"),
            "postgresql://melati@db.example/apoa",
            form=_OUTBOX_FORM,
            check_text=_check_outbox_before,
            unset=msg("none"),
            support=HOST,
        ),
    )
}
"""The settings of a property, by name."""

SECRETS = frozenset(
    {"password", "passphrase", "private_key", "secret", "token", "recovery_code", "kata_sandi", "sandi", "pin"}
)
"""Names under which people try to store a secret, which no settings file may have."""
