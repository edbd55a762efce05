"""`apoa` alone: at a terminal it says where things stand and what comes next; in a pipe it is a mistake as ever."""

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
    """The program without a command, at a terminal; what it said, without colours."""
    with apoa.monkeypatch.context() as patch:
        patch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        said = apoa(*options, keys=[], lang=lang)
    return said._replace(out=click.unstyle(said.out))


def told(said: CallResult, *sentences: str) -> None:
    """Each stands on a line of its own, in this order."""
    lines = said.out.splitlines()
    at = [lines.index(sentence) for sentence in sentences]
    assert at == sorted(at)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_set_up(apoa: Apoa, lang: str) -> None:
    """Then that is what comes next, or the demo, or help; and no file is made."""
    said = bare(apoa, lang=lang)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[0] == spoken(lang, "Nothing is set up on this computer yet. Begin with:")
    commands = [line.split("  ")[1] for line in said.out.splitlines()[1:4]]
    assert commands == [typed_in(lang, command) for command in ("apoa setup", "apoa demo", "apoa help")]
    assert not apoa.home.exists()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_in_a_pipe_it_is_a_mistake(away: Apoa, lang: str) -> None:
    """The usual help, and exit 2, whether standard output is a pipe or nobody is there; with an option too."""
    for said in (away(lang=lang), away(keys=[], lang=lang), away("-v", lang=lang)):
        assert (said.code, said.out) == (2, "")
        assert click.unstyle(said.err) == away("--help", lang=lang).out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_new_property(configured: Apoa, lang: str) -> None:
    """Which one it is, that there is nothing yet, and what is done here day by day."""
    said = bare(configured, lang=lang)
    assert (said.code, said.err) == (0, "")
    training = spoken(lang, "training, nothing reaches Immigration")
    told(said, f"melati  ({training})", spoken(lang, "No guest was reported yet."))
    for command in (*TYPED[lang], "apoa status --tonight"):
        assert f"\n  {command}  " in said.out
    assert said.out.splitlines()[-1] == spoken(lang, "All commands: apoa --help. Something unusual: apoa help")


def test_all_is_sent(configured: Apoa) -> None:
    """Nothing waits."""
    assert configured(*QUENTIN.mrz()).code == 0
    told(bare(configured), "Nothing waits.")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_to_be_done_comes_first(apoa: Apoa, serve: Serve, lang: str) -> None:
    """Refused, waiting, undecided, and the deadlines: each with the command that gets it further."""
    apoa.set_up(serve("reject,pending").base_url)
    for guest in GUESTS[:2]:
        apoa(*guest.mrz())
    apoa.save(GUESTS[2])
    apoa.clock.forward(timedelta(hours=20))
    said = bare(apoa, lang=lang)
    assert said.code == 0
    told(
        said,
        spoken(lang, "Refused: {count}. Correct each with: apoa fix ID", count=1),
        spoken(lang, "Waiting: {count}. Send them with: apoa sync", count=1),
        spoken(lang, "Waiting for the authority to decide: {count}. Nothing to do.", count=1),
        spoken(lang, "Due within 6 hours: {count}", count=3),
    )
    refused = next(report for report in apoa.reports() if report["state"] == "rejected")
    assert f"apoa fix {refused['short_id']}" in said.out
    assert not [word for guest in GUESTS for word in guest.words if word in said.out]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_typed_by_hand(apoa: Apoa, lang: str) -> None:
    """Where no server takes reports, what waits is typed."""
    assert apoa(*HAND).code == 0
    apoa.save()
    told(
        bare(apoa, lang=lang), spoken(lang, "To be typed into APOA: {count}. Begin with: apoa sync --by-hand", count=1)
    )


def test_many_wait(away: Apoa) -> None:
    """Five are told one by one, the rest by their number: what can be done stays on the screen."""
    for number in range(7):
        away.save(XIMENA, "--document-number", f"QW765432{number}", "--accept-check-digit", "--room", str(number))
    said = bare(away)
    told(said, "Waiting: 7. Send them with: apoa sync", "  ... and 2 more: apoa list")
    assert len(said.out.splitlines()) < 24


def test_which_property(away: Apoa) -> None:
    """The one that is asked for; one that is none is a mistake in the settings, as in every command."""
    away.set_up(name="kebun")
    assert bare(away, "--property", "kebun").out.startswith("kebun  (")
    unknown = bare(away, "--property", "mawar")
    assert unknown.code == 78
    assert "There is no property mawar in the settings." in unknown.err


def test_a_damaged_file(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be counted is told all the same, then the damage, with its exit code."""

    def damaged(*_args: object) -> None:
        raise StorageProblem(msg("The result cannot be written: {reason}.", reason="x"))

    away.save()
    monkeypatch.setattr(SqliteOutbox, "entries", damaged)
    said = bare(away)
    assert said.code == 78
    told(said, "Waiting: 1. Send them with: apoa sync")
    assert "cannot be written" in said.err


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_narrow_terminal(away: Apoa, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty columns hold all of it, set up or not."""
    monkeypatch.setenv("COLUMNS", "60")
    away.save()
    nothing = {"APOA_HOME": str(away.home / "none")}
    for apoa in (away, Apoa({**away.environ, **nothing}, away.clock, away.capsys, away.monkeypatch)):
        assert max(map(len, bare(apoa, lang=lang).out.splitlines())) < 60
