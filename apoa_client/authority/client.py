"""The authority over HTTP: each call of the contract, with a token that is requested when it is needed.

Nothing is retried here except once with a fresh token; `delivery` decides when to send again. The log has the method,
the route and the status, and never a path with an id, a body or a header.
"""

import gzip
import hashlib
import logging
import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from apoa_client.authority import answers
from apoa_client.authority.address import GZIP_MIN_BYTES, SLOWEST_BYTES_S, Timeouts, check_base_url
from apoa_client.authority.http_errors import HttpResponse, error_for, photo_refusal
from apoa_client.authority.transport import Authorization, Call, Transport
from apoa_client.errors import ApoaError, CallRefused, NotNow, SettingsProblem
from apoa_client.messages import msg
from apoa_client.ports.authority import META_VALID_S, DailyReceipt, KeptAnswers, Meta, Verdict
from apoa_client.report.codes import CodeTable

_log = logging.getLogger(__name__)

_TOKEN_MARGIN_S = 30
_MAX_PAGES = 100
"""Pages of one day's receipts; a server that has more of them does not end."""
_PDF_START = b"%PDF-"
_PLACE = r"\{\w+\}"
_ACCEPT_PDF = "application/pdf, application/json;q=0.1, application/problem+json;q=0.1"


class HttpAuthority:
    """A client of the reporting contract: `ports.Authority` and the contract's other calls.

    `password` is called only when a token is needed, and `password_accepted` when one was granted. `time_left` returns
    how many seconds a call may take, if that is less than the time-outs. `monotonic` counts seconds, for the token's
    age. Raises only errors of `apoa_client.errors`; the constructor raises `SettingsProblem` for an invalid address,
    username or `ca_bundle`. `kept` has the token and the limits that an earlier connection received.
    """

    def __init__(  # noqa: PLR0913  all are keyword arguments
        self,
        *,
        base_url: str,
        username: str,
        password: Callable[[], str],
        password_accepted: Callable[[], object] = lambda: None,
        user_agent: str,
        timeouts: Timeouts | None = None,
        time_left: Callable[[], float] | None = None,
        ca_bundle: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        kept: KeptAnswers | None = None,
    ) -> None:
        if ":" in username:
            raise SettingsProblem(msg("The username must not contain a colon."))
        self._username = username
        self._password = password
        self._password_accepted = password_accepted
        self._monotonic = monotonic
        self._kept = kept if kept is not None else KeptAnswers()
        self._has_asked = False
        """Whether it is known from this connection itself, and not from `kept`, who the authority is."""
        self._transport = Transport(
            check_base_url(base_url),
            user_agent=user_agent,
            timeouts=timeouts or Timeouts(),
            time_left=time_left,
            ca_bundle=ca_bundle,
            monotonic=monotonic,
        )

    def meta(self) -> Meta:
        """Ask for the authority's limits, its time and our account. Also tests the credentials and the clock."""
        meta = answers.read_meta(self._get("/meta").value())
        self._kept.meta = meta
        # With a new token, the authority may be another one.
        self._kept.meta_until = min(self._monotonic() + META_VALID_S, self._kept.token_until)
        self._has_asked = True
        return meta

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """Send reports, each an id and its JSON bytes. Returns the verdicts that can be read, in the order sent."""
        return answers.read_results(self._post("/reports", bodies).value(), [each[0] for each in bodies])

    def validate(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """Ask what `submit` would answer. The authority stores nothing."""
        response = self._post("/reports/validate", bodies)
        return answers.read_results(response.value(), [each[0] for each in bodies], acquired=False)

    def verdict(self, report_id: str) -> Verdict | None:
        """Ask for the verdict on one report, by our own id; None if the authority never received it."""
        response = self._get("/reports/{id}", report_id)
        return None if response.is_not_found else answers.read_result(response.value(), report_id)

    def receipt_pdf(self, report_id: str) -> bytes | None:
        """Ask for the authority's own PDF of a receipt; None if it has no such PDF."""
        return self._get_pdf("/reports/{id}/receipt", report_id, answers.read_receipt)

    def daily_receipt(self, day: date) -> DailyReceipt | None:
        """Ask for the receipts of one day; None where the authority has no receipts for whole days."""
        pages: list[Mapping[str, Any]] = []
        query: str | None = ""
        while query is not None:
            response = self._get("/receipts/{day}", day.isoformat(), query=query)
            if response.is_not_found and not pages:
                return None
            pages.append(response.value())
            page = answers.next_page(pages[-1], day)
            query = None if page is None else f"?page={page}"
            if page is not None and len(pages) == _MAX_PAGES:
                raise answers.contract_violation("next")
        return answers.read_daily_receipt(pages, day)

    def daily_receipt_pdf(self, day: date) -> bytes | None:
        """Ask for the authority's own PDF of the receipts of one day; None if it has no such PDF."""
        return self._get_pdf("/receipts/{day}", day.isoformat(), lambda value: answers.next_page(value, day))

    def send_photo(self, report_id: str, jpeg: bytes) -> None:
        """Send the photo of an accepted report's document. Checks that all of it arrived."""
        extra_s, headers = len(jpeg) / SLOWEST_BYTES_S, {"Content-Type": "image/jpeg"}
        response = self._with_token("PUT", "/reports/{id}/photo", report_id, headers, jpeg, extra_s=extra_s)
        refusal = photo_refusal(response)
        if refusal is not None:
            raise refusal
        answers.check_photo(response.value(), report_id, hashlib.sha256(jpeg).hexdigest())

    def codes(self, table: str, etag: str | None = None) -> CodeTable | None:
        """Ask for a code table; None if the one with `etag` is current. Raises `CallRefused` for an unknown table."""
        headers = {} if etag is None else {"If-None-Match": etag}
        response = self._get("/codes/{table}", table, headers)
        if response.status == HTTPStatus.NOT_MODIFIED and etag is not None:
            return None
        if response.is_not_found:
            raise CallRefused(msg("The authority has no table {table}.", table=table), name="no_such_table")
        return answers.read_codes(response.value(), table, response.headers.get("etag"))

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _get(
        self, route: str, name: str = "", headers: Mapping[str, str] | None = None, *, query: str = ""
    ) -> HttpResponse:
        return self._with_token("GET", route + query, name, dict(headers or {}), None)

    def _get_pdf(self, route: str, name: str, read: Callable[[Mapping[str, Any]], object]) -> bytes | None:
        """Ask for a PDF; None if there is no PDF. `read` checks an answer in JSON."""
        response = self._get(route, name, {"Accept": _ACCEPT_PDF})
        if response.status == HTTPStatus.OK and response.media_type == "application/pdf":
            if not response.body.startswith(_PDF_START):
                raise answers.contract_violation("PDF")
            return response.body
        if not response.is_not_found:
            read(response.value())
        return None

    def _post(self, route: str, bodies: Sequence[tuple[str, bytes]]) -> HttpResponse:
        body = b'{"reports":[' + b",".join(each[1] for each in bodies) + b"]}"
        headers = {"Content-Type": "application/json"}
        meta = self._kept.meta
        if meta is not None and meta.accepts_gzip and len(body) > GZIP_MIN_BYTES:
            encoded = {**headers, "Content-Encoding": "gzip"}
            response = self._with_token("POST", route, "", encoded, gzip.compress(body, mtime=0))
            if response.status != HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
                return response
            self._kept.meta = meta._replace(accepts_gzip=False)
        return self._with_token("POST", route, "", headers, body)

    def _with_token(
        self, method: str, route: str, name: str, headers: dict[str, str], body: bytes | None, *, extra_s: float = 0.0
    ) -> HttpResponse:
        """Send a call, with a new token if the first one is refused. `name` takes the place in braces of the route."""
        path = re.sub(_PLACE, quote(name, safe=""), route)
        response = self._send(route, Call(method, path, self._bearer(), headers, body, extra_s))
        if response.status == HTTPStatus.UNAUTHORIZED:
            before = self._kept.meta if route != "/meta" and not self._has_asked else None
            self._kept.forget()
            if before is not None and self.meta().identity != before.identity:
                raise NotNow(
                    msg("Another authority answers at the address of the reports, or it is another account there."),
                    msg("What waits is kept. The next run says which one it is."),
                )
            response = self._send(route, Call(method, path, self._bearer(), headers, body, extra_s))
        if response.status == HTTPStatus.UNAUTHORIZED:
            self._kept.token = None
            raise error_for(response)
        return response

    def _bearer(self) -> Authorization:
        """The token (RFC 6750 §2.1), requested with the username and password (RFC 7617, in UTF-8) if it is needed."""
        kept = self._kept
        if kept.token is None or self._monotonic() >= kept.token_until:
            asked_at = self._monotonic()
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            credentials = b64encode(f"{self._username}:{self._password()}".encode()).decode("ascii")
            auth = Authorization(f"Basic {credentials}")
            call = Call("POST", "/oauth/token", auth, headers, b"grant_type=client_credentials")
            token = answers.read_token(self._send("/oauth/token", call).value())
            kept.token = token.secret
            kept.token_until = asked_at + max(token.expires_in - _TOKEN_MARGIN_S, token.expires_in / 2)
            self._password_accepted()
        return Authorization(f"Bearer {kept.token}")

    def _send(self, route: str, call: Call) -> HttpResponse:
        route = route.partition("?")[0]
        try:
            response = self._transport.exchange(call)
        except ApoaError as exc:
            _log.debug("%s %s: %s", call.method, route, exc.name)
            raise
        _log.debug("%s %s: HTTP %d", call.method, route, response.status)
        return response
