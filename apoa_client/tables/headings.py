"""What the headings of a table mean: `headings.tsv` has those of guest books, booking systems and official forms.

A heading is compared without case, accents, blanks and signs. If the whole is not known, its parts are compared: forms
have two languages (``Nama keluarga / Surname``), also in another script (TM30), remarks in brackets, and the order of a
date (``DD/MM/YYYY``).

`headings.tsv` has the heading, the target, and where the heading was found. A heading that means something else than it
seems has the target ``ignore``: the country where a guest booked is not the nationality.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from apoa_client.matching import fold

_PARTS = re.compile(r"[/|()\[\]\n\r;:*]+|\s-\s")
_END_OF_LATIN = 0x250
"""Of Latin Extended-B (Unicode 15, Blocks.txt)."""
_ORDER = re.compile(
    r"\b(?:d{1,2}[-/. ]m{1,2}[-/. ]y{2,4}|m{1,2}[-/. ]d{1,2}[-/. ]y{2,4}|y{2,4}[-/. ]m{1,2}[-/. ]d{1,2}"
    r"|(?:hari|tgl|tanggal|day)/(?:bulan|bln|month)/(?:tahun|thn|year)|month/day/year|year/month/day"
    r"|g{1,2}[-/. ]m{1,2}[-/. ]a{2,4})\b",
    re.IGNORECASE,
)


class Heading(NamedTuple):
    """What a heading means: a target of a column, or empty; and the order of dates that it states, or empty."""

    target: str
    date_order: str = ""


def parse_heading(text: str) -> Heading:
    """Return what a heading means. The target is empty if it is not known, or if its parts mean different targets."""
    order = _ORDER.search(text)
    plain = text if order is None else text.replace(order[0], " ")
    return Heading(_target(plain), _date_order(order[0]) if order is not None else "")


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
