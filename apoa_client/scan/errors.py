"""The errors of pictures: a file that is not a readable picture, or the extra that is not installed."""

from apoa_client.errors import DataRefused, SettingsProblem
from apoa_client.messages import Message, msg


class PictureRefused(DataRefused):
    """The file cannot be read as a picture. The message has no part of the file."""

    advice: Message | None = msg("Take a photo of the whole passport page, as JPEG or PNG, and try it again.")


class ScanMissing(SettingsProblem):
    """The libraries of the extra `scan` are not installed."""

    advice: Message | None = msg('Install them with: pip install "apoa-client[scan]". Or type the lines with --mrz.')

    def __init__(self) -> None:
        super().__init__(msg("The libraries for photos are not installed."))
