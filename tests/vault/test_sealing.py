"""Anyone can seal a record, only the private key opens it; during a key rotation both key pairs do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from basics import raises_error, search
from hypothesis import given
from hypothesis import strategies as st
from key_helpers import MemoryStore, new_key_pair
from nacl import bindings

from apoa_client.errors import CredentialsProblem, SealBroken, SecretMissing, SettingsProblem
from apoa_client.messages import msg
from apoa_client.vault.errors import SecretUnusable
from apoa_client.vault.sealing import (
    MAC_BYTES,
    PropertySealer,
    Purpose,
    decode_private_key,
    decode_public_key,
    encode_key,
    fingerprint,
    key_pair_from_seed,
    mac,
    mac_key,
    public_key_of,
)
from apoa_client.vault.sources import PropertySecrets
from apoa_client.vault.store import PRIVATE_KEY as CURRENT
from apoa_client.vault.store import PRIVATE_KEY_NEXT, PRIVATE_KEY_OLD, KeyFileStore, Keys

PRIVATE_KEY, PUBLIC_KEY = key_pair_from_seed(b"\x07" * 32)  # fixed: it appears in parametrize ids
SEALER = PropertySealer(PUBLIC_KEY, lambda: PRIVATE_KEY)


@given(st.text(max_size=60).filter(lambda text: text.isprintable()), st.binary(max_size=3000))
@search(60)
def test_a_sealed_record_opens_under_its_id(record_id: str, content: bytes) -> None:
    """Any content and any id; sealing twice gives different bytes."""
    sealed = SEALER.seal(record_id, content)
    assert SEALER.open(record_id, sealed) == content
    assert sealed != SEALER.seal(record_id, content)


@given(st.integers(0, 10**6), st.integers(1, 255))
@search(60)
def test_a_record_with_a_changed_byte_does_not_open(position: int, change: int) -> None:
    """The error shows only the record's id."""
    sealed = bytearray(SEALER.seal("report-1", b"SMITH"))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(SealBroken) as caught:
        SEALER.open("report-1", bytes(sealed))
    assert caught.value.message.render() == "The sealed record report-1 cannot be opened."


@pytest.mark.parametrize(
    ("opened_as", "length"),
    [
        *(("report-1", length) for length in (0, 1, 2, 47, 48, 49, 60)),
        *((other, None) for other in ("report-2", "report-", "report-11", "", "report-1S")),
    ],
)
def test_a_whole_record_opens_under_its_own_id_only(opened_as: str, length: int | None) -> None:
    """One that was cut off is broken, and so is one of another row, also if one id begins like the other."""
    with pytest.raises(SealBroken):
        SEALER.open(opened_as, SEALER.seal("report-1", b"SMITH")[:length])


def as_sealed_before(record_id: str, content: bytes) -> bytes:
    """A record as version 1 of the seal made it."""
    name = record_id.encode()
    plain = len(name).to_bytes(2, "big") + name + content
    return b"\x01" + bindings.crypto_box_seal(plain, PUBLIC_KEY)


@given(st.binary(max_size=300))
@search(40)
def test_the_length_says_little(content: bytes) -> None:
    """The sealed bytes are a multiple of 64, besides version and box: a name of a few more letters looks alike."""
    sealed = SEALER.seal("report-1", content)
    assert (len(sealed) - 1 - bindings.crypto_box_SEALBYTES) % 64 == 0
    assert len({len(SEALER.seal("report-1", b"x" * 20 + b"A" * count)) for count in range(8)}) == 1


@given(st.binary(max_size=300))
@search(40)
def test_a_record_of_an_earlier_program_opens(content: bytes) -> None:
    """Without padding. No version opens as another one, whatever its content ends with: a row of padding neither."""
    earlier, now = as_sealed_before("report-1", content), SEALER.seal("report-1", content)
    assert SEALER.open("report-1", earlier) == content
    padded = as_sealed_before("report-1", b"x" * 53 + b"\x80")
    for version, sealed in ((b"\x02", earlier), (b"\x01", now), (b"\x03", now), (b"\x02", padded)):
        with pytest.raises(SealBroken):
            SEALER.open("report-1", version + sealed[1:])


def no_key() -> bytes:
    raise SecretMissing(msg("no key"))


def test_sealing_needs_no_private_key() -> None:
    """A locked keyring does not prevent saving a report; opening raises the key's error, as does a key that is wrong.

    The version decides before the key is fetched: no user is asked for a key that would not open the record.
    """
    sealer = PropertySealer(PUBLIC_KEY, no_key)
    sealed = sealer.seal("report-1", b"x")
    with pytest.raises(SecretMissing):
        sealer.open("report-1", sealed)
    with pytest.raises(SealBroken):
        sealer.open("report-1", b"\x03" + sealed[1:])
    with raises_error("key_mismatch"):  # which is no damage
        PropertySealer(PUBLIC_KEY, lambda: new_key_pair()[0]).open("report-1", sealed)


def test_the_private_key_is_fetched_once_at_the_first_opening() -> None:
    """Neither creating a sealer nor sealing fetches it."""
    fetched: list[bytes] = []

    def fetch() -> bytes:
        fetched.append(PRIVATE_KEY)
        return PRIVATE_KEY

    sealer = PropertySealer(PUBLIC_KEY, fetch)
    sealed = sealer.seal("report-1", b"x")
    assert fetched == []
    assert sealer.open("report-1", sealed) == sealer.open("report-1", sealed)
    assert len(fetched) == 1
    assert not any(repr(key) in repr(sealer) for key in (PRIVATE_KEY, PUBLIC_KEY))


@pytest.mark.parametrize("text", ["", "x", "é", encode_key(PUBLIC_KEY)[:-4], encode_key(bytes(33)), "!" * 44, "A" * 43])
def test_invalid_keys_are_refused(text: str) -> None:
    """An invalid public key is a settings problem, an invalid private key a credentials problem; neither is shown.

    Spaces around a key do not matter.
    """
    assert decode_public_key(f" {encode_key(PUBLIC_KEY)}\n") == PUBLIC_KEY
    with raises_error("public_key_unusable") as public:
        decode_public_key(text)
    with pytest.raises(SecretUnusable) as private:
        decode_private_key(text)
    assert isinstance(public.value, SettingsProblem)
    assert isinstance(private.value, CredentialsProblem)
    assert public.value.message.values == private.value.message.values == {}


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_key_of_the_wrong_size_is_refused(key: bytes) -> None:
    """Before anything is sealed to it; a point of low order when something is."""
    with raises_error("public_key_unusable"):
        PropertySealer(bytes(32), no_key).seal("report-1", b"x")
    with raises_error("public_key_unusable"):
        PropertySealer(key, no_key)
    with pytest.raises(SecretUnusable):
        public_key_of(key)


_PARTS = st.lists(st.binary(max_size=8), max_size=4)


def test_each_purpose_has_its_own_key() -> None:
    """A code made for one purpose proves nothing for another, and another private key gives other keys."""
    keys = {mac_key(private_key, purpose) for private_key in (b"a" * 32, b"b" * 32) for purpose in Purpose}
    assert len(keys) == 2 * len(Purpose)
    assert {len(key) for key in keys} == {MAC_BYTES}


@given(_PARTS, _PARTS)
def test_codes_differ_where_parts_differ(one: list[bytes], other: list[bytes]) -> None:
    """Two lists of parts have one code only if they are equal: bytes cannot move from one part to the next."""
    key = mac_key(b"a" * 32, Purpose.OUTBOX)
    assert (mac(key, *one) == mac(key, *other)) == (one == other)


PAIRS = [new_key_pair() for _pair in range(3)]
(OLD, OLD_PUBLIC), (NEW, NEW_PUBLIC), (OTHER, OTHER_PUBLIC) = PAIRS


def store_of(**keys: bytes) -> MemoryStore:
    """Return a store with these private keys."""
    return MemoryStore({name.replace("_", "-"): encode_key(key) for name, key in keys.items()})


class TestSealer:
    """A sealer with spare keys."""

    def test_records_of_another_key_pair_open(self) -> None:
        """The own key is tried first; the spare keys are fetched once, for a record that it does not open."""
        fetched = []

        def spares() -> Iterator[bytes]:
            fetched.append(1)
            yield from (OLD, NEW, OTHER)

        sealer = PropertySealer(NEW_PUBLIC, lambda: NEW, spares)
        sealed = [PropertySealer(public, no_key).seal("a", b"x") for public in (NEW_PUBLIC, OLD_PUBLIC, OTHER_PUBLIC)]
        assert sealer.open("a", sealed[0]) == b"x"
        assert fetched == []
        assert [sealer.open("a", each) for each in sealed] == [b"x"] * 3
        assert fetched == [1]

    def test_the_fitting_key_may_be_a_spare_one(self) -> None:
        """The settings have the new public key, and the vault's current key is still the previous one."""
        sealer = PropertySealer(NEW_PUBLIC, lambda: OLD, lambda: [OLD, NEW])
        assert sealer.private_key() == NEW
        assert sealer.open("a", sealer.seal("a", b"x")) == b"x"
        with raises_error("key_mismatch"):  # not the error of a broken record
            PropertySealer(NEW_PUBLIC, lambda: OLD, lambda: [OTHER]).private_key()

    def test_renew(self) -> None:
        """A record sealed to the own key stays unchanged; another one is resealed."""
        sealer = PropertySealer(NEW_PUBLIC, lambda: NEW, lambda: [OLD])
        own = sealer.seal("a", b"x")
        assert sealer.renew("a", own) is own
        renewed = sealer.renew("a", PropertySealer(OLD_PUBLIC, no_key).seal("a", b"x"))
        assert PropertySealer(NEW_PUBLIC, lambda: NEW).open("a", renewed) == b"x"

    def test_a_fingerprint(self) -> None:
        """Sixteen digits in groups, different for each key."""
        assert fingerprint(bytes(32)) == fingerprint(bytes(32))
        shown = {fingerprint(public) for _private, public in PAIRS}
        assert len(shown) == 3
        assert {len(each) for each in shown} == {19}


class TestKeys:
    """The names of the private keys in a vault."""

    def test_a_rotation(self) -> None:
        """The new key is beside the current one, then replaces it; the old one is kept until the next rotation."""
        store = store_of(private_key=OLD, private_key_old=OTHER)
        keys = Keys(lambda: store)
        assert (keys.next(), keys.old()) == (None, OTHER)
        keys.begin_rotation(NEW)
        assert (keys.next(), keys.all()) == (NEW, [NEW, OLD, OTHER])
        keys.finish_rotation()
        assert store.kept == {CURRENT: encode_key(NEW), PRIVATE_KEY_OLD: encode_key(OLD)}
        keys.finish_rotation()
        assert (keys.next(), keys.old(), keys.all()) == (None, OLD, [NEW, OLD])
        first = MemoryStore()  # of a property whose key is lost and that has no reports
        Keys(lambda: first).begin_rotation(NEW)
        Keys(lambda: first).finish_rotation()
        assert first.kept == {CURRENT: encode_key(NEW)}

    @pytest.mark.parametrize("after", range(3))
    def test_a_reader_always_finds_the_new_key(self, after: int) -> None:
        """Also if the names change while it reads one after the other."""
        store = store_of(private_key=OLD)
        Keys(lambda: store).begin_rotation(NEW)

        class Watched(MemoryStore):
            reads = 0

            def get(self, name: str) -> str | None:
                self.reads += 1
                if self.reads == after + 1:
                    Keys(lambda: store).finish_rotation()
                return store.get(name)

        assert NEW in Keys(Watched).all() or after == 0
        watched = Watched()
        assert NEW in Keys(lambda: watched).all()

    def test_a_restored_key(self) -> None:
        """The key in its place is kept as the old one, also if it is restored again."""
        store = store_of(private_key=OTHER)
        for _time in range(2):
            Keys(lambda: store).restore_current(NEW)
            assert Keys(lambda: store).all() == [NEW, OTHER]

    def test_copying_to_another_store(self) -> None:
        """Each key keeps its name; an unfinished rotation that was finished elsewhere is dropped."""
        here, there = (
            store_of(private_key=OLD, private_key_next=NEW),
            store_of(private_key=NEW, private_key_old=OLD),
        )
        Keys(lambda: here).copy_from(Keys(lambda: there))
        assert here.kept == there.kept
        there.kept[PRIVATE_KEY_NEXT] = encode_key(OTHER)
        Keys(lambda: here).copy_from(Keys(lambda: there))
        assert here.kept == there.kept

    def test_a_damaged_key_does_not_hide_the_others(self) -> None:
        """It is left out of the list; if it is needed itself, the error does not show it."""
        store = store_of(private_key=OLD, private_key_next=NEW)
        store.kept[PRIVATE_KEY_NEXT] = "rahasia"
        assert Keys(lambda: store).all() == [OLD]
        with pytest.raises(SecretUnusable) as caught:
            Keys(lambda: store).next()
        assert "rahasia" not in f"{caught.value!r} {caught.value.message.render()}"
        assert "rahasia" not in repr(Keys(lambda: store))


def test_spare_keys(tmp_path: Path) -> None:
    """All keys in the store; none if the store cannot be read, which may then have any key."""
    store = KeyFileStore(tmp_path / "keys.json")
    secrets = PropertySecrets({}, lambda: store, container_secrets=tmp_path)
    assert secrets.spare_keys() == []
    secrets.store_private_key(OLD)
    secrets.keys.begin_rotation(NEW)
    assert secrets.spare_keys() == [NEW, OLD]
    assert (secrets.stores_key(NEW), secrets.stores_key(OTHER)) == (True, False)
    assert secrets.place == str(tmp_path / "keys.json")
    (tmp_path / "keys.json").write_text("{")
    assert secrets.spare_keys() == []
    assert secrets.stores_key(OTHER)
