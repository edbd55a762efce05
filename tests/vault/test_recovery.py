"""Recovery codes and exported private keys: a wrong code, passphrase or file is refused and never shown."""

import base64
import json
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from basics import raises_error, search
from hypothesis import assume, given
from hypothesis import strategies as st
from key_helpers import new_key_pair
from nacl import bindings, exceptions

from apoa_client.errors import UsageProblem
from apoa_client.vault.errors import SecretUnusable
from apoa_client.vault.recovery import (
    ALPHABET,
    GROUPS,
    ExportedKey,
    RecoveryCodeWrong,
    export_key,
    import_key,
    new_code,
    parse_code,
    seed_from_code,
)
from apoa_client.vault.sealing import MAX_EFFORT, MIN_EFFORT, encode_key, key_pair_from_seed, public_key_of

Json = dict[str, Any]


def with_checks(characters: str) -> str:
    """Return the code with these 28 characters: each check uses the weights 3, 5, 7 and 9 and the group's number."""
    groups = [characters[start : start + 4] for start in range(0, 28, 4)]
    totals = [sum(w * ALPHABET.index(c) for w, c in zip((3, 5, 7, 9), group, strict=True)) for group in groups]
    return "-".join(
        f"{group}{ALPHABET[(total + n) % 32]}" for n, (group, total) in enumerate(zip(groups, totals, strict=True))
    )


CODE = with_checks("K7QM2X9DTB4WZ0RVGH3NYC8EPA5S")  # fixed: parts of it are parametrize ids

codes = st.text(ALPHABET, min_size=28, max_size=28).map(with_checks)


def refused(text: str) -> RecoveryCodeWrong:
    """Return the error for an invalid code, which must not repeat a part of it."""
    with pytest.raises(RecoveryCodeWrong) as caught:
        parse_code(text)
    error = caught.value
    shown = f"{error!r} {error} {error.message!r} {error.message.render()} " + "".join(
        traceback.format_exception(error)
    )
    assert not any(group in shown for group in text.upper().replace(" ", "-").split("-") if len(group) > 2)
    return error


def test_form() -> None:
    """Seven groups of five, without look-alike characters; every code is different."""
    groups = CODE.split("-")
    assert [len(group) for group in groups] == [5] * GROUPS
    assert set("".join(groups)) <= set(ALPHABET)
    assert not set("ILOU") & set(ALPHABET)
    assert len({new_code() for _code in range(50)}) == 50


@given(codes, st.integers(0, GROUPS * 5 - 1), st.sampled_from(ALPHABET))
@search(200)
def test_any_single_wrong_character_is_detected(code: str, place: int, character: str) -> None:
    """The error names its group."""
    at = place + place // 5
    assume(code[at] != character)
    error = refused(code[:at] + character + code[at + 1 :])
    assert error.message.render() == f"Group {place // 5 + 1} of the recovery code is not right."


@given(codes, st.integers(0, GROUPS - 1), st.integers(0, GROUPS - 1))
@search(100)
def test_exchanged_groups_are_detected(code: str, one: int, other: int) -> None:
    """The error names the first of the two."""
    groups = code.split("-")
    assume(one != other)
    groups[one], groups[other] = groups[other], groups[one]
    assert refused("-".join(groups)).message.render().startswith(f"Group {min(one, other) + 1} of ")


@given(codes, st.integers(0, GROUPS - 1), st.integers(0, 2))
@search(100)
def test_exchanged_neighbours_are_detected(code: str, group: int, place: int) -> None:
    """Two characters among a group's first four."""
    at = group * 6 + place
    assume(code[at] != code[at + 1])
    assume((ALPHABET.index(code[at]) - ALPHABET.index(code[at + 1])) % 16)  # these alone it cannot tell apart
    assert f"Group {group + 1} of " in refused(code[:at] + code[at + 1] + code[at] + code[at + 2 :]).message.render()


@given(codes, st.sampled_from(["", " ", "-", " - ", ".", "\t"]), st.booleans(), st.data())
@search(100)
def test_case_and_separators_do_not_matter(code: str, between: str, small: bool, data: st.DataObject) -> None:  # noqa: FBT001  a drawn value
    """Lower case, spaces or no hyphens, O for 0, and I or L for 1."""
    looks = {"0": "0Oo", "1": "1IiLl"}
    typed = "".join(data.draw(st.sampled_from(looks[c])) if c in looks else c for c in code)
    typed = (typed.lower() if small else typed).replace("-", between)
    assert parse_code(f"  {typed} \n") == code


@pytest.mark.parametrize(
    "text",
    [
        *("", "   ", CODE[:-1], CODE + "0", CODE[:17], "é" * 35, "\x00", "९" * 34),
        *(f"{character}{CODE[1:]}" for character in "UuÉ٣ß"),
    ],
)
@given(any_text=st.text(max_size=80))
@search(20)
def test_invalid_codes(text: str, any_text: str) -> None:
    """Too short, too long, an omitted letter, or characters of other scripts: the error does not repeat it.

    Whatever the text is, no foreign exception is raised.
    """
    with pytest.raises(RecoveryCodeWrong):
        parse_code(any_text)
    error = refused(text)
    assert error.advice is not None


def test_the_derivation_never_changes() -> None:
    """A code on a printed sheet must always have the same key."""
    code = "00000-1111S-2222J-3333B-44444-5555X-6666P"
    assert with_checks("0" * 4 + "1" * 4 + "2" * 4 + "3" * 4 + "4" * 4 + "5" * 4 + "6" * 4) == code == parse_code(code)
    private, public = key_pair_from_seed(seed_from_code(code))
    assert seed_from_code(code).hex() == "e2881138e0307a2b1fc3e80c81827e8fbe7e7b89408452d747a627124741719a"
    assert public.hex() == "74812e684a350446dbe84c48cbbb6964fb12fcf9a44d64530235cee67dff9613"
    assert public_key_of(private) == public


PASSPHRASE = "kuda betul baterai"
KEY = ExportedKey("melati", new_key_pair()[0], "5f0c1d9e8b7a69584736251403f2e1d0")
derive = bindings.crypto_pwhash_alg


@pytest.fixture(scope="module", autouse=True)
def efforts() -> Iterator[list[tuple[int, int]]]:
    """Derives keys from passphrases with the least effort of all, and keeps the efforts that were asked for."""
    asked: list[tuple[int, int]] = []

    def fast(length: int, passphrase: bytes, salt: bytes, operations: int, memory: int, method: int) -> bytes:
        asked.append((operations, memory))
        return derive(length, passphrase, salt, 1, 8192, method)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bindings, "crypto_pwhash_alg", fast)
        yield asked


@pytest.fixture(scope="module")
def file() -> str:
    """The exported key, as it is in the file."""
    return export_key(KEY, PASSPHRASE)


def test_the_default_effort(file: str, efforts: list[tuple[int, int]]) -> None:
    """The most of NaCl's efforts that are allowed; neither the key nor the property's name is readable in the file."""
    for effort, name in ((MIN_EFFORT, "INTERACTIVE"), (MAX_EFFORT, "MODERATE")):
        limits = (f"crypto_pwhash_argon2id_{limit}_{name}" for limit in ("OPSLIMIT", "MEMLIMIT"))
        assert tuple(getattr(bindings, limit) for limit in limits) == effort
    assert json.loads(file)["memory"] == 256 << 20
    assert import_key(file, PASSPHRASE) == KEY
    assert set(efforts) == {MAX_EFFORT}
    assert repr(KEY) == "ExportedKey('melati', …)"
    assert not any(each in file for each in (encode_key(KEY.private_key), KEY.property_name, KEY.index_key))
    assert export_key(KEY, PASSPHRASE) != file


def test_accents_are_normalized(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the keyboard's system composes them. This round trip has a real effort, the least one."""
    monkeypatch.setattr(bindings, "crypto_pwhash_alg", derive)
    assert import_key(export_key(KEY, "kafe\u0301 kafe\u0301", MIN_EFFORT), "kaf\u00e9 kaf\u00e9") == KEY


@pytest.mark.parametrize("passphrase", ["", "kuda betul bateraI", PASSPHRASE + " ", PASSPHRASE[:-1]])
def test_another_passphrase(file: str, passphrase: str) -> None:
    """It is refused, and neither it nor the key is in the error; a short one is refused at the export."""
    with pytest.raises(UsageProblem):
        export_key(KEY, "123456789")
    with raises_error("passphrase_wrong") as caught:
        import_key(file, passphrase)
    shown = "".join(traceback.format_exception(caught.value))
    assert encode_key(KEY.private_key) not in shown
    assert not passphrase or passphrase not in shown


@given(st.integers(0, 10**6), st.integers(1, 255))
@search(20)
def test_a_changed_byte(file: str, position: int, change: int) -> None:
    """A change anywhere in the encrypted part is detected, and half a file does not open."""
    values = json.loads(file)
    locked = bytearray(base64.b64decode(values["locked"]))
    locked[position % len(locked)] ^= change
    for text in (base64.b64encode(locked).decode(), "", "A" * 32):
        with raises_error("passphrase_wrong"):
            import_key(json.dumps({**values, "locked": text}), PASSPHRASE)


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "null", "{}", "[" * 100_000),
        *(
            {name: value}
            for name, value in (("what", "something else"), ("salt", "AAAA"), ("salt", "!"), ("locked", 7))
        ),
        *({"operations": value} for value in (1, "3")),
        *({"memory": value} for value in (1 << 40, 1024, None)),
    ],
)
def test_a_file_that_is_no_exported_key(file: str, efforts: list[tuple[int, int]], content: str | Json) -> None:
    """Another file, half a file, or one that demands too much memory is refused before the key derivation."""
    before = len(efforts)
    with raises_error("key_file_unknown") as caught:
        import_key(content if isinstance(content, str) else json.dumps({**json.loads(file), **content}), PASSPHRASE)
    assert caught.value.advice is not None
    assert len(efforts) == before


@pytest.mark.parametrize("error", [exceptions.RuntimeError, MemoryError])
def test_too_little_memory(file: str, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """Argon2 does not get its memory: the error is one of this program."""

    def refused(*_args: object) -> bytes:
        raise error

    monkeypatch.setattr(bindings, "crypto_pwhash_alg", refused)
    with pytest.raises(SecretUnusable):
        import_key(file, PASSPHRASE)
