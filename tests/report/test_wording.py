"""Days as they are said: a month's name in the reader's language, and no order of numbers to mistake."""

from calendar import month_abbr
from datetime import date

from apoa_client.messages import from_json, msg
from apoa_client.report.wording import day_message, month


def test_every_month_has_its_name() -> None:
    """In the order of the year."""
    assert [month(date(2026, number, 1)).render() for number in range(1, 13)] == list(month_abbr)[1:]


def test_a_day_inside_a_sentence() -> None:
    """The month is put into the reader's language, also where the sentence was kept in between."""
    sentence = msg("until {day}", day=day_message(date(2026, 12, 2)))
    assert sentence.render() == "until 2 Dec 2026"
    indonesian = {"until {day}": "sampai {day}", "Dec": "Des"}
    kept = from_json(sentence.as_json())
    assert kept.render(lambda english: indonesian.get(english, english)) == "sampai 2 Des 2026"
