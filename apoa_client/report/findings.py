"""Findings: what is wrong with a report or worth a warning, whether this program or the authority found it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from apoa_client.errors import DataRefused
from apoa_client.messages import Message, from_json, msg, nmsg
from apoa_client.privacy import repr_with


@repr_with("field", "code")
class Finding(NamedTuple):
    """One finding about one field.

    `field` is a path in the contract's JSON ("guest.document.number"), or "" for the whole report. `code` is one of the
    codes that the command line documents, or the authority's own. `suggestion` is a value that would be correct.
    """

    field: str
    code: str
    message: Message
    suggestion: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON values, which are stored sealed; the message can still be translated."""
        return {
            "field": self.field,
            "code": self.code,
            "message": self.message.as_json(),
            "suggestion": self.suggestion,
        }


def finding_from_json(value: Mapping[str, Any]) -> Finding:
    """Return the finding from the JSON values of `Finding.as_json`."""
    return Finding(value["field"], value["code"], from_json(value["message"]), value["suggestion"])


class Unreadable(ValueError):
    """A typed text is no value of its kind. `code` is that of a finding; `suggestion` is a value that may be meant."""

    def __init__(self, code: str, message: Message, suggestion: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.suggestion = suggestion


class ReportRefused(DataRefused):
    """A draft has errors, so that no report was saved. `errors` and `warnings` are all findings."""

    name = "report_refused"

    def __init__(
        self, errors: Sequence[Finding], warnings: Sequence[Finding] = (), advice: Message | None = None
    ) -> None:
        if any(error.code == "not_foreign" for error in errors):
            super().__init__(msg("Nothing was saved, and nothing needs to be saved."))
        else:
            super().__init__(
                nmsg(
                    "Nothing was saved: {count} thing must be corrected first.",
                    "Nothing was saved: {count} things must be corrected first.",
                    len(errors),
                ),
                advice or msg("Correct what is listed and run the command again."),
            )
        self.errors = tuple(errors)
        self.warnings = tuple(warnings)
