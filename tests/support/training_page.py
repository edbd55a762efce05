"""What the tests of the sandbox share: the types of the fixtures in `tests/sandbox/conftest.py`."""

from collections.abc import Callable
from typing import Any

import requests

from apoa_client.sandbox.server import SandboxServer

Json = dict[str, Any]
Make = Callable[..., SandboxServer]
LogIn = Callable[[SandboxServer], requests.Session]
Send = Callable[..., list[Json]]
Report = Callable[..., Json]
