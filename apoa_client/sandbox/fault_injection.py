"""Applies the steps of a fault script: faults before the call is processed, in its results, and in its response."""

import json
import socket
import threading
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import NoReturn

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from apoa_client.sandbox.answers import Refusal, Result
from apoa_client.sandbox.faults import Step

REDIRECT_TARGET = "https://login.hotel.invalid/"
"""A name that never resolves (RFC 2606 §2), so that following the redirect always fails."""

_HUGE = 1 << 20
_FOREIGN_ID = "00000000-0000-4000-8000-{:012x}"
_PORTAL = """<!DOCTYPE html>
<html lang="en"><head><title>Hotel Wi-Fi</title></head>
<body><h1>Welcome to our Wi-Fi</h1><form method="post"><input name="room"><button>Connect</button></form></body></html>
"""


def altered_results(step: Step, results: list[Result]) -> list[Result]:
    """The results of a call, broken as the step says."""
    if step.name == "foreign-ids":
        return [replace(result, id=_FOREIGN_ID.format(index)) for index, result in enumerate(results)]
    if step.name == "short-list":
        return results[:-1]
    if step.name == "shuffled-list":
        return [*reversed(results), *results]
    if step.name == "one-unreadable":
        return [*results[:-1], replace(results[-1], status="archived")]
    if step.name == "unknown-status":
        return [replace(result, status="archived") for result in results]
    return results


def respond_early(request: Request, step: Step, stopping: threading.Event) -> Response | None:
    """The response that the step gives before the call is processed, if any.

    Raises `Refusal`, or `ConnectionAbortedError` to hang up. `stopping` ends a slow step.
    """
    status = step.http_status
    if status is not None:
        headers = [("Retry-After", str(step.seconds))] if step.amount is not None else []
        if status == HTTPStatus.UNAUTHORIZED:
            headers.append(("WWW-Authenticate", 'Bearer realm="apoa-training"'))
        raise Refusal(status, "The training script asks for this error.", (), tuple(headers))
    if step.name == "drop" or (step.name == "slow" and stopping.wait(step.amount)):
        hang_up(request)
    if step.name == "portal":
        return Response(_PORTAL, 200, mimetype="text/html")
    if step.name == "redirect":
        return Response(status=302, headers={"Location": REDIRECT_TARGET})
    return None


def altered_response(request: Request, step: Step, response: Response) -> Response:
    """The response to a processed call, broken as the step says. Raises `ConnectionAbortedError` to hang up."""
    if step.name == "lost":
        hang_up(request)
    body = response.get_data()
    if step.name == "truncated":
        response.set_data(body[: len(body) // 2])
    elif step.name == "empty":
        response.set_data(b"")
    elif step.name == "huge" and body:
        # The same JSON, longer than the contract lets a client read.
        response.set_data(json.dumps({**json.loads(body), "padding": " " * _HUGE}).encode())
    return response


def hang_up(request: Request) -> NoReturn:
    """Close the connection without a response, as a broken line does."""
    with suppress(HTTPException, OSError):
        request.get_data(cache=False)
    connection: socket.socket = request.environ["werkzeug.socket"]
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError
