"""Message authentication codes derived from a property's private key."""

from hypothesis import given
from hypothesis import strategies as st

from apoa_client.vault.mac import MAC_BYTES, Purpose, mac, mac_key

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
