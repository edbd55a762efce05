"""A whole HTTP answer, and which error it stands for. Pure: the contract's table of errors, line by line."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from apoa_client.authority.answers import problem_detail, read_json
from apoa_client.authority.limits import MAX_WAIT_S
from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    AuthorityBusy,
    CallRefused,
    NotTheAuthority,
    TooLarge,
    UnknownOutcome,
    WrongPassword,
)
from apoa_client.messages import literal, msg

_SECONDS = re.compile(r"\d{1,9}", re.ASCII)
_PORTAL_ADVICE = msg(
    "Nothing is lost. Open a web browser, log in to this network if it asks you to, and send again with: apoa sync"
)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer as it came: the status, headers by their names in lower case, and at most 1 MiB of body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """The ``Content-Type`` without its parameters, in lower case; "" where there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_not_found(self) -> bool:
        """Whether this is the contract's own 404, and not one of a portal's."""
        is_problem = self.media_type == "application/problem+json" and problem_detail(self.body) is not None
        return self.status == HTTPStatus.NOT_FOUND and is_problem

    def value(self) -> Mapping[str, Any]:
        """The JSON object of a 200. Raises the error that the answer stands for, when it is anything else."""
        if self.status != HTTPStatus.OK:
            raise error_for(self)
        if self.media_type != "application/json":
            raise not_the_authority()
        return read_json(self.body)


def error_for(reply: HttpResponse) -> ApoaError:
    """The error that an answer other than 200 stands for."""
    known = _BY_STATUS.get(reply.status)
    if known is not None:
        return known(reply)
    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unknown_outcome(reply)
    if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
        return NotTheAuthority(
            msg("Something else answered in the authority's place, and pointed us to another address."), _PORTAL_ADVICE
        )
    return NotTheAuthority(
        msg(
            "This is no answer of the reporting contract (HTTP {status}). Is the authority's address right?",
            status=reply.status,
        )
    )


def not_the_authority() -> NotTheAuthority:
    """The error for an answer that does not even look like the authority's."""
    return NotTheAuthority(
        msg("Something else answered in the authority's place, perhaps the login page of this network."),
        _PORTAL_ADVICE,
    )


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Seconds of a ``Retry-After`` header (RFC 9110 §10.2.3), at most a day; None where there is none that can be read.

    A date is counted from the answer's own ``Date``, because our clock may be wrong.
    """
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text) is not None:
        return min(int(text), MAX_WAIT_S)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(int(wait.total_seconds()), 0), MAX_WAIT_S)


def _bad_request(reply: HttpResponse) -> ApoaError:
    detail = problem_detail(reply.body)
    if detail is None:
        return not_the_authority()
    return CallRefused(msg("The authority does not accept what we sent: {detail}", detail=literal(detail)))


def _unauthorized(_: HttpResponse) -> ApoaError:
    # Whatever the body says: asking again and again with a wrong password locks the account.
    return WrongPassword(msg("The authority does not accept the username and password."))


def _forbidden(reply: HttpResponse) -> ApoaError:
    if reply.media_type == "text/html":
        return not_the_authority()
    detail = problem_detail(reply.body)
    if detail is None:
        return AccountSuspended(msg("The authority has suspended this account, or it belongs to another property."))
    return AccountSuspended(msg("The authority refuses this account: {detail}", detail=literal(detail)))


def _too_large(_: HttpResponse) -> ApoaError:
    return TooLarge(msg("The authority does not take so much at once."))


def _too_fast(reply: HttpResponse) -> ApoaError:
    return AuthorityBusy(
        msg("The authority asks us to send more slowly."),
        retry_after=retry_after(reply.headers),
    )


def _unavailable(reply: HttpResponse) -> ApoaError:
    wait = retry_after(reply.headers)
    if wait is None:
        return _unknown_outcome(reply)
    return AuthorityBusy(msg("The authority is under maintenance."), retry_after=wait)


def _unknown_outcome(reply: HttpResponse) -> ApoaError:
    return UnknownOutcome(
        msg(
            "The authority had a problem (HTTP {status}). We do not know yet what it received; sending again is safe.",
            status=reply.status,
        )
    )


def _login_page(_: HttpResponse) -> ApoaError:
    return not_the_authority()


_BY_STATUS: Mapping[int, Callable[[HttpResponse], ApoaError]] = {
    HTTPStatus.BAD_REQUEST: _bad_request,
    HTTPStatus.UNAUTHORIZED: _unauthorized,
    HTTPStatus.FORBIDDEN: _forbidden,
    HTTPStatus.REQUEST_TIMEOUT: _unknown_outcome,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _too_large,
    HTTPStatus.TOO_MANY_REQUESTS: _too_fast,
    HTTPStatus.SERVICE_UNAVAILABLE: _unavailable,
    HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED: _login_page,
}
