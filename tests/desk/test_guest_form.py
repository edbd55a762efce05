"""Guest forms: what is asked next, and how an unfinished form is stored and resumed."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import pytest
from cli_helpers import QUENTIN, Guest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.desk.guest_form import ASKED_FIELDS, GuestForm, forms_from_json, forms_to_json, trusted_texts
from apoa_client.passport.mrz import Mrz, read_mrz

WIB = timezone(timedelta(hours=7))
BEGAN = datetime(2026, 11, 24, 20, 0, tzinfo=WIB)


def read(lines: Sequence[str]) -> Mrz:
    return read_mrz(lines, today=BEGAN.date())


def asked(form: GuestForm) -> list[str]:
    """Return the fields that are asked if each is answered."""
    names = []
    while (name := form.next_field()) is not None:
        names.append(name)
        form.typed[name] = "x"
    return names


class TestNextField:
    """In our order, without known fields."""

    def test_a_single_name(self) -> None:
        """An MRZ with one name answers both fields."""
        single = Guest("SUKARNO", "", "ZX1234567", "SOLO")
        assert "given_names" not in asked(GuestForm(mrz=read(single.lines)))

    def test_an_unknown_birth_date_is_asked(self) -> None:
        """It may be printed on the page."""
        unknown = QUENTIN.lines[1][:13] + "<<<<<<0" + QUENTIN.lines[1][20:]
        mrz = read((QUENTIN.lines[0], unknown))
        assert mrz.birth_date is None
        assert "birth_date" in asked(GuestForm(mrz=mrz))

    def test_a_truncated_name_is_asked(self) -> None:
        """With the beginning as the suggestion."""
        long = Guest("PAPANDROPOULOU", "JONATHON WARREN TREVOR ALEXANDER", "ZX1234567", "GDANSK")
        form = GuestForm(mrz=read(long.lines))
        assert form.next_field() == "given_names"
        assert "JONATHON WARREN".startswith(form.suggestion("given_names")[:15])
        assert form.truncated_field == "given_names"
        form.set_passport(None, {})
        assert form.truncated_field == "given_names"
        stored = forms_from_json(forms_to_json([form], BEGAN), read)
        assert [each.truncated_field for each in stored] == ["given_names"]
        assert GuestForm(mrz=read(QUENTIN.lines)).truncated_field == ""

    def test_nights_or_a_day(self) -> None:
        """A day of departure answers the nights; if nights are requested, the day is deleted."""
        form = GuestForm({"planned_check_out": "2026-11-26"})
        assert "nights" not in asked(form)
        form.request_fields("nights")
        assert form.next_field() == "nights"
        assert "planned_check_out" not in form.typed

    def test_requested_fields_come_first(self) -> None:
        """Also a field that the MRZ has."""
        form = GuestForm(mrz=read(QUENTIN.lines))
        form.request_fields("email", "surname")
        assert asked(form)[:2] == ["email", "surname"]

    def test_a_companion_keeps_the_stay(self) -> None:
        """And nothing about the guest."""
        form = GuestForm(
            {"surname": "A", "room": "7", "nights": "2", "purpose": "family", "note": "late", "phone": "0812"}
        )
        assert form.for_companion() == GuestForm({"room": "7", "nights": "2", "purpose": "family"})
        assert not form.for_companion().has_guest_data


class TestSuggestions:
    """Trusted fields of an invalid MRZ."""

    def test_only_trusted_fields_are_suggested(self) -> None:
        """A field whose check digit fails is not suggested."""
        wrong = QUENTIN.lines[1][:19] + "0" + QUENTIN.lines[1][20:]
        texts = trusted_texts(read((QUENTIN.lines[0], wrong)))
        assert "birth_date" not in texts
        assert (texts["surname"], texts["document_number"]) == ("ZYKOWSKI", "ZX1234567")

    def test_names_with_a_digit_are_not_suggested(self) -> None:
        """Neither of the two."""
        texts = trusted_texts(read((QUENTIN.lines[0].replace("ZYK", "2YK"), QUENTIN.lines[1])))
        assert not {"surname", "given_names"} & texts.keys()


class TestStoredForms:
    """Unfinished forms as JSON and back."""

    def test_a_group_is_restored(self) -> None:
        """With MRZ lines, which are read again, and typed texts; the default check-in is when it was started."""
        first = GuestForm({"birth_place": "GDANSK", "check_in": "2026-11-24T18:00:00+07:00"})
        first.set_passport(read(QUENTIN.lines), {})
        second = GuestForm({"surname": "QUIJANO"})
        second.set_passport(None, {"given_names": "XIMENA"})
        one, two = forms_from_json(forms_to_json([first, second], BEGAN), read)
        assert one == first
        assert two.typed == {"surname": "QUIJANO", "check_in": "2026-11-24T20:00:00+07:00"}
        assert (two.suggested, two.mrz_asked) == ({"given_names": "XIMENA"}, True)

    @given(st.dictionaries(st.sampled_from(ASKED_FIELDS), st.text(max_size=20)))
    def test_every_typed_text_is_restored(self, typed: dict[str, str]) -> None:
        """No text is lost or changed."""
        [form] = forms_from_json(forms_to_json([GuestForm(dict(typed))], BEGAN), read)
        assert {name: text for name, text in form.typed.items() if name != "check_in"} == typed

    def test_an_empty_form_starts_again(self) -> None:
        """With the passport."""
        [form] = forms_from_json(forms_to_json([GuestForm()], BEGAN), read)
        assert not form.mrz_asked

    def test_no_forms(self) -> None:
        """There is always one form to fill in."""
        assert forms_from_json(json.dumps({"guests": []}), read) == [GuestForm()]

    @pytest.mark.parametrize(
        "text", ["", "{}", "[]", "null", '{"guests": [1]}', '{"guests": [{}]}', '{"guests": [{"typed": []}]}', "\x00"]
    )
    def test_another_text(self, text: str) -> None:
        """`ValueError`, without the text in it."""
        with pytest.raises(ValueError, match=r"not guest forms|Expecting|Invalid"):
            forms_from_json(text, read)

    def test_no_repr_contains_personal_data(self) -> None:
        """Of a form with typed, read and suggested texts."""
        form = GuestForm({"surname": "ZYKOWSKI"})
        form.set_passport(read(QUENTIN.lines), {"given_names": "QUENTIN"})
        assert not any(word in repr(form) for word in ("ZYKOWSKI", "QUENTIN", "ZX1234567", "1985"))
