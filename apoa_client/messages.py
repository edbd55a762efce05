"""Messages that are translated later.

The lower layers do not know the reader's language, so they return `Message` values: an English sentence that is also
the key in the catalogue (gettext's msgid), and the values for its placeholders. Only the command line turns a message
into text. The catalogue's extractor finds the sentences by the function names `msg` and `nmsg`.

Values may be personal data, so they are not part of a ``repr`` nor of an exception's text.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta

_LITERAL, _FOREIGN = "{text}", "{foreign}"


class Message:
    """One sentence that is not translated yet.

    `template` is English with ``{name}`` placeholders, and `values` has their values: text, integers, or messages.
    `plural` and `count` are set if the sentence depends on a number.
    """

    # Not a dataclass: the import alone costs each start of the program 1 ms.
    __slots__ = ("count", "plural", "template", "values")

    def __init__(
        self,
        template: str,
        values: "Mapping[str, str | int | Message] | None" = None,
        plural: str | None = None,
        count: int = 0,
    ) -> None:
        self.template = template
        self.values = {} if values is None else values
        self.plural = plural
        self.count = count

    def __repr__(self) -> str:
        return f"Message({self.template!r}, …)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        ours = (self.template, self.values, self.plural, self.count)
        return ours == (other.template, other.values, other.plural, other.count)

    def __hash__(self) -> int:
        return hash((self.template, self.plural, self.count))

    def render(
        self,
        gettext: Callable[[str], str] = str,
        ngettext: Callable[[str, str, int], str] | None = None,
        sanitize: Callable[[str], str] = str,
    ) -> str:
        """Return the text, translated by `gettext` and `ngettext`, with `sanitize` applied to each text value."""
        if self.template in {_LITERAL, _FOREIGN}:
            words = str(self.values["text"])
            return sanitize(gettext(words) if words and self.template == _FOREIGN else words)
        if self.plural is not None and ngettext is not None:
            sentence = ngettext(self.template, self.plural, self.count)
        elif self.plural is not None and self.count != 1:
            sentence = self.plural
        else:
            sentence = gettext(self.template)
        return sentence.format(
            **{
                name: value.render(gettext, ngettext, sanitize) if isinstance(value, Message) else sanitize(str(value))
                for name, value in self.values.items()
            }
        )

    def as_json(self) -> dict[str, Any]:
        """Return the message as JSON values, to be stored and rendered later in any language."""
        values = {name: v.as_json() if isinstance(v, Message) else v for name, v in self.values.items()}
        return {"template": self.template, "values": values, "plural": self.plural, "count": self.count}


def msg(template: str, /, **values: str | int | Message) -> Message:
    """Return a message with its values."""
    return Message(template, values)


def nmsg(one: str, many: str, count: int, /, **values: str | int | Message) -> Message:
    """Return a message that depends on a number, which is also its value ``{count}``."""
    return Message(one, {"count": count, **values}, many, count)


def literal(text: str) -> Message:
    """Return a message with foreign text, such as the authority's, which is neither translated nor formatted."""
    return Message(_LITERAL, {"text": text})


def foreign(text: str) -> Message:
    """Return a message with an authority's text, which is shown as it is, or translated if the catalogue has it.

    The training authority's sentences are in the catalogue.
    """
    return Message(_FOREIGN, {"text": text})


def N_(text: str) -> str:  # noqa: N802  gettext's own name for a sentence that is translated later
    """Mark a sentence for the catalogue; it is translated when it is shown."""
    return text


def listed(parts: Sequence[Message]) -> Message:
    """Return one message that lists these, with commas between them."""
    first, *others = parts
    return msg("{first}, {others}", first=first, others=listed(others)) if others else first


def month_name(day: "date") -> Message:
    """Return the short name of a date's month."""
    return _MONTHS[day.month - 1]


def day_message(day: "date") -> Message:
    """Return a date with its month's name, such as 24 Nov 2026, because not everybody reads 05/06 alike."""
    return msg("{day} {month} {year}", day=day.day, month=month_name(day), year=day.year)


def duration_message(time: "timedelta") -> Message:
    """Return a length of time, at least a minute, in the largest unit of which there are two: 119 minutes, 2 days."""
    minutes = max(round(time.total_seconds() / 60), 1)
    if minutes < 2 * 60:
        return nmsg("{count} minute", "{count} minutes", minutes)
    if minutes < 2 * 24 * 60:
        return nmsg("{count} hour", "{count} hours", round(minutes / 60))
    return nmsg("{count} day", "{count} days", round(minutes / (24 * 60)))


def time_message(moment: "datetime") -> Message:
    """Return the time of day, 19:50 in English and 19.50 in Indonesian."""
    hour, minute = f"{moment.hour:02}", f"{moment.minute:02}"
    return msg("{hour}:{minute}", hour=hour, minute=minute)


def decimal_message(value: float) -> Message:
    """Return a number with one digit after the point, 2.5 in English and 2,5 in Indonesian."""
    whole, fraction = f"{value:.1f}".split(".")
    return msg("{whole}.{fraction}", whole=whole, fraction=fraction)


def moment_message(moment: "datetime") -> Message:
    """Return the day, the time and the zone (WIB, WITA, WIT) of a moment that is in its zone."""
    zone = moment.tzname() or ""
    return msg("{day} {time} {zone}", day=day_message(moment), time=time_message(moment), zone=zone)


def from_json(value: Mapping[str, Any], reworded: Callable[[str], str] = str) -> Message:
    """Return the message that `Message.as_json` stored, with each template as `reworded` returns it."""
    values = {name: from_json(v, reworded) if isinstance(v, dict) else v for name, v in value["values"].items()}
    return Message(reworded(value["template"]), values, value["plural"], value["count"])


_MONTHS = (
    msg("Jan"), msg("Feb"), msg("Mar"), msg("Apr"), msg("May"), msg("Jun"),
    msg("Jul"), msg("Aug"), msg("Sep"), msg("Oct"), msg("Nov"), msg("Dec"),
)  # fmt: skip
