"""What the headings of a table mean: by themselves, or by a mapping from the settings or from a TOML file of its own.

`headings.tsv` has the headings of guest books, booking systems and official forms: the heading, the target, and where
it was found. A heading that means something else than it seems has the target ``ignore``: the country where a guest
booked is not the nationality.

A heading is compared without case, accents, blanks and signs. If that is not known, its words are compared, in any
order, each as the word that it stands for: ``Tgl Cek-in``, ``Check-in Date`` and ``Tanggal Check In`` are one heading,
and ``Nama WNA`` is ``Nama``. If the whole is not known, its parts are compared: forms have two languages (``Nama
keluarga / Surname``), also in another script (TM30), notes in brackets, and the order of a date (``DD/MM/YYYY``). Each
word of a heading, or of a part, must be known: ``Nama hotel`` is no name of a guest. A heading about something else
than the guest, such as a price, an agent or a copy of the passport, has no parts: ``Name (agent)`` is not ``Name``.

`words.tsv` has the words of guest books and booking systems by what they mean. A row has the kind of text (a
``heading``, a ``status``, the ``sex``, a ``document``, a ``name``, a ``row`` and its sheet, a ``group`` of columns), a
meaning, and words or codes of both languages.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from apoa_client.errors import SettingsProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.settings.column_mappings import (
    DEFAULT_TARGETS,
    ColumnMapping,
    WrongMapping,
    check_default,
    parse_mapping,
)
from apoa_client.settings.config import Config
from apoa_client.settings.reading import CORRECT_LINE, SettingsFile, load_toml, read_text, wrong_mapping
from apoa_client.texts import close_matches, fold, without_accents


@cache
def words_of(kind: str) -> Mapping[str, frozenset[str]]:
    """Return the words of a kind of text by their meaning."""
    _titles, *lines = Path(__file__).with_name("words.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {meaning: frozenset(words.split(", ")) for of_kind, meaning, words in rows if of_kind == kind}


def meanings_of(kind: str) -> Mapping[str, str]:
    """Return the meaning of each word of a kind of text."""
    return {word: meaning for meaning, words in words_of(kind).items() for word in words}


_PARTS = re.compile(r"[/|()\[\]\n\r;:*]+|\s-\s")
_END_OF_LATIN = 0x250
"""Of Latin Extended-B (Unicode 15, Blocks.txt)."""
_ORDER = re.compile(
    r"\b(?:d{1,2}[-/. ]m{1,2}[-/. ]y{2,4}|m{1,2}[-/. ]d{1,2}[-/. ]y{2,4}|y{2,4}[-/. ]m{1,2}[-/. ]d{1,2}"
    r"|(?:hari|tgl|tanggal|day)/(?:bulan|bln|month)/(?:tahun|thn|year)|month/day/year|year/month/day"
    r"|g{1,2}[-/. ]m{1,2}[-/. ]a{2,4})\b",
    re.IGNORECASE,
)
_UNTIL = re.compile(r"\bs\s?[/.]?\s?d\b")
"""The abbreviation of *sampai dengan*: until."""
_WORD = re.compile(r"[^\W_]+")
_MEANINGS = words_of("heading")
"""Words and abbreviations of both languages, by the words that they stand for."""
_EMPTY_WORDS, _GUEST_WORDS, _OTHER_WORDS, _INDONESIAN = (
    _MEANINGS[f"({kind})"] for kind in ("nothing", "guest", "other", "indonesian")
)
"""Words that add nothing; that add nothing in a table of guests: the customer's last name is the guest's; of columns
about something else than the guest's passport and stay; of Indonesian guest books."""
_WORDS = {word: set(means.split()) for means, words in _MEANINGS.items() if means[0] != "(" for word in words}
_GENERAL = "?"
"""Behind a target: the heading is that of several things, and the columns beside it say which one it is."""
_SUFFIX = ".toml"


class Heading(NamedTuple):
    """What a heading means: a target of a column, or empty; and the order of dates that it states, or empty.

    A heading that `is_general` may be that of something else: *valid until* of a passport, a visa or a credit card.
    """

    target: str
    date_order: str = ""
    is_general: bool = False


def parse_heading(text: str) -> Heading:
    """Return what a heading means. The target is empty if it is not known, or if its parts mean different targets."""
    order = _ORDER.search(text)
    plain = text if order is None else text.replace(order[0], " ")
    target = _target(plain)
    date_order = _date_order(order[0]) if order is not None else ""
    return Heading(target.removesuffix(_GENERAL), date_order, target.endswith(_GENERAL))


def is_indonesian(text: str) -> bool:
    """Return whether a heading has a word of Indonesian guest books: their dates have the day first."""
    return not _INDONESIAN.isdisjoint(re.findall(r"[^\W\d_]+", text.casefold()))


def _target(text: str) -> str:
    whole = _whole_target(text)
    if whole or _words(text) & _OTHER_WORDS:
        return whole
    in_latin = "".join(character if ord(character) < _END_OF_LATIN else " " for character in text)
    parts = {target for part in (in_latin, *_PARTS.split(in_latin)) if (target := _whole_target(part))}
    parts -= {f"{target}{_GENERAL}" for target in parts}
    return parts.pop() if len(parts) == 1 else ""


def _whole_target(text: str) -> str:
    """Return the target of a heading, or of a part, all of whose words are known; else empty."""
    known = _known_headings()
    by_words = _known_words()
    words = _words(text)
    found = known.get(fold(text)) or by_words.get(words)
    return found or ("" if words & _OTHER_WORDS else by_words.get(words - _GUEST_WORDS, ""))


def _words(text: str) -> frozenset[str]:
    """Return the words of a heading as the words that they stand for, without those that say nothing."""
    plain = _UNTIL.sub(" until ", without_accents(text))
    return frozenset().union(*(_WORDS.get(word, {word}) for word in _WORD.findall(plain))) - _EMPTY_WORDS


def _date_order(form: str) -> str:
    letters = [part[0].lower() for part in re.split(r"[-/. ]", form)]
    return {"y": "ymd", "m": "mdy"}.get(letters[0], "dmy")


@cache
def _rows() -> list[tuple[str, str]]:
    """Return the headings of the table and their targets."""
    _titles, *lines = Path(__file__).with_name("headings.tsv").read_text(encoding="utf-8").splitlines()
    return [(heading, target) for heading, target, _source in (line.split("\t") for line in lines)]


@cache
def _known_headings() -> dict[str, str]:
    """Return the target of each folded heading."""
    return {fold(heading): target for heading, target in _rows()}


@cache
def _known_words() -> dict[frozenset[str], str]:
    """Return the target of the words of each heading, unless headings of the same words have different targets."""
    targets: dict[frozenset[str], set[str]] = {}
    for heading, target in _rows():
        targets.setdefault(_words(heading), set()).add(target)
    clear = {words: found - {f"{target}{_GENERAL}" for target in found} for words, found in targets.items() if words}
    return {words: found.pop() for words, found in clear.items() if len(found) == 1}


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
        problem = wrong_mapping(exc, SettingsFile(path, text))
    except SettingsProblem as exc:
        problem = exc
    if problem.advice == CORRECT_LINE:
        problem.advice = msg("Correct that line with a text editor. The form of a mapping: apoa help import")
    raise problem


def parse_default(text: str) -> tuple[str, str]:
    """Return the target and the value in a text such as ``birth_place=-``. Raises `UsageProblem`, without the value."""
    name, _sign, value = (part.strip() for part in text.partition("="))
    fields = msg("The fields are: {fields}", fields=", ".join(DEFAULT_TARGETS))
    if not name or not value:
        raise UsageProblem(msg("A value for empty cells needs the name of its field, such as birth_place=-"), fields)
    try:
        check_default(name, value)
    except WrongMapping as exc:
        if name in DEFAULT_TARGETS:
            raise UsageProblem(
                msg("The value for empty cells of {field} is not right: {problem}", field=name, problem=exc.problem)
            ) from None
        raise UsageProblem(msg("There is no field {name}.", name=name), fields) from None
    return name, value
