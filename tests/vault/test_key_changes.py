"""During a key rotation the records of both key pairs open, and no private key leaves the vault."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from basics import raises_error
from key_helpers import new_key_pair

from apoa_client.errors import SealBroken, SecretMissing
from apoa_client.messages import msg
from apoa_client.vault.errors import SecretUnusable
from apoa_client.vault.sealing import PropertySealer, encode_key, fingerprint
from apoa_client.vault.secret_files import KeyFileStore
from apoa_client.vault.sources import PropertySecrets
from apoa_client.vault.store import PRIVATE_KEY, PRIVATE_KEY_NEXT, PRIVATE_KEY_OLD, Keys, SecretStore

PAIRS = [new_key_pair() for _pair in range(3)]
(OLD, OLD_PUBLIC), (NEW, NEW_PUBLIC), (OTHER, OTHER_PUBLIC) = PAIRS


class Dying(Exception):
    """The process was killed."""


class MemoryStore(SecretStore):
    """A store in memory. Its process is killed at the change with the number `death`."""

    place = "memory"

    def __init__(self, **kept: bytes) -> None:
        self.kept = {name.replace("_", "-"): encode_key(key) for name, key in kept.items()}
        self.death = -1
        self.changes = 0

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def set(self, name: str, value: str) -> None:
        self._step()
        self.kept[name] = value

    def delete(self, name: str) -> None:
        self._step()
        self.kept.pop(name, None)

    def _step(self) -> None:
        self.changes += 1
        if self.changes == self.death:
            raise Dying


def no_key() -> bytes:
    raise SecretMissing(msg("none"))


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

    def test_no_key_fits(self) -> None:
        """The error differs from that of a broken record."""
        with raises_error("key_mismatch"):
            PropertySealer(NEW_PUBLIC, lambda: OLD, lambda: [OTHER]).private_key()

    def test_no_key_opens_the_record(self) -> None:
        """With any number of keys it is broken, also under another id."""
        sealer = PropertySealer(NEW_PUBLIC, lambda: NEW, lambda: [OLD])
        for record_id, public in (("a", OTHER_PUBLIC), ("b", OLD_PUBLIC)):
            with pytest.raises(SealBroken):
                sealer.open(record_id, PropertySealer(public, no_key).seal("a", b"x"))

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
        store = MemoryStore(private_key=OLD, private_key_old=OTHER)
        keys = Keys(lambda: store)
        assert (keys.next(), keys.old()) == (None, OTHER)
        keys.begin_rotation(NEW)
        assert (keys.next(), keys.all()) == (NEW, [NEW, OLD, OTHER])
        keys.finish_rotation()
        assert store.kept == {PRIVATE_KEY: encode_key(NEW), PRIVATE_KEY_OLD: encode_key(OLD)}
        keys.finish_rotation()
        assert (keys.next(), keys.old(), keys.all()) == (None, OLD, [NEW, OLD])

    def test_a_first_key(self) -> None:
        """For a property whose key is lost and that has no reports."""
        store = MemoryStore()
        keys = Keys(lambda: store)
        keys.begin_rotation(NEW)
        keys.finish_rotation()
        assert store.kept == {PRIVATE_KEY: encode_key(NEW)}

    @pytest.mark.parametrize("death", range(1, 5))
    def test_a_kill_at_each_step(self, death: int) -> None:
        """Both keys exist before and after each step, and a repetition has the same result."""
        store = MemoryStore(private_key=OLD)
        keys = Keys(lambda: store)
        store.death = death

        def change() -> None:
            keys.begin_rotation(NEW)
            keys.finish_rotation()

        with pytest.raises(Dying):
            change()
        assert OLD in keys.all()
        assert death == 1 or NEW in keys.all()
        keys.begin_rotation(NEW) if death == 1 else keys.finish_rotation()
        keys.finish_rotation()
        assert store.kept == {PRIVATE_KEY: encode_key(NEW), PRIVATE_KEY_OLD: encode_key(OLD)}

    @pytest.mark.parametrize("after", range(3))
    def test_a_reader_always_finds_the_new_key(self, after: int) -> None:
        """Also if the names change while it reads one after the other."""
        store = MemoryStore(private_key=OLD)
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
        """The key in its place is kept as the old one."""
        store = MemoryStore(private_key=OTHER)
        Keys(lambda: store).restore_current(NEW)
        assert Keys(lambda: store).all() == [NEW, OTHER]
        Keys(lambda: store).restore_current(NEW)
        assert Keys(lambda: store).old() == OTHER

    def test_copying_to_another_store(self) -> None:
        """Each key keeps its name; an unfinished rotation that was finished elsewhere is dropped."""
        here, there = (
            MemoryStore(private_key=OLD, private_key_next=NEW),
            MemoryStore(private_key=NEW, private_key_old=OLD),
        )
        Keys(lambda: here).copy_from(Keys(lambda: there))
        assert here.kept == there.kept
        there.kept[PRIVATE_KEY_NEXT] = encode_key(OTHER)
        Keys(lambda: here).copy_from(Keys(lambda: there))
        assert here.kept == there.kept

    def test_a_damaged_key_does_not_hide_the_others(self) -> None:
        """It is left out of the list; if it is needed itself, the error does not show it."""
        store = MemoryStore(private_key=OLD, private_key_next=NEW)
        store.kept[PRIVATE_KEY_NEXT] = "rahasia"
        assert Keys(lambda: store).all() == [OLD]
        with pytest.raises(SecretUnusable) as caught:
            Keys(lambda: store).next()
        assert "rahasia" not in f"{caught.value!r} {caught.value.message.render()}"
        assert "rahasia" not in repr(Keys(lambda: store))


class TestSecrets:
    """Spare keys in `PropertySecrets`."""

    @staticmethod
    def secrets(folder: Path, store: Any, **environ: str) -> PropertySecrets:
        return PropertySecrets(environ, store, container_secrets=folder)

    def test_spare_keys(self, tmp_path: Path) -> None:
        """All keys in the store; none if the store cannot be read, which may then have any key."""
        store = KeyFileStore(tmp_path / "keys.json")
        secrets = self.secrets(tmp_path, lambda: store)
        assert secrets.spare_keys() == []
        secrets.store_private_key(OLD)
        secrets.keys.begin_rotation(NEW)
        assert secrets.spare_keys() == [NEW, OLD]
        assert (secrets.stores_key(NEW), secrets.stores_key(OTHER)) == (True, False)
        assert secrets.place == str(tmp_path / "keys.json")
        (tmp_path / "keys.json").write_text("{")
        assert secrets.spare_keys() == []
        assert secrets.stores_key(OTHER)

    def test_a_key_from_the_environment(self, tmp_path: Path) -> None:
        """Its place is returned."""
        store = MemoryStore()
        assert self.secrets(tmp_path, lambda: store).private_key_from_environment() is None
        named = self.secrets(tmp_path, lambda: store, APOA_PRIVATE_KEY=encode_key(OLD))
        assert named.private_key_from_environment() == "APOA_PRIVATE_KEY"
