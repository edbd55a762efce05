"""What a picture says."""

from dataclasses import dataclass, field

from apoa_client.messages import Message


@dataclass(frozen=True)
class PhotoReading:
    """What a picture says.

    Args:
        lines: The lines of the zone, from the first to the last; empty if none was found.
        doubtful: The places, as (line, column) from 0, at which another character is possible.
        sure: Whether all check digits are right, all codes exist, both passes agree, and nothing is doubtful.
        strips: For each line its piece of the picture, `line_reader.ROWS` rows of grey values from 0 to 255, with
            `PITCH` columns for each character; the middle of the first character is in column `PITCH` * `MARGIN`.
        elapsed_ms: How long it took, in milliseconds.
        hint: How to photograph the page better; None if all is sure.
        evidence: The picture as a JPEG, as `pictures.evidence` returns it; None unless it was asked for.

    """

    lines: tuple[str, ...] = field(repr=False)
    doubtful: tuple[tuple[int, int], ...]
    sure: bool
    strips: tuple[bytes, ...] = field(repr=False)
    elapsed_ms: int
    hint: Message | None = None
    evidence: bytes | None = field(default=None, repr=False)
