"""`apoa sandbox`: run the training authority as a server."""

import threading
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from apoa_client.app.container import TRAINING_USERNAME
from apoa_client.cli.registry import command, option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import print_error_line, print_line, style_warning

_PASSWORD = "APOA_SANDBOX_PASSWORD"  # noqa: S105  the name of a variable
DEFAULT_PASSWORD = "latihan"  # noqa: S105  shown on the screen: it protects only invented guests on this computer
_PORT = 8765


@command(
    "sandbox",
    N_("Serve the reporting contract on this computer, for practice and for tests."),
    "apoa sandbox --fault '503=5,lost'",
)
@option("--port", type=click.IntRange(0, 65535), default=_PORT, show_default=True, text=N_("Port; 0 for any free one."))
@option("--memory", type=click.Path(path_type=Path), text=N_("Keep what is received in this file."))
@option("--fault", "faults", default="", metavar="SCRIPT", text=N_("Simulate faults: 503=5,lost,pending*2"))
@click.pass_obj
def sandbox(session: Session, *, port: int, memory: Path | None, faults: str) -> None:
    """Serve until Ctrl-C."""
    from apoa_client.sandbox.server import SandboxServer  # slow to load

    password = session.environ.get(_PASSWORD, DEFAULT_PASSWORD)
    with ExitStack() as stack:
        server = SandboxServer(
            memory or Path(stack.enter_context(TemporaryDirectory(prefix="apoa-sandbox-"))) / "sandbox.db",
            port=port,
            username=TRAINING_USERNAME,
            password=password,
            faults=faults,
            now=session.app.clock.now,
        )
        with server:
            print_line(_("The training authority listens at {url}").format(url=server.base_url))
            print_line(_("What it received is shown at {url}").format(url=server.page_url))
            shown = password if _PASSWORD not in session.environ else f"${_PASSWORD}"
            print_line(
                _("Username: {username}   password: {password}").format(username=TRAINING_USERNAME, password=shown)
            )
            print_error_line(style_warning(_("Nothing here reaches Immigration. Stop it with Ctrl-C.")))
            _wait_for_ctrl_c()


def _wait_for_ctrl_c() -> None:
    forever = threading.Event()
    while not forever.wait(3600):
        pass
