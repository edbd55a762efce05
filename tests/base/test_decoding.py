"""The encodings in which editors and shells write text."""

import codecs

import pytest

from apoa_client.decoding import decode_text, find_encoding

TEXT = "kata sandi: rahasia ß\nMUÑOZ 李\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r\n").encode("utf-16"),
    ],
    ids=["UTF-8", "with a mark", "UTF-16", "big-endian", "Windows' lines", "PowerShell 5"],
)
def test_text_is_the_same_in_every_encoding(content: bytes) -> None:
    """The byte order mark is not part of the text, and line ends are the same."""
    assert decode_text(content) == TEXT


def test_no_encoding_is_guessed() -> None:
    """Other bytes are an error, or in the encoding that the caller expects."""
    content = "ß".encode("cp1252")
    assert find_encoding(content) is None
    with pytest.raises(UnicodeDecodeError):
        decode_text(content)
    assert decode_text(content, "cp1252") == "ß"


@pytest.mark.parametrize("content", [codecs.BOM_UTF16_LE + b"a", codecs.BOM_UTF8 + b"\xff"])
def test_a_wrong_mark_is_an_error(content: bytes) -> None:
    """A text that is not in the encoding of its mark is not read in another one."""
    with pytest.raises(UnicodeDecodeError):
        decode_text(content, "cp1252")
