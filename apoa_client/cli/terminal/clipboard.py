"""The clipboard, from which staff paste values into APOA's form."""

from apoa_client.timeouts import call_with_timeout

_LONGEST_S = 3.0


def copy_to_clipboard(value: str) -> bool:
    """Put a text on the clipboard, and return whether it is there: a tool may fail without a word, so it is read back.

    The platform's tools receive the text on standard input, never as an argument.
    """
    import pyperclip  # only where a value is copied

    def copied() -> bool:
        pyperclip.copy(value)
        return pyperclip.paste() == value

    try:
        return call_with_timeout(_LONGEST_S, copied)
    except (pyperclip.PyperclipException, OSError):
        return False
