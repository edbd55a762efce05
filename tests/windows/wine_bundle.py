"""Builds the Windows bundle and its installer under Wine, tests both, and says how large and how fast the bundle is.

Run it as ``python3 tests/windows/wine_bundle.py FOLDER``. Its Python is the one that ``wine_python.py`` makes there,
with the checkout installed; where that needs something that is missing, the exit code is 69.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import wine_installer
import wine_python
from wine_python import CHECKOUT, WINE, WinePython, run, windows_path

SPECIFICATION = CHECKOUT / ".github" / "bundle" / "apoa.spec"
TESTS = "tests/journeys/test_installed_files.py"
ROUNDS = 3


def build(wine: WinePython) -> Path:
    """Builds the bundle and returns its program."""
    wine.add_packages("--require-hashes", "-r", CHECKOUT / ".ci" / "windows-bundle.txt")
    folder = wine.work / "bundle"
    options = ["--noconfirm", "--log-level", "WARN", "--distpath", windows_path(folder / "dist")]
    work = ["--workpath", windows_path(folder / "work")]
    # -P: the bundle is of the installed wheel, not of the checkout.
    run([wine.commands / "python", "-P", "-m", "PyInstaller", *options, *work, windows_path(SPECIFICATION)])
    return folder / "dist" / "apoa" / "apoa.exe"


def check(wine: WinePython, program: Path) -> int:
    """Runs the demo, and the tests of what a bundle may lack, with the bundle. Returns pytest's exit code."""
    if not list((program.parent / "_internal" / "licences").glob("pi_heif-*/**/LICENSE*")):
        sys.exit("the bundle has no licence of a package in it")
    run([WINE, program, "demo"], {**os.environ, **wine.wine_environ()})
    run([WINE, program.with_name("apoaw.exe"), "--version"], {**os.environ, **wine.wine_environ()})
    environ = {**os.environ, "APOA_COMMAND": windows_path(program).replace("\\", "/")}
    command: list[str | Path] = [wine.commands / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS]
    return subprocess.run(command, env=environ, cwd=CHECKOUT, check=False).returncode


def seconds(wine: WinePython, *command: object) -> float:
    """Returns the median time of a Windows program."""
    environ = {**os.environ, **wine.wine_environ()}
    times = []
    for _round in range(ROUNDS):
        begin = time.perf_counter()
        run([WINE, *command], environ)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def measure(wine: WinePython, program: Path) -> str:
    """Returns a sentence on the bundle's size, and its start-up as a multiple of an empty Python program's."""
    size = sum(file.stat().st_size for file in program.parent.rglob("*") if file.is_file())
    empty = seconds(wine, wine.venv / "Scripts" / "python.exe", "-c", "pass")
    version = seconds(wine, program, "--version")
    return f"{size / 2**20:.0f} MiB, `apoa.exe --version` takes {version / empty:.1f} times `python -c pass`\n"


def main() -> int:
    """Builds and checks the bundle."""
    if shutil.which("makensis") is None:
        sys.stderr.write("NSIS is needed, and was not found.\n")
        return 69
    code = wine_python.main()
    if code:
        return code
    wine = WinePython(Path(sys.argv[1]).resolve())
    program = build(wine)
    sys.stdout.write(measure(wine, program))
    code = check(wine, program)
    if not code:
        sys.stdout.write(wine_installer.check(wine, program))
    return code


if __name__ == "__main__":
    sys.exit(main())
