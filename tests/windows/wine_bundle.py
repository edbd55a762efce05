"""Builds the Windows bundle and its installer under Wine, tests both, and says how large and how fast the bundle is.

Run it as ``python3 tests/windows/wine_bundle.py FOLDER``. Its Python is the one that ``wine_python.py`` makes there;
where that needs something that is missing, the exit code is 69. The bundle is made of the checkout's wheel and the
packages of `.ci/windows-bundle.txt`, by an environment that has nothing else; the tests run in the other one. The
installer installs, updates and removes it for a user. It needs NSIS. On Debian: ``apt install nsis``.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import wine_python
from wine_python import CHECKOUT, COMPILER, LOCK, WINE_SETTINGS, WinePython, run, windows_path

SPECIFICATION = CHECKOUT / ".github" / "bundle" / "apoa.spec"
ROUNDS = 3
WINE = str(wine_python.WINE)  # `wine_python.main` has looked for it
USER = "Ketut Ägung"  # Windows' folders are named so, and no code page of the console has to have the letter
REFUSED = USAGE = 2
LINES = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
TESTS = [
    "tests/journeys/test_installed_files.py",
    "tests/journeys/test_windows.py::test_the_window_of_a_double_click",
]
GUEST = ["--birth-place", "ZENITH", "--nights", "2", "--room", "7", "--no-send", "--yes", "--json"]


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


class User:
    """A user of a Windows of their own, in which the installer runs."""

    def __init__(self, folder: Path, installer: Path) -> None:
        self._installer = installer
        self.environ = {**os.environ, **WINE_SETTINGS, "WINEPREFIX": str(folder), "USER": USER, "LOGNAME": USER}
        self.environ.pop("DISPLAY", None)
        subprocess.run(["wineboot", "--init"], env=self.environ, check=False, capture_output=True)
        run(["wineserver", "--wait"], self.environ)
        self._home = folder / "drive_c" / "users" / USER
        self._local = self._home / "AppData" / "Local"
        self.program = self._local / "Programs" / "apoa"
        self.command = self._local / "Microsoft" / "WindowsApps" / "apoa.exe"
        self.shortcuts = [
            self._home / "Desktop" / "apoa.lnk",
            self._home / "AppData" / "Roaming" / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "apoa.lnk",
        ]

    def install(self) -> int:
        """Runs the installer without a window. Returns its exit code."""
        return subprocess.run([WINE, self._installer, "/S"], env=self.environ, check=False).returncode

    def uninstall(self) -> None:
        """Runs the uninstaller, which goes on in a copy of itself."""
        run([WINE, self.program / "uninstall.exe", "/S"], self.environ)
        run(["wineserver", "--wait"], self.environ)

    def apoa(self, *arguments: str) -> str:
        """Runs the command that new windows find, and returns its stdout."""
        return run([WINE, self.command, *arguments], self.environ)

    def test(self, wine: WinePython) -> int:
        """Runs the tests of an installation with the installed program. Returns pytest's exit code."""
        program = self.program.relative_to(Path(self.environ["WINEPREFIX"], "drive_c")) / "apoa.exe"
        environ = {**self.environ, "APOA_COMMAND": f'"C:/{program}"'}
        python: list[str | Path] = [WINE, wine.venv / "Scripts" / "python.exe"]
        options = ["-q", "-p", "no:cacheprovider", "-m", "slow or not slow"]
        command = [*python, "-m", "pytest", *options, *TESTS]
        # As in a user's folder on Windows, no other user reads the files: the mode is the access list there.
        return subprocess.run(command, env=environ, cwd=CHECKOUT, umask=0o077, check=False).returncode

    def registered(self) -> bool:
        """Returns whether Windows lists the program among those that can be removed."""
        key = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\apoa"
        asked = subprocess.run([WINE, "reg", "query", key], env=self.environ, check=False, capture_output=True)
        return asked.returncode == 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Runs the program inside."""
        command = [WINE, str(self.program / "apoa.exe"), "sandbox", "--port", "0"]
        with subprocess.Popen(command, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                yield
            finally:
                run([WINE, "taskkill", "/F", "/IM", "apoa.exe"], self.environ)
                process.communicate()


def build_installer(wine: WinePython, program: Path) -> Path:
    """Builds the installer of a bundle and returns it."""
    version = run([wine.commands / "apoa", "--version"]).split()[1]
    installer = wine.work / "setup.exe"
    source, command = CHECKOUT / ".github" / "bundle", wine.work / "command.exe"
    run([COMPILER, "-Os", "-s", "-municode", "-o", command, source / "command.c"])
    names = {"VERSION": version, "BUNDLE": program.parent, "COMMAND": command, "OUTPUT": installer}
    run(["makensis", "-V2", *(f"-D{name}={value}" for name, value in names.items()), source / "apoa.nsi"])
    return installer


def check_installer(wine: WinePython, program: Path) -> str:
    """Installs, uses, updates and removes the program. Returns a sentence on the installer; exits at what is wrong."""
    installer = build_installer(wine, program)
    user = User(wine.work / "user", installer)
    begin = time.perf_counter()
    expect(user.install() == 0, "the installer works without a window")
    seconds = time.perf_counter() - begin
    expect(all(each.is_file() for each in user.shortcuts), "there are shortcuts")
    expect(user.registered(), "Windows can remove the program")
    expect(user.test(wine) == 0, "the installed program passes its tests")
    user.apoa("setup", "--non-interactive", "--property", "melati", "--by-hand", "--vault", "file")
    user.apoa("schedule", "install")
    user.apoa("report", *(word for line in LINES for word in ("--mrz", line)), *GUEST)
    refused = subprocess.run(
        [WINE, user.command, "no-such-command"], env=user.environ, check=False, capture_output=True
    )
    expect(refused.returncode == USAGE, "the command returns the program's exit code")

    stale = user.program / "_internal" / "of-another-version.txt"
    stale.touch()
    with user.running():
        expect(user.install() == REFUSED, "nothing is replaced while the program runs")
    expect(stale.exists(), "a refused installation changes nothing")
    expect(user.install() == 0, "the installer updates the program")
    expect(not stale.exists(), "no file of another version stays")
    expect("ERIKSSON" in user.apoa("list", "--json"), "reports are kept by an update")

    [task] = re.findall(r"/TN (\S+)", user.apoa("schedule", "install", "--print"))
    reports = next(path for path in user.program.parents[1].rglob("outbox.db"))
    user.uninstall()
    left = [path for path in (user.program, user.command, *user.shortcuts) if path.exists()]
    expect(not left and not user.registered(), f"the program is removed: {left}")
    removal = [WINE, "schtasks", "/Delete", "/TN", task, "/F"]
    is_left = subprocess.run(removal, env=user.environ, check=False, capture_output=True).returncode == 0
    expect(not is_left, "no schedule starts a program that is removed")
    expect(reports.exists(), "reports are kept when the program is removed")
    return f"installer: {installer.stat().st_size / 2**20:.0f} MiB, silent in {seconds:.1f} s\n"


def expect(holds: object, promise: str) -> None:
    """Exits if a promise of the installer does not hold."""
    if not holds:
        sys.exit(f"not so: {promise}")


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
    sys.stdout.write(check_installer(wine, program))
    return 0


if __name__ == "__main__":
    sys.exit(main())
