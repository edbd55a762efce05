"""`apoa report` with somebody at the terminal: what is missing is asked, and what does not hold is asked again."""

import pytest
from cli_helpers import LANGUAGES, QUENTIN, XIMENA, Apoa, spoken

from apoa_client.passport.compose import Details, compose

WRONG_DIGIT = (
    QUENTIN.lines[0],
    QUENTIN.lines[1][:19] + str((int(QUENTIN.lines[1][19]) + 1) % 10) + QUENTIN.lines[1][20:],
)


class TestAtATerminal:
    """Somebody is there and is asked."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_everything_is_asked(self, away: Apoa, lang: str) -> None:
        """With no option at all: the two lines, then what no passport's lines hold, then whether to save."""
        said = away("report", keys=[*QUENTIN.lines, "GDANSK", "2", "y"], lang=lang)
        assert said.code == 0, said.all
        assert all(spoken(lang, "MRZ line {number}", number=number) in said.err for number in (1, 2))
        assert spoken(lang, "Save and send this report?") in said.err
        [report] = away.reports()
        assert report["guest"]["birth_place"] == "GDANSK"
        assert report["stay"]["planned_check_out"] == "2026-11-26"

    def test_one_long_line_holds_both(self, away: Apoa) -> None:
        """A passport reader sends 88 characters at once."""
        said = away("report", "--no-send", keys=["".join(QUENTIN.lines), "GDANSK", "2", "y"])
        assert said.code == 0, said.all

    def test_a_wrong_line_is_explained_and_asked_again(self, away: Apoa) -> None:
        """Twice wrong, the third time right; Enter alone takes no correction."""
        keys = [*WRONG_DIGIT, "", QUENTIN.lines[0], QUENTIN.lines[1][:-5], *QUENTIN.lines, "GDANSK", "2", "y"]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "The check digit of the date of birth does not fit" in said.err
        assert "39 characters" in said.err
        assert len(away.reports()) == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_date_is_mended_with_a_persons_word(self, away: Apoa, lang: str) -> None:
        """The correction that stands out is shown, and taken if the passport says so."""
        said = away("report", "--no-send", keys=[*WRONG_DIGIT, "y", "GDANSK", "2", "y"], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "Perhaps: {value}", value=QUENTIN.birth_date) in said.err
        assert spoken(lang, "Is that what the passport says?") in said.err
        [report] = away.reports()
        assert report["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    def test_a_lost_filler_is_put_back_with_a_persons_word(self, away: Apoa) -> None:
        """Nobody counts fillers: the whole line is shown as it must have been."""
        keys = [QUENTIN.lines[0][:-1], QUENTIN.lines[1], "y", "GDANSK", "2", "y"]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert f"Perhaps: {QUENTIN.lines[0]}" in said.err
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    def test_a_number_is_mended_by_typing_it_from_the_page(self, away: Apoa) -> None:
        """A yes would be worth nothing, since many numbers fit; the typed one must be among those that do."""
        wrong = QUENTIN.lines[1].replace("1", "I", 1)
        keys = [QUENTIN.lines[0], wrong, QUENTIN.number.lower(), "GDANSK", "2", "y"]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "Many numbers would fit." in said.err
        assert away.reports()[0]["guest"]["document"]["number"] == QUENTIN.number
        keys = [QUENTIN.lines[0], wrong, "NOTTHIS", *QUENTIN.lines, "GDANSK", "2", "y"]
        assert away("report", "--no-send", keys=keys).code == 0

    def test_a_card_has_three_lines(self, away: Apoa) -> None:
        """They are asked for and read; that it is no passport is said."""
        card = compose(
            "TD1",
            Details(
                issuing_state="POL",
                surname=QUENTIN.surname,
                given_names=QUENTIN.given_names,
                document_number=QUENTIN.number,
                nationality="POL",
                birth_date=QUENTIN.birth_date,
                sex="M",
                expiry_date=QUENTIN.expiry_date,
            ),
        )
        said = away("report", "--no-send", keys=[*card, "GDANSK", "2", "y"])
        assert said.code == 0, said.all
        assert "not of a passport" in said.err
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(card)

    def test_after_three_wrong_ones_it_is_typed(self, away: Apoa) -> None:
        """Nobody is kept at a passport that cannot be read; each field is asked for by its name."""
        details = [QUENTIN.surname, "", "P", "GDANSK", "1985", "Polandia", "ZX1234567", "30/03/2030", "2"]
        said = away("report", "--no-send", "--stay-permit", "B1", keys=[*[*WRONG_DIGIT, "n"] * 3, *details, "y"])
        assert said.code == 0, said.all
        assert "Type the details by hand" in said.err
        [report] = away.reports()
        assert report["guest"]["birth_date"] == "1985"
        assert report["guest"]["given_names"] == ""
        assert report["guest"]["nationality"] == "POL"

    def test_enter_alone_goes_to_typing(self, away: Apoa) -> None:
        """And only the field that does not hold is asked again, with what was probably meant."""
        details = [
            QUENTIN.surname,
            QUENTIN.given_names,
            "L",
            "GDANSK",
            "12/09/1985",
            "Polland",
            "ZX1234567",
            "2030-03-30",
        ]
        said = away("report", "--no-send", keys=["", *details, "2", "POL", "y"])
        assert said.code == 0, said.all
        assert "Perhaps: POL" in said.err
        assert away.reports()[0]["guest"]["nationality"] == "POL"

    def test_typed_details_are_not_asked_for_an_mrz(self, away: Apoa) -> None:
        """Whoever gives the name types; a number of nights that is none is asked for again."""
        said = away(*QUENTIN.typed("--no-send", "--nights", "0"), keys=["3", "y"])
        assert said.code == 0, said.all
        assert "MRZ" not in said.err
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-27"

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
