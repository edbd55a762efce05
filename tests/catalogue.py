"""The catalogue of sentences, kept in step with the code.

``python tests/catalogue.py update`` finds every sentence, merges new ones into ``apoa.po`` and compiles ``apoa.mo``;
``python tests/catalogue.py check`` says what is still to be done. The test of the same name asks `problems`.

click translates its own sentences through our domain, so the installed click's sources are read as well. Sentences of
its other versions stay in the catalogue: whichever click a user has is to speak Indonesian.
"""

import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "id"
PO = ROOT / "apoa_client" / "locale" / LANGUAGE / "LC_MESSAGES" / "apoa.po"
MO = PO.with_suffix(".mo")

PLURAL = (1, 2)
OURS = {"_": None, "N_": None, "msg": None, "nmsg": PLURAL, "gettext": None, "ngettext": PLURAL}
CLICKS = {"_": None, "ngettext": PLURAL}
CLICK = "click/"

_PLACE = re.compile(r"\{[^{}]*\}|%\(\w+\)[a-z]")
_LETTER = re.compile(r"[^\W\d_]")
_HEADER = (
    ("Project-Id-Version", "apoa-client"),
    ("Language", LANGUAGE),
    ("Plural-Forms", "nplurals=1; plural=0;"),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "8bit\n"),
)


class PlainCatalog(Catalog):
    """A catalogue whose header has no time and no version of a tool, so that it changes only when a sentence does."""

    mime_headers = property(lambda _self: list(_HEADER), lambda _self, _headers: None)
    num_plurals = property(lambda _self: 1)


def spoken(sentence: str) -> bool:
    """Whether there is anything to translate: ``{field}: {remark}`` is the same in every language."""
    return _LETTER.search(_PLACE.sub("", sentence)) is not None


def places(sentence: str) -> set[str]:
    """The places of a sentence that values fill: ``{name}``, ``{name!r}``, ``%(name)s``."""
    return set(_PLACE.findall(sentence))


def forms(text: str | Iterable[str] | None) -> tuple[str, ...]:
    """A msgid or msgstr as its forms: one, or one and many."""
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


def found() -> Catalog:
    """Every sentence in the code, ours and the installed click's, untranslated."""
    catalog = PlainCatalog(locale=LANGUAGE)
    for folder, keywords in ((ROOT / "apoa_client", OURS), (Path(click.__file__).parent, CLICKS)):
        for path in sorted(folder.rglob("*.py")):
            place = path.relative_to(folder.parent).as_posix()
            for _line, sentence, _comments, _context in extract_from_file("python", path, keywords=keywords):
                if spoken(forms(sentence)[0]):
                    catalog.add(sentence, locations=[(place, 0)])
    return catalog


def kept() -> Catalog:
    """What the file holds."""
    header, _msgid, _entries = PO.read_text(encoding="utf-8").partition('msgid ""')
    catalog = PlainCatalog(locale=LANGUAGE, header_comment=header.rstrip(), fuzzy=False)
    with PO.open("rb") as file:
        for message in sentences(read_po(file, locale=LANGUAGE)):
            catalog[message.id] = message
    return catalog


def sentences(catalog: Catalog) -> Iterator[Message]:
    """A catalogue's entries without its header."""
    return (message for message in catalog if message.id)


def of_click(message: Message) -> bool:
    """Whether a sentence is click's alone."""
    return bool(message.locations) and all(place.startswith(CLICK) for place, _line in message.locations)


def update() -> None:
    """Merge the code's sentences into the file, and compile it. What resembles an older sentence is marked fuzzy."""
    catalog, template = kept(), found()
    for message in sentences(catalog):
        if of_click(message) and message.id not in template:
            template.add(message.id, locations=message.locations)
    catalog.update(template, update_header_comment=False)
    file = io.BytesIO()
    write_po(file, catalog, width=0, sort_output=True, ignore_obsolete=True, include_lineno=False)
    PO.write_bytes(file.getvalue().rstrip(b"\n") + b"\n")
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    MO.write_bytes(compiled.getvalue())


def problems(*, clicks: bool) -> list[str]:
    """What is to be done about our sentences (or click's), a line each; empty when the catalogue is complete."""
    file, code = kept(), found()
    return [
        *(f"missing: {m.id}" for m in sentences(code) if of_click(m) is clicks and _untranslated(file.get(m.id))),
        *(f"fuzzy: {m.id}" for m in sentences(file) if of_click(m) is clicks and m.fuzzy),
        *(f"stale: {m.id}" for m in sentences(file) if not clicks and not of_click(m) and code.get(m.id) is None),
    ]


def uncompiled() -> list[str]:
    """Where ``apoa.mo`` says something else than ``apoa.po``."""
    with MO.open("rb") as file:
        compiled = {forms(m.id)[0]: forms(m.string) for m in sentences(read_mo(file))}
    written = {forms(m.id)[0]: forms(m.string) for m in sentences(kept()) if not m.fuzzy and all(forms(m.string))}
    return [f"not compiled: {key}" for key, strings in written.items() if compiled.get(key) != strings]


def _untranslated(message: Message | None) -> bool:
    return message is None or not all(forms(message.string))


def main(arguments: list[str]) -> int:
    """Carry out ``update`` or ``check``; the number of open ends decides the exit code."""
    if arguments not in (["update"], ["check"]):
        sys.stderr.write("usage: python tests/catalogue.py update|check\n")
        return 2
    if arguments == ["update"]:
        update()
    open_ends = [*problems(clicks=False), *problems(clicks=True), *uncompiled()]
    sys.stdout.write("".join(f"{line}\n" for line in open_ends))
    return 1 if open_ends else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
