"""The user's desktop: a page in the browser, the clipboard, a notice, and on Windows the program's own window.

The platform's own tool shows the notice, so that nothing has to be installed. A library would bring dependencies of
its own for each platform (desktop-notifier: D-Bus, WinRT, Objective-C) for three lines here. It ends after a few
seconds and raises nothing, whatever the tool does. The texts are passed as arguments or in the environment, and are
never part of a script.
"""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import click

from apoa_client.cli.terminal.input import ask_line
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_line
from apoa_client.installation import own_command
from apoa_client.processes import call_with_timeout, find_program

_log = logging.getLogger(__name__)

TIMEOUT_S = 5.0
"""How long all attempts together may take."""

_WINDOWS_TIMEOUT_S = 20.0
"""Enough for the first start of PowerShell on an old computer with a virus scanner."""

_PRIVATE = ("APOA_", "CREDENTIALS_DIRECTORY")
"""Beginnings of variables that may hold secrets or their places. The tool does not get them."""

_APPLE_SCRIPT = (
    *("-e", "on run texts"),
    *("-e", "display notification (item 2 of texts) with title (item 1 of texts)"),
    *("-e", "end run"),
)

# A toast, which stays in the Action Center; under the name of PowerShell, because a program that was never installed
# with a shortcut has none of its own. No double quotes: they would have to survive the command line.
_POWERSHELL = r"""
$ErrorActionPreference = 'Stop'
$null = [Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]
$null = [Windows.UI.Notifications.ToastNotification, Windows.UI.Notifications, ContentType = WindowsRuntime]
$null = [Windows.Data.Xml.Dom.XmlDocument, Windows.Data.Xml.Dom.XmlDocument, ContentType = WindowsRuntime]
$manager = [Windows.UI.Notifications.ToastNotificationManager]
$page = $manager::GetTemplateContent([Windows.UI.Notifications.ToastTemplateType]::ToastText02)
$texts = $page.GetElementsByTagName('text')
$null = $texts.Item(0).AppendChild($page.CreateTextNode($env:APOA_NOTICE_TITLE))
$null = $texts.Item(1).AppendChild($page.CreateTextNode($env:APOA_NOTICE_BODY))
$toast = New-Object Windows.UI.Notifications.ToastNotification $page
$name = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\WindowsPowerShell\v1.0\powershell.exe'
$manager::CreateToastNotifier($name).Show($toast)
"""


class Notice(NamedTuple):
    """A notice. If it is `urgent`, it stays until the user has seen it, if the desktop can do that."""

    title: str
    body: str
    urgent: bool


def show_notice(notice: Notice, environ: Mapping[str, str], uid: int | None, platform: str = sys.platform) -> bool:
    """Show a notice to the user with this id (None on Windows). Returns whether a tool reports success."""
    kept = {name: value for name, value in environ.items() if not name.upper().startswith(_PRIVATE)}
    name = {"darwin": "osascript", "win32": "powershell"}.get(platform, "notify-send")
    tool = find_program(name, environ)
    if tool is None:
        _log.info("no notice: there is no %s", name)
        return False
    if platform == "darwin":
        return _done([tool, *_APPLE_SCRIPT, notice.title, notice.body], kept, TIMEOUT_S)
    if platform == "win32":
        texts = {"APOA_NOTICE_TITLE": notice.title, "APOA_NOTICE_BODY": notice.body}
        arguments = [tool, "-NoProfile", "-NonInteractive", "-WindowStyle", "Hidden", "-Command", _POWERSHELL]
        return _done(arguments, kept | texts, _WINDOWS_TIMEOUT_S)
    from apoa_client.vault.keyring_store import session_buses  # for a notice on Linux alone

    buses = session_buses(kept, uid)  # cron knows no bus, and an old terminal may name one whose session has ended
    if not buses:
        _log.info("no notice: no user is logged in at a desktop")
    options = ["--app-name=apoa", f"--urgency={'critical' if notice.urgent else 'normal'}"]
    arguments = [tool, *options, "--", notice.title, notice.body]
    return any(_done(arguments, kept | {"DBUS_SESSION_BUS_ADDRESS": bus}, TIMEOUT_S / len(buses)) for bus in buses)


def _done(arguments: list[str], environ: dict[str, str], timeout_s: float) -> bool:
    try:
        done = subprocess.run(  # noqa: S603  a fixed command; the texts are our own, with counts
            arguments,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows: no black window for a moment
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        _log.info("no notice: %s", type(exc).__name__)
        return False
    if done.returncode != 0:
        _log.info("no notice: exit code %d", done.returncode)
    return done.returncode == 0


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


_CLIPBOARD_S = 3.0


def copy_to_clipboard(value: str) -> bool:
    """Put a text on the clipboard, never as an argument of a program, and return whether it can be read back."""
    import pyperclip  # only where a value is copied

    def copied() -> bool:
        pyperclip.copy(value)
        return pyperclip.paste() == value

    try:
        return call_with_timeout(_CLIPBOARD_S, copied)
    except (pyperclip.PyperclipException, OSError):
        return False


_PROGRAM = "apoa"
_CLOSING = frozenset({"exit", "quit"})

if sys.platform == "win32":

    def is_own_window() -> bool:
        """Return whether no other program, such as a shell, would keep the window open after this one."""
        import ctypes

        processes = (ctypes.c_ulong * 2)()
        return bool(ctypes.WinDLL("kernel32").GetConsoleProcessList(processes, len(processes)) == 1)


def ask_for_commands() -> None:
    """Run each command that the user types, with or without the program's name, until Enter alone or Ctrl-C.

    No PATH has to know the program there, because each command runs as this program again.
    """
    print_line()
    print_line(_("Type a command here, as it is printed. Enter alone closes this window."))
    while True:
        try:
            line = ask_line(f"{_PROGRAM}>").strip()
        except click.Abort:
            return
        first, _blank, rest = line.partition(" ")
        if first.casefold() in {_PROGRAM, f"{_PROGRAM}.exe"}:
            line = rest.strip()
        if not line or line in _CLOSING:
            return
        with _interrupts_left_to_the_command():
            # The line as it is: Windows splits it as in any other window.
            subprocess.run(f"{subprocess.list2cmdline(own_command())} {line}", check=False)  # noqa: S603  this program


@contextmanager
def _interrupts_left_to_the_command() -> Iterator[None]:
    """Let Ctrl-C end the command that runs, and not the window."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
