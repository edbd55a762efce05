"""Every message is translated completely and goes through the catalogue; and in which language it is printed."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from gettext import GNUTranslations
from importlib.metadata import version
from string import Formatter

import catalogue
import pytest
from babel.messages.catalog import Message
from cli_helpers import LANGUAGES, NOWHERE, Apoa, spoken

from apoa_client.cli.terminal import language
from apoa_client.cli.terminal.command_names import ALIASES, COMMANDS, in_indonesian
from apoa_client.locale import catalogue as compiled_catalogue
from apoa_client.locale import parse_language
from apoa_client.messages import nmsg

NEWEST_CLICK = (8, 5)
"""The newest version of click whose messages are translated: those of a newer one are not compared."""

SAME_IN_INDONESIAN = {
    *("FILE", "[FILE]", "ID", "Disk", "Log", "Program", "Proxy", "Visa", "file", "transit"),
    *("Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Sep", "Nov", "April", "September", "November"),
    *("check-in", "check-out", "Check-out"),  # receptionists and APOA use the English word
    "apoa-client {version}, Python {python}, {system}",
    "Asia/Jakarta (WIB), Asia/Makassar (WITA) or Asia/Jayapura (WIT).",  # only its "or" is a word
    "Choice({choices})",  # a repr of click for programmers
}

UNWANTED_INDONESIAN = {
    # The terms and rules are in CONTRIBUTING.md.
    r"\bkembalikan (kunci|cadangan|laporan|pengaturan|dengan)": "pulihkan",
    r"(?<!brankas sandi \()(?<!--brankas )(?<!komputer \()\bkeyring\b": "brankas sandi (keyring)",
    r"\bsandi brankas\b": "brankas sandi (keyring)",
    r"\bperbaikan\b": "perubahan",
    r"\bnomor laporan\b": "ID",
    r"(?<!check-in )(?<!secara )\bmanual\b|\bke APOA\b": "ketik sendiri; di APOA",
    r"(?<!unggah )\bhalaman (biodata|data)\b": "halaman foto paspor",
    r"tanggal dulu|hari di depan": "(tanggal/bulan/tahun)",
    r"(?<![T\d])\d\d:\d\d\b": "19.50",
    r"\b(NAME|TEXT|DIR|SECONDS)\b": "NAMA, TEKS, FOLDER, DETIK",
    r"\bpenyiapan\b": "persiapan",
    r"\bberhenti supaya\b": "dihentikan supaya",
    r"\b(kenapa|beda|bilang|kena|soal|kita)\b|alat pembaca|malam-malam|mendaftar tamu": "another word",
    r"\bbisa ter(?!jadi)": "bisa di-, or ter- alone",
    r"\b(pra|antar|purna)-": "joined",
    r"\bdipindah\b|\bterlanjur\b|\bpadanya\b": "dipindahkan, telanjur, pada jam ini",
    r"\bke (resepsionis|petugas|tamu)\b": "kepada",
    r"\b(jika|bila|apabila)\b": "kalau",
    r"\bmasa inap\b": "masa menginap",
    r"\b(di)?segel\b": "dienkripsi",
    r"mesin pemindai": "alat pemindai",
    r"\bhabis masa berlaku|masa berlaku (paspor|dokumen) (sudah )?habis": "sudah tidak berlaku",
    r"\bpulang\b": "check-out",
    r"\bisian (tamu|tadi)|lanjutkan (isian|tamu)\b": "data tamu yang belum selesai",
    r"\bisi \[ \]": "jawaban dalam [ ]",
    r"\btidak jalan\b": "tidak berfungsi",
    r"\bnama untuk tamu\b": "nama lengkap penginapan",
    r"\blapor(?<!bukti lapor) (tamu|kedatangan)\b": "laporkan",
}
"""Patterns, and what stands in their place."""

# These functions show their argument to users.
SHOWING_FUNCTIONS = {"print_line", "print_error_line", "prompt", "confirm", "fail", "say", "check"}
TRANSLATING_FUNCTIONS = {"_", "N_", "text"}
MARKING_FUNCTIONS = {"_", "N_", "msg", "nmsg"}
NOT_TRANSLATED = {
    "apoa report": "a command as it is typed",
    "$ apoa ": "a command as it is typed",
    "apoa ": "a command as it is typed",
    "v1": "the end of an address, cut off",
    "   [ok] ": "a mark",
    "x": "a mark",
}
MARKED_BEFORE = {
    *("command.help", "option.help", "self._help", "sentence", "example", "title", "metavar"),
    *("Status.ACCEPTED.meaning.counted.template", "each.meaning.counted.template"),
    *("receipt_source(entry.receipt)", "receipt_source(receipt)"),
}
"""Expressions whose values are marked with N_ at their definition, beside the names of constants."""

AS_TYPED = re.compile(
    rf"apoa (?:{'|'.join([*COMMANDS, *ALIASES])})\b(?!-)|--[a-z][a-z-]+|\b[A-Z]+_[A-Z_]+\b|https://\S+|chmod 600"
)


def entries() -> list[Message]:
    return list(catalogue.sentences(catalogue.kept()))


def nodes(folder: str) -> Iterator[tuple[ast.Call | ast.JoinedStr, str]]:
    """Yield each call and each f-string of the sources, and its place."""
    for path in sorted((catalogue.ROOT / "apoa_client" / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call | ast.JoinedStr):
                yield node, f"{path.name}:{node.lineno}"


def name_of(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def bare_words(node: ast.AST) -> Iterator[str]:
    """Yield the literal text with letters in an expression, except translated text, keys and format specifications."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and re.search(r"[^\W\d_]", node.value):
            yield node.value
    elif not (isinstance(node, ast.Call) and name_of(node) in TRANSLATING_FUNCTIONS):
        unread = {getattr(node, "slice", None), getattr(node, "format_spec", None)}
        for child in ast.iter_child_nodes(node):
            if child not in unread:
                yield from bare_words(child)


def test_every_message_is_translated() -> None:
    """No message of the code, or of click, is missing, fuzzy or obsolete, and the compiled catalogue has them all."""
    clicks = tuple(map(int, version("click").split(".")[:2])) <= NEWEST_CLICK
    assert catalogue.problems(clicks=clicks) == [], "run: python tests/support/catalogue.py update"
    assert catalogue.uncompiled() == []


def test_placeholders_are_kept() -> None:
    """A translation has the placeholders of its message (of the plural, if there is one), and its braces match."""
    for message in entries():
        for translation in catalogue.forms(message.string):
            assert catalogue.places(translation) == catalogue.places(catalogue.forms(message.id)[-1]), message.id
            assert list(Formatter().parse(translation)), message.id


def test_commands_and_options_have_their_indonesian_names() -> None:
    """A translation names the same commands and options, by their Indonesian names, and the same variables."""
    for message in entries():
        typed = set(AS_TYPED.findall(in_indonesian(catalogue.forms(message.id)[-1])))
        for translation in catalogue.forms(message.string):
            found = set(AS_TYPED.findall(translation))
            assert typed <= found, message.id
            assert {each for each in found if each.startswith(("apoa ", "--"))} <= typed, message.id
            assert in_indonesian(translation) == translation


def test_no_translation_equals_its_message() -> None:
    """Only the listed words have a translation that equals the message."""
    same = {m.id for m in entries() if isinstance(m.id, str) and m.id == m.string}
    assert same <= SAME_IN_INDONESIAN


def indonesian_texts() -> Iterator[str]:
    """Yield every Indonesian text: the catalogue's, the topics' and the guides' lines, the notice's and README's."""
    for message in entries():
        yield from catalogue.forms(message.string)
    for pattern in ("*.id.toml", "guides/*.id.md"):
        for path in sorted((catalogue.ROOT / "apoa_client" / "cli" / "guide").glob(pattern)):
            # What users may search for is in their own words.
            lines = path.read_text(encoding="utf-8").splitlines()
            yield from (line for line in lines if not line.startswith("words = "))
    notices = tomllib.loads(
        (catalogue.ROOT / "apoa_client/cli/documents/templates/poster.toml").read_text(encoding="utf-8")
    )["language"]
    yield from (value for notice in notices if notice["lang"] == "id" for value in map(str, notice.values()))
    readme = (catalogue.ROOT / "README.md").read_text(encoding="utf-8")
    yield from re.findall(r"^## Sehari .*?(?=^## )", readme, re.DOTALL | re.MULTILINE)[0].splitlines()


@pytest.mark.parametrize("pattern", UNWANTED_INDONESIAN)
def test_indonesian_keeps_to_its_terms(pattern: str) -> None:
    """No Indonesian text has a form that the contributors' guide replaces with another."""
    unwanted = re.compile(pattern, re.IGNORECASE if pattern.islower() else 0)
    assert [text for text in indonesian_texts() if unwanted.search(text)] == [], UNWANTED_INDONESIAN[pattern]


def test_indonesian_messages_are_used() -> None:
    """With Indonesian as the language, messages, plurals and the messages of click are Indonesian."""
    import gettext  # called in the way of click

    language.set_language("id")
    assert language._("Passport number") == "Nomor paspor"
    waiting = nmsg(
        "The authority asked us to wait; {count} second is left.",
        "The authority asked us to wait; {count} seconds are left.",
        5,
    )
    assert language.text(waiting) == "Server pelaporan meminta jeda; sisa 5 detik."
    assert gettext.gettext("Usage:") == "Pemakaian:"
    language.set_language("en")
    assert language._("Passport number") == "Passport number"


def test_each_translation_is_the_one_that_gettext_reads() -> None:
    """Sentences are looked up in the compiled file one by one: the same are found, and no other."""
    ours = compiled_catalogue("id")
    with catalogue.mo_file("id").open("rb") as file:
        theirs = GNUTranslations(file)
    for sentence in (*(message.id for message in entries()), "A", "zzz", "\udcff", ("zzz", "zzzs")):
        if isinstance(sentence, str):
            assert ours.gettext(sentence) == theirs.gettext(sentence)
        else:
            one, many = sentence
            assert [ours.ngettext(one, many, n) for n in (1, 2)] == [theirs.ngettext(one, many, n) for n in (1, 2)]


def test_the_catalogue_tool_finds_every_message() -> None:
    """Each is literal text or a marked name, and in no f-string, where the tool finds it only since Python 3.12."""
    found = 0
    for node, where in nodes(""):
        if isinstance(node, ast.JoinedStr):
            inside = [call for call in ast.walk(node) if isinstance(call, ast.Call)]
            hidden = [call for call in inside if name_of(call) in MARKING_FUNCTIONS]
            assert not any(is_literal(call.args[0]) for call in hidden), where
        elif name_of(node) in MARKING_FUNCTIONS:
            found += 1
            for argument in node.args[: 2 if name_of(node) == "nmsg" else 1]:
                words = ast.unparse(argument.value if isinstance(argument, ast.Subscript) else argument)
                named = name_of(node) == "_" and (words.isupper() or words in MARKED_BEFORE)
                assert is_literal(argument) or named, where
    assert found > len(COMMANDS)


def test_no_shown_text_is_untranslated() -> None:
    """Text that is printed, asked or raised, and the help of commands and options, goes through the catalogue."""
    for node, where in nodes("cli"):
        if isinstance(node, ast.JoinedStr):
            continue
        if name_of(node) in SHOWING_FUNCTIONS and node.args:
            assert set(bare_words(node.args[0])) <= NOT_TRANSLATED.keys(), where
        elif name_of(node) in {"option", "group", "command"}:
            helps = [k.value for k in node.keywords if k.arg in {"text", "help"}]
            texts = node.args[1:2] if ast.unparse(node.func) == "command" else []
            assert not any(is_literal(text) for text in (*helps, *texts)), where


NOT_FOUND = "No report has this ID, and no guest this name or room."


class TestLanguages:
    """The language is that of `--lang`, else `APOA_LANG`, the settings, the system's locale, or English."""

    @staticmethod
    def _language_of(apoa: Apoa, *options: str, **environ: str) -> str:
        """Return the language of the error about an unknown report."""
        result = apoa(*options, "show", "zzzz", **environ)
        return next(lang for lang in LANGUAGES if spoken(lang, NOT_FOUND) in result.err)

    def test_order_of_the_sources(self, apoa: Apoa) -> None:
        """An earlier source in the order overrides the later ones."""
        apoa.set_up(NOWHERE)
        del apoa.environ["APOA_LANG"]
        assert self._language_of(apoa) == "en"
        assert self._language_of(apoa, LANG="id_ID.UTF-8") == "id"
        assert self._language_of(apoa, LANG="id_ID.UTF-8", LC_MESSAGES="en_GB.UTF-8") == "en"
        assert self._language_of(apoa, LANG="en_US.UTF-8", LC_ALL="in_ID") == "id"
        assert self._language_of(apoa, LANG="fr_FR.UTF-8") == "en"
        apoa.set_up(NOWHERE, "--language", "id")
        assert self._language_of(apoa, LANG="en_US.UTF-8") == "id"
        assert self._language_of(apoa, LANG="id_ID.UTF-8", APOA_LANG="en") == "en"
        assert self._language_of(apoa, "--lang", "id", APOA_LANG="en") == "id"
        assert self._language_of(apoa, "--lang=en", APOA_LANG="id") == "en"

    @pytest.mark.parametrize(
        "arguments",
        [
            ["show", "zzzz", "--lang", "id"],
            ["show", "--lang=id", "zzzz"],
            ["show", "--lang", "id", "--", "zzzz"],
            ["-q", "show", "zzzz", "--lang=id", "--plain", "--json"],
        ],
    )
    def test_global_options_after_the_command(self, away: Apoa, arguments: list[str]) -> None:
        """Global options are accepted after the command."""
        result = away(*arguments)
        assert result.code == away("show", "zzzz").code
        assert spoken("id", NOT_FOUND) in result.err
        assert spoken("en", NOT_FOUND) in away("show", "--", "--plain").err  # after `--` no word is an option

    def test_an_unknown_language(self, apoa: Apoa) -> None:
        """An unknown language is a usage error in the option and a settings error in the variable."""
        assert apoa("--lang", "de", "status").code == 2
        assert apoa("--lang").code == 2
        for arguments in (["status", "--lang", "de"], ["status", "--lang"]):
            result = apoa(*arguments)
            assert result.code == 2
            assert "'--lang'" in result.err
            assert "'id', 'en'" in result.err
        assert apoa("status", APOA_LANG="de").code == 78

    def test_invalid_settings_use_the_systems_language(self, apoa: Apoa) -> None:
        """The error about invalid settings is in the language of the locale."""
        apoa.home.mkdir()
        (apoa.home / "config.toml").write_text("[")
        del apoa.environ["APOA_LANG"]
        result = apoa("status", LANG="id_ID.UTF-8")
        assert result.code == 78
        assert "Correct that line" not in result.err

    def test_language_of_windows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """On Windows the language is that of the system's locale, by its Windows name."""
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setattr("locale.getlocale", lambda: ("Indonesian_Indonesia", "1252"))
        assert language.system_language({}) == "id"
        monkeypatch.setattr("locale.getlocale", lambda: (None, None))
        assert language.system_language({}) == "en"

    @pytest.mark.parametrize(
        ("name", "known"),
        [
            ("id", "id"),
            ("id_ID.UTF-8", "id"),
            ("ID-id", "id"),
            ("in", "id"),
            ("en.UTF-8", "en"),
            ("C.UTF-8", ""),
            ("", ""),
            ("ide", ""),
        ],
    )
    def test_names_of_locales(self, name: str, known: str) -> None:
        """Names of POSIX and Windows and the old code of Indonesian are parsed; other names give no language."""
        assert parse_language(name) == known
