"""Writing config.toml: changes what changed, under a lock, and keeps every comment of the admin."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from apoa_client.errors import NotNow, SettingsProblem, UsageProblem, file_in_use
from apoa_client.file_lock import exclusive
from apoa_client.files import FileInUse, make_private_folder, write_private
from apoa_client.messages import msg
from apoa_client.settings.config import OF_A_PROPERTY, Config, PropertySettings, new_property
from apoa_client.settings.definitions import Value
from apoa_client.settings.folders import NAME_FORM, valid_name
from apoa_client.settings.reading import MAP, PROPERTY, SettingsFile, config_of, parse_file, read_file

if TYPE_CHECKING:
    from apoa_client.settings.column_mappings import ColumnMapping

_HEADING = "Settings of apoa-client. No secret belongs in this file: secrets are in the vault."
_LINE_END_OF_WINDOWS = "\r\n"
_LOCK_WAIT_S = 10.0


class Change(NamedTuple):
    """New values of one table of the file, by name; None removes one, and in place of all values the whole table.

    The table is `()` for the settings of the whole program, `("property", NAME)`, or `("map", NAME)`, which is replaced
    as a whole.
    """

    table: tuple[str, ...]
    values: Mapping[str, Value | Mapping[str, str] | None] | None


def save(path: Path, settings: PropertySettings, *, before: PropertySettings | None = None, language: str = "") -> None:
    """Write a property into the settings file, as the default property if there is none yet.

    `before` has its settings as the caller read them: only what is different is written, so that a change of another
    process stays, and what the environment says is not copied. Without it, all is written that is no default.
    Raises `SettingsProblem`, also for a file that is invalid already, and `NotNow`: then nothing is written.
    """

    def changes(config: Config, own: SettingsFile) -> Sequence[Change]:
        known = before if settings.name in own.properties else None
        by_itself = new_property(settings.name)
        values: dict[str, Value | None] = {}
        for name in OF_A_PROPERTY:
            value = getattr(settings, name)
            if known is None or value != getattr(known, name):
                values[name] = None if value == getattr(by_itself, name) else value
        general: dict[str, Value | None] = {"language": language} if language else {}
        if "default_property" not in own.table() and config.default_property not in {*config.properties, settings.name}:
            general["default_property"] = settings.name
        return [Change((), general), Change((PROPERTY, settings.name), values)]

    change_file(path, changes)


def change_file(path: Path, find_changes: Callable[[Config, SettingsFile], Sequence[Change]]) -> None:
    """Change the user's settings file under its lock. `find_changes` gets what it says now.

    Raises `SettingsProblem`, also if the file or a property that changes is invalid already, and `NotNow`: then nothing
    is written.
    """
    try:
        make_private_folder(path.parent)
        with exclusive(path.with_suffix(".lock"), _LOCK_WAIT_S) as is_held:
            if not is_held:
                raise NotNow(
                    msg("Another program is changing the settings."),
                    msg("Nothing was changed. Wait a minute, then run the command again."),
                    name="settings_locked",
                )
            user = read_file(path)
            config = config_of(user)
            changes = find_changes(config, user)
            for change in changes:
                if change.table in user.invalid:
                    raise user.invalid[change.table]
                if change.table[:1] == (PROPERTY,) and change.table[1] in config.invalid:  # it lacks a setting
                    raise config.invalid[change.table[1]]
            write_private(path, _changed_text(user, changes, config).encode())
    except FileInUse:
        raise file_in_use(str(path)) from None
    except OSError as exc:
        raise SettingsProblem(
            msg("The settings file {path} cannot be written: {reason}.", path=str(path), reason=exc.strerror or ""),
            msg("Ask your IT admin for a folder that this user may write to, or choose another one with APOA_HOME."),
        ) from None


def changed(values: Mapping[str, Any], changes: Sequence[Change]) -> dict[str, Any]:
    """Return what a settings file says after some changes."""
    result = deepcopy(dict(values))
    _apply(result, changes)
    return result


def save_mapping(path: Path, name: str, mapping: "ColumnMapping") -> None:
    """Write a mapping of columns into the user's settings file, in place of the one with this name.

    Raises `UsageProblem` for a name that is not valid, and as `change_file` does.
    """
    if not valid_name(name):
        raise UsageProblem(
            msg("{name} is no name for a mapping.", name=name), msg("Allowed: {values}", values=NAME_FORM)
        )
    change_file(path, lambda _config, _own: [Change((MAP, name), mapping.as_values())])


def remove_property(path: Path, name: str) -> None:
    """Remove a property's table from the user's settings file, if it has one. Raises as `change_file` does."""

    def changes(_config: Config, own: SettingsFile) -> Sequence[Change]:
        if name not in own.properties:
            return []
        is_default = own.table().get("default_property") == name
        return [Change((PROPERTY, name), None), Change((), {"default_property": None} if is_default else {})]

    change_file(path, changes)


def settings_text(settings: PropertySettings) -> str:
    """Return the text of a settings file with this property only, as `apoa_client.settings.reading.parse` reads it."""
    defaults = PropertySettings._field_defaults
    values = {name: getattr(settings, name) for name in OF_A_PROPERTY}
    written = {name: value for name, value in values.items() if value not in ("", defaults.get(name))}
    return _edited("", [Change((), {"default_property": settings.name}), Change((PROPERTY, settings.name), written)])


def _changed_text(user: SettingsFile, changes: Sequence[Change], before: Config) -> str:
    """Return the new text of the file. Raises `SettingsProblem` unless it is read as what was to be written.

    Properties that were invalid `before` are kept as they are, and no others are invalid; one that lacks a setting may
    get it by the change.
    """
    try:
        text = _edited(f"# {_HEADING}\n" if user.text is None else user.text, changes)
        written = parse_file(user.path, text)
        is_as_wanted = _filled(written.values) == _filled(changed(user.values, changes))
        if is_as_wanted and config_of(written).invalid.keys() <= before.invalid.keys():
            return text.replace("\n", _LINE_END_OF_WINDOWS) if _is_written_on_windows(user) else text
    except (TOMLKitError, SettingsProblem):  # TOML can be written in ways that tomlkit does not keep together
        pass
    raise SettingsProblem(
        msg("The settings file {path} is written in a way that this program cannot change.", path=str(user.path)),
        msg("Give each property a heading of its own, like [property.bali], then run the command again."),
    )


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without empty tables: the last one in a table may leave its heading, or not."""
    return {name: value for name, value in values.items() if value != {}}


def _is_written_on_windows(user: SettingsFile) -> bool:
    """Return whether the lines of the file end as Windows' editors end them."""
    content = user.path.read_bytes() if user.text is not None else b""
    return any(_LINE_END_OF_WINDOWS.encode(encoding) in content for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


def _edited(text: str, changes: Sequence[Change]) -> str:
    document = tomlkit.parse(text)
    _apply(document, changes)
    return tomlkit.dumps(document).rstrip("\n") + "\n"


def _apply(document: MutableMapping[str, Any], changes: Sequence[Change]) -> None:
    """Change the values of a file: those that tomllib returns, or tomlkit's document."""
    for table, values in changes:
        if values is None:
            del _table(document, table[:-1])[table[-1]]
        elif table[:1] == (MAP,):
            _table(document, table[:-1])[table[-1]] = values
        elif values:
            target = _table(document, table)
            for name, value in values.items():
                if value is not None:
                    target[name] = value
                elif name in target:
                    del target[name]


def _table(document: MutableMapping[str, Any], path: tuple[str, ...]) -> MutableMapping[str, Any]:
    """Return a table of the document, which is made if it is missing, in the way in which the one around it is."""
    table = document
    for name in path:
        if name not in table:
            is_super = table is document and name in {PROPERTY, MAP}
            if isinstance(document, tomlkit.TOMLDocument):
                table[name] = (
                    tomlkit.inline_table() if isinstance(table, InlineTable) else tomlkit.table(is_super_table=is_super)
                )
            else:
                table[name] = {}
        table = table[name]
    return table
