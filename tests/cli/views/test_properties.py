"""The table of every property: the most urgent first, and short where there are many."""

import pytest
from outbox_helpers import HOUR, NOON

from apoa_client.app.property_status import status_without_settings
from apoa_client.cli.views import properties
from apoa_client.cli.views.properties import PropertyState, show_properties
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.ports.state import Overview, Summary, Suspension
from apoa_client.report.kinds import State
from apoa_client.settings.config import PropertySettings


def state(name: str, *, overdue: int = 0, soon: int = 0, **more: object) -> PropertyState:
    """A property, by its numbers of reports in some states, and what else its summary has."""
    counts = {each: int(str(more.pop(each.value, 0))) for each in State}
    summary = Summary(counts, overdue, soon, None, None, None)._replace(**more)  # type: ignore[arg-type]
    settings = PropertySettings(name, "https://authority.example/v1", public_key="")
    return PropertyState(name, settings, status_without_settings(Overview(summary, None, None), NOON))


STATES = (
    state("quiet", accepted=900),
    PropertyState("no-answer", away=True),
    state("pending", pending=1),
    state("later", queued=1, next_due_at=NOON + 9 * HOUR),
    state("waiting", queued=9, next_due_at=NOON + 8 * HOUR),
    state("soon", queued=1, soon=1, next_due_at=NOON + HOUR),
    state("overdue", queued=1, overdue=1, next_due_at=NOON - HOUR),
    state("refused", rejected=1, next_due_at=NOON + HOUR),
    state("stopped", suspension=Suspension("wrong_password", NOON, "")),
    state("changed", doubts=(Doubt(DoubtKind.STATE, "x"),)),
    PropertyState("damaged"),
)
"""The least urgent first."""


def names(shown: str) -> list[str]:
    """The first word of each line of a table."""
    return [line.split()[0] for line in shown.splitlines() if line]


def test_the_most_urgent_is_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong, overdue, due soon and waiting, each by the next deadline; then the order of the settings."""
    show_properties(STATES, everything=False)
    assert names(capsys.readouterr().out)[1:-1] == [
        *("damaged", "refused", "stopped", "changed", "overdue", "soon", "waiting", "later", "pending"),
        *("no-answer", "quiet"),
    ]


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("terminal", [False, True])
def test_many_properties(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, everything: bool, terminal: bool
) -> None:
    """At a terminal those that need no attention are counted, unless all are asked for; elsewhere each has its row."""
    monkeypatch.setattr(properties, "is_terminal", lambda _stream: terminal)
    many = [*STATES, *(state(f"quiet-{number}") for number in range(989))]
    show_properties(many, everything=everything)
    shown = capsys.readouterr().out
    if everything or not terminal:
        assert len(names(shown)) == 1 + len(many) + 1
        return
    assert len(names(shown)) == 1 + 9 + 4
    assert shown.splitlines()[-4:] == [
        "1 more property whose server does not answer.",
        "990 more properties where nothing waits and nothing is wrong.",
        "All of them: apoa -v status --all",
        "More about one: apoa --property NAME status",
    ]


def test_nothing_that_needs_attention(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No empty table."""
    monkeypatch.setattr(properties, "is_terminal", lambda _stream: True)
    show_properties([state(f"quiet-{number}") for number in range(30)], everything=False)
    assert capsys.readouterr().out.startswith("30 more properties where")
