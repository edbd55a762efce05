"""A server of a shared outbox that answers, and saves nothing: the desk uses its own file until that is over."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from cli_helpers import LANGUAGES, QUENTIN, XIMENA, Apoa, spoken
from postgres_helpers import SharedOutbox

from apoa_client.errors import Exit

Refusal = Callable[[SharedOutbox], AbstractContextManager[None]]

_FUNCTION = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{state}'; END $$
"""
_TRIGGER = "CREATE TRIGGER refuse BEFORE INSERT ON reports FOR EACH STATEMENT EXECUTE FUNCTION refuse()"


@contextmanager
def refusing(outbox: SharedOutbox, state: str) -> Iterator[None]:
    """The server raises an error with this state of SQL (SQLSTATE) for each new report."""
    outbox.change(_FUNCTION.format(state=state))
    outbox.change(_TRIGGER)
    yield
    outbox.change("DROP FUNCTION refuse CASCADE")


@contextmanager
def of_database(outbox: SharedOutbox, setting: str, usual: str) -> Iterator[None]:
    """The database has a setting that applies to new connections."""
    change = f"ALTER DATABASE {outbox.database}"
    outbox.cluster.admin.execute(f"{change} {setting}".encode())
    yield
    outbox.cluster.admin.execute(f"{change} {usual}".encode())


@contextmanager
def of_version(outbox: SharedOutbox, difference: int) -> Iterator[None]:
    """The tables are those of another version of the program."""
    outbox.change("UPDATE versions SET version = version + ?", difference)
    yield
    outbox.change("UPDATE versions SET version = version - ?", difference)


@pytest.mark.parametrize(
    ("refusal", "code", "cause"),
    [
        pytest.param(lambda outbox: refusing(outbox, "53100"), Exit.SETTINGS, "disk_full", id="full disk"),
        pytest.param(lambda outbox: refusing(outbox, "40001"), Exit.NOT_NOW, "outbox_busy", id="serialization"),
        pytest.param(lambda outbox: refusing(outbox, "40P01"), Exit.NOT_NOW, "outbox_busy", id="deadlock"),
        pytest.param(
            lambda outbox: of_database(outbox, "SET default_transaction_read_only = on", "RESET ALL"),
            *(Exit.NOT_NOW, "outbox_server_unreachable"),
            id="reads only",
        ),
        pytest.param(
            lambda outbox: of_database(outbox, "CONNECTION LIMIT 0", "CONNECTION LIMIT -1"),
            *(Exit.NOT_NOW, "outbox_server_unreachable"),
            id="too many connections",
        ),
        pytest.param(lambda outbox: of_version(outbox, 1), Exit.SETTINGS, "outbox_too_new", id="newer"),
        pytest.param(lambda outbox: of_version(outbox, -1), Exit.SETTINGS, "outbox_too_old", id="older"),
    ],
)
def test_a_server_that_saves_nothing(
    shared: Apoa, postgres_outbox: SharedOutbox, refusal: Refusal, code: Exit, cause: str
) -> None:
    """Guests wait in the file of the desk, every other command says why, and all are sent once afterwards."""
    first = shared.save(QUENTIN)
    with refusal(postgres_outbox):
        second = shared.save(XIMENA)
        assert (second["state"], second["stored"]) == ("queued", "here")
        said = shared("sync", "--json")
        assert (said.code, said.json["error"]["class"]) == (code, cause)
        assert len(postgres_outbox.rows("SELECT 1 FROM reports")) == 1
    assert shared("sync").code == 0
    sent = postgres_outbox.rows("SELECT id, state FROM reports ORDER BY seq")
    assert sent == [(each["id"], "accepted") for each in (first, second)]
    assert shared("log", "--verify").code == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_cause_is_said(shared: Apoa, postgres_outbox: SharedOutbox, lang: str) -> None:
    """What only an IT admin can correct is shown with the guest who is saved."""
    full = "The disk of the database server is full: nothing could be written to {place}."
    with refusing(postgres_outbox, "53100"):
        said = shared(*QUENTIN.mrz(), lang=lang)
    assert (said.code, said.err) == (0, "")
    assert spoken(lang, full, place="").rstrip(". ") in said.out
    assert spoken(lang, "This waits on this computer; apoa moves it to the shared outbox by itself.") in said.out
