"""The pages for `man`: one for each command, in both languages, and what `groff` and `mandoc` say about them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import Apoa, spoken

from apoa_client.cli.documents.man_pages import man_pages
from apoa_client.cli.main import apoa as program
from apoa_client.cli.program import all_commands
from apoa_client.cli.terminal.command_names import in_indonesian

pytestmark = pytest.mark.usefixtures("apoa")  # which puts the language back

_MACROS = {"TH", "nh", "SH", "SS", "TP", "PP", "EX", "EE"}
with_man = pytest.mark.skipif(sys.platform != "linux", reason="other systems have other tools, or none")


@pytest.fixture
def pages() -> dict[str, str]:
    """The text of each page by its path below `share/man`."""
    return {page.path.as_posix(): page.text for page in man_pages(program, "1.2.3", "2026-11-24")}


def commands() -> list[tuple[str, ...]]:
    return [path for path, _context in all_commands(program)]


def read(text: str) -> str:
    """Return a page's text without macros and escapes, on one line."""
    text = re.sub(r"\\\[u([0-9A-F]{4})\]", lambda found: chr(int(found[1], 16)), text)
    text = re.sub(r"\\f[BR]|^\.\w+ ?", "", text, flags=re.MULTILINE)
    for escape, character in (("\\-", "-"), ("\\(aq", "'"), ("\\(dq", '"'), ("\\&", ""), ("\\(ti", "~"), ("\\e", "\\")):
        text = text.replace(escape, character)
    return " ".join(text.split())


def test_every_command_has_a_page_in_each_language(pages: dict[str, str]) -> None:
    """The program, its commands, and the second words of commands; in Indonesian under both names."""
    for path in commands():
        name = "-".join(("apoa", *path))
        assert f"man1/{name}.1" in pages
        assert f"id/man1/{name}.1" in pages
        indonesian = in_indonesian(" ".join(("apoa", *path))).replace(" ", "-")
        assert pages[f"id/man1/{indonesian}.1"] == pages[f"id/man1/{name}.1"]
    assert len({name for name in pages if not name.startswith("id/")}) == len(commands())


@pytest.mark.parametrize("lang", ["en", "id"])
def test_a_page_says_what_the_help_says(apoa: Apoa, pages: dict[str, str], lang: str) -> None:
    """Help, each option by its names in both languages, the example, exit codes, variables, files and other pages."""
    folder = "man1" if lang == "en" else "id/man1"
    for path in commands():
        help_text = apoa(*path, "--help", lang=lang).out
        page = read(pages[f"{folder}/{'-'.join(('apoa', *path))}.1"])
        for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "FILES", "SEE ALSO"):
            assert f'"{spoken(lang, heading)}"' in page, path
        for option in re.findall(r"^  (?:-\w, )?(--[a-z-]+)", help_text, re.MULTILINE):
            assert option in page, (path, option)
        assert "APOA_HOME" in page
        assert "130, 143" in page
        example = re.search(rf"^{spoken(lang, 'Example')}:\n  (.*)$", help_text, re.MULTILINE)
        assert not path or (example is not None and example[1] in page), path
    assert "--room, --kamar" in read(pages["man1/apoa-report.1"])
    assert "--kamar, --room TEKS" in read(pages["id/man1/apoa-report.1"])


def test_indonesian_pages_are_indonesian(pages: dict[str, str]) -> None:
    """No heading and no sentence of a page is English, and commands have their Indonesian names."""
    for path in commands():
        name = f"{'-'.join(('apoa', *path))}.1"
        english, indonesian = pages[f"man1/{name}"], pages[f"id/man1/{name}"]
        sentences = {
            line for line in english.splitlines() if line.count(" ") > 2 and not line.startswith(("\\fB", "."))
        }
        assert not sentences & set(indonesian.splitlines()), name
        examples = re.findall(r"^\.EX\n(.*?)^\.EE", indonesian, re.MULTILINE | re.DOTALL)
        assert all(in_indonesian(read(each)) == read(each) for each in examples), name


def test_pages_are_plain_roff(pages: dict[str, str]) -> None:
    """ASCII lines that are not long, and no text that begins like a request."""
    for name, text in pages.items():
        assert text.isascii()
        for line in text.splitlines():
            assert not line.startswith("'"), name
            assert not line.startswith(".") or line[1:].split(" ")[0] in _MACROS, f"{name}: {line}"
    assert "apoa\\-client 1.2.3" in pages["man1/apoa.1"].replace("apoa-client", "apoa\\-client")


def written(pages: dict[str, str], folder: Path) -> list[str]:
    for name, text in pages.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="ascii")
    return [str(folder / name) for name in pages]


def output_of(*command: str, **environ: str) -> str:
    """Return what a tool prints, its warnings included. Skips the test without it, unless it is required."""
    if shutil.which(command[0]) is None:
        if os.environ.get("APOA_REQUIRE_TOOLS"):
            pytest.fail(f"{command[0]} is required here, and was not found: apt-get install man-db mandoc")
        pytest.skip(f"needs {command[0]}")
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "80", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return done.stdout


@with_man
def test_mandoc_finds_nothing_to_correct(pages: dict[str, str], tmp_path: Path) -> None:
    """Not even its remarks about style."""
    assert output_of("mandoc", "-Tlint", *written(pages, tmp_path)) == ""


@with_man
def test_man_shows_a_page(pages: dict[str, str], tmp_path: Path) -> None:
    """`man apoa-report` finds the page and warns of nothing, at 80 columns."""
    written(pages, tmp_path)
    shown = output_of("man", "--warnings", "-P", "cat", "-M", str(tmp_path), "apoa-report")
    assert "--nationality, --kewarganegaraan TEXT" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "warning" not in shown
    shown = output_of("man", "--warnings", "-P", "cat", "-M", str(tmp_path / "id"), "apoa-lapor")
    assert "--kewarganegaraan, --nationality TEKS" in shown
    assert "warning" not in shown
