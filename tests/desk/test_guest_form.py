"""Guest forms: what is asked next, and how an unfinished one is kept and comes back."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import pytest
from cli_helpers import QUENTIN, Guest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.desk.guest_form import ASKED_FIELDS, GuestForm, forms_from_json, forms_to_json, trusted_texts
from apoa_client.passport.mrz import Mrz, read_mrz
from apoa_client.report.fields import BY_NAME

WIB = timezone(timedelta(hours=7))
BEGAN = datetime(2026, 11, 24, 20, 0, tzinfo=WIB)


def read(lines: Sequence[str]) -> Mrz:
    return read_mrz(lines, today=BEGAN.date())


def asked(form: GuestForm) -> list[str]:
    """Everything that is asked, each answered with something."""
    names = []
    while (name := form.next_field()) is not None:
        names.append(name)
        form.typed[name] = "x"
    return names


class TestWhatIsAsked:
    """In the order of APOA's form, and nothing that is known."""

    def test_everything_by_hand(self) -> None:
        """Each field that a report needs, and the few that officers ask for."""
        assert asked(GuestForm()) == list(ASKED_FIELDS)
        assert list(ASKED_FIELDS) == [name for name in BY_NAME if name in ASKED_FIELDS]

    def test_only_what_the_lines_do_not_say(self) -> None:
        """A passport that was read leaves the page, the visa and the stay."""
        assert asked(GuestForm(mrz=read(QUENTIN.lines))) == ["birth_place", "stay_permit", "nights", "room"]

    def test_a_single_name_is_not_asked_for_another(self) -> None:
        """Lines with one name have told both."""
        single = Guest("SUKARNO", "", "ZX1234567", "SOLO")
        assert "given_names" not in asked(GuestForm(mrz=read(single.lines)))

    def test_a_date_that_the_lines_leave_out_is_asked(self) -> None:
        """An unknown date of birth is on the page, perhaps."""
        unknown = QUENTIN.lines[1][:13] + "<<<<<<0" + QUENTIN.lines[1][20:]
        mrz = read((QUENTIN.lines[0], unknown))
        assert mrz.birth_date is None
        assert "birth_date" in asked(GuestForm(mrz=mrz))

    def test_a_name_that_was_cut_off_is_asked(self) -> None:
        """And proposed as far as it goes."""
        long = Guest("PAPANDROPOULOU", "JONATHON WARREN TREVOR ALEXANDER", "ZX1234567", "GDANSK")
        form = GuestForm(mrz=read(long.lines))
        assert form.next_field() == "given_names"
        assert "JONATHON WARREN".startswith(form.suggestion("given_names")[:15])

    def test_nights_or_a_day(self) -> None:
        """Whoever gave the day of departure is not asked for the nights; once they are wanted, the day is forgotten."""
        form = GuestForm({"planned_check_out": "2026-11-26"})
        assert "nights" not in asked(form)
        form.request_fields("nights")
        assert form.next_field() == "nights"
        assert "planned_check_out" not in form.typed

    def test_what_is_wanted_comes_first(self) -> None:
        """A field of the card, although the lines have told it."""
        form = GuestForm(mrz=read(QUENTIN.lines))
        form.request_fields("email", "surname")
        assert asked(form)[:2] == ["email", "surname"]

    def test_what_was_left_open_is_not_asked_again(self) -> None:
        """Empty is an answer."""
        form = GuestForm({"room": ""})
        assert "room" not in asked(form)

    def test_a_companion_keeps_the_stay(self) -> None:
        """And nothing of the guest, nor what was noted about them."""
        form = GuestForm(
            {"surname": "A", "room": "7", "nights": "2", "purpose": "family", "note": "late", "phone": "0812"}
        )
        assert form.for_companion() == GuestForm({"room": "7", "nights": "2", "purpose": "family"})
        assert not form.for_companion().has_guest_data


class TestWhatWasRead:
    """Lines that do not hold are worth something all the same."""

    def test_only_what_can_be_believed(self) -> None:
        """A field whose check digit fails is not proposed; the others are."""
        wrong = QUENTIN.lines[1][:19] + "0" + QUENTIN.lines[1][20:]
        texts = trusted_texts(read((QUENTIN.lines[0], wrong)))
        assert "birth_date" not in texts
        assert (texts["surname"], texts["document_number"]) == ("ZYKOWSKI", "ZX1234567")

    def test_names_with_a_digit_are_not(self) -> None:
        """Neither of the two."""
        texts = trusted_texts(read((QUENTIN.lines[0].replace("ZYK", "2YK"), QUENTIN.lines[1])))
        assert not {"surname", "given_names"} & texts.keys()

    def test_it_is_proposed(self) -> None:
        """What is usual is proposed for the rest, where anything is."""
        form = GuestForm()
        form.set_passport(None, {"surname": "ZYKOWSKI"})
        suggestions = [form.suggestion(name) for name in ("surname", "birth_place", "nights", "room")]
        assert suggestions == ["ZYKOWSKI", "-", "1", ""]


class TestKeeping:
    """An unfinished form, as text and back."""

    def test_a_party_comes_back(self) -> None:
        """With its lines, which are read again, and what was typed; whoever gave no time came when it was begun."""
        first = GuestForm({"birth_place": "GDANSK", "check_in": "2026-11-24T18:00:00+07:00"})
        first.set_passport(read(QUENTIN.lines), {})
        second = GuestForm({"surname": "QUIJANO"})
        second.set_passport(None, {"given_names": "XIMENA"})
        one, two = forms_from_json(forms_to_json([first, second], BEGAN), read)
        assert one == first
        assert two.typed == {"surname": "QUIJANO", "check_in": "2026-11-24T20:00:00+07:00"}
        assert (two.suggested, two.mrz_asked) == ({"given_names": "XIMENA"}, True)

    @given(st.dictionaries(st.sampled_from(ASKED_FIELDS), st.text(max_size=20)))
    def test_whatever_was_typed(self, typed: dict[str, str]) -> None:
        """No text is lost or changed by being kept."""
        [form] = forms_from_json(forms_to_json([GuestForm(dict(typed))], BEGAN), read)
        assert {name: text for name, text in form.typed.items() if name != "check_in"} == typed

    def test_one_with_nothing_on_it_is_begun_anew(self) -> None:
        """The passport comes first."""
        [form] = forms_from_json(forms_to_json([GuestForm()], BEGAN), read)
        assert not form.mrz_asked

    def test_none_at_all(self) -> None:
        """There is always one form to fill in."""
        assert forms_from_json(json.dumps({"guests": []}), read) == [GuestForm()]

    @pytest.mark.parametrize(
        "text", ["", "{}", "[]", "null", '{"guests": [1]}', '{"guests": [{}]}', '{"guests": [{"typed": []}]}', "\x00"]
    )
    def test_a_text_that_is_none(self, text: str) -> None:
        """`ValueError`, and nothing of the text in it."""
        with pytest.raises(ValueError, match=r"not guest forms|Expecting|Invalid"):
            forms_from_json(text, read)

    def test_nothing_personal_in_a_repr(self) -> None:
        """A form shows nothing of a guest."""
        form = GuestForm({"surname": "ZYKOWSKI"})
        form.set_passport(read(QUENTIN.lines), {"given_names": "QUENTIN"})
        assert not any(word in repr(form) for word in ("ZYKOWSKI", "QUENTIN", "ZX1234567", "1985"))
