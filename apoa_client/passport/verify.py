"""Which check digits of an MRZ fit. Source: ICAO Doc 9303-3 §4.9.

Everywhere here `text` is the joined lines of a layout: of its length, and in the MRZ's alphabet.
"""

from apoa_client.passport.check_digits import DIGITS, failing_digits, values, weighted_sum
from apoa_client.passport.layouts import COMPOSITE, Check, Layout, joined
from apoa_client.passport.long_numbers import long_number


def checks_of(layout: Layout, text: str) -> tuple[Check, ...]:
    """The layout's checks, with the number's over all of it where it goes on in the optional data."""
    long = long_number(layout, text)
    if long is None:
        return layout.checks
    return tuple(long.check if check.name == long.check.name else check for check in layout.checks)


def failing_checks(layout: Layout, text: str) -> list[str]:
    """The names of the fields whose check digit does not fit, with `COMPOSITE` for the one over several of them."""
    numbers = values(text)
    wrong = failing_digits(layout.digit_checks, text, numbers)
    return wrong and confirm_failing(layout, text, numbers, wrong)


def confirm_failing(layout: Layout, text: str, numbers: bytes, wrong: list[str]) -> list[str]:
    """Of the checks that a quick look finds wrong, those that are: a filler may stand for a digit, a number go on."""
    if layout.overflows:
        return [c.name for c in checks_of(layout, text) if c.name in wrong and not digit_is_correct(c, text, numbers)]
    return [
        name
        for name in wrong
        if text[layout.check[name].digit] != "<" or not digit_is_correct(layout.check[name], text, numbers)
    ]


def digit_is_correct(check: Check, text: str, numbers: bytes | None = None) -> bool:
    """Whether one check digit fits. `numbers` are the values of `text`, where they are known already."""
    if numbers is None:
        numbers = values(text)
    given = text[check.digit]
    if given == "<":
        return check.filler_allowed and not any(text[span].strip("<") for span in check.spans)
    if given == DIGITS[weighted_sum(check.take(numbers))]:
        return True
    return check.otherwise != () and given == DIGITS[weighted_sum(joined(check.otherwise)(numbers))]


def composite_digit(layout: Layout, text: str) -> str | None:
    """The composite check digit as it should be; None where the format has none."""
    check = layout.check.get(COMPOSITE)
    return None if check is None else DIGITS[weighted_sum(check.take(values(text)))]
