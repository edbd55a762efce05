"""One table says what each setting is; reading, `apoa config` and the environment agree with it."""

from pathlib import Path

import pytest

from apoa_client.settings.config import PropertySettings
from apoa_client.settings.definitions import (
    CHOICE,
    GENERAL,
    NUMBER,
    OF_A_PROPERTY,
    PATH,
    SECRETS,
    Definition,
    WrongValue,
    typing_fields,
)

ALL = {**GENERAL, **OF_A_PROPERTY}


def test_every_field_of_a_property_is_defined() -> None:
    """And no setting is defined that does not exist."""
    assert set(OF_A_PROPERTY) == set(PropertySettings._fields) - {"name"}


@pytest.mark.parametrize("definition", ALL.values(), ids=ALL)
def test_examples_and_defaults_are_allowed(definition: Definition) -> None:
    """What `apoa config explain` shows can be set; and what applies without a value is always known."""
    if definition.kind != PATH or Path(definition.example).is_absolute():  # a path is one of its platform
        assert str(definition.parse(definition.example)) == definition.example
    if definition.default is not None:
        definition.check(definition.default)
    assert (definition.default is None) == (definition.unset is not None)


def test_no_secret_is_a_setting() -> None:
    """A secret is never kept in a settings file, so no setting has the name of one."""
    assert not SECRETS & set(ALL)


def test_the_program_own_settings_are_not_set_by_hand() -> None:
    """What the program made or heard from the authority says how it changes, and no variable replaces it."""
    own = {name for name, each in ALL.items() if each.is_own}
    assert own == {"public_key", "index_key", "environment", "property_id"}
    assert all(each.set_instead is not None and not each.variable for each in ALL.values() if each.is_own)


@pytest.mark.parametrize("name", ["api_url", "username", "delivery"])
def test_no_variable_says_where_guests_data_go(name: str) -> None:
    """A variable left over from a test would send them, and a password from the environment, to another server."""
    assert ALL[name].variable == ""


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("retention_days", "30", 30),
        ("retention_days", " 3650 ", 3650),
        ("timezone", "wita", "Asia/Makassar"),
        ("timezone", "asia/jayapura", "Asia/Jayapura"),
        ("notify", "OFF", "off"),
        ("vault", "File", "file"),
        ("office", "Kantor Imigrasi Denpasar", "Kantor Imigrasi Denpasar"),
        ("by_hand_order", "room, surname", "room, surname"),
        ("outbox", " postgresql://u@h/d ", "postgresql://u@h/d"),
    ],
)
def test_typed_values(name: str, typed: str, value: str | int) -> None:
    """As people type them: with blanks around, in capitals, and a zone by its abbreviation."""
    assert ALL[name].parse(typed) == value


@pytest.mark.parametrize(
    ("name", "typed", "allowed"),
    [
        ("retention_days", "0", "a number from 1 to 3650"),
        ("retention_days", "3651", "a number from 1 to 3650"),
        ("retention_days", "9" * 5000, "a number from 1 to 3650"),
        ("retention_days", "٣", "a number from 1 to 3650"),
        ("retention_days", "-1", "a number from 1 to 3650"),
        ("timezone", "Asia/Tokyo", "Asia/Jakarta, Asia/Pontianak, Asia/Makassar, Asia/Jayapura"),
        ("language", "", "id, en"),
        ("notify", "true", "on, off"),
        ("office", "", "any text"),
        ("office", "a\nb", "any text"),
        ("ca_bundle", "ours.pem", "the full path of a file or folder"),
        ("backup_folder", "backup", "the full path of a file or folder"),
        ("by_hand_order", "visa", "each once: surname, given_names"),
        ("public_key", "abc", "the 44 characters of the key"),
        ("index_key", "abc", "an even number of at most 128 hexadecimal digits"),
        ("outbox", "", "sqlite, or an address of PostgreSQL"),
        ("outbox", "mysql://u@h/d", "sqlite, or an address of PostgreSQL"),
        ("outbox", "postgresql://u:p@h/d", "sqlite, or an address of PostgreSQL without a password"),
    ],
)
def test_wrong_values_name_the_allowed_ones(name: str, typed: str, allowed: str) -> None:
    """The same words as for a line of a file."""
    with pytest.raises(WrongValue) as caught:
        ALL[name].parse(typed)
    assert allowed in caught.value.allowed.render()


def test_the_fields_of_the_typing_order() -> None:
    """Those of the form, by the names that other settings and programs use."""
    assert {"surname", "room", "note"} <= set(typing_fields())
    assert not {"nights", "mrz"} & set(typing_fields())


def test_kinds() -> None:
    """A choice has choices and a number has a largest one."""
    for each in ALL.values():
        assert (each.kind == CHOICE) == bool(each.choices)
        assert (each.kind == NUMBER) == bool(each.most)
