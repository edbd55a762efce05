"""The support file of `apoa doctor --report`: what a person who helps needs, without guests' data and secrets."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

from apoa_client.app.container import Container
from apoa_client.app.health_checks import HealthResults
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.health import CHECKS, RESULTS
from apoa_client.cli.views.labels import STATES
from apoa_client.doctor.computer import versions
from apoa_client.doctor.masking import Mask, secret_values, shown_settings
from apoa_client.doctor.reports import log_files
from apoa_client.errors import ApoaError, StorageProblem
from apoa_client.outbox.sql.metadata import SCHEDULED_RUN
from apoa_client.ports.entries import Selection
from apoa_client.report.kinds import OPEN_STATES, SOON, instant
from apoa_client.settings.config import PropertySettings
from apoa_client.vault.sealing import encode_key

_LOG_LINES = 100
_LOG_BYTES = 64 * 1024
_ERROR_NAME = r"[a-z_]{1,40}"
_MAX_OPEN = 10_000
"""Open reports whose errors are counted."""


class SupportFile:
    """Collects the text: one part for each property, and what all have in common."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def text(self) -> str:
        """Return the whole text, in Markdown and in the reader's language."""
        title = _("Support file of apoa-client")
        contents = _(
            "This file has: versions of the programs, the results of the checks, settings without what names the "
            "property or its account, the number of reports by state and by error, and the last lines of the program's "
            "log. It has no guest's data, no password, no key and no recovery code. Read it before you send it to "
            "anyone."
        )
        return "\n".join([f"# {title}", "", contents, "", *self._parts, ""])

    def add(self, app: Container, examined: HealthResults) -> None:
        """Add the results and the state of one property."""
        settings: PropertySettings | None = None
        with suppress(ApoaError):  # the results say why
            settings = app.settings
        mask = Mask(app.environ, [] if settings is None else [*secret_values(settings), *_secrets_of(app)])
        if not self._parts:
            rows = [f"{name}: {version}" for name, version in versions(examined.engine).items()]
            self._parts += _section(_("Versions"), rows)
        self._parts += _section(_("Results of the checks"), _results(examined, mask))
        if settings is not None:
            rows = [f"{name} = {text(value)}" for name, value in shown_settings(settings, mask)]
            self._parts += _section(_("Settings"), rows)
            with suppress(StorageProblem):
                self._parts += _section(_("Reports"), _counts(app))
        self._parts += _section(_("Log"), _log(app, mask))


def _section(title: str, rows: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *(f"- {row}" for row in rows or [_("nothing")]), ""]


def _secrets_of(app: Container) -> Iterator[str]:
    """Yield the secrets that can be read, so that they are masked wherever they might stand."""
    with suppress(ApoaError):
        yield encode_key(app.secrets.private_key())
    with suppress(ApoaError):
        yield app.secrets.password()


def _results(examined: HealthResults, mask: Mask) -> list[str]:
    rows = []
    for each in examined.results:
        name, result = _(CHECKS[each.name]), _(RESULTS[each.result])
        row = f"{name}: {result}. {text(mask.message(each.finding.message))}"
        if each.finding.advice is not None:
            row += f" {text(mask.message(each.finding.advice))}"
        rows.append(row)
    return rows


def _counts(app: Container) -> list[str]:
    now = app.clock.now()
    summary = app.outbox.summary(now=now, soon=now + SOON)
    states = ((_(STATES[state]), count) for state, count in summary.counts.items())
    rows = [f"{state}: {count}" for state, count in states]
    opened = islice(app.outbox.entries(Selection(OPEN_STATES)), _MAX_OPEN)
    errors = Counter(entry.last_error for entry in opened if re.fullmatch(_ERROR_NAME, entry.last_error or ""))
    rows += [f"{name}: {count}" for name, count in errors.most_common()]
    if summary.last_contact_at is not None:
        rows.append(_("Last contact with the authority: {moment}").format(moment=instant(summary.last_contact_at)))
    run = app.outbox.value(SCHEDULED_RUN)
    if run is not None:
        line = _("Last automatic run: {moment}, exit code {code}")
        rows.append(line.format(moment=instant(run.at), code=run.exit_code))
    return rows


def _log(app: Container, mask: Mask) -> list[str]:
    """Return the last lines of the log."""
    try:
        folder = app.folders.logs
    except ApoaError:
        return []
    for path in log_files(folder)[:1]:
        with suppress(OSError), path.open("rb") as file:
            file.seek(max(path.stat().st_size - _LOG_BYTES, 0))
            lines = file.read(_LOG_BYTES).decode("utf-8", "replace").splitlines()
            return [sanitize(line) for line in mask.log_lines(lines)][-_LOG_LINES:]
    return []
