"""Reads the text of a Windows access list (SDDL): who besides this user may do what with a file.

The form of the text is Microsoft's "Security Descriptor String Format" and "ACE Strings".
"""

import re

READ = 0x1 | 0x80000000 | 0x10000000
REPLACE = 0x40 | 0x10000 | 0x40000 | 0x80000 | 0x10000000
"""Rights to delete a folder or what is in it, or to take such a right: DELETE_CHILD, DELETE, WRITE_DAC, WRITE_OWNER."""
WRITE = REPLACE | 0x2 | 0x4 | 0x40000000
"""Those, and the rights to change a file or to add one to a folder."""

_OWN = frozenset({"SY", "BA", "OW", "CO", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"})
"""The system, administrators, the owner, the user who makes a file, and Windows' installer."""
_OF_APPS = ("AC", "S-1-15-")
"""Packaged apps: such an entry is of use only to an app whose user has the right, too."""
_RIGHTS = {
    **{code: 1 << bit for bit, code in enumerate(("CC", "DC", "LC", "SW", "RP", "WP", "DT", "LO", "CR"))},
    "SD": 0x10000,
    "RC": 0x20000,
    "WD": 0x40000,
    "WO": 0x80000,
    "GA": 0x10000000,
    "GX": 0x20000000,
    "GW": 0x40000000,
    "GR": 0x80000000,
    "FA": 0x1F01FF,
    "FR": 0x120089,
    "FW": 0x120116,
    "FX": 0x1200A0,
}
_ALLOWING = frozenset({"A", "OA", "XA", "ZA"})
_INHERIT_ONLY = "IO"
_OWNER = re.compile(r"O:(.+?)(?=[GDS]:|$)")
_ENTRY = re.compile(r"\(([^();]*);([^();]*);([^();]*);[^();]*;[^();]*;([^();]*)")


def owner_is_trusted(descriptor: str, user: str) -> bool:
    """Return whether a file belongs to this user, the system, administrators or Windows' installer."""
    owner = _OWNER.match(descriptor)
    return owner is not None and _is_trusted(owner[1], user)


def others_may(rights: int, descriptor: str, user: str) -> bool:
    """Return whether any other user has one of these rights. What forbids is not read: it may apply to some only."""
    _owner, has_list, entries = descriptor.partition("D:")
    if not has_list or entries.startswith("NO_ACCESS_CONTROL"):
        return True
    return any(
        kind in _ALLOWING
        and _INHERIT_ONLY not in (flags[i : i + 2] for i in range(0, len(flags), 2))
        and _mask(mask) & rights
        and not _is_trusted(sid, user)
        for kind, flags, mask, sid in _ENTRY.findall(entries)
    )


def _is_trusted(sid: str, user: str) -> bool:
    return sid == user or sid in _OWN or sid.startswith(_OF_APPS)


def _mask(text: str) -> int:
    """Return the rights as a number. Unknown letters count as all rights."""
    if text.startswith("0"):
        return int(text, 0)
    codes = (text[i : i + 2] for i in range(0, len(text), 2))
    mask = 0
    for code in codes:
        mask |= _RIGHTS.get(code, 0xFFFFFFFF)
    return mask
