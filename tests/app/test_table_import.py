"""An import checks every row, and saves the good ones in one transaction; a folder of tables: which files are taken."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest
from app_helpers import Importer, guest_row, records
from basics import NOW, raises_error
from journeys_helpers import link_to_folder

from apoa_client import files
from apoa_client.app.import_folder import DONE, REFUSED, SETTLED_S, ImportFolder
from apoa_client.app.table_import import TableImport
from apoa_client.errors import Exit, ReportMoved, SettingsProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sql.insertion import Batch
from apoa_client.ports.entries import Selection
from apoa_client.report.kinds import Kind
from apoa_client.tables.rows import GuestRow


def test_good_rows_are_saved_and_bad_ones_are_named(importer: Importer) -> None:
    """A bad row holds up no good one; its problem has the cell."""
    result = importer.run(
        guest_row(2),
        guest_row(3, document_number="no number!"),
        guest_row(4, document_number="X99", nationality="IDN"),
        guest_row(5, document_number="X1", check_out="2026-11-24 20:00"),
    )
    assert (result.rows, result.saved, result.skipped, result.refused, result.checked_out) == (4, 2, 1, 1, 1)
    assert [(each.row, each.cell, each.code) for each in result.problems] == [(3, "F3", "bad_character")]
    entries = list(importer.outbox.entries(Selection()))
    assert [entry.kind for entry in entries] == [Kind.CHECK_IN, Kind.CHECK_IN, Kind.CHECK_OUT]
    assert [entry.id for entry in entries] == list(result.reports)
    assert [event.action for event in importer.outbox.audit_trail.entries()] == ["saved"] * 3 + ["imported"]
    assert importer.outbox.audit_trail.verify().wrong is None


def children(*rooms: str, born: str = "2015-01-01") -> list[GuestRow]:
    numbers = range(10, 10 + len(rooms))
    return [
        guest_row(number, document_number=f"C{number}", birth_date=born, room=room)
        for number, room in zip(numbers, rooms, strict=True)
    ]


def test_children_alone(importer: Importer) -> None:
    """A child without an adult of the file in the same room for each night is warned about, as at the desk."""
    adults = [guest_row(2, room="Kamar 5"), guest_row(3, document_number="X3", room="6", nights="2")]
    result = importer.run(*children("5", "6", "7"), *adults)
    assert (result.saved, result.warning_counts) == (5, {"child_alone": 2})
    assert [warning.row for warning in result.warnings] == [11, 12]
    entries = {entry.id: entry for entry in importer.outbox.entries(Selection())}
    warned = [report_id for report_id in result.reports if importer.outbox.content(entries[report_id]).warnings]
    assert len(warned) == 2


def test_a_room_that_is_not_known_may_be_any(importer: Importer) -> None:
    """As at the desk: an adult without a room is in every room, and a child without one is in every room."""
    assert importer.run(*children("5"), guest_row(2)).warning_counts == {}
    rows = [*children("", "8", born="2016-01-01"), guest_row(3, room="9")]
    assert importer.run(*rows).warning_counts == {"child_alone": 1, "implausible": 1}  # another birth date for a number


def test_a_child_whose_parent_was_imported_before(importer: Importer) -> None:
    """The parent counts up to the check-out if the key is at hand; else it is not known that the child is alone."""
    left = guest_row(3, document_number="X3", check_in="2026-11-23", room="6", nights="5", check_out="2026-11-24")
    importer.run(guest_row(2, room="5"), left)
    assert importer.run(*children("5")).warning_counts == {"child_alone": 1}
    importer.with_key = True
    rows = children("5", "6", born="2016-01-01")
    assert importer.run(*rows).warning_counts == {"child_alone": 1, "implausible": 1}


def namesakes(*numbers: str) -> list[GuestRow]:
    """Return rows that differ in the passport alone."""
    guest = {"surname": "VANTERPOOL", "given_names": "OBADIAH"}
    return [guest_row(place, document_number=number, **guest) for place, number in enumerate(numbers, 2)]


def test_two_passports_in_one_file(importer: Importer) -> None:
    """They are two guests, and are found again, in any order and alone."""
    first, second = rows = namesakes("N1", "N2")
    assert importer.run(*rows).saved == 2
    before = list(importer.outbox.entries(Selection()))
    for file in (rows, [second, first], [first], [second]):
        assert importer.run(*file).unchanged == len(file)
    assert list(importer.outbox.entries(Selection())) == before


def test_two_passports_in_two_files(importer: Importer) -> None:
    """The second one is refused, for it may be the first guest's corrected number; it holds up no other row."""
    first, second, third = namesakes("N1", "N2", "N3")
    importer.run(first)
    result = importer.run(first, second, third, guest_row(5, document_number="Z"))
    assert (result.saved, result.unchanged, result.refused) == (1, 1, 2)
    assert [(problem.cell, problem.code) for problem in result.problems] == [("F3", "conflict"), ("F4", "conflict")]
    other = guest_row(6, document_number="Y")
    assert importer.run(second, other, all_or_nothing=True).saved == 0
    assert importer.run(other).saved == 1


def test_a_stay_that_is_in_the_file_twice(importer: Importer) -> None:
    """The same row twice is one guest. Two rows that differ are both refused: only a person knows which is right."""
    same = importer.run(guest_row(2), guest_row(3))
    assert (same.saved, same.unchanged, same.refused) == (1, 1, 0)
    rows = [guest_row(2, document_number="Y", room="5"), guest_row(3, document_number="Y", room="6")]
    result = importer.run(*rows, guest_row(4, document_number="Z"))
    assert (result.saved, result.refused) == (1, 2)
    assert [(problem.row, problem.code) for problem in result.problems] == [(2, "conflict"), (3, "conflict")]
    assert "Row 3 " in result.problems[0].message.render()


def test_overlapping_stays_of_a_guest(importer: Importer) -> None:
    """The second one is refused; a guest who comes back after leaving is not."""
    first = guest_row(2, check_in="2026-11-20 14:00", nights="3", check_out="2026-11-21 09:00")
    back = guest_row(3, check_in="2026-11-22 14:00", nights="2")
    again = guest_row(4, check_in="2026-11-23 14:00", nights="2")
    result = importer.run(first, back, again)
    assert (result.saved, result.refused) == (2, 1)
    assert [(problem.row, problem.code) for problem in result.problems] == [(4, "duplicate")]
    assert result.problems[0].cell == "F4"
    assert importer.run(first, back).unchanged == 2


YEARS_AGO = {"check_in": "2025-11-20 14:00", "nights": "", "planned_check_out": "2025-11-22"}


def test_a_check_in_of_years_ago_is_refused_without_a_user(importer: Importer) -> None:
    """A user who sees the warning may confirm it. A row that was saved before stays as it is."""
    row = guest_row(2, **YEARS_AGO)
    result = importer.run(row)
    assert (result.saved, result.refused) == (0, 1)
    assert [(each.field, each.code) for each in result.problems] == [("stay.check_in", "implausible")]
    with importer.of([row], attended=True) as attended:
        result = attended.save()
    assert (result.saved, result.warning_counts) == (1, {"late": 1, "implausible": 1})
    again = importer.run(row)
    assert (again.unchanged, again.refused) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"check_in": "2025-11-24 14:00", "nights": "5"}, ["stay.check_in"]),
        ({"nights": "", "planned_check_out": "2027-11-26"}, ["stay.planned_check_out"]),
        ({"expiry_date": "1935-03-30"}, ["guest.document.expiry_date"]),
    ],
)
def test_implausible_dates_are_saved_with_a_warning(
    importer: Importer, changes: Mapping[str, str], fields: list[str]
) -> None:
    """They may be right: a stay of a year, a guest of a year ago, a passport that expired in another century."""
    result = importer.run(guest_row(2, **changes))
    assert result.saved == 1
    assert [each.field for each in result.warnings if each.code == "implausible"] == fields


def test_a_check_in_in_the_wrong_century_is_not_skipped(importer: Importer) -> None:
    """A booking may be a year ahead; a guest who comes in a hundred years has a wrong date."""
    result = importer.run(
        guest_row(2, check_in="2027-11-20 14:00", nights="2"),
        guest_row(3, document_number="B", check_in="2126-11-20 14:00", nights="2"),
    )
    assert (result.skip_reasons, [each.row for each in result.problems]) == ({"not_arrived": 1}, [3])


def test_warnings_of_a_row_that_is_refused_do_not_count(importer: Importer) -> None:
    """Late guests are counted for what is saved."""
    late = {"check_in": "2026-11-20 14:00"}
    result = importer.run(
        guest_row(2, room="5", **late), guest_row(3, room="6", **late), guest_row(4, document_number="X9", **late)
    )
    assert (result.refused, result.warning_counts) == (2, {"late": 1})
    assert [warning.row for warning in result.warnings] == [4]


def test_ctrl_c_while_reading(importer: Importer) -> None:
    """Nothing is saved, and the next import begins from the start."""

    def rows() -> Iterator[GuestRow]:
        yield guest_row(2)
        raise KeyboardInterrupt

    with importer.of(()) as table_import:
        table_import._records = records(())._replace(read_rows=rows)
        with pytest.raises(KeyboardInterrupt):
            table_import.save()
    assert list(importer.outbox.entries(Selection())) == []
    assert importer.run(guest_row(2)).saved == 1


def test_a_stay_that_another_process_changes_all_the_time(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are checked again, but not for ever."""
    checks = list[TableImport]()
    really = TableImport.check

    def check(table_import: TableImport) -> object:
        checks.append(table_import)
        return really(table_import)

    def moved(*_arguments: object) -> NoReturn:
        raise ReportMoved(msg("moved"))

    monkeypatch.setattr(TableImport, "check", check)
    monkeypatch.setattr(Batch, "save", moved)
    with pytest.raises(ReportMoved), importer.of([guest_row(2)]) as table_import:
        table_import.save()
    assert len(checks) == 3
    assert list(importer.outbox.entries(Selection())) == []


TEXT = b"Surname;Room\nSMITH;5\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The folder into which a booking system puts its files."""
    path = tmp_path / "drop"
    path.mkdir()
    return path


@pytest.fixture
def folder(path: Path) -> ImportFolder:
    """Takes files from it."""
    found = ImportFolder(path)
    with found.held():
        pass
    return found


def put(file: Path, content: bytes = TEXT, *, age_s: float = 3600) -> Path:
    """Write a file that was changed so many seconds ago."""
    file.write_bytes(content)
    at = NOW.timestamp() - age_s
    os.utime(file, (at, at))
    return file


def names(folder: ImportFolder) -> tuple[list[str], list[str]]:
    """Return the names of the files that can be taken, and of those that were changed a moment ago."""
    whole, recent = folder.waiting(NOW)
    return [each.name for each in whole], [each.name for each in recent]


def test_a_file_that_was_just_changed_is_left(path: Path, folder: ImportFolder) -> None:
    """It may be in the middle of a row. A clock of another computer that is far ahead holds up no file."""
    put(path / "a.csv", age_s=SETTLED_S)
    put(path / "b.csv", age_s=SETTLED_S - 1)
    put(path / "c.csv", age_s=-1)
    put(path / "d.csv", age_s=-3600)
    assert names(folder) == (["a.csv", "d.csv"], ["b.csv", "c.csv"])
    for name, age in (("b.csv", 3000), ("c.csv", 9000)):
        put(path / name, age_s=age)
    assert names(folder)[0] == ["c.csv", "b.csv", "a.csv", "d.csv"]  # a later one may correct an earlier one


def test_what_is_no_file_to_import(path: Path, folder: ImportFolder) -> None:
    """Unfinished and hidden files, those of the systems, folders, links and our own are left alone."""
    assert sorted(each.name for each in path.iterdir()) == [".apoa-import.lock", DONE, REFUSED]
    for name in (
        *("a.csv.part", "A.TMP", "a.crdownload", ".hidden.csv", "~$a.xlsx", ".~lock.a.ods#", "a.csv~"),
        "Thumbs.db",
    ):
        put(path / name)
    (path / "sub.csv").mkdir()
    if sys.platform != "win32":
        table = put(path.with_name("table.csv"))
        (path / "link.csv").symlink_to(table)
        os.mkfifo(path / "pipe.csv")
    assert names(folder) == ([], [])


@pytest.mark.parametrize("where", [DONE, REFUSED])
def test_a_folder_that_was_removed(path: Path, folder: ImportFolder, where: str) -> None:
    """A user who tidies up removes the folder of imported or of refused files: it is made again."""
    (path / where).rmdir()
    file = put(path / "guests.csv")
    names(folder)
    assert folder.move(file, folder.target(file, where))
    assert (path / where / "guests.csv").read_bytes() == TEXT


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """A missing one is a wrong usage; one that cannot be changed, or that has gone, is an error of this computer."""
    with pytest.raises(UsageProblem), ImportFolder(tmp_path / "nowhere").held():
        pass
    with pytest.raises(SettingsProblem):
        ImportFolder(tmp_path / "nowhere").waiting(NOW)
    (tmp_path / DONE).write_text("a file")
    with pytest.raises(SettingsProblem), ImportFolder(tmp_path).held():
        pass


def test_what_a_killed_process_left(path: Path, folder: ImportFolder) -> None:
    """A half-written copy of refused rows is removed at the next start, unless another process writes it now."""
    left = put(files.temporary_beside(path / REFUSED / "a-problems.csv"))
    with folder.held():
        left.write_bytes(TEXT)
        with ImportFolder(path).held():
            assert left.exists()
    with ImportFolder(path).held():
        assert list((path / REFUSED).iterdir()) == []


def into_link(path: Path, elsewhere: Path) -> None:
    path.rename(path.with_name("before"))
    link_to_folder(path, elsewhere)


def into_dangling_link(path: Path, elsewhere: Path) -> None:
    into_link(path, elsewhere)
    elsewhere.rmdir()


def open_to_others(path: Path, _elsewhere: Path) -> None:
    path.chmod(0o777)


def give_away(path: Path, _elsewhere: Path) -> None:
    os.chown(path, 12_345, -1)


posix_only = pytest.mark.skipif(os.name != "posix", reason="owner and mode are POSIX's")
UNSAFE = [
    into_link,
    into_dangling_link,
    pytest.param(open_to_others, marks=posix_only),
    pytest.param(
        give_away, marks=pytest.mark.skipif(os.name != "posix" or bool(os.geteuid()), reason="only root gives away")
    ),
]


@pytest.mark.parametrize("where", [DONE, REFUSED])
@pytest.mark.parametrize("make_unsafe", UNSAFE)
def test_a_folder_of_another_user(
    path: Path, folder: ImportFolder, make_unsafe: Callable[[Path, Path], None], where: str
) -> None:
    """A link, or a folder that another user can change, is refused at the start and at each move. Nothing is moved."""
    elsewhere = path.with_name("elsewhere")
    elsewhere.mkdir()
    file = put(path / "guests.csv")
    names(folder)
    target = folder.target(file, where)
    make_unsafe(path / where, elsewhere)
    for attempt in (lambda: folder.held().__enter__(), folder.check, lambda: folder.move(file, target)):
        with raises_error("unsafe_permissions") as caught:
            attempt()
        assert caught.value.exit_code is Exit.SETTINGS
    assert file.read_bytes() == TEXT
    assert not elsewhere.exists() or list(elsewhere.iterdir()) == []


@posix_only
def test_a_folder_that_is_exchanged_after_its_check(
    path: Path, folder: ImportFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file goes into the folder that was checked, whatever has its name by now."""
    elsewhere = path.with_name("elsewhere")
    elsewhere.mkdir()
    file = put(path / "guests.csv")
    names(folder)
    original = files.replace_file

    def exchange(*arguments: Any) -> None:
        into_link(path / DONE, elsewhere)
        original(*arguments)

    monkeypatch.setattr(files, "replace_file", exchange)
    assert folder.move(file, folder.target(file, DONE))
    assert (list(elsewhere.iterdir()), (path / "before" / file.name).read_bytes()) == ([], TEXT)
