"""How a check ends: it returns when the server passes, and raises one of these otherwise."""

from apoa_client.messages import Message


class _Ended(Exception):
    """A check ended early, for the reason in `message`."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.template)
        self.message = message


class Failed(_Ended):
    """The server breaks the contract."""


class Skipped(_Ended):
    """The check cannot be done here."""
