"""Answers that are codes of a list: stay permits and purposes, of the built-in lists and of the authority's own.

What the authority does not list is questioned, and taken when it is typed again: its list may be incomplete.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from apoa_client.cli.prompts.conversation import Answer, Choice, UnclearAnswer
from apoa_client.cli.terminal.language import _, current_language
from apoa_client.cli.terminal.output import sanitize
from apoa_client.cli.views.labels import day_text
from apoa_client.passport import states
from apoa_client.report import codes, parse_fields, permits, purposes
from apoa_client.report.codes import Code, CodeTables
from apoa_client.report.kinds import Purpose
from apoa_client.report.permits import Permit

_MAX_CHOICES = 5
_MAX_LISTED = 8


class PermitAnswers:
    """Understands stay permits. `listed` has the authority's, empty if not known; `day` is the day of arrival."""

    def __init__(self, listed: Sequence[Code], day: date) -> None:
        self._listed = listed
        self._day = day

    def help_lines(self, nationality: str) -> Iterator[str]:
        """Yield what is usual for a nationality, and which permits the authority lists beside the built-in ones."""
        usual = [permit for permit in permits.likely(nationality) if self._takes(permit)]
        if usual:
            line = _("Usual for this nationality (list of {day}): {permits}.")
            yield line.format(day=day_text(permits.as_of()), permits=", ".join(map(_permit_text, usual)))
        own = [row for row in codes.valid_codes(self._listed, self._day) if permits.by_code(row.code) is None]
        if own:
            yield _("In the authority's list, too: {codes}").format(codes=_several(own))

    def parse(self, answer: str, nationality: str, questioned: list[str]) -> str | Answer:
        """Parse a stay permit. An unknown one is questioned, and accepted when it is typed again.

        A word that several permits have, such as "wisata", is no permit. Enter alone chooses none, because most
        tourists hold another permit than the one with "tourism" in its name.
        """
        known = permits.find(answer)
        if known is not None and self._takes(known):
            return Answer(known.code, _permit_text(known))
        own = codes.find(answer, self._listed, self._day)
        if own is not None:
            return Answer(own.code, _code_text(own))
        similar = self._similar(answer, nationality)
        is_ambiguous = permits.is_ambiguous(answer)
        if (not similar and not self._listed) or (questioned[-1:] == [answer] and not is_ambiguous):
            return parse_fields.stay_permit(answer)
        questioned.append(answer)
        problem = _("This permit is not in the list. Type it again if it is correct.")
        if is_ambiguous:
            day = day_text(permits.as_of())
            problem = _("Several permits fit (list of {day}). The visa or stamp in the passport decides.").format(
                day=day
            )
        elif self._listed:
            problem = _("This permit is not in the authority's list. Type it again if it is correct.")
        raise UnclearAnswer(problem, similar, enter_chooses=False)

    def _takes(self, permit: Permit) -> bool:
        """Return whether the authority lists a permit; True if its list is not known."""
        return not self._listed or any(row.valid_on(self._day) for row in codes.rows_of(self._listed, permit.code))

    def _similar(self, answer: str, nationality: str) -> list[Choice]:
        """Return the permits that an answer may mean: of the built-in list, then of the authority's."""
        built_in = permits.suggest(answer, _MAX_CHOICES, nationality=nationality)
        texts = {permit.code: _permit_text(permit) for permit in built_in if self._takes(permit)}
        if (state := states.by_code(nationality)) is not None:
            usual = _("{permit} (usual for {state})")
            for permit in permits.likely(nationality):
                if permit.code in texts:
                    name = state.name(current_language())
                    texts[permit.code] = usual.format(permit=_permit_text(permit), state=name)
        for row in codes.suggest(answer, self._listed, self._day, _MAX_CHOICES):
            if permits.by_code(row.code) is None:
                texts.setdefault(row.code, _code_text(row))
        return [Choice(code, shown) for code, shown in list(texts.items())[:_MAX_CHOICES]]


def purpose_help(tables: CodeTables, day: date) -> Iterator[str]:
    """Yield the authority's purposes with its names, if these are others than the built-in ones."""
    listed = [row for row in codes.valid_codes(tables.purposes, day) if row.code in set(Purpose)]
    usual = [row for row in listed if purposes.find(row.name(current_language())) == row.code]
    if len(usual) < len(Purpose) and listed:
        yield _("In the authority's list: {codes}").format(codes=_several(listed))


def parse_purpose(answer: str, tables: CodeTables, day: date) -> Purpose:
    """Return the purpose that a text means, by the authority's name for it, too. Raises `Unreadable`."""
    own = codes.find(answer, tables.purposes, day)
    if own is not None and own.code in set(Purpose):
        return Purpose(own.code)
    return parse_fields.purpose(answer)


def _several(rows: Sequence[Code]) -> str:
    more = [f"+{len(rows) - _MAX_LISTED}"] if len(rows) > _MAX_LISTED else []
    return ", ".join([*map(_code_text, rows[:_MAX_LISTED]), *more])


def _code_text(row: Code) -> str:
    """Return a code with its name, sanitized: both are the authority's texts."""
    name = row.name(current_language())
    return sanitize(f"{row.code}: {name}" if name else row.code)


def _permit_text(permit: Permit) -> str:
    return f"{permit.code}: {permit.name(current_language())}"
