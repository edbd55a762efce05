"""What the authority would say about reports that are only checked, within the short time limits of the desk."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from apoa_client.app.container import Container
from apoa_client.authority.address import Timeouts
from apoa_client.cli.prompts.save_and_send import SEND_TIMEOUT_S, SENDING_S
from apoa_client.cli.views.online import Online
from apoa_client.delivery.single_call import SingleCalls
from apoa_client.errors import ApoaError, UnreadableAnswer
from apoa_client.messages import msg
from apoa_client.passport.mrz import Mrz
from apoa_client.ports.authority import Authority
from apoa_client.report.draft import Draft
from apoa_client.report.model import Report
from apoa_client.report.wire import to_json


class OnlineCheck:
    """Asks the authority of the property. It stores nothing, and after an error it is not asked again."""

    def __init__(self, app: Container) -> None:
        self._app = app
        self._error: ApoaError | None = None

    def of_reports(self, reports: Sequence[Report]) -> list[Online]:
        """Return what the authority would say about each report, or why it was not asked."""
        if self._error is None:
            try:
                return self._ask(reports)
            except ApoaError as exc:
                self._error = exc
        return [Online(error=self._error) for _report in reports]

    def of_document(self, typed: Mapping[str, str], mrz: Mrz | None) -> Online | None:
        """Return the answer about the guest of a valid document, as if they arrived now, for one night.

        Where details of the guest are missing, the answer names them. None where there are other errors.
        """
        desk = self._app.reachable_desk
        examination = desk.examine(Draft({**typed, "nights": "1"}, mrz))
        if not examination.errors:
            return self.of_reports([desk.compose(examination)])[0]
        missing = tuple(error.field for error in examination.errors if error.code == "missing")
        return Online(missing=missing) if len(missing) == len(examination.errors) else None

    def _ask(self, reports: Sequence[Report]) -> list[Online]:
        app, bodies = self._app, [(report.id, to_json(report)) for report in reports]
        outbox = app.ask(lambda each: each.outbox)
        settings = app.settings
        calls = SingleCalls(outbox, lambda: self._authority, app.clock, settings.fingerprint, settings.identity)
        found = {verdict.id: verdict for verdict in calls.validate(bodies)}
        unreadable = UnreadableAnswer(msg("The authority's answer about this report cannot be read."))
        return [Online(found[report.id]) if report.id in found else Online(error=unreadable) for report in reports]

    @cached_property
    def _authority(self) -> Authority:
        self._app.guest_waits = True
        ends_at = self._app.clock.monotonic() + SENDING_S
        timeouts = Timeouts(SEND_TIMEOUT_S, SEND_TIMEOUT_S, SEND_TIMEOUT_S)
        return self._app.connect(timeouts, lambda: ends_at - self._app.clock.monotonic())
