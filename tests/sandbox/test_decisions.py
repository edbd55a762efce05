"""What the authority decides about a report, and that it decides once."""

import hashlib
import json
from datetime import datetime, timedelta

import pytest
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


def test_check_out_after_an_amendment(make_server: Make, send: Send, check_in: Report, follow_up: Report) -> None:
    """An amendment after a check-out replaces it; a second check-out is accepted, a third is not."""
    report = check_in()
    kinds = ("check_out", "amend", "check_out", "check_out")
    *earlier, last = send(make_server(), report, *(follow_up(report, kind) for kind in kinds))
    assert [result["status"] for result in earlier] == ["accepted"] * 4
    assert code(last) == ("stay_id", "already_checked_out")


@pytest.mark.parametrize(
    ("before", "kind", "expected"),
    [
        ([], "check_out", "unknown_stay"),
        ([], "amend", "unknown_stay"),
        ([], "cancel", "unknown_stay"),
        (["check_in"], "check_in", "stay_exists"),
        (["check_in", "check_out"], "check_in", "stay_exists"),
        (["check_in", "check_out"], "check_out", "already_checked_out"),
        (["check_in", "cancel"], "cancel", "already_cancelled"),
        (["check_in", "cancel"], "check_out", "stay_cancelled"),
        (["check_in", "cancel"], "amend", "stay_cancelled"),
        (["check_in", "cancel"], "check_in", "stay_cancelled"),
    ],
)
def test_reports_must_fit_their_stay(
    make_server: Make,
    send: Send,
    check_in: Report,
    follow_up: Report,
    before: list[str],
    kind: str,
    expected: str,
) -> None:
    """A report that comes too early, too late or twice is rejected with the reason."""
    report = check_in()

    def make(name: str) -> Json:
        return check_in(stay_id=report["stay_id"]) if name == "check_in" else follow_up(report, name)

    *earlier, last = send(make_server(), *map(make, [*before, kind]))
    assert all(result["status"] == "accepted" for result in earlier)
    assert code(last) == ("stay_id", expected)


def test_rejected_check_in_may_be_sent_again_corrected(
    make_server: Make, send: Send, check_in: Report, follow_up: Report
) -> None:
    """A rejected report does not change its stay: no check-out is possible, and a correction is accepted.

    It does not occupy its id, so the correction may have the same one.
    """
    refused = check_in({"guest.nationality": "QQQ"})
    out = follow_up(refused, "check_out")
    corrected = {**check_in(stay_id=refused["stay_id"]), "id": refused["id"]}
    results = send(make_server(), refused, out, corrected)
    assert code(results[0]) == ("guest.nationality", "unknown_state")
    assert code(results[1]) == ("stay_id", "unknown_stay")
    assert results[2]["status"] == "accepted"


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


def test_a_receipt_has_the_hash_of_the_canonical_form(make_server: Make, send: Send, check_in: Report) -> None:
    """RFC 8785: members in order, no white space, in UTF-8, and only what must be escaped is."""
    report = dict(reversed(check_in({"guest.surname": 'É"\x7f\u2028', "stay.note": "\x0f\n"}).items()))
    (result,) = send(make_server(), report)
    guest = report["guest"]
    document, permit, stay = guest["document"], guest["stay_permit"], report["stay"]
    lines = ",".join(f'"{line}"' for line in document["mrz"])
    canonical = (
        f'{{"created_at":"{report["created_at"]}","guest":{{"birth_date":"{guest["birth_date"]}","birth_place":'
        f'"{guest["birth_place"]}","document":{{"expiry_date":"{document["expiry_date"]}","issuing_state":"GBR","mrz":'
        f'[{lines}],"number":"{document["number"]}","type":"P"}},"email":"{guest["email"]}","given_names":"JANE ANN",'
        f'"nationality":"GBR","phone":"{guest["phone"]}","sex":"F","stay_permit":{{"code":"B1","entry_date":'
        f'"{permit["entry_date"]}","number":null,"valid_until":"{permit["valid_until"]}"}},"surname":"É\\"\x7f\u2028"}},'
        f'"id":"{report["id"]}","kind":"check_in","stay":{{"check_in":"{stay["check_in"]}","note":"\\u000f\\n",'
        f'"planned_check_out":"{stay["planned_check_out"]}","purpose":"tourism","room":"{stay["room"]}"}},'
        f'"stay_id":"{report["stay_id"]}"}}'
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


@pytest.mark.parametrize("end", ["cancel", "check_out"])
def test_guest_who_left_may_come_back(
    make_server: Make, send: Send, check_in: Report, follow_up: Report, end: str
) -> None:
    """A stay that is over or cancelled covers no night."""
    report = check_in()
    results = send(make_server(), report, follow_up(report, end), check_in())
    assert [result["status"] for result in results] == ["accepted"] * 3


def test_amendment_moves_the_covered_nights(make_server: Make, send: Send, check_in: Report, follow_up: Report) -> None:
    """After an amendment its nights count, and the earlier ones do not."""
    report = check_in()
    amended = follow_up(report, "amend")
    amended["stay"] = {**amended["stay"], "planned_check_out": "2026-11-25"}
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


def test_very_long_stay_covers_a_year(make_server: Make, send: Send, check_in: Report) -> None:
    """A planned check-out in the far future costs no more than a year's nights."""
    (result,) = send(make_server(), check_in({"stay.planned_check_out": "2999-01-01"}))
    assert result["status"] == "accepted"


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
