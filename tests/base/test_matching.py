"""Comparing texts as people type them, and finding mistyped words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.matching import close_matches, fold, similarity, without_accents


@pytest.mark.parametrize(
    ("text", "other"),
    [("Müller", "MULLER"), ("Saint-Denis", "saint denis"), ("E-33 g", "e33g"), ("Straße", "STRASSE"), ("Ł", "ł")],
)
def test_equal_texts_fold_to_the_same(text: str, other: str) -> None:
    """Case, accents, spaces and punctuation do not matter."""
    assert fold(text) == fold(other)


def test_accents_are_removed_and_punctuation_is_kept() -> None:
    """Words can still be separated."""
    assert without_accents("Crème brûlée, Ø") == "creme brulee, ø"


@given(st.text())
def test_folding_is_idempotent(text: str) -> None:
    """A folded text has only letters and digits, and does not change again."""
    folded = fold(text)
    assert fold(folded) == folded
    assert folded == "" or folded.isalnum()


def test_similarity_is_that_of_the_most_similar_word() -> None:
    """From 0 to 1."""
    assert similarity("wisata", ["kerja", "wisata"]) == 1
    assert similarity("xyz", ["kerja", "wisata"]) == 0
    assert 0.6 < similarity("wistaa", ["kerja", "wisata"]) < 1


def test_close_matches_are_sorted_and_limited() -> None:
    """The most similar word first; none below the least similarity."""
    assert close_matches("reprot", ["report", "receipt", "purge"], limit=1) == ["report"]
    assert close_matches("reprot", ["report", "receipt"], least=0.9) == []
