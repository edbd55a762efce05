"""`apoa sync --by-hand --page`: serve the page from which staff copy what waits into APOA."""

from apoa_client.app.by_hand_page import ByHandPage
from apoa_client.cli.documents.by_hand import page_files
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.browser import can_open_browser, open_browser
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, print_line, style_warning
from apoa_client.cli.terminal.signals import Signals, Terminated


def serve_page(session: Session, *, browser: bool) -> int:
    """Show the page until its end, in the user's browser if wanted and possible; return how many reports were closed.

    Ctrl-C is the usual way to end it early. Raises what `ByHandPage.serve` does.
    """
    page = ByHandPage(session.app, page_files(session.app))

    def announce(url: str, url_once: str) -> None:
        line = _("The page for typing into APOA: {url}").format(url=url)
        (print_error_line if session.json else print_line)(line)
        opens = browser and can_open_browser(session.environ)
        print_error_line(_("It opens in the browser now.") if opens else _("Open this address in a browser here."))
        print_error_line(_("It shows guests' data, and ends with the last report, with Ctrl-C, or 15 minutes unused."))
        if opens:
            open_browser(url_once)

    try:
        with Signals():
            page.serve(announce)
    except KeyboardInterrupt as exc:
        if isinstance(exc, Terminated):
            raise
    for message in page.messages:
        print_error_line(style_warning(text(message)))
    return page.recorded
