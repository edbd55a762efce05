"""Days as they are said, in no language yet: the month by its name, because not everybody reads 05/06 alike."""

from datetime import date

from apoa_client.messages import Message, msg

_MONTHS = (
    msg("Jan"), msg("Feb"), msg("Mar"), msg("Apr"), msg("May"), msg("Jun"),
    msg("Jul"), msg("Aug"), msg("Sep"), msg("Oct"), msg("Nov"), msg("Dec"),
)  # fmt: skip


def month(day: date) -> Message:
    """The name of a day's month, short."""
    return _MONTHS[day.month - 1]


def day_message(day: date) -> Message:
    """A day, such as 24 Nov 2026: a sentence, or a value of one."""
    return msg("{day} {month} {year}", day=day.day, month=month(day), year=day.year)
