"""`apoa report` with a guest given as options, and somebody at the terminal: what is missing or wrong is asked for."""

import pytest
from cli_helpers import LANGUAGES, QUENTIN, XIMENA, Apoa, spoken


class TestAtATerminal:
    """Somebody is there and is asked."""

    def test_typed_details_are_not_asked_for_an_mrz(self, away: Apoa) -> None:
        """Whoever gives the name types; a number of nights that is none is asked for again."""
        said = away(*QUENTIN.typed("--no-send", "--nights", "0"), keys=["3", "y"])
        assert said.code == 0, said.all
        assert "MRZ" not in said.err
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-27"

    def test_a_name_that_is_missing_is_asked_for(self, away: Apoa) -> None:
        """Both of them, because one may be empty."""
        options = ["--document-number", "ZX1234567", "--nationality", "POL", "--birth-date", "1985", "--sex", "L"]
        rest = ["--expiry-date", "2032-03-28", "--birth-place", "GDANSK", "--nights", "2"]
        said = away("report", "--no-send", *options, *rest, keys=["", "QUENTIN", "y"])
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["given_names"] == "QUENTIN"

    def test_a_check_out_that_is_too_early_is_asked_again(self, away: Apoa) -> None:
        """The nights take the place of the date that did not hold."""
        said = away(*QUENTIN.mrz("--no-send", "--planned-check-out", "2026-11-24"), keys=["3", "y"])
        assert said.code == 0, said.all
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-27"

    def test_what_typing_cannot_mend_is_refused(self, away: Apoa) -> None:
        """An Indonesian needs no report, however often the field is typed."""
        said = away(*QUENTIN.typed("--nationality", "Indonesia"), keys=[])
        assert said.code == 65
        assert "Indonesian" in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_no_saves_nothing(self, away: Apoa, lang: str) -> None:
        """The report is shown before the question; no means no."""
        said = away(*QUENTIN.mrz(), keys=["n"], lang=lang)
        assert (said.code, said.out) == (0, "")
        assert spoken(lang, "Nothing was saved.") in said.err
        assert QUENTIN.birth_place in said.err
        assert away.reports() == []

    @pytest.mark.parametrize(
        ("answers", "saved"),
        [(["y"], 1), (["Ya"], 1), (["YES"], 1), ([""], 1), (["t"], 0), (["tidak"], 0), (["no"], 0), (["?", "n"], 0)],
    )
    def test_answers_in_both_languages(self, away: Apoa, answers: list[str], saved: int) -> None:
        """Enter alone agrees; what is neither yes nor no is asked again."""
        assert away(*QUENTIN.mrz("--no-send"), keys=answers, lang="id").code == 0
        assert len(away.reports()) == saved

    def test_yes_asks_nothing(self, away: Apoa) -> None:
        """--yes, with everything given."""
        assert away(*QUENTIN.mrz("--yes", "--no-send"), keys=[]).code == 0
        assert len(away.reports()) == 1

    def test_json_asks_nothing(self, away: Apoa) -> None:
        """A script at a terminal is a script."""
        assert away("report", "--json", keys=[]).code == 65

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_leaving_in_the_middle_saves_nothing(self, away: Apoa, lang: str) -> None:
        """The end of input (Ctrl-D) at a question: exit 130, as for Ctrl-C."""
        said = away(*QUENTIN.mrz(), keys=[], lang=lang)
        assert said.code == 130
        assert spoken(lang, "Stopped. What was saved is kept.") in said.err
        assert away.reports() == []

    def test_the_card_speaks_the_readers_language(self, away: Apoa) -> None:
        """Labels of APOA's own form, states by name, dates in words."""
        said = away(*XIMENA.mrz("--entry-date", "2026-11-20", "--stay-until", "2026-12-20"), keys=["n"], lang="id")
        for words in ("Tempat lahir", "Spanyol (ESP)", "29 Feb 1992", "perempuan", "wisata", "20 Des 2026"):
            assert words in said.err
