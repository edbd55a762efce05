"""The tables of codes that the authority publishes.

Stay permits are suggestions: the official index changes by decree, so reports may carry any text. A table's version is
a fingerprint of what it holds, so it changes when the table does and at no other time.
"""

import hashlib
import json
from functools import cache
from typing import Any

from apoa_client.passport import states
from apoa_client.report.kinds import Purpose

_PURPOSES = {
    Purpose.TOURISM: ("Wisata", "Tourism"),
    Purpose.BUSINESS: ("Bisnis", "Business"),
    Purpose.FAMILY: ("Keluarga", "Family"),
    Purpose.WORK: ("Bekerja", "Work"),
    Purpose.STUDY: ("Belajar", "Study"),
    Purpose.TRANSIT: ("Transit", "Transit"),
    Purpose.GOVERNMENT: ("Pemerintahan", "Government"),
    Purpose.OTHER: ("Lainnya", "Other"),
}

_STAY_PERMITS = (
    ("A1", "Bebas visa kunjungan", "Visa-free visit"),
    ("B1", "Visa saat kedatangan", "Visa on arrival"),
    ("C1", "Kunjungan wisata", "Visit: tourism"),
    ("C2", "Kunjungan bisnis", "Visit: business"),
    ("C3", "Kunjungan medis", "Visit: medical treatment"),
    ("C4", "Kunjungan pemerintahan", "Visit: government"),
    ("C5", "Kunjungan pers", "Visit: press"),
    ("C6", "Kunjungan sosial", "Visit: social"),
    ("C7", "Kunjungan seni", "Visit: arts"),
    ("C8", "Kunjungan olahraga", "Visit: sports"),
    ("C9", "Kunjungan kursus", "Visit: course"),
    ("C10", "Kunjungan pemuka agama", "Visit: clergy"),
    ("C11", "Kunjungan pameran", "Visit: exhibition"),
    ("C12", "Kunjungan pra-investasi", "Visit: pre-investment"),
    ("C13", "Kunjungan awak kapal", "Visit: ship's crew"),
    ("C14", "Kunjungan film", "Visit: film"),
    ("C15", "Kunjungan darurat", "Visit: emergency"),
    ("C16", "Kunjungan pelatihan", "Visit: training"),
    ("C17", "Kunjungan audit", "Visit: audit"),
    ("C18", "Kunjungan uji coba", "Visit: trial work"),
    ("C19", "Kunjungan purnajual", "Visit: after-sales service"),
    ("C20", "Kunjungan pasang mesin", "Visit: installation of machines"),
    ("C22", "Kunjungan magang", "Visit: internship"),
    ("D1", "Kunjungan wisata, beberapa kali perjalanan", "Visit: tourism, multiple entry"),
    ("D2", "Kunjungan bisnis, beberapa kali perjalanan", "Visit: business, multiple entry"),
    ("D12", "Kunjungan pra-investasi, beberapa kali perjalanan", "Visit: pre-investment, multiple entry"),
    ("E23", "Tinggal terbatas: kerja", "Limited stay: work"),
    ("E28", "Tinggal terbatas: investor", "Limited stay: investor"),
    ("E29", "Tinggal terbatas: riset", "Limited stay: research"),
    ("E30", "Tinggal terbatas: pelajar", "Limited stay: student"),
    ("E31", "Tinggal terbatas: keluarga", "Limited stay: family"),
    ("E32", "Tinggal terbatas: eks-WNI", "Limited stay: former Indonesian citizen"),
    ("E33", "Tinggal terbatas: rumah kedua", "Limited stay: second home"),
    ("E33E", "Tinggal terbatas: lansia", "Limited stay: retired"),
    ("E33G", "Tinggal terbatas: pekerja jarak jauh", "Limited stay: remote worker"),
    ("E35", "Tinggal terbatas: liburan sambil bekerja", "Limited stay: working holiday"),
    ("ITK", "Izin tinggal kunjungan", "Visit stay permit"),
    ("ITAS", "Izin tinggal terbatas", "Limited stay permit"),
    ("ITAP", "Izin tinggal tetap", "Permanent stay permit"),
)


@cache
def table(name: str) -> dict[str, Any] | None:
    """The contract's ``CodeTable`` of that name, or None where there is none."""
    rows = _rows(name)
    if rows is None:
        return None
    codes = [{"code": code, "id": id_, "en": en, "valid_from": None, "valid_to": None} for code, id_, en in rows]
    version = hashlib.sha256(json.dumps(codes).encode()).hexdigest()[:12]
    return {"table": name, "version": version, "codes": codes}


def _rows(name: str) -> list[tuple[str, str, str]] | None:
    if name == "stay_permits":
        return list(_STAY_PERMITS)
    if name == "purposes":
        return [(purpose.value, *names) for purpose, names in _PURPOSES.items()]
    if name == "nationalities":
        return [(state.code, state.indonesian, state.english) for state in states.all_states()]
    return None
