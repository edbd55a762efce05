"""What the authority decides about a report, and that it decides once."""

import hashlib
import json
from datetime import datetime, timedelta

from sandbox_helpers import Json, LogIn, Make, Report, Send


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
