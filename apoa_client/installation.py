"""How another process calls this installation of the program."""

import sys
from collections.abc import Sequence
from pathlib import Path

_SCRIPT = "apoa"
_PROGRAMS = (_SCRIPT, "apoaw")
PHOTO_PROCESS = "read-photos"
"""The word with which `apoa_client.__main__` starts the process that reads photos."""
XLS_PROCESS = "read-xls"
"""The word with which it starts the process that reads an .xls file."""
_HEADLESS = ("conhost.exe", "--headless")

COMPLETION_SCRIPTS = {
    "bash": ".local/share/bash-completion/completions/apoa",
    "zsh": ".zfunc/_apoa",
    "fish": ".config/fish/completions/apoa.fish",
}
"""Where a user writes the script of each shell, as the help of `apoa completion` says, below the home folder."""
POWERSHELL_SCRIPT = "CommandName apoa "
"""What PowerShell's profile contains if the script is in it."""


def own_command() -> list[str]:
    """Return the words that start this installation, with absolute paths.

    A bundle is its own program. The installed command is the script that was started, at the path by which it was
    found, so a link that an installer put into a folder of the user's stays. Otherwise the interpreter runs
    the package.
    """
    if getattr(sys, "frozen", False):  # set by the tool that makes a bundle
        return [sys.executable]
    started = Path(sys.argv[0])
    if started.stem == _SCRIPT:
        for script in (started, started.with_suffix(".exe")):  # on Windows, pip's launcher leaves out the ending
            if script.is_file():
                return [str(script.absolute())]
    return [sys.executable, "-m", "apoa_client"]


def install_command(extra: str) -> str:
    """Return the line that installs one of the package's extras into this installation; empty for a bundle.

    pipx and uv write a file of their own into the environment of each program. uv installs what is named and no more.
    """
    if getattr(sys, "frozen", False):
        return ""
    package, place = f'"apoa-client[{extra}]"', Path(sys.prefix)
    if (place / "pipx_metadata.json").is_file():
        return f"pipx inject apoa-client {package}"
    if (receipt := place / "uv-receipt.toml").is_file():
        return f'uv tool install "apoa-client[{",".join(sorted({extra, *_installed_extras(receipt)}))}]"'
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    return f"{python} -m pip install {package}"


def _installed_extras(receipt: Path) -> list[str]:
    """Return the extras with which uv installed this program; an unreadable receipt says nothing."""
    import tomllib  # for a hint only

    try:
        requirements = tomllib.loads(receipt.read_text(encoding="utf-8"))["tool"]["requirements"]
        return [
            str(extra) for each in requirements if each["name"] == "apoa-client" for extra in each.get("extras", ())
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def internal_command(word: str) -> list[str]:
    """Return the words that start a process of the program's own, which a user never types."""
    module = [] if getattr(sys, "frozen", False) else ["-P", "-m", "apoa_client"]
    return [sys.executable, *module, word]


def background_command(platform: str = sys.platform) -> list[str]:
    """Return the words that start this installation without a window.

    On Windows a program with a console opens a window. The bundle has a second program without a console beside the
    first, and Python has ``pythonw.exe`` beside ``python.exe``. Without them, a console that is not shown runs the
    command (Windows 10 and later).
    """
    program, *words = own_command()
    command = [program, "-P", *words] if words else [program]  # with -P no folder that it starts in can add modules
    if platform != "win32":
        return command
    if getattr(sys, "frozen", False):
        silent, words = Path(sys.executable).with_name("apoaw.exe"), []
    else:
        silent, words = Path(sys.executable).with_name("pythonw.exe"), ["-P", "-m", "apoa_client"]
    return [str(silent), *words] if silent.is_file() else [*_HEADLESS, *command]


def without_console(command: Sequence[str]) -> list[str]:
    """Return the words behind the console that is not shown, if `background_command` put one before them."""
    return list(command[len(_HEADLESS) :] if tuple(command[: len(_HEADLESS)]) == _HEADLESS else command)


def is_own(command: Sequence[str]) -> bool:
    """Return whether these words, which a scheduler starts, are a program of this installation that exists."""
    words = without_console(command)
    program = Path(words[0] if words else "")
    if not program.is_absolute() or not program.is_file():
        return False
    own = {Path(each).parent.resolve() for each in (sys.executable, own_command()[0])}
    own.add(Path(own_command()[0]).resolve().parent)  # where a link of an installer leads
    is_interpreter = program.stem.casefold().startswith("python")
    return bool({program.parent.resolve(), program.resolve().parent} & own) and (
        "apoa_client" in words if is_interpreter else program.stem.casefold() in _PROGRAMS
    )
