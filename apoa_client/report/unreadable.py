"""The one error of typed text, in a room of its own: every reader of text raises it, and they read for each other."""

from apoa_client.messages import Message


class Unreadable(ValueError):
    """Text that is no value of its kind. `code` is one of the command line's; `suggestion` may be offered."""

    def __init__(self, code: str, message: Message, suggestion: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.suggestion = suggestion
