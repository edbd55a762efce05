"""What a zone says, and how sure that is, from made-up likelihoods."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import LAYOUT, SPECIMENS, TODAY, Lines, composed, fitted, put, read

from apoa_client.passport.check_digits import ALPHABET
from apoa_client.passport.layouts import Kind
from apoa_client.passport.verify import failing_checks
from apoa_client.scan.photo_reader import BLIND, CONFIRMED, SURE, Judgement, Likelihoods, judge

TD3: Lines = ("P<SWELINDQVIST<<ASTRID<<<<<<<<<<<<<<<<<<<<<<", "AB12049762SWE9202298F3203282<<<<<<<<<<<<<<00")
NUMBER, BIRTH = 0, 13
"""Where the document number and the date of birth begin in the second line."""


def seen(lines: Sequence[str], passes: int = 2, least: float = 1e-6) -> Likelihoods:
    """Return the likelihoods of passes that are sure of each character."""
    made = np.full((len(lines), passes, len(lines[0]), len(ALPHABET)), np.log(least))
    for line, text in enumerate(lines):
        for column, character in enumerate(text):
            made[line, :, column, ALPHABET.index(character)] = 0
    return made


def with_likelihood(made: Likelihoods, line: int, column: int, **likely: float) -> Likelihoods:
    """Return likelihoods in which all passes see these characters in a place; `_1` names the digit 1."""
    made = made.copy()
    made[line, :, column] = np.log(1e-6)
    for character, likelihood in likely.items():
        made[line, :, column, ALPHABET.index(character.removeprefix("_"))] = np.log(likelihood)
    return made


def judged(made: Likelihoods) -> Judgement:
    return judge(made, TODAY)


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_clear_characters_of_a_valid_document_are_sure(passes: int) -> None:
    """Where each pass is sure of each character and the digits are right, nothing is doubtful."""
    assert judged(seen(TD3, passes)) == Judgement(TD3, (), sure=True)


@given(document=composed())
def test_every_format_is_read(document: tuple[str, Lines]) -> None:
    """The lines that all passes see clearly are the lines that come out, and they are sure exactly where valid."""
    _, lines = document
    judgement = judged(seen(lines))
    assert judgement.lines == lines
    assert judgement.sure == read(lines).valid


def test_passes_that_disagree_make_a_place_doubtful() -> None:
    """One pass that reads another character is enough, although both together favour the first."""
    made = seen(TD3)
    made[0, 1, 5] = np.log(1e-6)
    made[0, 1, 5, ALPHABET.index("I")] = np.log(0.5)
    made[0, 1, 5, ALPHABET.index("L")] = np.log(0.4)
    assert judged(made) == Judgement(TD3, ((0, 5),), sure=False)


@pytest.mark.parametrize(("likelihood", "sure"), [(SURE + 0.01, True), (SURE - 0.01, False)])
def test_an_unclear_character_is_doubtful(likelihood: float, *, sure: bool) -> None:
    """A letter of a name, which no check digit covers, is sure only above a fixed likelihood."""
    judgement = judged(with_likelihood(seen(TD3), 0, 5, L=likelihood, I=1 - likelihood))
    assert judgement == Judgement(TD3, () if sure else ((0, 5),), sure=sure)


def test_one_pass_that_is_not_sure_is_enough_to_doubt() -> None:
    """However sure the other pass is of the same letter: such readings were wrong."""
    made = seen(TD3)
    made[0, :, 5] = np.log(1e-6)
    made[0, 0, 5, ALPHABET.index("L")] = np.log(0.999)
    made[0, 1, 5, ALPHABET.index("L")], made[0, 1, 5, ALPHABET.index("I")] = np.log(SURE - 0.02), np.log(0.07)
    assert judged(made) == Judgement(TD3, ((0, 5),), sure=False)


@pytest.mark.parametrize(("likelihood", "sure"), [(CONFIRMED + 0.01, True), (CONFIRMED - 0.01, False)])
@pytest.mark.parametrize("position", [NUMBER, NUMBER + 9], ids=["number", "check digit"])
def test_a_character_that_check_digits_confirm_may_be_less_clear(
    position: int, likelihood: float, *, sure: bool
) -> None:
    """Another character in its place would not fit the digits, so less is enough than in a name."""
    seen_character = {f"_{TD3[1][position]}": likelihood, "4": 1 - likelihood}
    judgement = judged(with_likelihood(seen(TD3), 1, position, **seen_character))
    assert judgement == Judgement(TD3, () if sure else ((1, position),), sure=sure)


def test_wrong_check_digits_confirm_nothing() -> None:
    """Where a digit is wrong beyond correction, every unclear character is marked, that of another field too."""
    likelihood = (CONFIRMED + SURE) / 2
    made = with_likelihood(seen(put(TD3, 1, NUMBER, "B")), 1, BIRTH, _9=likelihood, _4=1 - likelihood)
    assert (1, BIRTH) in judged(made).doubtful


def test_a_check_digit_corrects_a_character_but_never_makes_it_sure() -> None:
    """The second likeliest character fits the digits: it is taken, marked as doubtful, and the document is not sure."""
    judgement = judged(with_likelihood(seen(TD3), 1, NUMBER, _8=0.999, A=0.001))
    assert judgement == Judgement(TD3, ((1, NUMBER),), sure=False)


def test_no_correction_takes_an_unlikely_character() -> None:
    """Where only a very unlikely character fits the digits, the text stays as it was seen, and is not sure."""
    lines = put(TD3, 1, NUMBER, "B")
    judgement = judged(seen(lines))
    assert judgement.lines == lines
    assert not judgement.sure


@pytest.mark.parametrize(
    ("right", "other"), ["6G", "6Q", "1L", "1B", "8S", "8I", "5Z", "5F", "9T", "9J", "0A", "0K", "2C"]
)
@pytest.mark.parametrize(("likelihood", "sure"), [(BLIND * 2, False), (BLIND / 2, True)])
def test_a_pair_that_digits_cannot_tell_apart_is_doubtful(
    right: str, other: str, likelihood: float, *, sure: bool
) -> None:
    """A character is doubtful where another of the same value modulo 10 is possible at all."""
    lines = fitted("TD3", put(TD3, 1, NUMBER, right))
    made = with_likelihood(seen(lines), 1, NUMBER, **{f"_{right}": 1 - likelihood, other: likelihood})
    assert judged(made) == Judgement(lines, () if sure else ((1, NUMBER),), sure=sure)


@pytest.mark.parametrize(("letter", "digit"), ["O0", "S8", "Z2", "B8", "I1"])
def test_a_date_has_no_letters(letter: str, digit: str) -> None:
    """A letter that looks like a digit is read as that digit in a date, because no letter can stand there."""
    lines = fitted("TD3", put(TD3, 1, BIRTH, f"9{digit}0228"))
    made = with_likelihood(seen(lines), 1, BIRTH + 1, **{letter: 0.9, f"_{digit}": 0.1})
    assert judged(made) == Judgement(lines, (), sure=True)


def test_a_name_has_no_digits() -> None:
    """A zero in a name is read as the letter O, if that is possible."""
    lines = ("P<SWELOENQVIST<<ASTRID<<<<<<<<<<<<<<<<<<<<<<", TD3[1])
    made = with_likelihood(seen(lines), 0, 6, _0=0.9, O=0.1)
    assert judged(made).lines == lines


@pytest.mark.parametrize("form", SPECIMENS)
def test_a_country_that_does_not_exist_is_not_sure(form: str) -> None:
    """All digits are right and all characters clear, but the code of the state is unknown."""
    field = LAYOUT[form].by_name["nationality" if form != "FRA-ID" else "issuing_state"].span
    lines = fitted(form, put(SPECIMENS[form], field.line, field.start, "QQQ"))
    assert not judged(seen(lines)).sure


@pytest.mark.parametrize("shape", [(1, 44), (2, 30), (3, 44), (3, 36), (2, 35)])
def test_lines_of_no_format_are_not_sure(shape: tuple[int, int]) -> None:
    """Their text is shown as it was read; there is nothing that could be checked."""
    lines = ("A" * shape[1],) * shape[0]
    assert judged(seen(lines)) == Judgement(lines, (), sure=False)


def _pools(draw: st.DrawFn, lines: Lines) -> Likelihoods:
    """Draw likelihoods near those of lines: a few places are unclear, in one pass or in all."""
    made = seen(lines)
    for _ in range(draw(st.integers(0, 5))):
        line, column = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines[0]) - 1))
        chosen = draw(st.sampled_from([slice(0, 1), slice(1, 2), slice(0, 2)]))
        for character in draw(st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=3)):
            made[line, chosen, column, ALPHABET.index(character)] = draw(st.floats(-10, 6))
    return made


@given(data=st.data(), document=composed())
def test_a_sure_text_is_valid_whatever_was_seen(data: st.DataObject, document: tuple[str, Lines]) -> None:
    """Sure means: right check digits, valid to the parser, each pass reads the same, and only possible characters."""
    made = data.draw(st.composite(_pools)(document[1]))
    judgement = judged(made)
    if not judgement.sure:
        return
    mrz = read(judgement.lines)
    assert mrz.valid
    assert judgement.doubtful == ()
    layout = LAYOUT[mrz.format]
    assert failing_checks(layout, "".join(judgement.lines)) == []
    dates = [field.span for field in layout.fields if field.kind in {Kind.BIRTH, Kind.EXPIRY}]
    assert all(not any(map(str.isalpha, span.of(judgement.lines))) for span in dates)


@given(
    made=st.integers(0, 2**32 - 1).map(
        lambda seed: np.log(np.random.default_rng(seed).dirichlet(np.full(37, 0.05), (2, 2, 44)) + 1e-30)
    )
)
def test_noise_is_never_sure(made: Likelihoods) -> None:
    """Likelihoods without any document behind them give a text that is not sure."""
    assert not judged(made).sure
