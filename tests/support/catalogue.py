"""Keeps the translations in step with the code.

``python tests/support/catalogue.py update`` finds every sentence in the code, merges it into each language's
``apoa.po`` and compiles ``apoa.mo``; ``check`` prints what is missing; ``template`` writes ``apoa.pot``, which is not
kept in git. The languages are the folders below ``apoa_client/locale``: to add one, make
``apoa_client/locale/TAG/LC_MESSAGES`` and run ``update``. Plural forms are those of the file's header; a new file gets
those of its language.

click translates its own sentences through our domain, so the installed click's sources are read as well. Sentences of
its other versions stay in the catalogue, for users who have another click.
"""

import io
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "apoa_client" / "locale"
TEMPLATE = LOCALE / "apoa.pot"

PLURAL = (1, 2)
OURS = {"_": None, "N_": None, "msg": None, "nmsg": PLURAL, "gettext": None, "ngettext": PLURAL}
CLICKS = {"_": None, "ngettext": PLURAL}
CLICK = "click/"

_COMMENT = "# Translations of apoa-client."
_PLACE = re.compile(r"\{[^{}]*\}|%\(\w+\)[a-z]")
_LETTER = re.compile(r"[^\W\d_]")
_NUMBERS = frozenset({"{hour}:{minute}", "{whole}.{fraction}"})
"""Indonesian writes 19.50 for a time, and 2,5 for a number."""


def _plain_header(catalog: Catalog) -> list[tuple[str, str]]:
    language = [("Language", str(catalog.locale)), ("Plural-Forms", catalog.plural_forms)] if catalog.locale else []
    return [
        ("Project-Id-Version", "apoa-client"),
        *language,
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit\n"),
    ]


class PlainCatalog(Catalog):
    """A catalogue whose header has no time and no tool version, so that the file changes only when a sentence does."""

    mime_headers = property(_plain_header, Catalog._set_mime_headers)


def languages() -> list[str]:
    """Return the tags of the languages that have a folder."""
    return sorted(folder.parent.name for folder in LOCALE.glob("*/LC_MESSAGES"))


def po_file(language: str = "id") -> Path:
    """Return the path of a language's translations."""
    return LOCALE / language / "LC_MESSAGES" / "apoa.po"


def mo_file(language: str = "id") -> Path:
    """Return the path of a language's compiled translations."""
    return po_file(language).with_suffix(".mo")


def translatable(sentence: str) -> bool:
    """Return whether there is anything to translate: ``{field}: {problem}`` is the same in every language."""
    return sentence in _NUMBERS or _LETTER.search(_PLACE.sub("", sentence)) is not None


def places(sentence: str) -> set[str]:
    """Return the placeholders of a sentence: ``{name}``, ``{name!r}``, ``%(name)s``."""
    return set(_PLACE.findall(sentence))


def forms(text: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the forms of a msgid or msgstr: one, or one for each number."""
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


def found(language: str | None = "id") -> Catalog:
    """Return every sentence in the code, ours and the installed click's, untranslated."""
    catalog = PlainCatalog(locale=language, header_comment=_COMMENT, fuzzy=False)
    for place, sentence in _in_the_code():
        catalog.add(sentence, locations=[(place, 0)])
    return catalog


@cache
def _in_the_code() -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    """Return the sentences with their files. They are extracted once, which takes seconds."""
    return tuple(
        (path.relative_to(folder.parent).as_posix(), sentence)
        for folder, keywords in ((ROOT / "apoa_client", OURS), (Path(click.__file__).parent, CLICKS))
        for path in sorted(folder.rglob("*.py"))
        for _line, sentence, _comments, _context in extract_from_file("python", path, keywords=keywords)
        if translatable(forms(sentence)[0])
    )


def kept(language: str = "id") -> Catalog:
    """Return the translations in a language's file, none if there is no file."""
    catalog = PlainCatalog(locale=language, header_comment=_COMMENT, fuzzy=False)
    if not po_file(language).exists():
        return catalog
    header, _msgid, _entries = po_file(language).read_text(encoding="utf-8").partition('msgid ""')
    catalog.header_comment = header.rstrip()
    with po_file(language).open("rb") as file:
        read = read_po(file, locale=language)
    catalog.mime_headers = [("Plural-Forms", read.plural_forms)]
    for message in sentences(read):
        catalog[message.id] = message
    return catalog


def sentences(catalog: Catalog) -> Iterator[Message]:
    """Return the entries of a catalogue without its header."""
    return (message for message in catalog if message.id)


def of_click(message: Message) -> bool:
    """Return whether only click has this sentence."""
    return bool(message.locations) and all(place.startswith(CLICK) for place, _line in message.locations)


def update(language: str = "id") -> None:
    """Merge the code's sentences into a language's file, and compile it.

    A new sentence that resembles an older one gets its translation, marked fuzzy.
    """
    catalog, template = kept(language), found(language)
    for message in sentences(catalog):
        if of_click(message) and message.id not in template:
            template.add(message.id, locations=message.locations)
    catalog.update(template, update_header_comment=False)
    _write(catalog, po_file(language))
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    mo_file(language).write_bytes(compiled.getvalue())


def write_template() -> None:
    """Write every sentence, untranslated, to `TEMPLATE`."""
    _write(found(None), TEMPLATE)


def _write(catalog: Catalog, path: Path) -> None:
    file = io.BytesIO()
    write_po(file, catalog, width=0, sort_output=True, ignore_obsolete=True, include_lineno=False)
    path.write_bytes(file.getvalue().rstrip(b"\n") + b"\n")


def problems(language: str = "id", *, clicks: bool) -> list[str]:
    """Return what is wrong with our sentences (and click's), a line each; empty if the catalogue is complete."""
    file, code = kept(language), found(language)
    singular = {sentence for _place, sentence in _in_the_code() if isinstance(sentence, str)}
    counted = {sentence[0] for _place, sentence in _in_the_code() if not isinstance(sentence, str)}
    return [
        *(f"both without and with a plural: {sentence}" for sentence in sorted(singular & counted)),
        *(f"missing: {m.id}" for m in sentences(code) if (clicks or not of_click(m)) and _untranslated(file.get(m.id))),
        *(f"fuzzy: {m.id}" for m in sentences(file) if (clicks or not of_click(m)) and m.fuzzy),
        *(f"stale: {m.id}" for m in sentences(file) if not of_click(m) and code.get(m.id) is None),
    ]


def uncompiled(language: str = "id") -> list[str]:
    """Return where ``apoa.mo`` differs from ``apoa.po``, a line each."""
    with mo_file(language).open("rb") as file:
        compiled = {forms(m.id)[0]: forms(m.string) for m in sentences(read_mo(file))}
    written = {
        forms(m.id)[0]: forms(m.string) for m in sentences(kept(language)) if not m.fuzzy and all(forms(m.string))
    }
    return [f"not compiled: {key}" for key, strings in written.items() if compiled.get(key) != strings]


def _untranslated(message: Message | None) -> bool:
    return message is None or not all(forms(message.string))


def main(arguments: list[str]) -> int:
    """Run ``update``, ``check`` or ``template``. Returns 1 if a translation is missing, fuzzy or stale."""
    if arguments not in (["update"], ["check"], ["template"]):
        sys.stderr.write("usage: python tests/support/catalogue.py update|check|template\n")
        return 2
    if arguments == ["template"]:
        write_template()
        return 0
    lines = []
    for language in languages():
        if arguments == ["update"]:
            update(language)
        left = [*problems(language, clicks=True), *uncompiled(language)]
        lines += [f"{language}: {line}" for line in left]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
