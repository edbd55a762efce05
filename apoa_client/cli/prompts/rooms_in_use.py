"""The rooms in use, as a help where a room is asked for.

They are sealed like everything of a guest. A guest is standing at the desk, so no keyring is waited for and nobody is
asked for a password: they are known only where the key is at hand.
"""

from collections.abc import Iterator

from apoa_client.app.container import Container
from apoa_client.cli.prompts.choose_guest import open_current_report
from apoa_client.cli.views.report_reader import normalized_room
from apoa_client.errors import CredentialsProblem


def rooms_in_use(app: Container) -> list[str]:
    """Each room of a guest in house once, as it was reported; none where the key is not at hand."""
    if not _key_at_hand(app):
        return []
    return list({normalized_room(room): room for room in _rooms(app)}.values())


def known_spelling(room: str, known: list[str]) -> str:
    """The room as it was written before, so that 7a and 7A stay one room; as it is where it is a new one."""
    return next((each for each in known if normalized_room(each) == normalized_room(room)), room)


def _key_at_hand(app: Container) -> bool:
    if app.settings.vault == "file":
        return True
    try:
        return app.secrets.private_key_from_environment() is not None
    except CredentialsProblem:
        return False


def _rooms(app: Container) -> Iterator[str]:
    for history in app.stays.in_house(app.today):
        stay = open_current_report(app, history).stay
        if stay is not None and stay.room:
            yield stay.room
