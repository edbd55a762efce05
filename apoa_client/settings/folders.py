"""Paths of the program's files: below ``APOA_HOME``, or in the platform's folders."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from apoa_client.errors import SettingsProblem
from apoa_client.messages import Message, msg


class Folders(NamedTuple):
    """The folder of config.toml, the folder that contains one folder for each property, and the folder of the logs."""

    settings: Path
    data: Path
    logs: Path

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.settings / "config.toml"

    def outbox(self, property_name: str) -> Path:
        """Return the path of a property's queue and history."""
        return self.data / property_name / "outbox.db"

    def sandbox(self, property_name: str) -> Path:
        """Return the path of the training authority's storage for a property."""
        return self.data / property_name / "sandbox.db"

    def keys(self, property_name: str) -> Path:
        """Return the path of a property's key file, which is used with ``vault = "file"``."""
        return self.data / property_name / "keys.json"


def find_folders(environ: Mapping[str, str]) -> Folders:
    """Return ``APOA_HOME`` and its folder ``logs`` if it is set, else the platform's folders.

    Raises `SettingsProblem` unless the path is absolute: below the working directory, which cron and another window do
    not share, the files would not be found again, or those of another user would be.
    """
    home = environ.get("APOA_HOME")
    if home:
        path = _absolute(Path(home), msg("APOA_HOME is not the full path of a folder: {path}", path=repr(home)))
        return Folders(path, path, path / "logs")
    # Imported here: with APOA_HOME, as in cron and in the tests, it is not needed.
    from platformdirs import user_config_path, user_data_path, user_log_path

    paths = (find("apoa-client", appauthor=False) for find in (user_config_path, user_data_path, user_log_path))
    return Folders(*(_absolute(path, msg("This user has no home folder on this computer.")) for path in paths))


def _absolute(path: Path, problem: Message) -> Path:
    """Return the path, with the home folder of the user that a tilde names. Raises `SettingsProblem` if it is none."""
    with suppress(RuntimeError):  # there is no such user, or the user has no home folder
        path = path.expanduser()
    if path.is_absolute():
        return path
    raise SettingsProblem(
        problem,
        msg("Give the full path of a folder of this user, from the root or the drive on, in APOA_HOME."),
        name="home_not_absolute",
    )
