"""What is wrong, or worth knowing, about a report: the same form whether we found it or the authority did."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apoa_client.errors import DataRefused
from apoa_client.messages import Message, from_json, msg, nmsg


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on one field.

    `field` is a path in the contract's JSON ("guest.document.number"), or "" for the whole report. `code` is one of the
    codes that the command line promises, or the authority's own. `suggestion` is a value that would mend it.
    """

    field: str
    code: str
    message: Message = dataclasses.field(repr=False)
    suggestion: str | None = dataclasses.field(default=None, repr=False)

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON values, for keeping (sealed); the message stays translatable."""
        return {
            "field": self.field,
            "code": self.code,
            "message": self.message.as_json(),
            "suggestion": self.suggestion,
        }


def finding_from_json(value: Mapping[str, Any]) -> Finding:
    """The finding that `Finding.as_json` kept."""
    return Finding(value["field"], value["code"], from_json(value["message"]), value["suggestion"])


class ReportRefused(DataRefused):
    """A draft that cannot be filed as it is. `errors` and `warnings` are every finding at once."""

    def __init__(self, errors: Sequence[Finding], warnings: Sequence[Finding] = ()) -> None:
        if any(error.code == "not_foreign" for error in errors):
            super().__init__(msg("Nothing was saved, and nothing has to be."))
        else:
            super().__init__(
                nmsg(
                    "Nothing was saved: {count} thing must be corrected first.",
                    "Nothing was saved: {count} things must be corrected first.",
                    len(errors),
                ),
                msg("Correct what is listed and run the command again."),
            )
        self.errors = tuple(errors)
        self.warnings = tuple(warnings)
