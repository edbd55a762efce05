"""The demo's play: real commands in processes of their own, a real server, and a promise checked after each step.

Every command is run as staff would run it, so that the demo cannot show what the program does not do. The guests are
invented; their MRZs are composed here, with check digits that fit.
"""

import json
import secrets
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from apoa_client.app.container import TRAINING_USERNAME
from apoa_client.cli.session import Session
from apoa_client.cli.terminal import language
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import plain, print_line, style_bold, style_error, style_success
from apoa_client.errors import Exit
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.sandbox.server import SandboxServer

_LONGEST_COMMAND_S = 60
_YEARS_OF_VALIDITY = 6


@dataclass(frozen=True, slots=True)
class DemoGuest:
    """An invented guest."""

    surname: str
    given_names: str
    state: str
    number: str
    birth: PartialDate
    sex: str
    birth_place: str
    room: str


GUESTS = (
    DemoGuest("HARTLEY", "OLIVER JAMES", "GBR", "536401822", PartialDate(1985, 9, 12), "M", "LEEDS", "3"),
    DemoGuest("LINDQVIST", "ASTRID", "SWE", "AB1204976", PartialDate(1992, 2, 29), "F", "UPPSALA", "5"),
    DemoGuest("TANAKA", "HIROSHI", "JPN", "TK4418920", PartialDate(1978, 11, 3), "M", "KYOTO", "7"),
    DemoGuest("DE VRIES", "MAARTJE", "NLD", "NX83K1204", PartialDate(2001, 6, 17), "F", "UTRECHT", "8"),
    DemoGuest("OKONKWO", "CHIDI", "NGA", "A08812345", PartialDate(1969, 4, 30), "M", "ENUGU", "9"),
)
EARLY, LATE = GUESTS[:3], GUESTS[3:]
"""Who comes while the line is up, and who while it is down."""
_MISTYPED = EARLY[-1]
"""Whose MRZ is mistyped at first."""
_MISTYPED_AT = 15


def play(session: Session) -> bool:
    """Play all steps and return whether each went as promised."""
    with tempfile.TemporaryDirectory(prefix="apoa-demo-") as folder:
        stage = _Stage(session, Path(folder))
        try:
            _arrive(stage)
            _lose_the_line(stage)
            _find_it_again(stage)
            _look_into_the_files(stage)
        finally:
            stage.authority.stop()
    return stage.close()


def _arrive(stage: "_Stage") -> None:
    stage.say(_("1. A training authority runs on this computer. The property is set up for it:"))
    stage.authority.start()
    account = ["--api-url", stage.authority.base_url, "--username", TRAINING_USERNAME, "--password-stdin"]
    place = ["--property", "demo", "--timezone", "WITA", "--vault", "file"]
    stage.run(["setup", "--non-interactive", *place, *account], typed=stage.password)
    stage.say(_("2. Three guests arrive. Each is checked, saved, and sent at once:"))
    for guest in EARLY:
        lines = stage.lines(guest)
        if guest is _MISTYPED:
            stage.say(_("   The third passport is typed with one digit of the date of birth wrong. It is caught:"))
            stage.report(guest, (lines[0], _mistype(lines[1])), expect=Exit.DATA_REFUSED)
            stage.say(_("   Typed right, it goes:"))
        stage.report(guest, lines)
    stage.promise(_("Three guests have receipts"), stage.count("accepted") == len(EARLY))


def _lose_the_line(stage: "_Stage") -> None:
    stage.authority.stop()
    stage.say(_("3. The line is down. Two more guests arrive, and nothing is lost:"))
    for guest in LATE:
        stage.report(guest, stage.lines(guest))
    stage.run(["status"])
    stage.promise(_("Two guests wait in the queue"), stage.count("queued") == len(LATE))


def _find_it_again(stage: "_Stage") -> None:
    stage.authority.start()
    stage.say(_("4. The line is back. What waits is sent:"))
    stage.run(["sync"])
    stage.run(["status"])
    stage.run(["list"])
    reports = stage.reports()
    numbers = {report["receipt"]["number"] for report in reports if report["receipt"] is not None}
    stage.promise(_("Five guests have five different receipts"), len(reports) == len(numbers) == len(GUESTS))
    stage.say(_("5. The proof of the last one:"))
    stage.run(["receipt", reports[-1]["short_id"]])


def _look_into_the_files(stage: "_Stage") -> None:
    stage.say(_("6. What a thief of this computer's disk would read of the guests:"))
    content = b"".join(path.read_bytes() for path in stage.home.rglob("*") if path.is_file())
    words = [word for guest in GUESTS for word in (guest.surname, guest.number, guest.birth_place)]
    stage.promise(
        _("No name, passport number or place of birth is readable in any file"),
        not any(word.encode() in content for word in words),
    )


def _mistype(line: str) -> str:
    """The second line with one digit of the date of birth's month off, which its check digit sees."""
    return line[:_MISTYPED_AT] + ("8" if line[_MISTYPED_AT] == "3" else "3") + line[_MISTYPED_AT + 1 :]


class _Stage:
    """Where the play takes place: a home, an authority that can be taken away, and what has gone wrong so far."""

    def __init__(self, session: Session, folder: Path) -> None:
        self._session = session
        self._broken: list[str] = []
        self.home = folder / "home"
        self.password = secrets.token_urlsafe()
        self.authority = SandboxServer(
            folder / "authority.db", username=TRAINING_USERNAME, password=self.password, now=session.app.clock.now
        )

    def say(self, line: str) -> None:
        """Say what comes next."""
        print_line()
        print_line(style_bold(line))

    def lines(self, guest: DemoGuest) -> tuple[str, ...]:
        """The guest's MRZ, of a passport that is valid for years to come."""
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
        """Report a guest as staff would."""
        arguments = ["--mrz", lines[0], "--mrz", lines[1], "--birth-place", guest.birth_place]
        self.run(["report", *arguments, "--nights", "2", "--room", guest.room, "--stay-permit", "B1"], expect=expect)

    def run(self, arguments: list[str], *, expect: Exit = Exit.DONE, typed: str = "") -> None:
        """Run a command before the audience, and note where its exit code is not the promised one."""
        print_line()
        print_line(f"$ apoa {shlex.join(arguments)}")
        done = self._call(arguments, typed, mixed=True)
        print_line(done.stdout.rstrip())
        if done.returncode != expect:
            self.promise(f"apoa {arguments[0]} -> {done.returncode}", kept=False)

    def reports(self) -> list[dict[str, Any]]:
        """All reports, as a script would ask for them."""
        reports: list[dict[str, Any]] = json.loads(self._call(["list", "--json"], "").stdout)["reports"]
        return reports

    def count(self, state: str) -> int:
        """How many reports are in a state."""
        return sum(report["state"] == state for report in self.reports())

    def promise(self, promise: str, kept: bool) -> None:  # noqa: FBT001  read as: promise this, kept or not
        """Show whether a promise was kept."""
        print_line()
        print_line(style_success(f"   [ok] {promise}") if kept else style_error(f"   [!!] {promise}"))
        if not kept:
            self._broken.append(promise)

    def close(self) -> bool:
        """The last line, and whether all went well."""
        print_line()
        if self._broken:
            print_line(style_error(_("Not everything went as promised: {what}").format(what="; ".join(self._broken))))
            return False
        print_line(style_success(_("Everything went as promised. Start with your own property: apoa setup")))
        return True

    def _call(self, arguments: list[str], typed: str, *, mixed: bool = False) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in self._session.environ.items() if not name.startswith("APOA_")}
        ours = {"APOA_HOME": str(self.home), "APOA_LANG": language.current_language(), "APOA_PLAIN": str(int(plain()))}
        environ = {**kept, **ours, "PYTHONIOENCODING": "utf-8"}
        return subprocess.run(  # noqa: S603  this very program, with arguments of our own
            [sys.executable, "-m", "apoa_client", *arguments],
            env=environ,
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if mixed else subprocess.PIPE,
            encoding="utf-8",
            timeout=_LONGEST_COMMAND_S,
            check=False,
        )
