"""Several processes at once, and processes that are asked to end in the middle of a delivery."""

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from cli_helpers import QUENTIN, XIMENA, Installed, spoken
from journeys_helpers import in_each_language


@pytest.fixture
def slow(apoa: Installed, sandbox: Callable[..., Any]) -> Installed:
    """A property whose authority takes its time for the first call, with one report that waits."""
    assert apoa.set_up(sandbox("slow=4").url, "latihan").code == 0
    assert apoa(*QUENTIN.mrz("--no-send")).code == 0
    return apoa


def test_one_delivers_and_the_other_leaves_it_to_that_one(slow: Installed) -> None:
    """Whichever comes first: one sends, the other says so, both exit with 0, and nothing is sent twice."""
    both = [slow.start("sync", "--json") for _process in range(2)]
    said = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted((value["busy"], value["accepted"], value["left"] > 0) for value in said) == [
        (False, 1, False),
        (True, 0, True),
    ]
    assert [report["attempts"] for report in slow.reports()] == [1]


@pytest.mark.slow
@in_each_language
def test_it_is_said_in_words(slow: Installed, lang: str) -> None:
    """The one that leaves it to the other says that, and nothing else."""
    both = [slow.start("sync", APOA_LANG=lang) for _process in range(2)]
    said = sorted(process.communicate(timeout=60)[0] for process in both)
    assert said == sorted(
        [
            spoken(lang, "Another apoa command is sending at this moment. It sends what waits here, too.") + "\n",
            spoken(lang, "sent {count}", count=1) + "\n",
        ]
    )


@pytest.mark.slow
def test_a_report_made_meanwhile_goes_with_it(slow: Installed) -> None:
    """It is saved at once, the desk waits a little for its turn, and in the end both are there once."""
    syncing = slow.start("sync", "--json")
    said = slow(*XIMENA.mrz("--json"))
    assert said.code == 0
    syncing.communicate(timeout=60)
    assert syncing.returncode == 0
    assert slow("sync").code == 0
    assert [(report["state"], report["attempts"]) for report in slow.reports()] == [("accepted", 1)] * 2


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_asked_to_end_in_the_middle_of_a_call(slow: Installed, number: signal.Signals, code: int) -> None:
    """It leaves at once, the report waits in the queue and for no lease, and goes again under the same id."""
    process = slow.start("sync")
    while slow("status", "--json").json["counts"]["sending"] == 0:
        assert process.poll() is None
    process.send_signal(number)
    _out, err = process.communicate(timeout=5)
    assert process.returncode == code
    assert "Traceback" not in err
    assert "What was saved is kept." in err
    [waiting] = slow.reports()
    assert (waiting["state"], waiting["last_error"]) == ("queued", "unknown_outcome")
    assert slow("sync", "--json").json["accepted"] == 1
