"""How a spreadsheet program shows a number: with zeros in front, with other signs, or rounded.

A passport 012345678 in a cell with the format ``000000000`` is stored as 12345678, so what is read is what the user
sees: ``012345678``. A number that is shown without some of its digits is a `HiddenNumber`.
"""

import re
from functools import lru_cache

from apoa_client.tables.rows import CellValue, HiddenNumber

BUILT_IN_FORMATS = {
    **dict.fromkeys(map(str, (*range(14, 23), *range(45, 48))), "d"),
    "9": "0%",
    "10": "0.00%",
    "11": "0.00E+00",
    "12": "# ?/?",
    "13": "# ??/??",
    "46": "[h]:mm:ss",
    "48": "##0.0E+0",
}
"""The formats that a workbook does not define (ECMA-376 part 1, 18.8.30) and that do not show a number as it is.

Any format of a day or a time stands for those of days and times.
"""
_PLAIN = frozenset({"", "general", "standard", "0", "#", "@", "#,##0", "0.00", "#,##0.00"})
_MOST_EXACT = 10**15
_CACHED = 1024
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<blank>.)|\*(?P<fill>.)|\[(?P<condition>[<>=][^\]]*)\]|\[[^\]]*\]'
    r"|(?P<general>general|standard)|(?P<digits>[0#?]+)|(?P<sign>[%@]|E[+-])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
"""The parts of a section of a format (ECMA-376 part 1, 18.8.31)."""
_GROUPING = frozenset(" .,'_\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{RIGHT SINGLE QUOTATION MARK}")
_FRACTION = re.compile(r"(.*)[.,]0+", re.DOTALL)


_NO_PART_OF_A_DATE = re.compile(r'"[^"]*"|\[(?!(?:hh?|mm?|ss?)\])[^\]]*\]|[_\\].', re.IGNORECASE)


_LENGTH_OF_TIME = re.compile(r"\[(?:hh?|mm?|ss?)\]", re.IGNORECASE)


def is_length_format(code: str) -> bool:
    """Return whether a format shows a number as hours, minutes or seconds without days, such as 24:30."""
    return _LENGTH_OF_TIME.search(code.partition(";")[0]) is not None


def is_date_format(code: str) -> bool:
    """Return whether a format shows a number as a day or a time."""
    return re.search("[dmhys]", _NO_PART_OF_A_DATE.sub("", code.partition(";")[0]), re.IGNORECASE) is not None


def is_plain(code: str) -> bool:
    """Return whether a format shows each number as it is."""
    return code.casefold() in _PLAIN


def as_formatted(value: CellValue, code: str) -> CellValue:
    """Return what a cell with a number shows by its format: the number, a text, or a `HiddenNumber`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _MOST_EXACT:
        return value
    return _formatted(value, code)


@lru_cache(_CACHED)
def _formatted(value: float, code: str) -> CellValue:
    sections = re.findall(r'(?:"[^"]*"|\\.|[^;"\\])*', code)[::2]  # after each section there is an empty match
    section = sections[2] if value == 0 and len(sections) > 2 else sections[0]  # noqa: PLR2004  the third is that of 0
    parts = _parts(section)
    places = [index for index, (_text, is_number) in enumerate(parts) if is_number]
    if not places:
        return HiddenNumber(value)
    between = "".join(text for text, is_number in parts[places[0] : places[-1] + 1] if not is_number)
    is_scaled = parts[places[-1] + 1 : places[-1] + 2] == [(",", False)]
    if is_scaled or not set(between).isdisjoint(".,/"):
        decimals = len(parts[places[-1]][0]) if "." in between else 0
        return HiddenNumber(value) if is_scaled or round(value, decimals) != value else value
    if value != int(value):
        return value if parts[places[0]][0].isalpha() else HiddenNumber(value)
    return _filled(int(value), parts)


def _parts(section: str) -> list[tuple[str, bool]]:
    """Return the places of digits (true) and the texts of a section; none of one that shows no number as it is."""
    parts: list[tuple[str, bool]] = []
    for match in _TOKEN.finditer(section):
        kind = match.lastgroup or ""
        if kind in {"sign", "condition"}:
            return []
        if kind not in {"", "blank", "fill"}:
            parts.append((match[kind], kind in {"digits", "general"}))
    return parts


def _filled(value: int, parts: list[tuple[str, bool]]) -> CellValue:
    """Return a whole number in its places, from the right; the number itself if that is all."""
    places = "".join(text for text, is_number in parts if is_number and not text.isalpha())
    least = len(places) - places.index("0") if "0" in places else 0
    left = str(value).zfill(least)
    shown = ""
    numbers = sum(is_number for _text, is_number in parts)
    for text, is_number in reversed(parts):
        if not is_number:
            shown = text + shown
            continue
        numbers -= 1
        size = len(text) if numbers and not text.isalpha() else len(left)
        shown = left[max(0, len(left) - size) :] + shown
        left = left[: max(0, len(left) - size)]
    return value if shown.strip() == str(value) else shown.strip()


def as_shown(value: CellValue, text: str, *, is_amount: bool = False) -> CellValue:
    """Return what a cell with a number shows: `text`. An amount of money is the number, whatever its sign."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _MOST_EXACT:
        return value
    shown, plain = text.strip(), str(int(value) if value == int(value) else value)
    if not shown or shown == plain or is_amount:
        return value
    whole = _FRACTION.fullmatch(shown)
    digits = re.sub(r"\D", "", shown)
    if digits.lstrip("0") != re.sub(r"\D", "", plain).lstrip("0"):
        return value if whole is not None and re.sub(r"\D", "", whole[1]) == plain else HiddenNumber(value)
    if value != int(value) or (digits == plain and not set(shown) - set(plain) - _GROUPING):
        return value
    return shown
