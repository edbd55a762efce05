"""Rooms as people write them: "kamar 3", "Room 3", "No. 3" and "3" are one room.

A report has the room without such words, because the authority's form says "room" already. Reports that were saved with
them are compared and shown without them.
"""

import re

_WORDS = re.compile(
    r"(?:kamar|kmr|room|rm|nomor|nomer|number)(?![^\W\d_])[\s.:#-]*"  # not the beginning of a longer word
    r"|no\b\.[\s:#]*|no[\s:#]*(?=\d)"  # "No Name" is a name
    r"|\#\s*",
    re.IGNORECASE,
)


def room_name(text: str) -> str:
    """Return the number or name of a room without "kamar", "room", "no." and the like in front of it, in any case.

    The text itself is returned, with single blanks, if nothing else is left.
    """
    whole = rest = " ".join(text.split())
    while (match := _WORDS.match(rest)) is not None:
        rest = rest[match.end() :]
    return rest or whole


def normalized_room(text: str) -> str:
    """Return a room in the form in which rooms are compared: words for "room", capitals and blanks do not matter."""
    return room_name(text).casefold()
