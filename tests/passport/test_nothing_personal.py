"""No ``repr``, no ``str`` and no exception text shows a document's data, because it may reach a log."""

import pytest
from basics import search
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import FORMATS, SPECIMENS, TODAY, Lines, documents, put, read, read_or_refuse, sketch, spoilt

from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import read_birth_date, read_expiry_date
from apoa_client.passport.mrz import Mrz, MrzUnreadable
from apoa_client.passport.problems import CannotCompose

SECRETS = (
    *("ERIKSSON", "BERTHIER", "ANNA", "CORINNE"),
    *("D23145890", "L8988901C", "L898902C3", "880692310285", "ZE184226B"),
    *("740812", "1974", "400907", "1940", "651206", "1965", "120415", "2012", "961210", "1996"),
)
"""All values of the specimens, in both spellings, except states and sexes, which are words of the code."""

each_format = pytest.mark.parametrize("form", FORMATS)


def shown(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def all_of(mrz: Mrz) -> str:
    """Return everything of an MRZ and its problems that may be shown."""
    corrections = [correction for found in mrz.problems for correction in found.corrections]
    values = (mrz, mrz.problems, mrz.states, mrz.changes, mrz.failing, *mrz.problems)
    texts = map(sketch, [*values, *corrections, *[found.message for found in mrz.problems]])
    return repr(mrz.birth_date) + "".join(texts)


@each_format
def test_an_mrz_shows_its_format_only(form: str) -> None:
    """And whether it is valid."""
    mrz = read(SPECIMENS[form])
    assert sketch(mrz) == f"Mrz({form}, valid)" * 2
    assert shown(all_of(mrz)) == []
    assert repr(read(put(SPECIMENS[form], 1, 1, "<"))) == f"Mrz({form}, not valid)"


@each_format
@pytest.mark.parametrize("new", ["*", "9", "O", "<", ""])
def test_problems_and_corrections_show_no_values(form: str, new: str) -> None:
    """Also where a correction's value is a whole line."""
    for line in range(len(SPECIMENS[form])):
        for place in range(0, len(SPECIMENS[form][0]), 3):
            old = SPECIMENS[form][line]
            lines = (*SPECIMENS[form][:line], old[:place] + new + old[place + 1 :], *SPECIMENS[form][line + 1 :])
            outcome = read_or_refuse(lines)
            text = all_of(outcome) if isinstance(outcome, Mrz) else sketch(outcome) + sketch(outcome.corrections)
            assert shown(text) == []


@given(spoilt(), st.sampled_from(["", "*", "é", "\n"]))
@search(80)
def test_an_exception_shows_its_message_without_values(document: tuple[str, Lines], more: str) -> None:
    """The values are in the message, which a log never renders."""
    lines = [document[1][0][:-6] + more, *document[1][1:-1]]
    with pytest.raises(MrzUnreadable) as caught:
        read(lines)
    error = caught.value
    assert error.args == (error.problem.message.template,)
    assert str(error) == error.problem.message.template
    text = sketch(error) + sketch(error.problem)
    assert not any(line[5:12] in text for line in document[1] if len(set(line[5:12])) > 1)


@given(st.sampled_from(FORMATS).flatmap(lambda form: st.tuples(st.just(form), documents(form))))
@search(60)
def test_details_show_their_document_type_only(document: tuple[str, Details]) -> None:
    """And no other field."""
    form, details = document
    assert sketch(details) == f"Details(document_type={details.document_type!r})" * 2
    assert repr(read(compose(form, details))) == f"Mrz({form}, valid)"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("surname", "ИВАНОВ"),
        ("given_names", "ANNA2"),
        ("document_number", "L8989/2C3"),
        ("document_number", "L898902C34"),
        ("nationality", "GERMANY"),
        ("sex", "FEMALE"),
        ("document_type", "SECRET"),
        ("optional_data", "ZE184226B/"),
    ],
)
def test_a_value_that_cannot_be_composed_is_not_shown(field: str, value: str) -> None:
    """Only the field is named."""
    details = {
        "issuing_state": "UTO",
        "surname": "ERIKSSON",
        "given_names": "ANNA",
        "document_number": "L898902C3",
        "nationality": "UTO",
        "birth_date": None,
        "sex": "F",
        field: value,
    }
    with pytest.raises(CannotCompose) as caught:
        compose("TD3", Details(**details))  # type: ignore[arg-type]  # texts and None, as each field wants
    assert value not in sketch(caught.value) + "".join(caught.value.args)
    assert caught.value.message.render()


@pytest.mark.parametrize("text", ["740431", "7408X2", "74O812", "<<08X2"])
def test_the_error_for_a_date_does_not_show_it(text: str) -> None:
    """A caller that logs the error shows no date of birth."""
    for of in (read_birth_date, read_expiry_date):
        with pytest.raises(ValueError, match=r".") as caught:
            of(text, TODAY)
        assert text not in str(caught.value)
