"""The deadline through the installed command: status, warnings, hand-over of a night, desktop notices."""

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import OBADIAH, QUENTIN, XIMENA, Guest, Installed, readable_in, spoken, spoken_count, typed_in
from desktop_helpers import FakeDesktop, needs_posix
from journeys_helpers import in_each_language

pytestmark = pytest.mark.slow

Start = Callable[..., Any]
"""Starts a `Sandbox`."""

AT_ONCE = (
    "import random, sys; random.uniform = lambda low, high: 0.0; "
    "from apoa_client.cli.main import main; sys.argv[0] = 'apoa'; sys.exit(main())"
)
"""The program without the schedule's random pause."""


def ago(hours: int, minutes: int = 0) -> str:
    """Returns a check-in time this long before now. Its deadline is 24 hours later."""
    return (datetime.now(UTC) - timedelta(hours=hours, minutes=minutes)).isoformat(timespec="seconds")


def save(apoa: Installed, guest: Guest, check_in: str, *more: str) -> dict[str, Any]:
    said = apoa(*guest.mrz("--check-in", check_in, "--no-send", "--yes", "--json", *more))
    assert said.code == 0, said.err
    value: dict[str, Any] = said.json
    return value


def unpaused(apoa: Installed, environ: Mapping[str, str]) -> Installed:
    """Returns the same program and home at a desktop, without the schedule's random pause."""
    return Installed([sys.executable, "-c", AT_ONCE], {**apoa.environ, **environ})


@pytest.fixture
def away(apoa: Installed) -> Installed:
    """The installed command with an authority that cannot be reached."""
    assert apoa.set_up("http://127.0.0.1:9/v1", "latihan").code == 75
    return apoa


@in_each_language
def test_status_by_urgency(away: Installed, lang: str) -> None:
    """The most urgent report is first, only late ones have a warning, and no key is needed."""
    far = save(away, OBADIAH, ago(0))["short_id"]
    near = save(away, XIMENA, ago(21, 30))["short_id"]
    calm = away("status", "--alarm", lang=lang)
    assert (calm.code, calm.err) == (0, "")
    late = save(away, QUENTIN, ago(27, 30))["short_id"]
    (away.home / "melati" / "keys.json").unlink()
    loud = away("status", "--alarm", lang=lang)
    assert (loud.code, loud.err) == (75, "")
    words_of_lines = [line.split() for line in loud.out.splitlines()]
    listed = [(line, short) for line in words_of_lines for short in (far, near, late) if short in line]
    assert [short for _line, short in listed] == [late, near, far]
    assert spoken_count(lang, "{count} hour late", "{count} hours late", 3) in loud.out
    assert spoken_count(lang, "{count} hour left", "{count} hours left", 2) in loud.out
    assert spoken(lang, "Overdue: {count}. Send now: apoa sync", count=1) in loud.out
    value = away("status", "--json", "--alarm", lang=lang)
    assert (value.code, value.json["overdue"], value.json["due_within_6h"]) == (75, 1, 1)
    assert [report["short_id"] for report in value.json["urgent"]] == [late, near, far]


@in_each_language
def test_hand_over_of_a_night(apoa: Installed, sandbox: Start, lang: str) -> None:
    """Guests and due reports are shown with names, without the key by ids. A rejected report has a warning."""
    assert apoa.set_up(sandbox("reject").url, "latihan").code == 0
    refused = apoa(*QUENTIN.mrz("--json"), lang=lang).json
    waiting = save(apoa, XIMENA, ago(20))
    said = apoa("status", "--tonight", "--alarm", lang=lang)
    assert (said.code, said.err) == (75, "")
    assert spoken(lang, "Guests in house: {count}", count=2) in said.out
    assert spoken(lang, "Refused: {count}. Correct each with: apoa fix ID", count=1) in said.out
    assert all(guest.name in said.out for guest in (QUENTIN, XIMENA))
    document = apoa("status", "--tonight", "--json", lang=lang).json
    assert [report["id"] for report in document["refused"]] == [refused["id"]]
    assert {report["id"] for report in document["in_house"]} == {refused["id"], waiting["id"]}
    (apoa.home / "melati" / "keys.json").unlink()
    sealed = apoa("status", "--tonight", lang=lang)
    assert sealed.code == 0
    assert refused["short_id"] in sealed.out
    assert typed_in(lang, "apoa key recover") in sealed.err
    assert not any(word in sealed.all for guest in (QUENTIN, XIMENA) for word in guest.words)


@needs_posix
@in_each_language
def test_desktop_notice_of_the_schedule(apoa: Installed, sandbox: Start, tmp_path: Path, lang: str) -> None:
    """One notice shows counts and no personal data, and none of it is written to a file."""
    assert apoa.set_up(sandbox("reject").url, "latihan").code == 0
    save(apoa, QUENTIN, ago(1))
    desktop = FakeDesktop(tmp_path / "bin")
    desktop.install()
    scheduled = unpaused(apoa, desktop.environ)
    codes = [scheduled("sync", "--scheduled", lang=lang).code for _run in range(2)]
    assert codes == [65, 0]
    title = spoken(lang, "apoa, {name}: please look", name="melati")
    body = [spoken(lang, "Refused: {count}", count=1), spoken(lang, "What to do: apoa status")]
    assert desktop.texts() == [(title, "\n".join(body))]
    assert not any(word in desktop.shown()[0].environ for word in QUENTIN.words)
    assert readable_in(apoa.home, QUENTIN.words) == []


@needs_posix
def test_missing_desktop_tool(configured: Installed, tmp_path: Path) -> None:
    """Without a tool, or with one that fails, reports are delivered with the usual exit code."""
    for number, then in enumerate(("", "exit 1")):
        desktop = FakeDesktop(tmp_path / f"bin{number}")
        if then:
            desktop.install(then)
        late = [QUENTIN, XIMENA][number]
        configured(*late.mrz("--check-in", ago(30), "--no-send", "--yes"))
        said = unpaused(configured, desktop.environ)("sync", "--scheduled")
        assert (said.code, said.all) == (0, "")
    assert {report["state"] for report in configured.reports()} == {"accepted"}
