"""What the authority decides about a report, once, and all violations at once, without quoting what was sent."""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_helpers import Json, LogIn, Make, Report, Send

from apoa_client.sandbox.validation import fits, report_violations, rule_violations, rule_warnings


def code(result: Json) -> tuple[str, str]:
    (error,) = result["errors"]
    assert result["status"] == "rejected"
    assert result["receipt"] is None
    return error["field"], error["code"]


def test_results_survive_a_restart(
    make_server: Make, send: Send, log_in: LogIn, check_in: Report, clock: list[datetime]
) -> None:
    """A restarted authority answers as before, with errors and warnings, and continues the numbers."""
    late = check_in({"stay.check_in": "2026-11-20T10:00:00+07:00", "guest.document.number": "X1"})
    reports = [check_in({"guest.document.number": "X0"}), check_in(), late]
    first = make_server(faults="reject")
    before = [*send(first, reports[0]), *send(first, *reports[1:])]
    assert [each["status"] for each in before] == ["rejected", "accepted", "accepted"]
    first.stop()
    clock[0] += timedelta(days=1)
    second = make_server()
    assert send(second, *reports) == before
    assert [log_in(second).get(f"{second.base_url}/reports/{r['id']}", timeout=20).json() for r in reports] == before
    (new,) = send(second, check_in({"stay.check_in": "2026-11-25T10:00:00+07:00", "guest.document.number": "X2"}))
    assert new["receipt"]["number"] == "LATIHAN-2026-000003"


def test_a_receipt_has_the_hash_of_the_canonical_form(
    make_server: Make, send: Send, check_in: Report, follow_up: Report
) -> None:
    """RFC 8785: members in order, no white space, in UTF-8, and only what must be escaped is."""
    first = check_in()
    report = follow_up(first, "cancel", reason='É"\x7f\u2028\x0f\n')
    (_arrived, result) = send(make_server(), first, dict(reversed(report.items())))
    canonical = (
        f'{{"created_at":"{report["created_at"]}","id":"{report["id"]}","kind":"cancel",'
        f'"reason":"É\\"\x7f\u2028\\u000f\\n","stay_id":"{report["stay_id"]}"}}'
    )
    assert result["receipt"]["sha256"] == hashlib.sha256(canonical.encode()).hexdigest()


def test_surrogates_are_rejected_and_not_stored(make_server: Make, log_in: LogIn, check_in: Report) -> None:
    """JSON can spell half of a surrogate pair, which cannot be stored or hashed."""
    server = make_server()
    report = check_in({"guest.surname": "\ud800"})
    body = json.dumps({"reports": [report]}).encode()
    headers = {"Content-Type": "application/json"}
    http = log_in(server)
    (result,) = http.post(f"{server.base_url}/reports", data=body, headers=headers, timeout=20).json()["results"]
    assert code(result) == ("", "bad_character")
    assert http.get(f"{server.base_url}/reports/{report['id']}", timeout=20).status_code == 404


NOW = datetime.fromisoformat("2026-11-24T20:15:00+07:00")


def found(report: Json) -> set[tuple[str, str]]:
    return {(each.field, each.code) for each in (*report_violations(report), *rule_violations(report, NOW))}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("guest.surname", None, "missing"),
        ("guest.surname", "A" * 501, "bad_length"),
        ("guest.birth_date", "1985-09-12\n", "bad_date"),
        ("guest.birth_date", "2026-12", "order"),
        ("stay.check_in", "2026-02-30T19:50:00+07:00", "bad_date"),
        ("stay.check_in", "2026-11-25T20:15:01+07:00", "implausible"),
        ("stay.planned_check_out", "2026-11-31", "bad_date"),
        ("kind", None, "missing"),
        ("kind", ["check_in"], "unknown_value"),
    ],
)
def test_each_violation_names_field_and_code(check_in: Report, field: str, value: object, code: str) -> None:
    """What the examples of the contract's rules leave out: other forms of a bad value, and the limits."""
    assert (field, code) in found(check_in({field: value}))


def test_member_that_is_no_plain_name_is_not_repeated(check_in: Report) -> None:
    """Its name may hold personal data, so it is not in the answer and not stored."""
    report = check_in(**{"Jane Smithson 925076473": True})
    assert found(report) == {("", "unknown_member")}


def test_hostile_report_gets_a_limited_answer(check_in: Report) -> None:
    """A report with ten thousand mistakes does not get ten thousand violations."""
    report = check_in({"guest.document.mrz": ["x"] * 10_000}, **{f"extra{n}": 1 for n in range(10_000)})
    assert len(report_violations(report)) == 50


def test_window_decides_what_is_late(check_in: Report) -> None:
    """The window is the authority's setting; its last second is in time; only a check-in can be late.

    It counts from the check-in to when the report was made: a desk without internet is not late.
    """
    report = check_in({"stay.check_in": "2026-11-22T20:14:03+07:00"})
    assert rule_warnings(report, NOW.tzinfo, 48) == ()
    assert [warning.code for warning in rule_warnings(report, NOW.tzinfo, 47)] == ["late"]
    assert rule_warnings({**report, "kind": "amend"}, NOW.tzinfo, 1) == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
PATHS = [
    "kind", "stay_id", "created_at", "guest", "guest.surname", "guest.birth_date", "guest.nationality",
    "guest.document", "guest.document.number", "guest.document.issuing_state", "guest.document.mrz",
    "guest.stay_permit", "guest.stay_permit.entry_date", "stay", "stay.check_in", "stay.planned_check_out",
]  # fmt: skip


@given(path=st.sampled_from(PATHS), value=json_values)
def test_any_json_anywhere_is_answered_by_the_contract(path: str, value: object) -> None:
    """Any value in any field gives only violations in the contract's form, never an exception."""
    guest: Json = {"nationality": "GBR", "birth_date": "1985", "document": {"issuing_state": "GBR"}, "stay_permit": {}}
    stay: Json = {"check_in": "2026-11-24T19:50:00+07:00", "planned_check_out": "2026-11-27"}
    report: Json = {"kind": "check_in", "guest": guest, "stay": stay}
    place, (*parents, name) = report, path.split(".")
    for parent in parents:
        place = place[parent]
    place[name] = value
    for violation in (*report_violations(report), *rule_violations(report, NOW)):
        assert fits("Violation", asdict(violation))
