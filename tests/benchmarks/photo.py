"""Measures how many pictures of passports are read, how surely and how fast, beside other readers in the same run.

Run it as ``python tests/benchmarks/photo.py [--pictures DIR] [--environments FOLDER]`` with the interpreter that
apoa-client is installed for. DIR has a ``truth.json``: for the path of each picture below DIR the lines in it. Without
it, pictures are rendered, which needs Debian's fonts-ocr-b, fonts-dejavu and fonts-liberation. The others are Debian's
tesseract, and PassportEye and fastmrz in environments of their own. What is missing is named and skipped: of fastmrz,
`mrz.traineddata` too, which its wheel lacks; it is to be in the folder of TESSDATA_PREFIX, beside Debian's models.

No result fails for being slow, but the exit status is 1 where our reader reads less than half of the pictures, or one
wrongly and surely. ``--small`` checks that with a few rendered pictures, without the others.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "training"))

from peer_environments import installed, reason

EACH, SMALL_EACH = 25, 1
"""How many pictures of each class are rendered."""
OURS = "apoa-client"
Truth = dict[str, list[str]]
"""The lines of each picture, by its path below the folder."""


class Outcome(NamedTuple):
    """How one reader read one picture; `sure` is None for a reader that does not say."""

    right: bool
    sure: bool | None
    processor_s: float


class Measured(NamedTuple):
    """How one reader read all pictures, by their paths, and the memory that it took."""

    name: str
    outcomes: dict[str, Outcome]
    megabytes: float


def render(folder: Path, each: int) -> Truth:
    """Write `each` pictures of every class to a folder, one folder a class, and return their lines."""
    from photo_helpers import photos, write

    truth: Truth = {}
    for kind, picture, lines in photos(each):
        (folder / kind).mkdir(exist_ok=True)
        name = f"{kind}/{len(truth):03}.png"
        write(folder / name, picture)
        truth[name] = list(lines)
    return truth


def measure(python: str, name: str, folder: Path, truth: Truth) -> Measured:
    """Let one reader read all pictures in a process of its own. A reading is right if the lines are all there."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as listed:
        json.dump([str(folder / picture) for picture in truth], listed)
        listed.flush()
        done = subprocess.run([python, __file__, "--read", name, listed.name], check=True, capture_output=True)
    output = json.loads(done.stdout)
    outcomes = {
        picture: Outcome(any(_has(reading, lines) for reading in readings), sure, processor_s)
        for (picture, lines), (readings, sure, processor_s) in zip(truth.items(), output["readings"], strict=True)
    }
    return Measured(name, outcomes, output["megabytes"])


def _has(reading: Sequence[str], lines: Sequence[str]) -> bool:
    """Return whether lines follow each other in a reading."""
    return any(list(reading[at : at + len(lines)]) == list(lines) for at in range(len(reading) - len(lines) + 1))


def table(readers: Sequence[Measured]) -> Iterator[str]:
    """Yield one line a reader."""
    yield f"{'':<34}{'right':>9}{'sure':>6}{'wrong, sure':>13}{'median CPU s':>14}{'most':>7}{'MB':>7}"
    for reader in readers:
        outcomes = list(reader.outcomes.values())
        times = [outcome.processor_s for outcome in outcomes]
        right = f"{sum(outcome.right for outcome in outcomes)}/{len(outcomes)}"
        says = outcomes[0].sure is not None
        sure, wrong = (
            str(count) if says else "-" for count in (sum(o.sure is True for o in outcomes), wrongly(reader))
        )
        timed = f"{statistics.median(times):>14.2f}{max(times):>7.2f}"
        yield f"{reader.name:<34}{right:>9}{sure:>6}{wrong:>13}{timed}{reader.megabytes:>7,.0f}"


def classes(readers: Sequence[Measured]) -> Iterator[str]:
    """Yield one line a folder: its pictures, and how many each reader reads right, surely, and surely but wrong."""
    yield f"{'right, sure, wrong and sure':<34}{'':>5}" + "".join(f"{reader.name:>16}" for reader in readers)
    for name in dict.fromkeys(Path(picture).parent.name for picture in readers[0].outcomes):
        some = [
            [each for picture, each in reader.outcomes.items() if Path(picture).parent.name == name]
            for reader in readers
        ]
        counts = [
            f"{sum(each.right for each in these)} {sum(each.sure is True for each in these)} {_wrongly(these)}"
            for these in some
        ]
        yield f"{name:<34}{len(some[0]):>5}" + "".join(f"{count:>16}" for count in counts)


def wrongly(reader: Measured) -> int:
    """Return how many readings are sure and wrong."""
    return _wrongly(reader.outcomes.values())


def _wrongly(outcomes: Iterable[Outcome]) -> int:
    return sum(outcome.sure is True and not outcome.right for outcome in outcomes)


def check(ours: Measured) -> None:
    """End the benchmark where the pictures were not read."""
    right = sum(outcome.right for outcome in ours.outcomes.values())
    if 2 * right < len(ours.outcomes):
        sys.exit(f"{OURS}: {right} of {len(ours.outcomes)} pictures were read")
    if wrongly(ours):
        sys.exit(f"{OURS}: {wrongly(ours)} pictures were read wrongly and surely")


def others(environments: Path, folder: Path, truth: Truth) -> Iterator[Measured | str]:
    """Yield each other reader, or why it was skipped."""
    if shutil.which("tesseract") is None:
        yield "skipped: tesseract, PassportEye and fastmrz: apt-get install tesseract-ocr"
        return
    yield measure(sys.executable, "tesseract", folder, truth)
    for name in ("PassportEye", "fastmrz"):
        if name == "fastmrz" and not Path(os.environ.get("TESSDATA_PREFIX", ""), "mrz.traineddata").is_file():
            yield "skipped: fastmrz: TESSDATA_PREFIX names no folder with mrz.traineddata"
            continue
        try:
            yield measure(installed(environments / name, [name]), name, folder, truth)
        except subprocess.CalledProcessError as failure:
            yield f"skipped: {name}: {reason(failure)}"


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


def read_pictures(name: str, listed: Path) -> None:
    """Read every picture of a JSON list once, in order, with one reader, and time it. Prints one JSON object.

    It has for each picture the lines that were read, whether the reader is sure of them (null: it does not say) and the
    seconds of the processor, of the programs that it runs too; and the most memory that it needed, in megabytes.
    """
    warnings.simplefilter("ignore")  # PassportEye's, of its libraries
    read = READERS[name]()
    results = []
    for path in json.loads(listed.read_text(encoding="utf-8")):
        begun = _processor_s()
        readings, sure = read(Path(path))
        results.append([readings, sure, _processor_s() - begun])
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    sys.stdout.write(json.dumps({"readings": results, "megabytes": peak / 1024}))


def main() -> None:
    """Render, read, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--environments", type=Path)
    parser.add_argument("--small", action="store_true", help="check in seconds that our reader works")
    parser.add_argument("--read", nargs=2, help=argparse.SUPPRESS)  # in the environment of one reader
    asked = parser.parse_args()
    if asked.read is not None:
        read_pictures(asked.read[0], Path(asked.read[1]))
        return
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-") as temporary:
        folder = asked.pictures or Path(temporary)
        truth: Truth
        if asked.pictures is None:
            truth = render(folder, SMALL_EACH if asked.small else EACH)
        else:
            truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        ours = measure(sys.executable, OURS, folder, truth)
        check(ours)
        if asked.small:
            sys.stdout.write(f"photo: {len(truth)} pictures read\n")
            return
        beside = list(others(asked.environments or Path(temporary), folder, truth))
    readers = [ours, *(one for one in beside if isinstance(one, Measured))]
    skipped = [one for one in beside if isinstance(one, str)]
    sys.stdout.write("\n".join([*table(readers), "", *classes(readers), *skipped]) + "\n")


if __name__ == "__main__":
    main()
