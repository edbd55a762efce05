"""The contract as a document: valid, with valid examples, and followed by the sandbox."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from apoa_client.authority import answers
from apoa_client.authority.contract import contract_text
from apoa_client.authority.http_errors import HttpResponse, error_for, photo_refusal
from apoa_client.errors import (
    AccountSuspended,
    AuthorityBusy,
    CallRefused,
    NotTheAuthority,
    TooLarge,
    UnknownOutcome,
    WrongPassword,
)
from apoa_client.ports.authority import MAX_PHOTO_BYTES

Openapi = dict[str, Any]
METHODS = {"get", "post", "put"}
NAMES = {
    *("Token", "Meta", "CodeTable", "Report", "CheckIn", "CheckOut", "Amend", "Cancel", "Guest", "Document"),
    *("StayPermit", "Stay", "ReportsRequest", "ReportsAnswer", "Result", "PhotoAnswer", "Receipt", "Violation"),
    "Problem",
}
SENT = ["TokenRequest", "ReportsRequest", "CheckIn", "CheckOut", "Amend", "Cancel"]
SENT_WITHIN = ["Guest", "Document", "StayPermit", "Stay"]


def validator(openapi: Openapi, schema: dict[str, Any] | str) -> Draft202012Validator:
    """A validator of one schema of the contract that resolves its references."""
    root = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
    return Draft202012Validator(
        {**root, "components": openapi["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def operations(openapi: Openapi) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in openapi["paths"].items():
        for method, operation in item.items():
            assert method in METHODS
            yield path, method, operation


def resolved(openapi: Openapi, value: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in value:
        target: Any = openapi
        for name in value["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        value = target
    return value


def contents(openapi: Openapi) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body of the contract, sent or answered, with its place."""
    for path, method, operation in operations(openapi):
        bodies = {"request": operation["requestBody"]} if "requestBody" in operation else {}
        for name, body in (bodies | operation["responses"]).items():
            for kind, content in resolved(openapi, body).get("content", {}).items():
                yield f"{method} {path} {name} {kind}", content


@pytest.mark.slow
def test_is_valid_openapi(openapi: Openapi) -> None:
    """The document is OpenAPI 3.1 by the specification's own schema."""
    import schemathesis  # takes seconds

    assert openapi["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(openapi).validate()


def test_schemas_are_json_schema(openapi: Openapi) -> None:
    """Each component is a JSON Schema of 2020-12, and the referenced ones exist."""
    schemas = openapi["components"]["schemas"]
    assert schemas.keys() >= NAMES
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


def test_says_whose_it_is() -> None:
    """It says that it is not an interface of Immigration."""
    text = " ".join(contract_text().split())
    assert "apoa-client's own open contract" in text
    assert "not an official interface of APOA" in text


def test_examples_are_valid(openapi: Openapi) -> None:
    """Every request and every answer has examples, and each is valid."""
    for place, content in contents(openapi):
        assert content["examples"], place
        for name, example in content["examples"].items():
            errors = [each.message for each in validator(openapi, content["schema"]).iter_errors(example["value"])]
            assert errors == [], f"{place} {name}"


def test_examples_of_answers_are_parsed(openapi: Openapi) -> None:
    """The client's own parser, which uses no schema, accepts each example of an answer."""
    examples = {
        place: example["value"]
        for place, content in contents(openapi)
        for example in content["examples"].values()
        if " 200 application/json" in place
    }
    answers.read_token(examples["post /oauth/token 200 application/json"])
    answers.read_meta(examples["get /meta 200 application/json"])
    answers.read_codes(examples["get /codes/{table} 200 application/json"], "stay_permits", None)
    photo = examples["put /reports/{id}/photo 200 application/json"]
    answers.check_photo(photo, photo["id"], photo["sha256"])
    answers.read_receipt(examples["get /reports/{id}/receipt 200 application/json"])
    day = examples["get /receipts/{day} 200 application/json"]
    assert answers.read_daily_receipt([day], date(2026, 11, 24)).receipts.keys() == {day["reports"][0]["id"]}
    mixed = examples["post /reports 200 application/json"]
    assert len(answers.read_results(mixed, [each["id"] for each in mixed["results"]])) == 4


ERRORS = {
    "400": CallRefused,
    "401": WrongPassword,
    "403": AccountSuspended,
    "413": TooLarge,
    "415": NotTheAuthority,
    "429": AuthorityBusy,
    "500": UnknownOutcome,
    "503": AuthorityBusy,
}


def test_examples_of_errors_are_understood(openapi: Openapi) -> None:
    """Each documented error is the client's class of error; of a photo it is a refusal, and 404 is "not there".

    The client never shows a 415: it sends again without gzip.
    """
    for place, content in contents(openapi):
        _method, path, status, kind = place.split()
        for example in content["examples"].values() if status.startswith(("4", "5")) else ():
            headers = {"content-type": kind, "retry-after": "30"}
            response = HttpResponse(int(status), headers, json.dumps(example["value"]).encode())
            if "photo" in path and status in {"400", "404", "409", "413"}:
                assert photo_refusal(response) is not None, place
            else:
                assert response.is_not_found or type(error_for(response)) is ERRORS[status], place


def test_photo_of_the_example_has_the_hash_of_the_example(openapi: Openapi, example_photo: bytes) -> None:
    """The limit is that of the client, too."""
    operation = openapi["paths"]["/reports/{id}/photo"]["put"]
    answer = operation["responses"]["200"]["content"]["application/json"]["examples"]["photo"]["value"]
    assert answer["sha256"] == hashlib.sha256(example_photo).hexdigest()
    assert operation["requestBody"]["content"]["image/jpeg"]["schema"]["maxLength"] == MAX_PHOTO_BYTES


def test_errors_are_problems(openapi: Openapi) -> None:
    """Every error is a problem (RFC 9457), of a token also one of OAuth; 429 and 503 may have a wait."""
    for path, method, operation in operations(openapi):
        assert {"200", "401", "403", "429", "500", "503"} <= operation["responses"].keys(), f"{method} {path}"
        for status, response in operation["responses"].items():
            whole = resolved(openapi, response)
            if int(status) >= 400:
                of_oauth = {"application/json"} if path == "/oauth/token" and status in {"400", "401"} else set()
                assert whole["content"].keys() == {"application/problem+json"} | of_oauth
            assert ("Retry-After" in whole.get("headers", {})) is (status in {"429", "503"})


def test_security(openapi: Openapi) -> None:
    """The token needs the password, and everything else the token."""
    assert openapi["security"] == [{"bearer": []}]
    assert openapi["paths"]["/oauth/token"]["post"]["security"] == [{"basic": []}]


@pytest.mark.parametrize("name", [*SENT, *SENT_WITHIN])
def test_what_is_sent_is_closed(openapi: Openapi, name: str) -> None:
    """Unknown members are not allowed in a request, and none may be missing."""
    schema = openapi["components"]["schemas"][name]
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == schema["properties"].keys()


@given(junk=st.dictionaries(st.sampled_from(["status", "receipt", "errors", "retry_after"]), st.none() | st.just("x")))
def test_reader_and_schema_agree_on_what_is_broken(openapi: Openapi, junk: dict[str, Any]) -> None:
    """A result that the schema refuses is refused by the client too."""
    result = {
        "id": "0199c2a4-7d1e-7b3c-9d55-0a4f1c2e8b11",
        "status": "pending",
        "receipt": None,
        "errors": [],
        "warnings": [],
        "retry_after": None,
    } | junk
    try:
        answers.read_result(result, result["id"])
    except NotTheAuthority:
        understood = False
    else:
        understood = True
    assert understood == validator(openapi, "Result").is_valid(result)
