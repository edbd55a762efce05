"""Moves practice out of a real property's outbox, where version 0.1.0 let both be mixed, into the outbox of practice.

The first command that has the private key does it. A stay is stored there before it is removed here, so that after a
kill the next command goes on. What may be practice stays where it is, and is not sent, until a user decides.
"""

from collections.abc import Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from apoa_client.app.container import Container
from apoa_client.app.property_setup import find_practice
from apoa_client.delivery.options import Outcome, authenticate
from apoa_client.errors import ApoaError, file_in_use
from apoa_client.outbox.sql.hand_over import HandOver
from apoa_client.outbox.sql.metadata import PRACTICE_MOVED, PRACTICE_UNDECIDED
from apoa_client.outbox.sql.past_practice import stays_of_practice, trained_stays
from apoa_client.ports.entries import Selection

if TYPE_CHECKING:
    from apoa_client.outbox.sql.store import Outbox


def move_past_practice(app: Container, outbox: "Outbox", *, ask: bool = False) -> int:
    """Move what is certainly practice, and return how many moved reports no user has read of yet.

    A keyring is asked for the private key with `ask` only. What cannot be moved, without the key above all, is in
    doubt too. Raises `StorageProblem`.
    """
    known = outbox.value(PRACTICE_UNDECIDED)
    trained = trained_stays(outbox.database)
    if ask or not trained <= frozenset(known or ()):
        certain, doubtful = stays_of_practice(outbox.database)
        # Without a receipt it is in doubt at the first look only: later a user may have said that it is real.
        asked = trained.union(known or ())
        undecided = [each for each in doubtful if known is None or each in asked]
        outbox.record(PRACTICE_UNDECIDED, undecided)
        if certain and (ask or app.key_is_at_hand):
            with suppress(ApoaError):
                _move(app, outbox, certain)
        left = trained_stays(outbox.database).intersection(certain)
        outbox.record(PRACTICE_UNDECIDED, [*left, *undecided])
    return outbox.value(PRACTICE_MOVED) or 0


def _move(app: Container, outbox: "Outbox", stays: Sequence[str]) -> None:
    """Move these stays. Raises why one of them was left, also the error that the key is not at hand."""
    app.secrets.private_key()
    name, environ = find_practice(app)
    with closing(Container(environ, app.clock, name)) as practice:
        training = app.folders.sandbox(name)
        if training.exists() and not practice.outbox.count(Selection()):
            try:
                training.replace(practice.folders.sandbox(name))  # it knows the stays, and the next number
            except OSError:  # on Windows, while a program has the file open
                raise file_in_use(str(training)) from None
        authenticate(outbox, app.known_version, Outcome())  # a file of 0.1.0 has no codes yet
        hand_over = HandOver(outbox.database, practice.outbox.database, app.sealer, app.actor, practice.sealer)
        done = hand_over.run(history=True, only=stays)
    authenticate(outbox, app.known_version, Outcome())  # the vault knows then that they are gone
    if done.problem is not None:
        raise done.problem


def decide(app: Container, stay: str, *, is_practice: bool) -> None:
    """Move an undecided stay to practice; or let it be real, and send again what only the training authority has.

    Raises `ApoaError` if it cannot be moved, or the key is not at hand.
    """
    outbox = app.outbox
    if is_practice:
        unread = outbox.value(PRACTICE_MOVED)
        _move(app, outbox, [stay])
        outbox.record(PRACTICE_MOVED, unread)  # the user knows of this one
    else:
        entries = outbox.entries(Selection(stay_id=stay))
        trained = [each.id for each in entries if each.receipt is not None and each.receipt.is_training]
        version = outbox.integrity.accept(trained, app.known_version.read) if trained else None
        if version is not None:
            app.known_version.write(version)
    left = [each for each in outbox.value(PRACTICE_UNDECIDED) or () if each != stay]
    outbox.record(PRACTICE_UNDECIDED, left)
