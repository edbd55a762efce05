"""A stay through the installed command: amended before and after it was sent, checked out, cancelled, fixed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cli_helpers import GUESTS, QUENTIN, XIMENA, Installed, readable_in, spoken, typed_in
from journeys_helpers import in_each_language, receipts_of_authority

from apoa_client.errors import Exit

if TYPE_CHECKING:
    from postgres_helpers import SharedOutbox

pytestmark = [
    in_each_language,
    pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)]),
]

Start = Callable[..., Any]
"""Starts a `Sandbox`."""
WORDS = [word for guest in GUESTS for word in guest.words]


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
    return report


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
