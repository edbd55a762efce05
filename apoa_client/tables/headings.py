"""What the headings of a table mean: by themselves, or by a mapping from the settings or from a TOML file of its own.

`headings.tsv` has the headings of guest books, booking systems and official forms: the heading, the target, and where
it was found. A heading that means something else than it seems has the target ``ignore``: the country where a guest
booked is not the nationality.

A heading is compared without case, accents, blanks and signs. If the whole is not known, its parts are compared: forms
have two languages (``Nama keluarga / Surname``), also in another script (TM30), notes in brackets, and the order of a
date (``DD/MM/YYYY``).
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from apoa_client.errors import SettingsProblem, UsageProblem
from apoa_client.matching import close_matches, fold
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

_PARTS = re.compile(r"[/|()\[\]\n\r;:*]+|\s-\s")
_END_OF_LATIN = 0x250
"""Of Latin Extended-B (Unicode 15, Blocks.txt)."""
_ORDER = re.compile(
    r"\b(?:d{1,2}[-/. ]m{1,2}[-/. ]y{2,4}|m{1,2}[-/. ]d{1,2}[-/. ]y{2,4}|y{2,4}[-/. ]m{1,2}[-/. ]d{1,2}"
    r"|(?:hari|tgl|tanggal|day)/(?:bulan|bln|month)/(?:tahun|thn|year)|month/day/year|year/month/day"
    r"|g{1,2}[-/. ]m{1,2}[-/. ]a{2,4})\b",
    re.IGNORECASE,
)


_INDONESIAN = frozenset(
    {"tgl", "tggl", "tanggal", "lahir", "kelahiran", "tempat", "nama", "tamu", "nomor", "paspor", "kamar", "kmr"}
    | {"kewarganegaraan", "kebangsaan", "warga", "negara", "kelamin", "masa", "berlaku", "kadaluarsa", "kedaluwarsa"}
    | {"masuk", "keluar", "datang", "kedatangan", "tiba", "pulang", "berangkat", "keberangkatan", "menginap", "sampai"}
    | {"keterangan", "catatan", "keperluan", "jumlah", "jml", "malam"}
)
_SUFFIX = ".toml"


class Heading(NamedTuple):
    """What a heading means: a target of a column, or empty; and the order of dates that it states, or empty."""

    target: str
    date_order: str = ""


def parse_heading(text: str) -> Heading:
    """Return what a heading means. The target is empty if it is not known, or if its parts mean different targets."""
    order = _ORDER.search(text)
    plain = text if order is None else text.replace(order[0], " ")
    return Heading(_target(plain), _date_order(order[0]) if order is not None else "")


def is_indonesian(text: str) -> bool:
    """Return whether a heading has a word of Indonesian guest books: their dates have the day first."""
    return not _INDONESIAN.isdisjoint(re.findall(r"[^\W\d_]+", text.casefold()))


def _target(text: str) -> str:
    known = _known_headings()
    whole = known.get(fold(text))
    if whole is not None:
        return whole
    in_latin = "".join(character if ord(character) < _END_OF_LATIN else " " for character in text)
    folded = filter(None, map(fold, (in_latin, *_PARTS.split(in_latin))))
    parts = {known[part] for part in folded if part in known}
    return parts.pop() if len(parts) == 1 else ""


def _date_order(form: str) -> str:
    letters = [part[0].lower() for part in re.split(r"[-/. ]", form)]
    return {"y": "ymd", "m": "mdy"}.get(letters[0], "dmy")


@cache
def _known_headings() -> dict[str, str]:
    """Return the target of each folded heading."""
    _titles, *lines = Path(__file__).with_name("headings.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {fold(heading): target for heading, target, _source in rows}


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
                msg("The value for empty cells of {field} is not right: {problem}", field=target, problem=exc.problem)
            ) from None
        near = msg("Did you mean {name}?", name=exc.near) if exc.near else None
        every = msg("The fields are: {fields}", fields=", ".join(DEFAULT_TARGETS))
        raise UsageProblem(msg("There is no field {name}.", name=name), near or every) from None
    return target or name, value
