"""Reads pictures with one reader and times it. `photo.py` beside this file runs it in each environment.

Run it as ``python photo_peers.py NAME PICTURES``. PICTURES is a JSON file with a list of paths. It prints one JSON
object: for each picture the lines that were read, whether the reader is sure of them (null: it does not say) and the
seconds of the processor, of the programs that it runs too; and the most memory that it and these needed, in megabytes.
"""

import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

Reading = tuple[list[list[str]], bool | None]
"""What one picture says: each reading of it as a list of lines, and whether the reader is sure."""

TODAY = date(2026, 11, 24)


def _apoa_client() -> Callable[[Path], Reading]:
    """Our reader. The first picture does not pay for loading the networks, as no later one does."""
    from apoa_client.scan.photo_reader import PhotoReader

    reader = PhotoReader(time.perf_counter)

    def read(path: Path) -> Reading:
        reading = reader.read(path.read_bytes(), TODAY)
        return [list(reading.lines)], reading.sure

    return read


def _tesseract() -> Callable[[Path], Reading]:
    """Debian's program with its model of English, on the whole picture, in both modes that fit: two readings."""

    def lines(path: Path, mode: str) -> list[str]:
        command = ["tesseract", str(path), "-", "--psm", mode, "-l", "eng"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        return ["".join(line.split()) for line in done.stdout.splitlines() if line.strip()]

    return lambda path: ([lines(path, mode) for mode in ("6", "11")], None)


def _passporteye() -> Callable[[Path], Reading]:
    from passporteye import read_mrz  # type: ignore[import-not-found]  # in an environment of its own

    def read(path: Path) -> Reading:
        found = read_mrz(str(path))
        return ([], False) if found is None else ([found.aux["text"].split()], bool(found.valid))

    return read


def _fastmrz() -> Callable[[Path], Reading]:
    """Its wheel has the finder alone; the folder TESSDATA_PREFIX has a model of tesseract that is called `mrz`."""
    from fastmrz import FastMRZ  # type: ignore[import-not-found]  # in an environment of its own

    reader = FastMRZ()

    def read(path: Path) -> Reading:
        text = ""
        with suppress(IndexError, ValueError):  # of pictures whose form its finder does not take, and of short lines
            text = reader.get_details(str(path), ignore_parse=True)
            return [text.split()], reader.get_details(text, input_type="text")["status"] == "SUCCESS"
        return [text.split()], False

    return read


def _processor_s() -> float:
    used = [resource.getrusage(which) for which in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


READERS = {"apoa-client": _apoa_client, "tesseract": _tesseract, "PassportEye": _passporteye, "fastmrz": _fastmrz}


def main() -> None:
    """Read every picture once, in order."""
    name, listed = sys.argv[1:]
    warnings.simplefilter("ignore")  # PassportEye's, of its libraries
    read = READERS[name]()
    results = []
    for path in json.loads(Path(listed).read_text(encoding="utf-8")):
        begun = _processor_s()
        readings, sure = read(Path(path))
        results.append([readings, sure, _processor_s() - begun])
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    sys.stdout.write(json.dumps({"readings": results, "megabytes": peak / 1024}))


if __name__ == "__main__":
    main()
