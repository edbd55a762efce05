"""`apoa sandbox`: run the training authority as a server."""

import secrets
import time
from pathlib import Path

from apoa_client.app.authority_connection import TRAINING_USERNAME
from apoa_client.cli.registry import WholeNumber, command, option, path_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_line, print_warning
from apoa_client.cli.terminal.signals import Signals

_PASSWORD = "APOA_SANDBOX_PASSWORD"  # noqa: S105  the name of a variable
_PASSWORD_BYTES = 12
_PORT = 8765


@command(
    "sandbox",
    N_("Serve the reporting contract on this computer, for practice and for tests."),
    'apoa sandbox --fault "503=5,lost"',
)
@option(
    "--port",
    type=WholeNumber(0, 65535),
    metavar="NUMBER",
    default=_PORT,
    show_default=True,
    text=N_("Port; 0 for any free one."),
)
@path_option("--memory", text=N_("Keep what is received in this file."))
@option("--fault", "faults", default="", metavar="SCRIPT", text=N_("Simulate faults: 503=5,lost,pending*2"))
def sandbox(session: Session, *, port: int, memory: Path | None, faults: str) -> None:
    """Serve until Ctrl-C or SIGTERM, with a password of this run unless the environment gives one."""
    from apoa_client.sandbox.server import SandboxServer  # slow to load

    given = session.environ.get(_PASSWORD, "")
    password = given or secrets.token_urlsafe(_PASSWORD_BYTES)
    server = SandboxServer(
        memory, port=port, username=TRAINING_USERNAME, password=password, faults=faults, now=session.app.clock.now
    )
    with Signals(), server:
        print_line(_("The training authority listens at {url}").format(url=server.base_url))
        print_line(_("What it received is shown at {url}").format(url=server.page_url))
        shown = f"${_PASSWORD}" if given else password
        print_line(_("Username: {username}   password: {password}").format(username=TRAINING_USERNAME, password=shown))
        print_warning(_("Nothing here reaches Immigration. Stop it with Ctrl-C."))
        while True:
            time.sleep(1)  # on Windows, Ctrl-C interrupts no other kind of waiting, and a closed window not even this
