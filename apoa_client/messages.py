"""Sentences before they have a language.

The lower rooms know what happened but not who will read it, so they speak in `Message` values: an English sentence that
is also the catalogue's key (gettext's msgid), and the values that belong in it. Only the command line, which knows the
reader's language, turns one into text. The catalogue's tool finds these sentences by the names `msg` and `nmsg`.

Values may be personal data, so they never show in a ``repr``, and an exception carries a message without them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

_LITERAL = "{text}"


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence, not yet in a language.

    `template` is English with ``{name}`` places; `values` fills them (text, whole numbers, or further messages).
    `plural` and `count` are set where the sentence depends on a number.
    """

    template: str
    values: Mapping[str, "str | int | Message"] = field(default_factory=dict, repr=False)
    plural: str | None = None
    count: int = 0

    def render(
        self,
        gettext: Callable[[str], str] = str,
        ngettext: Callable[[str, str, int], str] | None = None,
        clean: Callable[[str], str] = str,
    ) -> str:
        """Say the sentence, translated by `gettext` and `ngettext`, with each text value passed through `clean`."""
        if self.template == _LITERAL:
            return clean(str(self.values["text"]))
        if self.plural is not None and ngettext is not None:
            sentence = ngettext(self.template, self.plural, self.count)
        elif self.plural is not None and self.count != 1:
            sentence = self.plural
        else:
            sentence = gettext(self.template)
        return sentence.format(
            **{
                name: value.render(gettext, ngettext, clean) if isinstance(value, Message) else clean(str(value))
                for name, value in self.values.items()
            }
        )

    def as_json(self) -> dict[str, Any]:
        """The message as JSON values, so that it can be kept and later be read in another language."""
        values = {name: v.as_json() if isinstance(v, Message) else v for name, v in self.values.items()}
        return {"template": self.template, "values": values, "plural": self.plural, "count": self.count}


def msg(template: str, /, **values: str | int | Message) -> Message:
    """A sentence with its values; the one spelling that the catalogue's extraction looks for."""
    return Message(template, values)


def nmsg(one: str, many: str, count: int, /, **values: str | int | Message) -> Message:
    """A sentence that depends on a number, which is also its value ``{count}``."""
    return Message(one, {"count": count, **values}, many, count)


def literal(text: str) -> Message:
    """Somebody else's words (an authority's, say): never translated, never formatted."""
    return Message(_LITERAL, {"text": text})


def listed(parts: Sequence[Message]) -> Message:
    """Messages with commas between them, each in the reader's language."""
    first, *others = parts
    return msg("{first}, {others}", first=first, others=listed(others)) if others else first


def month_name(day: "date") -> Message:
    """Return the short name of a date's month."""
    return _MONTHS[day.month - 1]


def day_message(day: "date") -> Message:
    """Return a date with its month's name, such as 24 Nov 2026, because not everybody reads 05/06 alike."""
    return msg("{day} {month} {year}", day=day.day, month=month_name(day), year=day.year)


def from_json(value: Mapping[str, Any]) -> Message:
    """The message that `Message.as_json` kept."""
    values = {name: from_json(v) if isinstance(v, dict) else v for name, v in value["values"].items()}
    return Message(value["template"], values, value["plural"], value["count"])


_MONTHS = (
    msg("Jan"), msg("Feb"), msg("Mar"), msg("Apr"), msg("May"), msg("Jun"),
    msg("Jul"), msg("Aug"), msg("Sep"), msg("Oct"), msg("Nov"), msg("Dec"),
)  # fmt: skip
