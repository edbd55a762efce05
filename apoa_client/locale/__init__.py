"""The program's languages: English, the language of the code, and each that has a catalogue in this folder."""

import os

DOMAIN = "apoa"
"""Name of the catalogue files."""
SOURCE_LANGUAGE = "en"
FOLDER = os.path.dirname(__file__)


def catalogue_path(language: str) -> str:
    """Return the path of a language's compiled catalogue."""
    return os.path.join(FOLDER, language, "LC_MESSAGES", f"{DOMAIN}.mo")


LANGUAGES = (*sorted(name for name in os.listdir(FOLDER) if os.path.exists(catalogue_path(name))), SOURCE_LANGUAGE)
"""Tags of the languages; English is the last one."""
