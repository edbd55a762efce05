"""An HTTP response of the authority, and the error that it stands for (contract: table of errors). Pure."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from apoa_client.authority.address import MAX_WAIT_S
from apoa_client.authority.answers import problem_detail, read_json
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
from apoa_client.messages import foreign, msg
from apoa_client.texts import repr_with

_PHOTO_REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
_SECONDS = r"(?a)\d{1,9}"
_LOGIN_PAGE_ADVICE = msg(
    "Nothing is lost. Open a web browser, log in to this network if it asks you to, and send again with: apoa sync"
)


@repr_with("status")
class HttpResponse(NamedTuple):
    """A response: the status, the headers by lower-case name, and at most 1 MiB of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The ``Content-Type`` without its parameters, in lower case; "" if it is missing."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_problem(self) -> bool:
        """Whether the body is the contract's ``Problem``, and not the error of another server, such as a proxy."""
        return self.media_type == "application/problem+json" and problem_detail(self.body) is not None

    @property
    def is_not_found(self) -> bool:
        """Whether this is a 404 of the contract, and not of another server."""
        return self.status == HTTPStatus.NOT_FOUND and self.is_problem

    def value(self) -> Mapping[str, Any]:
        """The JSON object of a 200. Raises the error that any other response stands for."""
        if self.status != HTTPStatus.OK:
            raise error_for(self)
        if self.media_type != "application/json":
            raise not_the_authority()
        return read_json(self.body)


def error_for(response: HttpResponse) -> ApoaError:
    """The error that a response other than 200 stands for."""
    status, wait = response.status, retry_after(response.headers)
    error: ApoaError
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN}:
        error = _refusal(response)
    elif status == HTTPStatus.UNAUTHORIZED:  # whatever the body says: repeated wrong passwords lock the account
        error = _wrong_password()
    elif status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        error = TooLarge(msg("The authority does not accept so much data at once."))
    elif status == HTTPStatus.TOO_MANY_REQUESTS:
        error = AuthorityBusy(msg("The authority asks us to send more slowly."), retry_after=wait)
    elif status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None:
        error = AuthorityBusy(msg("The authority is under maintenance."), retry_after=wait)
    elif status == HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED:
        error = not_the_authority()
    elif status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        error = UnknownOutcome(
            msg(
                "The authority had a problem (HTTP {status}). We do not know yet what it received; sending again is "
                "safe.",
                status=status,
            )
        )
    else:
        error = _outside_the_contract(status)
    return error


def _refusal(response: HttpResponse) -> ApoaError:
    """The error of a 400 or a 403. The login page of a network may use these too."""
    detail = problem_detail(response.body)
    if response.status == HTTPStatus.BAD_REQUEST:
        if detail is None:
            return not_the_authority()
        if read_json(response.body).get("error") == "invalid_client":  # as OAuth may say it (RFC 6749 §5.2)
            return _wrong_password()
        return CallRefused(msg("The authority does not accept what we sent: {detail}", detail=foreign(detail)))
    if response.media_type == "text/html":
        return not_the_authority()
    if detail is None:
        return AccountSuspended(msg("The authority has suspended this account, or it belongs to another property."))
    return AccountSuspended(msg("The authority refuses this account: {detail}", detail=foreign(detail)))


def _wrong_password() -> WrongPassword:
    return WrongPassword(msg("The authority does not accept the username and password."))


def photo_refusal(response: HttpResponse) -> CallRefused | None:
    """The error of a photo that the authority does not take; None for any other response."""
    too_large = response.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE  # also where a gateway says so
    if not too_large and not (response.status in _PHOTO_REFUSALS and response.is_problem):
        return None
    detail = foreign(problem_detail(response.body) or f"HTTP {response.status}")
    return CallRefused(
        msg("The authority does not take the photo: {detail}", detail=detail),
        msg("The report itself is not affected. Ask the authority whether it needs the photo."),
        name="photo_refused",
    )


def _outside_the_contract(status: int) -> NotTheAuthority:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return NotTheAuthority(
            msg("Another server answered instead of the authority and pointed us to another address."),
            _LOGIN_PAGE_ADVICE,
        )
    return NotTheAuthority(
        msg(
            "This is not an answer of the reporting contract (HTTP {status}). Is the authority's address right?",
            status=status,
        )
    )


def not_the_authority() -> NotTheAuthority:
    """The error for an answer of another server, such as the login page of a network."""
    return NotTheAuthority(
        msg("Another server answered instead of the authority, perhaps the login page of this network."),
        _LOGIN_PAGE_ADVICE,
    )


def retry_after(headers: Mapping[str, str]) -> int | None:
    """The seconds of a ``Retry-After`` header (RFC 9110 §10.2.3), at most a day; None where it is missing or invalid.

    A date is counted from the response's own ``Date``, because our clock may be wrong.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(_SECONDS, text) is not None:
        return min(int(text), MAX_WAIT_S)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(int(wait.total_seconds()), 0), MAX_WAIT_S)
