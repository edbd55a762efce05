"""Mappings of columns: from a TOML file of their own, or by their name in the settings."""

from pathlib import Path

from apoa_client.errors import SettingsProblem, UsageProblem
from apoa_client.matching import close_matches
from apoa_client.messages import msg
from apoa_client.settings.column_mappings import (
    DEFAULT_TARGETS,
    ColumnMapping,
    WrongMapping,
    check_default,
    parse_mapping,
)
from apoa_client.settings.config import Config
from apoa_client.settings.parsing import CORRECT_LINE, load_toml, wrong_mapping
from apoa_client.settings.reading import read_text
from apoa_client.tables.headings import parse_heading

_SUFFIX = ".toml"


def find_mapping(text: str, config: Config) -> ColumnMapping:
    """Return the mapping that a user names: a file that ends in ``.toml``, or a name in the settings.

    Raises `SettingsProblem` for one that is not right or that cannot be read, `UsageProblem` for an unknown name.
    """
    if text.casefold().endswith(_SUFFIX):
        return read_mapping(Path(text))
    if text in config.invalid_maps:
        raise config.invalid_maps[text]
    if text in config.maps:
        return config.maps[text]
    names = sorted(config.maps)
    near = close_matches(text, names, limit=1)
    if near:
        advice = msg("Did you mean {name}?", name=near[0])
    elif names:
        advice = msg("The mappings are: {names}. A file ends in .toml.", names=", ".join(names))
    else:
        advice = msg("No mapping is kept yet. A file ends in .toml. See: apoa help import")
    raise UsageProblem(msg("There is no mapping {name}.", name=text), advice)


def read_mapping(path: Path) -> ColumnMapping:
    """Return the mapping in a TOML file. Raises `SettingsProblem` with the file and the line."""
    text = read_text(path)
    if text is None:
        raise UsageProblem(msg("There is no file {path}.", path=str(path)), msg("Give the path of a mapping."))
    try:
        return parse_mapping(load_toml(text, path))
    except WrongMapping as exc:
        problem = wrong_mapping(exc, path, text)
    except SettingsProblem as exc:
        problem = exc
    if problem.advice == CORRECT_LINE:
        problem.advice = msg("Correct that line with a text editor. The form of a mapping: apoa help import")
    raise problem


def parse_default(text: str) -> tuple[str, str]:
    """Return the target and the value in a text such as ``birth_place=-``. The target may be a heading that is known.

    Raises `UsageProblem`, which does not repeat the value.
    """
    name, sign, value = (part.strip() for part in text.partition("="))
    target = name if name in DEFAULT_TARGETS else parse_heading(name).target
    if not sign or not name or not value:
        raise UsageProblem(
            msg("A value for empty cells needs the name of its field, such as birth_place=-"),
            msg("The fields are: {fields}", fields=", ".join(DEFAULT_TARGETS)),
        )
    try:
        check_default(target or name, value)
    except WrongMapping as exc:
        if target in DEFAULT_TARGETS:
            raise UsageProblem(
                msg("The value for empty cells of {field} is not right: {remark}", field=target, remark=exc.problem)
            ) from None
        near = msg("Did you mean {name}?", name=exc.near) if exc.near else None
        every = msg("The fields are: {fields}", fields=", ".join(DEFAULT_TARGETS))
        raise UsageProblem(msg("There is no field {name}.", name=name), near or every) from None
    return target or name, value
