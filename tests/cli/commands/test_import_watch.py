"""`apoa import --watch`: a booking system's files are imported as they come, with a clock that only the test moves."""

import csv
import io
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli_helpers import GUESTS, LANGUAGES, QUENTIN, XIMENA, Apoa, CallResult, Guest, spoken
from held_files import Hold
from journeys_helpers import link_to_folder

from apoa_client import files
from apoa_client.app import table_watch
from apoa_client.app.table_import import ImportResult, TableImport
from apoa_client.app.table_watch import RETRY_S, SETTLED_S, WatchedFolder
from apoa_client.cli.commands import import_watch
from apoa_client.cli.terminal.signals import Terminated
from apoa_client.errors import Exit, StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.database import SqliteDatabase
from apoa_client.tables.reading import open_source

Step = Callable[[], object]
PRIVATE = [word for guest in GUESTS for word in guest.words]
HEADINGS = (
    *("Surname", "Given names", "Sex", "Date of birth", "Place of birth", "Nationality", "Passport number"),
    *("Passport expiry", "Check-in", "Planned check-out", "Room"),
)


def cells(guest: Guest, **changes: str) -> list[str]:
    values = [guest.surname, guest.given_names, guest.sex, str(guest.birth_date), guest.birth_place, guest.state]
    values += [guest.number, guest.expiry_date.isoformat(), "2026-11-23", "2026-11-26", "7"]
    row = dict(zip(HEADINGS, values, strict=True)) | changes
    return [row[heading] for heading in HEADINGS]


def table(*rows: list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([HEADINGS, *rows])
    return text.getvalue().encode()


GOOD = table(cells(QUENTIN))
BAD = cells(XIMENA, **{"Passport number": "not a number!"})


class Watch:
    """Runs `import --watch`: each step is done while it waits, then enough looks follow for a file to be whole."""

    def __init__(self, apoa: Apoa, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.apoa = apoa
        self.folder = folder
        self._monkeypatch = monkeypatch

    def __call__(
        self,
        *steps: Step,
        options: Iterable[str] = ("--no-send",),
        end: type[BaseException] = KeyboardInterrupt,
        **environ: str,
    ) -> CallResult:
        looks: list[Step] = [lambda: None, *(each for step in steps for each in (step, *self._settle()))]
        looks += [] if steps else self._settle()
        waiting = iter(looks)

        def sleep(_seconds: float) -> None:
            step = next(waiting, None)
            if step is None:
                raise end
            step()

        with self._monkeypatch.context() as patch:
            patch.setattr("apoa_client.cli.commands.import_watch.time", SimpleNamespace(sleep=sleep))
            return self.apoa("import", "--watch", str(self.folder), *options, **environ)

    def _settle(self) -> list[Step]:
        return [lambda: None, lambda: self.forward(SETTLED_S), lambda: None]

    def forward(self, seconds: float) -> None:
        self.apoa.clock.seconds += seconds

    def put(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def names(self) -> dict[str, list[str]]:
        """Return the names of the files that wait, are done, and were refused."""
        folders = {"": self.folder, "done": self.folder / "done", "refused": self.folder / "refused"}
        return {
            name: sorted(path.name for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
            for name, folder in folders.items()
        }


@pytest.fixture
def watches(away: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Runs `import --watch` for a property whose authority cannot be reached."""
    folder = tmp_path / "drop"
    folder.mkdir()
    return Watch(away, folder, monkeypatch)


def surnames(apoa: Apoa) -> list[str]:
    return [report["guest"]["surname"] for report in apoa.reports() if report["guest"] is not None]


class TestFiles:
    """What becomes of each file."""

    def test_a_good_file(self, watches: Watch) -> None:
        """Its guests are reported, and it is in done; one that was there before the start, too."""
        watches.put("a.csv", GOOD)
        said = watches(lambda: watches.put("b.csv", table(cells(XIMENA))))
        assert (said.code, said.err) == (0, "")
        assert surnames(watches.apoa) == [QUENTIN.surname, XIMENA.surname]
        assert watches.names() == {"": [], "done": ["a.csv", "b.csv"], "refused": []}

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_its_lines(self, watches: Watch, lang: str) -> None:
        """One at the start and one a file, with the time and what was saved; with --quiet none."""
        watches.put("a.csv", GOOD)
        start, line = watches(lang=lang).out.splitlines()
        expected = spoken(lang, "Importing what is put into {folder}, until Ctrl-C ends it.", folder=watches.folder)
        assert start == expected
        assert line.startswith("24 ")
        assert line.endswith("a.csv: " + spoken(lang, "{count} saved", count=1))
        watches.put("a.csv", GOOD)
        said = watches(options=("--no-send",), lang=lang)
        assert said.out.splitlines()[1].endswith(spoken(lang, "{count} unchanged", count=1))

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_refused_rows(self, watches: Watch, lang: str) -> None:
        """The good rows are saved. The file is in refused, with the reason and the refused rows beside it."""
        watches.put("a.csv", table(cells(QUENTIN), BAD))
        said = watches(lang=lang)
        assert surnames(watches.apoa) == [QUENTIN.surname]
        copy = spoken(lang, "{name}-problems", name="a") + ".csv"
        assert watches.names()["refused"] == sorted(["a.csv", "a.csv.reason.txt", copy])
        reason = (watches.folder / "refused" / "a.csv.reason.txt").read_text("utf-8-sig")
        assert "G3" in reason
        assert copy in reason
        assert not [word for word in [*PRIVATE, "not a number"] if word.lower() in reason.lower() + said.all.lower()]
        rows = (watches.folder / "refused" / copy).read_text("utf-8-sig")
        assert XIMENA.surname in rows
        assert QUENTIN.surname not in rows

    def test_another_passport_of_an_imported_guest(self, watches: Watch) -> None:
        """The row is refused, for a person decides whether it is another guest. The other row is saved."""
        watches.put("a.csv", GOOD)
        watches()
        watches.put("b.csv", table(cells(QUENTIN, **{"Passport number": "X99"}), cells(XIMENA)))
        watches()
        assert surnames(watches.apoa) == [QUENTIN.surname, XIMENA.surname]
        assert "b.csv" in watches.names()["refused"]
        assert "G2" in (watches.folder / "refused" / "b.csv.reason.txt").read_text("utf-8-sig")

    def test_the_corrected_rows_again(self, watches: Watch) -> None:
        """The file with the refused rows can be corrected and put into the folder."""
        watches.put("a.csv", table(cells(QUENTIN), BAD))
        watches()
        problems = watches.folder / "refused" / "a-problems.csv"
        corrected = problems.read_bytes().replace(b"not a number!", XIMENA.number.encode())
        watches(lambda: watches.put("a.csv", corrected))
        assert surnames(watches.apoa) == [QUENTIN.surname, XIMENA.surname]
        assert watches.names()["done"] == ["a.csv"]

    @pytest.mark.parametrize(
        "content", [b"\x00\x01\x02 no table \xff\n", b"PK\x03\x04 no archive\n", b"Surname;Room\nX;5\n"]
    )
    def test_a_file_that_is_no_table(self, watches: Watch, content: bytes) -> None:
        """It is refused with the reason, and the next one is imported."""
        watches.put("a.csv", content)
        watches.put("b.csv", GOOD)
        watches(lambda: watches.forward(table_watch.CUT_OFF_S))
        assert watches.names() == {"": [], "done": ["b.csv"], "refused": ["a.csv", "a.csv.reason.txt"]}
        assert (watches.folder / "refused" / "a.csv.reason.txt").stat().st_size > 20

    def test_all_or_nothing(self, watches: Watch) -> None:
        """With a bad row nothing is saved: the whole file is to be corrected."""
        watches.put("a.csv", table(cells(QUENTIN), BAD))
        watches(options=("--no-send", "--all-or-nothing"))
        assert watches.apoa.reports() == []
        assert watches.names()["refused"] == ["a.csv", "a.csv.reason.txt"]

    def test_the_same_name_twice(self, watches: Watch) -> None:
        """It gets a number, and so does the reason beside it."""
        for number in range(3):
            watches.put("a.csv", table(cells(XIMENA, Room=str(number)), BAD) if number else GOOD)
            watches()
        assert watches.names() == {
            "": [],
            "done": ["a.csv"],
            "refused": [
                *("a-2-problems.csv", "a-2.csv", "a-2.csv.reason.txt"),
                *("a-problems.csv", "a.csv", "a.csv.reason.txt"),
            ],
        }

    def test_a_file_that_is_replaced_while_it_is_imported(
        self, watches: Watch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing is written beside the refused files about one that does not get there; the new one is imported."""
        save, contents = TableImport.save, [GOOD]

        def replaced(run: TableImport, **options: bool) -> ImportResult:
            result = save(run, **options)
            if contents:
                watches.put("a.csv", contents.pop())
            return result

        monkeypatch.setattr(TableImport, "save", replaced)
        watches.put("a.csv", table(BAD))
        watches(lambda: None, lambda: None)
        assert watches.names() == {"": [], "done": ["a.csv"], "refused": []}
        assert surnames(watches.apoa) == [QUENTIN.surname]

    def test_a_refused_file_with_the_name_of_a_copy(self, watches: Watch) -> None:
        """The copy of other refused rows does not replace it."""
        content = table(BAD)
        watches.put("a-problems.csv", content)
        watches()
        watches.put("a.csv", table(cells(QUENTIN), BAD))
        watches()
        assert (watches.folder / "refused" / "a-problems.csv").read_bytes() == content
        assert {"a.csv", "a.csv.reason.txt"} < set(watches.names()["refused"])

    def test_the_options(self, watches: Watch) -> None:
        """The defaults and the order of dates that were given hold for each file."""
        content = GOOD.replace(b"2026-11-23", b"11/23/2026").replace(b"GDANSKTOWN", b"")
        watches.put("a.csv", content)
        watches(options=("--no-send", "--date-order", "mdy", "--default", "birth_place=-"))
        assert watches.apoa.reports()[0]["stay"]["check_in"].startswith("2026-11-23")

    def test_what_is_imported_is_sent(self, configured: Apoa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """At once, unless --no-send is given."""
        watches = Watch(configured, tmp_path, monkeypatch)
        watches.put("a.csv", GOOD)
        watches(options=())
        assert configured.states() == [("check_in", "accepted")]
        assert watches.names()["done"] == ["a.csv"]


class TestTrouble:
    """What goes wrong around a file."""

    def test_a_file_that_is_still_written(self, watches: Watch) -> None:
        """Nothing of it is imported before its writer has finished."""
        whole = table(*(cells(guest) for guest in GUESTS))
        steps = [lambda end=end: watches.put("a.csv", whole[:end]) for end in (40, 120, len(whole) - 9)]
        said = watches(*steps)
        assert watches.apoa.reports() == []
        assert watches.names()[""] == ["a.csv"]
        assert len(said.out.splitlines()) == 1
        watches(lambda: watches.put("a.csv", whole))
        assert len(watches.apoa.reports()) == 3

    @pytest.mark.parametrize("pauses", [3, 10_000])
    def test_a_file_that_another_program_has_open(self, watches: Watch, hold: Hold, pauses: int) -> None:
        """On Windows it can neither be read nor moved: it is tried again, and nothing is reported twice."""
        watches.put("a.csv", GOOD)
        holder = hold(watches.folder / "a.csv", pauses)
        watches(lambda: watches.forward(table_watch.CUT_OFF_S))
        holder.close()
        watches(lambda: watches.forward(RETRY_S))
        assert surnames(watches.apoa) == [QUENTIN.surname]
        assert watches.names() == {"": [], "done": ["a.csv"], "refused": []}

    def test_an_error_that_is_not_the_file_s(self, watches: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
        """With a full disk nothing is refused: it is shown once, and tried again every minute."""
        problem = StorageProblem(msg("The disk is full."), name="disk_full")
        tried = []

        def full(_import: TableImport, **_options: Any) -> None:
            tried.append(True)
            raise problem

        watches.put("a.csv", GOOD)
        with monkeypatch.context() as patch:
            patch.setattr(TableImport, "save", full)
            said = watches(lambda: None, lambda: watches.forward(RETRY_S), lambda: watches.forward(1))
        assert len(tried) == 2
        assert said.err.count("The disk is full.") == 1
        assert watches.names()[""] == ["a.csv"]
        watches(lambda: watches.forward(RETRY_S))
        assert watches.names()["done"] == ["a.csv"]

    def test_a_bug(self, watches: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
        """It ends neither the import of other files nor the command."""
        watches.put("a.csv", GOOD)
        watches.put("b.csv", table(cells(XIMENA)))
        os.utime(watches.folder / "a.csv", (1, 1))
        original = open_source

        def broken(path: Path, *options: str) -> Any:
            if path.name == "a.csv":
                raise ZeroDivisionError(QUENTIN.surname)
            return original(path, *options)

        monkeypatch.setattr(import_watch, "open_source", broken)
        said = watches()
        assert watches.names() == {"": ["a.csv"], "done": ["b.csv"], "refused": []}
        assert QUENTIN.surname not in said.all

    def test_an_outbox_that_cannot_be_closed(self, watches: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
        """The error ends nothing: it is shown, and the next file is imported."""
        original = SqliteDatabase.close

        def fail(opened: SqliteDatabase) -> None:
            original(opened)
            raise StorageProblem(msg("The disk is full."))

        watches.put("a.csv", GOOD)
        with monkeypatch.context() as patch:
            patch.setattr(SqliteDatabase, "close", fail)
            said = watches(lambda: watches.put("b.csv", table(cells(XIMENA))))
        assert (said.code, "The disk is full." in said.err) == (0, True)
        assert watches.names() == {"": [], "done": ["a.csv", "b.csv"], "refused": []}

    def test_a_folder_that_goes_away(self, watches: Watch) -> None:
        """An error is shown once, and it goes on when the folder is back."""
        elsewhere = watches.folder.with_name("elsewhere")

        def back() -> None:
            elsewhere.rename(watches.folder)
            watches.put("a.csv", GOOD)

        said = watches(lambda: watches.folder.rename(elsewhere), back)
        assert said.err.count(spoken("en", "The folder {path} cannot be read.", path=watches.folder)) == 1
        assert watches.names()["done"] == ["a.csv"]

    def test_a_file_that_changes_while_it_is_imported(self, watches: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
        """It stays, and the rows that were added are imported, too."""
        original = TableImport.save
        whole = table(cells(QUENTIN), cells(XIMENA))

        def save(table_import: TableImport, **options: Any) -> Any:
            result = original(table_import, **options)
            watches.put("a.csv", whole)
            return result

        watches.put("a.csv", GOOD)
        with monkeypatch.context() as patch:
            patch.setattr(TableImport, "save", save)
            watches()
        assert watches.names()[""] == ["a.csv"]
        watches()
        assert surnames(watches.apoa) == [QUENTIN.surname, XIMENA.surname]
        assert watches.names()["done"] == ["a.csv"]

    @pytest.mark.parametrize("name", ["done", "refused"])
    def test_a_link_in_place_of_a_folder(self, watches: Watch, tmp_path: Path, name: str) -> None:
        """It is refused with 78, and nothing is imported or moved; so it is if the link comes later."""
        watches()
        elsewhere, folder = tmp_path / "elsewhere", watches.folder / name
        elsewhere.mkdir()

        def exchange() -> None:
            folder.rmdir()
            link_to_folder(folder, elsewhere)

        watches.put("a.csv", table(cells(QUENTIN), BAD))
        late = watches(exchange, lambda: watches.forward(RETRY_S))
        at_start = watches()
        assert (late.code, late.err.count("is a link to another place"), at_start.code) == (0, 1, Exit.SETTINGS)
        assert (watches.apoa.reports(), watches.names()[""], list(elsewhere.iterdir())) == ([], ["a.csv"], [])
        folder.unlink()
        watches()
        assert watches.names()["refused"] == ["a-problems.csv", "a.csv", "a.csv.reason.txt"]
        assert list(elsewhere.iterdir()) == []

    def test_two_watchers(self, watches: Watch) -> None:
        """While another process has the folder, no file is taken."""
        watches.put("a.csv", GOOD)
        with WatchedFolder(watches.folder, watches.apoa.clock.monotonic).lock() as is_held:
            assert is_held
            watches()
            assert watches.names()[""] == ["a.csv"]
        watches()
        assert watches.names()["done"] == ["a.csv"]


class Killed(BaseException):
    """The process ends here without another instruction."""


@pytest.mark.parametrize("rows", [[cells(QUENTIN)], [cells(QUENTIN), BAD]], ids=["done", "refused"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (TableImport, "check"),
        (TableImport, "save"),
        (import_watch, "write_private"),
        (WatchedFolder, "move"),
        (files, "replace_file"),
    ],
    ids=["check", "save", "reason", "move", "rename"],
)
def test_killed_at_each_step(
    watches: Watch, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, before: object, rows: list[list[str]]
) -> None:
    """Wherever the process ends, the next start finishes the work: no row is lost, none is reported twice."""
    watches.put("a.csv", table(*rows))
    original = getattr(owner, name)

    def kill(*arguments: Any, **options: Any) -> None:
        if not before:
            original(*arguments, **options)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, kill)
        with pytest.raises(Killed) if len(rows) > 1 or name != "write_private" else nullcontext():
            watches()
    watches()
    refused = len(rows) > 1
    assert surnames(watches.apoa) == [QUENTIN.surname]
    assert watches.names() == {
        "": [],
        "done": [] if refused else ["a.csv"],
        "refused": ["a-problems.csv", "a.csv", "a.csv.reason.txt"] if refused else [],
    }
    assert watches.apoa("log", "--verify").code == 0


class TestUsage:
    """How it is called, and how it ends."""

    @pytest.mark.parametrize("end", [KeyboardInterrupt, Terminated])
    def test_its_end(self, watches: Watch, end: type[BaseException]) -> None:
        """Ctrl-C, SIGTERM and a closed window are how it ends: 0, without a word."""
        said = watches(end=end)
        assert (said.code, said.err) == (0, "")

    def test_wrong_options(self, watches: Watch, tmp_path: Path) -> None:
        """Options for one file, and a missing folder, are a wrong usage."""
        folder = str(watches.folder)
        for more in (["--check"], ["--json"], ["--write-errors", "x.csv"], ["a.csv"]):
            assert watches.apoa("import", "--watch", folder, *more).code == 2
        assert watches.apoa("import", "--watch", str(tmp_path / "nowhere")).code == 2
        assert watches.apoa("import", "--watch", folder, "--map", "unknown").code != 0

    def test_private(self, watches: Watch) -> None:
        """The folders and what is written into them are for the owner only."""
        watches.put("a.csv", table(BAD))
        watches()
        if sys.platform != "win32":
            refused = watches.folder / "refused"
            written = [refused / "a.csv.reason.txt", refused / "a-problems.csv"]
            assert [path.stat().st_mode & 0o777 for path in (refused, *written)] == [0o700, 0o600, 0o600]
