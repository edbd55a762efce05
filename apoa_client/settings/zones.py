"""Indonesia's three time zones, and the places in an address that lie in each.

The zones are constants because they have had no daylight saving time and no change since 1988 (Keppres 41/1987), which
starts faster than ``zoneinfo`` and needs no ``tzdata`` package on Windows. A property is always in Indonesia.

The provinces by time zone are those of Keppres 41/1987, with the provinces that were made since. Regencies and towns
are the ones with the most foreign guests, and the capitals of the provinces.
"""

import re
from datetime import timedelta, timezone
from functools import cache
from typing import NamedTuple

from apoa_client.texts import without_accents

WIB = timezone(timedelta(hours=7), "WIB")
WITA = timezone(timedelta(hours=8), "WITA")
WIT = timezone(timedelta(hours=9), "WIT")

ZONES = {
    "Asia/Jakarta": WIB,
    "Asia/Pontianak": WIB,
    "Asia/Makassar": WITA,
    "Asia/Jayapura": WIT,
}
"""IANA names of Indonesia's zones."""

_ABBREVIATIONS = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}


def zone_name(text: str) -> str | None:
    """Return the IANA name for an IANA name or for WIB, WITA or WIT, in any case; None for any other text."""
    if text.strip().upper() in _ABBREVIATIONS:
        return _ABBREVIATIONS[text.strip().upper()]
    return next((name for name in ZONES if name.casefold() == text.strip().casefold()), None)


_PLACES = {
    "WIB": (
        "aceh, banda aceh, sabang, pulau weh, sumatra, sumatera, medan, toba, bukit lawang, nias, padang, bukittinggi, "
        "mentawai, riau, pekanbaru, batam, bintan, tanjung pinang, tanjungpinang, jambi, bengkulu, palembang, lampung, "
        "bandar lampung, krui, bangka, belitung, pangkal pinang, pangkalpinang, banten, serang, cilegon, anyer, "
        "tangerang, jakarta, jawa, java, bogor, depok, bekasi, bandung, cirebon, pangandaran, semarang, solo, "
        "surakarta, magelang, borobudur, wonosobo, dieng, jepara, karimunjawa, yogyakarta, jogjakarta, jogja, sleman, "
        "bantul, surabaya, malang, bromo, probolinggo, jember, banyuwangi, kalimantan barat, kalbar, west kalimantan, "
        "pontianak, singkawang, kalimantan tengah, kalteng, central kalimantan, palangka raya, palangkaraya, sampit, "
        "pangkalan bun"
    ),
    "WITA": (
        "bali, denpasar, badung, kuta, legian, seminyak, canggu, jimbaran, uluwatu, nusa dua, sanur, gianyar, ubud, "
        "tabanan, jembrana, buleleng, singaraja, lovina, bangli, kintamani, klungkung, nusa penida, nusa lembongan, "
        "karangasem, candidasa, amed, padang bai, padangbai, nusa tenggara, ntb, ntt, lombok, mataram, senggigi, "
        "gili air, gili meno, gili trawangan, sumbawa, bima, flores, labuan bajo, ende, maumere, kupang, sumba, "
        "kalimantan selatan, kalsel, south kalimantan, banjarmasin, banjarbaru, kalimantan timur, kaltim, "
        "east kalimantan, balikpapan, samarinda, bontang, berau, derawan, kalimantan utara, kaltara, "
        "north kalimantan, tarakan, nunukan, sulawesi, makassar, toraja, rantepao, mamuju, palu, kendari, wakatobi, "
        "gorontalo, manado, bunaken, bitung"
    ),
    "WIT": (
        "maluku, moluccas, ambon, banda neira, tual, saumlaki, ternate, tidore, halmahera, papua, sorong, raja ampat, "
        "waisai, manokwari, fakfak, kaimana, biak, nabire, timika, wamena, jayapura, merauke"
    ),
}
_MAX_WORDS = 2
_STREETS = frozenset({"jl", "jln", "jalan", "gang", "gg"})
"""Words for a street: the name that follows is often that of a place far away."""


@cache
def _zones_of_places() -> dict[str, str]:
    return {name: zone for zone, names in _PLACES.items() for name in names.split(", ")}


class Place(NamedTuple):
    """A place in an address: its name as it was written, and its time zone: WIB, WITA or WIT."""

    name: str
    zone: str


def place_in(address: str) -> Place | None:
    """Return the last known place in an address, which is the widest one; None if there is none."""
    words = list(re.finditer(r"[^\W_]+", address))
    folded = ["", *(without_accents(word.group()) for word in words)]
    for first in reversed(range(len(words))):
        if folded[first] in _STREETS:
            continue
        for last in reversed(range(first, min(first + _MAX_WORDS, len(words)))):
            zone = _zones_of_places().get(" ".join(folded[first + 1 : last + 2]))
            if zone is not None:
                return Place(address[words[first].start() : words[last].end()], zone)
    return None
