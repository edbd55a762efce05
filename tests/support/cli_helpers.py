"""Calls of the program, in this process or as it is installed, and the invented guests that the tests report."""

import io
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Self

import click
import forked_command
import pytest
from app_helpers import app_of
from basics import FixedClock
from jsonschema import Draft202012Validator

from apoa_client.cli import main
from apoa_client.cli.documents.json_schemas import json_schema
from apoa_client.cli.terminal.command_names import in_indonesian
from apoa_client.delivery.plan import LEASE
from apoa_client.errors import Exit
from apoa_client.locale import catalogue as catalogue_of
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.entries import Change, Content, Entry
from apoa_client.report.kinds import State
from apoa_client.sandbox.server import SandboxServer

LANGUAGES = ("id", "en")
NOWHERE = "http://127.0.0.1:9/v1"
"""An address without an authority: nothing listens on the discard port."""
PASSWORD = "kata sandi: rahasia ß"
DANGEROUS = ("\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\u200b", "\r")
"""Characters that control a terminal or hide text on it."""


Serve = Callable[..., SandboxServer]
"""Starts a training authority: `serve("503=5,lost")`."""


@cache
def validator_of(schema: str) -> Draft202012Validator:
    """Return what checks the JSON documents that name this schema."""
    _apoa, name, _version = schema.split("/")
    return Draft202012Validator(json_schema(name))


_ID = re.compile(r"\b[0-9a-f]{8}(?:(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?\b")
_CHECKED: set[str] = set()
"""The documents that fit their schemas, without the ids in them: another id changes no form."""


class CallResult(NamedTuple):
    """The result of a call: exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON document on stdout, without the name of its schema, which it must fit.

        The mark of a training property is left out, too, but not what a command says about its property.
        """
        value = json.loads(self.out)
        schema, form = value.get("schema", ""), _ID.sub(lambda found: "0" * len(found[0]), self.out)
        if form not in _CHECKED:
            validator_of(schema).validate(value)
            _CHECKED.add(form)
        del value["schema"]
        if schema not in {"apoa/status/1", "apoa/contract-test/1"}:
            value.pop("environment", None)
        return value

    @property
    def all(self) -> str:
        """Everything that the user sees."""
        return self.out + self.err

    def ok(self) -> Self:
        """Return the same result, of a call that must have succeeded."""
        assert self.code == 0, self.all
        return self


SEPTEMBER = PartialDate(1985, 9, 12)


def given_once(options: Sequence[str], more: Sequence[str]) -> list[str]:
    """Return options, each with its value, and `more`, whose options take the place of those before."""
    given, pairs = {word.partition("=")[0] for word in more}, zip(options[::2], options[1::2], strict=True)
    return [*(word for pair in pairs if pair[0] not in given for word in pair), *more]


@dataclass(frozen=True)
class Guest:
    """An invented guest with a passport."""

    surname: str
    given_names: str
    number: str
    birth_place: str
    state: str = "POL"
    sex: str = "M"
    birth_date: PartialDate = SEPTEMBER
    expiry_date: date = date(2032, 3, 28)

    @property
    def details(self) -> Details:
        """What a machine-readable zone has."""
        return Details(
            issuing_state=self.state,
            surname=self.surname,
            given_names=self.given_names,
            document_number=self.number,
            nationality=self.state,
            birth_date=self.birth_date,
            sex=self.sex,
            expiry_date=self.expiry_date,
        )

    @property
    def lines(self) -> tuple[str, ...]:
        return compose("TD3", self.details)

    @property
    def name(self) -> str:
        return f"{self.given_names} {self.surname}"

    @property
    def words(self) -> tuple[str, ...]:
        """What must be readable only with the key: texts, dates, and characters of the MRZ."""
        return (
            self.surname,
            self.given_names,
            self.number,
            self.birth_place,
            str(self.birth_date),
            self.lines[1][13:19],
        )

    def mrz(self, *more: str) -> list[str]:
        """The arguments of a report from the two MRZ lines, for two nights."""
        first, second = self.lines
        return ["report", "--mrz", first, "--mrz", second, *given_once(self._page(), more)]

    def photographed(self, photo: Path, *more: str) -> list[str]:
        """The same report, with the lines from a photo."""
        return ["report", "--photo", str(photo), *given_once(self._page(), more)]

    def typed(self, *more: str) -> list[str]:
        """The same report, typed field by field."""
        names = ["--surname", self.surname, "--given-names", self.given_names, "--document-number", self.number]
        rest = ["--nationality", self.state, "--birth-date", str(self.birth_date), "--sex", self.sex]
        typed = [*names, *rest, "--expiry-date", self.expiry_date.isoformat(), *self._page()]
        return ["report", *given_once(typed, more)]

    def _page(self) -> list[str]:
        return ["--birth-place", self.birth_place, "--nights", "2", "--room", "7", "--stay-permit", "B1"]


QUENTIN = Guest("ZYKOWSKI", "QUENTIN", "ZX1234567", "GDANSKTOWN")
XIMENA = Guest("QUIJANO", "XIMENA", "QW7654321", "ZARAGOZAVILLE", "ESP", "F", PartialDate(1992, 2, 29))
OBADIAH = Guest("VANTERPOOL", "OBADIAH", "VB9081726", "TORTOLAHILL", "GBR", "M", PartialDate(1969, 4, 30))
GUESTS = (QUENTIN, XIMENA, OBADIAH)
PRIVATE = [word for guest in GUESTS for word in guest.words]
"""What must be readable only with the key, of all of them."""


class Keyboard(io.StringIO):
    """A stream that is a terminal: what is typed there, or what it shows."""

    def isatty(self) -> bool:
        return True


@dataclass
class Apoa:
    """The program in this process: `apoa("status", "--json", lang="id")`."""

    environ: dict[str, str]
    clock: FixedClock
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def __call__(
        self, *arguments: str, stdin: str = "", keys: Sequence[str] | None = None, **environ: str
    ) -> CallResult:
        """Run one call. `keys` are the lines typed at the terminal; without them there is no terminal.

        `lang` among `environ` is APOA_LANG.
        """
        if "lang" in environ:
            environ["APOA_LANG"] = environ.pop("lang")
        terminal = keys is not None
        typed = (
            Keyboard("".join(f"{key}\n" for key in keys))
            if keys is not None
            else io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8")
        )
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", typed)
            patch.setattr(main, "at_a_terminal", lambda: terminal)
            patch.setattr("click.termui.hidden_prompt_func", lambda _question: typed.readline().rstrip("\n"))
            self.capsys.readouterr()
            code = main.run(arguments, {**self.environ, **environ}, self.clock)
        return CallResult(int(code), *self.capsys.readouterr())

    @property
    def home(self) -> Path:
        return Path(self.environ["APOA_HOME"])

    @property
    def outbox_file(self) -> Path:
        """The database of melati, the property that `set_up` makes."""
        return self.home / "melati" / "outbox.db"

    def settings(self, name: str = "melati") -> dict[str, Any]:
        """Return the table of a property in config.toml."""
        value: dict[str, Any] = tomllib.loads((self.home / "config.toml").read_text("utf-8"))["property"][name]
        return value

    def elsewhere(self, home: Path) -> "Apoa":
        """Return the program on another computer, whose files are in this folder."""
        return replace(self, environ={**self.environ, "APOA_HOME": str(home)})

    def set_up(self, url: str = NOWHERE, *more: str, name: str = "melati") -> CallResult:
        """Set up a property for an authority, reachable or not, with its secrets in a file."""
        account = ["--api-url", url, "--username", "wisma-melati"]
        place = ["--property", name, "--vault", "file"]
        words = ["setup", "--non-interactive", "--password-stdin", *given_once([*place, *account], more)]
        return self(*words, stdin=f"{PASSWORD}\n")

    def save(self, guest: Guest = QUENTIN, *more: str) -> dict[str, Any]:
        """Report a guest without sending."""
        return self.send(guest, "--no-send", *more)

    def send(self, guest: Guest = QUENTIN, *more: str) -> dict[str, Any]:
        """Report a guest and send it. The authority may refuse it."""
        said = self(*guest.mrz("--json", *more))
        value: dict[str, Any] = said.json
        assert said.code == (Exit.DATA_REFUSED if value.get("state") == "rejected" else Exit.DONE), said.err
        return value

    def reports(self) -> list[dict[str, Any]]:
        """Return all reports from `apoa list --all --json`, also if another program changed one of them."""
        said = self("list", "--all", "--json")
        assert said.code in {Exit.DONE, Exit.SETTINGS}, said.err
        reports: list[dict[str, Any]] = said.json["reports"]
        return reports

    def states(self) -> list[tuple[str, str]]:
        """Return the kind and state of each report."""
        return [(report["kind"], report["state"]) for report in self.reports()]

    @contextmanager
    def sending(self, report_id: str) -> Iterator[None]:
        """Another process is sending this report, and gets no answer."""
        with closing(app_of(self.home, self.clock, "melati")) as app:
            outbox, now = app.outbox, self.clock.now()
            lease, claimed = outbox.claim([report_id], now=now, lease_until=now + LEASE)
            assert claimed
            yield
            outbox.settle(lease, [Change(report_id, State.QUEUED)])

    def delete_key(self) -> None:
        """Delete the file with the property's secrets."""
        (self.home / "melati" / "keys.json").unlink()

    @contextmanager
    def without_key(self) -> Iterator[None]:
        """The property's secrets are not at hand, as those of a locked keyring."""
        keys = self.home / "melati" / "keys.json"
        hidden = keys.rename(keys.with_name("away.json"))
        try:
            yield
        finally:
            hidden.rename(keys)

    def change_setting(self, name: str, value: str | int) -> None:
        """Edit config.toml as a user who can write to it. The property's table is the last one in it."""
        path = self.home / "config.toml"
        lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{name} =")]
        path.write_text("\n".join([*lines, f"{name} = {json.dumps(value)}"]) + "\n")

    def change_database(self, statement: str) -> None:
        """Change the database without the program."""
        with closing(sqlite3.connect(self.outbox_file)) as db:
            db.execute(statement)
            db.commit()


class OpenContents:
    """Counts the contents that commands open: how many, by the report's id, and the most that were held at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[str] = []
        self.most = self._held = 0
        original = SqliteOutbox.content

        class Counted(Content):
            """A content that is no longer counted when nothing refers to it."""

            def __del__(content) -> None:  # noqa: N805  `self` is the counter
                self._held -= 1

        def content(outbox: SqliteOutbox, entry: Entry) -> Content:
            counted = Counted(*original(outbox, entry))
            self.opened.append(entry.id)
            self._held += 1
            self.most = max(self.most, self._held)
            return counted

        monkeypatch.setattr(SqliteOutbox, "content", content)


def child_environment() -> dict[str, str]:
    """Return the variables that a child process needs: on Windows those to use the network.

    It reads no settings that this computer has for all users, and opens no window on it.
    """
    needed = {"SYSTEMROOT"} if sys.platform == "win32" else set()
    away = {"SSH_CONNECTION": "a test"}
    return {**away, **{name: value for name, value in os.environ.items() if name in needed}}


def installed_command() -> list[str]:
    """Return the command that pip installed beside this interpreter, or the one that APOA_COMMAND names."""
    named = os.environ.get("APOA_COMMAND")
    return shlex.split(named) if named else BESIDE


BESIDE = [str(Path(sys.executable).with_name("apoa"))]
COMMAND = installed_command()


@dataclass
class Installed:
    """The installed command in its own process, in an environment without variables of this machine."""

    command: Sequence[str]
    environ: dict[str, str]
    forked: bool = True
    """Whether calls may be forked from a process that has imported the program. Kills need real processes' times."""
    merged: bool = False
    """Whether the output has the error messages too, in the order in which a terminal shows them."""

    def __call__(self, *arguments: str, stdin: str | None = None, **environ: str) -> CallResult:
        """Run one call. `lang` among `environ` is APOA_LANG."""
        if "lang" in environ:
            environ["APOA_LANG"] = environ.pop("lang")
        given, full = stdin if stdin is not None else "", {**self.environ, **environ}
        if self._may_be_forked(full):
            condition = forked_command.Condition(merged=self.merged)
            done = forked_command.run(arguments, full, given, timeout=60, condition=condition)
        else:
            done = subprocess.run(
                [*self.command, *arguments],
                env=full,
                input=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if self.merged else subprocess.PIPE,
                encoding="utf-8",
                timeout=60,
                check=False,
            )
        said = CallResult(done.returncode, done.stdout, done.stderr or "")
        assert "Traceback" not in said.all, said.all
        return said

    def _may_be_forked(self, environ: Mapping[str, str]) -> bool:
        """Return whether a fork runs this call in the same way: there is no variable that Python reads."""
        read_at_start = {name for name in environ if name.startswith(("PYTHON", "LC_", "LANG", "LD_"))}
        usual = read_at_start <= {"PYTHONIOENCODING"} and environ.get("PYTHONIOENCODING", "utf-8") == "utf-8"
        return self.forked and usual and sys.platform != "win32" and self.command == BESIDE

    @property
    def home(self) -> Path:
        return Path(self.environ["APOA_HOME"])

    def start(self, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        """The same, without waiting for its end."""
        return subprocess.Popen(
            [*self.command, *arguments],
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def set_up(self, url: str, password: str, *more: str, vault: str = "file") -> CallResult:
        """Set up a property for an authority."""
        account = ["--api-url", url, "--username", "latihan", "--password-stdin"]
        place = ["--property", "melati", "--vault", vault]
        return self("setup", "--non-interactive", *place, *account, *more, stdin=f"{password}\n")

    def reports(self) -> list[dict[str, Any]]:
        """Return all reports from `apoa list --all --json`, also if another program changed one of them."""
        said = self("list", "--all", "--json")
        assert said.code in {Exit.DONE, Exit.SETTINGS}, said.err
        reports: list[dict[str, Any]] = said.json["reports"]
        return reports


@dataclass
class Hostile:
    """An authority whose answers have the contract's form and contain terminal escapes."""

    results: dict[str, Any] = field(default_factory=dict)
    problem: tuple[int, str] | None = None

    def answer(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if path.endswith("/oauth/token"):
            return 200, {"access_token": "abc", "token_type": "Bearer", "expires_in": 3600}
        if self.problem is not None:
            status, detail = self.problem
            return status, {"type": "about:blank", "title": "T", "status": status, "detail": detail}
        if path.endswith("/meta"):
            return 200, META
        return 200, {"results": [self._result(report["id"]) for report in json.loads(body)["reports"]]}

    def _result(self, report_id: str) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "status": "accepted",
            "receipt": None,
            "errors": [],
            "warnings": [],
            "retry_after": None,
        }
        return {"id": report_id, **plain, **self.results}


META = {
    "contract": "1.0",
    "environment": "training",
    "server_time": "2026-11-24T20:00:00+07:00",
    "max_batch": 500,
    "max_body_bytes": 1 << 20,
    "accepts_gzip": False,
    "reporting_window_hours": 24,
    "property": {"id": "P-1", "name": "Melati\x1b[2J", "office": None},
}


@contextmanager
def listening(hostile: Hostile) -> Iterator[str]:
    """Serve the hostile authority over HTTP and return its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, value = hostile.answer(self.path, body)
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if status == 200 else "application/problem+json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as the class above has it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def raising(error: BaseException) -> Callable[..., NoReturn]:
    """Return what takes the place of a function and raises this error."""

    def fail(*_arguments: object, **_options: object) -> NoReturn:
        raise error

    return fail


def assert_sanitized(text: str) -> None:
    """Check that a text has no character that controls a terminal."""
    found = [repr(character) for character in DANGEROUS if character in text]
    assert not found, f"{found} in {text!r}"


def readable_in(folder: Path, words: Sequence[str]) -> list[str]:
    """Return the words that any file below a folder contains, in UTF-8 or UTF-16."""
    content = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()).lower()
    return [w for w in words if w.lower().encode() in content or w.lower().encode("utf-16-le") in content]


def spoken(language: str, sentence: str, **values: object) -> str:
    """Return a sentence of the program in a language."""
    return catalogue_of(language).gettext(sentence).format(**values)


def time_in(language: str, text: str) -> str:
    """Return a text with its times of day, such as 19:50, as a language writes them."""
    return re.sub(r"\b(\d\d):(\d\d)\b", r"\1.\2", text) if language == "id" else text


def typed_in(language: str, command: str) -> str:
    """Return a command line, such as `apoa sync --wait`, with the names that a language has."""
    return in_indonesian(command) if language == "id" else command


def spoken_count(language: str, one: str, many: str, count: int, **values: object) -> str:
    """Return a sentence that depends on a number in a language."""
    return catalogue_of(language).ngettext(one, many, count).format(count=count, **values)


def all_commands(root: click.Group) -> Iterator[tuple[tuple[str, ...], click.Context]]:
    """Yield a context of the program and of each command, with the English names of the command."""
    top = root.context_class(root, info_name="apoa", **root.context_settings)
    found: list[tuple[tuple[str, ...], click.Context]] = [((), top)]
    for path, context in found:  # which grows
        yield path, context
        group = context.command
        if isinstance(group, click.Group):
            commands = (group.get_command(context, name) for name in group.list_commands(context))
            found += [
                ((*path, each.name), each.context_class(each, parent=context, info_name=each.name))
                for each in commands
                if each is not None and each.name is not None
            ]
