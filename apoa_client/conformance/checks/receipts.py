"""Receipts, the server's proof, which never changes, and photos of travel documents, where the server wants them."""

import hashlib
import json
from http import HTTPStatus

from apoa_client.authority.http_errors import HttpResponse
from apoa_client.conformance.check import RECEIPT, Context, Paragraph, check
from apoa_client.conformance.exchange import (
    expect,
    expect_equal,
    expect_json,
    expect_problem,
    expect_receipt,
    expect_same_receipt,
    need,
)
from apoa_client.messages import msg
from apoa_client.ports.authority import MAX_PHOTO_BYTES

_PHOTO = "/paths/~1reports~1{id}~1photo/put/description"
_SHA256 = Paragraph("/components/schemas/Receipt/properties/sha256/description")
_RECEIPT_CALL = Paragraph("/paths/~1reports~1{id}~1receipt/get/description")
_PHOTO_WANTED = Paragraph(_PHOTO, "The page with the guest's data")
_PHOTO_SHA256 = Paragraph(_PHOTO, "The answer has the SHA-256")
_PHOTO_ERRORS = Paragraph(_PHOTO, "400: not a JPEG")

_PDF, _PDF_START = "application/pdf", b"%PDF-"


@check("receipts.pdf", msg("A client that asks for a PDF gets one, or the receipt as JSON"), _RECEIPT_CALL)
def pdf(context: Context) -> None:
    """With a header `Accept` that prefers a PDF."""
    [result] = context.server.accept(context.samples.check_in())
    receipt = expect_receipt(result)
    response = context.server.call("GET", _path(result["id"]), {"Accept": f"{_PDF}, application/json;q=0.1"})
    if response.media_type == _PDF:
        expect(response.body.startswith(_PDF_START), msg("The body is not a PDF."))
    else:
        expect_same_receipt(expect_json(response, "Receipt"), receipt)


@check("receipts.sha256", msg("The sum of a receipt is that of the report in its canonical form"), _SHA256)
def sha256(context: Context) -> None:
    """For this report it is JSON with sorted members and without white space."""
    context.server.need_rules()
    report = context.samples.check_in({"surname": "APOA MUÑOZ"})
    [result] = context.server.accept(report)
    found = expect_receipt(result)["sha256"]
    need(found is not None, msg("The server has no sums."))
    text = json.dumps(report, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    expect_equal("sha256", found, hashlib.sha256(text.encode()).hexdigest())


@check(
    "receipts.unchanged", msg("A receipt stays the same after an amendment, a check-out and a cancellation"), RECEIPT
)
def unchanged(context: Context) -> None:
    """Asked for in every way, after each further report."""
    make, server, report = context.samples, context.server, context.samples.check_in()
    [result] = server.accept(report)
    receipt, stay = expect_receipt(result), report["stay_id"]
    for later in (make.amend(report, room="12"), make.check_out(stay), make.cancel(stay)):
        server.accept(later)
        expect_receipt(server.result(report["id"]), receipt)
        expect_same_receipt(expect_json(server.call("GET", _path(report["id"])), "Receipt"), receipt)
        [again] = server.deliver(report)
        expect_receipt(again, receipt)


def _path(report_id: str) -> str:
    return f"/reports/{report_id}/receipt"


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


@check("photos.stored", msg("A photo is stored, and the answer has its sha256; again, it is the same"), _PHOTO_SHA256)
def stored(context: Context) -> None:
    """The hash is of the bytes as they were sent. A client that never saw the answer sends again."""
    _need_photos(context)
    [result] = context.server.accept(context.samples.check_in())
    expect_receipt(result)
    report_id = str(result["id"])
    for _time in range(2):
        answer = expect_json(_put(context, report_id, PHOTO), "PhotoAnswer")
        expect_equal("id", answer["id"], report_id)
        expect_equal("sha256", answer["sha256"], hashlib.sha256(PHOTO).hexdigest())
    expect_problem(_put(context, report_id, _photo(len(PHOTO) + 10)), HTTPStatus.CONFLICT)


@check(
    "photos.refused",
    msg("A photo without its check-in, of another form, or of more than 307,200 bytes is refused"),
    _PHOTO_ERRORS,
)
def refused(context: Context) -> None:
    """With 404, 409, 400 and 413; afterwards the largest photo is stored."""
    _need_photos(context)
    expect_problem(_put(context, context.samples.id(), PHOTO), HTTPStatus.NOT_FOUND)
    report = context.samples.check_in()
    later = context.samples.check_out(report["stay_id"])
    for each in context.server.accept(report, later):
        expect_receipt(each)
    check_in, check_out = str(report["id"]), str(later["id"])
    expect_problem(_put(context, check_out, PHOTO), HTTPStatus.CONFLICT)
    expect_problem(_put(context, check_in, b"GIF89a no JPEG"), HTTPStatus.BAD_REQUEST)
    expect_problem(_put(context, check_in, PHOTO, "image/png"), HTTPStatus.BAD_REQUEST)
    expect_problem(_put(context, check_in, _photo(MAX_PHOTO_BYTES + 1)), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    expect_json(_put(context, check_in, _photo(MAX_PHOTO_BYTES)), "PhotoAnswer")


@check("photos.unwanted", msg("A server without photos or daily receipts answers 404"), _PHOTO_WANTED)
def unwanted(context: Context) -> None:
    """Where GET /meta does not say `wants_photo`, or not `daily_receipts`."""
    photos, days = (context.server.meta.get(name, False) for name in ("wants_photo", "daily_receipts"))
    need(not (photos and days), msg("The server has both."))
    if not photos:
        [result] = context.server.accept(context.samples.check_in())
        expect_problem(_put(context, result["id"], PHOTO), HTTPStatus.NOT_FOUND)
    if not days:
        expect_problem(context.server.call("GET", "/receipts/2026-11-24"), HTTPStatus.NOT_FOUND)


def _need_photos(context: Context) -> None:
    need(context.server.meta.get("wants_photo", False), msg("The server wants no photos."))


def _put(context: Context, report_id: str, photo: bytes, content_type: str = "image/jpeg") -> HttpResponse:
    return context.server.call("PUT", f"/reports/{report_id}/photo", {"Content-Type": content_type}, photo)


def _photo(length: int) -> bytes:
    """Return the JPEG with comments of blanks, of this length in bytes in all. A comment has at least 4 bytes."""
    more = length - len(PHOTO)
    count = -(-more // _LONGEST_COMMENT)
    sizes = [more // count + (number < more % count) for number in range(count)]
    comments = (_COMMENT_START + (each - 2).to_bytes(2, "big") + b" " * (each - 4) for each in sizes)
    return b"".join((PHOTO[:_HEAD], *comments, PHOTO[_HEAD:]))
