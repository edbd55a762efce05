"""What a picture says, and why none can be read: the file is no readable picture, or the extra is not installed."""

from dataclasses import dataclass, field

from apoa_client.errors import DataRefused, SettingsProblem, install_advice
from apoa_client.messages import Message, msg


@dataclass(frozen=True)
class PhotoReading:
    """What a picture says.

    Args:
        lines: The lines of the zone, from the first to the last; empty if none was found.
        doubtful: The places, as (line, column) from 0, at which another character is possible.
        sure: Whether all check digits are right, all codes exist, both passes agree, nothing is doubtful, and no
            other document is in the picture.
        elapsed_ms: How long it took, in milliseconds.
        hint: How to photograph the page better; None if all is sure.
        evidence: The picture as a JPEG, as `pictures.evidence` returns it; None unless it was asked for.
        others: What other documents in the picture say. Then no reading is sure: which is the guest's is not known.

    """

    lines: tuple[str, ...] = field(repr=False)
    doubtful: tuple[tuple[int, int], ...]
    sure: bool
    elapsed_ms: int
    hint: Message | None = None
    evidence: bytes | None = field(default=None, repr=False)
    others: tuple["PhotoReading", ...] = ()

    @property
    def zones(self) -> int:
        """How many documents the picture shows."""
        return bool(self.lines) + len(self.others)


class PictureRefused(DataRefused):
    """The file cannot be read as a picture. The message has no part of the file."""

    name = "picture_refused"
    advice: Message | None = msg("Take a photo of the whole passport page, as JPEG or PNG, and try it again.")


class ScanMissing(SettingsProblem):
    """The libraries of the extra `scan` are not installed."""

    name = "scan_missing"

    def __init__(self) -> None:
        super().__init__(
            msg("The libraries for photos are not installed. Without them, type the lines with --mrz."),
            install_advice("scan"),
        )
