"""`--plain`: lines for a screen reader, without columns, boxes, colours or signs."""

import re
import sys
from typing import Any

import pytest
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, XIMENA, Apoa, CallResult

from apoa_client.cli.terminal.command_names import COMMANDS

FIRST, SECOND = QUENTIN.lines
MISREAD = SECOND.replace("850912", "850913")
SIGNS = re.compile(r"^\s|\S  |^[x!*?-] |[→…│─┃━✗✓•]|\x1b", re.MULTILINE)
"""Indents, gaps between columns, signs at the start of a line, box characters and colours."""


def assert_plain(text: str) -> None:
    """Assert that a text has no visual layout."""
    found = [line for line in text.splitlines() if SIGNS.search(line)]
    assert not found, found


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal on both streams, so that colours and boxes would be printed."""
    del capsys  # requested so that its streams, which are of this class, are in place
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)


@pytest.fixture
def reports(configured: Apoa) -> list[dict[str, Any]]:
    """Return the reports of three guests, one of them corrected."""
    for guest in (QUENTIN, XIMENA):
        assert configured(*guest.mrz()).code == 0
    configured.save(OBADIAH, "--stay-until", "2026-11-25")
    short = configured.reports()[0]["short_id"]
    assert configured("amend", short, "--room", "8", "--reason", "pindah").code == 0
    return configured.reports()


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_output_of_every_command_is_plain(configured: Apoa, reports: list[dict[str, Any]], lang: str) -> None:
    """Tables, stays, errors and warnings are plain, by the option and by the environment."""
    ids = [report["short_id"] for report in reports]
    calls = (
        *(["status"], ["status", "--tonight"], ["list"], ["list", "--in-house"], ["log"], ["info"], ["info", "visa"]),
        *(["show", ids[0]], ["show", ids[2]], ["receipt", ids[0]], ["key", "show"], ["purge"], ["nonsense"]),
        *(["check", "--mrz", FIRST, "--mrz", MISREAD], ["check", "--surname", "A1"], ["check", *QUENTIN.mrz()[1:5]]),
        *(["report", "--surname", "A1"], QUENTIN.mrz(), QUENTIN.typed("--dry-run", "--again"), ["show", "zz"]),
        *(["checkout", ids[0]], ["cancel", ids[2]], ["sync"], ["backup", str(configured.home / "b")]),
        *(["restore", str(configured.home / "b"), "--dry-run"], ["restore", str(configured.home / "b")]),
    )
    for call in calls:
        assert_plain(run_command(configured, "--plain", *call, lang=lang).all)
        assert_plain(run_command(configured, *call, lang=lang, APOA_PLAIN="1").all)


def run_command(apoa: Apoa, *call: str, **environ: str) -> CallResult:
    """Return the output of a call, which may fail but not by a bug."""
    result = apoa(*call, **environ)
    assert result.all
    assert result.code != 1, result.err
    return result


@pytest.mark.parametrize("lang", LANGUAGES)
def test_help_is_plain(apoa: Apoa, lang: str) -> None:
    """Help shows each option, a colon, and what it does."""
    calls = [[], *([name] for name in COMMANDS), ["key", "rotate"]]
    for call in calls:
        result = apoa("--plain", *call, "--help", lang=lang)
        assert result.code == 0
        assert_plain(re.sub(r"'[^']*'", "''", result.out))
    listed = "lapor: " if lang == "id" else "report [lapor]: "
    assert f"\n{listed}" in apoa("--plain", "--help", lang=lang).out


class TestAtATerminal:
    """Questions at a terminal are plain."""

    @pytest.mark.usefixtures("terminal")
    def test_reporting_by_hand(self, away: Apoa) -> None:
        """Each value follows its label in APOA and a colon."""
        away.save(QUENTIN)
        result = away("--plain", "sync", "--by-hand", keys=["?", "q"])
        assert_plain(result.all)
        assert "Nama Keluarga: ZYKOWSKI" in result.err.splitlines() or "ZYKOWSKI" in result.err


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("ya", True), ("0", False), ("", False)])
def test_plain_by_the_environment(away: Apoa, value: str, *, wanted: bool) -> None:
    """Any value but an empty one and 0 turns plain lines on, for one call."""
    assert ("Waiting to be sent: 0" in away("status", APOA_PLAIN=value).out) is wanted
    assert "Waiting to be sent: 0" not in away("status").out


def test_json_is_unchanged(away: Apoa) -> None:
    """The JSON is the same with `--plain`."""
    away.save()
    assert away("--plain", "list", "--json").json == away("list", "--json").json
