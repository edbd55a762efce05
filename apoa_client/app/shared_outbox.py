"""The shared outbox on a server of PostgreSQL: prepare its database, log in to it, and say what is there."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.app.container import Container
from apoa_client.app.property_stores import outbox_binding
from apoa_client.errors import ApoaError, CredentialsProblem, SettingsProblem, StorageProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxMissing
from apoa_client.outbox.sql.metadata import INDEX_KEY_HASH, PRACTICE_UNDECIDED, PUBLIC_KEY
from apoa_client.ports.state import HandedOver
from apoa_client.report.kinds import OPEN_STATES
from apoa_client.settings.config import SQLITE, PropertySettings
from apoa_client.settings.outbox_address import ServerAddress, parse_address

if TYPE_CHECKING:
    from apoa_client.outbox.sql.integrity import FileCheck
    from apoa_client.outbox.sql.store import Outbox

_TAKE_KEYS = msg("Take the key from one of them with apoa key export FILE, and here: apoa key import FILE")


class Member(NamedTuple):
    """A login of the server that may save, read and send the reports of a property."""

    login: str
    property_name: str


class Prepared(NamedTuple):
    """A database that was prepared."""

    version_before: int
    """The version that was there, 0 for none."""
    was_open: bool
    """Whether every login could create functions in its schema `public`."""
    is_open: bool
    """Whether every login still can, because the administrator may not change it."""


class OutboxState(NamedTuple):
    """Where a property's reports are. What only an open outbox tells is None while `problem` is set."""

    place: str
    shared: bool
    check: "FileCheck | None"
    waiting: int | None
    """Reports that are not delivered and decided on."""
    oldest_at: datetime | None
    """When the oldest report was made that waits to be sent; None also if none waits."""
    left: int
    """Open reports that another outbox still has: this computer's file beside a shared one, or the one before."""
    problem: ApoaError | None = None
    """Why the outbox cannot be used, or why reports are left in the other one."""


def prepare(address: ServerAddress, password: str | None, members: Sequence[Member]) -> Prepared:
    """Make or update the tables of the outbox as the user of the address, then add the members.

    Raises what `outbox.postgres.store` does, `SettingsProblem` without the driver, and `UsageProblem` for a login that
    the server does not have.
    """
    from apoa_client.outbox.postgres import require_driver

    require_driver()
    from apoa_client.outbox.postgres.store import add_member, create_schema, may_create_in_public

    was_open = may_create_in_public(address, password)
    version = create_schema(address, password)
    is_open = was_open and may_create_in_public(address, password)
    for each in members:
        try:
            add_member(address, password, each.login, each.property_name)
        except OutboxMissing:  # the tables are there
            raise UsageProblem(
                msg("The server has no login {login}.", login=each.login),
                msg(
                    "Create it there first, with a password of its own, as: CREATE ROLE {login} LOGIN", login=each.login
                ),
                name="no_such_login",
            ) from None
    return Prepared(version, was_open, is_open)


def log_in(app: Container, password: str, *, test: bool) -> None:
    """Store the password of the shared outbox's database, after a test. What the test raises stores nothing."""
    settings = app.settings
    if not settings.has_shared_outbox:
        raise UsageProblem(
            msg("The reports of {name} are in a file on this computer, which needs no password.", name=settings.name),
            msg("For a shared outbox, first: apoa config set outbox postgresql://user@host/database"),
        )
    if test:
        with closing(app.outbox_opener(settings).shared(password)) as outbox:
            agree_on_keys(settings, outbox)
    app.secrets.store_outbox_password(password, outbox_binding(parse_address(settings.outbox)))


def agree_on_keys(settings: PropertySettings, outbox: "Outbox") -> None:
    """Record the property's public key in the shared outbox, and a hash of `index_key`, if there are none yet.

    The first desk that may send records them.

    Raises `SettingsProblem` if another desk seals reports to another key, or has another key of the guest hash: then
    neither desk would notice a guest who is reported at the other one.
    """
    recorded, ours = outbox.value(PUBLIC_KEY), settings.public_key.strip()
    if recorded is None:
        with _if_allowed():
            outbox.record_public_key(ours)
    elif recorded != ours:
        raise SettingsProblem(
            msg("Other computers of {name} have another key in the shared outbox.", name=settings.name),
            _TAKE_KEYS,
            name="outbox_of_another_key",
        )
    recorded, ours = outbox.value(INDEX_KEY_HASH), _index_key_hash(settings)
    if recorded is None and settings.index_key:
        with _if_allowed():
            outbox.record(INDEX_KEY_HASH, ours)
    elif recorded not in {None, ours}:
        raise SettingsProblem(
            msg(
                "Other computers of {name} have another index_key for guests who are reported twice.",
                name=settings.name,
            ),
            _TAKE_KEYS,
            name="outbox_of_another_index_key",
        )


@contextmanager
def _if_allowed() -> Iterator[None]:
    """Go on if the login is one of a desk that may not send: such a login writes no keys."""
    try:
        yield
    except SettingsProblem as exc:
        if exc.name != "outbox_not_allowed":
            raise


def _index_key_hash(settings: PropertySettings) -> str:
    from hashlib import sha256

    return sha256(b"apoa index_key" + bytes.fromhex(settings.index_key)).hexdigest()


def take_index_key(app: Container, index_key: str) -> None:
    """Use the key of the guest hash of another computer of the property; nothing changes if it is empty or the same.

    What the file on this computer has is hashed again, once the private key is at hand.
    """
    settings = app.saved_settings(app.settings)
    if index_key in {"", settings.index_key}:
        return
    from apoa_client.outbox.sql.reseal import forget_tags

    path = app.folders.outbox(settings.name)
    if path.exists():
        with closing(app.outbox_opener(settings).own_file()) as own_file, own_file.database.transaction():
            forget_tags(own_file.database)
    app.save_settings(settings._replace(index_key=index_key), settings)


def describe(app: Container) -> OutboxState:
    """Return where the reports of the property are. Raises `StorageProblem` for a file on this computer."""
    settings = app.settings
    opener = app.outbox_opener(settings)
    shared = settings.has_shared_outbox
    place = parse_address(settings.outbox).place if shared else str(app.folders.outbox(settings.name))
    problem: ApoaError | None = None
    check: FileCheck | None = None
    waiting: int | None = None
    oldest_at: datetime | None = None
    try:
        check = app.outbox.check_file(lambda: True)
        now = app.clock.now()
        counts = app.outbox.summary(now=now, soon=now).counts
        oldest_at = app.outbox.oldest_waiting_at()
        waiting = sum(counts[state] for state in OPEN_STATES)
    except (StorageProblem, CredentialsProblem, SettingsProblem) as exc:
        if not shared:
            raise
        problem = exc
    left = opener.waiting_here() if shared else app.handed_over.left
    return OutboxState(place, shared, check, waiting, oldest_at, left, problem or app.handed_over.problem)


def require_decided(outbox: "Outbox") -> None:
    """Raise `UsageProblem` while stays are undecided that may be practice: a shared outbox would send them."""
    undecided = outbox.value(PRACTICE_UNDECIDED)
    if undecided:
        line = msg("Practice or real? Undecided, and not sent: {count}.", count=len(undecided))
        raise UsageProblem(line, msg("Decide with: apoa sync"))


class OutboxSwitch:
    """The change of the setting `outbox` of a property to `to`. Raises `UsageProblem` if it is not possible."""

    def __init__(self, app: Container, to: str) -> None:
        self._app = app
        self._before = app.saved_settings(app.settings)
        self.after = after_switch(self._before, to)
        if self._before.has_shared_outbox and self.after.has_shared_outbox:
            raise UsageProblem(
                msg("An outbox is not moved from one server to another at once."),
                msg("First move it to this computer: apoa outbox move --to sqlite. Then to the other server."),
            )
        if app.settings.outbox != self._before.outbox:
            raise UsageProblem(
                msg("{variable} names another outbox than the settings do.", variable="APOA_OUTBOX"),
                msg("Remove the variable, then move the outbox."),
            )
        if self.after.has_shared_outbox:
            with suppress(StorageProblem):  # the move itself names it
                require_decided(app.outbox)

    def count(self) -> int:
        """Return how many reports there are to be moved. Raises `StorageProblem`."""
        now = self._app.clock.now()
        with self._app.outbox_of(self._before) as outbox:
            return sum(outbox.summary(now=now, soon=now).counts.values())

    def run(self, password: str | None = None) -> HandedOver:
        """Use the new outbox from now on, and hand over what the one before has; return what was handed over.

        `password` is that of the new database; None if it is stored, or not needed. Raises `CredentialsProblem`,
        `SettingsProblem` or `StorageProblem` if the new outbox cannot be used: then nothing was changed.
        """
        opener = self._app.outbox_opener(self.after)
        new = opener.shared(password) if self.after.has_shared_outbox else opener.own_file(create=True)
        with closing(new):
            if self.after.has_shared_outbox:
                agree_on_keys(self.after, new)
            with suppress(ApoaError), self._app.outbox_of(self._before) as old:  # it may not answer
                now = self._app.clock.now()
                known = old.summary(now=now, soon=now)
                if known.suspension is not None:
                    new.set_suspension(known.suspension)
                if known.hold_until is not None:
                    new.hold(known.hold_until)
                if known.code_confirmed_for is not None:
                    new.record_code_confirmed(known.code_confirmed_for)
        secrets = self._app.secrets_of(self.after, prompt=False)
        if password is not None:
            secrets.store_outbox_password(password, outbox_binding(parse_address(self.after.outbox)))
        secrets.store_outbox_version(None)  # of what was in such an outbox before
        self._app.save_settings(self.after, self._before)
        with closing(Container(self._app.environ, self._app.clock, self.after.name)) as app:
            app.hand_over(history=True)
            return app.handed_over


def after_switch(before: PropertySettings, to: str) -> PropertySettings:
    """Return the settings that name another outbox, and the one before if that is to hand over what it has.

    Another server is taken for another address of the same outbox. Raises `UsageProblem` for the outbox in use, and
    while yet another one has reports.
    """
    if to == before.outbox:
        raise UsageProblem(
            msg("The reports of {name} are there already.", name=before.name),
            msg("See where they are with: apoa outbox show"),
        )
    if before.outbox_before not in {"", to}:
        raise UsageProblem(
            msg("Not all reports of the outbox before are here yet: {place}", place=before.outbox_before),
            msg("Send and take over what is there with: apoa sync. Then move the outbox."),
            name="outbox_not_empty",
        )
    is_left = before.has_shared_outbox and to == SQLITE
    return before._replace(outbox=to, outbox_before=before.outbox if is_left else "")
