"""A long list of texts that are kept compressed, for the shared strings of a workbook.

A workbook keeps the texts of all its cells in one list, and a sheet refers to them by their numbers. As Python's texts,
those of 100,000 guests take 80 MB.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import overload

_BLOCK = 256
_CACHED_BLOCKS = 64
_END = "\0"
"""XML has no text with it."""


class CompactTexts(Sequence[str]):
    """Texts without zero characters, in the order in which they were added."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._last: list[str] = []
        self._read = lru_cache(_CACHED_BLOCKS)(self._unpacked)

    def append(self, text: str) -> None:
        """Add a text at the end."""
        self._last.append(text)
        if len(self._last) == _BLOCK:
            self._blocks.append(zlib.compress(_END.join(self._last).encode("utf-8", "surrogatepass"), 1))
            self._last = []

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK + len(self._last)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        block, position = divmod(index, _BLOCK)
        return (self._read(block) if block < len(self._blocks) else self._last)[position]

    def _unpacked(self, block: int) -> list[str]:
        return zlib.decompress(self._blocks[block]).decode("utf-8", "surrogatepass").split(_END)
