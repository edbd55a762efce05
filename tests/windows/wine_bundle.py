"""Builds the Windows bundle and its installer under Wine, tests both, and says how large and how fast the bundle is.

Run it as ``python3 tests/windows/wine_bundle.py FOLDER``. Its Python is the one that ``wine_python.py`` makes there;
where that needs something that is missing, the exit code is 69. The bundle is made of the checkout's wheel and the
packages of `.ci/windows-bundle.txt`, by an environment that has nothing else; the tests run in the other one.
"""

import os
import shutil
import statistics
import sys
import time
from pathlib import Path

import wine_installer
import wine_python
from wine_python import CHECKOUT, LOCK, WINE, WinePython, run, windows_path

SPECIFICATION = CHECKOUT / ".github" / "bundle" / "apoa.spec"
ROUNDS = 3


def build(wine: WinePython) -> Path:
    """Builds the bundle and returns its program."""
    folder = wine.work / "bundle"
    shutil.rmtree(folder, ignore_errors=True)
    packages = wine.base / "Lib" / "site-packages"
    shutil.rmtree(packages, ignore_errors=True)
    wine.add_packages(packages, "--require-hashes", "-r", LOCK)
    wine.add_packages(packages, "--no-deps", wine.wheel)
    options = ["--noconfirm", "--log-level", "WARN", "--distpath", windows_path(folder / "dist")]
    work = ["--workpath", windows_path(folder / "work")]
    environ = {**os.environ, **wine.wine_environ()}
    # -P: the bundle is of the installed wheel, not of the checkout.
    python = [WINE, wine.base / "python.exe", "-P"]
    run([*python, "-m", "PyInstaller", *options, *work, windows_path(SPECIFICATION)], environ)
    return folder / "dist" / "apoa" / "apoa.exe"


def check(wine: WinePython, program: Path) -> None:
    """Runs both programs of the bundle. Exits if one fails."""
    if not list((program.parent / "_internal" / "licences").glob("pi_heif-*/**/LICENSE*")):
        sys.exit("the bundle has no licence of a package in it")
    run([WINE, program, "demo"], {**os.environ, **wine.wine_environ()})
    run([WINE, program.with_name("apoaw.exe"), "--version"], {**os.environ, **wine.wine_environ()})


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
    check(wine, program)
    sys.stdout.write(wine_installer.check(wine, program))
    return 0


if __name__ == "__main__":
    sys.exit(main())
