"""The reader's language: Indonesian or English, by gettext catalogue.

English is the catalogue's key, so only Indonesian has a file. click translates its own sentences through gettext's
default domain, so that domain is ours while we run: its sentences stand in our catalogue.
"""

import gettext
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache

from apoa_client.cli.terminal.output import sanitize
from apoa_client.messages import LANGUAGES, Message

DOMAIN = "apoa"
FALLBACK = "en"
# os.path: pathlib costs `apoa --version` 2 ms.
_CATALOGUES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "locale")  # noqa: PTH118, PTH120  see above
_SPELLINGS = {
    **dict.fromkeys(("id", "in", "indonesian", "indonesia", "bahasa"), "id"),
    **dict.fromkeys(("en", "english", "inggris"), "en"),
}


def N_(text: str) -> str:  # noqa: N802  gettext's own name for a sentence that is translated later
    """Mark a sentence for the catalogue; it is translated when it is shown."""
    return text


def _(text: str) -> str:
    """The sentence in the reader's language."""
    return _catalogue(current_language()).gettext(text) if text else ""


def in_language(language: str, sentence: str) -> str:
    """The sentence in this language, whichever one the reader's is."""
    return _catalogue(language).gettext(sentence)


def in_both_languages(sentence: str) -> str:
    """The sentence in both languages, once where they are alike: for paper, which anybody may read."""
    return " / ".join(dict.fromkeys(in_language(language, sentence) for language in LANGUAGES))


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """English is the key and has no file. Opened by name: `gettext.translation` loads `locale` to guess at names."""
    if language == FALLBACK:
        return gettext.NullTranslations()
    with open(os.path.join(_CATALOGUES, language, "LC_MESSAGES", f"{DOMAIN}.mo"), "rb") as file:  # noqa: PTH118, PTH123  as above
        return gettext.GNUTranslations(file)


def use(language: str) -> None:
    """Speak this language from now on."""
    gettext.bindtextdomain(DOMAIN, _CATALOGUES)
    gettext.textdomain(DOMAIN)
    # The one switch that gettext has for a whole process; click's own sentences heed it too.
    os.environ["LANGUAGE"] = language  # noqa: TID251  see above


def current_language() -> str:
    """The language in use."""
    return os.environ.get("LANGUAGE", FALLBACK)  # noqa: TID251  as in `use`


def wanted(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language that ``--lang`` or ``APOA_LANG`` asks for; empty where neither does.

    The option is read before click reads it, because click's own complaints must already be in that language.
    """
    for position, argument in enumerate(arguments):
        if argument == "--lang" and position + 1 < len(arguments):
            return known(arguments[position + 1])
        if argument.startswith("--lang="):
            return known(argument.removeprefix("--lang="))
    return known(environ.get("APOA_LANG", ""))


def system_language(environ: Mapping[str, str]) -> str:
    """The language of the system's locale (POSIX variables; on Windows the user's own), or the fallback."""
    named = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    if not named and sys.platform == "win32":
        import locale  # slow, and only Windows needs it

        named = locale.getlocale()[0] or ""
    return known(named) or FALLBACK


def known(name: str) -> str:
    """The language that a locale's name means ("id_ID.UTF-8", "Indonesian_Indonesia"); empty for others."""
    word = name.replace("-", "_").split("_", maxsplit=1)[0].split(".", maxsplit=1)[0]
    return _SPELLINGS.get(word.casefold(), "")


def text(message: Message) -> str:
    """A message in the reader's language, with control characters in its values neutralised."""
    return message.render(_, _catalogue(current_language()).ngettext, sanitize)
