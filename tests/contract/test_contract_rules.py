"""The rules of the contract that are data: the OpenAPI text says them, the sandbox and the simulator follow them."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from contract_helpers import Visit

from apoa_client.authority.contract import FIELD_RULES, STAY_RULES
from apoa_client.conformance.samples import by_rule
from apoa_client.ports.authority import Authority, Verdict

Json = dict[str, Any]
Examples = dict[str, list[Json]]
Make = Callable[[str], Json]

BEFORE = {
    "none": [],
    "pending": [("check_in", "pending")],
    "refused": [("check_in", "reject")],
    "in_house": [("check_in", "ok")],
    "left": [("check_in", "ok"), ("check_out", "ok")],
    "cancelled": [("check_in", "ok"), ("cancel", "ok")],
}
"""The reports that bring a stay into each state, each with the step of the script for its call."""


@pytest.fixture
def make(examples: Examples) -> Make:
    """Makes reports of one stay, each with an id of its own."""
    check_in, amend, check_out = examples["life_of_a_stay"]
    by_kind = {each["kind"]: each for each in (check_in, amend, check_out, examples["cancel"][0])}
    numbers = itertools.count(1)

    def make(kind: str) -> Json:
        ids = {"id": f"0199c2a4-7d1e-7b3c-9d55-{next(numbers):012x}", "stay_id": check_in["stay_id"]}
        return {**by_kind[kind], **ids}

    return make


def submit(authority: Authority, report: Json) -> Verdict:
    (verdict,) = authority.submit([(report["id"], json.dumps(report).encode())])
    return verdict


def validate(authority: Authority, report: Json) -> Verdict:
    (verdict,) = authority.validate([(report["id"], json.dumps(report).encode())])
    return verdict


def outcome(verdict: Verdict) -> tuple[str, list[str]]:
    return verdict.status.value, [error.code for error in verdict.errors]


@pytest.mark.parametrize(("kind", "state"), STAY_RULES)
def test_a_report_does_to_its_stay_what_the_table_says(place: Visit, make: Make, kind: str, state: str) -> None:
    """Each kind in each state is accepted, rejected with its code, or deferred; a check-out shows the state after."""
    authority = place(faults=",".join(step for _kind, step in BEFORE[state]))
    for earlier, _step in BEFORE[state]:
        submit(authority, make(earlier))
    rule, report = STAY_RULES[kind, state], make(kind)
    verdict = submit(authority, report)
    assert outcome(verdict) == (rule.status, [rule.code] if rule.code else [])
    assert authority.verdict(report["id"]) == (None if rule.status == "deferred" else verdict)
    later = STAY_RULES["check_out", rule.then]
    assert outcome(submit(authority, make("check_out"))) == (later.status, [later.code] if later.code else [])


def test_a_deferred_report_is_accepted_after_the_verdict(place: Visit, make: Make) -> None:
    """Nothing of it was stored, and it says when it may come again."""
    authority, check_in, check_out = place(faults="pending"), make("check_in"), make("check_out")
    submit(authority, check_in)
    deferred = submit(authority, check_out)
    assert deferred.retry_after
    assert authority.verdict(check_out["id"]) is None
    assert [outcome(each) for each in (authority.verdict(check_in["id"]), submit(authority, check_out)) if each] == [
        ("accepted", []),
        ("accepted", []),
    ]


@pytest.mark.parametrize("place", ["sandbox"], indirect=True)
def test_the_example_of_each_rule_is_answered_as_it_says(place: Visit, make: Make, examples: Examples) -> None:
    """A refusal has its error and no other; a warning is accepted, with its warning. The good report has neither."""
    good = {"check_in": {**examples["check_in"][0], "id": make("check_in")["id"]}, "check_out": make("check_out")}
    authority = place()
    fine = validate(authority, good["check_in"])
    assert (outcome(fine), fine.warnings) == (("accepted", []), ())
    for rule in FIELD_RULES:
        verdict = validate(authority, by_rule(rule, good[rule.kind]))
        errors, warnings = ({(each.field, each.code) for each in found} for found in (verdict.errors, verdict.warnings))
        if rule.severity == "refusal":
            assert (verdict.status.value, errors) == ("rejected", {(rule.field, rule.code)})
        else:
            assert (verdict.status.value, errors) == ("accepted", set())
            assert (rule.field, rule.code) in warnings


def table(text: str) -> list[list[str]]:
    """The cells of the table in a description, without backticks."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row] for row in rows if "---" not in row]


def test_the_openapi_text_has_the_table_of_stays(openapi: Json) -> None:
    """Each cell is the state afterwards, or the code, or `deferred`."""
    (_, *states), *rows = table(openapi["paths"]["/reports"]["post"]["description"])
    found = {(kind, state): cell for kind, *cells in rows for state, cell in zip(states, cells, strict=True)}
    assert found == {key: rule.then if rule.accepted else rule.code or "deferred" for key, rule in STAY_RULES.items()}


def test_the_openapi_text_has_the_rules_of_fields(openapi: Json) -> None:
    """In the same order, with the example."""
    _heading, *rows = table(openapi["components"]["schemas"]["Violation"]["description"])
    assert rows == [[rule.field, rule.code, rule.severity, rule.rule, rule.example] for rule in FIELD_RULES]
