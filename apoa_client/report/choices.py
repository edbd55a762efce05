"""What staff may mean by a few letters: purposes and stay permits, in either language, begun or mistyped.

Two questions, kept apart: what a text surely means, which is taken, and what it may mean, which is offered. A text that
fits two purposes is never one of them.
"""

from collections.abc import Mapping

from apoa_client.report.kinds import Purpose
from apoa_client.report.permits import Permit, by_code, fold, permits, suggest

PURPOSE_WORDS: Mapping[Purpose, str] = {
    Purpose.TOURISM: "wisata",
    Purpose.BUSINESS: "bisnis",
    Purpose.FAMILY: "keluarga",
    Purpose.WORK: "kerja",
    Purpose.STUDY: "belajar",
    Purpose.TRANSIT: "transit",
    Purpose.GOVERNMENT: "pemerintahan",
    Purpose.OTHER: "lainnya",
}
"""The Indonesian word for each purpose, which is shown beside the contract's."""

_MORE_WORDS: Mapping[Purpose, tuple[str, ...]] = {
    Purpose.TOURISM: ("liburan", "turis", "tourist", "holiday", "vacation", "leisure", "jalan-jalan"),
    Purpose.BUSINESS: ("usaha", "rapat", "meeting", "conference", "konferensi"),
    Purpose.FAMILY: ("famili", "saudara"),
    Purpose.WORK: ("bekerja", "job"),
    Purpose.STUDY: ("studi", "kuliah", "sekolah", "school"),
    Purpose.TRANSIT: ("singgah",),
    Purpose.GOVERNMENT: ("pemerintah", "dinas", "official"),
    Purpose.OTHER: ("lain-lain",),
}
_SHORTEST_BEGINNING = 2
_LIKE = 0.65


def purpose(text: str) -> Purpose | None:
    """The purpose that a text surely means: one of its words, or the beginning of no other's. None for any other."""
    word = fold(text)
    exact = [each for each in Purpose if word in _words(each)]
    if exact:
        return exact[0]
    begun = _begun(word)
    return begun[0] if len(begun) == 1 and len(word) >= _SHORTEST_BEGINNING else None


def purposes(text: str, limit: int = 5) -> list[Purpose]:
    """What a text may mean, the likeliest first: by a word or its beginning, or nearly so. Empty for like none."""
    word = fold(text)
    sure = purpose(text)
    if sure is not None:
        return [sure]
    return (_begun(word) or _like(word))[:limit] if word else []


def stay_permit(text: str) -> Permit | None:
    """The permit that a text surely means: its code however spelt, or a word that only this one has."""
    permit = by_code(text)
    if permit is not None:
        return permit
    folded = fold(text)
    found = [each for each in permits() if folded and folded in each.words]
    return found[0] if len(found) == 1 else None


def stay_permits(text: str, limit: int = 5) -> list[Permit]:
    """What a text may mean, the likeliest first; a text that is like none may be a permit's name all the same."""
    return suggest(text, limit)


def _words(of: Purpose) -> tuple[str, ...]:
    return tuple(map(fold, (of.value, PURPOSE_WORDS[of], *_MORE_WORDS[of])))


def _begun(word: str) -> list[Purpose]:
    """Every purpose of which a word begins so, those first of which it is one of the two words that are shown."""
    if not word:
        return []
    begun = [each for each in Purpose if any(one.startswith(word) for one in _words(each))]
    return sorted(begun, key=lambda each: not any(one.startswith(word) for one in _words(each)[:2]))


def _like(word: str) -> list[Purpose]:
    import difflib  # only a mistyped purpose needs it

    likeness = [
        (max(difflib.SequenceMatcher(None, one, word).ratio() for one in _words(each)), each) for each in Purpose
    ]
    near = [pair for pair in likeness if pair[0] >= _LIKE]
    return [each for _ratio, each in sorted(near, key=lambda pair: -pair[0])]
