"""Rooms: as they are reported, shown and compared, however people write them."""

import pytest
from report_helpers import draft, examined

from apoa_client.report.rooms import normalized_room, room_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *(
            (text, "3")
            for text in ("3", " 3 ", "kamar 3", "KAMAR 3", "Kamar no. 3", "kmr.3", "Kamar3", "Room 3", "rm 3")
        ),
        *((text, "3") for text in ("no 3", "No.3", "nomor 3", "Nomor: 3", "#3", "room #3", "Kamar-3", "number 3")),
        ("room 12 A", "12 A"),
        ("Kamar Melati", "Melati"),
        ("Melati 9", "Melati 9"),
        ("Roomy", "Roomy"),
        ("No Name", "No Name"),
        ("Nomad", "Nomad"),
        ("Kamar", "Kamar"),
        ("#", "#"),
        ("", ""),
    ],
)
def test_the_words_for_room_are_left_out(text: str, name: str) -> None:
    """In both languages and any case; a room that is only such a word keeps it."""
    assert room_name(text) == name


def test_one_room_in_several_spellings() -> None:
    """Words, capitals and blanks make no difference, digits and letters do."""
    assert {normalized_room(text) for text in ("7a", "Kamar 7A", "no.  7a", "ROOM 7a")} == {"7a"}
    assert normalized_room("kamar 7") != normalized_room("kamar 7a")


def test_a_report_has_the_room_without_the_word() -> None:
    """The authority's form says "room" already."""
    assert examined(draft({"room": "Kamar No. 3"}))[1].room == "3"
