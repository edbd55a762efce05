"""What one call of the program knows: its environment, its clock, its global options."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Self

import click

from apoa_client.cli.terminal import output
from apoa_client.cli.terminal.command_names import with_options
from apoa_client.cli.terminal.input import ask_line, ask_secret, discard_typed_ahead, index_of_choice, secret_line
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, print_warning, sanitize, style_bold
from apoa_client.errors import ApoaError, CredentialsProblem, Exit, UsageProblem
from apoa_client.messages import msg

if TYPE_CHECKING:
    from apoa_client.app.container import Container
    from apoa_client.outbox.sql.store import Outbox
    from apoa_client.ports.run import Clock
    from apoa_client.settings.config import Config, PropertySettings


class Session:
    """One call of the program. `terminal` says whether a user can be asked; `clock` is None for the real one."""

    property_name = ""
    is_one_chosen = False
    """Whether the property was chosen by an option."""
    practice = False
    """Whether the command works on the practice property of the chosen one."""
    verbosity = 0
    quiet = False
    json = False
    logs = False
    """Whether there is a log."""
    shows_environment = False
    """Whether the command itself begins with what the property is for."""
    may_ask = True
    """Whether the command may ask the user, or let the keyring ask, before it has looked at options and terminal."""
    types_now = False
    """Whether the user wants to type what was saved into APOA when the command has ended."""
    exit_code = Exit.DONE
    """The exit code of a command that succeeded, if it showed a problem, such as a report that was refused at once."""

    def __init__(self, environ: Mapping[str, str], clock: "Clock | None" = None, *, terminal: bool = False) -> None:
        self.environ = self._given_environ = environ
        self.terminal = terminal
        self.pause_progress: Callable[[], AbstractContextManager[object]] = nullcontext
        """Hides a progress bar while the user is asked something."""
        self._clock = clock
        self._usual_name: str | None = None
        """The property of a command without a name, where it is chosen in another home than its own; else None."""

    @property
    def interactive(self) -> bool:
        """Whether the command may ask the user: at a terminal, and not with `--json`."""
        return self.terminal and not self.json and self.may_ask

    @cached_property
    def app(self) -> "Container":
        """The program's parts for the chosen property, or for its practice property."""
        app = self._container()
        if self.practice:
            from apoa_client.app.property_setup import find_practice, practice_environment  # few calls are practice

            with closing(app):
                if self._is_for_all():  # each property has a session of its own: this one needs no property
                    self.environ = practice_environment(app.environ, app.folders)
                else:
                    self.property_name, self.environ = find_practice(app)
                self._usual_name = app.usual_name if self._usual_name is None else self._usual_name
            app = self._container()
        if self.interactive:
            app.on_chosen = self._mark_training

        def environment() -> str:  # unknown if no property was needed so far
            settings: PropertySettings | None = vars(app).get("settings")
            return "training" if self.practice or (settings is not None and settings.is_training) else ""

        output.set_environment(environment)
        return app

    @cached_property
    def names(self) -> list[str]:
        """The properties that are set up here, also where the command works on the practice of each."""
        return self._container(self._given_environ).config.names if self.practice else self.app.config.names

    def _is_for_all(self) -> bool:
        context = click.get_current_context(silent=True)
        return context is not None and not self.property_name and bool(context.params.get("every_property"))

    def _container(self, environ: Mapping[str, str] | None = None) -> "Container":
        from apoa_client.app.container import Container, SystemClock  # not needed for --version and --help

        name = self.property_name or self.environ.get("APOA_PROPERTY", "")
        ask = self._ask_password if self.interactive else None
        context = click.get_current_context(silent=True)
        command = context.command_path if context is not None else ""
        app = Container(environ or self.environ, self._clock or SystemClock(), name, ask, command)
        if self.interactive:
            app.choose_property = ask_property
        app.on_opened = lambda outbox: self._move_past_practice(app.settings, outbox)
        return app

    def _move_past_practice(self, settings: "PropertySettings", outbox: "Outbox") -> None:
        """Move practice out of a real outbox of version 0.1.0, and say it until a user has read it.

        An error stops no command: `apoa status` shows what is left.
        """
        if settings.is_training or settings.has_shared_outbox:
            return
        with suppress(ApoaError):
            if not outbox.has_practised():
                return
            from apoa_client.app.past_practice import move_past_practice  # once in the life of few properties
            from apoa_client.outbox.sql.metadata import PRACTICE_MOVED  # the same

            moved = move_past_practice(self.app, outbox)
            if moved and not self.quiet:
                line = _(
                    "Practice was among the real reports, and is apart now: {count}. See: apoa --practice list --all"
                )
                print_warning(line.format(count=moved))
                print_warning(_("None of it has reached Immigration. If a guest was real, report the guest again."))
                if self.interactive:
                    outbox.record(PRACTICE_MOVED, None)

    def _mark_training(self, settings: "PropertySettings") -> None:
        """Say before anything else that a training property reports nothing."""
        if settings.is_training and not (self.quiet or self.shows_environment):
            print_warning(_("PRACTICE: nothing of this reaches Immigration."))

    def complete_commands(self, line: str) -> str:
        """Return a sentence whose commands work on the property of this call, also where another one is the default."""
        if "apoa " not in line or "app" not in self.__dict__:
            return line
        name = ""
        if self.app.is_chosen:
            usual = self.app.usual_name if self._usual_name is None else self._usual_name
            name = "" if self.app.settings.name == usual else self.app.settings.name
        return with_options(line, name, practice=self.practice) if name or self.practice else line

    def first_line(self) -> str:
        """Return the line above what a user at a terminal reads first: the property, if there are several.

        Empty until it is known.
        """
        if not self.interactive or "app" not in self.__dict__ or not self.app.is_chosen:
            return ""
        label = self.app.label_if_several
        return _("Property: {name}").format(name=style_bold(sanitize(label))) if label else ""

    def for_property(self, name: str) -> "Session":
        """Return a session of the same call for the property of this name. The caller closes it."""
        session = Session(self._given_environ, self._clock, terminal=self.terminal)
        session.property_name, session.practice, session._usual_name = name, self.practice, self._usual_name
        session.verbosity, session.quiet, session.json = self.verbosity, self.quiet, self.json
        session.may_ask, session.shows_environment = self.may_ask, self.shows_environment
        return session

    def _ask_password(self) -> str:
        with self.pause_progress():
            return ask_password(self.app.settings)

    def close(self) -> None:
        """Close what was opened."""
        if "app" in self.__dict__:
            self.app.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Close what was opened. An error of the closing never replaces the one that ended the block."""
        with nullcontext() if error is None else suppress(BaseException):
            self.close()


def ask_property(config: "Config") -> str:
    """Ask for one of several properties at the terminal, by its number or name, until one is given."""
    print_error_line(_("Which property?"))
    names = config.names
    for number, name in enumerate(names, 1):
        known = config.properties.get(name)
        print_error_line(f"{number:>3} {sanitize(name if known is None else known.label)}")
    discard_typed_ahead()
    while True:
        answer = ask_line(_("Number or name"))
        index = index_of_choice(answer, len(names))
        if index is not None:
            return names[index]
        if answer in names:
            return answer
        print_error_line(_("Type a number from 1 to {last}, or a name.").format(last=len(names)))


def ask_password(settings: "PropertySettings") -> str:
    """Ask for the password at the terminal, without showing it, until something is typed. Names who will get it."""
    account = _("The password of {username} for {host}:")
    print_error_line(account.format(username=sanitize(settings.username), host=sanitize(settings.host)))
    while not (password := ask_secret(_("Password"), may_be_empty=True)):
        print_warning(_("The password is needed."))
    return password


def provided_password(session: Session, settings: "PropertySettings") -> str | None:
    """Return the password that the environment provides, as in a container; None if it provides none."""
    secrets = session.app.secrets_of(settings, prompt=False)
    return secrets.password() if secrets.password_from_environment() is not None else None


def read_password(session: Session, ask: Callable[[], str], *, from_stdin: bool, may_ask: bool = True) -> str:
    """Return a password: the first line of standard input, or what `ask` returns if the command `may_ask` the user.

    Raises `CredentialsProblem` if no user can be asked, and `UsageProblem` for an empty line.
    """
    if from_stdin:
        password = secret_line()
        if not password:
            raise UsageProblem(msg("No password came from standard input."))
        return password
    if not (session.terminal and may_ask):
        raise CredentialsProblem(
            msg("The password is missing, and there is no terminal to ask for it at."),
            msg("Give it on standard input with: --password-stdin"),
            name="password_missing",
        )
    return ask()
