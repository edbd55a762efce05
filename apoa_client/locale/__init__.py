"""The program's languages: English, the language of the code, and each that has a catalogue in this folder."""

import gettext
import os
from functools import cache

DOMAIN = "apoa"
"""Name of the catalogue files."""
SOURCE_LANGUAGE = "en"
FOLDER = os.path.dirname(__file__)


def catalogue_path(language: str) -> str:
    """Return the path of a language's compiled catalogue."""
    return os.path.join(FOLDER, language, "LC_MESSAGES", f"{DOMAIN}.mo")


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the translations into a language of `LANGUAGES`.

    The file is opened by its path: `gettext.translation` would load `locale` to guess at names.
    """
    if language == SOURCE_LANGUAGE:
        return gettext.NullTranslations()
    with open(catalogue_path(language), "rb") as file:
        return gettext.GNUTranslations(file)


LANGUAGES = (*sorted(name for name in os.listdir(FOLDER) if os.path.exists(catalogue_path(name))), SOURCE_LANGUAGE)
"""Tags of the languages; English is the last one."""

_SPELLINGS = {
    **dict.fromkeys(("in", "indonesian", "indonesia", "bahasa"), "id"),
    **dict.fromkeys(("english", "inggris"), "en"),
}
"""Names of languages besides their tags."""


def parse_language(name: str) -> str:
    """Return the language of a locale's name ("id_ID.UTF-8", "Indonesian_Indonesia"); empty for other languages."""
    word = name.replace("-", "_").split("_", maxsplit=1)[0].split(".", maxsplit=1)[0]
    tag = _SPELLINGS.get(word.casefold(), word.casefold())
    return tag if tag in LANGUAGES else ""
