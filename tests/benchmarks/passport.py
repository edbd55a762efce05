"""Measures how many MRZ records a second the passport package reads, beside other libraries in the same run.

Run it as ``python tests/benchmarks/passport.py [ROUNDS] [--environments FOLDER]`` with the interpreter that apoa-client
is installed for. Each peer gets its own virtual environment, in FOLDER, where the next run finds it again, or else in a
temporary one. Each reads the same records: one process for each library and round, so that nothing is read twice in one
process. The rounds are interleaved, and the best one counts. No result fails for being slow, but the exit status is 1,
and no ratio is printed, where our reader fails or calls a valid record invalid or a broken one valid. A peer that
cannot be installed or run is named at the end. ``--small`` only checks our reader, in seconds.
"""

import argparse
import gc
import importlib
import importlib.metadata
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from peer_environments import installed, reason

ROUNDS = 5
COUNT = 10_000
SMALL_COUNT = 200
AIM = 1.5
OURS = "apoa-client"
ADVISING = "apoa-client with advice"

PEERS = {
    "mrz": ["mrz"],
    "fastmrz": ["fastmrz"],
    "PassportEye": ["PassportEye"],
}
"""What is installed for each peer, without dependencies: the rest of what they require (OpenCV, scikit-image, bindings
of Tesseract) finds an MRZ in an image, and has no part in reading one that is text."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LETTERS = ALPHABET[10:]
LOOKALIKES = dict(zip("0O1I2Z5S6G8B", "O0I1Z2S5G6B8", strict=True))

Record = tuple[str, str]


class State(NamedTuple):
    """A state's passports. In `number` and `optional` a d is a digit, an x a letter, a c one of Germany's 27."""

    code: str
    number: str
    surnames: str
    given: str
    optional: str = ""
    empty_digit: str = "0"


STATES = (
    State("GBR", "ddddddddd", "HARTLEY SMITH OBRIEN KHAN CAMPBELL<JONES", "OLIVER AMELIA JAMES PRIYA EMMA<LOUISE"),
    State("AUS", "xxddddddd", "NGUYEN WILLIAMS TAYLOR MACDONALD BROWN", "LACHLAN CHLOE JACK RUBY MATILDA"),
    State("AUS", "Ndddddddd", "WILSON LEE ANDERSON SINGH KELLY", "WILLIAM ISLA THOMAS ZOE"),
    State("USA", "ddddddddd", "GARCIA JOHNSON MILLER VAN<BUREN DAVIS", "MICHAEL ASHLEY JOSE EMILY JOHN<PAUL"),
    State("USA", "Adddddddd", "MARTINEZ WASHINGTON CLARK LEWIS", "JACOB MADISON ETHAN GRACE"),
    State("D", "cccccccccc", "MUELLER SCHMIDT WEISS VON<BERG SCHAEFER", "LUKAS HANNAH JUERGEN MIA ANNA<MARIA", "", "<"),
    State("CHN", "Exddddddd", "ZHANG WANG LI CHEN OUYANG", "WEI XIAOMING FANG JIANGUO YI", "xdddddddddddd"),
    State("JPN", "xxddddddd", "SATO SUZUKI TAKAHASHI ITO WATANABE", "HARUTO YUI KENJI SAKURA TARO", "", "<"),
    State("FRA", "ddxxddddd", "MARTIN BERNARD DE<LA<TOUR PETIT LEROY", "LOUIS CAMILLE JEAN<PIERRE LEA", "", "<"),
    State("NLD", "xxcdcdddd", "DE<VRIES JANSEN VAN<DEN<BERG BAKKER", "DAAN SANNE PIETER LOTTE", "ddddddddd"),
    State("IND", "xddddddd", "SHARMA PATEL REDDY IYER KAUR", "AARAV DIYA RAJESH<KUMAR ANANYA"),
    State("KOR", "Mdddxdddd", "KIM LEE PARK CHOI JUNG", "MINJUN SEOYEON JIHOON HAEUN", "ddddddd"),
    State("MYS", "Adddddddd", "BIN<ABDULLAH TAN LIM BINTI<AHMAD", "MUHAMMAD SITI<NURHALIZA WEI<LING", "dddddddddddd"),
    State("SGP", "Kdddddddx", "TAN LIM NG ONG CHUA", "JUN<JIE HUI<MIN MARCUS RACHEL", "Sdddddddx"),
    State("RUS", "ddddddddd", "IVANOV SMIRNOVA KUZNETSOV SHCHERBAKOVA", "DMITRII ANASTASIIA SERGEI OLGA"),
    State("SWE", "dddddddd", "ANDERSSON JOHANSSON LINDQVIST BERGSTROEM", "ERIK ASTRID NILS FREJA", "dddddddddddd"),
)

CHARACTERS = {"d": "0123456789", "x": LETTERS, "c": "CFGHJKLMNPRTVWXYZ0123456789"}


def digit(text: str) -> str:
    """The check digit of ICAO Doc 9303-3 §4.9, independent of the measured code."""
    return str(sum(max(ALPHABET.find(char), 0) * (7, 3, 1)[place % 3] for place, char in enumerate(text)) % 10)


def agrees(second: str) -> bool:
    """Whether all five check digits of a TD3's second line are right."""
    fields = (second[:9], second[13:19], second[21:27], second[28:42])
    digits = [second[place] for place in (9, 19, 27, 42)]
    right = all(digit(field) == found for field, found in zip(fields[:3], digits[:3], strict=True))
    empty = not fields[3].strip("<") and digits[3] == "<"
    composite = second[:10] + second[13:20] + second[21:43]
    return right and (empty or digit(fields[3]) == digits[3]) and digit(composite) == second[43]


def filled(rng: random.Random, shape: str) -> str:
    """A random number of the shape that a `State` has."""
    return "".join(rng.choice(CHARACTERS.get(char, char)) for char in shape)


def valid(rng: random.Random) -> Record:
    """A possible passport: the holder was born from 1935 to 2015, and it expires within ten years of 2026."""
    state = rng.choice(STATES)
    given = rng.sample(state.given.split(), rng.choice((1, 1, 2, 3)))
    names = f"{rng.choice(state.surnames.split())}<<{'<'.join(given)}".ljust(39, "<")[:39]
    first = rng.choice(("P<", "P<", "P<", "PP")) + state.code.ljust(3, "<") + names
    number = filled(rng, state.number)[:9].ljust(9, "<")
    birth = f"{rng.randint(1935, 2015) % 100:02}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    expiry = f"{rng.randint(26, 35)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    optional = filled(rng, state.optional).ljust(14, "<")
    numbered, born, expires = (field + digit(field) for field in (number, birth, expiry))
    personal = optional + (digit(optional) if state.optional else state.empty_digit)
    final = digit(numbered + born + expires + personal)
    return first, numbered + state.code.ljust(3, "<") + born + rng.choice("MF") + expires + personal + final


def broken(rng: random.Random) -> Record:
    """A passport with one character of its second line misread or mistyped, so that a check digit fails."""
    first, second = valid(rng)
    while True:
        place = rng.randrange(len(second))
        typed = rng.choice(CHARACTERS["d"] if second[place].isdigit() else LETTERS)
        new = rng.choice((typed, LOOKALIKES.get(second[place], typed)))
        changed = second[:place] + new + second[place + 1 :]
        if not agrees(changed):
            return first, changed


def short(rng: random.Random) -> Record:
    """A passport with one character of its second line left out."""
    first, second = valid(rng)
    place = rng.randrange(len(second))
    return first, second[:place] + second[place + 1 :]


def write_records(folder: Path, count: int) -> tuple[Path, Path]:
    """The records for all libraries, and those for ours only. The ones named "warm" come first and are not timed."""
    rng = random.Random(9303)  # noqa: S311  the same records in every run
    kinds = {"warm": (valid, 200), "valid": (valid, count), "broken": (broken, count), "short": (short, count // 10)}
    sets = {name: [make(rng) for _ in range(number)] for name, (make, number) in kinds.items()}
    paths = folder / "own.json", folder / "shared.json"
    for path in paths:
        path.write_text(json.dumps(sets), encoding="ascii")
        sets.pop("short", None)
    return paths[1], paths[0]


class Library(NamedTuple):
    """The worker's result for one library: for each set the best seconds, and how many records were called valid."""

    name: str
    version: str
    licence: str
    seconds: dict[str, float]
    accepted: dict[str, int]
    counts: dict[str, int]


def run(python: str, name: str, records: Path) -> Library:
    """One round of one library, in its own process."""
    done = subprocess.run([python, __file__, "--read", name, records], check=True, capture_output=True)
    output = json.loads(done.stdout)
    sets = output["sets"].items()
    seconds = {key: result[0] for key, result in sets}
    return Library(
        name, output["version"], output["licence"], seconds, {key: result[1] for key, result in sets}, output["counts"]
    )


def better(one: Library | None, other: Library) -> Library:
    """The shorter time of each set."""
    if one is None:
        return other
    return other._replace(seconds={key: min(one.seconds[key], other.seconds[key]) for key in other.seconds})


def measure(
    pythons: dict[str, str], paths: tuple[Path, Path], rounds: int, skipped: dict[str, str]
) -> tuple[list[Library], Library]:
    """All libraries, ours first; and ours with its own records. Adds the failed ones to `skipped`."""
    runs = [(name, name, paths[0]) for name in pythons if name != ADVISING] + [(ADVISING, ADVISING, paths[1])]
    best: dict[str, Library] = {}
    for _ in range(rounds):
        for key, name, path in runs:
            if key in skipped:
                continue
            try:
                best[key] = better(best.get(key), run(pythons[name], name, path))
            except subprocess.CalledProcessError as failure:
                skipped[key] = reason(failure)
    if OURS in skipped or ADVISING in skipped:
        raise SystemExit(skipped.get(OURS) or skipped[ADVISING])
    own = best.pop(ADVISING)
    check(best[OURS])
    check(own)
    return [library for key, library in best.items() if key not in skipped], own


def check(library: Library) -> None:
    """End the benchmark unless all valid records, and no others, were called valid."""
    for name, count in library.accepted.items():
        wrong = name in {"broken", "short"}
        if name != "warm" and (count != 0 if wrong else count != library.counts[name]):
            sys.exit(f"{library.name}: {count} of {library.counts[name]} {name} records were called valid")


def comparison(kind: str, libraries: Sequence[Library]) -> Iterator[str]:
    """Ours and its peers, the fastest first. "right" is the share of correct verdicts."""
    title = f"{COUNT:,} {kind} records"
    yield f"{title:<24}{'version':>9}  {'licence':<12}{'records/s':>10}{'ratio':>7}{'right':>8}{'aim':>8}"
    ours, *peers = libraries
    peers.sort(key=lambda peer: peer.seconds[kind])
    for library in (ours, *peers):
        ratio = library.seconds[kind] / ours.seconds[kind]
        count = library.accepted[kind]
        right = f"{(count if kind == 'valid' else COUNT - count) / COUNT:.1%}"
        aim = f">= {AIM}" if peers and library is peers[0] else ""
        about = f"{library.name:<24}{library.version:>9}  {library.licence:<12}"
        yield f"{about}{COUNT / library.seconds[kind]:>10,.0f}{ratio:>7.2f}{right:>8}{aim:>8}"


def advice(own: Library) -> Iterator[str]:
    """The time of a record with all that the screen says about it."""
    yield f"{'with advice, mean':<24}{'ms each':>9}"
    for name, title in (("valid", "a valid record"), ("broken", "one character wrong"), ("short", "a line of 43")):
        yield f"{title:<24}{own.seconds[name] / own.counts[name] * 1e3:>9.3f}"


def environments(folder: Path, skipped: dict[str, str]) -> dict[str, str]:
    """The interpreter for each library, ours first. Adds the ones that cannot be installed to `skipped`."""
    pythons = {OURS: sys.executable, ADVISING: sys.executable}
    for name, requirements in PEERS.items():
        try:
            pythons[name] = installed(folder / name, ["--no-deps", *requirements])
        except subprocess.CalledProcessError as failure:
            skipped[name] = reason(failure)
    return pythons


# What reads the records with one library, in its environment.
#
# An adapter uses a library as its users do, with the shortest public calls: it takes a record in the library's own
# form, asks whether it is valid, and reads the names, the number and the dates. A record for which a library raises is
# counted as not valid.

TODAY = date(2026, 1, 1)
SAMPLE = ("P<GBRHARTLEY<<OLIVER<JAMES<<<<<<<<<<<<<<<<<<", "5364018223GBR8509129M3203282<<<<<<<<<<<<<<03")
"""A record with one problem: its last check digit."""

Reading = tuple[Any, ...]
"""First whether the record is valid, then its fields."""


class Adapter(NamedTuple):
    """How to use a library: `form` converts a record's lines, and `load` makes its reader."""

    form: Callable[[Sequence[str]], Any]
    load: Callable[[], Callable[[Any], Reading]]


class _Absent(ModuleType):
    """Replaces a library that is needed for images only, so that the text reader can be imported without it."""

    def __getattr__(self, name: str) -> Any:
        return object


def _leave_out(*names: str) -> None:
    sys.modules.update({name: _Absent(name) for name in names})


def _everything(value: object) -> Callable[[Any], Any]:
    """A function that reads all public attributes of such a value, in case one is computed on access."""
    public = [name for name in dir(value) if not name.startswith("_")]
    return attrgetter(*[name for name in public if not callable(getattr(value, name))])


def _apoa_client() -> Callable[[Any], Reading]:
    """Verdict and fields, as for the peers; dates are dates."""
    from apoa_client.passport.mrz import MrzUnreadable, read_mrz

    def read(lines: Sequence[str]) -> Reading:
        try:
            mrz = read_mrz(lines, today=TODAY)
        except MrzUnreadable:
            return (False,)
        return (mrz.valid, mrz.surname, mrz.given_names, mrz.document_number, mrz.birth_date, mrz.expiry_date)

    return read


def _apoa_client_with_advice() -> Callable[[Any], Reading]:
    """Every attribute, and of every problem its message and corrections, which no peer has."""
    from apoa_client.passport.mrz import MrzUnreadable, read_mrz

    sample = read_mrz(SAMPLE, today=TODAY)
    attributes, parts = _everything(sample), _everything(sample.problems[0])

    def read(lines: Sequence[str]) -> Reading:
        try:
            mrz = read_mrz(lines, today=TODAY)
        except MrzUnreadable as unreadable:
            parts(unreadable.problem)
            return (False,)
        attributes(mrz)
        for problem in mrz.problems:
            parts(problem)
        return (mrz.valid,)

    return read


def _mrz() -> Callable[[Any], Reading]:
    checker = importlib.import_module("mrz.checker.td3").TD3CodeChecker

    def read(text: str) -> Reading:
        checked = checker(text)
        got = checked.fields()
        return (bool(checked), got.surname, got.name, got.document_number, got.birth_date, got.expiry_date)

    return read


def _fastmrz() -> Callable[[Any], Reading]:
    """Its constructor only loads the network that finds an MRZ in an image; `get_details` of a text does not use it."""
    _leave_out("PIL", "cv2", "numpy", "pytesseract")
    kind = importlib.import_module("fastmrz").FastMRZ
    peer = kind.__new__(kind)
    names = ("surname", "given_name", "document_number", "birth_date", "expiry_date")

    def read(text: str) -> Reading:
        try:
            details = peer.get_details(text, input_type="text")
        except ValueError:
            return (False,)
        return (details["status"] == "SUCCESS", *map(details.get, names))

    return read


def _passporteye() -> Callable[[Any], Reading]:
    """Its package imports scikit-image, scipy and pdfminer; its module `mrz.text` imports the standard library only."""
    folder = importlib.metadata.distribution("PassportEye").locate_file("passporteye")
    sys.modules["passporteye"] = package = ModuleType("passporteye")
    package.__path__ = [str(folder)]
    kind = importlib.import_module("passporteye.mrz.text").MRZ

    def read(lines: list[str]) -> Reading:
        mrz = kind(lines)
        return (mrz.valid, mrz.surname, mrz.names, mrz.number, mrz.date_of_birth, mrz.expiration_date)

    return read


ADAPTERS = {
    "apoa-client": Adapter(tuple, _apoa_client),
    "apoa-client with advice": Adapter(tuple, _apoa_client_with_advice),
    "mrz": Adapter("\n".join, _mrz),
    "fastmrz": Adapter("\n".join, _fastmrz),
    "PassportEye": Adapter(list, _passporteye),
}


def licence(name: str) -> str:
    """The licence in the library's metadata."""
    metadata = importlib.metadata.metadata(name)
    stated: list[str] = [metadata[key] for key in ("License-Expression", "License") if key in metadata]
    classified: list[str] = [
        text.rpartition(" :: ")[2] for text in metadata.get_all("Classifier", []) if "License ::" in text
    ]
    return [*stated, *classified, "not stated"][0].splitlines()[0]


def timed(read: Callable[[Any], Reading], records: Sequence[Any]) -> tuple[float, int]:
    """Seconds of the loop only, and how many records were called valid."""
    gc.collect()
    gc.freeze()  # so that the collector does not scan the records during the loop
    begun = time.perf_counter()
    verdicts = [read(record)[0] for record in records]
    return time.perf_counter() - begun, sum(verdicts)


def read_records(name: str, path: Path) -> None:
    """Read every set of a JSON file once, in order, with one library, and time it. Prints one JSON object.

    It has the library's version and licence; for each set the seconds and how many records were called valid; and the
    number of records in each set.
    """
    sets = json.loads(path.read_text(encoding="ascii"))
    adapter = ADAPTERS[name]
    read = adapter.load()
    results = {key: timed(read, [adapter.form(record) for record in records]) for key, records in sets.items()}
    project = name.partition(" ")[0]
    about = {"version": importlib.metadata.version(project), "licence": licence(project)}
    sys.stdout.write(
        json.dumps({**about, "sets": results, "counts": {key: len(records) for key, records in sets.items()}})
    )


def main() -> None:
    """Install, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=ROUNDS)
    parser.add_argument("--environments", type=Path)
    parser.add_argument("--small", action="store_true", help="check in seconds that our reader works")
    parser.add_argument("--read", nargs=2, help=argparse.SUPPRESS)  # in the environment of one library
    asked = parser.parse_args()
    if asked.read is not None:
        read_records(asked.read[0], Path(asked.read[1]))
        return
    skipped: dict[str, str] = {}
    if asked.small:
        with tempfile.TemporaryDirectory(prefix="apoa-benchmark-") as temporary:
            pythons = {OURS: sys.executable, ADVISING: sys.executable}
            measure(pythons, write_records(Path(temporary), SMALL_COUNT), 1, skipped)
        sys.stdout.write(f"passport: {SMALL_COUNT} valid and {SMALL_COUNT} broken records read\n")
        return
    with tempfile.TemporaryDirectory(prefix="apoa-benchmark-") as temporary:
        folder = Path(temporary)
        pythons = environments(asked.environments or folder, skipped)
        libraries, own = measure(pythons, write_records(folder, COUNT), asked.rounds, skipped)
    lines = [f"{platform.python_implementation()} {platform.python_version()}, the best of {asked.rounds} rounds", ""]
    for kind in ("valid", "broken"):
        lines += [*comparison(kind, libraries), ""]
    sys.stdout.write("\n".join([*lines, *advice(own)]) + "\n")
    for name, why in skipped.items():
        sys.stdout.write(f"skipped: {name}: {why}\n")


if __name__ == "__main__":
    main()
