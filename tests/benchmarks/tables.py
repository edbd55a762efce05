"""Measures the import of tables: how long it takes and how much memory, against bare reading of the same file.

Run it as ``python tests/benchmarks/tables.py [ROUNDS] [--small]`` with the interpreter that apoa-client and its extra
`tables` are installed for. Files of CSV with 1,000 and 100,000 guests are imported, each in a process of its own, and
the most memory that each process took is printed. Then a workbook of 10,000 guests is made. In interleaved rounds, its
cells are read by openpyxl and nothing else is done; and the file is imported: its columns are matched, its rows are
read, checked and sealed, and all are saved durably in a new outbox, with the private key at hand and without. The
median of each and the ratio are printed, in seconds of the clock and of the processor, for which other work of the
machine counts less; the aim is less than 4. No result fails for a time; the exit status is 1 if rows were not saved.
``--small`` takes one round of 50 guests, and 50 and 200 in place of 1,000 and 100,000.
"""

import argparse
import csv
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from app_helpers import Importer
from basics import FixedClock
from outbox_helpers import PRIVATE_KEY, PUBLIC_KEY
from report_helpers import NOW

from apoa_client.app.table_import import TableImport
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.tables.columns import guest_rows, match_columns
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import Table
from apoa_client.vault.sealing import PropertySealer

ROUNDS, GUESTS, FEW, MANY = 3, 10_000, 1_000, 100_000
SMALL_GUESTS, SMALL_FEW, SMALL_MANY = 50, 50, 200

HEADINGS = (
    *("Surname", "Given names", "Sex", "Place of birth", "Date of birth", "Nationality", "Passport number"),
    *("Passport expiry", "Visa / stay permit", "Check-in", "Planned check-out", "Room", "Phone"),
)
NATIONALITIES = ("AUS", "CHN", "IND", "SGP", "JPN", "NLD", "FRA", "GBR")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class _WithoutKey(PropertySealer):
    """Seals, and makes no codes."""

    def authenticator(self, *, ask: bool = False, only_checks: bool = False) -> None:
        """Return None: the key is not at hand."""
        del ask, only_checks


def guests(count: int) -> Iterator[tuple[str | date, ...]]:
    """Yield the cells of invented guests; half of them arrived yesterday and are reported late, with a warning."""
    for number in range(count):
        name = "".join(_LETTERS[number // 26**place % 26] for place in range(4))
        arrival = NOW.date() - timedelta(days=number % 2)
        born = date(1950, 1, 1) + timedelta(days=number % 15_000)
        departure = NOW.date() + timedelta(days=1 + number % 7)
        yield (
            *(f"GUEST{name}", f"{name} MARIA", "FM"[number % 2], "SYDNEY", born, NATIONALITIES[number % 8]),
            *(f"P{number:07}", date(2032, 3, 30), "B1", arrival, departure, str(number % 90), "+61 400 000 000"),
        )


def write_workbook(path: Path, count: int) -> None:
    """Write a workbook with its dimensions, as Excel and LibreOffice write them."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADINGS)
    for cells in guests(count):
        sheet.append(cells)
    book.save(path)


def write_csv(path: Path, count: int) -> None:
    """Write a file of CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(guests(count))


def read_bare(path: Path) -> int:
    """Read every cell with openpyxl, and return the number of rows."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        return len([None for _row in book.worksheets[0].iter_rows(values_only=True)])
    finally:
        book.close()


def import_file(path: Path, outbox_path: Path, *, with_key: bool) -> int:
    """Import a file into a new outbox, and return how many reports were saved."""
    sealer = (PropertySealer if with_key else _WithoutKey)(PUBLIC_KEY, lambda: PRIVATE_KEY)
    with closing(SqliteOutbox.open(outbox_path, sealer, create=True)) as outbox:
        table = open_source(path)
        assert isinstance(table, Table)
        records = guest_rows(table, match_columns(table))
        imports = Importer(outbox, FixedClock(NOW)).imports
        with TableImport(imports, outbox, records) as table_import:
            return len(table_import.save().reports)


def measure_time(folder: Path, count: int, rounds: int) -> bool:
    """Print how long reading and importing a workbook take. Return whether all was saved."""
    path = folder / "guests.xlsx"
    write_workbook(path, count)
    works: dict[str, Callable[[int], bool]] = {
        "bare reading": lambda _number: read_bare(path) == count + 1,
        "import": lambda number: import_file(path, folder / f"{number}.db", with_key=False) == count,
        "import with the key": lambda number: import_file(path, folder / f"{number}key.db", with_key=True) == count,
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    complete = True
    for number in range(rounds):
        for name, work in works.items():
            begun, processor = time.perf_counter(), time.process_time()
            complete &= work(number)
            seconds[name].append((time.perf_counter() - begun, time.process_time() - processor))
    medians = {
        name: [statistics.median(values) for values in zip(*found, strict=True)] for name, found in seconds.items()
    }
    bare = medians["bare reading"]
    for name, (clock, processor) in medians.items():
        write(
            f"{count:,} rows of XLSX, {name}: {clock:.2f} s, ratio {clock / bare[0]:.2f}; processor {processor:.2f} s, "
            f"ratio {processor / bare[1]:.2f}"
        )
    return complete


def measure_memory(folder: Path, counts: tuple[int, int]) -> bool:
    """Print the most memory that imports took. Return whether all was saved."""
    complete = True
    for count in counts:
        path = folder / f"{count}.csv"
        write_csv(path, count)
        command = [sys.executable, __file__, "--file", str(path), "--outbox", str(folder / f"{count}.db")]
        begun = time.perf_counter()
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        complete &= int(answer[0]) == count
        write(f"{count:,} rows of CSV: at most {answer[1]} MiB, {time.perf_counter() - begun:.1f} s")
    return complete


def most_memory() -> int:
    """Return the most memory that this process took, in MiB; 0 where the system does not say it."""
    if sys.platform == "win32":
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most >> 20 if sys.platform == "darwin" else most >> 10


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=ROUNDS)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--outbox", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.file is not None:
        write(f"{import_file(options.file, options.outbox, with_key=False)} {most_memory()}")
        return 0
    rounds, count, counts = options.rounds, GUESTS, (FEW, MANY)
    if options.small:
        rounds, count, counts = 1, SMALL_GUESTS, (SMALL_FEW, SMALL_MANY)
    with tempfile.TemporaryDirectory() as name:
        # First: on Linux, a process begins with the most memory of the one that started it.
        complete = measure_memory(Path(name), counts)
        complete &= measure_time(Path(name), count, rounds)
    return 0 if complete else 1


def write(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
