"""Normalisation of input: the resulting lines, and the list of changes."""

from collections.abc import Callable, Sequence
from itertools import pairwise, permutations

import pytest
from basics import search
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import FORMATS, SPECIMENS, Lines, composed, put, read, refused, sketch

from apoa_client.passport.mrz import Change
from apoa_client.passport.normalise import MAX_LENGTH, is_of_passport, normalise

FIRST, SECOND = SPECIMENS["TD3"]

each_format = pytest.mark.parametrize("form", FORMATS)


def wide(text: str) -> str:
    return "".join(character if character == "\n" else chr(ord(character) + 0xFEE0) for character in text)


def wrapped(lines: Lines, width: int) -> str:
    text = "".join(lines)
    return "\n".join(text[start : start + width] for start in range(0, len(text), width))


GIVEN: dict[str, tuple[Callable[[Lines], str | Sequence[str]], tuple[Change, ...]]] = {
    "a list": (list, ()),
    "lines": ("\n".join, ()),
    "of Windows": (lambda lines: "\r\n".join(lines) + "\r\n", ()),
    "a keyboard-wedge reader's": (lambda lines: "\r".join(lines) + "\r", ()),
    "blank lines between and around": (lambda lines: "\n\n" + "\n \r\n".join(lines) + "\n\t\n", ()),
    "blanks around": (lambda lines: "\n".join(f"  {line}\t" for line in lines), ()),
    "lines within a list": (lambda lines: ["\n".join(lines), ""], ()),
    "one string": ("".join, (Change.LINES,)),
    "one string with an Enter": (lambda lines: "".join(lines) + "\r", (Change.LINES,)),
    "one string in a list": (lambda lines: ["".join(lines)], (Change.LINES,)),
    "a blank between": (" ".join, (Change.BLANKS, Change.LINES)),
    "a tab between": ("\t".join, (Change.BLANKS, Change.LINES)),
    "wrapped at 25": (lambda lines: wrapped(lines, 25), (Change.LINES,)),
    "wrapped at 40": (lambda lines: wrapped(lines, 40), (Change.LINES,)),
    "wrapped at 60": (lambda lines: wrapped(lines, 60), (Change.LINES,)),
    "small letters": (lambda lines: "\n".join(lines).lower(), (Change.CAPITALS,)),
    "blanks within": (
        lambda lines: "\n".join(f"{line[:5]} {line[5:20]}\t {line[20:]}" for line in lines),
        (Change.BLANKS,),
    ),
    "no-break spaces": (lambda lines: "\n".join(f"{line[:5]}\u00a0{line[5:]}" for line in lines), (Change.BLANKS,)),
    "a bracketed paste": (lambda lines: "\x1b[200~" + "\n".join(lines) + "\x1b[201~", (Change.INVISIBLE,)),
    "a mark and zero width": (lambda lines: "\ufeff" + "\n\u200b".join(lines) + "\u200e", (Change.INVISIBLE,)),
    "full width": (lambda lines: wide("\n".join(lines)), (Change.FULL_WIDTH,)),
    "full width, in one line": (
        lambda lines: wide(lines[0]) + "\u3000\n" + "\n".join(lines[1:]),
        (Change.FULL_WIDTH,),
    ),
    "single marks": (lambda lines: "\n".join(lines).replace("<", "\u2039"), (Change.FILLERS,)),
    "double marks": (lambda lines: "\n".join(lines).replace("<", "«"), (Change.FILLERS,)),
    "double marks for two": (lambda lines: "\n".join(lines).replace("<<", "«"), (Change.FILLERS,)),
    "brackets": (lambda lines: "\n".join(lines).replace("<", "("), (Change.FILLERS,)),
    "angle brackets": (lambda lines: "\u3008".join("\n".join(lines).split("<")), (Change.FILLERS,)),
    "a web page's source": (lambda lines: "\n".join(lines).replace("<", "&lt;"), (Change.FILLERS,)),
    "a web page's source in capitals": (lambda lines: "\n".join(lines).replace("<", "&LT;"), (Change.FILLERS,)),
    "several at once": (
        lambda lines: "\u200b" + " ".join(lines).lower().replace("<", "«"),
        (Change.INVISIBLE, Change.FILLERS, Change.CAPITALS, Change.BLANKS, Change.LINES),
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", ["TD1", "TD3", "FRA-ID"])
@pytest.mark.parametrize("shape", GIVEN)
def test_changes_are_listed(form: str, shape: str) -> None:
    """The same lines, pasted, typed or scanned; exactly the changes are listed, not line ends and blanks."""
    spoil, changes = GIVEN[shape]
    mrz = read(spoil(SPECIMENS[form]))
    assert mrz == read(SPECIMENS[form])._replace(changes=changes)


@given(composed(), st.sets(st.integers(0, 90)), st.sampled_from(["\n", "\r\n", " ", " \n "]))
@search(150)
def test_lines_are_found_wherever_they_are_broken(document: tuple[str, Lines], places: set[int], between: str) -> None:
    """As long as no character is lost."""
    text = "".join(document[1])
    parts = [0, *sorted(place for place in places if 0 < place < len(text)), len(text)]
    broken = between.join(text[start:end] for start, end in pairwise(parts))
    assert read(broken).lines == document[1]


K_LINES = {
    "TD3": ("P<UTOERIKSSON<<ANNA<MARIA<KKKKKKKKKKKKKKKKKK", SECOND),
    "TD1": (*SPECIMENS["TD1"][:2], "ERIKSSON<<ANNA<MARIA<<KKK<KKKK"),
    "TD2": ("I<UTOERIKSSON<<ANNA<MARIA<<KKKKKKKKK", SPECIMENS["TD2"][1]),
    "MRV-A": ("V<UTOERIKSSON<<ANNA<MARIA<KKKKK<<<<<<<<<<<<<", SPECIMENS["MRV-A"][1]),
    "FRA-ID": (
        put(SPECIMENS["FRA-ID"], 0, 14, "KKKKKKKKKKKKKKKK")[0],
        put(SPECIMENS["FRA-ID"], 1, 21, "KKKKKK")[1],
    ),
}


@pytest.mark.parametrize("form", K_LINES)
def test_a_row_of_k_after_a_filler_becomes_fillers(form: str) -> None:
    """No name is three K; a scanner reads fillers as K."""
    mrz = read(K_LINES[form])
    assert (mrz.lines, mrz.changes, mrz.valid) == (SPECIMENS[form], (Change.K_RUNS,), True)
    last = read("".join(K_LINES[form]).lower())
    assert last.changes == (Change.CAPITALS, Change.LINES, Change.K_RUNS)


@pytest.mark.parametrize("names", ["ERIKSSON<<KKKKARIN", "ERIKSSON<<ANNA<KK<<", "KKKARIN<<ANNA", "BRIKKKE<<ANNA"])
def test_a_k_that_may_be_part_of_a_name_stays(names: str) -> None:
    """Only what is certain is changed."""
    first = ("P<UTO" + names).ljust(44, "<")
    mrz = read([first, SECOND])
    assert (mrz.lines[0], mrz.changes) == (first, ())
    number = "<KKKK<KKK0UTO7408122F1204159ZE184226B<<<<<18"  # a number may have any characters
    assert (read((FIRST, number)).lines, read((FIRST, number)).changes) == ((FIRST, number), ())


def test_a_double_mark_is_one_filler_unless_only_two_fit() -> None:
    """OCR software writes it for two fillers, a person for one; where neither makes a format, it is one."""
    names = "ERIKSSON«ANNA<MARIA".ljust(38, "<")
    assert read([f"P<UTO{names}", SECOND]).lines == (FIRST, SECOND)
    assert normalise("«" * 5).lines == ("<" * 5,)


def test_lines_of_43_and_45_characters_are_not_cut_again() -> None:
    """Together they have 88, but all characters after the mistake would be shifted."""
    given_lines = (FIRST[:-1], SECOND + "0")
    assert normalise(given_lines) == (given_lines, ())
    assert read(given_lines).lines == (FIRST, SECOND)


def test_a_passport_wrapped_to_three_lines() -> None:
    """88 characters wrapped at 30 are nearly three lines of 30, but a passport is no card, even with wrong digits."""
    assert read(wrapped((FIRST, SECOND), 30)).lines == (FIRST, SECOND)
    broken = (FIRST, SECOND[:10] + "9" * 34)
    assert read(wrapped(broken, 30)).lines == broken


@each_format
def test_lines_in_the_wrong_order_are_swapped(form: str) -> None:
    """Whatever the order, also where fillers are missing; the change is named, and the verdict is that of the lines."""
    right = SPECIMENS[form]
    for lines in permutations(right):
        mrz = read(lines)
        assert (mrz.lines, mrz.changes) == (right, () if lines == right else (Change.ORDER,))
        assert (mrz.valid, mrz.problems) == (read(right).valid, read(right).problems)
    names = right[-1] if form == "TD1" else right[0]
    cut = [line[:-2] if line == names and line.endswith("<") else line for line in reversed(right)]
    assert read(cut).lines == right
    assert Change.ORDER in read(cut).changes


def test_lines_of_two_first_lines_are_not_swapped() -> None:
    """Lines whose order is not known stay as they were given."""
    for lines in ((FIRST, FIRST), (SECOND, SECOND), (SPECIMENS["TD1"][0],) * 3):
        assert normalise(lines) == (lines, ())


@pytest.mark.parametrize(
    ("line", "expected"),
    [(FIRST, True), ("P<GBR", True), ("PDD<<X", True), ("P<", False), (SECOND, False), ("PETERSON<<ANNA", False)],
)
def test_the_first_line_of_a_passport(line: str, *, expected: bool) -> None:
    """It begins with P and the code of a state; a card's line of names may begin with P, too."""
    assert is_of_passport(line) is expected


def test_input_longer_than_any_mrz_is_cut() -> None:
    """It is refused for its length; the rest is not read."""
    assert normalise("x" * 100_000).lines == ("X" * MAX_LENGTH,)
    assert "1 line with 1000 characters" in refused("x" * 100_000).message.render()
    assert normalise(["x"] * 100_000).lines == ("X",) * (MAX_LENGTH // 2)
    assert refused("\n" * 2_000 + FIRST).code == "missing"


def test_empty_input_has_no_lines() -> None:
    """Blanks and invisible characters are no lines."""
    for text in ("", [], " \r\n\t", "\ufeff\u200b", ["", " "]):
        assert normalise(text).lines == ()
        assert (refused(text).code, refused(text).field) == ("missing", "mrz")


def test_normalised_lines_are_not_shown() -> None:
    """The lines are personal data; the changes are not."""
    assert sketch(normalise("eriksson")) == "NormalisedLines((<Change.CAPITALS: 'capitals'>,), …)" * 2
