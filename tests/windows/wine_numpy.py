"""Makes numpy importable by the Windows Python under Wine, whose C library lacks the functions of complex numbers.

A library of ours has them, made by the C compiler for Windows, and passes every other function on to Wine's. numpy's
files then name it in place of Windows' own.
"""

import re
import subprocess
from pathlib import Path

WINDOWS = b"api-ms-win-crt-math-l1-1-0.dll"
OURS = b"wine-lacks-complex-numbers.dll"
"""As long as the other name, which it replaces inside the files."""
COMPLEX = re.compile(r"c(real|imag|abs|arg|pow|exp|log|sqrt|(?:sin|cos|tan)h?)([fl]?)")
RETURNS_A_REAL = {"real", "imag", "abs", "arg"}


def make_importable(packages: Path, compiler: str) -> None:
    """Changes the numpy that is installed in a folder; without one it does nothing."""
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
    command: list[str | Path] = [
        compiler,
        "-O1",
        "-shared",
        "-static-libgcc",
        "-o",
        folder / OURS.decode(),
        source,
        exports,
    ]
    subprocess.run(command, check=True)
    for file, content in contents.items():
        file.unlink()  # a link to the cache of uv, whose file stays as it is
        file.write_bytes(content.replace(WINDOWS, OURS))


def imported(file: Path) -> list[str]:
    """Returns the functions of Windows' mathematical library that a file calls."""
    command: list[str | Path] = ["x86_64-w64-mingw32-objdump", "-p", file]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
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
