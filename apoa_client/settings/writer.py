"""Writing config.toml: one property or one value changed, every comment of the admin's kept."""

from dataclasses import fields
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from apoa_client.errors import SettingsProblem
from apoa_client.files import write_private
from apoa_client.messages import msg
from apoa_client.settings.config import PropertySettings, load, parse

_HEADING = "Settings of apoa-client. No secret belongs in this file: secrets are in the vault."


def save(path: Path, one: PropertySettings, *, language: str = "") -> None:
    """Put a property into the settings, as the default one where there is none yet.

    Raises `SettingsProblem`, also for settings that are not right as they are: nothing is written over them.
    """
    load(path)
    try:
        text = path.read_text(encoding="utf-8-sig") if path.exists() else f"# {_HEADING}\n"
        written = _with(text, one, language)
        if not _says(written, path, one):
            raise _too_strange(path)
        write_private(path, written.encode())
    except TOMLKitError:
        raise _too_strange(path) from None
    except OSError as exc:
        raise SettingsProblem(
            msg("The settings file {path} cannot be written: {reason}.", path=str(path), reason=exc.strerror or ""),
            msg("Ask your IT admin for a folder that this user may write to, or choose another one with APOA_HOME."),
        ) from None


def settings_text(one: PropertySettings) -> str:
    """A settings file's whole text with this property alone, as `apoa_client.settings.config.parse` reads it."""
    return _with("", one, "")


def _says(text: str, path: Path, one: PropertySettings) -> bool:
    """Whether a reader would find the property: TOML can be written in ways that tomlkit does not keep together."""
    try:
        return parse(text, path).properties.get(one.name) == one
    except SettingsProblem:
        return False


def _too_strange(path: Path) -> SettingsProblem:
    return SettingsProblem(
        msg("The settings file {path} is written in a way that this program cannot change.", path=str(path)),
        msg("Give each property a heading of its own, like [property.bali], then run the command again."),
    )


def _with(text: str, one: PropertySettings, language: str) -> str:
    document = tomlkit.parse(text)
    if language:
        document["language"] = language
    document.setdefault("default_property", one.name)
    if "property" not in document:
        document["property"] = tomlkit.table(is_super_table=True)
    tables = document["property"]
    new = tomlkit.inline_table if isinstance(tables, InlineTable) else tomlkit.table
    table = tables[one.name] if one.name in tables else new()
    for item in fields(one):
        if item.name != "name" and (value := getattr(one, item.name)) not in ("", item.default):
            table[item.name] = value
        elif item.name in table:
            del table[item.name]
    tables[one.name] = table
    return tomlkit.dumps(document)
