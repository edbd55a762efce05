"""While one key pair takes another's place: records of both open, and no private key is ever out of the vault."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import raises_error

from apoa_client.errors import SealBroken, SecretMissing
from apoa_client.messages import msg
from apoa_client.vault.errors import SecretUnusable
from apoa_client.vault.key_file import KeyFileStore
from apoa_client.vault.keys import Keys
from apoa_client.vault.sealing import PropertySealer, encode_key, fingerprint, new_key_pair
from apoa_client.vault.sources import PropertySecrets
from apoa_client.vault.store import PRIVATE_KEY, PRIVATE_KEY_NEXT, PRIVATE_KEY_OLD, SecretStore

PAIRS = [new_key_pair() for _pair in range(3)]
(OLD, OLD_PUBLIC), (NEW, NEW_PUBLIC), (OTHER, OTHER_PUBLIC) = PAIRS


class Dying(Exception):
    """The process is gone."""


class Shelf(SecretStore):
    """A store in memory; its process dies at the change with the number `death`."""

    place = "shelf"

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
    """A sealer with further keys."""

    def test_records_of_another_pair_open(self) -> None:
        """Its own key first; the others are fetched once, and only when that one does not open a record."""
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

    def test_the_fitting_key_may_be_among_the_others(self) -> None:
        """The settings name a key pair already, and the vault still has the one before in front."""
        sealer = PropertySealer(NEW_PUBLIC, lambda: OLD, lambda: [OLD, NEW])
        assert sealer.private_key() == NEW
        assert sealer.open("a", sealer.seal("a", b"x")) == b"x"

    def test_none_fits(self) -> None:
        """Which is told from a broken record."""
        with raises_error("key_mismatch"):
            PropertySealer(NEW_PUBLIC, lambda: OLD, lambda: [OTHER]).private_key()

    def test_no_key_opens_it(self) -> None:
        """With however many keys: broken, and under another id, too."""
        sealer = PropertySealer(NEW_PUBLIC, lambda: NEW, lambda: [OLD])
        for record_id, public in (("a", OTHER_PUBLIC), ("b", OLD_PUBLIC)):
            with pytest.raises(SealBroken):
                sealer.open(record_id, PropertySealer(public, no_key).seal("a", b"x"))

    def test_renewing(self) -> None:
        """What is sealed to its own key stays byte for byte; what is sealed to another is sealed to it."""
        sealer = PropertySealer(NEW_PUBLIC, lambda: NEW, lambda: [OLD])
        own = sealer.seal("a", b"x")
        assert sealer.renew("a", own) is own
        renewed = sealer.renew("a", PropertySealer(OLD_PUBLIC, no_key).seal("a", b"x"))
        assert PropertySealer(NEW_PUBLIC, lambda: NEW).open("a", renewed) == b"x"

    def test_a_fingerprint(self) -> None:
        """Sixteen digits in groups, another for each key."""
        assert fingerprint(bytes(32)) == fingerprint(bytes(32))
        shown = {fingerprint(public) for _private, public in PAIRS}
        assert len(shown) == 3
        assert {len(each) for each in shown} == {19}


class TestKeys:
    """The names under which a vault has them."""

    def test_a_change(self) -> None:
        """New beside old, then in its place; the old one is kept until the next change."""
        shelf = Shelf(private_key=OLD, private_key_old=OTHER)
        keys = Keys(lambda: shelf)
        assert (keys.next(), keys.old()) == (None, OTHER)
        keys.begin_rotation(NEW)
        assert (keys.next(), keys.all()) == (NEW, [NEW, OLD, OTHER])
        keys.finish_rotation()
        assert shelf.kept == {PRIVATE_KEY: encode_key(NEW), PRIVATE_KEY_OLD: encode_key(OLD)}
        keys.finish_rotation()
        assert (keys.next(), keys.old(), keys.all()) == (None, OLD, [NEW, OLD])

    def test_a_first_key(self) -> None:
        """A property whose key is lost, and that has saved nothing yet."""
        shelf = Shelf()
        keys = Keys(lambda: shelf)
        keys.begin_rotation(NEW)
        keys.finish_rotation()
        assert shelf.kept == {PRIVATE_KEY: encode_key(NEW)}

    @pytest.mark.parametrize("death", range(1, 5))
    def test_a_death_at_each_step(self, death: int) -> None:
        """Both keys are there before and after each, and going on comes to the same end."""
        shelf = Shelf(private_key=OLD)
        keys = Keys(lambda: shelf)
        shelf.death = death

        def change() -> None:
            keys.begin_rotation(NEW)
            keys.finish_rotation()

        with pytest.raises(Dying):
            change()
        assert OLD in keys.all()
        assert death == 1 or NEW in keys.all()
        keys.begin_rotation(NEW) if death == 1 else keys.finish_rotation()
        keys.finish_rotation()
        assert shelf.kept == {PRIVATE_KEY: encode_key(NEW), PRIVATE_KEY_OLD: encode_key(OLD)}

    @pytest.mark.parametrize("after", range(3))
    def test_a_reader_meets_the_new_key_at_any_time(self, after: int) -> None:
        """Reading name after name while the names change: the new key is among what was read."""
        shelf = Shelf(private_key=OLD)
        Keys(lambda: shelf).begin_rotation(NEW)

        class Watched(Shelf):
            reads = 0

            def get(self, name: str) -> str | None:
                self.reads += 1
                if self.reads == after + 1:
                    Keys(lambda: shelf).finish_rotation()
                return shelf.get(name)

        assert NEW in Keys(Watched).all() or after == 0
        watched = Watched()
        assert NEW in Keys(lambda: watched).all()

    def test_a_key_that_comes_back(self) -> None:
        """What stood in its place is kept."""
        shelf = Shelf(private_key=OTHER)
        Keys(lambda: shelf).restore_current(NEW)
        assert Keys(lambda: shelf).all() == [NEW, OTHER]
        Keys(lambda: shelf).restore_current(NEW)
        assert Keys(lambda: shelf).old() == OTHER

    def test_moving_to_another_place(self) -> None:
        """Each under its name; a change that was once begun there, and finished elsewhere, is over."""
        here, there = Shelf(private_key=OLD, private_key_next=NEW), Shelf(private_key=NEW, private_key_old=OLD)
        Keys(lambda: here).copy_from(Keys(lambda: there))
        assert here.kept == there.kept
        there.kept[PRIVATE_KEY_NEXT] = encode_key(OTHER)
        Keys(lambda: here).copy_from(Keys(lambda: there))
        assert here.kept == there.kept

    def test_a_damaged_key_hides_no_other(self) -> None:
        """Left out of what is read; asked for by name, it is refused and not shown."""
        shelf = Shelf(private_key=OLD, private_key_next=NEW)
        shelf.kept[PRIVATE_KEY_NEXT] = "rahasia"
        assert Keys(lambda: shelf).all() == [OLD]
        with pytest.raises(SecretUnusable) as caught:
            Keys(lambda: shelf).next()
        assert "rahasia" not in f"{caught.value!r} {caught.value.message.render()}"
        assert repr(Keys(lambda: shelf)) == "Keys(…)"


class TestSecrets:
    """What the resolver of secrets knows of further keys."""

    @staticmethod
    def secrets(folder: Path, store: Any, **environ: str) -> PropertySecrets:
        return PropertySecrets(environ, store, container_secrets=folder)

    def test_spare_keys(self, tmp_path: Path) -> None:
        """All that are kept; none where the store cannot be opened, which then may have any key."""
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

    def test_a_key_from_outside(self, tmp_path: Path) -> None:
        """Is named by its place."""
        shelf = Shelf()
        assert self.secrets(tmp_path, lambda: shelf).private_key_from_environment() is None
        named = self.secrets(tmp_path, lambda: shelf, APOA_PRIVATE_KEY=encode_key(OLD))
        assert named.private_key_from_environment() == "APOA_PRIVATE_KEY"
