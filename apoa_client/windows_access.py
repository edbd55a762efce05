"""Access lists of Windows: makes files that only this user can use, and reads who can use a file.

Python makes a folder private by its mode since 3.11.10 only, and a file never. The text of an access list (SDDL) is
described in Microsoft's "Security Descriptor String Format" and "ACE Strings".
"""

import re
import sys

if sys.platform == "win32":
    import ctypes
    import msvcrt
    import os
    from ctypes import wintypes
    from functools import lru_cache

    _GENERIC_READ_WRITE = 0xC0000000
    _SHARE_READ_WRITE = 3
    _CREATE_NEW = 1
    _ATTRIBUTE_NORMAL = 0x80
    _TOKEN_QUERY = 8
    _TOKEN_USER = 1
    _SE_FILE_OBJECT = 1
    _OWNER_AND_DACL = 5
    _REVISION = 1
    _INVALID = wintypes.HANDLE(-1).value
    _FILE_RIGHTS, _FOLDER_RIGHTS = "", "OICI"
    """Whether what is made in a folder later gets the same access."""

    _ALLOWED = ("SY", "BA")
    """The system and administrators, who can take any file of this computer. Backups run as the system."""

    class _SecurityAttributes(ctypes.Structure):
        _fields_ = (("length", wintypes.DWORD), ("descriptor", ctypes.c_void_p), ("inherit", wintypes.BOOL))

    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _advapi = ctypes.WinDLL("advapi32", use_last_error=True)
    _kernel.GetCurrentProcess.restype = wintypes.HANDLE
    _kernel.CloseHandle.argtypes = [wintypes.HANDLE]
    _kernel.LocalFree.argtypes = [ctypes.c_void_p]
    _kernel.CreateFileW.restype = wintypes.HANDLE
    _kernel.CreateFileW.argtypes = [
        wintypes.LPCWSTR,
        wintypes.DWORD,
        wintypes.DWORD,
        ctypes.POINTER(_SecurityAttributes),
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.HANDLE,
    ]
    _kernel.CreateDirectoryW.argtypes = [wintypes.LPCWSTR, ctypes.POINTER(_SecurityAttributes)]
    _advapi.OpenProcessToken.argtypes = [wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE)]

    def make_private_folder(path: str) -> None:
        """Create a folder for this user, the system and administrators. Raises `OSError`."""
        with_descriptor = _attributes(_FOLDER_RIGHTS)
        try:
            if not _kernel.CreateDirectoryW(path, ctypes.byref(with_descriptor)):
                raise _error(path)
        finally:
            _kernel.LocalFree(with_descriptor.descriptor)

    def create_private_file(path: str) -> int:
        """Create a file for this user, the system and administrators. Returns its descriptor. Raises `OSError`."""
        with_descriptor = _attributes(_FILE_RIGHTS)
        try:
            handle = _kernel.CreateFileW(
                path,
                _GENERIC_READ_WRITE,
                _SHARE_READ_WRITE,
                ctypes.byref(with_descriptor),
                _CREATE_NEW,
                _ATTRIBUTE_NORMAL,
                None,
            )
            if handle == _INVALID:
                raise _error(path)
        finally:
            _kernel.LocalFree(with_descriptor.descriptor)
        return msvcrt.open_osfhandle(handle, os.O_RDWR | os.O_BINARY | os.O_NOINHERIT)

    def descriptor_of(path: str) -> str | None:
        """Return the owner and access list of a file as text (SDDL); None if they cannot be read."""
        descriptor = ctypes.c_void_p()
        failed = _advapi.GetNamedSecurityInfoW(
            wintypes.LPCWSTR(path), _SE_FILE_OBJECT, _OWNER_AND_DACL, None, None, None, None, ctypes.byref(descriptor)
        )
        if failed:
            return None
        try:
            return _text(descriptor)
        finally:
            _kernel.LocalFree(descriptor)

    @lru_cache(maxsize=1)
    def user() -> str:
        """Return this user's security identifier as it stands in the text of a descriptor."""
        descriptor = _descriptor(f"O:{user_sid()}")
        try:
            return _text(descriptor).partition("O:")[2].partition("D:")[0]
        finally:
            _kernel.LocalFree(descriptor)

    def user_sid() -> str:
        """Return this user's security identifier, such as S-1-5-21-1004336348-1177238915-682003330-1001."""
        token = wintypes.HANDLE()
        if not _advapi.OpenProcessToken(_kernel.GetCurrentProcess(), _TOKEN_QUERY, ctypes.byref(token)):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            size = wintypes.DWORD()
            _advapi.GetTokenInformation(token, _TOKEN_USER, None, 0, ctypes.byref(size))
            content = ctypes.create_string_buffer(size.value)
            if not _advapi.GetTokenInformation(token, _TOKEN_USER, content, size, ctypes.byref(size)):
                raise ctypes.WinError(ctypes.get_last_error())
            name = wintypes.LPWSTR()
            pointer = ctypes.cast(content, ctypes.POINTER(ctypes.c_void_p))[0]
            _advapi.ConvertSidToStringSidW(ctypes.c_void_p(pointer), ctypes.byref(name))
        finally:
            _kernel.CloseHandle(token)
        try:
            return name.value or ""
        finally:
            _kernel.LocalFree(name)

    def _attributes(inherit: str) -> _SecurityAttributes:
        """Return what makes a new file private. The caller frees the descriptor in it."""
        entries = "".join(f"(A;{inherit};FA;;;{sid})" for sid in (user(), *_ALLOWED))
        descriptor = _descriptor(f"O:{user()}D:P{entries}")
        return _SecurityAttributes(ctypes.sizeof(_SecurityAttributes), descriptor, inherit=False)

    def _descriptor(text: str) -> ctypes.c_void_p:
        descriptor = ctypes.c_void_p()
        if not _advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            wintypes.LPCWSTR(text), _REVISION, ctypes.byref(descriptor), None
        ):
            raise ctypes.WinError(ctypes.get_last_error())
        return descriptor

    def _text(descriptor: ctypes.c_void_p) -> str:
        text = wintypes.LPWSTR()
        if not _advapi.ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor, _REVISION, _OWNER_AND_DACL, ctypes.byref(text), None
        ):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            return text.value or ""
        finally:
            _kernel.LocalFree(text)

    def _error(path: str) -> OSError:
        code = ctypes.get_last_error()
        return OSError(None, ctypes.FormatError(code).rstrip("\r\n ."), path, code)


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
