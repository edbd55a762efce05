"""A check: a function with an id, a title and the paragraph of the contract that it tests."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from apoa_client.conformance.paragraphs import Paragraph
from apoa_client.conformance.samples import Samples
from apoa_client.conformance.server import Server
from apoa_client.messages import Message


@dataclass(frozen=True, slots=True)
class Setting:
    """What a check works with. `now` is timezone-aware.

    `restart` returns when a person has restarted the server; it is None if there is no person to ask.
    """

    server: Server
    samples: Samples
    now: Callable[[], datetime]
    restart: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `run` returns if the server passes, and raises `Failed` or `Skipped` otherwise."""

    id: str
    title: Message
    paragraph: Paragraph
    run: Callable[[Setting], None]


def check(name: str, title: Message, paragraph: Paragraph) -> Callable[[Callable[[Setting], None]], Check]:
    """Declare a function as the check `name`: its chapter and its own name, with a full stop between."""
    return lambda run: Check(name, title, paragraph, run)
