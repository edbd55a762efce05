"""What the authority decides about a report, once, and its storage: durable, private, and without personal data.

All violations are named at once, without quoting what was sent.
"""

import hashlib
import json
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import released_homes
from hypothesis import given
from hypothesis import strategies as st
from sandbox_helpers import PASSWORD, Json, LogIn, Make, Report, Send

from apoa_client.errors import StorageProblem
from apoa_client.sandbox.decisions import SCHEMA_VERSION, Decisions, Record, Storage
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


def record(number: int) -> Record:
    return Record(f"id-{number}", "stay", "check_in", "c", "s", "accepted", "t", number=number, issued_at="2026")


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


def test_no_personal_data_reaches_the_disk(
    make_server: Make,
    log_in: LogIn,
    send: Send,
    check_in: Report,
    follow_up: Report,
    tmp_path: Path,
) -> None:
    """No name, number, date or room of a guest is in any file, accepted or rejected, running or stopped.

    Of a photo there is the hash.
    """
    server = make_server(faults="ok,pending")
    accepted = check_in()
    refused = check_in({"guest.sex": "Jane", "guest.document.number": "??", "kind": "check_in"})
    smuggled = check_in(kind="RAHASIA KIND", stay_id="RAHASIA STAY")
    send(server, accepted, refused, smuggled, follow_up(accepted, "cancel"))
    send(server, check_in({"guest.document.number": "X7654321"}))
    photo, url = b"\xff\xd8\xff RAHASIA \xff\xd9", f"{server.base_url}/reports/{accepted['id']}/photo"
    assert log_in(server).put(url, data=photo, headers={"Content-Type": "image/jpeg"}, timeout=20).status_code == 200
    own = {"check_in", "F", "P", accepted["id"], accepted["stay_id"]}
    secret = {*texts(accepted), "X7654321", "RAHASIA", "Jane", PASSWORD} - own
    for _ in range(2):
        written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
        assert accepted["id"].encode() in written
        assert hashlib.sha256(photo).hexdigest().encode() in written
        assert [text for text in secret if text.encode() in written] == []
        server.stop()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions elsewhere")
def test_file_and_folder_are_private(tmp_path: Path) -> None:
    """0600 in 0700, also for an existing file with other permissions."""
    path = tmp_path / "new" / "sandbox.db"
    Storage(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    Storage(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_failed_and_unkept_transactions_change_nothing(tmp_path: Path) -> None:
    """A transaction that raises, or with `keep` False, is rolled back, and the next one works."""
    storage = Storage(tmp_path / "sandbox.db")
    with storage.transaction() as records:
        records.save(record(1))
    with storage.transaction(keep=False) as records:
        records.save(record(2))
    with pytest.raises(KeyError):
        broken_off(storage)
    with storage.transaction() as records:
        assert records.find("id-1") == record(1)
        assert records.next_number() == 2
        assert records.find("id-2") is records.find("id-3") is None
    storage.close()


def broken_off(storage: Storage) -> None:
    with storage.transaction() as records:
        records.save(record(3))
        raise KeyError


_MANY = """
import sys
from pathlib import Path
from apoa_client.sandbox.decisions import Storage, Record
storage = Storage(Path(sys.argv[1]))
for n in range(20):
    with storage.transaction() as records:
        number = records.next_number()
        records.save(Record(f"{sys.argv[2]}-{n}", "stay", "check_in", "c", "s", "accepted", "t", number=number))
"""


def test_two_processes_share_one_file(tmp_path: Path) -> None:
    """They open a new file at once and write to it; no number is lost or doubled."""
    path = tmp_path / "sandbox.db"
    runs = [subprocess.Popen([sys.executable, "-c", _MANY, str(path), name]) for name in ("a", "b")]
    assert [run.wait(timeout=60) for run in runs] == [0, 0]
    storage = Storage(path)
    with storage.transaction() as records:
        assert records.next_number() == 41
    storage.close()


def test_a_file_of_the_first_version_is_kept(tmp_path: Path) -> None:
    """A training file of release 0.1.0 keeps its reports and numbers, and takes photos from now on."""
    released_homes.unpack(4, tmp_path)
    path = tmp_path / released_homes.PROPERTY / "sandbox.db"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        ((report_id,),) = connection.execute("SELECT id FROM reports").fetchall()
    for photo in (None, "hash"):
        with closing(Storage(path)) as storage, storage.transaction() as records:
            kept = records.find(report_id)
            assert kept is not None
            assert (kept.status, kept.number, records.next_number()) == ("accepted", 1, 2)
            assert records.photo(report_id) == photo
            if photo is None:
                records.save_photo(report_id, "hash", "2026-11-27T09:00:00+08:00")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    with closing(Storage(path)) as storage, storage.transaction() as records:
        records.save(replace(record(2), status="duplicate", number=None, covered_by=report_id))
    with closing(Storage(path)) as storage:  # that version looked for duplicates
        result = Decisions(storage, lambda: datetime(2026, 11, 27, tzinfo=UTC), 24).result("id-2")
    assert result is not None
    assert result.receipt is not None
    assert result.receipt.number.endswith("-000001")


def test_broken_newer_or_unreachable_file(tmp_path: Path) -> None:
    """A file that is no database, one of a later version, and a folder: an error, and nothing is overwritten."""
    broken, newer, folder = tmp_path / "broken.db", tmp_path / "newer.db", tmp_path / "folder.db"
    broken.write_bytes(b"this is no database at all" * 100)
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    folder.mkdir()
    for path in (broken, newer, folder):
        with pytest.raises(StorageProblem) as caught:
            Storage(path)
        assert str(path) in caught.value.message.render()
    assert broken.read_bytes().startswith(b"this is no database")


def test_storage_that_fails_is_a_500_and_the_report_may_be_sent_again(
    make_server: Make,
    log_in: LogIn,
    check_in: Report,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """A disk error is an unknown outcome for the client, and prints no traceback."""
    server = make_server()
    http = log_in(server)
    with sqlite3.connect(tmp_path / "training" / "sandbox.db") as other:
        other.execute("ALTER TABLE reports RENAME TO elsewhere")
        other.commit()
        answer = http.post(f"{server.base_url}/reports", json={"reports": [check_in()]}, timeout=20)
        other.execute("ALTER TABLE elsewhere RENAME TO reports")
    other.close()
    assert answer.status_code == 500
    assert "storage_problem" in caplog.text
    again = http.post(f"{server.base_url}/reports", json={"reports": [check_in()]}, timeout=20)
    assert again.json()["results"][0]["status"] == "accepted"
