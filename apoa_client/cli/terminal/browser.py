"""Opens a page in the user's browser, where the user sees its window."""

import sys
import threading
from collections.abc import Mapping


def can_open_browser(environ: Mapping[str, str]) -> bool:
    """Whether a browser can open a window at the user's desk: not over SSH, and not a browser in the terminal."""
    if "SSH_CONNECTION" in environ:
        return False
    if environ.get("BROWSER"):
        return True
    if sys.platform not in {"win32", "darwin"} and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return False
    import webbrowser  # start-up: slow to load

    try:
        return type(webbrowser.get()) is not webbrowser.GenericBrowser  # which is lynx, w3m and the like
    except webbrowser.Error:
        return False


def open_browser(url: str) -> None:
    """Open a page in the browser, and do not wait for it: a browser may run until its window is closed."""
    import webbrowser  # start-up: as above

    threading.Thread(target=webbrowser.open, args=(url,), name="apoa-browser", daemon=True).start()
