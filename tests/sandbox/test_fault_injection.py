"""Faults that the page turns on and off while the authority runs, as its clients see them."""

import requests
from training_page import Json, LogIn, Make, Report, Send, read_page, turn

from apoa_client.sandbox.fault_injection import Switch, Switches
from apoa_client.sandbox.faults import Route, Step
from apoa_client.sandbox.server import SandboxServer


def post(http: requests.Session, server: SandboxServer, *reports: Json) -> requests.Response:
    return http.post(f"{server.base_url}/reports", json={"reports": reports}, timeout=20)


def test_once_is_one_call_and_on_is_every_call() -> None:
    """A fault that applies once turns itself off; the other stays on; other calls are not affected."""
    switches = Switches()
    switches.turn_on(Switch(Step("slow", 5), once=False))
    switches.turn_on(Switch(Step("lost"), once=True))
    assert switches.steps(Route.META) == []
    assert switches.steps(Route.REPORTS) == [Step("slow", 5), Step("lost")]
    assert switches.steps(Route.REPORTS) == [Step("slow", 5)]
    switches.turn_off("slow")
    assert switches.steps(Route.REPORTS) == []


def test_a_call_ends_in_one_way() -> None:
    """Turning on a fault that ends a call turns off the other such fault, and no other one."""
    switches = Switches()
    for name in ("slow", "pending", "lost", "503"):
        switches.turn_on(Switch(Step(name), once=False))
    assert list(switches.on()) == ["slow", "503", "pending"]


def test_busy_once(make_server: Make, log_in: LogIn, check_in: Report) -> None:
    """One call gets 503 with a time to wait, and the page says that the fault is off again."""
    server = make_server()
    http = log_in(server)
    turn(http, server, "503", "once")
    answer = post(http, server, check_in())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert post(http, server, check_in()).status_code == 200
    assert read_page(http, server).texts["on"] == "No fault is on."


def test_decide_later(make_server: Make, log_in: LogIn, send: Send, check_in: Report) -> None:
    """While it is on no report gets a verdict, also when it is asked for; once it is off, asking decides."""
    server = make_server()
    http = log_in(server)
    turn(http, server, "pending", "on")
    report = check_in()
    url = f"{server.base_url}/reports/{report['id']}"
    assert send(server, report)[0]["status"] == "pending"
    assert http.get(url, timeout=20).json()["status"] == "pending"
    turn(http, server, "pending", "off")
    assert http.get(url, timeout=20).json()["status"] == "accepted"


def test_refuse_the_next_report(make_server: Make, send: Send, bare: requests.Session, check_in: Report) -> None:
    """Of one call, the first valid report that is not known yet is refused; its own errors do not use the fault up."""
    server = make_server()
    known, invalid, refused, good = (check_in({"guest.document.number": f"X{number}"}) for number in range(4))
    invalid["guest"]["sex"] = "Z"
    send(server, known)
    turn(bare, server, "reject", "once")
    send(server, refused, call="reports/validate")
    results = send(server, known, invalid, refused, good)
    assert [each["status"] for each in results] == ["accepted", "rejected", "rejected", "accepted"]
    assert [error["code"] for error in results[2]["errors"]] == ["training"]


def test_the_script_comes_first(make_server: Make, log_in: LogIn, check_in: Report) -> None:
    """A step of the script applies before a fault of the page, which then applies to the same call or the next."""
    server = make_server(faults="503,pending")
    http = log_in(server)
    turn(http, server, "reject", "on")
    assert post(http, server, check_in()).status_code == 503
    assert post(http, server, check_in()).json()["results"][0]["status"] == "rejected"
