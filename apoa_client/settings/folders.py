"""Paths of the program's files: below ``APOA_HOME``, or in the platform's folders."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Folders(NamedTuple):
    """The folder of config.toml, and the folder that contains one folder for each property."""

    settings: Path
    data: Path

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
    """Return ``APOA_HOME`` for both folders if it is set, else the platform's folders."""
    home = environ.get("APOA_HOME")
    if home:
        path = Path(home).expanduser().absolute()
        return Folders(path, path)
    # Imported here: with APOA_HOME, as in cron and in the tests, it is not needed.
    from platformdirs import user_config_path, user_data_path

    return Folders(user_config_path("apoa-client", appauthor=False), user_data_path("apoa-client", appauthor=False))
