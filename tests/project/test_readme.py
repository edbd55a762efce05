"""README.md and the guides: their examples are run, and README's two commands are the ones that CI runs."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cli_helpers import COMMAND, Installed, child_environment

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDES = sorted((ROOT / "apoa_client" / "cli" / "guide" / "guides").glob("*.md"))
ADMIN_GUIDE = ROOT / "apoa_client" / "cli" / "guide" / "guides" / "admin.en.md"
DOCUMENTS = [README, *GUIDES, ROOT / ".github" / "SECURITY.md", ROOT / ".github" / "CONTRIBUTING.md"]
SET_UP = "apoa setup --non-interactive --property practice --training --timezone WITA --vault file"


class Example(NamedTuple):
    """A command of a console block, what the reader types into it (the lines behind `>`), and the output."""

    command: str
    typed: str
    output: str


def examples(document: Path) -> list[Example]:
    """Return the commands of a document's console blocks."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part]
    found = []
    for part in parts:
        command, _newline, rest = part.partition("\n")
        typed = re.match(r"(?:> .*\n)*", rest)
        assert typed is not None
        found.append(Example(command, re.sub(r"^> ", "", typed[0], flags=re.MULTILINE), rest[typed.end() :]))
    return found


EXAMPLE_DAY = re.compile(r"\b(1[4-6])/03/2026\b")
"""The days of the stays in the documents' examples. A stay of long ago would be warned about."""


def files(document: Path) -> dict[str, str]:
    """Return the files that a document shows, by name: the name stands behind the block's language."""
    found = re.findall(r"^```\w+ (\S+)\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return {name: EXAMPLE_DAY.sub(_in_these_days, text) for name, text in found}


def _in_these_days(found: re.Match[str]) -> str:
    """Return a day of a stay in an example as far from today as the document's are from their last one."""
    return f"{datetime.now(UTC) - timedelta(days=16 - int(found[1])):%d/%m/%Y}"  # the command has this clock, too


def matches(shown: str, printed: str) -> bool:
    """Return whether `printed` is what was shown; three dots stand for any text."""
    pattern = ".*".join(re.escape(piece) for piece in shown.strip().split("..."))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def run(apoa: Installed, command: str, typed: str = "") -> str:
    """Run a command and return its output."""
    words = shlex.split(command)
    assert words[0] == "apoa"
    said = apoa(*words[1:], stdin=typed)
    return said.out + (f"[exit code {said.code}]\n" if said.code else "")


@pytest.mark.parametrize("document", [README, *GUIDES], ids=lambda path: path.name)
def test_every_example_prints_what_the_document_shows(
    document: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each example runs in the document's order, once a property is set up, and prints what the document shows."""
    given = examples(document)
    assert given
    for name, text in files(document).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    environ = {"APOA_HOME": str(home), "APOA_LANG": "en", "PATH": "", "PYTHONIOENCODING": "utf-8"}
    apoa = Installed(COMMAND, {**environ, **child_environment()}, merged=True)
    run(apoa, SET_UP)
    for command, typed, shown in given:
        printed = run(apoa, command, typed)
        assert matches(shown, printed) or (not shown.strip() and "[exit code" not in printed), f"{command}\n{printed}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_can_be_pasted_into_every_shell(document: Path) -> None:
    """No command needs single quotes or a line that continues, which cmd and PowerShell do not know."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:console|sh)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`(apoa [^`]+)`", text)
    commands = [line for line in (*lines, *inline) if re.match(r"(apoa|python3?|\.venv|\S+/pip) ", line)]
    assert [line for line in commands if "'" in line or line.endswith("\\")] == []


GUEST_OPTIONS = (
    "--mrz ",
    "--surname",
    "--given-names",
    "--document-number",
    "--birth-date",
    "--nama-",
    "--nomor-paspor",
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_example_has_passport_data_in_the_command(document: Path) -> None:
    """Other accounts can read a command's arguments: examples read the passport from a file or a person."""
    taught = [example.command.replace("--mrz - ", "") for example in examples(document)]
    assert [command for command in taught if any(option in command for option in GUEST_OPTIONS)] == []


@pytest.mark.parametrize("heading", ["See it work", "Run the tests"])
def test_the_two_commands_are_one_line_and_complete(heading: str) -> None:
    """A newcomer pastes one line, which makes its own environment and does the whole job."""
    block = re.search(rf"### {heading}\n.*?```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    line = block[1].strip()
    assert "\n" not in line
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install")
    assert line.endswith({"See it work": "apoa demo", "Run the tests": "pytest -n auto"}[heading])
    assert f"from_readme '{heading}'" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_documents_are_short() -> None:
    """README has at most 200 lines, the admin guide 5,500 words: what a command prints about itself is not there."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200
    assert len(ADMIN_GUIDE.read_text(encoding="utf-8").split()) <= 5500


def test_readme_says_who_asks() -> None:
    """The first lines claim what the sources say: who may ask by law, and from when the 24 hours run."""
    start = " ".join(README.read_text(encoding="utf-8").split())[:600]
    assert "within 24 hours from the start of the stay" in start
    assert "an officer of immigration or of the police on duty may ask" in start


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_a_document_names_exist(document: Path) -> None:
    """No document names a command that the program does not have."""
    from apoa_client.cli.terminal.command_names import (
        ALIASES,
        COMMANDS,  # only this test needs them
    )

    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"`apoa (?:--lang id |-v )?([a-z]+)", text))
    assert named or document not in DOCUMENTS[:-1]
    assert named <= {*COMMANDS, *ALIASES}


def test_the_files_that_contributing_names_exist() -> None:
    """Who changes something finds each file and folder that the map of CONTRIBUTING.md sends them to."""
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    package = ROOT / "apoa_client"
    [layout] = re.findall(r"^```\n(apoa_client/\n.*?)^```", text, re.MULTILINE | re.DOTALL)
    parts = re.findall(r"\b([a-z_]+\.py|[a-z_]+/)(?= |\n)", layout.partition("\n")[2])
    assert [name for name in parts if not any(package.rglob(name.rstrip("/")))] == []
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    named = re.findall(r"`([\w.*/-]+\.py|[\w.*-]+/[\w.*/-]*(?:\.(?:toml|tsv|md|yaml|yml|po|spec|txt)|/))`", prose)
    assert len(named) > len(parts) > 0
    patterns = {name: re.sub(r"\b(?:TAG|NAME|LANGUAGE)\b", "*", name).rstrip("/") for name in named}
    missing = [name for name, glob in patterns.items() if not any([*ROOT.glob(glob), *package.glob(glob)])]
    assert missing == []


def test_the_admin_guide_names_every_exit_code() -> None:
    """An IT admin finds each exit code in the guide; the settings are printed by `apoa config explain`."""
    from apoa_client.errors import Exit

    text = ADMIN_GUIDE.read_text(encoding="utf-8")
    assert [code for code in Exit if f"| {code.value} |" not in text] == []
