"""The time zone of the place that an address names."""

import pytest

from apoa_client.settings.places import place_in


@pytest.mark.parametrize(
    ("address", "name", "zone"),
    [
        ("Jl. Monkey Forest 7, Ubud, Bali", "Bali", "WITA"),
        ("Jl. Raya Ubud no. 1", "Ubud", "WITA"),
        ("DENPASAR", "DENPASAR", "WITA"),
        ("Jl. Denpasar 5, Bandung", "Bandung", "WIB"),
        ("Jalan Papua 3, Kota Malang 65111", "Malang", "WIB"),
        ("Padang Bai", "Padang Bai", "WITA"),
        ("Padang, Sumatera Barat", "Sumatera", "WIB"),
        ("Samarinda, Kalimantan Timur", "Kalimantan Timur", "WITA"),
        ("Pontianak, Kalimantan  Barat", "Kalimantan  Barat", "WIB"),
        ("Nusa Tenggara Timur", "Nusa Tenggara", "WITA"),
        ("Waisai, Raja Ampat", "Raja Ampat", "WIT"),
        ("Kantor Imigrasi Kelas I Jayapura", "Jayapura", "WIT"),
    ],
)
def test_a_known_place(address: str, name: str, zone: str) -> None:
    """The last one counts, as it was written; the name of a street is none."""
    place = place_in(address)
    assert place == (name, zone)


@pytest.mark.parametrize("address", ["", "Jl. Melati 7", "Jl. Papua 3", "Kalimantan", "Balikpapanku", "***"])
def test_an_unknown_place(address: str) -> None:
    """No zone is guessed, as for an island with two of them."""
    assert place_in(address) is None
