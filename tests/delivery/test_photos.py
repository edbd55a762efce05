"""The photos that are kept with reports, and sent where the authority wants them."""

import pytest
from authority_simulator import AuthoritySimulator
from delivery_helpers import Hotel
from outbox_helpers import uuid

from apoa_client.errors import AuthorityBusy, Exit, NotNow, UnknownOutcome
from apoa_client.messages import msg
from apoa_client.report.kinds import PhotoState

PHOTO = b"\xff\xd8\xff\xe0 the photo of a page \xff\xd9"
ANOTHER = b"\xff\xd8\xff\xe0 another photo \xff\xd9"


@pytest.fixture
def wanting(hotel: Hotel) -> Hotel:
    """A property whose authority wants photos."""
    hotel.authority = AuthoritySimulator(wants_photo=True)
    hotel.chance = 0.0  # photos go from the first one on
    return hotel


def photo_states(hotel: Hotel, *numbers: int) -> list[PhotoState | None]:
    return [hotel.entry(number).photo for number in numbers]


def test_a_photo_follows_its_accepted_report(wanting: Hotel) -> None:
    """In the same run, once; what has no photo is as before."""
    wanting.add(1)
    wanting.add_with_photo(2, photo=PHOTO)
    outcome = wanting.sync()
    assert wanting.authority.photos == {uuid(2): PHOTO}
    assert (outcome.counts["accepted"], outcome.photos_sent, outcome.photos_left, outcome.exit_code) == (
        2,
        1,
        0,
        Exit.DONE,
    )
    assert photo_states(wanting, 1, 2) == [None, PhotoState.SENT]
    connections = wanting.connections
    assert wanting.sync().photos_sent == 0
    assert wanting.connections == connections


def test_an_authority_that_wants_no_photos_gets_none(hotel: Hotel) -> None:
    """The photo stays here, and no run is made for it, until the authority says that it wants photos."""
    hotel.add_with_photo(1, photo=PHOTO)
    assert hotel.sync().photos_sent == 0
    assert hotel.sync().photos_sent == 0
    assert (hotel.connections, hotel.authority.photos) == (1, {})
    assert photo_states(hotel, 1) == [PhotoState.KEPT]
    hotel.authority.wants_photo = True
    hotel.add(2)
    assert hotel.sync().photos_sent == 1
    assert hotel.authority.photos == {uuid(1): PHOTO}


@pytest.mark.parametrize("verdict", ["reject", "pending*9", "duplicate", "defer=600"])
def test_only_an_accepted_report_has_its_photo_sent(wanting: Hotel, verdict: str) -> None:
    """Not one that is refused, not decided, already reported by another, or deferred."""
    wanting.authority.script(verdict)
    wanting.authority.script("result:pending")
    wanting.add_with_photo(1, photo=PHOTO)
    assert wanting.sync().photos_sent == 0
    assert wanting.authority.photos == {}
    assert photo_states(wanting, 1) == [PhotoState.KEPT]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("photo:503=60", AuthorityBusy),
        ("photo:429=60", AuthorityBusy),
        ("photo:500*2", UnknownOutcome),
        ("photo:lost*2", UnknownOutcome),
        ("photo:drop,meta:ok,meta:drop", UnknownOutcome),
    ],
)
def test_a_photo_that_did_not_arrive_goes_again(wanting: Hotel, fault: str, error: type[NotNow]) -> None:
    """The reports are delivered, the run says why the rest waits, and a later run with nothing else to do sends it."""
    wanting.authority.script(fault)
    wanting.add_with_photo(1, 2, photo=PHOTO)
    outcome = wanting.sync()
    assert isinstance(outcome.error, error)
    assert (outcome.counts["accepted"], outcome.exit_code) == (2, Exit.NOT_NOW)
    assert photo_states(wanting, 1, 2) == [PhotoState.KEPT, PhotoState.KEPT]
    wanting.wait(minutes=2)
    outcome = wanting.sync()
    assert (outcome.photos_sent, outcome.exit_code) == (2, Exit.DONE)
    assert wanting.authority.photos == {uuid(1): PHOTO, uuid(2): PHOTO}


@pytest.mark.parametrize("fault", ["403", "500", "portal", "truncated"])
def test_a_photo_that_fails_holds_up_no_other(wanting: Hotel, fault: str) -> None:
    """The authority still answers other calls: the other photos go, and no report is suspended for it."""
    wanting.authority.script(f"photo:{fault}")
    wanting.add_with_photo(1, 2, photo=PHOTO)
    outcome = wanting.sync()
    assert outcome.error is not None
    assert (outcome.error.name, outcome.exit_code, outcome.stopped) == ("photo_not_sent", Exit.NOT_NOW, False)
    assert (outcome.photos_sent, outcome.photos_left) == (1, 1)
    assert list(wanting.authority.photos) == ([uuid(2)] if fault != "truncated" else [uuid(1), uuid(2)])
    wanting.add(3)
    outcome = wanting.sync()
    assert (outcome.counts["accepted"], outcome.photos_sent, outcome.exit_code) == (1, 1, Exit.DONE)


def test_photos_that_fail_each_time_hold_up_no_other_for_ever(wanting: Hotel, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some failures the rest waits, and a later run begins with another photo."""
    wanting.add_with_photo(*range(1, 9), photo=PHOTO)
    real = wanting.authority.send_photo

    def send_photo(report_id: str, jpeg: bytes) -> None:
        calls.append(report_id)
        if report_id in map(uuid, range(1, 5)):
            raise UnknownOutcome(msg("HTTP 500"))
        real(report_id, jpeg)

    calls: list[str] = []
    monkeypatch.setattr(wanting.authority, "send_photo", send_photo)
    outcome = wanting.sync()
    assert (outcome.counts["accepted"], outcome.photos_sent, outcome.photos_left) == (8, 0, 8)
    assert calls == [uuid(1), uuid(2), uuid(3)]
    wanting.chance = 0.5
    outcome = wanting.sync()
    assert (outcome.photos_sent, outcome.photos_left) == (4, 4)


def test_a_photo_that_fails_while_the_account_is_suspended(wanting: Hotel) -> None:
    """The authority says so about the next call, too: nothing is sent until a user logs in again."""
    wanting.authority.script("photo:403,meta:ok,meta:403")
    wanting.add_with_photo(1, 2, photo=PHOTO)
    assert wanting.sync().stopped
    assert wanting.sync().stopped
    assert wanting.authority.photos == {}


def test_a_photo_that_the_authority_does_not_take(wanting: Hotel) -> None:
    """It is not sent again and stays here; the other photos go, and no run fails for it."""
    wanting.authority.script("photo:409")
    wanting.add_with_photo(1, 2, photo=PHOTO)
    outcome = wanting.sync()
    assert (outcome.photos_sent, outcome.photos_refused, outcome.exit_code) == (1, 1, Exit.DONE)
    assert photo_states(wanting, 1, 2) == [PhotoState.REFUSED, PhotoState.SENT]
    assert wanting.outbox.photo(wanting.entry(1)) == PHOTO
    assert wanting.sync().photos_refused == 0


def test_a_run_at_the_desk_sends_the_photos_of_its_own_reports(wanting: Hotel) -> None:
    """The others wait for a later run, and for nothing but a photo no connection is made."""
    wanting.add_with_photo(1, photo=PHOTO)
    wanting.authority.script("photo:500")
    outcome = wanting.sync(all_photos=False)
    assert (outcome.counts["accepted"], outcome.photos_sent, outcome.photos_left) == (1, 0, 1)
    assert wanting.sync(all_photos=False).photos_sent == 0
    assert wanting.connections == 1
    wanting.add_with_photo(2, photo=ANOTHER)
    assert wanting.sync(all_photos=False).photos_sent == 1
    assert wanting.authority.photos == {uuid(2): ANOTHER}
    assert wanting.sync().photos_sent == 1


def test_photos_that_are_left_for_a_later_run(wanting: Hotel, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is over, the rest is counted, and the exit code says that something is left."""
    wanting.add_with_photo(1, 2, 3, photo=PHOTO)
    real = wanting.authority.send_photo

    def slow(report_id: str, jpeg: bytes) -> None:
        real(report_id, jpeg)
        wanting.wait(seconds=100)

    monkeypatch.setattr(wanting.authority, "send_photo", slow)
    outcome = wanting.sync(wait_s=60)
    assert (outcome.photos_sent, outcome.photos_left, outcome.time_over) == (1, 2, True)
    assert outcome.exit_code == Exit.NOT_NOW
    assert wanting.sync().photos_sent == 2


@pytest.mark.parametrize("of_another", [False, True])
def test_a_photo_that_another_program_changed_is_not_sent(wanting: Hotel, *, of_another: bool) -> None:
    """It is reported and stays; the photos of other guests go."""
    wanting.add_with_photo(1, photo=PHOTO)
    wanting.add_with_photo(2, photo=ANOTHER)
    wanting.authority.script("photo:500*2")
    wanting.sync(all_photos=False)
    [[own], [other]] = wanting.store.rows("SELECT photo FROM reports ORDER BY id")
    wanting.store.change("UPDATE reports SET photo = ? WHERE id = ?", other if of_another else own + b"\0", uuid(1))
    outcome = wanting.sync()
    assert outcome.error is not None
    assert outcome.exit_code == Exit.SETTINGS
    assert wanting.authority.photos == {uuid(2): ANOTHER}


def test_a_photo_without_the_key_waits(wanting: Hotel) -> None:
    """The locked keyring is the error of the run, and a later run sends the photo."""
    wanting.add_with_photo(1, photo=PHOTO)
    wanting.authority.script("photo:500")
    wanting.sync(all_photos=False)
    wanting.lock()
    assert wanting.sync().exit_code == Exit.CREDENTIALS
    wanting.reopen()
    assert wanting.sync().photos_sent == 1
