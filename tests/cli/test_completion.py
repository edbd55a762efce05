"""Completion: what fits at the cursor, in either language, and what the Tab key makes of it in real shells."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from basics import needs_tool
from cli_helpers import BESIDE, Apoa
from terminal_helpers import Terminal, require_tmux

from apoa_client.cli import main
from apoa_client.cli.commands import completion
from apoa_client.cli.terminal.command_names import ALIASES, COMMANDS
from apoa_client.locale import LANGUAGES

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="these shells are not Windows' own")
FILES = "(files)"
Complete = Callable[..., dict[str, str]]
"""Returns the words that fit after a command line, with their descriptions: `complete("list", "--sta")`."""


@pytest.fixture
def complete(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """What completes command lines of the program in this process."""

    def ask(*arguments: str, **environ: str) -> dict[str, str]:
        asked = {"COMP_WORDS": " ".join(["apoa", *arguments]), "COMP_CWORD": str(len(arguments))}
        for name, value in asked.items():
            monkeypatch.setenv(name, value)  # click reads it there
        said = apoa(_APOA_COMPLETE="zsh_complete", **asked, **environ)
        assert (said.code, said.err) == (0, "")
        lines = said.out.split("\n")
        assert len(set(lines[1::3])) == len(lines[1::3])  # each word once
        words = list(zip(lines[::3], lines[1::3], lines[2::3], strict=False))
        return {FILES if kind == "file" else value: text.removeprefix("_") for kind, value, text in words}

    return ask


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_command_is_offered_in_the_readers_language(complete: Complete, lang: str) -> None:
    """None in the other language."""
    indonesian = {*ALIASES, *(set(COMMANDS) - set(ALIASES.values()))}
    assert set(complete("", lang=lang)) == (indonesian if lang == "id" else set(COMMANDS))
    assert all(complete("s", lang=lang).values())


@pytest.mark.parametrize(
    ("words", "lang", "offered"),
    [
        (["chec"], "en", {"check", "checkout"}),
        (["kelu"], "en", {"keluar"}),
        (["checko"], "id", {"checkout"}),
        (["key", "r"], "en", {"recover", "rotate"}),
        (["kunci", "g"], "id", {"ganti"}),
        (["key", "rot"], "id", {"rotate"}),
        (["list", "--sta"], "en", {"--state"}),
        (["list", "--sta"], "id", {"--status"}),
        (["daftar", "--kewarga"], "en", {"--kewarganegaraan"}),
        (["--property", "melati", "list", "--sta"], "en", {"--state"}),
        (["--lang", "id", "list", "--sta"], "en", {"--status"}),
        (["-v", "sta"], "en", {"stats", "status"}),
        (["no-command", ""], "en", set()),
        (["purge", "-"], "en", {"--guest", "--dry-run", "--today", "-y", "--yes", "--json", "--help"}),
        (["list", "--state", "q"], "en", {"queued"}),
        (["daftar", "--status", "menung"], "id", {"menunggu", "menunggu-keputusan"}),
        (["setup", "--vault", ""], "en", {"keyring", "file"}),
        (["--lang", ""], "en", {"id", "en"}),
        (["receipt", "--html", "a"], "en", {FILES}),
        (["restore", ""], "en", {FILES}),
        (["--log-file", ""], "en", {FILES}),
        (["report", "--surname", ""], "en", set()),
        (["completion", "z"], "en", {"zsh"}),
    ],
)
def test_what_fits(complete: Complete, words: list[str], lang: str, offered: set[str]) -> None:
    """Names of the reader's language, if none fits those of the other one; choices and files."""
    assert set(complete(*words, lang=lang)) - {"-h"} == offered


def test_an_option_is_offered_once(complete: Complete) -> None:
    """An option that was given, in either language, is not offered again; one that may be repeated is."""
    offered = complete("list", "--kamar", "7", "--state", "queued", "--")
    assert "--room" not in offered
    assert "--state" in offered


def test_no_guest_is_offered(away: Apoa, complete: Complete) -> None:
    """Neither ids nor rooms: the outbox is not opened, and a list of completions may be read by others."""
    away.save()
    away.outbox_file.chmod(0)
    for words in (["checkout"], ["checkout", "--room"], ["fix"], ["receipt"], ["list", "--room"], ["show"]):
        assert complete(*words, "") == {}


def test_powershell_has_a_script(apoa: Apoa) -> None:
    """It is ASCII, which each version of PowerShell reads alike; the line of the help adds it once."""
    printed = apoa("completion", "powershell")
    assert printed.out.isascii()
    assert "Register-ArgumentCompleter -Native -CommandName apoa" in printed.out
    line = next(line for line in apoa("completion", "--help").out.splitlines() if "Add-Content" in line)
    condition = re.search(r"if \(-not \(Select-String -Quiet '(.+)' \$PROFILE", line)
    assert condition is not None
    assert condition[1] in printed.out


def test_powershell_completes_files_itself(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script would insert a path with a blank without quotes; without an answer PowerShell adds them."""
    for words, answer in (("apoa restore ba", "\n"), ("apoa completion z", "plain\nzsh\n_\n")):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", "2")
        assert apoa(_APOA_COMPLETE="powershell_complete").out == answer


def test_an_unknown_shell_gets_a_usage_error(apoa: Apoa) -> None:
    """The command names the shells; the variable of a script that is not ours does nothing."""
    said = apoa("completion", "tcsh")
    assert said.code == 2
    assert all(shell in said.err for shell in completion.SHELLS)
    said = apoa("completion")
    assert (said.code, said.out) == (2, "")
    assert "  bash,\n  zsh,\n" in said.err
    assert apoa(_APOA_COMPLETE="tcsh_complete") == (2, "", "")


def test_nothing_is_said_where_nothing_is_read(apoa: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that has closed its end of the line gets no error."""
    reader, writer = os.pipe()
    os.close(reader)
    closed = os.fdopen(writer, "w")
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stdout", stream)
        assert main.run([], {**apoa.environ, "_APOA_COMPLETE": "zsh_complete"}, apoa.clock) == 0
    with suppress(OSError):
        closed.close()


@posix_only
def test_a_file_name_that_is_no_utf_8(apoa: Apoa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its beginning goes back as it was typed."""
    monkeypatch.setenv("COMP_WORDS", "apoa import caf\udce9")
    monkeypatch.setenv("COMP_CWORD", "2")
    with (tmp_path / "answer").open("w") as answer, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", answer)
        assert main.run([], {**apoa.environ, "_APOA_COMPLETE": "bash_complete"}, apoa.clock) == 0
    assert (tmp_path / "answer").read_bytes() == b"file,caf\xe9\n"


def test_the_help_has_a_line_for_each_shell(apoa: Apoa) -> None:
    """The lines that install the scripts are there, unbroken, in both languages and in plain lines."""
    for lang, name in (("en", "completion"), ("id", "pelengkapan")):
        for arguments in ([name, "--help"], ["--plain", name, "--help"]):
            said = apoa(*arguments, lang=lang)
            for shell in completion.SHELLS:
                assert f"apoa {name} {shell} " in said.out


@pytest.fixture
def home_of_shells(tmp_path: Path) -> Path:
    """A home with the scripts and settings of the shells."""
    for shell, name in (("bash", "apoa.bash"), ("zsh", "_apoa"), ("fish", "apoa.fish")):
        (tmp_path / name).write_text(completion.script(shell))
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
    ("apoa daftar --sta", "apoa daftar --state "),
    ("apoa receipt --html pag", "apoa receipt --html page.html "),
    ("X=1 apoa --lang id kunci gan", "X=1 apoa --lang id kunci ganti "),
    ("echo 1; apoa statu", "echo 1; apoa status "),
]
"""What is typed before Tab, and what then stands on the line."""


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_tab_key(away: Apoa, home_of_shells: Path, tmp_path: Path, shell: str) -> None:
    """What stands on the line after Tab."""
    needs_tool(shell, found=shutil.which(shell) is not None)
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
    needs_tool("fish", found=shutil.which("fish") is not None)

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

    assert fish("apoa sta")[0].startswith("stats\tShow")
    assert fish("apoa receipt --html pag") == ["page.html"]
    assert fish("apoa --lang id kunci gan")[0].startswith("ganti\t")
    assert fish("apoa report --surname ") == []
