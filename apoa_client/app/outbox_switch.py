"""Another outbox for a property: the setting is the switch, and what the outbox before has is handed over.

One atomic change of the settings file names the new outbox, and the one before. From then on reports are saved and sent
there, and every command hands over what is still in the one before: after a kill at any moment no guest is refused.
"""

from contextlib import closing, suppress

from apoa_client.app.container import Container
from apoa_client.app.password_binding import outbox_binding
from apoa_client.app.shared_outbox import agree_on_keys
from apoa_client.errors import ApoaError, UsageProblem
from apoa_client.messages import msg
from apoa_client.ports.state import HandedOver
from apoa_client.settings.config import SQLITE, PropertySettings
from apoa_client.settings.outbox_address import parse_address


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
