"""Findings: what is wrong with a report or worth a warning, whether this program or the authority found it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from apoa_client.errors import DataRefused
from apoa_client.messages import Message, from_json, msg, nmsg
from apoa_client.texts import repr_with


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


_EXPIRED = "The document has expired. Ask the guest for a valid one; without one, it is reported anyway."

REWORDED = {
    "The guest is under 18, and no adult is reported along with them for the same room and nights. Make sure that an "
    "adult is there; Indonesian parents, for one, are not reported.": (
        "The guest is under 18. Make sure that an adult is in the same room on each night; Indonesian parents, for "
        "example, are not reported."
    ),
    "The guest is under 18, and no adult is reported along with them for the same room and nights. Make sure that "
    "an adult is there; Indonesian parents, for example, are not reported.": (
        "The guest is under 18. Make sure that an adult is in the same room on each night; Indonesian parents, for "
        "example, are not reported."
    ),
    "The check-in is more than 24 hours ago: the report is late. It is sent all the same.": (
        "The check-in is more than 24 hours ago: the report is late. It is saved anyway."
    ),
    "The passport's issuing state is not the nationality. That happens (refugees, for one); please compare.": (
        "The passport's issuing state is not the nationality. That is possible, for example for refugees; please "
        "compare."
    ),
    "No visa or stay permit was given. It is optional; immigration officers ask for it.": (
        "No visa or stay permit was given. It is optional; an officer may ask for it."
    ),
    "The stay permit ends before the planned check-out. An overstay costs the guest Rp1,000,000 a day, and after 60 "
    "days deportation (PP 28/2019, UU 6/2011 art. 78). Tell the guest.": (
        "The stay permit ends before the planned check-out. An overstay costs Rp1,000,000 a day up to 60 days, then "
        "deportation, and earlier if it is not paid (UU 6/2011 art. 78, PP 45/2024). Tell the guest politely, and ask "
        "your immigration office."
    ),
    "The passport has expired. It is reported all the same; tell the guest.": _EXPIRED,
    "The passport has expired. It is reported anyway; tell the guest.": _EXPIRED,
    "Each check digit fits but the last, which covers all the others. Compare line {line} with the page: perhaps {new} "
    "in place of {old}, at character {position}.": (
        "Only the last check digit, which covers all the others, does not fit. Compare line {line} with the page: "
        "perhaps {new} in place of {old}, at character {position}."
    ),
}
"""Templates of stored warnings in an earlier wording, with those of today: the catalogue translates only the latter.

Add a line when the English wording of a warning changes, else the warnings stored before are shown in English only.
"""


def finding_from_json(value: Mapping[str, Any]) -> Finding:
    """Return the finding from the JSON values of `Finding.as_json`, in today's wording."""
    return Finding(value["field"], value["code"], from_json(value["message"], _reworded), value["suggestion"])


def _reworded(template: str) -> str:
    """Return a template in today's wording. By hand nothing is sent, so warnings do not say so any more."""
    return REWORDED.get(template, template).replace(" is sent anyway", " is saved anyway")


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
