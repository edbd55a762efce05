"""Practice in the outbox of a real property of release 0.1.0 is moved to practice once; what is in doubt is asked."""

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from app_helpers import app_of
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Apoa, raising
from released_homes import MADE_AT, MIXED, unpack_file

from apoa_client.sandbox.server import SandboxServer

EVERETT, FLETCHER = "EVERETT", "FLETCHER"
PRACTISED = [("check_in", "LATIHAN-2026-000001"), ("check_out", "LATIHAN-2026-000002")]
"""The reports of QUENTIN, which are practice for certain."""
BY_HAND = ("setup", "--non-interactive", "--property", "melati", "--by-hand", "--vault", "file")
DECIDE = ("sync", "--by-hand", "--no-browser")
STOP = ["q"]
"""What ends the typing of reports by hand."""


@pytest.fixture
def mixed(apoa: Apoa) -> Apoa:
    """The program of today on such a home, an hour after it was made."""
    unpack_file(MIXED, apoa.home)
    apoa.clock.time = MADE_AT + timedelta(hours=1)
    return apoa


def surnames(apoa: Apoa, *option: str) -> list[str]:
    found = json.loads(apoa(*option, "list", "--all", "--json").out)["reports"]
    return [report["guest"]["surname"] for report in found if report["kind"] == "check_in"]


def receipts(apoa: Apoa, *option: str) -> list[tuple[str, str | None]]:
    found = json.loads(apoa(*option, "list", "--all", "--json").out)["reports"]
    return [(each["kind"], each["receipt"] and each["receipt"]["number"]) for each in found]


def practice_counts(apoa: Apoa) -> tuple[int, int]:
    status = apoa("status", "--json").json
    return status["practice_moved"], status["practice_undecided"]


def test_certain_practice_moves(mixed: Apoa) -> None:
    """No command of the real property counts, shows or exports it any more; practice has it, proven, with its guest."""
    said = mixed("status", "--json")
    assert (said.code, said.json["counts"]["accepted"], said.json["counts"]["queued"]) == (0, 2, 3)
    assert (said.json["practice_moved"], said.json["practice_undecided"]) == (2, 2)
    assert "apoa --practice list" in said.err
    assert surnames(mixed) == [XIMENA.surname, OBADIAH.surname, EVERETT, FLETCHER]
    assert (surnames(mixed, "--practice"), receipts(mixed, "--practice")) == ([QUENTIN.surname], PRACTISED)
    for option in (), ("--practice",):
        verified = mixed(*option, "log", "--verify", "--json").json
        assert (verified["reports"]["unauthenticated"], verified["reports"]["doubts"]) == (0, [])
    moved = [each for each in mixed("log", "--json").json["entries"] if each["action"] == "moved_out"]
    assert [each["detail"] for each in moved] == ["practice"] * 2
    assert mixed(*QUENTIN.mrz("--no-send", "--json")).json["warnings"] == []
    assert not (mixed.home / "melati" / "sandbox.db").exists()


def test_it_is_said_until_a_user_reads_it(mixed: Apoa) -> None:
    """A program's run does not end it; the next command at a terminal says it for the last time."""
    assert practice_counts(mixed) == (2, 2)
    assert "apoa --practice list" not in mixed("sync", "--quiet").err
    assert "apoa --practice list" in mixed("status", keys=[]).err
    assert "apoa --practice list" not in mixed("status", keys=[]).err
    assert practice_counts(mixed) == (0, 2)


def test_practice_goes_on_with_what_was_moved(mixed: Apoa) -> None:
    """The training authority of practice knows the stays that were moved, and its next number is a new one."""
    assert practice_counts(mixed) == (2, 2)
    assert mixed("--practice", *XIMENA.mrz("--again")).code == 0
    assert receipts(mixed, "--practice")[-1] == ("check_in", "LATIHAN-2026-000004")
    assert mixed("--practice", "amend", QUENTIN.surname, "--room", "9", "--reason", "x").code == 0
    assert receipts(mixed, "--practice")[-1] == ("amend", "LATIHAN-2026-000005")


STEPS = {
    "the practice property is made": "apoa_client.app.property_setup.PropertySetup.set_up",
    "its training authority is moved": "pathlib.Path.replace",
    "a stay is marked": "apoa_client.outbox.sql.hand_over.HandOver._mark",
    "it is stored there": "apoa_client.outbox.sql.hand_over.HandOver._store",
    "it is removed here": "apoa_client.outbox.sql.hand_over.HandOver._release",
    "the log is emptied": "apoa_client.outbox.sqlite.database.SqliteDatabase.empty_log",
}


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_move_goes_on(mixed: Apoa, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before any step, the next command does the rest: each report is in one place, once, and it is said."""
    with monkeypatch.context() as patch:
        patch.setattr(STEPS[step], raising(KeyboardInterrupt()))
        assert mixed("status").code == 130
    said = mixed("status", "--json")
    assert (said.code, said.json["practice_moved"]) == (0, 2)
    assert surnames(mixed) == [XIMENA.surname, OBADIAH.surname, EVERETT, FLETCHER]
    assert receipts(mixed, "--practice") == PRACTISED
    assert mixed("log", "--verify").code == mixed("--practice", "log", "--verify").code == 0


@pytest.mark.parametrize(
    ("answers", "left", "real"),
    [
        (["1", "1"], 0, [EVERETT, FLETCHER]),
        (["2", "2"], 0, [XIMENA.surname, OBADIAH.surname, EVERETT, FLETCHER]),
        (["", "2"], 1, [XIMENA.surname, OBADIAH.surname, EVERETT, FLETCHER]),
        (["what?", "2", ""], 1, [XIMENA.surname, OBADIAH.surname, EVERETT, FLETCHER]),
    ],
)
def test_a_user_decides(mixed: Apoa, answers: Sequence[str], left: int, real: Sequence[str]) -> None:
    """A stay of practice moves; a real one stays, and waits again if only the training authority has its report."""
    said = mixed(*DECIDE, keys=[*answers, *STOP])
    assert said.code in {0, 75}, said.err
    assert XIMENA.surname in said.err
    assert mixed("sync").code in {0, 75}  # which looks again
    assert practice_counts(mixed) == (0, left)
    assert surnames(mixed) == real
    waiting = [each["guest"]["surname"] for each in mixed.reports() if each["state"] == "queued" and each["guest"]]
    # Her correction waits, unless it is practice; her check-in too, if she is a real guest.
    assert waiting.count(XIMENA.surname) == {"1": 0, "": 1}.get(answers[0], 2)
    practised = [number for _kind, number in receipts(mixed) if number is not None and number.startswith("LATIHAN")]
    assert practised == ["LATIHAN-2026-000003"] * (answers[0] == "")
    assert surnames(mixed, "--practice")[0] == QUENTIN.surname
    assert mixed("log", "--verify").code == mixed("--practice", "log", "--verify").code == 0


def test_a_real_receipt_of_what_is_erased_stays(mixed: Apoa) -> None:
    """Its check-in was practised and its check-out typed into APOA: no user can say more. The rest is asked once."""
    with closing(sqlite3.connect(mixed.outbox_file)) as db, db:
        [(stay,)] = db.execute("SELECT stay_id FROM reports WHERE receipt_number = 'LATIHAN-2026-000002'").fetchall()
        db.execute("UPDATE reports SET content = NULL, erased_at = finished_at WHERE stay_id = ?", [stay])
        db.execute(
            "UPDATE reports SET receipt_number = 'STT-2026-1', receipt_typed = 1 "
            "WHERE receipt_number = 'LATIHAN-2026-000002'"
        )
    assert practice_counts(mixed) == (0, 2)
    assert ("check_out", "STT-2026-1") in receipts(mixed)
    mixed(*DECIDE, keys=["2", "2", *STOP])
    assert practice_counts(mixed) == (0, 0)


def test_a_file_in_use_stops_no_command(mixed: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virus scanner has the training authority's file open: what is practice is moved by a later command."""
    replace = Path.replace

    def fail(path: Path, target: Path) -> Path:
        if path.name == "sandbox.db":
            raise PermissionError
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", fail)
        assert practice_counts(mixed) == (0, 3)
        said = mixed(*DECIDE, keys=["1", "", "", *STOP])
        assert "sandbox.db" in said.err
        assert EVERETT in said.err  # the real guests are shown all the same
    assert mixed("sync").code == 75
    assert practice_counts(mixed) == (2, 2)


def test_nothing_in_doubt_is_sent(mixed: Apoa, serve: Callable[..., SandboxServer]) -> None:
    """Until a user decides, automatic sending leaves it, also when others wait behind it; it counts as left."""
    assert mixed.set_up(serve(environment="production").base_url).code == 0
    sent = mixed("sync", "--json")
    assert (sent.code, sent.json["accepted"], sent.json["left"]) == (75, 1, 2)
    waiting = [each["guest"]["surname"] for each in mixed.reports() if each["state"] == "queued"]
    assert waiting == [OBADIAH.surname, XIMENA.surname]
    assert "apoa sync" in mixed("status").out
    mixed.clock.forward(timedelta(days=3))  # what is overdue does not hide it
    checks = {each["name"]: each for each in mixed("doctor", "--json").json["checks"]}
    assert checks["waiting"]["advice"] == "Decide with: apoa sync"


def test_nothing_in_doubt_is_typed(mixed: Apoa, tmp_path: Path) -> None:
    """Neither on paper nor at the terminal is it among what staff type into APOA; and that is said."""
    said = mixed("sync", "--by-hand", "--sheet", str(tmp_path / "sheet.html"))
    sheet = (tmp_path / "sheet.html").read_text()
    assert EVERETT in sheet
    assert OBADIAH.surname not in sheet
    assert XIMENA.surname not in sheet
    assert "Decide with: apoa sync" in said.err
    asked = mixed(*DECIDE, keys=["", "", *STOP])
    assert EVERETT in asked.err
    assert asked.err.count(OBADIAH.surname) == 1  # where it is asked what it is


def test_following_does_not_hurry_for_what_is_in_doubt(mixed: Apoa) -> None:
    """It is no reason for the next run: a service would run every few seconds until a user has decided."""
    mixed("status")
    with closing(app_of(mixed.home, mixed.clock)) as app:
        [guest] = [app.outbox.content(each).report.guest for each in app.outbox.heads()]
    assert guest is not None
    assert guest.surname == EVERETT


def test_without_the_key_nothing_moves(mixed: Apoa) -> None:
    """All of it is in doubt then, which is said; `apoa sync` with the key moves it."""
    key = mixed.home / "melati" / "keys.json"
    stored = key.read_bytes()
    key.unlink()
    assert practice_counts(mixed) == (0, 3)
    assert not (mixed.home / "_practice").exists()
    key.write_bytes(stored)
    key.chmod(0o600)
    assert mixed("sync", "--json").code == 75
    assert practice_counts(mixed) == (2, 2)


def test_a_keyring_is_asked_by_sync_alone(mixed: Apoa, keyring: dict[str, str]) -> None:
    """Other commands go on without it: a locked keyring would hold them up."""
    assert mixed(*BY_HAND[:-1], "keyring").code == 0
    assert keyring
    assert practice_counts(mixed) == (0, 3)
    assert mixed("sync", "--json").code == 75
    assert practice_counts(mixed) == (2, 2)
    assert receipts(mixed, "--practice") == PRACTISED


def test_what_was_real_before_practice_stays(mixed: Apoa) -> None:
    """With 0.1.0 a real property could become practice: it sends nothing, and keeps its reports when set up again."""
    config = mixed.home / "config.toml"
    text = re.sub(r"^(delivery|api_url) = .*\n", "", config.read_text(), flags=re.MULTILINE)
    config.write_text(f'{text}api_url = "training"\n')
    assert mixed("status", "--json").json["environment"] == "training"
    said = mixed("sync", "--json")
    assert (said.code, said.json["error"]["class"], said.json["left"]) == (78, "real_property", 3)
    assert mixed(*BY_HAND).code == 0
    assert surnames(mixed) == [XIMENA.surname, OBADIAH.surname, EVERETT, FLETCHER]
    assert surnames(mixed, "--practice") == [QUENTIN.surname]


def test_no_shared_outbox_before_it_is_decided(mixed: Apoa) -> None:
    """Its senders would not know what may be practice; it is a usage error, and nothing changes."""
    for command in (
        ["outbox", "move", "--to", "postgresql://desk@127.0.0.1:1/apoa", "--yes"],
        ["config", "set", "outbox", "postgresql://desk@127.0.0.1:1/apoa"],
    ):
        refused = mixed(*command)
        assert (refused.code, "Practice or real?" in refused.err) == (2, True), refused.err
    assert practice_counts(mixed)[1] == 2
