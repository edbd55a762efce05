"""Reads records with one library and times it. `passport.py` beside this file runs it in each environment.

Run it as ``python passport_peers.py NAME RECORDS``. RECORDS is a JSON file of named sets of pairs of lines. It prints
one JSON object: the library's version and licence; for each set the seconds and how many records were called valid; and
the number of records in each set.

An adapter uses a library as its users do, with the shortest public calls: it takes a record in the library's own form,
asks whether it is valid, and reads the names, the number and the dates. A record for which a library raises is counted
as not valid.
"""

import gc
import importlib
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

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


def main() -> None:
    """Read every set once, in order."""
    name, path = sys.argv[1:]
    sets = json.loads(Path(path).read_text(encoding="ascii"))
    adapter = ADAPTERS[name]
    read = adapter.load()
    results = {key: timed(read, [adapter.form(record) for record in records]) for key, records in sets.items()}
    project = name.partition(" ")[0]
    about = {"version": importlib.metadata.version(project), "licence": licence(project)}
    sys.stdout.write(
        json.dumps({**about, "sets": results, "counts": {key: len(records) for key, records in sets.items()}})
    )


if __name__ == "__main__":
    main()
