"""A fuzz harness for the MRZ reader: it runs for minutes, the tests run for seconds.

It needs atheris, which is no dependency of this project: install it and apoa-client in an environment of its own, and
run ``python tests/passport/fuzz_mrz.py -max_total_time=120``. For any bytes the reader returns an MRZ or raises
`MrzUnreadable`; every problem has a message; every correction makes its field's check fit; and an MRZ is valid exactly
where the complete inspection finds no problem. It starts from the specimens of all formats.
"""

import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # no dependency of the project

with atheris.instrument_imports(include=["apoa_client.passport"]):
    from apoa_client.passport.check_digits import failing_checks
    from apoa_client.passport.field_problems import find_problems
    from apoa_client.passport.mrz import Correction, Mrz, MrzUnreadable, Problem, read_mrz

TODAY = date(2026, 11, 24)

SEEDS = (
    "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    "IDBEL592211692<1741<<<<<<<<<<<\n9003107F2509301BEL900310244094\nSPECIMEN<<SPECIMEN<<<<<<<<<<<<",
    "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<\nD23145890<UTO3407127M95071227349<<<8",
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10",
    "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<",
    "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nL8988901C4XXX4009078F9612109<<<<<<<<",
    "IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<\n8806923102858CORINNE<<<<<<<6512068F6",
)


def ensure(holds: object, what: str) -> None:
    if not holds:
        raise AssertionError(what)


def check_mrz(mrz: Mrz) -> None:
    """Check everything that the reader promises about an MRZ."""
    text = "".join(mrz.lines)
    found = find_problems(mrz.layout, text, mrz.today, mrz.failing)
    ensure(mrz.valid == (mrz.problems == ()), "valid is no problems")
    ensure(mrz.valid == (found == () and mrz.length_problems == ()), "valid differs from the complete inspection")
    ensure(repr(mrz) == f"Mrz({mrz.format}, {'valid' if mrz.valid else 'not valid'})", "nothing personal")
    ensure(set(mrz.states) >= set(mrz.layout.by_name), "every field has a state")
    for problem in found:
        ensure(problem.message.render(), "a problem has a message")
        for correction in problem.corrections:
            apply(mrz, problem, correction, text)


def apply(mrz: Mrz, problem: Problem, correction: Correction, text: str) -> None:
    start = correction.line * mrz.layout.length + correction.position
    end = start + len(correction.old)
    ensure(text[start:end] == correction.old, "a correction replaces the present text")
    corrected_text = text[:start] + correction.new + text[end:]
    ensure(len(corrected_text) == len(text), "a correction keeps the length")
    ensure(problem.field not in failing_checks(mrz.layout, corrected_text), "a correction fits")


def check_one_input(given: str | Sequence[str]) -> None:
    """Check one input: the result is an MRZ, or `MrzUnreadable`."""
    try:
        mrz = read_mrz(given, today=TODAY)
    except MrzUnreadable as error:
        ensure(error.problem.message.render(), "a refusal can be said")
        ensure(all(correction.value for correction in error.problem.corrections), "a guess is a line")
    else:
        check_mrz(mrz)


def test_one_input(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    check_one_input(text)
    check_one_input(text.split("\n"))


def main() -> None:
    """Start from the specimens, unless the arguments name a corpus."""
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(SEEDS):
            (Path(folder) / str(number)).write_text(seed, encoding="ascii")
        arguments = sys.argv if any(not item.startswith("-") for item in sys.argv[1:]) else [*sys.argv, folder]
        atheris.Setup([*arguments, "-max_len=240"], test_one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
