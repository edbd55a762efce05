"""The JSON Schemas of what commands print. Every test that reads a document through `CallResult.json` validates it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cli_helpers import Apoa, all_commands
from jsonschema import Draft202012Validator

from apoa_client.cli.documents.json_schemas import FORMS, json_schema
from apoa_client.cli.main import apoa as program


def test_every_command_with_json_has_a_schema() -> None:
    """And no other command has one."""
    with_json = {
        "-".join(path)
        for path, context in all_commands(program)
        if any("--json" in option.opts for option in context.command.params)
    }
    assert set(FORMS) == with_json


def parts_of(value: Any) -> Iterator[dict[str, Any]]:
    """Yield each object in a schema."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts_of(each)


@pytest.mark.parametrize("name", FORMS)
def test_a_schema_is_closed_and_valid(name: str) -> None:
    """It is JSON Schema 2020-12, names itself, and no object may have a member that is not listed."""
    schema = json_schema(name)
    Draft202012Validator.check_schema(schema)
    described = [each for each in parts_of(schema) if "properties" in each and each.get("type") == "object"]
    assert all(each["additionalProperties"] is False for each in described)
    assert all(form["properties"]["schema"] == {"const": f"apoa/{name}/1"} for form in schema["anyOf"])
    references = {each["$ref"] for each in parts_of(schema) if "$ref" in each}
    assert references <= {f"#/$defs/{part}" for part in schema["$defs"]}


def test_the_command_prints_schemas(apoa: Apoa) -> None:
    """With a name its schema, without one the names; an unknown name is a wrong usage."""
    assert apoa("contract", "--json-schema").out.split() == list(FORMS)
    assert json.loads(apoa("contract", "--json-schema", "key-show").out) == json_schema("key-show")
    unknown = apoa("contract", "--json-schema", "demo")
    assert (unknown.code, unknown.out) == (2, "")
    assert "demo" in unknown.err


SAVED = [
    "id",
    "short_id",
    "stay_id",
    "kind",
    "state",
    "created_at",
    "due_at",
    "attempts",
    "last_error",
    "authenticated",
    "receipt",
    "photo",
]
"""The columns of a report that scripts rely on; their schemas derive from the same table as the documents."""


def test_the_columns_of_a_report(away: Apoa) -> None:
    """They do not change with the table, in a saved report, in one that was refused, and in an export."""
    saved, refused = away.save(), away("report", "--json").json
    for document in (saved, refused):
        assert [name for name in document if name in SAVED] == SAVED
    exported = json_schema("export")["anyOf"][0]["properties"]["reports"]["items"]["properties"]
    assert {*SAVED} - exported.keys() == {"authenticated", "photo"}
    assert exported["due_at"] == {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
