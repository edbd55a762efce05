"""The paragraphs of the contract that the checks quote.

The place of a paragraph in the OpenAPI document is a JSON pointer (RFC 6901), which stays the same when other parts of
the document change; the paragraph below it is found by its first words.
"""

import json
from typing import Any, NamedTuple

from jsonschema.exceptions import ValidationError

from apoa_client.authority.contract import FIELD_RULES, contract

_MAX_SCHEMA = 400
"""Characters of a schema that is quoted."""


class Paragraph(NamedTuple):
    """A paragraph of the contract, or a part of a schema. Without `start` it is the only one at that place.

    `rule` is a row of a table at that place, in words.
    """

    pointer: str
    start: str = ""
    rule: str = ""

    @property
    def text(self) -> str:
        """The words of the contract, on one line. Raises `LookupError` if the contract has no such paragraph."""
        if self.rule:
            return self.rule
        value = _value(self.pointer)
        if not isinstance(value, str):
            return json.dumps(value, ensure_ascii=False)[:_MAX_SCHEMA]
        for each in value.replace("\n- ", "\n\n").split("\n\n"):
            words = " ".join(each.removeprefix("- ").split())
            if words.startswith(self.start):
                return words
        raise LookupError(self.pointer)


BAD_REQUEST = Paragraph("/components/responses/BadRequest/description")
UNAUTHORIZED = Paragraph("/components/responses/Unauthorized/description")
FORBIDDEN = Paragraph("/components/responses/Forbidden/description")
NOT_FOUND = Paragraph("/components/responses/NotFound/description")
TOO_LARGE = Paragraph("/components/responses/TooLarge/description")
SERVER_ERROR = Paragraph("/components/responses/ServerError/description")
BODIES = Paragraph("/info/description", "Bodies are JSON")
ONCE = Paragraph("/info/description", "No object has a member twice")
ONE_RESULT_EACH = Paragraph("/paths/~1reports/post/description", "One result for each report")
IDEMPOTENT = Paragraph("/paths/~1reports/post/description", "Idempotent by id")
CANCEL = Paragraph("/components/schemas/Cancel/description")
RECEIPT = Paragraph("/components/schemas/Receipt/description")


def field_paragraph(field: str, code: str) -> Paragraph | None:
    """Return the row of the contract's rules for fields, or None if it has no such code at the field."""
    words = (f"{field}, {code} ({each.severity}): {each.rule}" for each in FIELD_RULES if each[:2] == (field, code))
    row = next(words, None)
    return None if row is None else Paragraph("/components/schemas/Violation/description", rule=row)


def schema_paragraph(schema: str, error: ValidationError) -> Paragraph:
    """Return the part of the contract's `schema` that a value breaks."""
    pointer, steps = f"/components/schemas/{schema}", list(error.absolute_schema_path)
    for number, step in enumerate(steps if error.validator in {"required", "pattern"} else steps[:-1]):
        if step == "if" and steps[number + 1] in {"then", "else"}:  # which stand beside it
            continue
        pointer += f"/{step}"
        value = _value(pointer)
        if isinstance(value, dict) and "$ref" in value:
            pointer = value["$ref"].removeprefix("#")
    return Paragraph(pointer)


def _value(pointer: str) -> Any:  # noqa: ANN401  JSON
    value: Any = contract()
    for step in pointer.split("/")[1:]:
        value = value[int(step) if isinstance(value, list) else step.replace("~1", "/").replace("~0", "~")]
    return value
