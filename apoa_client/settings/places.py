"""Indonesian places in an address, and the time zone that each lies in.

The provinces by time zone are those of Keppres 41/1987, with the provinces that were made since. Regencies and towns
are the ones with the most foreign guests, and the capitals of the provinces.
"""

import re
from typing import NamedTuple

from apoa_client.texts import without_accents

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
_ZONES = {name: zone for zone, names in _PLACES.items() for name in names.split(", ")}
_MAX_WORDS = 2
_STREETS = frozenset({"jl", "jln", "jalan", "gang", "gg"})
"""Words for a street: the name that follows is often that of a place far away."""


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
            zone = _ZONES.get(" ".join(folded[first + 1 : last + 2]))
            if zone is not None:
                return Place(address[words[first].start() : words[last].end()], zone)
    return None
