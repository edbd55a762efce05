"""The reader's language, Indonesian or English, from gettext catalogues.

English is the key of the catalogue, so only Indonesian has a file. click translates its own sentences through gettext's
default domain, so `set_language` makes ours the default: the catalogue holds click's sentences too.
"""

import gettext
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from apoa_client import messages
from apoa_client.cli.terminal.output import sanitize
from apoa_client.locale import DOMAIN, FOLDER, LANGUAGES, SOURCE_LANGUAGE, catalogue, parse_language
from apoa_client.messages import Message

N_ = messages.N_
"""Marks a sentence for the catalogue, as `_` translates one."""


class _Commands:
    """How the commands in a sentence are completed, so that the reader can copy them."""

    complete: Callable[[str], str] = staticmethod(str)


@contextmanager
def commands_completed(complete: Callable[[str], str]) -> Iterator[None]:
    """Complete the commands in each sentence that is translated inside."""
    before, _Commands.complete = _Commands.complete, complete
    try:
        yield
    finally:
        _Commands.complete = before


def with_complete_commands(line: str) -> str:
    """Return a line in the reader's language with its commands completed."""
    return _Commands.complete(line)


def _(text: str) -> str:
    """Return the sentence in the reader's language."""
    return with_complete_commands(catalogue(current_language()).gettext(text)) if text else ""


def text(message: Message) -> str:
    """Return a message in the reader's language, with its values sanitized."""
    return message.render(_, _plural, sanitize)


def _plural(one: str, many: str, count: int) -> str:
    return with_complete_commands(catalogue(current_language()).ngettext(one, many, count))


def in_language(language: str, sentence: str) -> str:
    """Return the sentence in this language, whatever the reader's is."""
    return catalogue(language).gettext(sentence)


def in_both_languages(sentence: str) -> str:
    """Return the sentence in both languages, once if they are alike: for printed pages."""
    return " / ".join(dict.fromkeys(in_language(language, sentence) for language in LANGUAGES))


def set_language(language: str) -> None:
    """Use this language from now on, in click's sentences too."""
    gettext.bindtextdomain(DOMAIN, FOLDER)
    gettext.textdomain(DOMAIN)
    # gettext has no other switch for a whole process.
    os.environ["LANGUAGE"] = language  # noqa: TID251  see above


def current_language() -> str:
    """Return the language in use."""
    return os.environ.get("LANGUAGE", SOURCE_LANGUAGE)  # noqa: TID251  as in `set_language`


def system_language(environ: Mapping[str, str]) -> str:
    """Return the language of the system's locale (POSIX variables; on Windows the user's), or the fallback."""
    name = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    if not name and sys.platform == "win32":
        import locale  # slow, and only Windows needs it

        name = locale.getlocale()[0] or ""
    return parse_language(name) or SOURCE_LANGUAGE
