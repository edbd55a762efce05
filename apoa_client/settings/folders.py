"""Where the program keeps its files: below ``APOA_HOME``, or where the platform keeps such things."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Folders(NamedTuple):
    """The folder of config.toml, and the folder that holds one folder a property."""

    settings: Path
    data: Path

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.settings / "config.toml"

    def outbox(self, property_name: str) -> Path:
        """A property's queue and history."""
        return self.data / property_name / "outbox.db"

    def sandbox(self, property_name: str) -> Path:
        """A training property's own authority's memory."""
        return self.data / property_name / "sandbox.db"

    def keys(self, property_name: str) -> Path:
        """A property's key file, where settings say ``vault = "file"``."""
        return self.data / property_name / "keys.json"


def find_folders(environ: Mapping[str, str]) -> Folders:
    """``APOA_HOME`` for everything where it is set; else the platform's folders."""
    home = environ.get("APOA_HOME")
    if home:
        path = Path(home).expanduser().absolute()
        return Folders(path, path)
    # Imported here: a start with APOA_HOME, as cron and the tests have it, does not need it.
    from platformdirs import user_config_path, user_data_path

    return Folders(user_config_path("apoa-client", appauthor=False), user_data_path("apoa-client", appauthor=False))
