"""Every error has an exit code, advice and a name, and no personal data."""

import inspect

import pytest
from forked_command import import_program

from apoa_client import errors
from apoa_client.delivery.plan import suspends_sending
from apoa_client.errors import ApoaError, AuthorityBusy, Exit, worst_exit
from apoa_client.messages import msg
from apoa_client.outbox.errors import ServerDiskFull

CLASSES = [
    value
    for _name, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, ApoaError) and value is not ApoaError
]
CODES = {
    "usage_problem": 2,
    "data_refused": 65,
    "erased": 65,
    "settings_problem": 78,
    "storage_problem": 78,
    "credentials_problem": 77,
    "secret_missing": 77,
    "seal_broken": 78,
    "not_authentic": 78,
    "outbox_damaged": 78,
    "not_now": 75,
    "offline": 75,
    "not_the_authority": 75,
    "unknown_outcome": 75,
    "unreadable_answer": 75,
    "report_moved": 75,
    "timed_out": 75,
    "authority_busy": 75,
    "too_large": 75,
    "authority_refuses": 69,
    "call_refused": 69,
    "account_suspended": 69,
    "wrong_password": 77,
    "untrusted_certificate": 78,
}


def test_exit_codes_and_names() -> None:
    """Scripts rely on them: 0, 1, 2, 65, 69, 75, 77, 78."""
    assert {kind(msg("It.")).name: int(kind.exit_code) for kind in CLASSES} == CODES
    assert [int(code) for code in Exit] == [0, 1, 2, 65, 69, 75, 77, 78]
    assert ApoaError.exit_code is Exit.BUG


def test_each_class_declares_its_name() -> None:
    """A class that is renamed keeps its identifier, and no two classes share one."""
    import_program()
    kinds, found = [ApoaError], list[type[ApoaError]]()
    while kinds:
        found += kinds
        kinds = [
            below for kind in kinds for below in kind.__subclasses__() if below.__module__.startswith("apoa_client")
        ]
    assert [kind for kind in found if "name" not in vars(kind)] == []
    names = [kind.name for kind in found if kind is not ServerDiskFull]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", CLASSES)
def test_texts_contain_no_values(kind: type[ApoaError]) -> None:
    """An error's text may reach a log: it is the sentence without its values. Without advice, the class's stays."""
    assert kind(msg("It.")).advice is kind.advice
    error = kind(msg("The number {number} is odd.", number="X1234567"), msg("Write {number}.", number="X1234567"))
    assert "X1234567" not in f"{error} {error!r} {error.args} {error.message!r} {error.advice!r}"
    assert error.message.render() == "The number X1234567 is odd."


def test_errors_that_stop_sending_advise_a_log_in() -> None:
    """Sending stops after these two, and their advice says how to start again."""
    stopping = [kind for kind in CLASSES if suspends_sending(kind(msg("It.")))]
    assert {kind.__name__ for kind in stopping} == {"WrongPassword", "AccountSuspended"}
    for kind in stopping:
        assert kind.advice is not None
        assert "apoa login" in kind.advice.template


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        *(([], 0), ([0, 0], 0), ([0, 75], 75), ([75, 65, 0], 65), ([65, 69, 75], 69), ([69, 77], 77)),
        *(([77, 78], 78), ([78, 1], 1)),
    ],
)
def test_the_worst_exit_code(codes: list[int], worst: int) -> None:
    """Of work in several parts: a user must act on all but 75 and 0, and a bug is the worst."""
    assert worst_exit(codes) is worst_exit(reversed(codes)) is Exit(worst)
    assert worst_exit(list(Exit)) is Exit.BUG  # each code has its place
    assert (AuthorityBusy(msg("Busy."), retry_after=30).retry_after, AuthorityBusy(msg("Busy.")).retry_after) == (
        30,
        None,
    )
