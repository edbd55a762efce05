"""A stay through the installed command: amended before and after it was sent, checked out, cancelled, fixed."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cli_helpers import (
    GUESTS,
    OBADIAH,
    QUENTIN,
    REPORT_KEYS,
    XIMENA,
    Hostile,
    Installed,
    assert_form,
    listening,
    readable_in,
    spoken,
    typed_in,
)
from journeys_helpers import in_each_language, receipts_of_authority
from terminal_helpers import at_a_terminal

from apoa_client.errors import Exit

if TYPE_CHECKING:
    from postgres_helpers import SharedOutbox

pytestmark = [
    in_each_language,
    pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)]),
]
a_terminal = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals here")

Start = Callable[..., Any]
"""Starts a `Sandbox`."""
WORDS = [word for guest in GUESTS for word in guest.words]
YES, NO = "(Enter = yes, n = no)", "(y = yes, Enter = no)"


class Away(NamedTuple):
    """A property whose authority can be reached after a call of `comes_back`, and the authority's database."""

    apoa: Installed
    comes_back: Callable[[], object]
    books: Path


@pytest.fixture(autouse=True)
def _outbox(engine: str, apoa: Installed, request: pytest.FixtureRequest) -> Iterator[None]:
    """The reports are in a file, or in a shared outbox on a server."""
    if engine == "sqlite":
        yield
        return
    from postgres_helpers import PASSWORD, PROPERTY

    shared: SharedOutbox = request.getfixturevalue("postgres_outbox")
    apoa.environ["APOA_OUTBOX"] = f"postgresql://{PROPERTY}@127.0.0.1:{shared.cluster.port}/{shared.database}"
    apoa.environ["APOA_OUTBOX_PASSWORD"] = PASSWORD
    yield
    assert shared.rows("SELECT id FROM reports")


@pytest.fixture
def away(apoa: Installed, sandbox: Start, tmp_path: Path) -> Away:
    """The installed command, set up before the authority became unreachable."""
    books = tmp_path / "authority.db"
    first = sandbox("", "--memory", str(books))
    assert apoa.set_up(first.url, "latihan").code == 0
    first.interrupt()
    return Away(apoa, lambda: sandbox("", "--memory", str(books), port=first.port), books)


def states(apoa: Installed) -> list[tuple[str, str]]:
    return [(report["kind"], report["state"]) for report in apoa.reports()]


def done(apoa: Installed, *arguments: str, lang: str) -> dict[str, Any]:
    """Runs a command that makes a report. Returns the report."""
    said = apoa(*arguments, "--json", lang=lang)
    report: dict[str, Any] = said.json
    assert said.code == (Exit.DATA_REFUSED if report.get("state") == "rejected" else Exit.DONE), said.err
    assert_form(report, REPORT_KEYS)
    return report


def ago(**time: float) -> str:
    """Returns a time before now, as staff type it."""
    return (datetime.now(UTC) - timedelta(**time)).isoformat(timespec="minutes")


# Without a terminal.


def test_stay_from_arrival_to_cancellation(away: Away, lang: str) -> None:
    """Offline a change replaces the queued report, online it is a new report. Both sides have the same reports."""
    apoa = away.apoa
    wrong = done(apoa, *QUENTIN.mrz("--room", "7"), lang=lang)
    right = done(apoa, "ubah", wrong["short_id"], "--room", "8", lang=lang)
    assert (right["kind"], right["state"], right["stay_id"]) == ("check_in", "queued", wrong["stay_id"])
    gone = done(apoa, *XIMENA.mrz(), lang=lang)
    assert done(apoa, "batal", gone["short_id"], lang=lang)["state"] == "withdrawn"
    assert apoa("kirim", "--quiet", lang=lang).code == 75
    away.comes_back()
    assert apoa("kirim", lang=lang).code == 0
    assert receipts_of_authority(away.books).keys() == {right["id"]}
    moved = done(apoa, "ubah", wrong["id"], "--room", "9", "--reason", "pindah kamar", lang=lang)
    left = done(apoa, "keluar", "--room", "9", lang=lang)
    again = done(apoa, "ubah", left["id"], "--reason", "belum pulang", lang=lang)
    void = done(apoa, "batal", wrong["stay_id"], "--reason", "salah orang", lang=lang)
    assert list(receipts_of_authority(away.books)) == [each["id"] for each in (right, moved, left, again, void)]
    for command in (["checkout"], ["amend", "--room", "1", "--reason", "x"], ["cancel", "--reason", "x"]):
        said = apoa(command[0], right["id"], *command[1:], lang=lang)
        assert said.code == 65
        assert spoken(lang, "The stay of report {id} was cancelled.", id=wrong["short_id"]) in said.err
    assert sorted(state for _kind, state in states(apoa)) == ["accepted"] * 5 + ["superseded", "withdrawn"]
    assert readable_in(apoa.home, WORDS) == []


def test_whole_stay_offline(away: Away, lang: str) -> None:
    """One sync sends the reports of a whole stay in their order."""
    apoa = away.apoa
    arrival = done(apoa, *QUENTIN.mrz("--check-in", ago(hours=30), "--nights", "1"), lang=lang)
    left = done(apoa, "checkout", arrival["id"], "--at", ago(hours=2), lang=lang)
    wrong = done(apoa, "checkout", done(apoa, *XIMENA.mrz(), lang=lang)["id"], lang=lang)
    undone = apoa("cancel", wrong["short_id"], lang=lang)
    assert undone.code == 0, undone.all
    assert spoken(lang, "check-out") in undone.out
    away.comes_back()
    assert apoa("sync", "--json", lang=lang).json["accepted"] == 3
    numbers = list(receipts_of_authority(away.books))
    assert numbers.index(arrival["id"]) < numbers.index(left["id"])
    assert wrong["id"] not in numbers


def test_erased_after_the_check_out(away: Away, lang: str) -> None:
    """The data of a guest in house are kept, so that the check-out by the room still works; then they can be erased."""
    apoa = away.apoa
    away.comes_back()
    guest = done(apoa, *QUENTIN.mrz("--room", "5"), lang=lang)
    erase = ["purge", "--guest", guest["short_id"], "--yes"]
    refused = apoa(*erase, lang=lang)
    assert refused.code == Exit.SETTINGS
    assert typed_in(lang, f"apoa checkout {guest['short_id']}") in refused.err
    assert apoa(*erase, "--json", lang=lang).json["error"]["class"] == "in_house"
    assert [report["guest"]["surname"] for report in apoa.reports()] == [QUENTIN.surname]
    assert done(apoa, "checkout", "--room", "5", lang=lang)["state"] == "accepted"
    assert apoa(*erase, lang=lang).code == Exit.DONE
    assert [(report["guest"], report["erased"]) for report in apoa.reports()] == [(None, True)] * 2


def test_rejected_and_fixed(apoa: Installed, sandbox: Start, lang: str) -> None:
    """Reports after a rejected check-in wait until its successor is accepted."""
    assert apoa.set_up(sandbox("reject").url, "latihan").code == 0
    said = apoa(*QUENTIN.mrz(), lang=lang)
    [old] = apoa.reports()
    assert said.code == Exit.DATA_REFUSED
    assert spoken(lang, "Correct it with: apoa fix {id}", id=old["short_id"]) in said.out
    waits = apoa("checkout", old["id"], lang=lang)
    sentence = "In the queue. It waits for a report of this stay that was refused. First: apoa fix {id}"
    assert spoken(lang, sentence, id=old["short_id"]) in waits.out
    nothing = apoa("fix", old["id"], lang=lang)
    assert nothing.code == 65
    assert spoken(lang, "A practice fault refuses this report; nothing in it is wrong.") in nothing.err
    new = done(apoa, "perbaiki", old["short_id"], "--document-number", "ZX1234568", lang=lang)
    assert (new["kind"], new["state"], new["stay_id"]) == ("check_in", "accepted", old["stay_id"])
    assert apoa("sync", lang=lang).code == 0
    assert sorted(states(apoa)) == [("check_in", "accepted"), ("check_in", "superseded"), ("check_out", "accepted")]
    again = apoa("fix", new["id"], "--room", "8", lang=lang)
    assert again.code == 65
    assert typed_in(lang, "apoa amend") in again.err


@pytest.mark.parametrize("line", [True, False], ids=["online", "offline"])
def test_check_out_of_all_due_guests(away: Away, lang: str, *, line: bool) -> None:
    """One call checks out the guests whose planned day has come."""
    apoa = away.apoa
    if line:
        away.comes_back()
    for guest, nights in ((QUENTIN, "1"), (XIMENA, "2"), (OBADIAH, "9")):
        done(apoa, *guest.mrz("--check-in", ago(days=2, hours=1), "--nights", nights, "--yes"), lang=lang)
    said = apoa("checkout", "--all-due", lang=lang)
    assert said.code == 0, said.all
    assert [guest.name in said.out for guest in GUESTS] == [True, True, False]
    expected = "accepted" if line else "queued"
    assert states(apoa)[3:] == [("check_out", expected)] * 2
    assert apoa("checkout", "--all-due", "--json", lang=lang).json == {"reports": []}
    assert spoken(lang, "No guest's planned day has come.") in apoa("checkout", "--all-due", lang=lang).out


def test_bad_input(configured: Installed, lang: str) -> None:
    """Each error is in the reader's language with advice, and nothing is saved."""
    arrivals = [done(configured, *guest.mrz("--no-send"), lang=lang) for guest in (QUENTIN, XIMENA)]
    first = arrivals[0]
    early = configured("checkout", first["id"], "--at", ago(days=1), lang=lang)
    assert early.code == 65
    sentence = "it is before the check-in. Correct the time, or first the check-in with: apoa amend"
    assert spoken(lang, sentence) in early.err
    left = done(configured, "checkout", first["id"], "--no-send", lang=lang)
    twice = configured("checkout", first["id"], lang=lang)
    assert twice.code == 65
    assert left["short_id"] in twice.err
    for command in ("checkout", "cancel", "fix", "amend"):
        more = ["--room", "8"] if command == "amend" else []
        unknown = configured(command, "ffffffff", *more, lang=lang)
        assert unknown.code == 2
        assert spoken(lang, "There is no report {id}.", id="ffffffff") in unknown.err
        ambiguous = configured(command, first["id"][:6], *more, lang=lang)
        assert ambiguous.code == 2
        assert all(report["short_id"] in ambiguous.err for report in (*arrivals, left))
    assert configured("cancel", left["id"], "--reason", "x\x1b[2J", lang=lang).code == 0  # withdrawn: no reason is sent
    assert configured("amend", first["id"], "--room", "8\x1b[2J", lang=lang).code == 65
    assert sorted(states(configured)) == [("check_in", "queued"), ("check_in", "queued"), ("check_out", "withdrawn")]


# At a terminal.


@a_terminal
def test_correction_and_check_out_at_a_terminal(configured: Installed, lang: str) -> None:
    """Values before and after are shown, and a guest is chosen by number."""
    for guest in (QUENTIN, XIMENA):
        done(configured, *guest.mrz("--room", "7"), lang=lang)
    [first, _second] = configured.reports()
    field = spoken(lang, "Number of the field that is wrong; Enter when done")
    code, shown = at_a_terminal(
        configured,
        ["amend", first["short_id"]],
        [
            (field, "16"),
            (spoken(lang, "Room"), "8"),
            (field, ""),
            (spoken(lang, "Why is it changed? One sentence for the authority"), "pindah kamar"),
            (spoken(lang, YES), ""),
        ],
        lang,
    )
    assert code == 0, shown
    assert f"{spoken(lang, 'Room')}: 7 → 8" in shown
    which = spoken(lang, "Number, several (1 3), a = all, or part of a name; Enter = none")
    code, shown = at_a_terminal(configured, ["checkout"], [(which, "1"), (spoken(lang, YES), "y")], lang)
    assert code == 0, shown
    assert all(guest.name in shown for guest in (QUENTIN, XIMENA))
    assert spoken(lang, "Who leaves?") in shown
    assert spoken(lang, "room {room}", room="8") in shown
    assert [each for each in states(configured) if each[0] != "check_in"] == [
        ("amend", "accepted"),
        ("check_out", "accepted"),
    ]


@a_terminal
def test_cancellation_at_a_terminal(away: Away, lang: str) -> None:
    """An unsent report is withdrawn, a sent one cancelled with a reason. Enter alone does neither."""
    apoa = away.apoa
    arrival = done(apoa, *QUENTIN.mrz(), lang=lang)
    code, shown = at_a_terminal(apoa, ["cancel", arrival["short_id"]], [(spoken(lang, NO), "")], lang)
    assert (code, states(apoa)) == (0, [("check_in", "queued")]), shown
    assert spoken(lang, "Withdraw it?") in shown
    assert spoken(lang, "Nothing was changed.") in shown
    code, shown = at_a_terminal(apoa, ["cancel", arrival["short_id"]], [(spoken(lang, NO), "y")], lang)
    assert (code, states(apoa)) == (0, [("check_in", "withdrawn")]), shown
    away.comes_back()
    sent = done(apoa, *XIMENA.mrz(), lang=lang)
    why = spoken(lang, "Why is the stay cancelled? One sentence for the authority")
    dialogue = [(why, "salah orang"), (spoken(lang, NO), "y")]
    code, shown = at_a_terminal(apoa, ["cancel", sent["short_id"]], dialogue, lang)
    assert code == 0, shown
    assert XIMENA.name in shown
    assert len(receipts_of_authority(away.books)) == 2
    assert states(apoa)[1:] == [("check_in", "accepted"), ("cancel", "accepted")]


@a_terminal
def test_rejected_fields_at_a_terminal(apoa: Installed, lang: str) -> None:
    """Only the rejected field is asked, with the authority's text, and the successor is sent."""
    hostile = Hostile()
    with listening(hostile) as url:
        assert apoa.set_up(url, "rahasia").code == 0
        wrong = {"field": "guest.birth_place", "code": "unknown_place", "message": "No such town.\x1b[2J"}
        hostile.results = {"status": "rejected", "errors": [wrong]}
        assert done(apoa, *QUENTIN.mrz(), lang=lang)["state"] == "rejected"
        hostile.results = {"receipt": {"number": "STT-1", "issued_at": "2026-11-24T20:00:00+07:00", "sha256": None}}
        [old] = apoa.reports()
        dialogue = [(spoken(lang, "Place of birth"), "GDYNIA"), (spoken(lang, YES), "y")]
        code, shown = at_a_terminal(apoa, ["fix", old["short_id"]], dialogue, lang)
    assert code == 0, shown
    assert "No such town." in shown
    assert "\x1b[2J" not in shown
    assert f"{spoken(lang, 'Place of birth')}: {QUENTIN.birth_place} → GDYNIA" in shown
    assert "STT-1" in shown
    assert sorted(states(apoa)) == [("check_in", "accepted"), ("check_in", "superseded")]
