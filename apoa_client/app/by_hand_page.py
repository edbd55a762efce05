"""The page from which staff copy a report into APOA, one value after the other, and where they enter APOA's number.

The command serves it on the loopback interface while it runs. The browser gets the address with a token in its
fragment, which it sends to no server by itself; the page's script exchanges it for a cookie, and only with the cookie
are the reports shown. The work of all requests is done in the thread that serves, because an outbox has one thread.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from datetime import timedelta
from http import HTTPStatus
from queue import Empty, SimpleQueue
from socket import create_server
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from apoa_client.app.container import Container
from apoa_client.desk.by_hand import NOT_SENT, TypingTask, parse_receipt_number, recorded_message
from apoa_client.errors import ApoaError, DataRefused, Erased, ReportMoved, SealBroken, StorageProblem
from apoa_client.loopback import (
    EVERY_HEADER,
    HOST,
    PAGE_HEADERS,
    LoopbackServer,
    comes_from_page,
    is_token,
    names_loopback,
    new_token,
    receive_body,
)
from apoa_client.messages import Message
from apoa_client.report.kinds import short_id
from apoa_client.texts import repr_with

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

IDLE = timedelta(minutes=15)
"""The page ends after this time without use."""
_RENEW_EVERY = timedelta(minutes=1)
_POLL_S = 0.1
_LAST_ANSWER_S = 5.0
"""How long the browser has to read the last answer."""
_LARGEST_FORM = 4096


@repr_with()
class Shown(NamedTuple):
    """What the page shows: a report to type, or None at the end, and what happened before."""

    task: TypingTask | None
    messages: tuple[Message, ...] = ()
    number: str = ""
    """The number that was typed, if it must be looked at again."""
    problem: Message | None = None
    """Why: it is no number, or it is a doubtful one."""
    doubtful: bool = False
    """Whether the number is recorded when it is given again."""


class PageFiles(NamedTuple):
    """The page as HTML, by what it shows; what is shown without the token; its style and its script."""

    draw: Callable[[Shown], str]
    closed: str
    style: str
    script: str


class ByHandPage:
    """The page of one command. `recorded` counts the reports that were closed."""

    def __init__(self, app: Container, files: PageFiles) -> None:
        self._app = app
        self._desk = app.by_hand
        self._draw = files.draw
        self._public = {
            ("GET", "/"): (files.closed, HTTPStatus.FORBIDDEN, "text/html"),
            ("GET", "/page.css"): (files.style, HTTPStatus.OK, "text/css"),
            ("GET", "/page.js"): (files.script, HTTPStatus.OK, "text/javascript"),
        }
        """What is shown without the token: nothing of a guest."""
        self._token, self._session = new_token(), new_token()
        self._first_token = new_token()
        """Is valid once: other users of the computer see the address with which a browser is started."""
        # A browser sends a cookie to every port of this computer, so its path cannot be guessed either.
        self._base = f"/{new_token()}/"
        self._work: SimpleQueue[tuple[Callable[[], Response], Future[Response]]] = SimpleQueue()
        self._ended, self._sent = Event(), Event()
        self._used_at = app.clock.now()
        self._claim = ExitStack()
        self._lease = ""
        self._renew_at = app.clock.now() + _RENEW_EVERY
        self._task: TypingTask | None = None
        self._later: set[str] = set()
        """Stays that are left for later."""
        self._messages: list[Message] = [] if app.settings.by_hand else [NOT_SENT]
        self.recorded = 0

    def serve(self, announce: Callable[[str, str], None]) -> None:
        """Serve until no report is left, or the page is not used for a while.

        `announce` gets the address for the user, and the one with which a browser is started, which is valid once.

        Without a report there is no page. Raises `CredentialsProblem`, `StorageProblem` and `NotNow`.
        """
        self._desk.release_abandoned()
        with self._claim:
            self._go_on()
            if self._task is None:
                return
            with create_server((HOST, 0)) as listener:
                server = LoopbackServer(self, listener, "apoa-page")
                try:
                    address = f"http://{HOST}:{server.port}/#"
                    announce(address + self._token, address + self._first_token)
                    self._run()
                finally:
                    self._ended.set()
                    server.stop()

    @property
    def messages(self) -> tuple[Message, ...]:
        """What happened to the last report, and to those that could not be shown."""
        return tuple(self._messages)

    def _run(self) -> None:
        """Do the work of the requests, and keep the report from other desks, until the page has ended."""
        while self._task is not None and self._app.clock.now() - self._used_at < IDLE:
            if self._app.clock.now() >= self._renew_at:
                with suppress(StorageProblem):  # a server that is away for a minute: the lease lasts for five
                    self._desk.renew(self._lease)
                self._renew_at = self._app.clock.now() + _RENEW_EVERY
            try:
                work, answer = self._work.get(timeout=_POLL_S)
            except Empty:
                continue
            self._used_at = self._app.clock.now()
            answer.set_result(work())
        if self._task is None:
            self._sent.wait(_LAST_ANSWER_S)

    def _in_turn(self, work: Callable[[], Response]) -> Response:
        """Return what the serving thread answers; an empty answer if the page ends meanwhile."""
        answer: Future[Response] = Future()
        self._work.put((work, answer))
        while True:
            try:
                return answer.result(timeout=_POLL_S)
            except TimeoutError:
                if self._ended.is_set():
                    return _refusal(HTTPStatus.SERVICE_UNAVAILABLE)

    # Requests, each in a thread of its own.

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request. Nothing is logged."""
        receive_body(environ)
        request = Request(environ)
        request.max_content_length = _LARGEST_FORM
        try:
            response = self._answer(request)
        except HTTPException:
            response = _refusal(HTTPStatus.BAD_REQUEST)
        for name, value in (*EVERY_HEADER.items(), *PAGE_HEADERS.items()):
            response.headers.setdefault(name, value)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        route = request.method, request.path
        if not names_loopback(request):
            return _refusal(HTTPStatus.MISDIRECTED_REQUEST)
        if route in self._public:
            content, status, kind = self._public[route]
            return Response(content, status, mimetype=kind)
        if comes_from_page(request):
            if route == ("POST", "/enter"):
                return self._enter(request)
            if is_token(request.cookies.get(self._cookie_name(request), ""), self._session):
                return self._answer_user(request)
        return _refusal(HTTPStatus.FORBIDDEN)

    def _enter(self, request: Request) -> Response:
        """Exchange a token for the cookie, and return the path of the page."""
        given = request.get_data(as_text=True)
        if is_token(given, self._first_token):
            self._first_token = ""
        elif not is_token(given, self._token):
            return _refusal(HTTPStatus.FORBIDDEN)
        response = Response(self._base, mimetype="text/plain")
        name = self._cookie_name(request)
        response.set_cookie(name, self._session, path=self._base, httponly=True, samesite="Strict")
        return response

    def _cookie_name(self, request: Request) -> str:
        """Return a name of its own for each page: a browser keeps cookies by host, whatever the port is."""
        return f"apoa-{request.host.rpartition(':')[2]}"

    def _answer_user(self, request: Request) -> Response:
        match request.method, request.path.removeprefix(self._base):
            case "GET", "":
                return self._in_turn(self._drawn)
            case "GET", "alive":
                return Response(status=HTTPStatus.NO_CONTENT)
            case "POST", "used":
                return self._in_turn(lambda: Response(status=HTTPStatus.NO_CONTENT))
            case "GET", "photo":
                return self._in_turn(self._photo)
            case "POST", "number":
                form = request.form.to_dict()
                return self._in_turn(lambda: self._take(form))
            case _:
                return _refusal(HTTPStatus.NOT_FOUND)

    # The work, in the thread that serves.

    def _drawn(self, number: str = "", problem: Message | None = None, *, doubtful: bool = False) -> Response:
        shown = Shown(self._task, self.messages, number, problem, doubtful)
        response = Response(self._draw(shown), mimetype="text/html")
        if self._task is None:
            response.call_on_close(self._sent.set)
        return response

    def _photo(self) -> Response:
        """Return the photo of the report that is shown, as a file to save, whose name says nothing of the guest."""
        if self._task is None or self._task.entry.photo is None:
            return _refusal(HTTPStatus.NOT_FOUND)
        try:
            photo = self._app.outbox.photo(self._task.entry)
        except (SealBroken, Erased):
            return _refusal(HTTPStatus.NOT_FOUND)
        response = Response(photo, mimetype="image/jpeg")
        response.headers.set("Content-Disposition", "attachment", filename=f"{short_id(self._task.entry.id)}.jpg")
        return response

    def _take(self, form: dict[str, str]) -> Response:
        """Do what a form says. One about another report than the shown one came from an old window."""
        task = self._task
        if task is None or form.get("report") != task.entry.id:
            return self._drawn()
        match form.get("do"):
            case "later":
                self._later.add(task.entry.stay_id)
                self._messages.clear()
            case "without":
                self._record(task, self._desk.stay_receipt_number(task.entry))
            case _:
                typed = form.get("number", "")
                try:
                    number = parse_receipt_number(typed)
                except DataRefused as exc:
                    return self._drawn(typed, exc.message)
                doubt = self._desk.doubt(number, task.entry)
                if doubt is not None and form.get("doubted") != number:
                    return self._drawn(number, doubt, doubtful=True)
                self._record(task, number)
        self._go_on()
        return self._drawn()

    def _record(self, task: TypingTask, number: str) -> None:
        self._messages.clear()
        try:
            recorded = self._desk.record_number(task.entry, number, lease=self._lease)
        except (ReportMoved, DataRefused) as exc:
            self._leave(task.entry.stay_id, exc)
        else:
            self._messages.append(recorded_message(recorded, number))
            self.recorded += 1

    def _leave(self, stay_id: str, why: ApoaError) -> None:
        self._later.add(stay_id)
        self._messages += [each for each in (why.message, why.advice) if each is not None]

    def _go_on(self) -> None:
        """Claim the most urgent report that is not left for later; a report with an error is, with its stay."""
        self._claim.close()
        self._task = None
        for entry in list(self._desk.waiting()):
            if entry.stay_id in self._later:
                continue
            try:
                task = self._desk.task(entry)
                self._lease = self._claim.enter_context(self._desk.claimed(entry))
            except (SealBroken, Erased) as exc:
                self._leave(entry.stay_id, exc)
                continue
            if self._lease:
                self._task = task
                return
            self._claim.close()


def _refusal(status: HTTPStatus) -> Response:
    return Response(status.phrase, status, mimetype="text/plain")
