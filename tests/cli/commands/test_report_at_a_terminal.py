"""`apoa report` with options at a terminal: missing and invalid values are asked for."""

import pytest
from cli_helpers import LANGUAGES, QUENTIN, XIMENA, Apoa, spoken


class TestAtATerminal:
    """At a terminal the command asks for what is missing or invalid."""

    def test_a_typed_guest_needs_no_mrz(self, away: Apoa) -> None:
        """With a typed name the MRZ is not asked for; an invalid number of nights is asked for again."""
        result = away(*QUENTIN.typed("--no-send", "--nights", "0"), keys=["3", "y"])
        assert result.code == 0, result.all
        assert "MRZ" not in result.err
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-27"

    def test_a_missing_name_is_asked_for(self, away: Apoa) -> None:
        """Surname and given names are both asked for, because one may be empty."""
        options = ["--document-number", "ZX1234567", "--nationality", "POL", "--birth-date", "1985", "--sex", "L"]
        rest = ["--expiry-date", "2032-03-28", "--birth-place", "GDANSK", "--nights", "2"]
        result = away("report", "--no-send", *options, *rest, keys=["", "QUENTIN", "y"])
        assert result.code == 0, result.all
        assert away.reports()[0]["guest"]["given_names"] == "QUENTIN"

    def test_a_check_out_that_is_too_early_is_replaced(self, away: Apoa) -> None:
        """The number of nights is asked for and replaces an invalid check-out date."""
        result = away(*QUENTIN.mrz("--no-send", "--planned-check-out", "2026-11-24"), keys=["3", "y"])
        assert result.code == 0, result.all
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-27"

    def test_an_indonesian_guest_is_refused_without_a_question(self, away: Apoa) -> None:
        """An Indonesian guest is refused, because no other answer can make the report valid."""
        result = away(*QUENTIN.typed("--nationality", "Indonesia"), keys=[])
        assert result.code == 65
        assert "Indonesian" in result.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_answer_no_saves_nothing(self, away: Apoa, lang: str) -> None:
        """The report is shown before the question, and the answer no saves nothing."""
        result = away(*QUENTIN.mrz(), keys=["n"], lang=lang)
        assert (result.code, result.out) == (0, "")
        assert spoken(lang, "Nothing was saved.") in result.err
        assert QUENTIN.birth_place in result.err
        assert away.reports() == []

    @pytest.mark.parametrize(
        ("answers", "saved"),
        [(["y"], 1), (["Ya"], 1), (["YES"], 1), ([""], 1), (["t"], 0), (["tidak"], 0), (["no"], 0), (["?", "n"], 0)],
    )
    def test_answers_in_both_languages(self, away: Apoa, answers: list[str], saved: int) -> None:
        """Enter alone means yes; any other answer than yes or no is asked again."""
        assert away(*QUENTIN.mrz("--no-send"), keys=answers, lang="id").code == 0
        assert len(away.reports()) == saved

    def test_yes_asks_nothing(self, away: Apoa) -> None:
        """With `--yes` and all values given, nothing is asked."""
        assert away(*QUENTIN.mrz("--yes", "--no-send"), keys=[]).code == 0
        assert len(away.reports()) == 1

    def test_json_asks_nothing(self, away: Apoa) -> None:
        """With `--json` nothing is asked, also at a terminal."""
        assert away("report", "--json", keys=[]).code == 65

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_the_end_of_input_saves_nothing(self, away: Apoa, lang: str) -> None:
        """The end of input (Ctrl-D) at a question exits with 130, like Ctrl-C."""
        result = away(*QUENTIN.mrz(), keys=[], lang=lang)
        assert result.code == 130
        assert spoken(lang, "Stopped. What was saved is kept.") in result.err
        assert away.reports() == []

    def test_the_report_is_shown_in_the_readers_language(self, away: Apoa) -> None:
        """The shown report has the labels of the questions, states by name and dates in words."""
        result = away(*XIMENA.mrz("--entry-date", "2026-11-20", "--stay-until", "2026-12-20"), keys=["n"], lang="id")
        for words in ("Tempat lahir", "Spanyol (ESP)", "29 Feb 1992", "perempuan", "wisata", "20 Des 2026"):
            assert words in result.err
