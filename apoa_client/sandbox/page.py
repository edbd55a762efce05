"""The page that shows the received reports as they arrive and turns faults on and off, and who may use it.

A browser asks for no password, so the page's address has a random token. A POST must also come from the page itself: it
carries a key that only the page has, and a browser says of it that it is from the same origin.
"""

from pathlib import Path
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from apoa_client.locale import LANGUAGES
from apoa_client.loopback import PAGE_HEADERS, comes_from_page, is_token, new_token
from apoa_client.sandbox.fault_injection import NAMES, RETRY_AFTER_S, SECONDS, Switch, Switches
from apoa_client.sandbox.faults import Step
from apoa_client.sandbox.received import ReceivedReports
from apoa_client.sandbox.request_parsing import Limits, read_form
from apoa_client.sandbox.validation import Refusal

_FORM_LIMITS = Limits(max_body_bytes=4096)
_TEMPLATES = Path(__file__).with_name("templates")


class Page:
    """The page of one authority, from its first start on. It shows no reports that came before."""

    def __init__(self, property_name: str, window_hours: int, *, is_shown: bool) -> None:
        self._property_name = property_name
        self._window_hours = window_hours
        self._form_key = new_token()
        self.token = new_token() if is_shown else ""
        """The secret part of the address; empty without a page."""
        self.received = ReceivedReports()
        self.switches = Switches()

    @property
    def _changes(self) -> int:
        """How many changes of the page there were. Its script asks for the number, and loads the page where it grew."""
        return self.received.changes + self.switches.changes

    def answer(self, request: Request, part: str, token: str) -> Response:
        """Return one part of the page: the document, its style, its script, the changes, or the faults' new state.

        Raises `Refusal`.
        """
        if not is_token(token, self.token):
            raise Refusal(404, "There is nothing at this address.")
        match part:
            case "style":
                return Response((_TEMPLATES / "page.css").read_text("utf-8"), mimetype="text/css")
            case "script":
                return Response((_TEMPLATES / "page.js").read_text("utf-8"), mimetype="text/javascript")
            case "changes":
                return Response(str(self._changes), mimetype="text/plain")
            case "faults":
                return self._turn(request)
            case _:
                return self._document(request)

    def _document(self, request: Request) -> Response:
        from apoa_client.sandbox.page_view import Contents, page_html  # most training runs never show the page

        contents = Contents(
            property_name=self._property_name,
            window_hours=self._window_hours,
            address=f"/received/{self.token}",
            base_url=f"{request.host_url}v1",
            form_key=self._form_key,
            # Read before the rest: a change in between is then shown again, and not lost.
            changes=self._changes,
            stays=self.received.stays(),
            newest=self.received.newest(),
            switches=self.switches.on(),
        )
        language = request.args.get("lang") or request.accept_languages.best_match(LANGUAGES)
        return Response(page_html(contents, language or ""), mimetype="text/html", headers=PAGE_HEADERS)

    def _turn(self, request: Request) -> Response:
        """Turn a fault on or off as a form asks, and send the browser back to the page."""
        form = self._form(request)
        name, turn = form.get("fault", ""), form.get("turn", "")
        if name not in NAMES or turn not in {"once", "on", "off"}:
            raise Refusal(400, "The page has no such switch.")
        if turn == "off":
            self.switches.turn_off(name)
        else:
            self.switches.turn_on(Switch(_step(name, form), turn == "once"))
        query = urlencode({"lang": form.get("lang", "")})
        return Response(status=303, headers={"Location": f"/received/{self.token}?{query}"})

    def _form(self, request: Request) -> dict[str, str]:
        """Return the fields of a form that the page itself sent."""
        form = read_form(request, _FORM_LIMITS)
        if not comes_from_page(request) or not is_token(form.get("key", ""), self._form_key):
            raise Refusal(403, "Only the page itself turns faults on and off.")
        return form


def _step(name: str, form: dict[str, str]) -> Step:
    if name == "503":
        return Step(name, RETRY_AFTER_S)
    if name != "slow":
        return Step(name)
    if form.get("seconds", "") not in map(str, SECONDS):
        raise Refusal(400, "The page has no such number of seconds.")
    return Step(name, float(form["seconds"]))
