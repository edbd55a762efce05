"""Values for what rows without headings do not say."""

from apoa_client.tables.defaults import with_defaults
from apoa_client.tables.rows import GuestRow, Records, SourceFacts

DEFAULTS = {"birth_place": "-", "nights": "2", "surname": "X"}


def completed(row: GuestRow) -> GuestRow:
    (found,) = with_defaults(Records(SourceFacts("json"), lambda: iter([row])), DEFAULTS).read_rows()
    return found


def test_a_default_takes_the_place_of_nothing_else() -> None:
    """What a row says is kept, and nights are not added to a planned check-out."""
    typed = {"birth_place": "OSAKA", "planned_check_out": "2026-11-26"}
    assert completed(GuestRow(1, typed)).typed == {**typed, "surname": "X"}


def test_an_mrz_says_its_fields_itself() -> None:
    """No default contradicts the lines."""
    assert completed(GuestRow(1, {}, ("P<", "X"))).typed == {"birth_place": "-", "nights": "2"}
