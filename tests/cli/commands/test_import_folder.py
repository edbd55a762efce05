"""`apoa import --from`, and the same before automatic sending: a booking system's files are imported and moved."""

import csv
import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from basics import NOW
from cli_helpers import LANGUAGES, OBADIAH, PRIVATE, QUENTIN, XIMENA, Apoa, CallResult, raising
from damage_helpers import Hold
from screens import Screens
from table_helpers import HEADINGS, cells

from apoa_client import files
from apoa_client.app.import_folder import ImportFolder
from apoa_client.app.table_import import ImportResult, TableImport
from apoa_client.cli.commands import import_folder
from apoa_client.errors import ApoaError, Exit, StorageProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.tables.rows import TableRefused


def table(*rows: list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";").writerows([HEADINGS, *rows])
    return text.getvalue().encode()


GOOD = table(cells(QUENTIN))


BAD = cells(XIMENA, **{"Passport number": "not a number!"})


class Drop:
    """A folder of tables: runs `import --from` for it."""

    def __init__(self, apoa: Apoa, folder: Path) -> None:
        self.apoa = apoa
        self.folder = folder

    def __call__(self, *options: str, **environ: str) -> CallResult:
        return self.apoa("import", "--from", str(self.folder), "--no-send", *options, **environ)

    def put(self, name: str, content: bytes, *, age_s: float = 3600) -> None:
        """Put a file there that was changed so many seconds ago."""
        (self.folder / name).write_bytes(content)
        at = NOW.timestamp() - age_s
        os.utime(self.folder / name, (at, at))

    def names(self) -> dict[str, list[str]]:
        """Return the names of the files that wait, are done, and were refused."""
        folders = {"": self.folder, "done": self.folder / "done", "refused": self.folder / "refused"}
        return {
            name: sorted(path.name for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
            for name, folder in folders.items()
        }


@pytest.fixture
def drop(away: Apoa, tmp_path: Path) -> Drop:
    """The folder of a property whose authority cannot be reached."""
    folder = tmp_path / "drop"
    folder.mkdir()
    return Drop(away, folder)


def surnames(apoa: Apoa) -> list[str]:
    return [report["guest"]["surname"] for report in apoa.reports() if report["guest"] is not None]


class TestFiles:
    """What becomes of each file."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_screens(self, drop: Drop, screens: Screens, lang: str) -> None:
        """A good file, one with refused rows, one that is no table, one that is still written, and no file."""
        command = ["import", "--from", str(drop.folder), "--no-send"]
        drop.put("a.csv", GOOD, age_s=7200)
        drop.put("b.csv", table(cells(XIMENA), BAD))
        drop.put("c.csv", b"\x00 no table")
        drop.put("d.csv", GOOD, age_s=5)
        screens(drop.apoa, *command, lang=lang)
        (drop.folder / "d.csv").unlink()
        screens(drop.apoa, *command, lang=lang)

    def test_the_same_file_again(self, drop: Drop) -> None:
        """It changes nothing, and says so; with --quiet nothing is printed."""
        printed = []
        for options in ([], [], ["--quiet"]):
            drop.put("a.csv", GOOD)
            printed.append(drop.apoa(*options, "import", "--from", str(drop.folder), "--no-send")[:])
        assert printed[1:] == [(0, "a.csv: 1 unchanged\n", ""), (0, "", "")]
        assert surnames(drop.apoa) == [QUENTIN.surname]
        assert drop.names()["done"] == ["a-2.csv", "a-3.csv", "a.csv"]

    def test_its_document(self, drop: Drop) -> None:
        """With --json: each file, where it is now, its counts, and why it was refused or left as a whole."""
        drop.put("a.csv", table(cells(QUENTIN), BAD))
        drop.put("b.csv", b"\x00 no table")
        drop.put("c.csv", GOOD, age_s=1)
        said = drop("--json")
        assert (said.code, said.err) == (65, "")
        found = {each["file"]: each for each in said.json["files"]}
        rows, no_table, unfinished = (found[name] for name in ("a.csv", "b.csv", "c.csv"))
        assert (rows["where"], rows["rows"], rows["saved"], rows["error"]) == ("refused", 2, 1, None)
        assert (no_table["where"], no_table["error"]["class"]) == ("refused", "unknown_encoding")
        assert (unfinished["where"], unfinished["error"]["class"]) == ("left", "file_unfinished")
        assert len(said.json["reports"]) == 1

    def test_dates_that_are_implausible(self, drop: Drop) -> None:
        """No user sees the rows before they are saved: the line names the cells, also with --quiet, and JSON."""
        for name, options in (("a.csv", []), ("b.csv", ["--quiet"])):
            number = {"Passport number": f"X99{len(options)}", "Given names": "ABC"[len(options)]}
            drop.put(name, table(cells(QUENTIN, **number, **{"Passport expiry": "1935-03-30"})))
            said = drop.apoa(*options, "import", "--from", str(drop.folder), "--no-send")
            assert (said.code, said.all) == (0, f"{name}: 1 saved; to compare: H2\n")
        drop.put("c.csv", table(cells(XIMENA, **{"Planned check-out": "2027-11-26"})))
        warnings = drop("--json").json["files"][0]["warnings"]
        assert ("J2", "implausible") in [(each["cell"], each["code"]) for each in warnings]

    def test_refused_rows(self, drop: Drop) -> None:
        """The good rows are saved. The file is in refused, with the reason and the refused rows, for the owner only."""
        drop.put("a.csv", table(cells(QUENTIN), BAD))
        said = drop()
        assert said.code == 65
        assert surnames(drop.apoa) == [QUENTIN.surname]
        copy = "a.csv-problems.csv"
        assert drop.names()["refused"] == sorted(["a.csv", "a.csv.reason.txt", copy])
        refused = drop.folder / "refused"
        if sys.platform != "win32":
            modes = [path.stat().st_mode & 0o777 for path in (refused, refused / "a.csv.reason.txt", refused / copy)]
            assert modes == [0o700, 0o600, 0o600]
        reason = (refused / "a.csv.reason.txt").read_text("utf-8-sig")
        assert "G3" in reason
        assert copy in reason
        assert not [word for word in [*PRIVATE, "not a number"] if word.lower() in reason.lower() + said.all.lower()]
        rows = (refused / copy).read_text("utf-8-sig")
        assert XIMENA.surname in rows
        assert QUENTIN.surname not in rows

    @pytest.mark.parametrize("error", [TableRefused(msg("too slow"), name="table_too_slow"), UsageProblem(msg("long"))])
    def test_refused_rows_without_a_copy(self, drop: Drop, monkeypatch: pytest.MonkeyPatch, error: ApoaError) -> None:
        """It takes too long to read them again, or a cell is too long: the file is moved and the next one imported."""
        monkeypatch.setattr(import_folder, "marked_file", raising(error))
        drop.put("a.csv", table(cells(QUENTIN), BAD), age_s=7200)
        drop.put("b.csv", table(cells(XIMENA)))
        assert drop().code == 65
        assert drop.names() == {"": [], "done": ["b.csv"], "refused": ["a.csv", "a.csv.reason.txt"]}
        assert surnames(drop.apoa) == [QUENTIN.surname, XIMENA.surname]

    @pytest.mark.parametrize("content", [b"", b"Surname;Room\nX;5\n"])
    def test_a_file_that_is_no_table(self, drop: Drop, content: bytes) -> None:
        """It is refused with the reason, and the next one is imported."""
        drop.put("a.csv", content)
        drop.put("b.csv", GOOD)
        assert drop().code == 65
        assert drop.names() == {"": [], "done": ["b.csv"], "refused": ["a.csv", "a.csv.reason.txt"]}
        assert (drop.folder / "refused" / "a.csv.reason.txt").stat().st_size > 20

    def test_a_file_that_is_replaced_while_it_is_imported(self, drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing is written beside the refused files about one that does not get there; the new one is imported."""
        save, contents = TableImport.save, [GOOD]

        def replaced(run: TableImport, **options: bool) -> ImportResult:
            result = save(run, **options)
            if contents:
                drop.put("a.csv", contents.pop())
            return result

        monkeypatch.setattr(TableImport, "save", replaced)
        drop.put("a.csv", table(BAD))
        assert drop().code == 75
        assert drop.names() == {"": ["a.csv"], "done": [], "refused": []}
        assert drop().code == 0
        assert drop.names() == {"": [], "done": ["a.csv"], "refused": []}
        assert surnames(drop.apoa) == [QUENTIN.surname]

    def test_a_refused_file_with_the_name_of_a_copy(self, drop: Drop) -> None:
        """The copy of other refused rows does not replace it."""
        content = table(BAD)
        drop.put("a.csv-problems.csv", content)
        drop()
        drop.put("a.csv", table(cells(QUENTIN), BAD))
        drop()
        assert (drop.folder / "refused" / "a.csv-problems.csv").read_bytes() == content
        assert {"a.csv", "a.csv.reason.txt"} < set(drop.names()["refused"])

    def test_the_options(self, drop: Drop) -> None:
        """They hold for each file: defaults, the order of dates, and that a bad row holds up the good ones."""
        content = GOOD.replace(b"2026-11-23", b"11/23/2026").replace(b"GDANSKTOWN", b"")
        drop.put("a.csv", content)
        drop.put("b.csv", table(cells(OBADIAH), BAD))
        drop("--date-order", "mdy", "--default", "birth_place=-", "--all-or-nothing")
        [report] = drop.apoa.reports()
        assert report["stay"]["check_in"].startswith("2026-11-23")
        assert drop.names() == {"": [], "done": ["a.csv"], "refused": ["b.csv", "b.csv.reason.txt"]}


class TestTrouble:
    """What goes wrong around a file."""

    def test_a_file_that_is_still_written(self, drop: Drop) -> None:
        """It is left for the next run (75)."""
        drop.put("a.csv", GOOD[:-9], age_s=5)
        assert (drop().code, drop.apoa.reports()) == (75, [])
        drop.put("a.csv", GOOD)
        assert drop().code == 0
        assert drop.names() == {"": [], "done": ["a.csv"], "refused": []}

    @pytest.mark.parametrize("pauses", [3, 10_000])
    def test_a_file_that_another_program_has_open(self, drop: Drop, hold: Hold, pauses: int) -> None:
        """On Windows it can neither be read nor moved: the next run tries again, and nothing is reported twice."""
        drop.put("a.csv", GOOD)
        holder = hold(drop.folder / "a.csv", pauses)
        assert drop().code in {0, 75}
        holder.close()
        drop()
        assert surnames(drop.apoa) == [QUENTIN.surname]
        assert drop.names() == {"": [], "done": ["a.csv"], "refused": []}

    def test_an_error_that_is_not_the_file_s(self, drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
        """With a full disk nothing is refused or moved: it ends the command, and the next run finishes the work."""
        drop.put("a.csv", GOOD)
        with monkeypatch.context() as patch:
            patch.setattr(TableImport, "save", raising(StorageProblem(msg("The disk is full."), name="disk_full")))
            said = drop()
        assert (said.code, said.err.count("The disk is full."), drop.names()[""]) == (78, 1, ["a.csv"])
        assert drop().code == 0
        assert drop.names()["done"] == ["a.csv"]

    @pytest.mark.parametrize(
        ("owner", "name", "error", "code"),
        [
            (files, "replace_file", PermissionError(), Exit.SETTINGS),
            (import_folder, "open_source", ZeroDivisionError(QUENTIN.surname), Exit.BUG),
        ],
        ids=["not moved", "a bug"],
    )
    def test_a_file_that_fails(
        self, drop: Drop, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: Exception, code: Exit
    ) -> None:
        """It stays, nothing about a guest is shown, and the others are imported; nothing is reported twice."""
        original = getattr(owner, name)

        def fail(path: Path, *more: Any) -> Any:
            if path.name == "a.csv":
                raise error
            return original(path, *more)

        drop.put("a.csv", GOOD, age_s=7200)
        drop.put("b.csv", table(cells(XIMENA)))
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, fail)
            said = drop()
        assert (said.code, drop.names()) == (code, {"": ["a.csv"], "done": ["b.csv"], "refused": []})
        assert QUENTIN.surname not in said.all
        assert drop().code == 0
        assert sorted(surnames(drop.apoa)) == [XIMENA.surname, QUENTIN.surname]

    def test_two_at_once(self, drop: Drop) -> None:
        """While another process has the folder, no file is taken, and the command says so."""
        drop.put("a.csv", GOOD)
        with ImportFolder(drop.folder).held() as is_held:
            assert is_held
            assert drop("--json").json["error"]["class"] == "folder_in_use"
            assert (drop().code, drop.names()[""]) == (75, ["a.csv"])
        assert drop().code == 0


class Killed(BaseException):
    """The process ends here without another instruction."""


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        *((TableImport, "check"), (TableImport, "save"), (import_folder, "write_private"), (files, "replace_file")),
        (ImportFolder, "move"),
    ],
    ids=["check", "save", "copy", "rename", "before the move"],
)
def test_killed_after_each_step(drop: Drop, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Wherever the process ends, the next run finishes the work: no row is lost, none is reported twice."""
    drop.put("a.csv", table(cells(QUENTIN), BAD))
    original = getattr(owner, name)

    def kill(*arguments: Any, **options: Any) -> None:
        if name != "move":  # the copy and the reason are there, and the file is, too
            original(*arguments, **options)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, kill)
        with pytest.raises(Killed):
            drop()
    drop()
    assert surnames(drop.apoa) == [QUENTIN.surname]
    assert drop.names() == {"": [], "done": [], "refused": ["a.csv", "a.csv-problems.csv", "a.csv.reason.txt"]}
    assert drop.apoa("log", "--verify").code == 0


def test_wrong_options(drop: Drop, tmp_path: Path) -> None:
    """Options for one file, and a missing folder, are a wrong usage."""
    drop.put("a.csv", GOOD)
    for more in (["--check"], ["--write-errors", "x.csv"], ["a.csv"], ["--map", "unknown"]):
        assert drop(*more).code == 2, more
    assert drop.apoa("import", "--from", str(tmp_path / "nowhere")).code == 2
    assert (drop.folder / "a.csv").exists()


class TestAutomaticSending:
    """A folder in the settings is imported before each scheduled run sends."""

    @pytest.fixture
    def scheduled(self, configured: Apoa, tmp_path: Path) -> Drop:
        """The folder of a property whose authority answers."""
        folder = tmp_path / "drop"
        folder.mkdir()
        configured.change_setting("import_folder", str(folder))
        return Drop(configured, folder)

    def test_what_is_imported_is_sent(self, scheduled: Drop) -> None:
        """In the same run, with the mapping of the settings, and without a word; by hand at once."""
        mapping = scheduled.folder.with_name("columns.toml")
        mapping.write_text('[columns]\n"Guest no." = "document_number"\n')
        scheduled.apoa.change_setting("import_map", str(mapping))
        scheduled.put("a.csv", GOOD.replace(b"Passport number", b"Guest no."))
        assert scheduled.apoa("sync", "--scheduled")[:] == (0, "", "")
        assert scheduled.apoa.states() == [("check_in", "accepted")]
        scheduled.put("b.csv", table(cells(XIMENA)))
        assert scheduled.apoa("import", "--from", str(scheduled.folder)).code == 0
        assert scheduled.apoa.states() == [("check_in", "accepted")] * 2
        assert scheduled.names()["done"] == ["a.csv", "b.csv"]

    def test_refused_rows(self, scheduled: Drop) -> None:
        """They are shown once, in the run that moves the file (65); the good ones are sent."""
        scheduled.put("a.csv", table(cells(QUENTIN), BAD))
        said = scheduled.apoa("sync", "--scheduled")
        assert (said.code, said.out, said.err.count("a.csv: ")) == (65, "", 1)
        assert scheduled.apoa.states() == [("check_in", "accepted")]
        assert scheduled.apoa("sync", "--scheduled")[:] == (0, "", "")

    def test_a_folder_that_cannot_be_imported(self, scheduled: Drop) -> None:
        """It is shown once and not at each run, and what waits is sent all the same."""
        away = scheduled.folder.with_name("gone")
        scheduled.apoa("import", "--from", str(scheduled.folder))
        scheduled.put("a.csv", GOOD)
        scheduled.apoa("import", str(scheduled.folder / "a.csv"), "--no-send", "--yes")
        scheduled.folder.rename(away)
        first, second = (scheduled.apoa("sync", "--scheduled") for _run in range(2))
        assert (first.code, str(scheduled.folder) in first.err, second.code, second.err) == (2, True, 2, "")
        assert scheduled.apoa.states() == [("check_in", "accepted")]
