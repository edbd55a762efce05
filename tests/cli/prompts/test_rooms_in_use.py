"""The rooms in use: known if the key is at hand, without waiting for a keyring."""

from cli_helpers import QUENTIN, XIMENA, Apoa

from apoa_client.vault.secret_files import KeyFileStore
from apoa_client.vault.store import PRIVATE_KEY

ENTER = ""
HELP = [*XIMENA.lines, "Z", "B1", "1", "?", ENTER, ENTER]


def test_each_room_once(away: Apoa) -> None:
    """However it was written; guests without a room are ignored."""
    away.save(QUENTIN, "--room", "7a")
    away.save(XIMENA, "--room", "7A")
    away.save(QUENTIN, "--room", "", "--again")
    shown = away("report", "--no-send", "--again", keys=HELP).err
    assert "Rooms in use: 7A\n" in shown


def test_a_key_in_the_environment_is_at_hand(away: Apoa) -> None:
    """With a keyring, rooms are offered only if the environment has the key, without a message otherwise."""
    away.save(QUENTIN, "--room", "7a")
    settings = away.home / "config.toml"
    settings.write_text(settings.read_text("utf-8").replace('vault = "file"', 'vault = "keyring"'), "utf-8")
    shown = away("report", "--no-send", keys=HELP).err
    assert "Rooms in use" not in shown
    assert "The room's number or name." in shown
    secret = KeyFileStore(away.home / "melati" / "keys.json").get(PRIVATE_KEY) or ""
    shown = away("report", "--no-send", "--again", keys=HELP, APOA_PRIVATE_KEY=secret).err
    assert "Rooms in use: 7a\n" in shown
    shown = away("report", "--no-send", "--again", keys=HELP, APOA_PRIVATE_KEY_FILE=str(away.home / "nowhere")).err
    assert "Rooms in use" not in shown
