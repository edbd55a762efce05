"""`apoa sandbox`: run the training authority as a server. `apoa demo`: show the main job against one in one go."""

import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from apoa_client.app.authority_connection import TRAINING_USERNAME
from apoa_client.cli.registry import WholeNumber, command, option, path_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal import language
from apoa_client.cli.terminal.command_names import localized_command, quote_words
from apoa_client.cli.terminal.input import ask_line, discard_typed_ahead
from apoa_client.cli.terminal.language import N_, _
from apoa_client.cli.terminal.output import (
    plain,
    print_done,
    print_line,
    print_warning,
    style_bold,
    style_error,
    style_success,
)
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.terminal.streams import is_terminal
from apoa_client.errors import Exit, SettingsProblem
from apoa_client.installation import own_command
from apoa_client.messages import msg
from apoa_client.passport.dates import PartialDate

_PASSWORD = "APOA_SANDBOX_PASSWORD"  # noqa: S105  the name of a variable
_PASSWORD_BYTES = 12
_PORT = 8765

_LONGEST_COMMAND_S = 60
_YEARS_OF_VALIDITY = 6


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


@command("demo", N_("See the whole main job in one go: nothing is kept, nothing leaves this computer."), "apoa demo")
def demo(session: Session) -> int:
    """Run all steps. Returns 0 only if each one had the expected result."""
    with Signals():  # SIGTERM removes the folder, too
        try:
            folder = tempfile.TemporaryDirectory(prefix="apoa-demo-")
        except OSError:
            raise SettingsProblem(
                msg("No folder for temporary files can be written to, and the demo needs one."),
                msg("Name a folder of this user in the variable TMPDIR (on Windows TEMP), or make space on the disk."),
                name="no_temporary_folder",
            ) from None
        with folder as path:
            steps = _Demo(session, Path(path))
            try:
                _report_online(steps)
                _report_offline(steps)
            finally:
                steps.authority.stop()
    return Exit.DONE if steps.close() else Exit.BUG


class DemoGuest(NamedTuple):
    """An invented guest."""

    surname: str
    given_names: str
    state: str
    number: str
    birth: PartialDate
    sex: str
    room: str


GUESTS = (
    DemoGuest("HARTLEY", "OLIVER JAMES", "GBR", "536401822", PartialDate(1985, 9, 12), "M", "3"),
    DemoGuest("LINDQVIST", "ASTRID", "SWE", "AB1204976", PartialDate(1992, 2, 29), "F", "5"),
    DemoGuest("TANAKA", "HIROSHI", "JPN", "TK4418920", PartialDate(1978, 11, 3), "M", "7"),
    DemoGuest("DE VRIES", "MAARTJE", "NLD", "NX83K1204", PartialDate(2001, 6, 17), "F", "8"),
    DemoGuest("OKONKWO", "CHIDI", "NGA", "A08812345", PartialDate(1969, 4, 30), "M", "9"),
)
EARLY, LATE = GUESTS[:3], GUESTS[3:]
"""The guests who arrive while the authority can be reached, and those who arrive while it cannot."""
_MISTYPED = EARLY[-1]
"""The guest whose MRZ is mistyped at first."""
_MISTYPED_AT = 15


def _report_online(demo: "_Demo") -> None:
    demo.say(_("1. A training authority runs on this computer. The property is set up for it:"))
    demo.authority.start()
    account = ["--api-url", demo.authority.base_url, "--username", TRAINING_USERNAME, "--password-stdin"]
    place = ["--property", "demo", "--timezone", "WITA", "--vault", "file"]
    demo.run(["setup", "--non-interactive", *place, *account], given=demo.password, shows_given=False)
    demo.part(_("2. Three guests arrive. Each is checked, saved, and sent at once:"))
    for guest in EARLY:
        lines = demo.lines(guest)
        if guest is _MISTYPED:
            demo.say(_("   The third passport is typed with one digit of the date of birth wrong. It is caught:"))
            first, second = lines
            wrong = "8" if second[_MISTYPED_AT] == "3" else "3"  # in the month, which the check digit detects
            mistyped = second[:_MISTYPED_AT] + wrong + second[_MISTYPED_AT + 1 :]
            demo.report(guest, (first, mistyped), expect=Exit.DATA_REFUSED)
            demo.say(_("   Typed right, it goes:"))
        demo.report(guest, lines)
    demo.check(_("Three guests have receipts"), demo.count("accepted") == len(EARLY))


def _report_offline(demo: "_Demo") -> None:
    demo.authority.stop()
    demo.part(_("3. The line is down. Two more guests arrive, and nothing is lost:"))
    for guest in LATE:
        demo.report(guest, demo.lines(guest))
    demo.run(["status"])
    demo.check(_("Two guests wait in the queue"), demo.count("queued") == len(LATE))
    demo.authority.start()
    demo.part(_("4. The line is back. What waits is sent:"))
    for name in ("sync", "status", "list"):
        demo.run([name])
    reports = demo.reports()
    numbers = {report["receipt"]["number"] for report in reports if report["receipt"] is not None}
    demo.check(_("Five guests have five different receipts"), len(reports) == len(numbers) == len(GUESTS))
    demo.part(_("5. The proof of the last one:"))
    demo.run(["receipt", reports[-1]["short_id"]])
    demo.part(_("6. What a thief of this computer's disk would read of the guests:"))
    content = b"".join(path.read_bytes() for path in demo.home.rglob("*") if path.is_file())
    words = [word.encode() for guest in GUESTS for word in (guest.surname, guest.number)]
    found = any(word in content for word in words)
    demo.check(_("No name and no passport number is readable in any file"), not found)


class _Demo:
    """The temporary folder, the authority, and the checks that failed so far."""

    def __init__(self, session: Session, folder: Path) -> None:
        from apoa_client.sandbox.server import SandboxServer  # slow to load

        self._session = session
        self._failed: list[str] = []
        self.home = folder / "home"
        self.password = secrets.token_urlsafe()
        self.authority = SandboxServer(
            folder / "authority.db", username=TRAINING_USERNAME, password=self.password, now=session.app.clock.now
        )

    def part(self, line: str) -> None:
        """Begin the next part; at a terminal the user has read the one before and pressed Enter."""
        if self._session.interactive and is_terminal(sys.stdout):
            print_line()
            discard_typed_ahead()
            ask_line(_("Enter = next part, Ctrl-C = stop"))
        self.say(line)

    def say(self, line: str) -> None:
        """Print what the next step shows."""
        print_line()
        print_line(style_bold(line))

    def lines(self, guest: DemoGuest) -> tuple[str, ...]:
        """Return the MRZ of the guest's passport, which is valid for some years."""
        from apoa_client.passport.compose import Details, compose

        today = self._session.app.clock.now().date()
        return compose(
            "TD3",
            Details(
                issuing_state=guest.state,
                surname=guest.surname,
                given_names=guest.given_names,
                document_number=guest.number,
                nationality=guest.state,
                birth_date=guest.birth,
                sex=guest.sex,
                expiry_date=date(today.year + _YEARS_OF_VALIDITY, 3, 28),
            ),
        )

    def report(self, guest: DemoGuest, lines: Sequence[str], *, expect: Exit = Exit.DONE) -> None:
        """Report a guest as a passport reader does, which types the lines: others can read what is in the command."""
        details = ["--birth-place", "-", "--stay-permit", "B1", "--nights", "2", "--room", guest.room]
        self.run(["report", "--mrz", "-", *details], expect=expect, given="\n".join(lines))

    def run(self, arguments: list[str], *, expect: Exit = Exit.DONE, given: str = "", shows_given: bool = True) -> None:
        """Run a command and show it, the text that it is given, and its output.

        An exit code other than `expect` is a failed check.
        """
        print_line()
        print_line("$ " + localized_command(quote_words(arguments)))
        if given and shows_given:
            print_line(given)
        done = self._call(arguments, given, mixed=True)
        print_line(done.stdout.rstrip())
        if done.returncode != expect:
            self.check(f"{localized_command(arguments[0])} -> {done.returncode}", passed=False)

    def reports(self) -> list[dict[str, Any]]:
        """Return all reports from `apoa list --json`."""
        reports: list[dict[str, Any]] = json.loads(self._call(["list", "--json"], "").stdout)["reports"]
        return reports

    def count(self, state: str) -> int:
        """Return how many reports are in a state."""
        return sum(report["state"] == state for report in self.reports())

    def check(self, claim: str, passed: bool) -> None:  # noqa: FBT001  read as: check this claim
        """Show whether a claim is true."""
        print_line()
        print_line(style_success(f"   [ok] {claim}") if passed else style_error(f"   [!!] {claim}"))
        if not passed:
            self._failed.append(claim)

    def close(self) -> bool:
        """Print the last line and return whether all checks passed."""
        print_line()
        if self._failed:
            print_line(style_error(_("Not everything went as promised: {what}").format(what="; ".join(self._failed))))
            return False
        print_done(_("Everything went as promised. Start with your own property: apoa setup"))
        return True

    def _call(self, arguments: list[str], typed: str, *, mixed: bool = False) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in self._session.environ.items() if not name.startswith("APOA_")}
        display = {"APOA_LANG": language.current_language(), "APOA_PLAIN": str(int(plain()))}
        environ = {**kept, **display, "APOA_HOME": str(self.home), "PYTHONIOENCODING": "utf-8"}
        return subprocess.run(  # noqa: S603  this program, with our own arguments
            [*own_command(), *arguments],
            env=environ,
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if mixed else subprocess.PIPE,
            encoding="utf-8",
            timeout=_LONGEST_COMMAND_S,
            check=False,
        )
