"""Command lines to copy, in the reader's shell."""

import subprocess
import sys

import pytest

from apoa_client.cli.terminal.command_names import quote_words

WORDS = [
    *("apoa", "ubah", "--nights", "+1", r"C:\apoa\bukti.html", "https://server.example:8443/v1", "24/11/2026", ""),
    *(
        "Wisma Melati",
        "O'BRIEN",
        "P<GBRSMITH<<JANE",
        "a & b | c > d",
        "(x)",
        "a;b,c",
        "ŁUKASZ",
        "19.50",
        "C:\\my apoa\\",
    ),
]


def test_on_windows() -> None:
    """Double quotes, which cmd and PowerShell know, stand around each word that one of the two would change."""
    assert quote_words(WORDS, windows=True) == (
        r"apoa ubah --nights +1 C:\apoa\bukti.html https://server.example:8443/v1 24/11/2026 "
        r'"" "Wisma Melati" "O' + r"'" + r'BRIEN" "P<GBRSMITH<<JANE" "a & b | c > d" "(x)" "a;b,c" ŁUKASZ 19.50 '
        '"C:\\my apoa\\\\"'
    )


def test_elsewhere() -> None:
    """A POSIX shell reads the words back."""
    assert quote_words(["apoa", "O'BRIEN", "P<<"], windows=False) == """apoa 'O'"'"'BRIEN' 'P<<'"""


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows splits a line in this way")
def test_a_program_of_windows_gets_the_words() -> None:
    """A program that is started with the line has the same words."""
    odd = [*WORDS, 'a "quoted" word', '\\"']
    line = quote_words(
        [sys.executable, "-X", "utf8", "-c", "import sys; print('|'.join(sys.argv[1:]))", *odd], windows=True
    )
    done = subprocess.run(line, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "|".join(odd) + "\n"
