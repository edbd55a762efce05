"""What the authority decides about a report, and that it decides once."""

import hashlib
import json
from datetime import datetime, timedelta

from training_page import Json, LogIn, Make, Report, Send


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


def test_same_guest_and_night_is_a_duplicate_with_the_first_receipt(
    make_server: Make, send: Send, check_in: Report
) -> None:
    """For another stay of the same document with a common night, also after a restart; not for another night."""
    server = make_server()
    (held,) = send(server, check_in())
    server.stop()
    server.start()
    overlapping = check_in({"stay.planned_check_out": "2026-11-25", "guest.document.number": "9250 76473"})
    (result,) = send(server, overlapping)
    assert (result["status"], result["receipt"]) == ("duplicate", held["receipt"])
    assert send(server, overlapping) == [result]
    other_state = check_in({"guest.document.issuing_state": "IRL"})
    next_night = check_in({"stay.check_in": "2026-11-25T10:00:00+07:00"})
    before = check_in(
        {"stay.check_in": "2026-11-23T22:00:00+07:00", "stay.planned_check_out": "2026-11-24"},
    )
    results = send(server, other_state, before, next_night)
    assert [each["status"] for each in results] == ["accepted", "accepted", "duplicate"]


def test_nights_are_of_the_property(make_server: Make, send: Send, check_in: Report) -> None:
    """They count in its zone, whatever offset a report has: far in the west it is still the 24th."""
    first = check_in({"stay.check_in": "2026-11-24T20:00:00-05:00", "stay.planned_check_out": "2026-11-26"})
    before = check_in({"stay.planned_check_out": "2026-11-25"})
    same = check_in({"stay.check_in": "2026-11-25T01:30:00+07:00", "stay.planned_check_out": "2026-11-26"})
    results = send(make_server(), first, before, same)
    assert [each["status"] for each in results] == ["accepted", "accepted", "duplicate"]


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


def test_a_new_process_does_not_detect_earlier_duplicates(make_server: Make, send: Send, check_in: Report) -> None:
    """The file does not reveal whom the earlier reports are about, not even to the authority."""
    first, repeated = make_server(), check_in()
    send(first, check_in())
    assert send(first, repeated)[0]["status"] == "duplicate"
    first.stop()
    second = make_server()
    assert send(second, repeated)[0]["status"] == "duplicate"
    assert send(second, check_in())[0]["status"] == "accepted"


def test_amendment_moves_the_covered_nights(make_server: Make, send: Send, check_in: Report, follow_up: Report) -> None:
    """After an amendment its nights count, and the earlier ones do not."""
    report = check_in()
    amended = follow_up(report, "amend")
    amended["stay"] = {**amended["stay"], "planned_check_out": "2026-11-25"}
    report["stay"]["planned_check_out"] = "2999-01-01"  # costs no more than the nights of a year
    inside, after = check_in(), check_in({"stay.check_in": "2026-11-25T08:00:00+07:00"})
    results = send(make_server(), report, amended, after, inside)
    assert [result["status"] for result in results] == ["accepted", "accepted", "accepted", "duplicate"]


def test_duplicate_stay_can_still_be_checked_out(
    make_server: Make, send: Send, check_in: Report, follow_up: Report
) -> None:
    """The client knows the duplicate as delivered, so later reports of its stay are accepted."""
    duplicate = check_in()
    results = send(make_server(), check_in(), duplicate, follow_up(duplicate, "check_out"))
    assert [result["status"] for result in results] == ["accepted", "duplicate", "accepted"]


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
