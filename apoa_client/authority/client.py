"""The authority over HTTP: each call of the contract, with a token that is taken when it is needed.

Nothing is retried here, but for one fresh token: when to send again is delivery's to decide. Logs say the method, the
route and the status; never an id's path, a body or a header.
"""

import gzip
import logging
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote

from requests import PreparedRequest
from requests.auth import AuthBase

from apoa_client.authority import answers
from apoa_client.authority.address import check_base_url
from apoa_client.authority.http_errors import HttpResponse, error_for
from apoa_client.authority.limits import GZIP_MIN_BYTES, Timeouts
from apoa_client.authority.transport import Call, Transport
from apoa_client.errors import ApoaError, SettingsProblem
from apoa_client.messages import msg
from apoa_client.ports import Meta, Verdict
from apoa_client.report.kinds import Receipt

_log = logging.getLogger(__name__)

_TOKEN_MARGIN_S = 30
_PDF = b"%PDF-"
_PDF_IF_YOU_CAN = "application/pdf, application/json;q=0.1, application/problem+json;q=0.1"


class HttpAuthority:
    """An authority that speaks the reporting contract: `ports.Authority`, and the rest of the contract's calls.

    `password` is asked for only when a token is needed. `monotonic` counts seconds, for the token's age. Raises only
    errors of `apoa_client.errors`: a `SettingsProblem` at once for an address, a username or a `ca_bundle` that cannot
    be used.
    """

    def __init__(  # noqa: PLR0913  each is named where it is given
        self,
        *,
        base_url: str,
        username: str,
        password: Callable[[], str],
        user_agent: str,
        timeouts: Timeouts | None = None,
        ca_bundle: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if ":" in username:
            raise SettingsProblem(msg("The username must not hold a colon."))
        self._username = username
        self._password = password
        self._monotonic = monotonic
        self._token: str | None = None
        self._token_until = 0.0
        self._accepts_gzip = False
        self._transport = Transport(
            check_base_url(base_url),
            user_agent=user_agent,
            timeouts=timeouts or Timeouts(),
            ca_bundle=ca_bundle,
            monotonic=monotonic,
        )

    def meta(self) -> Meta:
        """Who the authority is. Also the test of credentials and of the clock."""
        meta = answers.read_meta(self._get("/meta", "/meta").value())
        self._accepts_gzip = meta.accepts_gzip
        return meta

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """Send reports, each an id and its JSON bytes; one verdict each, in the order sent."""
        return answers.read_results(self._post("/reports", bodies).value(), [each[0] for each in bodies])

    def validate(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """What `submit` would answer, while nothing is acquired."""
        reply = self._post("/reports/validate", bodies)
        return answers.read_results(reply.value(), [each[0] for each in bodies], acquired=False)

    def verdict(self, report_id: str) -> Verdict | None:
        """What became of one report by our own id; None where the authority never received it."""
        reply = self._get("/reports/{id}", f"/reports/{quote(report_id, safe='')}")
        return None if reply.is_not_found else answers.read_result(reply.value(), report_id)

    def receipt(self, report_id: str) -> Receipt | None:
        """The receipt of one report; None where it has none."""
        reply = self._get("/reports/{id}/receipt", f"/reports/{quote(report_id, safe='')}/receipt")
        return None if reply.is_not_found else answers.read_receipt(reply.value())

    def receipt_pdf(self, report_id: str) -> bytes | None:
        """The authority's own PDF of a receipt; None where it has none."""
        path = f"/reports/{quote(report_id, safe='')}/receipt"
        reply = self._get("/reports/{id}/receipt", path, {"Accept": _PDF_IF_YOU_CAN})
        if reply.status == HTTPStatus.OK and reply.media_type == "application/pdf":
            if not reply.body.startswith(_PDF):
                raise answers.contract_violation("PDF")
            return reply.body
        if not reply.is_not_found:
            answers.read_receipt(reply.value())
        return None

    def codes(self, table: str, etag: str | None = None) -> answers.CodeTable | None:
        """A table of codes; None where the one that came with `etag` is still current."""
        headers = {} if etag is None else {"If-None-Match": etag}
        reply = self._get("/codes/{table}", f"/codes/{quote(table, safe='')}", headers)
        if reply.status == HTTPStatus.NOT_MODIFIED and etag is not None:
            return None
        return answers.read_codes(reply.value(), table, reply.headers.get("etag"))

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _get(self, route: str, path: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        return self._with_token("GET", route, path, dict(headers or {}), None)

    def _post(self, route: str, bodies: Sequence[tuple[str, bytes]]) -> HttpResponse:
        body = b'{"reports":[' + b",".join(each[1] for each in bodies) + b"]}"
        headers = {"Content-Type": "application/json"}
        if self._accepts_gzip and len(body) > GZIP_MIN_BYTES:
            body = gzip.compress(body, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return self._with_token("POST", route, route, headers, body)

    def _with_token(
        self, method: str, route: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> HttpResponse:
        reply = self._send(route, Call(method, path, _Bearer(self._valid_token()), headers, body))
        if reply.status == HTTPStatus.UNAUTHORIZED:
            self._token = None
            reply = self._send(route, Call(method, path, _Bearer(self._valid_token()), headers, body))
        if reply.status == HTTPStatus.UNAUTHORIZED:
            self._token = None
            raise error_for(reply)
        return reply

    def _valid_token(self) -> str:
        if self._token is None or self._monotonic() >= self._token_until:
            asked_at = self._monotonic()
            token = answers.read_token(self._ask_for_token().value())
            self._token = token.secret
            self._token_until = asked_at + max(token.expires_in - _TOKEN_MARGIN_S, token.expires_in / 2)
        return self._token

    def _ask_for_token(self) -> HttpResponse:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        auth = _Basic(self._username, self._password())
        return self._send("/oauth/token", Call("POST", "/oauth/token", auth, headers, b"grant_type=client_credentials"))

    def _send(self, route: str, call: Call) -> HttpResponse:
        try:
            reply = self._transport.exchange(call)
        except ApoaError as exc:
            _log.debug("%s %s: %s", call.method, route, exc.name)
            raise
        _log.debug("%s %s: HTTP %d", call.method, route, reply.status)
        return reply


class _Basic(AuthBase):
    """RFC 7617, in UTF-8. Of our own, so that no ``.netrc`` is read and no character is lost."""

    def __init__(self, username: str, password: str) -> None:
        self._credentials = b64encode(f"{username}:{password}".encode()).decode("ascii")

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers["Authorization"] = f"Basic {self._credentials}"
        return r


class _Bearer(AuthBase):
    """RFC 6750 §2.1."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers["Authorization"] = f"Bearer {self._token}"
        return r
