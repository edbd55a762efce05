"""The scripts in real shells: what a user types, and what the Tab key makes of it."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from cli_helpers import BESIDE, Apoa
from tmux_helpers import Terminal, require_tmux

from apoa_client.cli import main
from apoa_client.cli.completion import shells
from apoa_client.cli.completion.offers import Offers
from apoa_client.cli.completion.shells import Word

POSIX = ("bash", "zsh", "fish")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="these shells are not Windows' own")


def require(tool: str) -> None:
    """Skips the test without a tool, unless the environment requires it."""
    if shutil.which(tool) is None:
        if os.environ.get("APOA_REQUIRE_TOOLS"):
            pytest.fail(f"{tool} is required here, and was not found: apt-get install {tool}")
        pytest.skip(f"needs {tool}")


@posix_only
@pytest.mark.parametrize("shell", POSIX)
def test_a_shell_takes_its_script(apoa: Apoa, tmp_path: Path, shell: str) -> None:
    """The printed script has no syntax error; click's usual variable prints the same."""
    require(shell)
    printed = apoa("completion", shell)
    assert printed.code == 0
    assert apoa(_APOA_COMPLETE=f"{shell}_source").out == printed.out
    file = tmp_path / "script"
    file.write_text(printed.out)
    done = subprocess.run([shell, "-n", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_powershells_script_is_parsed_by_its_grammar() -> None:
    """PowerShell's own grammar finds no error in it, and it is ASCII, which each of its versions reads alike."""
    tree_sitter = pytest.importorskip("tree_sitter")
    grammar = pytest.importorskip("tree_sitter_powershell")
    source = shells.script("powershell").encode("ascii")
    tree = tree_sitter.Parser(tree_sitter.Language(grammar.language())).parse(source)
    assert not tree.root_node.has_error
    assert b"Register-ArgumentCompleter -Native" in source
    assert rb"""-replace "['\u2018-\u201b]", '$0$0'""" in source  # each of these ends a text there


def test_an_unknown_shell_gets_a_usage_error(apoa: Apoa) -> None:
    """The command names the shells; the variable of a script that is not ours does nothing."""
    said = apoa("completion", "tcsh")
    assert said.code == 2
    assert all(shell in said.err for shell in shells.SHELLS)
    said = apoa("completion")
    assert (said.code, said.out) == (2, "")
    assert "  bash,\n  zsh,\n" in said.err
    assert apoa(_APOA_COMPLETE="tcsh_complete") == (2, "", "")


def test_nothing_is_said_where_nothing_is_read(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that has closed its end of the line gets no error."""
    reader, writer = os.pipe()
    os.close(reader)
    asked = {**apoa.environ, "_APOA_COMPLETE": "zsh_complete", "_APOA_WORDS": "apoa"}
    closed = os.fdopen(writer, "w")
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stdout", stream)
        assert main.run([], asked, apoa.clock) == 0
    with suppress(OSError):
        closed.close()


def test_the_help_has_a_line_for_each_shell(apoa: Apoa) -> None:
    """The lines that install the scripts are there, unbroken, in both languages and in plain lines."""
    for lang, name in (("en", "completion"), ("id", "pelengkapan")):
        for arguments in ([name, "--help"], ["--plain", name, "--help"]):
            said = apoa(*arguments, lang=lang)
            for shell in shells.SHELLS:
                assert f"apoa {name} {shell} " in said.out


@pytest.mark.parametrize(
    ("words", "current", "environ", "lines"),
    [
        ([("Selandia Baru", "NZL")], Word("Sel"), {}, ["Selandia\\ Baru"]),
        ([("Selandia Baru", "NZL")], Word("Sel", '"'), {}, ["Selandia Baru"]),
        ([("Côte d'Ivoire", "")], Word("c"), {}, ["Côte\\ d\\'Ivoire"]),
        ([("Côte d'Ivoire", "")], Word("c", "'"), {}, ["Côte d'\\''Ivoire"]),
        ([('$(x) `x` "x"\\', "")], Word("$", '"'), {}, ['\\$(x) \\`x\\` \\"x\\"\\\\']),
        ([("Melati !", "")], Word("M", '"'), {}, ['Melati "\'!\'""']),
        ([("7 !! $x", "")], Word("7", '"'), {}, ["7 \"'!'\"\"'!'\" \\$x"]),
        ([("$(x)1", "one"), ("$(x)2", "")], Word(""), {"_APOA_TYPE": "33"}, ["\\$\\(x\\)1  (one)", "\\$\\(x\\)2"]),
        ([("$(x)1", ""), ("$(x)2", "")], Word("$", '"'), {"_APOA_TYPE": "64"}, ["\\$(x)1", "\\$(x)2"]),
        ([("token:400", "")], Word("token:4"), {"_APOA_BREAKS": ":="}, ["400"]),
        ([("token:400", "")], Word("token:4"), {"_APOA_BREAKS": ""}, ["token:400"]),
        ([("token:400", "")], Word("token:4", "'"), {"_APOA_BREAKS": ":="}, ["token:400"]),
        ([("a", "one"), ("b", "")], Word(""), {"_APOA_TYPE": "63"}, ["a  (one)", "b"]),
        ([("a", "one"), ("b", "")], Word(""), {"_APOA_TYPE": "9"}, ["a", "b"]),
        ([("a", "one")], Word(""), {"_APOA_TYPE": "63"}, ["a"]),
        ([("a\x1b[2J\n", "")], Word(""), {}, ["a\\?\\[2J\\?"]),
    ],
)
def test_bash_gets_words_that_it_can_insert(
    words: list[tuple[str, str]], current: Word, environ: dict[str, str], lines: list[str]
) -> None:
    """Quoted as the word at the cursor needs it, from its last break on; described where bash shows a list."""
    assert shells.answer("bash", Offers(words), current, environ).splitlines() == ["words", *lines]


@pytest.fixture
def home_of_shells(tmp_path: Path) -> Path:
    """A home with the scripts and settings of the shells."""
    for shell, name in (("bash", "apoa.bash"), ("zsh", "_apoa"), ("fish", "apoa.fish")):
        (tmp_path / name).write_text(shells.script(shell))
    (tmp_path / ".bashrc").write_text(f"cd '{tmp_path}'; source apoa.bash; PS1='ready> '\n")
    start = f"fpath=('{tmp_path}' $fpath); autoload -Uz compinit; compinit -u -d '{tmp_path}/dump'"
    (tmp_path / ".zshrc").write_text(f"cd '{tmp_path}'; {start}; PS1='ready> '; unsetopt beep list_beep\n")
    (tmp_path / "page.html").write_text("")
    return tmp_path


def environ_of(apoa: Apoa, home: Path) -> dict[str, str]:
    path = os.pathsep.join([str(Path(BESIDE[0]).parent), os.environ["PATH"]])
    return {"HOME": str(home), "ZDOTDIR": str(home), "APOA_HOME": str(apoa.home), "APOA_LANG": "en", "PATH": path}


TYPED = [
    ("apoa chec", "apoa check"),
    ("apoa list --state=qu", "apoa list --state=queued "),
    ("apoa daftar --sta", "apoa daftar --state "),
    ("apoa report --nationality new\\ z", "apoa report --nationality New\\ Zealand "),
    ('apoa report --nationality "New Z', 'apoa report --nationality "New Zealand" '),
    ("apoa report --nationality Selandia", "apoa report --nationality Selandia\\ Baru "),
    ("apoa receipt --html=pag", "apoa receipt --html=page.html "),
    ("apoa receipt --html pag", "apoa receipt --html page.html "),
    ("apoa sandbox --fault 503=5,los", "apoa sandbox --fault 503=5,lost "),
    ("apoa setup --timezone asia/mak", "apoa setup --timezone Asia/Makassar "),
    ("X=1 apoa --lang id kunci gan", "X=1 apoa --lang id kunci ganti "),
    ("echo 1; apoa statu", "echo 1; apoa status "),
]
"""What is typed before Tab, and what then stands on the line."""


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_tab_key(away: Apoa, home_of_shells: Path, tmp_path: Path, shell: str) -> None:
    """What stands on the line after Tab, with blanks, quotes, colons and equals signs in words."""
    require(shell)
    require_tmux()
    terminal = Terminal(tmp_path, (100, 60), environ_of(away, home_of_shells))
    try:
        terminal.run(["bash", "--noprofile", "-i"] if shell == "bash" else ["zsh", "-i"])
        terminal.wait_for("ready>")
        for typed, expected in TYPED:
            terminal.type(f"{typed}\t", enter=False)
            terminal.wait_for(f"ready> {expected}")
            terminal.type("#", enter=False)  # the shell reads keys again
            terminal.wait_for(f"ready> {expected}#")
            terminal.press("C-u")  # read by the shell in its turn; Ctrl-C would interrupt it at any moment
    finally:
        terminal.close()


@posix_only
def test_fish(away: Apoa, home_of_shells: Path) -> None:
    """What fish itself would insert or list."""
    require("fish")

    def fish(line: str) -> list[str]:
        command = "source apoa.fish; complete -C $argv[1]"
        done = subprocess.run(
            ["fish", "--no-config", "-c", command, line],
            env=environ_of(away, home_of_shells),
            cwd=home_of_shells,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    assert fish("apoa sta")[0].startswith("status\tShow what waits")
    assert fish("apoa list --state=qu") == ["--state=queued\twaiting"]
    assert fish('apoa report --nationality "New Z') == ["New Zealand\tNZL"]
    assert fish("apoa report --nationality New\\ Z") == ["New Zealand\tNZL"]
    assert fish("apoa receipt --html pag") == ["page.html"]
    assert fish("apoa receipt --html=pag") == ["--html=page.html"]
    assert fish("X=1 apoa --lang id kunci gan")[0].startswith("ganti\t")
    assert fish("apoa report --surname ") == []
