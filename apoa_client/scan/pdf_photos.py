"""Takes the first photo out of a PDF, as scanners write it: a page that is one JPEG.

Only an image that stands in the file as it is (ISO 32000-1, 7.4.8: DCTDecode) is found. A page that is drawn, or whose
image is compressed in another way or encrypted, has none.
"""

import re

SIGNATURE = b"%PDF-"

_JPEG_STREAM = re.compile(
    rb"/DCTDecode[^<>]{0,200}(?:<<[^<>]{0,200}>>[^<>]{0,200})?>>\s{0,4}stream\r?\n(?=\xff\xd8\xff)"
)


def first_photo(content: bytes) -> bytes | None:
    """Return the JPEG of the first photo in a PDF; None if it has none that can be taken out."""
    begin = _JPEG_STREAM.search(content)
    if begin is None:
        return None
    end = content.find(b"endstream", begin.end())
    return content[begin.end() : end] if end > 0 else None
