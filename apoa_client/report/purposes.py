"""The purposes of a stay: their names in both languages, and the purpose that a typed text means.

A text that means exactly one purpose is taken (`find`). Other texts get suggestions (`suggest`).
"""

from collections.abc import Mapping
from typing import NamedTuple

from apoa_client.messages import Message, msg
from apoa_client.report.kinds import Purpose
from apoa_client.texts import fold, similarity


class PurposeNames(NamedTuple):
    """The names of a purpose: its label for users, its Indonesian word, and other words that people write for it."""

    label: Message
    indonesian: str
    other_words: tuple[str, ...]


PURPOSES: Mapping[Purpose, PurposeNames] = {
    Purpose.TOURISM: PurposeNames(
        msg("tourism"),
        "wisata",
        ("liburan", "turis", "tourist", "holiday", "vacation", "leisure", "jalan-jalan"),
    ),
    Purpose.BUSINESS: PurposeNames(
        msg("business"), "bisnis", ("usaha", "rapat", "meeting", "conference", "konferensi")
    ),
    Purpose.FAMILY: PurposeNames(msg("family"), "keluarga", ("famili", "saudara")),
    Purpose.WORK: PurposeNames(msg("work"), "kerja", ("bekerja", "job")),
    Purpose.STUDY: PurposeNames(msg("study"), "belajar", ("studi", "kuliah", "sekolah", "school")),
    Purpose.TRANSIT: PurposeNames(msg("transit"), "transit", ("singgah",)),
    Purpose.GOVERNMENT: PurposeNames(msg("government"), "pemerintahan", ("pemerintah", "dinas", "official")),
    Purpose.OTHER: PurposeNames(msg("other"), "lainnya", ("lain-lain",)),
}

_MIN_BEGINNING = 2
_MIN_SIMILARITY = 0.65


def find(text: str) -> Purpose | None:
    """Return the purpose that a text means: one of its words, or a beginning that no other purpose has; else None."""
    word = fold(text)
    for purpose in Purpose:
        if word in _words(purpose):
            return purpose
    begun = _with_beginning(word)
    return begun[0] if len(begun) == 1 and len(word) >= _MIN_BEGINNING else None


def suggest(text: str, limit: int = 5) -> list[Purpose]:
    """Return the purposes that a text may mean, the likeliest first: by a beginning, or by similarity."""
    word = fold(text)
    if not word:
        return []
    found = find(text)
    if found is not None:
        return [found]
    begun = _with_beginning(word)
    if begun:
        return begun[:limit]
    scores = {purpose: similarity(word, _words(purpose)) for purpose in Purpose}
    similar = [purpose for purpose in Purpose if scores[purpose] >= _MIN_SIMILARITY]
    return sorted(similar, key=lambda purpose: -scores[purpose])[:limit]


def _words(purpose: Purpose) -> tuple[str, ...]:
    names = PURPOSES[purpose]
    return tuple(map(fold, (purpose.value, names.indonesian, *names.other_words)))


def _with_beginning(word: str) -> list[Purpose]:
    """Return the purposes with a word that begins so; first those where it is one of the two words that are shown."""
    if not word:
        return []
    begun = [purpose for purpose in Purpose if any(each.startswith(word) for each in _words(purpose))]
    return sorted(begun, key=lambda purpose: not any(each.startswith(word) for each in _words(purpose)[:2]))
