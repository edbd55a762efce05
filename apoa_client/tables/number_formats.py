"""How a spreadsheet program shows a number: with zeros in front, or in another form.

A passport 012345678 in a cell with the format ``000000000`` is stored as 12345678, so what is read is what the user
sees: ``012345678``. A number in any other form that is not plain is a `HiddenNumber`.
"""

import re

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
_NO_CHARACTER = re.compile(r'_.|\* |\\ |" *"|\[(?![<>=]|\$[^-])[^\]]*\]', re.DOTALL)
"""What a format has for the width, the colour or the language, such as the blank of ``0_);(0)``."""
_ZEROS = re.compile(r"0+")
"""A format that shows whole numbers with zeros in front."""
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
    """Return what a cell with a number shows by a format that is not plain: zeros in front, or a `HiddenNumber`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _MOST_EXACT:
        return value
    sections = _NO_CHARACTER.sub("", code).split(";")  # of positive and of negative numbers, of zero, of texts
    section = (sections[2] if value == 0 and len(sections) > 2 else sections[0]).strip()  # noqa: PLR2004  that of zero
    if section and is_plain(section) and value == int(value):
        return value
    if _ZEROS.fullmatch(section) is None or value != int(value):
        return HiddenNumber(value)
    plain = str(int(value))
    shown = plain.zfill(len(section))
    return value if shown == plain else shown


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
