"""Access lists of Windows: makes files that only this user can use, and reads who can use a file.

Python makes a folder private by its mode since 3.11.10 only, and a file never.
"""

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
            descriptor = _descriptor(f"O:{name.value}")
        finally:
            _kernel.LocalFree(name)
        try:
            return _text(descriptor).partition("O:")[2].partition("D:")[0]
        finally:
            _kernel.LocalFree(descriptor)

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
