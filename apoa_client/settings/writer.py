"""Writing config.toml: one property or one value changed, every comment of the admin's kept."""

from dataclasses import fields
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from apoa_client.errors import SettingsProblem
from apoa_client.files import write_private
from apoa_client.settings.config import Property, load
from apoa_client.texts import msg

_HEADING = "Settings of apoa-client. No secret belongs in this file: secrets are in the vault."


def save(path: Path, one: Property, *, language: str = "") -> None:
    """Put a property into the settings, as the default one where there is none yet.

    Raises `SettingsProblem`, also for settings that are not right as they are: nothing is written over them.
    """
    load(path)
    try:
        text = path.read_text(encoding="utf-8-sig") if path.exists() else f"# {_HEADING}\n"
        write_private(path, _with(text, one, language).encode())
    except (OSError, TOMLKitError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else None
        raise SettingsProblem(
            msg("The settings file {path} cannot be written: {reason}.", path=str(path), reason=reason or "TOML"),
            msg("Ask your IT admin for a folder that this user may write to, or choose another one with APOA_HOME."),
        ) from None


def _with(text: str, one: Property, language: str) -> str:
    document = tomlkit.parse(text)
    if language:
        document["language"] = language
    document.setdefault("default_property", one.name)
    if "property" not in document:
        document["property"] = tomlkit.table(is_super_table=True)
    tables = document["property"]
    if one.name not in tables:
        tables[one.name] = tomlkit.inline_table() if isinstance(tables, InlineTable) else tomlkit.table()
    table = tables[one.name]
    for item in fields(one):
        if item.name != "name" and (value := getattr(one, item.name)) not in ("", item.default):
            table[item.name] = value
        elif item.name in table:
            del table[item.name]
    return tomlkit.dumps(document)
