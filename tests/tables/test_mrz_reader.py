"""The logs of passport readers."""

import pytest
from passport_helpers import SPECIMENS

from apoa_client.tables.errors import TableRefused
from apoa_client.tables.reading import open_source
from apoa_client.tables.rows import GuestRow, Records

TD1, TD3 = SPECIMENS["TD1"], SPECIMENS["TD3"]


def read(text: str, format: str = "") -> list[GuestRow]:  # noqa: A002  the option's name
    records = open_source(text.encode(), format)
    assert isinstance(records, Records)
    assert records.facts.format == "mrz"
    return list(records.read_rows())


@pytest.mark.parametrize("name", SPECIMENS)
def test_every_kind_of_document(name: str) -> None:
    """The lines of a document are one row, whichever kind it is."""
    (row,) = read("\n".join(SPECIMENS[name]))
    assert row.lines == SPECIMENS[name]


def test_several_documents_with_times() -> None:
    """Each document has the time that stands before it, and the lines of the file as its place."""
    rows = read("\n".join(["2026-11-24 14:05:00", *TD3, "", "2026-11-25 09:30", *TD1]))
    assert [row.lines for row in rows] == [TD3, TD1]
    assert [row.typed for row in rows] == [{"check_in": "2026-11-24T14:05:00"}, {"check_in": "2026-11-25T09:30:00"}]
    assert [row.cells["guest.surname"] for row in rows] == ["2-3", "6-8"]


def test_times_behind() -> None:
    """A log that writes the time behind each document is read so."""
    rows = read("\n".join([*TD3, "2026-11-24 14:05", *TD1, "2026-11-25 09:30"]))
    assert [row.typed["check_in"][:10] for row in rows] == ["2026-11-24", "2026-11-25"]


def test_without_times() -> None:
    """A log without times leaves the check-in to the user."""
    assert [row.typed for row in read("\n".join(TD3))] == [{}]


def test_a_broken_one_among_them() -> None:
    """A line without its partner is a row of its own, and the documents around it are whole."""
    rows = read("\n".join([*TD1, TD3[0], *SPECIMENS["TD2"]]))
    assert [row.lines for row in rows] == [TD1, (TD3[0],), SPECIMENS["TD2"]]


def test_read_twice() -> None:
    """A document that was read twice on one day is one row, and two rows on two days."""
    assert len(read("\n".join(["2026-11-24", *TD3, *TD3]))) == 1
    assert len(read("\n".join(["2026-11-24", *TD3, "2026-11-25", *TD3]))) == 2


def test_dates_of_two_readings() -> None:
    """A date that can be read in two ways is a finding, unless another date of the log shows the order."""
    (row,) = read("\n".join(["03/04/2026 14:05", *TD3]))
    assert [finding.code for finding in row.findings] == ["bad_date"]
    rows = read("\n".join(["03/04/2026 14:05", *TD3, "25/04/2026 14:05", *TD1]))
    assert rows[0].typed == {"check_in": "2026-04-03T14:05:00"}


def test_no_mrz() -> None:
    """A text without an MRZ is refused where the user says that it is a log."""
    with pytest.raises(TableRefused) as raised:
        read("SECRET\nreader ready\n", "mrz")
    assert raised.value.name == "no_mrz"
    assert "SECRET" not in f"{raised.value!r}{raised.value}"


def test_no_personal_data_in_a_repr() -> None:
    """What may reach a log has no name of a guest."""
    assert "ERIKSSON" not in repr(read("\n".join(TD3)))
