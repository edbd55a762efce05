"""The clipboard, from which staff paste values into APOA's form."""

from apoa_client.timeouts import call_with_timeout

_LONGEST_S = 3.0


def copy_to_clipboard(value: str) -> bool:
    """Put a text on the clipboard, never as an argument of a program, and return whether it can be read back."""
    import pyperclip  # only where a value is copied

    def copied() -> bool:
        pyperclip.copy(value)
        return pyperclip.paste() == value

    try:
        return call_with_timeout(_LONGEST_S, copied)
    except (pyperclip.PyperclipException, OSError):
        return False
