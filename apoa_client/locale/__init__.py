"""The program's languages: English, the language of the code, and each that has a catalogue in this folder."""

import gettext
import os
from functools import cache, lru_cache

DOMAIN = "apoa"
"""Name of the catalogue files."""
SOURCE_LANGUAGE = "en"
FOLDER = os.path.dirname(__file__)


def catalogue_path(language: str) -> str:
    """Return the path of a language's compiled catalogue."""
    return os.path.join(FOLDER, language, "LC_MESSAGES", f"{DOMAIN}.mo")


class _Catalogue(gettext.NullTranslations):
    """The sentences of a compiled catalogue with one plural form, each found when it is shown.

    `gettext.GNUTranslations` reads all of them, which takes 4 ms. See "The Format of GNU MO Files" in gettext's manual:
    a table of the sorted ids and one of the texts, each entry with its length and its place. babel writes the places as
    little-endian numbers.
    """

    def __init__(self, content: bytes) -> None:
        from bisect import bisect_left  # start-up: not in English
        from struct import unpack_from

        super().__init__()
        count, ids, texts = unpack_from("<3I", content, 8)

        def entry(table: int, index: int) -> bytes:
            length, start = unpack_from("<2I", content, table + 8 * index)
            return content[start : start + length]

        @lru_cache(4096)  # a list shows the same ones in thousands of lines
        def find(message: str) -> str | None:
            key = message.encode("utf-8", "surrogatepass")
            index = bisect_left(range(count), key, key=lambda each: entry(ids, each))
            is_there = index < count and entry(ids, index).partition(b"\0")[0] == key  # a plural is behind it
            return entry(texts, index).decode() if is_there else None

        self._find = find

    def gettext(self, message: str) -> str:
        """Return the translation, or the message itself if there is none."""
        found = self._find(message)
        return message if found is None else found

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the translation for any number, or one of the messages if there is none."""
        found = self._find(msgid1)
        return super().ngettext(msgid1, msgid2, n) if found is None else found


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the translations into a language of `LANGUAGES`.

    The file is opened by its path: `gettext.translation` would load `locale` to guess at names.
    """
    if language == SOURCE_LANGUAGE:
        return gettext.NullTranslations()
    with open(catalogue_path(language), "rb") as file:
        content = file.read()
        file.seek(0)
        return _Catalogue(content) if b"nplurals=1;" in content else gettext.GNUTranslations(file)


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
