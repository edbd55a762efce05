"""README.md: its examples are run, and its two commands are the ones that CI runs."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMAND = [sys.executable, "-m", "apoa_client"]


def examples(block: str) -> list[tuple[str, str]]:
    """The commands of a block, each with the output that the reader is shown."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    return [(command, output) for command, _newline, output in (part.partition("\n") for part in parts if part)]


def matches(shown: str, printed: str) -> bool:
    """Whether what is shown is what was printed; three dots stand for anything."""
    pattern = ".*".join(re.escape(piece) for piece in shown.strip().split("..."))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def run(command: str, home: Path) -> str:
    words = shlex.split(command)
    assert words[0] == "apoa"
    done = subprocess.run(
        [*COMMAND, *words[1:]],
        env={"APOA_HOME": str(home), "APOA_LANG": "en", "PATH": "", "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.stdout + (f"[exit code {done.returncode}]\n" if done.returncode else "")


def test_every_example_does_what_readme_shows(home: Path) -> None:
    """Each example runs, in the order of the guides once the property is set up, and prints what README.md shows."""
    pairs = [pair for block in BLOCKS for pair in examples(block)]
    pairs.sort(key=lambda pair: "setup" not in pair[0])  # the admin's guide comes after the staff's, but sets up first
    assert len(pairs) > 8
    for command, shown in pairs:
        printed = run(command, home)
        assert matches(shown, printed) or (not shown.strip() and "[exit code" not in printed), f"{command}\n{printed}"


@pytest.mark.parametrize("heading", ["See it work", "Run the tests"])
def test_the_two_commands_are_one_line_and_complete(heading: str) -> None:
    """A newcomer pastes one line; it makes its own environment and ends with the thing itself."""
    block = re.search(rf"### {heading}\n.*?```sh\n(.*?)```", README, re.DOTALL)
    assert block is not None
    line = block[1].strip()
    assert "\n" not in line
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install")
    assert line.endswith({"See it work": "apoa demo", "Run the tests": "pytest -n auto"}[heading])
    assert f"from_readme '{heading}'" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_commands_and_options_that_readme_names_exist() -> None:
    """No guide names a command that the program does not have."""
    from apoa_client.cli.registry import COMMANDS  # only this test needs it
    from apoa_client.cli.terminal.command_names import ALIASES

    named = set(re.findall(r"`apoa (?:--lang id )?([a-z]+)", README))
    assert named
    assert named <= {*COMMANDS, *ALIASES}
