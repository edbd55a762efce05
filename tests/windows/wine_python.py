"""Builds a Windows Python under Wine, with the program as pip installs it there, and with what its tests need.

Run it as ``python3 tests/windows/wine_python.py FOLDER``, on x86-64 Linux. It makes

- ``FOLDER/bin/python`` and ``FOLDER/bin/apoa``: commands that run Windows' ``python.exe`` and ``apoa.exe``,
- ``FOLDER/venv``: an environment laid out as Windows' ``venv`` lays it out, with the checkout installed in it,
- ``FOLDER/prefix``: the files and the registry of this Windows.

The Python is the real CPython of the same minor version as the interpreter that runs this script (3.11 to 3.14): its
library and its extension modules from the panda3d project's wheel, which carries them for its own deploy tools; its
pure Python modules from the interpreter; and a ``python.exe`` that, as CPython's own, calls ``Py_Main``. Packages are
those that pyproject.toml asks for on Windows, in the releases that the bundle has. ``apoa.exe`` is made by pip.

It needs Wine, a C compiler for Windows, Python's ``venv`` module and PyPI. On Debian:
``apt install wine64 gcc-mingw-w64-x86-64-win32 python3-venv``. Without Wine or the compiler the exit code is 69.
In a folder that is complete only the checkout is installed again.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

MINOR = "{}.{}".format(*sys.version_info)
TAG = MINOR.replace(".", "")
CHECKOUT = Path(__file__).resolve().parents[2]
LOCK = CHECKOUT / ".ci" / "windows-bundle.txt"
"""The packages of the bundle."""

PANDA3D = "1.10.16"
PANDA3D_SHA256 = {
    "3.11": "37acfb92655c4226879f95c988e2ef1449a53c54486d6c1ebc00e2772429af82",
    "3.12": "f6493e2ecc0d1b7c1556a999556e5278cbc9484fe5fe1e159a1ccc02b870b18f",
    "3.13": "0e505261bb58d8402d0099c291f1a3459acfdd38f3e7d666e72aa2e1ea5dc46f",
    "3.14": "0978ca7d2953d37ed3ed8d99abd1ee77bbfc75fe6ea47019d0f5f5dad830d853",
}
UV = "uv==0.13.9 --hash=sha256:d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19"
"""Resolves for another platform, which pip does not: pip reads ``sys_platform`` of the machine that it runs on."""

WINE = shutil.which("wine64", path=f"/usr/lib/wine:{os.environ.get('PATH', '')}") or shutil.which("wine")
COMPILER = shutil.which("x86_64-w64-mingw32-gcc") or shutil.which("x86_64-w64-mingw32-gcc-win32")
WINE_SETTINGS = {
    "WINEDEBUG": "-all",
    "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe,winedbg.exe=d",  # no browser, no .NET, no crash dialog
}
NOT_COPIED = ("site-packages", "dist-packages", "__pycache__", "lib-dynload", "config-*", "_sysconfigdata*")
NOT_NEEDED = ("test", "idlelib", "tkinter", "turtledemo", "ensurepip", "sitecustomize.py")

_MEMORY_DRIVE = "M:"
"""The drive with the tests' temporary folders, where this machine keeps files in memory."""

PYTHON_EXE = r"""
#include <stdio.h>
#include <windows.h>
typedef int (*main_function)(int, wchar_t **);
int wmain(int argc, wchar_t **argv) {
    HMODULE python = LoadLibraryW(L"python@TAG@.dll");
    main_function run = python ? (main_function)(void *)GetProcAddress(python, "Py_Main") : NULL;
    if (run == NULL) {
        fprintf(stderr, "python@TAG@.dll cannot be loaded: error %lu\n", GetLastError());
        return 103;
    }
    return run(argc, argv);
}
"""
EMPTY_DLL = "int __stdcall DllMainCRTStartup(void *module, unsigned reason, void *reserved) { return 1; }\n"


WINDOWS = b"api-ms-win-crt-math-l1-1-0.dll"
OURS = b"wine-lacks-complex-numbers.dll"
"""As long as the other name, which it replaces inside the files."""
COMPLEX = re.compile(r"c(real|imag|abs|arg|pow|exp|log|sqrt|(?:sin|cos|tan)h?)([fl]?)")
RETURNS_A_REAL = {"real", "imag", "abs", "arg"}


class WinePython:
    """The folder with a Windows Python."""

    def __init__(self, folder: Path) -> None:
        self.work = folder / "work"
        self.base = folder / "python"
        self.venv = folder / "venv"
        self.prefix = folder / "prefix"
        self.commands = folder / "bin"
        self._uv = self.work / "uv"
        self._complete = folder / "complete"

    @property
    def wheel(self) -> Path:
        """The checkout's wheel, as it was built last."""
        [built] = (self.work / "dist").glob("*.whl")
        return built

    def build(self) -> None:
        """Makes what is missing, and installs the checkout."""
        if not self._complete.exists():
            self._add_tools()
            self._add_binaries()
            self._add_library()
            self._add_executables()
            self._add_environment()
            self._add_prefix()
            packages = self.venv / "Lib" / "site-packages"
            wanted = ["-r", CHECKOUT / "pyproject.toml", "--extra", "dev", "--constraint", LOCK]
            self.add_packages(packages, *wanted, "pip")
            self._complete.touch()
        self._install_checkout()

    def _add_tools(self) -> None:
        """Installs uv for this machine."""
        self.work.mkdir(parents=True, exist_ok=True)
        run([sys.executable, "-m", "venv", self.work / "tools"])
        wanted = self.work / "uv.txt"
        wanted.write_text(UV + "\n", encoding="utf-8")
        self._pip("install", "--require-hashes", "--only-binary", ":all:", "-r", wanted)

    def _add_binaries(self) -> None:
        """Unpacks Windows' ``pythonXY.dll``, the extension modules and the libraries below them."""
        wanted = self.work / "panda3d.txt"
        wanted.write_text(f"panda3d=={PANDA3D} --hash=sha256:{PANDA3D_SHA256[MINOR]}\n", encoding="utf-8")
        platform = ["--platform", "win_amd64", "--python-version", MINOR, "--abi", f"cp{TAG}", "--only-binary", ":all:"]
        self._pip("download", "--no-deps", "--require-hashes", *platform, "-r", wanted, "-d", self.work)
        (self.base / "DLLs").mkdir(parents=True, exist_ok=True)
        [wheel] = self.work.glob("panda3d-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                folder, _, name = member.rpartition("/")
                if folder == "deploy_libs" and (target := self._target(name)) is not None:
                    target.write_bytes(archive.read(member))

    def _target(self, name: str) -> Path | None:
        """Returns where a file of the wheel goes, or None if it is not needed."""
        if re.fullmatch(rf"python{TAG}\.dll|vcruntime140(_1)?\.dll", name, re.IGNORECASE):
            return self.base / name
        if re.match(r"(_tkinter|_msi|winsound|tcl|tk|api-ms-)|.*cp\d+t", name):
            return None
        return self.base / "DLLs" / name if re.search(r"\.(pyd|dll)$", name) else None

    def _add_library(self) -> None:
        """Copies the pure Python modules from the interpreter that runs this script."""
        ignored = shutil.ignore_patterns(*NOT_COPIED, *NOT_NEEDED)
        shutil.copytree(sysconfig.get_path("stdlib"), self.base / "Lib", ignore=ignored, dirs_exist_ok=True)

    def _add_executables(self) -> None:
        """Compiles ``python.exe``, and ``python3.dll``: the stable ABI, each export forwarded to ``pythonXY.dll``."""
        source, empty, exports = (self.work / name for name in ("python.c", "empty.c", "python3.def"))
        source.write_text(PYTHON_EXE.replace("@TAG@", TAG), encoding="ascii")
        run([COMPILER, "-O2", "-municode", "-o", self.base / "python.exe", source])
        listed = run(["x86_64-w64-mingw32-objdump", "-p", self.base / f"python{TAG}.dll"])
        names = sorted(set(re.findall(r"\b_?Py\w+$", listed.partition("[Ordinal/Name Pointer]")[2], re.MULTILINE)))
        lines = ["LIBRARY python3.dll", "EXPORTS", *(f"{name}=python{TAG}.{name}" for name in names)]
        exports.write_text("\n".join(lines) + "\n", encoding="ascii")
        empty.write_text(EMPTY_DLL, encoding="ascii")
        run([COMPILER, "-shared", "-nostdlib", "-o", self.base / "python3.dll", empty, exports])

    def _add_environment(self) -> None:
        """Lays the environment out, and writes the commands that run its ``python.exe`` and ``apoa.exe``."""
        scripts = self.venv / "Scripts"
        scripts.mkdir(parents=True, exist_ok=True)
        for file in self.base.iterdir():
            if file.is_file():
                shutil.copy2(file, scripts)
        settings = f"home = {windows_path(self.base)}\r\nversion = {MINOR}\r\n"
        (self.venv / "pyvenv.cfg").write_text(settings, encoding="ascii", newline="")
        self.commands.mkdir(exist_ok=True)
        exported = "".join(f"export {name}='{value}'\n" for name, value in self.wine_environ().items())
        for name in ("python", "apoa"):
            # The mode is the access list there: files are private, as in a user's folder on Windows.
            command = self.commands / name
            command.write_text(
                f'#!/bin/sh\n{exported}unset DISPLAY\numask 077\nexec {WINE} "{scripts / name}.exe" "$@"\n',
                encoding="utf-8",
            )
            command.chmod(0o755)

    def _add_prefix(self) -> None:
        """Makes the folder with the files and the registry of this Windows."""
        environ = {name: value for name, value in os.environ.items() if name != "DISPLAY"} | self.wine_environ()
        # It fails where the 32-bit part of Wine is missing, after it has made what is needed here.
        subprocess.run(["wineboot", "--init"], env=environ, check=False, capture_output=True)
        run(["wineserver", "--wait"], environ)
        memory = Path("/dev/shm")  # noqa: S108  for the tests' temporary files
        if memory.is_dir():
            # A drive, which has no folder above it: Wine shows the sticky /dev/shm as one that everybody can change.
            drive = self.prefix / "dosdevices" / _MEMORY_DRIVE.lower()
            drive.symlink_to(tempfile.mkdtemp(prefix="apoa-wine-", dir=memory), target_is_directory=True)

    def add_packages(self, folder: Path, *wanted: object) -> None:
        """Installs packages into a folder, as they are for Windows; numpy so that Wine can import it."""
        platform = ["--python-platform", "x86_64-pc-windows-msvc", "--python-version", MINOR]
        self._run_uv("pip", "install", "--only-binary", ":all:", *platform, "--target", folder, *wanted)
        make_importable(folder)

    def _install_checkout(self) -> None:
        """Builds the wheel of the checkout, and lets Windows' pip install it."""
        self._run_uv("build", "--wheel", "--clear", "--out-dir", self.work / "dist", CHECKOUT)
        options = ["--quiet", "--no-index", "--no-deps", "--force-reinstall", "--no-warn-script-location"]
        environ = {**os.environ, "PIP_CONFIG_FILE": "nul", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        run([self.commands / "python", "-m", "pip", "install", *options, windows_path(self.wheel)], environ)

    def _pip(self, *arguments: object) -> None:
        """Runs this machine's pip."""
        run([self.work / "tools" / "bin" / "python", "-m", "pip", "--quiet", "--no-cache-dir", *arguments])

    def _run_uv(self, *arguments: object) -> None:
        run([self.work / "tools" / "bin" / "uv", "--quiet", "--cache-dir", self._uv, *arguments])

    def wine_environ(self) -> dict[str, str]:
        """Returns the variables with which Wine runs programs of this Windows."""
        in_memory = {"PYTEST_DEBUG_TEMPROOT": f"{_MEMORY_DRIVE}\\"} if Path("/dev/shm").is_dir() else {}  # noqa: S108
        return {"WINEPREFIX": str(self.prefix), **WINE_SETTINGS, **in_memory}


def make_importable(packages: Path) -> None:
    """Makes the numpy that is installed in a folder importable under Wine; without one it does nothing.

    Wine's C library lacks the functions of complex numbers. A library of ours has them, made by the C compiler for
    Windows, and passes every other function on to Wine's. numpy's files then name it in place of Windows' own.
    """
    files = [file for file in packages.glob("numpy*/**/*") if file.suffix in {".pyd", ".dll"}]
    contents = {file: content for file in files if WINDOWS in (content := file.read_bytes())}
    names = sorted({name for file in contents for name in imported(file)})
    if not contents:
        return
    folder = packages / "numpy.libs"
    source, exports = folder / "complex.c", folder / "complex.def"
    ours = [name for name in names if COMPLEX.fullmatch(name)]
    source.write_text("#include <complex.h>\n" + "".join(map(function, ours)), encoding="ascii")
    lines = [f"{name}=our_{name}" if name in ours else f"{name}=ucrtbase.{name}" for name in names]
    exports.write_text("\n".join([f"LIBRARY {OURS.decode()}", "EXPORTS", *lines, ""]), encoding="ascii")
    run([COMPILER, "-O1", "-shared", "-static-libgcc", "-o", folder / OURS.decode(), source, exports])
    for file, content in contents.items():
        file.unlink()  # a link to the cache of uv, whose file stays as it is
        file.write_bytes(content.replace(WINDOWS, OURS))


def imported(file: Path) -> list[str]:
    """Returns the functions of Windows' mathematical library that a file calls."""
    listed = run(["x86_64-w64-mingw32-objdump", "-p", file])
    table = listed.partition(f"DLL Name: {WINDOWS.decode()}")[2].partition("\n\n")[0]
    return re.findall(r"^\t.*\s([a-z_]\w+)$", table, re.MULTILINE)


def function(name: str) -> str:
    """Returns the C function that does what a function of Windows' library does: its `long double` is a `double`."""
    found = COMPLEX.fullmatch(name)
    assert found is not None
    real = "float" if found[2] == "f" else "double"
    number = f"{real} _Complex"
    parameters, arguments = (f"{number} a, {number} b", "a, b") if found[1] == "pow" else (f"{number} a", "a")
    result = real if found[1] in RETURNS_A_REAL else number
    called = f"c{found[1]}{found[2].replace('l', '')}"
    return f"{result} our_{name}({parameters}) {{ return {called}({arguments}); }}\n"


def windows_path(path: Path) -> str:
    """Returns the path by which Windows programs know a file of this machine."""
    return "Z:" + str(path).replace("/", "\\")


def run(command: Sequence[object], environ: Mapping[str, str] | None = None) -> str:
    """Runs a command and returns its stdout. Exits with the command's output if it fails."""
    done = subprocess.run(
        [str(part) for part in command], env=environ, capture_output=True, text=True, check=False, cwd=CHECKOUT
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> int:
    """Builds the folder that the argument names."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if WINE is None or COMPILER is None:
        sys.stderr.write("Wine and x86_64-w64-mingw32-gcc are needed, and were not found.\n")
        return 69
    if MINOR not in PANDA3D_SHA256:
        sys.stderr.write(f"There is no Windows library of Python {MINOR} here: {', '.join(PANDA3D_SHA256)}.\n")
        return 69
    built = WinePython(Path(sys.argv[1]).resolve())
    built.build()
    said = run([built.commands / "python", "-c", "import sys; print(sys.version)"])
    sys.stdout.write(f"{built.commands}: Python {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
