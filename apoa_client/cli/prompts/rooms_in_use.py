"""The rooms in use, shown as help when a room is asked for.

Rooms are sealed. Because a guest is waiting, no keyring is opened and no password is asked for: the rooms are known
only if the private key comes from a file or the environment.
"""

from apoa_client.app.container import Container
from apoa_client.cli.prompts.choose_guest import open_current_report
from apoa_client.cli.views.report_reader import normalized_room
from apoa_client.errors import CredentialsProblem


def rooms_in_use(app: Container) -> list[str]:
    """Return the room of each guest in house once, as it was reported; none without the key at hand."""
    if app.settings.vault != "file":
        try:
            if app.secrets.private_key_from_environment() is None:
                return []
        except CredentialsProblem:
            return []
    stays = (open_current_report(app, history).stay for history in app.stays.in_house(app.today))
    rooms = [stay.room for stay in stays if stay is not None and stay.room]
    return list({normalized_room(room): room for room in rooms}.values())


def known_spelling(room: str, known: list[str]) -> str:
    """Return a room as it was written before, so that 7a and 7A are one room; unchanged if it is new."""
    return next((each for each in known if normalized_room(each) == normalized_room(room)), room)
