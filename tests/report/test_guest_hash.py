"""The hash of a travel document: equal for one document, and without further information."""

from datetime import date
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.report.guest_hash import guest_hash, same_document
from apoa_client.report.model import Document

KEY = bytes(range(16))
PASSPORT = Document("P", "AB1204976", "GBR", date(2032, 3, 28), ("P<GBRSMITH<<JANE", "AB1204976<8GBR"))

KEYS = st.binary(min_size=1, max_size=64)
NUMBERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=20)
STATES = st.sampled_from(["GBR", "POL", "D", "UNO", "XXA", "RKS", "ESP"])
DOCUMENTS = st.builds(Document, st.just("P"), NUMBERS, STATES, st.just(date(2032, 3, 28)))
SEPARATORS = st.text(" -<\t", max_size=3)


@st.composite
def written(draw: st.DrawFn, number: str) -> str:
    """Return the number in another spelling."""
    gaps = [draw(SEPARATORS) for _character in number]
    spaced = "".join(character + gap for character, gap in zip(number, gaps, strict=True))
    return spaced.lower() if draw(st.booleans()) else spaced


@given(KEYS, DOCUMENTS)
def test_the_hash_is_short(key: bytes, document: Document) -> None:
    """24 bits: sixty of a billion numbers share each hash, so it does not reveal the number even with the key."""
    assert 0 <= guest_hash(key, document) < 1 << 24


@given(KEYS, DOCUMENTS, st.data())
def test_one_document_has_one_hash(key: bytes, document: Document, data: st.DataObject) -> None:
    """In any spelling of its number, read or typed, with any other data."""
    again = document._replace(
        number=data.draw(written(document.number)),
        type=data.draw(st.sampled_from(["P", "PD", "I", "V"])),
        expiry_date=data.draw(st.dates()),
        mrz=data.draw(st.sampled_from([None, ("P<", "X")])),
    )
    assert guest_hash(key, again) == guest_hash(key, document)
    assert same_document(again, document)


@given(KEYS, NUMBERS)
def test_germany_is_one_state(key: bytes, number: str) -> None:
    """ICAO writes D, and some passports DEU."""
    german = PASSPORT._replace(number=number, issuing_state="D")
    assert guest_hash(key, german._replace(issuing_state="DEU")) == guest_hash(key, german)


def hashes(document: Document) -> list[int]:
    """Return the hashes under several keys, which two documents share by chance once in 10 to the 28th times."""
    return [guest_hash(bytes([number]) * 16, document) for number in range(4)]


@given(DOCUMENTS, DOCUMENTS)
def test_two_documents_are_told_apart(one: Document, other: Document) -> None:
    """By number or by state."""
    alike = (one.number, one.issuing_state) == (other.number, other.issuing_state)
    assert (hashes(one) == hashes(other)) is alike
    assert same_document(one, other) is alike


@pytest.mark.parametrize(
    ("number", "state"),
    [("AB1204976", "POL"), ("AB1204977", "GBR"), ("B1204976", "GBRA"), ("RAB1204976", "GB"), ("", "GBRAB1204976")],
)
def test_number_and_state_are_separated(number: str, state: str) -> None:
    """A letter cannot move from one to the other."""
    assert hashes(PASSPORT._replace(number=number, issuing_state=state)) != hashes(PASSPORT)


@given(KEYS, KEYS, st.lists(DOCUMENTS, min_size=4, max_size=4, unique_by=lambda document: document.number))
def test_another_property_has_other_hashes(key: bytes, other: bytes, documents: list[Document]) -> None:
    """Two databases do not show that a guest stayed in both."""
    one, another = ([guest_hash(each, document) for document in documents] for each in (key, other))
    assert (one == another) is (key == other)


def test_the_hash_never_changes() -> None:
    """A newer version must find what an older one stored. BLAKE2b, keyed and personalised (RFC 7693)."""
    assert guest_hash(KEY, PASSPORT) == 13064343
    digest = blake2b(b"GBR\0AB1204976", digest_size=3, key=KEY, person=b"apoa-guest-1").hexdigest()
    assert guest_hash(KEY, PASSPORT) == int(digest, 16)


def test_the_hash_needs_the_key() -> None:
    """A hash of the number alone could be guessed."""
    unkeyed = {blake2b(text, digest_size=3).digest() for text in (b"AB1204976", b"GBR\0AB1204976", b"GBRAB1204976")}
    assert guest_hash(KEY, PASSPORT).to_bytes(3, "big") not in unkeyed
