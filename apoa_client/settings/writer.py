"""Writing config.toml: changes one property or one value and keeps every comment of the admin."""

from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from apoa_client.errors import SettingsProblem, file_in_use
from apoa_client.files import FileInUse, write_private
from apoa_client.messages import msg
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.parsing import parse
from apoa_client.settings.reading import load, read_text

_HEADING = "Settings of apoa-client. No secret belongs in this file: secrets are in the vault."


def save(path: Path, settings: PropertySettings, *, language: str = "") -> None:
    """Write a property into the settings file, as the default property if there is none yet.

    Raises `SettingsProblem`, also for a file that is invalid already: then nothing is written.
    """
    load(path)
    text = read_text(path)
    try:
        written = _insert(f"# {_HEADING}\n" if text is None else text, settings, language)
        try:
            readable = parse(written, path).properties.get(settings.name) == settings
        except SettingsProblem:  # TOML can be written in ways that tomlkit does not keep together
            readable = False
        if not readable:
            raise _unsupported(path)
        write_private(path, written.encode())
    except TOMLKitError:
        raise _unsupported(path) from None
    except FileInUse:
        raise file_in_use(str(path)) from None
    except OSError as exc:
        raise SettingsProblem(
            msg("The settings file {path} cannot be written: {reason}.", path=str(path), reason=exc.strerror or ""),
            msg("Ask your IT admin for a folder that this user may write to, or choose another one with APOA_HOME."),
        ) from None


def settings_text(settings: PropertySettings) -> str:
    """Return the text of a settings file with this property only, as `apoa_client.settings.config.parse` reads it."""
    return _insert("", settings, "")


def _unsupported(path: Path) -> SettingsProblem:
    return SettingsProblem(
        msg("The settings file {path} is written in a way that this program cannot change.", path=str(path)),
        msg("Give each property a heading of its own, like [property.bali], then run the command again."),
    )


def _insert(text: str, settings: PropertySettings, language: str) -> str:
    """Return the text of a settings file with this property inserted or changed, without values that are defaults."""
    document = tomlkit.parse(text)
    if language:
        document["language"] = language
    document.setdefault("default_property", settings.name)
    if "property" not in document:
        document["property"] = tomlkit.table(is_super_table=True)
    tables = document["property"]
    new = tomlkit.inline_table if isinstance(tables, InlineTable) else tomlkit.table
    table = tables[settings.name] if settings.name in tables else new()
    defaults = PropertySettings._field_defaults
    for name, value in settings._asdict().items():
        if name != "name" and value not in ("", defaults.get(name)):
            table[name] = value
        elif name in table:
            del table[name]
    tables[settings.name] = table
    return tomlkit.dumps(document)
