"""`apoa` without a command: at a terminal it shows the state and the next command; elsewhere it is a usage error."""

from datetime import timedelta

import click
import pytest
from cli_helpers import GUESTS, LANGUAGES, QUENTIN, XIMENA, Apoa, CallResult, Serve, spoken, typed_in

from apoa_client.errors import StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.store import SqliteOutbox

HAND = ["setup", "--non-interactive", "--property", "melati", "--by-hand", "--vault", "file"]
TYPED = {"en": ("apoa report", "apoa checkout"), "id": ("apoa lapor", "apoa keluar")}


def bare(apoa: Apoa, *options: str, lang: str = "en") -> CallResult:
    """Run the program without a command at a terminal and return the result without colours."""
    with apoa.monkeypatch.context() as patch:
        patch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        result = apoa(*options, keys=[], lang=lang)
    return result._replace(out=click.unstyle(result.out))


def assert_lines(result: CallResult, *sentences: str) -> None:
    """Assert that each sentence is a line of the output, in this order."""
    lines = result.out.splitlines()
    positions = [lines.index(sentence) for sentence in sentences]
    assert positions == sorted(positions)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_set_up(apoa: Apoa, lang: str) -> None:
    """Without a property the output suggests set-up, the demo and help, and no file is made."""
    result = bare(apoa, lang=lang)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0] == spoken(lang, "Nothing is set up on this computer yet. Begin with:")
    commands = [line.split("  ")[1] for line in result.out.splitlines()[1:4]]
    assert commands == [typed_in(lang, command) for command in ("apoa setup", "apoa demo", "apoa help")]
    assert not apoa.home.exists()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_a_terminal_it_is_a_usage_error(away: Apoa, lang: str) -> None:
    """Without a terminal on stdout or stdin the command prints the help and exits with 2."""
    for result in (away(lang=lang), away(keys=[], lang=lang), away("-v", lang=lang)):
        assert (result.code, result.out) == (2, "")
        assert click.unstyle(result.err) == away("--help", lang=lang).out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_new_property(configured: Apoa, lang: str) -> None:
    """The output shows the property, that it has no reports, and the daily commands."""
    result = bare(configured, lang=lang)
    assert (result.code, result.err) == (0, "")
    training = spoken(lang, "training, nothing reaches Immigration")
    assert_lines(result, f"melati  ({training})", spoken(lang, "No guest was reported yet."))
    for command in (*TYPED[lang], typed_in(lang, "apoa status --tonight")):
        assert f"\n  {command}  " in result.out
    assert result.out.splitlines()[-1] == spoken(lang, "All commands: apoa --help. Something unusual: apoa help")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unfinished_guest(away: Apoa, lang: str) -> None:
    """Nothing reassures while a guest is unfinished."""
    away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
    result = bare(away, lang=lang)
    assert_lines(result, spoken(lang, "Unfinished guests: {count}. Continue with: apoa report", count=1))
    assert spoken(lang, "No guest was reported yet.") not in result.out


def test_everything_is_sent(configured: Apoa) -> None:
    """When everything is sent, the output says that nothing waits."""
    assert configured(*QUENTIN.mrz()).code == 0
    assert_lines(bare(configured), "Nothing waits.")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_open_work_is_shown_with_its_command(apoa: Apoa, serve: Serve, lang: str) -> None:
    """Refused, waiting and undecided reports and near deadlines are shown with the command for each."""
    apoa.set_up(serve("reject,pending").base_url)
    for guest in GUESTS[:2]:
        apoa(*guest.mrz())
    apoa.save(GUESTS[2])
    apoa.clock.forward(timedelta(hours=20))
    result = bare(apoa, lang=lang)
    assert result.code == 0
    assert_lines(
        result,
        spoken(lang, "Refused: {count}. Correct each with: apoa fix ID", count=1),
        spoken(lang, "Waiting: {count}. Send them with: apoa sync", count=1),
        spoken(lang, "Waiting for the authority to decide: {count}. The next apoa sync asks again.", count=1),
        spoken(lang, "Due within 6 hours: {count}", count=3),
    )
    refused = next(report for report in apoa.reports() if report["state"] == "rejected")
    assert typed_in(lang, f"apoa fix {refused['short_id']}") in result.out
    assert not [word for guest in GUESTS for word in guest.words if word in result.out]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_property_that_reports_by_hand(apoa: Apoa, lang: str) -> None:
    """Without a reporting server the output suggests `apoa sync --by-hand`."""
    assert apoa(*HAND).code == 0
    apoa.save()
    assert_lines(
        bare(apoa, lang=lang), spoken(lang, "To be typed into APOA: {count}. Begin with: apoa sync --by-hand", count=1)
    )


def test_at_most_five_reports_are_listed(away: Apoa) -> None:
    """Five waiting reports are listed and the rest are counted, so that the output fits the screen."""
    for number in range(7):
        away.save(XIMENA, "--document-number", f"QW765432{number}", "--accept-check-digit", "--room", str(number))
    result = bare(away)
    assert_lines(result, "Waiting: 7. Send them with: apoa sync", "  ... and 2 more: apoa list")
    assert len(result.out.splitlines()) < 24


def test_property_option(away: Apoa) -> None:
    """`--property` selects the property; an unknown one exits with 78."""
    away.set_up(name="kebun")
    assert bare(away, "--property", "kebun").out.startswith("kebun  (")
    unknown = bare(away, "--property", "mawar")
    assert unknown.code == 78
    assert "There is no property mawar in the settings." in unknown.err


def test_a_damaged_file(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts are shown although the entries cannot be read; the error follows, with its exit code."""

    def damaged(*_args: object) -> None:
        raise StorageProblem(msg("The result cannot be written: {reason}.", reason="x"))

    away.save()
    monkeypatch.setattr(SqliteOutbox, "entries", damaged)
    result = bare(away)
    assert result.code == 78
    assert_lines(result, "Waiting: 1. Send them with: apoa sync")
    assert "cannot be written" in result.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_narrow_terminal(away: Apoa, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line is shorter than 60 columns, with a property and without."""
    monkeypatch.setenv("COLUMNS", "60")
    away.save()
    nothing = {"APOA_HOME": str(away.home / "none")}
    for apoa in (away, Apoa({**away.environ, **nothing}, away.clock, away.capsys, away.monkeypatch)):
        assert max(map(len, bare(apoa, lang=lang).out.splitlines())) < 60
