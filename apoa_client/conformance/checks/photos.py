"""Photos of travel documents, where the server wants them."""

import hashlib
from http import HTTPStatus

from apoa_client.authority.http_errors import HttpResponse
from apoa_client.conformance.check import Setting, check
from apoa_client.conformance.expectations import expect_equal, expect_json, expect_problem
from apoa_client.conformance.outcomes import Skipped
from apoa_client.conformance.paragraphs import PHOTO_AGAIN, PHOTO_ERRORS, PHOTO_SHA256, PHOTO_WANTED
from apoa_client.messages import msg
from apoa_client.ports.authority import MAX_PHOTO_BYTES

# A grey JPEG of 8 by 8 pixels (JFIF, one component), without anything that a camera adds.
PHOTO = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000"
    f"ffdb004300{'10' * 64}"
    "ffc0000b080008000801011100"
    f"ffc400140001{'00' * 16}ffc400141001{'00' * 16}"
    "ffda0008010100003f003fffd9"
)
_HEAD = 20
"""Bytes of the start and of the first segment, after which comments may stand (ISO/IEC 10918-1, B.2.4.5)."""
_COMMENT_START, _LONGEST_COMMENT = b"\xff\xfe", 60_000


@check("photos.stored", msg("A photo of an accepted check-in is stored, and the answer has its sha256"), PHOTO_SHA256)
def stored(setting: Setting) -> None:
    """The sum is that of the bytes as they were sent."""
    report_id = _accepted(setting)
    _expect_stored(_put(setting, report_id, PHOTO), report_id)


@check("photos.again", msg("The same photo again gets the same answer, another one 409"), PHOTO_AGAIN)
def again(setting: Setting) -> None:
    """A client that never saw the answer sends again."""
    report_id = _accepted(setting)
    for _time in range(2):
        _expect_stored(_put(setting, report_id, PHOTO), report_id)
    expect_problem(_put(setting, report_id, _photo(len(PHOTO) + 10)), HTTPStatus.CONFLICT)


@check("photos.wrong_report", msg("A photo of an unknown report gets 404, of a check-out 409"), PHOTO_ERRORS)
def wrong_report(setting: Setting) -> None:
    """Only an accepted check-in has one."""
    _need_photos(setting)
    expect_problem(_put(setting, setting.samples.id(), PHOTO), HTTPStatus.NOT_FOUND)
    report = setting.samples.check_in()
    _first, second = setting.server.accept(report, setting.samples.check_out(report["stay_id"]))
    expect_problem(_put(setting, second["id"], PHOTO), HTTPStatus.CONFLICT)


@check("photos.not_jpeg", msg("A photo that is not a JPEG gets 400"), PHOTO_ERRORS)
def not_jpeg(setting: Setting) -> None:
    """Other bytes, and another content type."""
    report_id = _accepted(setting)
    expect_problem(_put(setting, report_id, b"GIF89a no JPEG"), HTTPStatus.BAD_REQUEST)
    expect_problem(_put(setting, report_id, PHOTO, "image/png"), HTTPStatus.BAD_REQUEST)


@check("photos.size", msg("A photo of 307,200 bytes is stored, a larger one gets 413"), PHOTO_ERRORS)
def size(setting: Setting) -> None:
    """One byte more."""
    report_id = _accepted(setting)
    expect_problem(_put(setting, report_id, _photo(MAX_PHOTO_BYTES + 1)), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    expect_json(_put(setting, report_id, _photo(MAX_PHOTO_BYTES)), "PhotoAnswer")


@check("photos.unwanted", msg("A server that wants no photos answers 404"), PHOTO_WANTED)
def unwanted(setting: Setting) -> None:
    """Where GET /meta does not say `wants_photo`."""
    if setting.server.meta.get("wants_photo", False):
        raise Skipped(msg("The server wants photos."))
    [result] = setting.server.accept(setting.samples.check_in())
    expect_problem(_put(setting, result["id"], PHOTO), HTTPStatus.NOT_FOUND)


def _need_photos(setting: Setting) -> None:
    if not setting.server.meta.get("wants_photo", False):
        raise Skipped(msg("The server wants no photos."))


def _accepted(setting: Setting) -> str:
    """Return the id of an accepted check-in without a photo."""
    _need_photos(setting)
    [result] = setting.server.accept(setting.samples.check_in())
    return str(result["id"])


def _put(setting: Setting, report_id: str, photo: bytes, content_type: str = "image/jpeg") -> HttpResponse:
    return setting.server.call("PUT", f"/reports/{report_id}/photo", {"Content-Type": content_type}, photo)


def _expect_stored(response: HttpResponse, report_id: str) -> None:
    answer = expect_json(response, "PhotoAnswer")
    expect_equal("id", answer["id"], report_id)
    expect_equal("sha256", answer["sha256"], hashlib.sha256(PHOTO).hexdigest())


def _photo(length: int) -> bytes:
    """Return the JPEG with comments of blanks, of this length in bytes in all. A comment has at least 4 bytes."""
    more = length - len(PHOTO)
    count = -(-more // _LONGEST_COMMENT)
    sizes = [more // count + (number < more % count) for number in range(count)]
    comments = (_COMMENT_START + (each - 2).to_bytes(2, "big") + b" " * (each - 4) for each in sizes)
    return b"".join((PHOTO[:_HEAD], *comments, PHOTO[_HEAD:]))


CHECKS = (stored, again, wrong_report, not_jpeg, size, unwanted)
