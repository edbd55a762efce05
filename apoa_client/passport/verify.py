"""Verification of the check digits of an MRZ (ICAO Doc 9303-3 §4.9).

In this module `text` is the joined lines of a layout: it has the layout's length and only characters of the alphabet.
"""

from apoa_client.passport.check_digits import DIGITS, character_values, failing_digits, weighted_sum
from apoa_client.passport.layouts import COMPOSITE, Check, Layout, joined
from apoa_client.passport.long_numbers import long_number


def checks_of(layout: Layout, text: str) -> tuple[Check, ...]:
    """Return the layout's checks; the check of a long document number covers all of the number."""
    long = long_number(layout, text)
    if long is None:
        return layout.checks
    return tuple(long.check if check.name == long.check.name else check for check in layout.checks)


def failing_checks(layout: Layout, text: str) -> list[str]:
    """Return the names of the fields whose check digit is wrong, with `COMPOSITE` for the one over several fields."""
    numbers = character_values(text)
    wrong = failing_digits(layout.digit_checks, text, numbers)
    return wrong and confirm_failing(layout, text, numbers, wrong)


def confirm_failing(layout: Layout, text: str, numbers: bytes, wrong: list[str]) -> list[str]:
    """Return those of the `wrong` checks that are wrong even where a filler is allowed or a number is long."""
    if layout.overflows:
        return [c.name for c in checks_of(layout, text) if c.name in wrong and not digit_is_correct(c, text, numbers)]
    return [
        name
        for name in wrong
        if text[layout.check[name].digit] != "<" or not digit_is_correct(layout.check[name], text, numbers)
    ]


def digit_is_correct(check: Check, text: str, numbers: bytes | None = None) -> bool:
    """Return whether one check digit is correct. `numbers` are the values of `text`, if the caller has them."""
    if numbers is None:
        numbers = character_values(text)
    given = text[check.digit]
    if given == "<":
        return check.filler_allowed and not any(text[span].strip("<") for span in check.spans)
    if given == DIGITS[weighted_sum(check.take(numbers))]:
        return True
    return check.otherwise != () and given == DIGITS[weighted_sum(joined(check.otherwise)(numbers))]


def composite_digit(layout: Layout, text: str) -> str | None:
    """Return the correct composite check digit; None where the format has none."""
    check = layout.check.get(COMPOSITE)
    return None if check is None else DIGITS[weighted_sum(check.take(character_values(text)))]
